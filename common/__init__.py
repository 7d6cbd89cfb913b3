"""The ground floor: what every room may use. Imports no room."""


def counted(n: int, word: str) -> str:
    """`1 item`, `2 items`."""
    return f"1 {word}" if n == 1 else f"{n:,} {word}s"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `1.7 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
