"""The ground floor: what every room may use. Imports no room."""


def counted(n: int, word: str) -> str:
    """`1 item`, `2 items`."""
    return f"1 {word}" if n == 1 else f"{n:,} {word}s"
