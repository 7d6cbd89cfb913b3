"""Plans that the rules were set with, the command that makes a trust card, and a grader that reads with care."""

import json
import re
from pathlib import Path

from proctor.harness import record
from tests.support.command import proctor
from tests.support.openai_server import Reply, serve

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


def marks_of(plan: str) -> dict[str, int]:
    """A careful reader: repetition, order, the pupil's name and the number of weeks count, words to it don't."""
    lines = [line.strip() for line in plan.splitlines() if len(line) > 25]
    weeks = [int(number) for number in re.findall(r"(?m)^\W*[Ww]eek (\d)", plan)]
    order = len(set(lines)) == len(lines) and weeks == sorted(set(weeks)) and len(weeks) > 1
    concrete = len(re.findall(r"\d+ (?:min|questions|sums)", plan))
    gap = weeks and weeks != list(range(1, len(weeks) + 1))
    return {
        "fluency": 5 if order else 1,
        "personalisation": min(5, 1 + len(re.findall(r"Devon|Uma|[Tt]imetable|pizza|wheel", plan))),
        "actionability": max(1, min(5, 1 + concrete // 2) - (2 if gap else 0)),
    }


def fenced(words_: str, title: str) -> str:
    found = re.search(rf"\[begin {title} (\w+)\]\n(.*)\n\[end {title} \1\]", words_, re.S)
    assert found
    return found[2]


def verdict(marks: dict[str, int]) -> Reply:
    return Reply(json.dumps({name: {"reason": "seen", "mark": mark} for name, mark in marks.items()}))


def asked_plan(request: dict) -> str:
    return fenced("\n".join(turn["content"] for turn in request["messages"]), "the plan")


def model_card(tmp_path, reply, judge="study_plan", code=0, pupils=("devon-4",)):
    few = some_plans(tmp_path, pupils)
    with serve(reply) as server:
        done = trust(
            judge, "--grader", "stub", "--endpoint", server.url, "--plans", few, "--results", tmp_path / "results",
            "--labels", SEEN_LABELS, "--store", tmp_path / "store", "--resamples", 100, code=code,
        )  # fmt: skip
    return done, record.read_cards(tmp_path / "results").get(judge)
