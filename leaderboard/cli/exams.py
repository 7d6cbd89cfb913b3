"""Exams and answers: score, label, and what `doctor data` tells."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proctor.common.refusal import Refusal
from proctor.leaderboard.cli import RESULTS, STORE, AsJson, Results, Store, near, print_json

if TYPE_CHECKING:
    from proctor.harness.ask.labelling import Labeler, Labelled
    from proctor.harness.imports.score import By

Answers = Annotated[
    Path,
    typer.Argument(help="JSONL: rows with `response` and `sample_id` or `question`; more fields are kept."),
]
MEANING = (
    "Counted are test items that have so many words in a row in common with a training set. Where items are written by "
    "rule, such as pupils' profiles, that can be a phrase that all of them have: 'at most 45 minutes a session'."
)


def score(
    task: Annotated[str, typer.Argument(help="The exam that was sat.")],
    answers: Answers,
    variant: Annotated[
        str, typer.Option(help="The row that the answers become; it need not be a defined variant.")
    ],
    judge: Annotated[str | None, typer.Option(help="Who marks study plans; checklist unless given.")] = None,
    grader: Annotated[
        str | None, typer.Option(help="The model that the judge asks, or a YAML file that describes it.")
    ] = None,
    fallback: Annotated[
        str | None, typer.Option(help="A model that is asked for the number where the rule finds none.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="Where the grader or the fallback is served.")] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Accept fewer than all items, and leave out what cannot count.")
    ] = False,
    epochs: Annotated[
        bool, typer.Option("--epochs", help="Several rows for one item are its answers, in their order.")
    ] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Replace a cell of other answers.")] = False,
    results: Results = RESULTS,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """Mark answers that exist already, and write them as a cell like any other."""
    from proctor.harness.imports.score import By, score_file
    from proctor.tasks import TASKS

    if judge is not None and task in TASKS and TASKS[task].marked_by != "judge":
        raise Refusal(f"--judge {judge}", f"{task} is marked by rules, so no judge is asked", "leave it out")
    judge = judge or By.judge
    by = _by(judge, grader, fallback, endpoint, store) if grader or fallback or endpoint else By(judge)
    scored = score_file(task, answers, variant, results, by, partial, epochs, redo)
    told = scored.as_dict()
    if json_:
        print_json(told)
        return
    value = "none" if scored.score is None else f"{scored.score:.4f}"
    typer.echo(
        f"{variant} x {task}: {scored.headline} {value} over {scored.items} items, {told['rows']} answers"
    )
    counts = [f"{n} {outcome}" for outcome, n in told["statuses"].items() if n]
    typer.echo("  answers: " + ", ".join(counts))
    for name in ("rule_accuracy", "second_reader", "strict_match", "flexible_extract"):
        if name in scored.figures:
            typer.echo(f"  {name.replace('_', ' ')}: {scored.figures[name]:.4f}")
    for what in ("unknown", "given_twice", "missing", "empty"):
        if n := told[what]["n"]:
            typer.echo(
                f"  {what.replace('_', ' ')}: {n}: {', '.join(told[what]['named'])}{' ...' if n > 5 else ''}"
            )
    typer.echo(f"  cell: {near(scored.cell.folder)}")


def label(
    task: Annotated[str, typer.Argument(help="The exam whose labels are wanted: concepts.")],
    texts: Annotated[
        Path, typer.Argument(help="JSONL rows with `text`, or plain text with a blank line between two.")
    ],
    labeler: Annotated[str, typer.Option(help="A model's name, a hub id or folder, or one of our variants.")],
    out: Annotated[Path, typer.Option("--out", help="The training set: a JSONL that a recipe can name.")],
    endpoint: Annotated[str | None, typer.Option(help="The address of an OpenAI-compatible server.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="hf, vllm, llamacpp, ...: opens the labeller here.")
    ] = None,
    prompt: Annotated[str, typer.Option(help="The prompt pack it is asked in.")] = "default",
    check: Annotated[bool, typer.Option(help="Compare it with the gold set first of all.")] = True,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """Have a model label raw texts, as training data, and say how far its labels can be trusted."""
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.harness.ask.labelling import label_texts, texts_expected
    from proctor.harness.weights import open_variant

    who = _labeler(task, labeler, endpoint, engine, prompt, store)
    reporter = Reporter(Console(stderr=True))
    with reporter.answering(f"label {task}", texts_expected(texts, check)) as told:
        done = label_texts(
            texts,
            who,
            out,
            store,
            lambda variant: open_variant(variant, store, reporter, "labeler"),
            told,
            prompt,
            check,
        )
    if json_:
        print_json(done.as_dict())
    else:
        _tell_labelled(done, labeler)


def _labeler(
    task: str, labeler: str, endpoint: str | None, engine: str | None, prompt: str, store: Path
) -> "Labeler":
    """Who is to label, checked before anything is opened or asked."""
    from proctor.finetune.base import digest_of_base, digest_of_file
    from proctor.harness.ask.labelling import Labeler
    from proctor.harness.judging.grading import grader_variant
    from proctor.harness.plan.plan import made_of
    from proctor.tasks.pack import Pack

    if task != "concepts":
        raise Refusal(f"no labels for {task!r}", "only the concepts exam has labels that a model can give")
    if endpoint and engine not in (None, "openai"):
        raise Refusal(
            f"--endpoint with engine {engine!r}", "a server has its own engine", "leave one of them out"
        )
    if engine == "openai" and not endpoint:
        raise Refusal("engine openai without --endpoint", "it has no address", "give --endpoint URL")
    Pack.load(prompt)
    ours = None if endpoint or engine else grader_variant(labeler)
    weights = ""
    if ours:
        weights = made_of(ours, store)
    elif Path(labeler).is_file():
        weights = digest_of_file(Path(labeler))
    elif engine == "hf":
        weights = digest_of_base(labeler)
    return Labeler(labeler, "openai" if endpoint else engine or "", endpoint, ours, weights)


def _tell_labelled(done: "Labelled", labeler: str) -> None:
    typer.echo(f"{done.labelled} of {done.texts} texts labelled by {labeler}: {near(done.chats.resolve())}")
    if done.unparsed or done.unknown:
        typer.echo(
            f"  {done.unparsed} answers without a list, {done.unknown} names that the taxonomy has not"
        )
    if found := done.agreement:
        typer.echo(
            f"  against {found.documents} gold documents: precision {found.precision:.3f}, recall {found.recall:.3f}, "
            f"F1 {found.f1:.3f}, kappa {found.kappa:.3f}, {found.unparsed} without a list"
        )
    # Whole, as a recipe may lie anywhere, and quoted, as a path may hold what YAML reads as its own.
    typer.echo(f"  in a recipe:  data: [{{source: {json.dumps(str(done.chats.resolve()))}}}]")


def _by(judge: str, grader: str | None, fallback: str | None, endpoint: str | None, store: Path) -> "By":
    from proctor.harness.ask.second_reader import Extractor, SecondReader
    from proctor.harness.imports.score import By
    from proctor.harness.judging.grading import grader_for, local_of, spec_from
    from proctor.judges.judge import Judge

    cache = store / "verdicts"
    if fallback:
        if grader:
            raise Refusal("--grader and --fallback", "no exam has use for both", "leave one of them out")
        return By(judge, None, SecondReader(Extractor(fallback=fallback, endpoint=endpoint), cache), cache)
    spec = grader_for(Judge.load(judge), spec_from(grader, endpoint, None, None))
    if local_of(spec):
        raise Refusal(
            "a grader through 'engine'",
            "answers from a file are marked without one of ours",
            "use 'proctor judge mark'",
        )
    return By(judge, spec, None, cache)


def data_told(what: str, store: Path, all_: bool, json_: bool) -> None:
    """`proctor doctor data`: of each exam in words what of its test stands in training sets; all shares with `all_`."""
    from rich.console import Console

    from proctor.common.schema import nearest
    from proctor.harness.plan.overlaps import recipes_overlap
    from proctor.harness.show import overlaps_as_table

    if what != "data":
        raise Refusal(f"nothing called {what!r} to look at", nearest(what, ("machine", "data")))
    exams, absent = recipes_overlap(store)
    if json_:
        print_json({"exams": exams, "absent": absent})
        return
    for exam in exams:
        typer.echo(f"{exam['exam']}{' (own data)' if exam['own_data'] else ''}: {exam['verdict']}")
    if all_:
        Console().print(overlaps_as_table(exams))
    typer.echo(MEANING if all_ else f"{MEANING} --all shows each training set, and shorter runs.")
    for line in absent:
        typer.echo(f"not looked at: {line}")
