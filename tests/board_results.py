"""Small results for the board's tests: three variants, three exams, every status. Knows no page."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import record

EXAMS: dict[str, dict[str, Any]] = {
    "word_problems": {
        "title": "Word problems", "kind": "binary", "headline": "accuracy", "scale": [0.0, 1.0],
        "framework": "lm_eval", "marked_by": "rules",
    },
    "concepts": {
        "title": "Concept extraction", "kind": "counts", "headline": "micro F1", "scale": [0.0, 1.0],
        "framework": "lm_eval", "marked_by": "rules",
    },
    "study_plan": {
        "title": "Study plans", "kind": "real", "headline": "mean mark", "scale": [1.0, 5.0],
        "framework": "inspect", "marked_by": "checklist",
    },
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
    record.write(
        results,
        rows,
        {
            "definition": {"task_version": "1", "dataset": "d" * 64, "judge": None, "items": len(rows)},
            "resolved": {
                "name": variant, "base": "some/base", "engine": "hf", "quantization": "none",
                "prompt": "default", "parent": None, "sampling": {"temperature": 0.0}, "digest": "e" * 64,
                **resolved,
            },
            "stages": [{"kind": "train", "digest": "f" * 64}],
            "exam": EXAMS[task],
            "margin": 0.05,
            "statuses": {status: sum(row.status == status for row in rows) for status in record.STATUSES},
            "errors": sum(row.status == "error" for row in rows),
            "tokens_in": 100, "tokens_out": 200, "wall_seconds": 2.5,
            "versions": {"torch": "2.13.0"},
            "hardware": {"machine": "x86_64", "cores": 2, "gpus": [], "python": "3.11"},
        },
    )  # fmt: skip


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
