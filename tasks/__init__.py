"""What is asked. TASKS is the index of the tasks that ship: adding one is a folder here and a line below. Those of
the user's project and the stock ones of lm-eval and Inspect are found by `proctor.tasks.index`, and are `Task`s too.

    TASKS["word_problems"].docs("test", 1)
    # [{'id': 'test-0001', 'cluster': 'two-makers-order', 'question': 'Carlos can pack 17 parcels an hour, and Ruth can
    #   pack 28. How many hours do the two need for 630 parcels?', 'answer': 'Together they pack ...\n#### 14', ...}]

Importing this loads no task; a task's own package is imported when its items are wanted. Tasks may use judges. They
know no variant, engine or result.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from proctor.common.refusal import Refusal

if TYPE_CHECKING:
    from proctor.tasks.score import ResponseScore


@dataclass(frozen=True)
class Task:
    """`kind` says what the headline is made of, and so which interval and which test are right for it.

    binary: the mean of scores that are 0 or 1. real: the mean of real-valued scores. counts: micro F1 from each item's
    tp, fp and fn, which are among its metrics.
    """

    name: str
    title: str
    framework: Literal["lm_eval", "inspect"]
    kind: Literal["binary", "real", "counts"]
    headline: str
    asks: str  # the field of an item that its wording must mention
    scale: tuple[float, float] = (0.0, 1.0)
    scored_by: Literal["rules", "judge"] = "rules"
    numeric: bool = False  # the answer is one number, which a second reader may be asked for
    source: str = (
        ""  # the published data set that the items are fetched from; empty where they ship with the task
    )
    kinds: tuple[str, ...] = ()  # fields of an item by which scores are shown apart, beside its cluster
    worded_as: str = (
        ""  # the task whose wording a prompt pack without a section of its own for this one takes
    )
    shots: int = 0  # where the pack has no section for it
    limit: int | None = None  # where the suite has none
    likelihoods: bool = False  # asks how likely texts are, and not for texts alone
    judge: str = ""  # where it is not the suite's that scores
    solved: bool = False  # responses are questions, and a suite's solver is asked for their keys
    definition: Any = None  # what asks and scores it: the package of its name, unless it does not ship

    @property
    def version(self) -> str:
        return str(self._package.VERSION)

    @property
    def fetched(self) -> bool:
        """Its items come from outside: no version of ours says what stands in them."""
        return bool(self.source)

    def about_data(self) -> dict[str, Any]:
        """The title, and whether the items are the user's own: a published name holds only for the published items."""
        if not self.source or self.definition:
            return {"title": self.title}
        if dataset_hash(self.docs("test")) == self._package.PUBLISHED:
            return {"title": f"{self.title} ({self.source})"}
        return {"title": f"{self.title} (own data)", "own_data": True}

    def docs(self, split: str, limit: int | None = None) -> list[dict[str, Any]]:
        """The items of 'test', or those of 'train' that shots and the overlap check read."""
        if split not in ("train", "test"):
            raise Refusal(f"no split called {split!r}; {self.name} has 'train' and 'test'")
        docs: list[dict[str, Any]] = self._package.docs(split)
        return docs[:limit]

    def items_by_kind(self, docs: list[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
        """For each of the kinds its values, and which items have them."""
        items: dict[str, dict[str, list[str]]] = {kind: {} for kind in self.kinds}
        for doc in docs:
            for kind in self.kinds:
                items[kind].setdefault(str(doc[kind]), []).append(str(doc["id"]))
        return items

    def train_docs(self, n: int, seed: int) -> list[dict[str, Any]]:
        """Up to n items to learn from, none of them of the test. As chats: `prompt_pack.train_chats`."""
        docs: list[dict[str, Any]] = self._package.train_docs(seed)
        return docs[: max(n, 0)]

    def score(self, doc: Mapping[str, Any], response: str) -> "ResponseScore":
        """One response by the task's rules."""
        scored: ResponseScore = self.part("task").score(doc, response)
        return scored

    def part(self, name: str) -> Any:
        """`task` asks and scores by rules, `scoring` by a judge; what does not ship has all of it in its definition."""
        if self.numeric and name == "task" and not self.definition:
            return importlib.import_module("proctor.tasks.numeric")
        return self.definition or importlib.import_module(f"proctor.tasks.{self.name}.{name}")

    @property
    def _package(self) -> Any:
        return self.definition or importlib.import_module(f"proctor.tasks.{self.name}")


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            "gsm8k", "Grade-school maths", "lm_eval", "binary", "accuracy", asks="question",
            numeric=True, source="GSM8K",
        ),
        Task(
            "word_problems", "Word problems", "lm_eval", "binary", "accuracy", asks="question",
            numeric=True, kinds=("kind",),
        ),
        Task(
            "concepts", "Concept extraction", "lm_eval", "counts", "micro F1", asks="text",
            kinds=("kind", "band"),
        ),
        Task(
            "study_plan", "Study plans", "inspect", "real", "mean score", asks="profile",
            scale=(1.0, 5.0), scored_by="judge", kinds=("grade", "language_level"),
        ),
        Task(
            "diagnosis", "Error diagnosis", "inspect", "counts", "micro F1", asks="work",
            kinds=("grade", "weaknesses"),
        ),
        Task(
            "questions", "Question writing", "inspect", "real", "usable questions", asks="material",
            kinds=("subject", "kind"), solved=True,
        ),
        Task(
            "svamp", "One-step word problems", "lm_eval", "binary", "accuracy", asks="question",
            numeric=True, source="SVAMP", kinds=("kind",), worded_as="gsm8k",
        ),
        Task(
            "mgsm_en", "Grade-school maths, English", "lm_eval", "binary", "accuracy", asks="question",
            numeric=True, source="MGSM", worded_as="gsm8k",
        ),
        Task(
            "mgsm_zh", "Grade-school maths, Chinese", "lm_eval", "binary", "accuracy", asks="question",
            numeric=True, source="MGSM", worded_as="gsm8k",
        ),
    )
}  # fmt: skip


def doc_hash(doc: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(doc, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def target_of(doc: Mapping[str, Any]) -> str:
    """The reference answer of an item, as text."""
    target = doc.get("target", doc.get("answer", doc.get("concepts", "")))
    return target if isinstance(target, str) else json.dumps(target, ensure_ascii=False)


def dataset_hash(docs: list[dict[str, Any]]) -> str:
    """Equal for equal items in the same order, wherever they were read from."""
    return hashlib.sha256("\n".join(doc_hash(doc) for doc in docs).encode()).hexdigest()
