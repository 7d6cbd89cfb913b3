"""Questions that a model writes on texts, to learn from: `proctor collect articles TEXTS --writer MODEL`.

    texts = texts_of([Path("mill.txt"), Path("news.jsonl")])
    questions_on(texts, labeler_of("some-model", url, None, "default", store), store, opened, reporter)

labelling.py does the same for the labels of texts.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.harness.ask.labelling import Labeler, asking, read_texts
from proctor.harness.config.variant import Variant
from proctor.harness.engines.protocol import Engine
from proctor.tasks.prompt_pack import Pack, render
from proctor.tasks.questions.collect import FoundQuestion, SourceText, article_doc, of_article, usable_texts
from proctor.tasks.questions.pdf import read_pages
from proctor.tasks.questions.task import MAX_TOKENS


def texts_of(files: Sequence[Path]) -> list[SourceText]:
    """The whole text of a .txt, .md or .pdf, and each row's `text` of a .jsonl."""
    texts = []
    for file in files:
        if file.suffix.lower() == ".pdf":
            texts.append(SourceText(file.name, 1, "\n".join(read_pages(file))))
        elif file.suffix.lower() in (".jsonl", ".ndjson"):
            for number, row in enumerate(read_texts(file), 1):
                if not isinstance(row.get("text"), str):
                    raise Refusal(
                        f'text {number} has no "text"', remedy="add it or drop the line", where=file
                    )
                texts.append(SourceText(file.name, number, row["text"]))
        else:
            paragraphs = [row["text"] for row in read_texts(file)]
            texts.append(SourceText(file.name, 1, "\n\n".join(paragraphs)))
    return texts


def questions_on(
    texts: Sequence[SourceText], writer: Labeler, store: Path, opened: Callable[[Variant], Engine],
    reporter: Reporter, pack: str = "default",
) -> list[FoundQuestion]:  # fmt: skip
    """Every question that the model writes, with its flaws, and the texts that it is not asked about, with the reason.

    `opened` opens a variant. Responses are kept as they come, so a stopped one goes on where it was.
    """
    asked, questions = usable_texts(texts)
    docs = [article_doc(text.text) for text in asked]
    wording = Pack.load(pack)
    prompts = [render(wording, "questions", doc) for doc in docs]
    with (
        reporter.answering("collect articles", len(asked)) as progress,
        asking(writer, opened, store, progress, MAX_TOKENS) as (ask, _),
    ):
        responses = ask(prompts)
    for text, doc, response in zip(asked, docs, responses, strict=True):
        questions += of_article(doc, text.source, text.page, response)
    return questions
