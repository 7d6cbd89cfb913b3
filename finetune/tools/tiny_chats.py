"""Chats for the embedded model: its tokenizer, and rows of whole chats packed together for training."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy
import torch
from transformers import PreTrainedTokenizerFast

from proctor.common.paths import EMBEDDED, PACKAGE

END, START, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CONTEXT = 1024
# ChatML: llama.cpp, Ollama and vLLM all know it, and three added tokens are all that it needs.
TEMPLATE = (PACKAGE / EMBEDDED / "chat_template.jinja").read_text(encoding="utf-8")
Chat = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Encoded:
    """Token ids of one chat, and how much each of them counts when it is predicted."""

    ids: "numpy.ndarray[Any, Any]"
    weights: "numpy.ndarray[Any, Any]"


def train_tokenizer(chats: list[Chat], vocab_size: int = 2048) -> PreTrainedTokenizerFast:
    """Digits one by one, then byte level: exactly what llama.cpp calls the pre-tokenizer 'smollm'."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END, START, STOP],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    roles = ["system\n", "user\n", "assistant\n"]
    texts = (turn["content"] for turn in _turns(chats))
    bpe.train_from_iterator(chain(texts, roles * 1000), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=STOP,
        pad_token=END,
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def encode(
    tokenizer: PreTrainedTokenizerFast, chats: list[Chat], prompt_weight: float, length: int
) -> list[Encoded]:
    """Rendered by hand, as the template does, and in one call: Jinja and the tokenizer's own wrapper take minutes."""
    bpe = tokenizer.backend_tokenizer
    turns = list(_turns(chats))
    heads = {role: len(bpe.encode(f"{START}{role}\n").ids) for role in {turn["role"] for turn in turns}}
    texts = [f"{START}{turn['role']}\n{turn['content']}{STOP}\n" for turn in turns]
    spoken = iter(zip(turns, bpe.encode_batch_fast(texts), strict=True))
    encoded = []
    for chat in chats:
        ids: list[int] = []
        weights: list[float] = []
        for _ in chat["prompt"] + chat["completion"]:
            turn, tokens = next(spoken)
            head, body = heads[turn["role"]], len(tokens.ids) - heads[turn["role"]] - 1
            ids += tokens.ids
            # The head is never asked of the model, and nothing is read after the stop token.
            body_weight = 1.0 if turn["role"] == "assistant" else prompt_weight
            weights += [prompt_weight] * head + [body_weight] * body + [0.0]
        encoded.append(Encoded(numpy.array(ids[:length]), numpy.array(weights[:length], dtype=numpy.float32)))
    return encoded


def pack(chats: list[Encoded], length: int) -> list[list[Encoded]]:
    """Rows of whole chats, first fit over the last few open rows: no chat is cut to fill a row."""
    rows: list[list[Encoded]] = []
    open_rows: list[tuple[int, list[Encoded]]] = []  # (room left, row)
    for chat in chats:
        fit = next((at for at, (room, _) in enumerate(open_rows) if room >= len(chat.ids)), None)
        if fit is None:
            row: list[Encoded] = []
            rows.append(row)
            open_rows.append((length, row))
            fit = len(open_rows) - 1
        room, row = open_rows.pop(fit)
        row.append(chat)
        if room - len(chat.ids) >= 16:
            open_rows.append((room - len(chat.ids), row))
        open_rows = open_rows[-64:]
    return rows


def tensors(rows: list[list[Encoded]], length: int) -> tuple[torch.Tensor, ...]:
    """ids, loss weights, positions and the number of the chat that each token belongs to (0: padding)."""
    ids, positions, owner = (numpy.zeros((len(rows), length), dtype=numpy.int64) for _ in range(3))
    weights = numpy.zeros((len(rows), length), dtype=numpy.float32)
    for y, row in enumerate(rows):
        x = 0
        for number, chat in enumerate(row, 1):
            part = slice(x, x + len(chat.ids))
            ids[y, part], weights[y, part], owner[y, part] = chat.ids, chat.weights, number
            positions[y, part] = numpy.arange(len(chat.ids))
            weights[y, x] = 0.0  # the first token of a chat follows from nothing
            x = part.stop
    return tuple(map(torch.from_numpy, (ids, weights, positions, owner)))


def batches(
    chats: list[Encoded], repeats: list[float], rows_a_batch: int, length: int, seed: int
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Endless: every epoch shuffles and packs anew; a chat of weight 1.5 stands once or twice in each."""
    rng = random.Random(seed)
    while True:
        epoch = []
        for chat, times in zip(chats, repeats, strict=True):
            epoch += [chat] * (int(times) + (rng.random() < times % 1))
        rng.shuffle(epoch)
        made = False
        # Packing part by part lets the first step start at once; a large epoch takes a minute to pack.
        for start in range(0, len(epoch), 20_000):
            rows = pack(epoch[start : start + 20_000], length)
            rng.shuffle(rows)
            for at in range(0, len(rows) - rows_a_batch + 1, rows_a_batch):
                made = True
                yield tensors(rows[at : at + rows_a_batch], length)
        if not made:
            rows = pack(epoch, length)
            yield tensors([rows[i % len(rows)] for i in range(rows_a_batch)], length)


def _turns(chats: list[Chat]) -> Iterator[dict[str, str]]:
    for chat in chats:
        yield from chat["prompt"]
        yield from chat["completion"]
