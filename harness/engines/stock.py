"""Any other backend of lm-eval, by its own name, on plain weights.

What such a backend does not say stays unknown: tokens are counted with its tokenizer where it has one, and a response
counts as cut off when it has as many tokens as it was allowed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.finetune.checks import same_day
from proctor.finetune.load import best_device
from proctor.harness.engines.protocol import Chat, Response, Weights


def refuse_server(name: str) -> None:
    """lm-eval's backends for servers turn a failed request into an empty response."""
    import lm_eval.models  # noqa: F401  (fills lm-eval's registry)
    from lm_eval.api.registry import get_model
    from lm_eval.models.api_models import TemplateAPI

    try:
        backend = get_model(name)
    except ImportError as absent:
        raise Refusal(f"lm-eval's backend {name!r} needs a package", str(absent), "install it") from None
    if issubclass(backend, TemplateAPI):
        raise Refusal(
            f"engine {name!r} asks a server", "only backends that load weights are used by lm-eval's names",
            "use engine: openai, with endpoint: URL",
        )  # fmt: skip


class StockEngine:
    batch_size = 64
    responses: Sequence[Response] = ()
    logprobs = False

    def __init__(self, name: str, weights: Weights) -> None:
        import lm_eval.models  # noqa: F401  (fills lm-eval's registry)
        from lm_eval.api.registry import get_model

        # As lm-eval's own runs pass them.
        settings = {"batch_size": 16, "max_batch_size": None, "device": best_device()}
        try:
            self._lm = get_model(name).create_from_arg_obj({"pretrained": weights.source}, settings)
        except ImportError as absent:
            raise Refusal(f"lm-eval's backend {name!r} needs a package", str(absent), "install it") from None
        except (OSError, ValueError) as refused:
            raise Refusal(f"lm-eval's backend {name!r} cannot open {weights.source}", str(refused)) from None
        # Asked beforehand: a backend would cut a prompt that is too long, from the left, and say nothing.
        length = getattr(self._lm, "max_length", None)
        self.context_length: int | None = length if isinstance(length, int) else None
        # Where the backend has a place for it, chats are on the same day as in the other engines.
        arguments = getattr(self._lm, "chat_template_args", None)
        if isinstance(arguments, dict):
            arguments["strftime_now"] = same_day

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        texts: list[str] = self._lm.generate_until(requests, disable_tqdm=disable_tqdm)
        self.responses = [self._response(*pair) for pair in zip(requests, texts, strict=True)]
        return texts

    def _response(self, request: Any, text: str) -> Response:
        made = self._tokens(text)
        limit = request.args[1]["max_gen_toks"]
        return Response(text, self._tokens(request.args[0]), made, made is not None and made >= limit)

    def _tokens(self, text: str) -> int | None:
        encode = getattr(self._lm, "tok_encode", None)
        tokens = encode(text) if encode else None
        return len(tokens) if isinstance(tokens, list) else None

    def apply_chat_template(self, chat_history: Chat, add_generation_prompt: bool = True) -> str:
        rendered: str = self._lm.apply_chat_template(chat_history, add_generation_prompt)
        return rendered

    def prompt_length(self, prompt: str) -> int:
        return self._tokens(prompt) or len(prompt)

    def use(self, adapter: Path | None) -> None:
        if adapter is not None:
            raise Refusal("this backend takes no adapter", remedy="merge it into the weights: 'merge: true'")

    def reseed(self, seed: int) -> None:
        import torch

        torch.manual_seed(seed)

    def close(self) -> None:
        del self._lm
