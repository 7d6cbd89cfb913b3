"""Inspect's logs (.eval and .json), read as they are by Inspect itself.

Takes one figure of each sample, and refuses to guess which. Epochs are reduced as the log says, by Inspect's own
reducers.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.digest import digest
from proctor.common.refusal import Refusal
from proctor.harness.imports.foreign import (
    Foreign,
    Wish,
    as_text,
    choose_metric,
    cluster_of,
    refuse_other_mean,
    refuse_unusable,
)
from proctor.tasks import TASKS

if TYPE_CHECKING:
    import pandas as pd

LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
UNTOUCHED = ("mean", "median", "mode", "max")  # reducers that leave a single epoch as it is
# Inspect's metrics that are the mean over samples ("all" is that of `grouped`), and those that say how sure a mean is.
MEANS = ("accuracy", "mean", "all")
SPREADS = ("stderr", "bootstrap_stderr", "std", "var", "ci", "ci_wilson")


@dataclass(frozen=True)
class _Figure:
    """One number of each sample: a scorer's value, or the entry `key` of it, reduced over the epochs."""

    scorer: str
    key: str
    reducer: str

    @property
    def name(self) -> str:
        return f"{self.scorer}/{self.key}" if self.key else self.scorer

    def value(self, sample: Any) -> Any:
        """None where the sample has no score: it failed before it was scored, or was declared invalid."""
        score = (sample.scores or {}).get(self.scorer)
        if score is None or sample.invalidation:
            return None
        if not self.key:
            return score.value
        return score.value.get(self.key) if isinstance(score.value, dict) else None


def read_inspect(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One log is one variant x task. A sample that failed, or got nothing from its scorer, has no score."""
    import pandas as pd

    log = _open_log(path)
    samples = sorted(log.samples, key=lambda sample: (str(sample.id), sample.epoch))
    figures = _figures_of(log)
    figure = figures[choose_metric(list(figures), wish, path)]
    epochs = max(sample.epoch for sample in samples)
    table = pd.DataFrame([_inspect_row(sample, figure, wish, path) for sample in samples])
    refuse_unusable(table, path)
    metric = figure.name
    if figure.reducer != "mean" and not (epochs == 1 and figure.reducer in UNTOUCHED):
        # pass@k of any number of epochs is one figure; the best of five is another than the best of three.
        metric += f", {figure.reducer}" + ("" if "pass" in figure.reducer else f" of {epochs} epochs")
        table = pd.DataFrame(_reduced(table, figure.reducer, path))
    if wish.negate:
        table["score"] = -table["score"]
    foreign = _described(log, figure, metric, table.drop(columns="value"), path, wish)
    refuse_other_mean(foreign, wish)
    yield foreign


def _described(
    log: Any, figure: _Figure, metric: str, rows: "pd.DataFrame", path: Path, wish: Wish
) -> Foreign:
    spec = log.eval
    settings = [
        scorer.model_dump(mode="json")
        for scorer in spec.scorers or []
        if scorer.name.split("/")[-1] == figure.scorer
    ]
    roles = {
        name: role.model_dump(mode="json", exclude_none=True)
        for name, role in (spec.model_roles or {}).items()
    }
    grader = roles.get("grader", {}).get("model", "")
    return Foreign(
        "inspect", wish.variant or spec.model, wish.task or spec.task, rows, (path,),
        headline=metric,
        task_version=str(spec.task_version) if spec.task in TASKS else f"inspect {spec.task_version}",
        judge=f"{figure.scorer} {digest([settings, roles])[:16]}",
        marked_by=f"{figure.scorer}, {grader}" if grader else figure.scorer,
        metric=metric + (", negated" if wish.negate else ""),
        reported=_reported(log, figure),
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
        raise Refusal(f"is no log that Inspect can read ({why})", where=path) from None
    if log.status != "success":
        raise Refusal(
            f"its status is {log.status!r}",
            "samples are missing",
            "finish it with 'inspect eval-retry'",
            path,
        )
    if not log.samples:
        raise Refusal("holds no samples", "there is nothing to import", where=path)
    return log


def _figures_of(log: Any) -> dict[str, _Figure]:
    """By name: `scorer`, or `scorer/figure` where a scorer gives several; with `,reducer` where there are several."""
    keys: dict[str, dict[str, None]] = {}
    for sample in log.samples:
        for scorer, score in (sample.scores or {}).items():
            keys.setdefault(scorer, {}).update(
                dict.fromkeys(score.value if isinstance(score.value, dict) else [])
            )
    figures = {}
    for scorer, several in keys.items():
        for key in several or [""]:
            reducers = _reducers_of(log, scorer, key)
            for reducer in reducers:
                figure = _Figure(scorer, key, reducer)
                figures[figure.name + (f",{reducer}" if len(reducers) > 1 else "")] = figure
    return figures


def _reducers_of(log: Any, scorer: str, key: str) -> list[str]:
    """Those that the results were made with: a log can be scored again with others than it was begun with."""
    named = [entry.reducer for entry in _entries(log, scorer, key) if entry.reducer]
    return list(dict.fromkeys(named or log.eval.config.epochs_reducer or ["mean"]))


def _entries(log: Any, scorer: str, key: str) -> list[Any]:
    scores = log.results.scores if log.results else []
    return [entry for entry in scores if (entry.scorer, entry.name) == (scorer, key or scorer)]


def _reported(log: Any, figure: _Figure) -> float | None:
    """The log's own figure of all samples: the one that the task declares as its headline, else their mean."""
    entries = _entries(log, figure.scorer, figure.key)
    reduced = [entry for entry in entries if entry.reducer == figure.reducer] or entries
    if not reduced:
        return None
    metrics = reduced[0].metrics
    declared = log.eval.headline_metric
    wanted = list(MEANS)
    if declared and declared.scorer in (None, figure.scorer) and declared.score in (None, reduced[0].name):
        wanted.insert(0, declared.metric)
    wanted += [name for name, metric in metrics.items() if (metric.group or metric.name) not in SPREADS]
    return next((float(metrics[name].value) for name in wanted if name in metrics), None)


def _inspect_row(sample: Any, figure: _Figure, wish: Wish, path: Path) -> dict[str, Any]:
    """`value` is the score as it was given, for the reducer."""
    given = (sample.scores or {}).get(figure.scorer)
    failed = "invalidated" if sample.invalidation else ""
    if sample.error:
        failed = sample.error.message
    value = figure.value(sample)
    score = math.nan if value is None else _number(value, sample.id, path)
    usage = list((sample.model_usage or {}).values())
    item = str(sample.id)
    return {
        "sample_id": item,
        "epoch": int(sample.epoch),
        "value": value,
        "score": score,
        "cluster": cluster_of(sample.metadata, wish.cluster, item, path),
        "doc_hash": digest([_input(sample.input), sample.target, sample.choices]),
        "prompt": _input(sample.input),
        "response": sample.output.completion,
        "answer": (given.answer or "") if given else "",
        "target": as_text(sample.target),
        "status": "error" if failed or math.isnan(score) else "ok",
        # A sample that failed before its model answered has no choices.
        "truncated": bool(sample.output.choices) and sample.output.stop_reason == "max_tokens",
        "explanation": failed or ((given.explanation or "") if given else f"{figure.scorer} gave no score"),
        "tokens_in": sum(one.input_tokens for one in usage) if usage else None,
        "tokens_out": sum(one.output_tokens for one in usage) if usage else None,
        "seconds": sample.total_time,
    }


def _reduced(table: "pd.DataFrame", reducer: str, path: Path) -> list[dict[str, Any]]:
    """One row for each sample, whose score is what Inspect's reducer makes of its epochs."""
    reduce = _reducer(reducer, path)
    samples = table.groupby("sample_id")
    return [_one_row(epochs, reduce, f"{reducer} of the epochs'", path) for _, epochs in samples]


def _reducer(name: str, path: Path) -> Callable[[list[Any]], Any]:
    """Inspect's own, by the name that its logs have for it."""
    from inspect_ai import scorer

    plain = {"median": scorer.median_score, "mode": scorer.mode_score, "max": scorer.max_score}
    with_k = {"at_least": scorer.at_least, "pass_at": scorer.pass_at, "pass_k": scorer.pass_k}
    stem, _, k = name.rpartition("_")
    if name in plain:
        return plain[name]()
    if stem not in with_k or not re.fullmatch("[1-9][0-9]{0,2}", k):
        raise Refusal(
            f"its epochs are reduced by {name!r}", "nothing here tells what that makes of a sample",
            "score it with mean, median, mode, max, at_least_K, pass_at_K or pass_k_K", path,
        )  # fmt: skip
    return with_k[stem](k=int(k))


def _one_row(
    epochs: "pd.DataFrame", reduce: Callable[[list[Any]], Any], words: str, path: Path
) -> dict[str, Any]:
    from inspect_ai.scorer import Score

    first = epochs.iloc[0]
    scores = [Score(value=value) for value in epochs["value"] if value is not None]
    score = _number(reduce(scores).value, first["sample_id"], path) if scores else math.nan
    given = ", ".join("none" if math.isnan(score) else f"{score:g}" for score in epochs["score"])
    texts = {name: as_text(list(epochs[name])) for name in ("response", "answer")} if len(epochs) > 1 else {}
    sums = {
        name: epochs[name].astype("float64").sum(skipna=False)
        for name in ("tokens_in", "tokens_out", "seconds")
    }
    return {
        **first, **texts, **sums,
        "epoch": 1,
        "score": score,
        "status": "error" if math.isnan(score) else "ok",
        "truncated": bool(epochs["truncated"].any()),
        "explanation": f"{words} {given}",
    }  # fmt: skip


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
    raise Refusal(
        f"sample {item}: {str(value)[:40]!r} is no score", "it is no number and no C, I, P or N", where=path
    )


def _input(given: Any) -> str:
    if isinstance(given, str):
        return given
    return "\n\n".join(f"{message.role}: {message.text}" for message in given)
