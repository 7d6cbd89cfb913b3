"""A suite whose written questions are scored by a judge, each question by itself."""

import json
import re

import pytest

from proctor.harness import record
from proctor.judges.judge import Judge
from proctor.tasks import TASKS
from proctor.tasks.draw import TaskItems
from proctor.tasks.questions import docs
from proctor.tasks.questions.task import score
from tests.support.command import proctor
from tests.support.graders import QUICK
from tests.support.openai_server import Reply, serve

DOCS = {doc["id"]: doc for doc in docs("test")}
STEMS = {question["stem"]: question for doc in DOCS.values() for question in doc["questions"]}


def question_of(request: dict) -> str:
    found = re.search(
        r"\[begin the question (\w+)\]\n(.*)\n\[end the question", request["messages"][-1]["content"], re.S
    )
    assert found
    return found[2]


def marks(question: str) -> dict[str, int]:
    """By the key: B is a good question, all others less so."""
    return {"clarity": 5, "distractors": 5 if question.endswith("B") else 2, "fit": 4}


def reply(request: dict, _: int) -> Reply:
    question = question_of(request)
    assert question.splitlines()[0] in STEMS
    return Reply(json.dumps({name: {"reason": "r", "mark": mark} for name, mark in marks(question).items()}))


def of_key(key: str) -> float:
    return 14 / 3 if key == "B" else 3.0  # at most one above the weakest


def judged(home, server, **fields):
    grader = {"model": "grader", "endpoint": server.url, **QUICK}
    known = {
        "variants": ["writer"],
        "baseline": "writer",
        "tasks": ["questions"],
        "limit": 6,
        "judge": "question",
    }
    return home.suite(**{**known, "grader": grader, **fields})


def rows_of(home):
    cell = record.read(home.results, "writer", "questions")
    assert not cell.problem
    return cell.run, cell.rows().to_dict("records")


def test_every_question_is_judged_by_itself_and_a_response_gets_their_mean(home):
    home.echo("writer", lambda doc: doc["target"], "questions")
    with serve(reply) as server:
        done = home.run(judged(home, server, margin={"questions": 0.5}))
        assert done.returncode == 0, done.stderr
        assert len(server.asked) == 18
        assert home.run(judged(home, server, margin={"questions": 0.5})).returncode == 0
        assert len(server.asked) == 18
    run, rows = rows_of(home)
    for row in rows:
        keys = [question["key"] for question in DOCS[row["sample_id"]]["questions"]]
        assert row["score"] == pytest.approx(sum(map(of_key, keys)) / 3, abs=1e-4)
        assert row["metrics"]["clarity"] == 5
        assert row["metrics"]["usable_by_rules"] == 1
        assert (row["status"], row["judge"]) == ("ok", "question")
        assert "Question 3: grader. clarity 5 (r)" in row["explanation"]
    assert (run.task.headline, run.task.scale, run.task.scored_by) == ("mean score", (1.0, 5.0), "question")
    assert run.task.grader == "grader"
    assert run.verdicts["wanted"] == run.verdicts["given"] == 18
    said = " ".join(done.stdout.split())
    assert "18 to ask" in said
    assert "score writer x questions: 18 scores" in said
    page = (home.board / "tasks" / "questions.html").read_text(encoding="utf-8")
    assert "Scored by the judge “question”, asking grader" in page
    assert Judge.load("question").digest == run.task.judge_digest


def test_a_solver_beside_the_judge_adds_its_figures_and_leaves_the_scores_to_the_judge(home):
    """It answers by a letter where it is not asked to judge: always B, so that no key is confirmed."""
    home.echo("writer", lambda doc: doc["target"], "questions")
    with serve(reply) as server, serve(lambda request, _: Reply("B")) as solver:
        suite = judged(home, server, solver={"model": "solver", "endpoint": solver.url, **QUICK})
        done = home.run(suite)
        assert done.returncode == 0, done.stderr
        asked = len(server.asked), len(solver.asked)
        assert home.run(suite).returncode == 0
        assert (len(server.asked), len(solver.asked)) == asked
    assert asked[0] == 18
    run, rows = rows_of(home)
    for row in rows:
        keys = [question["key"] for question in DOCS[row["sample_id"]]["questions"]]
        assert row["score"] == pytest.approx(sum(map(of_key, keys)) / 3, abs=1e-4)
        metrics = row["metrics"]
        assert (metrics["key_confirmed"], metrics["solver_agreement"]) == (0, 0.25)
        assert (metrics["usable_confirmed"], metrics["usable_by_rules"]) == (0, 1)
        assert "Question 3: grader. clarity 5 (r)" in row["explanation"]
        assert "Question 3: the solver does not confirm the key" in row["explanation"]
    assert (run.task.headline, run.task.scored_by, run.task.grader) == ("mean score", "question", "grader")
    assert (run.solver.model, run.solver.confirmed, run.solver.questions) == ("solver", 0, 18)
    assert run.definition.solver
    assert run.definition.grader
    page = (home.board / "tasks" / "questions.html").read_text(encoding="utf-8")
    assert "Scored by the judge “question”, asking grader" in page
    variant = (home.board / "variants" / "writer.html").read_text(encoding="utf-8")
    assert "Keys that the solver confirms" in variant
    assert "Usable questions by the rules and the solver" in variant


def test_what_is_missing_or_too_much_counts_nothing_and_nothing_written_is_unparsed(home):
    first, second, third = (doc["id"] for doc in TaskItems(TASKS["questions"], list(DOCS.values()), 3).asked)

    def writes(doc):
        if doc["id"] == first:
            return "I cannot."
        if doc["id"] == second:
            return doc["target"].split("\n\n")[0]
        return doc["target"] + "\n\n" + doc["target"].split("\n\n")[0].replace("1.", "4.", 1)

    home.echo("writer", writes, "questions")
    with serve(reply) as server:
        assert home.run(judged(home, server, limit=3)).returncode == 0
    rows = {row["sample_id"]: row for row in rows_of(home)[1]}
    assert (rows[first]["score"], rows[first]["status"], rows[first]["metrics"]["fit"]) == (0, "unparsed", 0)
    keys = {name: [question["key"] for question in DOCS[name]["questions"]] for name in (second, third)}
    assert rows[second]["score"] == pytest.approx(of_key(keys[second][0]) / 3, abs=1e-4)
    assert rows[second]["metrics"]["fit"] == pytest.approx(4 / 3, abs=1e-4)
    assert rows[third]["score"] == pytest.approx(sum(map(of_key, keys[third])) / 4, abs=1e-4)


def test_a_response_with_a_question_without_a_verdict_has_no_score(home):
    home.echo("writer", lambda doc: doc["target"], "questions")
    lost = None

    def once_silent(request, before):
        nonlocal lost
        lost = lost or question_of(request)
        return Reply("hm") if question_of(request) == lost else reply(request, before)

    with serve(once_silent) as server:
        assert home.run(judged(home, server)).returncode == 0
    run, rows = rows_of(home)
    (failed,) = [row for row in rows if row["status"] == "error"]
    assert lost.splitlines()[0] in failed["response"]
    assert failed["score"] != failed["score"]
    assert run.verdicts["missing"] == {"unreadable": 1}


def test_rules_score_the_questions_of_a_suite_whose_judge_is_one_of_plans(home):
    home.echo("writer", lambda doc: doc["target"], "questions")
    suite = home.suite(
        variants=["writer"], baseline="writer", tasks=["questions"], limit=3, judge="checklist"
    )
    assert home.run(suite).returncode == 0
    run, rows = rows_of(home)
    assert (run.task.scored_by, run.task.headline) == ("rules", "usable questions")
    assert [row["score"] for row in rows] == [
        score(DOCS[row["sample_id"]], row["response"]).score for row in rows
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tasks": ["questions", "study_plan"]}, "judge 'question' cannot score study_plan"),
        ({"margin": {"questions": 5}}, "scores of this task go from 1 to 5"),
        ({"grader": None}, "asks a model, and none is named"),
    ],
)
def test_what_does_not_fit_a_judge_of_questions_is_refused_in_one_line(home, fields, said):
    home.echo("writer", lambda doc: doc["target"], "questions")
    with serve(reply) as server:
        done = home.run(judged(home, server, **fields))
        assert not server.asked
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_responses_of_a_file_are_scored_by_the_judge_where_it_is_named(home, tmp_path):
    path = tmp_path / "responses.jsonl"
    rows = [{"sample_id": name, "response": DOCS[name]["target"]} for name in list(DOCS)[:2]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serve(reply) as server:
        where = (*home.where(), "--variant", "writer", "--partial")
        asks = ("--judge", "question", "--grader", "grader", "--endpoint", server.url)
        done = proctor("score", "questions", str(path), *where, *asks)
        assert done.returncode == 0, done.stderr
        assert len(server.asked) == 6
    assert rows_of(home)[0].task.scored_by == "question"
    refused = proctor("score", "questions", str(path), *where, "--judge", "checklist")
    assert "scored by rules" in refused.stderr
