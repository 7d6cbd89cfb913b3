"""The vocabularies of models that become one: compared token by token, or joined by mergekit where it is installed.

With `tokenizer: union` a token that one model alone has keeps that model's row, and all other weights are averaged. The
base's tokens keep their ids, so its settings and its chat template hold.
"""

from importlib.util import find_spec
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.finetune.base import digest_of_file
from proctor.finetune.checks import check_safetensors
from proctor.finetune.folder import read_json
from proctor.finetune.gguf.vocabulary import merge_pairs
from proctor.finetune.merge.spec import MergeWith

SETTINGS = ("generation_config.json", "chat_template.jinja")


def unlike_vocabulary(base: Path, other: Path) -> str:
    """Compared token by token: the file itself may be written otherwise by another version."""
    mine, theirs = base / "tokenizer.json", other / "tokenizer.json"
    if mine.is_file() != theirs.is_file():
        return "only one of them has a tokenizer.json"
    if not mine.is_file():
        return ""
    if digest_of_file(mine) == digest_of_file(theirs):
        return ""
    (tokens, merges), (their_tokens, their_merges) = vocabulary_of(mine), vocabulary_of(theirs)
    if differing := sorted(set(tokens.items()) ^ set(their_tokens.items()))[:1]:
        sizes = f"{len(their_tokens):,} tokens against {len(tokens):,}"
        return f"its vocabulary is another: {sizes}, and {differing[0][0]!r} is in one of them alone or elsewhere"
    if merges != their_merges:
        return "its tokenizer joins the same tokens by other rules"
    return ""


def vocabulary_of(file: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Its tokens, and its merges."""
    tokenizer = read_json(file)
    vocabulary = tokenizer["model"]["vocab"]
    if isinstance(vocabulary, list):  # unigram: pairs of token and score
        vocabulary = {token: place for place, (token, _) in enumerate(vocabulary)}
    added = {token["content"]: token["id"] for token in tokenizer.get("added_tokens") or ()}
    return {**vocabulary, **added}, merge_pairs(tokenizer["model"].get("merges") or ())


def refuse_without_mergekit() -> None:
    if find_spec("mergekit") is None:
        remedy = "pip install mergekit==0.1.5 beside Proctor"
        raise Refusal("tokenizer: union without mergekit", "it joins the vocabularies", remedy)


def join(base: Path, other: Path, spec: MergeWith, out: Path, dtype: str) -> None:
    """Weights, tokenizer and settings into `out`; refused unless the base's tokens are where they were."""
    refuse_without_mergekit()
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    weight, rest = spec.used_weights
    # Of a path with one slash mergekit asks the hub.
    models = [
        {"model": str(base.resolve()), "parameters": {"weight": rest}},
        {"model": str(other.resolve()), "parameters": {"weight": weight}},
    ]
    settings = {
        "merge_method": spec.method, "base_model": str(base.resolve()), "models": models, "dtype": dtype,
        "parameters": {"t": weight}, "tokenizer": {"source": "union"},
    }  # fmt: skip
    options = MergeOptions(quiet=True, write_model_card=False)
    run_merge(MergeConfiguration.model_validate(settings), str(out), options=options)
    check_safetensors(out)
    joined, _ = vocabulary_of(out / "tokenizer.json")
    moved = {token for token, _ in vocabulary_of(base / "tokenizer.json")[0].items() - joined.items()}
    lost = moved | (vocabulary_of(other / "tokenizer.json")[0].keys() - joined.keys())
    if lost:
        remedy = "merge models of one vocabulary"
        raise Refusal(f"mergekit's union lost or moved the token {min(lost)!r}", remedy=remedy, where=out)
    for name in SETTINGS:
        if (base / name).is_file():
            (out / name).write_bytes((base / name).read_bytes())
