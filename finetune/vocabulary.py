"""Vocabulary: a tokenizer.json -> the fields from which llama.cpp reads text in the same way.

Knows byte-level BPE and the pre-tokenizers that llama.cpp has a name for. What it does not know it refuses: a
wrong guess gives a model that reads other tokens than it learnt.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# llama.cpp knows a pre-tokenizer by a name. Each expression here is the one behind that name.
PRE_TOKENIZERS = {
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{_REST}": "llama-bpe",
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{_REST}": "qwen2",
}


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
    if told["model"].get("type") != "BPE" or told["model"].get("byte_fallback"):
        raise Unknown("the tokenizer is not byte-level BPE")
    name = pre_tokenizer_name(told)
    tokens = [f"[PAD{at}]" for at in range(rows)]
    types = [TokenType.UNUSED] * rows
    for token, at in told["model"]["vocab"].items():
        tokens[at], types[at] = token, TokenType.NORMAL
    ids: dict[str, int] = {}
    for token in told["added_tokens"]:
        if token["id"] >= rows:
            raise ValueError(
                f"token {token['content']!r} lies beyond the {rows} rows of the weights ({weights})"
            )
        ids[token["content"]] = token["id"]
        tokens[token["id"]] = token["content"]
        types[token["id"]] = TokenType.CONTROL if token["special"] else TokenType.USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(
        [pair if isinstance(pair, str) else " ".join(pair) for pair in told["model"]["merges"]]
    )
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
    template = weights / "chat_template.jinja"
    text = template.read_text(encoding="utf-8") if template.is_file() else settings.get("chat_template")
    if isinstance(text, str):
        writer.add_chat_template(text)


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


def _flat(part: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    if part is None:
        return
    if part["type"] == "Sequence":
        for inner in part["pretokenizers"]:
            yield from _flat(inner)
    else:
        yield part


def _content(token: Any) -> str | None:
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None
