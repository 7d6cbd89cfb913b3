#!/bin/sh
# Measures {{ name }}.gguf on this phone and writes bench.json. Takes minutes, for a phone that gets warm slows down.
# Options of llama-bench may follow, such as -t 4.
set -eu
cd "$(dirname "$0")"
"${LLAMA_BENCH:-llama-bench}" -m {{ name }}.gguf -p 512 -n 128 -r 20 -o json "$@" > bench.json.part
mv bench.json.part bench.json
