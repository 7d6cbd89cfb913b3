"""The `echo` engine answers from a file: it is the fake that tests use instead of mocks.

Rows of the file: `{"question": text of the item, "response": text}`; `"error"` instead of `"response"` makes the
request fail, and `{"delay": seconds}` as a row of its own makes every batch take that long.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from lm_eval.api.model import LM

from proctor.common.json_lines import read_json_lines
from proctor.common.refusal import Refusal
from proctor.harness.engines.protocol import Chat, Engine, Request, Response


class EchoEngine(Engine, LM):  # type: ignore[misc]
    batch_size = 16

    def __init__(self, answers: Path) -> None:
        super().__init__()
        self._delay = 0.0
        self._rows: dict[str, dict[str, str]] = {}
        for number, row in read_json_lines(answers, '{"question": ..., "response": ...}'):
            if "delay" in row:
                self._delay = float(row["delay"])
            elif "question" in row:
                self._rows[row["question"]] = row
            else:
                raise Refusal(f"line {number} has no question", where=answers)

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        time.sleep(self._delay)
        return [self._response(request.prompt) for request in requests]

    def _response(self, prompt: str) -> Response:
        """By the row whose question stands last in the prompt: shots stand before it."""
        last = (-1, "")
        for question in self._rows:
            last = max(last, (prompt.rfind(question), question))
        row = {"error": "the file of answers has none for this prompt"}
        if last[0] >= 0:
            row = self._rows[last[1]]
        text = row.get("response", "")
        return Response(text, len(prompt.split()), len(text.split()), error=row.get("error", ""))

    def apply_chat_template(self, chat_history: Chat, add_generation_prompt: bool = True) -> str:
        return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in chat_history)

    def prompt_length(self, prompt: str) -> int:
        return len(prompt.split())
