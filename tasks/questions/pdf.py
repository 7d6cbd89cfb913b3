"""The text of a PDF in reading order: lines from where the characters stand, columns one after the other.

    pages = read_pages(Path("exam.pdf"))     # one text a page; an empty line where the print leaves a gap

Needs pypdfium2 (the extra `collect`). A scan has no text and is refused.
"""

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.tasks.questions.reading import begins_label, begins_question, index_of_mark
from proctor.tasks.text import CHINESE

_LEAST = 20  # characters of a PDF with text
_EDGE = 0.08  # of the page: where running heads and page numbers stand
_RADICALS = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff]")  # look like characters, and are others
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|p\.|第)?\W*[0-9]{1,3}\W*(?:頁)?\W*(?:(?:of|/|共)\W*[0-9]{1,3}\W*頁?)?\W*", re.I
)


@dataclass(frozen=True)
class Piece:
    """Characters that stand side by side on one line. y grows upwards."""

    left: float
    bottom: float
    right: float
    top: float
    text: str

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def beside(self, other: "Piece") -> bool:
        """Whether both stand on one line."""
        shared = min(self.top, other.top) - max(self.bottom, other.bottom)
        return shared > 0.4 * min(self.height, other.height)


def read_pages(path: Path) -> list[str]:
    """The text of each page. A file that is no PDF, is locked or has no text is refused by its name."""
    try:
        import pypdfium2
    except ImportError:
        raise Refusal(
            "pypdfium2 is not installed", "PDFs are read with it", "pip install 'proctor[collect]'"
        ) from None
    try:
        document = pypdfium2.PdfDocument(path)
    except FileNotFoundError:
        raise Refusal("no such file", where=path) from None
    except pypdfium2.PdfiumError as broken:
        if "password" in str(broken).lower():
            raise Refusal("the PDF is locked", str(broken), "save it without a password", path) from None
        raise Refusal("not readable as a PDF", str(broken), where=path) from None
    pages, text = [], ""
    try:
        for page in document:
            pages.append(_lines(_pieces(page), page.get_width()))
            text += "".join(line.text for line in pages[-1])
    finally:
        document.close()
    if len(text) < _LEAST:
        raise Refusal(
            "a scan: it has no text", "only its pictures of pages can be seen", "run an OCR on it first", path
        )
    signs = Counter(map(unicodedata.category, text))
    if signs["Co"] + signs["Cn"] + signs["Cc"] > 0.2 * len(text):
        why = "its fonts do not say which characters they show"
        raise Refusal(why, "the text is not readable", "run an OCR on it", path)
    return ["\n".join(_with_gaps(lines)) for lines in _without_edges(pages)]


def _pieces(page: Any) -> list[Piece]:
    """The pieces of a page, in the order in which they were written."""
    from pypdfium2 import raw

    text_page = page.get_textpage()
    pieces: list[Piece] = []
    spaced = False
    for index in range(text_page.count_chars()):
        code = raw.FPDFText_GetUnicode(text_page.raw, index)
        sign = "\ufffd"
        if code < 0x110000:
            sign = chr(code)
        if sign.isspace() or code == 0 or code == 0xFFFE:
            spaced = True
            continue
        if _RADICALS.match(sign):
            sign = unicodedata.normalize("NFKC", sign)
        left, bottom, right, top = text_page.get_charbox(index, loose=True)
        piece = Piece(left, bottom, right, top, sign)
        if pieces and pieces[-1].beside(piece):
            gap = left - pieces[-1].right
            if -0.5 * piece.height < gap < 0.8 * piece.height:
                piece = _joined(pieces.pop(), piece, gap, spaced)
        pieces.append(piece)
        spaced = False
    return [piece for piece in pieces if piece.height > 0]


def _joined(first: Piece, second: Piece, gap: float, spaced: bool = False) -> Piece:
    """One piece of two. Some fonts say that a letter is wider than it is, so a space of the text counts as well."""
    size = min(first.height, second.height)
    chinese = bool(CHINESE.match(first.text[-1]) and CHINESE.match(second.text[0]))
    space, widest = "", 0.15 * size
    if chinese:
        widest = 0.6 * size
    if gap > widest or (spaced and not chinese):
        space = " "
    return Piece(
        min(first.left, second.left), min(first.bottom, second.bottom),
        max(first.right, second.right), max(first.top, second.top), first.text + space + second.text,
    )  # fmt: skip


def _lines(pieces: Sequence[Piece], width: float) -> list[Piece]:
    """The lines of a page in reading order; what goes across both columns stands between what is above and below."""
    gutter = _gutter(pieces, width)
    if gutter is None:
        return _rows(pieces)
    lines: list[Piece] = []
    left: list[Piece] = []
    right: list[Piece] = []
    for row in _grouped(pieces):
        before, across, behind = _sides(row, gutter)
        if across:
            lines += _rows(left) + _rows(right) + _rows(row)
            left, right = [], []
        else:
            left += before
            right += behind
    return lines + _rows(left) + _rows(right)


def _sides(pieces: Sequence[Piece], x: float) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """Those before a line down the page, across it, and behind it."""
    before, across, behind = list[Piece](), list[Piece](), list[Piece]()
    for piece in pieces:
        if piece.right <= x:
            before.append(piece)
        elif piece.left >= x:
            behind.append(piece)
        else:
            across.append(piece)
    return before, across, behind


def _rows(pieces: Sequence[Piece]) -> list[Piece]:
    """Each line as one piece, from the top."""
    lines = []
    for row in _grouped(pieces):
        line, *others = sorted(row, key=lambda piece: piece.left)
        for piece in others:
            line = _joined(line, replace(piece, text=f"  {piece.text}"), 0.0)
        lines.append(line)
    return lines


def _grouped(pieces: Sequence[Piece]) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -(piece.top + piece.bottom)):
        if rows and max(rows[-1], key=lambda other: other.height).beside(piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _gutter(pieces: Sequence[Piece], width: float) -> float | None:
    """Where the page is parted into two columns: a line near the middle that hardly any row crosses."""
    if len(pieces) < 8:
        return None
    crossing: dict[float, int] = {}
    for percent in range(35, 66):
        x = width * percent / 100
        crossing[x] = sum(piece.left - 1 < x < piece.right + 1 for piece in pieces)
    gutter = min(crossing, key=lambda x: (crossing[x], abs(x - width / 2)))
    left, _, right = _sides(pieces, gutter)
    before, after = _rows(left), _rows(right)
    most = 0.0
    if len(after) >= 4:
        most = 0.2 * len(before)
    if not before or not after or crossing[gutter] > most:
        return None
    # Options that stand side by side leave a gap too: to its right stand B and D, or C and D, and nothing else.
    if any(index_of_mark(line.text) == 0 or begins_question(line.text) for line in after):
        return gutter
    beside = 0
    for row in _grouped(pieces):
        first, *others = sorted(row, key=lambda piece: piece.left)
        later = [piece for piece in others if piece.left >= gutter and index_of_mark(piece.text) is not None]
        beside += bool(later) and index_of_mark(first.text) is not None
    if beside > 0.5 * len(after):
        return None
    return gutter


def _without_edges(pages: Sequence[Sequence[Piece]]) -> list[list[Piece]]:
    """Without page numbers, and without what stands at the edge of several pages."""
    names = list(map(_names_at_edge, pages))
    on_pages = Counter[str]()
    for of_page in names:
        on_pages.update(set(filter(None, of_page)))
    kept: list[list[Piece]] = []
    for lines, of_page in zip(pages, names, strict=True):
        kept.append([])
        for line, name in zip(lines, of_page, strict=True):
            if not _is_edge(line, on_pages[name]):
                kept[-1].append(line)
    return kept


def _names_at_edge(lines: Sequence[Piece]) -> list[str]:
    """For each line at the edge of the page its text, whatever its numbers are; for the others nothing."""
    if not lines:
        return []
    highest = max(lines, key=lambda line: line.top).top
    lowest = min(lines, key=lambda line: line.bottom).bottom
    rim, names = _EDGE * (highest - lowest), []
    for line in lines:
        inside = line.top <= highest - rim and line.bottom >= lowest + rim
        names.append("" if inside else re.sub(r"[0-9]+", "#", line.text))
    return names


def _is_edge(line: Piece, pages: int) -> bool:
    """`pages`: on how many pages it stands at the edge."""
    text = line.text
    if pages == 0 or index_of_mark(text) is not None or begins_question(text) or begins_label(text):
        return False
    return pages > 1 or bool(_PAGE_NUMBER.fullmatch(text))


def _with_gaps(lines: Sequence[Piece]) -> list[str]:
    """The lines as text, with an empty one where the print leaves more room than it does between most lines."""
    gaps = [above.bottom - below.top for above, below in pairwise(lines)]
    usual = statistics.median([gap for gap in gaps if gap > -5] or [0.0])
    text: list[str] = []
    for at, line in enumerate(lines):
        if at and gaps[at - 1] > usual + 0.55 * line.height:
            text.append("")
        text.append(line.text)
    return text
