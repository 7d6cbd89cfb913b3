"""The command line: what is listed, earlier names of options, and what two commands call alike."""

import json

import pytest

from proctor import __version__
from tests.support.command import ROOT, one_by_one, proctor

DEMO = str(ROOT / "results" / "demo")


def shown(*words: str) -> str:
    done = proctor(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_version_is_the_packages():
    assert shown("--version") == f"proctor {__version__}\n"


def test_list_names_every_kind_and_where_each_thing_is_from():
    listed = json.loads(shown("list", "--json"))
    assert list(listed) == ["variants", "suites", "tasks", "prompts", "judges", "recipes"]
    assert {"name": "demo", "from": "ships"}.items() <= listed["suites"][0].items()
    assert {entry["name"] for entry in listed["judges"]} == {
        "checklist", "pairwise", "question", "study_plan", "ternary",
    }  # fmt: skip
    only = shown("list", "tasks")
    assert "gsm8k" in only
    assert "demo" not in only
    wrong = proctor("list", "variant").stderr
    assert "'variant' is not one of 'variants', 'suites', 'tasks', 'prompts', 'judges', 'recipes'" in wrong


def test_broken_file_is_listed_with_what_is_wrong_with_it(home, monkeypatch):
    from proctor.common.paths import inside
    from proctor.leaderboard.cli.project import _listed

    home.variant("good", base="finetune/tiny", about="Fine.")
    (home.folder / "variants/bad.yaml").write_text("base: [", encoding="utf-8")
    with inside(home.folder):
        listed = {entry["name"]: entry for entry in _listed("variants")}
    assert listed["good"]["about"] == "Fine."
    assert "not readable as YAML" in listed["bad"]["about"]
    assert listed["tiny"]["from"] == "ships"


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        (
            ["report", "--tasks", "concepts", "--results", DEMO],
            ["report", "--task", "concepts", "--results", DEMO],
        ),
        (["judge", "mark", "--help"], ["judge", "score", "--help"]),
    ],
)
def test_earlier_names_are_understood(earlier, now):
    one, other = one_by_one([earlier, now], ROOT)
    assert one.returncode == 0, one.stderr
    assert one.stdout == other.stdout != ""


def test_plan_names_the_variants_of_each_stage_and_counts_one_cell_as_one(home):
    home.echo("gold", lambda doc: "1", "word_problems")
    suite = str(home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold"))
    told = " ".join(shown("plan", suite, "--limit", "2", *home.where()).split())
    assert "0 stages to build, 1 cell to fill, 1 session" in told
    stages = json.loads(shown("plan", "demo", "--only", "tiny-q4", "--json", *home.where()))["stages"]
    assert [stage["variants"] for stage in stages] == [["tiny-q4"]] * len(stages)


def test_limit_and_task_narrow_a_run(home):
    home.echo("gold", lambda doc: "1", "word_problems", "concepts")
    suite = home.suite(variants=["gold"], tasks=["word_problems", "concepts"], baseline="gold")
    done = home.run(suite, "--limit", "3", "--task", "concepts")
    assert done.returncode == 0, done.stderr
    cells = [path.parent.relative_to(home.results).as_posix() for path in home.results.glob("*/*/run.json")]
    assert cells == ["gold/concepts"]
    assert json.loads((home.results / "gold/concepts/run.json").read_text())["rows"] == 3


def test_every_schema_is_printed_as_json():
    kinds = shown("schema").split()
    assert len(kinds) > 5
    for done in one_by_one([["schema", kind] for kind in kinds], ROOT):
        assert json.loads(done.stdout)["properties"]


def test_shell_completes_names(monkeypatch):
    monkeypatch.setenv("_PROCTOR_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "proctor run for")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert shown() == "formats\n"
