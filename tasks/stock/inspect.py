"""Inspect's tasks by their names: `inspect:PACKAGE/TASK`, `inspect:FILE.py@TASK` (a path starts from the project).

Any task that only generates. Its own solvers ask, its own scorer scores, while the engine is open; a task with tools, a
sandbox or an agent is refused by name.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.common.paths import project
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest, suggest_name
from proctor.tasks import Task
from proctor.tasks.prompt_pack import STOCK
from proctor.tasks.score import ResponseScore
from proctor.tasks.stock import StockDefinition, cannot_be_loaded

PREFIX = "inspect:"
_ACTS = (
    "use_tools", "basic_agent", "react", "human_agent", "human_cli", "bridge", "sandbox_agent_bridge", "handoff",
)  # fmt: skip


_GRADED = ("model_graded_qa", "model_graded_fact")


class InspectDefinition(StockDefinition):
    def __init__(self, called: str, metric: str | None) -> None:
        self.called, self.spec = called, PREFIX + called
        self.inspect_task = self.make()
        self._refuse_unfit()
        self.scorer = self._headline(metric)
        self.VERSION = f"inspect {self.inspect_task.version}"

    def make(self) -> Any:
        """A fresh one, which an evaluation may change; every sample has an id."""
        made = _load(self.called)
        for number, sample in enumerate(made.dataset, 1):
            if sample.id is None:
                sample.id = number
        return made

    @cached_property
    def task(self) -> Task:
        name = suggest_name(f"inspect.{self.called.replace('.py@', '-').replace('/', '-')}")[:90]
        return Task(
            f"{name}-{digest(self.called)[:6]}", str(self.inspect_task.name), "inspect", "real", self.scorer,
            asks=STOCK, source="Inspect", definition=self,
        )  # fmt: skip

    @property
    def epochs(self) -> int:
        return int(self.inspect_task.epochs or 1)

    @cached_property
    def wording(self) -> str:
        """Of all that decides what is asked and how it is scored beside the items, as far as Inspect can tell it."""
        steps = [(name, _parameters(part)) for name, part in _parts(self.inspect_task)]
        config = self.inspect_task.config.model_dump(mode="json", exclude_none=True)
        return digest([str(steps), config, self.epochs, self.scorer])

    @cached_property
    def _docs(self) -> list[dict[str, Any]]:
        docs = []
        for sample in self.inspect_task.dataset:
            asked, target = sample.input, sample.target
            if not isinstance(asked, str):
                asked = "\n\n".join(turn.text for turn in asked)
            if not isinstance(target, str):
                target = " | ".join(target)
            cluster = str((sample.metadata or {}).get("cluster", sample.id))
            about = digest([sample.choices, str(sample.metadata)])
            docs.append(
                {"id": str(sample.id), "cluster": cluster, STOCK: asked, "target": target, "content": about}
            )
        return docs

    def scored(self, sample: Any) -> ResponseScore | None:
        """What the task's scorer gave to a sample of the log; None where it gave none."""
        from inspect_ai.scorer import value_to_float

        name, _, key = self.scorer.partition(".")
        given = (sample.scores or {}).get(name)
        if given is None:
            return None
        values, as_number = given.value, value_to_float()
        if not isinstance(values, dict):
            values = {"": values}
        numbers = {each: as_number(value) for each, value in values.items() if value is not None}
        if not key and key not in numbers:
            key = next(iter(numbers), "")
        number = numbers.get(key, math.nan)
        if math.isnan(number):
            return None
        metrics = {each: value for each, value in numbers.items() if each and not math.isnan(value)}
        answer = given.answer
        if answer is None:
            answer = sample.output.completion
        return ResponseScore(answer.strip(), number, metrics, answer.strip() != "", given.explanation or "")

    def score(self, doc: Mapping[str, Any], response: str) -> ResponseScore:
        raise Refusal(f"{self.spec} is scored by Inspect while it is asked", remedy="run the suite again")

    def aggregates(self, answered: Sequence[tuple[Mapping[str, Any], str]]) -> dict[str, float]:
        return {}  # the headline is the mean of the scores

    def untested(self, names: Iterable[str]) -> list[str]:
        return []

    def _refuse_unfit(self) -> None:
        task, why = self.inspect_task, ""
        acts = []
        ids = [str(sample.id) for sample in task.dataset]
        for name, _ in _parts(task):
            if name.rpartition("/")[2] in _ACTS or name.startswith("tool:"):
                acts.append(name)
        reducers = list(map(_reducer, task.epochs_reducer or ()))
        if task.sandbox or any(sample.sandbox for sample in task.dataset):
            why = "it needs a sandbox"
        elif acts:
            why = f"it acts by {acts[0]!r}, and here a model only generates"
        elif not task.scorer:
            why = "it has no scorer"
        elif self.epochs > 1 and any("mean" not in name for name in reducers):
            other = next(name for name in reducers if "mean" not in name)
            why = f"it reduces epochs by {other!r}, and here they are averaged"
        elif len(set(ids)) < len(ids):
            why = f"two samples have the id {next(name for name in ids if ids.count(name) > 1)!r}"
        elif any(map(_shows_more_than_text, task.dataset)):
            why = "it shows images, plays sound or hands over files, and here a model only reads text"
        if why:
            raise Refusal(f"{self.spec} cannot be asked", why)

    def _headline(self, wanted: str | None) -> str:
        from inspect_ai._util.registry import registry_params

        names = list(map(_name, self.inspect_task.scorer))
        if wanted is not None and wanted.partition(".")[0] not in names:
            raise Refusal(f"{self.spec} has no scorer {wanted!r}", nearest(wanted, names))
        scorer = wanted or names[0]
        name = scorer.partition(".")[0]
        part = self.inspect_task.scorer[names.index(name)]
        if name in _GRADED and registry_params(part).get("model") is None:
            raise Refusal(
                f"{self.spec} cannot be asked", f"by {name!r} the examined model would grade itself",
                "name a grader in the task (model=...), or write a task of your own with 'score: judge:NAME'",
            )  # fmt: skip
        return scorer


def _shows_more_than_text(sample: Any) -> bool:
    turns = [] if isinstance(sample.input, str) else sample.input
    contents = [turn.content for turn in turns if not isinstance(turn.content, str)]
    return any(part.type != "text" for part in itertools.chain.from_iterable(contents))


def _parts(task: Any) -> list[tuple[str, Any]]:
    """Its solvers by their names, those inside of others too."""
    found: list[tuple[str, Any]] = []

    def walk(part: Any) -> None:
        if isinstance(part, list | tuple):
            for each in part:
                walk(each)
        elif hasattr(part, "_solvers"):
            walk(list(part._solvers))
        elif callable(part):
            found.append((_name(part), part))

    walk(task.setup)  # None where there is none
    walk(task.solver)
    return found


def _name(part: Any) -> str:
    from inspect_ai._util.registry import is_registry_object, registry_unqualified_name

    if is_registry_object(part):
        return str(registry_unqualified_name(part))
    return getattr(part, "__name__", str(type(part)))


def _reducer(reducer: Any) -> str:
    from inspect_ai.scorer._reducer import reducer_log_name

    return str(reducer_log_name(reducer))


def _parameters(part: Any) -> str:
    from inspect_ai._util.registry import is_registry_object, registry_params

    if is_registry_object(part):
        return str(registry_params(part))
    return ""


def _load(called: str) -> Any:
    from inspect_ai._eval.loader import load_tasks

    spec, (file, at, name) = PREFIX + called, called.partition("@")
    if file.endswith(".py"):
        path = project() / file
        if not path.is_file():
            raise Refusal(
                f"no file {file!r} with Inspect tasks", "a path starts from the project", where=path
            )
        called = f"{path}{at}{name}"
        if not name:
            raise Refusal(f"{PREFIX}{file} names no task", remedy=f"write {PREFIX}{file}@TASK")
    try:
        tasks = load_tasks([called])
    except Exception as failed:  # whatever the user's file, a package or the hub's client raises
        raise cannot_be_loaded(spec, failed) from None
    if not tasks:
        raise Refusal(
            f"Inspect finds no task {called!r}", "its package has to be installed", "see 'inspect list tasks'"
        )
    return tasks[0]


def inspect_task(spec: str, metric: str | None) -> Task:
    called = spec.removeprefix(PREFIX)
    path, changed = project() / called.partition("@")[0], 0
    if path.is_file():
        changed = path.stat().st_mtime_ns
    return _inspect_task(called, metric, project(), changed)


@cache
def _inspect_task(called: str, metric: str | None, _project: Path, _changed: int) -> Task:
    return InspectDefinition(called, metric).task
