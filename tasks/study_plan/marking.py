"""Marks one plan for one pupil: the checklist judge's dimensions, and the checks. Pure, and free of any
framework.

The one implementation of a mark for this exam: the Inspect scorer and the harness both come here.
"""

from collections.abc import Mapping
from typing import Any

from judges.judge import Judge
from judges.verdict import Verdict
from tasks.mark import Mark
from tasks.study_plan.checks import NAMES, Check, check
from tasks.study_plan.topics import names_of


def facts(doc: Mapping[str, Any]) -> dict[str, Any]:
    """What a judge may know of the pupil, as plain values."""
    required = doc["requirements"]
    return {
        "name": doc["name"],
        "weeks": required["weeks"],
        "minutes_per_week": required["minutes_per_week"],
        "session_minutes": required["session_minutes"],
        "busy": required["busy"],
        "topics": [list(names_of(topic)) for topic in required["topics"]],
        "goal": doc["goal"],
        "notes": doc["notes"],
        "mistakes": [mistake["work"] for mistake in doc["evidence"]],
        "language": doc["language_level"],
    }


def mark(doc: Mapping[str, Any], response: str, judge: str = "checklist") -> Mark:
    """The mean of the judge's dimensions on its scale. An empty answer is the model's failure: it scores 0,
    which lies below the scale's lowest mark, and counts as unparsed. Checks that do not apply are no
    metric.
    """
    loaded = Judge.load(judge)
    verdict = loaded.mark(response, facts(doc))
    checks = check(response, doc["requirements"])
    applied = {
        f"check_{one.name}": float(one.result == "passed") for one in checks if one.result != "not applicable"
    }
    scores = verdict.scores if verdict.parsed else dict.fromkeys(loaded.dimensions, 0.0)
    metrics = {**scores, **applied, "checks_passed": round(sum(applied.values()) / len(applied), 4)}
    if not verdict.parsed:
        return Mark("", 0.0, metrics, False, verdict.explanation)
    return Mark(_answer(checks), round(verdict.overall, 4), metrics, True, _explain(verdict, checks))


def metric_names(judge: str = "checklist") -> tuple[str, ...]:
    """Every metric that `mark` can give, in its order."""
    return (*Judge.load(judge).dimensions, *(f"check_{name}" for name in NAMES), "checks_passed")


def _answer(checks: tuple[Check, ...]) -> str:
    """What was understood of the plan, in a line."""
    return " ".join(one.why for one in checks if one.name in ("total_hours", "weeks"))


def _explain(verdict: Verdict, checks: tuple[Check, ...]) -> str:
    failed = [one.why for one in checks if one.result == "failed"]
    return f"{verdict.explanation}\nChecks: {' '.join(failed) or 'all that apply are passed.'}"
