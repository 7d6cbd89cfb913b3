"""Hands an exam's training set to finetune as a file of chats.

The file is kept under a key of the code and data that write it, so that a finished suite is planned without writing
anything again. Must not know how training reads it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError, refusals
from harness.record import write_text
from harness.schema import digest, nearest
from harness.variant import ROOT
from tasks import TASKS


@dataclass(frozen=True)
class ChatFile:
    path: Path
    digest: str


def chat_file(source: str, examples: int, seed: int, store: Path) -> ChatFile:
    """An exam's training set as chats, or any JSONL of chats by its path."""
    if source not in TASKS:
        path = (ROOT / source) if not Path(source).is_absolute() else Path(source)
        if not path.is_file():
            raise UserError(
                f"training data {source!r} is neither an exam nor a file",
                nearest(source, list(TASKS)),
                "name an exam, or the path of a JSONL of chats",
            )
        return ChatFile(path, hashlib.sha256(path.read_bytes()).hexdigest())
    key = digest([source, examples, seed, _written_by(source)])[:16]
    folder = store / "training"
    for kept in folder.glob(f"{source}-{key}-*.jsonl"):
        return ChatFile(kept, kept.stem.rpartition("-")[2])
    with refusals():
        chats = TASKS[source].train_chats(examples, seed)
    text = "".join(json.dumps(chat, ensure_ascii=False, sort_keys=True) + "\n" for chat in chats)
    content = hashlib.sha256(text.encode()).hexdigest()
    path = folder / f"{source}-{key}-{content}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    return ChatFile(path, content)


def _written_by(source: str) -> str:
    """Of all that decides what is written: the exam's own folder, the code beside it, the default wording."""
    hashed = hashlib.sha256()
    for path in _sources(source):
        hashed.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return hashed.hexdigest()


def _sources(source: str) -> Iterator[Path]:
    tasks = ROOT / "tasks"
    yield from sorted(tasks.glob("*.py"))
    yield tasks / "prompts" / "default.yaml"
    yield from sorted(
        path
        for path in (tasks / source).rglob("*")
        if path.suffix in (".py", ".jsonl", ".yaml") and path.is_file()
    )
