"""The scene `solve`: a worked answer with a mark beside each equation, and its number set apart."""

from collections.abc import Sequence
from html import escape

from proctor.harness.chat.words import Words, table
from proctor.tasks.number import read_number
from proctor.tasks.number.steps import checked_equations

TRIES, SURE = 5, 3  # answers drawn by chance, and how many of them must agree


def solved(response: str, words: Words) -> str:
    """The response line by line as HTML, each of its equations marked."""
    rows = []
    for line in filter(str.strip, response.splitlines()):
        marks = [mark(equation, right, words) for equation, right in checked_equations(line)]
        rows.append((escape(line), "<br>".join(marks)))
    reading, number = read_number(response), words["no_number"]
    if reading:
        number = escape(reading.text)
    working = table((words["working"], words["check"]), rows)
    return f"{working}<p class='number'>{words['answer']}: <strong>{number}</strong></p>"


def mark(equation: str, right: bool, words: Words) -> str:
    sign, name = "✗", "wrong"
    if right:
        sign, name = "✓", "right"
    return f"<span class='{name}'>{sign} {escape(equation)} ({words[name]})</span>"


def how_sure(response: str, others: Sequence[str], words: Words) -> str:
    """Whether other tries come to the same number; those that failed agree with nothing."""
    reading = read_number(response)
    if reading is None:
        return ""
    numbers = [read_number(other) for other in others]
    agree = sum(number is not None and number.gives(reading.value) for number in numbers)
    kind, text = "unsure", words["not_sure"]
    if agree >= SURE:
        kind, text = "sure", words["sure"]
    return f"<p class='{kind}'>{escape(text.format(agree=agree, tries=TRIES))}</p>"
