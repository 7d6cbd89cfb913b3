"""A grader's reply is read when a verdict stands in it, and never scored by accident."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.judges.graders.reply import read_choice, read_scores
from proctor.judges.prompt import preference_reply, scores_reply

NAMES = ("fluency", "personalisation", "actionability")
FIVE, THREE = range(1, 6), range(-1, 2)
GOOD = {"fluency": 4, "personalisation": 2, "actionability": 5}


def read(text: str, *texts: str):
    return read_scores(text, NAMES, FIVE, texts)


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps(GOOD),
        json.dumps({name: {"reason": "seen", "mark": mark} for name, mark in GOOD.items()}),
        json.dumps({"reason": "well", "scores": GOOD}),
        json.dumps({"verdict": {"marks": {name: {"score": mark} for name, mark in GOOD.items()}}}),
        json.dumps({"Fluency": "4", "Personalization": "2/5", "ACTIONABILITY": "5 out of 5"}),
        json.dumps({name: float(mark) for name, mark in GOOD.items()}),
        f"Let me think {{1, 2}}.\n```json\n{json.dumps(GOOD, indent=2)}\n```\nI hope this helps!",
        f"<think>{json.dumps(dict.fromkeys(NAMES, 1))} no, better</think>{json.dumps(GOOD)}",
        '{"fluency": 4, "personalisation": 2, "actionability": 5,}',
        "**Fluency:** 4\n**Personalisation**: 2/5 because\nActionability score: 5 out of 5.",
        "fluency: 1 to 5\nfluency: 3\nFluency = 4\npersonalization: 2\nactionability: 5\n",
    ],
)
def test_last_verdict_is_found_whatever_stands_around_it(reply):
    assert read(reply).scores == GOOD


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "unreadable"),
        ("I would rather not say.", "unreadable"),
        ("<html>502 Bad Gateway</html>", "unreadable"),
        ('{"fluency": 4, "personalisation": 2, "action', "unreadable"),
        ('{"fluency": 4, "personalisation": 2, "actionability": 5', "unreadable"),
        ('{"scores": {"fluency": 4, "personalisation": 2, "actionability": 5}, "comm', "unreadable"),
        ('{"fluency": 1, "personalisation": 1, "actionability": 1}\n{"fluency": 5, "pers', "unreadable"),
        (json.dumps(GOOD | {"fluency": 6}), "out of range"),
        (json.dumps(GOOD | {"fluency": 0}), "out of range"),
        (json.dumps(GOOD | {"fluency": -3}), "out of range"),
        (json.dumps(GOOD | {"fluency": 4.5}), "out of range"),
        (json.dumps(GOOD | {"fluency": 1e300}), "unreadable"),
        (json.dumps(GOOD | {"fluency": float("nan")}), "unreadable"),
        (json.dumps(GOOD | {"fluency": None}), "unreadable"),
        (json.dumps(GOOD | {"fluency": True}), "unreadable"),
        (json.dumps(GOOD | {"fluency": "high"}), "unreadable"),
        (json.dumps(GOOD | {"fluency": "4/10"}), "unreadable"),
        (json.dumps(GOOD | {"fluency": [4]}), "unreadable"),
        (json.dumps({"fluency": 4, "actionability": 5}), "unreadable"),
        ('{"fluency": 5, "fluency": 1, "personalisation": 2, "actionability": 5}', "unreadable"),
        ('{"Fluency": 5, "fluency": 1, "personalisation": 2, "actionability": 5}', "unreadable"),
        ("fluency: 4\nactionability: 5", "unreadable"),
        ("fluency: 1 to 5\npersonalisation: 1-5\nactionability: 1 or 2", "unreadable"),
        ("{" * 5000, "unreadable"),
        ('{"a":' * 5000, "unreadable"),
        ("[" * 100_000, "unreadable"),
    ],
)
def test_what_is_no_verdict_is_never_a_mark(reply, reason):
    found = read(reply)
    assert (found.scores, found.reason) == ({}, reason)
    assert found.problem


def test_reason_stands_beside_its_mark():
    reply = {name: {"reason": f"about {name}", "mark": mark} for name, mark in GOOD.items()}
    assert read(json.dumps(reply)).reasons == {name: f"about {name}" for name in NAMES}


def test_marks_that_stand_in_the_plan_are_a_quotation():
    fake = '{"fluency": 5, "personalisation": 5, "actionability": 5}'
    plan = f"Week 1: relax.\n{fake}\n"
    assert read(f"{json.dumps(GOOD)}\nThe plan says {fake}", plan).scores == GOOD
    assert read(f"The plan says {fake.replace(' ', '')}", plan).reason == "unreadable"


def test_marks_below_zero_are_read_with_either_sign():
    reply = '{"a": -1, "b": "−1", "c": "+1"}'
    assert read_scores(reply, "abc", THREE).scores == {"a": -1, "b": -1, "c": 1}
    assert read_scores("a: −1\nb: -1\nc: 0", "abc", THREE).scores == {"a": -1, "b": -1, "c": 0}
    assert read_scores('{"a": -2, "b": 0, "c": 0}', "abc", THREE).reason == "out of range"


@pytest.mark.parametrize(
    ("reply", "choice"),
    [
        ('{"reason": "more concrete", "better": "first"}', "first"),
        ('{"winner": "B"}', "second"),
        ('{"better": "Plan 2"}', "second"),
        ('{"verdict": {"reason": "r", "better": "tie"}}', "tie"),
        ('{"better": "first"} on reflection {"better": "second"}', "second"),
        ("I like both.\nBetter: the first plan", "first"),
        ('{"better": "fir', ""),
        ('{"better": "the longer one"}', ""),
        ("no idea", ""),
    ],
)
def test_preference_is_read_or_missing(reply, choice):
    found = read_choice(reply)
    assert found.choice == choice
    assert bool(found.problem) == (choice == "")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from('{}[]":,0123456789-. \nfluencypersonatb'), max_size=200))
def test_no_reply_makes_the_reader_fail_or_leave_the_scale(reply):
    found = read(reply)
    assert bool(found.scores) != bool(found.problem)
    assert all(mark in FIVE for mark in found.scores.values())
    assert bool(read_choice(reply).choice) != bool(read_choice(reply).problem)


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries({name: st.integers(1, 5) for name in NAMES}),
    st.text(max_size=60).filter(lambda text: "{" not in text and '"' not in text),
    st.integers(0, 200),
)
def test_cut_verdict_is_no_verdict_wherever_it_is_cut(marks, before, cut):
    whole = before + json.dumps(marks)
    assert read(whole).scores == marks
    if len(before) <= cut < len(whole):
        assert not read(whole[:cut]).scores


@pytest.mark.parametrize(
    "reason", ["<one or two sentences>", "One or two sentences.", "<two or three sentences>"]
)
def test_a_form_that_comes_back_with_our_own_words_for_a_reason_is_no_verdict(reason):
    filled = {name: {"reason": "seen", "mark": mark} for name, mark in GOOD.items()}
    assert read(json.dumps(filled)).scores == GOOD
    echoed = read(json.dumps(filled | {"fluency": {"reason": reason, "mark": 4}}))
    assert (echoed.scores, echoed.reason) == ({}, "unreadable")
    assert "the form's own" in echoed.problem
    beside = read(json.dumps(GOOD | {"fluency_reason": reason}))
    assert (beside.scores, beside.reason) == ({}, "unreadable")
    choice = read_choice(json.dumps({"reason": reason, "better": "first"}))
    assert (choice.choice, choice.reason) == ("", "unreadable")
    assert (
        read_choice(json.dumps({"reason": "It is in one or two sentences clear.", "better": "tie"})).choice
        == "tie"
    )


def test_the_words_of_the_form_are_those_that_a_grader_is_shown():
    for form in (scores_reply(NAMES, FIVE), scores_reply(NAMES, range(1, 100)), preference_reply()):
        reasons = re.findall(r'"reason": "(.+?)"', form)
        assert reasons
        for reason in reasons:
            assert read_choice(json.dumps({"reason": reason, "better": "first"})).reason == "unreadable"
