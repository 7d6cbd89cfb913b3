"""The responses of a cell, with their data in parts that a browser loads as it needs them.

The data are JavaScript and not JSON because a page opened from disk may load scripts and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from proctor.harness.record import TaskRecord
from proctor.leaderboard.board.escape import script
from proctor.leaderboard.board.shown import cell, task_head
from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.pairs import NONE
from proctor.leaderboard.compare.tables import Ranking

if TYPE_CHECKING:
    import pandas as pd


PART_BYTES = 200_000
TEXTS = (
    "sample_id", "cluster", "prompt", "response", "answer", "target", "explanation", "judge",
)  # fmt: skip
CHECK = "check_"
WORDS = {
    "tp": "named rightly", "fp": "named wrongly", "fn": "missed", "unknown": "not in the taxonomy", "f1": "F1",
    "steps_right": "right equations", "steps_total": "equations",
}  # fmt: skip
OTHERS = (
    "epoch", "score", "metrics", "tokens_in", "tokens_out", "seconds", "prompt_hash", "status", "truncated",
)  # fmt: skip


def page(ranking: Ranking, variant: str, task: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    row = next(row for row in ranking.rows if row.variant == variant)
    score, about = row.scores[task], ranking.tasks[task]
    marks = sorted({str(one["mark"]) for one in rows})
    return {
        "variant": variant,
        "task": task,
        "head": task_head(ranking, task),
        "shown": cell(ranking, row, task, NONE),
        "statuses": [(status, n) for status, n in score.statuses.items() if n],
        "marks": marks if about.kind == "binary" and len(marks) <= 12 else [],
        "rows": len(rows),
        "kind": about.kind,
        "others": [
            (name, one.title) for name, one in ranking.tasks.items() if name != task and name in row.scores
        ],
    }


def rows_of(rows: "pd.DataFrame", task: TaskRecord, visible: Callable[[str], str]) -> list[dict[str, Any]]:
    """The rows as shown: figures rounded as everywhere, text with nothing unseen in it."""
    columns = {name: rows[name].tolist() for name in (*TEXTS, *OTHERS)}
    shown = []
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        score = _number(row["score"])
        shown.append(
            {name: visible(row[name] or "") for name in TEXTS}
            | {
                "status": _outcome(row["status"], row["truncated"]),
                "epoch": row["epoch"],
                "score": score,
                "mark": tables.mark(score, task),
                "figures": [(visible(name), value) for name, value in figures(row["metrics"] or {})],
                "tokens_in": _whole(row["tokens_in"]),
                "tokens_out": _whole(row["tokens_out"]),
                "seconds": tables.plain(_number(row["seconds"])),
                "prompt_hash": row["prompt_hash"][:12],
            }
        )
    return shown


def _outcome(status: str, truncated: bool) -> str:
    """Words that the page of answers filters by, each by itself: 'unparsed, truncated'."""
    return f"{status}, truncated" if truncated else status


def figures(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """An answer's figures by names that people read; its checks by whether they were passed."""
    known = {name: value for name, told in metrics.items() if (value := _number(told)) is not None}
    checks = {name: value for name, value in known.items() if name.startswith(CHECK) and value in (0.0, 1.0)}
    told = [
        (WORDS.get(name, name.replace("_", " ")), tables.plain(value))
        for name, value in known.items()
        if name not in checks and name != "parsed"  # the status says as much
    ]
    for words, mark in (("passed", 1.0), ("failed", 0.0)):
        names = [name.removeprefix(CHECK).replace("_", " ") for name in checks if checks[name] == mark]
        if names:
            told.append((f"{words}:", ", ".join(names)))
    return told


def files(key: str, rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """`rows.js` says which answers there are and in which part each stands; the parts hold their text."""
    batches: list[list[str]] = [[]]
    size = 0
    where = []
    for row in rows:
        text = script(row)
        if batches[-1] and size + len(text) > PART_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(text)
        size += len(text)
        where.append(len(batches) - 1)
    light = {
        "id": [row["sample_id"] for row in rows],
        "epoch": [row["epoch"] for row in rows],
        "score": [row["score"] for row in rows],
        "mark": [row["mark"] for row in rows],
        "status": [row["status"] for row in rows],
        "part": where,
    }
    yield f"data/{key}/rows.js", f'proctor.rows("{key}",{script(light)});\n'
    for n, batch in enumerate(batches):
        yield f"data/{key}/{n}.js", f'proctor.part("{key}/{n}",[{",".join(batch)}]);\n'


def _number(value: Any) -> float | None:
    """None for a null, which pandas gives back as not-a-number."""
    return float(value) if value is not None and isfinite(value) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
