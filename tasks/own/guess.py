"""Guesses the fields of a user's data, for `proctor tasks new`: what is asked, what is right, and how it is scored.

guess([{"question": "7 * 8?", "answer": "56"}], "data/quiz.csv")
# {'data': 'data/quiz.csv', 'prompt': '{{ question }}\n\n...', 'answer': 'answer', 'score': 'number'}
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from proctor.common.refusal import Refusal
from proctor.tasks.number import read_number
from proctor.tasks.own.scores import as_list, plain

QUESTIONS = (
    "question", "prompt", "problem", "input", "query", "instruction", "text", "sentence", "aufgabe", "frage",
    "题目", "问题",
)  # fmt: skip
ANSWERS = (
    "answer", "target", "label", "gold", "output", "solution", "correct", "reference", "expected", "lösung", "antwort",
    "答案",
)  # fmt: skip
CHOICES = ("choices", "options", "answers", "endings")
CLUSTERS = ("cluster", "source", "passage", "passage_id", "document", "group", "story")
KINDS = ("topic", "kind", "category", "type", "level", "subject", "grade", "difficulty")
_LETTERED = re.compile(r"(?:(?:option|choice|answer)[ _-]?)?([A-Ha-h]|[1-8])")
_WORD = re.compile(r"[\W_]+")
SHORT = 6  # words of an answer that a response can be looked through for
ENDINGS = {
    "number": 'Solve it step by step. Finish with a line that says "#### " and the final number.',
    "choice": "{{ options }}\n\nAnswer with the letter alone.",
    "contains": "Answer in a few words.",
    "set": "Answer with a JSON list and nothing else.",
}


def guess(rows: Sequence[Mapping[str, Any]], data: str) -> dict[str, Any]:
    """The fields of a task's YAML."""
    fields = [str(name) for name in rows[0]]
    choices = _choices(rows, fields)
    taken = set(choices or ())
    if isinstance(choices, str):
        taken = {choices}
    answer = _named(ANSWERS, [name for name in fields if name not in taken])
    question = _named(QUESTIONS, [name for name in fields if name != answer]) or _longest(
        rows, fields, {answer, *taken}
    )
    for what, name in (("answer", answer), ("question", question)):
        if name is None:
            raise Refusal(
                f"cannot tell the {what} among {', '.join(fields)}",
                "usual names were looked for, such as 'question' and 'answer'",
                "rename the column, or write the YAML by hand",
            )
    score = _score([row.get(str(answer)) for row in rows], choices is not None)
    prompt = f"{_shown(str(question))}\n\n{ENDINGS[score]}\n"
    made: dict[str, Any] = {"data": data, "prompt": prompt, "answer": answer, "score": score}
    if choices is not None:
        made["choices"] = choices
    if "id" in fields and len({str(row.get("id")) for row in rows}) == len(rows):
        made["id"] = "id"
    if cluster := _named(CLUSTERS, fields):
        made["cluster"] = cluster
    if kinds := [name for name in fields if name.lower() in KINDS and 1 < _values(rows, name) <= 12]:
        made["kinds"] = kinds
    return made


def _named(usual: Sequence[str], fields: Sequence[str]) -> str | None:
    """A usual name, else one that ends in it: "Correct answer"."""
    lower = {name.lower().strip(): name for name in reversed(fields)}
    last = {_WORD.split(name)[-1]: field for name, field in lower.items()}
    return next((names[name] for names in (lower, last) for name in usual if name in names), None)


def _longest(rows: Sequence[Mapping[str, Any]], fields: Sequence[str], taken: set[Any]) -> str | None:
    lengths = {}
    for name in fields:
        if name not in taken and all(isinstance(row.get(name), str) for row in rows):
            lengths[name] = sum(len(row[name]) for row in rows)
    return max(lengths, key=lengths.__getitem__, default=None)


def _choices(rows: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> str | list[str] | None:
    listed = _named(CHOICES, fields)
    if listed and all(len(as_list(row.get(listed))) > 1 for row in rows):
        return listed
    lettered = [name for name in fields if _LETTERED.fullmatch(name.strip().lower())]
    if len(lettered) > 1:
        return lettered
    return None


def _score(answers: Sequence[Any], choices: bool) -> str:
    if choices:
        return "choice"
    if all(isinstance(answer, list) for answer in answers):
        return "set"
    texts = [str(answer) for answer in answers]
    if all(_is_number(text) for text in texts):
        return "number"
    if all(len(plain(text).split()) <= SHORT for text in texts):
        return "contains"
    raise Refusal(
        "the answers are whole sentences, which no rule can compare", "a judge can score them",
        "write the YAML by hand with 'score: judge:NAME' (docs/your-own-task.md)",
    )  # fmt: skip


def _is_number(text: str) -> bool:
    """A number alone, or a worked answer that ends as GSM8K's do."""
    short = len(text.split()) <= 3 and any(sign.isdigit() for sign in text)
    return (short or "####" in text) and read_number(text) is not None


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> int:
    return len({str(row.get(name)) for row in rows})


def _shown(name: str) -> str:
    """A name that no template could hold is looked up in the row."""
    if name.isidentifier():
        return f"{{{{ {name} }}}}"
    return f'{{{{ row["{name}"] }}}}'
