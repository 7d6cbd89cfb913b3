"""Verdicts as rows of a file: all that was said, or only what the tools for labels read."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from proctor.common.files import csv_text, write_json_lines, write_text
from proctor.judges.prompt import profile_text
from proctor.judges.verdict import Item, JudgeVerdict, Pair, PairVerdict

SCORED = ("overall", "scores", "parsed", "problem", "reason", "reasons", "explanation")
COMPARED = ("verdict", "orders", "flipped", "consistent", "problem", "reason", "reasons")


def as_row(verdict: JudgeVerdict | PairVerdict) -> dict[str, Any]:
    """Everything about one verdict; readings and members of a panel within it. A score that is missing is null."""
    row: dict[str, Any] = {"item_id": verdict.item, "judge": verdict.judge, "by": verdict.method}
    names = COMPARED
    if isinstance(verdict, JudgeVerdict):
        names = SCORED
    row |= {name: getattr(verdict, name) for name in names}
    row["usage"] = asdict(verdict.usage)
    for name in ("repeats", "members"):
        inner = getattr(verdict, name, ())
        if inner:
            row[name] = [as_row(part) for part in inner]
    return row


def clusters_of(things: Sequence[Item | Pair]) -> dict[str, dict[str, str]]:
    """What rows say beside an id so that texts for one pupil hang together: the first id of that pupil. Nothing where
    every pupil has one text.
    """
    first: dict[str, str] = {}
    for thing in things:
        first.setdefault(profile_text(thing.profile), thing.id)
    if len(first) == len(things):
        return {}
    return {thing.id: {"cluster": first[profile_text(thing.profile)]} for thing in things}


def ratings_of(verdicts: Iterable[JudgeVerdict], items: Sequence[Item]) -> list[dict[str, Any]]:
    """Rows of item_id, rater, dimension, score: a rater for each reading of each grader. Null where a score is missing;
    a text without a word has none.
    """
    clusters = clusters_of(items)
    verdicts = list(verdicts)
    names: dict[str, None] = {}
    for verdict in verdicts:
        names |= dict.fromkeys(verdict.scores)
    rows = []
    for verdict in verdicts:
        cluster = clusters.get(verdict.item, {})
        for rater, reading in _readings(verdict):
            for name in names if reading.parsed else ():
                row = {"item_id": verdict.item, "rater": rater, "dimension": name}
                rows.append({**row, "score": reading.scores.get(name), **cluster})
    return rows


def preferences_of(
    verdicts: Iterable[PairVerdict], a: str, b: str, pairs: Sequence[Pair]
) -> list[dict[str, Any]]:
    """Rows of item_id, order, verdict, rater, plan_a, plan_b: one an order and grader, null where it is missing."""
    clusters = clusters_of(pairs)
    rows: list[dict[str, Any]] = []
    for verdict in verdicts:
        for member in verdict.members or (verdict,):
            for order, choice in member.orders.items():
                row = {"item_id": verdict.item, "order": order, "verdict": choice, "rater": member.method}
                rows.append({**row, "plan_a": a, "plan_b": b, **clusters.get(verdict.item, {})})
    return rows


def standing(verdicts: Sequence[PairVerdict], a: str, b: str) -> str:
    """Who was preferred how often, in one line."""
    counted = Counter(verdict.verdict for verdict in verdicts)
    changed = sum(verdict.consistent is False for verdict in verdicts)
    parts = [f"{a} better {counted['a']}", f"{b} better {counted['b']}", f"tie {counted['tie']}"]
    return f"{', '.join(parts)} of {len(verdicts)} pairs ({changed} changed with the order)"


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """As CSV or JSONL, by the name's ending; whole or not at all."""
    if path.suffix == ".csv":
        write_text(path, csv_text(list(rows[0]) if rows else ["item_id"], rows))
    else:
        write_json_lines(path, rows)


def _readings(verdict: JudgeVerdict) -> Iterable[tuple[str, JudgeVerdict]]:
    for member in verdict.members or (verdict,):
        if not member.repeats:
            yield member.method, member
        for number, reading in enumerate(member.repeats, 1):
            yield f"{member.method}#{number}", reading
