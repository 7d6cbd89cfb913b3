"""Ratings, labels and verdicts in files, and the figures that come of them."""

import csv
import io
import json
import random

from proctor.common.stats.bootstrap import Bootstrap
from tests.support.command import proctor

QUICK = Bootstrap(resamples=0)


def rated(items=30, raters=("ada", "ben", "cem"), dimensions=("clear", "useful"), seed=1, missing=0.0):
    draw = random.Random(seed)
    rows = []
    for n in range(items):
        for dimension in dimensions:
            truth = random.Random(f"{n} {dimension}").randint(1, 5)
            for rater in raters:
                mark = min(5, max(1, truth + draw.choice((-1, 0, 0, 0, 1))))
                score = None if draw.random() < missing else mark
                rows.append({"item_id": f"i{n}", "rater": rater, "dimension": dimension, "score": score})
    return rows


def judged(pairs=60, seed=1, raters=("judge",), orders=("ab", "ba"), noise=0.3):
    draw = random.Random(seed)
    return [
        {
            "item_id": f"p{n}",
            "order": order,
            "rater": rater,
            "verdict": draw.choice(("a", "b", "tie"))
            if draw.random() < noise
            else random.Random(n).choice(("a", "a", "b", "tie")),
        }
        for n in range(pairs)
        for rater in raters
        for order in orders
    ]


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def as_csv(path, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())
    return path


def trust(*arguments, code=0):
    done = proctor("judge", "trust", "--json", "--resamples", "50", *map(str, arguments))
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr


def value(report, name, dimension="overall", judge=None, against=None):
    found = [
        one
        for one in report.figures
        if one.name == name
        and one.dimension == dimension
        and judge in (None, one.judge)
        and against in (None, one.against)
    ]
    assert len(found) == 1, [(one.judge, one.against) for one in found]
    return found[0].value
