"""Whole models into one, tensor by tensor from their files: averages by torch, the rest by peft's merge_utils.

    merge_models(base, {"maths": folder, "plans": folder}, spec, reference=base, out=out, tell=tell)

Only one file of the base and its tensors of each parent are in memory at once. Sums are made in float64 and rounded
once, so a model merged with itself is itself, and `linear` at weight 1 is the first, to the last bit.
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.base import files_of
from proctor.finetune.checks import check_safetensors, compare_logits, logits_of, passed, prompt_ids
from proctor.finetune.folder import config_of, shapes_of, tensors, write_json
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.merge.spec import MergeWith
from proctor.finetune.merge.vocabularies import join, unlike_vocabulary
from proctor.finetune.store import Tell

SEED = 0  # of dare_ties, which drops changes by chance
SAME_DIRECTION = 0.9995  # cosine above which slerp is a line: its formula divides by the angle's sine
# Of config.json: what makes equal shapes mean something else.
MEANING = ("model_type", "num_attention_heads", "num_key_value_heads", "hidden_act", "tie_word_embeddings")
INDEX = "model.safetensors.index.json"
BY_TOKEN = ("model.embed_tokens.weight", "lm_head.weight")  # a row for each token


def merge_models(
    base: Path, parents: Sequence[tuple[str, Path]], spec: MergeWith, reference: Path, out: Path, tell: Tell
) -> dict[str, Any]:
    """`parents` in the order of `spec.used_weights`; `reference` is what changes are measured from."""
    import torch

    tell(0.0, "comparing vocabularies and shapes")
    every = [("the base", base), *parents, ("the base of the changes", reference)]
    for _, folder in every:
        check_safetensors(folder)
    refuse_unlike(every, joined=spec.tokenizer is not None)
    folders = [folder for _, folder in parents]
    dtype = widest(folders)
    dtype_name = str(dtype).removeprefix("torch.")
    if spec.tokenizer:
        tell(0.1, "mergekit joins the vocabularies")
        join(base, folders[0], spec, out, dtype_name)
        return {"checks": [passed("the base's tokens keep their ids, and every weight is a number", {})]}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        _write_weights(base, folders, spec, reference, out, dtype, tell)
    _copy_the_rest(base, out, dtype_name)
    _refuse_unless_itself(base, spec)
    tell(0.7, "comparing with each parent")
    rows = prompt_ids(load_tokenizer(out))
    merged = logits_of(load_model(out, "cpu", float32=True), rows)
    checks = [passed("a model merged with itself is itself", {})]
    for name, folder in parents:
        figures = compare_logits(logits_of(load_model(folder, "cpu", float32=True), rows), merged)
        checks.append(passed(f"how far it is from {name}", figures))
    return {"checks": checks}


def refuse_unlike(models: Sequence[tuple[str, Path]], joined: bool = False) -> None:
    """Each model is compared with the first: vocabulary, architecture, tensors. Reads headers, and no weights. Where
    vocabularies are `joined`, they and the number of rows by token may differ.
    """
    checks: list[Callable[[Path, Path], str]] = [_unlike_meaning, partial(_unlike_tensors, joined=joined)]
    if not joined:
        checks.insert(0, unlike_vocabulary)
    (first, base), *others = models
    for name, folder in others:
        if folder == base:
            continue
        for unlike in checks:
            why = unlike(base, folder)
            if why:
                advice = "merge models of one family and size"
                raise Refusal(f"{name} cannot be merged with {first}", why, advice)


def _unlike_meaning(base: Path, other: Path) -> str:
    mine, theirs = config_of(base), config_of(other)
    if "quantization_config" in theirs:
        return "its weights are quantised"
    differing = []
    for name in MEANING:
        # What one of them leaves to a default may well be the other's value.
        if name in mine and name in theirs and mine[name] != theirs[name]:
            differing.append(f"{name} is {theirs[name]}, not {mine[name]}")
    return "; ".join(differing)


def _unlike_tensors(base: Path, other: Path, joined: bool) -> str:
    mine, theirs = shapes_of(base), shapes_of(other)
    for name in sorted(mine | theirs):
        if name not in mine or name not in theirs:
            return f"only one of them has the tensor {name}"
        first = 1 if joined and name in BY_TOKEN else 0
        if mine[name][first:] != theirs[name][first:]:
            return f"{name} has the shape {theirs[name]}, not {mine[name]}"
    return ""


def widest(folders: Sequence[Path]) -> Any:
    """The number format that loses nothing of any parent."""
    import torch

    names = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    dtype = None
    for folder in folders:
        for name, file in tensors(folder):
            kind = file.get_slice(name).get_dtype()
            if kind not in names:
                why = "averages need plain weights"
                raise Refusal(f"the tensor {name} is of type {kind}", why, where=folder)
            dtype = torch.promote_types(dtype or names[kind], names[kind])
    return dtype


def _write_weights(
    base: Path, parents: Sequence[Path], spec: MergeWith, reference: Path, out: Path, dtype: Any, tell: Tell
) -> None:
    """In files as the base has them."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    count, size = len(shapes_of(base)), 0
    files: dict[str, str] = {}
    with ExitStack() as stack:
        start, *holders = (_opened(folder, stack) for folder in (reference, *parents))
        for path in sorted(base.glob("*.safetensors")):
            with safe_open(path, "pt") as file:
                names = list(file.keys())
            merged: dict[str, Any] = {}
            for name in names:
                read = [each[name].get_tensor(name).double() for each in holders]
                whole = combine(read, start[name].get_tensor(name).double(), spec)
                merged[name] = whole.to(dtype).contiguous()
                if not merged[name].isfinite().all():
                    raise Refusal(
                        f"the merge holds NaN or infinity in {name}",
                        "a weight is too large, or a parent damaged",
                    )
                files[name] = path.name
                size += merged[name].nbytes
                tell(0.7 * len(files) / count, f"merged {name}")
            save_file(merged, out / path.name, metadata={"format": "pt"})
    if (base / INDEX).is_file():
        write_json(out / INDEX, {"metadata": {"total_size": size}, "weight_map": files})


def _opened(folder: Path, stack: ExitStack) -> dict[str, Any]:
    """By name of a tensor, the open file that holds it."""
    from safetensors import safe_open

    holders: dict[str, Any] = {}
    for path in sorted(folder.glob("*.safetensors")):
        file = stack.enter_context(safe_open(path, "pt"))
        holders |= dict.fromkeys(file.keys(), file)
    return holders


def combine(tensors: Sequence[Any], reference: Any, spec: MergeWith) -> Any:
    """The same tensor of each parent into one. Give float64: it is exact where all are equal."""
    import torch
    from peft.utils import merge_utils

    if spec.method == "slerp":
        return slerp(tensors[0], tensors[1], spec.used_weights[1])
    weights = torch.tensor(spec.used_weights, dtype=torch.float64)
    if spec.method == "linear":
        return merge_utils.task_arithmetic(list(tensors), weights)
    changes = [tensor - reference for tensor in tensors]
    if spec.method == "task_arithmetic":
        return reference + merge_utils.task_arithmetic(changes, weights)
    how = "magnitude" if spec.method == "ties" else "random"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that a density of 1 keeps all, which is what was asked for
        kept = [merge_utils.prune(change, spec.density, how, rescale=how == "random") for change in changes]
    shares = weights.view(-1, *[1] * reference.dim()).expand(-1, *reference.shape)
    weighted = torch.stack(kept) * shares
    majority = merge_utils.calculate_majority_sign_mask(weighted)
    # A mean over those alone that are kept. Where none is, nothing changes: the least share is far above this one.
    divisor = merge_utils.disjoint_merge(shares, majority).clamp(min=1e-9)
    return reference + merge_utils.disjoint_merge(weighted, majority) / divisor


def slerp(first: Any, second: Any, share: float) -> Any:
    """From `first` towards `second` along the arc between them, as far as `share` says (Shoemake 1985)."""
    import torch

    norms, cosine = first.norm() * second.norm(), 1.0
    if norms:
        cosine = float((first * second).sum() / norms)
    if abs(cosine) > SAME_DIRECTION:
        return (1 - share) * first + share * second
    angle = torch.arccos(torch.tensor(cosine, dtype=torch.float64))
    parts = torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * second
    return parts / torch.sin(angle)


def _refuse_unless_itself(base: Path, spec: MergeWith) -> None:
    """On the base's first tensor: whatever the method, equal parents give what they are."""
    with ExitStack() as stack:
        name, file = next(iter(_opened(base, stack).items()))
        tensor = file.get_tensor(name)
    equal = [tensor.double()] * len(spec.used_weights)
    if not combine(equal, equal[0], spec).to(tensor.dtype).equal(tensor):
        raise Refusal(
            f"{spec.method} of equal models changes {name}", "torch or peft computes otherwise than it should"
        )


def _copy_the_rest(base: Path, out: Path, dtype: str) -> None:
    for path in files_of(base):
        if "safetensors" not in path.name:
            (out / path.name).write_bytes(path.read_bytes())
    config = config_of(base)
    config.pop("torch_dtype", None)
    write_json(out / "config.json", {**config, "dtype": dtype}, indent=2)
