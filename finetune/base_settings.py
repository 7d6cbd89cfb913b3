"""What a base brings along besides weights: the tokens that end its turn, the sampling it advises, its chat template.

base_settings("finetune/tiny")["ends"]     # ['<|im_end|>', '<|endoftext|>']
"""

from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.finetune.base import Base, is_gguf, local_folder, resolve_base
from proctor.finetune.folder import read_json
from proctor.finetune.gguf.header import read_header

ADVICE = ("do_sample", "temperature", "top_p", "top_k", "min_p", "typical_p", "repetition_penalty")
SHOWN = 240  # letters of a template that are kept; its digest stands for the rest
TOKENS, SAMPLING = "tokenizer.ggml.tokens", "general.sampling."


def base_settings(base: Base) -> dict[str, Any]:
    """Of a base that is on this machine; nothing of one that is not."""
    if is_gguf(base):
        return _of_gguf(resolve_base(base))
    folder = local_folder(base)
    return _of_folder(folder) if folder else {}


def chat_template_of(folder: Path) -> str | None:
    """Older folders have it in tokenizer_config.json; one of several templates is not taken."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    template = read_json(folder / "tokenizer_config.json", optional=True).get("chat_template")
    return template if isinstance(template, str) else None


def has_chat_template(base: Path) -> bool:
    """Whether a GGUF file, or a folder, has one or more."""
    if base.is_file():
        return read_header(base).chat_template is not None
    if chat_template_of(base) is not None or (base / "additional_chat_templates").is_dir():
        return True
    return bool(read_json(base / "tokenizer_config.json", optional=True).get("chat_template"))


def _of_folder(folder: Path) -> dict[str, Any]:
    generation = read_json(folder / "generation_config.json", optional=True)
    ends = generation.get(
        "eos_token_id", read_json(folder / "config.json", optional=True).get("eos_token_id")
    )
    added = read_json(folder / "tokenizer.json", optional=True).get("added_tokens") or ()
    names = {token["id"]: token["content"] for token in added}
    if not isinstance(ends, list):
        ends = [] if ends is None else [ends]
    sampling = {name: generation[name] for name in ADVICE if generation.get(name) is not None}
    return _settings([names.get(end, str(end)) for end in ends], sampling, chat_template_of(folder))


def _of_gguf(file: Path) -> dict[str, Any]:
    header = read_header(file, (TOKENS,))
    tokens = header.lists[TOKENS]
    ends = [header.token(kind) for kind in ("eos", "eot", "eom")]
    sampling = {}
    for name, value in header.fields.items():
        if name.startswith(SAMPLING):
            sampling[name.removeprefix(SAMPLING)] = value
    named = [tokens[end] for end in dict.fromkeys(ends) if end is not None and end < len(tokens)]
    settings = _settings(named, sampling, header.chat_template)
    if header.cache_bytes is not None:
        settings["cache_bytes"] = header.cache_bytes
    return settings


def _settings(ends: list[str], sampling: dict[str, Any], template: str | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"ends": ends, "sampling": sampling}
    if template is not None:
        settings |= {"template": template[:SHOWN], "template_digest": digest(template)}
    return settings
