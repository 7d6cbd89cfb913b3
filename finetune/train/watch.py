"""What a training run reports, when it keeps a checkpoint, and when it must stop. Knows the trainer's callbacks."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.folder import read_json
from proctor.finetune.recipe import Recipe
from proctor.finetune.store import Tell

WHOLE = "whole"  # stands in a checkpoint once all of it is written
CHECKPOINT_SECONDS = 30.0


@dataclass
class Watch:
    """The loss of every step: shown, kept, and the training refused when the loss is no number or rises."""

    recipe: Recipe
    total: int
    tell: Tell
    log: list[dict[str, float]] = field(default_factory=list)
    best: float = math.inf
    began: float = field(default_factory=time.monotonic)
    first: int = 0

    def step(self, step: int, loss: float, rate: float) -> None:
        self.log.append({"step": step, "loss": round(loss, 5), "learning_rate": rate})
        setting = f"lower learning_rate (now {self.recipe.learning_rate:g}) or raise warmup_steps"
        if not math.isfinite(loss):
            raise Refusal(f"the loss is {loss} at step {step}; {setting}")
        last = [entry["loss"] for entry in self.log[-5:]]
        if len(last) == 5 and step > self.recipe.warmup_steps:
            mean = sum(last) / 5
            start = self.log[0]["loss"]  # one batch alone, so it gets more room
            for before, most in ((self.best, 1.5 * self.best + 0.5), (start, 2 * start + 1)):
                if mean > most:
                    raise Refusal(f"the loss rose from {before:.2f} to {mean:.2f} by step {step}; {setting}")
            self.best = min(self.best, mean)
        pace = (step - self.first) / max(time.monotonic() - self.began, 1e-9)
        self.tell(step / self.total, f"step {step}/{self.total} loss {loss:.3f}, {pace:.1f} steps/s")


def callback(watch: Watch, checkpoint_seconds: float) -> Any:
    from transformers import TrainerCallback

    class Watching(TrainerCallback):  # type: ignore[misc]
        saved = 0.0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.saved = watch.began = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                watch.step(state.global_step, float(logs["loss"]), float(logs.get("learning_rate", 0.0)))

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step < watch.total and time.monotonic() - self.saved >= checkpoint_seconds:
                control.should_save = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.saved = time.monotonic()
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            # trl writes the earlier steps' log into it too; only now is all of it there.
            (folder / WHOLE).write_text("", encoding="utf-8")

    return Watching()


def last_checkpoint(out: Path) -> Path | None:
    """The newest one that was written to its end: a kill may have cut the very last."""
    whole = [path.parent for path in out.glob(f"checkpoint-*/{WHOLE}")]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def log_of(checkpoint: Path) -> list[dict[str, float]]:
    """The steps that were logged up to the checkpoint."""
    state = read_json(checkpoint / "trainer_state.json")
    return [
        {"step": entry["step"], "loss": round(entry["loss"], 5), "learning_rate": entry["learning_rate"]}
        for entry in state["log_history"]
        if "loss" in entry
    ]
