"""Logs of our own tasks under the stock lm-eval, described as our own cells are, so that the two can be compared.

A stock log holds its items whole, their wording, the number of shots and the task's version. All that is said here is
made of that; what differs from a cell of ours is refused when the two are compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from proctor.common.digest import digest
from proctor.common.paths import names
from proctor.harness.imports.foreign import Foreign, Wish
from proctor.tasks import TASKS, Task, dataset_hash
from proctor.tasks.pack import Pack, render

WORDING = (
    "system",
    "prompt",
)  # what our lm-eval tasks add to an item: the turns that a prompt pack makes of it


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
        nearest: tuple[int, str] | None = None
        for name in sorted(names("prompts"), key=lambda name: name != self.pack):
            pack = Pack.load(name)
            if not self._is_worded_by(pack):
                continue
            differences = self._differences(pack)
            if not differences:
                return pack.digest(self.task.name), name
            if nearest is None or len(differences) < nearest[0]:
                nearest = len(differences), f"{name} [{', '.join(differences)}]"
        words = nearest[1] if nearest else "a wording of no prompt pack"
        return digest([words, [[doc[name] for name in WORDING] for doc in self.docs]]), words

    def _is_worded_by(self, pack: Pack) -> bool:
        return self.task.name in pack.wording and all(
            render(pack, self.task.name, doc) == (doc["system"], doc["prompt"]) for doc in self.docs
        )

    def _differences(self, pack: Pack) -> list[str]:
        differences = list(self.other)
        shots = pack.for_task(self.task.name).shots
        if self.shots != shots:
            differences.append(f"{self.shots} shots for {shots}")
        if self.chat != (pack.turns == "chat"):
            differences.append("with a chat template" if self.chat else "without a chat template")
        return differences

    def examples(self, prompt: str) -> str | None:
        """The hash of the shots, where our own cells have one: of tasks whose items come from outside."""
        if not self.shots or not self.task.fetched:
            return None
        try:
            docs = self.task.docs("train", self.shots)
        except (ValueError, FileNotFoundError):
            return "examples that are not here"
        shown = all(str(doc[self.task.asks]) in prompt for doc in docs)
        return dataset_hash(docs) if shown else "other examples"


def own_task(
    called: str,
    samples: Sequence[Mapping[str, Any]],
    results: Mapping[str, Any],
    of_task: Callable[[str], Any],
) -> OwnTask | None:
    """None for other tasks, and without results beside the samples: nothing then tells the version and the shots."""
    task = TASKS.get(called.removeprefix("proctor_")) if called.startswith("proctor_") else None
    version, shots = of_task("versions"), of_task("n-shot")
    if task is None or version is None or type(shots) is not int:
        return None
    logged = {"id", "cluster", task.asks, *WORDING}
    if not all(type(row["doc_id"]) is int and logged <= set(row.get("doc") or ()) for row in samples):
        return None
    docs = [row["doc"] for row in sorted(samples, key=lambda row: row["doc_id"])]
    chat = results.get("chat_template") is not None  # of a server it is "": the server has its own
    other = ["a system instruction"] if results.get("system_instruction") else []
    if shots and chat and not results.get("fewshot_as_multiturn"):
        other.append("all shots in one turn")
    config = of_task("configs")
    metadata = config.get("metadata") if isinstance(config, dict) else None
    pack = metadata.get("prompt", "default") if isinstance(metadata, dict) else "default"
    return OwnTask(task, str(version), docs, str(pack), shots, chat, tuple(other))


def as_own_cell(foreign: Foreign, own: OwnTask, wish: Wish) -> Foreign:
    """The same rows, described as one of our own cells describes its own."""
    prompt, words = own.prompt()
    examples = own.examples(str(foreign.rows["prompt"].iloc[0]))
    is_headline = foreign.metric == f"{own.metric},none"
    return replace(
        foreign,
        task=wish.task or own.task.name,
        title=own.task.title,
        headline=own.task.headline if is_headline else foreign.headline,
        task_version=own.version,
        metric=None if is_headline else foreign.metric,
        dataset=dataset_hash([bare(doc) for doc in own.docs]),
        prompt=words,
        asked={"prompt": prompt} | ({"shots": examples} if examples else {}),
    )


def bare(doc: Mapping[str, Any]) -> dict[str, Any]:
    """The item itself."""
    return {name: value for name, value in doc.items() if name not in WORDING}
