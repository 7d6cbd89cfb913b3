"""Scores of tasks whose answer is one number: GSM8K and the word problems.

    score({"id": "test-0001", "answer": "5 * 3 = 15\n#### 15"}, "She has 15 left.").score    # 1.0

The headline is our extractor's. Beside it stand the two numbers of lm-eval's stock `gsm8k` task: what its filters give
with that task's settings, and its exact match. Tests hold both to lm-eval's own code, which takes ten times as long.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from proctor.common.refusal import Refusal
from proctor.tasks.number import Reading, read_number
from proctor.tasks.number.steps import check_steps
from proctor.tasks.score import ResponseScore

# The settings of the filters and of exact_match in lm-eval's gsm8k.yaml, version 3.0; a test compares them with it.
FILTERS: dict[str, dict[str, Any]] = {
    "strict_match": {"regex_pattern": r"#### (\-?[0-9\.\,]+)"},
    "flexible_extract": {"regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": -1},
}
EXACT_MATCH: dict[str, Any] = {
    "ignore_case": True,
    "ignore_punctuation": False,
    "regexes_to_ignore": [",", r"\$", "(?s).*#### ", r"\.$"],
}
_NONE = "[invalid]"
_STRICT, _FLEXIBLE = (re.compile(str(FILTERS[name]["regex_pattern"])) for name in FILTERS)
_FULL_STOP = re.compile(EXACT_MATCH["regexes_to_ignore"][-1])


def score(doc: Mapping[str, Any], response: str) -> ResponseScore:
    """1 when the number in the response equals the gold number, else 0; steps and stock figures beside it."""
    gold = _gold(doc["answer"])
    if gold is None:
        raise Refusal(
            f"item {doc['id']!r} has no number as its answer; write it as '#### 18' (tasks/numeric.py)"
        )
    reading = read_number(response)
    right, total = check_steps(response)
    wanted = _bare_gold(doc["answer"])
    metrics = {
        "strict_match": float(_bare(strict(response)) == wanted),
        "flexible_extract": float(_bare(flexible(response)) == wanted),
        "parsed": float(reading is not None),
        "steps_right": float(right),
        "steps_total": float(total),
    }
    steps = "No equation to check."
    if total:
        steps = f"{right} of {total} equations are right."
    if reading is None:
        explanation = f"No number found; the answer is {gold.text}. {steps}"
        return ResponseScore("", 0.0, metrics, parsed=False, explanation=explanation)
    same, verdict = reading.gives(gold.value), f"the answer is {gold.text}."
    if same:
        verdict = "as it should be."
    explanation = f"Read {reading.text!r} by the rule '{reading.rule}'; {verdict} {steps}"
    return ResponseScore(reading.text, float(same), metrics, explanation=explanation)


def process_results(doc: Mapping[str, Any], results: list[str]) -> dict[str, float]:
    """`score`, as lm-eval wants it."""
    scored = score(doc, results[0])
    return {"accuracy": scored.score, **scored.metrics}


def strict(response: str) -> str:
    """What lm-eval's filter gives: the first match's group, or its word for none."""
    if "####" not in response:
        return _NONE
    if match := _STRICT.search(response):
        return match[1].strip()
    return _NONE


def flexible(response: str) -> str:
    """The last match. No match reaches over the end of a line, so the lines are searched from the last one back."""
    end = len(response)
    while end >= 0:
        start = response.rfind("\n", 0, end) + 1
        matches = _FLEXIBLE.findall(response[start:end])
        if matches:
            return next((group for group in matches[-1] if group), _NONE).strip()
        end = start - 1
    return _NONE


def _bare(text: str) -> str:
    """What lm-eval's exact_match compares. Its own function costs ten times as much, for it makes arrays of one, and
    looks for `.*#### ` from every character on, which takes the square of the length."""
    text = text.replace(",", "").replace("$", "").rpartition("#### ")[2]
    return _FULL_STOP.sub("", text).lower()


_bare_gold = lru_cache(maxsize=20_000)(_bare)


@lru_cache(maxsize=20_000)
def _gold(answer: str) -> Reading | None:
    return read_number(answer)
