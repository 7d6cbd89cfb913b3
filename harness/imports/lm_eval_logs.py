"""lm-eval's sample logs (samples_*.jsonl) with the results JSON of the same run.

Takes one figure of each sample, and refuses to guess which. A figure of all samples together is taken of our own tasks
alone, whose logs hold the counts that it is made of.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from proctor.common.json_lines import read_json, read_json_lines
from proctor.common.refusal import Refusal
from proctor.harness.imports import foreign
from proctor.harness.imports.foreign import Foreign, Wish, as_text, fields_of, micro_f1
from proctor.harness.imports.own_tasks import as_own_cell, bare, own_task
from proctor.tasks import doc_hash

INVALID = "[invalid]"  # what lm-eval's filters give where nothing matches
SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<made>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[.\d]*)\.jsonl")


def runs_of_lm_eval(folder: Path) -> list[Path]:
    """The sample logs under a folder; two runs of one task side by side are refused, for one of them is older."""
    logs: dict[tuple[Path, str], Path] = {}
    for path in filter(Path.is_file, sorted(folder.rglob("samples_*.jsonl"))):
        task, _ = _task_and_time(path)
        key = path.parent, task
        if key in logs:
            raise Refusal(
                f"two runs of {task!r}: {logs[key].name} and {path.name}", "a cell holds one",
                "name the file that is wanted", path.parent,
            )  # fmt: skip
        logs[key] = path
    return list(logs.values())


def _task_and_time(path: Path) -> tuple[str, str]:
    parts = SAMPLES.fullmatch(path.name)
    if parts is None:
        return path.stem.removeprefix("samples_"), ""
    return parts["task"], parts["made"]


@dataclass(frozen=True)
class _Log:
    """The samples of one run of one task, and the results JSON beside them; {} without one."""

    path: Path
    task: str  # as lm-eval calls it
    samples: list[dict[str, Any]]
    results: Mapping[str, Any]
    beside: Path | None

    def of_task(self, what: str) -> Any:
        return fields_of(self.results.get(what)).get(self.task)

    def figure(self, metric: str) -> float | None:
        """The task's whole figure, by `metric,filter`."""
        value = fields_of(self.of_task("results")).get(metric)
        if isinstance(value, int | float):
            return float(value)
        return None

    def filtered(self, metric: str) -> list[dict[str, Any]]:
        filter_ = metric.partition(",")[2]
        return [row for row in self.samples if row.get("filter", "none") == filter_]

    def metrics(self) -> list[str]:
        """`metric,filter` as lm-eval's results call them."""
        names: dict[str, None] = {}
        for row in self.samples:
            names |= dict.fromkeys(f"{name},{row.get('filter', 'none')}" for name in row["metrics"])
        return list(names)

    def has_numbers(self, metric: str) -> bool:
        """Of every sample."""
        name = metric.partition(",")[0]
        rows = self.filtered(metric)
        return all(name in row["metrics"] and isinstance(row.get(name), int | float) for row in rows)


def read_lm_eval(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One samples file is one variant x task; the results JSON of the same run tells the model and the versions."""
    log = _open(path)
    own = own_task(log.task, log.samples, log.results, log.of_task)
    if own:
        wish = own.wish(wish)
    offered = list(filter(log.has_numbers, log.metrics()))
    counted = ""
    if own and own.task.kind == "counts":
        counted = f"{own.metric},none"
        offered.append(counted)
    metric = foreign.choose_metric(offered, wish, path, log.metrics())
    name = metric.partition(",")[0]
    if metric == counted and wish.negate:
        raise Refusal(
            f"{metric!r} can't be turned round", "its counts make an F1", "drop --lower-is-better", path
        )
    if fields_of(log.of_task("higher_is_better")).get(name) is False:
        foreign.refuse_less_is_better(name, wish, path)
    rows = pd.DataFrame([_row(row, name, wish, own is not None, path) for row in log.filtered(metric)])
    whole = fields_of(log.of_task("results")).get("sample_len")
    if isinstance(whole, int) and whole > len(rows):
        raise Refusal(
            f"holds {len(rows)} samples, and the results speak of {whole}", "it is not the whole file",
            "bring the one that lm-eval wrote", path,
        )  # fmt: skip
    described = _described(log, rows, metric, wish)
    yield as_own_cell(described, own, wish) if own else described


def _described(log: _Log, rows: pd.DataFrame, metric: str, wish: Wish) -> Foreign:
    """What the results tell of the run, and what they lack."""
    name, _, filter_ = metric.partition(",")
    headline, prompt, task_version = name, "", None
    lacks, versions = [], {}
    if filter_ != "none":
        headline = f"{name} ({filter_})"
    if (rows["doc_hash"] == "").any():
        lacks.append("document hash")
    version, shots = log.of_task("versions"), log.of_task("n-shot")
    if version is None:
        lacks.append("task version")
    else:
        task_version = f"lm-eval {version}"
    if shots is not None:
        prompt = f"{shots} shots"
    if "lm_eval_version" in log.results:
        versions["lm-eval"] = str(log.results["lm_eval_version"])
    files = [log.path]
    if log.beside:
        files.append(log.beside)
    model = str(log.results.get("model_name") or "")
    sampling = fields_of(fields_of(log.of_task("configs")).get("generation_kwargs"))
    return Foreign(
        "lm-eval", wish.variant or model or log.path.parent.name or "model", wish.task or log.task, rows, tuple(files),
        headline=headline, lacks=tuple(lacks), reported=log.figure(metric), task_version=task_version,
        metric=wish.metric_name(metric), model=model, sampling=sampling,
        prompt=prompt, versions=versions,
    )  # fmt: skip


def _open(path: Path) -> _Log:
    task, made = _task_and_time(path)
    results, beside = _results_beside(path, made)
    samples = []
    for number, row in read_json_lines(path, '{"doc_id": ..., "metrics": [...]}'):
        filtered = isinstance(row.get("filter", ""), str)
        if "doc_id" not in row or not isinstance(row.get("metrics"), list) or not filtered:
            raise Refusal(
                f"row {number} is no sample of lm-eval", "it has no doc_id, metrics and filter", where=path
            )
        samples.append(row)
    if not samples:
        raise Refusal("is empty", "there is nothing to import", where=path)
    return _Log(path, task, samples, results, beside)


def _results_beside(path: Path, made: str) -> tuple[dict[str, Any], Path | None]:
    """`results_<time>.json`, or `<name>_<time>.json` where --output_path named a file."""
    candidates = sorted(path.parent.glob(f"*_{made}.json"))
    if not made or not candidates:
        return {}, None
    beside = candidates[0]
    results = read_json(beside, "lm-eval's results", "mend it, or move it away to import without it")
    if not isinstance(results, dict):
        return {}, None
    return results, beside


def _row(row: Mapping[str, Any], metric: str, wish: Wish, own: bool, path: Path) -> dict[str, Any]:
    item, doc = str(row["doc_id"]), str(row.get("doc_hash") or "")
    if own:
        item, doc = str(row["doc"]["id"]), doc_hash(bare(row["doc"]))
    extracted = _alone(row.get("filtered_resps"))
    answer, status = as_text(extracted), "ok"
    if _is_invalid(extracted) or (own and row.get("parsed") == 0):
        answer, status = "", "unparsed"
    value, counts = row[metric], {}
    if isinstance(value, list):
        tp, fp, fn = map(float, value)  # of a task of ours
        counts = {"metrics": {"tp": tp, "fp": fp, "fn": fn}}
        value = micro_f1(tp, fp, fn)
    if math.isnan(value):
        status = "error"
    return counts | {
        "sample_id": item,
        "cluster": foreign.cluster_of(row.get("doc"), wish.cluster, item, path),
        "doc_hash": doc,
        "prompt_hash": str(row.get("prompt_hash") or ""),
        "prompt": as_text(_prompt(row.get("arguments"))),
        "response": as_text(_alone(row.get("resps"))),
        "answer": answer,
        "target": as_text(row.get("target")),
        "status": status,
        "score": float(value),
    }


def _prompt(arguments: Any) -> Any:
    """The text that was asked, wherever this version of lm-eval puts it."""
    if isinstance(arguments, dict):
        arguments = next(iter(arguments.values()), {})
    while isinstance(arguments, list) and arguments:
        arguments = arguments[0]
    if isinstance(arguments, dict):
        return arguments.get("arg_0", "")
    return arguments


def _alone(responses: Any) -> Any:
    """The response itself; all of them where a sample was answered several times."""
    while isinstance(responses, list) and len(responses) == 1:
        responses = responses[0]
    return responses


def _is_invalid(answer: Any) -> bool:
    """Whether the filter found no answer, or nothing was written: in none of the responses, where there are several."""
    if isinstance(answer, list):
        return bool(answer) and all(map(_is_invalid, answer))
    return isinstance(answer, str) and answer.strip() in ("", INVALID)
