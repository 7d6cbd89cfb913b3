"""lm-eval's sample logs (samples_*.jsonl) with the results JSON of the same run.

Takes one figure of each sample, and refuses to guess which. A figure of all samples together is taken only where its
parts say what it is: counts whose micro F1 is the one in the results.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.harness.imports.foreign import (
    Foreign,
    Wish,
    as_text,
    choose_metric,
    cluster_of,
    refuse_other_mean,
    refuse_unusable,
    same_figure,
)
from proctor.harness.imports.own_tasks import as_own_cell, bare, own_task
from proctor.harness.imports.plain_scores import json_lines
from proctor.tasks import doc_hash

INVALID = "[invalid]"  # what lm-eval's filters give where nothing matches
SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<made>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[.\d]*)\.jsonl")


def runs_of_lm_eval(folder: Path) -> list[Path]:
    """The sample logs under a folder; two runs of one task side by side are refused, for one of them is older."""
    found: dict[tuple[Path, str], Path] = {}
    for path in sorted(folder.rglob("samples_*.jsonl")):
        named = SAMPLES.fullmatch(path.name)
        key = path.parent, named["task"] if named else path.stem
        if key in found:
            raise Refusal(
                f"two runs of {key[1]!r}: {found[key].name} and {path.name}", "a cell holds one",
                "name the file that is wanted", path.parent,
            )  # fmt: skip
        found[key] = path
    return list(found.values())


@dataclass(frozen=True)
class _Log:
    """The samples of one run of one task, and the results JSON beside them; {} without one."""

    path: Path
    task: str  # as lm-eval calls it
    samples: list[dict[str, Any]]
    results: Mapping[str, Any]
    beside: Path | None

    def of_task(self, what: str) -> Any:
        return _fields(self.results.get(what)).get(self.task)

    def figure(self, metric: str) -> float | None:
        """The task's whole figure, by `metric,filter`."""
        value = _fields(self.of_task("results")).get(metric)
        return float(value) if isinstance(value, int | float) else None

    def filtered(self, metric: str) -> list[dict[str, Any]]:
        return [row for row in self.samples if row.get("filter", "none") == metric.partition(",")[2]]


def _fields(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def read_lm_eval(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One samples file is one variant x task; the results JSON of the same run tells the model and the versions."""
    import pandas as pd

    log = _open(path)
    own = own_task(log.task, log.samples, log.results, log.of_task)
    if own:
        wish = own.wish(wish)
    counted = _micro_f1s(log)
    metric = _chosen(log, [*_numbers(log), *counted], wish)
    name, _, filter_ = metric.partition(",")
    if metric in counted and wish.negate:
        raise Refusal(
            f"{metric!r} can't be turned round", "its counts make an F1", "drop --lower-is-better", path
        )
    _refuse_less_is_better(log, name, wish)
    rows = pd.DataFrame([_row(row, name, wish, own is not None, path) for row in log.filtered(metric)])
    refuse_unusable(rows, path)
    asked = _fields(log.of_task("results")).get("sample_len")
    if isinstance(asked, int) and asked > len(rows):
        raise Refusal(
            f"holds {len(rows)} samples, and the results speak of {asked}", "it is not the whole file",
            "bring the one that lm-eval wrote", path,
        )  # fmt: skip
    lacks = []
    if not (rows["doc_hash"] != "").all():
        lacks.append("document hash")
    if log.of_task("versions") is None:
        lacks.append("task version")
    version, shots = log.of_task("versions"), log.of_task("n-shot")
    model = str(log.results.get("model_name") or "")
    foreign = Foreign(
        "lm-eval", wish.variant or model or path.parent.name or "model", wish.task or log.task, rows,
        tuple(file for file in (path, log.beside) if file),
        headline=name if filter_ == "none" else f"{name} ({filter_})",
        lacks=tuple(lacks),
        reported=log.figure(metric),
        task_version=None if version is None else f"lm-eval {version}",
        metric=metric + (", negated" if wish.negate else ""),
        model=model,
        sampling=dict(_fields(_fields(log.of_task("configs")).get("generation_kwargs"))),
        prompt="" if shots is None else f"{shots} shots",
        versions={"lm-eval": str(log.results["lm_eval_version"])} if "lm_eval_version" in log.results else {},
    )  # fmt: skip
    refuse_other_mean(foreign, wish)
    yield as_own_cell(foreign, own, wish) if own else foreign


def _open(path: Path) -> _Log:
    named = SAMPLES.fullmatch(path.name)
    task, made = path.stem.removeprefix("samples_"), ""
    if named:
        task, made = named["task"], named["made"]
    results, beside = _results_beside(path, made)
    samples = [row for _, row in json_lines(path)]
    if not samples:
        raise Refusal("is empty", "there is nothing to import", where=path)
    for i, row in enumerate(samples, start=1):
        if not isinstance(row, dict) or "doc_id" not in row or not isinstance(row.get("metrics"), list):
            raise Refusal(f"row {i} is no sample of lm-eval", "it has no doc_id and metrics", where=path)
    return _Log(path, task, samples, results, beside)


def _results_beside(path: Path, made: str) -> tuple[dict[str, Any], Path | None]:
    """`results_<time>.json`, or `<name>_<time>.json` where --output_path named a file."""
    candidates = sorted(path.parent.glob(f"*_{made}.json")) if made else []
    if not candidates:
        return {}, None
    beside = candidates[0]
    try:
        results = json.loads(beside.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise Refusal(
            "is no JSON", remedy="mend it, or move it away to import without it", where=beside
        ) from None
    return (results, beside) if isinstance(results, dict) else ({}, None)


def _metrics(log: _Log) -> dict[str, list[Any]]:
    """`metric,filter` as lm-eval's results call them, with what each sample has for it."""
    values: dict[str, list[Any]] = {}
    for row in log.samples:
        for name in dict.fromkeys(map(str, row["metrics"])):
            values.setdefault(f"{name},{row.get('filter', 'none')}", []).append(row.get(name))
    return values


def _whole_metrics(log: _Log, fits: Callable[[Any], bool]) -> dict[str, list[Any]]:
    """Those that every sample has, with a value that fits."""
    whole = {}
    for metric, values in _metrics(log).items():
        if len(values) == len(log.filtered(metric)) and all(fits(value) for value in values):
            whole[metric] = values
    return whole


def _numbers(log: _Log) -> list[str]:
    """Those that are a number in every sample."""
    return list(_whole_metrics(log, lambda value: isinstance(value, int | float)))


def _micro_f1s(log: _Log) -> list[str]:
    """Those that are three counts in every sample, which the results show to be tp, fp and fn.

    They do where the micro F1 of the sums is this metric's figure, and where a metric of the same counts that is called
    precision or recall is just that: else names given wrongly could be taken for names that were missed.
    """
    counts = _whole_metrics(log, _is_counts)
    fitting = []
    for metric, values in counts.items():
        tp, *wrong = (sum(column) for column in zip(*values, strict=True))
        ordered = tp == 0 or wrong[0] == wrong[1]
        contradicted = False
        for other, others in counts.items():
            side = _side(other)
            if side is None or others != values:
                continue
            ordered = True
            contradicted |= not same_figure(log.figure(other), tp / (tp + wrong[side]) if tp else 0.0)
        f1 = 2 * tp / (2 * tp + sum(wrong)) if tp else 0.0
        is_f1 = "f1" in metric.lower() and same_figure(log.figure(metric), f1)
        if ordered and not contradicted and is_f1:
            fitting.append(metric)
    return fitting


def _side(metric: str) -> int | None:
    """Which of (fp, fn) the figure divides by beside tp: fp for precision, fn for recall."""
    words = set(metric.partition(",")[0].lower().split("_"))
    if words & {"p", "precision"}:
        return 0
    if words & {"r", "recall"}:
        return 1
    return None


def _is_counts(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(type(n) is int and n >= 0 for n in value)


def _chosen(log: _Log, offered: Sequence[str], wish: Wish) -> str:
    """The metric wished for; one that belongs to all samples together is refused by its name."""
    fits = [metric for metric in _metrics(log) if wish.metric in (metric, metric.partition(",")[0])]
    if fits and not set(fits) & set(offered):
        alone = "" if log.beside else "; counts need the results_*.json of the same run beside them"
        raise Refusal(
            f"{fits[0]!r} belongs to all samples together",
            f"no sample has a number of its own for it, nor tp, fp and fn that it is the micro F1 of{alone}",
            f"choose one of {', '.join(offered)}", log.path,
        )  # fmt: skip
    return choose_metric(offered, wish, log.path)


def _refuse_less_is_better(log: _Log, name: str, wish: Wish) -> None:
    if (log.of_task("higher_is_better") or {}).get(name) is False and not wish.negate:
        raise Refusal(
            f"of {name!r} less is better", "here more is better", "give --lower-is-better, which turns the sign round",
            log.path,
        )  # fmt: skip


def _row(row: Mapping[str, Any], metric: str, wish: Wish, own: bool, path: Path) -> dict[str, Any]:
    answer = _alone(row.get("filtered_resps"))
    unparsed = _is_invalid(answer) or (own and row.get("parsed") == 0)
    value = row[metric]
    item = str(row["doc"]["id"] if own else row["doc_id"])
    fields: dict[str, Any] = {
        "sample_id": item,
        "cluster": cluster_of(row.get("doc"), wish.cluster, item, path),
        "doc_hash": doc_hash(bare(row["doc"])) if own else str(row.get("doc_hash") or ""),
        "prompt_hash": str(row.get("prompt_hash") or ""),
        "prompt": as_text(_prompt(row.get("arguments"))),
        "response": as_text(_alone(row.get("resps"))),
        "answer": "" if unparsed else as_text(answer),
        "target": as_text(row.get("target")),
        "status": "unparsed" if unparsed else "ok",
    }
    if isinstance(value, list):
        tp, fp, fn = map(float, value)
        fields["metrics"] = {"tp": tp, "fp": fp, "fn": fn}
        score = 2 * tp / max(2 * tp + fp + fn, 1)
    else:
        score = float(value)
    if math.isnan(score):
        fields["status"] = "error"
    return fields | {"score": -score if wish.negate else score}


def _prompt(arguments: Any) -> Any:
    """The text that was asked, wherever this version of lm-eval puts it."""
    if isinstance(arguments, dict):
        arguments = next(iter(arguments.values()), {})
    while isinstance(arguments, list) and arguments:
        arguments = arguments[0]
    return arguments.get("arg_0", "") if isinstance(arguments, dict) else arguments


def _alone(responses: Any) -> Any:
    """The response itself; all of them where a sample was answered several times."""
    while isinstance(responses, list) and len(responses) == 1:
        responses = responses[0]
    return responses


def _is_invalid(answer: Any) -> bool:
    """Whether the filter found no answer: in none of the responses, where there are several."""
    answers = answer if isinstance(answer, list) else [answer]
    return bool(answers) and all(each == INVALID for each in answers)
