"""Adapter into base, so that one folder of weights answers as base and adapter did together; checked by logits."""

from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.checks import check_adapter, compare_logits, logits_of, passed, prompt_ids
from proctor.finetune.folder import config_of
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.store import Tell

SMALL = 2**30  # bytes as float32
MOST_KL = 0.01  # nats, mean over the fixed prompts


def merge_adapter(base: Path, adapter: Path, out: Path, tell: Tell) -> dict[str, Any]:
    """Merged in float32, from the unquantised base even when the adapter was trained on a 4-bit one.

    Merging into 4-bit weights rounds the sum to 16 values and loses most of what was learnt. Rounding it to
    bfloat16 loses what lies below its 8 bits, so weights that are small anyway stay float32 on disk.
    """
    import torch
    from peft import PeftModel

    tell(0.0, "loading base and adapter")
    check_adapter(base, adapter)
    tokenizer = load_tokenizer(base)
    rows = prompt_ids(tokenizer)
    plain = load_model(base, "cpu", float32=True)
    before = logits_of(plain, rows)
    model = PeftModel.from_pretrained(plain, adapter, local_files_only=True).eval()
    with_adapter = logits_of(model, rows)
    changed = compare_logits(before, with_adapter)
    if changed["largest_change"] < 1e-5:
        raise Refusal(f"the adapter changes no logit of {base.name}; train it again ({adapter})")
    tell(0.4, "merging")
    merged = model.merge_and_unload(safe_merge=True)
    if merged.num_parameters() * 4 > SMALL:
        config = config_of(base)
        merged.to(getattr(torch, config.get("dtype") or config.get("torch_dtype") or "float32"))
    merged.save_pretrained(out)
    tokenizer.save_pretrained(out)
    # The base's own sampling settings go along; a template saved by another version might differ in spaces.
    for name in ("generation_config.json", "chat_template.jinja"):
        if (base / name).is_file():
            (out / name).write_bytes((base / name).read_bytes())
    for path in out.glob("*.safetensors"):
        path.chmod(0o644)
    tell(0.7, "comparing what was saved with base and adapter")
    del model, merged, plain
    saved = compare_logits(with_adapter, logits_of(load_model(out, "cpu", float32=True), rows))
    if saved["kl_mean"] > MOST_KL:
        raise Refusal(
            f"merged weights answer otherwise than base and adapter (mean KL {saved['kl_mean']:.4f}, at most "
            f"{MOST_KL} is meant); train again with a lower alpha or rank ({adapter})"
        )
    checks = [
        passed("the adapter changes the logits", changed),
        passed("merged weights answer as base and adapter", saved),
    ]
    return {"checks": checks}
