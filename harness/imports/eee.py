"""Every Eval Ever: UUID_samples.jsonl, a line a response, with the aggregate UUID.json beside it.

    for foreign in read_eee(Path("data/gsm8k/org/model/UUID_samples.jsonl"), Wish()): ...

Each result of the aggregate becomes a cell, and the mean of its lines must be the score that the aggregate reports.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from proctor.common.answers import number_of
from proctor.common.json_lines import read_json, read_json_lines
from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.imports import foreign
from proctor.harness.imports.foreign import LARGEST, Foreign, Wish, as_text, cluster_of, fields_of

MARKS = {"schema_version", "evaluation_id", "evaluation", "interaction_type"}  # what a line of the form has
ENDING = "_samples.jsonl"
COUNTS = ("tp", "fp", "fn")
EPOCH = re.compile(r"[0-9]{1,9}")
LINE = '{"schema_version": ..., "evaluation_id": ..., "sample_id": ..., "evaluation": {"score": ...}}'


def read_eee(path: Path, wish: Wish) -> Iterator[Foreign]:
    lines: dict[str, list[dict[str, Any]]] = {}
    for _, line in read_json_lines(path, LINE):
        name = as_text(line.get("evaluation_result_id") or line.get("evaluation_name"))
        lines.setdefault(name, []).append(line)
    beside = path.with_name(path.name.removesuffix(ENDING) + ".json")
    whole = {}
    if path.name.endswith(ENDING) and beside.is_file():
        whole = fields_of(read_json(beside, "the aggregate of the lines beside it"))
    results = {}
    for result in map(fields_of, _listed(whole.get("evaluation_results"))):
        results[as_text(result.get("evaluation_result_id") or result.get("evaluation_name"))] = result
    _refuse_other_rows(path, whole, sum(map(len, lines.values())))
    files = (path, beside) if whole else (path,)
    for name, own in lines.items():
        yield _described(files, own, fields_of(results.get(name)), whole, wish)


def _refuse_other_rows(path: Path, whole: Mapping[str, Any], rows: int) -> None:
    promised = fields_of(whole.get("detailed_evaluation_results")).get("total_rows")
    if isinstance(promised, int) and promised != rows:
        raise Refusal(
            f"holds {rows} lines, and the aggregate speaks of {promised}", "it is not the whole file",
            "bring the one that was published", path,
        )  # fmt: skip


def _described(
    files: tuple[Path, ...], lines: list[dict[str, Any]], result: Mapping[str, Any], whole: Mapping[str, Any],
    wish: Wish,
) -> Foreign:  # fmt: skip
    metric, path = fields_of(result.get("metric_config")), files[0]
    headline = as_text(metric.get("metric_name")) or "score"
    if metric.get("lower_is_better") is True:
        foreign.refuse_less_is_better(headline, wish, path)
    model, library = fields_of(whole.get("model_info")), fields_of(whole.get("eval_library"))
    asked = fields_of(fields_of(result.get("generation_config")).get("generation_args"))
    reported = fields_of(result.get("score_details")).get("score")
    task = as_text(lines[0].get("evaluation_name"))
    called = as_text(lines[0].get("model_id"))
    return Foreign(
        "eee", wish.variant or called.rpartition("/")[2], wish.task or task, _rows(lines, wish, path), files,
        wish.metric_name(headline), ("document hash", "task version", "dataset hash", "judge", "metric"),
        scored_by=as_text(fields_of(metric.get("additional_details")).get("scored_by")) or record.NOT_TOLD,
        model=as_text(model.get("id")) or called, reported=reported if isinstance(reported, int | float) else None,
        sampling={name: asked[name] for name in ("temperature", "top_p", "max_tokens") if name in asked},
        versions={as_text(library["name"]): as_text(library.get("version"))} if library.get("name") else {},
        scale=foreign.scale_of(metric.get("min_score"), metric.get("max_score")),
        title=as_text(fields_of(result.get("source_data")).get("dataset_name")) or task,
    )  # fmt: skip


def _rows(lines: list[dict[str, Any]], wish: Wish, path: Path) -> pd.DataFrame:
    """Lines of one item are its epochs, as they stand in the file unless they say which they are."""
    rows, epochs = [], dict[str, int]()
    for line in lines:
        item, more = as_text(line.get("sample_id")), fields_of(line.get("metadata"))
        asked, evaluation = fields_of(line.get("input")), fields_of(line.get("evaluation"))
        score = evaluation.get("score")
        if not isinstance(score, int | float) or isinstance(score, bool):
            raise Refusal(f"sample {item!r} has a score that is no number", "each line has one", where=path)
        epochs[item] = epochs.get(item, 0) + 1
        epoch = as_text(more.get("epoch"))
        answers = _listed(line.get("answer_attribution")) or [{}]
        last = fields_of(answers[-1])
        outputs, targets = fields_of(line.get("output")).get("raw"), asked.get("reference")
        row = {
            "sample_id": item, "epoch": int(epoch) if EPOCH.fullmatch(epoch) else epochs[item],
            "score": float(score), "prompt": as_text(asked.get("raw")),
            "target": _joined(targets), "response": _joined(outputs), "answer": as_text(last.get("extracted_value")),
            "status": "unparsed" if more.get("status") == "unparsed" else "ok",
            "cluster": item,
        }  # fmt: skip
        if wish.cluster is not None or more.get("cluster"):
            row["cluster"] = cluster_of(more, wish.cluster or "cluster", item, path)
        if line.get("error"):
            row |= {"status": "error", "explanation": as_text(line["error"])}
        if set(COUNTS) <= more.keys() and not wish.negate:
            row["metrics"] = {name: _count(more[name], item, path) for name in COUNTS}
        rows.append(row)
    return pd.DataFrame(rows)


def _count(value: Any, item: str, path: Path) -> float:
    with suppress(ValueError):
        count = number_of(value)
        if 0 <= count < LARGEST:
            return count
    raise Refusal(f"sample {item!r} counts {as_text(value)[:40]!r}, which is no count", where=path)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(texts: Any) -> str:
    return "\n".join(map(as_text, texts)) if isinstance(texts, list) else as_text(texts)
