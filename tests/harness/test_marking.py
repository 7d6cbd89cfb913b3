"""Marking many plans: order, concurrency and a restart change nothing, and no mark comes about by accident."""

import json
import random
import time
from collections import Counter

import pytest

from proctor.judges.cost import estimate_scores, tally
from proctor.judges.judge import Judge
from proctor.judges.scoring import score_all
from proctor.judges.verdict import Item
from tests.support.command import Running
from tests.support.graders import asked_for, grader_at, items, marks_for, spec_at, verdict
from tests.support.openai_server import Reply, serve

JUDGE = Judge.load("study_plan")


def plain(verdicts):
    return {one.item: (one.scores, one.problem, one.reasons) for one in verdicts}


def test_order_concurrency_and_what_was_kept_change_nothing(tmp_path):
    things = items(40)
    shuffled = random.Random(1).sample(things, len(things))

    def flaky(request, before):
        """Fails now and then, but at the end the same for the same text."""
        bad = Reply(status=500, body="{}", headers={"retry-after": "0.01"})
        return bad if before % 7 == 0 else verdict(request)

    with serve(flaky) as server:
        one_by_one = score_all(JUDGE, things, grader_at(server.url, concurrency=1, retries=5))
        at_once = score_all(JUDGE, shuffled, grader_at(server.url, concurrency=40, retries=5))
        score_all(JUDGE, things[:15], grader_at(server.url, retries=5), tmp_path)
        resumed = score_all(JUDGE, shuffled, grader_at(server.url, concurrency=3, retries=5), tmp_path)
    assert plain(one_by_one) == plain(at_once) == plain(resumed)
    assert [one.item for one in at_once] == [thing.id for thing in shuffled]


def test_what_was_asked_once_is_never_paid_for_again(tmp_path):
    with serve(lambda request, _: verdict(request)) as server:
        first = score_all(JUDGE, items(6), grader_at(server.url), tmp_path)
        again = score_all(JUDGE, items(8), grader_at(server.url), tmp_path)
        assert len(server.asked) == 8
    assert plain(first).items() <= plain(again).items()
    assert [one.usage.kept for one in again] == [1] * 6 + [0] * 2


@pytest.mark.parametrize("change", ["grader", "seed", "plan", "profile", "judge"])
def test_another_judge_grader_plan_or_profile_is_another_verdict(tmp_path, change):
    item = Item("p", "Pupil: Mo", "Week 1: add.")
    changed = {
        "plan": Item("p", "Pupil: Mo", "Week 1: subtract."),
        "profile": Item("p", "Pupil: Jo", "Week 1: add."),
    }
    other = {"grader": {"model": "another"}, "seed": {"seed": 7}}
    judge = JUDGE.model_copy(update={"prompt": JUDGE.prompt + "\nBe fair."}) if change == "judge" else JUDGE
    with serve(lambda request, _: verdict(request)) as server:
        score_all(JUDGE, [item], grader_at(server.url), tmp_path)
        score_all(
            judge, [changed.get(change, item)], grader_at(server.url, **other.get(change, {})), tmp_path
        )
        assert len(server.asked) == 2


def test_missing_verdicts_are_asked_again_the_next_time_and_others_are_not(tmp_path):
    down = True

    def reply(request, _):
        return Reply("no idea") if down and "number 1" in asked_for(request) else verdict(request)

    with serve(reply) as server:
        first = score_all(JUDGE, items(3), grader_at(server.url), tmp_path)
        down, before = False, len(server.asked)
        second = score_all(JUDGE, items(3), grader_at(server.url), tmp_path)
        assert len(server.asked) == before + 1
    assert [bool(one.problem) for one in first] == [False, True, False]
    assert not any(one.problem for one in second)


def test_line_that_a_kill_cut_off_costs_one_verdict(tmp_path):
    with serve(lambda request, _: verdict(request)) as server:
        first = score_all(JUDGE, items(5), grader_at(server.url), tmp_path)
        (kept,) = tmp_path.glob("*.jsonl")
        kept.write_bytes(kept.read_bytes()[:-30] + b"\xff\xfe")
        again = score_all(JUDGE, items(5), grader_at(server.url), tmp_path)
        assert len(server.asked) == 6
        assert not sum(one.usage.now for one in score_all(JUDGE, items(5), grader_at(server.url), tmp_path))
    assert plain(first) == plain(again)


def test_killed_in_the_middle_loses_at_most_what_was_on_its_way(tmp_path):
    def slow(request, _):
        told = verdict(request)
        told.wait = 0.05
        return told

    code = (
        "import sys; from tests.support.graders import *; from proctor.judges.judge import Judge;"
        "from proctor.judges.scoring import score_all; from pathlib import Path;"
        "grader = grader_at(sys.argv[1], concurrency=2);"
        "score_all(Judge.load('study_plan'), items(30), grader, Path(sys.argv[2]))"
    )
    with serve(slow) as server:
        running = Running([server.url, str(tmp_path / "kept")], tmp_path, code=code)
        while len(server.asked) < 10:
            assert running.poll() is None, running.stderr
            time.sleep(0.01)
        running.kill()
        time.sleep(0.2)
        killed = len(server.asked)
        found = score_all(JUDGE, items(30), grader_at(server.url, concurrency=8), tmp_path / "kept")
        assert killed < 30
        assert len(server.asked) <= 30 + 2 + 1
        whole = score_all(JUDGE, items(30), grader_at(server.url, concurrency=8))
    assert plain(found) == plain(whole)
    assert max(Counter(asked_for(one) for one in server.asked).values()) <= 3


def test_same_plan_for_the_same_pupil_is_asked_once():
    twice = [Item("a", "Mo", "Week 1: add."), Item("b", "Mo", "Week 1: add.")]
    with serve(lambda request, _: verdict(request)) as server:
        a, b = score_all(JUDGE, twice, grader_at(server.url))
        assert len(server.asked) == 1
    assert a.scores == b.scores
    assert (a.item, b.item) == ("a", "b")


def test_plan_without_a_word_is_not_asked_about_and_is_no_mark():
    with serve(lambda request, _: verdict(request)) as server:
        (found,) = score_all(JUDGE, [Item("a", "Mo", " \n--- 1 2 3")], grader_at(server.url))
        assert not server.asked
    assert (found.parsed, found.scores, found.overall, found.problem) == (False, {}, None, "")


def test_repeats_are_asked_apart_and_the_mark_is_their_mean():
    judge = JUDGE.model_copy(update={"repeats": 3})

    def reply(request, _):
        return Reply(json.dumps(dict.fromkeys(judge.dimensions, 1 + request["seed"] // 1000)))

    with serve(reply) as server:
        (found,) = score_all(judge, items(1), grader_at(server.url))
    assert [one.scores["fluency"] for one in found.repeats] == [1, 2, 3]
    assert found.scores == dict.fromkeys(judge.dimensions, 2.0)
    assert found.usage.tokens_out == 15


def test_reading_that_is_missing_leaves_no_mean_of_the_others():
    judge = JUDGE.model_copy(update={"repeats": 3})
    with serve(lambda request, _: Reply("hm") if request["seed"] >= 2000 else verdict(request)) as server:
        (found,) = score_all(judge, items(1), grader_at(server.url))
    assert (found.scores, found.overall) == ({}, None)
    assert "1 of 3 readings" in found.problem


def test_rules_need_facts_and_no_grader():
    rules = Judge.load("checklist")
    facts = {"name": "Mo", "weeks": 1}
    (found,) = score_all(rules, [Item("a", facts, "Week 1: solve 5 sums on Monday, Mo.")])
    assert found.method == "rules, no model"
    assert found.overall is not None
    with pytest.raises(ValueError, match="needs facts"):
        score_all(rules, [Item("a", "Pupil: Mo", "Week 1")])
    with pytest.raises(ValueError, match="asks no model"):
        score_all(rules, [Item("a", facts, "Week 1")], grader_at("http://127.0.0.1:9/v1"))


def test_judge_and_grader_must_fit():
    with pytest.raises(ValueError, match="name a grader"):
        score_all(JUDGE, items(1))
    with pytest.raises(ValueError, match="judge pairs"):
        score_all(Judge.load("pairwise"), items(1), grader_at("http://127.0.0.1:9/v1"))


def test_cost_is_told_before_and_counted_after(tmp_path):
    price = {"input": 1_000_000, "output": 2_000_000, "currency": "EUR"}
    with serve(lambda request, before: Reply("hm") if before == 0 else verdict(request)) as server:
        spec = spec_at(server.url, price=price)
        before = estimate_scores(JUDGE, items(4), spec, tmp_path)
        assert (before.ask, before.kept) == (4, 0)
        assert before.cost > 0
        assert not server.asked
        found = score_all(JUDGE, items(4), grader_at(server.url, price=price), tmp_path)
        after = tally(found, spec)
        assert estimate_scores(JUDGE, items(4), spec, tmp_path).ask == 0
        again = tally(score_all(JUDGE, items(4), grader_at(server.url, price=price), tmp_path), spec)
    assert (after.given, after.usage.now, after.usage.tokens_in, after.usage.tokens_out) == (4, 5, 35, 25)
    assert after.usage.cost == after.usage.spent == 35 + 50
    assert (again.usage.kept, again.usage.cost, again.usage.spent) == (4, 28 + 40, 0)
    assert "EUR" in str(after)


def test_tally_names_why_verdicts_are_missing():
    with serve(
        lambda request, _: Reply('{"fluency": 9, "personalisation": 1, "actionability": 1}')
    ) as server:
        counted = tally(score_all(JUDGE, items(3), grader_at(server.url)), None)
    assert (counted.wanted, counted.given, counted.missing) == (3, 0, {"out of range": 3})


def test_progress_counts_every_verdict_once():
    told = []
    with serve(lambda request, before: Reply("hm") if before == 0 else verdict(request)) as server:
        score_all(JUDGE, items(5), grader_at(server.url), progress=lambda done, tokens: told.append(done))
    assert sum(told) == 5


def test_marks_follow_the_text_and_not_the_place():
    assert marks_for("one") != marks_for("two")
