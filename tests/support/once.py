"""What is slow to make and only looked at: made once in a run of the tests, whose workers share one folder."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

FOLDER = "PROCTOR_TESTS_SHARED"  # in the environment, so that processes of a test find it as well


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, which `make` fills for whoever asks first. Others wait for it; nobody changes it.

    >>> made_once("board", lambda folder: site.build(results, folder))
    """
    shared = Path(os.environ[FOLDER])
    folder, part = shared / name, shared / f"{name}.part"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder
