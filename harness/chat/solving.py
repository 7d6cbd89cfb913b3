"""The scene `solve`: a worked answer with a mark beside each equation, and its number set apart."""

from collections.abc import Sequence
from html import escape

from proctor.harness.chat.words import Words
from proctor.tasks.number import read_number
from proctor.tasks.number.steps import checked_equations

TRIES, SURE = 5, 3  # answers drawn by chance, and how many of them must agree


def solved(response: str, words: Words) -> str:
    """The response line by line as HTML, each of its equations marked."""
    rows = []
    for line in filter(str.strip, response.splitlines()):
        marks = [mark(equation, right, words) for equation, right in checked_equations(line)]
        rows.append(f"<tr><td>{escape(line)}</td><td>{'<br>'.join(marks)}</td></tr>")
    reading = read_number(response)
    number = escape(reading.text) if reading else words["no_number"]
    head = f"<tr><th scope='col'>{words['working']}</th><th scope='col'>{words['check']}</th></tr>"
    return f"<table>{head}{''.join(rows)}</table><p class='number'>{words['answer']}: <strong>{number}</strong></p>"


def mark(equation: str, right: bool, words: Words) -> str:
    sign, word = ("✓", words["right"]) if right else ("✗", words["wrong"])
    return f"<span class='{'right' if right else 'wrong'}'>{sign} {escape(equation)} ({word})</span>"


def how_sure(response: str, others: Sequence[str], words: Words) -> str:
    """Whether other tries come to the same number; those that failed agree with nothing."""
    reading = read_number(response)
    if reading is None:
        return ""
    numbers = [read_number(other) for other in others]
    agree = sum(number is not None and number.gives(reading.value) for number in numbers)
    text = words["sure" if agree >= SURE else "not_sure"].format(agree=agree, tries=TRIES)
    return f"<p class='{'sure' if agree >= SURE else 'unsure'}'>{escape(text)}</p>"
