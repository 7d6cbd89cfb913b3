"""Training sets of questions: drawn out of exam PDFs, or written by a model on texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from proctor.common import counted
from proctor.common.paths import from_here
from proctor.common.refusal import Refusal, located
from proctor.leaderboard.cli import (
    STORE,
    AsJson,
    EngineName,
    PromptPack,
    ServerOf,
    Store,
    near,
    opener,
    reporter,
    tell,
)
from proctor.leaderboard.cli.responses import labeler_of

if TYPE_CHECKING:
    from proctor.tasks.questions.collect import FoundQuestion

SUBJECTS = ("english", "chinese", "mathematics")
Out = Annotated[Path, Option("--out", help="The training set: a JSONL that a recipe can name.")]
PDFS = Argument(help="Exams as PDFs with text.")
TEXTS = Argument(help="Texts: a .txt or .md each, a .pdf, or a .jsonl with `text` in each row.")


def pdf(
    files: Annotated[list[Path], PDFS],
    out: Out,
    subject: Annotated[
        str | None, Option(help="english, chinese or mathematics; else each question's signs decide.")
    ] = None,
    prompt: PromptPack = "default",
    json_: AsJson = False,
) -> None:
    """Draw the multiple-choice questions out of exam PDFs, as chats to learn from."""
    from proctor.tasks.questions.collect import of_exam
    from proctor.tasks.questions.pdf import read_pages

    if subject not in (None, *SUBJECTS):
        raise Refusal(f"no subject {subject!r}", f"possible: {', '.join(SUBJECTS)}")
    found = []
    for file in files:
        found += of_exam(read_pages(file), file.name, subject)
    _write(found, out, prompt, json_, {})


def articles(
    files: Annotated[list[Path], TEXTS],
    out: Out,
    writer: Annotated[str, Option(help="A model's name, a hub id or folder, or one of our variants.")],
    endpoint: ServerOf = None,
    engine: EngineName = None,
    prompt: PromptPack = "default",
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """Have a model write three questions on each text; those that keep every rule become chats to learn from."""
    from proctor.harness.ask.labelling import asking
    from proctor.tasks.prompt_pack import Pack, render
    from proctor.tasks.questions.collect import of_article, usable_texts
    from proctor.tasks.questions.task import MAX_TOKENS

    writer = from_here(writer) if "/" in writer else writer
    who = labeler_of(writer, endpoint, engine, prompt, store)
    texts = []
    for file in files:
        texts += _texts(file)
    asked, found = usable_texts(texts)
    pack, told = Pack.load(prompt), reporter()
    with (
        told.answering("collect articles", len(asked)) as progress,
        asking(who, store, opener(store, told, "writer"), progress, MAX_TOKENS) as (ask, _),
    ):
        responses = ask([render(pack, "questions", doc) for _, _, doc in asked])
    for (source, place, doc), response in zip(asked, responses, strict=True):
        found += of_article(doc, source, place, response)
    _write(found, out, prompt, json_, {"writer": writer})


def _texts(file: Path) -> list[tuple[str, int, str]]:
    """The texts of a file: its name, the place in it, the text."""
    from proctor.harness.ask.labelling import read_texts
    from proctor.tasks.questions.pdf import read_pages

    if file.suffix.lower() == ".pdf":
        return [(file.name, 1, "\n".join(read_pages(file)))]
    if file.suffix.lower() in (".jsonl", ".ndjson"):
        rows = read_texts(file)
        return [(file.name, number, str(row.get("text", ""))) for number, row in enumerate(rows, 1)]
    with located(file):
        return [(file.name, 1, "\n\n".join(row["text"] for row in read_texts(file)))]


def _write(
    found: "Sequence[FoundQuestion]", out: Path, prompt: str, json_: bool, about: dict[str, Any]
) -> None:
    """The chats, what was left out beside them, and both in a few lines."""
    from proctor.common.files import write_json_lines
    from proctor.tasks.prompt_pack import Pack
    from proctor.tasks.questions.collect import chats, reasons, sift

    kept, dropped = sift(found)
    rows = [{**chat, **about} for chat in chats(kept, Pack.load(prompt))]
    beside = out.with_suffix(".dropped.jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    write_json_lines(beside, [each.left_out for each in dropped])
    if not rows:
        raise Refusal(
            f"no question to learn from, and {len(dropped)} left out",
            f"why, stands in {near(beside.resolve())}",
        )
    write_json_lines(out, rows)
    why = dict(reasons(dropped).most_common())
    lines = [
        f"{counted(len(kept), 'question')} in {counted(len(rows), 'chat')}: {near(out.resolve())}",
        f"{counted(len(dropped), 'question')} left out: {near(beside.resolve())}",
        *(f"  {n:,}: {reason}" for reason, n in why.items()),
    ]
    fields = {"chats": str(out), "questions": len(kept), "dropped": len(dropped), "reasons": why}
    tell(json_, fields, lines)
