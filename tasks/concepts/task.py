"""Marking the concepts exam, and the same exam as an lm-eval task.

`mark` compares two sets of concept ids; `process_results` is `mark` in lm-eval's shape, so they cannot
disagree. Knows the gold documents and how an answer is read; knows no model and no engine.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from proctor.tasks.concepts import docs
from proctor.tasks.concepts.reading import read
from proctor.tasks.concepts.taxonomy import concepts, fold, names, resolve
from proctor.tasks.mark import Mark
from proctor.tasks.pack import Pack, render

if TYPE_CHECKING:
    from datasets import DatasetDict

Counts = tuple[int, int, int]
Labels = tuple[tuple[str, ...], tuple[str, ...]]


def mark(doc: Mapping[str, Any], response: str) -> Mark:
    """One answer against the document's labels. Sets are compared: order and repetition change nothing."""
    gold = set(doc["concepts"])
    given = read(response)
    if given is None:
        return Mark("", 0.0, _metrics(0, 0, len(gold), 0), False, "the answer has no list of concept names")
    known, unknown = _ids(given)
    right = known & gold
    found = _metrics(len(right), len(known - gold) + len(unknown), len(gold - known), len(unknown))
    understood = [*_in_order(known), *(unknown[one] for one in sorted(unknown))]
    answer = json.dumps(understood, ensure_ascii=False)
    return Mark(answer, found["f1"], found, True, _explain(gold, known, unknown))


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float | Counts | Labels]:
    """lm-eval's dict: floats of this document, and under the corpus metrics what their aggregations need."""
    marked = mark(doc, results[0])
    figures = marked.metrics
    counts = (int(figures["tp"]), int(figures["fp"]), int(figures["fn"]))
    return {
        "f1": marked.score,
        "precision": figures["precision"],
        "recall": figures["recall"],
        "unknown": figures["unknown"],
        "parsed": float(marked.parsed),
        "micro_p": counts,
        "micro_r": counts,
        "micro_f1": counts,
        "macro_f1": (tuple(sorted(doc["concepts"])), answered(marked.answer)),
    }


def answered(answer: str) -> tuple[str, ...]:
    """The ids in a Mark's `answer` (or in a document's); names outside the taxonomy are left out."""
    return tuple(sorted({one for name in json.loads(answer or "[]") if (one := resolve(name))}))


def micro_p(items: Iterable[Counts]) -> float:
    """Precision of the corpus: all names given, whatever document they are in. Nothing given: 0."""
    tp, fp, _ = _total(items)
    return tp / (tp + fp) if tp else 0.0


def micro_r(items: Iterable[Counts]) -> float:
    """Recall of the corpus."""
    tp, _, fn = _total(items)
    return tp / (tp + fn) if tp else 0.0


def micro_f1(items: Iterable[Counts]) -> float:
    """F1 of the corpus, from the sums of the documents' counts: the headline."""
    tp, fp, fn = _total(items)
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def macro_f1(items: Iterable[Labels]) -> float:
    """The mean of each concept's own F1, over the concepts that occur in these documents' labels.

    A concept that is only ever given wrongly has no gold to find, so it is not a term of the mean; its false
    positives show in the micro figures.
    """
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for gold, predicted in items:
        wanted.update(set(gold))
        given.update(set(predicted))
        right.update(set(gold) & set(predicted))
    if not wanted:
        return 0.0
    return sum(2 * right[one] / (wanted[one] + given[one]) for one in sorted(wanted)) / len(wanted)


def load(**metadata: Any) -> "DatasetDict":
    """Both splits with the prompt pack's wording; `prompt` in the metadata names the pack."""
    from datasets import Dataset, DatasetDict

    pack = Pack.load(str(metadata.get("prompt", "default")))
    rows = {split: [_row(pack, doc) for doc in docs(split)] for split in ("train", "test")}
    return DatasetDict({split: Dataset.from_list(rows[split]) for split in rows})


def _row(pack: Pack, doc: dict[str, Any]) -> dict[str, Any]:
    system, prompt = render(pack, "concepts", doc)
    return {**doc, "system": system, "prompt": prompt}


def _ids(given: Iterable[str]) -> tuple[set[str], dict[str, str]]:
    """Ids of the names that the taxonomy has, and the others by their folded form: a repeat counts once."""
    known: set[str] = set()
    unknown: dict[str, str] = {}
    for name in given:
        one = resolve(name)
        if one is not None:
            known.add(one)
        else:
            folded = fold(name) or name
            unknown[folded] = min(name, unknown.get(folded, name))
    return known, unknown


def _metrics(tp: int, fp: int, fn: int, unknown: int) -> dict[str, float]:
    """Nothing given: precision 0. No document is without labels, so recall always has something to find."""
    return {
        "tp": float(tp),
        "fp": float(fp),
        "fn": float(fn),
        "unknown": float(unknown),
        "precision": tp / (tp + fp) if tp else 0.0,
        "recall": tp / (tp + fn) if tp else 0.0,
        "f1": 2 * tp / (2 * tp + fp + fn) if tp else 0.0,
    }


def _in_order(ids: set[str]) -> list[str]:
    return names(one for one in concepts() if one in ids)


def _explain(gold: set[str], known: set[str], unknown: Mapping[str, str]) -> str:
    parts = [
        ("right", _in_order(known & gold)),
        ("missed", _in_order(gold - known)),
        ("not in the labels", _in_order(known - gold)),
        ("not in the taxonomy", [unknown[one][:60] for one in sorted(unknown)][:10]),
    ]
    return "; ".join(f"{word}: {', '.join(items)}" for word, items in parts if items) or "an empty list"


def _total(items: Iterable[Counts]) -> Counts:
    tp = fp = fn = 0
    for item in items:
        tp, fp, fn = tp + item[0], fp + item[1], fn + item[2]
    return tp, fp, fn
