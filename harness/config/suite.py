"""A suite: variants x tasks, a baseline and a judge, in one YAML file. Loading it loads and checks every YAML it needs.

Knows where variants are looked up; must not know what running them takes.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import Field

from proctor.common.refusal import Refusal, located
from proctor.common.schema import Frozen, check_name, nearest, parse, read_named_yaml
from proctor.harness.ask.second_reader import Extractor
from proctor.harness.config.variant import ROOT, Variant
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import PanelSpec
from proctor.tasks import TASKS
from proctor.tasks.pack import Pack

FOLDER = ROOT / "harness" / "suites"


class Matrix(Frozen):
    """One variant and lists of values for some of its fields: every combination becomes a variant of its own."""

    variant: str
    vary: dict[str, list[Any]] = Field(min_length=1)


class SuiteFile(Frozen):
    name: str
    about: str = ""
    variants: list[str] = Field(default=[], description="names of variants")
    matrix: list[Matrix] = Field(default_factory=list)
    tasks: list[str] = Field(min_length=1)
    limit: dict[str, int] = Field(default={}, description="so many items of a task, drawn by seed")
    baseline: str
    judge: str = "checklist"
    grader: dict[str, Any] | None = Field(
        default=None, description="the model, or panel, that the judge asks"
    )
    self_grading: bool = Field(default=False, description="the grader may be a model that is examined here")
    extractor: Extractor | None = Field(
        default=None, description="a model that is asked for the number where the rule finds none"
    )
    margin: dict[str, float] = Field(default={}, description="what counts as 'no worse', for each task")


class Suite(Frozen):
    """A suite whose every part was read and found right."""

    name: str
    about: str
    variants: tuple[Variant, ...]
    tasks: tuple[str, ...]
    limit: dict[str, int]
    baseline: str
    judge: str
    margin: dict[str, float]
    grader: GraderSpec | PanelSpec | None = None
    self_grading: bool = False
    extractor: Extractor | None = None
    path: Path | None = None

    @classmethod
    def load(cls, name_or_path: str) -> "Suite":
        path = find_suite(name_or_path)
        given = read_named_yaml(path, SuiteFile)
        for task in [*given.tasks, *given.limit, *given.margin]:
            if task not in TASKS:
                raise Refusal(f"no task {task!r}", nearest(task, list(TASKS)), where=path)
        if twice := next((task for task in given.tasks if given.tasks.count(task) > 1), None):
            raise Refusal(f"task {twice!r} stands twice in the suite", where=path)
        for task in [*given.limit, *given.margin]:
            if task not in given.tasks:
                raise Refusal(
                    f"a limit or margin for {task!r}, which is not among the suite's tasks", where=path
                )
        if bad := next((task for task, n in given.limit.items() if n < 1), None):
            raise Refusal(f"limit.{bad} is {given.limit[bad]}", "an exam has at least one item", where=path)
        for task, margin in given.margin.items():
            low, high = TASKS[task].scale
            if not 0 < margin < high - low:
                raise Refusal(
                    f"margin.{task} is {margin:g}",
                    f"marks of this exam go from {low:g} to {high:g}",
                    "give a part of that" + (": 5 points in a hundred are 0.05" if high == 1 else ""),
                    path,
                )
        with located(path):
            Judge.load(given.judge)
        folder = variants_beside(path)
        variants = [load_variant(name, folder, path) for name in given.variants]
        for matrix in given.matrix:
            variants += expand(load_variant(matrix.variant, folder, path), matrix.vary, path)
        _check_together(variants, given, path)
        return cls(
            name=given.name,
            about=given.about,
            variants=tuple(variants),
            tasks=tuple(given.tasks),
            limit=given.limit,
            baseline=given.baseline,
            judge=given.judge,
            margin=given.margin,
            grader=read_grader(given.grader, path) if given.grader is not None else None,
            self_grading=given.self_grading,
            extractor=given.extractor,
            path=path,
        )

    def variant(self, name: str) -> Variant:
        found = {variant.name: variant for variant in self.variants}
        if name not in found:
            raise Refusal(f"the suite {self.name!r} has no variant {name!r}", nearest(name, list(found)))
        return found[name]


def read_grader(fields: dict[str, Any], where: Path) -> GraderSpec | PanelSpec:
    """One grader, or a panel of them, as a YAML file describes it."""
    if "panel" in fields:
        return parse(fields, PanelSpec, f"grader, {where}")
    return parse(fields, GraderSpec, f"grader, {where}")


def find_suite(name_or_path: str) -> Path:
    """A path to a YAML file, or the name of one in harness/suites."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise Refusal(
                f"no suite file {name_or_path}", remedy="give the path of a YAML file, or a suite's name"
            )
        return path.resolve()
    check_name(name_or_path, "suite")
    if not (FOLDER / f"{name_or_path}.yaml").is_file():
        there = sorted(found.stem for found in FOLDER.glob("*.yaml"))
        raise Refusal(
            f"no suite {name_or_path!r}", nearest(name_or_path, there), f"add {FOLDER / name_or_path}.yaml"
        )
    return FOLDER / f"{name_or_path}.yaml"


def variants_beside(suite: Path) -> Path:
    """Variants stand in `variants/` beside the suite's own folder, so that a team can keep both elsewhere."""
    return suite.parent.parent / "variants"


def load_variant(name: str, folder: Path, where: Path) -> Variant:
    check_name(name, "variant", where)
    path = folder / f"{name}.yaml"
    if not path.is_file():
        there = sorted(found.stem for found in folder.glob("*.yaml"))
        raise Refusal(
            f"no variant {name!r}",
            nearest(name, there),
            f"add one with 'proctor add {name} --base ...'",
            where,
        )
    variant = Variant.load(path)
    with located(path):
        Pack.load(variant.prompt)
    return variant


def expand(variant: Variant, vary: dict[str, list[Any]], where: Path) -> Iterable[Variant]:
    """`examples: [100, 400]` of `tiny-lora` gives tiny-lora-examples-100 and tiny-lora-examples-400."""
    if unknown := [field for field in vary if field not in Variant.model_fields or field == "name"]:
        raise Refusal(
            f"matrix: no field {unknown[0]!r}", nearest(unknown[0], list(Variant.model_fields)), where=where
        )
    if empty := next((field for field, values in vary.items() if not values), None):
        raise Refusal(f"matrix: {empty} has no values", remedy="give some, or leave it out", where=where)
    for values in itertools.product(*vary.values()):
        chosen = dict(zip(vary, values, strict=True))
        name = "-".join([variant.name, *(f"{field}-{str(value).lower()}" for field, value in chosen.items())])
        yield parse({**variant.model_dump(), **chosen, "name": name}, Variant, where)


def _check_together(variants: list[Variant], given: SuiteFile, path: Path) -> None:
    names = [variant.name for variant in variants]
    if not names:
        raise Refusal("a suite without variants", remedy="name at least one under 'variants:'", where=path)
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Refusal(f"variant {twice!r} stands twice in the suite", where=path)
    if given.baseline not in names:
        raise Refusal(
            f"baseline {given.baseline!r} is not among the variants",
            nearest(given.baseline, names),
            where=path,
        )
    by_name = {variant.name: variant for variant in variants}
    for variant in variants:
        seen = [variant.name]
        while (parent := by_name[seen[-1]].parent) is not None:
            if parent not in by_name:
                raise Refusal(
                    f"parent {parent!r} of {seen[-1]!r} is not in the suite",
                    nearest(parent, names),
                    "add it to the suite, so that the two can be compared",
                    path,
                )
            if parent in seen:
                raise Refusal(
                    f"a cycle of parents: {' -> '.join([*seen, parent])}",
                    "nobody is their own ancestor",
                    "cut it",
                    path,
                )
            seen.append(parent)
        for task in given.tasks:
            with located(path):
                Pack.load(variant.prompt).for_task(task)
