"""The ranking, comparisons and plans as text for a terminal of 80 columns.

Every figure comes rounded from compare/formatting.py.

    for line in ranking_lines(ranked):
        print(line)
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from proctor.common import counted
from proctor.common.stats import Verdict
from proctor.harness.record import TaskRecord
from proctor.leaderboard.compare import formatting, judge_warnings
from proctor.leaderboard.compare.comparison import Comparison
from proctor.leaderboard.compare.formatting import interval, probability, unit
from proctor.leaderboard.compare.items import APART
from proctor.leaderboard.compare.overview import Overview
from proctor.leaderboard.compare.plan_size import SizePlan
from proctor.leaderboard.compare.ranking import Ranking, Score, TaskPairs, tasks_of
from proctor.leaderboard.compare.together import ABOUT_ALL, ALL

WIDTH = 80
LAST = 28  # what the last column is given before names have to stand on a line of their own
MOST_PAIRS = 45  # ten variants; beyond, pairs are counted and --json tells them all
CORRECTIONS = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "no correction"}


def ranking_lines(ranked: Ranking) -> Iterator[str]:
    """A block for each task, the best variant first, with what is hidden behind a bare number."""
    for task, about in ranked.tasks.items():
        scores = ranked.scores(task)
        sizes = {score.items for score in scores.values()}
        title = f"{clean(about.title)}: {clean(about.headline)}, {unit(about)}"
        if len(sizes) == 1:
            title += f"; {', '.join(sizes)}"
        yield title
        names = [*ranked.pairs[task].order, *(row.variant for row in ranked.rows)]
        rows, notes = [], {}
        for name in dict.fromkeys(names):
            score = scores.get(name)
            rows.append([name, *_score(score, about)])
            if score:
                remarks = [*score.remarks, *(words for _, words in score.not_ok)]
                if len(sizes) > 1:
                    remarks.insert(0, score.items)
                parent = score.run.resolved.parent or ranked.baseline or ""
                why = ranked.pairs[task].family.why_not(name, parent)
                if why:
                    remarks.append(f"not compared with {parent}: {why}")
                notes[name] = ", ".join(remarks)
        header = ["variant", "score", "95 % interval", "difference", "verdict"]
        yield from columns(header, rows, left={4}, notes=notes)
        yield from _warning(ranked.warnings, task)
        yield from _smallest_effects(list(scores.values()), about)
        yield ""
    if len(ranked.tasks) > 1:
        for variant, group in ranked.groups():
            of = f"of {len(group.tasks)} tasks together, no paired test"
            yield from _wrapped(f"{group.name}, {variant}: {formatting.group_words(group)} ({of})", "")
        yield from _together(ranked)


def _together(ranked: Ranking) -> Iterator[str]:
    lines = ranked.over_all()
    if not lines:
        return
    yield f"{ABOUT_ALL.title}: mean difference, in points of each task's scale"
    yield from _pair_table([pair for pair, _ in lines], ABOUT_ALL)
    for _, decisions in lines:
        for decision in decisions:
            yield from _wrapped(decision.words, "  ")
    yield ""


def _warning(warnings: Mapping[str, str], task: str) -> Iterator[str]:
    """No verdict is told without what its judge's trust card warns of."""
    if warnings.get(task):
        yield from _wrapped(clean(judge_warnings.named(warnings[task])), "  ")


def _score(score: Score | None, task: TaskRecord) -> list[str]:
    if score is None:
        return ["not run", "", "", ""]
    if score.estimate is None:
        return ["none", "", "", score.why_none]
    e, pair = score.estimate, score.comparison
    words = [formatting.score(e.mean, task), interval(e.low, e.high, task)]
    if pair is None:
        return [*words, "", ""]
    return [*words, formatting.difference(pair, task), formatting.verdict(pair, task, named=True)]


def _smallest_effects(scores: Sequence[Score], task: TaskRecord) -> Iterator[str]:
    """What the task can show at its size, from the discordance or the spread that was seen."""
    pairs = [score.comparison for score in scores if score.comparison]
    seen = [pair.difference.smallest_effect for pair in pairs]
    effects = sorted(effect for effect in seen if effect is not None)
    if not effects:
        return
    size = max(pair.difference.n for pair in pairs)
    ends = dict.fromkeys(formatting.score(effect, task) for effect in (effects[0], effects[-1]))
    least = " to ".join(ends)
    how = f"paired differences, p after Holm over {counted(pairs[0].family, 'pair')}"
    yield from _wrapped(f"{how}; {size} items show a difference of {least} with 80 % power", "  ")


def two_variants(overview: Overview) -> Iterator[str]:
    tasks = tasks_of([score.cell for score in overview.scores])
    first = overview.comparisons[0]
    yield f"{first.a} against {first.b}"
    for comparison in overview.comparisons:
        yield ""
        for score in overview.scores:
            if score.cell.task == comparison.task and score.remarks:
                yield from _wrapped(f"{score.cell.variant}: {', '.join(score.remarks)}", "")
        yield from _comparison(comparison, tasks[comparison.task])
        yield from _warning(overview.warnings, comparison.task)
    for comparison in overview.over_all:
        yield ""
        yield from _comparison(comparison, ABOUT_ALL)
    for decision in overview.decisions:
        yield ""
        yield from _wrapped(decision.words, "")


def _comparison(pair: Comparison, task: TaskRecord) -> Iterator[str]:
    d = pair.difference
    yield from _wrapped(f"{pair.task} ({clean(pair.headline)}, {unit(task)}): {_verdict(pair, task)}", "")
    lines = [
        f"{pair.a} {formatting.score(d.mean_a, task)}, {pair.b} {formatting.score(d.mean_b, task)}: difference "
        f"{formatting.difference(pair, task)}, 95 % interval {formatting.difference_interval(pair, task)}",
        f"{_p(pair)}; {d.test}; interval by {d.interval}",
        _paired(pair),
    ]
    if pair.other_side:
        own = pair.turned()
        words = formatting.verdict(own, task, named=True)
        lines.append(f"elsewhere this pair is told from the other side: {own.a} {words}")
    if d.low == d.high and d.n > 1:
        lines.append(
            "every item has the same difference: the interval has no width and tells of these items alone"
        )
    if pair.left_out:
        why = ", ".join(f"{why}: {n:,}" for why, n in pair.left_out_why.items())
        lines.append(f"left out: {counted(pair.left_out, 'item')} ({why})")
    if pair.lacks:
        lines.append(f"paired by sample_id; the source does not tell the {', the '.join(pair.lacks)}")
    lines.append(_power(pair, task))
    for line in lines:
        yield from _wrapped(line, "  ")


def _verdict(pair: Comparison, task: TaskRecord) -> str:
    if pair.verdict == Verdict.NO_WORSE or pair.difference.margin is None:
        return formatting.verdict(pair, task)
    return f"{pair.verdict} (margin {formatting.margin(pair.difference.margin, task)})"


def _p(pair: Comparison) -> str:
    p, error = _small(pair.difference.p), pair.difference.p_error
    if pair.difference.p_made == "draws" and error:
        p += f" \N{PLUS-MINUS SIGN} {error:.1g}"
    if pair.correction == "none":
        return f"{p}, not corrected"
    if pair.family == 1:
        return p
    return f"{p}, adjusted {_small(pair.adjusted_p).removeprefix('p = ')} ({_correction(pair)})"


def _correction(pair: Comparison) -> str:
    return f"{CORRECTIONS[pair.correction]} over {counted(pair.family, 'pair')}"


def _small(p: float) -> str:
    return f"p = {p:.1e}" if 0.0 < p < 0.001 else probability(p)


def _paired(pair: Comparison) -> str:
    d = pair.difference
    words = f"{counted(d.n, 'item')} paired"
    if d.clusters < d.n:
        words += f" in {d.clusters:,} clusters"
    if pair.both_and_neither:
        both, neither = pair.both_and_neither
        words += f": {pair.a} alone right on {d.only_a:,}, {pair.b} alone on {d.only_b:,}, "
        words += f"both on {both:,}, neither on {neither:,}"
    elif pair.higher:
        a, b = pair.higher
        words += f": {pair.a} higher on {a:,}, {pair.b} on {b:,}, equal on {d.n - a - b:,}"
    return words


def _power(pair: Comparison, task: TaskRecord) -> str:
    if pair.difference.planned is not None:
        return f"{formatting.after(pair)}; p and interval hold at any number of looks, and are no figures of all items"
    d, items = pair.difference, f"{pair.difference.n:,} such {'item' if pair.difference.n == 1 else 'items'}"
    if d.smallest_effect is None and d.difference == d.se == 0.0:
        words = f"all {d.n:,} items were scored alike: no difference was seen"
        if d.margin is not None:
            ruled = "ruled out" if pair.verdict == Verdict.NO_WORSE else "not ruled out by so few"
            words += f", and a loss of {formatting.margin(d.margin, task)} is {ruled}"
    elif d.smallest_effect is None and d.se == 0.0:
        words = f"all {d.n:,} items differ alike: without a spread nothing says what else so many would show"
    elif d.smallest_effect is None:
        words = f"{items} can show no difference: too few of them differ"
    else:
        words = f"{items} show a difference of {formatting.score(d.smallest_effect, task)} with 80 % power"
    if d.items_needed is not None:
        words += f"; one of {formatting.score(abs(d.difference), task)} needs {d.items_needed:,}"
    return words


def every_pair(overview: Overview) -> Iterator[str]:
    """For each task the variants with ranks and letters, then the pairs."""
    tasks = tasks_of([score.cell for score in overview.scores])
    for task, pairs in overview.pairs.items():
        yield f"{task}: {clean(tasks[task].headline)}, {unit(tasks[task])}"
        scores = [score for score in overview.scores if score.cell.task == task]
        yield from _standings(scores, pairs, tasks[task])
        yield ""
        yield from _pairs([*pairs.family.comparisons.values()], tasks[task])
        yield from _warning(overview.warnings, task)
        refused = pairs.family.refused
        if refused:
            named = []
            for (a, b), why in islice(refused.items(), 3):
                named.append(f"{a} and {b}: {why}")
            if len(refused) > 3:
                named.append(f"and {len(refused) - 3:,} more")
            if "they differ in" in " ".join(refused.values()):
                named.append(APART)
            yield from _wrapped(f"not compared, {len(refused):,} of the pairs: {'; '.join(named)}", "  ")
        yield ""
    if overview.over_all:
        yield f"{ALL}: mean difference, in points of each task's scale"
        yield from _pairs(overview.over_all, ABOUT_ALL)
        yield ""
    for decision in overview.decisions:
        yield from _wrapped(decision.words, "")


def _standings(scores: Sequence[Score], pairs: TaskPairs, task: TaskRecord) -> Iterator[str]:
    rows, notes = [], {}
    for score in scores:
        name, e = score.cell.variant, score.estimate
        notes[name] = ", ".join(score.remarks)
        if e is None:
            rows.append([name, "none", "", "", "", score.why_none])
            continue
        error = formatting.standard_error(e.se, task) or "none"
        ranks = f"{_rank(name, pairs)} {pairs.letters.get(name, '')}".strip()
        mean, bounds = formatting.score(e.mean, task), interval(e.low, e.high, task)
        rows.append([name, mean, error, bounds, f"{e.n:,}", ranks])
    last = "rank, letters" if pairs.letters else "rank"
    yield from columns(["variant", "score", "s.e.", "95 % interval", "n", last], rows, left={5}, notes=notes)


def _rank(name: str, pairs: TaskPairs) -> str:
    rank = pairs.ranks.get(name)
    if rank is None:
        return ""
    return f"{rank.best}" if rank.best == rank.worst else f"{rank.best}-{rank.worst}"


def _pairs(comparisons: Sequence[Comparison], task: TaskRecord) -> Iterator[str]:
    if not comparisons:
        return
    how = _correction(comparisons[0])
    if len(comparisons) <= MOST_PAIRS:
        yield from _pair_table(comparisons, task)
        yield from _wrapped(f"p after {how}; intervals one by one", "  ")
    else:
        shown = sum(pair.adjusted_p <= pair.difference.alpha for pair in comparisons)
        yield from _wrapped(
            f"{shown:,} of {len(comparisons):,} differences are shown ({how}); --json tells each, "
            "'proctor compare A B' one in words", "  ",
        )  # fmt: skip
    lacks: dict[str, None] = {}
    for pair in comparisons:
        lacks |= dict.fromkeys(pair.lacks)
    if lacks:
        yield from _wrapped(f"paired by sample_id; the source does not tell the {', the '.join(lacks)}", "  ")


def _pair_table(comparisons: Sequence[Comparison], task: TaskRecord) -> Iterator[str]:
    rows = []
    for pair in comparisons:
        p = _small(pair.adjusted_p).removeprefix("p = ").removeprefix("p ")
        difference, bounds = formatting.difference(pair, task), formatting.difference_interval(pair, task)
        rows.append([f"{pair.a} against {pair.b}", difference, bounds, p, formatting.verdict(pair, task)])
    yield from columns(["pair", "difference", "95 % interval", "p", "verdict"], rows, left={4})


def size_lines(plan: SizePlan) -> Iterator[str]:
    """How many items, by what was seen against each other variant."""
    task, percent = plan.cell.run.task, f"{100 * plan.power:g} %"
    mean, effect = formatting.score(plan.mean, task), formatting.score(plan.effect, task)
    yield from _wrapped(
        f"{plan.cell.variant} x {plan.cell.task}: {mean} {unit(task)} of {plan.n:,} items; "
        f"to show a difference of {effect} with {percent} power (alpha 0.05, two-sided, paired):", "",
    )  # fmt: skip
    rows = []
    for guess in plan.guesses:
        smallest = "none"
        if guess.smallest is not None:
            smallest = formatting.score(guess.smallest, task)
        row = [guess.name, guess.assumed, f"{guess.items:,}", smallest]
        if guess.planned is not None:
            row += [f"{guess.planned:,}", f"{guess.expected:,}"]
        rows.append(row)
    header = ["if it differs from the baseline as", "assumed", "items", f"{plan.n:,} show"]
    if plan.guesses[0].planned is not None:
        header += ["planned", "asked"]
    yield from columns(header, rows, left={1})
    if plan.guesses[0].planned is not None:
        words = "planned and asked (in the mean): by a run until decided, with the same power"
        yield from _wrapped(words, "  ")


def columns(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: set[int],
    notes: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Aligned lines, the first column on the left. A name too long has its own line, and the last words go on below."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    room = WIDTH - 2 - sum(widths[1:-1]) - 2 * (len(header) - 1)
    last = min(widths[-1], LAST)
    widths[0] = max(8, min(widths[0], room - last))
    widths[-1] = max(last, min(widths[-1], room - widths[0]))
    start = WIDTH - room + widths[0]
    for row in lines:
        first_words, *more_words = _folded(row[-1], widths[-1])
        cells = []
        for place, (text, width) in enumerate(zip([*row[:-1], first_words], widths, strict=True)):
            if place == 0 or place in left:
                cells.append(text.ljust(width))
            else:
                cells.append(text.rjust(width))
        if len(row[0]) > widths[0]:
            yield f"  {row[0]}"
            cells[0] = " " * widths[0]
        yield ("  " + "  ".join(cells)).rstrip()
        for words in more_words:
            yield " " * min(start, WIDTH - len(words)) + words
        note = (notes or {}).get(row[0])
        if note:
            yield from _wrapped(note, "    ")


def _folded(text: str, width: int) -> list[str]:
    """In as many lines as it takes; what is said in brackets stays in one piece."""
    if len(text) <= width:
        return [text]
    words, bracket, rest = text.partition(" (")
    lines = textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)
    if bracket:
        lines.append(f"({rest}")
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def clean(text: str) -> str:
    """Titles of imported tasks come from files: nothing in them may move the cursor."""
    return "".join(character if character.isprintable() else "?" for character in text)
