"""Engines: loaded weights that answer prompts. `open_engine` is the only index; adding one is a case.

Every engine is an `Engine` (protocol.py) and an lm-eval `LM`. Engines know prompts and weights; they must not know
tasks, scores or rows.
"""

from importlib import import_module
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.harness.engines.protocol import Engine, Weights


def open_engine(name: str, weights: Weights) -> Engine:
    """One case an engine; its library is imported when it is opened."""
    match name:
        case "hf":
            from proctor.harness.engines.hf import HFEngine

            return HFEngine.open(weights)
        case "vllm":
            from proctor.harness.engines.vllm import VLLMEngine

            return VLLMEngine.open(weights)
        case "llamacpp":
            from proctor.harness.engines.llamacpp import LlamaCppEngine

            return LlamaCppEngine(Path(weights.source))
        case "openai":
            from proctor.harness.engines.endpoint import EndpointEngine

            return EndpointEngine(weights)
        case "echo":
            from proctor.harness.engines.echo import EchoEngine

            return EchoEngine(Path(weights.source))
    raise Refusal(f"no engine {name!r}", "there are hf, vllm, llamacpp, openai and echo")


OWN_PROCESSES = ("vllm",)  # engines that work in processes of their own


def load_libraries(name: str) -> None:
    """What an engine imports, so that whoever measures its memory from now on measures the weights alone."""
    if name in ("hf", "llamacpp"):
        import_module(f"proctor.harness.engines.{name}")


def refuse_unusable(name: str, variant: str) -> None:
    """Says what is missing before any weights are built, where that can be known without loading them."""
    if name == "vllm":
        import torch

        if not torch.cuda.is_available():
            raise Refusal(
                f"engine {name!r} of variant {variant} needs a GPU", "torch sees none on this machine",
                "use engine hf or llamacpp here, or run the suite where a GPU is",
            )  # fmt: skip
