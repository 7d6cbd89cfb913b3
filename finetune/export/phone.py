"""What goes to a phone beside a GGUF: a prompt to try, a script that measures its speed, and the lines to type.

files = phone_files("tiny-q8", prompt, max_tokens=512, context=2048, sampling="--temp 0")
sorted(files)          # ['bench.sh', 'prompt.txt', 'try.sh']
"""

BENCH = """#!/bin/sh
# Measures {name}.gguf on this phone and writes bench.json. Takes minutes, for a phone that gets warm slows down.
# Options of llama-bench may follow, such as -t 4.
set -eu
cd "$(dirname "$0")"
"${{LLAMA_BENCH:-llama-bench}}" -m {name}.gguf -p 512 -n 128 -r 20 -o json "$@" > bench.json.part
mv bench.json.part bench.json
"""
TRY = """#!/bin/sh
# Answers prompt.txt as the task was answered: {sampling}.
set -eu
cd "$(dirname "$0")"
"${{LLAMA_COMPLETION:-llama-completion}}" -m {name}.gguf -f prompt.txt --no-escape -no-cnv -c {context} -n {limit} \\
  {sampling} "$@"
"""
CARD = """
## On a phone

In Termux, an app for Android (`termux-setup-storage` lets it read the phone's downloads):

```
pkg install llama-cpp
sh try.sh
sh bench.sh
```

Or from a computer by `adb`, with llama.cpp built for the phone by Android's NDK (`docs/android.md` of llama.cpp);
`bin` and `lib` are what it installed:

```
adb push . /data/local/tmp/{name}
adb push bin lib /data/local/tmp/{name}
adb shell 'cd /data/local/tmp/{name} && LD_LIBRARY_PATH=lib LLAMA_BENCH=bin/llama-bench sh bench.sh'
adb pull /data/local/tmp/{name}/bench.json
```

Then, beside the results: `proctor import llama-bench bench.json --variant {name} --device 'Pixel 8'`
"""


def phone_files(name: str, prompt: str, max_tokens: int, context: int, sampling: str) -> dict[str, str]:
    """By name. llama.cpp takes one line break from the end of a prompt's file, so there is one more."""
    return {
        "prompt.txt": prompt + "\n",
        "try.sh": TRY.format(name=name, context=context, limit=max_tokens, sampling=sampling),
        "bench.sh": BENCH.format(name=name),
    }
