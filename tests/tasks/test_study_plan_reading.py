"""What is read in a study plan: times, weeks, days, in many forms; any text, in linear time."""

import time
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.judges.rules.durations import days, durations
from proctor.judges.rules.reading import read
from proctor.tasks.study_plan.checks import CHECKS, check_plan
from proctor.tasks.study_plan.scoring import score
from tests.support.study_plans import TEST, requirements_of

# Reading times


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2 h", 120),
        ("90 min", 90),
        ("1.5 hours", 90),
        ("1,5 hours", 90),
        ("1 h 30 min", 90),
        ("1h30", 90),
        ("1 hour and 15 minutes", 75),
        ("half an hour", 30),
        ("an hour and a half", 90),
        ("one and a half hours", 90),
        ("three quarters of an hour", 45),
        ("3 x 40 minutes", 120),
        ("3 × 40 min", 120),
        ("two sessions of 45 minutes", 90),
        ("3 sessions a week, 40 min", 120),
        ("40 minutes, 3 times a week", 120),
        ("25 minutes x 3", 75),
        ("20 minutes each day", 140),
        ("30-40 min", 40),
        ("45-minute lesson", 45),
        ("Mon, Wed and Fri, 40 min each", 120),
        ("Monday to Thursday: 30 minutes", 120),
        ("40 min: 10 min of cards, 30 min of sums", 40),
        ("take a 5 minute break", 0),
        ('correct "90 km in 1 h 30 = 69 km/h"', 0),
        ("he tires after 20 minutes", 0),
        ("no time is named", 0),
    ],
)
def test_times_are_read_in_many_forms(text: str, minutes: float) -> None:
    assert read(f"Week 1\n- {text}").minutes == minutes


@given(
    st.integers(1, 9),
    st.integers(1, 99),
    st.sampled_from(
        ["{n} x {m} minutes", "{n} sessions of {m} min", "{n} × {m} mins", "{m} min, {n} times a week"]
    ),
)
def test_a_number_of_sessions_times_their_length_is_read_back(n: int, m: int, form: str) -> None:
    assert sum(one.total for one in durations(form.format(n=n, m=m))) == n * m


@pytest.mark.parametrize(
    "text",
    [
        "## Week 1: fractions\n2 h\n## Week 2: decimals\n90 min",
        "**Week 1**\n- 2 hours\n**Week 2**\n- 1.5 hours",
        "Week 1: fractions, 2 h. Week 2: decimals, 1 h 30 min.",
        "| Week 1 | fractions | 2 h |\n| Week 2 | decimals | 90 min |",
        "| Week | Topic | Hours |\n|---|---|---|\n| 1 | fractions | 2 |\n| 2 | decimals | 1.5 |",
        "In week 1, work 2 h on fractions. In week 2, work 90 min on decimals.",
        "First week: 2 h of fractions\nFinal week: 90 min of decimals",
        "1. Week one - 4 x 30 minutes\n2. Week two - 2 x 45 minutes",
        "Week 1 (2 h)\n- 60 min cards\n- 60 min sums\n"
        "Week 2 (90 min)\n- Monday (90 min):\n  - 30 min cards\n  - 60 min sums",
    ],
)
def test_weeks_are_found_in_headings_lists_tables_and_running_text(text: str) -> None:
    reading = read(text)
    assert [week.number for week in reading.weeks] == [1, 2]
    assert [week.minutes for week in reading.weeks] == [120, 90]


def test_weeks_one_to_three_are_three_weeks_with_the_same_times() -> None:
    assert [week.minutes for week in read("Weeks 1-3: 3 x 40 minutes").weeks] == [120, 120, 120]


def test_times_of_every_week_hold_where_a_week_names_none() -> None:
    reading = read("Every week: Mon and Thu, 30 min each.\nWeek 1: fractions\nWeek 2: decimals, 20 min")
    assert [week.minutes for week in reading.weeks] == [60, 20]


def test_days_are_read_and_days_off_are_not() -> None:
    assert days("Mon-Wed and Saturdays") == ("Monday", "Tuesday", "Wednesday", "Saturday")
    assert days("No work on Wednesday. Start on Friday") == ("Friday",)
    assert days("I sat in the sun") == ()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_read_checked_and_marked(text: str) -> None:
    assert [one.name for one in check_plan(text, requirements_of())] == list(CHECKS)
    assert 0 <= score(TEST[0], text).score <= 5


_PIECES = st.sampled_from(
    [
        "Week ",
        "1",
        "2-9",
        "99",
        ":",
        "|",
        "\n",
        " ",
        "- ",
        "# ",
        "3 x 40",
        " min",
        "hours",
        "Mon",
        "-",
        '"',
        ".",
        "last week",
        "a",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_PIECES, max_size=60).map("".join))
def test_any_pieces_of_a_plan_can_be_read_checked_and_marked(text: str) -> None:
    scored = score(TEST[0], text)
    assert all(not isnan(value) for value in scored.metrics.values())


@pytest.mark.parametrize(
    "piece",
    ["Week 1: 3 x 40 min. ", "1", '"', "last week:\n", "| a ", "a ", "Mon to ", "\n", ". ", "Weeks 1-9\n"],
)
def test_reading_takes_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()
        score(TEST[0], text)
        return time.process_time() - start

    seconds(2_500)
    small, large = min(seconds(2_500) for _ in range(2)), seconds(20_000)
    # Beyond LONGEST nothing is read; the rest guards against patterns that try every way to match.
    assert large < 30 * small + 0.1
