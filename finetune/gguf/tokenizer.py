"""Makes tokenizer.json from the tokenizer of a GGUF file; vocabulary.py makes the file's from tokenizer.json.

    save_tokenizer(Path("SmolLM2-135M-Instruct.Q4_1.gguf"), folder)

Made from the file's own lists and not by transformers, whose tokenizers read other tokens than llama.cpp does:
SmolLM2's joins digits and stops at the start token, Gemma's cuts words into letters.
"""

from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.gguf.header import Header, read_header
from proctor.finetune.gguf.vocabulary import PRE_TOKENIZERS, merge_pairs

OTHERWISE = (
    "serve the file as it is (engine llamacpp, no recipe), or take the model's safetensors as the base"
)
TOKENS = "tokenizer.ggml.tokens"
SCORES = "tokenizer.ggml.scores"
TYPES = "tokenizer.ggml.token_type"
MERGES = "tokenizer.ggml.merges"
CONTROL, USER_DEFINED = 3, 4  # values of TYPES
# Of each special token transformers' name, and the file's.
SPECIAL = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
SPACE = "▁"  # stands for a space in SentencePiece's tokens


def save_tokenizer(file: Path, out: Path) -> None:
    """Writes tokenizer.json, its settings and the chat template into the folder `out`.

    Refuses a tokenizer that would read text otherwise than llama.cpp does with the file.
    """
    from transformers import PreTrainedTokenizerFast

    header = read_header(file, (TOKENS, SCORES, TYPES, MERGES))
    kind = header.fields.get("tokenizer.ggml.model")
    if kind == "gpt2":
        _refuse_incomplete(header, MERGES, file)
        tokenizer = _byte_level(header, file)
    elif kind == "llama":
        _refuse_incomplete(header, SCORES, file)
        tokenizer = _sentence_piece(header)
    else:
        raise Refusal(
            f"a tokenizer of kind {kind!r} cannot be taken out of a GGUF here", remedy=OTHERWISE, where=file
        )
    _add_special_tokens(tokenizer, header)
    settings = {}
    for name, token_kind in SPECIAL.items():
        token_id = header.token(token_kind)
        if token_id is not None:
            settings[name] = header.lists[TOKENS][token_id]
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **settings)
    made.chat_template = header.chat_template
    made.save_pretrained(out)


def _refuse_incomplete(header: Header, order: str, file: Path) -> None:
    """`order` is the list that says which tokens are joined first."""
    for name in (TOKENS, TYPES, order):
        if name not in header.lists:
            raise Refusal(f"this GGUF has no {name}", "its tokenizer is not whole", OTHERWISE, file)
    tokens = len(header.lists[TOKENS])
    for name in (TYPES, order):
        entries = len(header.lists[name])
        if entries != tokens and name != MERGES:
            why = f"there are {tokens:,} tokens"
            raise Refusal(f"{name} of this GGUF has {entries:,} entries", why, OTHERWISE, file)


def _byte_level(header: Header, file: Path) -> Any:
    from tokenizers import Tokenizer, decoders, models

    vocabulary = {token: index for index, token in enumerate(header.lists[TOKENS])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merge_pairs(header.lists[MERGES])))
    tokenizer.pre_tokenizer = _pre_tokenizer(header, file)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _pre_tokenizer(header: Header, file: Path) -> Any:
    """Cuts a text up before merging, as llama.cpp does under the name that the file has for it.

    "default", which llama.cpp also takes where there is no name, is refused: it cuts punctuation and digits otherwise
    than GPT-2.
    """
    from tokenizers import Regex, pre_tokenizers

    name = header.fields.get("tokenizer.ggml.pre")
    if name is None:
        raise Refusal("this GGUF does not name its pre-tokenizer", remedy=OTHERWISE, where=file)
    gpt_2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if name == "gpt-2":
        return gpt_2
    if name == "smollm":
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt_2])
    for expression, known in PRE_TOKENIZERS.items():
        if known == name:
            split = pre_tokenizers.Split(Regex(expression), "isolated")
            as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
            return pre_tokenizers.Sequence([split, as_bytes])
    raise Refusal(f"the pre-tokenizer {name!r} of this GGUF is not known here", remedy=OTHERWISE, where=file)


def _sentence_piece(header: Header) -> Any:
    """llama.cpp joins the two pieces that make the token with the highest score; a tokenizer.json lists all such pairs
    in that order.
    """
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
    unknown_id = header.token("unknown")
    unknown_token = None if unknown_id is None else tokens[unknown_id]
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
    """The tokens that no text is cut inside of, and the one that begins every text where the file asks for that."""
    from tokenizers import AddedToken, processors

    tokens = header.lists[TOKENS]
    added: dict[int, list[AddedToken]] = {CONTROL: [], USER_DEFINED: []}
    for token, kind in zip(tokens, header.lists[TYPES], strict=True):
        if kind in added:
            added[kind].append(AddedToken(token, special=kind == CONTROL, normalized=False))
    tokenizer.add_special_tokens(added[CONTROL])  # all at once: each call goes through the whole vocabulary
    tokenizer.add_tokens(added[USER_DEFINED])
    start_id = header.token("bos")
    if start_id is not None and header.fields.get("tokenizer.ggml.add_bos_token"):
        start = tokens[start_id]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{start} $A", pair=f"{start} $A $B", special_tokens=[(start, start_id)]
        )
