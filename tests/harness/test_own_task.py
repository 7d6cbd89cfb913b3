"""The user's own task in a suite, from the data to rows: by rules, by a judge, by answers that are there already."""

import json

import pytest

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.run import run_suite
from proctor.leaderboard.board import site
from proctor.leaderboard.compare.ranking import score_of
from proctor.tasks.index import find_task
from tests.support.command import proctor
from tests.support.graders import QUICK, verdict
from tests.support.openai_server import serve

ROWS = [{"question": f"What is {n} + {n}?", "answer": str(2 * n), "book": f"b{n % 3}"} for n in range(10, 22)]


def own(home, name="quiz", rows=ROWS, **fields):
    (home.folder / "tasks").mkdir(exist_ok=True)
    data = home.folder / f"{name}.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fields = {"data": data.name, "prompt": "{{ question }}", "score": "number", "cluster": "book", **fields}
    home._yaml(home.folder / "tasks" / f"{name}.yaml", fields)


def run(home, suite):
    run_suite(str(suite), home.results, home.store, Reporter(Console(quiet=True)))


def test_rules_score_it_and_a_change_of_the_data_is_told(home):
    own(home)
    home.echo("right", lambda doc: f"So {doc['answer']}.", "quiz")
    home.echo("wrong", lambda doc: "So 7." if doc["id"].endswith("1") else doc["answer"], "quiz")
    suite = home.suite(variants=["right", "wrong"], tasks=["quiz"], baseline="right", margin={"quiz": 0.1})
    run(home, suite)
    scores = {
        name: record.read(home.results, name, "quiz").rows()["score"].mean() for name in ("right", "wrong")
    }
    assert scores == {"right": 1.0, "wrong": 10 / 12}
    cell = record.read(home.results, "right", "quiz")
    assert set(cell.rows()["cluster"]) == {"b0", "b1", "b2"}
    assert cell.run.task.title == "Quiz"
    own(home, rows=ROWS[:-1])
    with pytest.raises(Refusal, match="were made from an earlier definition"):
        run(home, suite)


def test_a_plan_and_a_run_say_once_that_a_pack_with_examples_has_none_for_it(home):
    own(home)
    home.echo("bare", lambda doc: doc["answer"], "quiz")
    home.variant("behind-two", base="bare.jsonl", engine="echo", prompt="cot-2shot")
    home.suite(variants=["bare", "behind-two"], tasks=["quiz"], baseline="bare")
    note = (
        "behind-two: quiz is asked without the examples of the prompt pack cot-2shot, which are for other tasks; "
        "`train:` and `shots:` in the task's file give it examples"
    )
    for words in (["plan"], ["run", "--dry-run"], ["run"]):
        done = proctor(words[0], "suite", *words[1:], cwd=home.folder, drawn=False)
        assert done.returncode == 0, done.stderr
        assert " ".join((done.stdout + done.stderr).split()).count(note) == 1, words
        assert ("how long answering takes is not estimated" in " ".join(done.stdout.split())) == (
            "--dry-run" in words
        )
    words = {}
    for name in ("bare", "behind-two"):
        (score,) = [score_of(record.read(home.results, name, "quiz"))]
        words[name] = score.remarks
    assert words == {"bare": [], "behind-two": ["asked without the examples of cot-2shot"]}
    page = site.build(home.results, home.folder / "board").read_text()
    assert page.count("asked without the examples of cot-2shot") == 1
    own(home, shots=2, train="train.jsonl")
    lines = [json.dumps({"question": f"{n} + 1?", "answer": n + 1, "book": "b9"}) + "\n" for n in range(2)]
    (home.folder / "train.jsonl").write_text("".join(lines))
    assert "without the examples" not in proctor("plan", "suite", cwd=home.folder).stdout


@pytest.mark.parametrize("train", [None, "train.jsonl"])
def test_examples_are_never_taken_from_the_items_that_are_asked(home, train):
    own(home, **({"train": train} if train else {}))
    (home.folder / "train.jsonl").write_text(json.dumps({"question": "1 + 1?", "answer": "2", "book": "b9"}))
    home._yaml(
        home.folder / "prompts" / "two.yaml",
        {"about": "two", "wording": {"quiz": {"task": "{prompt}", "shots": 2}}},
    )
    home.echo("bare", lambda doc: doc["answer"], "quiz", prompt="two")
    home.suite(variants=["bare"], tasks=["quiz"], baseline="bare")
    done = proctor("run", "suite", cwd=home.folder)
    assert done.returncode == 2
    assert f"2 examples of quiz are to be shown; there are {1 if train else 0}" in done.stderr
    assert "`train:`" in done.stderr


def test_its_own_limit_holds_where_the_suite_has_none(home):
    own(home, limit=5)
    home.echo("right", lambda doc: doc["answer"], "quiz")
    run(home, home.suite(variants=["right"], tasks=["quiz"], baseline="right"))
    assert record.read(home.results, "right", "quiz").run.rows == 5
    run(home, home.suite(variants=["right"], tasks=["quiz"], baseline="right", limit=7))
    assert record.read(home.results, "right", "quiz").run.rows == 7


def test_a_judge_scores_it_beside_a_task_of_the_suites_own_judge(home):
    own(home, score="judge:study_plan", rows=ROWS[:4])
    home.echo(
        "writer",
        lambda doc: doc.get("target", f"A plan about {doc['id']}, week by week."),
        "quiz",
        "study_plan",
    )
    with serve(lambda request, _: verdict(request)) as server:
        suite = home.suite(
            variants=["writer"], tasks=["quiz", "study_plan"], baseline="writer", limit=4,
            grader={"model": "some-grader", "endpoint": server.url, **QUICK},
        )  # fmt: skip
        run(home, suite)
        texts = [request["messages"][-1]["content"] for request in server.asked]
    assert len(texts) == 4
    quiz, plans = (record.read(home.results, "writer", task) for task in ("quiz", "study_plan"))
    for row in quiz.rows().itertuples():
        (text,) = (text for text in texts if row.response in text)
        assert row.prompt.partition("What is")[2][:8] in text
        assert set(row.metrics) >= {"fluency"}
        assert 1.0 <= row.score <= 5.0
    assert (quiz.run.task.scored_by, quiz.run.task.grader) == ("study_plan", "some-grader")
    assert plans.run.task.scored_by == "checklist"


def test_answers_that_exist_already_are_scored_by_it(home):
    own(home)
    answers = home.folder / "answers.jsonl"
    answers.write_text(
        "".join(json.dumps({"sample_id": f"test-{n:04d}", "response": "20"}) + "\n" for n in range(1, 13))
    )
    done = proctor("score", "quiz", "answers.jsonl", "--variant", "theirs", cwd=home.folder)
    assert done.returncode == 0, done.stderr
    cell = record.read(home.folder / "results", "theirs", "quiz")
    assert cell.rows()["score"].sum() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tasks": ["quzi"]}, "no task 'quzi'; did you mean 'quiz'?"),
        ({"metric": {"quiz": "acc"}}, "only stock tasks have several"),
        ({"tasks": ["quiz", "lm_eval:quiz"], "metric": {}}, "quiz"),
        ({"limit": {"word_problems": 3}}, "which is not among the suite's tasks"),
    ],
)
def test_a_suite_that_asks_what_is_not_there_is_one_line(home, fields, words, monkeypatch):
    from proctor.tasks.stock import loading

    monkeypatch.setattr(loading, "_whole_manager", loading._manager)  # the whole index takes half a minute
    own(home)
    home.variant("tiny", base="finetune/tiny")
    suite = home.suite(**{"variants": ["tiny"], "tasks": ["quiz"], "baseline": "tiny", **fields})
    with pytest.raises(Refusal) as refused:
        Suite.load(str(suite))
    assert words in str(refused.value)


def test_a_field_that_is_not_there_stops_the_run_before_an_engine_opens(home):
    own(home, answer="gold")
    home.variant("tiny", base="finetune/tiny")
    done = proctor("run", str(home.suite(variants=["tiny"], tasks=["quiz"], baseline="tiny")), *home.where())
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "row 1 has no field 'gold'" in done.stderr
    assert "open hf" not in done.stdout


def test_one_that_ships_finds_its_data_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    docs = find_task("three-questions").docs("test")
    assert [doc["answer"] for doc in docs] == ["72", "12", "120"]
