"""A store that was damaged: bad lines are set aside in one word, their items are asked again, the rows are the same."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proctor.common.progress import Reporter
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.ask.responses import Journal, respond_all
from proctor.harness.run import run_suite
from proctor.judges.graders.asking import KeptReplies
from proctor.judges.graders.grader import Reply
from tests.support.counting import Counting, quiet, requests

DEEP = b'{"key": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def changed(line: bytes, **fields: object) -> bytes:
    return json.dumps(json.loads(line) | fields).encode()


def without_check(content: bytes) -> bytes:
    kept = json.loads(content)
    del kept["check"]
    return json.dumps(kept).encode()


# What becomes of one line among others.
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "torn": lambda line: line[:40],
    "its beginning is lost": lambda line: line[40:],
    "foreign bytes": lambda line: b"\xff\xfe\x9d" * 50,
    "zeros, as a power cut leaves them": lambda line: b"\0" * len(line),
    "a letter of the response changed": lambda line: line.replace(b"an answer", b"an answes"),
    "the checksum of another": lambda line: changed(line, check="0" * 32),
    "another key": lambda line: changed(line, key="f" * 64),
    "a list": lambda line: b"[1, 2]",
    "a number with 5,000 digits": lambda line: b'{"key": ' + b"9" * 5_000 + b"}",
    "nested deep": lambda line: DEEP,
    "a huge line": lambda line: b"x" * 3_000_000,
    "words": lambda line: b"disk error, please run fsck",
    "no key": lambda line: b'{"text": "an answer"}',
    "no checksum": without_check,
    "an end that is a list": lambda line: b'{"finished": ["p"]}',
    "gone": lambda line: b"",
}

JOURNAL_ALONE = {"gone", "an end that is a list"}


@pytest.fixture
def engine(tmp_path: Path) -> Counting:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"question": "q", "response": "an answer"}\n')
    return Counting(path)


def disturbed(path: Path, damage: Callable[[bytes], bytes], number: int) -> None:
    lines = path.read_bytes().splitlines()
    answers = [index for index, line in enumerate(lines) if b'"key"' in line]
    lines[answers[number]] = damage(lines[answers[number]])
    path.write_bytes(b"\n".join(lines) + b"\n")


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_line_costs_one_batch_and_no_row(damage, engine, tmp_path, capsys):
    asked = requests(10)
    undisturbed = respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    batches = engine.batches.copy()
    disturbed(tmp_path / "j", DAMAGE[damage], 5)
    engine.batches.clear()
    again = respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    assert [vars(each) | {"seconds": 0} for each in again] == [
        vars(each) | {"seconds": 0} for each in undisturbed
    ]
    assert engine.batches == [batches[1]], "the batch is asked again whole, in the same company"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == (damage != "gone")
    engine.batches.clear()
    assert respond_all(engine, asked, Journal(tmp_path / "j"), quiet) == again
    assert (engine.batches, capsys.readouterr().err) == ([], ""), "it is whole again, and says nothing more"


def test_what_was_set_aside_is_kept_and_the_places_of_other_lines_stay(engine, tmp_path):
    asked = requests(10)
    respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    disturbed(tmp_path / "j", lambda line: b"disk error", 2)
    before = Journal(tmp_path / "j")
    size = (tmp_path / "j").stat().st_size
    Journal(tmp_path / "j")
    assert (tmp_path / "j").stat().st_size == size
    assert (tmp_path / "j.damaged").read_text() == "disk error\n"
    assert sum(before.get(request, "") is not None for request in asked) == 0, "its plan is not done any more"
    respond_all(engine, asked, before, quiet)
    assert all(before.get(request) for request in asked)


def test_lines_that_stand_twice_or_belong_to_another_cell_change_nothing(engine, tmp_path, capsys):
    asked = requests(10)
    undisturbed = respond_all(engine, asked, Journal(tmp_path / "j"), quiet)
    respond_all(engine, requests(0, ["another q"]), Journal(tmp_path / "other"), quiet)
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole * 2 + (tmp_path / "other").read_bytes())
    engine.batches.clear()
    assert respond_all(engine, asked, Journal(tmp_path / "j"), quiet) == undisturbed
    assert (engine.batches, capsys.readouterr().err) == ([], "")


@pytest.mark.parametrize("damage", sorted(DAMAGE.keys() - JOURNAL_ALONE))
def test_a_damaged_reply_of_a_grader_is_asked_for_again(damage, tmp_path, capsys):
    kept = KeptReplies(tmp_path / "replies")
    for number in range(3):
        kept.keep(f"key {number}", Reply(f"an answer {number}", 7, 5))
    disturbed(tmp_path / "replies", DAMAGE[damage], 1)
    again = KeptReplies(tmp_path / "replies")
    assert [again.get(f"key {number}") is None for number in range(3)] == [False, True, False]
    assert len(capsys.readouterr().err.splitlines()) == 1


def entries(content: bytes, change: Callable[[list[Any]], object]) -> bytes:
    """The file of a cell's responses with other entries."""
    kept = json.loads(content)
    change(kept["answers"])
    return json.dumps(kept).encode()


# What becomes of the file of a cell's responses.
FILE_DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "torn": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeros": lambda content: b"\0" * len(content),
    "foreign bytes": lambda content: b"\xff\xfe" * 100,
    "nested deep": lambda content: b"[" * 200_000,
    "a list": lambda content: b"[]",
    "a letter changed": lambda content: content.replace(b"#### ", b"#### 9"),
    "no checksum": without_check,
    "an answer is gone": lambda content: entries(content, lambda answers: answers.pop()),
    "an answer stands twice": lambda content: entries(
        content, lambda answers: answers.__setitem__(0, dict(answers[1]))
    ),
    "an answer of another item": lambda content: entries(
        content, lambda answers: answers[0].update(id="test-0")
    ),
    "a text that is a number": lambda content: entries(content, lambda answers: answers[0].update(text=18)),
    "an epoch that is a list": lambda content: entries(content, lambda answers: answers[0].update(epoch=[1])),
    "no answers": lambda content: b'{"task_version": "1", "measured": {}}',
}


def rows_of(results: Path) -> list[dict[str, Any]]:
    """The rows as they do not depend on the clock."""
    (cell,) = record.cells(results)
    assert not cell.problem
    return cell.rows().drop(columns="seconds").to_dict("records")


def test_a_cell_whose_kept_responses_are_damaged_is_asked_again_and_ends_in_the_undisturbed_rows(home):
    home.echo("book", lambda doc: f"#### {doc['answer'].rpartition('#### ')[2]}", "word_problems")
    home.echo("other", lambda doc: "#### 1", "word_problems")
    suites = [
        home.suite(name, variants=[name], baseline=name, tasks=["word_problems"], limit=6)
        for name in ("book", "other")
    ]
    said = io.StringIO()

    def run(suite: Path) -> None:
        said.truncate(0)
        run_suite(str(suite), home.results, home.store, Reporter(Console(file=said, width=1000)))

    run(suites[1])
    (of_other,) = (home.store / "answered").iterdir()
    shutil.rmtree(home.results)
    run(suites[0])
    undisturbed = rows_of(home.results)
    (path,) = set((home.store / "answered").iterdir()) - {of_other}
    whole = path.read_bytes()
    for name, damage in [
        *FILE_DAMAGE.items(),
        ("the file of another cell", lambda content: of_other.read_bytes()),
    ]:
        shutil.rmtree(home.results)
        path.write_bytes(damage(whole))
        run(suites[0])
        assert rows_of(home.results) == undisturbed, name
        assert json.loads(path.read_bytes())["answers"] == json.loads(whole)["answers"], name
