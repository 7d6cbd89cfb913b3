"""NeMo Evaluator 0.3: the bundle eval-*.json of a benchmark, with results.jsonl beside it.

    for foreign in read_nemo(Path("eval_results/gsm8k/eval-20261129T184945Z-gsm8k.json"), Wish()): ...

NeMo Evaluator counts as 0 what failed: a request, a scorer, a judge's reply. Here that is an error, which has no score;
its own figure is checked with the zeros in it.
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
from proctor.harness.imports.foreign import Foreign, Wish, as_text, fields_of, whole

MEANS = ("pass@1", "mean_reward")  # of its figures, those that are a mean over problems
ROUNDING = 0.5e-4


def read_nemo(path: Path, wish: Wish) -> Iterator[Foreign]:
    bundle = fields_of(read_json(path, "a bundle of NeMo Evaluator"))
    benchmark, config = fields_of(bundle.get("benchmark")), fields_of(bundle.get("config"))
    figures = {}
    for name, figure in fields_of(benchmark.get("scores")).items():
        if "value" in fields_of(figure):
            figures[name] = foreign.score_of(figure["value"], name, path)
    lines = path.with_name("results.jsonl")
    if not figures or "n_results" not in bundle:
        raise Refusal("is no bundle of NeMo Evaluator 0.3", "it has no scores and no n_results", where=path)
    if len(list(path.parent.glob("eval-*.json"))) > 1:
        raise Refusal(
            "several bundles and one results.jsonl", "it belongs to one of them", "keep that one", path.parent
        )
    metric = foreign.choose_metric([name for name in MEANS if name in figures], wish, path, figures)
    rows = []
    for _, line in read_json_lines(lines, '{"problem_idx": ..., "reward": ...}'):
        rows.append(_row(line, wish, lines))
    # A problem that was skipped is missing in all counts but that of the data set.
    problems = whole(fields_of(config.get("shuffle")).get("ds_effective_size"), "ds_effective_size", path)
    repeats = whole(benchmark.get("repeats"), "repeats", path)
    promised = max(whole(bundle["n_results"], "n_results", path), problems * repeats)
    if len(rows) != promised:
        raise Refusal(
            f"holds {len(rows)} results, and the bundle speaks of {promised}", "it is not the whole run",
            "finish it with 'nel eval run --resume'", lines,
        )  # fmt: skip
    model = as_text(config.get("model"))
    yield Foreign(
        "nemo", wish.variant or model, wish.task or as_text(benchmark.get("name")), pd.DataFrame(rows), (lines, path),
        metric, ("task version",), metric=wish.metric_name(metric), model=model, reported=figures[metric],
        rounding=ROUNDING, sampling={"temperature": config["temperature"]} if "temperature" in config else {},
        versions={"nemo-evaluator": as_text(bundle.get("sdk_version"))},
    )  # fmt: skip


def _row(line: Mapping[str, Any], wish: Wish, path: Path) -> dict[str, Any]:
    item, details = as_text(line.get("problem_idx")), fields_of(line.get("scoring_details"))
    reward = foreign.score_of(line.get("reward"), item, path)
    judge = fields_of(details.get("judge"))
    error = as_text(details.get("error") or judge.get("error"))
    if judge.get("parse_error"):
        error = "the judge's reply holds no verdict"
    return {
        "sample_id": item, "epoch": whole(line.get("repeat"), "a repeat", path) + 1,
        "score": math.nan if error else reward, "as_source": reward, "explanation": error,
        "prompt": as_text(line.get("prompt")),
        "response": as_text(line.get("model_response")), "answer": as_text(line.get("extracted_answer")),
        "target": as_text(line.get("expected_answer")),
        "cluster": foreign.cluster_of(line.get("metadata"), wish.cluster, item, path),
        "doc_hash": digest([line.get("prompt"), line.get("expected_answer")]),
    }  # fmt: skip
