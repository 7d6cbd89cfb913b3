"""word_problems as lm-eval's task: its items as lm-eval wants them, and its scores."""

from typing import Any

from proctor.tasks import word_problems
from proctor.tasks.numeric import dataset, process_results, score

__all__ = ["load", "process_results", "score"]


def load(**metadata: Any) -> Any:
    """Both splits, asked in the wording of the prompt pack that the metadata names."""
    return dataset("word_problems", word_problems.docs, metadata)
