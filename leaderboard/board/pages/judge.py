"""How far to trust a judge: its card, the warning that goes with its scores, and the verdicts that it did not give."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.harness import record
from proctor.leaderboard.board.escape import line
from proctor.leaderboard.board.shown import when
from proctor.leaderboard.compare.tables import Ranking, dressed

if TYPE_CHECKING:
    import pandas as pd


MOST_REASONS = 12
WHOLE = ("", "overall")  # what a judge's figure says of whole answers, not of one of their dimensions
DAMAGED = "The trust card of this judge is damaged: make it again with proctor judge trust."
SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def cards(results: Path) -> dict[str, dict[str, Any]]:
    """Every trust card. A damaged one warns wherever that judge's scores are; the warning names no path of ours."""
    found = {name: card for name, card in record.read_cards(results).items() if SAFE_NAME.fullmatch(name)}
    return {name: card if "checks" in card else {"warning": DAMAGED} for name, card in found.items()}


def judges_of(ranking: Ranking) -> list[str]:
    """Who scored by something else than a task's own rules. A name that could be no file has no page."""
    named = {task.scored_by for task in ranking.tasks.values()} - {"rules"}
    return sorted(name for name in named if SAFE_NAME.fullmatch(name))


def with_warnings(ranking: Ranking, found: Mapping[str, Mapping[str, Any]]) -> Ranking:
    """Each task learns of its judge's page and of what the judge's card warns of."""
    judges = {*judges_of(ranking), *found}
    pages, warnings = {}, {}
    for task, about in ranking.tasks.items():
        if about.scored_by in judges:
            pages[task] = about.scored_by
        warnings[task] = str(found.get(about.scored_by, {}).get("warning") or "")
    return replace(ranking, judge_pages=pages, warnings=warnings)


def page(
    judge: str, card: Mapping[str, Any] | None, ranking: Ranking, missing: Mapping[str, Counter[str]]
) -> dict[str, Any]:
    """`missing`: for each task that it scored, why answers got no verdict, and how often."""
    card = card or {}
    tasks = [
        {
            "name": task,
            "title": about.title,
            "rows": sum(row.scores[task].rows for row in ranking.rows if task in row.scores),
            "missing": sum(missing.get(task, Counter()).values()),
            "reasons": _reasons(missing.get(task, Counter())),
        }
        for task, about in ranking.tasks.items()
        if about.scored_by == judge
    ]
    figures = [_figure(one) for one in _told(card, "figures")]
    labels = card.get("labels") if isinstance(card.get("labels"), dict) else None
    return {
        "name": judge,
        "there": "checks" in card,
        "kind": str(card.get("kind", "")),
        "by": str(card.get("by", "")),
        "made": when(str(card.get("made", ""))),
        "digest": str(card.get("digest", "")),
        "size": card.get("items"),
        "labels": _labels(labels) if labels else None,
        "warning": str(card.get("warning") or ""),
        "unparsed": card.get("unparsed") or None,
        "whole": [one for one in figures if one["dimension"] in WHOLE],
        "inside": [one for one in figures if one["dimension"] not in WHOLE],
        "checks": sorted((_check(one) for one in _told(card, "checks")), key=lambda one: bool(one["passed"])),
        "absent": [(str(one.get("name", "")), str(one.get("why", ""))) for one in _told(card, "missing")],
        "tasks": tasks,
    }


def _labels(labels: Mapping[str, Any]) -> str:
    raters = [str(one) for one in labels.get("raters") or []]
    return (
        f"{labels.get('n', 0)} by {len(raters)} rater{'' if len(raters) == 1 else 's'}: {', '.join(raters)}"
    )


def _told(card: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = card.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _figure(one: Mapping[str, Any]) -> dict[str, str]:
    low, high = _number(one.get("low")), _number(one.get("high"))
    value = _number(one.get("value"))
    return {
        "title": str(one.get("title") or one.get("name", "")),
        "dimension": str(one.get("dimension") or ""),
        "value": "none" if value is None else two(value),
        "sort": "" if value is None else str(value),
        "interval": "" if low is None or high is None else f"{two(low)} to {two(high)}",
        "n": str(one.get("n") if one.get("n") is not None else ""),
        "note": str(one.get("note") or ""),
    }


def _check(one: Mapping[str, Any]) -> dict[str, Any]:
    held, of = one.get("held"), one.get("of")
    return {
        "title": str(one.get("title") or one.get("name", "")),
        "kind": str(one.get("kind") or ""),
        "passed": one.get("passed") is True,
        "held": "" if held is None or of is None else f"{held} of {of}",
        "detail": str(one.get("detail") or ""),
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def two(value: float) -> str:
    """Agreement and rates are told to two digits after the point."""
    return dressed(f"{value:.2f}")


def unscored(rows: "pd.DataFrame") -> Counter[str]:
    """Why answers have no score, by the first line of what was noted."""
    why = rows.loc[rows["score"].isna(), "explanation"]
    return Counter(line(str(words or "").split("\n")[0]) or "no reason noted" for words in why)


def _reasons(found: Iterable[str] | Counter[str]) -> list[tuple[str, int]]:
    ordered = sorted(Counter(found).items(), key=lambda one: (-one[1], one[0]))
    rest = sum(n for _, n in ordered[MOST_REASONS:])
    return ordered[:MOST_REASONS] + ([("other reasons", rest)] if rest else [])
