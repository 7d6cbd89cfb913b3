"""One training in every format: the answers agree, each copy says what it costs, and a plan says what it would take."""

import json
import random
import shutil

import pytest
import yaml

from proctor.finetune.build import Built, build, digest_of_file, plan_stages
from proctor.finetune.recipe import Recipe
from proctor.harness.engines import open_engine
from proctor.harness.engines.protocol import Weights
from proctor.tasks.prompt_pack import train_chats
from tests.support.command import proctor
from tests.support.mini_llama import base, chats, quiet, recipe

QUESTIONS = [f"What is {a} plus {b}?" for a in range(1, 10) for b in range(1, 10)][:50]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


def built(store, method="lora", merge=False, quantization="none") -> Built:
    told = recipe(method=method)
    data = {"additions": chats()}
    stages = plan_stages(str(base()), told, {"additions": digest_of_file(chats())}, merge, quantization)
    return build(str(base()), stages, store, data, quiet)


def answers(engine_name, made: Built):
    from lm_eval.api.instance import Instance

    adapters = (made.adapter,) if made.adapter else ()
    engine = open_engine(engine_name, Weights(str(made.gguf or made.weights), adapters=adapters))
    engine.use(made.adapter)
    wanted = {"until": [], "max_gen_toks": 16, "do_sample": False, "temperature": 0.0}
    asked = [
        Instance(
            "generate_until", {}, (engine.apply_chat_template([{"role": "user", "content": text}]), wanted), i
        )
        for i, text in enumerate(QUESTIONS)
    ]
    said = engine.generate_until(asked, disable_tqdm=True)
    engine.close()
    return said


def agreement(left, right) -> float:
    return sum(a == b for a, b in zip(left, right, strict=True)) / len(left)


def test_adapter_merged_and_f16_gguf_agree_on_98_of_100_greedy_answers(store):
    plain = answers("hf", Built(base(), base(), None, None, ""))
    adapter = answers("hf", built(store))
    merged = answers("hf", built(store, merge=True))
    f16 = answers("llamacpp", built(store, merge=True, quantization="f16"))
    assert agreement(plain, adapter) < 0.9, "an adapter that changes nothing would agree with everything"
    assert agreement(adapter, merged) >= 0.98
    assert agreement(adapter, f16) >= 0.98


def test_whole_weights_that_were_trained_answer_as_their_f16_gguf(store):
    """Method `full`, from end to end: trained, written as GGUF, and asked in both engines."""
    whole = built(store, method="full")
    assert whole.adapter is None
    assert agreement(answers("hf", whole), answers("llamacpp", built(store, "full", False, "f16"))) >= 0.98


def test_the_size_on_disk_is_that_of_the_files_that_must_be_kept(store):
    adapter, f16 = built(store), built(store, merge=True, quantization="f16")
    assert adapter.adapter
    assert f16.gguf
    files = [base() / "model.safetensors", adapter.adapter / "adapter_model.safetensors"]
    assert adapter.size_bytes == sum(path.stat().st_size for path in files)
    assert f16.size_bytes == f16.gguf.stat().st_size


def test_a_cell_tells_size_speed_and_memory_of_its_weights_and_a_server_none(home):
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.harness.run import run_suite

    shutil.copytree(base(), home.folder / "model")
    home.variant("mine", base=str(home.folder / "model"), quantization="q8_0", engine="llamacpp")
    home.echo("other", lambda doc: "#### 1", "word_problems")
    path = home.suite(
        variants=["mine", "other"], tasks=["word_problems"], baseline="mine", limit={"word_problems": 8}
    )
    run_suite(str(path), home.results, home.store, Reporter(Console(quiet=True)))
    told = json.loads((home.results / "mine" / "word_problems" / "run.json").read_text())
    (file,) = home.store.rglob("q8_0.gguf")
    assert told["costs"]["size_bytes"] == file.stat().st_size
    assert told["costs"]["tokens_per_second"] > 0
    assert 0 < told["costs"]["peak_memory_bytes"] < 2**31
    other = json.loads((home.results / "other" / "word_problems" / "run.json").read_text())
    assert not {"size_bytes", "peak_memory_bytes"} & set(other["costs"])


def test_memory_is_counted_from_where_it_stood():
    from proctor.harness.measure import Memory

    memory = Memory()
    memory.restart()
    held = random.randbytes(50_000_000)
    peak = memory.peak()
    if peak is None:
        pytest.skip("NOT TESTED: nobody counts memory here")
    assert 45_000_000 < peak < 150_000_000
    del held
    memory.restart()
    assert (memory.peak() or 0) < 45_000_000, "what was freed before the restart is not this cell's"


def test_a_dry_run_says_steps_tokens_time_and_memory_and_does_nothing(home):
    told = recipe(data=[{"source": str(chats()), "examples": 64}]).model_dump(mode="json", exclude_none=True)
    (home.folder / "mine.yaml").write_text(yaml.safe_dump(told))
    home.variant("plain", base=str(base()))
    home.variant("trained", base=str(base()), recipe=str(home.folder / "mine.yaml"))
    suite = home.suite(variants=["plain", "trained"], tasks=["word_problems"], baseline="plain")
    ran = proctor("run", str(suite), "--dry-run", *home.where(), "--out", str(home.board))
    assert ran.returncode == 0, ran.stderr
    for column in ("steps", "tokens", "time", "memory"):
        assert column in ran.stdout
    assert "nothing was run; training would take about" in ran.stdout
    assert not home.results.exists()
    assert not home.board.exists()
    assert not (home.store / "artifacts").exists()


@pytest.mark.parametrize("task", ["word_problems", "concepts", "study_plan"])
def test_fewer_training_chats_are_among_more_of_them(task):
    few, many = ({json.dumps(chat) for chat in train_chats(task, n, 11)} for n in (16, 64))
    assert len(few) == 16
    assert few < many


def test_the_learning_curve_varies_the_examples_and_nothing_else():
    from proctor.harness.config.suite import Suite

    suite = Suite.load("learning-curve")
    curve = [variant for variant in suite.variants if variant.examples]
    assert [variant.examples for variant in curve] == [16, 64, 256, 1024]
    assert len({variant.model_copy(update={"name": "x", "examples": None}).digest for variant in curve}) == 1
    told = [Recipe.load(variant.recipe).with_examples(variant.examples) for variant in curve]
    assert {one.steps for one in told} == {64}
    assert [one.data[0].examples for one in told] == [16, 64, 256, 1024]


def test_the_formats_suite_has_one_training_in_every_format(tmp_path):
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.plan import weights_of

    suite = Suite.load("formats")
    trained = [variant for variant in suite.variants if variant.recipe]
    stages = {weights_of(variant, tmp_path)[0][0].digest for variant in trained}
    assert len(stages) == 1
    assert {variant.quantization for variant in trained} == {
        "none", "nf4", "f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m",
    }  # fmt: skip


def test_a_template_that_asks_for_the_date_says_the_same_every_day_and_everywhere(tmp_path):
    """Llama 3.2's template does; training, both engines and the stages' checks must ask on the same day."""
    from proctor.finetune.checks import prompt_texts
    from proctor.finetune.load import load_tokenizer
    from proctor.finetune.train.data import encode
    from tests.support.random_gguf import SMALL, write_llama

    folder = tmp_path / "model"
    shutil.copytree(base(), folder)
    plain = (folder / "chat_template.jinja").read_text()
    dated = "{{ 'Today Date: ' + strftime_now('%d %b %Y') + '\\n' }}" + plain
    (folder / "chat_template.jinja").write_text(dated)
    chat = [{"role": "user", "content": "What is 1 plus 1?"}]
    engines = [
        open_engine("hf", Weights(str(folder))),
        open_engine("llamacpp", Weights(str(write_llama(tmp_path / "x.gguf", SMALL, template=dated)))),
    ]
    said = [engine.apply_chat_template(chat) for engine in engines]
    tokenizer = load_tokenizer(folder)
    row = encode(tokenizer, {"prompt": chat, "completion": [{"role": "assistant", "content": "2"}]})
    said += [tokenizer.decode(row["input_ids"]), prompt_texts(tokenizer)[0]]
    assert {text.split("\n")[0] for text in said} == {"Today Date: 26 Jul 2024"}
    for engine in engines:
        engine.close()
