"""What of an exam stands in training sets: counted for each cell, kept by digests, told by the doctor."""

import json

from proctor.common.files import read_kept, write_kept
from proctor.harness import record
from proctor.harness.plan.overlaps import counted, known_of, overlap_of, verdict_on
from proctor.harness.plan.training import chat_file
from proctor.tasks import TASKS
from proctor.tasks.index import find_task
from tests.support.command import proctor

CHAT = {"prompt": [{"role": "user", "content": "?"}], "completion": [{"role": "assistant", "content": "."}]}


def chats(path, *questions):
    rows = [
        {**CHAT, "prompt": [{"role": "user", "content": f"Solve this. {question}"}]} for question in questions
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_test_item_in_a_file_of_chats_is_found(tmp_path):
    docs = TASKS["word_problems"].docs("test", 20)
    file = chat_file(
        str(chats(tmp_path / "mine.jsonl", docs[3]["question"], "Other words.")), 10, 0, tmp_path / "store"
    )
    (found,) = overlap_of(
        TASKS["word_problems"], docs, {str(file.path): file}, "elsewhere", tmp_path / "store"
    )
    assert found["set"] == "mine.jsonl (2)"
    assert (found["items"], found["hits_13"]) == (20, 1)
    assert found["share_8"] >= found["share_10"] >= found["share_13"] == 0.05


def test_wording_of_a_users_own_task_is_none_of_its_items(tmp_path):
    task = find_task("three-questions")
    docs = task.docs("test")
    wording = 'Solve the problem step by step. Finish with a line that says "#### " and the final number.'
    file = chat_file(
        str(chats(tmp_path / "mine.jsonl", wording, docs[1]["prompt"])), 10, 0, tmp_path / "store"
    )
    (found,) = overlap_of(task, docs, {str(file.path): file}, "elsewhere", tmp_path / "store")
    assert (found["items"], found["hits_8"], found["hits_13"]) == (3, 1, 1)


def test_what_was_counted_is_kept_and_another_file_is_counted_anew(tmp_path):
    docs, store = TASKS["concepts"].docs("test"), tmp_path / "store"
    clean = chat_file(str(chats(tmp_path / "a.jsonl", "Nothing of the kind.")), 10, 0, store)
    assert counted(TASKS["concepts"], docs, "a.jsonl", clean, store)["hits_8"] == 0
    (kept,) = (store / "overlap").glob("concepts-*.json")
    write_kept(kept, {**read_kept(kept), "hits_8": 77})
    assert counted(TASKS["concepts"], docs, "a.jsonl", clean, store)["hits_8"] == 77
    copied = chat_file(str(chats(tmp_path / "a.jsonl", docs[0]["text"])), 10, 0, store)
    assert counted(TASKS["concepts"], docs, "a.jsonl", copied, store)["hits_13"] == 1


def test_an_exams_own_training_set_holds_no_whole_item(tmp_path):
    docs = TASKS["word_problems"].docs("test")
    file = chat_file("word_problems", 400, 3, tmp_path)
    found = counted(TASKS["word_problems"], docs, "word_problems", file, tmp_path)
    assert found["set"] == "word_problems train (400)"
    assert 0 < found["share_13"] < 0.3  # siblings share phrases, and that is told
    text = file.path.read_text(encoding="utf-8")
    assert not any(json.dumps(doc["question"])[1:-1] in text for doc in docs)


def test_the_embedded_model_tells_what_its_own_training_held():
    found = {one["set"]: one for one in known_of("finetune/tiny", "word_problems")}
    problems = found["the embedded model's word problems (60,000)"]
    assert [problems[f"hits_{n}"] for n in (8, 10, 13)] == [173, 114, 59]  # as its card says
    assert known_of("some/hub-id", "word_problems") == []


def test_every_cell_tells_its_overlap(home):
    home.echo("ran", lambda doc: doc["answer"], "concepts")
    suite = home.suite(variants=["ran"], tasks=["concepts"], baseline="ran")
    assert home.run(suite).returncode == 0
    assert record.read(home.results, "ran", "concepts").run.overlap == ()


def test_the_doctor_tells_every_exam_and_training_set(tmp_path, monkeypatch):
    monkeypatch.delenv("PROCTOR_DATA", raising=False)  # what is always here is enough to look at
    done = proctor("doctor", "data", "--json", "--store", str(tmp_path))
    assert done.returncode == 0, done.stderr
    exams = {exam["exam"]: exam for exam in json.loads(done.stdout)["exams"]}
    assert {"word_problems", "concepts", "study_plan"} <= set(exams)
    for exam in exams.values():
        assert exam["items"] > 0
        for found in exam["sets"]:
            assert 0 <= found["share_13"] <= found["share_10"] <= found["share_8"] <= 1
        assert exam["verdict"]
    assert exams["concepts"]["verdict"].startswith("clean: none of its 155 items")
    assert exams["study_plan"]["verdict"].startswith("phrases are shared, items are not: 52 of its 64 items")
    assert any("tiny-lora" in found.get("recipes", ()) for found in exams["concepts"]["sets"])
    told = proctor("doctor", "data", "--store", str(tmp_path)).stdout.splitlines()
    absent = [line for line in told if line.startswith("not looked at: ")]  # GSM8K, where nobody gave it
    told = told[: len(told) - len(absent)]
    assert [line.split(":")[0] for line in told[:-1]] == list(exams)
    assert told[-1].startswith("Counted are test items that have so many words in a row in common")
    assert len(proctor("doctor", "data", "--all", "--store", str(tmp_path)).stdout.splitlines()) > 60
    wrong = proctor("doctor", "dota", "--store", str(tmp_path))
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_the_verdict_names_a_training_set_that_holds_whole_test_items(tmp_path):
    docs = TASKS["word_problems"].docs("test")
    file = chat_file(
        str(chats(tmp_path / "mine.jsonl", docs[3]["question"], docs[5]["question"])), 10, 0, tmp_path
    )
    clean = chat_file(str(chats(tmp_path / "other.jsonl", "Nothing of the kind.")), 10, 0, tmp_path)
    sets = [counted(TASKS["word_problems"], docs, one.path.name, one, tmp_path) for one in (clean, file)]
    assert verdict_on(250, sets) == "LEAKED: 2 of its 250 items stand word for word in mine.jsonl (2)"
    assert verdict_on(250, sets[:1]).startswith("clean: none of its 250 items shares 13 words in a row")
    assert verdict_on(250, []) == "there is no training set to look through"
