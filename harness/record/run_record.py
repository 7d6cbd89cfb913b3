"""What run.json holds: how the rows beside it were made, what a comparison must find equal, and what it cost.

    run = record.read(results, "tiny-q8", "word_problems").run
    run.task.headline, run.resolved.engine, run.definition.dataset, run.costs.size_bytes

Fields that were not set are not written, so that what is not known stays apart from what is nothing. Records of
earlier versions are read by formats.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from proctor.common.digest import sealed

FORMAT: Final = 2
SHOWN = 16  # letters of either end of a value that changed
Kind = Literal["binary", "real", "counts"]
# The ids of the items by a field and its value: {"grade": {"7": ("test-0001", ...)}}.
ItemsByKind = dict[str, dict[str, tuple[str, ...]]]


class RecordPart(BaseModel):
    """A field that this version does not know is kept when the file is written again, and read by nobody."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def as_json(self) -> dict[str, JsonValue]:
        return self.model_dump(mode="json", exclude_unset=True)

    def changed(self, **fields: object) -> Self:
        """A copy in which these fields have other values. The values are not checked: give those of the right type.

        >>> SamplingRecord(seed=1).changed(seed=3).seed
        3
        """
        unknown = sorted(fields.keys() - type(self).model_fields)
        if unknown:  # a slip would be kept as a field of a later version is, and land in run.json
            raise TypeError(f"{type(self).__name__} has no field {', '.join(unknown)}")
        return self.model_copy(update=fields)


class SamplingRecord(RecordPart):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    epochs: int = 1
    seed: int | None = None


class DrawRecord(RecordPart):
    """Where a limit left items out: the number of all items, and the seed by which those that were asked were drawn."""

    of: int
    seed: int


class Definition(RecordPart):
    """All that decides the rows. A cell whose definition differs from the one that is wanted is made again."""

    base: str | None = None
    stages: tuple[str, ...] | None = None
    quantization: str | None = None
    engine: str | None = None
    endpoint: str | None = None
    prompt: str | None = None
    sampling: SamplingRecord | None = None
    extra: dict[str, JsonValue] | None = None  # fields of an endpoint's requests
    dataset: str | None = None
    items: int | None = None
    draw: DrawRecord | None = None
    task_version: str | None = None
    judge: str | None = None
    shots: str | None = None
    extractor: dict[str, JsonValue] | None = None
    grader: dict[str, JsonValue] | None = None
    solver: dict[str, JsonValue] | None = None
    metric: str | None = None  # of an imported log: the name of the figure that became the scores
    answers: str | None = None  # the digest of the file, where the responses were read from one

    @property
    def epochs(self) -> int:
        return self.sampling.epochs if self.sampling else 1


# What stands in a definition as a digest, in words.
DIGESTS = {
    "base": "the base's weights", "stages": "the stages of its weights", "dataset": "the questions",
    "prompt": "the prompt's wording", "judge": "the judge", "shots": "the shots",
}  # fmt: skip


def difference(name: str, was: Any, now: Any) -> str:
    """A field of two definitions, in words."""
    if name in DIGESTS:
        return f"{DIGESTS[name]} changed"
    if isinstance(was, dict) and isinstance(now, dict):
        inner = next(key for key in {**was, **now} if was.get(key) != now.get(key))
        return difference(f"{name}.{inner}", was.get(inner), now.get(inner))
    return f"{name} was {_short(str(was))}, is {_short(str(now))}"


def _short(text: str) -> str:
    """Both ends of what is long: two addresses may be equal for thirty letters, and differ in the last."""
    if len(text) <= 2 * SHOWN:
        return text
    return f"{text[:SHOWN]}…{text[-SHOWN:]}"


NOT_TOLD = "not told"  # who scored, where a source of scores does not say it


class TaskRecord(RecordPart):
    """What was asked, and how it is scored. `kind` says what the headline is made of, as in proctor.tasks."""

    name: str
    title: str
    kind: Kind
    headline: str
    scale: tuple[float, float]
    scale_stated: bool = True  # False: taken from the scores of an imported file
    weighted: bool = False  # a sample counts by its metric "weight", such as the words of a text
    framework: str = "other"
    scored_by: str = "rules"  # or the name of a judge, of another tool's scorer, or NOT_TOLD
    place: int | None = None  # among Proctor's own tasks
    own_data: bool = False
    judge_kind: str | None = None
    judge_digest: str | None = None
    grader: str | None = None
    self_grading: bool = False
    kinds: ItemsByKind = {}

    @model_validator(mode="after")
    def _scale_has_room(self) -> Self:
        low, high = self.scale
        if not (isfinite(low) and isfinite(high) and low < high):
            raise ValueError("the scale must go from a number to a larger one")
        return self


class MergeRecord(RecordPart):
    """How the weights of several models became one, as `merge_with:` of the variant says it."""

    models: tuple[str, ...] = ()
    method: str | None = None
    weight: float | None = None
    weights: tuple[float, ...] | None = None
    density: float | None = None
    base: str | None = None


class VariantRecord(RecordPart):
    """The variant with every default written out; of an import, what its source says of it."""

    name: str = ""
    about: str = ""
    base: str | None = None
    recipe: str | None = None
    examples: int | None = None
    merge: bool = False
    merge_with: MergeRecord | None = None
    quantization: str | None = None
    engine: str | None = None
    endpoint: str | None = None
    key: str | None = None
    prompt: str | None = None
    parent: str | None = None
    sampling: dict[str, JsonValue] | None = None
    serving: dict[str, JsonValue] | None = None
    digest: str = ""

    @property
    def parents(self) -> tuple[str, ...]:
        """The variants that it came from, each once: its parent, then those that it is merged with."""
        names = []
        if self.parent:
            names.append(self.parent)
        if self.merge_with:
            # Others are hub ids or folders.
            names += [model for model in self.merge_with.models if "/" not in model]
        return tuple(dict.fromkeys(names))


class StageRecord(RecordPart):
    kind: str
    digest: str
    weights: str | None = None  # of "dequantize": the number format that the base came in, as 'Q4_1'


class BaseRecord(RecordPart):
    """The settings that the base model comes with, as finetune/base_settings.py reads them."""

    ends: tuple[str, ...] = ()  # the tokens that end a response
    sampling: dict[str, JsonValue] = {}
    cache_bytes: int | None = None  # of a GGUF base, as in GgufRecord
    template: str | None = None  # the beginning of the chat template
    template_digest: str | None = None


class GgufRecord(RecordPart):
    """What the header of the file says that llama.cpp is given. llama-bench tells the first two of a file as well."""

    parameters: int
    tensor_bytes: int
    cache_bytes: int | None = None  # of keys and values at 2,048 tokens, 16 bits each


class OriginRecord(RecordPart):
    """Where the responses or scores of a cell came from, if Proctor did not ask for them itself."""

    # The format of an imported log ("lm-eval", "plain", ...), or "answers" of `proctor score`.
    kind: str = "file"
    called: str | None = None  # the source's own name of the variant
    files: tuple[str, ...] = ()  # their names, without folders
    sha256: dict[str, str] = {}  # by the name of the file
    reported: float | None = None  # the source's own mean of all samples
    responses: bool = False  # whether the source holds the responses, and not only their scores
    # What the source leaves out and a comparison would need: "prompt", "dataset hash", ...
    lacks: tuple[str, ...] = ()
    # Items without a response and rows without an item: how many, and some of their names.
    left_over: JsonValue = None


class DecideRecord(RecordPart):
    """What a suite asks of several tasks as one verdict: better on the primary, and no worse on every guard."""

    primary: str
    guard: tuple[str, ...]


class PlannedRecord(RecordPart):
    """Of a cell that is asked until its pairs are decided: how many items all are, and the digest of all of them.

    Figures of such a cell hold at any look, and stay so until a run without that option has all items.
    """

    items: int
    dataset: str


@dataclass(frozen=True)
class Look:
    """One of several rounds of a run until decided: the cells that are asked so far, and of each task all its items."""

    cells: frozenset[tuple[str, str]]
    planned: dict[str, PlannedRecord]


class GroupRecord(RecordPart):
    """lm-eval's own aggregate of a group of its tasks, with the checksum of the rows of each that it was made of."""

    name: str
    tasks: dict[str, str]
    figures: dict[str, float]


class SolverRecord(RecordPart):
    """How far a solver can be trusted: what it does with the model questions of the items, whose keys are right."""

    model: str
    questions: int
    confirmed: int
    on_passages: int
    found_without: int  # of those on passages: the key found without the passage


class OverlapRecord(RecordPart):
    """How much of the task's items stands in one training set. `hits_8` is the number of items that share 8 words in a
    row with it, and `share_8` their share of all items.
    """

    set: str = ""
    chats: int | None = None
    items: int | None = None
    whole: int | None = None  # items that stand there word for word
    share_8: float | None = None
    share_10: float | None = None
    share_13: float | None = None
    hits_8: int | None = None
    hits_10: int | None = None
    hits_13: int | None = None

    @property
    def shares(self) -> list[tuple[int, float]]:
        """The shares that are known, each after its number of words."""
        every = ((8, self.share_8), (10, self.share_10), (13, self.share_13))
        return [(words, share) for words, share in every if share is not None]


class CostRecord(RecordPart):
    """What was measured while the model answered; a figure that was not measured is not set."""

    wall_seconds: float | None = None
    load_seconds: float | None = None
    seconds_per_item: float | None = None
    tokens_per_second: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    size_bytes: int | None = None
    peak_memory_bytes: int | None = None
    peak_gpu_bytes: int | None = None
    energy_joules: float | None = None
    reused: int | None = None  # responses that were kept from before, and asked of nobody


class HardwareRecord(RecordPart):
    machine: str | None = None
    cores: int | None = None
    gpus: tuple[str, ...] = ()
    python: str | None = None

    @property
    def known(self) -> bool:
        return bool(self.model_fields_set)


class Measurements(RecordPart):
    """The part of a run.json that is measured while the model is trained and answers."""

    costs: CostRecord = CostRecord()
    versions: dict[str, str] = {}
    hardware: HardwareRecord = HardwareRecord()
    loss: tuple[tuple[int | float, float], ...] = ()  # of the training, by step
    too_long: int = 0  # prompts that do not fit the context: errors that are not asked again


class RunRecord(Measurements):
    format: Literal[2] = FORMAT
    variant: str
    task: TaskRecord
    definition: Definition
    resolved: VariantRecord
    suite: str | None = None
    stages: tuple[StageRecord, ...] = ()
    base_settings: BaseRecord | None = None
    gguf: GgufRecord | None = None
    without_examples: bool = False  # the prompt pack has solved examples, but none for this task
    margin: float | None = None
    decide: DecideRecord | None = None  # of a cell of the primary task
    planned: PlannedRecord | None = None
    overlap: tuple[OverlapRecord, ...] = ()
    statuses: dict[str, int] = {}
    truncated: int = 0
    aggregates: dict[str, float] = {}  # a stock task's own figures of all samples, by `metric,filter`
    groups: tuple[GroupRecord, ...] = ()  # in the first cell of the group
    untested: tuple[str, ...] = ()  # the names of aggregates that are no mean over samples, and not tested
    solver: SolverRecord | None = None
    verdicts: dict[str, JsonValue] | None = None  # of a judge that asks a model: how many, and what they cost
    finished: str | None = None
    origin: OriginRecord | None = None
    rows: int = 0
    samples_sha256: str = ""

    @property
    def errors(self) -> int:
        return self.statuses.get("error", 0)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What the source of an imported cell does not tell; nothing of a cell that Proctor made."""
        return self.origin.lacks if self.origin else ()

    @property
    def all_items(self) -> str | None:
        """The digest of the items that the cell has, or will have: two cells can be compared where it is the same."""
        if self.planned is None:
            return self.definition.dataset
        return self.planned.dataset

    @property
    def items_planned(self) -> int | None:
        """Of how many items the cell's are the first; None of a cell that was not looked at before all were there."""
        return None if self.planned is None else self.planned.items

    def measured(self, measurements: Measurements) -> Self:
        """A copy with what was measured."""
        return self.model_copy(update=fields_of(measurements))

    def text(self) -> str:
        """The content of run.json, with a checksum of its fields."""
        fields = sealed(self.as_json() | {"format": FORMAT})
        return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def fields_of(part: RecordPart) -> Mapping[str, object]:
    """The fields that were set, with their values as they are: models stay models."""
    return {name: value for name, value in part if name in part.model_fields_set}
