"""Every kind of YAML file, with every kind of mistake in it: one line, in our own words, that names the file."""

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from pydantic import Field

from proctor.common.digest import digest
from proctor.common.paths import PACKAGE
from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen, parse_yaml, read_yaml
from proctor.finetune.recipe import Recipe
from proctor.harness.config.suite import Suite
from proctor.harness.config.variant import Variant
from proctor.harness.plan.grading import spec_from
from proctor.judges.judge import load
from proctor.judges.people.refine import read_decisions
from proctor.tasks.prompt_pack import Pack
from tests.support.command import ROOT

OURS = (
    "Input should",
    "validation error",
    "pydantic",
    "Extra inputs",
    "Field required",
    "Value error",
    "type=",
)
WRONG: list[Any] = [
    "four", 7, 0.5, -3, 10**30, float("nan"), True, None, [], [1, "x"], [[1]], [{"x": 1}], {}, {"x": 1},
    {"x": {"y": [1]}}, "", "x" * 500,
]  # fmt: skip


class Kind(NamedTuple):
    """A kind of YAML file: a right one, and how it is read."""

    content: Callable[[], Any]
    file: str
    read: Callable[[Path], object]
    beside: Path | None = None


def of(path: str) -> Callable[[], Any]:
    return lambda: yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def suite() -> dict[str, Any]:
    asked = {"variants": ["plain"], "tasks": ["concepts"], "baseline": "plain", "limit": {"concepts": 5}}
    return asked | {"about": "One.", "judge": "study_plan", "grader": grader(), "margin": {"concepts": 0.1}}


def rubric() -> dict[str, Any]:
    whole: dict[str, Any] = of("judges/library/checklist/rubric.yaml")()
    return whole | {"words": {"tasks": "solve draw", "small": "the a"}}


def grader() -> dict[str, Any]:
    return {
        "model": "m",
        "endpoint": "http://x/v1",
        "price": {"input": 1, "output": 2},
        "extra": {"top_k": 1},
    }


def suggestions() -> list[dict[str, Any]]:
    about = {"about": "Kind words.", "anchors": {1: "none", 2: "all"}}
    return [{"decision": "keep", "action": "add", "dimension": "kind", "why": "so", **about}]


KINDS = {
    "variant": Kind(
        lambda: {"base": "x/y", "recipe": "tiny-lora", "sampling": {"temperature": 0.5, "epochs": 2}},
        "mine.yaml",
        Variant.load,
    ),
    "suite": Kind(suite, "suites/mine.yaml", lambda path: Suite.load(str(path))),
    "recipe": Kind(of("finetune/recipes/tiny-lora.yaml"), "mine.yaml", Recipe.load),
    "prompt pack": Kind(of("tasks/prompts/default.yaml"), "mine.yaml", lambda path: read_yaml(path, Pack)),
    "judge": Kind(
        of("judges/library/study_plan/judge.yaml"),
        "judge.yaml",
        lambda path: load(path.parent),
        PACKAGE / "judges" / "library" / "study_plan",
    ),
    "rubric": Kind(
        rubric,
        "rubric.yaml",
        lambda path: load(path.parent),
        PACKAGE / "judges" / "library" / "checklist",
    ),
    "grader": Kind(grader, "mine.yaml", lambda path: spec_from(str(path))),
    "panel": Kind(
        lambda: {"panel": [grader(), {"model": "n"}]},
        "mine.yaml",
        lambda path: spec_from(str(path)),
    ),
    "suggestions": Kind(suggestions, "mine.yaml", read_decisions),
}


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a file; below the first level, two entries of each list or mapping stand for all."""
    found = [above] if above else []
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        for key in keys[: 2 if above else 20]:
            found += places(value[key], (*above, key))
    return found


def put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    *above, last = place
    inner = value
    for key in above:
        inner = inner[key]
    inner[last] = new
    return value


def written(kind: Kind, folder: Path, content: Any) -> Path:
    if kind.beside:
        beside, folder = kind.beside, folder / kind.beside.name
        if not folder.exists():
            shutil.copytree(beside, folder)
    path = folder / kind.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent.name == "suites":
        (folder / "variants").mkdir(exist_ok=True)
        (folder / "variants" / "plain.yaml").write_text("base: x/y\n")
    # libyaml writes ten times as fast, and a thousand files are written here
    text = content if isinstance(content, str) else yaml.dump(content, Dumper=yaml.CSafeDumper)
    path.write_text(text, encoding="utf-8")
    return path


def refused_in_our_words(kind: Kind, path: Path) -> bool:
    """Whether the file is refused; the refusal must be one line, ours, and name the file."""
    load.cache_clear()
    try:
        kind.read(path)
    except Refusal as refusal:
        message = str(refusal)
        assert "\n" not in message
        assert not [words for words in OURS if words in message], message
        assert str(path.parent) in message or path.name in message
        return True
    return False


@pytest.mark.parametrize("name", KINDS)
def test_a_wrong_value_anywhere_is_refused_in_one_line_of_our_own_words(tmp_path, name):
    kind = KINDS[name]
    refused = number = 0
    right = kind.content()
    for at, place in enumerate(places(right)):
        for value in WRONG[at % 3 :: 3]:  # each of them at every third place
            number += 1
            refused += refused_in_our_words(kind, written(kind, tmp_path, put(deepcopy(right), place, value)))
    assert refused > number / 3


@pytest.mark.parametrize("name", KINDS)
def test_a_field_that_nobody_knows_is_refused_by_its_name_wherever_fields_are(tmp_path, name):
    kind = KINDS[name]
    names = 0
    for number, place in enumerate(places(kind.content())):
        content = kind.content()
        inner = content
        for key in place:
            inner = inner[key]
        if not isinstance(inner, dict):
            continue
        inner["wibble"] = 1
        names += refused_in_our_words(kind, written(kind, tmp_path / str(number), content))
    content = kind.content()
    if isinstance(content, dict):
        path = written(kind, tmp_path / "whole", {**content, "wibble": 1})
        with pytest.raises(Refusal, match="unknown field 'wibble'"):
            kind.read(path)
        names += 1
    assert names


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "- a\n- b\n",
        "just text\n",
        "7\n",
        "a: [1\n",
        "a: 1\na: 2\n",
        "\t- x",
        "a: 2026-99-99\n",
    ],
)
def test_a_file_that_holds_no_fields_is_refused(tmp_path, name, text):
    assert refused_in_our_words(KINDS[name], written(KINDS[name], tmp_path, text))


@pytest.mark.parametrize("name", KINDS)
def test_bytes_that_are_no_text_are_refused(tmp_path, name):
    kind = KINDS[name]
    path = written(kind, tmp_path, kind.content())
    path.write_bytes(b"a: \xff\xfe\n")
    assert refused_in_our_words(kind, path)


@pytest.mark.parametrize("name", KINDS)
def test_a_right_file_is_read(tmp_path, name):
    kind = KINDS[name]
    assert not refused_in_our_words(kind, written(kind, tmp_path, kind.content()))


class Leg(Frozen):
    length: float
    shoes: int | None = None


class Pet(Frozen):
    name: str
    legs: int | Leg = 4
    paws: tuple[Leg, ...] = ()
    by_side: dict[str, Leg] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: rex\nlegs: four\n", "legs: 'four' is not possible; a whole number or fields is wanted"),
        ("name: rex\nlegs: {length: long}\n", "legs.length: 'long' is not possible; a number is wanted"),
        ("name: rex\nlegs: {}\n", "field 'legs.length' is missing; add 'length: ...'"),
        ("name: rex\nlegs: {length: 1, shoe: 2}\n", "unknown field 'legs.shoe'; did you mean 'shoes'?"),
        ("name: rex\npaws: [{length: 1, shoe: 2}]\n", "unknown field 'paws.0.shoe'; did you mean 'shoes'?"),
        (
            "name: rex\nby_side: {left: {lenth: 1}}\n",
            "unknown field 'by_side.left.lenth'; did you mean 'length'? (and 1 more)",
        ),
        ("nme: rex\n", "unknown field 'nme'; did you mean 'name'? (and 1 more)"),
        ("legs: 3\n", "field 'name' is missing; add 'name: ...'"),
        ("name: [rex]\n", "name: ['rex'] is not possible; text is wanted"),
        ("name: rex\nlegs: " + "9" * 5000 + "\n", "pet.yaml"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_what_is_wanted(tmp_path, text, message):
    path = tmp_path / "pet.yaml"
    path.write_text(text)
    with pytest.raises(Refusal) as refused:
        read_yaml(path, Pet)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 400


def test_every_prompt_pack_of_ours_is_read():
    assert [read_yaml(path, Pack).about for path in (PACKAGE / "tasks" / "prompts").glob("*.yaml")]


def test_a_digest_is_that_of_the_content_and_not_of_its_order():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})


def test_aliases_of_aliases_are_refused_before_they_fill_the_memory():
    lines = ["extra:", "  a0: &a0 [x, x]"]
    for number in range(1, 12):
        lines.append(f"  a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]")
    with pytest.raises(Refusal, match="more than 200,000 values"):
        parse_yaml("\n".join(lines), "bomb.yaml")
    assert parse_yaml("a: &a [1, 2]\nb: [*a, *a]\nc: {<<: {d: *a}}", "fine.yaml")["b"] == [[1, 2], [1, 2]]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!int ''", "a: !!float ''", "a: !!bool ''", "a: !!timestamp 'x'", "a: !!map [1]", "a: !!str [1]",
        f"a: {':'.join(['59'] * 5_000)}.5", "a: 9999-99-99", "a: !!python/object/apply:os.system ['id']", "a: *b",
    ],
)  # fmt: skip
def test_values_that_pyyaml_itself_stumbles_over_are_refused(text):
    with pytest.raises(Refusal, match=r"readable as YAML.*file\.yaml"):
        parse_yaml(text, "file.yaml")


def test_a_file_of_more_letters_than_any_yaml_has_is_refused_unread():
    with pytest.raises(Refusal, match="it has 3,000,000 letters; at most 2,000,000 are read"):
        parse_yaml("\n" * 3_000_000, "file.yaml")
