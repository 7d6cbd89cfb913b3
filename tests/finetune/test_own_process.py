"""Training in a process of its own: what comes of it, what it tells, and what becomes of a refusal."""

import multiprocessing

import pytest

from proctor.common.paths import PACKAGE as ROOT
from proctor.finetune.recipe import Recipe
from proctor.finetune.train.own_process import train_in_own_process
from proctor.tasks.prompt_pack import train_chats
from tests.support.command import FORKS

TINY = ROOT / "finetune" / "tiny"
FEW = {
    "method": "lora", "data": [{"source": "word_problems"}], "steps": 1, "rank": 4, "alpha": 8,
    "learning_rate": 1e-3, "batch": 2, "max_length": 384, "seed": 0,
}  # fmt: skip


@pytest.fixture
def chats(tmp_path):
    import json

    path = tmp_path / "chats.jsonl"
    some = train_chats("word_problems", 8, 0)
    path.write_text("".join(json.dumps(chat) + "\n" for chat in some), encoding="utf-8")
    return {"word_problems": path}


def recipe(tmp_path, **other):
    import yaml

    path = tmp_path / "few.yaml"
    path.write_text(yaml.safe_dump(FEW | other), encoding="utf-8")
    return Recipe.load(str(path))


@pytest.fixture(autouse=True)
def forks(monkeypatch):
    """What is asked for is a new interpreter; a fork that has the libraries gets the same through the same pipe."""
    asked = []
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: asked.append(method) or FORKS)
    yield
    assert asked == ["spawn"]


def test_training_apart_makes_an_adapter_and_tells_of_its_steps(tmp_path, chats):
    told, out = [], tmp_path / "out"
    out.mkdir()
    made = train_in_own_process(TINY, recipe(tmp_path), chats, out, lambda done, what: told.append(what))
    assert made["steps"] == 1
    assert made["checks"][0]["passed"]
    assert (out / "adapter_model.safetensors").is_file()
    assert any(what.startswith("step 1/1") for what in told)


def test_refusal_in_the_other_process_is_heard_in_this_one(tmp_path, chats):
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match="max_length"):
        train_in_own_process(TINY, recipe(tmp_path, max_length=16), chats, out, lambda done, what: None)
