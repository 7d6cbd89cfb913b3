"""Several graders as one: the mean or median of all, and nothing when one of them is missing."""

import json

import pytest
from pydantic import ValidationError

from proctor.judges.cost import estimate_scores, tally
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import PanelSpec, open_graders, spec_of
from proctor.judges.scoring import score_all
from tests.support.graders import asked_for, items, spec_at
from tests.support.openai_server import Reply, serve

JUDGE = Judge.load("study_plan")
MARKS = {"mild": 5, "fair": 3, "strict": 1, "mild-too": 5}


def reply(request, _):
    return Reply(json.dumps(dict.fromkeys(JUDGE.dimensions, MARKS[request["model"]])))


def panel_at(url, *names, combine="mean"):
    spec = PanelSpec(panel=tuple(spec_at(url, model=name) for name in names), combine=combine)
    return open_graders(spec)


@pytest.mark.parametrize(("combine", "mark"), [("mean", 11 / 3), ("median", 5)])
def test_marks_become_one_and_every_members_stay(combine, mark):
    with serve(reply) as server:
        found = score_all(
            JUDGE, items(3), panel_at(server.url, "mild", "mild-too", "strict", combine=combine)
        )
    assert [one.scores["fluency"] for one in found] == [pytest.approx(mark)] * 3
    assert [(one.method, one.scores["fluency"]) for one in found[0].members] == [
        ("mild", 5), ("mild-too", 5), ("strict", 1),
    ]  # fmt: skip
    assert found[0].method == f"{combine} of mild, mild-too, strict"
    assert found[0].usage.tokens_out == 15
    assert [one.item for one in found] == ["p0", "p1", "p2"]


def test_member_that_is_missing_leaves_no_mean_of_the_others():
    def odd(request, before):
        missing = request["model"] == "strict" and "number 1" in asked_for(request)
        return Reply("hm") if missing else reply(request, before)

    with serve(odd) as server:
        panel = panel_at(server.url, "mild", "strict")
        found = score_all(JUDGE, items(3), panel)
    assert [one.overall for one in found] == [3, None, 3]
    assert "strict: no verdict in the reply" in found[1].problem
    assert [bool(one.problem) for one in found[1].members] == [False, True]
    assert tally(found, panel.spec).missing == {"unreadable": 1}


def test_members_keep_their_replies_apart(tmp_path):
    with serve(reply) as server:
        first = score_all(JUDGE, items(2), panel_at(server.url, "mild", "strict"), tmp_path)
        panel = panel_at(server.url, "strict", "fair", combine="median")
        assert estimate_scores(JUDGE, items(2), panel.spec, tmp_path).ask == 2
        second = score_all(JUDGE, items(2), panel, tmp_path)
        assert len(server.asked) == 6
    assert (first[0].overall, second[0].overall) == (3, 2)


def test_empty_plan_is_empty_for_the_whole_panel():
    with serve(reply) as server:
        from proctor.judges.verdict import Item

        (found,) = score_all(JUDGE, [Item("a", "Mo", "")], panel_at(server.url, "mild", "strict"))
    assert (found.parsed, found.scores, found.problem) == (False, {}, "")


def test_who_is_asked_is_whom_the_caller_names_or_else_the_judges_own(tmp_path):
    one, two = GraderSpec(model="one"), GraderSpec(model="two")
    own = JUDGE.model_copy(update={"grader": one})
    assert spec_of(own, None) == one
    assert spec_of(own, two) == two
    both = JUDGE.model_copy(update={"kind": "panel", "graders": (one, two), "combine": "median"})
    assert spec_of(both, None) == PanelSpec(panel=(one, two), combine="median")
    assert spec_of(JUDGE, None) is None
    assert both.digest == JUDGE.digest  # its readings are those of its rubric


def test_panel_of_one_or_of_one_grader_twice_is_refused():
    with pytest.raises(ValidationError, match="at least 2"):
        PanelSpec.model_validate({"panel": [{"model": "m"}]})
    with pytest.raises(ValidationError, match="same grader twice"):
        PanelSpec.model_validate({"panel": [{"model": "m"}, {"model": "m", "concurrency": 2}]})
