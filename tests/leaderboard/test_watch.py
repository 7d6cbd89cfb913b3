"""A run looked at while it goes on: what the folder says of it, killed or not, and what the page's server gives out."""

import http.client
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.ask import watched
from proctor.harness.record import TaskRecord
from proctor.harness.record.running import (
    FOLDER,
    RunningCell,
    RunningScore,
    RunningSuite,
    ShownResponse,
    begin,
    end,
    write_running,
)
from proctor.harness.run import run_suite
from proctor.leaderboard.board import site
from proctor.leaderboard.watch import view
from proctor.leaderboard.watch.server import WatchServer, baseline_of, open_watch
from proctor.leaderboard.watch.view import RunWatch
from tests.support.board_results import rows_of, write
from tests.support.command import Running

TASK = TaskRecord(name="quiz", title="Quiz", kind="binary", headline="accuracy", scale=(0.0, 1.0))
TRAP = "<img src=x onerror=alert(1)></pre><script>alert(2)</script>"


def score(item: str, value: float, cluster: str = "") -> RunningScore:
    return RunningScore(sample_id=item, epoch=1, cluster=cluster or item, score=value, metrics={})


def asked(results: Path, scores: list[RunningScore], **fields: Any) -> view.WatchedCell:
    """What is shown of one cell that is being asked, in a folder of nothing else."""
    now = time.time()
    begin(results, "suite", None, [("one", "quiz")])
    values = {"began": now - 10, "at": now, "done": len(scores), "total": 100, "about": TASK} | fields
    write_running(results, RunningCell(variant="one", task="quiz", doing="", scores=tuple(scores), **values))
    (cell,) = RunWatch(results).view().running
    return cell


def test_a_cell_that_is_being_asked_has_progress_rate_time_left_and_a_mean_with_its_interval(tmp_path):
    scores = [score(f"q{number}", float(number < 30)) for number in range(40)]
    cell = asked(tmp_path, scores, tokens=800, asked=20)
    assert (cell.state, cell.percent, cell.words) == ("running", 40, "40 of 100 responses")
    assert cell.rate == "80 tokens a second"
    assert cell.left == "about 30 s left"  # 20 were asked now, in ten seconds; the others were there before
    assert (cell.mean, cell.interval, cell.n, cell.unit) == ("75.0", "59.8 to 85.8", 40, "%")  # Wilson's


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ([], ""),
        ([score("a", 1.0)], "100.0"),  # Wilson's interval of one item is nearly all of the scale
        ([score("a", 1.0, "x"), score("b", 0.0, "x")], ""),  # all of one source: no interval
        ([score("a", 1.0), score("b", 1.0)], "100.0"),
    ],
)
def test_where_no_interval_can_be_given_no_mean_is_shown(tmp_path, scores, shown):
    cell = asked(tmp_path, scores)
    assert cell.mean == shown
    if shown:
        assert cell.interval not in ("", "100.0 to 100.0")


def test_epochs_of_an_item_count_as_one_item(tmp_path):
    twice = [
        score("a", 1.0),
        score("a", 0.0).changed(epoch=2),
        score("b", 1.0),
        score("b", 1.0).changed(epoch=2),
    ]
    cell = asked(tmp_path, twice)
    assert (cell.n, cell.mean) == (2, "75.0")


def test_a_batch_that_takes_long_is_named_and_a_run_that_is_gone_is_stopped(tmp_path):
    long_ago = time.time() - 200
    cell = asked(tmp_path, [score("a", 1.0)], began=long_ago - 1, at=long_ago)
    assert (cell.state, cell.words) == ("running", "1 of 100 responses; nothing heard for 3 min")
    suite = RunningSuite(
        suite="suite", process=2**22 + 1, host=socket.gethostname(), began=0.0, cells=(("one", "quiz"),)
    )
    end(tmp_path, "suite")
    (tmp_path / FOLDER / "@suite@1.json").write_text(suite.model_dump_json())
    run = RunWatch(tmp_path).view()
    assert (
        run.headline == "The run of suite was stopped: 0 of 1 cell done. The same command goes on from here"
    )
    assert [cell.state for cell in run.cells] == ["stopped"]
    assert run.running[0].left == ""
    elsewhere = suite.changed(host="another-machine")
    assert elsewhere.is_alive  # nobody here can know


def test_a_cell_whose_suite_wants_more_than_an_earlier_run_asked_is_not_done(tmp_path):
    for variant in ("one", "two"):
        write(tmp_path, rows_of(variant, "word_problems"))
    cells = [(variant, "word_problems") for variant in ("one", "two")]
    begin(tmp_path, "suite", None, cells, missing=cells[1:])
    run = RunWatch(tmp_path).view()
    assert [cell.state for cell in run.cells] == ["done", "waiting"]
    assert "1 of 2 cells done" in run.headline
    write(tmp_path, rows_of("two", "word_problems", 20))
    assert [cell.state for cell in RunWatch(tmp_path).view().cells] == ["done", "done"]


def test_what_cannot_be_read_is_left_out(tmp_path):
    begin(tmp_path, "suite", None, [("one", "quiz")])
    for name, text in (("one@quiz", "{"), ("two@quiz", "[" * 5000), ("three@quiz", '{"variant": 3}')):
        (tmp_path / FOLDER / f"{name}.json").write_text(text)
    run = RunWatch(tmp_path).view()
    assert (run.running, [cell.state for cell in run.cells]) == ((), ["waiting"])
    end(tmp_path, "suite")
    begin(tmp_path, "suite", None, [("one", "quiz"), ("two", "quiz"), ("three", "quiz")])
    end(tmp_path, "suite")
    assert not (tmp_path / FOLDER).exists()


@pytest.fixture
def small(home: Any) -> Path:
    home.echo(
        "good",
        lambda doc: f"It is {doc['answer']}" if "answer" in doc else "mean",
        "word_problems",
        "concepts",
    )
    tasks = ["word_problems", "concepts"]
    return home.suite(
        variants=["good"], tasks=tasks, baseline="good", limit={"word_problems": 40, "concepts": 32}
    )


def test_the_last_provisional_figures_are_those_of_the_whole_cell(home, small, monkeypatch):
    """For shares and for counts alike: both come from the same scores, by the same statistics."""
    monkeypatch.setattr(watched, "EVERY_SECONDS", -1.0)
    monkeypatch.setattr(watched, "SHARE", 1e9)
    kept = {}
    monkeypatch.setattr(watched, "remove", lambda results, variant, task: kept.update(shown(results)))

    def shown(results: Path) -> dict[str, Any]:
        running = RunWatch(results).view().running
        return {cell.task: (cell.mean, cell.interval, cell.n) for cell in running if cell.mean}

    monkeypatch.setattr(view, "stamps_of", lambda results: {})  # as if the rows were not there yet
    run_suite(str(small), home.results, home.store, Reporter(Console(quiet=True)))
    monkeypatch.undo()
    done = {cell.task: (cell.mean, cell.interval, cell.n) for cell in RunWatch(home.results).view().cells}
    assert kept == done
    assert set(done) == {"word_problems", "concepts"}
    assert all(mean for mean, _, _ in done.values())


def test_a_kill_between_the_rows_and_the_note_leaves_a_cell_that_is_done(home, small):
    run_suite(str(small), home.results, home.store, Reporter(Console(quiet=True)))
    assert not (home.results / FOLDER).exists()
    then = time.time() - 60
    left = RunningCell(variant="good", task="word_problems", doing="", done=10, total=40, began=then, at=then)
    write_running(home.results, left)
    assert {cell.state for cell in RunWatch(home.results).view().cells} == {"done"}
    later = left.changed(at=time.time() + 60)  # the cell is asked for more
    write_running(home.results, later)
    assert {cell.state for cell in RunWatch(home.results).view().cells} == {"done", "stopped"}


def test_a_damaged_cell_is_named_and_the_others_are_shown(home, small):
    run_suite(str(small), home.results, home.store, Reporter(Console(quiet=True)))
    with (home.results / "good" / "concepts" / "samples.parquet").open("ab") as rows:
        rows.write(b"x")
    cells = {cell.task: cell for cell in RunWatch(home.results).view().cells}
    assert cells["word_problems"].state == "done"
    assert cells["concepts"].state == "damaged"
    assert "checksum" in cells["concepts"].words


def test_a_run_is_seen_to_fill_is_killed_and_goes_on(home, tmp_path):
    home.echo("slow", lambda doc: f"It is {doc['answer']}", "word_problems", delay=0.3)
    suite = home.suite(
        variants=["slow"], tasks=["word_problems"], baseline="slow", limit={"word_problems": 128}
    )
    words = ["run", str(suite), *home.where(), "--out", str(home.board)]
    seen = []
    watch = RunWatch(home.results)

    def seen_when(running: Running, happened: Any) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and running.poll() is None:
            run = watch.view()
            seen.append(run)
            if happened(run):
                return
            time.sleep(0.05)
        raise AssertionError(f"never seen: {running.stdout}{running.stderr}")

    first = Running([*words, "--watch"], folder(tmp_path, "first"), PYTHONUNBUFFERED="1")
    seen_when(first, lambda run: run.running and run.running[0].n >= 32)
    address = re.findall(r"127\.0\.0\.1:(\d+)", first.stdout)
    socket.create_connection(("127.0.0.1", int(address[0])), timeout=10).close()
    os.kill(first.pid, signal.SIGKILL)  # and nobody else
    first.wait()
    stopped = watch.view()
    assert stopped.cells[0].state == "stopped"
    assert stopped.cells[0].n >= 32
    assert baseline_of(home.results) is None  # it has no results yet
    assert is_refused(int(address[0])), "the page outlives its run"
    second = Running(words, folder(tmp_path, "second"))
    seen_when(second, lambda run: run.is_on and run.cells[0].state == "running")
    assert second.wait() == 0, second.stderr
    (cell,) = watch.view().cells
    assert (cell.state, cell.n, cell.words) == ("done", 128, "128 responses")
    assert not (home.results / FOLDER).exists()
    assert record.read(home.results, "slow", "word_problems").run.rows == 128


def is_refused(port: int) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except ConnectionRefusedError:
            return True
        time.sleep(0.1)
    return False


def folder(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WatchServer]:
    results = folder(tmp_path, "watched")
    last = (ShownResponse(response=TRAP, item="q1", answer=TRAP, target=TRAP, score=0.0),)
    asked(results, [score("q1", 0.0)], last=last)
    (tmp_path / "secret.txt").write_text("secret")
    server = open_watch(results, tmp_path / "board", 0, site.build)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def get(server: WatchServer, path: str, host: str = "localhost") -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    connection.request("GET", path, headers={"Host": host})
    reply = connection.getresponse()
    return reply, reply.read().decode()


def test_page_is_for_this_machine_alone_and_shows_text_as_text(server):
    reply, page = get(server, "/")
    assert reply.status == 200
    assert "default-src 'none'" in str(reply.getheader("Content-Security-Policy"))
    assert reply.getheader("Cross-Origin-Resource-Policy") == "same-origin"
    assert "&lt;script&gt;alert(2)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "provisional" in page
    assert 'http-equiv="refresh"' in page  # without scripts the page comes anew
    assert get(server, "/", host="evil.example")[0].status == 403


def test_nothing_but_the_page_and_the_board_is_served(server, tmp_path):
    for path in (
        "/board/",
        "/secret.txt",
        "/board/../secret.txt",
        "/watched/.running/one@quiz.json",
        "/page.html",
    ):
        assert get(server, path)[0].status == 404, path
    for path in ("/watch.css", "/watch.js", "/cells"):
        assert get(server, path)[0].status == 200, path


def test_folder_that_is_not_there_and_a_place_of_other_files_are_refused(tmp_path):
    with pytest.raises(Refusal, match="no such folder of results"):
        open_watch(tmp_path / "nothing", tmp_path / "board", 0, site.build)
    with pytest.raises(Refusal, match="holds files that no board wrote"):
        open_watch(folder(tmp_path, "results"), mixed(tmp_path), 0, site.build)


def mixed(tmp_path: Path) -> Path:
    place = folder(tmp_path, "mine")
    (place / "notes.txt").write_text("mine")
    return place


def test_whoever_runs_is_alive_by_its_process():
    mine = RunningSuite(suite="s", process=os.getpid(), host=socket.gethostname(), began=0.0, cells=())
    assert mine.is_alive
    assert not mine.changed(process=2**22 + 1).is_alive


def test_scores_that_no_task_of_the_kind_gives_show_no_mean(tmp_path):
    assert asked(tmp_path, [score("a", 1.0)], about=TASK.changed(kind="counts")).mean == ""
    assert asked(tmp_path, [score("a", 1.0)], about=TASK.changed(weighted=True)).mean == ""


def test_weights_are_built_with_what_they_say_and_stopped_with_their_run(tmp_path):
    begin(tmp_path, "suite", None, [("one", "quiz")])
    building = watched.Watched(tmp_path, "one")
    building.build("train-abc", 0.4, "step 4 of 10")
    (weights,) = RunWatch(tmp_path).view().running
    assert (weights.task, weights.state, weights.percent) == ("", "running", 40)
    assert (weights.words, weights.rate) == ("train-abc: step 4 of 10", "")
    end(tmp_path, "suite")
    assert [cell.state for cell in RunWatch(tmp_path).view().running] == ["stopped"]
    building.end()
    assert not (tmp_path / FOLDER).exists()
