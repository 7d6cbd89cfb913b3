"""Apart: a training in a process of its own, for a trainer that changes the libraries it trains with.

Unsloth puts its kernels into transformers for good: a merge on the CPU after it fails, and an engine after it in the
same process would answer with code that nobody chose. Must not know how training is done.
"""

import multiprocessing
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.recipe import Recipe
from proctor.finetune.train.watch import Tell


def train_apart(
    base: Path, recipe: Recipe, files: Mapping[str, Path], out: Path, tell: Tell
) -> dict[str, Any]:
    """What `train` returns, tells and refuses."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_train, args=(theirs, base, recipe, dict(files), out))
    worker.start()
    theirs.close()  # so that its death is seen as the end of what it tells
    try:
        while True:
            kind, told = ours.recv()
            if kind == "made":
                return dict(told)
            if kind == "refused":
                raise Refusal(told)
            tell(*told)
    except EOFError:
        worker.join()
        raise Refusal(
            f"the training's process ended with status {worker.exitcode}; what it wrote above says why, and a new run "
            f"goes on from its last checkpoint ({out})"
        ) from None
    finally:
        ours.close()
        worker.join(10)  # it has nothing left to do; or whoever waited for it was stopped
        worker.kill()


def _train(told: Connection, base: Path, recipe: Recipe, files: dict[str, Path], out: Path) -> None:
    from proctor.finetune.train.train import train

    try:
        made = train(base, recipe, files, out, lambda done, what: told.send(("step", (done, what))))
    except ValueError as refused:
        told.send(("refused", str(refused)))
    else:
        told.send(("made", made))
