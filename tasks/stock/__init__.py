"""Tasks of lm-eval and of Inspect by their names; here what both kinds share."""

from functools import cached_property
from typing import Any

from proctor.common.refusal import Refusal


class StockDefinition:
    """What asks and scores a stock task, as the packages of the tasks that ship do."""

    spec: str  # by which a suite names it
    weighted = False  # whether samples count by their metric "weight"

    @cached_property
    def _docs(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def docs(self, split: str) -> list[dict[str, Any]]:
        if split == "test":
            return self._docs
        return []

    def train_docs(self, seed: int) -> list[dict[str, Any]]:
        raise Refusal(f"{self.spec} teaches nothing", "stock tasks are only asked", "name another source")


def cannot_be_loaded(spec: str, failed: Exception, remedy: str = "") -> Refusal:
    """The first line of what lm-eval, Inspect, the hub's client or a package of the task raised."""
    first = (str(failed).strip().splitlines() or [""])[0]
    why = " ".join(first.split())[:200]
    return Refusal(f"{spec} cannot be loaded", f"{type(failed).__name__}: {why}", remedy)
