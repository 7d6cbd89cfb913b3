"""Handing a variant on: export ollama, export gguf, export space."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option

from proctor.common.refusal import Refusal, located
from proctor.common.terminal import echo
from proctor.leaderboard import cli

if TYPE_CHECKING:
    from proctor.harness.chat.scenes import KnownScore
    from proctor.harness.config.variant import Variant
    from proctor.harness.export import Chosen
    from proctor.harness.record import Cell
    from proctor.leaderboard.compare.comparison import Comparison
    from proctor.leaderboard.compare.items import Cells
    from proctor.leaderboard.compare.ranking import Score

SAME_TASK = ("dataset", "items", "task_version", "judge")
Name = Annotated[str, Argument(help="A variant of engine llamacpp.")]
TaskOption = Annotated[str | None, Option(help="The task whose wording goes along.")]
Out = Annotated[
    Path | None,
    Option(
        "--out", help="The folder; exports/NAME of the project unless given.", callback=cli.writable_folder
    ),
]


def ollama(
    name: Name, task: TaskOption = None, suite: cli.OfMatrix = None, out: Out = None,
    results: cli.Results = cli.RESULTS, store: cli.Store = cli.STORE,
) -> None:  # fmt: skip
    """A folder for Ollama: the GGUF, and Modelfiles with wording, template and sampling: the task's, the chat's."""
    _export(name, task, suite, out, results, store, modelfile=True)


def gguf(
    name: Name, task: TaskOption = None, suite: cli.OfMatrix = None, out: Out = None,
    for_: Annotated[
        Literal["phone"] | None, Option("--for", help="With a prompt, and scripts that try and measure it there.")
    ] = None,
    results: cli.Results = cli.RESULTS, store: cli.Store = cli.STORE,
) -> None:  # fmt: skip
    """A folder with the GGUF and its card."""
    _export(name, task, suite, out, results, store, modelfile=False, phone=for_ == "phone")


def space(
    name: Name,
    hub: Annotated[
        str | None, Option(help="org/name: the model on the hub that holds a large NAME.gguf.")
    ] = None,
    suite: cli.OfMatrix = None,
    out: Annotated[
        Path | None,
        Option("--out", help="exports/NAME-space of the project unless given.", callback=cli.writable_folder),
    ] = None,
    results: cli.Results = cli.RESULTS,
    store: cli.Store = cli.STORE,
) -> None:
    """The folder of a Hugging Face Space: the page of `proctor chat` with this variant. Uploads nothing."""
    require_gradio()
    from proctor.harness.chat.space import export_space
    from proctor.harness.export import find_variant

    variant = find_variant(name, suite)
    out = out or cli.PROJECT / "exports" / f"{name}-space"
    _tell(export_space(variant, scene_packs(variant, results, store), store, out, hub, cli.reporter()))


def require_gradio() -> None:
    if find_spec("gradio") is None:
        raise Refusal("gradio is not installed", "the page is made with it", "pip install 'proctor[chat]'")


def _export(
    name: str,
    task: str | None,
    suite: str | None,
    out: Path | None,
    results: Path,
    store: Path,
    modelfile: bool,
    phone: bool = False,
) -> None:
    from proctor.harness.chat.tutor import SCENES
    from proctor.harness.export import PLAIN, export_variant, find_variant

    variant = find_variant(name, suite)
    chosen = choose(variant, task, results, store, modelfile or phone)
    asked = {}
    if modelfile:
        packs = scene_packs(variant, results, store)
        asked[PLAIN] = (chosen.task, chosen.prompt)
        asked |= {f"{PLAIN}.{scene}": (task, packs[task]) for scene, task in SCENES.items()}
    out = out or cli.PROJECT / "exports" / name
    folder = export_variant(variant, chosen, store, out, cli.reporter(), asked, phone)
    if modelfile or phone:
        echo(f"wording of {chosen.task}, prompt pack {chosen.prompt}: {chosen.why}")
        for score in chosen.scores:
            echo(f"  {score}")
    _tell(folder)


def _tell(folder: Path) -> None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    echo(f"{size / 1e6:,.1f} MB on disk")
    echo(f"exported to {cli.near(folder)}")


def scene_packs(variant: "Variant", results: Path, store: Path) -> dict[str, str]:
    """The prompt pack of each scene's task, as `choose` chooses it."""
    from proctor.harness.chat.tutor import SCENES

    return {task: choose(variant, task, results, store, False).prompt for task in SCENES.values()}


def choose(variant: "Variant", task: str | None, results: Path, store: Path, needed: bool) -> "Chosen":
    """The task whose wording goes along, and the prompt pack: its own, or one shown better with these very weights."""
    from proctor.common.schema import nearest
    from proctor.harness import record
    from proctor.leaderboard.compare import judge_warnings
    from proctor.tasks import TASKS

    if task is not None and task not in TASKS:
        raise Refusal(
            f"{task!r} is no task that ships, and only theirs have a wording to export",
            nearest(task, list(TASKS)),
        )
    cells, siblings = _with_its_weights(variant, results, store)
    task = task or _own_task(variant, siblings)
    if task is None and needed:
        raise Refusal(
            f"nothing says which task's wording {variant.name!r} is to have",
            f"it has no results in {cli.near(results)} and no recipe",
            f"give --task, one of {', '.join(TASKS)}",
        )
    task = task or "word_problems"
    mine = [cell for cell in siblings if cell.task == task]
    chosen = _pack(variant, task, mine, cells)
    warnings = judge_warnings.warnings_of(
        {cell.task: cell.run.task for cell in mine}, record.read_cards(results)
    )
    return replace(chosen, scores=(*chosen.scores, *map(judge_warnings.named, warnings.values())))


def _with_its_weights(variant: "Variant", results: Path, store: Path) -> "tuple[Cells, list[Cell]]":
    """All cells, and those that these very weights answered, under whatever name and prompt."""
    from proctor.harness.plan.plan import weights_of
    from proctor.leaderboard.compare.items import load_cells

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
    return cells, [cell for cell in cells.values() if _agree(cell, same)]


def known_scores(variant: "Variant", results: Path, store: Path) -> "list[KnownScore]":
    """What its own row says of it in the tasks of the chat's scenes. A flagged score says nothing of it."""
    from proctor.harness.chat.scenes import KnownScore
    from proctor.harness.chat.tutor import SCENES
    from proctor.leaderboard.compare import formatting
    from proctor.leaderboard.compare.ranking import score_of

    _, siblings = _with_its_weights(variant, results, store)
    mine = {cell.task: score_of(cell) for cell in siblings if cell.variant == variant.name}
    known = []
    for scene, name in SCENES.items():
        score = mine.get(name)
        if score is None or score.estimate is None or score.flag:
            continue
        estimate, task = score.estimate, score.run.task
        figures = (estimate.mean, estimate.low, estimate.high, task.scale[1])
        mean, low, high, top = (formatting.score(figure, task) for figure in figures)
        suite = score.run.suite or "-"
        known.append(KnownScore(variant.name, scene, mean, low, high, f"{float(top):g}", estimate.n, suite))
    return known


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
