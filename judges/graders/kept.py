"""Replies that a grader gave, kept in a file as they come, so that no question is paid for twice.

One file for a judge as it is now; a key holds the judge's digest, the grader, the texts and the repeat. What is kept is
the reply, which is read anew each time. Knows no rubric and no grader.
"""

from contextlib import suppress
from pathlib import Path

from proctor.common.files import LineFile
from proctor.judges.graders.grader import Reply


class Kept:
    """Safe against a kill at any moment: a line that was cut off is passed over, and its question asked again."""

    def __init__(self, path: Path) -> None:
        self._lines = LineFile(path)
        self._kept: dict[str, Reply] = {}
        for _, entry in self._lines:
            with suppress(KeyError, TypeError):
                self._kept[entry["key"]] = Reply(entry["text"], entry["tokens_in"], entry["tokens_out"])

    def get(self, key: str) -> Reply | None:
        return self._kept.get(key)

    def keep(self, key: str, reply: Reply) -> None:
        entry = {"key": key, "text": reply.text, "tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out}
        self._lines.add([entry], durable=False)
        self._kept[key] = reply

    def sync(self) -> None:
        """Onto the disk. A kill loses nothing without it; it is for a power cut, and would hold up every reply."""
        self._lines.sync()
