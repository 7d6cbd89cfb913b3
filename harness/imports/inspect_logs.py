"""Inspect's logs (.eval and .json), read as they are by Inspect itself.

Takes one figure of each sample, and refuses to guess which. Of epochs that were reduced otherwise than by their mean,
it takes what Inspect made of each sample, as the log tells it.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import pandas as pd

from proctor.common.answers import number_of
from proctor.common.digest import digest
from proctor.common.refusal import Refusal
from proctor.harness.imports import foreign
from proctor.harness.imports.foreign import Foreign, Wish, as_text, fields_of
from proctor.tasks import TASKS

NO_ANSWER = "N"  # what Inspect's scorers give where a response holds no answer
LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
UNTOUCHED = ("mean", "median", "mode", "max")  # reducers that leave a single epoch as it is
LARGEST = 2**28  # bytes, unpacked
MEMORY = 3 * 2**29  # bytes that reading them may take
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
        if not self.key:
            return self.scorer
        return f"{self.scorer}/{self.key}"

    def of(self, score: Any) -> Any:
        if not self.key:
            return score.value
        return fields_of(score.value).get(self.key)


def read_inspect(path: Path, wish: Wish) -> Iterator[Foreign]:
    """One log is one variant x task. A sample that failed, or got nothing from its scorer, has no score."""
    log = _open_log(path)
    samples = sorted(log.samples, key=lambda sample: (str(sample.id), sample.epoch))
    figures = _figures_of(log, path)
    figure = figures[foreign.choose_metric(list(figures), wish, path)]
    epochs = max(sample.epoch for sample in samples)
    table = pd.DataFrame([_sample_row(sample, figure, wish, path) for sample in samples])
    foreign.refuse_unusable(table, path)  # an epoch that is there twice is seen before they are reduced
    metric = figure.name
    if figure.reducer != "mean" and not (epochs == 1 and figure.reducer in UNTOUCHED):
        metric += f", {figure.reducer}"
        # pass@k of any number of epochs is one figure; the best of five is another than the best of three.
        if "pass" not in figure.reducer:
            metric += f" of {epochs} epochs"
        table = _reduced(table, log, figure, path)
    yield _described(log, figure, metric, table, path, wish)


def _described(log: Any, figure: _Figure, metric: str, rows: pd.DataFrame, path: Path, wish: Wish) -> Foreign:
    spec = log.eval
    settings, roles = [], {}
    for scorer in spec.scorers or []:
        if scorer.name.split("/")[-1] == figure.scorer:
            settings.append(scorer.model_dump(mode="json"))
    for name, role in (spec.model_roles or {}).items():
        roles[name] = role.model_dump(mode="json", exclude_none=True)
    scored_by, version = figure.scorer, str(spec.task_version)
    if "model" in roles.get("grader", {}):
        scored_by += f", {roles['grader']['model']}"
    if spec.task not in TASKS:
        version = f"inspect {version}"
    return Foreign(
        "inspect", wish.variant or spec.model, wish.task or spec.task, rows, (path,),
        headline=metric,
        task_version=version,
        judge=f"{figure.scorer} {digest([settings, roles])[:16]}",
        scored_by=scored_by,
        metric=wish.metric_name(metric),
        reported=_reported(log, figure),
        model=spec.model,
        sampling=spec.model_generate_config.model_dump(mode="json", exclude_none=True),
        versions={name: str(version) for name, version in sorted(spec.packages.items())},
    )  # fmt: skip


def _open_log(path: Path) -> Any:
    from inspect_ai.log import read_eval_log

    size = _unpacked(path)
    if size > LARGEST:
        raise Refusal(f"holds {size:,} bytes", f"a log of more than {LARGEST:,} is not read", where=path)
    try:
        with _memory(MEMORY):
            log = read_eval_log(str(path), resolve_attachments=True)
    except Exception as broken:  # each kind of damage has its own exception: of zip, of JSON, of pydantic
        why = " ".join(f"{type(broken).__name__}: {broken}".split())[:160]
        raise Refusal(f"is no log that Inspect can read ({why})", where=path) from None
    if log.status != "success":
        remedy = "finish it with 'inspect eval-retry'"
        raise Refusal(f"its status is {log.status!r}", "samples are missing", remedy, path)
    if not log.samples:
        raise Refusal("holds no samples", "there is nothing to import", where=path)
    there = {(str(sample.id), sample.epoch) for sample in log.samples}
    twice = False
    if is_zipfile(path):
        names = list(filter(lambda name: name.startswith("samples/"), ZipFile(path).namelist()))
        twice = len(set(names)) < len(names)
    if twice or (log.results and len(there) < log.results.total_samples):
        raise Refusal(
            "it does not hold each sample of its results once", "it was changed after it was written",
            "get it once more from where it was made", path,
        )  # fmt: skip
    return log


def _unpacked(path: Path) -> int:
    """Bytes; an archive of a few kilobytes can hold more than any memory."""
    with suppress(OSError, BadZipFile), ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())
    return path.stat().st_size


@contextmanager
def _memory(most: int) -> Iterator[None]:
    """A MemoryError where the block takes more: an archive can also lie about what it holds."""
    if sys.platform != "linux":
        yield
        return
    import resource

    limits = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def _figures_of(log: Any, path: Path) -> dict[str, _Figure]:
    """By name: `scorer`, or `scorer/figure` where a scorer gives several; with `,reducer` where there are several."""
    keys: dict[str, dict[str, None]] = {}
    mixed: dict[str, set[bool]] = {}
    for sample in log.samples:
        for scorer, score in (sample.scores or {}).items():
            keys.setdefault(scorer, {}).update(dict.fromkeys(fields_of(score.value)))
            if score.value is not None and score.value == score.value:  # NaN: unscored
                mixed.setdefault(scorer, set()).add(isinstance(score.value, dict))
    figures = {}
    for scorer, several in keys.items():
        if len(mixed.get(scorer, ())) > 1:
            raise Refusal(
                f"scorer {scorer!r} gives one value to some samples and several to others",
                "they are no scores of one kind", "score it again with 'inspect score'", path,
            )  # fmt: skip
        for key in several or [""]:
            # A log can be scored again with other reducers than it was begun with: the results have the last ones.
            named = [entry.reducer for entry in _entries(log, scorer, key) if entry.reducer]
            reducers = dict.fromkeys(named or log.eval.config.epochs_reducer or ["mean"])
            for reducer in reducers:
                figure = _Figure(scorer, key, reducer)
                name = figure.name
                if len(reducers) > 1:
                    name += f",{reducer}"
                figures[name] = figure
    return figures


def _entries(log: Any, scorer: str, key: str) -> list[Any]:
    if not log.results:
        return []
    return [entry for entry in log.results.scores if (entry.scorer, entry.name) == (scorer, key or scorer)]


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
    for name in wanted:
        if name in metrics:
            return float(metrics[name].value)
    return None


def _sample_row(sample: Any, figure: _Figure, wish: Wish, path: Path) -> dict[str, Any]:
    item, prompt, score = str(sample.id), _as_prompt(sample.input), (sample.scores or {}).get(figure.scorer)
    row = {
        "sample_id": item,
        "epoch": int(sample.epoch),
        "score": math.nan,  # where it failed before it was scored, or was declared invalid
        "cluster": foreign.cluster_of(sample.metadata, wish.cluster, item, path),
        "doc_hash": digest([prompt, sample.target, sample.choices]),
        "prompt": prompt,
        "response": sample.output.completion,
        "answer": "",
        "target": as_text(sample.target),
        "status": "ok",
        # A sample that failed before its model answered has no choices.
        "truncated": bool(sample.output.choices) and sample.output.stop_reason == "max_tokens",
        "explanation": f"{figure.scorer} gave no score",
        "tokens_in": None,
        "tokens_out": None,
        "seconds": sample.total_time,
    }
    if score and not sample.invalidation:
        row["score"] = _number(figure.of(score), sample.id, path)
        if figure.of(score) == NO_ANSWER:
            row["status"] = "unparsed"
    if score:
        row |= {"answer": score.answer or "", "explanation": score.explanation or ""}
    if sample.error:
        row["explanation"] = sample.error.message
    elif sample.invalidation:
        row["explanation"] = "invalidated"
    if sample.error or math.isnan(row["score"]):
        row["status"] = "error"
    for usage in (sample.model_usage or {}).values():
        row["tokens_in"] = (row["tokens_in"] or 0) + usage.input_tokens
        row["tokens_out"] = (row["tokens_out"] or 0) + usage.output_tokens
    return row


def _reduced(table: pd.DataFrame, log: Any, figure: _Figure, path: Path) -> pd.DataFrame:
    """One row for each sample, whose score is what Inspect's reducer made of its epochs."""
    scores: dict[str, Any] = {}
    for reduction in log.reductions or ():
        if (reduction.scorer, reduction.reducer) == (figure.scorer, figure.reducer):
            scores |= {str(score.sample_id): figure.of(score) for score in reduction.samples}
    if not scores:
        raise Refusal(
            f"its epochs are reduced by {figure.reducer!r}", "the log does not hold what that made of each sample",
            "score it again with 'inspect score'", path,
        )  # fmt: skip
    rows = []
    for item, epochs in table.groupby("sample_id"):
        row = dict(epochs.iloc[0])
        row["score"] = _number(scores.get(str(item)), item, path)
        row["status"] = "unparsed" if (epochs["status"] == "unparsed").all() else "ok"
        if math.isnan(row["score"]):
            row["status"] = "error"
        if len(epochs) > 1:
            row |= {name: as_text(list(epochs[name])) for name in ("response", "answer")}
        for column in ("tokens_in", "tokens_out", "seconds"):
            row[column] = epochs[column].astype("float64").sum(skipna=False)
        row["truncated"] = bool(epochs["truncated"].any())
        of_epochs = ", ".join(f"{score:g}" for score in epochs["score"]).replace("nan", "none")
        rows.append(row | {"epoch": 1, "explanation": f"{figure.reducer} of the epochs' {of_epochs}"})
    return pd.DataFrame(rows)


def _number(value: Any, item: Any, path: Path) -> float:
    """Inspect's letters and words as its own metrics count them; anything else is refused, never taken for 0."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        value = LETTERS.get(value.lower() if len(value) > 1 else value, value)
    try:
        return number_of(value)
    except ValueError:
        why = "it is no number and no C, I, P or N"
        raise Refusal(f"sample {item}: {str(value)[:40]!r} is no score", why, where=path) from None


def _as_prompt(messages: Any) -> str:
    if isinstance(messages, str):
        return messages
    return "\n\n".join(f"{message.role}: {message.text}" for message in messages)
