"""Prompt packs: the wording of every task for a variant, one YAML file each.

    render(Pack.load("default"), "word_problems", doc)    # (system turn, user turn)

A pack keeps the parts of a prompt apart (system, task, constraints, dimensions), so that two packs can differ in one
part and become two rows.
"""

import hashlib
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proctor.common.digest import digest
from proctor.common.paths import find, names
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest, read_yaml
from proctor.tasks import TASKS, Task, target_of

STOCK = (
    "asked"  # the field of an item of a stock task that shows what is asked: the wording is the task's own
)
OWN = "prompt"  # the field of an item of the user's own task that holds its wording, filled in


class Wording(BaseModel):
    """How one task is put to the model. The user turn is task, constraints and dimensions, a blank line between."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = Field(default="", description="the system turn; empty: none")
    task: str = Field(description="what is to be done, with the item's field in braces")
    constraints: str = Field(default="", description="what to keep to, behind the task")
    dimensions: str = Field(default="", description="what is scored, behind that")
    shots: int = Field(default=0, ge=0, le=32, description="solved examples before the item")

    @property
    def user(self) -> str:
        return "\n\n".join(
            part.strip() for part in (self.task, self.constraints, self.dimensions) if part.strip()
        )


class Pack(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str = Field(description="one line for lists")
    turns: Literal["chat", "text"] = Field(
        default="chat", description="through the model's chat template, or as plain text"
    )
    stock: Literal["chat", "text"] = Field(
        default="text",
        description="stock tasks of lm-eval: as its command asks, or with --apply_chat_template",
    )
    wording: dict[str, Wording] = Field(description="by task")

    @model_validator(mode="after")
    def _placeholders_fit(self) -> "Pack":
        for task, wording in self.wording.items():
            if task not in TASKS and task not in names("tasks"):
                raise Refusal(f"wording for unknown task {task!r}", nearest(task, [*TASKS, *names("tasks")]))
            _check_placeholder(task, wording.user)
            if self.turns == "text" and not wording.user.endswith(":"):
                raise Refusal(
                    f"wording.{task}: plain text has no turns, so it must end with a cue and a colon, such as 'Answer:'"
                )
            if task in ("study_plan", "diagnosis") and wording.shots:
                raise Refusal(f"wording.{task}.shots: {task} is asked without examples; leave shots out")
        return self

    @classmethod
    def load(cls, name: str) -> "Pack":
        """A pack by name, of the project or one that ships, checked."""
        return _load(find("prompts", name))

    def for_task(self, task: str | Task) -> Wording:
        task = _task(task)
        if task.asks == STOCK:
            return Wording(task="")
        for name in (task.name, task.worded_as):
            if name in self.wording:
                return self.wording[name]
        if task.asks == OWN:
            return Wording(task=f"{{{OWN}}}", shots=task.shots)
        raise Refusal(
            f"the prompt pack has no wording for {task.name!r}; add a section wording.{task.name} to it"
        )

    def lacks_examples(self, task: Task) -> bool:
        """Whether it has solved examples, but none for this task, which does not ship: its rows are not few-shot. Of a
        task that ships the pack itself says how many there are.
        """
        if task.asks not in (OWN, STOCK) or task.name in self.wording or self.for_task(task).shots:
            return False
        return any(wording.shots for wording in self.wording.values())

    def digest(self, task: str | Task) -> str:
        """Changes when, and only when, what this task's model reads changes."""
        if isinstance(task, Task) and task.asks == STOCK:
            return digest([task.definition.wording, self.stock])
        text = self.turns + "\n" + self.for_task(task).model_dump_json()
        return hashlib.sha256(text.encode()).hexdigest()


def _check_placeholder(task: str, text: str) -> None:
    """The text mentions the one thing of an item that it must mention, and nothing else."""
    needed = TASKS[task].asks if task in TASKS else OWN
    mentioned = False
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as broken:
        raise Refusal(f"wording.{task}: {broken}; write {{{{ and }}}} for plain braces") from None
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion:
            raise Refusal(
                f"wording.{task}: {{{name}}} is filled in as it is; leave out what stands after its name"
            )
        if name != needed:
            raise Refusal(f"wording.{task}: unknown placeholder {{{name}}}; this task has only {{{needed}}}")
        mentioned = True
    if not mentioned:
        raise Refusal(f"wording.{task}: nowhere says {{{needed}}}, so the model would never see the item")


def render(pack: Pack, task: str | Task, doc: Mapping[str, object]) -> tuple[str, str]:
    """The system turn and the user turn for one item.

    In plain text the response begins on the line after the cue, and the system text has a line of its own.
    """
    task = _task(task)
    wording = pack.for_task(task)
    user = wording.user.format(**{task.asks: doc[task.asks]})
    system = (wording.system or str(doc.get("system", ""))).strip()
    if pack.turns == "chat":
        return system, user
    return f"{system}\n\n" if system else "", user + "\n"


def train_chat(pack: Pack, task: str | Task, doc: Mapping[str, object], response: str) -> dict[str, Any]:
    """A chat to learn from: one item in the pack's wording, and the response that is wanted."""
    system, user = render(pack, task, doc)
    turns = [{"role": "user", "content": user}]
    if system:
        turns.insert(0, {"role": "system", "content": system})
    return {"prompt": turns, "completion": [{"role": "assistant", "content": response}]}


def train_chats(task: str | Task, n: int, seed: int, prompt: str = "default") -> list[dict[str, Any]]:
    """Up to n chats to learn a task from, in a prompt pack's wording."""
    task = _task(task)
    pack, chats = Pack.load(prompt), []
    for doc in task.train_docs(n, seed):
        chats.append(train_chat(pack, task, doc, target_of(doc)))
    return chats


def load(task: str | Task, prompt: str = "default", **_: Any) -> Any:
    """For lm-eval: the items of both splits with the two turns that a prompt pack makes of them."""
    from datasets import Dataset, DatasetDict

    task = _task(task)
    pack, splits = Pack.load(prompt), {}
    for split in ("train", "test"):
        rows = []
        for doc in task.docs(split):
            system, user = render(pack, task, doc)
            rows.append({**doc, "system": system, "prompt": user})
        if rows:
            splits[split] = Dataset.from_list(rows)
    return DatasetDict(splits)


def _task(task: str | Task) -> Task:
    return TASKS[task] if isinstance(task, str) else task


@cache
def _load(path: Path) -> Pack:
    return read_yaml(path, Pack)
