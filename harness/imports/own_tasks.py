"""Logs of our own tasks under the stock lm-eval, described as our own cells are, so that the two can be compared.

A stock log holds its items whole, their wording, the number of shots and the task's version. All that is said here is
made of that; what differs from a cell of ours is refused when the two are compared.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from proctor.common.digest import digest
from proctor.common.paths import names
from proctor.harness.imports.foreign import Foreign, Wish, fields_of
from proctor.tasks import TASKS, Task, dataset_hash
from proctor.tasks.prompt_pack import Pack, render

# What our lm-eval tasks add to an item: the turns that a prompt pack makes of it.
WORDING = ("system", "prompt")


@dataclass(frozen=True)
class OwnTask:
    """One of our tasks as lm-eval asked it. `other` is what it put into the prompt beside the pack's own parts."""

    task: Task
    version: str
    docs: Sequence[Mapping[str, Any]]  # as they were logged, in the order of the task
    pack: str  # the name of the prompt pack, as the log has it
    shots: int
    chat: bool
    other: tuple[str, ...]

    @property
    def metric(self) -> str:
        return self.task.headline.lower().replace(" ", "_")

    def wish(self, wish: Wish) -> Wish:
        """Our headline and our clusters, unless others are wished for."""
        return replace(wish, metric=wish.metric or self.metric, cluster=wish.cluster or "cluster")

    def prompt(self) -> tuple[str, str]:
        """The digest of the prompt pack that makes these prompts, and its name; or what is unlike the nearest."""
        fewest, words = math.inf, "a wording of no prompt pack"
        for name in sorted(names("prompts"), key=lambda name: name != self.pack):
            pack = Pack.load(name)
            if self.task.name not in pack.wording:
                continue
            if any(render(pack, self.task.name, doc) != (doc["system"], doc["prompt"]) for doc in self.docs):
                continue
            differences, shots = list(self.other), pack.for_task(self.task.name).shots
            if self.shots != shots:
                differences.append(f"{self.shots} shots for {shots}")
            if self.chat and pack.turns != "chat":
                differences.append("with a chat template")
            if not self.chat and pack.turns == "chat":
                differences.append("without a chat template")
            if not differences:
                return pack.digest(self.task.name), name
            if len(differences) < fewest:
                fewest, words = len(differences), f"{name} [{', '.join(differences)}]"
        wordings = [[doc["system"], doc["prompt"]] for doc in self.docs]
        return digest([words, wordings]), words

    def examples(self, prompt: str) -> str | None:
        """The hash of the shots, where our own cells have one: of tasks whose items come from outside."""
        if not self.shots or not self.task.fetched:
            return None
        try:
            docs = self.task.docs("train", self.shots)
        except (ValueError, FileNotFoundError):
            return "examples that are not here"
        if all(str(doc[self.task.asks]) in prompt for doc in docs):
            return dataset_hash(docs)
        return "other examples"


def own_task(
    called: str, samples: Sequence[Mapping[str, Any]], results: Mapping[str, Any], of_task: Callable[[str], Any]
) -> OwnTask | None:  # fmt: skip
    """None for other tasks, and without results beside the samples: nothing then tells the version and the shots."""
    prefix, _, name = called.partition("proctor_")
    version, shots = of_task("versions"), of_task("n-shot")
    if prefix or name not in TASKS or version is None or type(shots) is not int:
        return None
    task = TASKS[name]
    logged = {"id", "cluster", task.asks, *WORDING}
    if not all(type(row["doc_id"]) is int and logged <= set(row.get("doc") or ()) for row in samples):
        return None
    docs = [row["doc"] for row in sorted(samples, key=lambda row: row["doc_id"])]
    chat = results.get("chat_template") is not None  # of a server it is "": the server has its own
    other = []
    if results.get("system_instruction"):
        other.append("a system instruction")
    if shots and chat and not results.get("fewshot_as_multiturn"):
        other.append("all shots in one turn")
    metadata = fields_of(fields_of(of_task("configs")).get("metadata"))
    return OwnTask(
        task, str(version), docs, str(metadata.get("prompt", "default")), shots, chat, tuple(other)
    )


def as_own_cell(foreign: Foreign, own: OwnTask, wish: Wish) -> Foreign:
    """The same rows, described as one of our own cells describes its own."""
    prompt, words = own.prompt()
    asked = {"prompt": prompt}
    examples = own.examples(str(foreign.rows["prompt"].iloc[0]))
    if examples:
        asked["shots"] = examples
    headline, metric = foreign.headline, foreign.metric
    if metric == f"{own.metric},none":
        headline, metric = own.task.headline, None
    return replace(
        foreign, task=wish.task or own.task.name, title=own.task.title, headline=headline, metric=metric, prompt=words,
        task_version=own.version, dataset=dataset_hash([bare(doc) for doc in own.docs]), asked=asked,
    )  # fmt: skip


def bare(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in doc.items() if name not in WORDING}
