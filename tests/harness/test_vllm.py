"""The vllm engine without a GPU: its settings, the plan's sessions, and how it talks to vLLM (a stand-in for it).

What only a GPU shows is measured by `make bench-gpu`.
"""

import json

import pytest

from proctor.common.paths import PACKAGE as ROOT
from proctor.common.refusal import Refusal
from proctor.harness.engines.protocol import Weights
from proctor.harness.engines.vllm_settings import rank_for, settings_for
from tests.support.command import python

TINY = str(ROOT / "finetune/tiny")


def adapter(folder, **told):
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 16, **told}))
    return folder


def test_adapters_get_the_smallest_rank_that_takes_them_all(tmp_path):
    assert rank_for([adapter(tmp_path / "a"), adapter(tmp_path / "b", r=17)]) == 32


@pytest.mark.parametrize(
    "told", [{"use_dora": True}, {"bias": "all"}, {"modules_to_save": ["lm_head"]}, {"r": 1024}]
)
def test_adapter_that_vllm_cannot_take_is_refused_with_a_way_out(tmp_path, told):
    with pytest.raises(Refusal, match="merge: true"):
        rank_for([adapter(tmp_path / "a", **told)])


def test_context_beyond_the_model_is_refused_and_a_smaller_one_taken():
    with pytest.raises(Refusal, match="1024 tokens at most"):
        settings_for(Weights(TINY, context=4096))
    assert settings_for(Weights(TINY, context=512))["max_model_len"] == 512
    assert settings_for(Weights(TINY))["max_model_len"] == 1024


def test_no_pickle_is_ever_loaded():
    assert settings_for(Weights(TINY))["load_format"] == "safetensors"


STAND_IN = """
import json
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.support import stand_in_vllm
stand_in_vllm.install()
from proctor.harness.ask.responses import Journal
from proctor.harness.ask.responses import respond
from proctor.harness.engines.protocol import EngineDied, Options, Request, Weights
from proctor.harness.engines.vllm import VLLMEngine
engine = VLLMEngine.open(Weights({tiny!r}))
requests = [Request("word " * n, Options(8)) for n in (5, 3, 9, 1)]
journal = Journal(Path({folder!r}) / "answers.jsonl")
quiet = lambda done, made: None
kept = lambda: sum(Journal(journal.path).get(request) is not None for request in requests)
"""


def with_stand_in(tmp_path, script):
    """In a process of its own: what stands in for a library must not stay."""
    head = STAND_IN.format(root=str(ROOT), tiny=TINY, folder=str(tmp_path))
    run = python(head + script)
    assert run.returncode == 0, run.stderr


def test_answers_that_come_in_any_order_reach_their_own_requests(tmp_path):
    with_stand_in(
        tmp_path,
        """
found = dict(respond(engine, iter(requests), journal, quiet))
assert [found[i].text.split()[-1] for i in range(4)] == [str(len(engine.tok_encode(r.prompt))) for r in requests]
assert kept() == 4
""",
    )


def test_dead_engine_is_told_of_and_keeps_what_was_answered(tmp_path):
    with_stand_in(
        tmp_path,
        """
engine.model.llm_engine.dies_after = 1
try:
    list(respond(engine, requests, journal, quiet))
except EngineDied:
    pass
else:
    raise SystemExit("nobody heard of it")
assert kept() == 2
engine.model.llm_engine.dies_after = None
again = len(engine.model.llm_engine.asked)
assert len(list(respond(engine, requests, Journal(journal.path), quiet))) == 4
assert len(engine.model.llm_engine.asked) == again + 2
""",
    )


def test_log_likelihoods_come_in_batches_too(tmp_path):
    with_stand_in(
        tmp_path,
        """
from proctor.harness.ask.responses import respond_in_batches
asks = [("Two and two is", " four"), ("Two and two is", " five"), ("", "Hello there")]
choices = [Request(p, Options(0), asks="loglikelihood", continuation=c) for p, c in asks]
texts = [Request(p + c, Options(0), asks="loglikelihood_rolling") for p, c in asks]
found = dict(respond_in_batches(engine, choices, journal, quiet))
(four, _), (five, _), _ = [json.loads(found[i].text) for i in range(3)]
behind = lambda text: engine.tok_encode("Two and two is" + text)[len(engine.tok_encode("Two and two is")):]
assert four == -sum(behind(" four")) / 1000 and five == -sum(behind(" five")) / 1000, found
found = dict(respond_in_batches(engine, texts, journal, quiet))
assert json.loads(found[2].text) == -sum(engine.tok_encode("Hello there")) / 1000, found
""",
    )


def test_how_many_are_asked_together_is_a_number_in_every_engine(tmp_path):
    with_stand_in(tmp_path, "assert type(engine.batch_size) is int, engine.batch_size")


def test_prompt_that_does_not_fit_is_an_error_and_not_cut(tmp_path):
    with_stand_in(
        tmp_path,
        """
long = Request("word " * 3000, Options(8))
found = dict(respond(engine, [long, requests[0]], journal, quiet))
assert "do not fit" in found[0].error and not found[1].error
assert found[0].too_long and kept() == 1
""",
    )


def test_other_weights_take_their_place_and_the_prefix_cache_is_forgotten(tmp_path):
    with_stand_in(
        tmp_path,
        """
import shutil
shutil.copytree({tiny!r}, Path({folder!r}) / "other")
engine.load(str(Path({folder!r}) / "other"))
(only,) = engine.stream([Request("word", Options(8))])
assert only[1].text.startswith(str(Path({folder!r}) / "other")) and engine.model.forgotten == 1
""".format(tiny=TINY, folder=str(tmp_path)),
    )
