"""What each rule of tasks/number gains, measured by taking it away: prints the table of tasks/number/README.md.

    PROCTOR_DATA=FOLDER python -m tests.bench.number_gains

Gains are readings per 10,000 texts, on every second solution of GSM8K: the rules were written while looking at the
others alone. A refusal gains where a text that was cut at a random place earns no point by luck.
"""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from proctor.tasks import number as reading
from proctor.tasks.number import answer_part, markers, numerals, sentence
from tests.support.number_closings import CLOSINGS, NO_ANSWERS, closed, solutions

ROOT = Path(__file__).resolve().parent.parent.parent

NEVER = re.compile(r"(?!)")
Text = tuple[str, Fraction | None]  # and what is to be read, if anything


def without_kind(kind: str) -> tuple[Any, str, Any]:
    return markers, "_KINDS", {name: of for name, of in markers._KINDS.items() if name != kind}


RULES: dict[str, tuple[Any, str, Any]] = {
    "`####`": without_kind("hashes"),
    r"`\boxed{}`": without_kind("boxed"),
    "`<answer>`": without_kind("tag"),
    "'the answer is', 'Answer:'": without_kind("answer"),
    "the answer in other languages": without_kind("abroad"),
    "a last line 'A: 18'": (markers, "_CLOSING_LINE", NEVER),
    "words that lead up to the number": (markers, "_LEAD", NEVER),
    "thoughts": (answer_part, "_without_thoughts", lambda text: text),
    "a heart": (answer_part, "_HEART", NEVER),
    "code": (answer_part, "_CODE", NEVER),
    "the next question": (answer_part, "_NEXT_QUESTIONS", ()),
    "the next question without a label": (answer_part, "_SOLVED", NEVER),
    "what comes after the result": (answer_part, "_APPENDIX", NEVER),
    "words to the reader": (answer_part, "_TO_THE_READER", NEVER),
    "... unless it has a result of its own": (answer_part, "_CONCLUDES", NEVER),
    "numbers that are glued to letters": (numerals, "_GLUED", NEVER),
    "marks of lists": (numerals, "_MARK_AFTER", NEVER),
    "sentences, not lines": (sentence, "_SENTENCE_END", NEVER),
    "bold": (sentence, "_in_bold", lambda *place: []),
    "a bracket behind": (sentence, "_BRACKET", NEVER),
    "a reason behind": (sentence, "_REASON", NEVER),
    "the right side of an equation": (sentence, "_GOES_ON", re.compile("")),
    "... unless it goes on to another result": (sentence, "_GOES_ON", NEVER),
    "what it is for, from or after": (sentence, "_ADJUNCT", NEVER),
    "... unless a new clause begins": (sentence, "SAYS", NEVER),
    "other units": (reading, "in_other_units", lambda text, number: number),
    "numbers in words": (reading, "last_in_words", lambda text: None),
    "a text that breaks off": (reading, "_BREAKS_OFF", NEVER),
    "a text that declines": (reading, "_DECLINES", NEVER),
    "two alternatives": (reading, "_OR", NEVER),
}


@contextmanager
def patched(module: Any, name: str, value: Any) -> Iterator[None]:
    kept = getattr(module, name)
    setattr(module, name, value)
    markers._pattern.cache_clear()
    try:
        yield
    finally:
        setattr(module, name, kept)
        markers._pattern.cache_clear()


def answer_sentence(working: str) -> str:
    """The last line alone, with each sum replaced by its result: the answer of somebody who shows no working."""
    lines = [line for line in working.split("\n") if re.search("[0-9]", line)]
    left, equals, right = (lines[-1] if lines else "").rpartition("=")
    if not equals:
        return right.strip()
    operand = r"[$(]*[0-9][0-9.,]*%?\)*"
    summed = re.search(
        rf"(?:{operand}(?: ?[a-zA-Z/]+){{0,4}} ?[-+*/x×÷] ?)+{operand}(?: ?[a-zA-Z/]+){{0,3}} ?$", left
    )
    return left[: summed.start()] + right.strip() if summed and "=" not in left[: summed.start()] else ""


def one_paragraph(working: str) -> str:
    return " ".join(
        line if line.endswith((".", "!", "?")) else f"{line}." for line in working.split("\n") if line
    )


def read_right(texts: list[Text]) -> float:
    right = 0
    for text, answer in texts:
        read = reading.read_number(text)
        right += read is None if answer is None else read is not None and read.gives(answer)
    return right / len(texts)


def corpora() -> dict[str, list[Text]]:
    half = solutions()[1::2]
    draw = random.Random(14)
    names = list(CLOSINGS)
    return {
        "gold": half,
        "one paragraph": [(one_paragraph(working), answer) for working, answer in half],
        "sentence alone": [(text, answer) for working, answer in half if (text := answer_sentence(working))],
        "closings": [
            (closed(CLOSINGS[names[i % len(names)]], working, answer), answer)
            for i, (working, answer) in enumerate(half)
        ],
        "no answer": [
            (closed(NO_ANSWERS[i % len(NO_ANSWERS)], working, answer), None)
            for i, (working, answer) in enumerate(half)
        ],
        "cut": [
            (working[: draw.randrange(1, len(working) * 19 // 20)], answer) for working, answer in half * 2
        ],
    }


def main(show: Callable[[str], None] = print) -> None:
    texts = corpora()
    whole = {name: read_right(these) for name, these in texts.items()}
    show(f"| without the rule | {' | '.join(texts)} |")
    show("| --- |" + " --- |" * len(texts))
    show("| (all rules) | " + " | ".join(f"{100 * share:.2f} %" for share in whole.values()) + " |")
    for rule, patch in RULES.items():
        with patched(*patch):
            change = {name: 10_000 * (read_right(these) - whole[name]) for name, these in texts.items()}
        show(f"| {rule} | " + " | ".join(f"{value:+.0f}" for value in change.values()) + " |")


if __name__ == "__main__":
    main()
