"""Answers that exist already become a cell: all of them, each at its item, and what is left over is named."""

import json
import time
from pathlib import Path

import pytest

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.imports.score import score_file
from proctor.tasks import TASKS
from tests.conftest import Home
from tests.support.command import proctor

ITEMS = TASKS["word_problems"].docs("test")


def write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def gold(field: str = "sample_id") -> list[dict]:
    return [
        {field: doc["id"] if field == "sample_id" else doc["question"], "response": doc["answer"]}
        for doc in ITEMS
    ]


def score(home: Home, rows: list[dict], *more: str, task: str = "word_problems", variant: str = "elsewhere"):
    answers = write(home.folder / "answers.jsonl", rows)
    return proctor("score", task, str(answers), "--variant", variant, "--results", str(home.results), *more)


def test_marked_answers_are_a_cell_that_says_where_they_came_from(home):
    done = score(home, [{**row, "model": "phi", "label": True} for row in gold("question")], "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["score"], told["items"], told["statuses"]["ok"]) == (1.0, 250, 250)
    cell = record.read(home.results, "elsewhere", "word_problems")
    assert not cell.problem
    assert cell.run.origin.kind == "answers"
    assert cell.run.resolved.engine == "answers"
    rows = cell.rows()
    assert (rows["score"] == 1).all()
    assert json.loads(rows["extra"][0]) == {"label": True, "model": "phi"}


def test_the_same_rows_come_from_score_and_from_a_run(home):
    """A wrong, a right and an empty answer: marked by a run and by score, with one and the same outcome."""
    answers = {doc["id"]: (doc["answer"], "#### 1,234", "")[at % 3] for at, doc in enumerate(ITEMS)}
    home.echo("ran", lambda doc: answers[doc["id"]], "word_problems")
    suite = home.suite(variants=["ran"], tasks=["word_problems"], baseline="ran")
    assert home.run(suite).returncode == 0
    assert score(home, [{"sample_id": i, "response": text} for i, text in answers.items()]).returncode == 0
    ran, scored = (record.read(home.results, name, "word_problems") for name in ("ran", "elsewhere"))
    columns = [
        "sample_id",
        "cluster",
        "epoch",
        "doc_hash",
        "response",
        "answer",
        "target",
        "score",
        "status",
        "explanation",
    ]
    assert ran.rows()[columns].equals(scored.rows()[columns])
    assert list(ran.rows()["metrics"]) == list(scored.rows()["metrics"])
    for name in ("dataset", "items", "task_version", "judge"):
        assert getattr(ran.run.definition, name) == getattr(scored.run.definition, name)
    compared = proctor("compare", "ran", "elsewhere", "--results", str(home.results))
    assert compared.returncode == 0, compared.stderr


def test_the_same_file_gives_the_same_bytes(home):
    files = []
    for variant in ("one", "one"):
        assert score(home, gold(), variant=variant).returncode == 0
        folder = home.results / variant / "word_problems"
        files.append([(folder / name).read_bytes() for name in ("run.json", "samples.parquet")])
    assert files[0] == files[1]


def test_missing_items_are_named_and_need_partial(home):
    refused = score(home, gold()[2:])
    assert refused.returncode == 2
    assert "2 items have no answer" in refused.stderr
    assert ITEMS[0]["id"] in refused.stderr
    assert not (home.results / "elsewhere" / "word_problems" / "run.json").exists()
    done = score(home, gold()[2:], "--partial", "--json")
    told = json.loads(done.stdout)
    assert (told["items"], told["missing"]["n"], told["missing"]["named"][0]) == (248, 2, ITEMS[0]["id"])
    cell = record.read(home.results, "elsewhere", "word_problems")
    assert cell.run.origin.left_over["missing"]["n"] == 2


def test_unknown_questions_are_named_and_need_partial(home):
    rows = [*gold(), {"question": "What is 1 + 1?", "response": "2"}]
    refused = score(home, rows)
    assert refused.returncode == 2
    assert "line 251 (What is 1 + 1?)" in refused.stderr
    told = json.loads(score(home, rows, "--partial", "--json").stdout)
    assert (told["unknown"]["n"], told["rows"]) == (1, 250)


def test_an_item_that_is_answered_twice_is_named_and_counts_as_epochs_only_when_that_was_said(home):
    rows = [row for row in gold() for _ in range(2)]
    rows[1] = {**rows[1], "response": "I do not know."}
    refused = score(home, rows)
    assert refused.returncode == 2
    assert "250 rows answer an item that was answered before" in refused.stderr
    told = json.loads(score(home, rows, "--epochs", "--json").stdout)
    assert (told["rows"], told["items"], told["statuses"]["unparsed"]) == (500, 250, 1)
    assert told["score"] == pytest.approx(1 - 0.5 / 250)
    numbered = [{**row, "epoch": at % 2 + 1} for at, row in enumerate(rows)]
    again = json.loads(score(home, numbered, "--redo", "--json").stdout)
    assert again["score"] == told["score"]
    kept = json.loads(score(home, rows, "--partial", "--redo", "--json").stdout)
    assert (kept["rows"], kept["given_twice"]["n"], kept["score"]) == (250, 250, 1.0)


def test_empty_responses_score_nothing_and_failed_requests_have_no_score(home):
    rows = gold()
    rows[0] = {**rows[0], "response": "  \n"}
    rows[1] = {**rows[1], "response": None}
    told = json.loads(score(home, rows, "--json").stdout)
    assert (told["empty"]["n"], told["statuses"]["unparsed"], told["statuses"]["error"]) == (1, 1, 1)
    assert told["score"] == pytest.approx(248 / 249)
    cell = record.read(home.results, "elsewhere", "word_problems").rows().set_index("sample_id")
    assert cell.loc[rows[0]["sample_id"], "score"] == 0
    assert cell.loc[rows[1]["sample_id"], ["score"]].isna().all()


def test_an_item_is_found_whatever_white_space_its_text_has_and_whatever_id_stands_beside_it(home):
    rows = [
        {**row, "question": "  " + row["question"].replace(" ", "\n", 2), "sample_id": n}
        for n, row in enumerate(gold("question"))
    ]
    told = json.loads(score(home, rows, "--json").stdout)
    assert told["score"] == 1
    assert json.loads(record.read(home.results, "elsewhere", "word_problems").rows()["extra"][7]) == {
        "sample_id": 7
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"sample_id": "x"}, "no 'response'"),
        ({"response": "18"}, "neither 'sample_id' nor 'question'"),
        ({"sample_id": ITEMS[0]["id"], "response": 18}, "response is int, not text"),
        ({"sample_id": ITEMS[0]["id"], "response": "18", "epoch": 0}, "epoch is 0"),
        ({"sample_id": ITEMS[0]["id"], "question": ITEMS[1]["question"], "response": "1"}, "text of another"),
        ({"sample_id": ITEMS[0]["id"], "response": "1", "tokens_out": "many"}, "tokens_out is 'many'"),
        ([1], "is no JSON object"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_in_one_line(home, row, told):
    answers = write(home.folder / "answers.jsonl", [row])
    with pytest.raises(Refusal) as refused:
        score_file("word_problems", answers, "elsewhere", home.results, partial=True)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_mistakes_are_told_in_one_line(home):
    where = ["--variant", "x", "--results", str(home.results)]
    answers = write(home.folder / "a.jsonl", gold())
    broken = home.folder / "b.jsonl"
    broken.write_text('{"sample_id": "a", "resp\n')
    for arguments, told in (
        (["gsm9k", str(answers), *where], "did you mean 'gsm8k'"),
        (["word_problems", str(home.folder / "none.jsonl"), *where], "no such file"),
        (["word_problems", str(broken), *where], "line 1 is no JSON"),
        (["word_problems", str(answers), "--variant", "../x"], "no safe name"),
        (["word_problems", str(answers), *where, "--judge", "checklist"], "no judge is asked"),
    ):
        refused = proctor("score", *arguments)
        assert refused.returncode == 2
        assert told in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_a_cell_that_was_made_another_way_is_never_replaced(home):
    home.echo("ran", lambda doc: doc["answer"], "word_problems")
    suite = home.suite(variants=["ran"], tasks=["word_problems"], baseline="ran")
    assert home.run(suite).returncode == 0
    refused = score(home, gold(), "--redo", variant="ran")
    assert refused.returncode == 2
    assert "made another way" in refused.stderr
    assert score(home, gold()).returncode == 0
    other = score(home, [{**row, "response": "1"} for row in gold()])
    assert other.returncode == 2
    assert "--redo" in other.stderr


@pytest.mark.parametrize("task", ["concepts", "study_plan"])
def test_every_exam_can_be_scored(home, task):
    docs = TASKS[task].docs("test")
    wording = {"concepts": "text", "study_plan": "profile"}[task]
    rows = [{"question": doc[wording], "response": doc.get("target", doc.get("answer"))} for doc in docs]
    done = score(home, rows, "--json", task=task)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["score"] == (1.0 if task == "concepts" else pytest.approx(5.0, abs=0.35))
    empty = json.loads(
        score(home, [{**row, "response": ""} for row in rows], "--redo", "--json", task=task).stdout
    )
    assert (empty["score"], empty["statuses"]["unparsed"], empty["empty"]["n"]) == (0.0, len(docs), len(docs))


def test_half_a_character_is_no_reason_to_stop(home):
    rows = gold()
    (home.folder / "answers.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows).replace("#### ", "\\ud83d #### "), encoding="utf-8"
    )
    done = proctor(
        "score",
        "word_problems",
        str(home.folder / "answers.jsonl"),
        "--variant",
        "x",
        "--results",
        str(home.results),
        "--json",
    )
    assert json.loads(done.stdout)["score"] == 1


def test_five_thousand_answers_are_scored_in_seconds_and_not_minutes(home):
    rows = [
        {**row, "epoch": epoch, "response": f"Let us think of {epoch} things.\n{row['response']}"}
        for epoch in range(1, 21)
        for row in gold()
    ]
    answers = write(home.folder / "answers.jsonl", rows)
    score_file(
        "word_problems", write(home.folder / "few.jsonl", rows[:1]), "warm", home.results, partial=True
    )
    start = time.process_time()
    scored = score_file("word_problems", answers, "x", home.results)
    assert time.process_time() - start < 20  # some 1.5 here; reading them again for each other took minutes
    assert (scored.score, scored.cell.run.rows) == (1.0, 5000)


def test_a_response_that_was_cut_off_is_unparsed_where_it_holds_no_number_and_not_where_it_does(home):
    rows = gold()
    rows[0] = {**rows[0], "response": "Let us begin with the eggs", "truncated": True}
    rows[1] = {**rows[1], "truncated": True}
    told = json.loads(score(home, rows, "--json").stdout)["statuses"]
    assert told == {"ok": 249, "unparsed": 1, "error": 0, "truncated": 2}
    cell = record.read(home.results, "elsewhere", "word_problems")
    assert sum(cell.run.statuses.values()) == cell.run.rows == 250
    assert cell.run.truncated == 2
    assert "249 ok, 1 unparsed, 2 truncated" in score(home, rows).stdout
    ranking = proctor("report", "--results", str(home.results)).stdout
    assert "elsewhere: 1 unparsed, 2 truncated" in ranking


def test_the_number_of_items_behind_the_figure_is_that_of_those_with_a_score(home):
    rows = gold()
    for row in rows[:50]:
        row["response"] = None
    done = score(home, rows)
    assert "accuracy 100.0 % over 200 of 250 items, 250 responses" in done.stdout
