"""A cell is made again when what it was made from changed, wherever that stands."""

import json
import shutil

import pytest


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A GSM8K of its own, twelve items long."""
    monkeypatch.setenv("PROCTOR_DATA", str(tmp_path / "data"))
    folder = tmp_path / "data" / "gsm8k"
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        rows = [
            {"question": f"{split}: what is {n} and {n}?", "answer": f"It is {2 * n}.\n#### {2 * n}"}
            for n in range(12)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def other_shots(data):
    path = data / "train.jsonl"
    path.write_text(path.read_text().replace("It is", "That makes"))


def test_other_shots_are_another_definition(home, data):
    home.echo("gold", lambda doc: doc["answer"], "gsm8k", prompt="cot-2shot")
    suite = home.suite(variants=["gold"], tasks=["gsm8k"], baseline="gold")
    assert home.run(suite).returncode == 0
    assert home.run(suite).returncode == 0
    other_shots(data)
    refused = home.run(suite)
    assert refused.returncode == 2
    assert "earlier definition" in refused.stderr
    assert "the shots changed" in refused.stderr


def test_two_suites_in_one_results_folder_are_told_apart_in_words(home, data):
    home.echo("gold", lambda doc: doc["answer"], "gsm8k")
    whole = home.suite(variants=["gold"], tasks=["gsm8k"], baseline="gold")
    assert home.run(whole).returncode == 0
    few = home.suite("few", variants=["gold"], tasks=["gsm8k"], baseline="gold", limit={"gsm8k": 5})
    refused = home.run(few)
    assert refused.returncode == 2
    words = " ".join(refused.stderr.split())
    assert "results of gold x gsm8k were made by the suite suite, which defines them otherwise" in words
    assert "the questions changed; items was 12, is 5" in words
    assert "keep both with --results OTHER" in words


def test_other_training_data_is_another_file_of_chats(tmp_path, data):
    from proctor.harness.plan.training import chat_file

    first = chat_file("gsm8k", 8, 1, tmp_path / "store")
    assert chat_file("gsm8k", 8, 1, tmp_path / "store") == first
    other_shots(data)
    assert chat_file("gsm8k", 8, 1, tmp_path / "store").digest != first.digest


def test_what_is_asked_is_what_was_planned_with(home, data):
    from proctor.harness import session
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.plan import make_plan
    from proctor.tasks import dataset_hash

    home.echo("gold", lambda doc: "1", "word_problems")
    suite = home.suite(variants=["gold"], tasks=["gsm8k"], baseline="gold")
    plan = make_plan(Suite.load(str(suite)), home.results, home.store)
    shutil.copy(data / "train.jsonl", data / "test.jsonl")
    (each,) = plan.variants
    (cell,) = each.cells
    assert dataset_hash(session.cell_run(cell, each, plan).docs) == cell.definition.dataset
