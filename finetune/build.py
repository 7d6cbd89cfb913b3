"""Build: dequantize -> merge models -> train -> merge the adapter -> quantize, each kept under a digest of its inputs.

Says which stages a variant needs and in which order. How a stage does its work is the business of its own module,
which is imported only when that stage has something to make.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from proctor.common.digest import digest
from proctor.common.refusal import Refusal
from proctor.finetune.base import Base, digest_of_base, digest_of_file, is_gguf, resolve_base
from proctor.finetune.folder import read_json
from proctor.finetune.merge.spec import MergeWith
from proctor.finetune.recipe import GGUF_TYPES, Quantization, Recipe
from proctor.finetune.store import MADE, kept, locked, make

Kind = Literal["dequantize", "merge_models", "train", "merge", "quantize"]
Progress = Callable[[str, float, str], None]  # stage, share done from 0 to 1, what is happening

# Raised when a stage would make something else of the same inputs; everything it made before is then made anew.
VERSIONS: Mapping[Kind, int] = {"dequantize": 1, "merge_models": 1, "train": 1, "merge": 1, "quantize": 1}


@dataclass(frozen=True)
class Parent:
    """A whole model that goes into another: what the `stages` make of `base`, trained on the chats in `data`."""

    name: str
    base: Base
    stages: tuple["Stage", ...] = ()
    data: Mapping[str, Path] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return self.stages[-1].digest if self.stages else digest_of_base(self.base)


@dataclass(frozen=True)
class Merging:
    """`parents` in the order of `spec.models`; `reference` is what changes are measured from, if not the own base."""

    spec: MergeWith
    parents: tuple[Parent, ...]
    reference: Parent | None = None

    @property
    def inputs(self) -> dict[str, Any]:
        inputs = {
            "method": self.spec.method,
            "weights": list(self.spec.used_weights),
            "density": self.spec.density,
            "parents": [parent.digest for parent in self.parents],
            "reference": self.reference and self.reference.digest,
        }
        return inputs | {"tokenizer": self.spec.tokenizer} if self.spec.tokenizer else inputs

    @property
    def others(self) -> tuple[Parent, ...]:
        """All that must be made before."""
        return self.parents if self.reference is None else (*self.parents, self.reference)


@dataclass(frozen=True)
class Stage:
    """One step. `digest` covers `inputs`, and these name the digest of the step before: equal digest, equal result."""

    kind: Kind
    digest: str
    inputs: Mapping[str, Any]
    recipe: Recipe | None = None
    merging: Merging | None = None

    @property
    def type(self) -> str | None:
        """Of the GGUF that it makes."""
        return self.inputs.get("type")

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.digest[:16]}"


@dataclass(frozen=True)
class Built:
    """Where the weights lie. Load `weights` and put `adapter` on them if there is one; or open `gguf` instead."""

    base: Path
    weights: Path
    adapter: Path | None
    gguf: Path | None
    digest: str

    @property
    def size_bytes(self) -> int:
        """Of the files that must be kept to run it: one GGUF, or the weights and their adapter."""
        if self.gguf is not None:
            return self.gguf.stat().st_size
        files = list(self.weights.glob("*.safetensors"))
        if self.adapter is not None:
            files += self.adapter.glob("*.safetensors")
        return sum(path.stat().st_size for path in files)


def plan_stages(
    base: Base,
    recipe: Recipe | None,
    data_digests: Mapping[str, str],
    merge: bool,
    quantization: Quantization,
    serves_gguf: bool = False,
    merging: Merging | None = None,
) -> list[Stage]:
    """The stages that turn the base into what the variant wants. nf4 and fp8 are none: the engine converts on loading.
    A base that is a GGUF file is dequantised first, unless the engine `serves_gguf` and nothing else is wanted.

    `data_digests` maps each source of the recipe to the sha256 of its file of chats (`digest_of_file`).
    """
    stages: list[Stage] = []

    def add(kind: Kind, inputs: Mapping[str, Any], **parts: Any) -> None:
        before = stages[-1].digest if stages else digest_of_base(base)
        whole = {"kind": kind, "version": VERSIONS[kind], "input": before, **inputs}
        stages.append(Stage(kind, digest(whole), whole, **parts))

    if merge and recipe is not None and recipe.method == "full":
        raise Refusal(
            "merge: true has nothing to merge, since method 'full' leaves whole weights; leave merge out"
        )
    as_it_is = serves_gguf and recipe is None and quantization == "none" and merging is None
    if is_gguf(base) and not as_it_is:
        add("dequantize", {})
    if merging is not None:
        add("merge_models", merging.inputs, merging=merging)
    if recipe is not None:
        data = {source: data_digests[source] for source in sorted(part.source for part in recipe.data)}
        add("train", {"recipe": recipe.model_dump(mode="json"), "data": data}, recipe=recipe)
    if merge:
        add("merge", {})
    if quantization in GGUF_TYPES:
        if recipe is not None and recipe.method != "full" and not merge:
            raise Refusal(
                f"quantization {quantization!r} needs whole weights, not an adapter; set merge: true"
            )
        # Every smaller type is made from the f16 file and measured against it, so that one is a stage of its own.
        for type_ in dict.fromkeys(("f16", quantization)):
            add("quantize", {"type": type_})
    return stages


def build(
    base: Base, stages: Sequence[Stage], store: Path, data: Mapping[str, Path], progress: Progress
) -> Built:
    """Make what is missing of the stages, in order, and say where everything lies."""
    source = resolve_base(base)
    built = Built(source, source, None, None, digest_of_base(base))
    if is_gguf(base):
        built = replace(built, gguf=source)
    if stages:
        built = replace(built, digest=stages[-1].digest)
    for stage in stages:
        place = store / stage.name
        if not kept(place, stage.digest):
            with locked(place, partial(progress, stage.name, 0.0, "another process is making it: waiting")):
                if not kept(place, stage.digest):  # it may have been made while we waited
                    _make(stage, built, place, data, progress)
        else:
            progress(stage.name, 1.0, "kept from before")
        built = _with(built, stage, place)
    return built


def gguf_of(base: Base, stages: Sequence[Stage], store: Path) -> Path | None:
    """The GGUF that these stages end in, if it is there already; without stages the base, if it is one."""
    if not stages:
        return resolve_base(base) if is_gguf(base) else None
    last = stages[-1]
    if last.kind != "quantize" or not is_kept(store, last):
        return None
    return store / last.name / f"{last.type}.gguf"


def parents_of(stages: Iterable[Stage]) -> Iterator[Parent]:
    """All that is merged in these stages, a parent's own parents before it."""
    for stage in stages:
        for parent in stage.merging.others if stage.merging else ():
            yield from parents_of(parent.stages)
            yield parent


def with_parents(stages: Sequence[Stage]) -> list[Stage]:
    """Every stage in the order of building: those of parents first."""
    return [*(stage for parent in parents_of(stages) for stage in parent.stages), *stages]


def made(store: Path, stage: Stage) -> dict[str, Any] | None:
    """How a kept stage was made: checks with their figures, seconds, bytes. None when it was not made yet."""
    path = store / stage.name / MADE
    return read_json(path) if path.is_file() else None


def is_kept(store: Path, stage: Stage) -> bool:
    """Is there a folder for it? Cheap: for a plan. `build` also checks every byte."""
    return (store / stage.name / MADE).is_file()


def _make(stage: Stage, built: Built, place: Path, data: Mapping[str, Path], progress: Progress) -> None:
    def tell(done: float, message: str) -> None:
        progress(stage.name, done, message)

    def work(part: Path) -> dict[str, Any]:
        if stage.kind == "dequantize":
            from proctor.finetune.gguf.dequantize import dequantize

            return dequantize(built.base, part, tell)
        if stage.kind == "merge_models":
            return _merge(stage, built.base, part, place.parent, progress)
        if stage.kind == "train":
            from proctor.finetune.train.own_process import train_in_own_process
            from proctor.finetune.train.trainer import train, with_unsloth

            assert stage.recipe is not None
            trainer = train_in_own_process if with_unsloth(stage.recipe, built.base) else train
            return trainer(built.base, stage.recipe, _checked(stage, data), part, tell)
        if stage.kind == "merge":
            from proctor.finetune.merge.adapter import merge_adapter

            assert built.adapter is not None
            return merge_adapter(built.base, built.adapter, part, tell)
        from proctor.finetune.gguf.quantize import to_f16, to_smaller

        assert stage.type is not None
        if built.gguf is None:
            return to_f16(built.weights, part, tell)
        return to_smaller(built.gguf, stage.type, built.weights, part, tell)

    made_from = {"kind": stage.kind, "digest": stage.digest, "inputs": dict(stage.inputs)}
    make(place, made_from, resumes=stage.kind == "train", work=work)


def _merge(stage: Stage, base: Path, part: Path, store: Path, progress: Progress) -> dict[str, Any]:
    from proctor.finetune.merge.models import merge_models

    merging = stage.merging
    assert merging is not None
    folders = {
        parent.name: build(parent.base, parent.stages, store, parent.data, progress).weights
        for parent in merging.others
    }
    parents = [(parent.name, folders[parent.name]) for parent in merging.parents]
    if merging.spec.own_base_is_parent:
        parents.append(("its own base", base))
    reference = base if merging.reference is None else folders[merging.reference.name]
    return merge_models(base, parents, merging.spec, reference, part, partial(progress, stage.name))


def _checked(stage: Stage, data: Mapping[str, Path]) -> dict[str, Path]:
    """The files of chats, each still what it was when the stage was planned."""
    files = {}
    for source, planned in stage.inputs["data"].items():
        if source not in data or not Path(data[source]).is_file():
            raise Refusal(
                f"no file of chats for source {source!r}; give one ({data.get(source, 'none given')})"
            )
        if digest_of_file(Path(data[source])) != planned:
            raise Refusal(
                f"the chats of {source!r} changed since this run was planned; run again ({data[source]})"
            )
        files[source] = Path(data[source])
    return files


def _with(built: Built, stage: Stage, place: Path) -> Built:
    if stage.kind in ("dequantize", "merge_models"):
        return replace(built, base=place, weights=place, gguf=None)
    if stage.kind == "quantize":
        return replace(built, gguf=place / f"{stage.type}.gguf")
    if stage.kind == "train" and stage.recipe is not None and stage.recipe.method != "full":
        return replace(built, adapter=place)
    return replace(built, weights=place, adapter=None)
