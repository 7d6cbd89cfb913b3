"""A variant's results in the Hub's forms: a model card with `model-index`, `.eval_results/`, a data set of rows.

    export_hub(Path("results/demo"), "tiny-q8", Path("out"))    # out/model, out/dataset; uploads nothing

The Hub's `.eval_results/` are claims about a published data set: only a complete run of its own items makes one.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData, eval_result_entries_to_yaml

from proctor.common.files import write_text
from proctor.common.paths import PACKAGE, project
from proctor.harness.record import VariantRecord
from proctor.leaderboard.board import escape, private
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.families import variant_called
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.judge_warnings import warnings_of
from proctor.leaderboard.compare.ranking import RankingRow, Score, ranking

# Where the published items of these tasks stand on the Hub.
DATA_SETS = {
    "gsm8k": "openai/gsm8k", "svamp": "ChilleD/SVAMP", "mgsm_en": "juletxara/mgsm", "mgsm_zh": "juletxara/mgsm",
}  # fmt: skip
METRICS = {"micro F1": "f1", "accuracy": "accuracy"}
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
HEAD = ("Task", "Score", "95 % interval", "n", "Difference to its parent", "Scored")


def export_hub(results: Path, name: str, out: Path) -> list[str]:
    """Writes `model/` and `dataset/`, and says what in them looks private and wants a look before an upload."""
    row = row_of(results, name)
    warnings = warnings_of({task: score.run.task for task, score in row.scores.items()}, results)
    write_text(out / "model" / "README.md", _card(row, warnings))
    for earlier in (out / "model" / ".eval_results").glob("*.yaml"):
        earlier.unlink()  # a claim of results that may be others by now
    for task, score in row.scores.items():
        if is_published(score):
            entry = yaml.safe_dump(
                eval_result_entries_to_yaml([_entry(score)]), sort_keys=False, allow_unicode=True
            )
            write_text(out / "model" / ".eval_results" / f"{task}.yaml", entry)
        folder = out / "dataset" / task
        folder.mkdir(parents=True, exist_ok=True)
        for file in ("samples.parquet", "run.json"):
            shutil.copyfile(score.cell.folder / file, folder / file)
    write_text(out / "dataset" / "README.md", _data_card(row))
    return private.in_words(_private(row, out))


def row_of(results: Path, name: str) -> RankingRow:
    cells = load_cells(results)
    row = ranking(cells).row(variant_called(cells, name, results))
    assert row is not None  # variant_called refuses a name without results
    return row


def is_published(score: Score) -> bool:
    """Whether the score is of a published data set, whole, and one that may stand beside others'."""
    definition, task = score.run.definition, score.run.task
    whole = definition.draw is None and definition.dataset is not None
    items = score.estimate.n if score.estimate else 0
    whole = whole and items == definition.items
    return (
        task.name in DATA_SETS
        and whole
        and not task.own_data
        and not score.flag
        and score.estimate is not None
    )


def hub_id(resolved: VariantRecord) -> str | None:
    """The base on the Hub; None where it is a folder, a file, or in a package."""
    base = resolved.base or ""
    here = (PACKAGE / base).exists() or (project() / base).exists()
    return base if HUB_ID.fullmatch(base) and not here else None


def how_asked(score: Score) -> str:
    resolved, n = score.run.resolved, score.estimate.n if score.estimate else 0
    words = [f"prompt pack {resolved.prompt}", f"n={n}"]
    if score.estimate:
        words.append(f"95% CI {formatting.interval(score.estimate.low, score.estimate.high, score.run.task)}")
    if resolved.quantization not in (None, "none"):
        words.append(str(resolved.quantization))
    return ", ".join(words)


def _entry(score: Score) -> EvalResultEntry:
    """In per cent, as the Hub's leaderboards have it."""
    assert score.estimate is not None
    task = score.run.task
    date = score.run.finished[:10] if score.run.finished else None
    value = float(formatting.score(score.estimate.mean, task).replace("−", "-"))
    return EvalResultEntry(DATA_SETS[task.name], task.name, value, date=date, notes=how_asked(score))


def _card(row: RankingRow, warnings: dict[str, str]) -> str:
    results = [_model_index(score) for score in row.scores.values() if score.estimate and not score.flag]
    resolved = row.resolved
    data = ModelCardData(
        model_name=row.variant, base_model=hub_id(resolved), eval_results=results or None, tags=["proctor"],
        library_name="gguf" if resolved.engine == "llamacpp" else None,
    )  # fmt: skip
    lines = ["---", data.to_yaml().strip(), "---", "", f"# {row.variant}", ""]
    if resolved.about:
        lines += [f"{escape.markdown(resolved.about)}.", ""]
    lines += [_row(HEAD), "| :-- | --: | --: | --: | :-- | :-- |"]
    lines += [_row(_cells(score)) for score in row.scores.values()]
    for task, warning in warnings.items():
        lines += ["", escape.markdown(f"{task}: {warning}")]
    stages = [f"{stage.kind} {stage.digest[:16]}" for stage in next(iter(row.scores.values())).run.stages]
    if stages:
        lines += ["", escape.markdown(f"Made in these steps: {', '.join(stages)}.")]
    lines += [
        "",
        f"Exported by Proctor {version('proctor')}; every response with its score is in the data set of rows.",
        "",
    ]
    return "\n".join(lines)


def _model_index(score: Score) -> EvalResult:
    assert score.estimate is not None
    task, estimate = score.run.task, score.estimate
    name = DATA_SETS.get(task.name, f"proctor/{task.name}") if not task.own_data else f"own/{task.name}"
    figures = {"low": round(estimate.low, 6), "high": round(estimate.high, 6), "n": estimate.n}
    return EvalResult(
        task_type="text-generation", dataset_type=name, dataset_name=task.title, dataset_split="test",
        metric_type=METRICS.get(task.headline, task.headline), metric_name=f"{task.headline} ({formatting.unit(task)})",
        metric_value=float(formatting.score(estimate.mean, task).replace("−", "-")), metric_args=figures,
    )  # fmt: skip


def _cells(score: Score) -> list[str]:
    task, estimate, pair = score.run.task, score.estimate, score.comparison
    title = f"{task.title} ({'; '.join(score.remarks)})" if score.remarks else task.title
    figure, interval, n, difference = score.why_none, "", "0", ""
    if estimate:
        figure = f"{formatting.score(estimate.mean, task)} {formatting.unit(task)}"
        interval, n = formatting.interval(estimate.low, estimate.high, task), str(estimate.n)
    if pair:
        verdict = formatting.verdict(pair, task, named=True)
        difference = (
            f"{formatting.difference(pair, task)} ({formatting.difference_interval(pair, task)}), {verdict}"
        )
    return [title, figure, interval, n, difference, formatting.scored_by(task)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escape.markdown, cells))} |"


def _data_card(row: RankingRow) -> str:
    """Tasks have metrics of their own, so each is a configuration of the data set."""
    configs = []
    for task in row.scores:
        configs.append(
            {"config_name": task, "data_files": [{"split": "test", "path": f"{task}/samples.parquet"}]}
        )
    head = yaml.safe_dump({"configs": configs, "tags": ["proctor"]}, sort_keys=False)
    return (
        f"---\n{head}---\n\n# Responses of {row.variant}\n\nA row a response, with its prompt, the extracted answer, "
        "the target and the score. `run.json` beside the rows says how they were made.\n"
    )


def _private(row: RankingRow, out: Path) -> Iterator[private.PrivateText]:
    texts: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        if path.suffix in (".md", ".json", ".yaml"):
            texts[path.relative_to(out).as_posix()] = path.read_text(encoding="utf-8")
    for task, score in row.scores.items():
        rows = score.cell.rows()
        texts[f"dataset/{task}/samples.parquet"] = "\n".join(
            [*rows["prompt"], *rows["response"], *rows["explanation"]]
        )
    for name, text in texts.items():
        for what, near in private.private_forms(text):
            yield private.PrivateText(what, near, name)
