"""What run.json holds: how the rows beside it were made, what a comparison must find equal, and what it cost.

    run = record.read(results, "tiny-q8", "word_problems").run
    run.task.headline, run.resolved.engine, run.definition.dataset, run.costs.size_bytes

Fields that were not set are not written, so that what is not known stays apart from what is nothing. `record_from`
reads the run.json of every version of Proctor that wrote one.
"""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, model_validator

FORMAT: Final = 2
Kind = Literal["binary", "real", "counts"]
# A field of the items, its values, the items that have each.
ItemsByKind = dict[str, dict[str, tuple[str, ...]]]
SHARE = re.compile(r"share_(\d+)")


class RecordPart(BaseModel):
    """A field that this version does not know is kept when the file is written again, and read by nobody."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def as_json(self) -> dict[str, JsonValue]:
        return self.model_dump(mode="json", exclude_unset=True)

    def changed(self, **fields: object) -> Self:
        """The same with other fields. They are not checked again: give values of the fields' own types."""
        return self.model_copy(update=fields)


class SamplingRecord(RecordPart):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    epochs: int = 1
    seed: int | None = None


class DrawRecord(RecordPart):
    """Where a limit left items out: of how many the others were drawn, and by which seed."""

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
    metric: str | None = None  # of an import: which of the source's figures
    answers: str | None = None  # of responses from a file: its digest

    @property
    def epochs(self) -> int:
        return self.sampling.epochs if self.sampling else 1


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


class VariantRecord(RecordPart):
    """The variant with every default written out. Of an import, what its source tells."""

    name: str = ""
    about: str = ""
    base: str | None = None
    recipe: str | None = None
    examples: int | None = None
    merge: bool = False
    merge_with: dict[str, JsonValue] | None = None
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
        """The variants that it came from: its parent, and those that it is merged with (a model has a /)."""
        models = (self.merge_with or {}).get("models")
        variants = [str(name) for name in models if "/" not in str(name)] if isinstance(models, list) else []
        return tuple(dict.fromkeys([*([self.parent] if self.parent else []), *variants]))


class StageRecord(RecordPart):
    kind: str
    digest: str
    weights: str | None = None  # of "dequantize": the number format that the base came in, as 'Q4_1'


class BaseRecord(RecordPart):
    """What the base brings along, as finetune/base_settings.py reads it: the template's beginning and its digest."""

    ends: tuple[str, ...] = ()
    sampling: dict[str, JsonValue] = {}
    template: str | None = None
    template_digest: str | None = None


class OriginRecord(RecordPart):
    """Of a cell that Proctor did not answer itself: where it came from, and what the source does not tell."""

    kind: str = "file"
    called: str | None = None
    files: tuple[str, ...] = ()
    sha256: dict[str, str] = {}
    reported: float | None = None
    responses: bool = False
    lacks: tuple[str, ...] = ()
    left_over: JsonValue = None


class DecideRecord(RecordPart):
    """What a suite asks of several tasks as one verdict: better on the primary, and no worse on every guard."""

    primary: str
    guard: tuple[str, ...]


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
    """How much of the task's items stands in one training set: `share_8` is the share with 8 words in a row."""

    set: str = ""
    chats: int | None = None
    items: int | None = None
    whole: int | None = None

    @property
    def shares(self) -> list[tuple[int, float]]:
        shares = []
        for name, value in (self.model_extra or {}).items():
            words = SHARE.fullmatch(name)
            if words and isinstance(value, int | float):
                shares.append((int(words[1]), float(value)))
        return sorted(shares)


class CostRecord(RecordPart):
    """What was measured while the cell was answered; a figure that was not measured is not there."""

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
    """All of a run.json that is known only when the responses are there."""

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
    margin: float | None = None
    decide: DecideRecord | None = None  # of a cell of the primary task
    overlap: tuple[OverlapRecord, ...] = ()
    statuses: dict[str, int] = {}
    truncated: int = 0
    aggregates: dict[str, float] = {}  # a stock task's own figures of all samples, by `metric,filter`
    groups: tuple[GroupRecord, ...] = ()  # in the first cell of the group
    untested: tuple[str, ...] = ()  # those of them that are no mean over samples
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

    def measured(self, measurements: Measurements) -> Self:
        return self.model_copy(update=fields_of(measurements))

    def text(self) -> str:
        """As the file holds it."""
        fields = self.as_json() | {"format": FORMAT}
        return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def fields_of(part: RecordPart) -> Mapping[str, object]:
    """The fields that were set, as they are."""
    return {name: value for name, value in part if name in part.model_fields_set}


class UnreadableRecord(ValueError):
    """Why a run.json cannot be used, in words."""


def record_from(raw: object) -> RunRecord:
    """What a run.json of any version holds."""
    if not isinstance(raw, dict):
        raise UnreadableRecord("it holds no fields")
    found = raw.get("format", 1)
    if isinstance(found, int) and found > FORMAT:
        raise UnreadableRecord(f"a newer Proctor wrote it (format {found}); update Proctor to read it")
    try:
        if found != FORMAT:
            raw = _from_format_1(raw)
        return RunRecord.model_validate(raw)
    except ValidationError as refused:
        first = refused.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UnreadableRecord(f"{where}: {first['msg']}".removeprefix(": ")) from None


def measurements_from(raw: Mapping[str, Any]) -> Measurements:
    """What was measured, as it is kept beside responses, by this version or an earlier one."""
    return Measurements.model_validate(raw if "costs" in raw else _with_costs(dict(raw)))


def _from_format_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """A file told no format, the task stood under `exam` (its name alone under `task`), and what was measured loose."""
    run = _with_costs(dict(old))
    exam = run.pop("exam", None)
    if not isinstance(exam, dict):
        raise UnreadableRecord("it does not tell the task")
    task = {"name": run.pop("task", ""), **exam}
    if "marked_by" in task:
        task["scored_by"] = task.pop("marked_by")
    kinds = run.pop("kinds", None)
    if isinstance(kinds, dict):
        task["kinds"] = kinds
    errors = run.pop("errors", None)  # they stand among the statuses
    if errors is not None and isinstance(run.get("statuses"), dict):
        run["statuses"] = {"error": errors, **run["statuses"]}
    if isinstance(run.get("overlap"), list):
        named = []
        for entry in run["overlap"]:
            named.append(entry if isinstance(entry, dict) else {"set": str(entry)})
        run["overlap"] = named
    # Where nothing was known of one of these, a null could stand.
    for name in ("overlap", "loss", "stages", "versions", "hardware", "statuses"):
        if run.get(name, ()) is None:
            del run[name]
    return run | {"task": task, "format": FORMAT}


def _with_costs(run: dict[str, Any]) -> dict[str, Any]:
    costs = {name: run.pop(name) for name in CostRecord.model_fields if name in run}
    return run | {"costs": costs}
