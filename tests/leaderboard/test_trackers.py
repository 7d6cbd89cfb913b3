"""Trackers: each library really keeps what a run made, without a network; where one fails, the run is done."""

import json
import socket
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.leaderboard import trackers
from proctor.leaderboard.compare.items import estimate_cell
from proctor.leaderboard.trackers import TrackedRun, refuse_absent, run_of, send
from tests.support.command import COMMAND, ROOT, python

DEMO = ROOT / "results" / "demo"


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        find_spec(package) is None, reason=f"{package} is not installed: pip install {package}"
    )


@pytest.fixture
def tracked(tmp_path: Path) -> TrackedRun:
    """A fine-tuned variant of the committed results; one of its artifacts is in the store."""
    cells = [cell for cell in record.cells(DEMO) if cell.variant == "tiny-lora"]
    (train,) = (stage for stage in cells[0].run.stages if stage.kind == "train")
    folder = tmp_path / "artifacts" / f"train-{train.digest[:16]}"
    folder.mkdir(parents=True)
    (folder / "adapter.safetensors").write_bytes(b"x" * 1000)
    return run_of(cells, tmp_path, "board/index.html")


def test_a_run_holds_every_cell_the_loss_the_artifacts_and_the_board_and_no_verdict(
    tracked: TrackedRun,
) -> None:
    cell = record.read(DEMO, "tiny-lora", "word_problems")
    assert cell
    estimate = estimate_cell(cell)
    assert estimate
    kept = [tracked.figures[f"word_problems/{name}"] for name in ("mean", "low", "high", "n", "failed")]
    assert kept == [estimate.mean, estimate.low, estimate.high, estimate.n, 0]
    assert tracked.loss == cell.run.loss
    assert len(tracked.loss) > 2
    assert tracked.config["artifact/1-train/bytes"] == 1000
    assert tracked.config["artifact/1-train/digest"] == cell.run.stages[0].digest
    assert tracked.config["board"] == "board/index.html"
    assert "verdict" not in json.dumps([tracked.config, tracked.figures])


def test_what_looks_private_is_left_out(tmp_path: Path) -> None:
    cell = record.read(DEMO, "tiny", "word_problems")
    assert cell
    run = cell.run.changed(resolved=cell.run.resolved.changed(base="/home/kim/models/mine"))
    tracked = run_of([record.Cell(cell.folder, run)], tmp_path, "board/index.html")
    assert "kim" not in json.dumps(tracked.config)
    assert tracked.config["engine"] == "hf"


@needs("trackio")
def test_trackio_keeps_it(tracked: TrackedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    assert send("trackio", [tracked]) == ""
    database = next((tmp_path / "trackio").glob("*.db"))
    with sqlite3.connect(database) as opened:
        logged: dict[str, Any] = {}
        losses = 0
        for name, metrics in opened.execute("SELECT run_name, metrics FROM metrics"):
            assert name == "tiny-lora"
            logged |= json.loads(metrics)
            losses += "train/loss" in json.loads(metrics)
    assert logged["word_problems/mean"] == tracked.figures["word_problems/mean"]
    assert losses == len(tracked.loss)


@needs("wandb")
def test_wandb_keeps_it_offline(tracked: TrackedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    assert send("wandb", [tracked]) == ""
    (kept,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    content = kept.read_bytes()
    for words in (
        b"tiny-lora",
        b"word_problems/mean",
        b"train/loss",
        b"artifact/1-train/digest",
        b"board/index.html",
    ):
        assert words in content
    assert socket.gethostname().encode() not in content


@needs("mlflow")
def test_mlflow_keeps_it_in_a_folder(
    tracked: TrackedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    assert send("mlflow", [tracked]) == ""
    (mean,) = tmp_path.glob("mlruns/*/*/metrics/word_problems/mean")
    assert float(mean.read_text().split()[1]) == tracked.figures["word_problems/mean"]
    (loss,) = tmp_path.glob("mlruns/*/*/metrics/train/loss")
    assert len(loss.read_text().splitlines()) == len(tracked.loss)
    (digest,) = tmp_path.glob("mlruns/*/*/params/artifact/1-train/digest")
    files = [path for path in tmp_path.glob("mlruns/*/*/tags/*") if path.is_file()]
    assert {path.name: path.read_text() for path in files}["mlflow.source.name"] == "proctor"
    assert digest.read_text() == tracked.config["artifact/1-train/digest"]


def test_a_tracker_that_is_not_installed_is_refused_before_the_run(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(
        Refusal, match=r"needs the package wandb; it is not installed; pip install 'proctor\[wandb\]'"
    ):
        refuse_absent("wandb")


def broken(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of that name which does this when it is imported."""
    folder.mkdir()
    (folder / "trackio.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{ROOT}")


def test_a_tracker_that_fails_says_why_without_a_key(
    tracked: TrackedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_API_KEY", "sk-very-secret")
    broken(tmp_path / "lib", "raise OSError('no route, with sk-very-secret')", monkeypatch)
    assert send("trackio", [tracked]) == "OSError: no route, with ***"


def test_a_tracker_that_hangs_is_ended(
    tracked: TrackedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "SECONDS", 1.0)
    broken(tmp_path / "lib", "import time; time.sleep(600)", monkeypatch)
    assert send("trackio", [tracked]) == "it took longer than 1 s"


def test_a_run_is_done_although_its_tracker_failed(
    home: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(tmp_path / "lib", "raise OSError('no route')", monkeypatch)
    home.echo("good", lambda doc: f"It is {doc['answer']}", "word_problems")
    suite = home.suite(
        variants=["good"], tasks=["word_problems"], baseline="good", limit={"word_problems": 8}
    )
    words = ["run", str(suite), *home.where(), "--out", str(home.board), "--log-to", "trackio"]
    done = python(f"import sys; sys.path.insert(0, {str(tmp_path / 'lib')!r}); {COMMAND}", *words)
    assert done.returncode == 0, done.stderr
    assert (
        done.stderr.splitlines()[-1]
        == "proctor: nothing was logged to trackio, or not all: OSError: no route"
    )
    assert (home.board / "index.html").is_file()
