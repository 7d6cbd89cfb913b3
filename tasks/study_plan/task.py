"""The study-plan task as a stock Inspect task: the pupils in the wording of a prompt pack, responses to the judge.

    inspect eval tasks/study_plan/task.py --model openai/gpt-4o-mini     # from the repository root

Generating and scoring are apart: `--no-score` first, `inspect score` with the task's scorer later.
"""

from functools import cache
from math import nan
from typing import Any

from inspect_ai import Task, task
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from proctor.judges.graders.grader import Grader, GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import Panel, open_graders, spec_of
from proctor.judges.scoring import score_items
from proctor.tasks.inspected import inspect_task
from proctor.tasks.study_plan.scoring import from_verdicts, items, metric_names, score

__all__ = ["plan_scorer", "score", "study_plan"]

# Room for a plan of some 200 words with working in it; the embedded model reads and writes 1,024 tokens in all.
MAX_TOKENS = 512


@task
def study_plan(
    prompt: str = "default", judge: str = "checklist", grader: str | dict[str, Any] | None = None
) -> Task:
    """A plan for each pupil of the test. `prompt` names a prompt pack, `judge` a folder under judges/, `grader` the
    model that the judge asks: one of Inspect's ('openai/gpt-4o-mini'), or the fields of a grader.
    """
    return inspect_task("study_plan", prompt, plan_scorer(judge, grader), MAX_TOKENS)


@scorer(metrics={"*": [mean(), stderr(cluster="cluster")]})
def plan_scorer(judge: str = "checklist", grader: str | dict[str, Any] | None = None) -> Scorer:
    """Our score as Inspect's: `overall` and every metric. A check that does not apply, and everything where the judge
    gave no verdict, is not-a-number, which Inspect counts as unscored; it is not 0.
    """
    nothing = dict.fromkeys(("overall", *metric_names(judge)), nan)
    loaded = Judge.load(judge)
    asked = cache(lambda: grader_of(loaded, grader))

    async def score_one(state: TaskState, target: Target) -> Score:
        if not state.output.choices:
            # A request that failed is no response; Inspect may still ask for its score.
            return Score(value=nothing, explanation="there was no response to score")
        doc, text = state.metadata["doc"], state.output.completion
        (verdict,) = await score_items(loaded, items(doc, text), asked(), close=False)
        if verdict.problem:
            return Score(value=nothing, explanation=verdict.explanation, metadata={"judge": judge})
        scored = from_verdicts(loaded, [verdict], doc, text)
        return Score(
            value={**nothing, "overall": scored.score, **scored.metrics},
            answer=scored.answer,
            explanation=scored.explanation,
            metadata={"parsed": scored.parsed, "judge": judge},
        )

    return score_one


def grader_of(judge: Judge, grader: str | dict[str, Any] | None) -> Grader | Panel | None:
    """The grader as the command line names it; nobody for a judge that scores by rules."""
    if isinstance(grader, str):
        grader = {"model": grader, "through": "inspect"}
    spec = spec_of(judge, GraderSpec.model_validate(grader) if grader else None)
    return open_graders(spec) if spec else None
