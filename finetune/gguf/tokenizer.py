"""The tokenizer of a GGUF file -> tokenizer.json: the way back of vocabulary.py.

Made from the file's own lists and not by transformers, whose tokenizers read other tokens than llama.cpp does:
SmolLM2's joins digits and stops at the start token, Gemma's cuts words into letters.
"""

from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.gguf.header import Header, read_header
from proctor.finetune.gguf.vocabulary import PRE_TOKENIZERS

OTHERWISE = (
    "serve the file as it is (engine llamacpp, no recipe), or take the model's safetensors as the base"
)
TOKENS, SCORES, TYPES, MERGES = (
    f"tokenizer.ggml.{name}" for name in ("tokens", "scores", "token_type", "merges")
)
CONTROL, USER_DEFINED = 3, 4
# transformers' name: the file's.
SPECIAL = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
SPACE = "▁"  # SentencePiece's mark for one


def save_tokenizer(file: Path, out: Path) -> None:
    """tokenizer.json, its settings and the chat template in `out`."""
    from transformers import PreTrainedTokenizerFast

    header = read_header(file, (TOKENS, SCORES, TYPES, MERGES))
    kind = header.fields.get("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        raise Refusal(
            f"a tokenizer of kind {kind!r} cannot be taken out of a GGUF here", remedy=OTHERWISE, where=file
        )
    tokenizer = _byte_level(header, file) if kind == "gpt2" else _sentence_piece(header)
    _add_special_tokens(tokenizer, header)
    settings = {}
    for name, token_kind in SPECIAL.items():
        token = header.token(token_kind)
        if token is not None:
            settings[name] = header.lists[TOKENS][token]
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **settings)
    made.chat_template = header.chat_template
    made.save_pretrained(out)


def _byte_level(header: Header, file: Path) -> Any:
    from tokenizers import Tokenizer, decoders, models

    vocabulary = {token: index for index, token in enumerate(header.lists[TOKENS])}
    merges = [tuple(pair.split(" ", 1)) for pair in header.lists[MERGES]]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = _pre_tokenizer(str(header.fields.get("tokenizer.ggml.pre")), file)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _pre_tokenizer(name: str, file: Path) -> Any:
    """How llama.cpp cuts a text up before merging, by its name for that."""
    from tokenizers import Regex, pre_tokenizers

    whole = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if name in ("gpt-2", "default"):
        return whole
    if name == "smollm":
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), whole])
    for expression, known in PRE_TOKENIZERS.items():
        if known == name:
            split = pre_tokenizers.Split(Regex(expression), "isolated")
            as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
            return pre_tokenizers.Sequence([split, as_bytes])
    raise Refusal(f"the pre-tokenizer {name!r} of this GGUF is not known here", remedy=OTHERWISE, where=file)


def _sentence_piece(header: Header) -> Any:
    """llama.cpp joins the two pieces whose union scores highest; a tokenizer.json lists these unions in that order."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    tokens = header.lists[TOKENS]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    order = sorted(range(len(tokens)), key=lambda index: -header.lists[SCORES][index])
    merges = []
    for index in order:
        token = tokens[index]
        for cut in range(1, len(token)):
            if token[:cut] in vocabulary and token[cut:] in vocabulary:
                merges.append((token[:cut], token[cut:]))
    unknown = header.token("unknown")
    unknown_token = None if unknown is None else tokens[unknown]
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, unk_token=unknown_token, fuse_unk=True, byte_fallback=True)
    )
    reading: list[Any] = [normalizers.Replace(" ", SPACE)]
    writing: list[Any] = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    if header.fields.get("tokenizer.ggml.add_space_prefix", True):
        reading.insert(0, normalizers.Prepend(SPACE))
        writing.append(decoders.Strip(content=" ", left=1))
    tokenizer.normalizer = normalizers.Sequence(reading)
    tokenizer.decoder = decoders.Sequence(writing)
    return tokenizer


def _add_special_tokens(tokenizer: Any, header: Header) -> None:
    from tokenizers import AddedToken, processors

    tokens = header.lists[TOKENS]
    added: dict[int, list[AddedToken]] = {CONTROL: [], USER_DEFINED: []}
    for token, kind in zip(tokens, header.lists.get(TYPES, ()), strict=False):
        if kind in added:
            added[kind].append(AddedToken(token, special=kind == CONTROL, normalized=False))
    tokenizer.add_special_tokens(added[CONTROL])  # all at once: each call goes through the whole vocabulary
    tokenizer.add_tokens(added[USER_DEFINED])
    start = header.token("bos")
    if start is not None and header.fields.get("tokenizer.ggml.add_bos_token"):
        mark = tokens[start]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{mark} $A", pair=f"{mark} $A $B", special_tokens=[(mark, start)]
        )
