"""Prompt packs: the wording of every task for a variant, one YAML file each.

A pack keeps the parts of a prompt apart (system, task, constraints, dimensions), so that two packs can differ in one
part and become two rows. Knows the placeholders of each task; must not know how an engine turns turns into tokens.
"""

import difflib
import hashlib
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proctor.common.paths import PACKAGE
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest, read_yaml
from proctor.tasks import TASKS

FOLDER = PACKAGE / "tasks" / "prompts"

# The one thing of an item that its wording must mention.
PLACEHOLDER = {task.name: task.asks for task in TASKS.values()}


class Wording(BaseModel):
    """How one task is put to the model. The user turn is task, constraints and dimensions, a blank line between."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = ""
    task: str
    constraints: str = ""
    dimensions: str = ""
    shots: int = Field(default=0, ge=0, le=32)

    @property
    def user(self) -> str:
        return "\n\n".join(
            part.strip() for part in (self.task, self.constraints, self.dimensions) if part.strip()
        )


class Pack(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    turns: Literal["chat", "text"] = "chat"
    wording: dict[str, Wording]

    @model_validator(mode="after")
    def _placeholders_fit(self) -> "Pack":
        for task, wording in self.wording.items():
            if task not in PLACEHOLDER:
                near = difflib.get_close_matches(task, PLACEHOLDER, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; tasks are {', '.join(PLACEHOLDER)}"
                raise Refusal(f"wording for unknown task {task!r}{hint}")
            try:
                parts = [part for part in string.Formatter().parse(wording.user) if part[1] is not None]
                found = {str(name) for _, name, _, _ in parts}
            except ValueError as broken:
                raise Refusal(f"wording.{task}: {broken}; write {{{{ and }}}} for plain braces") from None
            needed = PLACEHOLDER[task]
            if odd := next((name for _, name, form, conversion in parts if form or conversion), None):
                raise Refusal(
                    f"wording.{task}: {{{odd}}} is filled in as it is; leave out what stands after its name"
                )
            if unknown := found - {needed}:
                raise Refusal(
                    f"wording.{task}: unknown placeholder {{{sorted(unknown)[0]}}}; this task has only {{{needed}}}"
                )
            if needed not in found:
                raise Refusal(
                    f"wording.{task}: nowhere says {{{needed}}}, so the model would never see the item"
                )
            if self.turns == "text" and not wording.user.endswith(":"):
                raise Refusal(
                    f"wording.{task}: plain text has no turns, so it must end with a cue and a colon, such as 'Answer:'"
                )
            if task == "study_plan" and wording.shots:
                raise Refusal(
                    "wording.study_plan.shots: a study plan is asked without examples; leave shots out"
                )
        return self

    @classmethod
    def load(cls, name: str) -> "Pack":
        """A pack by name, from tasks/prompts/NAME.yaml, checked."""
        return _load(name, FOLDER)

    def for_task(self, task: str) -> Wording:
        if task not in self.wording:
            raise Refusal(f"the prompt pack has no wording for {task!r}; add a section wording.{task} to it")
        return self.wording[task]

    def digest(self, task: str) -> str:
        """Changes when, and only when, what this task's model reads changes."""
        text = self.turns + "\n" + self.for_task(task).model_dump_json()
        return hashlib.sha256(text.encode()).hexdigest()


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def render(pack: Pack, task: str, doc: Mapping[str, object]) -> tuple[str, str]:
    """The system turn and the user turn for one item. In plain text the answer begins on the line after the cue, and
    what is said first has a line of its own."""
    wording = pack.for_task(task)
    user = wording.user.format(**{PLACEHOLDER[task]: doc[PLACEHOLDER[task]]})
    system = wording.system.strip()
    if pack.turns == "text":
        return f"{system}\n\n" if system else "", user + "\n"
    return system, user


@cache
def _load(name: str, folder: Path) -> Pack:
    path = folder / f"{name}.yaml"
    if name not in names():
        raise Refusal(f"no prompt pack called {name!r}", nearest(name, names()), f"add one as {path}")
    return read_yaml(path, Pack)
