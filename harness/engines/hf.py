"""The `hf` engine: lm-eval's HFLM, loaded once, with peft adapters swapped on it.

Adds to HFLM what it does not say: how many tokens a response took and whether it ran into its limit.
"""

import logging
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
import transformers.generation.utils
import transformers.models.auto.modeling_auto  # noqa: F401
from lm_eval.models.huggingface import HFLM
from peft import PeftModel
from transformers import AttentionInterface, GenerationConfig
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from proctor.finetune.chat_template import render_for
from proctor.finetune.checks import check_adapter
from proctor.finetune.load import best_device, load_model, load_tokenizer
from proctor.harness.engines.protocol import Chat, Engine, Request, Response, Weights, as_instances

# On a CPU a batch answers together and is kept together, so a large model gets short batches: this many weights in all.
WEIGHTS_A_BATCH = 2 * 10**9
TELL_EVERY_SECONDS = 0.5


class HFEngine(HFLM, Engine):  # type: ignore[misc]
    _model: Any
    _folder: Path
    _logprobs = False  # whether the batch at work wants them
    _pairs: dict[tuple[str, str], tuple[list[int], list[int]]]  # tokens of what is planned, not yet answered

    @classmethod
    def open(cls, weights: Weights) -> "HFEngine":
        device, folder = best_device(), Path(weights.source)
        tokenizer = load_tokenizer(folder)
        model = load_model(folder, device, nf4=weights.quantization == "nf4")
        if device == "cpu":
            model.set_attn_implementation(_grouped_attention())
        model.eval()
        # Many models bring a penalty or a share of probability that others of our engines would not know of, so
        # that a copy in another format would be decoded otherwise. What decides is in the request alone.
        own = model.generation_config
        model.generation_config = GenerationConfig(
            bos_token_id=own.bos_token_id, eos_token_id=own.eos_token_id, pad_token_id=own.pad_token_id
        )
        # It warns that a loaded model is a loaded model.
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        size = _batch_size(model, device)
        engine = cls(pretrained=model, tokenizer=tokenizer, batch_size=size, device=device)
        engine.context_length = int(engine.max_length)
        engine._plain = model
        engine._folder = folder
        engine._names, engine._made, engine._pairs = {}, [], {}
        for adapter in weights.adapters:
            engine._add(adapter)
        engine.use(None)
        return engine

    def apply_chat_template(self, chat_history: Chat, add_generation_prompt: bool = True) -> str:
        """HFLM's own leaves the system turn out, and goes on, where a template takes none."""
        return render_for(self.tokenizer, chat_history, add_generation_prompt, not add_generation_prompt)

    def prompt_length(self, prompt: str) -> int:
        return len(self.tok_encode(prompt))

    def _add(self, adapter: Path) -> None:
        check_adapter(self._folder, adapter)
        name = f"adapter{len(self._names)}"
        if self._names:
            self._model.load_adapter(str(adapter), name, is_trainable=False)
        else:
            self._model = PeftModel.from_pretrained(self._plain, str(adapter), adapter_name=name)
        self._model.eval()
        self._names[adapter] = name

    def use(self, adapter: Path | None) -> None:
        """The adapter that is asked from now on; None for the base alone."""
        if adapter is not None and adapter not in self._names:
            self._add(adapter)
        if not self._names:
            return
        if adapter is None:
            self._model.base_model.disable_adapter_layers()
        else:
            self._model.base_model.enable_adapter_layers()
            self._model.set_adapter(self._names[adapter])

    def reseed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """Requests come as planned batches, sorted as HFLM sorts, so rows of the batch are in the requests' order."""
        self._made: list[tuple[int, bool, list[tuple[int, float]] | None]] = []
        self._logprobs = requests[0].options.logprobs
        with torch.inference_mode():
            texts: list[str] = super().generate_until(as_instances(requests), disable_tqdm=True)
        lengths = [self.prompt_length(request.prompt) for request in requests]
        order = sorted(range(len(requests)), key=lambda i: (-lengths[i], requests[i].prompt))
        made = dict(zip(order, self._made, strict=True))
        responses = []
        for index, text in enumerate(texts):
            tokens, cut, logprobs = made[index]
            responses.append(Response(text, lengths[index], tokens, cut, logprobs=logprobs))
        return responses

    def likelihood_batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """In the order in which HFLM would work through all of them, so that each batch is one of its batches.

        It computes what has a prompt and all but the last token in common once; those stay together.
        """
        if requests[0].asks != "loglikelihood":
            return Engine.likelihood_batches(self, requests)
        groups: dict[tuple[int, ...], list[tuple[list[int], int, Request]]] = {}
        self._pairs = {}
        for request in requests:
            if request.prompt:
                texts = request.prompt, request.continuation
                prompt, continuation = self._pairs[texts] = super()._encode_pair(*texts)
            else:
                prompt, continuation = [self.prefix_token_id], self.tok_encode(request.continuation)
            tokens = prompt + continuation
            groups.setdefault(tuple(tokens[:-1]), []).append((tokens, len(continuation), request))
        longest = {key: max(members, key=lambda member: member[1])[0] for key, members in groups.items()}
        order = sorted(groups, key=lambda key: (-len(longest[key]), longest[key]))
        batches: list[list[Request]] = []
        for at, key in enumerate(order):
            if at % self.batch_size == 0:
                batches.append([])
            batches[-1] += [request for _, _, request in groups[key]]
        return batches

    def _encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """In tokens, as the batches were planned by: HFLM asks for it once more when it answers one."""
        if (context, continuation) in self._pairs:
            return self._pairs.pop((context, continuation))
        pair: tuple[list[int], list[int]] = super()._encode_pair(context, continuation)
        return pair

    def _model_generate(self, context: Any, max_length: int, stop: list[str], **options: Any) -> Any:
        width, noted = context.shape[1], _ChosenTokens()
        watching: list[Any] = []
        if self._logprobs:
            watching.append(noted)
        if self.tell_tokens is not None:
            watching.append(_Count(self.tell_tokens, width, self._ends()))
        if watching:
            options["logits_processor"] = watching
        made = super()._model_generate(context, max_length, stop, **options)
        logprobs = noted.all(made)
        for index, row in enumerate(made[:, width:].tolist()):
            count, cut = self._end_of(row, limit=max_length - width, stop=stop)
            chosen = None
            if logprobs:
                chosen = list(zip(self._token_ends(row[:count]), logprobs[index], strict=False))
            self._made.append((count, cut, chosen))
        return made

    def _token_ends(self, row: list[int]) -> list[int]:
        pieces = [self.tok_decode([token]) for token in row]
        if "".join(pieces) != self.tok_decode(row):  # a letter in several tokens, or spaces that go together
            return [len(self.tok_decode(row[:made])) for made in range(1, len(row) + 1)]
        return list(accumulate(len(piece) for piece in pieces))

    def _end_of(self, row: list[int], limit: int, stop: list[str]) -> tuple[int, bool]:
        """Tokens made, and whether the limit cut the response off. After its end a row is filled up with padding."""
        ends = self._ends()
        made, ended = 0, False
        while made < len(row) and not ended:
            ended = row[made] in ends
            made += 1

        # A row goes on after its stop string until the last of its batch is done: those tokens are nobody's.
        def stopped(count: int) -> bool:
            text = self.tok_decode(row[:count])
            return any(string in text for string in stop)

        if stopped(made):
            return bisect_left(range(1, made), True, key=stopped) + 1, False
        return made, not ended and made >= limit

    def _ends(self) -> set[int]:
        of_model = self.model.generation_config.eos_token_id
        every = of_model if isinstance(of_model, list) else [of_model]
        return {self.tokenizer.eos_token_id, self.tokenizer.pad_token_id, *every} - {None}

    def close(self) -> None:
        del self._model
        del self._plain
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class _ChosenTokens:
    """Notes the log-probability of each token as the model had it: before any temperature, one step behind.

    Keeping all logits, as transformers would, takes gigabytes for a batch of long responses.
    """

    def __init__(self) -> None:
        self._last: Any = None
        self._steps: list[Any] = []

    def __call__(self, tokens: Any, logits: Any) -> Any:
        self._note(tokens)
        self._last = logits.float().log_softmax(dim=-1)
        return logits

    def _note(self, tokens: Any) -> None:
        if self._last is not None:
            self._steps.append(self._last.gather(1, tokens[:, -1:]).cpu())

    def all(self, made: Any) -> list[list[float]]:
        """By row, with the last token, which no further step has seen; nothing where it was not asked to watch."""
        self._note(made)
        if not self._steps:
            return []
        return [list(row) for row in torch.cat(self._steps, dim=1).tolist()]


def _batch_size(model: Any, device: str) -> int:
    if device != "cpu":
        return 64
    parameters: int = model.num_parameters()
    return max(4, min(64, WEIGHTS_A_BATCH // parameters))


class _Count:
    """Counts tokens as they are made: transformers calls it before each step of a batch. Changes no logit."""

    def __init__(self, tell: Callable[[int], None], width: int, ends: set[int]) -> None:
        self._tell, self._width, self._ends = tell, width, list(ends)
        self._made, self._last = 0, time.monotonic()

    def __call__(self, tokens: Any, logits: Any) -> Any:
        if tokens.shape[1] > self._width:  # before that there is the prompt alone
            going = ~torch.isin(tokens[:, -1], torch.tensor(self._ends, device=tokens.device))
            self._made += int(going.sum())
        if time.monotonic() - self._last > TELL_EVERY_SECONDS:
            self._tell(self._made)
            self._made, self._last = 0, time.monotonic()
        return logits


def _grouped_attention() -> str:
    """transformers' sdpa attention, without copying each key and value for every query head that shares it.

    transformers copies them whenever there is a mask, as padded batches have. On a CPU that copy is most of a step's
    memory traffic: study plans of the embedded model come 1.5 times as fast without it, word for word the same.
    """

    def attention(
        module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None,
        is_causal: bool | None = None, **_: Any,
    ) -> tuple[Any, None]:  # fmt: skip
        causal = attention_mask is None and query.shape[2] > 1
        mixed = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, scale=scaling, is_causal=causal, enable_gqa=True
        )
        return mixed.transpose(1, 2).contiguous(), None

    AttentionInterface.register("sdpa_grouped", attention)
    AttentionMaskInterface.register("sdpa_grouped", sdpa_mask)
    return "sdpa_grouped"
