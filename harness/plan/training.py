"""Hands a task's training set to finetune as a file of chats.

The file is kept under a key of the code and data that write it, so that a finished suite is planned without writing
anything again.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from proctor.common.digest import digest, sha256_of
from proctor.common.files import as_json_lines, read_fields, write_text
from proctor.common.paths import PACKAGE, find, names, resolve
from proctor.common.refusal import Refusal
from proctor.common.schema import check_name, nearest
from proctor.finetune.build import Stage
from proctor.finetune.recipe import Recipe
from proctor.tasks import TASKS, dataset_hash
from proctor.tasks.index import find_task
from proctor.tasks.prompt_pack import Pack, train_chats

LOSSES = 200  # so many points of the loss are kept beside the results


@dataclass(frozen=True)
class LoggedStep:  # of the log in train.json
    step: int
    loss: FiniteFloat


@dataclass(frozen=True)
class ChatFile:
    path: Path
    digest: str


def chat_files(recipe: Recipe, store: Path) -> dict[str, ChatFile]:
    """What a recipe reads, by source."""
    return {
        part.source: chat_file(part.source, part.examples, recipe.seed, store, part.prompt)
        for part in recipe.data
    }


def chat_file(source: str, examples: int | None, seed: int, store: Path, prompt: str = "default") -> ChatFile:
    """A task's training set as chats in a prompt pack's wording, or any JSONL of chats by its path."""
    if source not in (known := [*TASKS, *names("tasks")]):
        if prompt != "default":
            raise Refusal(
                f"prompt {prompt!r} for the training data {source!r}", "a file of chats has its own wording",
                "leave 'prompt' out, or name a task",
            )  # fmt: skip
        path = resolve(source)
        if not path.is_file():
            raise Refusal(
                f"training data {source!r} is neither a task nor a file", nearest(source, known),
                "name a task, or the path of a JSONL of chats",
            )  # fmt: skip
        return ChatFile(path, sha256_of(path))
    if examples is None:
        raise Refusal(
            f"the recipe does not say how many examples of {source!r}",
            "a task may have thousands",
            f"give them: {{source: {source}, examples: 2000}}",
        )
    check_name(prompt, "prompt pack")
    task = find_task(source)
    Pack.load(prompt).for_task(task)
    items = ""
    if task.fetched:
        items = dataset_hash(task.docs("train"))
        if task.definition:
            items += task.version
    key = digest([source, examples, seed, items, _written_by(find("prompts", prompt))])[:16]
    folder = store / "training"
    for kept in folder.glob(f"{source}-{key}-*.jsonl"):
        return ChatFile(kept, kept.stem.rpartition("-")[2])
    chats = train_chats(task, examples, seed, prompt)
    text = as_json_lines(chats, sort_keys=True)
    content = hashlib.sha256(text.encode()).hexdigest()
    path = folder / f"{source}-{key}-{content}.jsonl"
    write_text(path, text)
    return ChatFile(path, content)


@cache
def _written_by(pack: Path) -> str:
    """Of all that decides what is written: the tasks, for one may use another's lists, and the wording."""
    hashed = hashlib.sha256()
    for path in _sources(pack):
        name = path.relative_to(PACKAGE) if path != pack else Path("tasks/prompts", pack.name)
        hashed.update(name.as_posix().encode() + path.read_bytes())
    return hashed.hexdigest()


def _sources(pack: Path) -> Iterator[Path]:
    tasks = PACKAGE / "tasks"
    yield from sorted(tasks.glob("*.py"))
    yield pack
    for folder in sorted(TASKS):
        for path in sorted((tasks / folder).rglob("*")):
            if path.suffix in (".py", ".jsonl", ".gz", ".yaml") and path.is_file():
                yield path


def learnt(stages: Sequence[Stage], artifacts: Path) -> dict[str, Any]:
    """The loss of the training among these stages, thinned for a drawing; nothing without a log that can be read."""
    for stage in stages:
        path = artifacts / stage.name / "train.json"
        figures = read_fields(path)
        if stage.kind == "train" and figures:
            try:
                log = TypeAdapter(list[LoggedStep]).validate_python(figures.get("log"))
            except ValidationError:
                return {}
            kept = log[:: max(1, len(log) // LOSSES)]
            if kept and kept[-1] is not log[-1]:
                kept.append(log[-1])
            return {"loss": [[entry.step, entry.loss] for entry in kept]}
    return {}
