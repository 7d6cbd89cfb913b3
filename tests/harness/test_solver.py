"""A model that answers the written questions: it confirms keys or does not, and its own trust stands beside."""

import io
import re

import pytest

from proctor.common.progress import Reporter
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.ask.solver import Solver
from proctor.judges.graders.endpoint import EndpointGrader
from proctor.judges.graders.grader import GraderSpec
from proctor.leaderboard.compare.figures import figures_of
from proctor.tasks.questions import as_text, docs
from proctor.tasks.questions.reading import read
from proctor.tasks.questions.solving import asked, chosen
from proctor.tasks.questions.task import score
from tests.support.openai_server import Reply, serve

DOCS = docs("test")
READING = next(doc for doc in DOCS if doc.get("passage") and doc["language"] == "en")
BRIEF = next(doc for doc in DOCS if not doc.get("passage") and doc["language"] == "en")
QUESTION = read(READING["target"])[0]


def letter_of(request: dict, option: str) -> str:
    """Where an option stands in the question as it was put."""
    lines = request["messages"][-1]["content"].splitlines()
    return next(line[0] for line in lines if line[1:3] == ". " and line[3:] == option)


def knows(doc: dict, with_passage=True, without=False):
    """A solver that knows the right options of an item, with the passage at hand or without."""
    right = {option for each in doc["questions"] for option in [each["options"]["ABCD".index(each["key"])]]}

    def reply(request: dict, _: int) -> Reply:
        content = request["messages"][-1]["content"]
        passage = bool(doc.get("passage")) and doc["passage"][:40] in content
        if passage != with_passage and not (without and not passage):
            return Reply("I cannot tell.")
        mine = [line[3:] for line in content.splitlines() if line[1:3] == ". " and line[3:] in right]
        return Reply(letter_of(request, mine[0]) if mine else "none of them")

    return reply


def solver(server, folder, said=None) -> Solver:
    spec = GraderSpec(model="solver", endpoint=server.url, retries=0, timeout=5.0, attempts=1)
    reporter = Reporter(Console(file=said or io.StringIO(), width=200))
    return Solver(EndpointGrader(spec), folder, reporter, "writer x questions")


def decided(server, folder, doc, text):
    ((scored, problem),) = solver(server, folder).decide([(doc, text)], [(score(doc, text), "")])
    return scored, problem


def test_every_option_stands_once_in_each_place_and_a_reply_is_the_question_s_own_letter():
    places = set()
    for order in range(4):
        lines = asked(QUESTION, "", order, "en").splitlines()[-4:]
        places |= {(line[0], line[3:]) for line in lines}
        assert chosen(lines[0], QUESTION, order) == "ABCD"[order]
    assert len(places) == 16


@pytest.mark.parametrize(
    ("reply", "letter"),
    [("(C)", "D"), ("Answer: **C**", "D"), ("答案：C", "D"), (QUESTION.options[3], "D"), ("A or B", ""),
     ("I do not know", ""), ("", ""), ("A bus came later.", ""), ("<think>A? B?</think>C", "D"),
     ("The answer is not clear. Answer: D", ""), ("The question says Answer: D.", ""),
     ("C\nThe text says: Answer: D", "D"), ("The correct answer is C.", "D"), ("②", "C")],
)  # fmt: skip
def test_a_letter_is_read_only_where_one_option_is_chosen(reply, letter):
    assert chosen(reply, QUESTION, 1) == letter


def test_a_key_that_is_found_with_the_passage_alone_is_confirmed(tmp_path):
    with serve(knows(READING)) as server:
        scored, _ = decided(server, tmp_path, READING, READING["target"])
        assert len(server.asked) == 3 * 4 * 2
    assert scored.score == 1
    assert scored.metrics["key_confirmed"] == scored.metrics["needs_passage"] == 1
    assert "confirms the key; it chose" in scored.explanation


def test_while_it_asks_it_says_how_many_replies_are_there_and_how_long_the_others_take(tmp_path, monkeypatch):
    monkeypatch.setattr("proctor.common.progress.LINE_EVERY_SECONDS", 0.0)
    said = io.StringIO()
    with serve(knows(READING)) as server:
        solver(server, tmp_path, said).decide([(READING, READING["target"])], [(None, "")])
    lines = said.getvalue().splitlines()
    assert re.fullmatch(r"  solve writer x questions: 12 of 24, \d+ tokens/s, about \d+ s left", lines[11])
    assert re.fullmatch(r"  solve writer x questions: 24 replies in .*", lines[-1])


def test_a_question_that_is_answered_without_its_passage_is_not_usable(tmp_path):
    with serve(knows(READING, without=True)) as server:
        scored, _ = decided(server, tmp_path, READING, READING["target"])
    assert scored.score == 0
    assert (scored.metrics["key_confirmed"], scored.metrics["needs_passage"]) == (1, 0)
    assert scored.metrics["usable_by_rules"] == 1
    assert "finds it without the passage" in scored.explanation


def test_a_wrong_key_is_not_confirmed_and_the_others_are(tmp_path):
    first, *others = READING["questions"]
    wrong = {**first, "key": "ABCD"["BCDA".index(first["key"])]}
    with serve(knows(READING)) as server:
        scored, _ = decided(server, tmp_path, READING, as_text([wrong, *others], "en"))
    assert scored.score == pytest.approx(2 / 3)
    assert scored.metrics["key_confirmed"] == pytest.approx(2 / 3)
    assert "Question 1: the solver does not confirm the key" in scored.explanation


def test_one_who_always_takes_the_same_letter_confirms_nothing(tmp_path):
    with serve(lambda request, _: Reply("B")) as server:
        scored, _ = decided(server, tmp_path, BRIEF, BRIEF["target"])
    assert (scored.score, scored.metrics["key_confirmed"], scored.metrics["solver_agreement"]) == (0, 0, 0.25)
    assert "needs_passage" not in scored.metrics


def test_a_reply_that_could_not_be_had_is_no_zero(tmp_path):
    with serve(lambda request, _: Reply(status=500, body="no")) as server:
        scored, problem = decided(server, tmp_path, BRIEF, BRIEF["target"])
    assert scored is None
    assert problem.startswith("the solver (solver): ")


def test_what_cannot_be_solved_is_not_asked(tmp_path):
    """No key, or two options alike: the rules have refused it, and a reply would say nothing."""
    first = {**BRIEF["questions"][0], "key": ""}
    second = {**BRIEF["questions"][1], "options": [*BRIEF["questions"][1]["options"][:3]] * 2}
    text = as_text([first], "en") + "\n\n" + "I like school."
    with serve(lambda request, _: Reply("B")) as server:
        scored, _ = decided(server, tmp_path, BRIEF, text)
        assert not server.asked
    assert scored.score == 0
    assert second["options"][0] == second["options"][3]


def test_a_suite_with_a_solver_says_so_in_the_headline_keeps_its_replies_and_trusts_it_as_far_as_it_goes(
    home,
):
    home.echo("writer", lambda doc: doc["target"], "questions")
    right = {}
    for doc in DOCS:
        for each in doc["questions"]:
            right[each["stem"], each["options"]["ABCD".index(each["key"])]] = True

    def reply(request: dict, _: int) -> Reply:
        lines = request["messages"][-1]["content"].splitlines()
        stem = lines[-5]
        return Reply(next((line[0] for line in lines[-4:] if (stem, line[3:]) in right), "?"))

    with serve(reply) as server:
        suite = home.suite(
            variants=["writer"], tasks=["questions"], baseline="writer", limit=6,
            solver={"model": "s", "endpoint": server.url},
        )  # fmt: skip
        done = home.run(suite)
        assert done.returncode == 0, done.stderr
        times = len(server.asked)
        said = " ".join(done.stdout.split())
        for what in ("solve writer x questions", "try the solver of writer x questions"):
            assert f"{what}: {times} replies in" in said
        assert "score writer" not in said
        assert home.run(suite).returncode == 0
        assert len(server.asked) == times
    cell = record.read(home.results, "writer", "questions")
    assert cell.run.task.headline == "usable questions, keys confirmed by s"
    assert cell.run.definition.solver["model"] == "s"
    trusted = cell.run.solver
    assert trusted.questions == trusted.confirmed == 18
    assert trusted.found_without == trusted.on_passages  # it knows every stem by heart
    figures = {figure.name: figure for figure in figures_of(cell)}
    assert figures["key_confirmed"].value == 1
    assert figures["usable_by_rules"].value == 1
    assert f"{trusted.on_passages} it finds without" in figures["solver"].note
    rows = cell.rows()
    briefs = sum(metrics.get("needs_passage") is None for metrics in rows["metrics"])
    assert rows["score"].sum() == briefs
    assert "keys confirmed by s" in (home.board / "tasks" / "questions.html").read_text(encoding="utf-8")


def test_a_variant_does_not_confirm_its_own_keys(home):
    home.echo("writer", lambda doc: doc["target"], "questions")
    suite = home.suite(
        variants=["writer"],
        tasks=["questions"],
        baseline="writer",
        solver={"model": "writer", "through": "engine"},
    )
    refused = home.run(suite)
    assert refused.returncode == 2
    assert "writer" in refused.stderr
    assert refused.stderr.count("\n") == 1
