"""evalscope's runs: reports/MODEL/BENCHMARK.json, with the reviews of the same run in reviews/MODEL/.

    for foreign in read_evalscope(Path("outputs/20261129_184513/reports/tiny/gsm8k.json"), Wish()): ...

The subsets of a benchmark are one task, as in evalscope's own score. Repeats become epochs.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from proctor.common.digest import digest
from proctor.common.json_lines import read_json, read_json_lines
from proctor.common.refusal import Refusal
from proctor.harness.imports import foreign
from proctor.harness.imports.foreign import Foreign, Wish, as_text, fields_of, objects, whole

VERSION = 2
ROUNDING = 1e-4  # each subset's score is rounded to four digits, and so is their mean


def read_evalscope(path: Path, wish: Wish) -> Iterator[Foreign]:
    report = fields_of(read_json(path, "a report of evalscope"))
    if report.get("schema_version") != VERSION:
        raise Refusal(
            f"is version {report.get('schema_version')!r} of evalscope's reports", f"version {VERSION} is read here",
            "run it again with an evalscope of today", path,
        )  # fmt: skip
    ended = fields_of(report.get("execution_summary"))
    if ended.get("incomplete") or ended.get("errored"):
        raise Refusal(
            f"{ended.get('errored')} of {ended.get('requested')} requests failed", "samples are missing",
            "finish it with --use-cache", path,
        )  # fmt: skip
    figures, others = {}, []
    for figure in objects(
        report.get("metrics"), {"identity", "score", "categories"}, "figures of evalscope", path
    ):
        identity = fields_of(figure["identity"])
        name = as_text(identity.get("name"))
        if identity.get("aggregation") == "mean" and not identity.get("dimensions"):
            figures[name] = figure
        else:
            others.append(f"{name},{as_text(identity.get('aggregation'))}")
    metric = foreign.choose_metric(list(figures), wish, path, [*figures, *others])
    figure, model = figures[metric], as_text(report.get("model_name"))
    meaning = fields_of(figure.get("semantics"))
    if meaning.get("direction") == "lower_is_better":
        foreign.refuse_less_is_better(metric, wish, path)
    bounds = fields_of(meaning.get("value_range"))
    graders = fields_of(report.get("judge_summary")).get("judge_models")
    reviews, rows = [], []
    for file, subset in _subsets(path, as_text(report.get("dataset_name")), figure):
        reviews.append(file)
        rows += _rows(file, subset, metric, wish)
    yield Foreign(
        "evalscope", wish.variant or model, wish.task or as_text(report.get("dataset_name")), pd.DataFrame(rows),
        (path, *reviews), metric, ("task version",), judge=as_text(graders) or None,
        scored_by=as_text(graders) or "rules", metric=wish.metric_name(metric), model=model,
        reported=foreign.score_of(figure["score"], metric, path), rounding=ROUNDING,
        scale=foreign.scale_of(bounds.get("min"), bounds.get("max")),
        title=as_text(report.get("dataset_pretty_name")),
    )  # fmt: skip


def _subsets(
    path: Path, benchmark: str, figure: Mapping[str, Any]
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    folder = path.resolve().parent.parent.parent / "reviews" / path.parent.name
    for category in objects(figure["categories"], {"subsets"}, "subsets of evalscope", path):
        for subset in objects(category["subsets"], {"name", "num"}, "subsets of evalscope", path):
            if not subset.get("is_aggregate"):
                yield folder / f"{benchmark}_{subset['name']}.jsonl", subset


def _rows(path: Path, subset: Mapping[str, Any], metric: str, wish: Wish) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    if not path.is_file():
        raise Refusal(
            "no such file", "the report speaks of this subset", "bring the run's whole folder", path
        )
    for _, line in read_json_lines(path, '{"index": ..., "sample_score": {...}}'):
        sample = fields_of(line.get("sample_score"))
        score = fields_of(sample.get("score"))
        item = f"{subset['name']}/{as_text(sample.get('group_id'))}"
        value = foreign.score_of(fields_of(score.get("value")).get(metric), item, path)
        explanation, status = as_text(score.get("explanation")), "ok"
        if score.get("extracted_prediction") == "":
            status = "unparsed"
        if math.isnan(value):
            explanation, status = explanation or as_text(score.get("status")), "error"
        messages = objects(line.get("messages") or [], {"content"}, "messages of evalscope", path)
        prompt = "\n\n".join(as_text(asked["content"]) for asked in messages[:-1])  # the last is the response
        rows.append({
            "sample_id": item, "epoch": whole(sample.get("generation_index"), "a repeat", path) + 1,
            "score": value, "as_source": value, "status": status, "explanation": explanation, "prompt": prompt,
            "response": as_text(score.get("prediction")),
            "answer": as_text(score.get("extracted_prediction")), "target": as_text(line.get("target")),
            "cluster": foreign.cluster_of(sample.get("sample_metadata"), wish.cluster, item, path),
            "doc_hash": digest([prompt, line.get("target")]),
        })  # fmt: skip
    scored = sum(not math.isnan(row["score"]) for row in rows)
    if scored != subset["num"]:
        raise Refusal(
            f"holds {scored} scores, and the report speaks of {subset['num']}", "it is not the whole file",
            "bring the one that evalscope wrote", path,
        )  # fmt: skip
    return rows
