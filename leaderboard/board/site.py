"""The board: results in, a folder of static files out, byte for byte the same from the same results.

Puts files in place; which there are is in contents.py. No file asks another host, or the clock, for anything. Imports
nothing heavy before there is something to compute: a board that is whole is known for one in milliseconds.
"""

import json
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from proctor.common.files import PART, can_lock, lock, write_bytes
from proctor.common.refusal import Refusal
from proctor.harness import record

MANIFEST = "board.json"
LOCK = ".lock"
COMPUTING = ("numpy", "scipy", "pandas", "jinja2", "altair", "vl-convert-python")


def build(results: Path, out: Path, baseline: str | None = None) -> Path:
    """Writes the board and returns its index.html. What only an earlier board had goes away."""
    cells = _cells(results)
    key = _key(cells, record.read_cards(results), baseline)
    if _is_built(out, key):
        return out / "index.html"
    _earlier(out)  # refuses a folder of other files before anything is computed
    files = _computed(cells, results, baseline)
    made_from = {f"{cell.variant}/{cell.task}": cell.run.samples_sha256 for cell in cells}
    out.mkdir(parents=True, exist_ok=True)
    with _alone_in(out):
        _place(out, files, {"made_from": made_from, "key": key})
    return out / "index.html"


def _cells(results: Path) -> list[record.Cell]:
    """All cells. Where there is no folder, or the cells lie deeper in it, an empty board would be a wrong answer."""
    if not results.is_dir():
        raise Refusal("there is no such folder of results; run a suite first, or name it with --results")
    cells = record.cells(results)
    if not cells and (deeper := next(results.glob("*/*/*/run.json"), None)):
        inner = deeper.parents[2]
        raise Refusal(f"no cells here, but there are some in {inner}; name that folder with --results")
    return cells


def _computed(there: list[record.Cell], results: Path, baseline: str | None) -> dict[str, bytes]:
    """All files of the board."""
    from proctor.leaderboard.board import contents
    from proctor.leaderboard.board.pages import judge
    from proctor.leaderboard.compare import tables
    from proctor.leaderboard.compare.items import whole_cells

    cells, cards = whole_cells(there), judge.cards(results)
    ranking = judge.with_warnings(tables.ranking(cells, baseline), cards)
    return {path: text.encode("utf-8") for path, text in contents.files(cells, ranking, cards)}


def _key(cells: list[record.Cell], cards: dict[str, dict[str, Any]], baseline: str | None) -> str:
    """Of all that decides the board: results, baseline, our code, the libraries that compute and render."""
    told = {name: card if "checks" in card else "damaged" for name, card in cards.items()}
    found = [
        (cell.variant, cell.task, cell.problem, cell.record.text() if cell.record else "") for cell in cells
    ]
    hashed = sha256(json.dumps([baseline, told, found]).encode())
    for path in sorted(
        path
        for path in Path(__file__).parent.parent.rglob("*")
        if path.suffix in (".py", ".html", ".css", ".js")
    ):
        hashed.update(path.read_bytes())
    hashed.update(" ".join(metadata.version(name) for name in COMPUTING).encode())
    return hashed.hexdigest()


def _is_built(out: Path, key: str) -> bool:
    """Whether this very board is there and whole: a finished suite is not compared anew every time."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return manifest["key"] == key and all(
            sha256((out / path).read_bytes()).hexdigest() == checksum
            for path, checksum in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _alone_in(out: Path) -> AbstractContextManager[None]:
    """Two builds of one board put their files in place one after the other."""
    return lock(out / LOCK, lambda holder: None) if can_lock() else nullcontext()


def _place(out: Path, files: dict[str, bytes], made_of: dict[str, Any]) -> None:
    """Only what the board itself wrote is ever removed: its manifest says which files are its own.

    Before the first file changes, the manifest names old and new files: a kill in between strands none.
    """
    before = _earlier(out)
    for left in out.rglob(f".*{PART}"):
        left.unlink()  # by a build that was killed
    checksums = {path: sha256(content).hexdigest() for path, content in files.items()}
    _write(out / MANIFEST, _manifest({"files": dict.fromkeys(before, "") | checksums}))
    for path, content in files.items():
        _write(out / path, content)
    for path in sorted(before - set(files)):
        (out / path).unlink(missing_ok=True)
        for folder in [*PurePosixPath(path).parents][:-1]:
            if (out / folder).is_dir() and not any((out / folder).iterdir()):
                (out / folder).rmdir()
    _write(out / MANIFEST, _manifest({"files": checksums} | made_of))


def written(out: Path) -> set[str]:
    """The files that a board, or a copy of one, has put there."""
    return _earlier(out)


def _earlier(out: Path) -> set[str]:
    """The files of an earlier board. A folder of other files is refused: they would be mixed with it."""
    if not out.exists() or (out.is_dir() and all(is_left_over(found.name) for found in out.iterdir())):
        return set()
    if not out.is_dir():
        raise Refusal(f"{out} is a file; a board is a folder; name another place with --out")
    try:
        named = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
        files = {name for name in named if isinstance(name, str)}
    except (OSError, ValueError, KeyError, TypeError):
        raise Refusal(
            f"{out} holds files that no board wrote; a board would be mixed with them; "
            "name an empty folder with --out"
        ) from None
    return {name for name in files if ".." not in PurePosixPath(name).parts and not name.startswith("/")}


def _manifest(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def is_left_over(name: str) -> bool:
    """What git, a build that is going on, or a kill in the very first write puts into a folder."""
    return name in (".git", LOCK) or (name.startswith(".") and name.endswith(PART))


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return  # an unchanged page keeps its time, which copying tools and web servers go by
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content, durable=False)
