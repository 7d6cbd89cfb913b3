"""Projects: where a folder's project begins, which of two equal names counts, and what a relative path starts from."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proctor.common import paths
from proctor.common.paths import PACKAGE, find, from_here, inside, names, project, project_of, resolve
from proctor.common.refusal import Refusal
from tests.support.command import ROOT


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "prompts").mkdir(parents=True)
    (folder / "proctor.yaml").touch()
    return folder


def test_project_is_the_nearest_marked_folder_above(mine: Path):
    (mine / "notes/deep").mkdir(parents=True)
    assert project_of(mine / "notes/deep/file.yaml") == mine
    inner = mine / "notes"
    (inner / "suites").mkdir()
    assert project_of(inner / "deep/file.yaml") == inner


def test_file_outside_of_any_project_has_its_own_folder(tmp_path: Path):
    assert project_of(tmp_path / "alone.yaml") == tmp_path


def test_checkout_is_a_project_and_its_room_with_suites_is_none():
    assert project_of(PACKAGE / "harness/suites/demo.yaml") == PACKAGE
    assert project_of(ROOT / "tests/x.yaml") == ROOT


def test_command_works_in_the_project_around_the_working_directory(mine: Path, monkeypatch):
    (mine / "deep").mkdir()
    monkeypatch.chdir(mine / "deep")
    assert project() == mine


def test_name_of_the_project_comes_before_the_one_that_ships(mine: Path):
    with inside(mine):
        assert find("prompts", "default") == PACKAGE / "tasks/prompts/default.yaml"
        own = mine / "prompts/default.yaml"
        own.write_text("about: mine\nwording: {}\n", encoding="utf-8")
        (mine / "prompts/extra.yaml").touch()
        assert find("prompts", "default") == own
        assert {"extra", "cot"} <= set(names("prompts"))
    assert "extra" not in names("prompts")


def test_a_folder_of_a_judge_is_named_as_its_folder_and_a_yaml_as_its_file(mine: Path):
    (mine / "judges/strict.v2").mkdir(parents=True)
    (mine / "judges/strict.v2/judge.yaml").touch()
    (mine / "prompts/short.v2.yaml").touch()
    with inside(mine):
        assert "strict.v2" in names("judges")
        assert "short.v2" in names("prompts")
        assert find("judges", "strict.v2") == mine / "judges/strict.v2/judge.yaml"


def test_a_thread_that_was_begun_inside_sees_the_same_project(mine: Path):
    """Inspect asks and scores in one: it must not look in the project around the working directory."""
    with inside(mine), ThreadPoolExecutor(1) as pool:
        assert pool.submit(project).result() == mine


def test_project_is_left_again_also_when_something_fails(mine: Path):
    before = project()
    with pytest.raises(KeyError), inside(mine):
        raise KeyError
    assert project() == before


@pytest.mark.parametrize("kind", list(paths.KINDS))
def test_unknown_name_is_refused_with_the_nearest_and_where_it_would_be_looked_for(kind: str, mine: Path):
    with inside(mine), pytest.raises(Refusal) as refused:
        find(kind, "no-such-name")
    assert "no-such-name" in str(refused.value)
    assert str(mine / kind) in str(refused.value)


def test_name_that_is_no_safe_path_is_never_looked_for(mine: Path):
    with inside(mine), pytest.raises(Refusal, match="no safe name"):
        find("judges", "../../etc")


def test_relative_path_starts_from_the_project_and_the_embedded_model_is_the_same_everywhere(mine: Path):
    with inside(mine):
        assert resolve("data/chats.jsonl") == mine / "data/chats.jsonl"
        assert resolve("/tmp/chats.jsonl") == Path("/tmp/chats.jsonl")
        (mine / "finetune/tiny").mkdir(parents=True)
        for written in ("finetune/tiny", "finetune/tiny/"):
            assert resolve(written) == PACKAGE / "finetune/tiny"


def test_path_typed_in_a_folder_below_is_written_as_the_project_has_it(
    mine: Path, monkeypatch, tmp_path: Path
):
    (mine / "models/small").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(mine / "models")
    assert from_here("small") == "models/small"
    assert from_here("../../elsewhere") == str(tmp_path / "elsewhere")
    assert from_here("org/name") == "org/name"
