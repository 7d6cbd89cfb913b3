"""The board: results in, a folder of static files out, byte for byte the same from the same results.

    build(Path("results/demo"), Path("board"), baseline="tiny")          # board/index.html

The files are made in contents.py and take their place in folder.py. No file asks another host, or the clock, for
anything. Nothing heavy is imported before there is something to compute: a board that is whole is known for one in
milliseconds.
"""

import json
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.leaderboard.board.folder import board_files, is_built, put_files

COMPUTING = ("numpy", "scipy", "pandas", "jinja2", "altair", "vl-convert-python")
OURS = (".py", ".html", ".css", ".js")


def build(results: Path, out: Path, baseline: str | None = None) -> Path:
    """Writes the board and returns its index.html. What only an earlier board had goes away."""
    cells = _cells(results)
    key = _key(cells, record.read_cards(results), baseline)
    if not is_built(out, key):
        board_files(out)  # refuses a folder of other files before anything is computed
        from proctor.leaderboard.board.contents import files_of

        files = {path: text.encode("utf-8") for path, text in files_of(cells, results, baseline)}
        made_from = {f"{cell.variant}/{cell.task}": cell.run.samples_sha256 for cell in cells}
        put_files(out, files, {"made_from": made_from, "key": key})
    return out / "index.html"


def _cells(results: Path) -> list[record.Cell]:
    """All cells. Where there is no folder, or the cells lie deeper in it, an empty board would be a wrong answer."""
    if not results.is_dir():
        raise Refusal("there is no such folder of results; run a suite first, or name it with --results")
    cells = record.cells(results)
    if not cells:
        for deeper in results.glob("*/*/*/run.json"):
            inner = deeper.parents[2]
            raise Refusal(f"no cells here, but there are some in {inner}; name that folder with --results")
    return cells


def _key(cells: list[record.Cell], cards: dict[str, dict[str, Any]], baseline: str | None) -> str:
    """Of all that decides the board: results, baseline, our code, the libraries that compute and render."""
    contents: list[Any] = [baseline]
    for name, card in cards.items():
        contents.append([name, card if "checks" in card else "damaged"])
    for cell in cells:
        contents.append([cell.variant, cell.task, cell.problem, cell.record and cell.record.text()])
    contents += map(metadata.version, COMPUTING)
    hashed = sha256(json.dumps(contents).encode())
    for path in sorted(Path(__file__).parent.parent.rglob("*")):
        if path.suffix in OURS:
            hashed.update(path.read_bytes())
    return hashed.hexdigest()
