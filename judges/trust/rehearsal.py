"""A trust card rehearsed without asking anybody, so that its questions can be counted and priced before they are asked.

Which questions a card asks depends on the scores that come: plans with room to rise get the injections, and where a
score rises a control is asked for. The stand-in for each grader gives the lowest scores until something is planted and
the highest from then on, so that no grader is asked more. Replies that are kept already are read from a copy.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from proctor.common.stats.bootstrap import Bootstrap
from proctor.judges import pairwise, scoring
from proctor.judges.cost import CostEstimate, estimate
from proctor.judges.figures.ratings import Ratings
from proctor.judges.figures.report import FigureReport
from proctor.judges.graders.grader import Done, Grader, GraderSpec, Question, Reply
from proctor.judges.graders.reply import TAG
from proctor.judges.judge import Judge
from proctor.judges.panel import AnySpec, Panel, members, open_graders
from proctor.judges.trust.card import card
from proctor.judges.trust.pairs_card import pair_card
from proctor.judges.trust.subject import Subject
from proctor.judges.trust.trial import LabelledPlan, Trial
from proctor.judges.verdict import Item, JudgeVerdict, Pair, PairVerdict


def rehearse(
    judge: Judge, subject: Subject, plans: Sequence[LabelledPlan], labels: Ratings | None, spec: AnySpec | None,
    cache: Path | None,
) -> CostEstimate:  # fmt: skip
    """The most that the card can ask, each question once."""
    if spec is None:
        return CostEstimate(0, 0, 0, 0, 0.0)
    lowest, highest = _verdict(judge, judge.scale.lowest), _verdict(judge, judge.scale.highest)
    texts = [f"]\n{plan.item.text}\n[end" for plan in plans]  # as they stand in a prompt
    with TemporaryDirectory() as folder:
        if cache:
            for path in cache.glob(f"{judge.name}-*.jsonl"):
                shutil.copy(path, folder)
        graders = open_graders(spec, lambda member: _StandIn(member, texts, lowest, highest))
        asks = _RehearsedAsking(spec, graders, Path(folder))
        report = FigureReport(Bootstrap(resamples=0))
        trial = Trial(judge, subject, asks.score, partial(asks.compare, judge), report)
        make = pair_card if judge.kind == "pairwise" else card
        make(trial, plans, labels, "", "")
    return estimate(asks.noted, cache)


def _verdict(judge: Judge, score: int) -> dict[str, Any]:
    if judge.kind == "pairwise":
        return {"better": "tie"}
    return dict.fromkeys(judge.dimensions, score)


@dataclass
class _RehearsedAsking:
    """Scores and compares with the stand-ins, and notes every question."""

    spec: AnySpec
    graders: Grader | Panel
    folder: Path
    noted: list[tuple[Judge, GraderSpec, list[Mapping[str, str] | None]]] = field(default_factory=list)

    def score(self, judge: Judge, items: Sequence[Item]) -> list[JudgeVerdict]:
        for member in members(self.spec):
            self.noted.append((judge, member, scoring.texts_of(judge, items)))
        return scoring.score_all(judge, items, self.graders, self.folder)

    def compare(self, judge: Judge, pairs: Sequence[Pair]) -> list[PairVerdict]:
        for member in members(self.spec):
            self.noted.append((judge, member, pairwise.texts_of(pairs)))
        return pairwise.compare_all(judge, pairs, self.graders, self.folder)


@dataclass
class _StandIn:
    """A grader that has read nothing: one reply to each plan as it is, and another to everything else."""

    spec: GraderSpec
    plans: Sequence[str]
    to_plan: dict[str, Any]
    to_planted: dict[str, Any]
    resumes: bool = False

    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        for index, question in enumerate(questions):
            asked = question.turns[-1][1]
            is_plan = any(plan in asked for plan in self.plans)
            verdict = self.to_plan if is_plan else self.to_planted
            done(index, Reply(json.dumps({TAG: question.tag, **verdict})))

    async def aclose(self) -> None: ...
