"""Keys of multiple-choice questions: the letter that a few words name, and the lists of keys at the end of an exam.

read_key("(B) On a farm", ["In a town", "On a farm"])     # 'B'
key_list("Answers\n1-3 BCA\n")                           # ('\n\n', {'1': ['B'], '2': ['C'], '3': ['A']})
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from proctor.tasks.text import tidy

LETTERS = "ABCDEFGH"
ROWS = {"circled": "①②③④⑤⑥⑦⑧", "digit": "12345678", "stem": "甲乙丙丁"}
WIDE = {ord("Ａ") + at: letter for at, letter in enumerate(LETTERS)} | {
    ord("１") + at: str(at + 1) for at in range(8)
}
_LETTER = re.compile(
    r"(?<![A-Za-z])(?:([A-HＡ-Ｈ])|[(（]([a-h1-4１-４])[)）]|([①-⑧])|([a-h甲乙丙丁])(?=[).、]|\s*\Z))(?![A-Za-z'’])"
)
_AND_LETTER = re.compile(
    r"[)）.]?\s{0,2}(?:,|、|/|&|and|or|和|及|或|與)\s{0,2}[(（]?([A-HＡ-Ｈ])(?![a-z])[)）]?"
)
_KEYS_WORDS = r"(?:answer[ \t]?keys?|answers|keys|solutions|(?:參考|標準)?(?:答案|解答))"
_KEYS_HEADING = re.compile(
    rf"(?im)^[ \t#*_【\[（(-]{{0,6}}{_KEYS_WORDS}(?:[ \t/]{{1,3}}{_KEYS_WORDS})?"
    r"(?:[^\n0-9]{0,20}$|[】：:*_ \t]{0,6}(?=[0-9]{1,3}[.、．:：)） \-~–～]))"
)
_ONE_KEY = r"[(（]?[ \t]?([A-HＡ-Ｈ①-⑧]|(?<=[(（])[1-4a-h])[ \t]?[)）]?"
_PAIR = re.compile(rf"(?<![0-9])([0-9]{{1,3}})[ \t]{{0,2}}[.、．:：)）]?[ \t]{{0,3}}{_ONE_KEY}(?![A-Za-z])")
_SPAN = re.compile(
    r"([0-9]{1,3})[ \t]?[-~–～至][ \t]?([0-9]{1,3})[.、:：]?((?:[ \t]{0,3}[A-HＡ-Ｈ①-⑧](?![a-z])){2,60})"
)
_ROW = re.compile(
    r"(?m)^(?:題號|No\.?|Question)?[ \t]*((?:[0-9]{1,3}[ \t]+)+[0-9]{1,3})[ \t]*\n\s*"
    r"(?:答案|Answer|Key)?[ \t]*((?:[A-HＡ-Ｈ①-⑧][ \t]*)+)$"
)


def read_key(stated: Any, options: Sequence[str]) -> str:
    """The letter that a key names: 'B', '(B) On a farm', '②', or the option's own words. Two letters are both kept."""
    if isinstance(stated, list):
        return "".join(dict.fromkeys(map(read_key, stated, repeat(options))))
    if not isinstance(stated, str):
        return ""
    words = tidy(stated)
    if words and options[:8].count(words) == 1:
        return LETTERS[options.index(words)]
    found = _LETTER.search(words[:40])
    if not found or found.start() > 12:
        return ""
    letters = [as_letter(next(filter(None, found.groups())))]
    more = _AND_LETTER.match(words, found.end())
    while more:
        letters.append(as_letter(more[1]))
        more = _AND_LETTER.match(words, more.end())
    return "".join(dict.fromkeys(letters))


def as_letter(sign: str) -> str:
    sign = sign.translate(WIDE).upper()
    for row in ROWS.values():
        if sign in row:
            return LETTERS[row.index(sign)]
    return sign


def key_list(text: str) -> tuple[str, dict[str, list[str]]]:
    """The text without its lists of keys, and the keys by number: a number may stand once in each part of an exam."""
    keys: dict[str, list[str]] = defaultdict(list)
    kept, at = "", 0
    for heading in _KEYS_HEADING.finditer(text):
        if heading.start() < at:
            continue
        end, found = _keys_from(text, heading.end())
        if not found:
            continue
        for number, letter in found:
            keys[number].append(letter)
        kept += text[at : heading.start()] + "\n" * (end - heading.start())  # all else keeps its place
        at = end
    return kept + text[at:], dict(keys)


def _keys_from(text: str, start: int) -> tuple[int, list[tuple[str, str]]]:
    """The pairs of number and letter in the lines that follow, up to a line that holds something else."""
    found: list[tuple[str, str]] = []
    at = ended = start
    while at < len(text) and text.count("\n", ended, at) < 5:
        row = _ROW.match(text, at)
        if row:
            end = row.end()
            pairs, rest = _pairs_of_rows(row)
        else:
            end = text.find("\n", at)
            if end < 0:
                end = len(text)
            pairs, rest = _pairs(text[at:end])
        # The heading of a part may stand between ('Part II', '二、數學'); a sentence ends the list.
        if len(rest) > 20 or (pairs and rest):
            break
        found += pairs
        at = end + 1
        if pairs:
            ended = at
    return min(ended, len(text)), found


def _pairs_of_rows(rows: re.Match[str]) -> tuple[list[tuple[str, str]], str]:
    """The pairs of a line of numbers and one of letters; what cannot be paired is left over."""
    numbers, signs = rows[1].split(), "".join(rows[2].split())
    if len(numbers) != len(signs):
        return [], rows[0]
    return list(zip(numbers, map(as_letter, signs), strict=True)), ""


def _pairs(line: str) -> tuple[list[tuple[str, str]], str]:
    """The pairs of one line, and what else stands in it."""
    pairs: list[tuple[str, str]] = []
    for span in _SPAN.finditer(line):
        numbers, signs = range(int(span[1]), int(span[2]) + 1), "".join(span[3].split())
        if len(numbers) != len(signs):
            return [], line
        pairs += zip(map(str, numbers), map(as_letter, signs), strict=True)
    line = _SPAN.sub("", line)
    for number, sign in _PAIR.findall(line):
        pairs.append((number, as_letter(sign)))
    rest = _PAIR.sub("", line).strip()
    if len(pairs) == 1 and rest[:1] in ("-", "–", "—", ":", "：", "(", "（"):
        rest = ""  # '1. B - On a farm'
    return pairs, re.sub(r"[\s,，、;；|.。]+", "", rest)
