"""Facts, pupils and rubrics as nobody should write them: one line each, and no verdict that means nothing."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from proctor.common.refusal import Refusal
from proctor.harness.judging.plans import read_plans
from proctor.judges.judge import load
from tests.support.command import proctor
from tests.support.openai_server import Reply, serve

LIBRARY = Path(__file__).resolve().parents[2] / "judges" / "library"
NUMBERS = ("1e999", "NaN", "-Infinity", "-1", "9" * 4000, "true", '"three"', "1000001")
LISTS = ("[[[]]]", "[1]", '[{"a": 1}]', "3", '{"a": 1}', "[" * 200 + "]" * 200)
FACTS = [
    *(f'{{"topics": [["areas"]], "{name}": {value}}}' for name in ("weeks", "minutes_per_week") for value in NUMBERS),
    *(f'{{"topics": [["areas"]], "{name}": {value}}}' for name in ("busy", "inside") for value in [*LISTS, "[null]"]),
    *(f'{{"topics": {value}}}' for value in (*LISTS, "[]", "[[]]", '[[""]]', '["  ", []]', "null")),
    *(f'{{"topics": ["areas"], "name": {value}}}' for value in ("1", "[]", '{"a": 1}', "true")),
    *(f'{{"topics": ["areas"], "mistake_topics": {value}}}' for value in ("[1]", "[-1]", '["a"]', "[true]", "[0.0]")),
    "[]", "3", '"areas"', "true", "{}",
]  # fmt: skip


def refusal_of(row: str, tmp_path: Path) -> str:
    path = tmp_path / "plans.jsonl"
    path.write_text(row + "\n", encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        read_plans(path)
    assert "\n" not in str(refused.value)
    assert "plans.jsonl" in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts[:60])
def test_odd_facts_are_refused(facts: str, tmp_path: Path) -> None:
    assert len(refusal_of(f'{{"id": "a", "facts": {facts}, "plan": "Week 1: areas."}}', tmp_path)) < 600


@pytest.mark.parametrize("pupil", ["{}", "[1]", "3", "true", '"nobody"'])
def test_pupil_that_is_no_name_is_refused(pupil: str, tmp_path: Path) -> None:
    assert "no pupil" in refusal_of(f'{{"id": "a", "pupil": {pupil}, "plan": "x"}}', tmp_path)


def test_profile_that_is_no_pupil_is_refused_in_a_short_line(tmp_path: Path) -> None:
    row = '{"id": "a", "profile": {"weak_topics": 3, "grade": 1e400}, "plan": "x"}'
    assert len(refusal_of(row, tmp_path)) < 300


def test_facts_with_empty_places_are_read(tmp_path: Path) -> None:
    facts = {
        "topics": ["areas", ["ratio", "ratios"]],
        "weeks": 0,
        "name": None,
        "mistakes": ["3 by 4: 14", "2"],
        "busy": None,
    }
    facts["mistake_topics"] = [1, None]
    path = tmp_path / "plans.jsonl"
    path.write_text(json.dumps({"id": "a", "facts": facts, "plan": "Week 1"}) + "\n", encoding="utf-8")
    assert read_plans(path)[0].facts["topics"] == [["areas"], ["ratio", "ratios"]]


def changed(tmp_path: Path, judge: str, file: str, **fields: object) -> Path:
    shutil.copytree(LIBRARY / judge, tmp_path / judge)
    path = tmp_path / judge / file
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | fields), encoding="utf-8"
    )
    return tmp_path / judge


@pytest.mark.parametrize("lowest", [2**63, -(2**63) - 1, 2**64, 10**400])
def test_scale_beyond_what_a_table_holds_is_refused(tmp_path: Path, lowest: int) -> None:
    scale = {"lowest": lowest, "highest": lowest + 2}
    with pytest.raises(Refusal, match=r"too large; 2\^53 is the largest number \(.*judge\.yaml\)"):
        load(changed(tmp_path, "ternary", "judge.yaml", scale=scale))


def test_checklist_without_lengths_of_sentences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"needs `sentence_words`.*rubric\.yaml"):
        load(changed(tmp_path, "checklist", "rubric.yaml", sentence_words={}))


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_item_of_a_rubric_that_has_no_end_is_refused(tmp_path: Path, value: float) -> None:
    folder = changed(tmp_path, "checklist", "rubric.yaml")
    rubric = yaml.safe_load((folder / "rubric.yaml").read_text(encoding="utf-8"))
    rubric["dimensions"]["fluency"]["items"]["enough"]["full"] = value
    (folder / "rubric.yaml").write_text(yaml.safe_dump(rubric), encoding="utf-8")
    with pytest.raises(Refusal, match="a finite number is wanted"):
        load(folder)


@pytest.mark.parametrize("reply", [Reply("I will not.", status=500), Reply("no verdict here")])
def test_judge_exits_1_when_no_verdict_came_and_says_so(tmp_path: Path, reply: Reply) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "a", "profile": "Ada", "plan": "x", "a": "x", "b": "y"}\n')
    grader = tmp_path / "grader.yaml"
    with serve(lambda *_: reply) as server:
        grader.write_text(f"model: m\nendpoint: {server.url}\nretries: 0\nattempts: 1\n")
        for words in (("score", "--judge", "ternary"), ("pairs",)):
            command = ("judge", words[0], str(tmp_path / "p.jsonl"), *words[1:], "--grader", str(grader))
            done = proctor(*command, "--store", str(tmp_path / "store"))
            assert done.returncode == 1, done.stderr
            assert "no verdict came" in done.stderr
            assert '"problem"' in done.stdout
            assert "Traceback" not in done.stderr
