"""What a suite needs: stages to build, cells to fill, grouped into sittings, and what is already there and why.

Reads results, digests and YAML, and loads nothing heavy: planning a finished suite takes a moment. A sitting is a pure
function of its spec, so it can run here or elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from finetune.base import digest_of_base
from finetune.build import Stage, is_kept, plan_stages
from finetune.recipe import Recipe
from harness import record
from harness.engines import refuse_unusable
from harness.errors import UserError, refusals
from harness.schema import digest
from harness.suite import Suite
from harness.training import ChatFile, chat_file
from harness.variant import ROOT, Variant
from tasks import TASKS, dataset_hash
from tasks.pack import Pack

DEFAULT_EXAMPLES = 2000
State = Literal["fill", "keep", "changed", "damaged"]


@dataclass(frozen=True)
class CellPlan:
    """`definition` is everything that decides the rows; `answers_key` of it is all that decides the answers."""

    variant: str
    task: str
    items: int
    definition: dict[str, Any]
    state: State
    why: str

    @property
    def answers_key(self) -> str:
        marking = ("judge", "task_version")
        return digest({name: value for name, value in self.definition.items() if name not in marking})


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
    """All that one opened engine can do: the variants that share its weights."""

    engine: str
    quantization: str
    endpoint: str | None
    variants: tuple[VariantPlan, ...]


@dataclass(frozen=True)
class Plan:
    suite: Suite
    store: Path
    results: Path
    variants: tuple[VariantPlan, ...]
    sittings: tuple[Sitting, ...] = field(default=())

    @property
    def cells(self) -> list[CellPlan]:
        return [cell for plan in self.variants for cell in plan.cells]

    def stages(self) -> list[tuple[Stage, bool]]:
        """Every stage that any variant needs, once, and whether it is built already."""
        every = {stage.digest: stage for plan in self.variants for stage in plan.stages}
        return [(stage, is_kept(self.store / "artifacts", stage)) for stage in every.values()]


def make_plan(suite: Suite, results: Path, store: Path, only: Iterable[str] = ()) -> Plan:
    chosen = [suite.variant(name) for name in only] or list(suite.variants)
    judge = judge_digest(suite)
    with refusals():
        data = {task: TASKS[task].docs("test", suite.limit.get(task)) for task in suite.tasks}
    for engine in {variant.engine for variant in chosen}:
        refuse_unusable(engine)
    hashes = {task: (dataset_hash(docs), len(docs)) for task, docs in data.items()}
    plans = tuple(_plan_variant(variant, suite, judge, hashes, results, store) for variant in chosen)
    return Plan(suite, store, results, plans, _group(plans))


def judge_digest(suite: Suite) -> str | None:
    """None when nothing in the suite is marked by a judge."""
    if not any(TASKS[task].marked_by == "judge" for task in suite.tasks):
        return None
    from judges.judge import Judge

    with refusals():
        return Judge.load(suite.judge).digest


def _plan_variant(
    variant: Variant,
    suite: Suite,
    judge: str | None,
    hashes: dict[str, tuple[str, int]],
    results: Path,
    store: Path,
) -> VariantPlan:
    stages, data, base = weights_of(variant, store)
    cells = []
    for task in suite.tasks:
        dataset, items = hashes[task]
        definition = {
            "base": base,
            "stages": [stage.digest for stage in stages],
            "quantization": variant.quantization,
            "engine": variant.engine,
            "endpoint": variant.endpoint,
            "prompt": Pack.load(variant.prompt).digest(task),
            "sampling": variant.sampling.model_dump(mode="json"),
            "dataset": dataset,
            "items": items,
            "task_version": TASKS[task].version,
            "judge": judge if TASKS[task].marked_by == "judge" else None,
        }
        cells.append(
            CellPlan(variant.name, task, items, definition, *_state(results, variant.name, task, definition))
        )
    return VariantPlan(variant, stages, data, tuple(cells))


def weights_of(variant: Variant, store: Path) -> tuple[tuple[Stage, ...], dict[str, ChatFile], str]:
    """The stages that make a variant's weights, the training files they read, and the digest of the base."""
    if variant.engine == "openai":
        return (), {}, digest([variant.base, variant.endpoint])
    if variant.engine == "echo":
        path = local(variant.base)
        if not path.is_file():
            raise UserError(
                f"no file of answers {variant.base!r}", "the echo engine answers from one", "give its path"
            )
        return (), {}, digest(path.read_text(encoding="utf-8"))
    with refusals(f"variant {variant.name}"):
        recipe = Recipe.load(variant.recipe) if variant.recipe else None
        if recipe and variant.examples:
            recipe = recipe.with_examples(variant.examples)
        sources = recipe.data if recipe else ()
    data = {
        part.source: chat_file(
            part.source, part.examples or DEFAULT_EXAMPLES, recipe.seed if recipe else 0, store
        )
        for part in sources
    }
    with refusals(f"variant {variant.name}"):
        digests = {source: file.digest for source, file in data.items()}
        stages = plan_stages(variant.base, recipe, digests, variant.merge, variant.quantization)
        return tuple(stages), data, digest_of_base(variant.base)


def local(name: str) -> Path:
    return Path(name) if Path(name).is_absolute() else ROOT / name


def _state(results: Path, variant: str, task: str, definition: dict[str, Any]) -> tuple[State, str]:
    cell = record.read(results, variant, task)
    if cell is None:
        return "fill", "not there yet"
    if cell.problem:
        return "damaged", cell.problem
    earlier = cell.run.get("definition", {})
    if changed := [name for name in definition if earlier.get(name) != definition[name]]:
        return "changed", "; ".join(
            _difference(name, earlier.get(name), definition[name]) for name in changed
        )
    if cell.run.get("errors", 0):
        return "fill", f"{cell.run['errors']} of {cell.run['rows']} answers failed the last time"
    return "keep", "made as defined"


def _difference(name: str, was: Any, now: Any) -> str:
    if isinstance(was, dict) and isinstance(now, dict):
        inner = next(key for key in {**was, **now} if was.get(key) != now.get(key))
        return _difference(f"{name}.{inner}", was.get(inner), now.get(inner))
    return f"{name} was {_short(was)}, is {_short(now)}"


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] + "…" if len(text) > 24 else text


def _group(plans: tuple[VariantPlan, ...]) -> tuple[Sitting, ...]:
    """Variants that stand on the same loaded weights sit together, in the suite's order, base before adapters."""
    groups: dict[tuple[str, ...], list[VariantPlan]] = {}
    for plan in plans:
        if plan.missing:
            groups.setdefault(_weights_key(plan), []).append(plan)
    return tuple(
        Sitting(
            found[0].variant.engine, found[0].variant.quantization, found[0].variant.endpoint, tuple(found)
        )
        for found in groups.values()
    )


def _weights_key(plan: VariantPlan) -> tuple[str, ...]:
    variant, last = plan.variant, plan.stages[-1] if plan.stages else None
    own = last is not None and (
        last.kind != "train" or (last.recipe is not None and last.recipe.method == "full")
    )
    loaded = last.digest if last and own else plan.cells[0].definition["base"]
    return (variant.engine, variant.quantization, variant.endpoint or "", loaded)
