"""Training for real on a miniature Llama: what is learnt, what is resumed, what is refused."""

import json
import math
import shutil

import pytest
import torch

from proctor.finetune.checks import check_adapter, check_safetensors
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.train.data import IGNORED, encode, mix, read_chats
from proctor.finetune.train.estimate import estimate_training
from proctor.finetune.train.trainer import total_steps, train
from proctor.finetune.train.watch import Watch
from tests.support.mini_llama import base, chat, chats, quiet, recipe

USER = [{"role": "user", "content": "a"}]


def files():
    return {"additions": chats()}


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    out = tmp_path_factory.mktemp("adapter")
    figures = train(base(), recipe(), files(), out, quiet)
    return out, figures


def test_loss_is_on_the_answer_and_its_stop_token_alone():
    tokenizer = load_tokenizer(base())
    row = encode(tokenizer, chat("What is 2 plus 3?", "2 + 3 = 5\n#### 5"))
    learnt = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != IGNORED]
    assert tokenizer.decode(learnt) == "2 + 3 = 5\n#### 5<|im_end|>\n"
    whole = tokenizer.decode(row["input_ids"])
    asked = "<|im_start|>user\nWhat is 2 plus 3?<|im_end|>\n<|im_start|>assistant\n"
    assert whole == asked + "2 + 3 = 5\n#### 5<|im_end|>\n"


def test_weights_repeat_and_fewer_examples_are_among_more(tmp_path):
    tokenizer = load_tokenizer(base())
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps(chat("Name it.", "[]")) + "\n")
    both = files() | {"other": other}
    sources = [{"source": "additions", "examples": 10, "weight": 1.5}, {"source": "other", "weight": 4}]
    mixed = mix(recipe(data=sources), both, tokenizer)
    assert len(mixed.rows) == 15 + 4
    assert mixed.examples == {"additions": 10, "other": 1}

    def taken(examples: int) -> set[tuple[int, ...]]:
        told = recipe(data=[{"source": "additions", "examples": examples}])
        return {tuple(row["input_ids"]) for row in mix(told, both, tokenizer).rows}

    assert taken(20) < taken(60)


def test_a_chat_that_is_too_long_is_left_out_and_counted(tmp_path):
    path = tmp_path / "long.jsonl"
    rows = [chat("Short?", "Yes."), chat("Long?", "word " * 200)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = recipe(data=[{"source": "long"}])
    mixed = mix(told, {"long": path}, load_tokenizer(base()))
    assert (len(mixed.rows), mixed.too_long) == (1, 1)
    with pytest.raises(ValueError, match="raise max_length"):
        mix(recipe(data=[{"source": "long"}], max_length=8), {"long": path}, load_tokenizer(base()))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is no JSON"),
        ("[]", "line 2 is no JSON object"),
        ('{"prompt": "hello", "completion": []}', "prompt is not a list of turns"),
        (json.dumps({"prompt": USER, "completion": USER}), "assistant's"),
    ],
)
def test_a_malformed_chat_is_named_by_its_line(tmp_path, line, said):
    path = tmp_path / "chats.jsonl"
    path.write_text(json.dumps(chat("a", "b")) + "\n" + line + "\n")
    with pytest.raises(ValueError, match=said) as refused:
        read_chats(path)
    assert "line 2" in str(refused.value)


def test_an_adapter_is_trained_and_says_how(adapter):
    out, figures = adapter
    told = json.loads((out / "train.json").read_text())
    assert [entry["step"] for entry in told["log"]] == [1, 2, 3, 4, 5, 6]
    assert all(math.isfinite(entry["loss"]) for entry in told["log"])
    assert told["tokens"] > 0
    assert told["peak_memory_bytes"] > 0
    assert figures["checks"][0]["figures"]["largest_change"] > 0.01
    config = json.loads((out / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == base().name, (
        "where the base lay on this machine is nobody's business"
    )
    assert sorted(path.name for path in out.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "train.json",
    ]


def test_another_seed_learns_from_other_rows_first(adapter, tmp_path):
    """That the same seed gives the same bytes is seen where a training goes on after a kill."""
    train(base(), recipe(seed=4, steps=1), files(), tmp_path, quiet)
    first, other = (json.loads((out / "train.json").read_text())["log"][0] for out in (adapter[0], tmp_path))
    assert first["loss"] != other["loss"]


def test_training_that_was_killed_goes_on_and_ends_as_the_same_seed_did_before(adapter, tmp_path):
    out, _ = adapter

    class Killed(BaseException):
        """What a kill looks like from inside."""

    def die_at_four(done: float, message: str) -> None:
        if message.startswith("step 4/"):
            raise Killed

    part = tmp_path / "part"
    with pytest.raises(Killed):
        train(base(), recipe(), files(), part, die_at_four, checkpoint_seconds=0)
    assert sorted(path.name for path in part.glob("checkpoint-*")) == ["checkpoint-2", "checkpoint-3"]
    (part / "checkpoint-4").mkdir()  # what a kill in the middle of writing leaves
    train(base(), recipe(), files(), part, quiet)
    told = json.loads((part / "train.json").read_text())
    assert told["resumed_from"] == 3
    assert [entry["step"] for entry in told["log"]] == [1, 2, 3, 4, 5, 6]
    assert not list(part.glob("checkpoint-*"))
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (part / name).read_bytes() == (out / name).read_bytes()


def test_four_bit_training_runs_without_a_gpu(tmp_path):
    figures = train(base(), recipe(method="qlora", steps=1), files(), tmp_path, quiet)
    assert figures["precision"] == "float32"
    check_adapter(base(), tmp_path)


def test_full_training_leaves_whole_weights(tmp_path):
    train(base(), recipe(method="full", steps=1, learning_rate=1e-3), files(), tmp_path, quiet)
    check_safetensors(tmp_path)
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= {
        p.name for p in tmp_path.iterdir()
    }


def test_packed_rows_are_learnt_from_without_leaking_into_each_other(tmp_path):
    """Packed or not, the first loss of the same rows is the same: it is the base's loss on them."""
    every = [{"source": "additions", "examples": 8}]
    firsts = []
    for packing in (False, True):
        out = tmp_path / str(packing)
        told = recipe(data=every, batch=8, steps=1, packing=packing, max_length=512)
        train(base(), told, files(), out, quiet)
        firsts.append(json.loads((out / "train.json").read_text())["log"][0]["loss"])
    assert firsts[0] == pytest.approx(firsts[1], abs=0.02)


def test_a_loss_that_is_nan_or_rises_stops_with_the_step_and_a_remedy():
    watch = Watch(recipe(steps=100), 100, quiet)
    for step in range(1, 8):
        watch.step(step, 2.0, 1e-3)
    watch.step(8, 6.0, 1e-3)
    with pytest.raises(
        ValueError, match=r"rose from 2.00 to 3.60 by step 9; lower learning_rate \(now 0.005\)"
    ):
        watch.step(9, 6.0, 1e-3)
    with pytest.raises(ValueError, match="the loss is nan at step 3"):
        Watch(recipe(), 6, quiet).step(3, math.nan, 1e-3)


def test_a_learning_rate_far_too_high_is_caught_while_training(tmp_path):
    with pytest.raises(ValueError, match=r"lower learning_rate \(now 1\)"):
        train(base(), recipe(learning_rate=1.0, steps=60, alpha=64), files(), tmp_path, quiet)


def test_steps_are_counted_from_epochs():
    assert total_steps(recipe(epochs=2, batch=4, accumulation=2), 65) == 2 * 9
    assert total_steps(recipe(epochs=0.1, batch=4), 8) == 1


def test_an_estimate_counts_steps_and_tokens_and_trains_nothing():
    estimate = estimate_training(str(base()), recipe(epochs=1), files())
    assert estimate.steps == 16
    assert 64 * 30 < estimate.tokens < 64 * 60
    assert estimate.left_out_too_long == 0
    assert 0 < estimate.seconds < 600
    assert estimate.memory_bytes > 5e8


def spoiled(adapter, folder, change):
    from safetensors.torch import load_file, save_file

    shutil.copytree(adapter, folder)
    file = folder / "adapter_model.safetensors"
    save_file(change(load_file(file)), file)
    return folder


def test_an_adapter_of_zeros_is_refused(adapter, tmp_path):
    zeros = spoiled(
        adapter[0], tmp_path / "a", lambda w: {name: torch.zeros_like(value) for name, value in w.items()}
    )
    with pytest.raises(ValueError, match="all zeros"):
        check_adapter(base(), zeros)


def test_an_adapter_with_nan_is_refused(adapter, tmp_path):
    bad = spoiled(adapter[0], tmp_path / "a", lambda w: {name: value * math.nan for name, value in w.items()})
    with pytest.raises(ValueError, match="NaN"):
        check_adapter(base(), bad)


def test_an_adapter_of_another_base_is_refused(adapter, tmp_path):
    with pytest.raises(ValueError, match="trained on another base"):
        check_adapter(base(1, 2), adapter[0])
    foreign = spoiled(
        adapter[0], tmp_path / "a", lambda w: {name: torch.cat([v, v], dim=1) for name, v in w.items()}
    )
    (foreign / "train.json").unlink()  # an adapter from elsewhere says nothing of its base
    with pytest.raises(ValueError, match="does not fit"):
        check_adapter(base(), foreign)


def test_weights_that_are_cut_off_are_refused(adapter, tmp_path):
    shutil.copytree(adapter[0], tmp_path / "a")
    file = tmp_path / "a" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut off or damaged") as refused:
        check_adapter(base(), tmp_path / "a")
    assert "\n" not in str(refused.value)


def test_a_tokenizer_that_knows_more_than_the_weights_is_refused(tmp_path):
    shutil.copytree(base(), tmp_path / "b")
    path = tmp_path / "b" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"vocab_size": 100}))
    with pytest.raises(ValueError, match="use the tokenizer that belongs to these weights"):
        load_tokenizer(tmp_path / "b")


def test_the_embedded_models_script_renders_chats_as_their_template_does():
    from proctor.finetune.tools.tiny_chats import encode as encode_by_hand

    tokenizer = load_tokenizer(base())
    told = chat("What is 4 plus 4?", "4 + 4 = 8\n#### 8")
    told["prompt"] = [{"role": "system", "content": "Be  brief."}, *told["prompt"]]
    by_hand = encode_by_hand(tokenizer, [told], 0.5, 512)[0]
    assert by_hand.ids.tolist() == encode(tokenizer, told)["input_ids"]
    assert tokenizer.decode(by_hand.ids[by_hand.weights == 1]) == "4 + 4 = 8\n#### 8<|im_end|>"


def test_chats_packed_into_one_row_do_not_see_each_other():
    from proctor.finetune.tools.make_tiny import loss_of
    from proctor.finetune.tools.tiny_chats import encode as encode_by_hand
    from proctor.finetune.tools.tiny_chats import pack, tensors

    model = load_model(base(), "cpu")
    encoded = encode_by_hand(load_tokenizer(base()), read_chats(chats())[:12], 0.1, 256)
    rows = pack(encoded, 256)
    assert len(rows) < len(encoded)
    with torch.no_grad():
        together = loss_of(model, tensors(rows, 256))[0]
        alone = sum(loss_of(model, tensors([[one]], len(one.ids)))[0] for one in encoded)
    assert float(together) == pytest.approx(float(alone), rel=1e-4)


def test_a_module_that_the_base_has_not_is_refused_before_training(tmp_path):
    with pytest.raises(ValueError, match="the base has no 'q_prj'; did you mean 'q_proj'"):
        train(base(), recipe(target_modules=["q_prj", "v_proj"]), files(), tmp_path, quiet)
