"""mgsm_zh as lm-eval's task: its items as lm-eval wants them, and its scores."""

from typing import Any

from proctor.tasks import mgsm_zh
from proctor.tasks.numeric import dataset, process_results, score

__all__ = ["load", "process_results", "score"]


def load(**metadata: Any) -> Any:
    """Both splits, asked in the wording of the prompt pack that the metadata names."""
    return dataset("mgsm_zh", mgsm_zh.docs, metadata)
