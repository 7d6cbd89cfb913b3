"""What the page says in English and in Traditional Chinese, from words.yaml.

words("en")["stop"]    # 'Stop'
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from proctor.common.schema import load_yaml

Words = Mapping[str, str]
LANGUAGES = ("en", "zh-Hant")


def words(language: str) -> Words:
    return {name: text for name, text in _every()[language].items() if isinstance(text, str)}


def days(language: str) -> dict[str, str]:
    """The names of the days, by their English ones."""
    named = _every()[language]["days"]
    assert isinstance(named, dict)
    return dict(named)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells of HTML as a table of the page."""
    html = "".join(f"<th scope='col'>{head}</th>" for head in heads)
    for row in rows:
        html += "</tr><tr>" + "".join(f"<td>{cell}</td>" for cell in row)
    return f"<table><tr>{html}</tr></table>"


@cache
def _every() -> dict[str, dict[str, "str | dict[str, str]"]]:
    every: dict[str, dict[str, str | dict[str, str]]] = load_yaml(Path(__file__).with_name("words.yaml"))
    return every
