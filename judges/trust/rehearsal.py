"""A trust card rehearsed without asking anybody, so that its questions can be counted and priced before they are asked.

Which questions a card asks depends on the scores that come: plans with room to rise get the injections, and where a
score rises a control is asked for. So the card is made twice, with stand-ins for the graders: one that scores as the
labels do and is moved by nothing, and one that gives the lowest scores until something is planted and the highest from
then on. Replies that are kept already are read from a copy.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from proctor.common.stats.bootstrap import Bootstrap
from proctor.judges import pairwise, scoring
from proctor.judges.cost import CostEstimate, estimate, specs
from proctor.judges.figures.ratings import Ratings
from proctor.judges.figures.report import FigureReport
from proctor.judges.graders.asking import KeyedQuestion
from proctor.judges.graders.grader import Done, Grader, GraderSpec, Question, Reply
from proctor.judges.judge import Judge
from proctor.judges.pairwise import Pair, PairVerdict
from proctor.judges.panel import Panel, PanelSpec, open_graders
from proctor.judges.trust.card import card
from proctor.judges.trust.pairs_card import PairTrial, pair_card
from proctor.judges.trust.trial import LabelledPlan, Trial, mean_labels
from proctor.judges.verdict import Item, JudgeVerdict


def rehearse(
    judge: Judge, plans: Sequence[LabelledPlan], labels: Ratings | None, spec: GraderSpec | PanelSpec | None,
    cache: Path | None,
) -> tuple[CostEstimate, CostEstimate]:  # fmt: skip
    """What the card would ask of a grader that nothing moves, and the most that it can ask; each question once."""
    if spec is None:
        return CostEstimate(0, 0, 0, 0, 0.0), CostEstimate(0, 0, 0, 0, 0.0)
    steady = _rehearsed(judge, plans, labels, spec, cache, moved=False)
    return steady, _rehearsed(judge, plans, labels, spec, cache, moved=True)


def _rehearsed(
    judge: Judge, plans: Sequence[LabelledPlan], labels: Ratings | None, spec: GraderSpec | PanelSpec,
    cache: Path | None, moved: bool,
) -> CostEstimate:  # fmt: skip
    planted = _reply(judge, judge.scale.lowest)
    replies = _replies(judge, plans, labels)
    if moved:
        replies = dict.fromkeys(replies, planted)
        planted = _reply(judge, judge.scale.highest)
    with TemporaryDirectory() as folder:
        if cache:
            for path in cache.glob(f"{judge.name}-*.jsonl"):
                shutil.copy(path, folder)
        graders = open_graders(spec, lambda member: _StandIn(member, replies, planted))
        asks = _RehearsedAsking(spec, graders, Path(folder))
        trial = Trial(judge, asks.score, FigureReport(Bootstrap(resamples=0)))
        if judge.kind == "pairwise":
            pair_card(PairTrial(trial, lambda pairs: asks.compare(judge, pairs)), plans, labels, "", "")
        else:
            card(trial, plans, labels, "", "")
    return estimate(asks.noted, cache)


def _replies(judge: Judge, plans: Sequence[LabelledPlan], labels: Ratings | None) -> dict[str, str]:
    """To each plan as it is: the level next to its mean label, the middle one where there is none."""
    levels = judge.scale.levels
    means = mean_labels(labels, plans) if labels is not None else np.full(len(plans), np.nan)
    replies = {}
    for plan, mean in zip(plans, np.floor(means + 0.5 + 1e-9), strict=True):
        score = int(mean) if mean in levels else levels[(len(levels) - 1) // 2]
        replies[plan.item.text] = _reply(judge, score)
    return replies


def _reply(judge: Judge, score: int) -> str:
    if judge.kind == "pairwise":
        return json.dumps({"better": "tie"})
    return json.dumps(dict.fromkeys(judge.dimensions, score))


@dataclass
class _RehearsedAsking:
    """Scores and compares with the stand-ins, and notes every question."""

    spec: GraderSpec | PanelSpec
    graders: Grader | Panel
    folder: Path
    noted: list[tuple[Judge, GraderSpec, list[KeyedQuestion]]] = field(default_factory=list)

    def score(self, judge: Judge, items: Sequence[Item]) -> list[JudgeVerdict]:
        for member in specs(self.spec):
            self.noted.append((judge, member, scoring.questions(judge, items, member)))
        return scoring.score_all(judge, items, self.graders, self.folder)

    def compare(self, judge: Judge, pairs: Sequence[Pair]) -> list[PairVerdict]:
        for member in specs(self.spec):
            self.noted.append((judge, member, pairwise.questions(judge, pairs, member)))
        return pairwise.compare_all(judge, pairs, self.graders, self.folder)


@dataclass
class _StandIn:
    """A grader that has read nothing: a reply to each plan as it is, and one to everything else."""

    spec: GraderSpec
    plans: Mapping[str, str]
    planted: str
    resumes: bool = False

    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        for index, question in enumerate(questions):
            reply = self.planted
            for text, of_plan in self.plans.items():
                if f"]\n{text}\n[end" in question.turns[-1][1]:
                    reply = of_plan
                    break
            done(index, Reply(reply))

    async def aclose(self) -> None:
        """Nothing was opened."""
