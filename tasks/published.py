"""Published data sets that are not kept in this repository: from `PROCTOR_DATA`, else from the hub.

fetch("svamp/SVAMP.json", read, "ChilleD/SVAMP", ("train", "test"))
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

Items = list[dict[str, Any]]


def fetch(
    file: str, read: Callable[[Path], Items], hub: str, splits: Sequence[str], config: str | None = None
) -> Items:
    """The items of a file under `PROCTOR_DATA`; without that variable, of the hub's splits one after the other."""
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        return _from_hub(file, hub, splits, config)
    path = Path(folder) / file
    if not path.is_file():
        raise Refusal(f"PROCTOR_DATA has no {file}; put it there or unset PROCTOR_DATA ({path})")
    try:
        return read(path)
    except (ValueError, KeyError, TypeError) as broken:
        raise Refusal(
            f"{file} is not what is published ({type(broken).__name__}: {broken})", where=path
        ) from None


def _from_hub(file: str, hub: str, splits: Sequence[str], config: str | None) -> Items:
    import datasets

    items: Items = []
    try:
        for split in splits:
            items += datasets.load_dataset(hub, config, split=split)
    except Exception as failure:  # the hub's client raises a dozen kinds for 'not here and no network'
        raise Refusal(
            f"{hub} is not here ({type(failure).__name__}); set PROCTOR_DATA to a folder with {file}, "
            f"or let `datasets` fetch {hub} once"
        ) from None
    return items


def refuse_split(task: str, split: str) -> None:
    if split not in ("train", "test"):
        raise Refusal(f"no split called {split!r}; {task} has 'train' and 'test' (tasks/{task})")
