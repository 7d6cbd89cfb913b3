"""What the doctor says of the data of each task is what a run would meet."""

from pathlib import Path

import datasets
import pytest

from proctor.harness.doctor import Finding, examine_machine
from proctor.tasks import TASKS

FETCHED = ("gsm8k", "svamp", "mgsm_en", "mgsm_zh")


def data() -> dict[str, Finding]:
    findings = {}
    for finding in examine_machine():
        if finding.what.startswith("data "):
            findings[finding.what.removeprefix("data ")] = finding
    return findings


def test_every_task_is_told_and_those_that_ship_are_embedded() -> None:
    findings = data()
    assert set(findings) == set(TASKS)
    embedded = {name for name, finding in findings.items() if finding.found == "embedded"}
    assert embedded == set(TASKS) - set(FETCHED)


def test_a_folder_of_data_is_looked_through_for_each_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCTOR_DATA", str(tmp_path))
    (tmp_path / "gsm8k").mkdir()
    row = '{"question": "What is 1 + 1?", "answer": "#### 2"}\n'
    for split in ("train", "test"):
        (tmp_path / "gsm8k" / f"{split}.jsonl").write_text(row, encoding="utf-8")
    (tmp_path / "mgsm").mkdir()
    (tmp_path / "mgsm" / "mgsm_zh.tsv").write_text("no tab\n", encoding="utf-8")
    findings = data()
    assert findings["gsm8k"] == Finding("data gsm8k", True, "test items in PROCTOR_DATA: 1")
    missing = "put it there or unset PROCTOR_DATA"
    assert findings["svamp"] == Finding("data svamp", False, "PROCTOR_DATA has no svamp/SVAMP.json", missing)
    no_english = "PROCTOR_DATA has no mgsm/mgsm_en.tsv"
    assert findings["mgsm_en"] == Finding("data mgsm_en", False, no_english, missing)
    assert not findings["mgsm_zh"].usable
    assert findings["mgsm_zh"].found.startswith("mgsm/mgsm_zh.tsv is not what is published")
    (tmp_path / "svamp").mkdir()
    (tmp_path / "svamp" / "SVAMP.json").write_text('[{"ID": "chal-1"}]', encoding="utf-8")
    broken = "svamp/SVAMP.json is not what is published (KeyError: 'Body')"
    assert data()["svamp"] == Finding("data svamp", False, broken, "fetch it again")
    (tmp_path / "gsm8k" / "train.jsonl").unlink()
    assert data()["gsm8k"].found == "PROCTOR_DATA has no gsm8k/train.jsonl"


def test_without_a_folder_the_hub_is_asked_or_where_it_may_not_be_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROCTOR_DATA", raising=False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    findings = data()
    for name in FETCHED:
        hub = "PROCTOR_DATA is not set: comes from the hub, if that can be reached"
        assert findings[name] == Finding(f"data {name}", True, hub)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    finding = data()["gsm8k"]
    assert not finding.usable
    assert finding.found.startswith("openai/gsm8k is not here")
    assert finding.remedy.startswith("set PROCTOR_DATA to a folder with gsm8k/test.jsonl")
