"""Handing a variant on: export ollama, export gguf."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer import Argument, Option

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal, located
from proctor.leaderboard.cli import PROJECT, RESULTS, STORE, OfMatrix, Results, Store, near

if TYPE_CHECKING:
    from proctor.harness.config.variant import Variant
    from proctor.harness.export import Chosen
    from proctor.harness.record import Cell
    from proctor.leaderboard.compare.comparison import Comparison
    from proctor.leaderboard.compare.items import Cells
    from proctor.leaderboard.compare.ranking import Score

SAME_TASK = ("dataset", "items", "task_version", "judge")
Name = Annotated[str, Argument(help="A variant of engine llamacpp.")]
TaskOption = Annotated[str | None, Option(help="The task whose wording goes along.")]
Out = Annotated[Path | None, Option("--out", help="The folder; exports/NAME of the project unless given.")]


def ollama(
    name: Name, task: TaskOption = None, suite: OfMatrix = None, out: Out = None,
    results: Results = RESULTS, store: Store = STORE,
) -> None:  # fmt: skip
    """A folder for Ollama: the GGUF, and a Modelfile with wording, template and sampling."""
    _export(name, task, suite, out, results, store, modelfile=True)


def gguf(
    name: Name, task: TaskOption = None, suite: OfMatrix = None, out: Out = None,
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
    from proctor.harness.export import export_variant, find_variant

    variant = find_variant(name, suite)
    chosen = choose(variant, task, results, store, modelfile)
    out = out or PROJECT / "exports" / name
    folder = export_variant(variant, chosen, store, out, Reporter(Console()), modelfile)
    if modelfile:
        typer.echo(f"wording of {chosen.task}, prompt pack {chosen.prompt}: {chosen.why}")
        for score in chosen.scores:
            typer.echo(f"  {score}")
    size = (folder / f"{name}.gguf").stat().st_size / 1e6
    typer.echo(f"{size:,.1f} MB on disk")
    typer.echo(f"exported to {near(folder)}")


def choose(variant: "Variant", task: str | None, results: Path, store: Path, modelfile: bool) -> "Chosen":
    """The task whose wording goes along, and the prompt pack: its own, or one shown better with these very weights."""
    from proctor.common.schema import nearest
    from proctor.harness.plan.plan import weights_of
    from proctor.leaderboard.compare import trust
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
    cells: Cells = {}
    if results.is_dir():
        with located(results):
            cells = load_cells(results)
    siblings = [cell for cell in cells.values() if _agree(cell, same)]
    task = task or _own_task(variant, siblings)
    if task is None and modelfile:
        raise Refusal(
            f"nothing says which task's wording {variant.name!r} is to have",
            f"it has no results in {near(results)} and no recipe",
            f"give --task, one of {', '.join(TASKS)}",
        )
    task = task or "word_problems"
    mine = [cell for cell in siblings if cell.task == task]
    chosen = _pack(variant, task, mine, cells)
    warnings = trust.warnings_of({cell.task: cell.run.task for cell in mine}, results)
    return replace(chosen, scores=(*chosen.scores, *map(trust.named, warnings.values())))


def _own_task(variant: "Variant", siblings: "list[Cell]") -> str | None:
    """The first task that it has results of; else the first in whose training set its recipe trains."""
    from proctor.finetune.recipe import Recipe
    from proctor.tasks import TASKS

    answered = {cell.task for cell in siblings if cell.variant == variant.name}
    for name in TASKS:
        if name in answered:
            return name
    if variant.recipe:
        for part in Recipe.load(variant.recipe).data:
            if part.source in TASKS:
                return part.source
    return None


def _pack(variant: "Variant", task: str, siblings: "list[Cell]", cells: "Cells") -> "Chosen":
    """The variant's own, unless another is shown to be better: by the test that board and `compare` tell of the two."""
    from proctor.common.stats import Verdict
    from proctor.harness.export import Chosen
    from proctor.leaderboard.compare.families import family_of
    from proctor.leaderboard.compare.ranking import best_first, score_of

    with_own = [cell for cell in siblings if _prompt(cell) == variant.prompt]
    own = min(with_own, key=lambda cell: cell.variant != variant.name, default=None)
    same_task = {}
    if own:
        same_task = own.run.definition.model_dump(mode="json", include=set(SAME_TASK))
    scores = [score_of(cell) for cell in siblings if _agree(cell, same_task)]
    scores.sort(key=lambda score: (best_first(score), score.cell is not own, score.cell.variant))
    family = family_of(cells, task)
    lines, others, better = [], [], []
    for score in scores:
        if score.estimate is None:
            continue
        comparison = family.seen(score.cell.variant, own.variant) if own else None
        lines.append(_line(score, comparison))
        if _prompt(score.cell) != variant.prompt:
            others.append(_prompt(score.cell))
            if comparison and comparison.verdict == Verdict.BETTER and not score.flag:
                better.append((_prompt(score.cell), _figures(comparison, score.cell)))
    if better:
        prompt, figures = better[0]
        why = f"shown to be better than the variant's own, {variant.prompt} ({figures})"
        return Chosen(task, prompt, why, tuple(lines))
    why = "it is the variant's own, and no results compare it with others"
    if own and others:
        packs = ", ".join(dict.fromkeys(others))
        why = f"it is the variant's own, and no other is shown to be better (examined: {packs})"
    return Chosen(task, variant.prompt, why, tuple(lines))


def _prompt(cell: "Cell") -> str:
    return str(cell.run.resolved.prompt)


def _agree(cell: "Cell", wanted: dict[str, Any]) -> bool:
    return cell.run.definition.model_dump(mode="json", include=set(wanted)) == wanted


def _line(score: "Score", against: "Comparison | None") -> str:
    from proctor.leaderboard.compare import formatting

    cell, task, estimate = score.cell, score.run.task, score.estimate
    assert estimate is not None  # only such are listed
    low_high = formatting.interval(estimate.low, estimate.high, task)
    value = (
        f"{formatting.score(estimate.mean, task)} {formatting.unit(task)} ({low_high}, {estimate.n} items)"
    )
    line = f"{cell.variant} with {_prompt(cell)}: {task.title}, {task.headline} {value}"
    if score.flag:
        line += f"; flagged: {score.flag}"
    if against is None:
        return line
    return f"{line}; {formatting.verdict(against, task, named=True)}: {_figures(against, cell)}"


def _figures(comparison: "Comparison", cell: "Cell") -> str:
    from proctor.leaderboard.compare import formatting

    difference = formatting.difference(comparison, cell.run.task)
    p = formatting.probability(comparison.adjusted_p)
    return f"{difference}, {p} after Holm over {comparison.family} pairs"
