"""Two plans in both orders: the verdict names the plan, and what only one order says is a tie."""

import json

import pytest

from proctor.judges.cost import estimate_pairs, tally
from proctor.judges.judge import Judge
from proctor.judges.pairwise import compare_all
from proctor.judges.panel import Panel, PanelSpec
from proctor.judges.verdict import Pair
from tests.support.graders import asked_for, grader_at
from tests.support.openai_server import Reply, serve

JUDGE = Judge.load("pairwise")
GOOD, BAD = "Week 1: solve 5 sums on Monday and check them.", "Week 1: be good at sums."
PAIR = Pair("p", "Pupil: Mo", GOOD, BAD)


def prefers(text, place=None):
    """A grader that likes the plan with this text in it, or a place, whatever stands there."""

    def reply(request, _):
        said = asked_for(request)
        first = said.index("[begin the first plan")
        liked = place or ("first" if text in said[first : said.index("[end the first plan")] else "second")
        return Reply(json.dumps({"reason": f"the {liked} one", "better": liked}))

    return reply


def compare(reply, pairs=(PAIR,), **changes):
    with serve(reply) as server:
        return compare_all(JUDGE, pairs, grader_at(server.url, **changes)), server.asked


def test_better_plan_wins_whichever_place_it_stands_in():
    (found,), asked = compare(prefers("solve 5"), [PAIR])
    assert (found.verdict, found.orders, found.consistent) == ("a", {"ab": "a", "ba": "a"}, True)
    assert len(asked) == 2
    (found,), _ = compare(prefers("solve 5"), [Pair("p", "Pupil: Mo", BAD, GOOD)])
    assert (found.verdict, found.orders) == ("b", {"ab": "b", "ba": "b"})


@pytest.mark.parametrize("place", ["first", "second"])
def test_preference_for_a_place_is_a_tie_and_is_noticed(place):
    (found,), _ = compare(prefers("", place))
    assert (found.verdict, found.flipped, found.consistent) == ("tie", True, False)
    assert "changed with the order" in found.explanation


def test_what_only_one_order_prefers_is_a_tie_that_did_not_flip():
    def reply(request, _):
        said = asked_for(request)
        first = said[: said.index("[end the first plan")]
        return Reply(json.dumps({"reason": "r", "better": "first" if "solve 5" in first else "tie"}))

    (found,), _ = compare(reply)
    assert (found.orders, found.verdict) == ({"ab": "a", "ba": "tie"}, "tie")
    assert (found.flipped, found.consistent) == (False, False)


def test_order_that_is_missing_leaves_no_verdict():
    def reply(request, before):
        said = asked_for(request)
        return (
            Reply("hm")
            if said.index("solve 5") > said.index("be good")
            else prefers("solve 5")(request, before)
        )

    (found,), _ = compare(reply)
    assert (found.verdict, found.orders, found.reason) == (None, {"ab": "a", "ba": None}, "unreadable")
    assert found.consistent is None
    assert "1 of 2 readings" in found.problem
    assert tally([found], None).missing == {"unreadable": 1}


def test_nothing_is_asked_where_there_is_nothing_to_compare():
    pairs = [
        Pair("same", "Mo", GOOD, f" {GOOD}\n"),
        Pair("one", "Mo", "...", GOOD),
        Pair("none", "Mo", "", "-"),
    ]
    found, asked = compare(prefers("solve 5"), pairs)
    assert [one.verdict for one in found] == ["tie", "b", "tie"]
    assert not asked


def test_kept_verdicts_are_not_asked_again_and_swapped_pairs_share_them(tmp_path):
    with serve(prefers("solve 5")) as server:
        assert estimate_pairs(JUDGE, [PAIR], grader_at(server.url).spec, tmp_path).ask == 2
        (one,) = compare_all(JUDGE, [PAIR], grader_at(server.url), tmp_path)
        (other,) = compare_all(JUDGE, [Pair("q", "Pupil: Mo", BAD, GOOD)], grader_at(server.url), tmp_path)
        assert len(server.asked) == 2
    assert (one.verdict, other.verdict) == ("a", "b")


def test_repeats_go_by_the_majority_in_each_order():
    judge = JUDGE.model_copy(update={"repeats": 3})

    def reply(request, before):
        if request["seed"] // 1000 == 1:
            return Reply('{"better": "tie"}')
        return prefers("solve 5")(request, before)

    with serve(reply) as server:
        (found,) = compare_all(judge, [PAIR], grader_at(server.url))
        assert len(server.asked) == 6
    assert found.verdict == "a"


def test_panel_of_graders_decides_together():
    def reply(request, before):
        return prefers("solve 5" if request["model"] != "odd" else "be good")(request, before)

    with serve(reply) as server:
        graders = [grader_at(server.url, model=name) for name in ("one", "two", "odd")]
        panel = Panel(PanelSpec(panel=tuple(one.spec for one in graders)), tuple(graders))
        (found,) = compare_all(JUDGE, [PAIR], panel)
    assert (found.verdict, found.orders) == ("a", {"ab": "a", "ba": "a"})
    assert [one.verdict for one in found.members] == ["a", "a", "b"]


def test_judge_that_marks_compares_nothing():
    with pytest.raises(ValueError, match="compares none"):
        compare_all(Judge.load("study_plan"), [PAIR], grader_at("http://127.0.0.1:9/v1"))
