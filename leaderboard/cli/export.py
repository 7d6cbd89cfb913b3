"""Handing a variant on: export ollama, export gguf."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from proctor.common.refusal import Refusal, located
from proctor.leaderboard.cli import PROJECT, RESULTS, STORE, Results, Store, near

if TYPE_CHECKING:
    from proctor.common.stats import Estimate
    from proctor.harness.config.variant import Variant
    from proctor.harness.export import Chosen
    from proctor.harness.record import Cell
    from proctor.leaderboard.compare.comparison import Comparison
    from proctor.leaderboard.compare.items import Cells

SAME_TASK = ("dataset", "items", "task_version", "judge")
Name = Annotated[str, typer.Argument(help="A variant of engine llamacpp.")]
TaskOption = Annotated[str | None, typer.Option(help="The task whose wording goes along.")]
SuiteOption = Annotated[str | None, typer.Option(help="The suite whose matrix makes the variant.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="The folder; exports/NAME of the project unless given.")
]


def ollama(
    name: Name, task: TaskOption = None, suite: SuiteOption = None, out: Out = None,
    results: Results = RESULTS, store: Store = STORE,
) -> None:  # fmt: skip
    """A folder for Ollama: the GGUF, and a Modelfile with wording, template and sampling."""
    _export(name, task, suite, out, results, store, modelfile=True)


def gguf(
    name: Name, task: TaskOption = None, suite: SuiteOption = None, out: Out = None,
    results: Results = RESULTS, store: Store = STORE,
) -> None:  # fmt: skip
    """A folder with the GGUF and its card."""
    _export(name, task, suite, out, results, store, modelfile=False)


def _export(
    name: str,
    task: str | None,
    suite: str | None,
    out: Path | None,
    results: Path,
    store: Path,
    modelfile: bool,
) -> None:
    from proctor.common.progress import Reporter
    from proctor.harness.export import export_variant, find_variant

    console = Console()
    variant = find_variant(name, suite)
    chosen = choose(variant, task, results, store, modelfile)
    folder, measured = export_variant(
        variant, chosen, store, out or PROJECT / "exports" / name, Reporter(console), modelfile
    )
    lines = []
    if modelfile:
        lines.append(f"wording of {chosen.task}, prompt pack {chosen.prompt}: {chosen.why}")
        lines += [f"  {score}" for score in chosen.scores]
    memory = ""
    if "peak_memory_bytes" in measured:
        memory = f", {measured['peak_memory_bytes'] / 1e6:,.0f} MB of memory"
    size = (folder / f"{name}.gguf").stat().st_size / 1e6
    lines.append(f"{size:,.1f} MB on disk{memory}, {measured['tokens_per_second']:,} tokens/s here")
    lines.append(f"exported to {near(folder)}")
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def choose(variant: "Variant", task: str | None, results: Path, store: Path, modelfile: bool) -> "Chosen":
    """The task whose wording goes along, and the prompt pack: its own, or one shown better with these very weights."""
    from proctor.common.schema import nearest
    from proctor.harness.plan.plan import weights_of
    from proctor.leaderboard.compare.items import load_cells
    from proctor.tasks import TASKS

    if task is not None and task not in TASKS:
        raise Refusal(f"no task {task!r}", nearest(task, list(TASKS)))
    stages, _, base = weights_of(variant, store)
    same = {
        "base": base,
        "stages": [stage.digest for stage in stages],
        "quantization": variant.quantization,
        "engine": variant.engine,
        "sampling": variant.sampling.model_dump(mode="json"),
    }
    with located(results):
        cells = load_cells(results) if results.is_dir() else {}
    siblings = [cell for cell in cells.values() if _agree(cell, same)]
    own_tasks = {cell.task for cell in siblings if cell.variant == variant.name}
    task = task or next((name for name in TASKS if name in own_tasks), None) or _learnt(variant)
    if task is None and modelfile:
        raise Refusal(
            f"nothing says which task's wording {variant.name!r} is to have",
            f"it has no results in {near(results)} and no recipe",
            f"give --task, one of {', '.join(TASKS)}",
        )
    task = task or "word_problems"
    return _pack(variant, task, [cell for cell in siblings if cell.task == task], cells)


def _pack(variant: "Variant", task: str, siblings: "list[Cell]", cells: "Cells") -> "Chosen":
    """The variant's own, unless another is shown to be better: by the test that board and `compare` tell of the two."""
    from proctor.common.stats import Verdict
    from proctor.harness.export import Chosen
    from proctor.leaderboard.compare.compare import family_of
    from proctor.leaderboard.compare.items import estimate_cell

    with_own = [cell for cell in siblings if _prompt(cell) == variant.prompt]
    own = min(with_own, key=lambda cell: cell.variant != variant.name, default=None)
    same_task = {}
    if own:
        definition = own.run.definition.model_dump(mode="json")
        same_task = {name: definition[name] for name in SAME_TASK}
    found = [(one, cell) for cell in siblings if _agree(cell, same_task) and (one := estimate_cell(cell))]
    found.sort(key=lambda one: (-one[0].mean, one[1] is not own, one[1].variant))
    family = family_of(cells, task)
    against = {cell.variant: family.seen(cell.variant, own.variant) if own else None for _, cell in found}
    lines = tuple(_line(cell, one, against[cell.variant]) for one, cell in found)
    others = [cell for _, cell in found if _prompt(cell) != variant.prompt]
    for cell in others:
        comparison = against[cell.variant]
        if comparison and comparison.verdict == Verdict.BETTER:
            why = (
                f"shown to be better than the variant's own, {variant.prompt} ({_figures(comparison, cell)})"
            )
            return Chosen(task, _prompt(cell), why, lines)
    why = "it is the variant's own, and "
    if own is None or not others:
        return Chosen(task, variant.prompt, why + "no results compare it with others", lines)
    packs = ", ".join(dict.fromkeys(_prompt(cell) for cell in others))
    return Chosen(task, variant.prompt, f"{why}no other is shown to be better (examined: {packs})", lines)


def _prompt(cell: "Cell") -> str:
    return str(cell.run.resolved.prompt)


def _learnt(variant: "Variant") -> str | None:
    """The first task in whose training set the recipe trains."""
    from proctor.finetune.recipe import Recipe
    from proctor.tasks import TASKS

    sources = Recipe.load(variant.recipe).data if variant.recipe else ()
    return next((part.source for part in sources if part.source in TASKS), None)


def _agree(cell: "Cell", wanted: dict[str, Any]) -> bool:
    definition = cell.run.definition.model_dump(mode="json")
    return all(definition[name] == value for name, value in wanted.items())


def _line(cell: "Cell", found: "Estimate", against: "Comparison | None") -> str:
    from proctor.leaderboard.compare import formatting

    task = cell.run.task
    low_high = formatting.interval(found.low, found.high, task)
    score = f"{formatting.score(found.mean, task)} {formatting.unit(task)}"
    line = f"{cell.variant} with {_prompt(cell)}: {task.title}, {task.headline} {score}"
    line += f" ({low_high}, {found.n} items)"
    if against is None:
        return line
    return f"{line}; {formatting.verdict(against, task, named=True)}: {_figures(against, cell)}"


def _figures(one: "Comparison", cell: "Cell") -> str:
    from proctor.leaderboard.compare import formatting

    difference = formatting.score(one.difference.difference, cell.run.task, signed=True)
    return f"{difference}, {formatting.probability(one.adjusted_p)} after Holm over {one.family} pairs"
