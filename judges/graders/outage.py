"""A server that is gone is not waited for a thousand times: after so many failures in a row nothing more is asked.

One rule for a grader and for a model under examination. Knows no request and no server.
"""

GIVE_UP = 20


class Outage:
    def __init__(self, give_up: int = GIVE_UP) -> None:
        self.reason = ""  # why nothing more is asked; empty while the server is asked
        self._give_up = give_up
        self._in_a_row = 0

    def count(self, problem: str, gone: bool) -> None:
        """A reply came, or a `problem` did; `gone` when it may be the server's own: no line, no time, no room."""
        self._in_a_row = self._in_a_row + 1 if gone else 0
        if self._in_a_row >= self._give_up and not self.reason:
            last = f"the last one with: {problem}"
            self.reason = f"not asked: the {self._give_up} requests before failed, {last}"
