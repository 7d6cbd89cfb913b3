"""Files are whole or as they were, files of lines outlive a kill, and one process at a time holds a lock."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from proctor.common import files
from proctor.common.files import LineFile
from proctor.common.refusal import Refusal
from tests.support.board_results import small_results
from tests.support.command import FORKS

ROOT = Path(__file__).resolve().parents[2]


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old\r\n")

    def fails():
        with files.replacing(path) as part:
            part.write_text("half")
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        fails()
    assert path.read_bytes() == b"old\r\n"
    assert names_in(tmp_path) == ["a.txt"]


def test_two_threads_that_write_one_file_never_mix(tmp_path):
    path = tmp_path / "a.txt"
    texts = [letter * 200_000 for letter in "abcd"]

    def write(text):
        for _ in range(20):
            files.write_bytes(path, text.encode(), durable=False)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            seen.add(path.read_text())
    assert seen <= set(texts)
    assert path.read_text() in texts
    assert names_in(tmp_path) == ["a.txt"]


def test_lines_are_read_back_with_the_places_where_they_begin(tmp_path):
    lines = LineFile(tmp_path / "new" / "lines.jsonl")
    assert list(lines) == []
    entries = [{"text": "a\u2028b \ud800 é"}, {"text": ""}]
    places = lines.add(entries)
    assert lines.add([]) == []
    places += lines.add([{"n": 3}], durable=False)
    lines.sync()
    assert list(lines) == list(zip(places, [*entries, {"n": 3}], strict=True))
    assert [lines.at(place) for place in places] == [*entries, {"n": 3}]


def test_half_a_line_is_passed_over_and_swallows_no_later_one(tmp_path):
    lines = LineFile(tmp_path / "lines.jsonl")
    lines.add([{"n": 1}])
    with lines.path.open("ab") as file:
        file.write(b'{"n": 2, "te')
    lines.add([{"n": 3}])
    with lines.path.open("ab") as file:
        file.write(b"\xff\xfe\n[1]\n" + b"[" * 100_000 + b"\n7\n")
    assert [entry for _, entry in lines] == [{"n": 1}, {"n": 3}]


def _add(path, who):
    for n in range(200):
        LineFile(path).add([{"who": who, "n": n, "text": "x" * 5_000}], durable=False)


def test_processes_that_add_at_once_lose_no_line(tmp_path):
    path = tmp_path / "lines.jsonl"
    workers = [FORKS.Process(target=_add, args=(path, who)) for who in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    found = [(entry["who"], entry["n"]) for _, entry in LineFile(path)]
    assert sorted(found) == [(who, n) for who in (1, 2) for n in range(200)]


def _hold(path, inside, go):
    with files.lock(path, lambda holder: None):
        inside.set()
        go.wait(60)


def test_whoever_waits_for_a_lock_learns_who_holds_it_and_goes_on_after_a_kill(tmp_path):
    path = tmp_path / "locks" / "one"
    inside, go = FORKS.Event(), FORKS.Event()
    other = FORKS.Process(target=_hold, args=(path, inside, go))
    other.start()
    assert inside.wait(60)
    told = []

    def busy(holder):
        told.append(holder)
        os.kill(other.pid, signal.SIGKILL)

    with files.lock(path, busy):
        assert told[0].startswith(f"process {other.pid} on ")
    other.join(60)
    assert not path.exists()


def test_a_lock_that_is_refused_is_still_the_others(tmp_path):
    def refuse(holder):
        raise Refusal("taken")

    with files.lock(tmp_path / "one", refuse):
        for _ in range(2):
            with pytest.raises(Refusal, match="taken"), files.lock(tmp_path / "one", refuse):
                pass
    assert names_in(tmp_path) == []


WITHOUT_FCNTL = """
import json, sys
sys.modules["fcntl"] = None  # as where there is no such module
from proctor.leaderboard.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["proctor", *words]
    try:
        main()
    except SystemExit as ended:
        print("exit", ended.code or 0)
    print("ended:", words[0])
"""


def without_locks(*commands):
    """Commands, one after the other, in a new interpreter: one that is forked has the module."""
    words = [sys.executable, "-c", WITHOUT_FCNTL, json.dumps([command.split() for command in commands])]
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)


def test_without_file_locks_results_are_compared_reported_and_shown_and_what_needs_one_is_refused(tmp_path):
    """All four in one interpreter, which takes longer to start than they do."""
    scores = tmp_path / "scores.csv"
    scores.write_text("variant,task,sample_id,score\na,t,1,1\na,t,2,0\n")
    small = f"--results {small_results(tmp_path / 'results')}"
    done = without_locks(
        f"compare {small}", f"report {small}", f"board build --out {tmp_path}/board {small}",
        f"import {scores} --results {tmp_path / 'other'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    compared, reported, built, imported = done.stdout.split("ended:")[:4]
    assert "tiny" in compared
    assert "tiny" in reported
    assert str(tmp_path / "board") in built
    assert (tmp_path / "board" / "index.html").is_file()
    assert [part.count("exit 2") for part in (compared, reported, built, imported)] == [0, 0, 0, 1]
    assert "this system has no file locks" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_lines_are_a_line_a_row_with_their_letters_and_read_back(tmp_path):
    rows = [{"b": "½ kg\n及", "a": 1}, {}]
    files.write_json_lines(tmp_path / "new" / "a.jsonl", iter(rows))
    text = (tmp_path / "new" / "a.jsonl").read_text(encoding="utf-8")
    assert text.startswith('{"b": "½ kg\\n及", "a": 1}\n')
    assert [json.loads(line) for line in text.splitlines()] == rows
    assert files.as_json_lines(rows, sort_keys=True).startswith('{"a": 1, "b"')
    assert files.as_json_lines([]) == ""
