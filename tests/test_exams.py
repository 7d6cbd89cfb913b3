"""All four exams through the echo engine: gold scores everything, shuffled what chance gives, silence nothing."""

import os
import random

import pytest

from harness import record
from tasks import TASKS

# What shuffled gold may score at most: two items may share an answer, a concept or a whole way of planning.
CHANCE = {"gsm8k": 0.05, "word_problems": 0.06, "concepts": 0.12, "study_plan": 3.6}
LIMIT = {"gsm8k": 150}


@pytest.mark.parametrize("task", list(TASKS))
def test_gold_scores_everything_shuffled_what_chance_gives_and_silence_nothing(home, task):
    if task == "gsm8k" and not os.environ.get("PROCTOR_DATA"):
        pytest.skip("PROCTOR_DATA is not set: the folder that holds gsm8k/train.jsonl and gsm8k/test.jsonl")
    docs = TASKS[task].docs("test")[: LIMIT.get(task)]
    gold = {doc["id"]: doc.get("target", doc.get("answer")) for doc in docs}
    moved = dict(zip(gold, random.Random(7).sample(list(gold.values()), len(gold)), strict=True))
    home.echo("gold", lambda doc: gold.get(doc["id"], ""), task)
    home.echo("shuffled", lambda doc: moved.get(doc["id"], ""), task)
    home.echo("silent", lambda doc: "", task)
    suite = home.suite(
        variants=["gold", "shuffled", "silent"], tasks=[task], baseline="gold",
        limit={task: LIMIT[task]} if task in LIMIT else {},
    )  # fmt: skip
    done = home.run(suite)
    assert done.returncode == 0, done.stderr
    rows = {name: record.read(home.results, name, task).rows() for name in ("gold", "shuffled", "silent")}
    assert all(len(found) == len(docs) for found in rows.values())
    top = TASKS[task].scale[1]
    assert rows["gold"]["score"].mean() == pytest.approx(top, rel=1e-3)
    assert set(rows["gold"]["status"]) == {"ok"}
    assert 0 <= rows["shuffled"]["score"].mean() < CHANCE[task]
    assert (rows["silent"]["score"] == 0).all()
    assert set(rows["silent"]["status"]) == {"unparsed"}
