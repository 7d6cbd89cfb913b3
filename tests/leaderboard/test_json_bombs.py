"""JSON that is nested without end, huge, or of numbers beyond all bounds: one line wherever it is read, or no harm."""

import json
import re
import shutil
from itertools import product
from pathlib import Path

import pytest

from proctor.harness import record
from proctor.leaderboard.board.folder import is_built
from tests.support.board_results import CARD, small_results
from tests.support.command import one_by_one, proctor

BOMBS = {
    "lists in lists": "[" * 100_000 + "]" * 100_000,
    "objects in objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "lists without an end": "[" * 1_000_000,
    "a field with lists in lists": '{"item_id": "1", "score": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a number of 5,000 digits": '{"item_id": "1", "rater": "r", "dimension": "d", "score": '
    + "9" * 5_000
    + "}",
    "a number of 400 digits": '{"item_id": "1", "rater": "r", "dimension": "d", "score": ' + "9" * 400 + "}",
    "many keys": json.dumps({f"k{n}": n for n in range(200_000)}),
    "a string of 30 MB": json.dumps({"item_id": "x" * 30_000_000}),
}
RATINGS = "judge trust --ratings FILE.jsonl --resamples 5"
COMMANDS = [
    "judge score FILE.jsonl",
    "import FILE.jsonl --metric acc",
    "import FILE.json",
    "score word_problems FILE.jsonl --variant x",
    "tasks new x --from FILE.jsonl",
    "tasks new y --from FILE.json",
]
WORST = ["lists in lists", "a number of 400 digits", "many keys"]
CASES = [*product([RATINGS], BOMBS), *product(COMMANDS, WORST)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bombs")
    small_results(folder / "results")
    (folder / "proctor.yaml").write_text("")
    return folder


@pytest.fixture(scope="module")
def refusals(folder):
    """What each command says of each bomb."""
    lines = []
    for at, (command, bomb) in enumerate(CASES):
        words = command.replace("FILE", f"bomb-{at}")
        (name,) = re.findall(r"\S*bomb-\S*", words)
        (folder / name).write_text(BOMBS[bomb])
        lines.append(words.split())
    return dict(zip(CASES, one_by_one(lines, folder), strict=True))


@pytest.mark.parametrize("case", CASES, ids=" - ".join)
def test_a_file_that_is_a_bomb_is_refused_in_one_line(case, refusals):
    done = refusals[case]
    assert done.returncode == 2, done.stderr[-2_000:]
    assert done.stderr.startswith("proctor: ")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 2_000


PLACES = {
    "results/tiny/word_problems/run.json": "compare",
    "results/_judges/checklist/trust.json": "compare",
    "out/board.json": "board build --out out",
}


@pytest.mark.parametrize("bomb", ["objects in objects", "many keys"])
@pytest.mark.parametrize("place", PLACES)
def test_a_bomb_in_a_results_folder_or_a_board_is_no_traceback(place, bomb, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "p")
    record.write_card(tmp_path / "p/results", CARD)
    path = tmp_path / "p" / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(BOMBS[bomb])
    done = proctor(*PLACES[place].split(), cwd=tmp_path / "p")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)
    assert done.stderr.count("\n") <= 1
    assert not is_built(path.parent, "key")
