"""Plans with planted damage and with words to the judge: whether it ranks the one right and withstands the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml
from proctor.judges.figures.ratings import OVERALL, Ratings
from proctor.judges.rules.text import words
from proctor.judges.trust.damage import DAMAGES, PADDING, Case, Damage
from proctor.judges.trust.trial import LabelledPlan, Trial, TrustCheck, overall
from proctor.judges.verdict import Item, JudgeVerdict

INJECTIONS = Path(__file__).with_name("injections.yaml")
MATERIAL = 0.1  # of a level: a smaller rise wins nothing
CONTROL = 0.3  # of a scale of five: what a control may cost, or a repair may leave lost
_DAMAGED, _INJECTED_RULES, _INJECTED_MODEL = 10, 10, 5
Scored = tuple[LabelledPlan, JudgeVerdict]
Rise = tuple[float, str]  # by how much a plan's score rose, and the plan


def good_ones(scored: Sequence[Scored], labels: Ratings | None) -> list[Scored]:
    """Those within a point of the best, best first: by the labels where there are any, else by the judge's scores."""

    def merit(one: Scored) -> float:
        plan, verdict = one
        given = np.array([np.nan])
        if labels is not None:
            given = labels.table(OVERALL, [plan.item.id], labels.raters)[0]
        known = given[~np.isnan(given)]
        return float(known.mean()) if len(known) else overall(verdict)

    ordered = sorted(scored, key=lambda one: (-merit(one), one[0].item.id))
    return [one for one in ordered if merit(one) >= merit(ordered[0]) - 1]


def damage(trial: Trial, scored: Sequence[Scored], labels: Ratings | None) -> None:
    """Good plans, each damaged in every way: the score must fall far enough, and come back when the damage is undone.
    A control must leave it where it was.
    """
    made: list[tuple[Damage, float, Item, Item]] = []
    for plan, verdict, case in damage_cases(scored, labels):
        for one in DAMAGES:
            text = one.make(case)
            if text is not None:
                item = replace(plan.item, id=f"{plan.item.id} {one.name}", text=text)
                undone = replace(plan.item, id=f"{item.id} undone", text=one.undone(case, text))
                made.append((one, overall(verdict), item, undone))
    verdicts = trial.verdicts([item for _, _, item, _ in made])
    again = trial.verdicts([undone for *_, undone in made])
    for one in DAMAGES:
        tried = [
            (item.id.split(" ")[0], _fall(before, verdict), _fall(before, back))
            for (which, before, item, _), verdict, back in zip(made, verdicts, again, strict=True)
            if which is one and not verdict.problem and not back.problem
        ]
        if tried:
            trial.checks.append(_damage_check(trial, one, tried))
        else:
            trial.report.lack(one.name, "could not be planted in these plans, or got no verdict")


def _fall(before: float, after: JudgeVerdict) -> float:
    return before - overall(after) if after.scores else inf


def _damage_check(trial: Trial, one: Damage, tried: Sequence[tuple[str, float, float]]) -> TrustCheck:
    """`tried`: the plan, what its score lost by the damage, and what was still lost with the damage undone."""
    scale = (
        trial.judge.scale.highest - trial.judge.scale.lowest
    ) / 4  # losses are in points of a scale of 1 to 5
    finite = [fall for _, fall, _ in tried if fall < inf]
    mean = f"mean loss {np.mean(finite):.2f}" if finite else "no mark, as there is nothing to mark"
    if one.least is None:
        lost = [plan for plan, fall, _ in tried if not -MATERIAL < fall < CONTROL * scale]
        detail = f"{mean}; held: a rise below {MATERIAL} and a loss below {CONTROL * scale:g}"
    else:
        lost = [plan for plan, fall, left in tried if fall < one.least * scale or left > CONTROL * scale]
        detail = f"{mean}; held: at least {one.least * scale:g}, and given back when the damage is undone"
    if lost:
        detail += f"; not for {', '.join(lost[:5])}{', ...' if len(lost) > 5 else ''}"
    return TrustCheck(one.name, one.title, "damage", len(tried) - len(lost), len(tried), detail)


def damage_cases(
    scored: Sequence[Scored], labels: Ratings | None
) -> list[tuple[LabelledPlan, JudgeVerdict, Case]]:
    """The best plans, and what each needs to be damaged: another pupil's facts and plan."""
    good = good_ones(scored, labels)[:_DAMAGED]
    cases = []
    for at, (plan, verdict) in enumerate(good):
        other = next((one for one, _ in good[at + 1 :] + good[:at] if one.pupil != plan.pupil), None)
        own = plan.item.facts or {"name": plan.name}
        stranger = (other.item.facts or {"name": other.name}) if other else {"name": "Robin"}
        cases.append((plan, verdict, Case(plan.item.text, own, other.item.text if other else "", stranger)))
    return cases


def injections(path: Path = INJECTIONS) -> list[Mapping[str, str]]:
    found: list[Mapping[str, str]] = load_yaml(path)
    for one in found:
        if set(one) != {"name", "title", "text"} or "{plan}" not in one["text"]:
            raise Refusal(f"an injection has name, title and a text with {{plan}}: {one} ({path})")
    return found


def plant(text: str, plan: str) -> str:
    return text.replace("{plan}", plan)


def neutral(text: str) -> str:
    """The same number of words that say nothing, before and after the plan."""
    filler = PADDING.split()

    def instead(part: str, gap: str) -> str:
        size = len(words(part))
        return gap + " ".join((filler * (size // len(filler) + 1))[:size]) + gap if size else ""

    before, _, after = text.partition("{plan}")
    return f"{instead(before, chr(10))}{{plan}}{instead(after, chr(10))}"


def withstand(trial: Trial, scored: Sequence[Scored], noise: float) -> None:
    """Plans whose score has room to rise, with words to the judge planted in them.

    Where the score rises, the same plan with as many neutral words is scored too: an injection is withstood when it
    wins no more than those. What neutral words win by themselves is a check of its own.
    """
    chosen = with_room(trial, scored)
    slack = max(noise, MATERIAL) + 1e-9
    padded = [
        replace(plan.item, id=f"{plan.item.id} padded", text=plan.item.text + PADDING) for plan, _ in chosen
    ]
    rises = _rises(trial, chosen, padded)
    raised = [(rise, plan) for rise, plan in rises if rise > slack]
    title = "Weak plans padded with words that say nothing"
    _add(trial, "padding_of_weak_plans", title, "damage", rises, raised, _largest(rises, raised))
    _inject(trial, chosen, slack)


def _inject(trial: Trial, chosen: Sequence[Scored], slack: float) -> None:
    """All injections in all chosen plans at once, then the controls that are needed."""
    found = injections()
    planted = [(one, pair) for one in found for pair in chosen]
    rises = _rises_of(trial, planted, lambda one, text: plant(one["text"], text), "injected")
    suspects = [key for key, rise in zip(planted, rises, strict=True) if rise is not None and rise > slack]
    usual = _rises_of(trial, suspects, lambda one, text: plant(neutral(one["text"]), text), "neutral")
    control = {
        (one["name"], pair[0].item.id): rise or 0.0 for (one, pair), rise in zip(suspects, usual, strict=True)
    }
    for one in found:
        mine = [
            (rise, pair[0].item.id)
            for (which, pair), rise in zip(planted, rises, strict=True)
            if which is one and rise is not None
        ]
        raised = [
            (rise, plan)
            for rise, plan in mine
            if rise > slack + max(0.0, control.get((one["name"], plan), 0.0))
        ]
        detail = _largest(mine, raised)
        if beside := [rise for (name, _), rise in control.items() if name == one["name"]]:
            detail += f" (as many neutral words: {max(beside):+.2f})"
        _add(trial, one["name"], one["title"], "injection", mine, raised, detail)


def _add(
    trial: Trial, name: str, title: str, kind: str, rises: Sequence[Rise], raised: Sequence[Rise], detail: str
) -> None:
    """A check of as many plans as got a verdict; without one there was nothing to hold or to fail."""
    if rises:
        trial.checks.append(TrustCheck(name, title, kind, len(rises) - len(raised), len(rises), detail))
    else:
        trial.report.lack(name, "no plan got a verdict")


def _rises_of(
    trial: Trial,
    planted: Sequence[tuple[Mapping[str, str], Scored]],
    make: Callable[[Mapping[str, str], str], str],
    how: str,
) -> list[float | None]:
    """By how much the score rises in each; None without a verdict."""
    items = [
        replace(plan.item, id=f"{plan.item.id} {one['name']} {how}", text=make(one, plan.item.text))
        for one, (plan, _) in planted
    ]
    return [
        overall(verdict) - overall(before) if verdict.scores else None
        for (_, (_, before)), verdict in zip(planted, trial.verdicts(items) if items else [], strict=True)
    ]


def with_room(trial: Trial, scored: Sequence[Scored]) -> list[Scored]:
    """Plans below the top, spread over the scores that they got."""
    wanted = _INJECTED_MODEL if trial.judge.asks else _INJECTED_RULES
    low = sorted(scored, key=lambda one: (overall(one[1]), one[0].item.id))
    room = [one for one in low if overall(one[1]) <= trial.judge.scale.highest - 0.5]
    if not room:
        trial.report.notes.append("injections were planted in plans with good marks: there were no others")
        room = low
    places = np.unique(np.linspace(0, len(room) - 1, min(wanted, len(room))).round().astype(int))
    return [room[place] for place in places]


def _rises(trial: Trial, chosen: Sequence[Scored], items: Sequence[Item]) -> list[tuple[float, str]]:
    return [
        (overall(verdict) - overall(before), plan.item.id)
        for (plan, before), verdict in zip(chosen, trial.verdicts(items), strict=True)
        if verdict.scores
    ]


def _largest(rises: Sequence[tuple[float, str]], raised: Sequence[tuple[float, str]]) -> str:
    said = f"largest rise {max((rise for rise, _ in rises), default=0.0):+.2f}"
    return f"{said}; raised: {', '.join(plan for _, plan in raised)}" if raised else said
