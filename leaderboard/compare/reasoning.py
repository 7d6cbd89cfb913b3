"""How a response reasons, seen without a model: five figures beside step validity, for a report's appendix alone.

    reasoning_figures(cell.rows())[0].title          # "Numbers of the problem left unused"

None of them says that a reasoning is right. docs/confidence.md defines each, and says what it cannot see. Only rows
whose steps were counted have them: those of tasks that ask for a number.
"""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from proctor.leaderboard.compare.figures import CellColumns, CellFigure

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
RESULT = re.compile(r"=\s*[^\w\s=]?\s*(\d[\d,]*(?:\.\d+)?)")
WORD = re.compile(r"\w+")
RUN = 4  # words that stand together by chance less often than two or three
FEWEST = 10  # prompts, to tell what they share from what is each one's own
TITLES = {
    "unused_numbers": ("Numbers of the problem left unused", "%", "of each problem's different numbers"),
    "new_numbers": ("Numbers from nowhere", "%", "neither in the problem nor behind an equals sign"),
    "repetition": ("Repeated runs of four words", "%", "of each response's"),
    "restated": ("Runs of four words taken from the problem", "%", "of each response's"),
    "words": ("Words a response", "", "numbers count as words"),
}


def reasoning_figures(rows: pd.DataFrame) -> list[CellFigure]:
    """Each a mean over the responses that it can be told of, with an interval by item and cluster."""
    table = CellColumns(rows[rows["status"] != "error"])
    counted = table.metric("steps_total")
    if counted is None:
        return []
    asked = table.rows.loc[counted.index]
    problems = own_texts(asked["prompt"].tolist())
    shares = [shares_of(*pair) for pair in zip(problems, asked["response"], strict=True)]
    values = pd.DataFrame(shares, asked.index)
    figures = []
    for name, (title, unit, note) in TITLES.items():
        column = values[name].dropna() if name in values else pd.Series(dtype=float)
        if column.empty:
            continue
        interval = table.share(column) if unit else table.estimated(column, "real")
        figures.append(CellFigure(name, title, *interval, len(column), note, unit))
    return figures


def own_texts(prompts: Sequence[str]) -> list[str]:
    """Of each prompt what the others do not share: the problem, without the wording and the examples around it. Empty
    texts where the prompts are too few to tell.
    """
    if len(set(prompts)) < FEWEST:
        return [""] * len(prompts)
    before = _shared(prompts)
    rest = [prompt[before:] for prompt in prompts]
    after = _shared([text[::-1] for text in rest])
    return [text[: len(text) - after] for text in rest]


def _shared(texts: Sequence[str]) -> int:
    """How many letters all begin with; no word and no number is cut."""
    first, last = min(texts), max(texts)  # in the order of letters: what these share, all share
    length = 0
    while length < len(first) and first[length] == last[length]:
        length += 1
    return len(re.sub(r"[\w.,]*\Z", "", first[:length]))


def shares_of(problem: str, response: str) -> dict[str, float]:
    """
    >>> shares_of("Ann has 3 pens and 2 caps.", "3 + 2 = 5, and 7 more")["new_numbers"]   # 7, of 3, 2, 5 and 7
    0.25
    """
    given, used = set(_numbers(NUMBER.findall(problem))), set(_numbers(NUMBER.findall(response)))
    results = set(_numbers(RESULT.findall(response)))
    words = WORD.findall(response.casefold())
    runs, asked = _runs(words), set(_runs(WORD.findall(problem.casefold())))
    shares = {"words": float(len(words))}
    if given:
        shares["unused_numbers"] = len(given - used) / len(given)
    if given and used:
        shares["new_numbers"] = len(used - given - results) / len(used)
    if runs:
        shares["repetition"] = 1 - len(set(runs)) / len(runs)
    if runs and asked:
        shares["restated"] = sum(run in asked for run in runs) / len(runs)
    return shares


def _numbers(texts: Iterable[str]) -> list[float]:
    return [float(text.replace(",", "")) for text in texts]


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)]
