"""The file that responses are kept in as soon as they are there."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from proctor.common.files import LineFile
from proctor.harness.engines.protocol import Request, Response


class Journal:
    """The responses of one set of weights, whoever asked for them, in one file: a line each, added and never changed.

    An engine's batches are planned together, and a response counts for everybody when all batches of its plan are done.
    Until then it counts for the same plan alone, so that a run that was killed goes on with the same batches. In memory
    is only where each line begins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked = 0  # responses that were kept since this was opened
        self._done: dict[str, int] = {}  # key of a request: where its response stands in the file
        self._begun: dict[str, dict[str, int]] = {}  # the same for each plan that was not finished
        self._lines = LineFile(path)
        for start, entry in self._lines:
            with suppress(KeyError, TypeError):
                self._note(entry, start)

    def get(self, request: Request, plan: str = "") -> Response | None:
        """The response that is kept for a request; with a `plan`, what that plan has of it so far."""
        kept = self._begun.get(plan, {}) if plan else self._done
        start = kept.get(request.key)
        if start is None:
            return None
        entry = self._lines.at(start)
        return Response(**{name: entry[name] for name in Response.__dataclass_fields__ if name in entry})

    def keep(self, batch: Sequence[Request], responses: Sequence[Response], plan: str = "") -> None:
        """Failed requests are not kept: the next run asks them again."""
        entries = [
            {"key": request.key, "plan": plan, **vars(response)}
            for request, response in zip(batch, responses, strict=True)
            if not response.error
        ]
        self.asked += len(entries)
        self._add(entries)

    def finish(self, plan: str) -> None:
        """All batches of a plan are done."""
        self._add([{"finished": plan}])

    def _note(self, entry: Mapping[str, Any], start: int) -> None:
        if "finished" in entry:
            self._done |= self._begun.pop(entry["finished"], {})
        elif plan := entry.get("plan"):
            self._begun.setdefault(plan, {})[entry["key"]] = start
        else:
            self._done[entry["key"]] = start

    def _add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        for entry, start in zip(entries, self._lines.add(entries), strict=True):
            self._note(entry, start)
