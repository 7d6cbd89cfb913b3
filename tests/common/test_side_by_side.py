"""Work on several cores: results in order, nothing lost with a process that fails, one process where that is safer."""

import os
import threading
from functools import partial

import pytest

from proctor.common import side_by_side as module
from proctor.common.refusal import Refusal
from proctor.common.side_by_side import side_by_side


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
