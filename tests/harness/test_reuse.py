"""What was answered once is not asked again: a larger limit, more epochs and another name ask only what is new."""

import json
import shutil
from io import StringIO

import pytest
from typer.testing import CliRunner

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.plan.plan import make_plan
from proctor.harness.run import run_suite
from proctor.leaderboard.cli.main import app
from tests.support.openai_server import Reply, serve

TASKS = ["word_problems", "study_plan"]  # asked by lm-eval and by Inspect


@pytest.fixture
def server():
    """Answers with a number of its own for each request, so that an answer that was asked twice is another one."""
    with serve(lambda request, before: Reply(f"Answer number {before}. #### {before}")) as server:
        yield server


def run(home, suite, redo=False):
    """The suite in this process; what was said."""
    said = StringIO()
    run_suite(str(suite), home.results, home.store, Reporter(Console(file=said, width=200)), redo=redo)
    return said.getvalue()


def planned(home, suite):
    return make_plan(Suite.load(str(suite)), home.results, home.store).cells


def asked_by(home, server, limit=None, tasks=TASKS, name="one", **fields):
    """How many requests a run sent, and what it said."""
    home.variant(name, base="some-model", engine="openai", endpoint=server.url, **fields)
    limits = dict.fromkeys(tasks, limit) if limit else {}
    suite = home.suite(variants=[name], tasks=tasks, baseline=name, limit=limits)
    before = len(server.asked)
    said = run(home, suite)
    return len(server.asked) - before, said


def rows(home, task, name="one"):
    cell = record.read(home.results, name, task)
    assert not cell.problem
    return cell.rows()


def sampling(epochs):
    return {"temperature": 0.7, "epochs": epochs, "seed": 3}


def test_larger_limit_asks_only_the_items_that_are_new(home, server):
    assert asked_by(home, server, 6)[0] == 12
    first = {task: rows(home, task) for task in TASKS}
    assert asked_by(home, server, 12)[0] == 12
    for task in TASKS:
        second = rows(home, task)
        assert len(second) == 12
        kept = second[second["sample_id"].isin(first[task]["sample_id"])].reset_index(drop=True)
        assert kept.equals(first[task])  # seconds and tokens too
        told = record.read(home.results, "one", task).run
        assert (told.costs.reused, told.definition.items) == (6, 12)
        assert told.costs.seconds_per_item is None
    assert asked_by(home, server, 12)[0] == 0


def test_more_epochs_ask_only_the_epochs_that_are_new(home, server):
    assert asked_by(home, server, 5, sampling=sampling(1))[0] == 10
    first = {task: rows(home, task) for task in TASKS}
    assert asked_by(home, server, 5, sampling=sampling(3))[0] == 20
    for task in TASKS:
        second = rows(home, task)
        assert sorted(second["epoch"]) == [1] * 5 + [2] * 5 + [3] * 5
        # What the epochs of a sample say together, such as how often they agree, is new; all else stays.
        kept = second[second["epoch"] == 1].reset_index(drop=True).drop(columns="metrics")
        assert kept.equals(first[task].drop(columns="metrics"))
        assert second["response"].nunique() == 15


def test_variant_of_another_name_asks_nothing_and_opens_no_engine(home, server):
    asked_by(home, server, 5)
    asked, said = asked_by(home, server, 5, name="two")
    assert asked == 0
    assert "open openai" not in said
    for task in TASKS:
        assert (
            rows(home, task, "two").drop(columns="variant").equals(rows(home, task).drop(columns="variant"))
        )


def test_part_of_what_was_asked_before_is_asked_by_nobody(home, server):
    """Fewer items, fewer epochs: for a new variant, since rows that are there are not given up unasked."""
    asked_by(home, server, 6, sampling=sampling(3))
    assert asked_by(home, server, 3, name="two", sampling=sampling(2))[0] == 0
    home.variant("one", base="some-model", engine="openai", endpoint=server.url, sampling=sampling(3))
    suite = home.suite(variants=["one"], tasks=TASKS, baseline="one", limit=dict.fromkeys(TASKS, 3))
    with pytest.raises(Refusal, match="items was 6, is 3"):
        run(home, suite)


OTHERS = (
    {"base": "other-model"}, {"prompt": "cot"}, {"sampling": {"temperature": 0.5}},
    {"sampling": {"temperature": 0.7, "seed": 4}}, {"sampling": {"temperature": 0.7, "max_tokens": 9}},
    {"sampling": {"temperature": 0.7, "top_p": 0.5}}, {"endpoint": "elsewhere"},
)  # fmt: skip


def test_other_weights_prompt_sampling_or_server_is_another_request(home, server):
    asked_by(home, server, 2, ["word_problems"], sampling={"temperature": 0.7})
    with serve(lambda request, _: Reply("1")) as elsewhere:
        for number, other in enumerate(OTHERS):
            where = elsewhere if "endpoint" in other else server
            fields = {"base": "some-model", "sampling": {"temperature": 0.7}} | other
            name, before = f"other-{number}", len(where.asked)
            home.variant(name, engine="openai", **fields | {"endpoint": where.url})
            limit = {"word_problems": 2}
            run(home, home.suite(variants=[name], tasks=["word_problems"], baseline=name, limit=limit))
            assert len(where.asked) - before == 2, other


def test_request_that_failed_is_asked_again_and_no_other(home):
    down = True

    def reply(request, before):
        if down and before < 3:
            return Reply(status=400, body='{"error": {"message": "no"}}')
        return Reply("#### 1")

    with serve(reply) as server:
        assert asked_by(home, server, 6)[0] == 12
        down = False
        assert asked_by(home, server, 6)[0] == 3
    assert all((rows(home, task)["status"] != "error").all() for task in TASKS)


def test_larger_limit_of_weights_that_answer_in_batches(home):
    """Weights trained or not: what stands for them is their digest."""
    home.variant("tiny", base="finetune/tiny", sampling={"max_tokens": 16})
    home.variant("again", base="finetune/tiny", sampling={"max_tokens": 16})

    def kept(name, limit):
        limits = {"word_problems": limit}
        suite = home.suite(variants=[name], tasks=["word_problems"], baseline=name, limit=limits)
        said = run(home, suite)
        (path,) = (home.store / "responses").glob("word_problems-*.jsonl")
        return path.read_text(encoding="utf-8").count('"key"'), said

    assert kept("tiny", 4)[0] == 4
    first = rows(home, "word_problems", "tiny")
    count, said = kept("tiny", 7)
    assert count == 7
    assert "open hf" in said
    second = rows(home, "word_problems", "tiny")
    assert second[second["sample_id"].isin(first["sample_id"])].reset_index(drop=True).equals(first)
    count, said = kept("again", 7)
    assert count == 7
    assert "open hf" not in said


def test_trained_weights_of_one_recipe_are_kept_apart_from_those_of_another(home):
    home.variant("plain", base="finetune/tiny")
    home.variant("trained", base="finetune/tiny", recipe="tiny-lora")
    home.variant("less", base="finetune/tiny", recipe="tiny-lora", examples=16)
    home.variant("renamed", base="finetune/tiny", recipe="tiny-lora", parent="plain")
    names = ["plain", "trained", "less", "renamed"]
    suite = home.suite(variants=names, tasks=["word_problems"], baseline="plain")
    weights = {cell.variant: cell.weights for cell in planned(home, suite)}
    assert weights["trained"] == weights["renamed"]
    assert len(set(weights.values())) == 3


def test_first_items_of_an_earlier_version_are_never_mixed_with_drawn_ones(home, server):
    """A cell whose rows are no part of the draw is another definition, however few it has."""
    asked_by(home, server, 5, ["word_problems"])
    path = home.results / "one/word_problems/run.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["definition"]["dataset"] = "0" * 64
    del told["definition"]["draw"]
    path.write_text(json.dumps(told | {"check": None}), encoding="utf-8")
    suite = home.suite(variants=["one"], tasks=["word_problems"], baseline="one", limit={"word_problems": 9})
    with pytest.raises(Refusal, match="made from an earlier definition; the questions changed"):
        run(home, suite)


@pytest.mark.parametrize("task", ["word_problems", "study_plan"])
def test_prompt_that_does_not_fit_is_an_error_in_its_row_and_asked_again_with_redo_alone(home, task):
    refuse = {
        "error": {
            "message": "This model's maximum context length is 64 tokens",
            "code": "context_length_exceeded",
        }
    }
    fits = 0

    def reply(request, before):
        if before < 2 and not fits:
            return Reply(status=400, body=json.dumps(refuse))
        return Reply("#### 1")

    with serve(reply) as server:
        assert asked_by(home, server, 6, [task])[0] == 6
        cell = record.read(home.results, "one", task)
        failed = cell.rows()[cell.rows()["status"] == "error"]
        assert len(failed) == cell.run.errors == cell.run.too_long == 2
        assert failed["score"].isna().all()
        assert failed["explanation"].str.contains("maximum context length is 64").all()
        asked, said = asked_by(home, server, 6, [task])
        assert asked == 0
        assert "open openai" not in said
        suite = home.folder / "suites/suite.yaml"
        assert [(cell.state, cell.why) for cell in planned(home, suite)] == [
            ("keep", "made as defined; 2 of 6 prompts do not fit the context")
        ]
        fits, before = 1, len(server.asked)
        run(home, suite, redo=True)
        assert len(server.asked) - before == 2
        mended = record.read(home.results, "one", task).run
        assert (mended.errors, mended.too_long) == (0, 0)


def test_redo_scores_kept_responses_again_and_its_help_says_how_to_ask_anew(home, server):
    asked_by(home, server, 6, ["word_problems"])
    suite, samples = home.folder / "suites/suite.yaml", home.results / "one/word_problems/samples.parquet"
    first, before = rows(home, "word_problems"), len(server.asked)
    samples.write_bytes(b"damaged")
    run(home, suite, redo=True)
    assert len(server.asked) == before
    assert rows(home, "word_problems")["response"].equals(first["response"])
    told = " ".join(CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "500"}).output.split())
    assert (
        "Kept responses are only scored again: to ask anew, delete the cell's folder in the results" in told
    )
    assert "and `answered` and `responses` in the store." in told
    for folder in (samples.parent, home.store / "answered", home.store / "responses"):
        shutil.rmtree(folder)
    run(home, suite)
    assert len(server.asked) == before + 6
    assert not set(rows(home, "word_problems")["response"]) & set(first["response"])


def test_prompt_that_does_not_fit_weights_that_are_loaded_here(home):
    home.variant("tiny", base="finetune/tiny", sampling={"max_tokens": 1020})
    suite = home.suite(
        variants=["tiny"], tasks=["word_problems"], baseline="tiny", limit={"word_problems": 3}
    )
    done = home.run(suite)
    assert done.returncode == 1
    assert "every response or verdict failed in tiny x word_problems (3 of 3)" in done.stderr
    found = rows(home, "word_problems", "tiny")
    assert found["explanation"].str.contains("do not fit the model's context").all()
    again = home.run(suite)
    assert "open hf" not in again.stdout
    assert again.returncode == 1


def test_run_in_which_every_request_failed_ends_with_1_and_the_count(home):
    home.echo("gold", lambda doc: doc.get("target") or doc["answer"], *TASKS)
    home.echo("none", lambda doc: None, *TASKS)
    limit = dict.fromkeys(TASKS, 5)
    suite = home.suite(variants=["gold", "none"], tasks=TASKS, baseline="gold", limit=limit)
    done = home.run(suite)
    assert done.returncode == 1
    assert done.stderr == (
        "proctor: every response or verdict failed in none x word_problems (5 of 5), none x study_plan (5 of 5); "
        "mend why (its rows say), and run again\n"
    )
    assert "board:" in done.stdout
    assert home.run(suite, "--only", "gold").returncode == 0
