"""What one variant is asked of one task, and its samples with their responses; read and written by all of `ask`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.harness.ask.responses import Journal
from proctor.harness.config.variant import Variant
from proctor.harness.engines.protocol import Response
from proctor.tasks import Task
from proctor.tasks.score import ResponseScore

NOT_ASKED = Response("", error="not asked")


@dataclass(frozen=True)
class CellRun:
    """One variant before one task: what asking needs to know, and nothing of how it came about."""

    variant: Variant
    task: Task
    docs: list[dict[str, Any]]
    judge: str
    journal: Journal
    logs: Path
    answered: "Callable[[AskedSample], None]" = lambda sample: None  # told of each response as it comes

    @property
    def requests(self) -> int:
        return len(self.docs) * self.variant.sampling.epochs


@dataclass
class AskedSample:
    """One item with the response to it, whatever the framework, and its score when rules gave it one as it came."""

    doc: Mapping[str, Any]
    epoch: int
    prompt: str
    response: Response = NOT_ASKED
    score: ResponseScore | None = None
