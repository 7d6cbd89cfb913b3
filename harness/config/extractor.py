"""The second reader as a suite names it: which model reads the number of a response where the rule finds none."""

from pathlib import Path
from typing import Any

from pydantic import Field

from proctor.common.schema import Frozen
from proctor.judges.graders.grader import GraderSpec, fingerprint

WORDING = Path(__file__).with_name("extractor.txt").read_text(encoding="utf-8").rstrip("\n")
RULES = 2  # of reading its replies: others would give other numbers


class Extractor(Frozen):
    """In a suite: `extractor: {fallback: MODEL, endpoint: URL}`."""

    fallback: str = Field(min_length=1, description="the model that is asked where the rule finds no number")
    endpoint: str | None = Field(default=None, description="the server's address, up to and with /v1")
    key: str | None = Field(default=None, description="the environment variable with the key")
    max_tokens: int = Field(default=256, ge=1, description="of its reply")

    @property
    def spec(self) -> GraderSpec:
        return GraderSpec(
            model=self.fallback,
            endpoint=self.endpoint,
            key=self.key,
            max_tokens=self.max_tokens,
            schema="never",
        )

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides what it reads: part of a cell's definition."""
        return {
            "fallback": self.fallback,
            **self.spec.identity,
            "wording": fingerprint([WORDING, RULES])[:16],
        }
