"""Where things lie: Proctor's own files, the user's project, and what a name or a relative path in a YAML stands for.

A project is a folder with `proctor.yaml`, or with a folder `suites` or `variants`; it is looked for upwards. Names
(of suites, variants, recipes, prompt packs, judges) are looked up in the project, then among what ships with Proctor.
Relative paths in a YAML start from that file's project. Proctor's own folder is itself a project.

    find("variants", "tiny-q8")     # PROJECT/variants/tiny-q8.yaml, else Proctor's harness/variants/tiny-q8.yaml
    resolve("data/chats.jsonl")     # PROJECT/data/chats.jsonl
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from proctor.common.refusal import Refusal

PACKAGE = Path(__file__).resolve().parent.parent
MARK = "proctor.yaml"
EMBEDDED = "finetune/tiny"  # the model that ships: in every project this path means the same weights


class Kind(NamedTuple):
    """What stands in one folder of a project: its word, where those that ship stand, and how the file of one ends."""

    word: str
    shipped: Path
    ending: str = ".yaml"


KINDS = {
    "suites": Kind("suite", PACKAGE / "harness" / "suites"),
    "variants": Kind("variant", PACKAGE / "harness" / "variants"),
    "tasks": Kind("task", PACKAGE / "tasks"),
    "prompts": Kind("prompt pack", PACKAGE / "tasks" / "prompts"),
    "recipes": Kind("recipe", PACKAGE / "finetune" / "recipes"),
    "judges": Kind("judge", PACKAGE / "judges" / "library", "/judge.yaml"),
}

# A global and no ContextVar: Inspect builds and scores a task in a thread of its own, which would not see a ContextVar
# and would look for the task's judge and prompts in another project.
_inside: Path | None = None


def project() -> Path:
    """The project around the working directory, or the one of the suite that is at work."""
    return _inside or _project_around(Path.cwd())


def project_of(file: Path) -> Path:
    """The project that a file belongs to; where there is none, the file's own folder."""
    return _project_around(file.absolute().parent)


def _project_around(start: Path) -> Path:
    for folder in (start, *start.parents):
        if folder == PACKAGE or (folder / MARK).is_file():
            return folder
        marked = (folder / "suites").is_dir() or (folder / "variants").is_dir()
        if marked and not (folder / "__init__.py").exists():  # a room of Proctor's own
            return folder
    return start


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Meanwhile `project()` is this folder.

    >>> with inside(PACKAGE):
    ...     project() == PACKAGE
    True
    """
    global _inside
    before, _inside = _inside, folder
    try:
        yield
    finally:
        _inside = before


def resolve(path: str) -> Path:
    """What a path in a YAML of the project stands for.

    >>> resolve("finetune/tiny") == PACKAGE / "finetune" / "tiny"
    True
    """
    if is_embedded(path):
        return PACKAGE / EMBEDDED
    return project() / Path(path).expanduser()


def is_embedded(base: str) -> bool:
    """Whether a base, as a YAML has it, is the model that ships with Proctor."""
    return base.rstrip("/") == EMBEDDED


def from_here(path: str) -> str:
    """Turns a path typed in the working directory into the one that a YAML of the project needs: relative to the
    project where it lies inside, else absolute. What does not exist, such as a hub id, stays as it is.

    >>> from_here("small")      # typed in PROJECT/models  # doctest: +SKIP
    'models/small'
    """
    absolute = Path(os.path.normpath(Path(path).expanduser().absolute()))  # without `..`, and links stay
    if not absolute.exists():
        return path
    if absolute.is_relative_to(project()):
        return str(absolute.relative_to(project()))
    return str(absolute)


def names(kind: str) -> list[str]:
    """All names of a kind: the project's and those that ship."""
    every, ending = set(), KINDS[kind].ending
    for folder in _folders(kind):
        for file in folder.glob(f"*{ending}"):
            every.add(file.relative_to(folder).as_posix().removesuffix(ending))
    return sorted(every)


def find(kind: str, name: str, where: Path | str | None = None) -> Path:
    """The file that a name stands for: the project's own, else the one that ships. Raises a Refusal where there is
    none, with the nearest name; it points to `where`, the file that the name stands in.

    >>> find("recipes", "tiny-lora").name
    'tiny-lora.yaml'
    """
    from proctor.common.schema import check_name, nearest  # the command line opens faster without them

    word, file = KINDS[kind].word, name + KINDS[kind].ending
    check_name(name, word, where)
    for folder in _folders(kind):
        path = folder / file
        if path.is_file():
            return path
    remedy = f"add one as {project() / kind / file}"
    raise Refusal(f"no {word} {name!r}", nearest(name, names(kind)), remedy, where)


def _folders(kind: str) -> tuple[Path, Path]:
    return project() / kind, KINDS[kind].shipped
