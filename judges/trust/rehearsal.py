"""A trust card rehearsed without asking anybody, so that its questions can be counted and priced before they are asked.

Which questions a card asks depends on the marks that come: plans with room to rise get the injections, and where a mark
rises a control is asked for. So the card is made twice, with stand-ins for the graders: one that marks as the labels do
and is moved by nothing, and one that gives the lowest marks until something is planted and the highest from then on.
Replies that are kept already are read from a copy. Knows judges and graders.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from proctor.common.agreement.bootstrap import Bootstrap
from proctor.judges import marking, pairwise
from proctor.judges.cost import Estimate, estimate, specs
from proctor.judges.figures.ratings import OVERALL, Ratings, together
from proctor.judges.graders.asking import Ask
from proctor.judges.graders.grader import Done, Grader, GraderSpec, Question, Reply
from proctor.judges.judge import Judge
from proctor.judges.marking import Item
from proctor.judges.pairwise import Pair, PairVerdict
from proctor.judges.panel import Panel, PanelSpec, open_graders
from proctor.judges.trust.card import card
from proctor.judges.trust.pairs_card import PairTrial, pair_card
from proctor.judges.trust.trial import Labelled, Trial
from proctor.judges.verdict import Verdict


def rehearse(
    judge: Judge, plans: Sequence[Labelled], labels: Ratings | None, spec: GraderSpec | PanelSpec | None,
    cache: Path | None,
) -> tuple[Estimate, Estimate]:  # fmt: skip
    """What the card would ask of a grader that nothing moves, and the most that it can ask; each question once."""
    if spec is None:
        return Estimate(0, 0, 0, 0, 0.0), Estimate(0, 0, 0, 0, 0.0)
    steady, moved = (_rehearsed(judge, plans, labels, spec, cache, moved) for moved in (False, True))
    return steady, moved


def _rehearsed(
    judge: Judge, plans: Sequence[Labelled], labels: Ratings | None, spec: GraderSpec | PanelSpec,
    cache: Path | None, moved: bool,
) -> Estimate:  # fmt: skip
    lowest, highest = _said(judge, judge.scale.lowest), _said(judge, judge.scale.highest)
    replies = (
        dict.fromkeys([plan.item.text for plan in plans], lowest) if moved else _replies(judge, plans, labels)
    )
    planted = highest if moved else lowest
    with TemporaryDirectory() as folder:
        for path in cache.glob(f"{judge.name}-*.jsonl") if cache else ():
            shutil.copy(path, folder)
        asks = _Asks(spec, open_graders(spec, lambda one: _StandIn(one, replies, planted)), Path(folder))
        trial = Trial(judge, asks.mark, Bootstrap(resamples=0))
        if judge.kind == "pairwise":
            pair_card(PairTrial(trial, lambda pairs: asks.compare(judge, pairs)), plans, labels, "", "")
        else:
            card(trial, plans, labels, "", "")
    return estimate(asks.noted, cache)


def _replies(judge: Judge, plans: Sequence[Labelled], labels: Ratings | None) -> dict[str, str]:
    """To each plan as it is: the level next to its mean label, the middle one where there is none."""
    levels = judge.scale.levels
    items = [plan.item.id for plan in plans]
    table = labels.table(OVERALL, items, labels.raters) if labels else np.full((len(items), 1), np.nan)
    means = together(table, "rounded mean")
    middle = levels[(len(levels) - 1) // 2]
    marks = [int(mean) if mean in levels else middle for mean in means]
    return {plan.item.text: _said(judge, mark) for plan, mark in zip(plans, marks, strict=True)}


def _said(judge: Judge, mark: int) -> str:
    if judge.kind == "pairwise":
        return json.dumps({"better": "tie"})
    return json.dumps(dict.fromkeys(judge.dimensions, mark))


@dataclass
class _Asks:
    """Marks and compares with the stand-ins, and notes every question."""

    spec: GraderSpec | PanelSpec
    graders: Grader | Panel
    folder: Path
    noted: list[tuple[Judge, GraderSpec, list[Ask]]] = field(default_factory=list)

    def mark(self, judge: Judge, items: Sequence[Item]) -> list[Verdict]:
        self.noted += [(judge, one, marking.questions(judge, items, one)) for one in specs(self.spec)]
        return marking.mark_all(judge, items, self.graders, self.folder)

    def compare(self, judge: Judge, pairs: Sequence[Pair]) -> list[PairVerdict]:
        self.noted += [(judge, one, pairwise.questions(judge, pairs, one)) for one in specs(self.spec)]
        return pairwise.compare_all(judge, pairs, self.graders, self.folder)


@dataclass
class _StandIn:
    """A grader that has read nothing: a reply to each plan as it is, and one to everything else."""

    spec: GraderSpec
    plans: Mapping[str, str]
    planted: str
    resumes: bool = False

    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        for at, question in enumerate(questions):
            said = question.turns[-1][1]
            plain = (reply for text, reply in self.plans.items() if f"]\n{text}\n[end" in said)
            done(at, Reply(next(plain, self.planted)))

    async def aclose(self) -> None:
        """Nothing was opened."""
