"""Several graders as one: their verdicts combined, each kept beside the whole. Must not know who they are.

A member without a verdict leaves the panel without one: the mean of the others would be another panel's.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proctor.common.refusal import Refusal
from proctor.judges.graders.grader import Grader, GraderSpec, open_grader
from proctor.judges.judge import Judge
from proctor.judges.verdict import Usage, Verdict

Combine = Literal["mean", "median"]


class PanelSpec(BaseModel):
    """Graders who mark every text, and how their marks become one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    panel: tuple[GraderSpec, ...] = Field(min_length=2)
    combine: Combine = "mean"

    @model_validator(mode="after")
    def _differ(self) -> Self:
        seen = [member.identity for member in self.panel]
        if any(one in seen[:at] for at, one in enumerate(seen)):
            raise Refusal("a panel with the same grader twice; give each its own model, or use `repeats`")
        return self

    @property
    def name(self) -> str:
        return f"{self.combine} of {', '.join(member.name for member in self.panel)}"

    @property
    def identity(self) -> dict[str, Any]:
        return {"panel": [member.identity for member in self.panel], "combine": self.combine}


@dataclass(frozen=True)
class Panel:
    """Open graders that mark together."""

    spec: PanelSpec
    graders: tuple[Grader, ...]


def spec_of(judge: Judge, given: GraderSpec | PanelSpec | None) -> GraderSpec | PanelSpec | None:
    """Who is to be asked: whom the caller names, else whom the judge's own folder names, else nobody."""
    if given is not None:
        return given
    return PanelSpec(panel=judge.graders, combine=judge.combine) if judge.kind == "panel" else judge.grader


def open_graders(
    spec: GraderSpec | PanelSpec, open_one: Callable[[GraderSpec], Grader] = open_grader
) -> Grader | Panel:
    """The grader or the panel that a spec describes."""
    if isinstance(spec, PanelSpec):
        return Panel(spec, tuple(open_one(member) for member in spec.panel))
    return open_one(spec)


def combined(numbers: Sequence[float], combine: Combine) -> float:
    return statistics.fmean(numbers) if combine == "mean" else float(statistics.median(numbers))


def together(judge: str, method: str, members: Sequence[Verdict], combine: Combine) -> Verdict:
    """One verdict out of each member's verdict on the same text."""
    usage = sum((member.usage for member in members), Usage())
    first = members[0]
    kept = tuple(members)
    missing = [member for member in members if member.problem]
    if missing:
        said = "; ".join(f"{member.method}: {member.problem}" for member in missing)
        return Verdict(
            judge,
            method,
            {},
            item=first.item,
            problem=said,
            reason=missing[0].reason,
            usage=usage,
            members=kept,
        )
    if not first.parsed:
        return Verdict(judge, method, {}, parsed=False, item=first.item, members=kept)
    scores = {name: combined([m.scores[name] for m in members], combine) for name in first.scores}
    reasons = {
        name: " | ".join(
            f"{m.method} {m.scores[name]:g}{': ' + m.reasons[name] if name in m.reasons else ''}"
            for m in members
        )
        for name in scores
    }
    return Verdict(
        judge, method, scores, item=first.item, reasons=reasons, usage=usage, members=kept,
        above_weakest=first.above_weakest,
    )  # fmt: skip
