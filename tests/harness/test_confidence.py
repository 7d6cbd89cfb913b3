"""How sure a response is: log-probabilities as the model has them, stated confidence, agreement of several answers."""

import json
from dataclasses import replace
from functools import cache
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proctor.common.stats.calibration import agreement
from proctor.harness.ask.confidence import answer_span, confidence_of, with_agreement
from proctor.harness.ask.responses import Journal, respond_all
from proctor.harness.config.variant import Sampling, Variant
from proctor.harness.engines import open_engine
from proctor.harness.engines.decoding import log_probability
from proctor.harness.engines.endpoint import EndpointEngine
from proctor.harness.engines.protocol import Options, Request, Response, Weights, token_ends
from tests.support.board_results import rows_of
from tests.support.command import ROOT
from tests.support.embedded_gguf import embedded_gguf
from tests.support.openai_server import Reply, serve

TINY = ROOT / "finetune" / "tiny"
TASK = "word_problems"
QUESTIONS = [f"Tom has {n} apples and buys {n + 3} more. How many has he?" for n in (2, 5, 11)]
GREEDY, DRAWN = Options(40, ("=",), logprobs=True), Options(40, (), 0.8, 0.9, 1, True)


def ask(kind: str, source: Path, options: Options, folder: Path) -> tuple[list[str], list[Response]]:
    engine = open_engine(kind, Weights(str(source)))
    try:
        prompts = [engine.apply_chat_template([{"role": "user", "content": text}]) for text in QUESTIONS]
        requests = [Request(prompt, options) for prompt in prompts]
        return prompts, respond_all(engine, requests, Journal(folder / "j"), lambda done, made: None)
    finally:
        engine.close()


@cache
def tiny() -> tuple[Any, Any]:
    from proctor.finetune.load import load_model, load_tokenizer

    return load_tokenizer(TINY), load_model(TINY, "cpu")


def read_by_the_model(prompt: str, text: str) -> list[float]:
    """The log-probability of each token of `text`, from one pass over prompt and text."""
    import torch

    tokenizer, model = tiny()
    start = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    made = tokenizer(text, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([start + made])).logits[0].log_softmax(dim=-1)
    return [float(logits[len(start) - 1 + index, token]) for index, token in enumerate(made)]


@pytest.mark.parametrize("options", [GREEDY, DRAWN], ids=["greedy", "drawn"])
def test_hf_gives_each_token_as_the_model_has_it_whatever_the_temperature(options, tmp_path):
    prompts, responses = ask("hf", TINY, options, tmp_path)
    for prompt, response in zip(prompts, responses, strict=True):
        assert response.logprobs is not None
        assert len(response.logprobs) == response.tokens_out
        inside = [value for end, value in response.logprobs if end <= len(response.text)]
        expected = read_by_the_model(prompt, response.text)
        # The last piece of a text that was cut at its stop string may be another token when it is read again.
        alike = min(len(inside), len(expected)) - 1
        assert alike > 1
        assert inside[:alike] == pytest.approx(expected[:alike], abs=2e-3)


def test_llama_cpp_gives_nearly_the_same_as_hf_and_both_only_where_they_are_wanted(tmp_path):
    _, ours = ask("llamacpp", embedded_gguf(), GREEDY, tmp_path / "a")
    _, theirs = ask("hf", TINY, GREEDY, tmp_path / "b")
    same = [pair for pair in zip(ours, theirs, strict=True) if pair[0].text == pair[1].text]
    assert same
    for one, other in same:
        assert [end for end, _ in one.logprobs][:-1] == [end for end, _ in other.logprobs][:-1]
        values = [[value for _, value in response.logprobs[:-1]] for response in (one, other)]
        assert values[0] == pytest.approx(values[1], abs=0.05)
    _, plain = ask("llamacpp", embedded_gguf(), Options(40, ("=",)), tmp_path / "c")
    assert [response.logprobs for response in plain] == [None] * 3
    assert [response.text for response in plain] == [response.text for response in ours]


def test_a_probability_is_that_of_the_softmax():
    logits = np.log(np.array([0.1, 0.2, 0.7], dtype=np.float32))
    assert log_probability(logits + 50, 2) == pytest.approx(log(0.7), abs=1e-5)


def completion(logprobs: object) -> str:
    message = {"role": "assistant", "content": "It is 7é."}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": logprobs}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 5}})


def test_a_server_is_asked_for_them_and_may_leave_them_out(tmp_path):
    told = [
        ("It is", -0.5, None),
        (" 7", -0.1, None),
        ("\\xc3", -0.2, [0xC3]),
        ("\\xa9", -0.3, [0xA9]),
        (".", -1.0, None),
    ]
    content = [{"token": token, "logprob": value, "bytes": raw} for token, value, raw in told]
    replies = [completion({"content": content}), completion(None), completion({"content": [{"odd": 1}]})]
    with serve(lambda request, before: Reply(body=replies[before])) as server:
        engine = EndpointEngine(Weights("m", endpoint=server.url))
        requests = [
            Request(engine.apply_chat_template([{"role": "user", "content": q}]), GREEDY) for q in QUESTIONS
        ]
        found = [
            respond_all(engine, [one], Journal(tmp_path / "j"), lambda done, made: None)[0]
            for one in requests
        ]
    assert [asked["logprobs"] for asked in server.asked] == [True] * 3
    assert found[0].logprobs == [(5, -0.5), (7, -0.1), (7, -0.2), (8, -0.3), (9, -1.0)]
    assert [one.logprobs for one in found[1:]] == [None, None]
    assert confidence_of(found[0], "7")["answer_logprob_mean"] == pytest.approx(-0.1)


def test_nothing_is_asked_or_kept_otherwise_where_they_are_not_wanted(tmp_path):
    plain = Request("p", Options(16))
    assert plain.key == Request("p", Options(16, logprobs=False)).key
    assert plain.key != Request("p", Options(16, logprobs=True)).key
    assert "logprobs" not in Sampling().model_dump()
    assert Sampling(logprobs=True).model_dump()["logprobs"]
    with pytest.raises(ValueError, match="engine 'echo' gives no log-probabilities"):
        Variant(name="v", base="x", engine="echo", sampling={"logprobs": True})
    journal = Journal(tmp_path / "j")
    wanted = Request("p", Options(16, logprobs=True))
    journal.keep([wanted], [Response("7", logprobs=[(1, -0.5)])])
    assert Journal(tmp_path / "j").get(wanted).logprobs == [[1, -0.5]]


def test_the_tokens_of_the_answer_are_told_from_those_of_the_working():
    text = "18 - 11 = 7, so #### 7"
    pieces = ["18", " - ", "11", " =", " 7", ",", " so", " ####", " 7", ""]
    values = [-1.0, -2.0, -1.0, -1.0, -0.5, -1.0, -1.0, -1.0, -0.25, -9.0]
    ends = token_ends(piece.encode() for piece in pieces)
    found = confidence_of(Response(text, logprobs=list(zip(ends, values, strict=True))), "7")
    assert found["answer_logprob_mean"] == found["answer_logprob_least"] == -0.25
    assert found["logprob_least"] == -2.0, "the end token wrote nothing and does not count"
    assert found["logprob_mean"] == pytest.approx(sum(values[:-1]) / 9)
    assert confidence_of(Response(text), "7") == {}


@pytest.mark.parametrize(
    ("text", "answer", "part"),
    [
        ("It costs $1,480.00.", "1480", "1,480.00"),
        ("from 18 to 8", "8", "8"),
        ("8 of 18", "8", "8"),
        ("It is -5.", "-5", "5"),
        ("The answer is (B).", "B", "B"),
        ("nothing", "7", None),
        ("anything", "", None),
    ],
)
def test_the_answer_is_found_where_it_stands_last(text, answer, part):
    span = answer_span(text, answer)
    assert (text[slice(*span)] if span else None) == part


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("It is 7.\nConfidence: 80 %\n#### 7", 0.8),
        ("**Confidence:** 95%", 0.95),
        ("Confidence: 20 %\nNo.\nConfidence: 60 %", 0.6),
        ("Confidence: 140 %", None),
        ("I have confidence: 80 % of pupils pass.", None),
        ("Confidence: high", None),
    ],
)
def test_a_stated_confidence_counts_on_a_line_of_its_own(text, stated):
    assert confidence_of(Response(text), "7").get("stated_confidence") == stated


def test_agreement_goes_by_value_and_failed_requests_are_no_answers():
    (row,) = rows_of("v", "word_problems", 1)
    answers = [("7", "ok"), ("7.0", "ok"), ("", "unparsed"), ("", "error")]
    rows = [
        type(row)(**{**vars(row), "epoch": epoch, "answer": answer, "status": status, "metrics": {}})
        for epoch, (answer, status) in enumerate(answers, 1)
    ]
    found = with_agreement(rows)
    expected = agreement(["7", "7", None])
    assert found[0].metrics == {
        "self_consistency": pytest.approx(2 / 3),
        "semantic_entropy": expected.entropy,
    }
    assert found[3].metrics == {}
    assert with_agreement(rows[:1])[0].metrics == {}, "one answer has nothing to agree with"


@pytest.mark.parametrize("odd", [float("nan"), float("-inf"), 0.9, 1000.0])
def test_what_is_no_log_probability_is_no_confidence(odd):
    for logprobs in ([(1, odd), (2, -0.5)], [(1, -0.5), (2, odd)]):
        assert confidence_of(Response("7!", logprobs=logprobs), "7") == {}
    rounded = confidence_of(Response("7!", logprobs=[(1, 1e-7), (2, -0.5)]), "7")
    assert (rounded["answer_logprob_mean"], rounded["logprob_mean"]) == (0.0, -0.25)


def test_scores_that_came_without_answers_do_not_agree():
    rows = [
        replace(row, epoch=epoch, answer="", metrics={}) for epoch in (1, 2) for row in rows_of("v", TASK, 5)
    ]
    assert {row.status for row in rows} == {"ok"}
    assert [row.metrics for row in with_agreement(rows)] == [{}] * 10
