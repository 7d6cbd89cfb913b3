"""The one way a user hears of a mistake: what was found, why it is wrong, how to mend it, and where.

The command line prints it on one line and exits with 2. Knows nothing of what is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """Something the user can mend. Anything else that is raised is our own fault and keeps its traceback."""

    def __init__(self, found: str, why: str = "", remedy: str = "", where: Path | str | None = None) -> None:
        sentence = "; ".join(part for part in (found, why, remedy) if part)
        super().__init__(" ".join(f"{sentence}{f' ({where})' if where else ''}".split()))


@contextmanager
def refusals(where: Path | str | None = None) -> Iterator[None]:
    """Rooms that may not import the harness refuse with a plain ValueError: at their door it becomes a UserError."""
    try:
        yield
    except (ValueError, FileNotFoundError) as refused:
        if type(refused) not in (ValueError, FileNotFoundError):
            raise  # a UnicodeDecodeError or a JSONDecodeError that nobody put into words is a bug, not a refusal
        raise UserError(str(refused), where=where) from refused
