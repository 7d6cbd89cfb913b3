"""A GGUF and all that others need to use it, in one folder: always a card, and for Ollama Modelfiles."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.base import digest_of_file
from proctor.finetune.export.chat_template import Turn

EXPORT = "export.json"
QUOTES = '"""'


@dataclass(frozen=True)
class Modelfile:
    """`messages` are the turns that stand before every chat: solved examples."""

    source: str
    template: str
    system: str
    parameters: tuple[tuple[str, str], ...]
    messages: tuple[Turn, ...]

    def chat(self, text: str) -> list[Turn]:
        """What Ollama hands to the template when a user says `text`."""
        turns = [*self.messages, {"role": "user", "content": text}]
        if self.system:
            turns.insert(0, {"role": "system", "content": self.system})
        return turns

    def written(self) -> str:
        lines = [f"FROM {self.source}", f"TEMPLATE {_quoted(self.template)}"]
        if self.system:
            lines.append(f"SYSTEM {_quoted(self.system)}")
        for name, value in self.parameters:
            number = value.replace(".", "", 1).replace("-", "", 1).isdigit()
            lines.append(f"PARAMETER {name} {value if number else _quoted(value)}")
        for turn in self.messages:
            lines.append(f"MESSAGE {turn['role']} {_quoted(turn['content'])}")
        return "\n".join(lines) + "\n"


@contextmanager
def export_folder(out: Path, gguf: Path, record: Mapping[str, Any]) -> Iterator[Path]:
    """A folder to fill. Then it gets export.json and becomes `out`, in the place of an export that was there."""
    if out.exists() and not (out / EXPORT).is_file():
        raise Refusal(f"there is something else already; give another folder, or remove it ({out})")
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        whole = {
            **record,
            "sha256": digest_of_file(gguf),
            "size_bytes": gguf.stat().st_size,
            "files": sorted(path.name for path in part.iterdir()),
        }
        lost = _files_of(out) - set(whole["files"])
        if lost:
            what = f"the export that is there has {', '.join(sorted(lost))}, and this one has not"
            raise Refusal(what, remedy="give another folder with --out, or remove it", where=out)
        text = json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False)
        (part / EXPORT).write_text(text + "\n", encoding="utf-8")
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    if out.exists():
        shutil.rmtree(out)
    part.rename(out)


def _files_of(out: Path) -> set[str]:
    """Those that an export here says to have written."""
    try:
        return set(map(str, json.loads((out / EXPORT).read_text(encoding="utf-8"))["files"]))
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def copy_gguf(gguf: Path, target: Path) -> None:
    shutil.copyfile(gguf, target)
    if digest_of_file(target) != digest_of_file(gguf):
        raise Refusal(f"the copy of the GGUF is not what was copied; look after the disk ({target})")


def parameters(
    temperature: float, top_p: float | None, seed: int, max_tokens: int, context: int, stop: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The examined sampling in Ollama's names, and off whatever Ollama would do besides by its own defaults."""
    settings: list[tuple[str, str]] = [
        ("temperature", f"{temperature:g}"),
        ("top_p", f"{1.0 if top_p is None else top_p:g}"),
        ("top_k", "0" if temperature else "1"),
        ("min_p", "0"),
        ("repeat_penalty", "1"),
        ("seed", str(seed)),
        ("num_predict", str(max_tokens)),
        ("num_ctx", str(context)),
    ]
    return (*settings, *(("stop", text) for text in dict.fromkeys(stop)))


def _quoted(text: str) -> str:
    if QUOTES in text or text.endswith('"'):
        raise Refusal(
            "three quotes, or one at the end, cannot stand in a Modelfile; use 'proctor export gguf'"
        )
    for mark in text:
        if not mark.isprintable() and mark not in " \n\t":
            raise Refusal(f"Ollama drops the mark {mark!r} from a Modelfile; take it out of the wording")
    return f"{QUOTES}{text}{QUOTES}"
