"""Whole weights -> f16 GGUF -> a smaller type, each measured against what it was made from before it counts."""

import ctypes
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.checks import compare_logits, logits_of, passed, prompt_ids, prompt_texts
from proctor.finetune.folder import read_json
from proctor.finetune.gguf.convert import write_gguf
from proctor.finetune.gguf.header import read_header
from proctor.finetune.gguf.probe import check_tokens, probe
from proctor.finetune.load import best_device, load_model, load_tokenizer
from proctor.finetune.store import Tell

READ = "read.json"  # the tokens that every type of one model is measured on
ANSWER_TOKENS = 48
# Two tokens whose logits lie closer than this may change places when weights are rounded to 11 bits.
NEAR_TIE = 0.1
MOST_KL_OF_F16 = 0.01


def to_f16(weights: Path, out: Path, tell: Tell) -> dict[str, Any]:
    """f16.gguf in `out`; refused unless it reads and answers the fixed prompts as transformers does."""
    tell(0.0, "writing f16")
    file = out / "f16.gguf"
    write_gguf(weights, file)
    read_header(file)
    tell(0.3, "answering with transformers")
    tokenizer = load_tokenizer(weights)
    prompts = prompt_ids(tokenizer)
    model = load_model(weights, best_device(), float32=True)
    rows, expected = _greedy(model, prompts)
    lengths = list(map(len, prompts))
    (out / READ).write_text(json.dumps({"rows": rows, "prompts": lengths}) + "\n")
    tell(0.7, "answering with llama.cpp")
    texts = prompt_texts(tokenizer)
    probed = probe(file, texts, rows)
    why = "the pre-tokenizer's name is wrong for this model"
    same_tokens = check_tokens(probed, texts, tokenizer, why, "", weights)
    same_choices = _same_choices(expected, probed.logits, lengths, weights)
    return {"checks": [same_tokens, same_choices]}


def to_smaller(f16: Path, type: str, weights: Path, out: Path, tell: Tell) -> dict[str, Any]:
    """TYPE.gguf in `out`, with how far its logits are from the f16 file's. A loss is reported, not refused."""
    read_header(f16)
    tell(0.0, f"quantising to {type}")
    file = out / f"{type}.gguf"
    _quantise(f16, file, type)
    read_header(file)
    tell(0.5, "comparing with f16")
    rows = read_json(f16.parent / READ)["rows"]
    figures = compare_logits(probe(f16, [], rows).logits, probe(file, [], rows).logits)
    figures["bytes"] = file.stat().st_size
    figures["bytes_of_f16"] = f16.stat().st_size
    return {"checks": [passed(f"{type} against f16", figures)]}


def _quantise(source: Path, file: Path, type: str) -> None:
    import llama_cpp as llama

    llama.llama_log_set(_no_log(), ctypes.c_void_p(0))
    settings = llama.llama_model_quantize_default_params()
    settings.ftype = getattr(llama, f"LLAMA_FTYPE_MOSTLY_{type.upper()}")
    try:
        failed = llama.llama_model_quantize(str(source).encode(), str(file).encode(), ctypes.byref(settings))
        if failed:
            raise Refusal(f"llama.cpp cannot quantise to {type}; is there room on the disk? ({source})")
    except BaseException:
        file.unlink(missing_ok=True)  # on failure llama.cpp leaves what it had written
        raise


@cache
def _no_log() -> Any:
    """Kept for good: llama.cpp goes on calling it, and calling one that Python has freed ends the process."""
    import llama_cpp as llama

    return llama.llama_log_callback(lambda level, text, data: None)


def _greedy(model: Any, prompts: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[Any]]:
    """Prompt and greedy response of each, and the logits at every place of both."""
    import torch

    room = int(getattr(model.config, "max_position_embeddings", 2048))
    rows = []
    for ids in prompts:
        count = max(1, min(ANSWER_TOKENS, room - len(ids)))
        prompt = torch.tensor([list(ids)], device=model.device)
        whole = model.generate(
            input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count, do_sample=False
        )
        rows.append(whole[0].tolist())
    return rows, logits_of(model, rows)


def _same_choices(
    expected: Sequence[Any], of_gguf: Sequence[Any], starts: Sequence[int], weights: Path
) -> dict[str, Any]:
    """The same token chosen at every place of every response, except where two are as good as equal.

    Each place is asked after the same tokens, so one near-tie does not spoil the rest of its response.
    """
    import numpy

    figures = compare_logits(expected, of_gguf)
    differ = ties = places = 0
    for ours, theirs, start in zip(expected, of_gguf, starts, strict=True):
        for place in range(start - 1, len(ours) - 1):
            places += 1
            if ours[place].argmax() != theirs[place].argmax():
                second, first = numpy.sort(ours[place])[-2:]
                ties += int(first - second < NEAR_TIE)
                differ += int(first - second >= NEAR_TIE)
    if differ or figures["kl_mean"] > MOST_KL_OF_F16:
        raise Refusal(
            f"f16 GGUF answers otherwise than transformers at {differ} of {places} tokens (mean KL "
            f"{figures['kl_mean']:.4f}); this model is not converted rightly ({weights})"
        )
    figures |= {"answer_tokens": places, "near_ties_chosen_otherwise": ties}
    return passed("f16 GGUF answers as transformers", figures)
