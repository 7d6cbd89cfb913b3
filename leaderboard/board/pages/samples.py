"""The responses of a cell, with their data in parts that a browser loads as it needs them.

The data are JavaScript and not JSON because a page opened from disk may load scripts and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import pandas as pd

from proctor.harness.record import TaskRecord
from proctor.leaderboard.board.escape import script, visible
from proctor.leaderboard.compare import formatting

PART_BYTES = 200_000
MOST_SCORES = 12  # to choose from
TEXTS = ["sample_id", "cluster", "prompt", "response", "answer", "target", "explanation", "judge"]
LIGHT = ("epoch", "score", "mark", "status")  # of all rows at once, beside their ids
CHECK = "check_"
WORDS = {
    "tp": "named rightly", "fp": "named wrongly", "fn": "missed", "unknown": "not in the taxonomy", "f1": "F1",
    "steps_right": "right equations", "steps_total": "equations",
}  # fmt: skip


def scores_to_choose(rows: Sequence[Mapping[str, Any]], task: TaskRecord) -> list[str]:
    scores = {str(shown["mark"]) for shown in rows}
    return sorted(scores) if task.kind == "binary" and len(scores) <= MOST_SCORES else []


def rows_of(rows: pd.DataFrame, task: TaskRecord) -> list[dict[str, Any]]:
    """The rows as shown: figures rounded as everywhere, text with nothing unseen in it."""
    shown = []
    columns = {name: rows[name].tolist() for name in rows}  # pandas' own records take three times as long
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        score = _number(row["score"])
        status = row["status"]
        if row["truncated"]:
            status += ", truncated"  # words that the page filters by, each by itself
        shown.append(
            {
                **{name: visible(row[name] or "") for name in TEXTS},
                "status": status,
                "epoch": row["epoch"],
                "score": score,
                "mark": formatting.response_score(score, task),
                "figures": [(visible(name), value) for name, value in figures(row["metrics"] or {})],
                "tokens_in": _whole(row["tokens_in"]),
                "tokens_out": _whole(row["tokens_out"]),
                "seconds": formatting.plain(_number(row["seconds"])),
                "prompt_hash": row["prompt_hash"][:12],
            }
        )
    return shown


def figures(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """An answer's figures by names that people read; its checks by whether they were passed."""
    words = []
    checks: dict[float, list[str]] = {1.0: [], 0.0: []}
    for name, number in metrics.items():
        value = _number(number)
        if value is None or name == "parsed":  # the status says as much
            continue
        if name.startswith(CHECK) and value in checks:
            checks[value].append(name.removeprefix(CHECK).replace("_", " "))
        else:
            words.append((WORDS.get(name, name.replace("_", " ")), formatting.plain(value)))
    for title, names in (("passed:", checks[1.0]), ("failed:", checks[0.0])):
        if names:
            words.append((title, ", ".join(names)))
    return words


def files(key: str, rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """`rows.js` says which answers there are and in which part each stands; the parts hold their text."""
    parts: list[list[str]] = [[]]
    size = 0
    light: dict[str, list[Any]] = {name: [] for name in ("id", "part", *LIGHT)}
    for row in rows:
        light["id"].append(row["sample_id"])
        for name in LIGHT:
            light[name].append(row[name])
        text = script(row)
        if parts[-1] and size + len(text) > PART_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(text)
        size += len(text)
        light["part"].append(len(parts) - 1)
    yield f"data/{key}/rows.js", f'proctor.rows("{key}",{script(light)});\n'
    for n, part in enumerate(parts):
        yield f"data/{key}/{n}.js", f'proctor.part("{key}/{n}",[{",".join(part)}]);\n'


def _number(value: Any) -> float | None:
    """None for a null, which pandas gives back as not-a-number."""
    return None if value is None or not isfinite(value) else float(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
