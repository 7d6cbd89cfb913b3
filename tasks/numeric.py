"""Scores of tasks whose answer is one number: GSM8K and the word problems.

    score({"id": "test-0001", "answer": "5 * 3 = 15\n#### 15"}, "She has 15 left.").score    # 1.0

The headline is our extractor's. Beside it stand the two numbers of lm-eval's stock `gsm8k` task: its own exact match of
what its own filters take, with that task's settings.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
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


def score(doc: Mapping[str, Any], response: str) -> ResponseScore:
    """1 when the number in the response equals the gold number, else 0; steps and stock figures beside it."""
    gold = _gold(doc["answer"])
    if gold is None:
        raise Refusal(
            f"item {doc['id']!r} has no number as its answer; write it as '#### 18' (tasks/numeric.py)"
        )
    reading = read_number(response)
    right, total = check_steps(response)
    metrics = {
        "strict_match": stock_match("strict_match", response, doc["answer"]),
        "flexible_extract": stock_match("flexible_extract", response, doc["answer"]),
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


def stock_match(name: str, response: str, answer: str) -> float:
    """lm-eval's exact match of what its filter of this name takes from the response."""
    from lm_eval.api.metrics import exact_match_hf_evaluate

    ((taken,),) = _filter(name).apply([[response]], [{}])
    return float(exact_match_hf_evaluate([taken], [answer], **EXACT_MATCH)["exact_match"])


@cache
def _filter(name: str) -> Any:
    from lm_eval.filters.extraction import RegexFilter

    return RegexFilter(**FILTERS[name])


@lru_cache(maxsize=20_000)
def _gold(answer: str) -> Reading | None:
    return read_number(answer)
