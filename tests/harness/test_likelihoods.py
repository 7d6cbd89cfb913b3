"""Log-likelihoods: llama.cpp gives those of transformers, a prompt's choices together; endpoints by echo."""

import json
import math
import resource
import shutil
import time

import pytest
from lm_eval.api.instance import Instance

from proctor.finetune.gguf.convert import write_gguf
from proctor.harness.engines import open_engine
from proctor.harness.engines.protocol import Options, Request, Weights
from tests.support.command import ROOT
from tests.support.embedded_gguf import embedded_gguf
from tests.support.openai_server import Reply, serve

EMBEDDED = ROOT / "finetune" / "tiny"
PREFIX = "Solve the problem and say the number alone. " * 6


@pytest.fixture(scope="module")
def llamacpp():
    opened = open_engine("llamacpp", Weights(str(embedded_gguf())))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def hf():
    return open_engine("hf", Weights(str(EMBEDDED)))


def asked(n):
    pairs = []
    for a in range(3, 3 + n):
        prompt = f"{PREFIX}Question: What is {a} plus {2 * a}?\nAnswer:"
        pairs += [(prompt, f" {choice}") for choice in (3 * a, a, "none of these", f"{a} and {2 * a}")]
    return [Instance("loglikelihood", {}, pair, 0) for pair in pairs]


def test_choices_are_as_likely_as_to_transformers(llamacpp, hf):
    mine, theirs = llamacpp.loglikelihood(asked(5)), hf.loglikelihood(asked(5), disable_tqdm=True)
    assert [value for value, _ in mine] == pytest.approx([value for value, _ in theirs], rel=0.005, abs=0.1)
    assert [greedy for _, greedy in mine] == [greedy for _, greedy in theirs]


@pytest.mark.parametrize("pair", [("", " The answer is 7"), ("The answer ", "is 7"), ("A" * 6000, " B")])
def test_an_empty_prompt_a_space_at_its_end_and_one_that_is_too_long_are_parted_as_lm_eval_parts_them(
    llamacpp, hf, pair
):
    instance = [Instance("loglikelihood", {}, pair, 0)]
    ((mine, _),), ((theirs, _),) = (
        llamacpp.loglikelihood(instance),
        hf.loglikelihood(instance, disable_tqdm=True),
    )
    assert mine == pytest.approx(theirs, rel=0.01, abs=0.1)


def test_a_text_longer_than_the_context_is_read_in_windows(llamacpp, hf):
    text = " ".join(f"Tom has {n} apples and buys {n + 2} more." for n in range(150))
    instances = [
        Instance("loglikelihood_rolling", {}, (text,), 0),
        Instance("loglikelihood_rolling", {}, ("Hi!",), 0),
    ]
    mine = llamacpp.loglikelihood_rolling(instances)
    assert mine == pytest.approx(hf.loglikelihood_rolling(instances, disable_tqdm=True), rel=0.01)


@pytest.fixture(scope="module")
def with_start(tmp_path_factory):
    """The embedded model with a start token that it names and that no prompt begins with, as SmolLM2's."""
    folder = tmp_path_factory.mktemp("start") / "model"
    shutil.copytree(EMBEDDED, folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"bos_token": "<|im_start|>"}))
    write_gguf(folder, folder.parent / "start.gguf")
    opened = open_engine("llamacpp", Weights(str(folder.parent / "start.gguf")))
    yield opened, open_engine("hf", Weights(str(folder)))
    opened.close()


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("text", ["Hi!", "Tom has 3 apples.", "7"])
def test_the_first_token_of_a_text_is_as_likely_as_to_lm_eval(llamacpp, hf, with_start, named, text):
    mine, theirs = with_start if named else (llamacpp, hf)
    asked = [Instance("loglikelihood_rolling", {}, (text,), 0)]
    (told,) = theirs.loglikelihood_rolling(asked, disable_tqdm=True)
    assert mine.loglikelihood_rolling(asked)[0] == pytest.approx(told, rel=1e-3, abs=0.01)


def test_what_the_model_would_write_itself_is_greedy(llamacpp):
    prompt = "Question: What is 2 plus 2?\nAnswer:"
    settings = {"until": [], "max_gen_toks": 6, "do_sample": False}
    (text,) = llamacpp.generate_until([Instance("generate_until", {}, (prompt, settings), 0)])
    pairs = [(prompt, text), (prompt, " zebra")]
    answers = llamacpp.loglikelihood([Instance("loglikelihood", {}, pair, 0) for pair in pairs])
    assert [greedy for _, greedy in answers] == [True, False]


def test_choices_together_take_less_than_half_the_time_of_one_by_one(llamacpp):
    instances = asked(8)
    llamacpp.loglikelihood(instances[:8])  # how many threads are best is found out first
    assert any(_less_than_half(llamacpp, instances) for _ in range(3))  # threads that wait for a core spin


def _less_than_half(llamacpp, instances) -> bool:
    start = time.process_time()
    together = llamacpp.loglikelihood(instances)
    middle = time.process_time()
    alone = [llamacpp.loglikelihood([instance])[0] for instance in instances]
    end = time.process_time()
    assert [value for value, _ in together] == pytest.approx([value for value, _ in alone], abs=0.05)
    return 2 * (middle - start) < end - middle


def completion(logprobs):
    choice = {"index": 0, "finish_reason": "length", "text": "", "logprobs": logprobs}
    return Reply(body=json.dumps({"choices": [choice], "usage": {}}))


def test_an_endpoint_sums_the_tokens_of_the_continuation():
    told = {
        "text_offset": [0, 4, 8, 10], "token_logprobs": [None, -1.0, -2.0, -9.0],
        "top_logprobs": [None, {"a": -0.5}, {"b": -2.0}, {"c": -9.0}],
    }  # fmt: skip
    with serve(lambda request, before: completion(told)) as server:
        engine = open_engine("openai", Weights("m", endpoint=server.url))
        pairs = [("The ", "answis"), ("The answ", "is")]
        answers = engine.loglikelihood([Instance("loglikelihood", {}, pair, 0) for pair in pairs])
        assert server.asked[0]["echo"] is True
        assert server.asked[0]["path"].endswith("/completions")
    assert answers == [(-3.0, False), (-2.0, True)]


def test_an_endpoint_that_gives_no_likelihoods_says_so():
    with serve(lambda request, before: completion(None)) as server:
        engine = open_engine("openai", Weights("m", endpoint=server.url))
        with pytest.raises(RuntimeError, match="needs /completions with echo and logprobs"):
            engine.loglikelihood([Instance("loglikelihood", {}, ("a", " b"), 0)])


@pytest.mark.parametrize("value", ["x", math.nan, math.inf, 10**400, [1], {}])
@pytest.mark.parametrize("place", ["text_offset", "token_logprobs", "top_logprobs"])
def test_likelihoods_of_an_endpoint_that_are_no_numbers_are_an_error_and_no_number(place, value):
    told = {"text_offset": [0, 1], "token_logprobs": [None, -1.0], "top_logprobs": [None, {"b": -1.0}]}
    told[place] = [None, {"b": value}] if place == "top_logprobs" else [0, value]
    with serve(lambda request, before: completion(told)) as server:
        engine = open_engine("openai", Weights("m", endpoint=server.url))
        pair = Instance("loglikelihood", {}, ("a", "b"), 0)
        try:
            ((total, _),) = engine.loglikelihood([pair])
        except RuntimeError:
            return
    assert (place, total) == ("top_logprobs", -1.0)


@pytest.mark.parametrize(
    "odd", [{"bytes": 4 * 10**9}, {"logprob": math.nan}, {"logprob": 10**400}, {"bytes": {}}]
)
def test_log_probabilities_of_a_response_that_are_none_take_no_memory_and_cost_no_response(odd):
    choice = {"message": {"content": "a"}, "finish_reason": "stop"}
    choice["logprobs"] = {"content": [{"token": "a", "logprob": -1.0} | odd]}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serve(lambda request, before: Reply(body=json.dumps({"choices": [choice]}))) as server:
        engine = open_engine("openai", Weights("m", endpoint=server.url))
        request = Request('[{"role": "user", "content": "?"}]', Options(max_tokens=5))
        ((_, response),) = engine.stream([request])
    assert (response.text, response.error) == ("a", "")
    assert response.logprobs in (None, [(1, -1.0)])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 2**10
