"""Vocabulary: a tokenizer.json -> the fields from which llama.cpp reads text in the same way.

Knows byte-level BPE and the pre-tokenizers that llama.cpp has a name for, and BPE of characters with bytes behind them
(SentencePiece). What it does not know it refuses: a wrong guess gives a model that reads other tokens than it learnt.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal

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


class Unknown(ValueError):
    """This writer does not know the model; llama.cpp's own converter may."""


def add_tokenizer(writer: Any, weights: Path, rows: int) -> None:
    from gguf import TokenType

    path = weights / "tokenizer.json"
    if not path.is_file():
        raise Unknown("there is no tokenizer.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    settings_path = weights / "tokenizer_config.json"
    settings = json.loads(settings_path.read_text(encoding="utf-8")) if settings_path.is_file() else {}
    if told["model"].get("type") != "BPE":
        raise Unknown(f"the tokenizer is {told['model'].get('type') or 'of no known kind'}, not BPE")
    pieces = bool(told["model"].get("byte_fallback"))
    template = _template(weights, settings)
    named = _space_in_front(told, template is not None) if pieces else pre_tokenizer_name(told)
    ids_used = [*told["model"]["vocab"].values(), *(token["id"] for token in told["added_tokens"])]
    if max(ids_used) >= rows:
        raise Refusal(
            f"the tokenizer knows {max(ids_used) + 1} tokens but the weights only {rows}; use the tokenizer "
            f"that belongs to these weights ({weights})"
        )
    tokens = [f"[PAD{at}]" for at in range(rows)]
    types = [TokenType.UNUSED] * rows
    for token, at in told["model"]["vocab"].items():
        tokens[at], types[at] = token, TokenType.NORMAL
        if pieces and BYTE.fullmatch(token):
            types[at] = TokenType.BYTE
    ids: dict[str, int] = {}
    for token in told["added_tokens"]:
        ids[token["content"]] = token["id"]
        tokens[token["id"]] = token["content"]
        types[token["id"]] = TokenType.CONTROL if token["special"] else TokenType.USER_DEFINED
    if pieces and (unknown := told["model"].get("unk_token")) in told["model"]["vocab"]:
        types[told["model"]["vocab"][unknown]] = TokenType.UNKNOWN
        writer.add_unk_token_id(told["model"]["vocab"][unknown])
    writer.add_tokenizer_model("llama" if pieces else "gpt2")
    writer.add_tokenizer_pre(str(named) if not pieces else "default")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if pieces:
        writer.add_token_scores(_scores(tokens, told["model"]["merges"]))
        writer.add_add_space_prefix(bool(named))
    else:
        writer.add_token_merges([" ".join(pair) for pair in _pairs(told["model"]["merges"])])
    special = {kind: _content(settings.get(f"{kind}_token")) for kind in ("bos", "eos", "pad")}
    starts = special["bos"] is not None and special["bos"] in json.dumps(told.get("post_processor"))
    if special["bos"] not in ids:
        # Without one llama.cpp takes token 11, whatever that is. It is never put in front (add_bos is false).
        special["bos"] = special["pad"] if special["pad"] in ids else special["eos"]
    adds = {"bos": writer.add_bos_token_id, "eos": writer.add_eos_token_id, "pad": writer.add_pad_token_id}
    for kind, add in adds.items():
        if (token_text := special[kind]) is not None and token_text in ids:
            add(ids[token_text])
    writer.add_add_bos_token(starts)
    if template is not None:
        writer.add_chat_template(template)


def _template(weights: Path, settings: dict[str, Any]) -> str | None:
    path = weights / "chat_template.jinja"
    text = path.read_text(encoding="utf-8") if path.is_file() else settings.get("chat_template")
    return text if isinstance(text, str) else None


def _pairs(merges: list[Any]) -> list[tuple[str, str]]:
    """tokenizer.json keeps pairs, or in older files "left right" (where no token holds a space)."""
    split = (pair.split(" ", 1) if isinstance(pair, str) else pair for pair in merges)
    return [(left, right) for left, right in split]


def _scores(tokens: list[str], merges: list[Any]) -> list[float]:
    """llama.cpp joins the two pieces whose union scores highest: the earlier a merge stands, the higher its score."""
    ranks: dict[str, int] = {}
    for rank, pair in enumerate(_pairs(merges)):
        ranks.setdefault("".join(pair), rank)
    return [-float(ranks.get(token, len(merges))) for token in tokens]


def _space_in_front(told: dict[str, Any], chats: bool) -> bool:
    """Does SentencePiece's mark for a space come in front of a text, and after each control token, as in llama.cpp?

    Newer files put it in front of the whole text alone: of a chat that is a control token, so nowhere at all.
    """
    normalizers = list(_flat(told.get("normalizer"), "normalizers"))
    kinds = [part["type"] for part in normalizers]
    if kinds in (["Prepend", "Replace"], ["Replace"]) and told.get("pre_tokenizer") is None:
        return "Prepend" in kinds
    parts = list(_flat(told.get("pre_tokenizer")))
    if not kinds and [part["type"] for part in parts] == ["Metaspace"] and not parts[0].get("split", True):
        scheme = parts[0].get("prepend_scheme", "always")
        return scheme == "always" or (scheme == "first" and not chats)
    raise Unknown("the tokenizer's way with spaces is not known here")


def pre_tokenizer_name(told: dict[str, Any]) -> str:
    """llama.cpp's name for how tokenizer.json cuts text up before merging."""
    parts = list(_flat(told.get("pre_tokenizer")))
    kinds = [part["type"] for part in parts]
    if any(part["type"] == "ByteLevel" and part.get("add_prefix_space") for part in parts):
        raise Unknown("the pre-tokenizer puts a space in front")
    if kinds == ["ByteLevel"] and parts[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0]["individual_digits"] and parts[1].get("use_regex", True):
        return "smollm"  # every digit by itself, then GPT-2's expression
    if kinds == ["Split", "ByteLevel"] and not parts[1].get("use_regex", True):
        expression = parts[0]["pattern"].get("Regex", "")
        if expression in PRE_TOKENIZERS and parts[0].get("behavior") == "Isolated":
            return PRE_TOKENIZERS[expression]
    raise Unknown(f"the pre-tokenizer ({', then '.join(kinds) or 'none'}) has no name here")


def _flat(part: dict[str, Any] | None, inside: str = "pretokenizers") -> Iterator[dict[str, Any]]:
    if part is None:
        return
    if part["type"] == "Sequence":
        for inner in part[inside]:
            yield from _flat(inner, inside)
    else:
        yield part


def _content(token: Any) -> str | None:
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None
