"""What the page says in English and in Traditional Chinese, from words.yaml.

    words("en")["stop"]                                                             # 'Stop'
    sentence("All {weeks} weeks are there.", {"weeks": 4}, words("zh-Hant"))        # '4 週都有。'

Sentences are written in English where they arise; words.yaml has them in Chinese under the English ones.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml
from proctor.tasks.study_plan.checks import Names

Words = Mapping[str, str]
LANGUAGES = ("en", "zh-Hant")


def words(language: str) -> Words:
    """The names of the page's parts and of the days; in Chinese also its sentences by the English ones."""
    every = _every()[language]
    return {name: text for part in every.values() for name, text in part.items()}


def days(language: str) -> dict[str, str]:
    """The names of the days, by their English ones."""
    return dict(_every()[language]["days"])


class PageRefusal(Refusal):
    """A refusal that the page says in its own language."""

    def __init__(self, text: str, **values: object) -> None:
        self.text, self.values = text, values
        super().__init__(text.format(**values))


def sentence(text: str, values: Mapping[str, object], words: Words) -> str:
    """An English text in the page's language, with its values, of which names may be translated too."""
    filled = dict(values)
    for name, value in values.items():
        if isinstance(value, Names):
            filled[name] = Names(words.get(each, each) for each in value)
    return words.get(text, text).format(**filled)


@cache
def _every() -> dict[str, dict[str, dict[str, str]]]:
    every: dict[str, dict[str, dict[str, str]]] = load_yaml(Path(__file__).with_name("words.yaml"))
    return every
