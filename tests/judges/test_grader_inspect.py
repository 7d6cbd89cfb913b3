"""Graders through Inspect's providers: the same verdicts, and the same care with a server that does wrong."""

import json

import pytest

from proctor.common.refusal import Refusal
from proctor.common.schema import parse
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import open_grader
from proctor.judges.scoring import score_all
from tests.support.graders import QUICK, asked_for, items, marks_for, verdict
from tests.support.openai_server import Reply, serve

JUDGE = Judge.load("study_plan")


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("STUB_API_KEY", "sk-stub")


def mark(server, count=1, **changes):
    fields = {"model": "openai-api/stub/some-grader", "through": "inspect", **QUICK}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("STUB_BASE_URL", server.url)
        return score_all(JUDGE, items(count), open_grader(GraderSpec.model_validate({**fields, **changes})))


def test_no_endpoint_of_a_yaml_gets_the_key_that_a_provider_finds_for_itself():
    fields = {"model": "openai/some-grader", "through": "inspect", "endpoint": "https://elsewhere.example/v1"}
    with pytest.raises(Refusal, match="a grader through 'inspect' has no endpoint"):
        parse(fields, GraderSpec, "grader.yaml")


def test_verdicts_come_with_schema_seed_and_tokens():
    with serve(lambda request, _: verdict(request)) as server:
        found = mark(server, 3)
        asked = server.asked
    assert {json.dumps(one.scores) for one in found} == {
        json.dumps({name: float(value) for name, value in marks_for(asked_for(one)).items()}) for one in asked
    }
    assert asked[0]["response_format"]["type"] == "json_schema"
    assert asked[0]["seed"] == 0
    assert found[0].usage.tokens_out == 5
    assert found[0].method == "openai-api/stub/some-grader"


def test_server_that_refuses_a_schema_is_asked_without_one():
    refused = Reply(status=422, body='{"error": {"message": "response_format is not supported"}}')
    with serve(lambda request, _: refused if "response_format" in request else verdict(request)) as server:
        assert not any(one.problem for one in mark(server, 3, concurrency=1))
        assert sum("response_format" in one for one in server.asked) == 1


FAULTS = {
    "429": (Reply(status=429, body="{}", headers={"retry-after": "0.01"}), "rate limited"),
    "500": (Reply(status=500, body="{}", headers={"retry-after": "0.01"}), "server error"),
    "closed": (Reply(hang_up=True), "connection broken"),
    "silence": (Reply("x", wait=60), "timed out"),
    "garbage": (Reply("hm"), "unreadable"),
    "html": (Reply(body="<html>"), "unreadable"),
    "cut off": (Reply('{"fluency": 5', finish="length"), "cut off"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault_is_a_missing_verdict_and_spoils_no_other(fault):
    bad, reason = FAULTS[fault]
    with serve(lambda request, _: bad if "number 1" in asked_for(request) else verdict(request)) as server:
        patient = 1 if fault == "silence" else 10
        good, failed = mark(server, 2, retries=0, timeout=patient, patience=20, attempts=1, concurrency=1)
    assert not good.problem
    assert (failed.scores, failed.reason) == ({}, reason)
    assert "sk-stub" not in failed.problem


def test_provider_that_is_not_there_is_refused_in_one_line():
    with pytest.raises(ValueError, match="Inspect cannot open the grader 'nowhere/m'") as refused:
        open_grader(GraderSpec(model="nowhere/m", through="inspect"))
    assert "\n" not in str(refused.value)
