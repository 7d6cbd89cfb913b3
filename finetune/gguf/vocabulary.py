"""A tokenizer.json -> the fields from which llama.cpp reads text in the same way.

Byte-level BPE with the pre-tokenizers that llama.cpp has a name for, and BPE of characters with bytes behind them
(SentencePiece). Another one is refused: a wrong guess gives a model that reads other tokens than it learnt.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.base_settings import chat_template_of
from proctor.finetune.folder import read_json

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
# llama.cpp knows a pre-tokenizer by a name. Each expression here is the one behind that name.
PRE_TOKENIZERS = {
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{_REST}": "llama-bpe",
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{_REST}": "qwen2",
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*|\p{{N}}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+": "tekken",
}
BYTE = re.compile(r"<0x[0-9A-F]{2}>")


class UnknownModel(Exception):
    """This writer does not know the model; llama.cpp's own converter may."""


def add_tokenizer(writer: Any, weights: Path, rows: int) -> None:
    """Writes the tokenizer of a folder of weights whose embedding has so many rows."""
    tokenizer = read_json(weights / "tokenizer.json", optional=True)
    if not tokenizer:
        raise UnknownModel("there is no tokenizer.json")
    kind = tokenizer["model"].get("type")
    if kind != "BPE":
        raise UnknownModel(f"the tokenizer is {kind or 'of no known kind'}, not BPE")
    settings = read_json(weights / "tokenizer_config.json", optional=True)
    template = chat_template_of(weights)
    merges = tokenizer["model"]["merges"]
    tokens = _add_tokens(writer, tokenizer, rows, weights)
    if tokenizer["model"].get("byte_fallback"):  # BPE of characters, as SentencePiece does it
        space_in_front = _space_in_front(tokenizer, template is not None)
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_scores(_scores(tokens, merges))
        writer.add_add_space_prefix(space_in_front)
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre_tokenizer_name(tokenizer))
        writer.add_token_merges([" ".join(pair) for pair in merge_pairs(merges)])
    _add_special(writer, tokenizer, settings)
    if template is not None:
        writer.add_chat_template(template)


def _add_tokens(writer: Any, tokenizer: dict[str, Any], rows: int, weights: Path) -> list[str]:
    from gguf import TokenType

    vocabulary, added = tokenizer["model"]["vocab"], tokenizer["added_tokens"]
    last = max([*vocabulary.values(), *(token["id"] for token in added)])
    if last >= rows:
        raise Refusal(
            f"the tokenizer knows {last + 1} tokens but the weights only {rows}; use the tokenizer "
            f"that belongs to these weights ({weights})"
        )
    pieces = bool(tokenizer["model"].get("byte_fallback"))
    tokens = [f"[PAD{index}]" for index in range(rows)]
    types = [TokenType.UNUSED] * rows
    for token, index in vocabulary.items():
        tokens[index], types[index] = token, TokenType.NORMAL
        if pieces and BYTE.fullmatch(token):
            types[index] = TokenType.BYTE
    for token in added:
        tokens[token["id"]] = token["content"]
        types[token["id"]] = TokenType.CONTROL if token["special"] else TokenType.USER_DEFINED
    unknown = tokenizer["model"].get("unk_token")
    if pieces and unknown in vocabulary:
        types[vocabulary[unknown]] = TokenType.UNKNOWN
        writer.add_unk_token_id(vocabulary[unknown])
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    return tokens


def _add_special(writer: Any, tokenizer: dict[str, Any], settings: dict[str, Any]) -> None:
    """The tokens that begin, end and fill up a text, and whether every text begins with one."""
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    bos, eos, pad = (_content(settings.get(f"{kind}_token")) for kind in ("bos", "eos", "pad"))
    starts = bos is not None and bos in json.dumps(tokenizer.get("post_processor"))
    if bos not in ids:
        # Without one llama.cpp takes token 11, whatever that is. It is never put in front (add_bos is false).
        bos = pad if pad in ids else eos
    if bos in ids:
        writer.add_bos_token_id(ids[bos])
    if eos in ids:
        writer.add_eos_token_id(ids[eos])
    if pad in ids:
        writer.add_pad_token_id(ids[pad])
    writer.add_add_bos_token(starts)


def merge_pairs(merges: Sequence[Any]) -> list[tuple[str, str]]:
    """tokenizer.json keeps pairs, or in older files "left right" (where no token holds a space)."""
    pairs = []
    for pair in merges:
        left, right = pair.split(" ", 1) if isinstance(pair, str) else pair
        pairs.append((left, right))
    return pairs


def _scores(tokens: list[str], merges: list[Any]) -> list[float]:
    """llama.cpp joins the two pieces whose union scores highest: the earlier a merge stands, the higher its score."""
    ranks: dict[str, int] = {}
    for rank, pair in enumerate(merge_pairs(merges)):
        ranks.setdefault("".join(pair), rank)
    return [-float(ranks.get(token, len(merges))) for token in tokens]


def _space_in_front(tokenizer: dict[str, Any], chats: bool) -> bool:
    """Does SentencePiece's mark for a space come in front of a text, and after each control token, as in llama.cpp?

    Newer files put it in front of the whole text alone: of a chat that is a control token, so nowhere at all.
    """
    normalizers = list(_flat(tokenizer.get("normalizer"), "normalizers"))
    kinds = [part["type"] for part in normalizers]
    if kinds in (["Prepend", "Replace"], ["Replace"]) and tokenizer.get("pre_tokenizer") is None:
        return "Prepend" in kinds
    parts = list(_flat(tokenizer.get("pre_tokenizer")))
    if not kinds and [part["type"] for part in parts] == ["Metaspace"] and not parts[0].get("split", True):
        scheme = parts[0].get("prepend_scheme", "always")
        return scheme == "always" or (scheme == "first" and not chats)
    raise UnknownModel("the tokenizer's way with spaces is not known here")


def pre_tokenizer_name(tokenizer: dict[str, Any]) -> str:
    """llama.cpp's name for how tokenizer.json cuts text up before merging."""
    parts = list(_flat(tokenizer.get("pre_tokenizer")))
    kinds = [part["type"] for part in parts]
    if any(part["type"] == "ByteLevel" and part.get("add_prefix_space") for part in parts):
        raise UnknownModel("the pre-tokenizer puts a space in front")
    if kinds == ["ByteLevel"] and parts[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0]["individual_digits"] and parts[1].get("use_regex", True):
        return "smollm"  # every digit by itself, then GPT-2's expression
    if kinds == ["Split", "ByteLevel"] and not parts[1].get("use_regex", True):
        expression = parts[0]["pattern"].get("Regex", "")
        if expression in PRE_TOKENIZERS and parts[0].get("behavior") == "Isolated":
            return PRE_TOKENIZERS[expression]
    raise UnknownModel(f"the pre-tokenizer ({', then '.join(kinds) or 'none'}) has no name here")


def _flat(part: dict[str, Any] | None, inside: str = "pretokenizers") -> Iterator[dict[str, Any]]:
    if part is None:
        return
    if part["type"] == "Sequence":
        for inner in part[inside]:
            yield from _flat(inner, inside)
    else:
        yield part


def _content(token: Any) -> str | None:
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else None
