"""Scores of generated questions, and the task as a stock Inspect task.

inspect eval tasks/questions/task.py --model openai/gpt-4o-mini     # from the repository root

score(doc, "1. Where does Ben live? ...").metrics
# {'written': 3.0, 'missing': 0.0, 'flaw_stem': 0.0, ..., 'flaw_evidence': 0.333}
"""

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import Any

from inspect_ai import Task, task
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from proctor.tasks.inspected import inspect_task
from proctor.tasks.prompt_pack import Pack, render
from proctor.tasks.questions import docs
from proctor.tasks.questions.reading import read
from proctor.tasks.questions.rules import FLAWS, flaws_of_set
from proctor.tasks.score import ResponseScore

# Room for three questions with their evidence, in Chinese as well.
MAX_TOKENS = 1024


@task
def questions(prompt: str = "default") -> Task:
    """Questions on each passage and brief of the test, asked in a prompt pack's wording."""
    return inspect_task("questions", prompt, rules(), MAX_TOKENS, _turns)


@scorer(metrics=[mean(), stderr(cluster="cluster")])
def rules() -> Scorer:
    """Our score as Inspect's: the share of usable questions."""

    async def score_one(state: TaskState, target: Target) -> Score:
        scored = score(state.metadata["doc"], state.output.completion)
        return Score(
            value=scored.score,
            answer=scored.answer,
            explanation=scored.explanation,
            metadata={"parsed": scored.parsed, **scored.metrics},
        )

    return score_one


def score(doc: Mapping[str, Any], response: str) -> ResponseScore:
    """The share of usable questions: those without a flaw, of as many as were asked for or, where it wrote more, of
    all that it wrote.
    """
    written, asked = read(response), int(doc["number"])
    metrics = {"written": float(len(written)), "missing": max(asked - len(written), 0) / asked}
    if not written:
        return ResponseScore("", 0.0, metrics, False, "no question with options could be read")
    found = flaws_of_set(written, doc)
    usable, flawed = found.count({}), Counter(chain.from_iterable(found))
    for name in FLAWS:
        metrics[f"flaw_{name}"] = flawed[name] / len(written)
    lines = []
    for number, (question, flaws) in enumerate(zip(written, found, strict=True), 1):
        sentences = [f"{FLAWS[name]} ({why})" for name, why in flaws.items()]
        lines.append(f"Question {number}, key {question.key or 'none'}: {'; '.join(sentences) or 'usable'}.")
    if len(written) < asked:
        lines.append(f"{len(written)} of {asked} questions were written.")
    keys = ", ".join(question.key or "?" for question in written)
    answer = f"{usable} of {len(written)} usable, keys {keys}"
    return ResponseScore(answer, usable / max(asked, len(written)), metrics, True, "\n".join(lines))


def _turns(pack: Pack, doc: Mapping[str, Any]) -> list[ChatMessage]:
    """The wording with its shots: the first of the train split on the same subject and in the same form."""
    system, user = render(pack, "questions", doc)
    turns: list[ChatMessage] = []
    for shot in docs("train"):
        alike = shot["subject"] == doc["subject"] and ("passage" in shot) == ("passage" in doc)
        if alike and len(turns) < 2 * pack.for_task("questions").shots:
            turns.append(ChatMessageUser(content=render(pack, "questions", shot)[1]))
            turns.append(ChatMessageAssistant(content=shot["target"]))
    if system.strip():
        turns.insert(0, ChatMessageSystem(content=system.strip()))
    return [*turns, ChatMessageUser(content=user)]
