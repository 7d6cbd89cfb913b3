"""The ranking, comparisons and plans as text for a terminal of 80 columns. Rounds by tables.py; computes nothing."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from proctor.harness import record
from proctor.leaderboard.compare import tables
from proctor.leaderboard.compare.compare import NO_WORSE, Comparison
from proctor.leaderboard.compare.overview import CellShown, Overview, standing
from proctor.leaderboard.compare.planning import Plan
from proctor.leaderboard.compare.tables import (
    Ranking,
    Score,
    exam_of,
    interval,
    probability,
    shown,
    unit,
)

WIDTH = 80
LAST = 28  # what the last column is given before names have to stand on a line of their own
MOST_PAIRS = 45  # ten variants; beyond, pairs are counted and --json tells them all
CORRECTIONS = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "no correction"}


def ranking(ranked: Ranking) -> Iterator[str]:
    """A block for each exam, the best variant first, with what is hidden behind a bare number."""
    for task, exam in ranked.tasks.items():
        yield f"{_clean(exam['title'])}: {_clean(exam['headline'])}, {unit(exam)}"
        place = {name: at for at, name in enumerate(ranked.pairs[task].order)}
        rows, notes = [], {}
        for row in sorted(ranked.rows, key=lambda row: place.get(row.variant, len(place))):
            rows.append([row.variant, *_score(row.scores.get(task), exam)])
            if (score := row.scores.get(task)) and score.notes:
                notes[row.variant] = score.notes
        header = ["variant", "score", "95 % interval", "difference", "verdict"]
        yield from columns(header, rows, left={4}, notes=notes)
        yield from _smallest(ranked, task, exam)
        yield ""


def _score(score: Score | None, exam: dict[str, Any]) -> list[str]:
    if score is None:
        return ["not run", "", "", ""]
    if score.estimate is None:
        return ["none", "", "", score.why_none]
    value, bounds = shown(score.estimate.mean, exam), interval(score.estimate.low, score.estimate.high, exam)
    found = score.comparison
    if found is None:
        return [value, bounds, "", ""]
    return [
        value,
        bounds,
        shown(found.difference.difference, exam, True),
        tables.verdict(found, exam, named=True),
    ]


def _smallest(ranked: Ranking, task: str, exam: dict[str, Any]) -> Iterator[str]:
    """What the exam can show at its size, from the discordance or the spread that was seen."""
    found = [score.comparison for row in ranked.rows if (score := row.scores.get(task)) and score.comparison]
    effects = sorted(c.difference.smallest_effect for c in found if c.difference.smallest_effect is not None)
    if not effects:
        return
    least, most = shown(effects[0], exam), shown(effects[-1], exam)
    size = max(c.difference.n for c in found)
    reach = least if least == most else f"{least} to {most}"
    how = f"paired differences, p after Holm over {_family(found[0])}"
    yield from _wrapped(f"{how}; {size} items show a difference of {reach} with 80 % power", "  ")


def two(overview: Overview) -> Iterator[str]:
    """A paragraph for each task."""
    exams = _exams(overview)
    first = overview.comparisons[0]
    yield f"{first.a} against {first.b}"
    for one in overview.comparisons:
        yield ""
        for row in overview.cells:
            if row.cell.task == one.task and row.remarks:
                yield from _wrapped(f"{row.cell.variant}: {', '.join(row.remarks)}", "")
        yield from comparison(one, exams[one.task])


def comparison(one: Comparison, exam: dict[str, Any]) -> Iterator[str]:
    d, scale = one.difference, unit(exam)
    yield from _wrapped(f"{one.task} ({_clean(one.headline)}, {scale}): {_verdict(one, exam)}", "")
    told = [
        f"{one.a} {shown(d.mean_a, exam)}, {one.b} {shown(d.mean_b, exam)}: difference "
        f"{shown(d.difference, exam, True)}, 95 % interval {interval(d.low, d.high, exam, True)}",
        _p(one) + f"; {d.test}; interval by {d.interval}",
        _paired(one),
    ]
    if one.other_side:
        own = one.turned()
        words = tables.verdict(own, exam, named=True)
        told.append(f"elsewhere this pair is told from the other side: {own.a} {words}")
    if d.low == d.high and d.n > 1:
        told.append(
            "every item has the same difference: the interval has no width and tells of these items alone"
        )
    if one.left_out:
        why = ", ".join(f"{why}: {n:,}" for why, n in one.left_out_why.items())
        told.append(f"left out: {one.left_out:,} {_items(one.left_out)} ({why})")
    if one.lacks:
        told.append(f"paired by sample_id; the source does not tell the {', the '.join(one.lacks)}")
    told.append(_power(one, exam))
    for line in told:
        yield from _wrapped(line, "  ")


def _verdict(one: Comparison, exam: dict[str, Any]) -> str:
    if one.verdict == NO_WORSE or one.difference.margin is None:
        return tables.verdict(one, exam)
    return f"{one.verdict} (margin {tables.margin(one.difference.margin, exam)})"


def _p(one: Comparison) -> str:
    p, error = _small(one.difference.p), one.difference.p_error
    if one.difference.p_made == "draws" and error:
        p += f" \N{PLUS-MINUS SIGN} {error:.1g}"
    if one.correction == "none":
        return f"{p}, not corrected"
    if one.family == 1:
        return p
    many = f"{CORRECTIONS[one.correction]} over {_family(one)}"
    return f"{p}, adjusted {_small(one.adjusted_p).removeprefix('p = ')} ({many})"


def _family(one: Comparison) -> str:
    return "1 pair" if one.family == 1 else f"{one.family:,} pairs"


def _small(p: float) -> str:
    return f"p = {p:.1e}" if 0.0 < p < 0.001 else probability(p)


def _paired(one: Comparison) -> str:
    d = one.difference
    told = f"{d.n:,} {_items(d.n)} paired" + (f" in {d.clusters:,} clusters" if d.clusters < d.n else "")
    if d.only_a is not None and d.only_b is not None:
        both = round(d.mean_a * d.n) - d.only_a
        neither = d.n - both - d.only_a - d.only_b
        told += f": {one.a} alone right on {d.only_a:,}, {one.b} alone on {d.only_b:,}, "
        told += f"both on {both:,}, neither on {neither:,}"
    elif one.higher:
        equal = d.n - sum(one.higher)
        told += f": {one.a} higher on {one.higher[0]:,}, {one.b} on {one.higher[1]:,}, equal on {equal:,}"
    return told


def _power(one: Comparison, exam: dict[str, Any]) -> str:
    d = one.difference
    if d.smallest_effect is None and d.difference == d.se == 0.0:
        told = f"all {d.n:,} items were scored alike: no difference was seen"
        if d.margin is not None:
            ruled = "ruled out" if one.verdict == NO_WORSE else "not ruled out by so few"
            told += f", and a loss of {tables.margin(d.margin, exam)} is {ruled}"
    elif d.smallest_effect is None:
        told = f"{d.n:,} such {_items(d.n)} can show no difference at all"
    else:
        told = f"{d.n:,} such {_items(d.n)} show a difference of {shown(d.smallest_effect, exam)} with 80 % power"
    if d.items_needed is None:
        return told
    return f"{told}; one of {shown(abs(d.difference), exam)} needs {d.items_needed:,}"


def every_pair(overview: Overview) -> Iterator[str]:
    """For each task the variants with ranks and letters, then the pairs."""
    exams = _exams(overview)
    for task, exam in exams.items():
        mine = [one for one in overview.cells if one.cell.task == task]
        found = [one for one in overview.comparisons if one.task == task]
        refused = [one for one in overview.refused if one.task == task]
        yield f"{task}: {_clean(exam['headline'])}, {unit(exam)}"
        yield from _standings(mine, found, exam)
        yield ""
        yield from _pairs(found, exam)
        if refused:
            named = "; ".join(f"{one.a} and {one.b}: {one.why}" for one in refused[:3])
            more = f"; and {len(refused) - 3:,} more" if len(refused) > 3 else ""
            yield from _wrapped(f"not compared, {len(refused):,} of the pairs: {named}{more}", "  ")
        yield ""


def _standings(mine: Sequence[CellShown], found: Sequence[Comparison], exam: dict[str, Any]) -> Iterator[str]:
    ranks, letters = standing(mine, found)
    rows = []
    notes = {one.cell.variant: ", ".join(one.remarks) for one in mine if one.remarks}
    for one in mine:
        name, e = one.cell.variant, one.estimate
        if e is None:
            rows.append([name, "none", "", "", "", one.why_none])
            continue
        rank = ranks.get(name, "")
        values = [
            shown(e.mean, exam),
            tables.error(e.se, exam) or "none",
            interval(e.low, e.high, exam),
            f"{e.n:,}",
        ]
        rows.append([name, *values, f"{rank} {letters.get(name, '')}".strip()])
    header = ["variant", "score", "s.e.", "95 % interval", "n", "rank, letters" if letters else "rank"]
    yield from columns(header, rows, left={5}, notes=notes)


def _pairs(found: Sequence[Comparison], exam: dict[str, Any]) -> Iterator[str]:
    if not found:
        return
    many = f"{CORRECTIONS[found[0].correction]} over {_family(found[0])}"
    if len(found) <= MOST_PAIRS:
        rows = [
            [
                f"{one.a} against {one.b}", shown(one.difference.difference, exam, True),
                interval(one.difference.low, one.difference.high, exam, True),
                _small(one.adjusted_p).removeprefix("p = ").removeprefix("p "), tables.verdict(one, exam),
            ]
            for one in found
        ]  # fmt: skip
        yield from columns(["pair", "difference", "95 % interval", "p", "verdict"], rows, left={4})
        yield from _wrapped(f"p after {many}; intervals one by one", "  ")
    else:
        shown_pairs = sum(one.adjusted_p <= one.difference.alpha for one in found)
        yield from _wrapped(
            f"{shown_pairs:,} of {len(found):,} differences are shown ({many}); --json tells each, "
            "'proctor compare A B' one in words", "  ",
        )  # fmt: skip
    if lacks := list(dict.fromkeys(lack for one in found for lack in one.lacks)):
        yield from _wrapped(f"paired by sample_id; the source does not tell the {', the '.join(lacks)}", "  ")


def size(plan: Plan) -> Iterator[str]:
    """How many items, by what was seen against each other variant."""
    exam, percent = plan.cell.run["exam"], f"{100 * plan.power:g} %"
    mean, effect = shown(plan.mean, exam), shown(plan.effect, exam)
    yield from _wrapped(
        f"{plan.cell.variant} x {plan.cell.task}: {mean} {unit(exam)} of {plan.n:,} items; "
        f"to show a difference of {effect} with {percent} power (alpha 0.05, two-sided, paired):", "",
    )  # fmt: skip
    rows = [
        [
            one.name,
            one.assumed,
            f"{one.items:,}",
            "none" if one.smallest is None else shown(one.smallest, exam),
        ]
        for one in plan.guesses
    ]
    yield from columns(
        ["if it differs from the baseline as", "assumed", "items", f"{plan.n:,} show"], rows, left={1}
    )


def columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: set[int], notes: dict[str, str] | None = None
) -> Iterator[str]:
    """Aligned lines, the first column on the left. A name too long has its own line, and the last words go on below."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    room = WIDTH - 2 - sum(widths[1:-1]) - 2 * (len(header) - 1)
    last = min(widths[-1], LAST)
    widths[0] = max(8, min(widths[0], room - last))
    widths[-1] = max(last, min(widths[-1], room - widths[0]))
    start = WIDTH - room + widths[0]
    for row in [header, *rows]:
        said = _folded(row[-1], widths[-1])
        cells = [
            f"{text:<{w}}" if i == 0 or i in left else f"{text:>{w}}"
            for i, (text, w) in enumerate(zip([*row[:-1], said[0]], widths, strict=True))
        ]
        if len(row[0]) > widths[0]:
            yield f"  {row[0]}"
            cells[0] = " " * widths[0]
        yield ("  " + "  ".join(cells)).rstrip()
        yield from (" " * min(start, WIDTH - len(line)) + line for line in said[1:])
        if notes and row[0] in notes:
            yield from _wrapped(notes[row[0]], "    ")


def _folded(text: str, width: int) -> list[str]:
    """In as many lines as it takes; what is said in brackets stays in one piece."""
    if len(text) <= width:
        return [text]
    words, bracket, rest = text.partition(" (")
    lines = textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)
    return [*lines, f"({rest}"] if bracket else lines


def _exams(overview: Overview) -> dict[str, dict[str, Any]]:
    cells: dict[str, list[record.Cell]] = {}
    for one in overview.cells:
        cells.setdefault(one.cell.task, []).append(one.cell)
    return {task: exam_of(of) for task, of in cells.items()}


def _items(n: int) -> str:
    return "item" if n == 1 else "items"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _clean(text: str) -> str:
    """Titles of imported tasks come from files: nothing in them may move the cursor."""
    return "".join(c if c.isprintable() else "?" for c in text)
