"""The user's own tasks: `tasks/NAME.yaml` in the project says what is asked and how it is scored.

    data: data/quiz.csv
    prompt: "{{ question }}\nGive the number alone."
    answer: answer
    score: number

Then `NAME` stands in a suite like any other task. How each way of scoring works stands in scores.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from proctor.common import counted
from proctor.common.digest import digest
from proctor.common.paths import PACKAGE, find, inside, project
from proctor.common.refusal import Refusal, located
from proctor.common.schema import Frozen, nearest, read_named_yaml
from proctor.common.templates.bounded import rendered
from proctor.judges.judge import Judge
from proctor.tasks import TASKS, Task
from proctor.tasks.data import shuffled
from proctor.tasks.own import scores
from proctor.tasks.own.rows import HubData, Rows, read_rows
from proctor.tasks.own.scores import JUDGE, WAYS, gold_of
from proctor.tasks.prompt_pack import OWN, load
from proctor.tasks.score import ResponseScore

OPTIONS = "options"  # what a prompt says for the choices with their letters, a line each
ROW = "row"  # and for the whole row, whose fields may be called as no name in a template can be: row["Question 1"]


class OwnTaskFile(Frozen):
    """`tasks/NAME.yaml`."""

    name: str
    title: str = Field(default="", description="for the board; left out: made of the name")
    about: str = Field(default="", description="one line for lists")
    data: str | HubData = Field(
        description="JSONL, JSON, CSV, TSV or parquet, or {hub: owner/name, split: test}"
    )
    prompt: str = Field(description="what is asked, a Jinja template over the fields of a row")
    system: str = Field(default="", description="the system turn; empty: none")
    answer: str = Field(
        default="answer", description="the field with the right answer, or a list of right ones"
    )
    score: str = Field(description="number, choice, exact, contains, set, regex, or judge:NAME")
    choices: str | list[str] | None = Field(
        default=None, description="the field with the list of choices, or a field each"
    )
    pattern: str | None = Field(
        default=None, description="for regex: its first group, or its whole, is the answer"
    )
    id: str | None = Field(default=None, description="the field that names a row; left out: its number")
    cluster: str | None = Field(default=None, description="the field that says which rows share a source")
    kinds: tuple[str, ...] = Field(default=(), description="fields by which scores are shown apart")
    limit: int | None = Field(
        default=None, ge=1, description="so many rows, drawn by seed, where the suite says none"
    )
    train: str | HubData | None = Field(
        default=None, description="rows for shots and for recipes; none of the test's"
    )
    shots: int = Field(default=0, ge=0, le=32, description="examples from `train` before the question")
    max_tokens: int = Field(default=512, ge=1, description="of a response")
    stop: tuple[str, ...] = Field(default=(), description="texts that end a response")

    @field_validator("score")
    @classmethod
    def _score_is_known(cls, score: str) -> str:
        if score not in WAYS and not score.startswith(JUDGE):
            raise Refusal(f"nothing scores by {score!r}; {nearest(score, [*WAYS, JUDGE + 'NAME'])}")
        return score

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        if (self.score == "choice") != (self.choices is not None):
            raise Refusal("`choices` and `score: choice` go together: name the field that holds the choices")
        if (self.score == "regex") != (self.pattern is not None):
            raise Refusal("`pattern` and `score: regex` go together")
        if self.shots and self.train is None:
            raise Refusal("shots are taken from training rows; name a file of them with `train:`")
        scores.last_match(self.pattern or "", "")
        names_in(self.prompt)
        return self


def _same(doc: Mapping[str, Any]) -> set[str]:
    """By which an item is known again: its words, and with its answer also in other capitals."""
    words = " ".join(doc[OWN].split())
    return {words, f"{words.casefold()}\n{doc.get('answer')}"}


@cache
def names_in(prompt: str) -> set[str]:
    """The fields that a prompt uses."""
    reply = rendered({"names": prompt})
    if "problem" in reply:
        raise Refusal(f"prompt: {reply['problem']}; a field stands as {{{{ name }}}}")
    return set(reply["names"])


class OwnDefinition:
    """What asks and scores a task of the user's, as the packages of the tasks that ship do."""

    def __init__(self, file: OwnTaskFile, path: Path) -> None:
        self.file, self.path = file, path
        scored = file.model_dump(
            mode="json", include={"system", "answer", "score", "choices", "pattern", "max_tokens", "stop"}
        )
        self.VERSION = digest([2, scored])[:12]  # the first number counts the rules of scoring

    @cached_property
    def task(self) -> Task:
        file = self.file
        scored, by, judge = file.score.partition(JUDGE)
        way = WAYS[by or scored]
        title = file.title or file.name.replace("-", " ").replace("_", " ").capitalize()
        task = Task(
            file.name, title, "lm_eval", way.kind, way.headline, asks=OWN, numeric=scored == "number",
            source="own data", kinds=file.kinds, shots=file.shots, limit=file.limit, definition=self,
        )  # fmt: skip
        if not by:
            return task
        with located(self.path):
            loaded = Judge.load(judge)
            if not loaded.asks or loaded.kind == "pairwise":
                raise Refusal(
                    f"judge {judge!r} cannot score this task", "it asks no model about a single text"
                )
        scale = float(loaded.scale.lowest), float(loaded.scale.highest)
        return replace(task, scale=scale, scored_by="judge", judge=judge)

    def docs(self, split: str) -> list[dict[str, Any]]:
        return list(self._docs[split])

    @cached_property
    def _docs(self) -> dict[str, list[dict[str, Any]]]:
        ships = self.path.is_relative_to(PACKAGE)
        with located(self.path), inside(PACKAGE if ships else project()):
            test = self._made("test", read_rows(self.file.data))
            train = []
            if self.file.train:
                train = self._made("train", read_rows(self.file.train))
            known = set[str]().union(*map(_same, train))
            both = [doc[OWN] for doc in test if _same(doc) & known]
            if both:
                raise Refusal(
                    f"{min(both)[:60]!r} is asked, and is a training row too ({counted(len(set(both)), 'such row')})",
                    "its answer would be shown or learnt before it is asked", "leave it out of one of the two files",
                )  # fmt: skip
        return {"test": test, "train": train}

    def _made(self, split: str, rows: Rows) -> list[dict[str, Any]]:
        self._refuse_absent_fields(rows)
        golds = gold_of(self.file.score, self.file.answer, rows, self._choices)
        docs: dict[str, dict[str, Any]] = {}
        for number, (row, gold) in enumerate(zip(rows, golds, strict=True), 1):
            name = f"{split}-{number:04d}"
            if self.file.id:
                name = str(row[self.file.id])
            if name in docs:
                raise Refusal(f"two rows have the {self.file.id} {name!r}", "an id names one row")
            doc = {"id": name, "cluster": name}
            if self.file.cluster:
                doc["cluster"] = str(row[self.file.cluster])
            for kind in self.file.kinds:
                doc[kind] = str(row[kind])
            docs[name] = {**doc, OWN: self._prompt(row, number), **gold}
            if self.file.system:
                docs[name]["system"] = self.file.system
        return list(docs.values())

    def _refuse_absent_fields(self, rows: Rows) -> None:
        """Before an engine opens: a field that a row lacks, and choices that the model would not see."""
        file = self.file
        asked = names_in(file.prompt)
        wanted = (asked - {ROW}) | set(file.kinds) | set(filter(None, (file.id, file.cluster)))
        if file.choices:
            choices = {file.choices} if isinstance(file.choices, str) else set(file.choices)
            if not asked & {OPTIONS, *choices}:
                raise Refusal(
                    "the prompt does not show the choices", remedy=f"write {{{{ {OPTIONS} }}}} in it"
                )
            wanted = wanted - {OPTIONS} | choices
        if not file.score.startswith(JUDGE) or "answer" in file.model_fields_set:
            wanted.add(file.answer)
        for number, row in enumerate(rows, 1):
            for name in sorted(wanted - set(row)):
                raise Refusal(f"row {number} has no field {name!r}", nearest(name, list(map(str, row))))
            shown = [scores.text_of(row[name]) for name in asked - {ROW, OPTIONS}]
            if shown and not any(shown):
                raise Refusal(f"row {number} asks nothing", "all that its prompt would show is empty")

    def _choices(self, row: Mapping[str, Any], number: int) -> list[str]:
        fields = self.file.choices
        if isinstance(fields, str):
            values = row[fields]
            if isinstance(values, str):
                values = scores.as_list(values)
        else:
            values = [row[name] for name in fields or ()]
        texts = []
        if isinstance(values, list):
            texts = list(map(scores.text_of, values))
        if not isinstance(fields, str):
            while texts and not texts[-1]:  # a question with fewer choices than the table has columns
                texts.pop()
        if not 2 <= len(texts) <= 26 or not all(texts):
            raise Refusal(f"row {number} has not 2 to 26 choices")
        return texts

    def _prompt(self, row: Mapping[str, Any], number: int) -> str:
        shown = {ROW: row, **row}
        if self.file.choices is not None:
            choices = zip(ascii_uppercase, self._choices(row, number), strict=False)
            shown[OPTIONS] = "\n".join(map(". ".join, choices))
        reply = rendered({"prompt": self.file.prompt, "values": shown})
        if "problem" in reply:
            raise Refusal(f"the prompt of row {number} fails: {reply['problem']}")
        return str(reply["text"])

    def train_docs(self, seed: int) -> list[dict[str, Any]]:
        items = self.docs("train")
        if not items:
            raise Refusal(
                f"{self.file.name} has no training rows", remedy="name them with `train:`", where=self.path
            )
        return shuffled(items, f"{self.file.name}/{seed}")

    def lm_eval_config(self, prompt: str) -> dict[str, Any]:
        """As an lm-eval task, laid out like those that ship."""
        return {
            "task": self.file.name, "custom_dataset": lambda **_: load(self.task, prompt), "test_split": "test",
            "output_type": "generate_until", "description": "{{system}}", "doc_to_text": "{{prompt}}",
            "doc_to_target": "{{answer}}", "target_delimiter": "", "fewshot_config": {"sampler": "first_n"},
            **({"training_split": "train", "fewshot_split": "train"} if self.file.train else {}),
            "generation_kwargs": {"until": list(self.file.stop), "max_gen_toks": self.file.max_tokens},
        }  # fmt: skip

    def score(self, doc: Mapping[str, Any], response: str) -> ResponseScore:
        return WAYS[self.file.score].score(doc, response, self.file.pattern or "")

    items = staticmethod(scores.items)
    from_verdicts = staticmethod(scores.from_verdicts)


def own_task(name: str, where: Path | str | None = None) -> Task:
    """The task of `tasks/NAME.yaml` in the project."""
    path = find("tasks", name, where)
    return _own_task(path, project(), path.stat().st_mtime_ns)


@cache
def _own_task(path: Path, _project: Path, _changed: int) -> Task:
    file = read_named_yaml(path, OwnTaskFile)
    if file.name in TASKS:
        raise Refusal(
            f"{file.name!r} is the name of a task that ships", remedy="call the file otherwise", where=path
        )
    return OwnDefinition(file, path).task
