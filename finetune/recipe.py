"""Recipe: how a model is trained, one YAML file each; and the names of the number formats of weights.

    recipe = Recipe.load("tiny-lora")   # finetune/recipes/tiny-lora.yaml, or the path of a YAML file
    recipe.method, recipe.steps         # 'lora', 24

It is read by the command line before anything heavy is loaded, so it imports no training library.
"""

from collections import Counter
from pathlib import Path
from typing import ClassVar, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from proctor.common.digest import digest
from proctor.common.paths import find, resolve
from proctor.common.refusal import Refusal
from proctor.common.schema import Digested, read_yaml

Quantization = Literal["none", "nf4", "fp8", "f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m"]
GgufType = Literal["f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m"]

GGUF_TYPES: tuple[str, ...] = get_args(GgufType)

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
PROJECTIONS = (*ATTENTION, "gate_proj", "up_proj", "down_proj")


class Source(Digested):
    """One set of chats in the mixture: a task's training set by name, or any JSONL of chats by path.

        {source: word_problems, examples: 1600}

    `examples` takes that many of them (a smaller number is always a subset of a larger one, so that learning
    curves grow by adding). `weight` says how many times each of those is seen in an epoch: 2 is twice, 0.5 is
    every other. `prompt` names the prompt pack in whose wording a task's chats are asked; a file has its own.
    """

    source: str = Field(
        min_length=1, description="a task's training set by name, or a JSONL of chats by path"
    )
    weight: float = Field(
        default=1.0, gt=0, le=100, allow_inf_nan=False, description="times that each chat is seen in an epoch"
    )
    examples: int | None = Field(
        default=None, ge=1, le=1_000_000, description="so many of them; left out: all"
    )
    prompt: str = Field(default="default", description="the prompt pack in which a task's chats are asked")

    later: ClassVar = ("prompt",)


class Recipe(Digested):
    """Give either `steps` or `epochs`. The other fields have defaults that suit a LoRA of a small model.

    `trainer: auto` takes Unsloth for an adapter on a GPU, of a base of a billion parameters or more: it was measured
    to be the faster one at 3 B, and smaller bases were not measured. `trl` and `unsloth` choose by hand.
    """

    method: Literal["lora", "qlora", "full"] = Field(
        description="an adapter, an adapter on 4-bit weights, or all weights"
    )
    data: tuple[Source, ...] = Field(min_length=1, description="what it learns from")
    steps: int | None = Field(default=None, ge=1, description="updates; give these or epochs")
    epochs: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="passes over the data; give these or steps",
    )
    rank: int = Field(default=16, ge=1, le=512, description="of the adapter")
    alpha: float = Field(
        default=16, gt=0, allow_inf_nan=False, description="the adapter's scale, divided by its rank"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="in the adapter")
    rslora: bool = Field(default=False, description="divide alpha by the root of the rank instead")
    target_modules: tuple[str, ...] = Field(
        default=PROJECTIONS, min_length=1, description="layers that carry the adapter"
    )
    learning_rate: float = Field(default=2e-4, gt=0, le=1, allow_inf_nan=False, description="at its highest")
    schedule: Literal["linear", "cosine", "constant"] = Field(
        default="linear", description="how the rate falls after the warm-up"
    )
    warmup_steps: int = Field(default=0, ge=0, description="steps in which the rate rises")
    batch: int = Field(default=8, ge=1, description="chats on the device at once")
    accumulation: int = Field(default=1, ge=1, description="batches that make one step")
    max_length: int = Field(default=1024, ge=8, description="tokens of a chat")
    packing: bool = Field(default=False, description="several chats in one row")
    seed: int = Field(default=0, ge=0, lt=2**31, description="of order and adapter")
    trainer: Literal["auto", "trl", "unsloth"] = Field(
        default="auto",
        description="auto: unsloth on a GPU for adapters of a base of a billion or more, else trl",
    )

    later: ClassVar = ("trainer",)

    @field_validator("data")
    @classmethod
    def _sources_differ(cls, data: tuple[Source, ...]) -> tuple[Source, ...]:
        ((name, times),) = Counter(part.source for part in data).most_common(1)
        if times > 1:
            raise Refusal(f"source {name!r} stands twice", remedy="keep one and give it a weight")
        return data

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.steps is None and self.epochs is None:
            raise Refusal("neither steps nor epochs given", remedy="give exactly one of them")
        if self.steps is not None and self.epochs is not None:
            raise Refusal("both steps and epochs given", remedy="give exactly one of them")
        if self.packing and self.epochs is not None:
            raise Refusal("packing with epochs: how long an epoch is shows only after packing; give steps")
        if self.steps is not None and self.warmup_steps >= self.steps:
            raise Refusal(f"warmup_steps {self.warmup_steps} leaves nothing of {self.steps} steps; lower it")
        if self.trainer == "unsloth" and self.method == "full":
            raise Refusal(
                "trainer: unsloth with method: full", "it trains adapters here", "take trainer: trl"
            )
        if len(set(self.target_modules)) != len(self.target_modules):
            raise Refusal("target_modules names a module twice; name each once")
        for name in ("lm_head", "embed_tokens"):
            if name in self.target_modules:
                raise Refusal(
                    f"target_modules: {name!r} cannot carry an adapter here; use {', '.join(PROJECTIONS)}"
                )
        return self

    @property
    def digest(self) -> str:
        """Changes when, and only when, a setting changes: neither the file's name nor its comments count."""
        return digest(self.model_dump(mode="json"))

    def with_examples(self, examples: int) -> Self:
        """The same recipe on at most that many examples of each source: a point of a learning curve."""
        limited = []
        for part in self.data:
            limited.append(part.model_copy(update={"examples": min(examples, part.examples or examples)}))
        return self.model_copy(update={"data": tuple(limited)})

    @classmethod
    def load(cls, name: str | Path) -> Self:
        """A recipe by name, of the project or one that ships, or by the path of a YAML file, checked."""
        path = _find(str(name))
        return read_yaml(path, cls)


def _find(name: str) -> Path:
    if name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name:
        path = resolve(name)
        if not path.is_file():
            remedy = "give the path of a YAML file, or a recipe's name"
            raise Refusal("no recipe file there", remedy=remedy, where=path)
        return path
    return find("recipes", name)
