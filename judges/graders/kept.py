"""Replies that a grader gave, kept in a file as they come, so that no question is paid for twice.

One file for a judge as it is now; a key holds the judge's digest, the grader, the texts and the repeat. What is kept is
the reply, which is read anew each time. Knows no rubric and no grader.
"""

import fcntl
import json
import os
from pathlib import Path

from proctor.judges.graders.grader import Reply


class Kept:
    """Safe against a kill at any moment: a line that was cut off is passed over, and its question asked again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: dict[str, Reply] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    entry = json.loads(line)
                    self._kept[entry["key"]] = Reply(entry["text"], entry["tokens_in"], entry["tokens_out"])
                except (ValueError, KeyError, TypeError):
                    continue

    def get(self, key: str) -> Reply | None:
        return self._kept.get(key)

    def keep(self, key: str, reply: Reply) -> None:
        entry = {"key": key, "text": reply.text, "tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # A kill may have left half a line without its end: a newline first keeps it from swallowing ours.
            file.write("\n" + json.dumps(entry, ensure_ascii=True) + "\n")
        self._kept[key] = reply

    def sync(self) -> None:
        """Onto the disk. A kill loses nothing without it; it is for a power cut, and would hold up every reply."""
        if self.path.exists():
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
