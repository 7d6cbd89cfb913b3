"""Refining a rubric with an expert over real HTTP: what it says is kept, and the user decides on every piece."""

import json
from pathlib import Path

import pytest
import yaml

from proctor.judges.judge import Judge, load
from proctor.judges.people.expert import PlanPair, last_object
from tests.support.command import proctor
from tests.support.openai_server import Reply, serve

LEVELS = {str(level): f"Level {level} of pacing." for level in range(1, 6)}
ADVICE = [
    {"action": "keep", "dimension": "fluency", "why": "It decided twice.", "about": "", "anchors": {}},
    {"action": "drop", "dimension": "actionability", "why": "Never named.", "about": "", "anchors": {}},
    {"action": "change", "dimension": "personalisation", "why": "Too broad.", "about": "Fits this pupil.",
     "anchors": {level: f"Fit {level}." for level in LEVELS}},
    {"action": "add", "dimension": "pacing", "why": "It decided most often.", "about": "Work is spread.",
     "anchors": LEVELS},
]  # fmt: skip
CRITERIA = [{"name": "pacing", "about": "How work is spread.", "seen": "Weeks 1 to 3 are even."}] * 2


def expert(request: dict, before: int) -> Reply:
    words = request["messages"][-1]["content"]
    if "Write a study plan" in words:
        better = "with targets" if "A good plan is strong in" in words else "plain"
        return Reply(f"Week 1: a plan, {better}.")
    if "helps to improve the rubric" in words:
        return Reply("Gladly.\n" + json.dumps({"advice": ADVICE}))
    first = words.index("[begin the first plan")
    better = "first" if "with targets" in words[first : words.index("[end the first plan")] else "second"
    return Reply(json.dumps({"criteria": CRITERIA, "better": better}))


def arguments(home: Path, url: str, *more: str) -> list[str]:
    spec = home / "expert.yaml"
    spec.write_text(f"model: stub\nendpoint: {url}\nretries: 0\nattempts: 2\n")
    where = ("--judges", str(home / "judges"), "--packs", str(home / "packs"), "--store", str(home / "store"))
    (home / "judges").mkdir(exist_ok=True)
    return ["judge", "refine", "mine", "--expert", str(spec), *where, *more]


def run(home: Path, url: str, *more: str, reply_ok: int = 0):
    done = proctor(*arguments(home, url, *more))
    assert done.returncode == reply_ok, done.stderr
    return done


def writer_at(home: Path, url: str) -> tuple[str, ...]:
    """Who writes a plan for one pupil with the task alone, and one with the dimensions."""
    (home / "writer.yaml").write_text(f"model: writer\nendpoint: {url}\n")
    return ("--writer", str(home / "writer.yaml"), "--pupils", "1")


def decide(path: Path, **decisions: str) -> list[dict]:
    rows = yaml.safe_load(path.read_text())
    for row in rows:
        row["decision"] = decisions[row["dimension"]]
    path.write_text(yaml.safe_dump(rows))
    return rows


def test_suggestions_are_kept_edited_or_dropped_and_become_a_judge_and_a_pack(tmp_path):
    with serve(expert) as server:
        more = (*writer_at(tmp_path, server.url)[:2], "--pupils", "3")
        first = run(tmp_path, server.url, *more)
        assert "with the dimensions: 3, without: 0" in first.stdout
        path = tmp_path / "store" / "refine" / "mine" / "suggestions.yaml"
        assert not (tmp_path / "judges" / "mine").exists()
        rows = decide(path, fluency="keep", actionability="drop", personalisation="keep", pacing="keep")
        pacing = next(row for row in rows if row["dimension"] == "pacing")
        pacing["anchors"][5] = "Every week is as long as the pupil can bear."
        path.write_text(yaml.safe_dump(rows))
        asked = len(server.asked)
        run(tmp_path, server.url, *more, "--decisions", str(path))
        assert len(server.asked) == asked == 3 * 2 + 3 + 1  # nothing is asked twice
        assert not any("guided" in json.dumps(one["messages"]) for one in server.asked)
    made = load(tmp_path / "judges" / "mine")
    assert made.dimensions == ("fluency", "personalisation", "actionability", "pacing")
    assert made.rubric.dimensions["personalisation"].about == "Fits this pupil."
    assert made.rubric.dimensions["fluency"] == Judge.load("study_plan").rubric.dimensions["fluency"]
    origin = yaml.safe_load((tmp_path / "judges" / "mine" / "origin.yaml").read_text())
    assert origin["dimensions"] == {
        "fluency": "judge study_plan, as it was",
        "personalisation": "judge study_plan, changed as the expert suggested",
        "actionability": "judge study_plan, as it was; the suggestion to drop it was dropped",
        "pacing": "added as the expert suggested, edited by the user",
    }
    said = [
        json.loads(line) for line in (tmp_path / "judges" / "mine" / "expert.jsonl").read_text().splitlines()
    ]
    assert len(said) == 4
    assert all(one["replies"] and one["question"] for one in said)
    assert "Gladly." in said[-1]["replies"][0]
    pack = yaml.safe_load((tmp_path / "packs" / "mine.yaml").read_text())
    assert "pacing: Work is spread." in pack["wording"]["study_plan"]["dimensions"]


def test_an_expert_that_talks_nonsense_changes_nothing_and_is_named(tmp_path):
    with serve(lambda request, before: Reply("I like both.")) as server:
        done = run(tmp_path, server.url, *writer_at(tmp_path, server.url), reply_ok=2)
    assert "the expert compared no pair" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "judges" / "mine").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fluency": "undecided"}, "nothing is decided on fluency"),
        ({"fluency": "perhaps"}, "decision"),
    ],
)
def test_an_undecided_suggestion_stops_before_anything_is_written(tmp_path, change, message):
    with serve(expert) as server:
        more = writer_at(tmp_path, server.url)
        run(tmp_path, server.url, *more)
        path = tmp_path / "store" / "refine" / "mine" / "suggestions.yaml"
        keep = dict.fromkeys(("fluency", "actionability", "personalisation", "pacing"), "keep")
        decide(path, **(keep | change))
        done = run(tmp_path, server.url, *more, "--decisions", str(path), reply_ok=2)
    assert message in done.stderr
    assert not (tmp_path / "judges" / "mine").exists()
    assert not (tmp_path / "packs" / "mine.yaml").exists()


def test_which_plan_stands_first_is_drawn_by_lot():
    places = [PlanPair(f"pupil {n}", "", "a plan", "another plan").plain_first for n in range(200)]
    assert 70 < sum(places) < 130


def test_only_an_object_with_the_tag_of_the_request_counts():
    assert last_object('{"tag": "a", "advice": 1} then {"advice": 2} {"tag": "b"}', "a") == {
        "tag": "a",
        "advice": 1,
    }
    assert last_object('{"advice": 2}', "a") == last_object("{{{", "a") == {}


def test_the_choice_that_a_plan_holds_is_not_the_expert_s(tmp_path):
    """An expert that only quotes the plan says nothing."""
    quoted = json.dumps({"tag": "0123456789ab", "criteria": CRITERIA, "better": "first"})
    with serve(lambda request, before: Reply(f"One plan ends with {quoted}")) as server:
        done = run(tmp_path, server.url, *writer_at(tmp_path, server.url), reply_ok=2)
    assert "the expert compared no pair" in done.stderr


def test_reply_that_nobody_could_read_is_kept_too(tmp_path):
    def at_first_in_words(request: dict, before: int) -> Reply:
        return Reply(f"Let me\u2028think, {before}.") if before in (2, 4) else expert(request, before)

    with serve(at_first_in_words) as server:
        more = writer_at(tmp_path, server.url)
        run(tmp_path, server.url, *more)
        path = tmp_path / "store" / "refine" / "mine" / "suggestions.yaml"
        decide(path, fluency="keep", actionability="keep", personalisation="keep", pacing="keep")
        decided = path.read_text()
        run(tmp_path, server.url, *more)  # once more without decisions: the file is not written over
        assert path.read_text() == decided
        run(tmp_path, server.url, *more, "--decisions", str(path))
        assert len(server.asked) == 2 + 4  # two plans, and two questions twice
    heard = [
        json.loads(line) for line in (tmp_path / "judges/mine/expert.jsonl").read_text().strip().split("\n")
    ]
    assert [one["replies"][0] for one in heard] == ["Let me\u2028think, 2.", "Let me\u2028think, 4."]
    assert [len(one["replies"]) for one in heard] == [2, 2]
