"""What a run says while it works: a block on a terminal and a line for each cell that is done; JSON for a machine."""

import io
import json
import re
from typing import Any

import pytest
from rich.control import strip_control_codes

from proctor.common.progress import JsonReporter, Reporter, TimeLeft
from proctor.common.terminal import Console

ERASE = "\x1b[2K"


def test_a_run_on_a_terminal_is_one_block_that_leaves_a_line_for_each_cell() -> None:
    file = io.StringIO()
    reporter = Reporter(Console(file=file, force_terminal=True, width=100, color_system=None))
    with reporter.run(2):
        for name in ("one", "two"):
            with reporter.answering(f"{name} x quiz", 10) as progress:
                progress(4, 40)
            reporter.cell(name, "quiz")
    shown = file.getvalue()
    assert ERASE in shown  # the block is drawn again in its place, and gone at the end
    last = shown.rpartition(ERASE)[2]
    assert strip_control_codes(re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", last)).strip() == ""
    lines = re.findall(r"(?:one|two) x quiz: 4 answers in 0\.0 s", shown)
    assert lines == ["one x quiz: 4 answers in 0.0 s", "two x quiz: 4 answers in 0.0 s"]
    assert re.search(r"cells\s+\S*\s*2/2|1/2", shown)


def test_a_log_has_no_block_and_a_bar_alone_needs_no_run() -> None:
    file = io.StringIO()
    reporter = Reporter(Console(file=file, width=100))
    with reporter.run(1), reporter.answering("one x quiz", 10) as progress:
        progress(10, 0)
    with reporter.building() as build:
        build("train-x", 0.5, "step 1")
        build("train-x", 1.0, "done")
    assert [line.partition(" in ")[0] for line in file.getvalue().splitlines()] == [
        "  one x quiz: 10 answers",
        "  train-x: done",
    ]


def test_the_time_left_is_the_mean_speeds_and_counts_down_between_batches() -> None:
    left, said = TimeLeft(start=0.0), []
    for batch in range(1, 5):
        began = 10.0 * batch
        said.append(left.after((batch - 1) * 0.25, began - 1.0))  # while the batch is at work
        for answer in range(1, 65):  # all at once at its end
            words = left.after((batch - 1) * 0.25 + answer / 256, began + answer / 1000)
        said.append(words)
    assert said == [
        "", "about 30 s left", "about 21 s left", "about 20 s left", "about 11 s left", "about 10 s left",
        "about 1 s left", "about 0 s left",
    ]  # fmt: skip
    assert TimeLeft(0.0).after(0.04, 1.0) == ""


def test_no_time_is_said_where_the_work_takes_longer_than_its_speed_promised() -> None:
    left = TimeLeft(start=0.0)
    assert left.after(0.1, 10.0) == "about 90 s left"
    assert left.after(0.1, 99.0) == "about 1 s left"
    assert left.after(0.1, 500.0) == ""
    assert left.after(1.0, 510.0) == "about 0 s left"


def test_what_was_kept_from_an_earlier_run_says_nothing_of_the_speed() -> None:
    left = TimeLeft(start=0.0)
    assert left.after(0.4, 0.1, made=False) == ""  # 80 of 100 are there already
    assert left.after(0.8, 0.2, made=False) == ""
    assert left.after(0.8, 5.0) == ""
    assert left.after(0.9, 10.2) == "about 10 s left"
    assert left.after(1.0, 20.2) == "about 0 s left"
    slow = TimeLeft(start=0.0)  # work that makes no tokens, as the scores of rules
    assert slow.after(0.25, 100.0, made=False) == "about 5 min left"
    assert TimeLeft(start=0.0).after(1.0, 0.1, made=False) == ""


def test_a_bar_whose_work_failed_leaves_the_block() -> None:
    reporter = Reporter(Console(file=io.StringIO(), force_terminal=True))
    with reporter.run(1):
        with pytest.raises(OSError, match="gone"), reporter.answering("one x quiz", 10):
            raise OSError("gone")
        assert reporter._block is not None
        assert len(reporter._block.tasks) == 1


def test_for_a_machine_every_line_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = JsonReporter()
    reporter.say("  open hf on \x1b]0;title\x07")
    with reporter.answering("one x quiz", 10, "scores") as progress:
        progress(10, 90)
    with reporter.building() as build:
        build("train-x", 0.5, "step 1")
    reporter.cell("one", "quiz", rows=10)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["note", "progress", "building", "cell"]
    assert events[0]["text"] == "open hf on \x1b]0;title\x07"
    assert (events[1]["done"], events[1]["total"], events[1]["tokens"], events[1]["unit"]) == (
        10,
        10,
        90,
        "scores",
    )
    assert (events[2]["what"], events[2]["share"]) == ("train-x", 0.5)
    assert (events[3]["variant"], events[3]["rows"]) == ("one", 10)


def test_a_run_says_all_as_json_or_nothing_but_its_result(home: Any) -> None:
    home.echo("good", lambda doc: f"It is {doc['answer']}", "word_problems")
    suite = home.suite(
        variants=["good"], tasks=["word_problems"], baseline="good", limit={"word_problems": 8}
    )
    told = home.run(suite, "--json-lines")
    assert told.returncode == 0, told.stderr
    events = [json.loads(line) for line in told.stdout.splitlines()]
    by_name = {event["event"]: event for event in events}
    assert by_name["cell"]["statuses"] == {"ok": 8, "unparsed": 0, "error": 0}
    assert by_name["score"]["mean"] == 1.0
    assert 0.5 < by_name["score"]["low"] < by_name["score"]["high"] == 1.0
    assert by_name["score"]["n"] == 8
    assert by_name["board"]["path"].endswith("index.html")
    calm = home.run(suite, "--quiet")
    assert calm.returncode == 0, calm.stderr
    assert "open echo" not in calm.stdout
    assert calm.stdout.splitlines()[-1].startswith("board: ")
    assert "100.0" in calm.stdout
    both = home.run(suite, "--quiet", "--json-lines")
    assert (both.returncode, both.stdout) == (2, "")
    assert "leave one of them out" in both.stderr
