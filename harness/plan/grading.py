"""Who scores free text in a suite: the judge, the grader that it asks, and that this is no model under examination."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal, located
from proctor.common.schema import load_yaml, parse
from proctor.harness.config.suite import Suite, load_variant, read_grader
from proctor.harness.config.variant import Variant
from proctor.judges.graders.grader import GraderSpec, fingerprint
from proctor.judges.judge import Judge
from proctor.judges.panel import AnySpec, PanelSpec, members, spec_of


@dataclass(frozen=True)
class Grading:
    """A judge and whom it asks; nobody when it scores by rules."""

    judge: Judge
    spec: AnySpec | None

    @property
    def digest(self) -> str:
        """Equal where scores may be compared: the judge's own digest, with the grader where one is asked."""
        return fingerprint([self.judge.digest, self.spec.identity]) if self.spec else self.judge.digest

    def about(self, suite: Suite) -> dict[str, Any]:
        """What a cell's run.json says of who scored: the judge, its scale, and the grader where one was asked."""
        scale = [float(self.judge.scale.lowest), float(self.judge.scale.highest)]
        about: dict[str, Any] = {"scored_by": self.judge.name, "judge_kind": self.judge.kind, "scale": scale}
        if self.spec:
            about |= {"grader": self.spec.name, "judge_digest": self.judge.digest}
            if suite.self_grading:
                about["self_grading"] = True
        return about


def grading(judge: Judge, given: AnySpec | None, where: Path | str | None = None) -> Grading:
    """The judge with its grader, refused when one of them is missing or too much."""
    if judge.kind == "pairwise":
        raise Refusal(
            f"judge {judge.name!r} compares two plans and gives no scores",
            remedy="name a judge that scores; compare plans with 'proctor judge pairs'",
            where=where,
        )
    return Grading(judge, grader_for(judge, given, where))


def grader_for(judge: Judge, given: AnySpec | None, where: Path | str | None = None) -> AnySpec | None:
    spec = spec_of(judge, given)
    if judge.asks and spec is None:
        raise Refusal(
            f"judge {judge.name!r} asks a model, and none is named", "a judge does not choose its grader",
            "name one: 'grader: {model: ..., endpoint: ...}' in the suite, or --grader and --endpoint", where,
        )  # fmt: skip
    if not judge.asks and given is not None:
        raise Refusal(
            f"judge {judge.name!r} scores by rules and asks no model", "the grader would never be asked",
            "leave the grader out, or name a judge that asks one", where,
        )  # fmt: skip
    return spec


def gradings_of(suite: Suite, made_of: Callable[[Variant], str]) -> dict[str, Grading]:
    """By task, its judge and whom that asks; nothing for tasks that no judge scores. `made_of` says what a variant's
    weights are, so that the key of a verdict names weights and not a file.
    """
    judged = [task for task in map(suite.task, suite.tasks) if task.scored_by == "judge"]
    judges = {suite.judge_of(task) for task in judged}
    with located(suite.path):
        asking = any(Judge.load(judge).asks for judge in judges)
        made = {judge: _of_judge(judge, suite, asking, made_of) for judge in sorted(judges)}
    return {task.name: made[suite.judge_of(task)] for task in judged}


def _of_judge(name: str, suite: Suite, asking: bool, made_of: Callable[[Variant], str]) -> Grading:
    """`asking`: some judge of the suite asks a model, so the grader is not one too many for another that does not."""
    judge = Judge.load(name)
    found = grading(judge, suite.grader if judge.asks or not asking else None, suite.path)
    return replace(found, spec=ready(found.spec, suite, made_of))


def ready(spec: AnySpec | None, suite: Suite, made_of: Callable[[Variant], str]) -> Any:
    """The same model, which is none under examination, with what it is made of where it is opened here."""
    ours = {each.model: grader_variant(each.model, suite) for each in local_of(spec)}
    if not suite.self_grading:
        refuse_self_grading(suite.variants, spec, ours, suite.path)
    return with_weights(spec, {name: made_of(variant) for name, variant in ours.items()})


def grader_variant(name: str, suite: Suite | None = None) -> Variant:
    """The variant that a grader through 'engine' names: one of the suite, of the project, or one that ships."""
    if suite is None:
        return load_variant(name)
    for variant in suite.variants:
        if variant.name == name:
            return variant
    return load_variant(name, suite.path)


def spec_from(grader: str | None, endpoint: str | None = None, through: str | None = None) -> AnySpec | None:
    """A grader as a command names it: a model with a few options, or the path of a YAML file with all of them."""
    more = {"endpoint": endpoint, "through": through}
    options = {name: value for name, value in more.items() if value is not None}
    if grader is None:
        if options:
            why = "it says how a grader is reached"
            raise Refusal(f"--{next(iter(options))} without --grader", why, "name the grader")
        return None
    path = Path(grader)
    if path.suffix not in (".yaml", ".yml"):
        return parse({"model": grader, **options}, GraderSpec, "--grader")
    if not path.is_file():
        raise Refusal(f"no file {grader}", remedy="give a model's name, or the path of a YAML file")
    if options:
        raise Refusal(
            f"--{next(iter(options))} beside a file", "the file says it all", "write it there", path
        )
    return read_grader(load_yaml(path), path)


def local_of(spec: AnySpec | None) -> list[GraderSpec]:
    return [member for member in members(spec) if member.through == "engine"]


def with_weights(spec: AnySpec | None, made_of: Mapping[str, str]) -> AnySpec | None:
    """The same, with what every local grader is made of."""
    if isinstance(spec, PanelSpec):
        panel = [with_weights(member, made_of) for member in spec.panel]
        return spec.model_copy(update={"panel": tuple(panel)})
    if spec and spec.through == "engine":
        return spec.model_copy(update={"weights": made_of[spec.model]})
    return spec


def refuse_self_grading(
    variants: Iterable[Variant], spec: AnySpec | None, ours: Mapping[str, Variant], where: Path | None
) -> None:
    """A model that scores its own responses likes them. `ours` are the local graders by name."""
    for grader in members(spec):
        mine = _names(grader.model, grader.through == "inspect")
        if grader.model in ours:
            mine |= _names(ours[grader.model].base)
        for variant in variants:
            if mine & (_names(variant.base) | _names(variant.name)):
                raise Refusal(
                    f"the grader {grader.model!r} is the model that {variant.name!r} is made of",
                    "a model that scores itself scores kindly",
                    "name another grader, or say 'self_grading: true' in the suite, which the results then tell",
                    where,
                )


def _names(name: str, provider: bool = False) -> set[str]:
    """What a model may be called; Inspect puts a provider before the name."""
    names = {name.casefold().rstrip("/")}
    if provider:
        names.add(name.partition("/")[2].casefold().rstrip("/"))
    return names - {""}
