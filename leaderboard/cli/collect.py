"""Training sets of questions: drawn out of exam PDFs, or written by a model on texts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from proctor.common import counted
from proctor.common.files import writable
from proctor.common.paths import from_here
from proctor.leaderboard import cli

if TYPE_CHECKING:
    from proctor.tasks.questions.collect import CollectedQuestions

Out = Annotated[
    Path, Option("--out", help="The training set: a JSONL that a recipe can name.", callback=writable)
]
PDFS = Argument(help="Exams as PDFs with text.")
TEXTS = Argument(help="Texts: a .txt or .md each, a .pdf, or a .jsonl with `text` in each row.")


def pdf(
    files: Annotated[list[Path], PDFS],
    out: Out,
    subject: Annotated[
        Literal["english", "chinese", "mathematics"] | None,
        Option(help="Of all questions; else each question's signs decide."),
    ] = None,
    prompt: cli.PromptPack = "default",
    json_: cli.AsJson = False,
) -> None:
    """Draw the multiple-choice questions out of exam PDFs, as chats to learn from."""
    from proctor.tasks.prompt_pack import Pack
    from proctor.tasks.questions.collect import of_exam, write_chats
    from proctor.tasks.questions.pdf import read_pages

    questions = []
    for file in files:
        questions += of_exam(read_pages(file), file.name, subject)
    _tell(write_chats(questions, out, Pack.load(prompt), {}), json_)


def articles(
    files: Annotated[list[Path], TEXTS],
    out: Out,
    writer: Annotated[str, Option(help="A model's name, a hub id or folder, or one of our variants.")],
    endpoint: cli.ServerOf = None,
    engine: cli.EngineName = None,
    prompt: cli.PromptPack = "default",
    store: cli.Store = cli.STORE,
    json_: cli.AsJson = False,
) -> None:
    """Have a model write three questions on each text; those that keep every rule become chats to learn from."""
    from proctor.harness.ask.articles import questions_on, texts_of
    from proctor.harness.ask.labelling import labeler_of
    from proctor.tasks.prompt_pack import Pack
    from proctor.tasks.questions.collect import write_chats

    writer = from_here(writer) if "/" in writer else writer
    asked = labeler_of(writer, endpoint, engine, prompt, store)
    reporter = cli.reporter()
    opened = cli.opener(store, reporter, "writer")
    questions = questions_on(texts_of(files), asked, store, opened, reporter, prompt)
    _tell(write_chats(questions, out, Pack.load(prompt), {"writer": writer}), json_)


def _tell(collected: "CollectedQuestions", json_: bool) -> None:
    fields = {
        "chats": str(collected.chats), "questions": collected.kept, "dropped": collected.dropped,
        "reasons": collected.reasons,
    }  # fmt: skip
    cli.tell(json_, fields, _lines(collected))


def _lines(collected: "CollectedQuestions") -> Iterator[str]:
    chats, left_out = cli.near(collected.chats.resolve()), cli.near(collected.left_out.resolve())
    yield f"{counted(collected.kept, 'question')} in {counted(collected.rows, 'chat')}: {chats}"
    yield f"{counted(collected.dropped, 'question')} left out: {left_out}"
    for reason, count in collected.reasons.items():
        yield f"  {count:,}: {reason}"
