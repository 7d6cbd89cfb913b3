"""What the rows mean: intervals, paired tests, tables and the board. Reads results through harness.record alone."""


def counted(n: int, word: str) -> str:
    """`1 item`, `2 items`."""
    return f"1 {word}" if n == 1 else f"{n:,} {word}s"
