"""A training set whose labels a model gave: `proctor label concepts TEXTS --labeler MODEL`.

Opens the labeller, asks it about each text and about the gold set, and writes what training reads, with who labelled
what and how far such labels can be trusted. Knows engines and files; how labels are read is the exam's business.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.common.refusal import Refusal, located
from proctor.harness.ask.answers import Journal, Options, Request, answer_all
from proctor.harness.config.variant import Variant
from proctor.harness.engines import Engine, Weights, open_engine
from proctor.harness.record import write_text
from proctor.tasks.concepts.label import Agreement, Ask, agreement, chats, label

MAX_TOKENS = 256
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Labeler:
    """Who labels: a model behind an endpoint, one that an engine opens here, or a variant of ours."""

    name: str
    engine: str = "openai"
    endpoint: str | None = None
    variant: Variant | None = None
    weights: str = ""  # what stands for those of a variant, or of a model that is opened here

    @property
    def identity(self) -> str:
        return digest(
            [
                self.name,
                self.engine,
                self.endpoint,
                self.variant.digest if self.variant else None,
                self.weights,
            ]
        )


@dataclass(frozen=True)
class Labelled:
    """What was written, and the agreement with the gold set where that was asked for."""

    chats: Path
    rows: Path
    texts: int
    labelled: int
    unparsed: int
    unknown: int
    agreement: Agreement | None

    def as_dict(self) -> dict[str, Any]:
        told = asdict(self)
        return told | {"chats": str(self.chats), "rows": str(self.rows)}


def label_texts(
    texts: Path,
    labeler: Labeler,
    out: Path,
    store: Path,
    opened: Callable[[Variant], Engine],
    told: Told,
    pack: str = "default",
    check: bool = True,
) -> Labelled:
    """`opened` opens a variant of ours. Answers are kept as they come, so a stopped labelling goes on where it was."""
    given = read_texts(texts)
    journal = Journal(store / "labels" / f"{labeler.identity[:24]}.jsonl")
    with located(texts):
        list(
            label(given, lambda prompts: [""] * len(prompts), labeler.name, pack)
        )  # refused before anybody is asked
    with closing(_open(labeler, opened)) as engine, located(texts):
        ask = asker(engine, journal, told)
        rows = list(label(given, ask, labeler.name, pack, batch=engine.batch_size))
        found = agreement(ask, labeler.name, pack, batch=engine.batch_size) if check else None
    taught = [
        {**chat, **{name: row[name] for name in ("id", "source", "labeler", "concepts")}}
        for row in rows
        for chat in chats([row], pack)
    ]
    everything = out.with_suffix(".rows.jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(everything, rows)
    _write(out, taught)
    if found:
        write_text(
            out.with_suffix(".agreement.json"), json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n"
        )
    unparsed = sum(not row["parsed"] for row in rows)
    unknown = sum(int(row["unknown"]) for row in rows)
    return Labelled(out, everything, len(rows), len(taught), unparsed, unknown, found)


def texts_expected(texts: Path, check: bool) -> int:
    from proctor.tasks import TASKS

    return len(read_texts(texts)) + (len(TASKS["concepts"].docs("test")) if check else 0)


def read_texts(path: Path) -> list[dict[str, Any]]:
    """JSONL with a `text` (and an `id`, a `source`), or plain text with a blank line between two texts."""
    try:
        written = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise Refusal("no such file of texts", remedy="give a .jsonl or a .txt", where=path) from None
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        found = [
            _row(line, number, path) for number, line in enumerate(written.split("\n"), 1) if line.strip()
        ]
    else:
        parts = [part.strip() for part in written.replace("\r\n", "\n").split("\n\n")]
        named = [part for part in parts if part]
        found = [
            {"text": part, "id": f"{path.stem}-{n}", "source": path.stem} for n, part in enumerate(named, 1)
        ]
    if not found:
        raise Refusal("holds no text", "there is nothing to label", where=path)
    return found


def _row(line: str, number: int, path: Path) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        raise Refusal(f"line {number} is no JSON", "a text is one JSON object a line", where=path) from None
    if not isinstance(row, dict):
        raise Refusal(f"line {number} is no object", 'rows look like {"text": ..., "id": ...}', where=path)
    return row


def asker(engine: Engine, journal: Journal, told: Told) -> Ask:
    """Answers prompts with the engine. A request that failed stops it: an empty label would pass for an answer."""
    options = Options(max_tokens=MAX_TOKENS)

    def ask(prompts: Sequence[tuple[str, str]]) -> list[str]:
        requests = [Request(_rendered(engine, system, user), options) for system, user in prompts]
        answers = answer_all(engine, requests, journal, told)
        if failed := [answer.error for answer in answers if answer.error]:
            raise Refusal(
                f"{len(failed)} of {len(answers)} requests to the labeller failed", failed[0],
                "what it did answer is kept; run the same command again to go on",
            )  # fmt: skip
        return [answer.text for answer in answers]

    return ask


def _rendered(engine: Engine, system: str, user: str) -> str:
    turns = [{"role": "system", "content": system}] if system else []
    return engine.apply_chat_template([*turns, {"role": "user", "content": user}])


def _open(labeler: Labeler, opened: Callable[[Variant], Engine]) -> Engine:
    if labeler.variant is not None:
        return opened(labeler.variant)
    return open_engine(labeler.engine, Weights(labeler.name, endpoint=labeler.endpoint))


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
