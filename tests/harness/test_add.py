"""`init` and `add`: a project begins, a variant joins a suite of it, and nothing that ships is edited."""

import json
from pathlib import Path

import pytest
import yaml

from proctor.common.paths import KINDS, inside
from proctor.common.refusal import Refusal
from proctor.harness.config.add import add_variant
from proctor.harness.config.project import FOLDERS, make_project
from proctor.harness.config.schemas import MODELS, schema_of
from proctor.harness.config.suite import Suite, SuiteFile
from proctor.tasks.stock.loading import included
from tests.support.command import proctor


@pytest.fixture
def empty(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "proctor.yaml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add(folder: Path, name: str, suite: str = "main", **fields):
    return add_variant(name, {"base": "finetune/tiny", **fields}, suite, folder / "store", folder / "results")


def test_new_project_has_its_folders_and_a_suite_that_loads(tmp_path: Path, monkeypatch):
    make_project(tmp_path / "trial")
    assert all((tmp_path / "trial" / name).is_dir() for name in FOLDERS)
    monkeypatch.chdir(tmp_path / "trial")
    suite = Suite.load("main")
    assert [variant.name for variant in suite.variants] == ["tiny", "tiny-2shot"]
    assert suite.limit == {"word_problems": 20, "study_plan": 20}


def test_project_is_not_begun_where_something_is(tmp_path: Path):
    (tmp_path / "note.txt").touch()
    with pytest.raises(Refusal, match="there is something already"):
        make_project(tmp_path)


def test_first_variant_of_an_empty_project_makes_its_suite_with_a_parent_that_ships(empty: Path):
    path, suite_path, plan = add(empty, "brief", prompt="direct", parent="tiny")
    assert path == empty / "variants/brief.yaml"
    assert suite_path == empty / "suites/main.yaml"
    assert [variant.name for variant in plan.suite.variants] == ["tiny", "brief"]
    add(empty, "two", prompt="cot-2shot", parent="brief")
    assert [variant.name for variant in Suite.load("main").variants] == ["tiny", "brief", "two"]


def test_what_is_printed_to_run_it_says_how_to_run_one_of_several_tasks(empty: Path):
    suite = empty / "suites" / "two.yaml"
    suite.parent.mkdir()
    suite.write_text("variants: [tiny]\ntasks: [word_problems, study_plan]\nbaseline: tiny\n")
    done = proctor(
        "add", "brief", "--base", "finetune/tiny", "--prompt", "direct", "--suite", "two", cwd=empty
    )
    assert "to run it: proctor run two --only brief\n" in done.stdout
    assert "it is asked word_problems, study_plan, as suites/two.yaml says; --task NAME" in done.stdout
    done = proctor("add", "other", "--base", "finetune/tiny", "--prompt", "direct", cwd=empty)
    assert "to run it: proctor run main --only other\n" in done.stdout


def test_variant_that_cannot_be_planned_leaves_no_suite_behind(empty: Path):
    with pytest.raises(Refusal, match="no base folder"):
        add(empty, "lost", base="no/such/folder/x")
    assert list(empty.rglob("*.yaml")) == [empty / "proctor.yaml"]


@pytest.mark.parametrize("suite", ["demo", str(KINDS["suites"].shipped / "demo.yaml")])
def test_suite_that_ships_is_never_edited(empty: Path, suite: str):
    before = (KINDS["suites"].shipped / "demo.yaml").read_bytes()
    with pytest.raises(Refusal, match="ships with Proctor"):
        add(empty, "mine", suite)
    assert (KINDS["suites"].shipped / "demo.yaml").read_bytes() == before
    assert not (empty / "variants").exists()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_suite_keeps_every_sign_of_its_comments(empty: Path, end: str):
    (empty / "suites").mkdir()
    lines = [
        'about: "one\u2028two\u0085three"',
        "variants:",
        "  - tiny  # first\u2028# of all",
        "tasks: [word_problems]",
    ]
    before = end.join([*lines, "baseline: tiny", ""])
    (empty / "suites/main.yaml").write_text(before, encoding="utf-8", newline="")
    add(empty, "mine", parent="tiny")
    after = (empty / "suites/main.yaml").read_bytes().decode("utf-8")
    assert after == before.replace("of all", f"of all{end}  - mine")


def test_added_file_names_the_schema_where_the_project_has_it(tmp_path: Path, monkeypatch):
    make_project(tmp_path / "trial")
    monkeypatch.chdir(tmp_path / "trial")
    path, _, _ = add(tmp_path, "mine")
    first = path.read_text(encoding="utf-8").split("\n")[0]
    schema = path.parent / first.partition("$schema=")[2]
    assert schema.resolve() == tmp_path / "trial/.schemas/variant.json"
    assert schema.is_file()


def test_slip_in_the_project_file_is_told_and_an_empty_one_is_a_project(tmp_path: Path):
    mark = tmp_path / "proctor.yaml"
    with inside(tmp_path):
        mark.write_text("# nothing but a comment\n", encoding="utf-8")
        assert included() == []
        mark.write_text("include_paths: lm\n", encoding="utf-8")
        with pytest.raises(Refusal, match=r"unknown field 'include_paths'.*include_path"):
            included()


@pytest.mark.parametrize("kind", list(MODELS))
def test_every_kind_of_yaml_has_a_schema_that_knows_its_fields(kind: str):
    schema = schema_of(kind)
    assert schema["properties"]
    assert set(schema["required"]) <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_shipped_variants_have_only_fields_of_the_schema():
    for path in KINDS["variants"].shipped.glob("*.yaml"):
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert set(fields) <= set(schema_of("variant")["properties"])
        assert set(schema_of("variant")["required"]) <= set(fields)


def test_one_limit_is_meant_for_every_task(home):
    home.variant("one", base="finetune/tiny")
    fields = {"variants": ["one"], "tasks": ["concepts", "study_plan"], "baseline": "one"}
    assert Suite.load(str(home.suite(**fields, limit=7))).limit == {"concepts": 7, "study_plan": 7}
    assert Suite.load(str(home.suite(**fields, limit={"concepts": 7}))).limit == {"concepts": 7}
    for wrong in ("many", 2.5, True, {"concepts": "all"}, [3]):
        with pytest.raises(Refusal, match="limit: give one whole number for all tasks"):
            Suite.load(str(home.suite(**fields, limit=wrong)))
    with pytest.raises(Refusal, match="at least one item"):
        Suite.load(str(home.suite(**fields, limit=0)))


def test_suite_can_be_narrowed_to_some_tasks_and_another_limit(home):
    home.variant("one", base="finetune/tiny")
    tasks = ["concepts", "study_plan"]
    margin = {"concepts": 0.1, "study_plan": 0.2}
    suite = Suite.load(
        str(home.suite(variants=["one"], tasks=tasks, baseline="one", limit={"study_plan": 9}, margin=margin))
    )
    narrow = suite.narrowed(["study_plan"], None)
    assert (narrow.tasks, narrow.limit, narrow.margin) == (
        ("study_plan",),
        {"study_plan": 9},
        {"study_plan": 0.2},
    )
    assert suite.narrowed([], 3).limit == {"concepts": 3, "study_plan": 3}
    assert suite.narrowed([], None) == suite
    with pytest.raises(Refusal, match="has no task 'gsm8k'"):
        suite.narrowed(["gsm8k"], None)


def test_suite_of_another_folder_finds_its_own_variants_prompts_and_paths(tmp_path: Path):
    (tmp_path / "team/prompts").mkdir(parents=True)
    (tmp_path / "team/suites").mkdir()
    (tmp_path / "team/variants").mkdir()
    with inside(tmp_path):  # somewhere else
        pack = {"about": "Ours.", "wording": {"word_problems": {"task": "{question} ?"}}}
        (tmp_path / "team/prompts/ours.yaml").write_text(yaml.safe_dump(pack), encoding="utf-8")
        (tmp_path / "team/said.jsonl").write_text("", encoding="utf-8")
        variant = {"base": "said.jsonl", "engine": "echo", "prompt": "ours"}
        (tmp_path / "team/variants/ours.yaml").write_text(yaml.safe_dump(variant), encoding="utf-8")
        fields = {"variants": ["ours"], "tasks": ["word_problems"], "baseline": "ours"}
        path = tmp_path / "team/suites/s.yaml"
        path.write_text(yaml.safe_dump(fields), encoding="utf-8")
        suite = Suite.load(str(path))
        assert suite.project == tmp_path / "team"
        from proctor.harness.plan.plan import make_plan

        assert len(make_plan(suite, tmp_path / "results", tmp_path / "store").cells) == 1


def test_fields_of_a_suite_file_say_what_they_are():
    assert SuiteFile.model_fields["limit"].description


def test_no_key_and_no_password_can_stand_in_a_variant():
    from proctor.common.schema import parse
    from proctor.harness.config.variant import Variant

    served = {"name": "one", "base": "model", "engine": "openai", "endpoint": "https://models.example/v1"}
    assert parse(served | {"key": "MY_KEY"}, Variant, "one").key == "MY_KEY"
    for wrong in ({"key": "sk-very-secret"}, {"endpoint": "https://me:very-secret@models.example/v1"}):
        with pytest.raises(Refusal) as refused:
            parse(served | wrong, Variant, "one")
        assert "very-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("variants: [tiny]  # ours\n", "variants: [tiny, mine]  # ours\n"),
        ("variants: [tiny,]\n", "variants: [tiny, mine,]\n"),
        ("variants: [\n  tiny]\n", "variants: [\n  tiny, mine]\n"),
        ("variants:  # ours\n- tiny\n# end\n", "variants:  # ours\n- tiny\n- mine\n# end\n"),
        ("variants:\n    - tiny\n\n", "variants:\n    - tiny\n    - mine\n\n"),
        ("\ufeffvariants: [tiny]\n", "\ufeffvariants: [tiny, mine]\n"),
    ],
)
def test_variant_joins_the_suite_as_it_is_written(empty: Path, before: str, after: str):
    (empty / "suites").mkdir()
    rest = "tasks: [word_problems]\nbaseline: tiny"  # no newline at the end
    path = empty / "suites/main.yaml"
    path.write_text(before + rest, encoding="utf-8", newline="")
    add(empty, "mine", parent="tiny")
    assert path.read_bytes().decode("utf-8") == after + rest


def test_add_says_what_is_asked_and_who_else_is_asked_without_only(empty: Path):
    done = proctor(
        "add", "brief", "--base", "finetune/tiny", "--prompt", "direct", "--parent", "tiny", "--suite", "fresh",
        cwd=empty,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == [
        "to run it: proctor run fresh --only brief",
        "without --only, fresh's other variants are asked too, where they have not been",
        "it is asked word_problems, as suites/fresh.yaml says; --task NAME asks one alone",
    ]


def test_list_names_no_folder_of_proctors_own(empty: Path):
    listed = json.loads(proctor("list", "--json", cwd=empty).stdout)
    assert {entry["from"] for entries in listed.values() for entry in entries} == {"ships"}
