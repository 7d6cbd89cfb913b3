"""Text from outside made harmless: seen as text in a page, in Markdown, in LaTeX and in a table for spreadsheets.

Names, prompts and answers may hold anything. Knows no page and no table.
"""

import json
import re
import unicodedata
from itertools import pairwise
from typing import Any

# Characters that would act instead of being seen: controls, marks that turn the direction of a text, and letters
# without a shape, in which a text can be hidden. Joiners and variation selectors stay: scripts and emoji need them.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028\u2029\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
LONGEST = 300  # letters of a name or a title that stand in a table

FORMULA = "=+-@＝＋－＠"
SEMICOLON = re.compile(rf"(;[\s\"']*)(?=[{FORMULA}])")  # where a comma is the decimal sign, it ends a cell
MARKDOWN = re.compile(r"([\\`*_\[\]#|~$])")
LINKED = re.compile(r":(?=//)|(?<=mailto):|(?<=xmpp):|(?<=www)\.|@", re.IGNORECASE)
LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "−": "$-$", "×": r"$\times$", "±": r"$\pm$", "≈": r"$\approx$",
    "≤": r"$\leq$", "–": "--", "—": "---", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`", "’": "'",
    "\"": "''", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}",
    "œ": r"\oe{}", "Œ": r"\OE{}", "å": r"\aa{}", "Å": r"\AA{}", "°": r"$^\circ$", "⟨": r"$\langle$", "⟩": r"$\rangle$",
    "\u00a0": "~", "`": "`{}", "[": "{[}", "]": "{]}",
}  # fmt: skip
ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=", "\u0306": r"\u",
    "\u0307": r"\.", "\u0308": r"\"", "\u030a": r"\r", "\u030b": r"\H", "\u030c": r"\v", "\u0327": r"\c",
}  # fmt: skip


def visible(text: str) -> str:
    """The same text with every character that could not be seen written as its code point."""
    if text.isascii() and text.replace("\n", "").isprintable():  # nearly all texts of a board
        return text
    return UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def line(text: str) -> str:
    """On one line, and not so long that a table breaks."""
    seen = " ".join(visible(text).split())
    return seen if len(seen) <= LONGEST else seen[:LONGEST] + "…"


def markdown(text: str) -> str:
    """A cell, or what follows a first word of ours: no emphasis, link, mention, HTML or end of a cell comes of it."""
    seen = MARKDOWN.sub(r"\\\1", line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return LINKED.sub(lambda found: f"&#{ord(found[0])};", seen)


def latex(text: str) -> str:
    """What pdfLaTeX sets as it stands; a letter that its standard fonts lack is named by its code point."""
    seen = line(text)
    # Two hyphens would be set as a dash, three as a longer one.
    return "".join(
        "{}" * (before == letter == "-") + _latex(letter) for before, letter in pairwise(f" {seen}")
    )


def _latex(letter: str) -> str:
    if letter in LATEX:
        return LATEX[letter]
    if letter.isascii():
        return letter
    decomposed = unicodedata.normalize("NFD", letter)
    base, marks = decomposed[0], decomposed[1:]
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in ACCENTS:
        return f"{ACCENTS[marks[0]]}{{{base}}}"
    return rf"\texttt{{U+{ord(letter):04X}}}"


def cell(text: str) -> str:
    """A cell of text that no spreadsheet takes for a formula. Quotes and commas are the CSV writer's."""
    seen = SEMICOLON.sub(r"\1'", line(text))
    return f"'{seen}" if seen.startswith(tuple(FORMULA)) else seen


_SCRIPT = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))


def script(value: Any) -> str:
    """A value for a script: plain ASCII with `<` escaped, so that no text in it can end the script."""
    return _SCRIPT.encode(value).replace("<", "\\u003c")
