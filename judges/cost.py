"""What scoring will cost and what it did: questions, tokens, money, and the verdicts that are missing, by reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from proctor.judges import pairwise, scoring
from proctor.judges.graders.grader import GraderSpec, Question, fingerprint
from proctor.judges.judge import Judge
from proctor.judges.panel import AnySpec, members
from proctor.judges.verdict import Item, JudgeVerdict, Pair, PairVerdict, Usage, usage_of

LETTERS_A_TOKEN = 4.0  # of English; a guess, and called one
_WORDS_A_REASON = 60  # tokens of a reply for every dimension, when none is kept to go by


@dataclass(frozen=True)
class CostEstimate:
    """`ask` questions would be asked, `kept` are answered already. Tokens are guessed from the length of the texts,
    and from kept replies where there are any; `cost` is None when a grader has no price.
    """

    ask: int
    kept: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    currency: str = ""

    def __str__(self) -> str:
        tokens = f"about {self.tokens_in:,} tokens in and {self.tokens_out:,} out"
        money = "nothing to pay" if not self.ask else "no price given"
        if self.ask and self.cost is not None:
            money = f"about {self.cost:.2f} {self.currency}".strip()
        return f"{self.ask} to ask ({self.kept} kept): {tokens}, {money}"


def estimate_scores(
    judge: Judge, items: Sequence[Item], spec: AnySpec | None, cache: Path | None
) -> CostEstimate:
    return estimate([(judge, grader, scoring.texts_of(judge, items)) for grader in members(spec)], cache)


def estimate_pairs(judge: Judge, pairs: Sequence[Pair], spec: AnySpec, cache: Path | None) -> CostEstimate:
    return estimate([(judge, grader, pairwise.texts_of(pairs)) for grader in members(spec)], cache)


def currency(graders: Sequence[GraderSpec]) -> str:
    """What the money is counted in; '' when there is no price, or when there are two currencies."""
    named = {grader.price.currency for grader in graders if grader.price}
    if len(named) != 1:
        return ""
    return named.pop()


def estimate(
    asked: Sequence[tuple[Judge, GraderSpec, Sequence[Mapping[str, str] | None]]], cache: Path | None
) -> CostEstimate:
    """What asking about these texts would cost; each question is asked once, however often it stands there."""
    wanted: dict[tuple[str, str], tuple[Judge, GraderSpec, dict[str, Question]]] = {}
    for judge, spec, texts in asked:
        _, _, once = wanted.setdefault((judge.digest, fingerprint(spec.identity)), (judge, spec, {}))
        for question in judge.questions(filter(None, texts), spec):
            once[question.key] = question
    ask = kept = total_in = total_out = 0
    cost = 0.0
    graders = []
    for judge, spec, once in wanted.values():
        open_, sizes = _looked_up(judge, once, cache)
        each_out = _WORDS_A_REASON * len(judge.dimensions)
        known = list(filter(None, sizes))
        if known:
            each_out = round(sum(known) / len(known))
        tokens_in = round(sum(question.letters for question in open_) / LETTERS_A_TOKEN)
        tokens_out = each_out * len(open_)
        ask, kept = ask + len(open_), kept + len(sizes)
        total_in, total_out = total_in + tokens_in, total_out + tokens_out
        if spec.price:
            cost += spec.price.of(tokens_in, tokens_out) or 0.0
        graders.append(spec)
    money = currency(graders)
    is_priced = money and all(grader.price for grader in graders)
    if is_priced or not ask:
        return CostEstimate(ask, kept, total_in, total_out, cost, money)
    return CostEstimate(ask, kept, total_in, total_out, None, "")


def _looked_up(
    judge: Judge, once: Mapping[str, Question], cache: Path | None
) -> tuple[list[Question], list[int | None]]:
    """The questions that no kept reply answers, and the tokens of each kept reply to the others."""
    replies = judge.kept_replies(cache)
    open_, sizes = [], []
    for key, asked in once.items():
        reply = replies.get(key) if replies else None
        if reply:
            sizes.append(reply.tokens_out)
        else:
            open_.append(asked)
    return open_, sizes


@dataclass(frozen=True)
class Tally:
    """What became of the verdicts that were wanted, and what they cost."""

    wanted: int
    given: int
    missing: dict[str, int]
    usage: Usage
    currency: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for run.json and --json."""
        usage = asdict(self.usage)
        usage = {"asked": usage.pop("now"), **usage}
        return {
            "wanted": self.wanted, "given": self.given, "missing": self.missing, **usage, "currency": self.currency,
        }  # fmt: skip

    def __str__(self) -> str:
        parts = [f"{self.given} of {self.wanted} verdicts"]
        if self.missing:
            parts[0] += f" (missing: {', '.join(f'{n} {reason}' for reason, n in self.missing.items())})"
        if self.usage.now or self.usage.kept:
            parts.append(f"{self.usage.now} replies now, {self.usage.kept} kept")
        if self.usage.tokens_in is not None:
            parts.append(f"{self.usage.tokens_in:,} tokens in, {self.usage.tokens_out or 0:,} out")
        if self.usage.spent is not None:
            parts.append(f"{self.usage.spent:.4f} {self.currency} spent now".replace("  ", " "))
        return "; ".join(parts)


def tally(verdicts: Sequence[JudgeVerdict | PairVerdict], spec: AnySpec | None) -> Tally:
    """A text without a word needs no verdict and is not counted as one that is missing."""
    missing: Counter[str] = Counter(verdict.reason for verdict in verdicts if verdict.problem)
    present = len(verdicts) - missing.total()
    by_reason = dict(sorted(missing.items()))
    return Tally(len(verdicts), present, by_reason, usage_of(verdicts), currency(members(spec)))
