"""Which rows have responses that do not depend on the item: empty, all but equal, or one text with words put in.

Such a row can stand first, for a judge or a metric may give scores to the form alone. It is flagged wherever it stands,
and is never one to publish. What counts is the whole response, not the answer that was read from it: the right answers
of a task may be few.

    why_flagged(cell)          # "12 of 12 items got the same response", or ""
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

import pandas as pd

from proctor.harness import record

COLUMNS = ["sample_id", "epoch", "response", "prompt", "target", "status"]
FEWEST = (
    10  # items; of fewer, equal responses can be chance, unless the right ones are free texts or differ much
)
FEW, DIFFERENT = 3, 3  # so many items are enough where the right responses are free texts or of so many kinds
OTHERS = 10  # one item in so many may be different
FIRST, BEGINNING = 6, 100  # words that tell most responses apart, and characters that mostly hold them
FRAME = 12  # words of a text that are not the items' own; fewer are a phrase around an answer
FRAMED = 400  # characters that mostly hold so many

_WORD = re.compile(r"[^\W\d_]+")
_CODES = re.compile(r"[a-z0-9]*[0-9][a-z0-9]*")  # numbers, and codes that hold some
# Stops, the marks of Markdown, and signs beyond ASCII such as emoji and spaces without a width.
_STOPS = re.compile(  # one class in front: where none of it stands, `re` looks no further
    r"[.,!?*_#`~|\x80-\U0010ffff](?:(?<=[*_#`~|])|(?<=[.,!?])(?![0-9])|(?<=[^\w\s\x00-\x7f]))"
)
_DIGITS = re.compile(r"[0-9]+")
_known: dict[tuple[Path, str], str] = {}


def why_flagged(cell: record.Cell, rows: pd.DataFrame | None = None) -> str:
    """In words; '' for a row whose responses are as they should be. Found once for each state of the rows, which are
    read where they are not given."""
    key = (cell.folder, cell.run.samples_sha256)
    if key not in _known:
        _known[key] = _why(cell, cell.rows(COLUMNS) if rows is None else rows)
    return _known[key]


def know(cell: record.Cell, why: str) -> None:
    """What another process found."""
    _known[cell.folder, cell.run.samples_sha256] = why


def _why(cell: record.Cell, rows: pd.DataFrame) -> str:
    rows = rows[rows["status"] != "error"]
    responses, free_text = _by_item(rows, "response"), cell.run.task.kind == "real"
    targets = rows["target"].nunique()
    if len(responses) < FEW:
        return ""
    empty = int(rows["response"].map(_is_empty).sum())
    origin = cell.run.origin
    if empty == len(rows) and origin and not origin.responses:
        return ""  # the source tells no responses
    if 2 * empty >= len(rows):
        return f"{empty:,} of {len(rows):,} responses are empty"
    if len(responses) < FEWEST and not free_text and targets < DIFFERENT:
        return ""
    same = _alike(responses, _first_words, _words)
    if same and not _is_right(rows[rows["target"] != ""], _words(rows["response"].mode()[0])):
        return f"{same:,} of {len(responses):,} items got the same response"
    if len(responses) < FEWEST:
        return ""
    counted = _counted(rows, responses)
    if counted:
        return f"{counted:,} of {len(responses):,} items got the same response, with a number that only counts on"
    shared, texts = _shared(responses)
    if shared and (free_text or texts < targets):
        return f"{shared:,} of {len(responses):,} items got one of {texts} responses"
    if free_text:  # elsewhere a phrase around the right answer is all that is asked for
        own = _own_words(tuple(rows["prompt"].unique()))
        framed = _alike(responses, partial(_first_of_frame, own=own), partial(_frame, own=own))
        if framed:
            return f"{framed:,} of {len(responses):,} items got one text with words and numbers of the item put in"
    return ""


def _words(text: str) -> str:
    """The text without what changes no word of it: case, spaces, stops, marks, emoji; of signs, each once."""
    return " ".join(_STOPS.sub(" ", text.casefold()).split()) or "".join(dict.fromkeys(text.strip()))


def _is_empty(response: str) -> bool:
    """Also where it holds characters that nobody sees."""
    return not any(char.isprintable() and not char.isspace() for char in response)


def _shared(responses: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """How many items got a text that another item got too, where these are nearly all items, and how many texts.

    Whole texts: a phrase around an answer may well be the same for two items.
    """
    shared = 0, 0
    for reduced in (_first_words, _words):  # most rows end at the first words, which take a tenth of the time
        items_by_text: dict[str, set[str]] = {}
        for item, each in responses.items():
            for text in set(map(reduced, each)):
                if reduced is _first_words or len(text.split()) >= FRAME:
                    items_by_text.setdefault(text, set()).add(item)
        again = {text: items for text, items in items_by_text.items() if len(items) > 1}
        items = set().union(*again.values())
        if len(responses) - len(items) > len(responses) // OTHERS:
            return 0, 0
        shared = len(items), len(again)
    return shared


def _first_words(text: str) -> str:
    """The first few of `_words`: read from the beginning alone where it holds one more, which may be cut."""
    words = _words(text[:BEGINNING]).split()
    if len(words) <= FIRST:
        words = _words(text).split()
    return " ".join(words[:FIRST])


def _is_right(rows: pd.DataFrame, response: str) -> bool:
    """Do nearly all items have one right answer, and does the response hold it? Then responses may well be equal."""
    if rows.empty or not _alike(_by_item(rows, "target"), str):
        return False
    return f" {_words(rows['target'].mode()[0])} " in f" {response} "


def _counted(rows: pd.DataFrame, responses: Mapping[str, Sequence[str]]) -> int:
    """How many items have one text but for numbers that count on. 'The answer is 18' of an honest row differs so too:
    its numbers rise and fall with the items, or are the right ones."""
    same = _alike(responses, lambda text: _DIGITS.sub("#", _first_words(text)), _without_numbers)
    if not same:
        return 0
    firsts = {item: each[0] for item, each in responses.items()}
    frame = Counter(map(_without_numbers, firsts.values())).most_common(1)[0][0]
    found, right = [], 0
    targets = rows.drop_duplicates("sample_id").set_index("sample_id")["target"]
    for item, response in firsts.items():
        if _without_numbers(response) == frame:
            numbers = _DIGITS.findall(response)
            found.append(list(map(float, numbers)))
            right += bool(numbers) and _DIGITS.findall(targets[item])[-1:] == numbers[-1:]
    columns = [column for column in zip(*found, strict=True) if len(set(column)) > 1]
    if not columns or OTHERS * right > same:
        return 0
    return same if all(map(_is_counter, columns)) else 0


def _without_numbers(text: str) -> str:
    return _DIGITS.sub("#", _words(text))


def _is_counter(values: Sequence[float]) -> bool:
    """Nearly all different, and rising from item to item or filling a range."""
    allowed = len(values) // OTHERS
    falls = sum(after <= before for before, after in pairwise(values))
    fills = max(values) - min(values) < len(values) + allowed
    return len(values) - len(set(values)) <= allowed and (falls <= allowed or fills)


def _by_item(rows: pd.DataFrame, column: str) -> dict[str, list[str]]:
    by_item: dict[str, list[str]] = {}  # pandas' groupby takes several times as long for it
    for item, value in zip(rows["sample_id"].tolist(), rows[column].tolist(), strict=True):
        by_item.setdefault(item, []).append(value)
    return by_item


def _alike(responses: Mapping[str, Sequence[str]], *reductions: Callable[[str], str | None]) -> int:
    """How many items have the commonest response and no other, where these are nearly all items; else 0.

    By the last of the reductions. What it makes alike those before it make alike too, from less of the text.
    """
    alike = 0
    for reduced in reductions:
        alike = _alike_by(responses, reduced)
        if not alike:
            return 0
    return alike


def _alike_by(responses: Mapping[str, Sequence[str]], reduced: Callable[[str], str | None]) -> int:
    counts: Counter[str] = Counter()
    others, allowed = 0, len(responses) // OTHERS
    for each in responses.values():
        kinds = {reduced(response) for response in each}
        kind = kinds.pop()
        if kinds or kind is None:
            others += 1
        else:
            counts[kind] += 1
        if others + len(counts) - 1 > allowed:
            return 0  # whichever is the commonest, too many are not: most rows end here
    most = max(counts.values(), default=0)
    return 0 if len(responses) - most > allowed else most


@lru_cache(maxsize=8)  # the rows of one task have the same prompts
def _own_words(prompts: tuple[str, ...]) -> frozenset[str]:
    """Words that stand in some prompts and not in all: those of the items, not those of the wording around them."""
    words = [set(_WORD.findall(prompt.casefold())) for prompt in prompts]
    return frozenset().union(*words) - set.intersection(*words)


def _frame(text: str, own: Collection[str]) -> str | None:
    """A response without numbers and without the items' own words; None where that leaves next to nothing."""
    left = _left(text, own)
    return None if len(left) < FRAME else " ".join(left)


def _first_of_frame(text: str, own: Collection[str]) -> str | None:
    """The first words of `_frame`, read as `_first_words` are."""
    left = _left(text[:FRAMED], own)
    if len(left) <= FRAME:
        left = _left(text, own)
    return None if len(left) < FRAME else " ".join(left[:FRAME])


def _left(text: str, own: Collection[str]) -> list[str]:
    return [word for word in _WORD.findall(_CODES.sub(" ", text.casefold())) if word not in own]
