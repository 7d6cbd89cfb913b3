"""A run.json and a row for tests that write cells themselves. What is named in the call replaces what stands here."""

from typing import Any

from proctor.harness.record import RunRecord, Sample


def run_record(variant: str = "v", kind: str = "binary", **fields: Any) -> RunRecord:
    about = {"name": "t", "title": "t", "kind": kind, "headline": "accuracy", "scale": [0.0, 1.0]}
    run: dict[str, Any] = {"variant": variant, "task": about, "definition": {}, "resolved": {}}
    return RunRecord.model_validate(run | fields)


def sample(sample_id: str = "s1", **fields: Any) -> Sample:
    row: dict[str, Any] = {
        "variant": "v", "task": "t", "task_version": "1", "sample_id": sample_id, "cluster": "c", "epoch": 1,
        "doc_hash": "d", "prompt_hash": "p", "prompt": "?", "response": "!", "answer": "4", "target": "4", "score": 1.0,
        "metrics": {"steps": 2.0}, "status": "ok", "explanation": "", "judge": "", "tokens_in": 3, "tokens_out": 1,
        "seconds": 0.5,
    }  # fmt: skip
    return Sample(**(row | fields))
