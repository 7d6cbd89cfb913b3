"""Work on several cores: forks of this process, which have all that it has read; only results are handed over, pickled.

    side_by_side([partial(parts_of, cell) for cell in cells])          # what each job returns, in their order

For what numpy, pandas and plain Python do. A job must not touch what lives in threads of its own: torch, V8.
"""

import os
import pickle
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
MOST = 8  # processes: each takes memory of its own
NUMBER = 2  # bytes that name a job; all of them lie in one pipe, from which each process takes the next
MOST_JOBS = 2000  # what every system's pipe has room for


def processes() -> int:
    """How many may work: this one alone where nothing can be forked, or where a thread might hold a lock meanwhile."""
    if not hasattr(os, "fork") or not hasattr(os, "sched_getaffinity") or threading.active_count() > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


def side_by_side(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Each job once. What a helper did not bring back, since it failed or was killed, is done here, and fails here."""
    helpers = min(processes(), len(jobs)) - 1
    if helpers < 1 or len(jobs) > MOST_JOBS:
        return [job() for job in jobs]
    waiting, filled = os.pipe()
    os.write(filled, b"".join(number.to_bytes(NUMBER, "big") for number in range(len(jobs))))
    os.close(filled)
    started = [_helper(jobs, waiting) for _ in range(helpers)]
    done: dict[int, T] = {}
    try:
        done = _work(jobs, waiting)
    finally:
        os.close(waiting)
        for pid, results in started:
            with os.fdopen(results, "rb") as pipe:
                done |= _brought(pipe.read())
            os.waitpid(pid, 0)
    return [done[number] if number in done else job() for number, job in enumerate(jobs)]


def _work(jobs: Sequence[Callable[[], T]], waiting: int) -> dict[int, T]:
    done = {}
    while name := os.read(waiting, NUMBER):
        number = int.from_bytes(name, "big")
        done[number] = jobs[number]()
    return done


def _helper(jobs: Sequence[Callable[[], T]], waiting: int) -> tuple[int, int]:
    """Its process id, and from where its results are read."""
    results, own_end = os.pipe()
    pid = os.fork()
    if pid:
        os.close(own_end)
        return pid, results
    try:
        with os.fdopen(own_end, "wb") as pipe:
            pickle.dump(_work(jobs, waiting), pipe, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)  # without what this process would do at its end: files, locks and tests are the parent's


def _brought(content: bytes) -> dict[int, T]:
    """Nothing of a helper that failed; what it wrote comes from this very process, so it may be unpickled."""
    try:
        results: dict[int, T] = pickle.loads(content)
    except (EOFError, pickle.UnpicklingError):
        return {}
    return results
