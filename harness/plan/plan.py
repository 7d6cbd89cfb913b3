"""What a suite needs: stages to build, cells to fill, grouped into sittings, and what is already there and why.

Reads results, digests and YAML, and loads nothing heavy: planning a finished suite takes a moment. A sitting is a pure
function of its spec, so it can run here or elsewhere.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal, located
from proctor.common.schema import digest
from proctor.finetune.base import digest_of_base, shape_of
from proctor.finetune.build import Stage, is_kept, plan_stages
from proctor.finetune.recipe import Recipe
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.config.variant import ROOT, Serving, Variant
from proctor.harness.judging.grading import Grading, grading_of
from proctor.harness.plan.state import State, state_of
from proctor.harness.plan.training import ChatFile, chat_files
from proctor.tasks import TASKS, dataset_hash
from proctor.tasks.draw import Items
from proctor.tasks.pack import Pack


@dataclass(frozen=True)
class CellPlan:
    """`definition` is everything that decides the rows; `answers_key` of it is all that decides the answers.
    `weights` stands for those that answer, in the engine that they answer in: their answers are kept together.
    """

    variant: str
    task: str
    items: int
    definition: dict[str, Any]
    weights: str
    state: State
    why: str

    @property
    def answers_key(self) -> str:
        marking = ("judge", "grader", "extractor", "task_version")
        asked = {name: value for name, value in self.definition.items() if name not in marking}
        return digest([self.weights, asked])


@dataclass(frozen=True)
class VariantPlan:
    variant: Variant
    stages: tuple[Stage, ...]
    data: dict[str, ChatFile]
    cells: tuple[CellPlan, ...]

    @property
    def missing(self) -> tuple[CellPlan, ...]:
        return tuple(cell for cell in self.cells if cell.state != "keep")


@dataclass(frozen=True)
class Sitting:
    """All that one opened engine can do: the variants that share its weights, or for vllm the shape of its weights."""

    engine: str
    quantization: str
    endpoint: str | None
    variants: tuple[VariantPlan, ...]
    serving: Serving


@dataclass(frozen=True)
class Plan:
    suite: Suite
    store: Path
    results: Path
    variants: tuple[VariantPlan, ...]
    docs: dict[
        str, list[dict[str, Any]]
    ]  # of each exam: what is asked is what was planned with, wherever it is asked
    sittings: tuple[Sitting, ...] = field(default=())
    grading: Grading | None = None
    redo: bool = False
    about_data: dict[str, dict[str, Any]] = field(default_factory=dict)  # of each exam

    @property
    def cells(self) -> list[CellPlan]:
        return [cell for plan in self.variants for cell in plan.cells]

    def asks_a_model(self, cell: CellPlan) -> bool:
        """Whether a model marks the cell's answers."""
        return bool(TASKS[cell.task].marked_by == "judge" and self.grading and self.grading.spec)

    def answers_file(self, cell: CellPlan) -> Path:
        """Where a cell's answers are kept, all in one file, until and after they are marked. Another name for the
        variant changes none of them.
        """
        return self.store / "answered" / f"{cell.task}-{cell.answers_key[:16]}.json"

    def has_answers(self, cell: CellPlan) -> bool:
        """Whether every answer of a cell is there, so that only marks are wanted. Another version of the task may
        have asked otherwise: then the engine is asked, and the journal says what it answered before.
        """
        try:
            kept = json.loads(self.answers_file(cell).read_text(encoding="utf-8"))
            # What did not fit the context fits no better the next time.
            failed = any(one["error"] and (self.redo or not one.get("too_long")) for one in kept["answers"])
            whole = len(kept["answers"]) == cell.items * cell.definition["sampling"]["epochs"]
            return whole and not failed and kept["task_version"] == cell.definition["task_version"]
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def split(self) -> tuple[list[tuple[VariantPlan, CellPlan]], list[Sitting]]:
        """The cells that are answered already and want only their marks, and the sittings without them."""
        answered = [(each, cell) for each in self.variants for cell in each.missing if self.has_answers(cell)]
        keys = {(cell.variant, cell.task) for _, cell in answered}
        sittings = []
        for sitting in self.sittings:
            left = [
                replace(each, cells=tuple(c for c in each.missing if (c.variant, c.task) not in keys))
                for each in sitting.variants
            ]
            if asked := tuple(each for each in left if each.cells):
                sittings.append(replace(sitting, variants=asked))
        return answered, sittings

    def stages(self) -> list[tuple[Stage, bool]]:
        """Every stage that any variant needs, once, and whether it is built already."""
        every = {stage.digest: stage for plan in self.variants for stage in plan.stages}
        return [(stage, is_kept(self.store / "artifacts", stage)) for stage in every.values()]


def make_plan(suite: Suite, results: Path, store: Path, only: Iterable[str] = (), redo: bool = False) -> Plan:
    chosen = [suite.variant(name) for name in only] or list(suite.variants)
    judge = grading_of(suite, lambda variant: made_of(variant, store))
    items = [Items(TASKS[task], TASKS[task].docs("test"), suite.limit.get(task)) for task in suite.tasks]
    plans = tuple(_plan_variant(variant, suite, judge, items, results, store, redo) for variant in chosen)
    docs = {each.task.name: each.asked for each in items}
    about = {task: TASKS[task].about_data() for task in suite.tasks}
    return Plan(suite, store, results, plans, docs, _group(plans), judge, redo, about)


def made_of(variant: Variant, store: Path) -> str:
    """Equal for weights that are made alike, whatever the variant is called."""
    stages, _, base = weights_of(variant, store)
    return digest([base, [stage.digest for stage in stages], variant.quantization, variant.engine])


def _plan_variant(
    variant: Variant, suite: Suite, judge: Grading | None, items: Sequence[Items], results: Path, store: Path,
    redo: bool,
) -> VariantPlan:  # fmt: skip
    stages, data, base = weights_of(variant, store)
    answering = {
        "base": base,
        "stages": [stage.digest for stage in stages],
        "quantization": variant.quantization,
        "engine": variant.engine,
        "endpoint": variant.endpoint,
    }
    # On several GPUs sums are rounded in another order. The rest of serving changes what fits, and no answer.
    weights = digest([answering, variant.serving.gpus])
    cells = []
    for each in items:
        task = each.task
        definition = {
            **answering,
            "prompt": Pack.load(variant.prompt).digest(task.name),
            "sampling": variant.sampling.model_dump(mode="json"),
            **each.definition,
            "task_version": task.version,
            "judge": judge.digest if judge and task.marked_by == "judge" else None,
        }
        shots = Pack.load(variant.prompt).for_task(task.name).shots
        if shots and task.fetched:
            definition["shots"] = dataset_hash(task.docs("train", shots))
        if task.numeric:
            definition["extractor"] = suite.extractor.identity if suite.extractor else None
        if judge and judge.spec and task.marked_by == "judge":
            definition["grader"] = judge.spec.identity
        state, why = state_of(record.read(results, variant.name, task.name), definition, each, redo)
        cells.append(CellPlan(variant.name, task.name, len(each.asked), definition, weights, state, why))
    return VariantPlan(variant, stages, data, tuple(cells))


def weights_of(variant: Variant, store: Path) -> tuple[tuple[Stage, ...], dict[str, ChatFile], str]:
    """The stages that make a variant's weights, the training files they read, and the digest of the base."""
    if variant.engine == "openai":
        return (), {}, digest([variant.base, variant.endpoint])
    if variant.engine == "echo":
        path = local(variant.base)
        if not path.is_file():
            raise Refusal(
                f"no file of answers {variant.base!r}", "the echo engine answers from one", "give its path"
            )
        return (), {}, digest(path.read_text(encoding="utf-8"))
    with located(f"variant {variant.name}"):
        recipe = Recipe.load(variant.recipe) if variant.recipe else None
        if recipe and variant.examples:
            recipe = recipe.with_examples(variant.examples)
    data = chat_files(recipe, store) if recipe else {}
    with located(f"variant {variant.name}"):
        digests = {source: file.digest for source, file in data.items()}
        stages = plan_stages(
            variant.base, recipe, digests, variant.merge, variant.quantization, variant.serves_gguf
        )
        return tuple(stages), data, digest_of_base(variant.base)


def local(name: str) -> Path:
    return Path(name) if Path(name).is_absolute() else ROOT / name


def _group(plans: tuple[VariantPlan, ...]) -> tuple[Sitting, ...]:
    """Variants that one opened engine can answer for sit together, in the suite's order."""
    missing = [plan for plan in plans if plan.missing]
    adapted = {_loaded(plan) for plan in missing if _has_adapter(plan)}
    groups: dict[tuple[str, ...], list[VariantPlan]] = {}
    for plan in missing:
        groups.setdefault(_engine_key(plan, adapted), []).append(plan)
    return tuple(
        Sitting(
            found[0].variant.engine, found[0].variant.quantization, found[0].variant.endpoint, tuple(found),
            found[0].variant.serving,
        )
        for found in groups.values()
    )  # fmt: skip


def _engine_key(plan: VariantPlan, adapted: set[str]) -> tuple[str, ...]:
    """Equal for variants that one opened engine serves: those on the same weights, and for vllm those of one shape.

    On an H200 vLLM took other weights of a 3B shape in seconds, and over a minute to open. An engine that is open for
    adapters is slower without one too, and cannot take other weights, so weights that no adapter of this suite stands
    on are kept apart from it.
    """
    variant, loaded = plan.variant, _loaded(plan)
    key = (
        variant.engine, variant.quantization, variant.endpoint or "", variant.key or "",
        variant.serving.model_dump_json(),
    )  # fmt: skip
    if variant.engine == "vllm" and variant.quantization == "none" and loaded not in adapted:
        # Training and merging change numbers, never the shape.
        return (*key, "shape", shape_of(variant.base) or loaded)
    return (*key, "weights", loaded)


def _loaded(plan: VariantPlan) -> str:
    """What stands for the weights that the engine is opened on: an adapter is put on them later."""
    stages = plan.stages[:-1] if _has_adapter(plan) else plan.stages
    return stages[-1].digest if stages else str(plan.cells[0].definition["base"])


def _has_adapter(plan: VariantPlan) -> bool:
    last = plan.stages[-1] if plan.stages else None
    return (
        last is not None and last.kind == "train" and last.recipe is not None and last.recipe.method != "full"
    )
