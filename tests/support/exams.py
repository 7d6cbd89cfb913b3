"""Exams as real PDFs, made with reportlab: columns, option layouts, Chinese and English."""

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
MARGIN, GUTTER, SIZE = 50, 24, 11
pdfmetrics.registerFont(UnicodeCIDFont("MSung-Light"))


def exam(
    path: Path, pages: Sequence[Sequence[str]], columns: int = 1, head: str = "", shuffled: bool = False
) -> Path:
    """Each page is its lines: '' leaves a gap, '= ' goes across the columns, a tab jumps to the next quarter of the
    column. `shuffled` writes the lines in another order than they stand in.
    """
    canvas = Canvas(str(path), pagesize=A4)
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GUTTER) / columns
    for number, lines in enumerate(pages, 1):
        top = HEIGHT - MARGIN
        marks: list[tuple[float, float, str]] = []
        if head:
            marks.append((MARGIN, top, f"{head} {number}"))
            marks.append((WIDTH / 2, MARGIN - 20, f"- {number} -"))
            top -= 30
        while lines and lines[0].startswith("= "):
            marks.append((MARGIN, top, lines[0][2:]))
            lines, top = lines[1:], top - 1.4 * SIZE
        column, y = 0, top - 10
        for line in lines:
            if line == "|" or y < MARGIN + 10:
                column, y = column + 1, top - 10
                if line == "|":
                    continue
            if not line:
                y -= 0.9 * SIZE
                continue
            left = MARGIN + column * (width + GUTTER)
            if "\t" in line:
                for at, part in enumerate(line.split("\t")):
                    marks.append((left + at * width / 4, y, part))
                y -= 1.4 * SIZE
                continue
            for piece in _wrapped(line, width):
                marks.append((left, y, piece))
                y -= 1.4 * SIZE
        for x, y, text in sorted(marks, key=lambda mark: (-mark[1], mark[0])) if shuffled else marks:
            canvas.setFont("MSung-Light" if not text.isascii() else "Helvetica", SIZE)
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return path


def scan(path: Path) -> Path:
    """A page of nothing but a drawing."""
    canvas = Canvas(str(path), pagesize=A4)
    canvas.rect(100, 100, 300, 500, fill=1)
    canvas.showPage()
    canvas.save()
    return path


def _wrapped(line: str, width: float) -> list[str]:
    if line.isascii():
        return list(simpleSplit(line, "Helvetica", SIZE, width))
    pieces, piece = [], ""
    for sign in line:
        if pdfmetrics.stringWidth(piece + sign, "MSung-Light", SIZE) > width:
            whole, _, word = piece.rpartition(" ") if sign.isascii() and sign.isalpha() else (piece, "", "")
            pieces.append(whole)
            piece = word
        piece += sign
    return [*pieces, piece]
