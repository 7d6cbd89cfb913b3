"""Makes two files of judges/rules: word_order.txt, by which the checklist tells language from words in any order, and
ordinary.txt, by which it tells a word with a capital letter from a name.

python -m proctor.tasks.tools.word_order

Counts which kinds of words follow each other in the project's own passages, word problems, pupils and activities.
"""

import json
from collections import Counter
from collections.abc import Iterator
from math import log

from proctor.judges.rules.text import TOKEN, stem
from proctor.judges.rules.word_order import ORDINARY, PATH, adjacent, common
from proctor.tasks.concepts import taxonomy
from proctor.tasks.study_plan.profile import profiles
from proctor.tasks.study_plan.tools.write import activities

# Words that hold sentences together; a number that counts, a name or a verb of doing is none.
_SMALL_WORDS = frozenset({
    "a", "about", "after", "again", "all", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before",
    "between", "both", "but", "by", "can", "could", "did", "do", "does", "down", "during", "each", "every", "few",
    "first", "for", "from", "had", "has", "have", "he", "her", "him", "his", "how", "i", "if", "in", "into", "is",
    "it", "its", "just", "last", "less", "like", "many", "may", "me", "more", "most", "must", "my", "never", "new",
    "no", "not", "now", "of", "off", "often", "on", "one", "only", "or", "other", "our", "out", "over", "own",
    "same", "she", "should", "so", "some", "still", "such", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "through", "to", "too", "two", "under", "until", "up", "us", "very", "was",
    "we", "were", "what", "when", "where", "which", "while", "who", "why", "will", "with", "without", "would",
    "you", "your",
})  # fmt: skip
_TIMES = 25  # a word that stands so often in the passages is a kind of its own
_APART = 0.7  # in natural logarithms, so twice as often as chance would have it, or half as often
_ENOUGH, _SEEN = 2.0, 3  # expected or seen at least so often, and a pair that belongs together seen so often


def texts() -> Iterator[str]:
    folder = taxonomy.PATH.parent
    for path, key in (
        (folder / "train.jsonl", "text"),
        (folder / "test.jsonl", "text"),
        (folder.parents[1] / "word_problems" / "data" / "test.jsonl", "question"),
    ):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)[key]
    for pupil in profiles():
        yield from (pupil.goal, *pupil.notes, *(mistake.why for mistake in pupil.evidence))
    for activity in activities().values():
        yield from (f"{task}." for task in activity.tasks)


def table() -> str:
    """A line for each kind: the kind, those that often follow it, those that hardly ever do."""
    pairs = Counter(pair for text in texts() for pair in adjacent(text))
    words = Counter[str]()
    for (first, _), times in pairs.items():
        words[first] += times
    small = frozenset(word for word, times in words.items() if times >= _TIMES and word in _SMALL_WORDS)
    kinds, firsts, seconds = Counter[tuple[str, str]](), Counter[str](), Counter[str]()
    for (first, second), times in pairs.items():
        one, other = common(first, small), common(second, small)
        kinds[one, other] += times
        firsts[one] += times
        seconds[other] += times
    lines = []
    for one in sorted(firsts):
        often, rarely = [], []
        for other in sorted(seconds):
            seen, expected = kinds[one, other], firsts[one] * seconds[other] / pairs.total()
            if not {one, other} & small or max(seen, expected) < _ENOUGH:
                continue
            ratio = log((seen + 0.5) / (expected + 0.5))
            if ratio > _APART and seen >= _SEEN:
                often.append(other)
            elif ratio < -_APART:
                rarely.append(other)
        if often or rarely:
            lines.append(f"{one} | {' '.join(often)} | {' '.join(rarely)}")
    return "\n".join(lines) + "\n"


def ordinary() -> str:
    """The stems of all words that stand in small letters somewhere, twenty a line."""
    found = sorted(
        {stem(word) for text in texts() for word in TOKEN.findall(text) if word.isascii() and word.islower()}
    )
    found = [word for word in found if word.isalpha() and len(word) > 2]
    return "".join(" ".join(found[at : at + 20]) + "\n" for at in range(0, len(found), 20))


if __name__ == "__main__":
    ORDINARY.write_text(ordinary(), encoding="utf-8")
    PATH.write_text(table(), encoding="utf-8")
