"""Who is asked: one grader, or several as one with their verdicts combined and each kept beside the whole.

A member without a verdict leaves the panel without one: the mean of the others would be another panel's.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen
from proctor.judges.graders.grader import Grader, GraderSpec, fingerprint
from proctor.judges.judge import Judge
from proctor.judges.verdict import JudgeVerdict, Reason, usage_of

Combine = Literal["mean", "median"]


class PanelSpec(Frozen):
    """Graders who score every text, and how their scores become one."""

    panel: tuple[GraderSpec, ...] = Field(min_length=2, description="who is asked")
    combine: Combine = Field(default="mean", description="how their scores become one")

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len({fingerprint(member.identity) for member in self.panel}) < len(self.panel):
            raise Refusal("a panel with the same grader twice; give each its own model, or use `repeats`")
        return self

    @property
    def name(self) -> str:
        return f"{self.combine} of {', '.join(member.name for member in self.panel)}"

    @property
    def identity(self) -> dict[str, Any]:
        return {"panel": [member.identity for member in self.panel], "combine": self.combine}


AnySpec = GraderSpec | PanelSpec


def members(spec: AnySpec | None) -> tuple[GraderSpec, ...]:
    if isinstance(spec, PanelSpec):
        return spec.panel
    return (spec,) if spec else ()


@dataclass(frozen=True)
class Panel:
    """Open graders that score together."""

    spec: PanelSpec
    graders: tuple[Grader, ...]


def spec_of(judge: Judge, named: AnySpec | None) -> AnySpec | None:
    """Who is to be asked: whom the caller names, else whom the judge's own folder names, else nobody."""
    if named is not None:
        return named
    if judge.kind == "panel":
        return PanelSpec(panel=judge.graders, combine=judge.combine)
    return judge.grader


def open_grader(spec: GraderSpec) -> Grader:
    """The grader that a spec describes. One through 'engine' is opened by the harness, which has the engines."""
    if spec.through == "openai":
        from proctor.judges.graders.endpoint import EndpointGrader

        return EndpointGrader(spec)
    if spec.through == "inspect":
        from proctor.judges.graders.inspect import InspectGrader

        return InspectGrader(spec)
    raise Refusal(
        f"grader {spec.model!r} goes through 'engine'; only the harness opens engines; "
        "use it in a suite or with 'proctor judge'"
    )


def open_graders(spec: AnySpec, open_one: Callable[[GraderSpec], Grader] = open_grader) -> Grader | Panel:
    if isinstance(spec, PanelSpec):
        return Panel(spec, tuple(map(open_one, spec.panel)))
    return open_one(spec)


def combined(numbers: Sequence[float], combine: Combine) -> float:
    return statistics.fmean(numbers) if combine == "mean" else float(statistics.median(numbers))


def missing_member(members: Sequence[Any]) -> tuple[str, Reason]:
    """What the members without a verdict say, and the first one's reason; '' where all have one."""
    problems = []
    reason: Reason = ""
    for member in members:
        if member.problem:
            problems.append(f"{member.method}: {member.problem}")
            reason = reason or member.reason
    return "; ".join(problems), reason


def together(judge: str, method: str, members: Sequence[JudgeVerdict], combine: Combine) -> JudgeVerdict:
    """One verdict out of each member's verdict on the same text."""
    whole = JudgeVerdict(
        judge, method, {}, item=members[0].item, members=tuple(members),
        usage=usage_of(members),
    )  # fmt: skip
    problem, why = missing_member(members)
    if problem:
        return replace(whole, problem=problem, reason=why)
    if not members[0].parsed:
        return replace(whole, parsed=False)
    scores, reasons = {}, {}
    for name in members[0].scores:
        scores[name] = combined([member.scores[name] for member in members], combine)
        each = []
        for member in members:
            reason = f": {member.reasons[name]}" if name in member.reasons else ""
            each.append(f"{member.method} {member.scores[name]:g}{reason}")
        reasons[name] = " | ".join(each)
    return replace(whole, scores=scores, reasons=reasons, above_weakest=members[0].above_weakest)
