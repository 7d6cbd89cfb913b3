"""Which files a board has: its pages from the templates, its data in parts, its style and scripts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
from markupsafe import Markup

from proctor.leaderboard import terminal
from proctor.leaderboard.board import RANKING, charts
from proctor.leaderboard.board.beside import Beside, beside_headline
from proctor.leaderboard.board.escape import visible
from proctor.leaderboard.board.groups import by_group, by_kind
from proctor.leaderboard.board.pages import (
    confidence,
    curves,
    flips,
    index,
    judge,
    lineage,
    samples,
    task,
    tradeoff,
    variant,
)
from proctor.leaderboard.board.plots import Plot
from proctor.leaderboard.compare.confidence import confidences_of
from proctor.leaderboard.compare.items import Cells
from proctor.leaderboard.compare.tables import Ranking

TEMPLATES = Path(__file__).parent / "templates"
Files = Iterator[tuple[str, str]]


class Book:
    """The templates, and what every page has: its way back to the first page, and the list of pages."""

    def __init__(self, nav: list[tuple[str, str]]) -> None:
        self.nav = nav

    def page(self, path: str, template: str, **given: Any) -> tuple[str, str]:
        root = "../" * (len(PurePosixPath(path).parts) - 1)
        text = _templates().get_template(template).render(root=root, here=path, nav=self.nav, **given)
        return path, text


@cache
def _templates() -> jinja2.Environment:
    """They are compiled once for all boards of a process."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.globals["drawn"] = _inline
    return templates


def files(cells: Cells, ranking: Ranking, cards: Mapping[str, Mapping[str, Any]]) -> Files:
    """Every file of the board: its path in it and its text."""
    found = {name: curves.curve(ranking, name) for name in ranking.tasks}
    drawn = [curve for curve in found.values() if curve]
    judges = sorted({*judge.judges_of(ranking), *cards})
    binary = {key: cell for key, cell in cells.items() if cell.run.task.kind == "binary"}
    sure = {key: confidences_of(cell, cell.rows()) for key, cell in binary.items()}
    sections = confidence.page(ranking, cells, sure)
    book = Book(_nav(ranking, bool(drawn), bool(sections), judges))
    yield book.page("index.html", "index.html", board=index.page(ranking, ranking.pairs))
    examples: dict[str, dict[str, Any]] = {}
    beside: dict[tuple[str, str], Beside] = {}
    unscored: dict[str, Counter[str]] = {}
    for (name, of), cell in cells.items():
        responses = cell.rows()
        rows = samples.rows_of(responses, ranking.tasks[of], visible)
        key = f"{name}/{of}"
        about = samples.page(ranking, name, of, rows)
        yield book.page(f"samples/{key}.html", "samples.html", cell=about)
        yield from samples.files(key, rows)
        if name == next(iter(ranking.pairs[of].order), name):
            examples[of] = rows[0]  # how the best variant answered the first item
        beside[name, of] = beside_headline(cell, responses)
        unscored.setdefault(of, Counter()).update(judge.unscored(responses))
    yield from _tasks(book, cells, ranking, examples, beside)
    yield from _variants(book, ranking, beside)
    if drawn:
        yield book.page("curves.html", "curves.html", curves=drawn)
    if sections:
        yield book.page("confidence.html", "confidence.html", sections=sections)
    for name in judges:
        about = judge.page(name, cards.get(name), ranking, unscored)
        yield book.page(f"judges/{name}.html", "judge.html", judge=about)
    for asset in sorted((TEMPLATES / "static").iterdir()):
        yield f"static/{asset.name}", asset.read_text(encoding="utf-8")
    yield RANKING, "".join(f"{told}\n" for told in terminal.ranking(ranking))
    yield ".nojekyll", ""  # GitHub Pages then serves the folder as it is


def _nav(ranking: Ranking, curves: bool, confidence: bool, judges: Sequence[str]) -> list[tuple[str, str]]:
    """Only pages that there are: with one variant there is nothing to lay side by side."""
    links = [("index.html", "Ranking")]
    if len(ranking.rows) > 1:
        links += [("lineage.html", "Lineage"), ("tradeoff.html", "Trade-off"), ("flips.html", "Flips")]
    if curves:
        links.append(("curves.html", "Curves"))
    if confidence:
        links.append(("confidence.html", "How sure"))
    links += [(f"tasks/{name}.html", about.title) for name, about in ranking.tasks.items()]
    links += [(f"judges/{name}.html", f"Judge: {name}") for name in judges]
    return links


def _tasks(
    book: Book,
    cells: Cells,
    ranking: Ranking,
    examples: Mapping[str, dict[str, Any]],
    beside: Mapping[tuple[str, str], Beside],
) -> Files:
    for name, about in ranking.tasks.items():
        pairs = ranking.pairs[name]
        scored = {one: cells[one, name] for one in pairs.order}
        groups = list(by_kind(scored, about))
        by_source = by_group(scored, about)
        if by_source:
            groups.append(("group", by_source))
        mine = {one: figures for (one, of), figures in beside.items() if of == name}
        page = task.page(ranking, name, pairs, examples.get(name), groups, mine)
        yield book.page(f"tasks/{name}.html", "task.html", task=page)


def _variants(book: Book, ranking: Ranking, beside: Mapping[tuple[str, str], Beside]) -> Files:
    for row in ranking.rows:
        mine = {name: beside[row.variant, name] for name in row.scores}
        page = variant.page(ranking, row, ranking.pairs, mine)
        yield book.page(f"variants/{row.variant}.html", "variant.html", variant=page)
    if len(ranking.rows) > 1:
        costs = {name: one.costs for name, one in beside.items()}
        yield book.page("lineage.html", "lineage.html", lineage=lineage.page(ranking, ranking.pairs))
        yield book.page("tradeoff.html", "tradeoff.html", tasks=tradeoff.page(ranking, costs))
        yield book.page("flips.html", "flips.html", flips=flips.page(ranking))
        for row in ranking.rows:
            yield index.against_file(row.variant, index.against(ranking, ranking.pairs, row))


def _inline(plot: Plot) -> Markup:
    return charts.inline(plot.spec, plot.title, plot.about)


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
