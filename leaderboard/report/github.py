"""A report as one comment for a merge request: the verdict, the table, and the changed answers folded below.

GitHub takes 65,536 characters. What does not fit is left out from the end, and the comment says how much.
"""

from collections.abc import Sequence

from proctor.common import counted
from proctor.common.stats import Verdict
from proctor.leaderboard.board import escape
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.report.changed import ChangedAnswers
from proctor.leaderboard.report.tables import WORST_FIRST, ComparisonReport, ReportLine, TaskTable

MARKER = "<!-- proctor report -->"  # by which the action finds its own comment again
LONGEST = 65_536
NAMED = 8  # pairs that a verdict names; of more it says the number
TEXT = 160  # letters of an answer
HEAD = ("Task", "Variant", "Score", "95 % interval", "Difference", "95 % interval", "Verdict", "n")
SIDES = "| :-- | :-- | --: | --: | --: | --: | :-- | --: |"
HEADINGS = dict(zip(WORST_FIRST, ("Worse", "Not shown either way", "No worse", "Better"), strict=True))
WITHOUT = "\n{} left out here for want of room.\n"
Line = tuple[TaskTable, ReportLine]


def render_github(report: ComparisonReport, longest: int = LONGEST) -> str:
    """
    >>> render_github(make(Path("results/demo"), baseline="tiny", with_changed=True)).splitlines()[1]
    '**Better:** tiny-lora than tiny on word_problems'
    """
    lines: list[Line] = []
    for table in report.tables:
        lines += _in_order(table)
    head = f"{MARKER}\n{_verdicts(lines)}\n"
    source = f"\n{escape.markdown(report.source)}\n"
    # Two thirds of the room at most, so that changed answers stand below a long table.
    rows = [_row(_cells(*line)) for line in lines]
    text = head + _cut([_row(HEAD), SIDES], rows, "row", 2 * longest // 3 - len(head) - len(source))
    dropped = 0
    end = len(source) + len(WITHOUT) + 40  # where it is said how many lists are dropped
    for index, changed in enumerate(report.changed):
        folded = _folded(changed, (longest - len(text) - end) // (len(report.changed) - index))
        dropped += not folded
        text += folded
    if dropped:
        text += WITHOUT.format(counted(dropped, "list") + " of changed answers")
    notes = _notes(report)
    if len(text) + len(notes) + len(source) <= longest:
        text += notes
    return text + source


def _in_order(table: TaskTable) -> list[Line]:
    """The leading difference first, then the worst; what is compared with nothing comes last."""
    worst_first = [*WORST_FIRST, None]
    lines = sorted(table.lines, key=lambda line: worst_first.index(line.verdict))
    lines.sort(key=lambda line: line.pair is None or line.pair is not table.leading)
    return [(table, line) for line in lines]


def _verdicts(lines: Sequence[Line]) -> str:
    """A paragraph a verdict, the worst first. What is not shown is never passed over: a loss may hide in it."""
    paragraphs = []
    for verdict, heading in HEADINGS.items():
        named = []
        for table, line in lines:
            if line.pair and line.verdict == verdict and not line.flagged:
                named.append(f"{line.variant} than {line.pair.b} on {table.task}")
        words = "; ".join(named)
        if verdict == Verdict.NOT_SHOWN:
            words = words.replace(" than ", " against ")
        if len(named) > NAMED:
            words = counted(len(named), "pair")
        if named:
            paragraphs.append(f"**{heading}:** {escape.markdown(words)}\n")
    flagged = sum(line.pair is not None and line.flagged for _, line in lines)
    if flagged:
        paragraphs.append(f"**Flagged:** {counted(flagged, 'pair')}; the notes say why.\n")
    apart = [f"{line.variant} on {table.task}" for table, line in lines if line.why_not]
    if apart:
        words = f"{'; '.join(apart)} (why: below)"
        paragraphs.append(f"**Not compared:** {escape.markdown(words)}\n")
    return "\n".join(paragraphs) or "**Nothing was compared.**\n"


def _cells(table: TaskTable, line: ReportLine) -> list[str]:
    _, score, interval, difference, *_, bounds, n = table.row(line)
    verdict = "not compared" if line.why_not else ""
    if line.pair:
        verdict = formatting.verdict(line.pair, table.about, named=True)
    name = f"{line.variant} (flagged)" if line.score.flag else line.variant
    figure = f"{score} {formatting.unit(table.about)}"
    return [table.about.title, name, figure, interval, difference, bounds, verdict, n]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escape.markdown, cells))} |"


def _cut(head: Sequence[str], rows: Sequence[str], name: str, room: int) -> str:
    """As many rows as there is room for, and how many are not among them."""
    text = "\n".join(head) + "\n"
    for index, row in enumerate(rows):
        left_out = WITHOUT.format(counted(len(rows) - index, name))
        if len(text) + len(row) + 1 + len(left_out) > room:
            return text + left_out
        text += f"{row}\n"
    return text


def _folded(changed: ChangedAnswers, room: int) -> str:
    opening = f"\n<details><summary>{escape.markdown(changed.title)}</summary>\n"
    closing = "\n</details>\n"
    head = ["", _row(changed.head), "| :-- | --: | :-- | --: | :-- | --: |"]
    rows = []
    for item, target, *answers in changed.rows():
        rows.append(_row([item, _end(target), *(answer[:TEXT] for answer in answers)]))
    table = _cut(head, rows, "changed answer", room - len(opening) - len(closing))
    folded = opening + table + closing
    return folded if len(folded) <= room else ""


def _end(target: str) -> str:
    """A worked solution ends with its result."""
    return target if len(target) <= TEXT else "…" + target[-TEXT:]


def _notes(report: ComparisonReport) -> str:
    notes = []
    for table in report.tables:
        notes += [f"- {escape.markdown(f'{table.about.title}: {note}')}" for note in table.notes]
    return "\n<details><summary>How this was measured</summary>\n\n" + "\n".join(notes) + "\n\n</details>\n"
