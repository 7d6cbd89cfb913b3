"""The one way a user hears of a mistake: what was found, why it is wrong, how to mend it, and where.

The command line prints it on one line and exits with 2. All else that is raised is a bug and keeps its traceback.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 1_000  # characters of a part: what a file names may be a million names long


class Refusal(ValueError):
    """Something that the user can mend.

    >>> raise Refusal("no variant 'tinny'", "did you mean 'tiny'?", where="suites/demo.yaml")
    Traceback (most recent call last):
    proctor.common.refusal.Refusal: no variant 'tinny'; did you mean 'tiny'? (suites/demo.yaml)
    """

    def __init__(self, found: str, why: str = "", remedy: str = "", where: Path | str | None = None) -> None:
        self.found, self.remedy = found, remedy
        parts = [f"{part[:LONGEST]}..." if len(part) > LONGEST else part for part in (found, why, remedy)]
        sentence = "; ".join(filter(None, parts))
        super().__init__(" ".join(f"{sentence}{f' ({where})' if where else ''}".split()))


@contextmanager
def located(where: Path | str | None) -> Iterator[None]:
    """Names the file behind a refusal whose reader had only the content."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(str(refusal), where=where) from refusal
