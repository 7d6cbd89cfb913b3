"""Responses that exist already, and labels for training: score, import, label."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from proctor.common import counted
from proctor.common.files import writable
from proctor.common.paths import from_here
from proctor.common.refusal import Refusal
from proctor.leaderboard import cli
from proctor.leaderboard.cli.judge import GraderName

if TYPE_CHECKING:
    from proctor.harness.ask.labelling import LabelledTexts
    from proctor.harness.ask.scoring import Scorer
    from proctor.harness.imports.imports import Imported
    from proctor.harness.imports.score import Scored
    from proctor.harness.record import DeviceRecord

Answers = Annotated[
    Path, Argument(help="JSONL: rows with `response` and `sample_id` or `question`; more fields are kept.")
]
VariantOfAnswers = Annotated[
    str, Option(help="The row that the responses become; it need not be a defined variant.")
]
JudgeOfAnswers = Annotated[
    str | None, Option(help="Who scores them, if not the task's own judge or checklist.")
]
Fallback = Annotated[
    str | None, Option(help="A model that is asked for the number where the rule finds none.")
]
Partial = Annotated[
    bool, Option("--partial", help="Accept fewer than all items, and leave out what cannot count.")
]
Epochs = Annotated[bool, Option("--epochs", help="Several rows for one item are its epochs, in their order.")]
Texts = Annotated[Path, Argument(help="JSONL rows with `text`, or plain text with a blank line between two.")]
Logs = Annotated[
    list[Path],
    Argument(
        help="Files or folders: lm-eval's samples_*.jsonl, Inspect's .eval or .json, Every Eval Ever's "
        "*_samples.jsonl, runs of HELM, NeMo Evaluator, evalscope or promptfoo, plain .csv or .jsonl."
    ),
]
Cluster = Annotated[
    str | None, Option(help="The field that says which samples share a source: book, or origin.book.")
]
Negate = Annotated[bool, Option("--lower-is-better", help="Turn the sign of the scores: less is better.")]
Format = Annotated[
    Literal["lm-eval", "inspect", "plain", "eee", "helm", "nemo", "evalscope", "promptfoo", "llama-bench"]
    | None,
    Option(
        "--format", help="If the files do not tell; llama-bench and eee may also be said before the files."
    ),
]


def score(
    task: Annotated[str, Argument(help="The task that was asked.")],
    answers: Answers,
    variant: VariantOfAnswers,
    judge: JudgeOfAnswers = None,
    grader: GraderName = None,
    fallback: Fallback = None,
    endpoint: Annotated[str | None, Option(help="Where the grader or the fallback is served.")] = None,
    partial: Partial = False,
    epochs: Epochs = False,
    redo: cli.Redo = False,
    results: cli.Results = cli.RESULTS,
    store: cli.Store = cli.STORE,
    json_: cli.AsJson = False,
) -> None:
    """Score responses that exist already, and write them as a cell like any other."""
    from proctor.harness.imports.score import score_file
    from proctor.tasks import TASKS
    from proctor.tasks.index import as_judged

    if judge is not None and task in TASKS and as_judged(TASKS[task], judge).scored_by != "judge":
        raise Refusal(f"--judge {judge}", f"{task} is scored by rules, so no judge is asked", "leave it out")
    scorer = None
    if judge or grader or fallback or endpoint:
        scorer = _scorer(judge, task, grader, fallback, endpoint, store)
    scored = score_file(task, answers, variant, results, scorer, partial, epochs, redo)
    cli.tell(json_, scored.as_dict(), _scored(scored))


def _scored(scored: "Scored") -> Iterator[str]:
    from proctor.leaderboard.compare import formatting

    fields, task = scored.as_dict(), scored.cell.run.task
    value = "no score"
    if scored.score is not None:
        value = f"{formatting.score(scored.score, task)} {formatting.unit(task)}"
    size = f"{counted(scored.items, 'item')}, {counted(fields['rows'], 'response')}"
    if scored.scored_items < scored.items:
        size = f"{scored.scored_items:,} of {size}"
    yield f"{fields['variant']} x {fields['task']}: {scored.headline} {value} over {size}"
    yield "  responses: " + ", ".join(f"{n} {outcome}" for outcome, n in fields["statuses"].items() if n)
    for name in ("rule_accuracy", "second_reader", "strict_match", "flexible_extract"):
        if name in scored.figures:
            yield f"  {name.replace('_', ' ')}: {100 * scored.figures[name]:.1f} %"
    for what in ("unknown", "given_twice", "missing", "empty"):
        n, named = fields[what]["n"], fields[what]["named"]
        if n:
            more = " ..." if n > len(named) else ""
            yield f"  {what.replace('_', ' ')}: {n}: {', '.join(named)}{more}"
    yield f"  cell: {cli.near(scored.cell.folder)}"


def label(
    task: Annotated[str, Argument(help="The task whose labels are wanted: concepts.")],
    texts: Texts,
    labeler: Annotated[str, Option(help="A model's name, a hub id or folder, or one of our variants.")],
    out: Annotated[
        Path, Option("--out", help="The training set: a JSONL that a recipe can name.", callback=writable)
    ],
    endpoint: cli.ServerOf = None,
    engine: cli.EngineName = None,
    prompt: cli.PromptPack = "default",
    check: Annotated[bool, Option(help="Compare it with the gold set first of all.")] = True,
    store: cli.Store = cli.STORE,
    json_: cli.AsJson = False,
) -> None:
    """Have a model label raw texts, as training data, and say how far its labels can be trusted."""
    from proctor.harness.ask.labelling import label_texts, labeler_of

    labeler = from_here(labeler) if "/" in labeler else labeler
    if task != "concepts":
        raise Refusal(f"no labels for {task!r}", "only the task concepts has labels that a model can give")
    asked = labeler_of(labeler, endpoint, engine, prompt, store)
    reporter = cli.reporter()
    opened = cli.opener(store, reporter, "labeler")
    done = label_texts(texts, asked, out, store, opened, reporter, prompt, check)
    cli.tell(json_, asdict(done), _labelled(done, labeler))


def _labelled(done: "LabelledTexts", labeler: str) -> Iterator[str]:
    chats = cli.near(Path(done.chats).resolve())
    yield f"{done.labelled} of {done.texts} texts labelled by {labeler}: {chats}"
    if done.unparsed or done.unknown:
        lists, unknown = counted(done.unparsed, "response"), counted(done.unknown, "name")
        yield f"  {lists} without a list, {unknown} that the taxonomy lacks"
    gold = done.agreement
    if gold:
        shares = {"precision": gold.precision, "recall": gold.recall, "F1": gold.f1}
        figures = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
        documents = counted(gold.documents, "gold document")
        yield f"  against {documents}: {figures}, kappa {gold.kappa:.3f}, {gold.unparsed} without a list"
    source = json.dumps(from_here(done.chats), ensure_ascii=False)  # JSON's quotes are YAML's too
    yield f"  in a recipe:  data: [{{source: {source}}}]"


def _scorer(
    judge: str | None, task: str, grader: str | None, fallback: str | None, endpoint: str | None, store: Path
) -> "Scorer":
    from proctor.harness.ask.scoring import Scorer
    from proctor.harness.ask.second_reader import SecondReader
    from proctor.harness.config.extractor import Extractor
    from proctor.harness.imports.score import RULES
    from proctor.harness.plan.grading import grader_for, local_of, spec_from
    from proctor.judges.judge import Judge
    from proctor.judges.panel import open_graders
    from proctor.tasks.index import find_task

    judge, cache = judge or find_task(task).judge or RULES, store / "verdicts"
    if fallback:
        if grader:
            raise Refusal("--grader and --fallback", "no task has use for both", "leave one of them out")
        return Scorer(
            judge, None, cache, SecondReader(Extractor(fallback=fallback, endpoint=endpoint), cache)
        )
    spec = grader_for(Judge.load(judge), spec_from(grader, endpoint))
    if local_of(spec):
        raise Refusal(
            "a grader through 'engine'",
            "responses from a file are scored without an engine of ours",
            "use 'proctor judge score'",
        )
    return Scorer(judge, open_graders(spec) if spec else None, cache)


def import_(
    files: Logs,
    variant: Annotated[str | None, Option(help="What the variant is called here.")] = None,
    task: Annotated[str | None, Option(help="What the task is called here.")] = None,
    metric: Annotated[str | None, Option(help="Which figure, where a log has several.")] = None,
    cluster: Cluster = None,
    scale: Annotated[str | None, Option(help="The lowest and highest score, such as 1,5.")] = None,
    negate: Negate = False,
    device: Annotated[
        str | None, Option(help="The phone on which llama-bench measured the GGUF of --variant.")
    ] = None,
    form: Format = None,
    redo: cli.Redo = False,
    results: cli.Results = cli.RESULTS,
    json_: cli.AsJson = False,
) -> None:
    """Make cells of logs and scores that exist already, so that compare, board and report work on them."""
    from proctor.harness.imports.foreign import Wish
    from proctor.harness.imports.imports import import_files

    for name in ("llama-bench", "eee"):
        if str(files[0]) == name:
            form, files = name, files[1:]
    if form == "llama-bench":
        _import_speeds(files, variant, device, redo, results, json_)
        return
    if device:
        raise Refusal(
            "--device goes with llama-bench", remedy="proctor import llama-bench FILE --device NAME"
        )
    wish = Wish(variant, task, metric, cluster, negate)
    done = import_files(files, results, wish, form, _bounds(scale) if scale is not None else None, redo)
    cli.tell(json_, [asdict(one) | {"cell": str(one.cell)} for one in done], _imported(done))


def _import_speeds(
    files: list[Path], variant: str | None, device: str | None, redo: bool, results: Path, json_: bool
) -> None:
    from proctor.harness.imports.llama_bench import import_bench

    if not (variant and device and len(files) == 1):
        raise Refusal(
            "llama-bench wants one file, --variant and --device",
            "a speed is that of one GGUF on one phone",
            "proctor import llama-bench bench.json --variant tiny-q8 --device 'Pixel 8'",
        )
    made = import_bench(files[0], results, variant, device, redo)
    cli.tell(json_, made.as_json(), _speeds(made))


def _speeds(made: "DeviceRecord") -> Iterator[str]:
    for test in made.tests:
        what = f"writing {test.generated}" if test.generated else f"reading {test.prompt}"
        line = f"{made.variant} on {made.device}, {what} tokens after {test.depth}: "
        line += f"{_three(test.first)} tokens/s at first"
        if test.sustained is not None:
            line += f", {_three(test.sustained)} in the later half of {test.seconds:.0f} s"
        yield line


def _three(speed: float) -> str:
    """1,350 and 45.4: three digits, never 1.35e+03."""
    return f"{float(f'{speed:.3g}'):,g}"


def _bounds(scale: str) -> tuple[float, float]:
    try:
        low, high = map(float, scale.split(","))
    except ValueError:
        raise Refusal(f"--scale {scale!r} is no pair of numbers", remedy="give it as 1,5") from None
    if not low < high:
        raise Refusal(f"--scale {scale!r} ends below its start", remedy="give the lowest score first")
    return low, high


def _imported(done: "list[Imported]") -> Iterator[str]:
    lacks: dict[str, None] = {}
    for cell in done:
        lacks |= dict.fromkeys(cell.lacks)
        rows = f" ({counted(cell.rows, 'row')})" if cell.rows != cell.samples else ""
        left_out = f"; columns not used: {', '.join(cell.ignored)}" if cell.ignored else ""
        unparsed, errors = cell.statuses["unparsed"], counted(cell.statuses["error"], "error")
        samples = counted(cell.samples, "sample") + rows
        yield (
            f"{cell.variant} x {cell.task}: {cell.headline} {_mean(cell)} over {samples}, "
            f"{unparsed:,} unparsed, {errors}; {cli.near(cell.cell)} ({cell.state}){left_out}"
        )
        if cell.differs:
            yield f"  the source reports {cell.reported:.6g} over all its rows, those without a score here among them"
    if lacks:
        yield f"the source does not tell the {', the '.join(lacks)}; comparisons say so"
    if any(cell.reported is None and cell.format != "plain" for cell in done):
        yield "the source reports no figure of all samples, so nothing holds these means to it"
    if not all(cell.clustered for cell in done):
        yield "samples are treated as independent; where some share a source, give --cluster FIELD"


def _mean(imported: "Imported") -> str:
    from proctor.harness import record
    from proctor.leaderboard.compare import formatting

    cell = record.read(imported.cell.parent.parent, imported.variant, imported.task)
    assert cell is not None  # it was just written, or found to be the same
    return f"{formatting.score(imported.mean, cell.run.task)} {formatting.unit(cell.run.task)}"
