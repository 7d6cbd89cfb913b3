"""How much of each task's test stands in what a variant was trained on: shared runs of 8, 10 and 13 words.

Counts only the files of chats that the training reads, each pair once, and keeps what it found under the digests of
both sides. What a base was trained on before is known only where its folder says so, in `overlap.json`. Knows tasks
and files of chats; no weights.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.common.files import read_kept, write_kept
from proctor.common.json_lines import parse_json
from proctor.common.paths import PACKAGE, names, resolve
from proctor.common.refusal import Refusal, located
from proctor.finetune.recipe import Recipe
from proctor.harness.plan.training import ChatFile, chat_file
from proctor.tasks import TASKS, Task, dataset_hash
from proctor.tasks.overlap import SIZES, ItemRuns, Texts
from proctor.tasks.prompt_pack import OWN

Found = dict[str, Any]
LONGEST = max(SIZES)
CHANCE = 0.01  # a smaller share of items that have a long run in common is what any two large texts have
COUNTED = 7  # raise it when runs are counted another way


def overlap_of(
    task: Task, docs: list[dict[str, Any]], data: Mapping[str, ChatFile], base: str, store: Path
) -> list[Found]:
    """What a variant has seen of one task: the training of its base, where that is known, and each of its own files."""
    ours = [counted(task, docs, source, file, store) for source, file in data.items()]
    return [*known_of(base, task.name), *ours]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A task and its test items."""

    task: Task
    docs: list[dict[str, Any]]

    @cached_property
    def digest(self) -> str:
        return dataset_hash(self.docs)

    def texts(self) -> Texts:
        """What is asked of each item. Questions and pupils' work are put into words by their tasks, as a user's own
        task does with its items.
        """
        texts = [str(doc[self.task.asks]) for doc in self.docs]
        return Texts(texts, worded=self.task.framework == "inspect" or self.task.asks == OWN)


def counted(task: Task, docs: list[dict[str, Any]], source: str, file: ChatFile, store: Path) -> Found:
    return counted_each([HeldOut(task, docs)], source, file, store)[0]


def counted_each(tests: Sequence[HeldOut], source: str, file: ChatFile, store: Path) -> list[Found]:
    """For each task what stands of it in a file of chats, which is read once for all that were not counted before."""
    counts: dict[Path, Found] = {}
    new: dict[Path, HeldOut] = {}
    for test in tests:
        key = digest([COUNTED, test.digest, file.digest])
        path = store / "overlap" / f"{test.task.name}-{key[:24]}.json"
        kept = read_kept(path)
        if kept is None:
            new[path] = test
        counts[path] = kept or {}
    if new:
        counts |= zip(new, count(list(new.values()), file.path), strict=True)
        for path in new:
            write_kept(path, counts[path])
    return [{"set": named(source, each["chats"]), **each} for each in counts.values()]


def count(tests: Sequence[HeldOut], chats: Path) -> list[Found]:
    """Every turn of every chat is a text of its own: no run reaches from a question into its answer."""
    lines = 0

    def texts() -> Iterator[str]:
        nonlocal lines
        with chats.open(encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    lines += 1
                    chat = json.loads(line)
                    yield from (turn["content"] for turn in (*chat["prompt"], *chat["completion"]))

    found = []
    for runs in _runs_of(tuple(tests)).overlaps(texts()):
        counts: Found = {"chats": lines, "items": runs[0].items, "whole": runs[0].whole}
        for run in runs:
            counts |= {f"share_{run.n}": round(run.share, 4), f"hits_{run.n}": run.hits}
        found.append(counts)
    return found


@lru_cache(maxsize=1)
def _runs_of(tests: tuple[HeldOut, ...]) -> ItemRuns:
    """Kept: against the training sets of all recipes it takes as long to make as all the counting."""
    return ItemRuns([test.texts() for test in tests], SIZES)


def known_of(base: str, task: str) -> list[Found]:
    """What the folder of a base says of its own training."""
    path = resolve(base) / "overlap.json"
    if not path.is_file():
        return []
    known = []
    try:
        for counts in parse_json(path.read_text(encoding="utf-8")):
            if task in counts["exams"]:
                known.append({"set": counts["set"], **counts["exams"][task]})
    except (ValueError, KeyError, TypeError):
        raise Refusal("holds no counts of overlaps", remedy="move it away", where=path) from None
    return known


def named(source: str, chats: int) -> str:
    """'word_problems train (1,600)': a task's own training set, or a file by its name."""
    name = f"{source} train" if source in [*TASKS, *names("tasks")] else Path(source).name
    return f"{name} ({chats:,})"


def recipes_overlap(store: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Every task against every training set that a recipe of this project names, and what could not be looked at."""
    tasks, absent = {}, []
    for name, task in TASKS.items():
        try:
            tasks[name] = HeldOut(task, task.docs("test"))
        except ValueError as refused:
            absent.append(f"{name}: {refused}")
    sets: dict[str, tuple[str, ChatFile]] = {}
    users: dict[str, list[str]] = {}
    for recipe_name in names("recipes"):
        with located(f"recipe {recipe_name}"):
            recipe = Recipe.load(recipe_name)
        for part in recipe.data:
            if part.source in TASKS and part.source not in tasks:
                continue  # it was said already that this task's data is not here
            file = chat_file(part.source, part.examples, recipe.seed, store, part.prompt)
            sets.setdefault(file.digest, (part.source, file))
            users.setdefault(file.digest, []).append(recipe_name)
    bases = sorted(path.parent for path in (PACKAGE / "finetune").glob("*/overlap.json"))
    found: dict[str, list[Found]] = {}
    for name in tasks:
        found[name] = list(chain.from_iterable(known_of(str(base), name) for base in bases))
    for source, file in sets.values():
        counts = counted_each(list(tasks.values()), source, file, store)
        for name, of_task in zip(tasks, counts, strict=True):
            found[name].append({**of_task, "recipes": users[file.digest]})
    rows = []
    for name, test in tasks.items():
        items, version = len(test.docs), test.task.version
        told = {"exam": name, "items": items, "version": version, "dataset": test.digest, "sets": found[name]}
        own = test.task.about_data().get("own_data", False)
        rows.append(told | {"own_data": own, "verdict": verdict_on(items, found[name])})
    return rows, absent


def verdict_on(items: int, sets: list[Found]) -> str:
    """In words: whether test items stand in training sets, or only phrases of them, and where most do."""
    if not sets:
        return "there is no training set to look through"
    leaked = max(sets, key=lambda one: one.get("whole", 0))
    whole = leaked.get("whole", 0)
    if whole:
        return f"LEAKED: {whole:,} of its {items:,} items stand word for word in {leaked['set']}"
    most = max(sets, key=lambda one: one[f"share_{LONGEST}"])
    hits = most[f"hits_{LONGEST}"]
    if not hits:
        whom = f"any of {len(sets)} training sets"
        return f"clean: none of its {items:,} items shares {LONGEST} words in a row with {whom}"
    where = f"{hits:,} of its {items:,} items share {LONGEST} words in a row with {most['set']}"
    kind = "clean but for chance" if hits < CHANCE * items else "phrases are shared, items are not"
    here = sum("whole" in one for one in sets)  # of a base's own training only the runs are known
    return f"{kind}: {where}, the most of {len(sets)} training sets; none stands whole in the {here} that are here"
