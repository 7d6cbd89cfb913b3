"""Kill -9 at any moment, run again: the rows are those of a run that nobody disturbed, and nothing is asked twice."""

import json
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from proctor.harness import record
from tests.support.command import COMMAND, UNDRAWN, Running

MANY = 66  # two batches


def start(home, suite, code=UNDRAWN + COMMAND):
    folder, words = Path(tempfile.mkdtemp(dir=home.folder)), ["run", str(suite), *home.where()]
    return Running([*words, "--out", str(home.board)], folder, code=code, PYTHONUNBUFFERED="1")


def kill_when(running, happened, seconds=240):
    """Kills the whole process group the moment that `happened` is true; False when the run ended before it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if happened():
            running.kill()
            return True
        if running.poll() is not None:
            return False
        time.sleep(0.004)
    raise AssertionError("what was waited for never happened")


def kept(home):
    return [
        json.loads(line)["key"]
        for path in (home.store / "responses").glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
        if '"key"' in line and line.endswith("}")
    ]


def whole(board):
    """Whether the manifest, which is written last, knows a checksum for every page."""
    files = json.loads((board / "board.json").read_text(encoding="utf-8"))["files"]
    return all(files.values()) and all((board / path).is_file() for path in files)


@pytest.fixture
def disturbed(home):
    short = {"max_tokens": 8}  # a kill is a kill, however long the answers are
    home.variant("tiny", base="finetune/tiny", sampling=short)
    return home.suite(
        variants=["tiny"], tasks=["word_problems", "study_plan"], baseline="tiny",
        limit={"word_problems": MANY, "study_plan": 2},
    )  # fmt: skip


def test_run_that_was_killed_at_every_stage_ends_with_the_rows_of_an_undisturbed_one(home, disturbed):
    calm = type(home)(home.folder / "calm")
    done = calm.run(disturbed)
    assert done.returncode == 0, done.stderr

    def answers():
        return len(kept(home))

    def exists(path):
        return lambda: (home.results / path).exists()

    running = start(home, disturbed)
    assert kill_when(running, lambda: "open hf" in running.stdout), "while loading"
    assert answers() == 0

    assert kill_when(start(home, disturbed), lambda: answers() > 0), "in the middle of a cell"
    in_the_middle = answers()
    assert 0 < in_the_middle < MANY

    def wrote():
        return any((home.results / "tiny/word_problems").glob(".samples.parquet.*.part"))

    killed_writing = kill_when(
        start(home, disturbed), lambda: wrote() or exists("tiny/word_problems/run.json")()
    )
    assert killed_writing, "while writing a cell"

    assert kill_when(start(home, disturbed), exists("tiny/study_plan/run.json")), "before the page is built"
    assert not (home.board / "index.html").exists()

    for _ in range(5):  # the pages are in place within a tenth of a second: a kill may come too late
        building = start(home, disturbed, COMMAND)
        assert kill_when(building, lambda: any(home.board.glob("*"))), "while building the page"
        if not (home.board / "board.json").exists() or not whole(home.board):
            break
        shutil.rmtree(home.board)
    assert not (home.board / "board.json").exists() or not whole(home.board)

    last = home.run(disturbed)
    assert last.returncode == 0, last.stderr
    assert whole(home.board)
    assert not list(home.board.rglob("*.part"))
    assert not list(home.results.rglob("*.part"))
    for task in ("word_problems", "study_plan"):
        mine, theirs = (record.read(where.results, "tiny", task).rows() for where in (home, calm))
        assert mine.drop(columns="seconds").equals(theirs.drop(columns="seconds"))
    assert max(Counter(kept(home)).values()) == 1, "an answer that was kept was asked again"
