"""Inspect's logs (.eval and .json), read as they are by Inspect itself.

Takes one figure of each sample, and refuses to guess which. Knows what stands where in a log; not where rows go.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.elsewhere.foreign import Foreign, Wish, as_text, choose_metric, cluster_of, refuse_unusable
from harness.errors import UserError
from harness.schema import digest

LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


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
    item = str(sample.id)
    return {
        "sample_id": item,
        "epoch": int(sample.epoch),
        "score": math.nan if score is None else -score if wish.negate else score,
        "cluster": cluster_of(sample.metadata, wish.cluster, item, path),
        "doc_hash": digest([_input(sample.input), sample.target, sample.choices]),
        "prompt": _input(sample.input),
        "response": sample.output.completion,
        "answer": (given.answer or "") if given else "",
        "target": as_text(sample.target),
        "status": "error" if score is None or math.isnan(score) else "ok",
        "truncated": sample.output.stop_reason == "max_tokens",
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
