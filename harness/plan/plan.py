"""What a suite needs: stages to build, cells to fill, grouped into sessions, and what is already there and why.

Reads results, digests and YAML, and loads nothing heavy: planning a finished suite takes a moment. Planning does
not know who is asked, nor how.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import Any, Literal

from proctor.common.digest import digest
from proctor.common.files import read_kept
from proctor.common.paths import inside, resolve
from proctor.common.refusal import Refusal, located
from proctor.finetune.base import digest_of_base, is_gguf, local_folder, shape_of
from proctor.finetune.build import Merging, Parent, Stage, is_kept, plan_stages, with_parents
from proctor.finetune.merge.models import refuse_unlike
from proctor.finetune.merge.vocabularies import refuse_without_mergekit
from proctor.finetune.recipe import Recipe
from proctor.harness import record
from proctor.harness.config.suite import Suite, load_variant
from proctor.harness.config.variant import TAKES_ADAPTER, Variant
from proctor.harness.plan.grading import Grading, gradings_of, ready
from proctor.harness.plan.training import ChatFile, chat_files
from proctor.harness.plan.unfit import refuse_unfit
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.panel import AnySpec
from proctor.tasks import dataset_hash
from proctor.tasks.draw import TaskItems
from proctor.tasks.prompt_pack import STOCK, Pack
from proctor.tasks.questions.solving import RULES

State = Literal["fill", "keep", "changed", "damaged"]


@dataclass(frozen=True)
class CellPlan:
    """`definition` is everything that decides the rows; `answers_key` of it is all that decides the responses.
    `weights` stands for those that answer, in the engine that they answer in: their responses are kept together.
    """

    variant: str
    task: str
    items: int
    definition: record.Definition
    weights: str
    state: State
    why: str

    @property
    def responses_key(self) -> str:
        scoring = ("judge", "grader", "extractor", "solver", "task_version")
        asked = {name: value for name, value in self.definition.as_json().items() if name not in scoring}
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
class Session:
    """All that one opened engine is asked for: the variants that share its weights, for vllm their shape."""

    variants: tuple[VariantPlan, ...]

    @property
    def first(self) -> Variant:
        """Like the others in all that the engine is opened with."""
        return self.variants[0].variant

    def __str__(self) -> str:
        return "+".join(each.variant.name for each in self.variants)

    def missing(self) -> Iterator[tuple[VariantPlan, CellPlan]]:
        for each in self.variants:
            for cell in each.missing:
                yield each, cell


@dataclass(frozen=True)
class Plan:
    suite: Suite
    store: Path
    results: Path
    variants: tuple[VariantPlan, ...]
    # Of each task: what is asked is what was planned with, wherever it is asked.
    docs: dict[str, list[dict[str, Any]]]
    sessions: tuple[Session, ...] = field(default=())
    gradings: dict[str, Grading] = field(default_factory=dict)  # of each task that a judge scores
    redo: bool = False
    about_data: dict[str, dict[str, Any]] = field(default_factory=dict)  # of each task
    look: record.Look | None = None

    @property
    def cells(self) -> list[CellPlan]:
        return list(chain.from_iterable(plan.cells for plan in self.variants))

    def asks_a_model(self, cell: CellPlan) -> bool:
        """Whether a model scores the cell's responses."""
        return any(self.scored_by(cell.task))

    def scored_by(self, task: str) -> tuple[AnySpec | None, GraderSpec | None]:
        """The model, or panel, that the judge of a task asks, and the solver of its questions, where there are any."""
        grading, solver = self.gradings.get(task), None
        if self.suite.task(task).solved:
            solver = self.suite.solver
        return grading.spec if grading else None, solver

    def responses_file(self, cell: CellPlan) -> Path:
        """Where a cell's responses are kept, all in one file, until and after they are scored. Another name for the
        variant changes none of them.
        """
        return self.store / "answered" / f"{cell.task}-{cell.responses_key[:16]}.json"

    def has_responses(self, cell: CellPlan) -> bool:
        """Whether every response of a cell is there, so that only scores are wanted. Another version of the task may
        have asked otherwise: then the engine is asked, and the journal has what it answered before.
        """
        task = self.suite.task(cell.task)
        if task.asks == STOCK and task.framework == "inspect":
            return False  # Inspect scores while it asks; the journal has what was answered
        kept = read_kept(self.responses_file(cell))
        if kept is None or kept["task_version"] != cell.definition.task_version:
            return False
        # What did not fit the context fits no better the next time.
        for response in kept["answers"]:
            if response.get("error") and (self.redo or not response.get("too_long")):
                return False
        ids = [str(doc["id"]) for doc in self.docs[cell.task]]
        wanted = Counter(product(ids, range(1, cell.definition.epochs + 1)))
        return wanted == Counter((response["id"], response["epoch"]) for response in kept["answers"])

    def split(self) -> tuple[list[tuple[VariantPlan, CellPlan]], list[Session]]:
        """The cells that have their responses and want only scores, and the sessions without them."""
        answered = []
        unanswered: dict[str, VariantPlan] = {}
        for each in self.variants:
            asked = []
            for cell in each.missing:
                if self.has_responses(cell):
                    answered.append((each, cell))
                else:
                    asked.append(cell)
            if asked:
                unanswered[each.variant.name] = replace(each, cells=tuple(asked))
        sessions = []
        for session in self.sessions:
            names = [each.variant.name for each in session.variants]
            left = tuple(unanswered[name] for name in names if name in unanswered)
            if left:
                sessions.append(replace(session, variants=left))
        return answered, sessions

    def stages(self) -> list[tuple[Stage, bool]]:
        """Every stage that any variant needs, once, and whether it is built already."""
        every = {stage.digest: stage for plan in self.variants for stage in with_parents(plan.stages)}
        return [(stage, is_kept(self.store / "artifacts", stage)) for stage in every.values()]


def make_plan(
    suite: Suite, results: Path, store: Path, only: Iterable[str] = (), redo: bool = False,
    look: record.Look | None = None,
) -> Plan:  # fmt: skip
    with inside(suite.project):
        plan = _make_plan(suite, results, store, only, redo)
        if look is None:
            return plan
        variants: tuple[VariantPlan, ...] = ()
        for each in plan.variants:
            cells = tuple(cell for cell in each.cells if (cell.variant, cell.task) in look.cells)
            variants += (replace(each, cells=cells),)
        return replace(plan, variants=variants, sessions=_group(variants), look=look)


def _make_plan(suite: Suite, results: Path, store: Path, only: Iterable[str], redo: bool) -> Plan:
    chosen = [suite.variant(name) for name in only] or list(suite.variants)
    made = partial(made_of, store=store)
    gradings = gradings_of(suite, made)
    suite = suite.model_copy(update={"solver": ready(suite.solver, suite, made)})
    tasks = [suite.task(name) for name in suite.tasks]
    items = [TaskItems(task, task.docs("test"), suite.limit.get(task.name, task.limit)) for task in tasks]
    plans = tuple(_plan_variant(variant, suite, gradings, items, results, store, redo) for variant in chosen)
    docs = {each.task.name: each.asked for each in items}
    about = {each.task.name: each.task.about_data() for each in items}
    return Plan(suite, store, results, plans, docs, _group(plans), gradings, redo, about)


def made_of(variant: Variant, store: Path) -> str:
    """Equal for weights that are made alike, whatever the variant is called."""
    stages, _, base = weights_of(variant, store)
    return digest([base, [stage.digest for stage in stages], variant.quantization, variant.engine])


def _plan_variant(
    variant: Variant, suite: Suite, gradings: dict[str, Grading], items: Sequence[TaskItems], results: Path,
    store: Path, redo: bool,
) -> VariantPlan:  # fmt: skip
    stages, data, base = weights_of(variant, store)
    answering: dict[str, Any] = {
        "base": base,
        "stages": [stage.digest for stage in stages],
        "quantization": variant.quantization,
        "engine": variant.engine,
        "endpoint": variant.endpoint,
    }
    if variant.extra:
        answering["extra"] = variant.extra
    # On several GPUs sums are rounded in another order. The rest of serving changes what fits, and no answer.
    weights = digest([answering, variant.serving.gpus])
    cells = []
    for each in items:
        task, judge, pack = each.task, gradings.get(each.task.name), Pack.load(variant.prompt)
        definition = {
            **answering,
            "prompt": pack.digest(task),
            "sampling": variant.sampling.model_dump(mode="json"),
            **each.definition,
            "task_version": task.version,
            "judge": judge.digest if judge else None,
        }
        shots = pack.for_task(task).shots
        if shots and task.fetched:
            definition["shots"] = dataset_hash(task.docs("train", shots))
        if task.numeric:
            definition["extractor"] = suite.extractor.identity if suite.extractor else None
        if task.solved and suite.solver:
            definition["solver"] = {**suite.solver.identity, "rules": RULES}
        if judge and judge.spec:
            definition["grader"] = judge.spec.identity
        wanted = record.Definition.model_validate(definition)
        state, why = state_of(record.read(results, variant.name, task.name), wanted, each, redo)
        cells.append(CellPlan(variant.name, task.name, len(each.asked), wanted, weights, state, why))
    if any(cell.state != "keep" for cell in cells):
        refuse_unfit(variant, stages, [each.task for each in items], store)
    return VariantPlan(variant, stages, data, tuple(cells))


def weights_of(
    variant: Variant, store: Path, merged_into: tuple[str, ...] = ()
) -> tuple[tuple[Stage, ...], dict[str, ChatFile], str]:
    """The stages that make a variant's weights, the training files they read, and the digest of the base."""
    if variant.engine == "openai":
        return (), {}, digest([variant.base, variant.endpoint])
    if variant.engine == "echo":
        path = resolve(variant.base)
        if not path.is_file():
            raise Refusal(
                f"no file of answers {variant.base!r}", "the echo engine answers from one", "give its path"
            )
        return (), {}, digest(path.read_text(encoding="utf-8"))
    with located(f"variant {variant.name}"):
        recipe = Recipe.load(variant.recipe) if variant.recipe else None
        if recipe and variant.examples:
            recipe = recipe.with_examples(variant.examples)
        leaves_adapter = recipe is not None and recipe.method != "full" and not variant.merge
        if leaves_adapter and variant.engine not in TAKES_ADAPTER:
            raise Refusal(
                f"engine {variant.engine!r} cannot put an adapter on its weights", remedy="add 'merge: true'"
            )
    data = chat_files(recipe, store) if recipe else {}
    with located(f"variant {variant.name}"):
        merging = _merging_of(variant, store, merged_into)
        digests = {source: file.digest for source, file in data.items()}
        stages = plan_stages(
            variant.base, recipe, digests, variant.merge, variant.quantization, variant.serves_gguf, merging
        )
        return tuple(stages), data, digest_of_base(variant.base)


def _merging_of(variant: Variant, store: Path, line: tuple[str, ...]) -> Merging | None:
    """Each named variant's whole weights, or a model by the name that `base:` takes. Parents that do not fit are
    refused as soon as their bases are here: before anything is trained. `line` are those that the variant goes into.
    """
    spec = variant.merge_with
    if spec is None:
        return None
    line = (*line, variant.name)
    parents = tuple(_parent(name, store, line) for name in spec.models)
    merging = Merging(spec, parents, _parent(spec.base, store, line) if spec.base else None)
    bases = {"the base": variant.base} | {parent.name: parent.base for parent in merging.others}
    folders = []
    for name, base in bases.items():
        folder = local_folder(base)
        if folder is not None:
            folders.append((name, folder))
    if folders:
        refuse_unlike(folders, joined=spec.tokenizer is not None)
    if spec.tokenizer:
        refuse_without_mergekit()
    return merging


def _parent(name: str, store: Path, line: tuple[str, ...]) -> Parent:
    if "/" in name or is_gguf(name):
        return Parent(name, name, tuple(plan_stages(name, None, {}, merge=False, quantization="none")))
    if name in line:
        circle = " -> ".join([*line, name])
        raise Refusal(f"a circle of merges: {circle}", "a model cannot go into itself", "cut it")
    variant = load_variant(name)
    if variant.engine in ("openai", "echo"):
        raise Refusal(f"merge_with: {name} has no weights here", f"its engine is {variant.engine!r}")
    # In full: its adapter merged, whatever it is quantised to and by whom it is run.
    has_adapter = variant.recipe is not None and Recipe.load(variant.recipe).method != "full"
    whole = variant.model_copy(update={"merge": has_adapter, "quantization": "none", "engine": "hf"})
    stages, data, _ = weights_of(whole, store, line)
    return Parent(name, whole.base, stages, {source: file.path for source, file in data.items()})


def _group(plans: tuple[VariantPlan, ...]) -> tuple[Session, ...]:
    """Variants that one opened engine can answer for share a session, in the suite's order."""
    missing = [plan for plan in plans if plan.missing]
    adapted = {_loaded(plan) for plan in missing if _has_adapter(plan)}
    groups: dict[tuple[str, ...], list[VariantPlan]] = {}
    for plan in missing:
        groups.setdefault(_engine_key(plan, adapted), []).append(plan)
    return tuple(Session(tuple(group)) for group in groups.values())


def _engine_key(plan: VariantPlan, adapted: set[str]) -> tuple[str, ...]:
    """Equal for variants that one opened engine serves: those on the same weights, and for vllm those of one shape.

    On an H200 vLLM took other weights of a 3B shape in seconds, and over a minute to open. An engine that is open for
    adapters is slower without one too, and cannot take other weights, so weights that no adapter of this suite stands
    on are kept apart from it.
    """
    variant, loaded = plan.variant, _loaded(plan)
    key = (
        variant.engine, variant.quantization, variant.endpoint or "", variant.key or "",
        json.dumps(variant.extra, sort_keys=True),
        variant.serving.model_dump_json(),
    )  # fmt: skip
    if variant.engine == "vllm" and variant.quantization == "none" and loaded not in adapted:
        # Training and merging change numbers, never the shape.
        return (*key, "shape", shape_of(variant.base) or loaded)
    return (*key, "weights", loaded)


def _loaded(plan: VariantPlan) -> str:
    """What stands for the weights that the engine is opened on: an adapter is put on them later."""
    stages = list(plan.stages)
    if _has_adapter(plan):
        stages.pop()
    if stages:
        return stages[-1].digest
    return str(plan.cells[0].definition.base)


def _has_adapter(plan: VariantPlan) -> bool:
    if not plan.stages:
        return False
    last = plan.stages[-1]
    return last.kind == "train" and last.recipe is not None and last.recipe.method != "full"


def state_of(
    cell: record.Cell | None, wanted: record.Definition, items: TaskItems, redo: bool
) -> tuple[State, str]:
    if cell is None:
        return "fill", "not there yet"
    if cell.problem:
        return "damaged", cell.problem
    earlier, definition = cell.run.definition.as_json(), wanted.as_json()
    changed = [name for name in definition if earlier.get(name) != definition[name]]
    if changed and _only_more(earlier, definition, changed, items):
        return "fill", f"{cell.run.rows} of {len(items.asked) * wanted.epochs} answers are there"
    if changed:
        differences = [record.difference(name, earlier.get(name), definition[name]) for name in changed]
        return "changed", "; ".join(differences)
    errors, too_long, rows = cell.run.errors, cell.run.too_long, cell.run.rows
    if errors > too_long or (too_long and redo):
        return "fill", f"{errors} of {rows} answers failed the last time"
    if too_long:
        return "keep", f"made as defined; {too_long} of {rows} prompts do not fit the context"
    return "keep", "made as defined"


def _only_more(
    earlier: dict[str, Any], now: dict[str, Any], changed: Sequence[str], items: TaskItems
) -> bool:
    """Whether all that was asked is asked now too: items of the same draw, or epochs, were added."""
    if not set(changed) <= {"dataset", "items", "draw", "sampling"}:
        return False
    same_sampling = earlier["sampling"] | {"epochs": 0} == now["sampling"] | {"epochs": 0}
    fewer = earlier["items"] <= now["items"] and earlier["sampling"]["epochs"] <= now["sampling"]["epochs"]
    drawn = dataset_hash(items.drawn(earlier["items"]))
    return bool(same_sampling and fewer and earlier["dataset"] == drawn)
