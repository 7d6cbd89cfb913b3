"""Logs of lm-eval (samples_*.jsonl with its results JSON) and of Inspect (.eval and .json), read as they are.

Takes one figure of each sample, and refuses to guess which. Knows what stands where in each log; not where rows go.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.elsewhere.foreign import Foreign, Wish, choose_metric, refuse_unusable
from harness.elsewhere.plain_scores import json_lines
from harness.schema import digest

SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<made>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[.\d]*)\.jsonl")
LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


def runs_of_lm_eval(folder: Path) -> list[Path]:
    """The sample logs under a folder; two runs of one task side by side are refused, for one of them is older."""
    found: dict[tuple[Path, str], Path] = {}
    for path in sorted(folder.rglob("samples_*.jsonl")):
        named = SAMPLES.fullmatch(path.name)
        key = path.parent, named["task"] if named else path.stem
        if key in found:
            raise UserError(
                f"two runs of {key[1]!r}: {found[key].name} and {path.name}", "a cell holds one",
                "name the file that is wanted", path.parent,
            )  # fmt: skip
        found[key] = path
    return list(found.values())


def read_lm_eval(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One samples file is one variant x task; the results JSON of the same run tells the model and the versions."""
    import pandas as pd

    named = SAMPLES.fullmatch(path.name)
    told, beside = _results_beside(path, named["made"] if named else "")
    task = wish.task or (named["task"] if named else path.stem.removeprefix("samples_"))
    samples = [row for _, row in json_lines(path)]
    if not samples:
        raise UserError("is empty", "there is nothing to import", where=path)
    for i, row in enumerate(samples, start=1):
        if not isinstance(row, dict) or "doc_id" not in row or not isinstance(row.get("metrics", []), list):
            raise UserError(f"row {i} is no sample of lm-eval", "it has no doc_id", where=path)
    metric = choose_metric(_metrics(samples), wish, path)
    name, _, filter_ = metric.partition(",")
    source_task = named["task"] if named else task
    if told.get("higher_is_better", {}).get(source_task, {}).get(name) is False and not wish.negate:
        raise UserError(
            f"of {name!r} less is better", "here more is better", "give --lower-is-better, which turns the sign round",
            path,
        )  # fmt: skip
    mine = [row for row in samples if row.get("filter", "none") == filter_]
    rows = pd.DataFrame([_lm_eval_row(row, name, wish, path) for row in mine])
    refuse_unusable(rows, path)
    hashed = bool((rows["doc_hash"] != "").all())
    version = told.get("versions", {}).get(source_task)
    config = told.get("configs", {}).get(source_task, {})
    shots = told.get("n-shot", {}).get(source_task)
    yield Foreign(
        "lm-eval", wish.variant or str(told.get("model_name") or path.parent.name or "model"), task, rows,
        tuple(file for file in (path, beside) if file),
        headline=name if filter_ == "none" else f"{name} ({filter_})",
        lacks=(*(() if hashed else ("document hash",)), *(() if version is not None else ("task version",))),
        task_version=None if version is None else f"lm-eval {version}",
        metric=metric + (", negated" if wish.negate else ""),
        model=str(told.get("model_name") or ""),
        sampling=dict(config.get("generation_kwargs") or {}),
        prompt="" if shots is None else f"{shots} shots",
        versions={"lm-eval": str(told["lm_eval_version"])} if "lm_eval_version" in told else {},
    )  # fmt: skip


def _results_beside(path: Path, made: str) -> tuple[dict[str, Any], Path | None]:
    beside = path.with_name(f"results_{made}.json")
    if not made or not beside.is_file():
        return {}, None
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError:
        raise UserError(
            "is no JSON", remedy="mend it, or move it away to import without it", where=beside
        ) from None
    return (told, beside) if isinstance(told, dict) else ({}, None)


def _metrics(samples: list[dict[str, Any]]) -> list[str]:
    """`metric,filter` as lm-eval's results call them, of all figures that are numbers in every sample."""
    rows: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for row in samples:
        of = row.get("filter", "none")
        rows[of] = rows.get(of, 0) + 1
        for name in row.get("metrics", []):
            numbers[f"{name},{of}"] = numbers.get(f"{name},{of}", 0) + isinstance(row.get(name), int | float)
    return [key for key, count in numbers.items() if count == rows[key.partition(",")[2]]]


def _lm_eval_row(row: Mapping[str, Any], metric: str, wish: Wish, path: Path) -> dict[str, Any]:
    arguments, responses = row.get("arguments"), row.get("resps")
    first: Any = next(iter(arguments.values()), {}) if isinstance(arguments, dict) else arguments
    while isinstance(first, list) and first:
        first = first[0]
    prompt = first.get("arg_0", "") if isinstance(first, dict) else first
    while isinstance(responses, list) and len(responses) == 1:
        responses = responses[0]
    filtered = row.get("filtered_resps")
    while isinstance(filtered, list) and len(filtered) == 1:
        filtered = filtered[0]
    item, score = str(row["doc_id"]), float(row[metric])
    return {
        "sample_id": item,
        "score": -score if wish.negate else score,
        "cluster": _cluster(row.get("doc"), wish.cluster, item, path),
        "doc_hash": str(row.get("doc_hash") or ""),
        "prompt_hash": str(row.get("prompt_hash") or ""),
        "prompt": _text(prompt),
        "response": _text(responses),
        "answer": _text(filtered),
        "target": _text(row.get("target")),
        "status": "error" if math.isnan(score) else "ok",
    }


def _cluster(fields: Any, name: str | None, item: str, path: Path) -> str:
    if name is None:
        return item
    if not isinstance(fields, dict) or fields.get(name) in (None, ""):
        raise UserError(
            f"sample {item} has no field {name!r} for its cluster", "", "name another field", path
        )
    return str(fields[name])


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def read_inspect(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One log is one variant x task. A sample that failed, or got nothing from its scorer, has no score."""
    import pandas as pd

    log = _open_log(path)
    samples = log.samples or []
    metric = choose_metric(_scores_of(samples), wish, path)
    scorer = metric.split("/")[0]
    rows = pd.DataFrame([_inspect_row(sample, metric, wish, path) for sample in samples])
    refuse_unusable(rows, path)
    spec = log.eval
    settings = [
        one.model_dump(mode="json") for one in spec.scorers or [] if one.name.split("/")[-1] == scorer
    ]
    roles = {
        name: role.model_dump(mode="json", exclude_none=True)
        for name, role in (spec.model_roles or {}).items()
    }
    grader = roles.get("grader", {}).get("model", "")
    yield Foreign(
        "inspect", wish.variant or spec.model, wish.task or spec.task, rows, (path,),
        headline=metric,
        task_version=f"inspect {spec.task_version}",
        judge=f"{scorer} {digest([settings, roles])[:16]}",
        marked_by=f"{scorer}, {grader}" if grader else scorer,
        metric=metric + (", negated" if wish.negate else ""),
        model=spec.model,
        sampling=spec.model_generate_config.model_dump(mode="json", exclude_none=True),
        versions={name: str(version) for name, version in sorted(spec.packages.items())},
    )  # fmt: skip


def _open_log(path: Path) -> Any:
    from inspect_ai.log import read_eval_log

    try:
        log = read_eval_log(str(path), resolve_attachments=True)
    except (
        Exception
    ) as broken:  # every kind of damage comes as another exception: of zip, of JSON, of pydantic
        why = " ".join(f"{type(broken).__name__}: {broken}".split())[:160]
        raise UserError(f"is no log that Inspect can read ({why})", where=path) from None
    if log.status != "success":
        raise UserError(
            f"its status is {log.status!r}",
            "samples are missing",
            "finish it with 'inspect eval-retry'",
            path,
        )
    if not log.samples:
        raise UserError("holds no samples", "there is nothing to import", where=path)
    return log


def _scores_of(samples: list[Any]) -> list[str]:
    """`scorer`, or `scorer/figure` where a scorer gives several."""
    found: dict[str, None] = {}
    for sample in samples:
        for scorer, score in (sample.scores or {}).items():
            several = isinstance(score.value, dict)
            found |= dict.fromkeys(f"{scorer}/{key}" for key in score.value) if several else {scorer: None}
    # A scorer of several figures marks a failed sample with one: that is no figure of its own.
    return [one for one in found if not any(other.startswith(f"{one}/") for other in found)]


def _inspect_row(sample: Any, metric: str, wish: Wish, path: Path) -> dict[str, Any]:
    scorer, _, figure = metric.partition("/")
    given = (sample.scores or {}).get(scorer)
    failed = sample.error.message if sample.error else "invalidated" if sample.invalidation else ""
    value = given.value if given is not None else None
    if figure:
        value = value.get(figure) if isinstance(value, dict) else None
    score = None if failed or value is None else _number(value, sample.id, path)
    usage = list((sample.model_usage or {}).values())
    truncated = sample.output.stop_reason == "max_tokens"
    item = str(sample.id)
    return {
        "sample_id": item,
        "epoch": int(sample.epoch),
        "score": math.nan if score is None else -score if wish.negate else score,
        "cluster": _cluster(sample.metadata, wish.cluster, item, path),
        "doc_hash": digest([_input(sample.input), sample.target, sample.choices]),
        "prompt": _input(sample.input),
        "response": sample.output.completion,
        "answer": (given.answer or "") if given else "",
        "target": _text(sample.target),
        "status": "error" if score is None or math.isnan(score) else "truncated" if truncated else "ok",
        "explanation": failed or ((given.explanation or "") if given else f"{scorer} gave no score"),
        "tokens_in": sum(one.input_tokens for one in usage) if usage else None,
        "tokens_out": sum(one.output_tokens for one in usage) if usage else None,
        "seconds": sample.total_time,
    }


def _number(value: Any, item: Any, path: Path) -> float:
    """Inspect's letters and words as its own metrics count them; anything else is refused, never taken for 0."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        if (known := LETTERS.get(value, LETTERS.get(value.lower() if len(value) > 1 else value))) is not None:
            return known
        try:
            return float(value)
        except ValueError:
            pass
    raise UserError(
        f"sample {item}: {str(value)[:40]!r} is no score", "it is no number and no C, I, P or N", where=path
    )


def _input(given: Any) -> str:
    if isinstance(given, str):
        return given
    return "\n\n".join(f"{message.role}: {message.text}" for message in given)
