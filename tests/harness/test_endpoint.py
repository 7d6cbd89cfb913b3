"""An endpoint that fails gives failed requests, never empty answers that would be marked."""

import json
from contextlib import ExitStack

import pytest

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.ask.responses import Journal, respond_all
from proctor.harness.engines.endpoint import CONCURRENCY, EndpointEngine
from proctor.harness.engines.protocol import Options, Request, Weights
from proctor.harness.run import run_suite
from tests.support.openai_server import Reply, serve

OPTIONS = Options(max_tokens=16, until=("STOP",))


def ask(server, tmp_path, texts, options=OPTIONS):
    engine = EndpointEngine(Weights("some-model", endpoint=server.url))
    prompts = [engine.apply_chat_template([{"role": "user", "content": text}]) for text in texts]
    return respond_all(
        engine, [Request(p, options) for p in prompts], Journal(tmp_path / "j"), lambda done, made: None
    )


def test_each_request_gets_its_own_answer_with_tokens(tmp_path):
    with serve(lambda request, _: Reply(request["messages"][-1]["content"].upper())) as server:
        answers = ask(server, tmp_path, ["one", "two", "three"])
    assert [answer.text for answer in answers] == ["ONE", "TWO", "THREE"]
    assert all((answer.tokens_in, answer.tokens_out) == (7, 5) for answer in answers)


def test_sampling_and_stops_reach_the_server(tmp_path):
    with serve(lambda request, _: Reply("x")) as server:
        ask(server, tmp_path, ["one"], Options(16, ("STOP",), 0.7, 0.9, 3))
        (asked,) = server.asked
    assert (asked["model"], asked["max_tokens"], asked["temperature"], asked["top_p"]) == (
        "some-model",
        16,
        0.7,
        0.9,
    )
    assert asked["stop"] == ["STOP"]
    assert isinstance(asked["seed"], int)


def test_answer_at_its_limit_counts_as_cut_off(tmp_path):
    with serve(lambda request, _: Reply("x", finish="length")) as server:
        assert ask(server, tmp_path, ["one"])[0].truncated


def test_busy_server_is_asked_again(tmp_path):
    busy = Reply(status=429, body='{"error": {"message": "slow down"}}', headers={"retry-after": "0.01"})
    with serve(lambda request, before: busy if before < 2 else Reply("fine")) as server:
        assert ask(server, tmp_path, ["one"])[0].text == "fine"
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=400, body='{"error": {"message": "no such model"}}'),
        Reply(body="<html>garbage</html>"),
        Reply(body=json.dumps({"choices": []})),
        Reply(body="{"),
        Reply(text=None),
    ],
    ids=["400", "garbage", "no choices", "half a JSON", "no text"],
)
def test_reply_that_is_no_answer_is_an_error_and_not_an_empty_answer(tmp_path, reply):
    bad = lambda request, _: reply if "bad" in request["messages"][-1]["content"] else Reply("fine")  # noqa: E731
    with serve(bad) as server:
        good, failed = ask(server, tmp_path, ["good", "bad"])
    assert (good.text, good.error) == ("fine", "")
    assert failed.error
    assert failed.text == ""


def test_server_that_hangs_up_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "proctor.harness.engines.endpoint.RETRIES", 1
    )  # each waits twice as long as the one before
    with serve(lambda request, _: Reply(hang_up=True)) as server:
        (answer,) = ask(server, tmp_path, ["one"])
    assert answer.error.startswith("the connection broke (up to 2 tries): ")
    assert len(server.asked) == 2


def ask_plainly(server, tmp_path, *texts):
    engine = EndpointEngine(Weights("some-model", endpoint=server.url))
    requests = [Request(text, OPTIONS) for text in texts]
    return respond_all(engine, requests, Journal(tmp_path / "j"), lambda done, made: None)


def test_plain_text_goes_to_completions_as_it_is(tmp_path):
    texts = ["Question: 1 + 1?\nAnswer:\n", "[{ is how a set of sets begins:\n", '["a", "b"]']
    with serve(lambda request, _: Reply(request["prompt"].upper(), finish="length")) as server:
        answers = ask_plainly(server, tmp_path, *texts)
        asked = server.asked
    assert [answer.text for answer in answers] == [text.upper() for text in texts]
    assert all(answer.truncated and (answer.tokens_in, answer.tokens_out) == (7, 5) for answer in answers)
    assert {one["path"] for one in asked} == {"/v1/completions"}
    assert all("messages" not in one and one["stop"] == ["STOP"] and one["max_tokens"] == 16 for one in asked)


def test_server_that_has_no_completions_is_told_with_the_way_out(tmp_path):
    with serve(lambda request, _: Reply(status=404, body='{"detail": "Not Found"}')) as server:
        (answer,) = ask_plainly(server, tmp_path, "Question: 1 + 1?\nAnswer:\n")
    assert answer.text == ""
    assert "needs the server's /completions: if it has none, take chat turns" in answer.error


def test_reply_that_is_no_plain_completion_is_an_error(tmp_path):
    chat = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "2"}}]})
    with serve(lambda request, _: Reply(body=chat)) as server:
        (answer,) = ask_plainly(server, tmp_path, "Question: 1 + 1?\nAnswer:\n")
    assert answer.text == ""
    assert answer.error


def run(home, variant, *tasks, limit):
    """The suite of one variant in this process."""
    suite = home.suite(
        variants=[variant], tasks=list(tasks), baseline=variant, limit=dict.fromkeys(tasks, limit)
    )
    run_suite(str(suite), home.results, home.store, Reporter(Console(quiet=True)))


def test_every_exam_asks_an_endpoint_in_plain_text(home):
    tasks = ("word_problems", "concepts", "study_plan")
    with serve(lambda request, _: Reply("#### 18")) as server:
        home.variant("plain", base="some-model", engine="openai", endpoint=server.url, prompt="text-2shot")
        run(home, "plain", *tasks, limit=3)
        asked = {one["prompt"] for one in server.asked if one["path"] == "/v1/completions"}
        assert len(server.asked) == 9
    held = set()
    for task in tasks:
        rows = record.read(home.results, "plain", task).rows()
        assert not (rows["status"] == "error").any()
        held |= set(rows["prompt"])
    assert held == asked  # the cells hold the plain text that was asked
    assert all(prompt.endswith(":\n") for prompt in asked)


def test_every_epoch_of_a_prompt_is_asked_with_a_seed_of_its_own(tmp_path):
    engine_options = Options(16, (), 0.7)
    with serve(lambda request, _: Reply("x")) as server:
        engine = EndpointEngine(Weights("some-model", endpoint=server.url))
        prompt = engine.apply_chat_template([{"role": "user", "content": "one"}])
        requests = [Request(prompt, engine_options, epoch) for epoch in range(1, 9)]
        respond_all(engine, requests, Journal(tmp_path / "j"), lambda done, made: None)
        seeds = {asked["seed"] for asked in server.asked}
    assert len(seeds) == 8


def test_failed_request_alone_is_asked_again(tmp_path):
    texts = [f"question {n}" for n in range(20)]
    refuse = Reply(status=400, body='{"error": {"message": "no"}}')
    bad = lambda request, _: refuse if "question 7" in str(request["messages"]) else Reply("fine")  # noqa: E731
    with serve(bad) as server:
        first = ask(server, tmp_path, texts)
        before = len(server.asked)
        ask(server, tmp_path, texts)
        asked = [request["messages"][-1]["content"] for request in server.asked[before:]]
    assert sum(bool(answer.error) for answer in first) == 1
    assert asked == ["question 7"]


def test_model_that_used_its_tokens_up_before_a_word_gave_an_empty_answer(tmp_path):
    with serve(lambda request, _: Reply(text=None, finish="length")) as server:
        (answer,) = ask(server, tmp_path, ["one"])
    assert (answer.text, answer.truncated, answer.error) == ("", True, "")


def test_key_of_openai_goes_to_no_other_address(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai-alone")
    monkeypatch.setenv("MY_KEY", "for-this-server")
    with serve(lambda request, _: Reply("x")) as server:
        ask(server, tmp_path, ["one"])
        engine = EndpointEngine(Weights("some-model", endpoint=server.url, key="MY_KEY"))
        prompt = engine.apply_chat_template([{"role": "user", "content": "two"}])
        respond_all(engine, [Request(prompt, OPTIONS)], Journal(tmp_path / "k"), lambda done, made: None)
        assert server.keys == ["Bearer none", "Bearer for-this-server"]


def test_half_a_character_in_a_reply_can_be_kept(tmp_path):
    half = json.dumps({"choices": [{"message": {"content": "5 \ud83d"}, "finish_reason": "stop"}]})
    with serve(lambda request, _: Reply(body=half)) as server:
        first = ask(server, tmp_path, ["one"])
        assert ask(server, tmp_path, ["one"]) == first
        assert len(server.asked) == 1
    assert first[0].text == "5 ?"


GONE = {
    "no line": Reply(hang_up=True),
    "busy": Reply(status=429, body="{}", headers={"retry-after": "0"}),
    "broken": Reply(status=503, body="{}"),
}


@pytest.mark.parametrize("reply", GONE.values(), ids=GONE)
def test_server_that_is_gone_is_asked_no_more_after_twenty_failures_in_a_row(tmp_path, monkeypatch, reply):
    monkeypatch.setattr("proctor.harness.engines.endpoint.RETRIES", 0)
    with serve(lambda request, _: reply) as server:
        answers = ask(server, tmp_path, [f"question {n}" for n in range(200)])
        assert 20 <= len(server.asked) < 20 + CONCURRENCY
    assert all(answer.error and not answer.too_long for answer in answers)
    assert (
        sum("not asked: the 20 requests before failed, the last" in answer.error for answer in answers) > 160
    )


def test_server_that_fails_now_and_then_is_asked_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("proctor.harness.engines.endpoint.RETRIES", 0)
    now_and_then = lambda request, before: Reply("x") if before % 2 == 0 else Reply(status=503, body="{}")  # noqa: E731
    with serve(now_and_then) as server:
        ask(server, tmp_path, [f"question {n}" for n in range(100)])
        assert len(server.asked) == 100


def test_requests_that_the_server_refuses_are_no_sign_that_it_is_gone(tmp_path):
    with serve(
        lambda request, _: Reply(status=400, body='{"error": {"message": "no such model"}}')
    ) as server:
        answers = ask(server, tmp_path, [f"question {n}" for n in range(60)])
        assert len(server.asked) == 60
    assert not any(answer.too_long for answer in answers)


def test_server_that_came_back_is_asked_what_it_was_not(tmp_path, monkeypatch):
    monkeypatch.setattr("proctor.harness.engines.endpoint.RETRIES", 0)
    texts = [f"question {n}" for n in range(60)]
    with serve(lambda request, before: Reply("x") if before < 15 else Reply(status=503, body="{}")) as server:
        first = ask(server, tmp_path, texts)
    with serve(lambda request, _: Reply("x")) as server:
        second = ask(server, tmp_path, texts)
        assert len(server.asked) == 45
    assert sum(not answer.error for answer in first) == 15
    assert all(answer.text == "x" for answer in second)


SECRET = "sk-proj-0123456789abcdef"
AT_ONCE = {"retry-after-ms": "1"}  # a client that is not told waits seven seconds for its four retries
ECHOES = {
    "a refusal": Reply(
        status=400, body=json.dumps({"error": {"message": f"no access with Bearer {SECRET}"}})
    ),
    "a wrong key": Reply(status=401, body=json.dumps({"error": {"message": f"wrong key: {SECRET}"}})),
    "a busy server": Reply(status=429, body=json.dumps({"error": {"message": SECRET}}), headers=AT_ONCE),
    "a broken server": Reply(
        status=500, body=json.dumps({"error": {"message": f"got Bearer {SECRET}"}}), headers=AT_ONCE
    ),
    "a text": Reply(f"Your key is {SECRET}."),
    "a refused text": Reply(
        body=json.dumps({"choices": [{"message": {"content": None, "refusal": SECRET}}]})
    ),
}


def test_key_that_a_server_repeats_reaches_no_result(home, monkeypatch):
    """A variant for each way to repeat it, in one run."""
    monkeypatch.setenv("MY_KEY", SECRET)
    names = {f"leaky-{number}": reply for number, reply in enumerate(ECHOES.values())}
    with ExitStack() as opened:
        for name, reply in names.items():
            server = opened.enter_context(serve(lambda request, _, reply=reply: reply))
            home.variant(name, base="some-model", engine="openai", endpoint=server.url, key="MY_KEY")
        suite = home.suite(
            variants=list(names), tasks=["word_problems"], baseline="leaky-0", limit={"word_problems": 2}
        )
        done = home.run(suite)
        assert server.keys[0] == f"Bearer {SECRET}"
    assert done.returncode in (0, 1), done.stderr
    for name, way in zip(names, ECHOES, strict=True):
        rows = record.read(home.results, name, "word_problems").rows()
        assert "***" in rows["response"][0] + rows["explanation"][0], way
        assert not any(SECRET in text for column in ("response", "explanation") for text in rows[column])
    held = [
        path for path in home.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert not held
    assert SECRET not in done.stdout + done.stderr


def test_wrong_key_is_not_tried_on_every_request(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "wrong")
    with serve(lambda request, _: Reply(status=401, body="{}")) as server:
        engine = EndpointEngine(Weights("some-model", endpoint=server.url, key="MY_KEY"))
        requests = [Request(f"question {n}", OPTIONS) for n in range(200)]
        answers = respond_all(engine, requests, Journal(tmp_path / "j"), lambda done, made: None)
        assert len(server.asked) <= CONCURRENCY
    assert answers[-1].error == "not asked: the server refuses the key (MY_KEY)"


def test_key_that_is_not_there_is_refused_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(Refusal, match="needs a key in the environment variable MY_KEY"):
        EndpointEngine(Weights("some-model", endpoint="http://127.0.0.1:9/v1", key="MY_KEY"))


def test_reasoning_model_is_sent_no_limit_and_no_temperature_but_the_extra_fields(home):
    """As such a server does: it refuses max_tokens and temperature, whatever they hold."""

    def picky(request, _):
        if {"max_tokens", "temperature", "top_p", "seed"} & set(request):
            return Reply(status=400, body=json.dumps({"error": {"message": "unsupported parameter"}}))
        return Reply("#### 18")

    tasks = ("word_problems", "study_plan")
    with serve(picky) as server:
        home.variant(
            "thinker", base="some-model", engine="openai", endpoint=server.url,
            sampling={"max_tokens": None, "temperature": None},
            extra={"max_completion_tokens": 900, "reasoning_effort": "low"},
        )  # fmt: skip
        run(home, "thinker", *tasks, limit=3)
        asked = [(one["max_completion_tokens"], one["reasoning_effort"]) for one in server.asked]
    assert asked == [(900, "low")] * 6
    for task in tasks:
        cell = record.read(home.results, "thinker", task)
        assert (cell.rows()["response"] == "#### 18").all()
        assert cell.run.definition.extra == {"max_completion_tokens": 900, "reasoning_effort": "low"}


def test_limit_that_is_left_out_is_the_tasks_own(home):
    with serve(lambda request, _: Reply("#### 18")) as server:
        home.variant("plain", base="some-model", engine="openai", endpoint=server.url)
        run(home, "plain", "word_problems", limit=1)
        (asked,) = server.asked
    assert asked["max_tokens"] > 100
    assert asked["temperature"] == 0
