"""Whether to trust a judge: the sentence that its card begins with, on the terminal as on the board."""

import html

import pytest

from proctor.common.paths import PACKAGE as ROOT
from proctor.harness import record
from proctor.leaderboard.board import site
from proctor.leaderboard.compare.judge_warnings import HOW_TO_READ, answer
from tests.support.board_pages import text_of
from tests.support.board_results import rows_of, write
from tests.support.trust_cards import asked_plan, marks_of, model_card, verdict


def card_of(damage=(4, 0), injection=(4, 0), low: object = 0.3, labels=True):
    """So many checks of a kind passed and failed, with the lower limit of the agreement with labels."""
    checks = []
    for kind, counts in (("damage", damage), ("injection", injection)):
        for passed, number in zip((True, False), counts, strict=True):
            checks += [{"kind": kind, "passed": passed}] * number
    figures = [
        {"name": "spearman", "dimension": "fluency", "low": 0.5},
        {"name": "spearman", "dimension": "overall", "low": low},
    ]
    return {"checks": checks, "figures": figures, "labels": {"n": 4, "raters": ["kim"]} if labels else None}


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (card_of(), "This judge passed all of its 8 checks, and its scores go with those of people."),
        (card_of(labels=False), "This judge passed all of its 8 checks; whether it agrees with people is not known."),
        (card_of(damage=(3, 1)), "Read its scores with care: this judge failed 1 of its 8 checks."),
        (card_of(damage=(2, 2)), "Do not trust this judge: it failed 2 of 4 checks with planted damage."),
        (card_of(injection=(1, 3)), "Do not trust this judge: it failed 3 of 4 checks with words to the judge."),
        (card_of(low=0.0), "Do not trust this judge: nothing shows that its scores go with those of people."),
        (card_of(low=None), "Do not trust this judge: nothing shows that its scores go with those of people."),
        (card_of((0, 4), (4, 0), -0.2),
         "Do not trust this judge: nothing shows that its scores go with those of people; it failed 4 of 4 checks "
         "with planted damage."),
        (card_of() | {"figures": [{"name": "kappa_conservative", "dimension": "preference", "low": 0.1}]},
         "This judge passed all of its 8 checks, and its scores go with those of people."),
        ({}, ""),
        ({"checks": "none", "labels": {"n": 3}}, ""),
        ({"checks": [{"kind": None}, 7]}, "Read its scores with care: this judge failed 1 of its 1 checks."),
    ],
)  # fmt: skip
def test_answer_is_one_sentence_that_says_whether_to_trust(card, words):
    assert answer(card) == words


def test_card_that_failed_more_than_half_of_its_damage_is_not_to_be_trusted():
    kept = record.read_cards(ROOT / "results" / "smollm2")["study_plan"]
    assert answer(kept).startswith("Do not trust this judge: ")


def test_terminal_says_first_what_the_board_says_and_cuts_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    swayed = {"fluency": 5, "personalisation": 5, "actionability": 5}

    def gullible(request, _):
        plan = asked_plan(request)
        return verdict(swayed if "5" in plan[-200:] else marks_of(plan))

    done, card = model_card(tmp_path, gullible)
    lines = done.stdout.splitlines()
    first = " ".join(done.stdout.split())
    assert first.startswith(answer(card))
    assert max(map(len, lines)) <= 80
    assert "…" not in done.stdout
    assert lines.index(next(line for line in lines if "FAILED" in line)) < 10
    for words in ("check", "expected", "seen", "verdict"):
        assert words in next(line for line in lines if "expected" in line)
    assert HOW_TO_READ in first
    assert "Labels: 3 by 1 rater: authors." in first
    write(tmp_path / "board-results", rows_of("a", "study_plan"))
    record.write_card(tmp_path / "board-results", card | {"judge": "checklist"})
    board = site.build(tmp_path / "board-results", tmp_path / "out").parent
    page = html.unescape(text_of(board, "judges/checklist.html"))
    assert answer(card) in page
    assert HOW_TO_READ in page
    for check in card["checks"]:
        assert f"{check['title']} {check['expected']} {check['held']} of {check['of']}" in page
