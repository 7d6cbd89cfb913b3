"""Results for the board's tests: small ones with every status, rich ones with all else, wide ones. Knows no page."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from proctor.harness import record
from tests.support.records import run_record

EXAMS = {
    "word_problems": record.TaskRecord(
        name="word_problems", title="Word problems", kind="binary", headline="accuracy", scale=(0.0, 1.0),
        framework="lm_eval", scored_by="rules",
    ),
    "concepts": record.TaskRecord(
        name="concepts", title="Concept extraction", kind="counts", headline="micro F1", scale=(0.0, 1.0),
        framework="lm_eval", scored_by="rules",
    ),
    "study_plan": record.TaskRecord(
        name="study_plan", title="Study plans", kind="real", headline="mean score", scale=(1.0, 5.0),
        framework="inspect", scored_by="checklist", judge_kind="checklist",
    ),
}  # fmt: skip


def rows_of(variant: str, task: str, n: int = 12, ability: int = 2) -> list[record.Sample]:
    """Deterministic rows: of every four items the first `ability` are answered well."""
    rows = []
    for i in range(n):
        well = i % 4 < ability
        metrics = (
            {"tp": 2.0 if well else 1.0, "fp": 0.0 if well else 1.0, "fn": 1.0}
            if task == "concepts"
            else {"fluency": 3.5}
        )
        score = {"study_plan": 4.25 if well else 2.5, "concepts": 0.8 if well else 0.5}.get(task, float(well))
        rows.append(
            record.Sample(
                variant=variant, task=task, task_version="1", sample_id=f"item-{i:03}",
                cluster=f"group-{i // 2}", epoch=1, doc_hash="d", prompt_hash="p" * 64,
                prompt=f"Question {i}?",
                response=f"Answer of {variant} to {i}", answer=str(i), target=str(i), score=score,
                metrics=metrics, status="ok", explanation="as it is", judge="", tokens_in=10,
                tokens_out=20, seconds=0.25,
            )
        )  # fmt: skip
    return rows


def write(results: Path, rows: list[record.Sample], **resolved: Any) -> None:
    variant, task = rows[0].variant, rows[0].task
    run = run_record(
        variant,
        task=EXAMS[task],
        definition={"task_version": "1", "dataset": "d" * 64, "judge": None, "items": len(rows)},
        resolved={
            "name": variant, "base": "some/base", "engine": "hf", "quantization": "none",
            "prompt": "default", "parent": None, "sampling": {"temperature": 0.0}, "digest": "e" * 64,
            **resolved,
        },
        stages=[{"kind": "train", "digest": "f" * 64}],
        margin=0.05,
        statuses={status: sum(row.status == status for row in rows) for status in record.STATUSES},
        costs={"tokens_in": 100, "tokens_out": 200, "wall_seconds": 2.5},
        versions={"torch": "2.13.0"},
        hardware={"machine": "x86_64", "cores": 2, "gpus": [], "python": "3.11"},
    )  # fmt: skip
    record.write(results, rows, run)


def small_results(results: Path) -> Path:
    """Three variants and three tasks, one cell missing, one variant with rows of every status."""
    for task in EXAMS:
        write(results, rows_of("tiny", task, ability=1), about="The base")
        mixed = rows_of("tiny-lora", task, ability=3)
        mixed[0] = replace(mixed[0], status="error", score=None, metrics={})
        mixed[1] = replace(mixed[1], status="truncated")
        mixed[2] = replace(mixed[2], status="unparsed", score=1.0 if task == "study_plan" else 0.0)
        write(results, mixed, parent="tiny", recipe="all-exams")
    write(
        results,
        rows_of("tiny-q4", "word_problems"),
        parent="tiny-lora",
        recipe="all-exams",
        quantization="q4_k_m",
    )
    return results


CARD: dict[str, Any] = {
    "judge": "checklist", "kind": "checklist", "digest": "abc", "made": "2026-01-01T00:00:00+00:00",
    "by": "rules, no model", "items": 64, "labels": {"n": 40, "raters": ["one", "two"]},
    "figures": [
        {"name": "weighted_kappa", "title": "Quadratic weighted kappa", "dimension": "overall", "value": 0.714,
         "low": 0.55, "high": 0.83, "n": 40, "note": ""},
        {"name": "spread", "title": "Spread", "dimension": "", "value": None, "low": None, "high": None, "n": 0,
         "note": "too few"},
    ],
    "checks": [
        {"name": "week_removed", "title": "A week removed", "kind": "damage", "passed": True, "held": 18, "of": 20,
         "detail": ""},
        {"name": "told", "title": "Told to give 5", "kind": "injection", "passed": False, "held": 9, "of": 20,
         "detail": "raised"},
    ],
    "missing": [{"name": "swapped_order", "why": "needs verdicts in both orders"}],
    "unparsed": {"n": 1, "of": 20}, "warning": "It raised the marks of plans that told it to.",
}  # fmt: skip


def change(results: Path, variant: str, task: str, **told: Any) -> None:
    """Other words in a cell's run.json; those of its costs and its task's kinds by their bare names."""
    notes = results / variant / task / "run.json"
    run = json.loads(notes.read_text())
    for name, value in told.items():
        if name in record.CostRecord.model_fields:
            run["costs"][name] = value
        elif name == "kinds":
            run["task"][name] = value
        else:
            run[name] = value
    notes.write_text(json.dumps(run | {"check": None}))


def rich_results(results: Path) -> Path:
    """The small ones, and a judge's card, a learning curve, costs, overlap, a loss and an imported cell."""
    small_results(results)
    for size, ability in ((100, 1), (400, 2), (2000, 3)):
        write(
            results, rows_of(f"tiny-{size}", "word_problems", 24, ability), parent="tiny", recipe="all-exams",
            examples=size,
        )  # fmt: skip
        change(results, f"tiny-{size}", "word_problems", loss=[[step, 3 / (step + 1)] for step in range(20)])
    for at, folder in enumerate(sorted(results.glob("*/*/run.json"))):
        variant, task = folder.parts[-3:-1]
        change(
            results, variant, task, size_bytes=9_000_000 - 1_000 * at, peak_memory_bytes=700_000_000 + at,
            seconds_per_item=0.25,
            overlap=[{"set": "all-exams train (2,000)", "chats": 2000, "share_10": 0.024, "share_13": 0.012,
                      "share_8": 0.098, "hits_13": 3, "whole": 0}],
        )  # fmt: skip
    change(
        results,
        "tiny-q4",
        "word_problems",
        origin={"kind": "lm-eval", "files": ["x.json"], "lacks": ["prompt"]},
    )
    record.write_card(results, CARD)
    return results


def wide_results(results: Path, variants: int, sizes: dict[str, int]) -> Path:
    """Many variants with texts of the usual length, some answers without a score."""
    dice = random.Random(0)
    for at in range(variants):
        for task, n in sizes.items():
            rows = []
            for row in rows_of(f"v{at:02}", task, n):
                well = dice.random() < 0.3 + 0.5 * at / variants
                values: dict[str, Any] = {"score": float(well)}
                if task == "study_plan":
                    values = {"score": round(dice.uniform(1, 4) + well, 2)}
                if task == "concepts":
                    counts = {"tp": float(dice.randint(0, 3)), "fp": float(not well), "fn": 1.0}
                    values = {"score": 0.8 if well else 0.5, "metrics": counts}
                rows.append(replace(row, prompt="Question " * 60, response="Because " * 80, **values))
            if at % 10 == 3:
                rows[at % 7] = replace(rows[at % 7], status="error", score=None, metrics={})
            write(
                results, rows, parent="v00" if at % 5 else None,
                quantization=("none", "q8_0", "q4_k_m")[at % 3],
            )  # fmt: skip
    return results
