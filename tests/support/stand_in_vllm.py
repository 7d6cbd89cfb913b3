"""A stand-in for the library vLLM, for machines without a GPU: what lm-eval's class and ours call of it, and no model.

Answers are words that tell what answered: the weights, the adapter and the prompt's last token. Requests finish two at
a step, the shortest prompt first, so that order is nothing to lean on. It is a stand-in for a library, not for code
of ours, and says nothing about vLLM's own behaviour: that is what `make bench-gpu` is for.
"""

import importlib.machinery
import importlib.metadata
import sys
import types
from dataclasses import dataclass, field
from typing import Any

VERSION = "0.24.0"


class EngineDeadError(Exception):
    pass


@dataclass
class SamplingParams:
    max_tokens: int = 16
    temperature: float = 1.0
    top_p: float = 1.0
    stop: list[str] = field(default_factory=list)
    seed: int | None = None
    output_kind: str = "cumulative"
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True
    prompt_logprobs: int | None = None
    detokenize: bool = True


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


@dataclass
class Completion:
    text: str
    token_ids: list[int]
    finish_reason: str
    logprobs: None = None  # nobody asked for them


@dataclass
class Output:
    request_id: str
    prompt_token_ids: list[int]
    outputs: list[Completion]
    finished: bool = True
    prompt_logprobs: list[dict[int, float] | None] | None = None


class Engine:
    def __init__(self, model: str) -> None:
        self.weights, self.waiting, self.dies_after = model, {}, None
        self.model_config = types.SimpleNamespace(max_model_len=0)
        self.engine_core = types.SimpleNamespace(shutdown=lambda: None)
        self.asked: list[SamplingParams] = []

    def add_request(self, request_id: str, prompt: Any, params: Any, lora_request: Any = None) -> None:
        self.asked.append(params)
        self.waiting[request_id] = (prompt["prompt_token_ids"], params, lora_request)

    def has_unfinished_requests(self) -> bool:
        return bool(self.waiting)

    def abort_request(self, requests: list[str]) -> None:
        for request in requests:
            self.waiting.pop(request, None)

    def step(self) -> list[Output]:
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise EngineDeadError("EngineCore encountered an issue")
        done = sorted(self.waiting, key=lambda name: len(self.waiting[name][0]))[:2]
        return [self._finish(name, *self.waiting.pop(name)) for name in done]

    def _finish(self, name: str, prompt: list[int], params: Any, lora: Any) -> Output:
        words = f"{self.weights} {lora.lora_name if lora else 'plain'} {prompt[-1]} {len(prompt)}".split(" ")
        kept = words[: params.max_tokens]
        reason = "length" if len(kept) < len(words) else "stop"
        likelihoods = None
        if params.prompt_logprobs:  # as likely as the token's number is small
            likelihoods = [None, *({token: -token / 1000} for token in prompt[1:])]
        done = [Completion(" ".join(kept), list(range(len(kept))), reason)]
        return Output(name, prompt, done, prompt_logprobs=likelihoods)


class LLM:
    def __init__(self, model: str, **settings: Any) -> None:
        self.settings = settings
        self.llm_engine = Engine(model)
        self.llm_engine.model_config.max_model_len = settings["max_model_len"]
        self.forgotten = 0

    def generate(
        self, prompts: Any, sampling_params: Any, use_tqdm: bool = False, lora_request: Any = None
    ) -> Any:
        each = sampling_params if isinstance(sampling_params, list) else [sampling_params] * len(prompts)
        for number, (prompt, params) in enumerate(zip(prompts, each, strict=True)):
            self.llm_engine.add_request(f"plain-{number}", prompt, params, lora_request)
        found = []
        while self.llm_engine.has_unfinished_requests():
            found += self.llm_engine.step()
        return sorted(found, key=lambda output: int(output.request_id.split("-")[1]))

    def collective_rpc(self, method: str, kwargs: dict[str, Any]) -> None:
        assert method == "reload_weights"
        self.llm_engine.weights = kwargs["weights_path"]

    def reset_prefix_cache(self) -> bool:
        self.forgotten += 1
        return True


def get_tokenizer(name: str, **_: Any) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name, local_files_only=True)


def install() -> None:
    """Puts the stand-in where `import vllm` finds it, unless the library itself is here."""
    named: dict[str, dict[str, Any]] = {
        "vllm": {"LLM": LLM, "SamplingParams": SamplingParams, "TokensPrompt": dict},
        "vllm.inputs": {"tokens_input": lambda ids: {"type": "token", "prompt_token_ids": ids}},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": LoRARequest},
        "vllm.sampling_params": {"RequestOutputKind": types.SimpleNamespace(FINAL_ONLY="final")},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.exceptions": {"EngineDeadError": EngineDeadError},
        "vllm.renderers": {},
        "vllm.renderers.hf": {"resolve_chat_template": lambda tokenizer, **_: tokenizer.chat_template},
        "vllm.tokenizers": {"get_tokenizer": get_tokenizer},
    }
    for name, parts in named.items():
        module = types.ModuleType(name)
        module.__path__ = []
        module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        vars(module).update(parts)
        sys.modules[name] = module
    real = importlib.metadata.version
    importlib.metadata.version = lambda name: VERSION if name == "vllm" else real(name)
