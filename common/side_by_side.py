"""Work on several cores: forks of this process, which have all that it has read; only results are handed over, pickled.

    side_by_side([partial(parts_of, cell) for cell in cells])          # what each job returns, in their order

For what numpy, pandas and plain Python do. A job must not touch what lives in threads of its own: torch, V8.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 8  # processes: each takes memory of its own

_jobs: Sequence[Callable[[], Any]] = ()  # as forks find them: what a job holds is not pickled


def processes() -> int:
    """How many may work: this one alone where nothing can be forked, or where a thread might hold a lock meanwhile."""
    if not hasattr(os, "fork") or not hasattr(os, "sched_getaffinity") or threading.active_count() > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


def side_by_side(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """What each job returns; one that fails, fails here."""
    global _jobs
    count = min(processes(), len(jobs))
    if count < 2 or _jobs:  # a job that has jobs of its own does them itself
        return [job() for job in jobs]
    _jobs = jobs
    try:
        with ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _end_with_parent) as pool:
            return list(pool.map(_job, range(len(jobs))))
    except BrokenProcessPool:  # one was killed, for want of memory perhaps
        return [job() for job in jobs]
    finally:
        _jobs = ()


def _end_with_parent() -> None:
    """Each waits for its next job at a pipe that the others hold open too: by itself it would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _job(number: int) -> Any:
    return _jobs[number]()
