#!/bin/sh
# Answers prompt.txt as the task was answered: {{ sampling }}.
set -eu
cd "$(dirname "$0")"
"${LLAMA_COMPLETION:-llama-completion}" -m {{ name }}.gguf -f prompt.txt --no-escape -no-cnv -c {{ context }} -n {{ limit }} \
  {{ sampling }} "$@"
