"""What a variant is merged with: each named variant's whole weights, or a model by the name that `base:` takes."""

from collections.abc import Callable

from proctor.common.refusal import Refusal
from proctor.finetune.base import is_gguf, local_folder
from proctor.finetune.build import Merging, Parent, Stage, plan_stages
from proctor.finetune.merge.models import refuse_unlike
from proctor.finetune.recipe import Recipe
from proctor.harness.config.suite import load_variant
from proctor.harness.config.variant import Variant
from proctor.harness.plan.training import ChatFile

# A variant, and the names of those that it goes into; its stages, its data and the digest of its base.
WeightsOf = Callable[[Variant, tuple[str, ...]], tuple[tuple[Stage, ...], dict[str, ChatFile], str]]


def merging_of(variant: Variant, line: tuple[str, ...], weights_of: WeightsOf) -> Merging | None:
    """Refuses parents that do not fit as soon as their bases are here: before anything is trained."""
    spec = variant.merge_with
    if spec is None:
        return None
    line = (*line, variant.name)
    parents = tuple(_parent(name, line, weights_of) for name in spec.models)
    reference = _parent(spec.base, line, weights_of) if spec.base else None
    merging = Merging(spec, parents, reference)
    named = [("the base", variant.base), *((parent.name, parent.base) for parent in merging.others)]
    folders = [(name, folder) for name, base in named if (folder := local_folder(base)) is not None]
    if folders:
        refuse_unlike(folders)
    return merging


def _parent(name: str, line: tuple[str, ...], weights_of: WeightsOf) -> Parent:
    if "/" in name or is_gguf(name):
        return Parent(name, name, tuple(plan_stages(name, None, {}, merge=False, quantization="none")))
    if name in line:
        circle = " -> ".join([*line, name])
        raise Refusal(f"a circle of merges: {circle}", "a model cannot go into itself", "cut it")
    variant = load_variant(name)
    if variant.engine in ("openai", "echo"):
        raise Refusal(f"merge_with: {name} has no weights here", f"its engine is {variant.engine!r}")
    # In full: its adapter merged, whatever it is quantised to and by whom it is run.
    has_adapter = variant.recipe is not None and Recipe.load(variant.recipe).method != "full"
    whole = variant.model_copy(update={"merge": has_adapter, "quantization": "none", "engine": "hf"})
    stages, data, _ = weights_of(whole, line)
    return Parent(name, whole.base, stages, {source: file.path for source, file in data.items()})
