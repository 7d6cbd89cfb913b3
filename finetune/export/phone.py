"""What goes to a phone beside a GGUF: a prompt to try, a script that measures its speed, and the lines to type.

files = phone_files("tiny-q8", prompt, max_tokens=512, context=2048, sampling="--temp 0")
sorted(files)          # ['bench.sh', 'prompt.txt', 'try.sh']
"""

from pathlib import Path


def phone_files(name: str, prompt: str, max_tokens: int, context: int, sampling: str) -> dict[str, str]:
    """By name. llama.cpp takes one line break from the end of a prompt's file, so there is one more."""
    tried = {"name": name, "context": str(context), "limit": str(max_tokens), "sampling": sampling}
    return {
        "prompt.txt": prompt + "\n",
        "try.sh": _filled("phone_try.sh", tried),
        "bench.sh": _filled("phone_bench.sh", {"name": name}),
    }


def _filled(file: str, values: dict[str, str]) -> str:
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
