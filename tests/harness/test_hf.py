"""The `hf` engine: what decides an answer stands in the request, and tokens are counted to the answer's own end."""

import json
import shutil

import pytest

from proctor.harness.ask.responses import Journal, respond_all
from proctor.harness.engines import open_engine
from proctor.harness.engines.protocol import Options, Request, Weights
from tests.support.command import ROOT, python

QUESTIONS = [f"Tom has {n} apples and buys {n + 3} more. How many has he?" for n in range(2, 8)]


@pytest.fixture(scope="module")
def tiny():
    engine = open_engine("hf", Weights(str(ROOT / "finetune" / "tiny")))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def plain(tiny, tmp_path_factory):
    return answers(tiny, tmp_path_factory.mktemp("plain"))


def answers(engine, folder, texts=QUESTIONS, done=lambda done, made: None):
    prompts = [engine.apply_chat_template([{"role": "user", "content": text}]) for text in texts]
    requests = [Request(prompt, Options(48, ("=",))) for prompt in prompts]
    return respond_all(engine, requests, Journal(folder / "j"), done)


def test_what_a_model_brings_along_about_sampling_changes_no_answer(tmp_path, plain):
    other = tmp_path / "tiny"
    shutil.copytree(ROOT / "finetune" / "tiny", other, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = other / "generation_config.json"
    told = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(told | {"repetition_penalty": 1.5, "top_p": 0.5}))
    engine = open_engine("hf", Weights(str(other)))
    found = answers(engine, tmp_path)
    engine.close()
    assert [answer.text for answer in found] == [answer.text for answer in plain]


def test_tokens_are_counted_to_the_stop_string_whoever_else_is_in_the_batch(tiny, tmp_path, plain):
    alone = [answers(tiny, tmp_path, [text])[0] for text in QUESTIONS]
    assert [one.tokens_out for one in alone] == [one.tokens_out for one in plain]
    stopped = [one for one in plain if not one.truncated]
    assert stopped
    assert all(one.tokens_out < 48 for one in stopped)


def test_a_batch_tells_its_tokens_while_it_is_being_answered(tiny, plain, tmp_path, monkeypatch):
    monkeypatch.setattr("proctor.harness.engines.hf.TELL_EVERY_SECONDS", 0)
    steps = []
    told = answers(tiny, tmp_path, done=lambda done, made: steps.append((done, made)))
    assert [one.text for one in told] == [one.text for one in plain]
    assert len(steps) > 10
    assert [done for done, _ in steps[:-1]] == [0] * (len(steps) - 1)
    assert steps[-1][0] == len(QUESTIONS)
    assert sum(made for _, made in steps) == sum(one.tokens_out for one in plain)
    assert sum(made for _, made in steps[:-1]) > 0


def test_large_models_get_short_batches_on_a_cpu_since_a_batch_is_kept_when_it_is_done():
    from types import SimpleNamespace

    from proctor.harness.engines.hf import _batch_size

    sizes = {5e6: 64, 135e6: 14, 1e9: 4, 3e9: 4}
    for parameters, size in sizes.items():
        model = SimpleNamespace(num_parameters=lambda parameters=parameters: int(parameters))
        assert _batch_size(model, "cpu") == size
        assert _batch_size(model, "cuda") == 64


def test_a_prompt_longer_than_the_context_is_counted_without_a_warning_of_the_library():
    script = (
        "from proctor.harness.engines import open_engine\n"
        "from proctor.harness.engines.protocol import Weights\n"
        f"print(open_engine('hf', Weights({str(ROOT / 'finetune' / 'tiny')!r})).prompt_length('word ' * 3000))\n"
    )
    done = python(script)
    assert int(done.stdout) > 1024
    assert "Token indices" not in done.stderr
