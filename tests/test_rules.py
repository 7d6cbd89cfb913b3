"""The house's own rules: who may import whom, how long a file may be, and that everything named is really there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from proctor.finetune.recipe import Recipe
from proctor.harness.config.suite import Suite
from proctor.harness.config.variant import Variant
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import Pack
from tests.support.command import ROOT
from tests.support.house import ROOMS, tracked

# The arrows: what each room may import of ours, besides itself.
MAY_IMPORT = {
    "common": (),
    "finetune": ("common",),
    "judges": ("common",),
    "tasks": ("common", "judges"),
    "harness": ("common", "finetune", "tasks", "judges"),
    "leaderboard": ("common", "harness.record"),
}
# Inside the harness: each wing imports those before it alone, so that one can be read without those behind it.
WINGS = (
    "record", "engines", "config", "plan", "ask", "measure", "weights", "judging", "imports", "export", "chat",
    "session", "run", "parallel", "doctor", "show",
)  # fmt: skip
CLIMBS = {("config/add.py", "plan")}  # adding a variant says what running it would do
FLOORS = 8  # of modules that stand on each other inside a room
DOOR = ROOT / "leaderboard" / "cli"  # opens every room; nobody imports it

# A statement that imports, in a text, and whether it may be one that no test has: parsing all tests takes seconds.
IMPORT = re.compile(r"(?m)^\s*(?:from|import)\b(?:[^\n(]*\([^)]*\)|[^\n]*)")
SUSPECT = re.compile(rf"(?<![\w.])(?:{'|'.join(ROOMS)})\b|\btest_")

# Longer than the rule allows, each with its reason.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


@cache
def python_files() -> list[Path]:
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in ROOMS]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file: to walk through the house takes a second each time."""
    return tuple(ast.walk(tree_of(path)))


@cache
def imports(path: Path) -> set[str]:
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def arrows_inside(room: str) -> dict[str, set[str]]:
    """Who imports whom inside a room, imports inside functions as well."""
    modules = {module_of(path): path for path in python_files() if path.relative_to(ROOT).parts[0] == room}
    arrows: dict[str, set[str]] = {}
    for module, path in modules.items():
        arrows[module] = set()
        for name in imports(path):
            other = name.removeprefix("proctor.")
            while other not in modules and "." in other:
                other = other.rpartition(".")[0]  # a name in a module, or the module itself
            # `from proctor.judges import pairwise` is an arrow to the module and none to the folder.
            named = not any(longer.startswith(name + ".") for longer in imports(path))
            if other in modules and other != module and (named or modules[other].stem != "__init__"):
                arrows[module].add(other)
    return arrows


def floors_of(arrows: dict[str, set[str]]) -> tuple[int, list[str]]:
    """The longest chain of imports, and the modules that stand in a circle. They are taken off from below."""
    left, floors = dict(arrows), 0
    while bottom := [module for module, others in left.items() if not others & set(left)]:
        for module in bottom:
            del left[module]
        floors += 1
    while top := [module for module in left if not any(module in others for others in left.values())]:
        for module in top:  # these only stand above a circle
            del left[module]
    return floors, sorted(left)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_hold_to_the_rules():
    assert len(python_files()) > 20


def wrong_import(path: Path, name: str) -> str:
    """Why this file may not import this; "" where it may."""
    if name.split(".")[0] in ROOMS:
        return f"say proctor.{name}"
    if not name.startswith("proctor.") or path.is_relative_to(DOOR):
        return ""
    inside, room = name.removeprefix("proctor."), path.relative_to(ROOT).parts[0]
    if inside.startswith("leaderboard.cli"):
        return "that is the door"
    if inside.split(".")[0] == room or "tools" in path.parts:
        return ""
    for wing in MAY_IMPORT[room]:
        if inside == wing or inside.startswith(wing + ".") or wing.startswith(inside + "."):
            return ""
    return f"{room} may import {', '.join(MAY_IMPORT[room]) or 'nothing of ours'}"


def test_rooms_import_only_along_the_arrows():
    for path in python_files():
        for name in imports(path):
            assert not wrong_import(path, name), (
                f"{relative(path)} imports {name}: {wrong_import(path, name)}"
            )


def test_an_import_against_the_arrows_is_seen():
    judge = ROOT / "judges" / "judge.py"
    assert wrong_import(judge, "tasks.draw") == "say proctor.tasks.draw"
    assert wrong_import(judge, "proctor.leaderboard.cli.main") == "that is the door"
    assert wrong_import(judge, "proctor.tasks.draw") == "judges may import common"
    for name in ("json", "proctor.common.files", "proctor.judges.verdict"):
        assert wrong_import(judge, name) == ""


def test_wings_of_the_harness_import_only_those_before_them():
    for name, others in arrows_inside("harness").items():
        parts = name.split(".")
        if len(parts) < 2 or parts[1] == "tools":
            continue
        for other in others - {"harness"}:
            wing, into = parts[1], other.split(".")[1]
            if ("/".join(parts[1:]) + ".py", into) not in CLIMBS:
                assert WINGS.index(into) <= WINGS.index(wing), (
                    f"{name} imports {other}, which stands above it"
                )


def test_tests_import_by_the_packages_name_are_short_and_use_no_other_test():
    """`import harness` works in a checkout too, and would load every module a second time. What two files of tests need
    stands in tests/support.
    """
    for path in tracked("tests/*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, f"{relative(path)} has {text.count(chr(10))} lines"
        if not any(SUSPECT.search(statement) for statement in IMPORT.findall(text)):
            continue
        wrong = [name for name in imports(path) if name.split(".")[0] in ROOMS]
        assert not wrong, f"{relative(path)} imports {wrong}"
        others = [name for name in imports(path) if re.match(r"(tests\..*\b)?test_", name)]
        assert not others, f"{relative(path)} imports {others}"


@pytest.mark.parametrize(
    "text",
    [
        "import os, harness",
        "    from judges.judge import Judge",
        "from tests.tasks import (\n    test_own,\n)",
    ],
)
def test_an_import_that_a_test_may_not_have_is_looked_at_more_closely(text):
    assert any(SUSPECT.search(statement) for statement in IMPORT.findall(text))


def test_every_file_opens_with_what_it_is():
    assert not [relative(path) for path in python_files() if not ast.get_docstring(tree_of(path))]


def test_files_and_functions_are_short_or_say_why():
    for path in python_files():
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 400 or relative(path) in LONG_FILES, f"{relative(path)} has {lines} lines"
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                name = f"{relative(path)}:{node.name}"
                assert length <= 60 or name in LONG_FUNCTIONS, f"{name} has {length} lines"


def test_the_measures_of_a_room_are_taken_right():
    assert floors_of({"a": {"b"}, "b": {"c"}, "c": set(), "d": {"c"}}) == (3, [])
    assert floors_of({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == (1, ["b", "c"])
    arrows = arrows_inside("judges")
    assert "judges.rules.text" in arrows["judges.scoring"]
    assert "judges.graders.inspect" in arrows["judges.panel"]  # an import inside a function


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_few_floors_few_loose_files_and_no_circle(room):
    """`pytest -s` prints the measures. An import inside a function counts as well."""
    arrows = arrows_inside(room)
    floors, circle = floors_of(arrows)
    loose = [path for path in (ROOT / room).glob("*.py") if path.stem != "__init__"]
    measures = f"{room}: {floors} floors, {len(loose)} loose files, {len(arrows)} modules"
    print(measures)
    assert not circle, f"a circle in {room}: {circle}"
    assert len(loose) <= 12, measures
    assert floors <= FLOORS, measures


def test_no_class_name_stands_for_two_things():
    classes: dict[str, list[str]] = {}
    for path in python_files():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(relative(path))
    twice = {name: places for name, places in classes.items() if len(places) > 1}
    assert not twice


def test_no_room_keeps_a_drawer_for_everything():
    assert not [relative(path) for path in python_files() if path.stem in ("utils", "helpers", "misc")]


def test_every_recipe_loads():
    found = list((ROOT / "finetune/recipes").glob("*.yaml"))
    assert found
    for path in found:
        Recipe.load(path)


def test_every_prompt_pack_loads():
    for path in (ROOT / "tasks/prompts").glob("*.yaml"):
        assert Pack.load(path.stem).about


def test_every_variant_loads_and_its_recipe_and_pack_are_there():
    found = list((ROOT / "harness/variants").glob("*.yaml"))
    assert found
    for path in found:
        variant = Variant.load(path)
        Pack.load(variant.prompt)
        if variant.recipe:
            Recipe.load(variant.recipe)


def test_every_suite_loads():
    found = list((ROOT / "harness/suites").glob("*.yaml"))
    assert found
    for path in found:
        assert Suite.load(str(path)).variants


def test_every_task_has_its_folder_wording_and_readme():
    folders = {path.parent.name for path in (ROOT / "tasks").glob("*/README.md")}
    assert folders - {"number"} == set(TASKS)  # tasks/number reads answers and asks nothing
    default = Pack.load("default")
    for name, task in TASKS.items():
        assert default.for_task(name).user
        assert re.fullmatch(r"\d+\.\d+", task.version), f"{name} has version {task.version!r}"


def test_tree_of_the_house_is_what_is_on_disk():
    """Two spaces deeper is one folder deeper; what follows the first word of a line is said about it."""
    text = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")
    tree = re.search(r"<!-- tree -->\n```\n(.*?)```", text, re.S)
    assert tree, "docs/house.md has no tree between '<!-- tree -->' and its closing fence"
    folders: list[str] = []
    named = set()
    for line in filter(str.strip, tree[1].splitlines()):
        depth = (len(line) - len(line.lstrip())) // 2
        entries = [word for word in line.split("   ")[0].split() if word != "·"]
        folders = [*folders[:depth], entries[-1]]
        named |= {"".join([*folders[:depth], entry]).rstrip("/") for entry in entries}
    missing = sorted(name for name in named if not list(ROOT.glob(name)))
    assert not missing, f"in the tree but not on disk: {missing}"
    top = {path.relative_to(ROOT).parts[0] for path in tracked("*")} - {".gitignore", ".ci", "README.md"}
    assert not top - named, f"on disk but not in the tree: {sorted(top - named)}"
    for room in ROOMS:
        modules = {relative(path) for path in (ROOT / room).glob("*.py") if path.stem != "__init__"}
        assert not modules - named, f"on disk but not in the tree: {sorted(modules - named)}"


def test_all_text_goes_to_the_terminal_through_one_writer():
    """A rich console or a print of another kind would let a name or a response command the terminal."""
    for path in python_files():
        if "tools" in path.parts or path.name == "terminal.py":
            continue
        other = {"rich.console.Console", "typer.echo", "typer.secho", "click.echo"} & imports(path)
        writers = {"print", "typer.echo", "typer.secho", "click.echo", "sys.stdout.write"}
        last_words = {name.rpartition(".")[2] for name in writers}
        for node in nodes_of(path):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", getattr(node.func, "id", "")) in last_words
            ):
                other |= {ast.unparse(node.func)} & writers
        assert not other, f"{relative(path)} uses {other}; use proctor.common.terminal"
