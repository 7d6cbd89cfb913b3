"""Texts in two languages, made comparable: words of English, single characters of Chinese.

tokens("Ｔwo 小貓 slept.")    # ['two', '小', '貓', 'slept']
"""

import re
import unicodedata
from collections.abc import Sequence

CHINESE = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def tokens(text: str) -> list[str]:
    """Without case, width and punctuation."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def runs(words: Sequence[str], n: int) -> set[tuple[str, ...]]:
    """Every n tokens that stand in a row."""
    return set(zip(*(words[start:] for start in range(n)), strict=False))


def stands_in(words: Sequence[str], passage: Sequence[str]) -> bool:
    return not runs(words, len(words)).isdisjoint(runs(passage, len(words)))


def longest_run(words: Sequence[str], passage: Sequence[str]) -> int:
    """How many tokens in a row of a short text stand in a row in the passage."""
    n = 0
    while n < len(words) and runs(words, n + 1) & runs(passage, n + 1):
        n += 1
    return n


def pairs(text: str) -> set[tuple[str, ...]]:
    """The pairs of neighbouring tokens, the borders included."""
    return runs(["^", *tokens(text), "$"], 2)


def similarity(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    """The share of pairs that two texts have in common: 1 for equal texts."""
    return len(a & b) / len(a | b)


def share_of_chinese(text: str) -> float:
    """Among the letters; three Latin ones count as one character."""
    chinese = len(CHINESE.findall(text))
    latin = len(_LETTER.findall(CHINESE.sub("", text)))
    return chinese / max(chinese + latin / 3, 1e-9)


def simplified(text: str) -> str:
    """The characters that only Simplified Chinese has: mainland China's code has them and Taiwan's has not."""
    mainland = "".join(CHINESE.findall(text)).encode("gb2312", "ignore").decode("gb2312")
    taiwan = mainland.encode("cp950", "ignore").decode("cp950")
    return "".join(sorted(set(mainland) - set(taiwan) - set("着温")))  # these two are also seen in Taiwan


def tidy(text: str) -> str:
    """On one line; between two Chinese characters a line break is no space."""
    whole = ""
    for line in map(str.strip, text.replace("**", "").strip(" \t\n\u3000*").split("\n")):
        if not line.strip("-*•>"):
            continue  # the bullet of the line that follows
        if whole and not CHINESE.match(whole[-1]) and whole[-1] not in "，、；：「（":
            whole += " "
        whole += line
    return re.sub(r"[ \t\u3000]{2,}", " ", whole).strip()
