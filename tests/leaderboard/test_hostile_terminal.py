"""Whatever stands in a name, a title, a file or an error: nothing reaches the terminal that would command it."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rich.table import Table

from proctor.common.progress import Reporter
from proctor.common.terminal import Console, shown
from proctor.harness import record
from tests.support.board_results import rows_of, small_results
from tests.support.command import one_by_one, proctor

# The title of the window, a cleared screen in the long and the short form, turned text, a line written over.
HOSTILE = "gone\x1b]0;gone\x07\x1b[2J\x9b2J\u202egone\u2066\u200f\x7f\x08\rgone"
COMMANDS_A_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def jsonl(path: Path, *rows: dict) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A project in which every text that can be hostile is."""
    folder = tmp_path_factory.mktemp("hostile")
    small_results(folder / "results")
    for cell in record.cells(folder / "results"):
        task = cell.run.task.changed(title=HOSTILE, headline=HOSTILE, scored_by=HOSTILE, name=cell.task)
        resolved = cell.run.resolved.changed(about=HOSTILE, base=HOSTILE)
        rows = [
            replace(row, explanation=HOSTILE, response=HOSTILE) for row in rows_of(cell.variant, cell.task)
        ]
        changed = cell.run.changed(
            task=task, resolved=resolved, hardware=record.HardwareRecord(machine=HOSTILE)
        )
        record.write(folder / "results", rows, changed)
    for kind, name, fields in (
        ("variants", "odd", {"base": HOSTILE, "about": HOSTILE, "engine": "hf"}),
        ("variants", "said", {"base": "said.jsonl", "about": HOSTILE, "engine": "echo"}),
        (
            "suites",
            "main",
            {"variants": ["said"], "tasks": ["word_problems"], "baseline": "said", "limit": 2},
        ),
        ("suites", "odd", {"variants": ["odd"], "tasks": ["word_problems"], "baseline": HOSTILE}),
        (
            "tasks",
            "mine",
            {
                "title": HOSTILE,
                "data": "mine.jsonl",
                "prompt": "{question}",
                "answer": "answer",
                "score": "exact",
            },
        ),
    ):
        path = folder / kind / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(fields), encoding="utf-8")
    (folder / "proctor.yaml").write_text("")
    jsonl(folder / "said.jsonl", {"question": "x", "error": HOSTILE})
    jsonl(folder / "mine.jsonl", {"question": HOSTILE, "answer": HOSTILE})
    ratings = []
    for rater in (HOSTILE, "ada", "ben"):
        for item in range(8):
            ratings.append({"item_id": f"i{item}", "rater": rater, "dimension": HOSTILE, "score": item % 5})
    jsonl(folder / "ratings.jsonl", *ratings)
    jsonl(folder / "scores.jsonl", {"variant": HOSTILE, "task": HOSTILE, "sample_id": HOSTILE, "score": 1})
    jsonl(folder / "responses.jsonl", {"id": HOSTILE, "response": HOSTILE})
    jsonl(folder / "plans.jsonl", {"id": HOSTILE, HOSTILE: HOSTILE})
    return folder


COMMANDS = [
    "compare", "compare --json", "compare tiny tiny-lora", "compare HOSTILE tiny", "report", "import scores.jsonl",
    "import HOSTILE.csv", "plan-size --baseline HOSTILE --effect 1 --task concepts", "tasks", "tasks --json",
    "tasks show mine", "tasks new x --from HOSTILE.csv", "list", "plan odd", "run odd", "run main",
    "score word_problems HOSTILE.jsonl --variant x", "judge trust --ratings ratings.jsonl --resamples 20",
    "judge trust --ratings ratings.jsonl --resamples 20 --json", "judge trust HOSTILE", "judge score HOSTILE",
    "schema HOSTILE", "chat HOSTILE", "export ollama HOSTILE --out out", "add HOSTILE --base x", "doctor HOSTILE",
    "try HOSTILE", "collect pdf HOSTILE --out out", "HOSTILE", "compare --HOSTILE",
]  # fmt: skip


@pytest.fixture(scope="module")
def outputs(place):
    """What each command says."""
    lines = [[word.replace("HOSTILE", HOSTILE) for word in line.split()] for line in COMMANDS]
    done = one_by_one(lines, place)
    return {line: each.stdout + each.stderr for line, each in zip(COMMANDS, done, strict=True)}


@pytest.mark.parametrize("line", COMMANDS)
def test_no_command_lets_a_text_command_the_terminal(line, outputs):
    assert "gone" in outputs[line], "the hostile text is told"
    assert not COMMANDS_A_TERMINAL.findall(outputs[line]), outputs[line]


def test_a_command_in_a_process_of_its_own_lets_none_through(place):
    done = proctor("tasks", cwd=place)
    assert "gone" in done.stdout
    assert not COMMANDS_A_TERMINAL.findall(done.stdout + done.stderr)


def test_json_with_such_a_text_is_json_of_the_same_value(place):
    done = proctor("tasks", "--json", cwd=place)
    assert any(task["about"].startswith(HOSTILE) for task in json.loads(done.stdout)["tasks"])
    assert json.loads(shown(json.dumps({HOSTILE: HOSTILE}, ensure_ascii=False))) == {HOSTILE: HOSTILE}
    assert shown("Wie groß ist ½ von 六?\n\tsix\n") == "Wie groß ist ½ von 六?\n\tsix\n"


def test_a_terminal_gets_the_colours_of_a_table_and_none_of_a_text():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=200)
    table = Table(HOSTILE, header_style="bold red")
    table.add_row(HOSTILE)
    console.print(table)
    with Reporter(console).answering(HOSTILE, 3) as progress:
        progress(1, 5)
    text = out.getvalue()
    assert "\x1b[1;31m" in text
    assert "\x1b[2J" not in text
    assert "\x1b]0" not in text
    assert not re.search("[\x07\x9b\u202e\u2066]", text)
