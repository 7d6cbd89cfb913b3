"""What tests of judges share: a grader at the local server, pupils and plans, and replies as a grader writes them."""

import hashlib
import json

from proctor.judges.graders.endpoint import EndpointGrader
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.verdict import Item
from tests.support.openai_server import Reply

NAMES = ("fluency", "personalisation", "actionability")
QUICK = {"retries": 1, "timeout": 0.5, "attempts": 2, "give_up": 1000}


def spec_at(url: str, **changes: object) -> GraderSpec:
    return GraderSpec.model_validate({"model": "some-grader", "endpoint": url, **QUICK, **changes})


def grader_at(url: str, **changes: object) -> EndpointGrader:
    return EndpointGrader(spec_at(url, **changes))


def items(count: int) -> list[Item]:
    return [Item(f"p{n}", f"Pupil: number {n}", f"Week 1: solve {n} sums on Monday.") for n in range(count)]


def asked_for(request: dict) -> str:
    """The user's turn, which holds the pupil and the plan."""
    return request["messages"][-1]["content"]


def marks_for(text: str, names: tuple[str, ...] = NAMES) -> dict[str, int]:
    """Marks that depend on the text alone, as those of a grader that is always of one mind."""
    seed = hashlib.sha256(text.encode()).digest()
    return {name: 1 + seed[at] % 5 for at, name in enumerate(names)}


def verdict(request: dict) -> Reply:
    marks = marks_for(asked_for(request))
    return Reply(
        json.dumps({name: {"reason": f"about {name}", "mark": mark} for name, mark in marks.items()})
    )
