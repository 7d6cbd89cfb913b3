"""Training in a process of its own, for a trainer that changes the libraries it trains with.

Unsloth puts its kernels into transformers for good: a merge on the CPU after it fails, and an engine after it in the
same process would answer with code that nobody chose.
"""

import multiprocessing
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.recipe import Recipe
from proctor.finetune.store import Tell


def train_in_own_process(
    base: Path, recipe: Recipe, files: Mapping[str, Path], out: Path, tell: Tell
) -> dict[str, Any]:
    """Returns, reports and refuses what `train` does."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_train, args=(theirs, base, recipe, dict(files), out))
    worker.start()
    theirs.close()  # so that its death is seen as the end of its messages
    try:
        while True:
            kind, content = ours.recv()
            if kind == "made":
                return dict(content)
            if kind == "refused":
                raise Refusal(content)
            tell(*content)
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


def _train(pipe: Connection, base: Path, recipe: Recipe, files: dict[str, Path], out: Path) -> None:
    from proctor.finetune.train.trainer import train

    def tell(share: float, message: str) -> None:
        pipe.send(("step", (share, message)))

    try:
        made = train(base, recipe, files, out, tell)
    except Refusal as refused:
        pipe.send(("refused", str(refused)))
    else:
        pipe.send(("made", made))
