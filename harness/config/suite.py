"""A suite: variants x tasks, a baseline and a judge, in one YAML file. Loading it loads and checks every YAML it needs.

suite = Suite.load("demo")
[variant.name for variant in suite.variants]
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from proctor.common.paths import find, inside, project, project_of, resolve
from proctor.common.refusal import Refusal, located
from proctor.common.schema import Frozen, nearest, parse, read_named_yaml
from proctor.harness.config.extractor import Extractor
from proctor.harness.config.variant import Variant
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.panel import PanelSpec
from proctor.tasks import Task
from proctor.tasks.index import as_judged, find_task, named_tasks
from proctor.tasks.prompt_pack import Pack


class Matrix(Frozen):
    """One variant and lists of values for some of its fields: every combination becomes a variant of its own."""

    variant: str = Field(description="the variant to begin with")
    vary: dict[str, list[Any]] = Field(
        min_length=1, description="lists of values by field; every combination is a variant"
    )


class Decide(Frozen):
    """Better on the primary and no worse on every guard, within its margin: one verdict over several tasks."""

    primary: str = Field(description="the task on which a variant has to be better")
    guard: list[str] = Field(min_length=1, description="the tasks on which it has to be no worse")


class SuiteFields(Frozen):
    """What a suite has as its file says it."""

    name: str
    about: str = Field(default="", description="one line for lists")
    tasks: tuple[str, ...] = Field(min_length=1, description="names, lm_eval:NAME or inspect:NAME")
    baseline: str = Field(description="the variant that rows without a parent are compared with")
    judge: str = Field(
        default="checklist", description="who scores study plans: a judge's name, or its folder"
    )
    self_grading: bool = Field(default=False, description="the grader may be a model that is examined here")
    extractor: Extractor | None = Field(
        default=None, description="a model that is asked for the number where the rule finds none"
    )
    solver: GraderSpec | None = Field(
        default=None, description="a model that answers written questions, so that their keys are confirmed"
    )
    margin: dict[str, float] = Field(default={}, description="what counts as 'no worse', for each task")
    metric: dict[str, str] = Field(
        default={}, description="of a stock task: the headline, instead of its first"
    )
    decide: Decide | None = Field(default=None, description="one verdict over several tasks")


class SuiteFile(SuiteFields):
    variants: list[str] = Field(default=[], description="names of variants")
    matrix: list[Matrix] = Field(
        default_factory=list, description="more variants, made of one and lists of values"
    )
    limit: int | dict[str, int] = Field(
        default={}, description="so many items, drawn by seed: one number for all tasks, or one for each"
    )
    grader: dict[str, Any] | None = Field(
        default=None, description="the model, or panel, that the judge asks"
    )

    @field_validator("limit", mode="before")
    @classmethod
    def _limit_is_a_number_or_one_for_each(cls, limit: Any) -> Any:
        numbers = limit.values() if isinstance(limit, dict) else [limit]
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
            raise Refusal("give one whole number for all tasks (20), or one for each ({gsm8k: 200})")
        return limit


class Suite(SuiteFields):
    """A suite that was read with all its parts, and checked."""

    variants: tuple[Variant, ...]
    limit: dict[str, int]
    specs: dict[str, str]  # by name, what the file calls a stock task
    groups: dict[str, tuple[str, ...]]  # the tasks of each stock group that it names
    grader: GraderSpec | PanelSpec | None = None
    path: Path | None = None
    project: Path = Field(default_factory=project)  # where its names and paths are looked up first

    @classmethod
    def load(cls, name_or_path: str) -> "Suite":
        """A suite by name, of the project or one that ships, or by the path of its YAML."""
        path = find_suite(name_or_path)
        home = project_of(path) if is_path(name_or_path) else project()
        with inside(home):
            return cls._read(path)

    @classmethod
    def _read(cls, path: Path) -> "Suite":
        file = read_named_yaml(path, SuiteFile)
        file, specs, groups = _with_names(file, path)
        limit = _each(file.limit, file.tasks)
        judge = str(resolve(file.judge)) if "/" in file.judge else file.judge
        tasks = {name: find_task(specs.get(name, name), file.metric.get(name), path) for name in file.tasks}
        with located(path):
            tasks = {name: as_judged(task, judge) for name, task in tasks.items()}
        _check_tasks(file, limit, tasks, path)
        variants = [load_variant(name, path) for name in file.variants]
        for matrix in file.matrix:
            variants += expand(load_variant(matrix.variant, path), matrix.vary, path)
        _check_variants(variants, file, tasks, path)
        fields = {name: getattr(file, name) for name in SuiteFields.model_fields}
        if file.grader is not None:
            fields["grader"] = read_grader(file.grader, f"grader, {path}")
        fields |= {"judge": judge, "variants": variants, "limit": limit, "specs": specs, "groups": groups}
        return cls(**fields, path=path)

    def narrowed(self, tasks: Sequence[str], limit: int | None) -> "Suite":
        """The suite with some of its tasks alone, and with another limit for all of them.

        >>> Suite.load("demo").narrowed(["concepts"], 20).limit
        {'concepts': 20}
        """
        called = {spec: name for name, spec in self.specs.items()}
        names: list[str] = []
        for task in tasks:
            names += self.groups.get(task, (called.get(task, task),))
        for task in names:
            if task not in self.tasks:
                raise Refusal(
                    f"the suite {self.name!r} has no task {task!r}", nearest(task, list(self.tasks))
                )
        kept = tuple(task for task in self.tasks if task in names or not names)
        limits = _each(limit, kept) if limit is not None else self.limit
        return self.model_copy(
            update={
                "tasks": kept,
                "limit": {task: n for task, n in limits.items() if task in kept},
                "margin": {task: margin for task, margin in self.margin.items() if task in kept},
            }
        )

    def task(self, name: str) -> Task:
        return as_judged(find_task(self.specs.get(name, name), self.metric.get(name)), self.judge)

    def judge_of(self, task: Task) -> str:
        return task.judge or self.judge

    def variant(self, name: str) -> Variant:
        for variant in self.variants:
            if variant.name == name:
                return variant
        names = [variant.name for variant in self.variants]
        raise Refusal(f"the suite {self.name!r} has no variant {name!r}", nearest(name, names))


def read_grader(fields: Any, where: Path | str) -> GraderSpec | PanelSpec:
    """One grader, or a panel of them, as a YAML file describes it."""
    if isinstance(fields, dict) and "panel" in fields:
        return parse(fields, PanelSpec, where)
    return parse(fields, GraderSpec, where)


def _each(limit: int | dict[str, int], tasks: Sequence[str]) -> dict[str, int]:
    return limit if isinstance(limit, dict) else dict.fromkeys(tasks, limit)


def find_suite(name_or_path: str) -> Path:
    """A path to a YAML file, or the name of a suite of the project or of one that ships."""
    if not is_path(name_or_path):
        return find("suites", name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise Refusal(
            f"no suite file {name_or_path}", remedy="give the path of a YAML file, or a suite's name"
        )
    return path.resolve()


def is_path(name_or_path: str) -> bool:
    return name_or_path.endswith((".yaml", ".yml"))


def load_variant(name: str, where: Path | None = None) -> Variant:
    """A variant by name, of the project or one that ships; `where` is the file that names it."""
    path = find("variants", name, where)
    variant = Variant.load(path)
    with located(path):
        Pack.load(variant.prompt)
    return variant


def expand(variant: Variant, vary: dict[str, list[Any]], where: Path) -> Iterator[Variant]:
    """`examples: [100, 400]` of `tiny-lora` gives tiny-lora-examples-100 and tiny-lora-examples-400."""
    for field, values in vary.items():
        if field not in Variant.model_fields or field == "name":
            raise Refusal(
                f"matrix: no field {field!r}", nearest(field, list(Variant.model_fields)), where=where
            )
        if not values:
            raise Refusal(f"matrix: {field} has no values", remedy="give some, or leave it out", where=where)
    for combination in itertools.product(*vary.values()):
        fields = dict(zip(vary, combination, strict=True))
        endings = [f"{field}-{str(value).lower()}" for field, value in fields.items()]
        name = "-".join([variant.name, *endings])
        # What is said of the variant may hold no longer of its copy: 'a 16-bit adapter' with a recipe for all weights.
        about = f"{variant.name} with {', '.join(f'{field} {value}' for field, value in fields.items())}"
        made = {**variant.model_dump(exclude_unset=True), "about": about, **fields, "name": name}
        yield parse(made, Variant, where)


def _with_names(file: SuiteFile, path: Path) -> tuple[SuiteFile, dict[str, str], dict[str, tuple[str, ...]]]:
    """The suite with names that can be folders: of the stock tasks, and of all tasks of a stock group."""
    names: dict[str, dict[str, str]] = {spec: named_tasks(spec, path) for spec in file.tasks}
    specs: dict[str, str] = {}
    for spec, named in names.items():
        specs |= {name: task for name, task in named.items() if ":" in spec}

    def renamed(values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        made: dict[str, Any] = {}
        for spec, value in values.items():
            made |= dict.fromkeys(names.get(spec, {spec: spec}), value)
        return made

    changed = {field: renamed(getattr(file, field)) for field in ("limit", "margin", "metric")}
    if file.decide:
        guard: list[str] = []
        for spec in file.decide.guard:
            guard += names.get(spec, [spec])
        primary = [*names.get(file.decide.primary, [file.decide.primary])]
        if len(primary) > 1:
            raise Refusal(f"decide.primary {file.decide.primary!r} is a group", "name one task", where=path)
        changed["decide"] = Decide(primary=primary[0], guard=guard)
    tasks = tuple(itertools.chain.from_iterable(names[spec] for spec in file.tasks))
    groups = {
        spec: tuple(named) for spec, named in names.items() if ":" in spec and spec not in named.values()
    }
    return file.model_copy(update={"tasks": tasks, **changed}), specs, groups


def _check_tasks(file: SuiteFile, limit: dict[str, int], tasks: dict[str, Task], path: Path) -> None:
    if twice := repeated(file.tasks):
        raise Refusal(f"task {twice!r} stands twice in the suite", where=path)
    _refuse_strange([*limit, *file.margin, *file.metric], "a limit, margin or metric for", file, path)
    if file.decide:
        _check_decide(file.decide, file, path)
    for task, n in limit.items():
        if n < 1:
            raise Refusal(f"limit.{task} is {n}", "a task has at least one item", where=path)
    for task, margin in file.margin.items():
        low, high = tasks[task].scale
        if not 0 < margin < high - low:
            example = ": 5 points in a hundred are 0.05" if high == 1 else ""
            raise Refusal(
                f"margin.{task} is {margin:g}",
                f"scores of this task go from {low:g} to {high:g}",
                f"give a part of that{example}",
                path,
            )


def _refuse_strange(named: Sequence[str], what: str, file: SuiteFile, path: Path) -> None:
    for task in named:
        if task not in file.tasks:
            why = f"{what} {task!r}, which is not among the suite's tasks"
            raise Refusal(why, nearest(task, list(file.tasks)), where=path)


def _check_decide(decide: Decide, file: SuiteFile, path: Path) -> None:
    named = [decide.primary, *decide.guard]
    if twice := repeated(named):
        raise Refusal(f"decide names {twice!r} twice", where=path)
    _refuse_strange(named, "decide names", file, path)
    for task in decide.guard:
        if task not in file.margin:
            raise Refusal(
                f"decide.guard {task!r} has no margin", "'no worse' needs one", "add it under 'margin:'", path
            )


def _check_variants(variants: list[Variant], file: SuiteFile, tasks: dict[str, Task], path: Path) -> None:
    names = [variant.name for variant in variants]
    if not names:
        raise Refusal("a suite without variants", remedy="name at least one under 'variants:'", where=path)
    if twice := repeated(names):
        raise Refusal(f"variant {twice!r} stands twice in the suite", where=path)
    if file.baseline not in names:
        raise Refusal(
            f"baseline {file.baseline!r} is not among the variants", nearest(file.baseline, names), where=path
        )
    by_name = {variant.name: variant for variant in variants}
    for variant in variants:
        _check_ancestors(variant, by_name, path)
        for task in tasks.values():
            with located(path):
                Pack.load(variant.prompt).for_task(task)


def _check_ancestors(variant: Variant, by_name: dict[str, Variant], path: Path) -> None:
    line = [variant.name]
    while (parent := by_name[line[-1]].parent) is not None:
        if parent not in by_name:
            raise Refusal(
                f"parent {parent!r} of {line[-1]!r} is not in the suite",
                nearest(parent, list(by_name)),
                "add it to the suite, so that the two can be compared",
                path,
            )
        if parent in line:
            cycle = " -> ".join([*line, parent])
            raise Refusal(
                f"a cycle of parents: {cycle}", "a variant cannot be its own ancestor", "cut it", path
            )
        line.append(parent)


def repeated(names: Sequence[str]) -> str | None:
    """The first name that stands twice."""
    for place, name in enumerate(names):
        if name in names[:place]:
            return name
    return None
