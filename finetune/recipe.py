"""Recipe: how a model is trained, one YAML file each, and the names of the number formats of weights.

Knows the fields and their limits. Must not know a training library, an exam or a machine: it is read by the
command line before anything heavy is loaded.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from proctor.common.paths import PACKAGE
from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen, nearest, read_yaml

FOLDER = PACKAGE / "finetune" / "recipes"

Quantization = Literal["none", "nf4", "fp8", "f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m"]
GgufType = Literal["f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m"]

QUANTIZATIONS: tuple[str, ...] = get_args(Quantization)
GGUF_TYPES: tuple[str, ...] = get_args(GgufType)
AT_LOAD = ("nf4", "fp8")  # no stage: the engine converts while it loads (bitsandbytes, vllm)

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
PROJECTIONS = (*ATTENTION, "gate_proj", "up_proj", "down_proj")


class Source(Frozen):
    """One set of chats in the mixture: an exam's training set by name, or any JSONL of chats by path.

    `examples` takes that many of them (a smaller number is always a subset of a larger one, so that learning
    curves grow by adding). `weight` says how many times each of those is seen in an epoch: 2 is twice, 0.5 is
    every other. `prompt` names the prompt pack in whose wording an exam's chats are asked; a file has its own.
    """

    source: str = Field(min_length=1)
    weight: float = Field(default=1.0, gt=0, le=100, allow_inf_nan=False)
    examples: int | None = Field(default=None, ge=1, le=1_000_000)
    prompt: str = "default"

    @model_serializer(mode="wrap")
    def _without_the_default_wording(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The default wording goes without saying: what was trained before it could be chosen keeps its digest."""
        told: dict[str, Any] = whole(self)
        return {name: value for name, value in told.items() if (name, value) != ("prompt", "default")}


class Recipe(Frozen):
    method: Literal["lora", "qlora", "full"]
    data: tuple[Source, ...] = Field(min_length=1)
    steps: int | None = Field(default=None, ge=1)
    epochs: float | None = Field(default=None, gt=0, le=1000, allow_inf_nan=False)
    rank: int = Field(default=16, ge=1, le=512)
    alpha: float = Field(default=16, gt=0, allow_inf_nan=False)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    rslora: bool = False
    target_modules: tuple[str, ...] = Field(default=PROJECTIONS, min_length=1)
    learning_rate: float = Field(default=2e-4, gt=0, le=1, allow_inf_nan=False)
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_steps: int = Field(default=0, ge=0)
    batch: int = Field(default=8, ge=1)
    accumulation: int = Field(default=1, ge=1)
    max_length: int = Field(default=1024, ge=8)
    packing: bool = False
    seed: int = Field(default=0, ge=0, lt=2**31)

    @field_validator("data")
    @classmethod
    def _sources_differ(cls, data: tuple[Source, ...]) -> tuple[Source, ...]:
        named = [part.source for part in data]
        if twice := next((name for name in named if named.count(name) > 1), None):
            raise Refusal(f"source {twice!r} stands twice; keep one and give it a weight")
        return data

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            found = "neither steps nor epochs" if self.steps is None else "both steps and epochs"
            raise Refusal(f"{found} given; give exactly one of them")
        if self.packing and self.epochs is not None:
            raise Refusal("packing with epochs: how long an epoch is shows only after packing; give steps")
        if self.steps is not None and self.warmup_steps >= self.steps:
            raise Refusal(f"warmup_steps {self.warmup_steps} leaves nothing of {self.steps} steps; lower it")
        if len(set(self.target_modules)) != len(self.target_modules):
            raise Refusal("target_modules names a module twice; name each once")
        if bad := next((name for name in self.target_modules if name in ("lm_head", "embed_tokens")), None):
            raise Refusal(
                f"target_modules: {bad!r} cannot carry an adapter here; use {', '.join(PROJECTIONS)}"
            )
        return self

    @property
    def digest(self) -> str:
        """Changes when, and only when, a setting changes: neither the file's name nor its comments count."""
        return hashlib.sha256(canonical(self.model_dump(mode="json")).encode()).hexdigest()

    def with_examples(self, examples: int) -> Self:
        """The same recipe on at most that many examples of each source: a point of a learning curve."""
        limited = [
            {**part.model_dump(), "examples": min(examples, part.examples or examples)} for part in self.data
        ]
        return type(self).model_validate({**self.model_dump(), "data": limited})

    @classmethod
    def load(cls, name: str | Path) -> Self:
        """A recipe by name, from finetune/recipes/NAME.yaml, or by the path of a YAML file, checked."""
        return read_yaml(_find(str(name)), cls)


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def canonical(value: object) -> str:
    """JSON with one spelling for one value, so that its hash can stand for the value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _find(name: str) -> Path:
    if name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise Refusal(
                f"no recipe file there; give the path of a YAML file or a name of {FOLDER} ({path})"
            )
        return path
    path = FOLDER / f"{name}.yaml"
    if name not in names():
        raise Refusal(f"no recipe called {name!r}", nearest(name, names()), f"add one as {path}")
    return path
