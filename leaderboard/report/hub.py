"""A variant's results in the Hub's forms: a model card with `model-index`, `.eval_results/`, a data set of rows.

    made = make(Path("results/demo"), only=["tiny-q8"])
    export_hub(made, render(made, "md"), Path("out"))    # out/model, out/dataset; uploads nothing

The Hub's `.eval_results/` are claims about a published data set: only a complete run of its own items makes one.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData, eval_result_entries_to_yaml

from proctor.common.files import write_text
from proctor.leaderboard.board import escape, private
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.ranking import Score
from proctor.leaderboard.report.published import DATA_SETS, hub_id, is_published
from proctor.leaderboard.report.tables import ComparisonReport

METRICS = {"micro F1": "f1"}  # headlines that the Hub knows by another name


def export_hub(made: ComparisonReport, tables: str, out: Path) -> list[str]:
    """Of a report on one variant, its `tables` as Markdown. Says what looks private: a look before an upload is due."""
    scores = made.scores
    name = made.tables[0].lines[0].variant
    write_text(out / "model" / "README.md", _card(scores, tables))
    claims, dataset = out / "model" / ".eval_results", out / "dataset"
    for earlier in claims.glob("*.yaml"):
        earlier.unlink()  # of results that may be others by now
    configs = []
    for task, score in scores.items():
        if is_published(score):
            claim = eval_result_entries_to_yaml([_entry(score)])
            write_text(claims / f"{task}.yaml", yaml.safe_dump(claim, sort_keys=False, allow_unicode=True))
        (dataset / task).mkdir(parents=True, exist_ok=True)
        for file in ("samples.parquet", "run.json"):
            shutil.copyfile(score.cell.folder / file, dataset / task / file)
        # Tasks have metrics of their own, so each is a configuration.
        files = [{"split": "test", "path": f"{task}/samples.parquet"}]
        configs.append({"config_name": task, "data_files": files})
    head = yaml.safe_dump({"configs": configs, "tags": ["proctor"]}, sort_keys=False)
    about = "A row a response, with prompt, extracted answer, target and score; `run.json` says how they were made."
    write_text(
        dataset / "README.md",
        f"---\n{head}---\n\n# Responses of {name}\n\n{about}\n",
    )
    return private.in_words(_private(scores, out))


def _figure(score: Score) -> float:
    """As the board has it: shares in per cent."""
    assert score.estimate is not None
    return float(formatting.score(score.estimate.mean, score.run.task).replace("−", "-"))


def _entry(score: Score) -> EvalResultEntry:
    run, estimate = score.run, score.estimate
    assert estimate is not None
    interval = formatting.interval(estimate.low, estimate.high, run.task)
    notes = f"prompt pack {run.resolved.prompt}, n={estimate.n}, 95% CI {interval}"
    if run.resolved.quantization not in (None, "none"):
        notes += f", {run.resolved.quantization}"
    date = run.finished[:10] if run.finished else None
    return EvalResultEntry(DATA_SETS[run.task.name], run.task.name, _figure(score), date=date, notes=notes)


def _card(scores: Mapping[str, Score], tables: str) -> str:
    name, first = next((score.cell.variant, score.run) for score in scores.values())
    results = [_model_index(score) for score in scores.values() if score.estimate and not score.flag]
    data = ModelCardData(
        model_name=name, base_model=hub_id(first.resolved), eval_results=results or None, tags=["proctor"],
        library_name="gguf" if first.resolved.engine == "llamacpp" else None,
    )  # fmt: skip
    stages = (
        ", ".join(escape.markdown(f"{stage.kind} {stage.digest[:16]}") for stage in first.stages) or "none"
    )
    return f"---\n{data}\n---\n\n# {name}\n\nStages: {stages}.\n\n{tables}"


def _model_index(score: Score) -> EvalResult:
    task, estimate = score.run.task, score.estimate
    assert estimate is not None
    name = f"own/{task.name}" if task.own_data else DATA_SETS.get(task.name, f"proctor/{task.name}")
    return EvalResult(
        task_type="text-generation", dataset_type=name, dataset_name=task.title, dataset_split="test",
        metric_type=METRICS.get(task.headline, task.headline), metric_value=_figure(score),
        metric_name=f"{task.headline} ({formatting.unit(task)})",
        metric_args={"low": round(estimate.low, 6), "high": round(estimate.high, 6), "n": estimate.n},
    )  # fmt: skip


def _private(scores: Mapping[str, Score], out: Path) -> Iterator[private.PrivateText]:
    texts: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        if path.suffix in (".md", ".json", ".yaml"):
            texts[path.relative_to(out).as_posix()] = path.read_text(encoding="utf-8")
    for task, score in scores.items():
        rows = score.cell.rows()
        texts[f"dataset/{task}/samples.parquet"] = "\n".join(
            [*rows["prompt"], *rows["response"], *rows["explanation"]]
        )
    for name, text in texts.items():
        for what, near in private.private_forms(text):
            yield private.PrivateText(what, near, name)
