"""A training set whose labels a model gave: `proctor label concepts TEXTS --labeler MODEL`.

Opens the labeller, asks it about each text and about the gold set, and writes what training reads, with who labelled
what and how far such labels can be trusted.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.common.files import read_text, write_json_lines, write_text
from proctor.common.json_lines import read_json_lines
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal, located
from proctor.common.schema import parse, suggest_name
from proctor.harness.ask.responses import Advance, Journal, respond_all
from proctor.harness.config.suite import load_variant
from proctor.harness.config.variant import Variant
from proctor.harness.engines.protocol import Engine, Options, Request
from proctor.harness.plan.plan import made_of
from proctor.tasks import TASKS
from proctor.tasks.concepts.label import Agreement, Ask, agreement, chats, label, refuse_unfit
from proctor.tasks.prompt_pack import Pack


@dataclass(frozen=True)
class Labeler:
    """Who labels texts, or writes questions on them: its name as it was given, and the variant that answers for it."""

    name: str
    variant: Variant
    weights: str  # what stands for those of the variant

    @property
    def identity(self) -> str:
        return digest([self.name, self.variant.digest, self.weights])


def labeler_of(name: str, endpoint: str | None, engine: str | None, prompt: str, store: Path) -> Labeler:
    """A variant by its name, or any model with its endpoint or engine; checked before anything is opened or asked."""
    Pack.load(prompt)
    if endpoint or engine:
        called = suggest_name(Path(name).name) or "model"
        fields = {"name": called, "base": name, "engine": engine or "openai", "endpoint": endpoint}
        variant = parse(fields, Variant, name)
    else:
        variant = load_variant(name)
    return Labeler(name, variant, made_of(variant, store))


@dataclass(frozen=True)
class LabelledTexts:
    """What was written, and the agreement with the gold set where that was asked for."""

    chats: str
    rows: str
    texts: int
    labelled: int
    unparsed: int
    unknown: int
    agreement: Agreement | None


def label_texts(
    texts: Path, labeler: Labeler, out: Path, store: Path, opened: Callable[[Variant], Engine], reporter: Reporter,
    pack: str = "default", check: bool = True,
) -> LabelledTexts:  # fmt: skip
    """`opened` opens a variant. Responses are kept as they come, so a stopped one goes on where it was."""
    unlabelled = read_texts(texts)
    with located(texts):
        refuse_unfit(unlabelled)
    wanted = len(unlabelled)
    if check:
        wanted += len(TASKS["concepts"].docs("test"))
    with (
        reporter.answering("label concepts", wanted) as progress,
        asking(labeler, opened, store, progress) as (ask, batch),
        located(texts),
    ):
        rows = label(unlabelled, ask, labeler.name, pack, batch=batch)
        agreed = agreement(ask, labeler.name, pack, batch=batch) if check else None
    taught = []
    for row in rows:
        about = {name: row[name] for name in ("id", "source", "labeler", "concepts")}
        taught += [{**chat, **about} for chat in chats([row], pack)]
    everything = out.with_suffix(".rows.jsonl")
    write_json_lines(everything, rows)
    write_json_lines(out, taught)
    if agreed:
        text = json.dumps(asdict(agreed), indent=1, ensure_ascii=False) + "\n"
        write_text(out.with_suffix(".agreement.json"), text)
    unparsed = sum(not row["parsed"] for row in rows)
    unknown = sum(int(row["unknown"]) for row in rows)
    return LabelledTexts(str(out), str(everything), len(rows), len(taught), unparsed, unknown, agreed)


def read_texts(path: Path) -> list[dict[str, Any]]:
    """JSONL with a `text` (and an `id`, a `source`), or plain text with a blank line between two texts."""
    rows: list[dict[str, Any]] = []
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        rows = [row for _, row in read_json_lines(path, '{"text": ..., "id": ...}')]
    else:
        for part in read_text(path).split("\n\n"):
            if part.strip():
                name = f"{path.stem}-{len(rows) + 1}"
                rows.append({"text": part.strip(), "id": name, "source": path.stem})
    if not rows:
        remedy = "separate texts by a blank line, or give each as `text` in a row of a .jsonl"
        raise Refusal("holds no text", remedy=remedy, where=path)
    return rows


@contextmanager
def asking(
    labeler: Labeler,
    opened: Callable[[Variant], Engine],
    store: Path,
    progress: Advance,
    max_tokens: int = 256,
) -> Iterator[tuple[Ask, int]]:
    """The model, opened, with how many it is best asked at once; what it answers is kept as it comes.

    A request that failed stops it: an empty response would pass for an answer.
    """
    journal, options = Journal(store / "labels" / f"{labeler.identity[:24]}.jsonl"), Options(max_tokens)

    def ask(prompts: Sequence[tuple[str, str]]) -> list[str]:
        requests = []
        for system, user in prompts:
            turns = [{"role": "system", "content": system}] if system else []
            turns.append({"role": "user", "content": user})
            requests.append(Request(engine.apply_chat_template(turns), options))
        responses = respond_all(engine, requests, journal, progress)
        failed = [response.error for response in responses if response.error]
        if failed:
            raise Refusal(
                f"{len(failed)} of {len(responses)} requests to {labeler.name} failed", failed[0],
                "what it did answer is kept; run the same command again to go on",
            )  # fmt: skip
        return [response.text for response in responses]

    engine = opened(labeler.variant)
    with closing(engine):
        yield ask, engine.batch_size
