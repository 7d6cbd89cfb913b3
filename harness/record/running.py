"""What a run is doing: `results/.running/`, for whoever looks on from another process, or after a kill.

    for cell in read_running(Path("results")):
        print(cell.variant, cell.task, cell.done, "of", cell.total)

A file for each cell that is being asked or scored, which goes when the cell's rows are there; one for weights that are
being built; and one for each suite that is run, which goes when the run ends. No result is made of them.
"""

import errno
import glob
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from proctor.common import files
from proctor.common.json_lines import parse_json
from proctor.harness.record.run_record import RecordPart, TaskRecord

FOLDER = ".running"


class ShownResponse(RecordPart):
    """One of the last responses. The item and its score are known where rules score responses as they come."""

    response: str
    item: str = ""
    answer: str = ""
    target: str = ""
    score: float | None = None


class RunningScore(RecordPart):
    """A score as it will stand in the rows."""

    sample_id: str
    epoch: int
    cluster: str
    score: float
    metrics: dict[str, float]


class RunningCell(RecordPart):
    """`done` of `total` requests; `asked` of them now and not in an earlier run, where that is known.

    Times are seconds since 1970.
    """

    variant: str
    task: str = ""  # none while weights are built
    doing: str
    done: int = 0
    total: int = 0
    tokens: int = 0
    asked: int | None = None
    failed: int = 0
    began: float
    at: float
    about: TaskRecord | None = None
    scores: tuple[RunningScore, ...] = ()
    last: tuple[ShownResponse, ...] = ()


class RunningSuite(RecordPart):
    """`process` runs it, on the machine `host`; `missing`: the cells that wanted answers or scores when it began."""

    suite: str
    process: int
    host: str
    baseline: str | None = None
    began: float
    cells: tuple[tuple[str, str], ...]  # variant and task
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def is_alive(self) -> bool:
        """Whether its process is there, as far as this machine can know."""
        if self.host != socket.gethostname() or not files.can_lock():  # elsewhere signal 0 would end it
            return True
        try:
            os.kill(self.process, 0)
        except OSError as refused:
            return refused.errno == errno.EPERM
        return True


Part = TypeVar("Part", bound=RecordPart)


def begin(
    results: Path, suite: str, baseline: str | None, cells: list[tuple[str, str]],
    missing: Sequence[tuple[str, str]] = (),
) -> None:  # fmt: skip
    """Notes what a run is going to do. What a killed run left of it goes away."""
    files.remove_parts(results / FOLDER)
    for path in (results / FOLDER).glob(f"@{glob.escape(suite)}@*.json"):
        for left in _read([path], RunningSuite):
            if not left.is_alive:
                path.unlink(missing_ok=True)
    for variant, task in cells:
        for name in (task, ""):
            _remove(results, variant, name)
    plan = RunningSuite(
        suite=suite, process=os.getpid(), host=socket.gethostname(), baseline=baseline, began=time.time(),
        cells=tuple(cells), missing=tuple(missing),
    )  # fmt: skip
    _write(results, *_of_suite(suite), plan)


def end(results: Path, suite: str) -> None:
    """The run of this process has done all of it."""
    remove(results, *_of_suite(suite))


def write_running(results: Path, cell: RunningCell) -> None:
    _write(results, cell.variant, cell.task, cell)


def remove(results: Path, variant: str, task: str = "") -> None:
    _remove(results, variant, task)
    with suppress(OSError):  # others are at work
        (results / FOLDER).rmdir()


def read_running(results: Path) -> list[RunningCell]:
    """What is being built, asked or scored; or was, when its run was killed."""
    return list(_read((results / FOLDER).glob("[!@]*.json"), RunningCell))


def read_suites(results: Path) -> list[RunningSuite]:
    """The suites that are being run, or whose run was killed; the last one first."""
    suites = _read((results / FOLDER).glob("@*.json"), RunningSuite)
    return sorted(suites, key=lambda suite: -suite.began)


def _file(results: Path, variant: str, task: str) -> Path:
    return results / FOLDER / f"{variant}@{task}.json"  # no name has an '@' in it


def _of_suite(suite: str) -> tuple[str, str]:
    """Two processes may run the same suite, each some of its variants."""
    return f"@{suite}", str(os.getpid())


def _remove(results: Path, variant: str, task: str) -> None:
    with suppress(OSError):
        _file(results, variant, task).unlink(missing_ok=True)


def _write(results: Path, variant: str, task: str, part: RecordPart) -> None:
    """No run fails for a file that only a watcher reads."""
    with suppress(OSError):
        text = part.model_dump_json(exclude_unset=True)
        files.write_bytes(_file(results, variant, task), text.encode(), durable=False)


def _read(paths: Iterable[Path], kind: type[Part]) -> Iterator[Part]:
    """What cannot be read is left out: it may have gone in the meantime, and nothing depends on it."""
    for path in sorted(paths):
        try:
            yield kind.model_validate(parse_json(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError):
            continue
