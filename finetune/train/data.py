"""Files of chats -> a weighted, tokenised mixture in which only the responses are learnt.

A file holds one chat on each line:

    {"prompt": [{"role": "user", "content": "1 + 1?"}], "completion": [{"role": "assistant", "content": "2"}]}
"""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal
from proctor.finetune.chat_template import render_for
from proctor.finetune.recipe import Recipe, Source

IGNORED = -100  # the label that torch's cross entropy leaves out
Turn = dict[str, str]


@dataclass(frozen=True)
class Mixture:
    """Rows ready for a trainer, and what became of the chats on the way."""

    rows: list[dict[str, list[int]]]
    examples: dict[str, int]
    too_long: int

    @property
    def tokens(self) -> int:
        return sum(len(row["input_ids"]) for row in self.rows)


def read_chats(path: Path) -> list[dict[str, list[Turn]]]:
    """Every line of the file, checked: {"prompt": [turns], "completion": [turns]}."""
    chats = []
    for number, chat in read_json_lines(path, '{"prompt": [...], "completion": [...]}'):
        where = f"({path}, line {number})"
        for part in ("prompt", "completion"):
            if not _are_turns(chat.get(part)):
                raise Refusal(f"{part} is not a list of turns with role and content; write it as one {where}")
        if any(turn["role"] != "assistant" for turn in chat["completion"]):
            raise Refusal(f"completion has a turn that is not the assistant's; move it into prompt {where}")
        chats.append({"prompt": chat["prompt"], "completion": chat["completion"]})
    if not chats:
        raise Refusal(f"no chats in it; one JSON object on each line is wanted ({path})")
    return chats


def mix(recipe: Recipe, files: Mapping[str, Path], tokenizer: Any) -> Mixture:
    """One epoch: of each source its examples, as often as its weight says, in a fixed order."""
    rows: list[dict[str, list[int]]] = []
    examples: dict[str, int] = {}
    too_long = 0
    for part in recipe.data:
        chosen = choose(read_chats(files[part.source]), part, recipe.seed)
        encoded = [encode(tokenizer, chat) for chat in chosen]
        # A response that is cut off teaches the model not to stop, so a chat that is too long is left out whole.
        short = [row for row in encoded if len(row["input_ids"]) <= recipe.max_length]
        too_long += len(encoded) - len(short)
        if not short:
            raise Refusal(
                f"every chat of {part.source!r} has more than max_length {recipe.max_length} tokens; raise max_length"
            )
        rows += _repeated(short, part, recipe.seed)
        examples[part.source] = len(short)
    return Mixture(rows, examples, too_long)


def choose(chats: list[dict[str, list[Turn]]], part: Source, seed: int) -> list[dict[str, list[Turn]]]:
    """The first of a shuffle that depends on seed and source alone: 50 examples are among the 100."""
    order = list(range(len(chats)))
    _rng(seed, part.source, "choose").shuffle(order)
    return [chats[index] for index in sorted(order[: part.examples])]


def encode(tokenizer: Any, chat: Mapping[str, list[Turn]]) -> dict[str, list[int]]:
    """Token ids as the model will meet them when it is asked, with labels on the response and its stop token alone."""
    prompt = render_for(tokenizer, chat["prompt"])
    whole = render_for(tokenizer, chat["prompt"] + chat["completion"], ask=False)
    if not whole.startswith(prompt):
        raise Refusal(
            "the base's chat template renders a question otherwise when its response follows; "
            "use a template that only appends (chat_template.jinja)"
        )
    prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    response_ids = tokenizer(whole[len(prompt) :], add_special_tokens=False)["input_ids"]
    return {"input_ids": prompt_ids + response_ids, "labels": [IGNORED] * len(prompt_ids) + response_ids}


def _repeated(rows: list[dict[str, list[int]]], part: Source, seed: int) -> list[dict[str, list[int]]]:
    times, share = int(part.weight), part.weight % 1
    order = list(range(len(rows)))
    _rng(seed, part.source, "repeat").shuffle(order)
    once_more = sorted(order[: round(share * len(rows))])
    return rows * times + [rows[index] for index in once_more]


def _rng(seed: int, *names: str) -> random.Random:
    return random.Random(hashlib.sha256(f"{seed} {names}".encode()).digest())


def _are_turns(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    for turn in value:
        if not isinstance(turn, dict) or not isinstance(turn.get("role"), str):
            return False
        if not isinstance(turn.get("content"), str) or not turn["content"]:
            return False
    return True
