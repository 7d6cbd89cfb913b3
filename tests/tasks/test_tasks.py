"""All tasks through the echo engine: gold scores everything, shuffled what chance gives, silence nothing."""

import io
import os
import random
import statistics

import pytest

from proctor.common.progress import Reporter
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.run import run_suite
from proctor.tasks import TASKS
from proctor.tasks.draw import TaskItems

LIMIT = {
    "study_plan": 20,
    "questions": 20,
    "diagnosis": 20,
}  # Inspect's; gold is scored whole beside each task
OTHERS = 100
WITHOUT_DATA = "PROCTOR_DATA is not set: the folder that holds the files of GSM8K, SVAMP and MGSM"
needs_data = pytest.mark.skipif(not os.environ.get("PROCTOR_DATA"), reason=WITHOUT_DATA)
SHIFTS = (7, 11, 13)


def chance(task: str, docs: list[dict], gold: dict[str, str]) -> list[float]:
    """What the answers to other items are worth: all items' answers, moved on by so many places."""
    module = TASKS[task].part("scoring" if task == "study_plan" else "task")
    texts = [gold[doc["id"]] for doc in docs]
    moved = [texts[shift:] + texts[:shift] for shift in SHIFTS]
    return [
        module.score(doc, text).score for answers in moved for doc, text in zip(docs, answers, strict=True)
    ]


@pytest.mark.parametrize("task", list(TASKS))
def test_gold_scores_everything_shuffled_what_chance_gives_and_silence_nothing(home, task):
    if TASKS[task].fetched and not os.environ.get("PROCTOR_DATA"):
        pytest.skip(WITHOUT_DATA)
    docs = TaskItems(TASKS[task], TASKS[task].docs("test"), LIMIT.get(task, OTHERS)).asked
    gold = {doc["id"]: doc.get("target", doc.get("answer")) for doc in docs}
    order = random.Random(7).sample(list(gold), len(gold))
    moved = {one: gold[order[at - 1]] for at, one in enumerate(order)}  # nobody keeps their own
    home.echo("gold", lambda doc: gold.get(doc["id"], ""), task)
    home.echo("shuffled", lambda doc: moved.get(doc["id"], ""), task)
    home.echo("silent", lambda doc: "", task)
    suite = home.suite(
        variants=["gold", "shuffled", "silent"], tasks=[task], baseline="gold",
        limit={task: LIMIT.get(task, OTHERS)},
    )  # fmt: skip
    run_suite(str(suite), home.results, home.store, Reporter(Console(file=io.StringIO())))
    rows = {name: record.read(home.results, name, task).rows() for name in ("gold", "shuffled", "silent")}
    assert all(len(found) == len(docs) for found in rows.values())
    top = TASKS[task].scale[1]
    assert rows["gold"]["score"].mean() == pytest.approx(top, rel=1e-3)
    assert set(rows["gold"]["status"]) == {"ok"}
    others = chance(task, docs, gold)
    error = statistics.pstdev(others) / len(docs) ** 0.5
    assert rows["shuffled"]["score"].mean() == pytest.approx(statistics.mean(others), abs=4 * error + 1e-3)
    assert statistics.mean(others) < {"study_plan": 3.6, "questions": 0.05}.get(task, 0.03)
    assert (rows["silent"]["score"] == 0).all()
    assert set(rows["silent"]["status"]) == {"unparsed"}


@needs_data
def test_a_row_of_mgsm_is_in_the_cluster_of_its_item_of_gsm8k_in_both_languages():
    import re

    def words(text):
        return re.sub(r"\W+", " ", text).casefold()

    gsm8k = {doc["cluster"]: doc for doc in TASKS["gsm8k"].docs("test")}
    english, chinese = TASKS["mgsm_en"].docs("test"), TASKS["mgsm_zh"].docs("test")
    assert len(english) == len(chinese) == 250
    for en, zh in zip(english, chinese, strict=True):
        assert en["cluster"] == zh["cluster"]
        assert en["answer"] == zh["answer"]
        assert words(gsm8k[en["cluster"]]["question"]).strip() == words(en["question"]).strip()
    assert english[0]["answer"] == "#### 18"


@needs_data
def test_svamp_is_whole_and_its_bodies_end_in_a_full_stop():
    docs = TASKS["svamp"].docs("test")
    assert len({doc["id"] for doc in docs}) == 1000
    assert docs[0]["question"].startswith(
        "Each pack of dvds costs 76 dollars. If there is a discount of 25 dollars on"
    )
    assert "on each pack. How much do you have to pay" in docs[0]["question"]
    assert {doc["kind"] for doc in docs} == {"subtraction", "addition", "division", "multiplication"}
