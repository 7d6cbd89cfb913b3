"""Training sets whose labels a model gave, and how far such labels can be trusted.

The labeller is a function that answers prompts: whoever calls decides which endpoint or engine answers, so
nothing here knows a network, a key or a framework. Its labels are read as an examined model's answers are.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from proctor.common.refusal import Refusal
from proctor.tasks.concepts import docs
from proctor.tasks.concepts.task import answered, mark, micro_f1, micro_p, micro_r
from proctor.tasks.concepts.taxonomy import concepts, names
from proctor.tasks.pack import Pack, render

# (system turn, user turn) of each text in; one answer each out, in the same order.
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
    texts: Iterable[Mapping[str, Any]], ask: Ask, labeler: str, pack: str = "default", batch: int = 32
) -> Iterator[dict[str, Any]]:
    """One row for each text, in order; who labelled it and what was answered stay in the row.

    Texts come as {"text": ..., "id"?: ..., "source"?: ...}. A text of the gold test set is refused: a model
    trained on it would sit an exam that it has seen. Where no known concept was named, "concepts" is [].
    """
    wording = Pack.load(pack)
    exam = {_folded(doc["text"]) for doc in docs("test")}
    numbered = enumerate(texts, 1)
    while some := list(islice(numbered, max(batch, 1))):
        for at, item in some:
            text = item.get("text")
            if not isinstance(text, str) or not text.strip():
                raise Refusal(f'text {at} has no "text"; there is nothing to label; add it or drop the line')
            if _folded(text) in exam:
                raise Refusal(
                    f"text {at} is in the concepts test set; training on it spoils the exam; drop it"
                )
        answers = _asked(ask, [render(wording, "concepts", item) for _, item in some])
        for (at, item), answer in zip(some, answers, strict=True):
            marked = mark({"concepts": ()}, answer)
            identity = str(item.get("id", f"text-{at}"))
            yield {
                "id": identity,
                "source": str(item.get("source", identity)),
                "text": item["text"],
                "concepts": list(answered(marked.answer)),
                "labeler": labeler,
                "parsed": marked.parsed,
                "unknown": int(marked.metrics["unknown"]),
                "response": answer,
            }


def agreement(
    ask: Ask, labeler: str, pack: str = "default", split: str = "test", batch: int = 32
) -> Agreement:
    """Let the labeller label the gold set and compare.

    Kappa is Cohen's over all decisions "is this document about this concept?", one for each document and
    concept of the taxonomy. Names outside the taxonomy are no such decision: they lower precision alone.
    """
    wording = Pack.load(pack)
    gold = docs(split)
    answers: list[str] = []
    for start in range(0, len(gold), max(batch, 1)):
        some = gold[start : start + max(batch, 1)]
        answers.extend(_asked(ask, [render(wording, "concepts", doc) for doc in some]))
    marks = [mark(doc, answer) for doc, answer in zip(gold, answers, strict=True)]
    triples = [(int(one.metrics["tp"]), int(one.metrics["fp"]), int(one.metrics["fn"])) for one in marks]
    unknown = sum(int(one.metrics["unknown"]) for one in marks)
    tp, fp, fn = (sum(column) for column in zip(*triples, strict=True))
    return Agreement(
        labeler=labeler,
        documents=len(gold),
        unparsed=sum(not one.parsed for one in marks),
        unknown=unknown,
        precision=micro_p(triples),
        recall=micro_r(triples),
        f1=micro_f1(triples),
        kappa=_kappa(tp, fp - unknown, fn, len(gold) * len(concepts())),
    )


def chats(rows: Iterable[Mapping[str, Any]], pack: str = "default") -> Iterator[dict[str, Any]]:
    """Labelled rows as training examples; rows without a label teach nothing and are left out."""
    wording = Pack.load(pack)
    for row in rows:
        if row["concepts"]:
            system, user = render(wording, "concepts", row)
            turns = [{"role": "system", "content": system}] if system else []
            answer = json.dumps(names(row["concepts"]), ensure_ascii=False)
            yield {
                "prompt": [*turns, {"role": "user", "content": user}],
                "completion": [{"role": "assistant", "content": answer}],
            }


def _asked(ask: Ask, prompts: Sequence[tuple[str, str]]) -> Sequence[str]:
    answers = ask(prompts)
    if len(answers) != len(prompts):
        raise Refusal(f"the labeller gave {len(answers)} answers to {len(prompts)} texts; one each is needed")
    return answers


def _kappa(both: int, only_one: int, only_other: int, decisions: int) -> float:
    """Agreement beyond chance: 1 is perfect, 0 is what two who never read the texts would reach."""
    one, other = (both + only_one) / decisions, (both + only_other) / decisions
    seen = (decisions - only_one - only_other) / decisions
    chance = one * other + (1 - one) * (1 - other)
    return (seen - chance) / (1 - chance) if chance < 1 else 1.0


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
