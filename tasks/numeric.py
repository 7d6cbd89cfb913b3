"""Marking of exams whose answer is one number: GSM8K and the word problems. Knows no file of items and no
engine.

The headline is our extractor's. Beside it stand the two numbers of lm-eval's stock `gsm8k` task: lm-eval's
own filters with that task's settings, and its exact match; a test holds both to the stock task.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from tasks.answer import Reading, read_number
from tasks.mark import Mark
from tasks.pack import Pack, render
from tasks.steps import check_steps

if TYPE_CHECKING:
    from datasets import DatasetDict

# The settings of the filters and of exact_match in lm-eval's gsm8k.yaml, version 3.0; a test compares them
# with it.
FILTERS: dict[str, dict[str, Any]] = {
    "strict_match": {"regex_pattern": r"#### (\-?[0-9\.\,]+)"},
    "flexible_extract": {"regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": -1},
}
EXACT_MATCH: dict[str, Any] = {
    "ignore_case": True,
    "ignore_punctuation": False,
    "regexes_to_ignore": [",", r"\$", "(?s).*#### ", r"\.$"],
}
_IGNORED = [re.compile(pattern) for pattern in EXACT_MATCH["regexes_to_ignore"]]


def mark(doc: Mapping[str, Any], response: str) -> Mark:
    """1 when the number in the response equals the gold number, else 0; steps and stock figures beside it."""
    gold = _gold(doc["answer"])
    if gold is None:
        raise ValueError(
            f"item {doc['id']!r} has no number as its answer; write it as '#### 18' (tasks/numeric.py)"
        )
    reading = read_number(response)
    right, total = check_steps(response)
    metrics = {name: _stock(name, response, doc["answer"]) for name in FILTERS}
    metrics |= {
        "parsed": float(reading is not None),
        "steps_right": float(right),
        "steps_total": float(total),
    }
    steps = f"{right} of {total} equations are right." if total else "No equation to check."
    if reading is None:
        return Mark(
            "", 0.0, metrics, parsed=False, explanation=f"No number found; the answer is {gold.text}. {steps}"
        )
    same = reading.value == gold.value
    found = f"Read {reading.text!r} by the rule '{reading.rule}'; "
    verdict = "as it should be." if same else f"the answer is {gold.text}."
    return Mark(reading.text, float(same), metrics, explanation=f"{found}{verdict} {steps}")


def process_results(doc: Mapping[str, Any], results: list[str]) -> dict[str, float]:
    """`mark`, as lm-eval wants it."""
    marked = mark(doc, results[0])
    return {"accuracy": marked.score, **marked.metrics}


def dataset(
    name: str, docs: Callable[[str], list[dict[str, Any]]], metadata: Mapping[str, Any]
) -> "DatasetDict":
    """The items of both splits with the two turns that the prompt pack of `metadata` makes of them."""
    from datasets import Dataset, DatasetDict

    pack = Pack.load(metadata.get("prompt", "default"))
    splits = {}
    for split in ("train", "test"):
        rows = []
        for doc in docs(split):
            system, prompt = render(pack, name, doc)
            rows.append({**doc, "system": system, "prompt": prompt})
        splits[split] = Dataset.from_list(rows)
    return DatasetDict(splits)


def _stock(name: str, response: str, answer: str) -> float:
    (found,) = _filter(name).apply([[response]], [{}])
    return float(_bare(found[0]) == _bare_gold(answer))


def _bare(text: str) -> str:
    """What lm-eval's exact_match compares. Its own function costs ten times as much, for it makes arrays of
    one."""
    for pattern in _IGNORED:
        text = pattern.sub("", text)
    return text.lower()


_bare_gold = lru_cache(maxsize=20_000)(_bare)


@lru_cache(maxsize=20_000)
def _gold(answer: str) -> Reading | None:
    return read_number(answer)


@cache
def _filter(name: str) -> Any:
    from lm_eval.filters.extraction import RegexFilter

    return RegexFilter(**FILTERS[name])
