"""Scores of the concepts task, and the same task for lm-eval.

    score({"concepts": ["mean", "median"], ...}, "Concepts: average, mode").metrics
    # {'tp': 1.0, 'fp': 1.0, 'fn': 1.0, 'unknown': 0.0, 'precision': 0.5, 'recall': 0.5, 'f1': 0.5}

`process_results` is `score` in lm-eval's shape, so they cannot disagree.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from proctor.tasks.concepts.reading import read
from proctor.tasks.concepts.taxonomy import concepts, fold, names, resolve
from proctor.tasks.score import ResponseScore

Counts = tuple[int, int, int]
Labels = tuple[tuple[str, ...], tuple[str, ...]]


def score(doc: Mapping[str, Any], response: str) -> ResponseScore:
    """One response against the document's labels. Sets are compared: order and repetition change nothing."""
    gold = set(doc["concepts"])
    named = read(response)
    if named is None:
        nothing = _metrics(0, 0, len(gold), 0)
        return ResponseScore("", 0.0, nothing, False, "the answer has no list of concept names")
    known, unknown = _ids(named)
    metrics = _metrics(len(known & gold), len(known - gold) + len(unknown), len(gold - known), len(unknown))
    others = [name for _, name in sorted(unknown.items())]
    answer = json.dumps(_in_order(known) + others, ensure_ascii=False)
    return ResponseScore(answer, metrics["f1"], metrics, True, _explain(gold, known, others))


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float | Counts | Labels]:
    """lm-eval's dict: floats of this document, and under the corpus metrics what their aggregations need."""
    scored = score(doc, results[0])
    figures = scored.metrics
    counts = (int(figures["tp"]), int(figures["fp"]), int(figures["fn"]))
    return {
        "f1": scored.score,
        "precision": figures["precision"],
        "recall": figures["recall"],
        "unknown": figures["unknown"],
        "parsed": float(scored.parsed),
        "micro_p": counts,
        "micro_r": counts,
        "micro_f1": counts,
        "macro_f1": (tuple(sorted(doc["concepts"])), ids_in(scored.answer)),
    }


def ids_in(answer: str) -> tuple[str, ...]:
    """The ids in a score's `answer` (or in a document's); names outside the taxonomy are left out."""
    return tuple(sorted(set(filter(None, map(resolve, json.loads(answer or "[]"))))))


def micro_p(items: Iterable[Counts]) -> float:
    """Precision of the corpus: all names in all responses. No name at all: 0."""
    tp, fp, _ = _total(items)
    return tp / max(tp + fp, 1)


def micro_r(items: Iterable[Counts]) -> float:
    """Recall of the corpus."""
    tp, _, fn = _total(items)
    return tp / max(tp + fn, 1)


def micro_f1(items: Iterable[Counts]) -> float:
    """F1 of the corpus, from the sums of the documents' counts: the headline."""
    tp, fp, fn = _total(items)
    return 2 * tp / max(2 * tp + fp + fn, 1)


def macro_f1(items: Iterable[Labels]) -> float:
    """The mean of each concept's own F1, over the concepts that occur in these documents' labels.

    A concept that is in no label is not a term of the mean; its false positives show in the micro figures.
    """
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for gold, predicted in items:
        wanted.update(set(gold))
        named.update(set(predicted))
        right.update(set(gold) & set(predicted))
    if not wanted:
        return 0.0
    total = 0.0
    for concept in sorted(wanted):
        total += 2 * right[concept] / (wanted[concept] + named[concept])
    return total / len(wanted)


def _ids(named: Iterable[str]) -> tuple[set[str], dict[str, str]]:
    """Ids of the names that the taxonomy has, and the others by their folded form: a repeat counts once."""
    known: set[str] = set()
    unknown: dict[str, str] = {}
    for name in named:
        concept = resolve(name)
        if concept is not None:
            known.add(concept)
        else:
            folded = fold(name) or name
            unknown[folded] = min(name, unknown.get(folded, name))
    return known, unknown


def _metrics(tp: int, fp: int, fn: int, unknown: int) -> dict[str, float]:
    """No name: precision 0. No document is without labels, so recall always has something to find."""
    return {
        "tp": float(tp),
        "fp": float(fp),
        "fn": float(fn),
        "unknown": float(unknown),
        "precision": micro_p([(tp, fp, fn)]),
        "recall": micro_r([(tp, fp, fn)]),
        "f1": micro_f1([(tp, fp, fn)]),
    }


def _in_order(ids: set[str]) -> list[str]:
    return names(filter(ids.__contains__, concepts()))


def _explain(gold: set[str], known: set[str], others: Sequence[str]) -> str:
    parts = []
    for word, items in (
        ("right", _in_order(known & gold)),
        ("missed", _in_order(gold - known)),
        ("not in the labels", _in_order(known - gold)),
        ("not in the taxonomy", [name[:60] for name in others[:10]]),
    ):
        if items:
            parts.append(f"{word}: {', '.join(items)}")
    return "; ".join(parts) or "an empty list"


def _total(items: Iterable[Counts]) -> Counts:
    tp = fp = fn = 0
    for item in items:
        tp, fp, fn = tp + item[0], fp + item[1], fn + item[2]
    return tp, fp, fn
