"""The lm-eval side of word_problems: its items as lm-eval wants them, and its marks. Knows nothing that
tasks/numeric does not."""

from typing import TYPE_CHECKING, Any

from proctor.tasks import word_problems
from proctor.tasks.numeric import dataset, mark, process_results

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = ["load", "mark", "process_results"]


def load(**metadata: Any) -> "DatasetDict":
    """Both splits, asked in the wording of the prompt pack that the metadata names."""
    return dataset("word_problems", word_problems.docs, metadata)
