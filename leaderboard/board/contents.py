"""Which files a board has: its pages from the templates, its data in parts, its style and scripts.

Knows how pages are named and rendered. What they say is in pages.py, details.py and trust.py.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2

from proctor.leaderboard import terminal
from proctor.leaderboard.board import asides, details, drawing, pages, parts, plots, trust
from proctor.leaderboard.board.asides import Beside
from proctor.leaderboard.board.escape import visible
from proctor.leaderboard.board.shown import task_head
from proctor.leaderboard.board.site import RANKING
from proctor.leaderboard.compare.groups import by_group
from proctor.leaderboard.compare.kinds import by_kind
from proctor.leaderboard.compare.pairs import TaskPairs
from proctor.leaderboard.compare.sides import Cells
from proctor.leaderboard.compare.tables import Ranking

TEMPLATES = Path(__file__).parent / "templates"
Files = Iterator[tuple[str, str]]


class Book:
    """The templates, and what every page has: its way back to the first page, and the list of pages."""

    def __init__(self, nav: list[tuple[str, str]]) -> None:
        self.nav = nav
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=_seen,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.templates.globals["drawn"] = drawing.of

    def page(self, path: str, template: str, **given: Any) -> tuple[str, str]:
        root = "../" * (len(PurePosixPath(path).parts) - 1)
        text = self.templates.get_template(template).render(root=root, here=path, nav=self.nav, **given)
        return path, text


def files(cells: Cells, ranking: Ranking, cards: Mapping[str, Mapping[str, Any]]) -> Files:
    pairs = ranking.pairs
    curves = [one for task in ranking.tasks if (one := plots.curve(ranking, task))]
    judges = sorted({*trust.judges_of(ranking), *cards})
    book = Book(pages.nav(ranking, bool(curves), judges))
    yield book.page("index.html", "index.html", board=pages.index(ranking, pairs))
    examples: dict[str, dict[str, Any]] = {}
    beside: dict[tuple[str, str], Beside] = {}
    unscored: dict[str, Counter[str]] = {}
    for (variant, task), cell in cells.items():
        answers = cell.rows()
        rows = parts.rows_of(answers, ranking.tasks[task], visible)
        key = f"{variant}/{task}"
        yield book.page(
            f"samples/{key}.html", "samples.html", cell=pages.samples(ranking, variant, task, rows)
        )
        yield from parts.files(key, rows)
        if variant == next(iter(pairs[task].order), variant):
            examples[task] = rows[0]  # how the best variant answered the first item
        beside[variant, task] = asides.of(cell, answers)
        unscored.setdefault(task, Counter()).update(trust.unscored(answers))
    yield from _exams(book, cells, ranking, pairs, examples, beside)
    yield from _variants(book, ranking, pairs, beside)
    if curves:
        yield book.page("curves.html", "curves.html", curves=curves)
    for judge in judges:
        about = trust.page(judge, cards.get(judge), ranking, unscored)
        yield book.page(f"judges/{judge}.html", "judge.html", judge=about)
    for asset in sorted((TEMPLATES / "static").iterdir()):
        yield f"static/{asset.name}", asset.read_text(encoding="utf-8")
    yield RANKING, "".join(f"{told}\n" for told in terminal.ranking(ranking))
    yield ".nojekyll", ""  # GitHub Pages then serves the folder as it is


def _exams(
    book: Book,
    cells: Cells,
    ranking: Ranking,
    pairs: Mapping[str, TaskPairs],
    examples: Mapping[str, dict[str, Any]],
    beside: Mapping[tuple[str, str], Beside],
) -> Files:
    for task, exam in ranking.tasks.items():
        scored = {name: cells[name, task] for name in pairs[task].order}
        groups = [*by_kind(scored, exam), *([("group", rows)] if (rows := by_group(scored, exam)) else [])]
        mine = {variant: one for (variant, sat), one in beside.items() if sat == task}
        about = details.task(ranking, task, pairs[task], examples.get(task), groups, mine)
        yield book.page(f"tasks/{task}.html", "task.html", task=about)


def _variants(
    book: Book,
    ranking: Ranking,
    pairs: Mapping[str, TaskPairs],
    beside: Mapping[tuple[str, str], Beside],
) -> Files:
    for row in ranking.rows:
        mine = {task: beside[row.variant, task] for task in row.scores}
        about = details.variant(ranking, row, pairs, mine)
        yield book.page(f"variants/{row.variant}.html", "variant.html", variant=about)
    if len(ranking.rows) > 1:
        costs = {name: one.costs for name, one in beside.items()}
        drawn = {task: plots.tradeoff(ranking, task, costs) for task in ranking.tasks}
        exams = [
            (task_head(ranking, task), found, plots.tradeoff_table(ranking, task, found))
            for task, found in drawn.items()
        ]
        yield book.page("lineage.html", "lineage.html", lineage=details.lineage_page(ranking, pairs))
        yield book.page("tradeoff.html", "tradeoff.html", exams=exams)
        yield book.page("flips.html", "flips.html", flips=details.flips(ranking))
        for row in ranking.rows:
            yield parts.against(row.variant, pages.against(ranking, pairs, row))


def _seen(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
