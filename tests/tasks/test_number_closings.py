"""The ways in which texts end: behind the working of 8,792 solutions written by people, each closing is read right."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.tasks.number import read_number
from tests.support.number_closings import CLOSINGS, NO_ANSWERS, closed, in_words, solutions

LEAST = 0.99
EVERY = 144  # of so many solutions one is tried: 62


def test_each_closing_is_read_behind_the_working_of_people() -> None:
    pairs, shares = solutions()[::EVERY], {}
    for name, closing in CLOSINGS.items():
        readings = [(read_number(closed(closing, working, answer)), answer) for working, answer in pairs]
        shares[name] = sum(found is not None and found.gives(answer) for found, answer in readings) / len(
            pairs
        )
    assert not {name: share for name, share in shares.items() if share < LEAST}


def test_who_declines_or_names_two_numbers_gives_no_answer() -> None:
    pairs, shares = solutions()[::EVERY], {}
    for closing in NO_ANSWERS:
        readings = [read_number(closed(closing, working, answer)) for working, answer in pairs]
        shares[closing] = readings.count(None) / len(pairs)
    assert not {closing: share for closing, share in shares.items() if share < LEAST}


@given(st.integers(0, 999_999), st.sampled_from(["The answer is {}.", "So it is {} dollars.", "#### {}"]))
@settings(max_examples=150, deadline=None)
def test_a_number_in_words_is_read_back(number: int, frame: str) -> None:
    reading = read_number(frame.format(in_words(number)))
    if number == 1 and "answer" not in frame:
        assert reading is None  # 'one' is mostly no number
    else:
        assert reading is not None, in_words(number)
        assert reading.value == number, in_words(number)


@given(st.integers(1, 10**6), st.integers(1, 59))
@settings(max_examples=200, deadline=None)
def test_hours_and_minutes_are_read_as_one_quantity(hours: int, minutes: int) -> None:
    reading = read_number(f"That makes {hours} hours and {minutes} minutes.")
    assert reading is not None
    assert reading.value == 60 * hours + minutes
    assert reading.gives(hours + Fraction(minutes, 60))


def test_there_are_more_than_twenty_closings() -> None:
    assert len(set(CLOSINGS.values())) > 20
