"""Plans that the rules were set with, and the command that makes a trust card."""

import json
from pathlib import Path

from tests.support.command import proctor

# Plans of two pupils that a stand-in for a model can read; the rules were set with these in view.
SEEN = Path(__file__).parent.parent / "support" / "data" / "development_plans.jsonl"
SEEN_LABELS = SEEN.with_name("development_labels.csv")


def some_plans(tmp_path, pupils=("devon-4", "uma-7")):
    """The authors' plans for these pupils, in a file."""
    tmp_path.mkdir(exist_ok=True)
    rows = [json.loads(line) for line in SEEN.read_text().splitlines()]
    chosen = [row for row in rows if row["pupil"] in pupils and not row["id"].startswith("tiny")]
    path = tmp_path / "plans.jsonl"
    path.write_text("\n".join(map(json.dumps, chosen)))
    return path


def trust(*arguments, code=0):
    done = proctor("judge", "trust", *map(str, arguments))
    assert done.returncode == code, done.stderr
    return done
