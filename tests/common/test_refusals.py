"""Damaged and mismatched weights, brought in by the real path: `run_suite` refuses each in one line, and a real kill
in the middle of training costs nothing but the steps since the last checkpoint.
"""

import json
import shutil
import signal
import time

import pytest
import torch
import yaml

from proctor.common.refusal import Refusal
from proctor.finetune.base import digest_of_file
from proctor.finetune.build import build, plan_stages
from tests.support.command import Running
from tests.support.mini_llama import base, chats, quiet, recipe


@pytest.fixture
def suite(home):
    """One trained variant of a copy of the miniature model, before two word problems."""
    shutil.copytree(base(), home.folder / "model")
    told = recipe(steps=2, data=[{"source": str(chats()), "examples": 16}]).model_dump(
        mode="json", exclude_none=True
    )
    (home.folder / "mine.yaml").write_text(yaml.safe_dump(told))
    home.variant("plain", base=str(home.folder / "model"))
    home.variant("trained", base=str(home.folder / "model"), recipe=str(home.folder / "mine.yaml"))
    home.variant("small", base=str(home.folder / "model"), quantization="q8_0", engine="llamacpp")
    path = home.suite(
        variants=["plain", "trained", "small"],
        tasks=["word_problems"],
        baseline="plain",
        limit={"word_problems": 2},
    )

    def run(*only):
        from rich.console import Console

        from proctor.common.progress import Reporter
        from proctor.harness.run import run_suite

        run_suite(str(path), home.results, home.store, Reporter(Console(quiet=True)), only)

    return run


def refusal(run, *only):
    with pytest.raises(Refusal) as refused:
        run(*only)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def forget_answers(home):
    """All but the artifacts and what they were trained on, so that the weights are wanted again."""
    shutil.rmtree(home.results)
    for folder in home.store.iterdir():
        if folder.name not in ("artifacts", "training"):
            shutil.rmtree(folder)


def artifact(home, kind):
    (found,) = (path for path in (home.store / "artifacts").glob(f"{kind}-*") if path.is_dir())
    return found


def signed(folder):
    """As a stage that had really made these files would have left it: only a look at the weights can tell."""
    told = json.loads((folder / "made.json").read_text())
    for name, entry in told["files"].items():
        entry.update(bytes=(folder / name).stat().st_size, sha256=digest_of_file(folder / name))
    (folder / "made.json").write_text(json.dumps(told))


def rewritten(file, change):
    from safetensors.torch import load_file, save_file

    save_file({name: change(value) for name, value in load_file(file).items()}, file)


def test_adapters_of_zeros_and_of_another_base_are_refused_when_they_are_put_on(suite, home, tmp_path):
    from proctor.finetune.train.trainer import train

    suite("trained")
    forget_answers(home)
    folder = artifact(home, "train")
    content = (folder / "adapter_model.safetensors").read_bytes()
    rewritten(folder / "adapter_model.safetensors", torch.zeros_like)
    assert "delete the folder train-" in refusal(suite, "trained")  # its bytes are not those that were made
    signed(folder)
    assert "the adapter is all zeros, so it changes nothing; train it again" in refusal(suite, "trained")
    (folder / "adapter_model.safetensors").write_bytes(content[:-100])
    signed(folder)
    assert "weights file is cut off or damaged" in refusal(suite, "trained")
    train(base(1, 2), recipe(steps=2), {"additions": chats()}, tmp_path / "other", quiet)
    for name in ("adapter_model.safetensors", "train.json"):
        shutil.copy(tmp_path / "other" / name, folder / name)
    signed(folder)
    assert "the adapter was trained on another base" in refusal(suite, "trained")


def test_a_base_that_is_cut_off_is_refused_before_anything_is_asked(suite, home):
    file = home.folder / "model" / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    for variant in ("plain", "trained", "small"):
        assert "weights file is cut off or damaged" in refusal(suite, variant)
    assert not home.results.exists() or not list(home.results.rglob("run.json"))


def test_a_tokenizer_that_does_not_belong_to_the_weights_is_refused(suite, home):
    path = home.folder / "model" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"vocab_size": 100}))
    for variant in ("plain", "trained", "small"):
        assert "use the tokenizer that belongs to these weights" in refusal(suite, variant)


def test_a_gguf_that_is_cut_in_half_is_refused(suite, home):
    suite("small")
    forget_answers(home)
    (folder,) = (path.parent for path in (home.store / "artifacts").rglob("q8_0.gguf"))
    content = (folder / "q8_0.gguf").read_bytes()
    (folder / "q8_0.gguf").write_bytes(content[: len(content) // 2])
    assert "q8_0.gguf has" in refusal(suite, "small")
    signed(folder)
    assert "GGUF is cut off" in refusal(suite, "small")


def test_the_command_tells_a_refusal_in_one_line_and_exits_with_two(suite, home):
    file = home.folder / "model" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    ran = home.run(home.folder / "suites" / "suite.yaml", "--only", "plain")
    assert ran.returncode == 2
    assert ran.stderr.strip().count("\n") == 0
    assert ran.stderr.startswith("proctor: weights file is cut off or damaged")


KILLED = """
import sys
import proctor.finetune.train.trainer
from pathlib import Path
from proctor.finetune.build import build, plan_stages
from proctor.finetune.recipe import Recipe

whole = proctor.finetune.train.trainer.train
proctor.finetune.train.trainer.train = lambda *given: whole(*given, checkpoint_seconds=0)  # one after every step
base, told, chats, digest, store = sys.argv[1:]
recipe = Recipe.model_validate_json(told)
build(base, plan_stages(base, recipe, {"additions": digest}, False, "none"), Path(store), {"additions": Path(chats)},
      lambda stage, done, message: print(message, flush=True))
"""


def test_training_that_is_killed_for_real_goes_on_and_leaves_the_same_adapter(tmp_path):
    told = recipe(steps=8)
    digest = digest_of_file(chats())
    stages = plan_stages(str(base()), told, {"additions": digest}, False, "none")
    given = [
        str(base()),
        told.model_dump_json(exclude_none=True),
        str(chats()),
        digest,
        str(tmp_path / "killed"),
    ]
    child = Running(given, tmp_path, code=KILLED)
    while "step 4/" not in child.stdout:
        assert child.poll() is None, child.stderr
        time.sleep(0.005)
    time.sleep(0.05)  # so that it may die in the middle of writing the next checkpoint
    child.kill()
    assert child.poll() == -signal.SIGKILL
    part = tmp_path / "killed" / f"{stages[0].name}.part"
    assert list(part.glob("checkpoint-*"))
    assert not (tmp_path / "killed" / stages[0].name).exists()
    again = build(str(base()), stages, tmp_path / "killed", {"additions": chats()}, quiet)
    undisturbed = build(str(base()), stages, tmp_path / "whole", {"additions": chats()}, quiet)
    assert again.adapter
    assert undisturbed.adapter
    log = json.loads((again.adapter / "train.json").read_text())
    assert 3 <= log["resumed_from"] < 8
    assert [entry["step"] for entry in log["log"]] == list(range(1, 9))
    name = "adapter_model.safetensors"
    assert (again.adapter / name).read_bytes() == (undisturbed.adapter / name).read_bytes()
