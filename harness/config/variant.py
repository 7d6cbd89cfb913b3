"""A variant: a model as it is asked. One YAML file is one row of the board.

What cannot go together is refused here, before any weights are loaded.
"""

import re
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from proctor.common.digest import digest
from proctor.common.http.chat_client import check_address
from proctor.common.refusal import Refusal
from proctor.common.schema import Digested, Frozen, check_name, nearest, read_named_yaml
from proctor.finetune.base import is_gguf
from proctor.finetune.merge.spec import MergeWith
from proctor.finetune.recipe import GGUF_TYPES, Quantization

# What each engine can load.
LOADS: dict[str, tuple[str, ...]] = {
    "hf": ("none", "nf4"),
    "vllm": ("none", "nf4", "fp8"),
    "llamacpp": GGUF_TYPES,
    "openai": ("none",),
    "echo": ("none",),
}
GIVES_LOGPROBS = ("hf", "vllm", "llamacpp", "openai")
TAKES_ADAPTER = ("hf", "vllm")
ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


class Sampling(Digested):
    temperature: float | None = Field(
        default=0.0, ge=0, le=2, description="null: not sent to the endpoint, which then takes its own"
    )
    top_p: float | None = Field(default=None, gt=0, le=1, description="null: all tokens can be drawn")
    max_tokens: int | None = Field(
        default=None, ge=0, description="left out: as the task says; null or 0: not sent to the endpoint"
    )
    epochs: int = Field(default=1, ge=1, le=1024, description="times that each sample is asked")
    seed: int = Field(default=0, description="of the draws")
    logprobs: bool = Field(default=False, description="keep how sure the model is of each token it writes")

    later: ClassVar = ("logprobs",)

    @model_validator(mode="after")
    def _epochs_need_chance(self) -> "Sampling":
        if self.epochs > 1 and self.temperature == 0:
            raise Refusal(
                f"epochs is {self.epochs} at temperature 0: every epoch would give the same response; "
                "set a temperature, or epochs: 1"
            )
        return self


class Serving(Frozen):
    """How a GPU is shared out to the engine: speed and room, and nothing of what is asked or how it is scored."""

    gpus: int = Field(default=1, ge=1, description="GPUs that one copy of the weights is spread over")
    context: int | None = Field(
        default=None,
        ge=16,
        description="tokens of a prompt and its response; None: the model's, 8192 at most",
    )
    memory: float = Field(default=0.9, gt=0, le=0.98, description="share of the GPU's memory")


class Variant(Digested):
    name: str
    about: str = Field(default="", description="one line for lists")
    base: str = Field(description="a hub id, a folder, a GGUF file or package:NAME/FILE")
    recipe: str | None = Field(default=None, description="how it is trained; left out: it is not")
    examples: int | None = Field(
        default=None, ge=1, description="train on this many, instead of what the recipe says"
    )
    merge: bool = Field(default=False, description="merge the trained adapter into the weights")
    merge_with: MergeWith | None = Field(
        default=None, description="other models that its base is merged with, before it is trained"
    )
    quantization: Quantization = Field(default="none", description="how the weights are rounded")
    engine: str = Field(default="hf", description="hf, vllm, llamacpp, openai or echo")
    endpoint: str | None = Field(default=None, description="the server's address, for engine openai")
    key: str | None = Field(
        default=None,
        description="the environment variable with the endpoint's key; OPENAI_API_KEY for OpenAI's own address",
    )
    extra: dict[str, Any] = Field(
        default={}, description="more fields for the body of the endpoint's requests"
    )
    prompt: str = Field(default="default", description="the prompt pack")
    parent: str | None = Field(default=None, description="the variant that its row is compared with")
    sampling: Sampling = Field(default=Sampling(), description="how responses are drawn")
    serving: Serving = Field(default=Serving(), description="how a GPU is shared out")

    later: ClassVar = ("extra", "merge_with")

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_sent(cls, raw: Any) -> Any:
        """`max_tokens: null` in a file is 0 from here on: None is what nobody said, and then the task says it."""
        sampling = raw.get("sampling") if isinstance(raw, dict) else None
        if isinstance(sampling, dict) and sampling.get("max_tokens", 1) is None:
            return {**raw, "sampling": {**sampling, "max_tokens": 0}}
        return raw

    @model_validator(mode="after")
    def _parts_go_together(self) -> "Variant":
        check_name(self.name, "variant")
        if self.engine not in LOADS:
            raise Refusal(f"engine: no engine {self.engine!r}; {nearest(self.engine, list(LOADS))}")
        loads = LOADS[self.engine]
        if self.serves_gguf:
            loads = ("none", *loads)
        if self.quantization not in loads:
            others = sorted(name for name, kinds in LOADS.items() if self.quantization in kinds)
            raise Refusal(
                f"engine {self.engine!r} cannot load {self.quantization!r} weights; "
                f"use {' or '.join(loads)}" + (f", or engine {' or '.join(others)}" if others else "")
            )
        if self.engine in ("openai", "echo") and (self.recipe or self.merge or self.merge_with):
            raise Refusal(
                f"engine {self.engine!r} cannot be trained or merged; leave out recipe, merge and merge_with"
            )
        if self.merge and not self.recipe:
            raise Refusal(
                "merge without a recipe: there is no adapter to merge; name a recipe or leave merge out"
            )
        if self.merge and self.quantization == "nf4":
            raise Refusal("merge and nf4: merged weights are kept in full precision; leave one of them out")
        if self.examples and not self.recipe:
            raise Refusal(
                "examples without a recipe: nothing is trained; name a recipe or leave examples out"
            )
        if (self.endpoint is not None) != (self.engine == "openai"):
            raise Refusal("endpoint goes with engine 'openai', and with no other: give both or neither")
        if self.endpoint:
            check_address(self.endpoint)
        if self.key and not ENVIRONMENT_NAME.fullmatch(self.key):
            raise Refusal("key is the name of an environment variable in capitals, and never the key itself")
        if self.sampling.logprobs and self.engine not in GIVES_LOGPROBS:
            raise Refusal(
                f"engine {self.engine!r} gives no log-probabilities; use {', '.join(GIVES_LOGPROBS)}, or leave "
                "sampling.logprobs out"
            )
        self._refuse_away_from_an_endpoint()
        if self.serving != Serving() and self.engine != "vllm":
            raise Refusal(
                f"serving goes with engine 'vllm'; engine {self.engine!r} takes what it needs: leave it out"
            )
        if self.parent == self.name:
            raise Refusal(f"parent is the variant itself ({self.name!r}); name another one or leave it out")
        return self

    def _refuse_away_from_an_endpoint(self) -> None:
        if self.engine == "openai":
            return
        if self.key or self.extra:
            name = "key" if self.key else "extra"
            raise Refusal(f"{name} goes with engine 'openai', and with no other: leave it out")
        if self.sampling.temperature is None or self.sampling.max_tokens == 0:
            name = "temperature" if self.sampling.temperature is None else "max_tokens"
            raise Refusal(
                f"sampling.{name} is null, which goes with engine 'openai' alone: a number, or leave it out"
            )

    @property
    def serves_gguf(self) -> bool:
        """Whether the engine can open the base, a GGUF file, as it is."""
        return self.engine == "llamacpp" and is_gguf(self.base) and self.merge_with is None

    @property
    def digest(self) -> str:
        """Of everything but the words about it: two variants of equal digest are one variant under two names."""
        return digest(self.model_dump(mode="json", exclude={"name", "about", "parent", "serving", "key"}))

    @classmethod
    def load(cls, path: Path) -> "Variant":
        check_name(path.stem, "variant", path)
        return read_named_yaml(path, cls)
