"""What scoring will cost and what it did: questions, tokens, money, and the verdicts that are missing, by reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.judges import pairwise, scoring
from proctor.judges.graders.asking import KeyedQuestion
from proctor.judges.graders.grader import GraderSpec, fingerprint
from proctor.judges.judge import Judge
from proctor.judges.panel import PanelSpec
from proctor.judges.verdict import Item, JudgeVerdict, Usage

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
    judge: Judge, items: Sequence[Item], spec: GraderSpec | PanelSpec | None, cache: Path | None
) -> CostEstimate:
    """What scoring the items would ask and cost."""
    if spec is None:
        return CostEstimate(0, 0, 0, 0, 0.0)
    return estimate([(judge, each, scoring.questions(judge, items, each)) for each in specs(spec)], cache)


def estimate_pairs(
    judge: Judge, pairs: Sequence[pairwise.Pair], spec: GraderSpec | PanelSpec, cache: Path | None
) -> CostEstimate:
    """What comparing the pairs would ask and cost."""
    return estimate([(judge, each, pairwise.questions(judge, pairs, each)) for each in specs(spec)], cache)


def specs(spec: GraderSpec | PanelSpec) -> tuple[GraderSpec, ...]:
    """Everybody who is asked."""
    return spec.panel if isinstance(spec, PanelSpec) else (spec,)


def currency(spec: GraderSpec | PanelSpec | None) -> str:
    """What the money is counted in; '' when there is no price, or when there are two currencies."""
    named = {each.price.currency for each in specs(spec) if each.price} if spec else set[str]()
    return named.pop() if len(named) == 1 else ""


def estimate(
    asked: Sequence[tuple[Judge, GraderSpec, Sequence[KeyedQuestion]]], cache: Path | None
) -> CostEstimate:
    """What these questions would cost; each is asked once, however often it stands there."""
    wanted: dict[tuple[str, str], tuple[Judge, GraderSpec, dict[str, KeyedQuestion]]] = {}
    for judge, spec, asks in asked:
        once = wanted.setdefault((judge.digest, fingerprint(spec.identity)), (judge, spec, {}))[2]
        once.update({each.key: each for each in asks})
    there, total_in, total_out, ask, cost = 0, 0, 0, 0, 0.0
    for judge, spec, once in wanted.values():
        kept = judge.kept_replies(cache)
        found = [reply for key in once if kept and (reply := kept.get(key))]
        open_ = [one for key, one in once.items() if not (kept and kept.get(key))]
        sizes = [reply.tokens_out for reply in found if reply.tokens_out]
        each_out = round(sum(sizes) / len(sizes)) if sizes else _WORDS_A_REASON * len(judge.dimensions)
        tokens_in = round(sum(one.question.letters for one in open_) / LETTERS_A_TOKEN)
        there, ask = there + len(found), ask + len(open_)
        total_in, total_out = total_in + tokens_in, total_out + each_out * len(open_)
        cost += (spec.price.of(tokens_in, each_out * len(open_)) or 0.0) if spec.price else 0.0
    prices = {spec.price.currency if spec.price else None for _, spec, _ in wanted.values()}
    money = prices.pop() if len(prices) == 1 else None
    return CostEstimate(ask, there, total_in, total_out, cost if money or not ask else None, money or "")


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
        return {
            "wanted": self.wanted,
            "given": self.given,
            "missing": self.missing,
            "asked": self.usage.now,
            "kept": self.usage.kept,
            "tokens_in": self.usage.tokens_in,
            "tokens_out": self.usage.tokens_out,
            "cost": self.usage.cost,
            "spent": self.usage.spent,
            "currency": self.currency,
        }

    def __str__(self) -> str:
        lost = ", ".join(f"{n} {reason}" for reason, n in self.missing.items())
        parts = [f"{self.given} of {self.wanted} verdicts" + (f" (missing: {lost})" if lost else "")]
        if self.usage.now or self.usage.kept:
            parts.append(f"{self.usage.now} replies now, {self.usage.kept} kept")
        if self.usage.tokens_in is not None:
            parts.append(f"{self.usage.tokens_in:,} tokens in, {self.usage.tokens_out or 0:,} out")
        if self.usage.spent is not None:
            parts.append(f"{self.usage.spent:.4f} {self.currency} spent now".replace("  ", " "))
        return "; ".join(parts)


def tally(
    verdicts: Sequence[JudgeVerdict | pairwise.PairVerdict], spec: GraderSpec | PanelSpec | None
) -> Tally:
    """A text without a word needs no verdict and is not counted as one that is missing."""
    missing = Counter(str(one.reason) for one in verdicts if one.problem)
    usage = sum((one.usage for one in verdicts), Usage())
    return Tally(
        len(verdicts), len(verdicts) - missing.total(), dict(sorted(missing.items())), usage, currency(spec)
    )
