"""A judge on trial: the plans that it is tried on, how it scores them, the checks that it passed or failed, and the
card that is made of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Floats
from proctor.judges.figures.ratings import OVERALL, Ratings, together
from proctor.judges.figures.report import EACH_OTHER, AgreementFigure, FigureReport
from proctor.judges.judge import Judge
from proctor.judges.rules.text import words
from proctor.judges.trust.subject import Subject
from proctor.judges.verdict import Item, JudgeVerdict, Pair, PairVerdict

HELD = 0.9  # a check is passed when so many of its plans hold
_UNREAD = 0.05  # of all verdicts: so many may be missing
ScoreAll = Callable[[Judge, Sequence[Item]], list[JudgeVerdict]]
CompareAll = Callable[[Sequence[Pair]], list[PairVerdict]]


@dataclass(frozen=True)
class LabelledPlan:
    """A plan with whom it is for. `name` and `pupil` are the pupil's; plans of one pupil hang together. Or a question:
    its pupil is its passage or topic.
    """

    item: Item
    name: str
    pupil: str


Scored = tuple[LabelledPlan, JudgeVerdict]


def plans_of(scored: Sequence[Scored]) -> list[LabelledPlan]:
    return [plan for plan, _ in scored]


def overalls(scored: Sequence[Scored]) -> Floats:
    return np.array([overall(verdict) for _, verdict in scored])


def mean_labels(labels: Ratings, plans: Sequence[LabelledPlan]) -> Floats:
    """The mean label of each plan as a whole, nan where nobody labelled it."""
    table = labels.table(OVERALL, [plan.item.id for plan in plans], labels.raters)
    return together(table, "mean")


@dataclass(frozen=True)
class TrustCheck:
    """`held` of `of` plans were scored as `expected`; `detail` says what was seen. `kind`: damage, injection, noise or
    order.
    """

    name: str
    title: str
    kind: str
    held: int
    of: int
    expected: str
    detail: str = ""
    least: float = HELD

    @property
    def passed(self) -> bool:
        return self.of > 0 and self.held >= self.least * self.of

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name, "title": self.title, "kind": self.kind, "passed": self.passed,
            "held": self.held, "of": self.of, "expected": self.expected, "detail": self.detail,
        }  # fmt: skip


@dataclass
class Trial:
    """One judge on trial: how it scores or compares, and what came out so far."""

    judge: Judge
    subject: Subject
    score: ScoreAll
    compare: CompareAll
    report: FigureReport
    checks: list[TrustCheck] = field(default_factory=list)
    asked: int = 0
    unread: int = 0

    def check(
        self, name: str, title: str, kind: str, held: int, of: int, expected: str, detail: str = "",
        lacking: str = "",
    ) -> None:  # fmt: skip
        """Adds a check of `of` plans; of none it is missing, as `lacking` says, and neither held nor failed."""
        if of:
            self.checks.append(TrustCheck(name, title, kind, held, of, expected, detail))
        else:
            self.report.lack(name, lacking)

    def verdicts(self, items: Sequence[Item], repeats: int = 1) -> list[JudgeVerdict]:
        judge = self.judge
        if repeats > 1 and judge.asks:
            judge = judge.model_copy(update={"repeats": repeats})
        verdicts = self.score(judge, items)
        for item, verdict in zip(items, verdicts, strict=True):
            if words(item.text):
                self.asked += 1
                self.unread += bool(verdict.problem)
        return verdicts

    def comparisons(self, pairs: Sequence[Pair]) -> list[PairVerdict]:
        """The same of a judge that compares."""
        verdicts = self.compare(pairs)
        problems = [verdict.problem for verdict in verdicts]
        refuse_without_verdicts(problems, "pairs could be compared")
        self.asked += len(verdicts)
        self.unread += len(problems) - problems.count("")
        return verdicts


def refuse_without_verdicts(problems: Sequence[str], what: str) -> None:
    """A judge of whom nothing was heard has no card, and no check of it was held or failed."""
    if problems and all(problems):
        raise Refusal(f"not one of {len(problems)} {what}: {problems[0]}")


def overall(verdict: JudgeVerdict) -> float:
    assert verdict.overall is not None
    return verdict.overall


def check_unparsed(trial: Trial) -> None:
    read = trial.asked - trial.unread
    detail = f"{trial.unread} could not be had, which are missing and never 0" if trial.unread else ""
    least = 1 - _UNREAD
    title, expected = "Verdicts that can be read", f"at least {100 * least:g} % of them"
    trial.checks.append(TrustCheck("parsed", title, "noise", read, trial.asked, expected, detail, least))


def finished_card(trial: Trial, items: int, labels: Ratings | None, by: str, made: str) -> dict[str, Any]:
    failed = [check for check in trial.checks if not check.passed]
    labelled = {"n": len(labels.items), "raters": labels.raters} if labels is not None else None
    return {
        "judge": trial.judge.name,
        "kind": trial.judge.kind,
        "subject": trial.subject.name,
        "digest": trial.judge.digest,
        "made": made,
        "by": by,
        "items": items,
        "labels": labelled,
        "figures": list(map(_flat, trial.report.figures)),
        "checks": [check.as_dict() for check in trial.checks],
        "missing": list(map(asdict, trial.report.missing)),
        "notes": list(trial.report.notes),
        "unparsed": {"n": trial.unread, "of": trial.asked},
        "warning": warning(failed),
    }


def warning(failed: Sequence[TrustCheck]) -> str:
    """One sentence, or nothing."""
    if not failed:
        return ""
    worst = ", ".join(f"{check.title.lower()} ({check.held} of {check.of} held)" for check in failed[:4])
    if len(failed) > 4:
        worst += f" and {len(failed) - 4} more"
    return f"This judge failed {len(failed)} of its checks: {worst}; read its scores with care."


def _flat(figure: AgreementFigure) -> dict[str, Any]:
    """A figure as cards have it: the note says who is held against whom."""
    fields = asdict(figure)
    judge, against = fields.pop("judge"), fields.pop("against")
    held = f"among {judge}" if against == EACH_OTHER else f"against {against}"
    fields["note"] = "; ".join(filter(None, (held, figure.note)))
    return fields
