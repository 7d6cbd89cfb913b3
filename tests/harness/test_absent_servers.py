"""A grader, solver, second reader or examined model whose server is not there: told before anything is built or asked,
and no matter where nothing has to be asked of it.
"""

import json

import pytest
import yaml

from proctor.harness import record
from tests.support.command import proctor
from tests.support.graders import QUICK, verdict
from tests.support.openai_server import Reply, listed, serve

NOBODY = "http://127.0.0.1:9/v1"
NO_KEY = Reply(status=401, body="{}")
GRADER = {"model": "some-grader", "endpoint": NOBODY}
ROLES = {
    "grader": {"judge": "study_plan", "tasks": ["study_plan"], "grader": GRADER},
    "panel": {"judge": "study_plan", "tasks": ["study_plan"], "grader": {"panel": [GRADER, GRADER | {"seed": 1}]}},
    "solver": {"tasks": ["questions"], "solver": GRADER},
    "second reader": {"tasks": ["word_problems"], "extractor": {"fallback": "some-grader", "endpoint": NOBODY}},
}  # fmt: skip


def refused(home, suite):
    done = home.run(suite)
    assert done.returncode == 2, done.stderr
    assert not [name for name in ("artifacts", "responses", "answered") if (home.store / name).exists()]
    assert not record.cells(home.results)
    return done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_model_that_scores_is_looked_for_before_anybody_is_asked(home, role):
    task = ROLES[role]["tasks"][0]
    home.echo("one", lambda doc: "An answer in words.", task)
    suite = home.suite(variants=["one"], baseline="one", limit={task: 2}, **ROLES[role])
    said = refused(home, suite)
    assert f"proctor: grader 'some-grader' cannot be reached at {NOBODY}; " in said
    assert "start its server, or correct the address" in said
    assert suite.name in said
    assert said.count("\n") == 1


def test_examined_model_behind_an_endpoint_is_looked_for_before_weights_are_built(home):
    home.variant("built", base="finetune/tiny", recipe="tiny-lora")
    home.variant("served", base="some-model", engine="openai", endpoint=NOBODY)
    suite = home.suite(variants=["built", "served"], baseline="built", tasks=["word_problems"])
    assert f"variant served cannot be reached at {NOBODY}; " in refused(home, suite)


def test_grader_that_is_a_variant_behind_an_endpoint_is_looked_for_as_well(home):
    home.echo("one", lambda doc: doc["target"], "study_plan")
    home.variant("served", base="some-model", engine="openai", endpoint=NOBODY)
    grader = {"model": "served", "through": "engine"}
    suite = home.suite(
        variants=["one"], baseline="one", tasks=["study_plan"], judge="study_plan", grader=grader
    )
    assert f"variant served cannot be reached at {NOBODY}; " in refused(home, suite)


def test_wrong_key_and_wrong_model_are_told_before_anybody_is_asked(home):
    home.echo("one", lambda doc: doc["target"], "study_plan")

    def suite_at(url):
        grader = {"model": "some-grader", "endpoint": url}
        return home.suite(
            variants=["one"], baseline="one", tasks=["study_plan"], judge="study_plan", grader=grader
        )

    with serve(lambda request, _: verdict(request), models=NO_KEY) as server:
        assert "refuses to answer without a key" in refused(home, suite_at(server.url))
        assert not server.asked
    no = Reply(status=404, body='{"error": {"message": "model some-grader not found"}}')
    with serve(lambda request, _: no, models=listed("other")) as server:
        assert "has no model 'some-grader'; possible: other" in refused(home, suite_at(server.url))
        assert len(server.asked) == 1


def test_server_is_not_needed_where_all_verdicts_are_kept(home):
    home.echo("one", lambda doc: doc["target"], "study_plan")
    with serve(lambda request, _: verdict(request), models=listed("some-grader")) as server:
        suite = home.suite(
            variants=["one"], baseline="one", tasks=["study_plan"], judge="study_plan", limit={"study_plan": 3},
            grader={"model": "some-grader", "endpoint": server.url, **QUICK},
        )  # fmt: skip
        assert home.run(suite).returncode == 0
        assert (len(server.asked), server.looks) == (3, 2)  # before all, and before the first plan is scored
        assert home.run(suite).returncode == 0
        assert (len(server.asked), server.looks) == (3, 2)
    before = record.read(home.results, "one", "study_plan").rows()["score"].tolist()
    for file in (home.results / "one" / "study_plan").iterdir():
        file.unlink()
    done = home.run(suite)
    assert done.returncode == 0, done.stderr
    assert record.read(home.results, "one", "study_plan").rows()["score"].tolist() == before


PLANS = [{"id": f"p{n}", "profile": f"Pupil {n}", "plan": f"Week 1: {n} sums on Monday."} for n in range(3)]


def test_judge_score_asks_for_its_server_first_and_not_where_all_is_kept(tmp_path):
    plans, spec = tmp_path / "plans.jsonl", tmp_path / "grader.yaml"
    plans.write_text("\n".join(map(json.dumps, PLANS)))

    def score(**grader):
        spec.write_text(yaml.safe_dump({"model": "some-grader", **grader}))
        return proctor(
            "judge", "score", str(plans), "--judge", "study_plan", "--grader", str(spec), "--store",
            str(tmp_path / "store"),
        )  # fmt: skip

    done = score(endpoint=NOBODY)
    assert done.returncode == 2
    assert "grader 'some-grader' cannot be reached at" in done.stderr
    with serve(lambda request, _: verdict(request), models=listed("some-grader")) as server:
        first = score(endpoint=server.url)
        assert first.returncode == 0, first.stderr
        assert (len(server.asked), server.looks) == (3, 1)
    second = score(endpoint=server.url)
    assert second.returncode == 0, second.stderr
    assert [json.loads(line)["scores"] for line in second.stdout.splitlines()] == [
        json.loads(line)["scores"] for line in first.stdout.splitlines()
    ]
