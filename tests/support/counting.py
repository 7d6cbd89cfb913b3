"""An engine that remembers its batches, and requests for it."""

from pathlib import Path

from proctor.harness.engines.echo import EchoEngine
from proctor.harness.engines.protocol import Options, Request

OPTIONS = Options(max_tokens=8)


class Counting(EchoEngine):
    """Echo that remembers which batches it was asked, and fails whole batches that hold a poisoned prompt."""

    batch_size = 4

    def __init__(self, answers: Path) -> None:
        super().__init__(answers)
        self.batches: list[list[str]] = []

    def answer(self, requests):
        self.batches.append([request.prompt for request in requests])
        if any("poison" in request.prompt for request in requests):
            raise RuntimeError("out of memory")
        return super().answer(requests)


def requests(n, extra=()):
    return [Request("word " * i + "q", OPTIONS) for i in range(n)] + [
        Request(text, OPTIONS) for text in extra
    ]


def quiet(done, tokens):
    pass
