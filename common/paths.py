"""Where things lie: Proctor's own files, the user's project, and what a name or a relative path in a YAML stands for.

A project is a folder with `proctor.yaml`, or with a folder `suites` or `variants`; it is looked for upwards. Names
(of suites, variants, recipes, prompt packs, judges) are looked up in the project, then among what ships with Proctor.
Relative paths in a YAML start from that file's project. Proctor's own folder is itself a project.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from proctor.common.refusal import Refusal

PACKAGE = Path(__file__).resolve().parent.parent
MARK = "proctor.yaml"
EMBEDDED = (
    "finetune/tiny"  # the model that ships with Proctor: in every project this path means the same weights
)


class Kind(NamedTuple):
    """What stands in one folder of a project: its word, where those that ship stand, and the file of one of them."""

    word: str
    shipped: Path
    file: str = "{}.yaml"


KINDS = {
    "suites": Kind("suite", PACKAGE / "harness" / "suites"),
    "variants": Kind("variant", PACKAGE / "harness" / "variants"),
    "tasks": Kind("task", PACKAGE / "tasks"),
    "prompts": Kind("prompt pack", PACKAGE / "tasks" / "prompts"),
    "recipes": Kind("recipe", PACKAGE / "finetune" / "recipes"),
    "judges": Kind("judge", PACKAGE / "judges" / "library", "{}/judge.yaml"),
}

_inside: Path | None = None


def project() -> Path:
    """The project around the working directory, or the one of the suite that is at work."""
    return _inside or project_of(Path.cwd() / MARK)


def project_of(file: Path) -> Path:
    """The project that a file belongs to; where there is none, the file's own folder."""
    for folder in file.absolute().parents:
        if folder == PACKAGE or (folder / MARK).is_file():
            return folder
        marked = (folder / "suites").is_dir() or (folder / "variants").is_dir()
        if marked and not (folder / "__init__.py").exists():  # a room of Proctor's own
            return folder
    return file.absolute().parent


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
    if path.rstrip("/") == EMBEDDED:
        return PACKAGE / EMBEDDED
    return project() / Path(path).expanduser()


def from_here(path: str) -> str:
    """A path as it was typed in the working directory, as a YAML of the project has it; a hub id stays what it is."""
    here = Path(os.path.normpath(Path(path).expanduser().absolute()))  # without `..`, and links stay
    if not here.exists():
        return path
    if here.is_relative_to(project()):
        here = here.relative_to(project())
    return str(here)


def names(kind: str) -> list[str]:
    """All names of a kind: the project's and those that ship."""
    return sorted({_name(path, kind) for folder in _folders(kind) for path in folder.glob(_file(kind, "*"))})


def find(kind: str, name: str, where: Path | str | None = None) -> Path:
    """The file that a name stands for: the project's own, else the one that ships.

    >>> find("recipes", "tiny-lora").name
    'tiny-lora.yaml'
    """
    from proctor.common.schema import check_name, nearest  # the command line opens faster without them

    what = KINDS[kind].word
    check_name(name, what, where)
    for folder in _folders(kind):
        path = folder / _file(kind, name)
        if path.is_file():
            return path
    raise Refusal(
        f"no {what} {name!r}",
        nearest(name, names(kind)),
        f"add one as {project() / kind / _file(kind, name)}",
        where,
    )


def _folders(kind: str) -> tuple[Path, Path]:
    return project() / kind, KINDS[kind].shipped


def _file(kind: str, name: str) -> str:
    return KINDS[kind].file.format(name)


def _name(path: Path, kind: str) -> str:
    return path.parent.name if kind == "judges" else path.stem
