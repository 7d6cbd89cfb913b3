"""Where lm-eval's tasks come from: their YAML files, those of the user's own folder, and their data.

tasks, groups = loaded("arc_easy")
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from proctor.common.paths import MARK, project, resolve
from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen, load_yaml, nearest, read_yaml
from proctor.tasks.stock import cannot_be_loaded

PREFIX = "lm_eval:"
_DEFINED = re.compile(
    rb"^[\"']?(?:task|group)[\"']?:[ \t]*[\"']?([^\s\"'\[#]+)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE
)
Loaded = tuple[dict[str, Any], dict[str, Any]]  # tasks and groups by their names
_LOADED: dict[tuple[Path, str], Loaded] = {}


def loaded(called: str) -> Loaded:
    """The tasks and the groups that a name stands for, with their data. What came with a group is kept for its name."""
    at = project()
    if (at, called) not in _LOADED:
        _LOADED[at, called] = _load(called)
        for name, task in _LOADED[at, called][0].items():
            _LOADED.setdefault((at, name), ({name: task}, {}))
    return _LOADED[at, called]


def _load(called: str) -> Loaded:
    import datasets
    from lm_eval.api.registry import AGGREGATION_REGISTRY  # noqa: F401  (fills lm-eval's registries)

    datasets.disable_progress_bars()
    compile_templates_once()
    manager = _manager(project(), tuple(included()))
    if not _has_all(manager, [called]):
        manager = _whole_manager(project(), tuple(included()))
    if manager._entry(called) is None:
        raise Refusal(f"lm-eval has no task {called!r}", nearest(called, manager.all_tasks))
    errors = _Errors()
    try:
        with errors.instead_of_the_terminal():
            made = manager.load(called)
    except Exception as failed:  # lm-eval, the hub's client, and packages that a task wants raise all kinds
        remedy = "mend its YAML or its data"
        if isinstance(failed, ImportError | OSError) and not isinstance(failed, FileNotFoundError):
            remedy = (
                "its data is fetched once where there is a network, and its packages have to be installed"
            )
        _refuse_absent_metric(called, errors)
        raise cannot_be_loaded(PREFIX + called, failed, remedy) from None
    _refuse_absent_metric(called, errors)
    return dict(made["tasks"]), dict(made.get("groups", {}))


def _refuse_absent_metric(called: str, errors: "_Errors") -> None:
    """lm-eval only logs that there is no such metric, and goes on or trips over it."""
    for line in errors.lines:
        if "not found in the evaluate library" in line:
            why = f"no metric is called {line.split()[0]!r}"
            raise Refusal(f"{PREFIX}{called} cannot be loaded", why, "mend its YAML")


class _Errors(logging.Handler):
    """What lm-eval logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    @contextmanager
    def instead_of_the_terminal(self) -> Iterator[None]:
        logger = logging.getLogger("lm_eval")
        logger.setLevel(logging.ERROR)
        logger.addHandler(self)
        logger.propagate = False
        try:
            yield
        finally:
            logger.propagate = True
            logger.removeHandler(self)


class ProjectFile(Frozen):
    """`proctor.yaml`, which marks a project."""

    include_path: str | list[str] = Field(
        default=[], description="folders of lm-eval's task files of your own"
    )


def included() -> list[Path]:
    """Folders of lm-eval's task files of the user's own."""
    mark = project() / MARK
    if not mark.is_file() or load_yaml(mark) is None:  # it may hold nothing but comments
        return []
    paths = read_yaml(mark, ProjectFile).include_path
    if isinstance(paths, str):
        paths = [paths]
    folders = [resolve(path) for path in paths]
    for folder in folders:
        if not folder.is_dir():
            raise Refusal("include_path names no folder", where=folder)
    return folders


@cache
def _manager(_project: Path, included: tuple[Path, ...]) -> Any:
    """Finds tasks and groups by the lines that name them: reading all 14,000 files takes lm-eval half a minute."""
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=list(included), include_defaults=False)
    manager._index = _Files(manager._index)
    return manager


@cache
def _whole_manager(_project: Path, included: tuple[Path, ...]) -> Any:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=list(included))


def _has_all(manager: Any, names: Sequence[Any]) -> bool:
    """Whether the quick index has these, and all that groups among them name: it has no tags, which stand in no file of
    their own, and lm-eval would take the name of one for a new task.
    """
    for each in names:
        if isinstance(each, dict):  # a group, or a task with other settings, written where it is named
            inner = (
                each["task"] if isinstance(each.get("task"), list) else [each.get("task", each.get("group"))]
            )
            if not _has_all(manager, inner):
                return False
            continue
        entry = manager._entry(each)
        if entry is None:
            return False
        members = (entry.cfg or {}).get("task")
        if isinstance(members, list) and not _has_all(manager, members):
            return False
    return True


class _Files(dict[str, Any]):
    """lm-eval's index of tasks, filled where a name is looked up."""

    def __missing__(self, name: str) -> Any:
        from lm_eval.tasks._index import TaskIndex
        from lm_eval.tasks._yaml_loader import load_yaml as load_task_file

        path = _defined().get(name)
        if path is None:
            raise KeyError(name)
        made: dict[str, Any] = {}
        TaskIndex.process_cfg(load_task_file(path, resolve_func=False, recursive=True), path, made)
        self[name] = made[name]
        return made[name]

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in _defined()


@cache
def _defined() -> dict[str, Path]:
    import lm_eval.tasks

    files: dict[str, Path] = {}
    for path in sorted(Path(lm_eval.tasks.__file__).parent.glob("**/*.yaml")):
        for match in _DEFINED.finditer(path.read_bytes()):
            files.setdefault(match[1].decode(errors="replace"), path)
    return files


@cache
def compile_templates_once() -> None:
    """lm-eval compiles a template anew for every item it fills in: four seconds of a GSM8K cell."""
    from lm_eval.utils import env

    env.from_string = cache(env.from_string)
