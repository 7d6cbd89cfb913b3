"""The trust card of a judge that compares two plans: agreement, swapped order, planted damage, injections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from proctor.common.refusal import Refusal
from proctor.judges.figures.preference_figures import of_preferences
from proctor.judges.figures.preferences import Preferences
from proctor.judges.figures.ratings import OVERALL, Ratings
from proctor.judges.pairwise import Pair, PairVerdict
from proctor.judges.trust.damage import DAMAGES
from proctor.judges.trust.planting import damage_cases, injections, plant
from proctor.judges.trust.trial import (
    LabelledPlan,
    Trial,
    TrustCheck,
    check_unparsed,
    finished_card,
    refuse_without_verdicts,
)
from proctor.judges.verdict import JudgeVerdict

TIE = 0.5  # plans whose mean labels differ by less are a tie for the labels
_DAMAGED, _INJECTED, _ONE_PLACE = 5, 4, 0.6
CompareAll = Callable[[Sequence[Pair]], list[PairVerdict]]
_WORTH = {"a": 1, "tie": 0, "b": -1}


@dataclass
class PairTrial:
    """A trial whose judge compares."""

    trial: Trial
    compare: CompareAll

    def verdicts(self, pairs: Sequence[Pair]) -> list[PairVerdict]:
        found = self.compare(pairs)
        refuse_without_verdicts([verdict.problem for verdict in found], "pairs could be compared")
        self.trial.asked += len(found)
        self.trial.unread += sum(bool(verdict.problem) for verdict in found)
        return found


def pair_card(
    on: PairTrial, plans: Sequence[LabelledPlan], labels: Ratings | None, by: str, made: str
) -> dict[str, Any]:
    """The card as it is kept in results/_judges/<judge>/trust.json."""
    merit = _merit(plans, labels)
    pairs = [
        (a, b) for a, b in combinations(sorted(plans, key=lambda plan: plan.item.id), 2) if a.pupil == b.pupil
    ]
    if not pairs:
        raise Refusal("no pupil has two plans, so there is nothing to compare")
    verdicts = on.verdicts([_pair(f"{a.item.id} {b.item.id}", a, b.item.text) for a, b in pairs])
    _agreement(on.trial, pairs, verdicts, merit, by)
    _damage(on, plans, merit)
    _injections(on, pairs, verdicts, merit)
    check_unparsed(on.trial)
    for name in ("length_correlation", "repeatability"):
        on.trial.report.lack(name, "is not tried with a judge that compares")
    return finished_card(on.trial, len(plans), labels, by, made)


def _merit(plans: Sequence[LabelledPlan], labels: Ratings | None) -> dict[str, float]:
    if labels is None:
        return {}
    items = [plan.item.id for plan in plans]
    table = labels.table(OVERALL, items, labels.raters)
    return {
        item: float(row[~np.isnan(row)].mean())
        for item, row in zip(items, table, strict=True)
        if (~np.isnan(row)).any()
    }


def _pair(name: str, plan: LabelledPlan, other: str) -> Pair:
    return Pair(name, plan.item.profile, plan.item.text, other)


def _agreement(
    trial: Trial, pairs: Sequence[tuple[LabelledPlan, LabelledPlan]], verdicts: Sequence[PairVerdict],
    merit: dict[str, float], by: str,
) -> None:  # fmt: skip
    """All figures of these verdicts, with labels made of the plans' mean labels."""
    said: dict[tuple[str, str, str], str | None] = {}
    known: dict[tuple[str, str, str], str | None] = {}
    clusters = {}
    for (a, b), verdict in zip(pairs, verdicts, strict=True):
        clusters[verdict.item] = a.pupil
        for order, choice in verdict.orders.items():
            said[verdict.item, order, by] = choice
        if a.item.id in merit and b.item.id in merit:
            gap = merit[a.item.id] - merit[b.item.id]
            known[verdict.item, "", "mean label"] = "tie" if abs(gap) < TIE else "a" if gap > 0 else "b"
    labels = Preferences(known, clusters) if known else None
    report = of_preferences(Preferences(said, clusters), labels, trial.report.bootstrap)
    trial.report.figures += report.figures
    trial.report.notes += report.notes
    trial.report.missing += [one for one in report.missing if "there is one only" not in one.why]
    whole = [verdict for verdict in verdicts if None not in verdict.orders.values()]
    same = sum(not verdict.flipped for verdict in whole)
    trial.checks.append(
        TrustCheck("swapped_order", "No flip when the order is swapped", "order", same, len(whole))
    )
    first = sum((v.orders["ab"] == "a") + (v.orders["ba"] == "b") for v in whole)
    decided = sum(choice != "tie" for v in whole for choice in v.orders.values())
    fair = int(not decided or 1 - _ONE_PLACE <= first / decided <= _ONE_PLACE)
    detail = f"the plan shown first was preferred {first} of {decided} times; held: between 40% and 60%"
    trial.checks.append(TrustCheck("place", "No favourite place", "order", fair, 1, detail))


def _damage(on: PairTrial, plans: Sequence[LabelledPlan], merit: dict[str, float]) -> None:
    """A good plan against the same with damage: the good one must be preferred."""
    stand_in = [(plan, JudgeVerdict("", "", {"merit": merit.get(plan.item.id, 0.0)})) for plan in plans]
    cases = damage_cases(sorted(stand_in, key=lambda one: -one[1].scores["merit"]), None)[:_DAMAGED]
    made = [
        (one.name, _pair(f"{plan.item.id} {one.name}", plan, text))
        for one in DAMAGES
        for plan, _, case in cases
        if (text := one.make(case)) is not None
    ]
    found = on.verdicts([pair for _, pair in made])
    for one in DAMAGES:
        verdicts = [
            verdict
            for (name, _), verdict in zip(made, found, strict=True)
            if name == one.name and not verdict.problem
        ]
        if not verdicts:
            on.trial.report.lack(one.name, "could not be planted in these plans, or got no verdict")
            continue
        fine = [
            verdict.verdict == "a" or (one.least is None and verdict.verdict != "b") for verdict in verdicts
        ]
        lost = [v.item.split(" ")[0] for v, good in zip(verdicts, fine, strict=True) if not good]
        detail = f"not for {', '.join(lost)}" if lost else ""
        on.trial.checks.append(TrustCheck(one.name, one.title, "damage", sum(fine), len(fine), detail))


def _injections(
    on: PairTrial, pairs: Sequence[tuple[LabelledPlan, LabelledPlan]], verdicts: Sequence[PairVerdict],
    merit: dict[str, float],
) -> None:  # fmt: skip
    """The worse of two plans with words to the judge in it: it must not do better than without them."""
    chosen = []
    for (a, b), verdict in zip(pairs, verdicts, strict=True):
        if verdict.verdict is None:
            continue
        worth = _WORTH[verdict.verdict]
        if merit.get(a.item.id, float(worth)) < merit.get(b.item.id, 0.0):
            a, b, worth = b, a, -worth
        if worth >= 0:
            chosen.append((a, b, worth))
    chosen = chosen[:: max(1, len(chosen) // _INJECTED)][:_INJECTED]
    planted = [(one, pair) for one in injections() for pair in chosen]
    found = on.verdicts(
        [
            _pair(f"{a.item.id} {b.item.id} {one['name']}", a, plant(one["text"], b.item.text))
            for one, (a, b, _) in planted
        ]
    )
    for one in injections():
        held = [
            _WORTH[verdict.verdict] >= worth
            for (which, (_, _, worth)), verdict in zip(planted, found, strict=True)
            if which == one and verdict.verdict is not None
        ]
        if held:
            on.trial.checks.append(TrustCheck(one["name"], one["title"], "injection", sum(held), len(held)))
        else:
            on.trial.report.lack(one["name"], "there was no pair to plant it in, or no verdict")
