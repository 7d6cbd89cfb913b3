"""A judge: a folder with judge.yaml and rubric.yaml, loaded and checked before it marks anything.

Changing or adding a judge is changing or adding files. Knows the folder's format; must not know exams or
models.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from judges import checklist
from judges.rubric import Rubric
from judges.verdict import Verdict

FOLDER = Path(__file__).parent
# A digest covers the files and this number, which is raised when the rules in checklist.py mark otherwise
# than before.
RULES = 1

_Model = TypeVar("_Model", bound=BaseModel)


class Scale(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    lowest: int
    highest: int

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError(
                f"the lowest mark is {self.lowest} and the highest {self.highest}; the scale must rise"
            )
        return self

    @property
    def levels(self) -> range:
        return range(self.lowest, self.highest + 1)


class _Card(BaseModel):
    """judge.yaml as it stands in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["checklist"]
    about: str
    scale: Scale
    dimensions: tuple[str, ...]


class Judge(_Card):
    """A judge that is ready to mark: its card and its rubric, which agree with each other."""

    rubric: Rubric

    @classmethod
    def load(cls, name: str) -> "Judge":
        """A judge by the name of its folder under judges/."""
        return load(FOLDER / name)

    @property
    def digest(self) -> str:
        """Changes when, and only when, the marks can change."""
        said = {"rules": RULES, **self.model_dump(mode="json", exclude={"name", "about"})}
        # A word list is a set; its order must not depend on the run.
        said["rubric"]["words"] = {key: sorted(words) for key, words in said["rubric"]["words"].items()}
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def mark(self, text: str, facts: Mapping[str, Any]) -> Verdict:
        """Marks one plan for one pupil; what `facts` may hold is said in judges/checklist.py."""
        return checklist.mark(self.name, self.rubric, self.scale.lowest, self.scale.highest, text, facts)


@cache
def load(folder: Path) -> Judge:
    """The judge in a folder, checked."""
    if not (folder / "judge.yaml").is_file():
        names = sorted(path.parent.name for path in folder.parent.glob("*/judge.yaml"))
        near = difflib.get_close_matches(folder.name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names) or 'none'}"
        raise ValueError(f"no judge called {folder.name!r}; {hint} (add one as {folder / 'judge.yaml'})")
    card = _read(folder / "judge.yaml", _Card)
    path = folder / "rubric.yaml"
    rubric = _read(path, Rubric)
    if card.name != folder.name:
        raise ValueError(
            f"the judge is called {card.name!r}; its folder is {folder.name!r}; "
            f"rename one ({folder / 'judge.yaml'})"
        )
    _agree(card, rubric, path)
    if (folder / "prompt.txt").exists():
        raise ValueError(
            f"a checklist asks no model, so nobody would read prompt.txt; remove it ({folder / 'prompt.txt'})"
        )
    return Judge(**{name: getattr(card, name) for name in _Card.model_fields}, rubric=rubric)


def _agree(card: _Card, rubric: Rubric, path: Path) -> None:
    """The card and the rubric name the same dimensions, every level has its anchor, every item its rule."""
    if set(card.dimensions) != set(rubric.dimensions):
        odd = sorted(set(card.dimensions) ^ set(rubric.dimensions))[0]
        raise ValueError(
            f"dimension {odd!r} stands in only one of judge.yaml and rubric.yaml; "
            f"add it to the other ({path})"
        )
    for name, dimension in rubric.dimensions.items():
        if set(dimension.anchors) != set(card.scale.levels):
            odd_level = sorted(set(dimension.anchors) ^ set(card.scale.levels))[0]
            raise ValueError(
                f"dimension {name!r}: level {odd_level} has no anchor or is not on the scale; "
                f"write one sentence for each of {card.scale.lowest} to {card.scale.highest} ({path})"
            )
        if blank := [level for level, anchor in dimension.anchors.items() if not anchor.strip()]:
            raise ValueError(
                f"dimension {name!r}: the anchor of level {blank[0]} is empty; write a sentence ({path})"
            )
        known = checklist.ITEMS.get(name)
        if known is None:
            raise ValueError(
                f"dimension {name!r}: there are no rules for it; "
                f"a checklist can mark {', '.join(checklist.ITEMS)} ({path})"
            )
        if unknown := sorted(set(dimension.items) - known):
            raise ValueError(
                f"dimension {name!r}: no rule measures {unknown[0]!r}; "
                f"there are {', '.join(sorted(known))} ({path})"
            )
        if not dimension.items:
            raise ValueError(f"dimension {name!r} has no items, so it has no mark; give it some ({path})")


def _read(path: Path, model: type[_Model]) -> _Model:
    if not path.is_file():
        raise ValueError(f"a judge needs {path.name}; there is none; write it ({path})")
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as refused:
        first = refused.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where + ': ' if where else ''}{first['msg']} ({path})") from None
    except yaml.YAMLError as broken:
        raise ValueError(f"not readable as YAML: {' '.join(str(broken).split())} ({path})") from None
