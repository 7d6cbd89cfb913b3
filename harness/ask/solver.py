"""The solver: a model that answers the questions that a variant wrote, so that their keys are confirmed or are not.

In a suite: `solver: {model: NAME, endpoint: URL}`. A written question is usable where it keeps every rule, the solver
finds its key with the passage at hand, and does not find it without. A reply that could not be had leaves the row
without a score.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from proctor.common.progress import Reporter
from proctor.harness.ask.second_reader import Answered
from proctor.harness.record import SolverRecord
from proctor.judges.graders.asking import KeptReplies, ask_all, run
from proctor.judges.graders.grader import Grader, Question, fingerprint
from proctor.judges.verdict import ParsedReply
from proctor.tasks.questions.reading import ChoiceQuestion, read
from proctor.tasks.questions.rules import flaws_of_set
from proctor.tasks.questions.solving import ORDERS, WORDING, Solved, asked, can_be_solved, chosen
from proctor.tasks.score import ResponseScore

ScoreOrReason = tuple[ResponseScore | None, str]  # a score, or why there is none


@dataclass(frozen=True)
class Solver:
    """`cache` is the folder where replies are kept, so that no question is solved twice. `cell` says whose questions
    they are, where the reporter tells how many replies are there.
    """

    grader: Grader
    cache: Path | None
    reporter: Reporter
    cell: str

    def decide(
        self, answered: Sequence[Answered], scores: Sequence[ScoreOrReason], judged: bool = False
    ) -> list[ScoreOrReason]:
        """The scores with what the solver says of each key, or why there is none. A judge's scores stay as they are."""
        written = [read(text) for _, text in answered]
        to_solve = []
        for (doc, _), questions in zip(answered, written, strict=True):
            to_solve += [(doc, question) for question in questions if can_be_solved(question)]
        solved = iter(self.solve(to_solve, f"solve {self.cell}"))
        decided: list[ScoreOrReason] = []
        for (doc, _), questions, (score, why) in zip(answered, written, scores, strict=True):
            mine = [next(solved) if can_be_solved(question) else None for question in questions]
            problem = next((each for each in mine if isinstance(each, str)), "")
            if score is None or problem:
                said = problem and f"the solver ({self.grader.spec.name}): {problem}"
                decided.append((None, why or said))
                continue
            share, figures, lines = self._decided(doc, questions, mine)
            if judged:
                figures["usable_confirmed"] = share
            else:
                figures["usable_by_rules"], score = score.score, replace(score, score=share)
            why = "\n".join([score.explanation, *lines])
            decided.append((replace(score, metrics={**score.metrics, **figures}, explanation=why), ""))
        return decided

    def solve(
        self, questions: Sequence[tuple[Mapping[str, Any], ChoiceQuestion]], what: str
    ) -> list[Solved | str]:
        """What the solver chooses for each, in every order, with its passage and without; or why that is not known."""
        asks = []
        for doc, question in questions:
            for passage in dict.fromkeys((str(doc.get("passage") or ""), "")):
                asks += [self._ask(doc, question, passage, order) for order in range(ORDERS)]
        replies = iter(self._replies(asks, what))
        solved: list[Solved | str] = []
        for doc, question in questions:
            chosen_with, chosen_without = list(islice(replies, ORDERS)), []
            if doc.get("passage"):
                chosen_without = list(islice(replies, ORDERS))
            problem = next((each.problem for each in chosen_with + chosen_without if each.problem), "")
            letters = tuple(each.choice for each in chosen_with)
            without = tuple(each.choice for each in chosen_without)
            solved.append(problem or Solved(question.key, letters, without))
        return solved

    def trusted(self, docs: Sequence[Mapping[str, Any]]) -> SolverRecord:
        """What it does with the model questions of these items. Those whose reply could not be had are left out."""
        questions = []
        for doc in docs:
            for fields in doc["questions"]:
                question = ChoiceQuestion(fields["stem"], tuple(fields["options"]), fields["key"])
                questions.append((doc, question))
        what = f"try the solver of {self.cell}"
        solved = [each for each in self.solve(questions, what) if isinstance(each, Solved)]
        on_passages = [each for each in solved if each.without]
        return SolverRecord(
            model=self.grader.spec.name,
            questions=len(solved),
            confirmed=sum(each.confirmed for each in solved),
            on_passages=len(on_passages),
            found_without=sum(not each.needs_passage for each in on_passages),
        )

    def _ask(self, doc: Mapping[str, Any], question: ChoiceQuestion, passage: str, order: int) -> Question:
        text = asked(question, passage, order, doc["language"])
        key = fingerprint([WORDING, self.grader.spec.identity, text])
        return Question(key, (("user", text),), {}, partial(_read, question=question, order=order))

    def _replies(self, asks: Sequence[Question], what: str) -> list[ParsedReply]:
        if not asks:
            return []
        kept = None
        if self.cache:
            kept = KeptReplies(self.cache / f"solver-{fingerprint(self.grader.spec.identity)[:16]}.jsonl")
        with self.reporter.answering(what, len(asks), "replies") as progress:
            return run(ask_all(asks, self.grader, kept, progress))

    def _decided(
        self,
        doc: Mapping[str, Any],
        questions: Sequence[ChoiceQuestion],
        solved: Sequence[Solved | str | None],
    ) -> tuple[float, dict[str, float], list[str]]:
        """The share of usable questions, figures, and a line on each question."""
        known = [each for each in solved if isinstance(each, Solved)]
        metrics = dict[str, float]()
        if known:
            metrics["key_confirmed"] = statistics.fmean(each.confirmed for each in known)
            metrics["solver_agreement"] = statistics.fmean(each.agreement for each in known)
            if doc.get("passage"):
                metrics["needs_passage"] = statistics.fmean(each.needs_passage for each in known)
        usable, lines = 0, list[str]()
        flaws = flaws_of_set(questions, doc)
        for number, (each, flawed) in enumerate(zip(solved, flaws, strict=True), 1):
            if not isinstance(each, Solved):
                continue
            usable += each.confirmed and each.needs_passage and not flawed
            says = "confirms the key" if each.confirmed else "does not confirm the key"
            if not each.needs_passage:
                says += " and finds it without the passage"
            lines.append(f"Question {number}: the solver {says}; it chose {each}.")
        return usable / max(int(doc["number"]), len(questions)), metrics, lines


def _read(reply: str, question: ChoiceQuestion, order: int) -> ParsedReply:
    """No option chosen is a reply too: a question that a solver cannot answer is not confirmed."""
    return ParsedReply(choice=chosen(reply, question, order))
