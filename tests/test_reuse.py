"""What was answered once is not asked again: a larger limit, more epochs and another name ask only what is new."""

import json

import pytest
from conftest import proctor
from openai_server import Reply, serve

from harness import record

TASKS = ["word_problems", "concepts", "study_plan"]


@pytest.fixture
def server():
    """Answers with a number of its own for each request, so that an answer that was asked twice is another one."""
    with serve(lambda request, before: Reply(f"Answer number {before}. #### {before}")) as server:
        yield server


def asked_by(home, server, limit=None, tasks=TASKS, name="one", **fields):
    """How many requests a run sent, and what it said."""
    home.variant(name, base="some-model", engine="openai", endpoint=server.url, **fields)
    suite = home.suite(
        variants=[name], tasks=tasks, baseline=name, limit=dict.fromkeys(tasks, limit) if limit else {}
    )
    before = len(server.asked)
    done = home.run(suite)
    assert done.returncode == 0, done.stderr
    return len(server.asked) - before, done.stdout


def rows(home, task, name="one"):
    cell = record.read(home.results, name, task)
    assert not cell.problem
    return cell.rows()


def sampling(epochs):
    return {"temperature": 0.7, "epochs": epochs, "seed": 3}


@pytest.mark.parametrize("task", TASKS)
def test_larger_limit_asks_only_the_items_that_are_new(home, server, task):
    assert asked_by(home, server, 20, [task])[0] == 20
    first = rows(home, task)
    assert asked_by(home, server, 40, [task])[0] == 20
    second = rows(home, task)
    assert len(second) == 40
    kept = second[second["sample_id"].isin(first["sample_id"])].reset_index(drop=True)
    assert kept.equals(first)  # seconds and tokens too
    run = record.read(home.results, "one", task).run
    assert (run["reused"], run["definition"]["items"]) == (20, 40)
    assert "seconds_per_item" not in run
    assert asked_by(home, server, 40, [task])[0] == 0


def test_more_epochs_ask_only_the_epochs_that_are_new(home, server):
    assert asked_by(home, server, 5, sampling=sampling(1))[0] == 15
    first = {task: rows(home, task) for task in TASKS}
    assert asked_by(home, server, 5, sampling=sampling(3))[0] == 30
    for task in TASKS:
        second = rows(home, task)
        assert sorted(second["epoch"]) == [1] * 5 + [2] * 5 + [3] * 5
        assert second[second["epoch"] == 1].reset_index(drop=True).equals(first[task])
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
    asked_by(home, server, 20, sampling=sampling(3))
    assert asked_by(home, server, 10, name="two", sampling=sampling(2))[0] == 0
    home.variant("one", base="some-model", engine="openai", endpoint=server.url, sampling=sampling(3))
    suite = home.suite(variants=["one"], tasks=TASKS, baseline="one", limit=dict.fromkeys(TASKS, 10))
    refused = home.run(suite)
    assert refused.returncode == 2
    assert "items was 20, is 10" in refused.stderr


@pytest.mark.parametrize(
    "other",
    [
        {"base": "other-model"}, {"prompt": "cot"}, {"sampling": {"temperature": 0.5}},
        {"sampling": {"temperature": 0.7, "seed": 4}}, {"sampling": {"temperature": 0.7, "max_tokens": 9}},
        {"sampling": {"temperature": 0.7, "top_p": 0.5}}, {"endpoint": "elsewhere"},
    ],
    ids=str,
)  # fmt: skip
def test_other_weights_prompt_sampling_or_server_is_another_request(home, server, other):
    asked_by(home, server, 5, ["word_problems"], sampling={"temperature": 0.7})
    fields = {"base": "some-model", "endpoint": server.url, "sampling": {"temperature": 0.7}} | other
    with serve(lambda request, _: Reply("1")) as elsewhere:
        where = elsewhere if other == {"endpoint": "elsewhere"} else server
        home.variant("two", engine="openai", **fields | {"endpoint": where.url})
        suite = home.suite(
            variants=["two"], tasks=["word_problems"], baseline="two", limit={"word_problems": 5}
        )
        before = len(where.asked)
        assert home.run(suite).returncode == 0
        assert len(where.asked) - before == 5


def test_request_that_failed_is_asked_again_and_no_other(home):
    down = True

    def reply(request, before):
        if down and before < 3:
            return Reply(status=400, body='{"error": {"message": "no"}}')
        return Reply("#### 1")

    with serve(reply) as server:
        assert asked_by(home, server, 20)[0] == 60
        down = False
        assert asked_by(home, server, 20)[0] == 3
    assert all((rows(home, task)["status"] != "error").all() for task in TASKS)


def test_larger_limit_of_weights_that_answer_in_batches(home):
    """Weights trained or not: what stands for them is their digest."""
    home.variant("tiny", base="finetune/tiny", sampling={"max_tokens": 16})
    home.variant("again", base="finetune/tiny", sampling={"max_tokens": 16})

    def run(name, limit):
        suite = home.suite(
            variants=[name], tasks=["word_problems"], baseline=name, limit={"word_problems": limit}
        )
        done = home.run(suite)
        assert done.returncode == 0, done.stderr
        (path,) = (home.store / "responses").glob("word_problems-*.jsonl")
        lines = path.read_text(encoding="utf-8").splitlines()
        return sum('"key"' in line for line in lines), done.stdout

    assert run("tiny", 4)[0] == 4
    first = rows(home, "word_problems", "tiny")
    count, said = run("tiny", 7)
    assert count == 7
    assert "open hf" in said
    second = rows(home, "word_problems", "tiny")
    assert second[second["sample_id"].isin(first["sample_id"])].reset_index(drop=True).equals(first)
    count, said = run("again", 7)
    assert count == 7
    assert "open hf" not in said


def test_trained_weights_of_one_recipe_are_kept_apart_from_those_of_another(home):
    from harness.plan import make_plan
    from harness.suite import Suite

    home.variant("plain", base="finetune/tiny")
    home.variant("trained", base="finetune/tiny", recipe="tiny-lora")
    home.variant("less", base="finetune/tiny", recipe="tiny-lora", examples=16)
    home.variant("renamed", base="finetune/tiny", recipe="tiny-lora", parent="plain")
    names = ["plain", "trained", "less", "renamed"]
    suite = home.suite(variants=names, tasks=["word_problems"], baseline="plain")
    plan = make_plan(Suite.load(str(suite)), home.results, home.store)
    weights = {cell.variant: cell.weights for cell in plan.cells}
    assert weights["trained"] == weights["renamed"]
    assert len(set(weights.values())) == 3


def test_first_items_of_an_earlier_version_are_never_mixed_with_drawn_ones(home, server):
    """A cell whose rows are no part of the draw is another definition, however few it has."""
    asked_by(home, server, 5, ["word_problems"])
    path = home.results / "one/word_problems/run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    run["definition"]["dataset"] = "0" * 64
    del run["definition"]["draw"]
    path.write_text(json.dumps(run), encoding="utf-8")
    suite = home.suite(variants=["one"], tasks=["word_problems"], baseline="one", limit={"word_problems": 9})
    refused = home.run(suite)
    assert refused.returncode == 2
    assert "made from an earlier definition" in refused.stderr
    assert "dataset was" in refused.stderr


def long_prompt(home, name="short"):
    """A context that all prompts but a few fit."""
    home.variant(name, base="finetune/tiny", sampling={"max_tokens": 940})
    return home.suite(variants=[name], tasks=["study_plan"], baseline=name, limit={"study_plan": 4})


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
        assert len(failed) == cell.run["errors"] == cell.run["too_long"] == 2
        assert failed["score"].isna().all()
        assert failed["explanation"].str.contains("maximum context length is 64").all()
        asked, said = asked_by(home, server, 6, [task])
        assert asked == 0
        assert "open openai" not in said
        suite = home.folder / "suites/suite.yaml"
        plan = json.loads(proctor("plan", str(suite), *home.where(), "--json").stdout)
        assert [(one["state"], one["why"]) for one in plan["cells"]] == [
            ("keep", "made as defined; 2 of 6 prompts do not fit the context")
        ]
        fits, before = 1, len(server.asked)
        done = home.run(suite, "--redo")
        assert done.returncode == 0, done.stderr
        assert len(server.asked) - before == 2
        run = record.read(home.results, "one", task).run
        assert run["errors"] == 0
        assert "too_long" not in run


def test_prompt_that_does_not_fit_weights_that_are_loaded_here(home):
    home.variant("tiny", base="finetune/tiny", sampling={"max_tokens": 1020})
    suite = home.suite(
        variants=["tiny"], tasks=["word_problems"], baseline="tiny", limit={"word_problems": 3}
    )
    done = home.run(suite)
    assert done.returncode == 1
    assert "every request failed in tiny x word_problems (3 of 3)" in done.stderr
    found = rows(home, "word_problems", "tiny")
    assert found["explanation"].str.contains("do not fit the model's context").all()
    again = home.run(suite)
    assert "open hf" not in again.stdout
    assert again.returncode == 1


@pytest.mark.parametrize("task", ["word_problems", "study_plan"])
def test_run_in_which_every_request_failed_ends_with_1_and_the_count(home, task):
    home.echo("gold", lambda doc: doc.get("target") or doc["answer"], task)
    home.echo("none", lambda doc: None, task)
    suite = home.suite(variants=["gold", "none"], tasks=[task], baseline="gold", limit={task: 5})
    done = home.run(suite)
    assert done.returncode == 1
    assert done.stderr == f"proctor: every request failed in none x {task} (5 of 5); run again to ask again\n"
    assert "board:" in done.stdout
    assert home.run(suite, "--only", "gold").returncode == 0
