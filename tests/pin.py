"""What the outside sees of Proctor, kept as text: outputs, exit codes, definitions and pages made of results/demo.

A change of the house that is meant to change nothing changes none of these. `python -m tests.pin` writes them anew;
what then stands in `git diff tests/pins` is what users will notice.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "tests" / "pins"
DEMO = ROOT / "results" / "demo"

# By name: the words of a command. {demo} are the committed results, {tmp} an empty folder, {scores} a file of scores.
COMMANDS = {
    "help": "--help",
    "plan": "plan demo --results {demo} --store {tmp}/store",
    "plan-json": "plan demo --results {demo} --store {tmp}/store --json",
    "compare": "compare --results {demo}",
    "compare-json": "compare --results {demo} --json",
    "compare-two": "compare tiny-q8 tiny-lora --results {demo}",
    "compare-two-json": "compare tiny-q8 tiny-lora --task concepts --correction none --results {demo} --json",
    "compare-gate": "compare tiny tiny-lora --task word_problems --fail-on worse --results {demo}",
    "compare-nobody": "compare nobody tiny --results {demo}",
    "plan-size": "plan-size --baseline tiny --task word_problems --effect 0.05 --results {demo}",
    "plan-size-json": "plan-size --baseline tiny --task word_problems --effect 0.05 --results {demo} --json",
    "report-md": "report --results {demo} --appendix",
    "report-csv": "report --results {demo} --format csv",
    "report-latex": "report --results {demo} --format latex",
    "import": "import {scores} --results {tmp}/results",
    "import-json": "import {scores} --results {tmp}/results --redo --json",
    "import-nothing": "import {tmp}/missing.csv --results {tmp}/results",
    "compare-imported": "compare --results {tmp}/results --json",
    "run-nothing": "run no-such-suite --results {tmp}/results",
    "plan-nothing": "plan no-such-suite",
    "unknown-option": "compare --no-such-option",
    "board-of-nothing": "board build --results {tmp}/empty --out {tmp}/board",
    "trust-of-nothing": "judge trust no-such-judge --results {tmp}/results",
}
SCORES = "variant,task,sample_id,score,cluster\n" + "".join(
    f"{variant},quiz,q{i},{(i * step) % 7 < 4:d},c{i // 3}\n"
    for variant, step in (("first", 3), ("second", 5))
    for i in range(30)
)


def pins(tmp: Path, board: Path) -> Iterator[tuple[str, str]]:
    """Each pin's file name and text."""
    scores = tmp / "scores.csv"
    scores.write_text(SCORES, encoding="utf-8")
    for name, words in COMMANDS.items():
        arguments = words.format(demo=DEMO, tmp=tmp, scores=scores).split(" ")
        yield f"{name}.txt", _steady(_output(arguments), tmp)
    yield "definitions.json", _definitions()
    yield "pages.json", _pages(board)


def _output(arguments: list[str]) -> str:
    from proctor.leaderboard.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["proctor", *arguments]
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = before
    return f"exit {code}\n--- stdout\n{out.getvalue()}--- stderr\n{err.getvalue()}"


def _steady(text: str, tmp: Path) -> str:
    """Without what differs from machine to machine: places, times, the version in use."""
    for path, name in ((tmp, "<tmp>"), (ROOT, "<root>")):
        text = text.replace(str(path), name)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", "<time>", text)
    # Processors differ in the last bits of a sum.
    text = re.sub(r"-?\d+\.\d{8,}(?:e-?\d+)?", lambda number: f"{float(number[0]):.8g}", text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _definitions() -> str:
    """What each committed cell says of how it was made, and a digest of its rows."""
    from proctor.harness import record

    cells = {}
    for cell in record.cells(DEMO):
        rows = json.dumps(json.loads(cell.rows().to_json(orient="records")), sort_keys=True)
        cells[f"{cell.variant}/{cell.task}"] = {
            "definition": cell.run.definition.as_json(),
            "outcomes": cell.outcomes,
            "rows": hashlib.sha256(rows.encode()).hexdigest(),
        }
    return json.dumps(cells, indent=1, sort_keys=True) + "\n"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _pages(board: Path) -> str:
    """A digest of each page's words: which page changed, and not how; for that, build it before and after."""
    digests = {}
    for page in sorted(board.rglob("*.html")):
        reader = _Text()
        reader.feed(page.read_text(encoding="utf-8"))
        words = " ".join(" ".join(reader.parts).split())
        digests[page.relative_to(board).as_posix()] = hashlib.sha256(words.encode()).hexdigest()[:16]
    return json.dumps(digests, indent=1) + "\n"


def made(board: Path) -> dict[str, str]:
    """All pins as the code makes them now; the board is that of results/demo with the baseline tiny."""
    before = dict(os.environ)
    os.environ.update(COLUMNS="80", NO_COLOR="1", TERM="dumb")
    try:
        with tempfile.TemporaryDirectory() as folder:
            return dict(pins(Path(folder), board))
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    from proctor.leaderboard.board import site

    with tempfile.TemporaryDirectory() as folder:
        texts = made(site.build(DEMO, Path(folder) / "board", "tiny").parent)
    for file, text in texts.items():
        (PINS / file).write_text(text, encoding="utf-8", newline="")
    print(f"written: {PINS.relative_to(ROOT)}; git diff tells what changed")
