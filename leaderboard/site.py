"""The board: results in, a folder of static files out, byte for byte the same from the same results.

Knows how files are named, rendered and put in place. What a page says is in pages.py and details.py,
figures and their rounding are in tables.py. No file asks another host, or the clock, for anything.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2

from harness import record
from leaderboard import details, pages, parts, tables
from leaderboard.compare import load_cells
from leaderboard.groups import by_group
from leaderboard.pairs import TaskPairs, all_pairs

TEMPLATES = Path(__file__).parent / "templates"
MANIFEST = "board.json"

# Characters that would act instead of being seen: controls, and marks that turn the direction of a text.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f"
    "\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def build(results: Path, out: Path, baseline: str | None = None) -> Path:
    """Writes the board and returns its index.html. What only an earlier board had goes away."""
    cells = load_cells(results)
    key = _key(cells, baseline)
    if _is_built(out, key):
        return out / "index.html"
    _earlier(out)  # refuses a folder of other files before anything is computed
    ranking = tables.ranking(results, (), baseline)
    pairs = {task: all_pairs(cells, ranking, task) for task in ranking.tasks}
    files = {path: text.encode("utf-8") for path, text in _files(cells, ranking, pairs)}
    _place(out, files, {"made_from": _made_from(cells), "key": key})
    return out / "index.html"


def visible(text: str) -> str:
    """The same text with every character that could not be seen written as its code point."""
    return UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def _files(
    cells: dict[tuple[str, str], record.Cell], ranking: tables.Ranking, pairs: dict[str, TaskPairs]
) -> Iterator[tuple[str, str]]:
    shown = _environment()

    def page(path: str, template: str, **given: Any) -> tuple[str, str]:
        root = "../" * (len(PurePosixPath(path).parts) - 1)
        return path, shown.get_template(template).render(
            root=root, here=path, nav=pages.nav(ranking), **given
        )

    yield page("index.html", "index.html", board=pages.index(ranking, pairs))
    examples: dict[str, dict[str, Any]] = {}
    beside: dict[tuple[str, str], details.Beside] = {}
    for (variant, task), cell in cells.items():
        measured = cell.rows()
        rows = parts.rows_of(measured, ranking.tasks[task], visible)
        key = f"{variant}/{task}"
        yield page(f"samples/{key}.html", "samples.html", cell=pages.samples(ranking, variant, task, rows))
        yield from parts.files(key, rows)
        if variant == next(iter(pairs[task].order), variant):
            examples[task] = rows[0]  # how the best variant answered the first item
        beside[variant, task] = details.Beside(tables.figures(measured), tables.speed(measured))
    for task, exam in ranking.tasks.items():
        groups = by_group({name: cells[name, task] for name in pairs[task].order}, exam)
        about = details.task(ranking, task, pairs[task], examples.get(task), groups)
        yield page(f"tasks/{task}.html", "task.html", task=about)
    for row in ranking.rows:
        mine = {task: beside[row.variant, task] for task in row.scores}
        about = details.variant(ranking, row, pairs, mine)
        yield page(f"variants/{row.variant}.html", "variant.html", variant=about)
    if len(ranking.rows) > 1:
        yield page("lineage.html", "lineage.html", lineage=details.lineage_page(ranking, pairs))
        yield page("tradeoff.html", "tradeoff.html", exams=details.tradeoff(ranking, beside))
        yield page("flips.html", "flips.html", flips=details.flips(ranking))
    for asset in sorted((TEMPLATES / "static").iterdir()):
        yield f"static/{asset.name}", asset.read_text(encoding="utf-8")
    yield ".nojekyll", ""  # GitHub Pages then serves the folder as it is


def _environment() -> jinja2.Environment:
    def seen(value: Any) -> Any:
        return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=seen,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _made_from(cells: dict[tuple[str, str], record.Cell]) -> dict[str, str]:
    return {
        f"{variant}/{task}": cell.run["samples_sha256"] for (variant, task), cell in sorted(cells.items())
    }


def _key(cells: dict[tuple[str, str], record.Cell], baseline: str | None) -> str:
    """Of all that decides the board: results, baseline, our code, the libraries that compute and render."""
    hashed = sha256(
        json.dumps([baseline, [(*name, cell.run) for name, cell in sorted(cells.items())]]).encode()
    )
    for path in sorted(
        path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".html", ".css", ".js")
    ):
        hashed.update(path.read_bytes())
    hashed.update(
        " ".join(metadata.version(name) for name in ("numpy", "scipy", "pandas", "jinja2")).encode()
    )
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


def _place(out: Path, files: dict[str, bytes], made_of: dict[str, Any]) -> None:
    """Only what the board itself wrote is ever removed: its manifest says which files are its own.

    Before the first file changes, the manifest names old and new files: a kill in between strands none.
    """
    before = _earlier(out)
    checksums = {path: sha256(content).hexdigest() for path, content in files.items()}
    out.mkdir(parents=True, exist_ok=True)
    _write(out / MANIFEST, _manifest({"files": dict.fromkeys(before, "") | checksums}))
    for path, content in files.items():
        _write(out / path, content)
    for path in sorted(before - set(files)):
        (out / path).unlink(missing_ok=True)
        for folder in [*PurePosixPath(path).parents][:-1]:
            if (out / folder).is_dir() and not any((out / folder).iterdir()):
                (out / folder).rmdir()
    _write(out / MANIFEST, _manifest({"files": checksums} | made_of))


def _earlier(out: Path) -> set[str]:
    """The files of an earlier board. A folder of other files is refused: they would be mixed with it."""
    # What a kill leaves of the very first write is no stranger's file.
    ours = (".git", f"{MANIFEST}.part")
    if not out.exists() or (out.is_dir() and all(found.name in ours for found in out.iterdir())):
        return set()
    if not out.is_dir():
        raise ValueError(f"{out} is a file; a board is a folder; name another place with --out")
    try:
        named = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
        files = {name for name in named if isinstance(name, str)}
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"{out} holds files that no board wrote; a board would be mixed with them; "
            "name an empty folder with --out"
        ) from None
    return {name for name in files if ".." not in PurePosixPath(name).parts and not name.startswith("/")}


def _manifest(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    if path.is_file() and path.read_bytes() == content:
        part.unlink(missing_ok=True)  # a kill may have left it
        return  # an unchanged page keeps its time, which copying tools and web servers go by
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(content)
    part.replace(path)
