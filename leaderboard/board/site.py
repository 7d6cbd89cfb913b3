"""The board: results in, a folder of static files out, byte for byte the same from the same results.

    build(Path("results/demo"), Path("board"), baseline="tiny")          # board/index.html

First everything is computed (compare/), then each page is rendered from plain values (pages/ and html.py), then the
files take their place (folder.py). No file asks another host, or the clock, for anything. Nothing heavy is imported
before there is something to compute: a board that is whole is known for one in milliseconds.
"""

import gc
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.leaderboard.board import RANKING
from proctor.leaderboard.board.folder import board_files, is_built, put_files

if TYPE_CHECKING:
    from proctor.leaderboard.board.cell_parts import CellParts, Key
    from proctor.leaderboard.board.html import Book
    from proctor.leaderboard.board.pages.fits import WhatFits
    from proctor.leaderboard.compare.ranking import Ranking

COMPUTING = ("numpy", "scipy", "pandas", "jinja2", "vl-convert-python")
OURS = (".py", ".html", ".css", ".js")
MOST_LINKS = 8  # to tasks, in the list of pages
Files = Iterator[tuple[str, str]]  # path in the board, text


def build(results: Path, out: Path, baseline: str | None = None) -> Path:
    """Writes the board and returns its index.html. What only an earlier board had goes away."""
    cells = _cells(results)
    devices = record.read_devices(results)
    key = _key(cells, record.read_cards(results), devices, baseline)
    if not is_built(out, key):
        board_files(out)  # refuses a folder of other files before anything is computed
        with _uncollected():
            files = {path: text.encode("utf-8") for path, text in _files(cells, results, devices, baseline)}
        made_from = {f"{cell.variant}/{cell.task}": cell.run.samples_sha256 for cell in cells}
        put_files(out, files, {"made_from": made_from, "key": key})
    return out / "index.html"


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nearly all that a build makes stays to its end, so looking for garbage meanwhile takes time and finds none."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


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


def _root(cells: Mapping[tuple[str, str], record.Cell]) -> str | None:
    """The one variant without a parent, of several: the others come from it. Results do not tell a suite's baseline."""
    variants = {cell.variant for cell in cells.values()}
    roots = {cell.variant for cell in cells.values() if not cell.run.resolved.parents}
    return roots.pop() if len(roots) == 1 < len(variants) else None


def _key(
    cells: list[record.Cell], cards: dict[str, dict[str, Any]], devices: record.Devices, baseline: str | None
) -> str:
    """Of all that decides the board: results, baseline, our code, the libraries that compute and render."""
    contents: list[Any] = [baseline]
    for variant, measured in devices.items():
        contents.append([variant, [device.as_json() for device in measured.values()]])
    for name, card in cards.items():
        contents.append([name, card])
    for cell in cells:
        contents.append([cell.variant, cell.task, cell.problem, cell.record and cell.record.text()])
    contents += map(metadata.version, COMPUTING)
    hashed = sha256(json.dumps(contents).encode())
    for path in sorted(Path(__file__).parent.parent.rglob("*")):
        if path.suffix in OURS:
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def _files(whole: list[record.Cell], results: Path, devices: record.Devices, baseline: str | None) -> Files:
    from proctor.leaderboard import terminal
    from proctor.leaderboard.board.cell_parts import parts_of_all
    from proctor.leaderboard.board.html import TEMPLATES, Book
    from proctor.leaderboard.board.pages import confidence, curves, fits, judge
    from proctor.leaderboard.compare.items import whole_cells
    from proctor.leaderboard.compare.ranking import ranking

    cells, cards = whole_cells(whole), record.read_cards(results)
    parts = parts_of_all(cells)
    ranked = ranking(cells, baseline or _root(cells), cards)
    drawn = list(filter(None, (curves.curve(ranked, task) for task in ranked.tasks)))
    judges = sorted({*ranked.judge_pages.values(), *cards})
    sections = confidence.page(ranked, cells, {key: own.sure for key, own in parts.items()})
    fitting = fits.page(ranked, devices)
    book = Book(_nav(ranked, bool(drawn), bool(sections), bool(fitting), judges), ranked=ranked)
    if fitting:
        yield book.page("fits.html", "fits.html", fits=fitting)
    unscored: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, task), own in parts.items():
        unscored[task] += own.unscored
    yield from _cell_pages(book, ranked, parts, fitting)
    if drawn:
        yield book.page("curves.html", "curves.html", curves=drawn)
    if sections:
        yield book.page("confidence.html", "confidence.html", sections=sections)
    for name in judges:
        about = judge.page(name, cards.get(name), ranked, unscored)
        yield book.page(f"judges/{name}.html", "judge.html", judge=about)
    for asset in sorted((TEMPLATES / "static").iterdir()):
        yield f"static/{asset.name}", asset.read_text(encoding="utf-8")
    yield RANKING, "".join(f"{line}\n" for line in terminal.ranking_lines(ranked))
    yield ".nojekyll", ""  # GitHub Pages then serves the folder as it is


def _nav(
    ranked: "Ranking", curves: bool, confidence: bool, fits: bool, judges: list[str]
) -> list[tuple[str, str]]:
    """Only pages that there are: with one variant there is nothing to lay side by side."""
    links = [("index.html", "Ranking")]
    if len(ranked.rows) > 1:
        links += [
            ("lineage.html", "Lineage"),
            ("tradeoff.html", "Trade-off"),
            ("flips.html", "Changed answers"),
        ]
    if curves:
        links.append(("curves.html", "Curves"))
    if confidence:
        links.append(("confidence.html", "How sure"))
    if fits:
        links.append(("fits.html", "What fits"))
    if len(ranked.tasks) <= MOST_LINKS:  # else the sentences of the first page lead to them
        links += [(f"tasks/{name}.html", about.title) for name, about in ranked.tasks.items()]
    links += [(f"judges/{name}.html", f"Judge: {name}") for name in judges]
    return links


def _cell_pages(
    book: "Book", ranked: "Ranking", parts: "Mapping[Key, CellParts]", fitting: "WhatFits | None"
) -> Files:
    """The pages of samples, and all that shows figures of the rows."""
    from proctor.leaderboard.board.pages import flips, index, lineage, tradeoff, variant
    from proctor.leaderboard.board.pages import task as task_page
    from proctor.leaderboard.compare.together import ABOUT_ALL

    examples: dict[str, Mapping[str, Any] | None] = {}
    figures = {key: own.figures for key, own in parts.items()}
    costs = {key: own.costs for key, own in parts.items()}
    for row in ranked.rows:
        for task in row.scores:
            own, key = parts[row.variant, task], f"{row.variant}/{task}"
            values: dict[str, Any] = {"row": row, "task": task, "rows": own.shown, "marks": own.marks}
            yield book.page(f"samples/{key}.html", "samples.html", **values)
            yield from own.files
            if row.variant == next(iter(ranked.pairs[task].order), row.variant):
                examples[task] = own.first  # how the best variant answered the first item
    for name in ranked.tasks:
        about_task = task_page.page(ranked, name, examples.get(name), figures, costs)
        yield book.page(f"tasks/{name}.html", "task.html", task=about_task)
    for row in ranked.rows:
        values = {"variant": variant.page(ranked, row), "figures": figures, "costs": costs}
        yield book.page(f"variants/{row.variant}.html", "variant.html", **values)
    drawn = {task: tradeoff.tradeoffs(ranked, task, costs) for task in ranked.tasks}
    falls = {task: lineage.waterfall(ranked, task) for task in ranked.tasks}
    pictures = {"tradeoffs": drawn, "waterfalls": falls}
    first = index.page(ranked, costs)
    yield book.page("index.html", "index.html", board=first, about_all=ABOUT_ALL, fits=fitting, **pictures)
    if len(ranked.rows) > 1:
        values = {"nodes": lineage.tree(ranked), "to_other_parents": lineage.to_other_parents}
        yield book.page("lineage.html", "lineage.html", **values)
        yield book.page("tradeoff.html", "tradeoff.html", tradeoffs=drawn)
        yield book.page("flips.html", "flips.html", flips=flips.page(ranked))
        for row in ranked.rows:
            yield index.against_file(ranked, row)
