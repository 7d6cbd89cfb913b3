"""Training sets whose labels a model gave, and how far such labels can be trusted.

The labeller is a function that answers prompts: whoever calls decides which endpoint or engine answers. Its labels are
read as the responses of a variant are.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proctor.common.refusal import Refusal
from proctor.tasks.concepts import docs
from proctor.tasks.concepts.task import ids_in, micro_f1, micro_p, micro_r, score
from proctor.tasks.concepts.taxonomy import concepts, names
from proctor.tasks.prompt_pack import Pack, render, train_chat

# (system turn, user turn) of each text in; one response each out, in the same order.
Ask = Callable[[Sequence[tuple[str, str]]], Sequence[str]]


@dataclass(frozen=True)
class Agreement:
    """How a labeller's labels compare with the gold set's."""

    labeler: str
    documents: int
    unparsed: int
    unknown: int
    precision: float
    recall: float
    f1: float
    kappa: float


def label(
    texts: Sequence[Mapping[str, Any]], ask: Ask, labeler: str, pack: str = "default", batch: int = 32
) -> list[dict[str, Any]]:
    """One row for each text, in order; who labelled it and what was answered stay in the row.

    Texts come as {"text": ..., "id"?: ..., "source"?: ...}. A text of the gold test set is refused: a model trained on
    it would be examined on what it has seen. Where no known concept was named, "concepts" is [].
    """
    refuse_unfit(texts)
    rows = []
    for number, (item, response) in enumerate(zip(texts, _asked(ask, texts, pack, batch), strict=True), 1):
        scored = score({"concepts": ()}, response)
        identity = str(item.get("id", f"text-{number}"))
        row = {
            "id": identity,
            "source": str(item.get("source", identity)),
            "text": item["text"],
            "concepts": list(ids_in(scored.answer)),
            "labeler": labeler,
            "parsed": scored.parsed,
            "unknown": int(scored.metrics["unknown"]),
            "response": response,
        }
        rows.append(row)
    return rows


def refuse_unfit(texts: Iterable[Mapping[str, Any]]) -> None:
    """What cannot be labelled, or may not be: before anybody is asked, and before an engine opens."""
    tested = {_folded(doc["text"]) for doc in docs("test")}
    for number, item in enumerate(texts, 1):
        text = item.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Refusal(f'text {number} has no "text"; there is nothing to label; add it or drop the line')
        if _folded(text) in tested:
            raise Refusal(
                f"text {number} is in the concepts test set; training on it spoils the test; drop it"
            )


def agreement(
    ask: Ask, labeler: str, pack: str = "default", split: str = "test", batch: int = 32
) -> Agreement:
    """Let the labeller label the gold set and compare.

    Kappa is Cohen's over all decisions "is this document about this concept?", one for each document and
    concept of the taxonomy. Names outside the taxonomy are no such decision: they lower precision alone.
    """
    gold = docs(split)
    unparsed = unknown = tp = fp = fn = 0
    for doc, response in zip(gold, _asked(ask, gold, pack, batch), strict=True):
        scored = score(doc, response)
        unparsed += not scored.parsed
        unknown += int(scored.metrics["unknown"])
        tp += int(scored.metrics["tp"])
        fp += int(scored.metrics["fp"])
        fn += int(scored.metrics["fn"])
    counts = [(tp, fp, fn)]
    return Agreement(
        labeler=labeler,
        documents=len(gold),
        unparsed=unparsed,
        unknown=unknown,
        precision=micro_p(counts),
        recall=micro_r(counts),
        f1=micro_f1(counts),
        kappa=_kappa(tp, fp - unknown, fn, len(gold) * len(concepts())),
    )


def chats(rows: Iterable[Mapping[str, Any]], pack: str = "default") -> Iterator[dict[str, Any]]:
    """Labelled rows as training examples; rows without a label teach nothing and are left out."""
    wording = Pack.load(pack)
    for row in rows:
        if row["concepts"]:
            answer = json.dumps(names(row["concepts"]), ensure_ascii=False)
            yield train_chat(wording, "concepts", row, answer)


def _asked(ask: Ask, items: Sequence[Mapping[str, Any]], pack: str, batch: int) -> list[str]:
    wording, responses = Pack.load(pack), list[str]()
    for start in range(0, len(items), max(batch, 1)):
        prompts = [render(wording, "concepts", item) for item in items[start : start + max(batch, 1)]]
        answered = ask(prompts)
        if len(answered) != len(prompts):
            raise Refusal(
                f"the labeller gave {len(answered)} responses to {len(prompts)} texts; one each is needed"
            )
        responses += answered
    return responses


def _kappa(both: int, only_one: int, only_other: int, decisions: int) -> float:
    """Agreement beyond chance: 1 is perfect, 0 is what two who never read the texts would reach."""
    one, other = (both + only_one) / decisions, (both + only_other) / decisions
    seen = (decisions - only_one - only_other) / decisions
    chance = one * other + (1 - one) * (1 - other)
    return (seen - chance) / (1 - chance) if chance < 1 else 1.0


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
