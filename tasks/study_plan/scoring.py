"""Scores of plans: the judge's dimensions, and the checks beside them.

    score(doc, "Amina's plan: 6 weeks, 1.5 hours a week ...").metrics
    # {'fluency': 5.0, 'personalisation': 5.0, 'actionability': 5.0, 'check_total_hours': 1.0, ...}

The one implementation: the Inspect scorer and the harness both come here.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from proctor.judges.judge import Judge
from proctor.judges.rules.checklist import score_by_rules
from proctor.judges.verdict import Item, JudgeVerdict
from proctor.tasks.concepts import taxonomy
from proctor.tasks.score import ResponseScore
from proctor.tasks.study_plan.checks import CHECKS, PlanCheck, check_plan
from proctor.tasks.study_plan.topics import is_topic, names_of, telling_names


def facts(doc: Mapping[str, Any]) -> dict[str, Any]:
    """What a judge may know of the pupil, as plain values: name, weeks, topics, goal, mistakes and so on."""
    required, mistakes = doc["requirements"], doc["evidence"]
    place_of = {topic: place for place, topic in enumerate(required["topics"])}
    inside, outside = _course(frozenset((*required["course_topics"], *required["topics"])))
    return {
        "name": doc["name"],
        "weeks": required["weeks"],
        "minutes_per_week": required["minutes_per_week"],
        "session_minutes": required["session_minutes"],
        "busy": required["busy"],
        "topics": list(map(telling_names, required["topics"])),
        "goal": doc["goal"],
        "notes": doc["notes"],
        "mistakes": [mistake["work"] for mistake in mistakes],
        "mistake_topics": [place_of.get(mistake.get("topic")) for mistake in mistakes],
        "language": doc["language_level"],
        "inside": inside,
        "outside": outside,
    }


def _grade(topic: str) -> int:
    return int(taxonomy.concepts()[topic].band.split("-")[0])


@cache
def _course(allowed: frozenset[str]) -> tuple[list[str], list[str]]:
    """The names of the topics that may come up, and of those that may not: from other courses of these grades or later
    ones. Revising an early topic is not leaving the course, and everyday words are nobody's topic.
    """
    inside: list[str] = []
    for topic in sorted(allowed):
        inside += names_of(topic)
    latest = max(map(_grade, allowed))
    outside: list[str] = []
    for topic in sorted(set(taxonomy.concepts()) - allowed):
        if _grade(topic) >= latest:
            outside += [name for name in names_of(topic) if is_topic(name, topic)]
    return inside, outside


def items(doc: Mapping[str, Any], response: str) -> list[Item]:
    """One response as a judge is given it: the pupil in words for a model, as facts for rules."""
    return [Item(str(doc["id"]), str(doc["profile"]), response, facts(doc))]


def score(doc: Mapping[str, Any], response: str, judge: str = "checklist") -> ResponseScore:
    """One response scored by rules."""
    loaded = Judge.load(judge)
    return from_verdicts(loaded, [score_by_rules(loaded, response, facts(doc))], doc, response)


def from_verdicts(
    judge: Judge, verdicts: Sequence[JudgeVerdict], doc: Mapping[str, Any], response: str
) -> ResponseScore:
    """The mean of the judge's dimensions on its scale. An empty response is the model's failure: it scores 0, or
    the scale's lowest value where that is less, and counts as unparsed. Checks that do not apply are no metric.
    """
    (verdict,) = verdicts
    checks = check_plan(response, doc["requirements"])
    applied = {}
    for check in checks:
        if check.result != "not applicable":
            applied[f"check_{check.name}"] = float(check.result == "passed")
    nothing = float(min(0, judge.scale.lowest))
    scores = verdict.scores if verdict.parsed else dict.fromkeys(judge.dimensions, nothing)
    metrics = {**scores, **applied, "checks_passed": round(sum(applied.values()) / len(applied), 4)}
    overall = verdict.overall
    if not verdict.parsed or overall is None:
        return ResponseScore("", nothing, metrics, False, verdict.explanation)
    understood = " ".join(check.why for check in checks if check.name in ("total_hours", "weeks"))
    return ResponseScore(understood, round(overall, 4), metrics, True, _explain(verdict, checks))


def metric_names(judge: str = "checklist") -> tuple[str, ...]:
    """Every metric that `score` can give, in its order."""
    return (*Judge.load(judge).dimensions, *map("check_{}".format, CHECKS), "checks_passed")


def _explain(verdict: JudgeVerdict, checks: tuple[PlanCheck, ...]) -> str:
    failed = [check.why for check in checks if check.result == "failed"]
    return f"{verdict.explanation}\nChecks: {' '.join(failed) or 'all that apply are passed.'}"
