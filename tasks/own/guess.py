"""Guesses the fields of a user's data, for `proctor tasks new`: what is asked, what is right, and how it is scored.

guess([{"question": "7 * 8?", "answer": "56"}], "data/quiz.csv")
# {'data': 'data/quiz.csv', 'prompt': '{{ question }}\n\n...', 'answer': 'answer', 'score': 'number'}
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml
from proctor.tasks.own.scores import as_list, is_number, plain

USUAL = load_yaml(Path(__file__).with_name("usual_names.yaml"))
_LETTERED = re.compile(r"(?:(?:option|choice|answer|选项)[ _-]?)?([A-Ha-h]|[1-8])")
_WORD = re.compile(r"[\W_]+")
Columns = Mapping[str, Sequence[Any]]
SHORT = 6  # words of an answer that a response can be looked through for


def guess(rows: Sequence[Mapping[str, Any]], data: str) -> dict[str, Any]:
    """The fields of a task's YAML."""
    columns = {str(name): [row.get(name) for row in rows] for name in rows[0]}
    choices, left = _choices(columns), dict(columns)
    if isinstance(choices, str):
        del left[choices]
    for name in choices if isinstance(choices, list) else ():
        del left[name]
    answer = _named(USUAL["answers"], left)
    left.pop(str(answer), None)
    question = _named(USUAL["questions"], left) or _longest(left)
    for what, found in (("answer", answer), ("question", question)):
        if found is None:
            raise Refusal(
                f"cannot tell the {what} among {', '.join(columns)}",
                "usual names were looked for, such as 'question' and 'answer'",
                "rename the column, or write the YAML by hand",
            )
    score = _score(columns[str(answer)], choices is not None)
    prompt = f"{_shown(str(question))}\n\n{USUAL['endings'][score]}\n"
    made: dict[str, Any] = {"data": data, "prompt": prompt, "answer": answer, "score": score}
    if choices is not None:
        made["choices"] = choices
    if "id" in columns and _values(columns["id"]) == len(rows):
        made["id"] = "id"
    cluster = _named(USUAL["clusters"], columns)
    if cluster:
        made["cluster"] = cluster
    kinds = []
    for name, column in columns.items():
        if name.lower() in USUAL["kinds"] and 1 < _values(column) <= 12:
            kinds.append(name)
    if kinds:
        made["kinds"] = kinds
    return made


def _named(usual: Sequence[str], columns: Mapping[str, Any]) -> str | None:
    """The first column that has the first of the usual names, or else that ends in one: "Correct answer"."""
    whole: dict[str, str] = {}
    last: dict[str, str] = {}
    for name in columns:
        whole.setdefault(name.lower().strip(), name)
        last.setdefault(_WORD.split(name.lower().strip())[-1], name)
    return next(filter(None, [*map(whole.get, usual), *map(last.get, usual)]), None)


def _longest(columns: Columns) -> str | None:
    lengths = {}
    for name, column in columns.items():
        texts = [value for value in column if isinstance(value, str)]
        if len(texts) == len(column):
            lengths[name] = len("".join(texts))
    return max(lengths, key=lengths.__getitem__, default=None)


def _choices(columns: Columns) -> str | list[str] | None:
    listed = _named(USUAL["choices"], columns)
    if listed and min(map(len, map(as_list, columns[listed]))) > 1:
        return listed
    lettered = [name for name in columns if _LETTERED.fullmatch(name.strip().lower())]
    if len(lettered) > 1:
        return lettered
    return None


def _score(answers: Sequence[Any], choices: bool) -> str:
    if choices:
        return "choice"
    if all(isinstance(answer, list) for answer in answers):
        return "set"
    texts = [str(answer) for answer in answers if answer not in (None, "")]
    if all(re.fullmatch("[A-H]", text.strip()) for text in texts):
        raise Refusal(
            "the answers are letters, and no columns are found with the choices", "",
            "call them A, B, C, D, or name them in a YAML by hand ('choices:')",
        )  # fmt: skip
    others = [text for text in texts if not _is_number(text)]
    if not others:
        return "number"
    if len(others) * 10 <= len(texts):
        raise Refusal(
            f"no numbers: {len(others)} of {len(texts)} answers, such as {others[0][:60]!r}",
            "the others are, and a number is not compared as a text is",
            "write all as numbers, or write the YAML by hand",
        )
    if all(len(plain(text).split()) <= SHORT for text in texts):
        return "contains"
    raise Refusal(
        "the answers are whole sentences, which no rule can compare", "a judge can score them",
        "write the YAML by hand with 'score: judge:NAME' (docs/your-own-task.md)",
    )  # fmt: skip


def _is_number(text: str) -> bool:
    """A number alone, or a worked answer that ends as GSM8K's do."""
    short = len(text.split()) <= 3 and any(map(str.isdigit, text))
    return (short or "####" in text) and is_number(text)


def _values(column: Sequence[Any]) -> int:
    return len(set(map(str, column)))


def _shown(name: str) -> str:
    """A name that no template could hold is looked up in the row."""
    if name.isidentifier():
        return f"{{{{ {name} }}}}"
    return f"{{{{ row[{json.dumps(name, ensure_ascii=False)}] }}}}"
