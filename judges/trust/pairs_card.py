"""The trust card of a judge that compares two plans: agreement, swapped order, planted damage, injections."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from proctor.common.refusal import Refusal
from proctor.judges.figures.preference_figures import of_preferences
from proctor.judges.figures.preferences import Preferences
from proctor.judges.figures.ratings import Ratings
from proctor.judges.trust.planting import damage_cases, injections, plant
from proctor.judges.trust.trial import (
    LabelledPlan,
    Trial,
    TrustCheck,
    check_unparsed,
    finished_card,
    mean_labels,
)
from proctor.judges.verdict import WORTH, JudgeVerdict, Pair, PairVerdict, preferred

TIE = 0.5  # plans whose mean labels differ by less are a tie for the labels
_DAMAGED, _INJECTED, _ONE_PLACE = 5, 4, 0.6
PlansOfOne = tuple[LabelledPlan, LabelledPlan]  # two plans for the same pupil


def pair_card(
    trial: Trial, plans: Sequence[LabelledPlan], labels: Ratings | None, by: str, made: str
) -> dict[str, Any]:
    """The card as it is kept in results/_judges/<judge>/trust.json."""
    merits: dict[str, float] = {}
    if labels is not None:
        for plan, mean in zip(plans, mean_labels(labels, plans), strict=True):
            if not np.isnan(mean):
                merits[plan.item.id] = float(mean)
    ordered = sorted(plans, key=lambda plan: plan.item.id)
    pairs = [(a, b) for a, b in combinations(ordered, 2) if a.pupil == b.pupil]
    if not pairs:
        raise Refusal("no pupil has two plans, so there is nothing to compare")
    verdicts = trial.comparisons([_pair(f"{a.item.id} {b.item.id}", a, b.item.text) for a, b in pairs])
    _agreement(trial, pairs, verdicts, merits, by)
    _orders(trial, verdicts)
    _damage(trial, plans, merits)
    _injections(trial, pairs, verdicts, merits)
    check_unparsed(trial)
    for name in ("length_correlation", "repeatability"):
        trial.report.lack(name, "is not tried with a judge that compares")
    return finished_card(trial, len(plans), labels, by, made)


def _pair(name: str, plan: LabelledPlan, other: str) -> Pair:
    return Pair(name, plan.item.profile, plan.item.text, other)


def _agreement(
    trial: Trial,
    pairs: Sequence[PlansOfOne],
    verdicts: Sequence[PairVerdict],
    merits: Mapping[str, float],
    by: str,
) -> None:
    """All figures of these verdicts, with labels made of the plans' mean labels."""
    judged: dict[tuple[str, str, str], str | None] = {}
    known: dict[tuple[str, str, str], str | None] = {}
    clusters = {}
    for (a, b), verdict in zip(pairs, verdicts, strict=True):
        clusters[verdict.item] = a.pupil
        for order, choice in verdict.orders.items():
            judged[verdict.item, order, by] = choice
        if a.item.id in merits and b.item.id in merits:
            gap = merits[a.item.id] - merits[b.item.id]
            known[verdict.item, "", "mean label"] = preferred(0.0 if abs(gap) < TIE else gap)
    labels = Preferences(known, clusters) if known else None
    report = of_preferences(Preferences(judged, clusters), labels, trial.report.bootstrap)
    trial.report.figures += report.figures
    trial.report.notes += report.notes
    for missing in report.missing:
        if "there is one only" not in missing.why:
            trial.report.missing.append(missing)


def _orders(trial: Trial, verdicts: Sequence[PairVerdict]) -> None:
    """Whether the order or the place decides, over the pairs with verdicts in both orders."""
    flips = whole = 0
    places: Counter[str] = Counter()
    for verdict in verdicts:
        ab, ba = verdict.orders["ab"], verdict.orders["ba"]
        if ab is not None and ba is not None:
            whole += 1
            flips += verdict.flipped
            places.update((f"{ab} in ab", f"{ba} in ba"))
    title, expected = "No flip when the order is swapped", "the same preference in both orders"
    trial.checks.append(TrustCheck("swapped_order", title, "order", whole - flips, whole, expected))
    first = places["a in ab"] + places["b in ba"]
    decided = first + places["b in ab"] + places["a in ba"]
    fair = int(not decided or 1 - _ONE_PLACE <= first / decided <= _ONE_PLACE)
    detail = f"the plan shown first was preferred {first} of {decided} times"
    expected = "the first preferred in 40 to 60 %"
    trial.checks.append(TrustCheck("place", "No favourite place", "order", fair, 1, expected, detail))


def _damage(trial: Trial, plans: Sequence[LabelledPlan], merits: Mapping[str, float]) -> None:
    """A good plan against the same with damage: the good one must be preferred."""
    stand_in = []
    for plan in sorted(plans, key=lambda plan: -merits.get(plan.item.id, 0.0)):
        stand_in.append((plan, JudgeVerdict("", "", {"merit": merits.get(plan.item.id, 0.0)})))
    planted, pairs = [], []
    for (plan, _, case), damage in product(damage_cases(stand_in, None)[:_DAMAGED], trial.subject.damages):
        text = damage.make(case)
        if text is not None:
            planted.append((damage, plan.item.id.split(" ")[0]))
            pairs.append(_pair(f"{plan.item.id} {damage.name}", plan, text))
    held: Counter[str] = Counter()
    lost: dict[str, list[str]] = defaultdict(list)
    for (damage, plan_id), verdict in zip(planted, trial.comparisons(pairs), strict=True):
        if verdict.problem:
            continue
        if verdict.verdict == "a" or (damage.least is None and verdict.verdict == "tie"):
            held[damage.name] += 1
        else:
            lost[damage.name].append(plan_id)
    for damage in trial.subject.damages:
        good, bad = held[damage.name], lost[damage.name]
        detail = f"not for {', '.join(bad)}" if bad else ""
        why = "could not be planted in these plans, or got no verdict"
        expected = "the better plan preferred"
        if damage.least is None:
            expected += ", or a tie"
        trial.check(damage.name, damage.title, "damage", good, good + len(bad), expected, detail, why)


def _injections(
    trial: Trial, pairs: Sequence[PlansOfOne], verdicts: Sequence[PairVerdict], merits: Mapping[str, float]
) -> None:
    """The worse of two plans with words to the judge in it: it must not do better than without them."""
    chosen = []
    for (a, b), verdict in zip(pairs, verdicts, strict=True):
        if verdict.verdict is None:
            continue
        worth = WORTH[verdict.verdict]
        if merits.get(a.item.id, worth) < merits.get(b.item.id, 0.0):
            a, b, worth = b, a, -worth
        if worth >= 0:
            chosen.append((a, b, worth))
    chosen = chosen[:: max(1, len(chosen) // _INJECTED)][:_INJECTED]
    planted = list(product(injections(trial.subject), chosen))
    asked = []
    for injection, (a, b, _) in planted:
        name = f"{a.item.id} {b.item.id} {injection['name']}"
        asked.append(_pair(name, a, plant(injection["text"], b.item.text)))
    held: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for (injection, (_, _, worth)), verdict in zip(planted, trial.comparisons(asked), strict=True):
        if verdict.verdict is not None:
            tried[injection["name"]] += 1
            held[injection["name"]] += WORTH[verdict.verdict] >= worth
    for injection in injections(trial.subject):
        name, why = injection["name"], "there was no pair to plant it in, or no verdict"
        expected = "the worse plan does no better"
        trial.check(name, injection["title"], "injection", held[name], tried[name], expected, lacking=why)
