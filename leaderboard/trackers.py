"""What a run made, handed to a tracker of experiments: `proctor run SUITE --log-to trackio|wandb|mlflow`.

    refuse_absent("trackio")
    why = send("trackio", [run_of(cells, store, "board/index.html")])        # "" where all went well

A run of the tracker for each variant: how it was made, each task's mean with its interval, the loss of its training,
digests and sizes of its artifacts, where the board is; no verdict, which is the board's. The tracker's library works in
a process of its own, after the run, which it cannot harm. Keys and addresses are the library's own business, from its
own environment.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from proctor.common.refusal import Refusal
from proctor.harness.record import Cell
from proctor.leaderboard.board.private import private_forms

Tracker = Literal["trackio", "wandb", "mlflow"]
SECONDS = 120.0  # that the library is given
LONGEST = 300  # letters of what it says when it fails


@dataclass(frozen=True)
class TrackedRun:
    """`config` is how the variant was made; `loss` has the step and the loss."""

    project: str
    name: str
    config: dict[str, Any]
    figures: dict[str, float]
    loss: tuple[tuple[float, float], ...] = ()


def refuse_absent(tracker: Tracker) -> None:
    if find_spec(tracker) is None:
        remedy = f"pip install 'proctor[{tracker}]'"
        raise Refusal(f"--log-to {tracker} needs the package {tracker}", "it is not installed", remedy)


def run_of(cells: Sequence[Cell], store: Path, board: str) -> TrackedRun:
    """That of one variant, of its cells."""
    from proctor.leaderboard.compare.items import estimate_cell

    run = cells[0].run
    config: dict[str, Any] = {"suite": run.suite, "board": board, **run.resolved.as_json()}
    for number, stage in enumerate(run.stages, 1):  # each in the folder that finetune/build.py names so
        name = f"artifact/{number}-{stage.kind}"
        config[f"{name}/digest"] = stage.digest
        files = (store / "artifacts" / f"{stage.kind}-{stage.digest[:16]}").rglob("*")
        size = sum(path.stat().st_size for path in files if path.is_file())
        if size:
            config[f"{name}/bytes"] = size
    figures: dict[str, float] = {}
    loss: tuple[tuple[float, float], ...] = ()
    for cell in cells:
        estimate, loss = estimate_cell(cell), cell.run.loss or loss
        figures[f"{cell.task}/failed"] = cell.run.errors
        if estimate:
            for name in ("mean", "low", "high", "n"):
                figures[f"{cell.task}/{name}"] = getattr(estimate, name)
    for name, value in config.items():
        if any(private_forms(str(value))):
            config[name] = "left out: it looks private"
    return TrackedRun(run.suite or "proctor", run.variant, config, figures, loss)


def send(tracker: Tracker, runs: Sequence[TrackedRun]) -> str:
    """Empty, or why it failed, without what stands in the environment as a key."""
    words = [sys.executable, "-m", "proctor.leaderboard.trackers", tracker]
    told = json.dumps([asdict(run) for run in runs])
    try:
        done = subprocess.run(words, input=told, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it took longer than {SECONDS:.0f} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    why = lines[-1]
    for name, value in os.environ.items():
        if value and name.endswith(("KEY", "TOKEN", "PASSWORD", "SECRET")):
            why = why.replace(value, "***")
    return why[:LONGEST]


def to_trackio(run: TrackedRun) -> None:
    import trackio

    own = {"embed": False, "auto_log_cpu": False, "auto_log_gpu": False}
    tracked = trackio.init(project=run.project, name=run.name, config=run.config, **own)
    for step, loss in run.loss:
        tracked.log({"train/loss": loss}, step=int(step))
    tracked.log(run.figures)
    trackio.finish()


def to_wandb(run: TrackedRun) -> None:
    import wandb

    # Nothing of this machine or of its code is sent along.
    quiet = wandb.Settings(
        console="off", disable_code=True, disable_git=True, host="not told", silent=True,
        x_disable_meta=True, x_disable_stats=True, x_save_requirements=False,
    )  # fmt: skip
    with wandb.init(project=run.project, name=run.name, config=run.config, settings=quiet) as tracked:
        for step, loss in run.loss:
            tracked.log({"train/loss": loss}, step=int(step))
        tracked.summary.update(run.figures)


def to_mlflow(run: TrackedRun) -> None:
    import mlflow

    mlflow.set_experiment(run.project)
    mine = {
        "mlflow.source.name": "proctor",
        "mlflow.user": "not told",
    }  # else a path and a name of this machine
    with mlflow.start_run(run_name=run.name, tags=mine):
        mlflow.log_params(run.config)
        for step, loss in run.loss:
            mlflow.log_metric("train/loss", loss, step=int(step))
        mlflow.log_metrics(run.figures)


TO = {"trackio": to_trackio, "wandb": to_wandb, "mlflow": to_mlflow}

if __name__ == "__main__":
    for fields in json.load(sys.stdin):
        TO[sys.argv[1]](TrackedRun(**fields))
