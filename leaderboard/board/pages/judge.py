"""How far to trust a judge: its card, the warning that goes with its scores, and the verdicts that it did not give."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.shown import when
from proctor.leaderboard.compare import trust
from proctor.leaderboard.compare.formatting import with_minus
from proctor.leaderboard.compare.ranking import Ranking
from proctor.leaderboard.compare.trust import SAFE_NAME, Card

if TYPE_CHECKING:
    import pandas as pd

MOST_REASONS = 12
WHOLE = ("", "overall")  # what a judge's figure says of whole answers, not of one of their dimensions


def judges_of(ranking: Ranking) -> list[str]:
    """Who scored by something else than a task's own rules. A name that could be no file has no page."""
    judges = set()
    for task in ranking.tasks.values():
        if task.scored_by != "rules" and SAFE_NAME.fullmatch(task.scored_by):
            judges.add(task.scored_by)
    return sorted(judges)


def with_warnings(ranking: Ranking, cards: Mapping[str, Card]) -> Ranking:
    """Each task learns of its judge's page and of what the judge's card warns of."""
    judges = {*judges_of(ranking), *cards}
    pages, warnings = {}, {}
    for task, about in ranking.tasks.items():
        if about.scored_by in judges:
            pages[task] = about.scored_by
        warnings[task] = trust.warning(about, cards)
    return replace(ranking, judge_pages=pages, warnings=warnings)


def page(
    judge: str, card: Card | None, ranking: Ranking, missing: Mapping[str, Counter[str]]
) -> dict[str, Any]:
    """`missing`: for each task that it scored, why answers got no verdict, and how often."""
    card = card or {}
    tasks = []
    for task, about in ranking.tasks.items():
        if about.scored_by == judge:
            reasons = missing.get(task, Counter())
            tasks.append(
                {
                    "name": task,
                    "title": about.title,
                    "rows": sum(score.run.rows for score in ranking.scores(task).values()),
                    "missing": reasons.total(),
                    "reasons": _most_frequent(reasons),
                }
            )
    whole, inside = [], []
    for figure in map(_figure, _entries(card, "figures")):
        if figure["dimension"] in WHOLE:
            whole.append(figure)
        else:
            inside.append(figure)
    checks = map(_check, _entries(card, "checks"))
    return {
        "name": judge,
        "there": "checks" in card,
        "kind": _text(card, "kind"),
        "by": _text(card, "by"),
        "made": when(_text(card, "made")),
        "digest": _text(card, "digest"),
        "size": card.get("items"),
        "labels": _labels(card.get("labels")),
        "warning": _text(card, "warning"),
        "unparsed": card.get("unparsed") or None,
        "whole": whole,
        "inside": inside,
        "checks": sorted(checks, key=lambda check: bool(check["passed"])),
        "absent": [(_text(entry, "name"), _text(entry, "why")) for entry in _entries(card, "missing")],
        "tasks": tasks,
    }


def _text(entry: Card, name: str) -> str:
    return str(entry.get(name) or "")


def _entries(card: Card, name: str) -> list[Card]:
    entries = card.get(name)
    if not isinstance(entries, list):
        return []
    return [entry for entry in entries if isinstance(entry, dict)]


def _labels(labels: Any) -> str | None:
    if not isinstance(labels, dict) or not labels:
        return None
    raters = list(map(str, labels.get("raters") or []))
    plural = "" if len(raters) == 1 else "s"
    return f"{labels.get('n', 0)} by {len(raters)} rater{plural}: {', '.join(raters)}"


def _figure(entry: Card) -> dict[str, str]:
    low, high, value = _number(entry, "low"), _number(entry, "high"), _number(entry, "value")
    words = {"value": "none", "sort": "", "interval": "", "n": ""}
    if value is not None:
        words |= {"value": _two_digits(value), "sort": str(value)}
    if low is not None and high is not None:
        words["interval"] = f"{_two_digits(low)} to {_two_digits(high)}"
    if entry.get("n") is not None:
        words["n"] = str(entry["n"])
    title = _text(entry, "title") or _text(entry, "name")
    return {"title": title, "dimension": _text(entry, "dimension"), "note": _text(entry, "note"), **words}


def _check(entry: Card) -> dict[str, Any]:
    held, of = entry.get("held"), entry.get("of")
    words = ""
    if held is not None and of is not None:
        words = f"{held} of {of}"
    return {
        "title": _text(entry, "title") or _text(entry, "name"),
        "kind": _text(entry, "kind"),
        "passed": entry.get("passed") is True,
        "held": words,
        "detail": _text(entry, "detail"),
    }


def _number(entry: Card, name: str) -> float | None:
    value = entry.get(name)
    if isinstance(value, int | float) and isfinite(value):
        return float(value)
    return None


def _two_digits(value: float) -> str:
    """Agreement and rates, to two digits after the point."""
    return with_minus(f"{value:.2f}")


def unscored(rows: "pd.DataFrame") -> Counter[str]:
    """Why answers have no score, by the first line of what was noted."""
    reasons: Counter[str] = Counter()
    for note in rows.loc[rows["score"].isna(), "explanation"]:
        first, *_ = str(note or "").split("\n")
        reasons[line(first) or "no reason noted"] += 1
    return reasons


def _most_frequent(reasons: Counter[str]) -> list[tuple[str, int]]:
    ordered = sorted(reasons.items(), key=lambda reason: (-reason[1], reason[0]))
    rest = sum(n for _, n in ordered[MOST_REASONS:])
    return [*ordered[:MOST_REASONS], ("other reasons", rest)] if rest else ordered
