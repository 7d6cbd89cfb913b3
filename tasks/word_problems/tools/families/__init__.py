"""All template families of the word problems, in a fixed order: what is drawn depends on it.

The YAML files beside this one hold them: `scenes.yaml` what they play with, `chains.yaml` the moves that are put
together in threes, each other file families of a kind. Numbers are listed, or stand as '5-45' or '5-45 by 5'.
"""

from pathlib import Path
from typing import Any

from proctor.common.schema import load_yaml
from proctor.tasks.word_problems.tools.family import ProblemFamily, Scene, each_with_each, numbers_in

FOLDER = Path(__file__).parent
FILES = ("money", "rates", "fractions", "percent", "compare", "clock", "shapes", "shares")
_SCENES: dict[str, list[Scene]] = load_yaml(FOLDER / "scenes.yaml")


def _family(entry: dict[str, Any]) -> ProblemFamily:
    """Scenes are named, or stand in the family itself; those of a second name go with each of the first."""
    scenes: list[Scene] = [{}]
    for name in entry.get("scenes", ()):
        if isinstance(name, str):
            scenes = each_with_each(scenes, _SCENES[name])
        else:
            scenes = entry["scenes"]
    numbers = {name: numbers_in(wanted) for name, wanted in entry["numbers"].items()}
    return ProblemFamily(**{**entry, "numbers": numbers, "scenes": scenes})


def _chain(moves: dict[str, Any], name: str, split: str) -> ProblemFamily:
    """The three moves of `name` as one family. Its kind is that of its rarest move, the plainest one last."""
    first, second, third = name.split("-")
    opening, middle, end = moves["openings"][first], moves["middles"][second], moves["ends"][third]
    scenes = ["collections"]
    if second == "part":
        scenes.append("one_part")
    text = [opening["text"], middle["text"], end["text"]]
    if first in ("times", "more"):  # two people stand in the first sentence: a pronoun could mean either
        text[1] = [wording.replace("{They}", "{who}") for wording in text[1]]
    kinds = [move["kind"] for move in (middle, opening, end) if "kind" in move]
    entry: dict[str, Any] = {"id": name, "kind": [*kinds, "multi-step"][0], "split": split, "scenes": scenes}
    entry |= {"text": text, "between": (2, 1500), "numbers": {}, "steps": []}
    for move in (opening, middle, end):
        entry["numbers"] |= move.get("numbers", {})
        entry["steps"] += move.get("steps", [])
    return _family(entry)


def _families() -> list[ProblemFamily]:
    moves = load_yaml(FOLDER / "chains.yaml")
    families = []
    for split in ("train", "test"):
        families += [_chain(moves, name, split) for name in moves[split].split()]
    for file in FILES:
        for entry in load_yaml(FOLDER / f"{file}.yaml"):
            families.append(_family(entry | {"text": [entry["text"]]}))
    return families


FAMILIES = tuple(_families())
