"""Work on several cores: results in order, nothing lost with a process that fails, one process where that is safer."""

import fcntl
import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from proctor.common import side_by_side as module
from proctor.common.refusal import Refusal
from proctor.common.side_by_side import side_by_side
from tests.support.command import Running


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests' own workers may hold threads, which would keep all in one process."""
    monkeypatch.setattr(module, "processes", lambda: 2)


def test_results_come_in_the_order_of_the_jobs() -> None:
    done = side_by_side([partial(pow, number, 2) for number in range(50)])
    assert done == [number**2 for number in range(50)]


def test_a_process_that_dies_takes_no_result_with_it() -> None:
    here = os.getpid()

    def dies_elsewhere(number: int) -> int:
        if os.getpid() != here:
            os._exit(9)
        return number

    assert side_by_side([partial(dies_elsewhere, number) for number in range(8)]) == list(range(8))


def test_a_refusal_is_the_callers_wherever_it_was_met() -> None:
    def refuse() -> None:
        raise Refusal("no such thing")

    with pytest.raises(Refusal, match="no such thing"):
        side_by_side([refuse, refuse])


def test_a_job_that_has_jobs_of_its_own_does_them_itself() -> None:
    def powers(number: int) -> list[int]:
        return side_by_side([partial(pow, number, power) for power in range(3)])

    assert side_by_side([partial(powers, number) for number in range(6)]) == [
        [1, number, number**2] for number in range(6)
    ]


HELD = """import sys, time
from functools import partial
from pathlib import Path
from proctor.common import side_by_side
from proctor.common.files import lock

def hold(path):
    with lock(path, print):
        path.with_suffix(".held").touch()
        time.sleep(300)

side_by_side.processes = lambda: 2
side_by_side.side_by_side([partial(hold, Path(name)) for name in sys.argv[1:]])
"""


def free(path: Path) -> bool:
    with path.open("rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_where_the_process_is_killed_its_forks_end_too(tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    running = Running(list(map(str, paths)), tmp_path, code=HELD)
    while not all(path.with_suffix(".held").exists() for path in paths):
        assert running.poll() is None, running.stderr
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    for path in paths:
        until = time.monotonic() + 60
        while not free(path):
            assert time.monotonic() < until, "a fork lives on"
            time.sleep(0.01)


def test_beside_another_thread_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    done = threading.Event()
    waiting = threading.Thread(target=done.wait)
    waiting.start()
    try:
        assert set(side_by_side([os.getpid] * 4)) == {os.getpid()}
    finally:
        done.set()
        waiting.join()
