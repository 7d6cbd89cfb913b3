"""The second reader: a model that is asked for the number of a response in which the rule finds none. Off by default.

It sees the response and not the question, so that it can read and not solve. What it decides is noted in the row and
counted; a reply that could not be had leaves the row without a score.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proctor.harness.config.extractor import WORDING, Extractor
from proctor.judges.graders.asking import KeptReplies, ask_all, run
from proctor.judges.graders.grader import Grader, GraderSpec, Question, fingerprint
from proctor.judges.panel import open_grader
from proctor.judges.verdict import ParsedReply
from proctor.tasks.number import read_number
from proctor.tasks.score import ResponseScore

_ALONE = re.compile(
    r"[\s*#]{0,9}(?:(?:the )?(?:answer|number)(?: is)?:?)?[\s*$€£#]{0,9}"
    r"(none|[-+−]?(?:\d{1,3}(?:,\d{3}){1,9}|\d{1,40})(?:[./]\d{1,20})?)[\s*%.]{0,9}",
    re.IGNORECASE,
)

Answered = tuple[Mapping[str, Any], str]  # an item, and the response to it
Score = Callable[[Mapping[str, Any], str], ResponseScore]  # the task's own


@dataclass(frozen=True)
class SecondReader:
    """`cache` is the folder where replies are kept, so that no response is read twice."""

    extractor: Extractor
    cache: Path
    opened: Callable[[GraderSpec], Grader] = open_grader

    def decide(
        self, answered: Sequence[Answered], scores: Sequence[ResponseScore | None], score: Score
    ) -> list[tuple[ResponseScore | None, str]]:
        """The scores, those without a number read again; where that could not be done, why there is none. An empty
        response has nothing to read.
        """
        decided = [(_by_rule(by_rule), "") for by_rule in scores]
        unread = []
        for index, ((_, text), by_rule) in enumerate(zip(answered, scores, strict=True)):
            if by_rule is not None and not by_rule.parsed and text.strip():
                unread.append((index, by_rule))
        if unread:
            replies = self._ask([answered[index][1] for index, _ in unread])
            for (index, by_rule), reply in zip(unread, replies, strict=True):
                decided[index] = self._decided(answered[index][0], by_rule, reply, score)
        return decided

    def _ask(self, texts: Sequence[str]) -> list[ParsedReply]:
        spec = self.extractor.spec
        asks = [_question(text, spec) for text in texts]
        kept = KeptReplies(self.cache / f"second-reader-{fingerprint(spec.identity)[:16]}.jsonl")
        return run(ask_all(asks, self.opened(spec), kept))

    def _decided(
        self, doc: Mapping[str, Any], by_rule: ResponseScore, read: ParsedReply, score: Score
    ) -> tuple[ResponseScore | None, str]:
        name = self.extractor.fallback
        if read.problem:
            return None, f"the second reader ({name}): {read.problem}"  # no verdict, which is never a zero
        if read.choice == "none":
            why = f"The second reader ({name}) found none either. {by_rule.explanation}"
            return _by_rule(replace(by_rule, explanation=why)), ""
        by_reader = score(doc, f"#### {read.choice}")
        metrics = {**by_rule.metrics, "rule_accuracy": 0.0, "second_reader": 1.0}
        right = "as it should be" if by_reader.score == 1 else "which is not the answer"
        why = f"The rule found no number; the second reader ({name}) read {by_reader.answer!r}, {right}."
        return ResponseScore(by_reader.answer, by_reader.score, metrics, True, why), ""


def _by_rule(score: ResponseScore | None) -> ResponseScore | None:
    """A score that the rule gave, with the figures that stand beside a second reader's."""
    if score is None:
        return None
    return replace(score, metrics={**score.metrics, "rule_accuracy": score.score, "second_reader": 0.0})


def _question(text: str, spec: GraderSpec) -> Question:
    fence = "=== " + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12] + " ==="
    turns = (("user", WORDING.format(fence=fence, text=text)),)
    return Question(fingerprint([WORDING, spec.identity, text]), turns, {}, _read)


def _read(reply: str) -> ParsedReply:
    """The number, or 'none', that the reply is: beside other words it may be a quote of what was to be read."""
    said = _ALONE.fullmatch(reply.rpartition("</think>")[2][-200:])
    if said and said[1].casefold() == "none":
        return ParsedReply(choice="none")
    number = read_number(said[1]) if said else None
    if number is not None:
        return ParsedReply(choice=str(number.value))
    return ParsedReply(problem="the second reader named no number", reason="unreadable")
