"""The `vllm` engine: lm-eval's VLLM, opened once for all weights of one shape, with adapters named request by request.

Loading costs more than asking a task, so other weights of the same shape are read into the open engine, and an adapter
is loaded beside the weights that are there. Responses come as they finish: vLLM mixes requests as it likes, so a batch
decides nothing here, and whatever was answered need not be asked again.
"""

import gc
import importlib.util
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

from proctor.finetune.chat_template import render_for
from proctor.harness.engines.protocol import (
    Chat,
    EngineDied,
    Indexed,
    Request,
    Response,
    StreamingEngine,
    Weights,
    token_ends,
)
from proctor.harness.engines.vllm_settings import settings_for

# lm-eval's class imports vllm while it is defined, and vllm reads these while it is imported.
# Torch may have touched the GPU already; not in a worker of parallel.py that has built nothing, which asks for a fork.
os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
# It is off elsewhere, against warnings where processes fork: here nothing is tokenized before that.
os.environ["TOKENIZERS_PARALLELISM"] = "true"
if importlib.util.find_spec("flashinfer") is None:
    os.environ.setdefault("VLLM_USE_FLASHINFER_SAMPLER", "0")

from lm_eval.models.utils import postprocess_generated_text
from lm_eval.models.vllm_causallms import VLLM
from vllm import SamplingParams
from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.exceptions import EngineDeadError

from proctor.common.refusal import Refusal

ENCODED_TOGETHER = 64  # after the first few, which are not to wait for so many
FIRST_FEW = 8


class VLLMEngine(VLLM, StreamingEngine):  # type: ignore[misc]
    _source: str
    context_length: int

    @classmethod
    def open(cls, weights: Weights) -> "VLLMEngine":
        _make_room()
        settings = settings_for(weights)
        try:
            engine = cls(**settings)
        except Exception as refused:  # the cause stands in vLLM's log; what it raises is how its worker ended
            raise Refusal(
                f"vLLM cannot open {weights.source}",
                _first_line(refused),
                f"lower serving.memory (now {weights.memory:g}) or serving.context, or see vLLM's own log with "
                "VLLM_LOGGING_LEVEL=INFO",
            ) from None
        engine._source, engine.context_length = weights.source, int(engine.max_length)
        engine._numbers = {adapter: number for number, adapter in enumerate(weights.adapters, 1)}
        engine._asked = 0
        engine.lora_request = None
        # Python would look through all that torch and vllm brought, for rubbish, several times in every cell.
        gc.collect()
        gc.freeze()
        return engine

    def apply_chat_template(self, chat_history: Chat, add_generation_prompt: bool = True) -> str:
        return render_for(self.tokenizer, chat_history, add_generation_prompt, not add_generation_prompt)

    def prompt_length(self, prompt: str) -> int:
        return len(self.tok_encode(prompt))

    def load(self, source: str) -> None:
        """Other weights of the same shape, into the place of those that are there."""
        if source == self._source:
            return
        try:
            self.model.collective_rpc("reload_weights", kwargs={"weights_path": source})
        except Exception as refused:
            raise Refusal(
                f"vLLM cannot load {source} in place of {self._source}", _first_line(refused),
                "run this variant alone: --only NAME",
            ) from None  # fmt: skip
        self.model.reset_prefix_cache()  # what it remembers of prompts was computed with the old weights
        self._source = source

    def use(self, adapter: Path | None) -> None:
        if adapter is None:
            self.lora_request = None
            return
        if adapter not in self._numbers:
            raise Refusal(
                f"the engine was opened without the adapter {adapter.name}",
                "vLLM must know of adapters beforehand",
            )
        # vLLM tells adapters apart by name and by number: each has its own of both.
        self.lora_request = LoRARequest(str(adapter), self._numbers[adapter], str(adapter))

    def stream(self, requests: Iterable[Request]) -> Iterator[Indexed]:
        """With lm-eval's parameters for every request, as its own class would hand them to vLLM."""
        engine, last = self.model.llm_engine, time.perf_counter()
        places: dict[str, tuple[int, list[str]]] = {}
        self._asked += 1
        try:
            for place, request, tokens in self._encoded(requests):
                arguments, until, limit = self._parameters(request)
                why = self.why_too_long(len(tokens), limit)
                if why:
                    error = f"{why}; raise serving.context"
                    yield place, Response("", len(tokens), error=error, too_long=True)
                    continue
                name = f"{self._asked}-{place}"
                places[name] = place, until
                wanted = SamplingParams(
                    max_tokens=limit, stop=until, output_kind=RequestOutputKind.FINAL_ONLY, **arguments
                )  # fmt: skip
                engine.add_request(name, tokens_input(tokens), wanted, lora_request=self.lora_request)
            while engine.has_unfinished_requests():
                done = [output for output in engine.step() if output.finished and output.request_id in places]
                if not done:
                    continue
                # Time goes by for all that are open together: what passed since the last ones belongs to these.
                now = time.perf_counter()
                each, last = (now - last) / len(done), now
                for output in done:
                    yield self._finished(*places.pop(output.request_id), output, each)
        except EngineDeadError as died:
            raise EngineDied(
                "vLLM's engine died", _first_line(died), "run again: what was answered is kept"
            ) from None
        finally:
            with suppress(Exception):  # nobody waits for these any more; a dead engine needs no telling
                engine.abort_request(list(places))

    def _encoded(self, requests: Iterable[Request]) -> Iterator[tuple[int, Request, list[int]]]:
        """A few at a time: the tokenizer takes them side by side, and the GPU has begun before the last is read."""
        numbered = enumerate(requests)
        for size in chain((FIRST_FEW,), repeat(ENCODED_TOGETHER)):
            few = list(islice(numbered, size))
            if not few:
                return
            tokens = self.tok_encode([request.prompt for _, request in few])
            for (place, request), ids in zip(few, tokens, strict=True):
                yield place, request, ids

    def _parameters(self, request: Request) -> tuple[dict[str, Any], list[str], int]:
        end = self.tokenizer.decode(self.eot_token_id)
        arguments, until, limit = self.modify_gen_kwargs(
            request.options.as_lm_eval(), eos=end, default_max_gen_toks=self.max_gen_toks
        )
        if arguments.get("temperature"):
            arguments["seed"] = request.seed
        if request.options.logprobs:
            arguments["logprobs"] = 0  # of the chosen tokens alone
        return arguments, until, limit

    def _finished(self, place: int, until: list[str], output: Any, seconds: float) -> Indexed:
        made = output.outputs[0]
        text: str = postprocess_generated_text(made.text, until, None)
        cut = made.finish_reason == "length"
        return place, Response(
            text, len(output.prompt_token_ids), len(made.token_ids), cut, round(seconds, 6),
            logprobs=self._logprobs(made),
        )  # fmt: skip

    def _logprobs(self, made: Any) -> list[tuple[int, float]] | None:
        """With logprobs=0 vLLM gives those of the chosen tokens alone, as the model has them."""
        if not made.logprobs:
            return None
        tokens = list(made.token_ids)
        ends = token_ends(self.tokenizer.decode([token]).encode() for token in tokens)
        chosen = (step[token].logprob for step, token in zip(made.logprobs, tokens, strict=True))
        return list(zip(ends, chosen, strict=True))

    def close(self) -> None:
        """Ends vLLM's processes now, so that the GPU is free for the next session."""
        self.model.llm_engine.engine_core.shutdown()
        del self.model
        gc.unfreeze()
        _make_room()


def _make_room() -> None:
    """What earlier work of this process still holds of the GPU, vLLM would not get."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
