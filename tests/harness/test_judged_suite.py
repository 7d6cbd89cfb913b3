"""A suite whose study plans are marked by a model: answers first, marks after, and no mark by accident."""

import io
import json
from contextlib import contextmanager

import pytest

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.run import run_suite
from proctor.judges.judge import Judge
from proctor.judges.prompt import tag_of
from proctor.judges.scoring import texts_of
from proctor.tasks.study_plan.scoring import items as items_of
from tests.support.command import proctor
from tests.support.graders import QUICK, asked_for, marks_for, verdict
from tests.support.openai_server import Reply, serve

PLANS = {"judge": "study_plan", "tasks": ["study_plan"], "limit": {"study_plan": 6}}


def plan_of(doc):
    return doc["target"]


@contextmanager
def judged(home, reply=lambda request, _: verdict(request), **fields):
    """A suite of one echo variant, marked by a grader at a local server."""
    with serve(reply) as server:
        home.echo("one", plan_of, "study_plan")
        grader = {"model": "some-grader", "endpoint": server.url, **QUICK, **fields.pop("grader", {})}
        suite = home.suite(**{"variants": ["one"], "baseline": "one", "grader": grader, **PLANS, **fields})
        yield server, suite


def run(home, suite, redo=False):
    """What was said."""
    said = io.StringIO()
    run_suite(str(suite), home.results, home.store, Reporter(Console(file=said, width=200)), redo=redo)
    return said.getvalue()


def rows(home, variant="one"):
    found = record.read(home.results, variant, "study_plan")
    assert not found.problem
    return found.run, found.rows().to_dict("records")


def test_model_marks_and_the_results_say_which(home):
    with judged(home, grader={"price": {"input": 1, "output": 1}}) as (server, suite):
        said = run(home, suite)
        told, marked = rows(home)
        by_text = {asked_for(one): marks_for(asked_for(one)) for one in server.asked}
    for row in marked:
        (marks,) = (marks for text, marks in by_text.items() if row["response"] in text)
        assert {name: row["metrics"][name] for name in marks} == marks
        assert row["score"] == pytest.approx(min(sum(marks.values()) / 3, min(marks.values()) + 1), abs=1e-4)
        assert (row["status"], row["judge"]) == ("ok", "study_plan")
        assert "some-grader. fluency" in row["explanation"]
    assert (told.task.scored_by, told.task.grader) == ("study_plan", "some-grader")
    assert told.definition.grader["model"] == "some-grader"
    assert (told.verdicts["wanted"], told.verdicts["given"], told.verdicts["tokens_out"]) == (
        6,
        6,
        30,
    )
    assert "6 to ask" in said
    assert "6 of 6 verdicts" in said


def test_missing_verdict_is_null_and_counted_and_asked_again_without_the_engine(home):
    down = True

    def reply(request, before):
        return Reply("hm") if down and "Freya" in asked_for(request) else verdict(request)

    with judged(home, reply) as (server, suite):
        run(home, suite)
        told, first = rows(home)
        (lost,) = [row for row in first if row["status"] == "error"]
        assert lost["score"] != lost["score"]  # null
        assert "no verdict" in lost["explanation"]
        assert lost["response"]
        assert told.verdicts["missing"] == {"unreadable": 1}
        assert told.errors == 1
        down, before = False, len(server.asked)
        said = run(home, suite)
        assert len(server.asked) == before + 1
    assert "open echo" not in said
    told, second = rows(home)
    assert told.errors == 0
    others = [row for row in second if row["sample_id"] != lost["sample_id"]]
    assert [row["score"] for row in others] == [row["score"] for row in first if row["status"] == "ok"]


def test_marking_again_with_another_judge_never_generates_again(home):
    with judged(home) as (_, suite):
        run(home, suite)
        before = rows(home)
        home.suite(variants=["one"], baseline="one", **{**PLANS, "judge": "checklist"})
        with pytest.raises(Refusal, match="the judge changed"):
            run(home, suite)
        said = run(home, suite, redo=True)
    assert "open echo" not in said
    told, marked = rows(home)
    assert told.task.scored_by == "checklist"
    assert told.task.grader is None
    assert (told.costs, told.versions) == (before[0].costs, before[0].versions)
    assert told.costs.wall_seconds is not None
    assert [(row["response"], row["prompt_hash"], row["tokens_out"]) for row in marked] == [
        (row["response"], row["prompt_hash"], row["tokens_out"]) for row in before[1]
    ]


def test_grader_is_never_the_examined_model_unless_the_suite_says_so(home):
    def reply(request, _):
        return (
            verdict(request) if "[begin the plan" in asked_for(request) else Reply("Week 1: add on Monday.")
        )

    with serve(reply) as server:
        home.variant("asked", base="Some-Model", engine="openai", endpoint=server.url)
        fields = {"variants": ["asked"], "baseline": "asked", **PLANS, "limit": {"study_plan": 1}}
        grader = {"model": "some-model", "endpoint": server.url, **QUICK}
        suite = home.suite(grader=grader, **fields)
        with pytest.raises(Refusal, match="is the model that 'asked' is made of"):
            run(home, suite)
        panel = {"panel": [{"model": "other", "endpoint": server.url}, {"model": "some-model"}]}
        with pytest.raises(Refusal, match="scores itself"):
            run(home, home.suite(grader=panel, **fields))
        run(home, home.suite(grader=grader, self_grading=True, **fields))
    assert rows(home, "asked")[0].task.self_grading is True


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"judge": "study_plan"}, "asks a model, and none is named"),
        ({"judge": "checklist", "grader": {"model": "m"}}, "scores by rules and asks no model"),
        ({"judge": "pairwise", "grader": {"model": "m"}}, "compares two plans and gives no scores"),
        ({"judge": "study_plan", "grader": {"modle": "m"}}, "'model'"),
        ({"judge": "study_plan", "grader": {"panel": [{"model": "m"}]}}, "panel"),
        ({"judge": "study_plan", "grader": {"model": "nobody", "through": "engine"}}, "no variant 'nobody'"),
        ({"judge": "study_plan", "grader": {"model": "gpt-x"}}, "OPENAI_API_KEY"),
    ],
)
def test_judge_and_grader_that_do_not_fit_are_refused_in_one_line(home, monkeypatch, fields, said):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    home.echo("one", plan_of, "study_plan")
    suite = home.suite(variants=["one"], baseline="one", **{**PLANS, **fields})
    with pytest.raises(Refusal) as refused:
        run(home, suite)
    assert said in str(refused.value)
    assert not home.store.exists()  # nobody answered before


def test_variant_of_ours_marks_through_its_engine(home):
    """Echo answers from a file by the words of the pupil; marking again asks its journal."""
    judge = Judge.load("study_plan")

    def marks(doc):
        (texts,) = texts_of(judge, items_of(doc, plan_of(doc)))
        return json.dumps({
            "tag": tag_of(judge.digest, texts), "fluency": 2, "personalisation": 3, "actionability": 4,
        })  # fmt: skip

    home.echo("one", plan_of, "study_plan")
    home.echo("marker", lambda doc: "hm" if doc["name"] == "Freya" else marks(doc), "study_plan")
    grader = {"model": "marker", "through": "engine", "attempts": 2}
    suite = home.suite(variants=["one"], baseline="one", grader=grader, **PLANS)
    said = run(home, suite)
    assert "the grader" in said
    told, marked = rows(home)
    assert sorted({row["score"] for row in marked if row["status"] == "ok"}) == [3.0]
    assert told.verdicts["missing"] == {"unreadable": 1}
    assert told.definition.grader["weights"]


def test_judge_of_ones_own_is_named_by_its_folder_and_shown_by_its_name(home, tmp_path):
    import shutil

    from proctor.common.paths import KINDS

    shutil.copytree(KINDS["judges"].shipped / "ternary", tmp_path / "mine")
    for name in ("judge.yaml", "prompt.txt"):
        text = (tmp_path / "mine" / name).read_text().replace("name: ternary", "name: mine")
        (tmp_path / "mine" / name).write_text(
            text.replace("{lowest}, 0 or {highest}", "{lowest} to {highest}")
        )
    names = ("detailed_and_actionable", "hierarchical", "adaptable")
    reply = lambda request, _: Reply(json.dumps(dict.fromkeys(names, 1)))  # noqa: E731
    with judged(home, reply, judge=str(tmp_path / "mine")) as (_, suite):
        run(home, suite)
    told, marked = rows(home)
    assert told.task.scored_by == "mine"
    assert {row["judge"] for row in marked} == {"mine"}


def test_ternary_scale_reaches_the_results(home):
    names = ("detailed_and_actionable", "hierarchical", "adaptable")
    reply = lambda request, _: Reply(json.dumps(dict.fromkeys(names, -1)))  # noqa: E731
    with judged(home, reply, judge="ternary") as (_, suite):
        run(home, suite)
    told, marked = rows(home)
    assert told.task.scale == (-1.0, 1.0)
    assert {row["score"] for row in marked} == {-1.0}


def test_inspects_own_run_gives_the_same_marks(home, tmp_path):
    import inspect_ai
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from proctor.tasks.study_plan.task import study_plan

    with judged(home) as (server, suite):
        run(home, suite)
        _, marked = rows(home)
        spec = {"model": "some-grader", "endpoint": server.url, **QUICK, "concurrency": 4}
        texts = [plan_of(doc) for doc in _docs()]
        usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        outputs = [
            ModelOutput.from_content("mockllm/model", text).model_copy(update={"usage": usage})
            for text in texts
        ]
        (log,) = inspect_ai.eval(
            study_plan(judge="study_plan", grader=spec), model=get_model("mockllm/model", custom_outputs=outputs),
            sample_id=[doc["id"] for doc in _docs()], display="none", log_dir=str(tmp_path), max_samples=1,
            ctl_server=False, log_realtime=False,
        )  # fmt: skip
        assert log.status == "success"
    theirs = {str(sample.id): sample.scores["plan_scorer"].value["overall"] for sample in log.samples}
    assert theirs == {row["sample_id"]: row["score"] for row in marked}


def _docs():
    """The pupils that PLANS asks about."""
    from proctor.tasks import TASKS
    from proctor.tasks.draw import TaskItems

    return TaskItems(TASKS["study_plan"], TASKS["study_plan"].docs("test"), 6).asked


def test_plans_that_exist_are_marked_and_compared_from_the_command_line(home, tmp_path):
    docs = _docs()[:3]
    plans, pairs = tmp_path / "plans.jsonl", tmp_path / "pairs.jsonl"
    plans.write_text(
        "".join(json.dumps({"id": d["id"], "pupil": d["id"], "plan": d["target"]}) + "\n" for d in docs)
    )
    pairs.write_text(
        "".join(
            json.dumps({"id": d["id"], "profile": d["profile"], "a": d["target"], "b": "Week 1: rest."})
            + "\n"
            for d in docs
        )
    )

    def reply(request, _):
        if "[begin the first plan" not in asked_for(request):
            return verdict(request)
        first = asked_for(request).split("[end the first plan")[0]
        return Reply(json.dumps({"reason": "r", "better": "second" if "rest." in first else "first"}))

    with serve(reply) as server:
        grader = ["--grader", "some-grader", "--endpoint", server.url, "--store", str(home.store)]
        told = proctor("judge", "mark", str(plans), "--judge", "study_plan", *grader, "--estimate")
        assert "3 to ask" in told.stdout
        assert not server.asked
        done = proctor(
            "judge", "mark", str(plans), "--judge", "study_plan", *grader,
            "--out", str(tmp_path / "v.jsonl"), "--ratings", str(tmp_path / "r.csv"),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        both = proctor("judge", "pairs", str(pairs), *grader, "--ratings", str(tmp_path / "p.jsonl"))
        assert both.returncode == 0, both.stderr
    verdicts = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert [one["item_id"] for one in verdicts] == [doc["id"] for doc in docs]
    assert all(one["by"] == "some-grader" and one["overall"] for one in verdicts)
    assert (tmp_path / "r.csv").read_text().splitlines()[0] == "item_id,rater,dimension,score"
    assert "3 of 3 verdicts" in done.stderr
    assert [json.loads(line)["verdict"] for line in both.stdout.splitlines()] == ["a"] * 3
    assert {json.loads(line)["verdict"] for line in (tmp_path / "p.jsonl").read_text().splitlines()} == {"a"}


def test_plans_for_one_pupil_hang_together_in_the_rows_that_are_written(tmp_path):
    """Else several answers of a pupil would count as several pupils, and intervals come out too narrow."""
    rows = [{"id": f"{who}/{n}", "pupil": who, "a": f"Week 1: {n}.", "b": "Week 1: rest."}
            for who in ("devon-4", "uma-7") for n in (1, 2)]  # fmt: skip
    plans, pairs = tmp_path / "plans.jsonl", tmp_path / "pairs.jsonl"
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plans.write_text("".join(json.dumps({**row, "plan": row["a"]}) + "\n" for row in rows))
    with serve(lambda request, _: Reply('{"better": "tie"}')) as server:
        asked = ("--grader", "m", "--endpoint", server.url, "--store", str(tmp_path))
        assert not proctor(
            "judge", "pairs", str(pairs), *asked, "--ratings", str(tmp_path / "p.jsonl")
        ).returncode
    assert not proctor("judge", "mark", str(plans), "--ratings", str(tmp_path / "m.jsonl")).returncode
    for name in ("p", "m"):
        written = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        assert {row["item_id"]: row["cluster"] for row in written} == {
            row["id"]: f"{row['pupil']}/1" for row in rows
        }
    report = json.loads(proctor("judge", "trust", "--pairs", str(tmp_path / "p.jsonl"), "--json").stdout)
    assert "2 independent units" in next(
        one["note"] for one in report["figures"] if one["name"] == "consistency"
    )


LEO = {
    "name": "Leo", "goal": "tile the bathroom", "topics": ["Perimeter", ["Area", "areas"]], "weeks": 2,
    "minutes_per_week": 60, "mistakes": ["3 by 4: 14"],
}  # fmt: skip
TILES = """Leo tiles the bathroom
Week 1: Area
- Monday, 30 min: Redo "3 by 4: 14". Cover the floor with paper tiles and count them.
- Thursday, 30 min: Find the area of 8 rooms. Check: 7 right.
Week 2: Perimeter
- Monday, 30 min: Walk round 5 rooms and add up the sides.
- Thursday, 30 min: Draw your bathroom and write perimeter and area beside it. Check: 6 of 8 right.
"""


def test_rules_mark_a_pupil_of_the_users_own_by_facts_in_the_row_or_in_a_file(tmp_path):
    plans, pupils = tmp_path / "plans.jsonl", tmp_path / "pupils.jsonl"
    exam = {
        "id": "zoe", "name": "Zoe", "grade": 6, "course": "grade-6", "weak_topics": ["ratio"], "weeks": 2,
        "evidence": [{"work": "2 : 3, so 3 : 4", "why": "added 1", "topic": "ratio"}], "goal": "mix paint",
        "hours_per_week": 1,
    }  # fmt: skip
    pupils.write_text(json.dumps({"id": "leo", **LEO}) + "\n" + json.dumps(exam))
    rows = [
        {"id": "in the row", "facts": LEO, "plan": TILES},
        {"id": "in the file", "pupil": "leo", "plan": TILES},
        {"id": "for another", "pupil": "zoe", "plan": TILES},
        {"id": "of the exam", "pupil": "devon-4", "plan": TILES},
    ]
    plans.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = proctor("judge", "mark", str(plans), "--profiles", str(pupils))
    assert done.returncode == 0, done.stderr
    marks = {one["item_id"]: one["overall"] for one in map(json.loads, done.stdout.splitlines())}
    assert marks["in the row"] == marks["in the file"] >= 4.5
    assert marks["for another"] <= 2
    assert marks["of the exam"] <= 2


def test_facts_that_cannot_be_read_and_pupils_that_nobody_knows_are_refused_with_the_line(tmp_path):
    plans = tmp_path / "plans.jsonl"
    for row, said in (
        ({"facts": LEO | {"mistake": []}}, "no fact is called 'mistake'"),
        ({"facts": LEO | {"weeks": "two"}}, "'weeks' is 'two', and should be a number"),
        ({"facts": {"name": "Leo"}}, "name no `topics`"),
        ({"pupil": "leo"}, "--profiles"),
    ):
        plans.write_text(json.dumps({"id": "a", "plan": TILES, **row}))
        done = proctor("judge", "mark", str(plans))
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
        assert "line 1" in done.stderr
