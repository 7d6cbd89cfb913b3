"""A variant's results in the form of Every Eval Ever 0.3.0: a JSON a task with its uncertainty, a line a response.

    export_eee(make(Path("results/demo"), only=["tiny-q8"]).scores, Path("out"), "org")    # UUID.json, ...

`proctor import` reads the same files back. A line needs a score: rows without one are counted beside the figure.
"""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from proctor.common.files import write_text
from proctor.common.json_lines import read_json
from proctor.common.refusal import Refusal
from proctor.common.schema import SAFE_NAME
from proctor.leaderboard.compare.ranking import Score
from proctor.leaderboard.report.published import DATA_SETS, hub_id

SCHEMA = "0.3.0"
COUNTS = ("tp", "fp", "fn")
GENERATION = ("temperature", "top_p", "max_tokens")


def export_eee(scores: Mapping[str, Score], out: Path, org: str) -> list[Path]:
    """Tasks without any score are left out: the form has no place for none."""
    if not SAFE_NAME.fullmatch(org.lower()):
        raise Refusal(f"--org {org!r} is no name of a folder", "", "letters, digits, '.', '_' and '-'")
    written: list[Path] = []
    for task, score in scores.items():
        if score.estimate is None:
            continue
        # The form asks for a random UUID; one made of the rows is the same each time.
        known = UUID(bytes=sha256(score.run.samples_sha256.encode()).digest()[:16], version=4)
        folder = Path("data") / task / org / score.cell.variant
        whole = _aggregate(score, f"{org}/{score.cell.variant}")
        lines = [json.dumps(line, ensure_ascii=False) for line in _lines(score, whole)]
        text = "\n".join(lines) + "\n"
        samples = folder / f"{known}_samples.jsonl"
        whole["detailed_evaluation_results"] = {
            "format": "jsonl", "file_path": samples.as_posix(), "hash_algorithm": "sha256",
            "checksum": sha256(text.encode()).hexdigest(), "total_rows": len(lines),
            "additional_details": {"rows_without_score": str(score.run.rows - len(lines))},
        }  # fmt: skip
        written += [out / folder / f"{known}.json", out / samples]
        write_text(written[-2], json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        write_text(written[-1], text)
    if not written:
        raise Refusal("it has no score on any task", "there is nothing to export")
    _remove_older(out, Path(org) / score.run.variant, written)
    return written


def _remove_older(out: Path, model: Path, written: list[Path]) -> None:
    """What an earlier export left of this model would be read as results beside these. Only Proctor's own goes."""
    for whole in (out / "data").glob(f"*/{model.as_posix()}/*.json"):
        made_by = read_json(whole, "an aggregate of Every Eval Ever")["eval_library"]["name"]
        if whole not in written and made_by == "proctor":
            whole.unlink()
            whole.with_name(f"{whole.stem}_samples.jsonl").unlink(missing_ok=True)


def _aggregate(score: Score, model: str) -> dict[str, Any]:
    run = score.run
    made = run.finished or ""
    try:
        stamp = str(int(datetime.fromisoformat(made).timestamp()))
    except (ValueError, OverflowError):  # of an imported cell
        stamp = str(int(time.time()))
    whole: dict[str, Any] = {
        "schema_version": SCHEMA, "evaluation_id": f"{run.task.name}/{model}/{stamp}", "retrieved_timestamp": stamp,
        "source_metadata": {
            "source_type": "evaluation_run", "source_organization_name": model.split("/", maxsplit=1)[0],
            "evaluator_relationship": "other",
        },
        "model_info": _model(score, model),
        "eval_library": {
            "name": "proctor", "version": version("proctor"), "additional_details": {"framework": run.task.framework},
        },
        "evaluation_results": [_result(score)],
    }  # fmt: skip
    if made:
        whole["evaluation_timestamp"] = made
    return whole


def _model(score: Score, model: str) -> dict[str, Any]:
    resolved = score.run.resolved
    deployed = "externally_managed" if resolved.endpoint else "self_deployed"
    if resolved.engine == "imported":
        deployed = "unknown"
    base = hub_id(resolved)
    details = {"deployment_type": deployed, "model_availability": "open_weights" if base else "unknown"}
    known = {"base": base, "quantization": resolved.quantization, "parent": resolved.parent}
    details |= {name: str(value) for name, value in known.items() if value}
    info: dict[str, Any] = {"name": score.cell.variant, "id": model, "additional_details": details}
    if resolved.engine and resolved.engine != "imported":
        info["inference_engine"] = {"name": resolved.engine}
    return info


def _result(score: Score) -> dict[str, Any]:
    """The headline with its interval, on the task's own scale."""
    run, task, estimate = score.run, score.run.task, score.estimate
    assert estimate is not None
    metric: dict[str, Any] = {"metric_name": task.headline, "metric_unit": "points", "lower_is_better": False}
    if task.scale_stated:
        metric |= {"score_type": "continuous", "min_score": task.scale[0], "max_score": task.scale[1]}
        if task.scale == (0.0, 1.0):
            metric["metric_unit"] = "proportion"
    metric["additional_details"] = {"scored_by": task.scored_by, "kind": task.kind}
    uncertainty: dict[str, Any] = {
        "confidence_interval": {
            "lower": estimate.low, "upper": estimate.high, "confidence_level": 0.95, "method": estimate.method,
        },
        "num_samples": estimate.n,
    }  # fmt: skip
    if isfinite(estimate.se):
        uncertainty["standard_error"] = {"value": estimate.se, "method": f"over {estimate.clusters} clusters"}
    figure: dict[str, Any] = {"score": estimate.mean, "uncertainty": uncertainty}
    if score.remarks:
        figure["details"] = {"remarks": "; ".join(score.remarks)}
    source: dict[str, Any] = {"dataset_name": task.title, "source_type": "other"}
    if task.name in DATA_SETS and not task.own_data:
        source |= {"source_type": "hf_dataset", "hf_repo": DATA_SETS[task.name], "hf_split": "test"}
    source["additional_details"] = {"items_sha256": run.definition.dataset or "not told"}
    result = {
        "evaluation_result_id": task.name, "evaluation_name": task.name, "source_data": source,
        "metric_config": metric, "score_details": figure,
    }  # fmt: skip
    sampling = run.resolved.sampling or {}
    asked = {name: value for name, value in sampling.items() if name in GENERATION and value is not None}
    details = {"prompt_pack": str(run.resolved.prompt), "seed": str(sampling.get("seed"))}
    return result | {"generation_config": {"generation_args": asked, "additional_details": details}}


def _lines(score: Score, whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    top = score.run.task.scale[1]
    rows = score.cell.rows()
    for row in rows[rows["score"].notna()].to_dict("records"):
        metadata = {"epoch": str(row["epoch"]), "cluster": row["cluster"], "status": row["status"]}
        if score.run.task.kind == "counts":
            metadata |= {name: f"{row['metrics'][name]:g}" for name in COUNTS}
        line = {
            "schema_version": SCHEMA, "evaluation_id": whole["evaluation_id"], "model_id": whole["model_info"]["id"],
            "evaluation_name": score.run.task.name, "evaluation_result_id": score.run.task.name,
            "sample_id": row["sample_id"],
            "sample_hash": sha256((row["prompt"] + row["target"]).encode()).hexdigest(),
            "interaction_type": "single_turn",
            "input": {"raw": row["prompt"], "reference": [row["target"]]},
            "output": {"raw": [row["response"]]},
            "answer_attribution": [{
                "turn_idx": 0, "source": "output.raw", "extracted_value": row["answer"],
                "extraction_method": "custom", "is_terminal": True,
            }],
            "evaluation": {"score": row["score"], "is_correct": row["score"] >= top},
            "metadata": metadata,
        }  # fmt: skip
        if pd.notna(row["tokens_in"]) and pd.notna(row["tokens_out"]):
            read, wrote = int(row["tokens_in"]), int(row["tokens_out"])
            line["token_usage"] = {"input_tokens": read, "output_tokens": wrote, "total_tokens": read + wrote}
        if pd.notna(row["seconds"]):
            line["performance"] = {"latency_ms": 1000.0 * row["seconds"]}
        yield line
