"""What the checklist reads in a plan: whose it is, its goal, mistakes, weeks and sums, in any form."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from proctor.harness.imports.score import score_rows
from proctor.harness.judging.trials import read_plans
from proctor.judges.figures.ratings import Ratings, read_ratings
from proctor.judges.rules import word_order
from proctor.judges.rules.arithmetic import wrong_equations
from proctor.judges.rules.checklist import score_by_rules
from proctor.judges.rules.facts import checked_facts
from proctor.judges.rules.pupil import takes_up
from proctor.judges.rules.reading import read
from proctor.judges.verdict import JudgeVerdict
from proctor.tasks import TASKS
from tests.support.checklist_plans import FACTS, GOOD, JUDGE, PLAN, scores_of_plan

# Marks


def test_a_good_plan_is_near_the_top_in_every_dimension() -> None:
    assert all(score > 4.5 for score in GOOD.values()), score_by_rules(JUDGE, PLAN, FACTS).explanation


OWNERS = {
    "name": lambda text: text.replace("Mira", "Tom"),
    "name in another title": lambda text: (
        "Tom learns fractions\n" + text[text.index("Goal") :].replace("Mira", "Tom")
    ),
    "goal": lambda text: text.replace(
        "pass the fractions retest before Easter", "double recipes in the kitchen"
    ),
    "mistakes in other words": lambda text: text.replace(
        'Redo "2/3 = 4/5"', 'Find the error in "0.6 < 0.2"'
    ).replace("1/2 + 1/3 = 2/5", "3.4 + 2.1 = 5.9"),
    "mistakes beside a line that sounds like one": lambda text: text.replace(
        "2/3 = 4/5", "0.6 < 0.2"
    ).replace('"1/2 + 1/3 = 2/5" with a drawing', '"3.4 + 2.1 = 5.9"; with 1/2 + 1/3 it is 2/5 more'),
    "mistakes": lambda text: text.replace("2/3 = 4/5", "0.6 < 0.2").replace(
        "1/2 + 1/3 = 2/5", "3.4 + 2.1 = 5.9"
    ),
    "topics": lambda text: (
        re.sub(r"(?i)fraction", "angle", text).replace("2/3 = 4/5", "x").replace("1/2 +", "y +")
    ),
}


@pytest.mark.parametrize("change", OWNERS.values(), ids=list(OWNERS))
def test_a_plan_with_another_pupils_name_goal_mistakes_or_topics_is_no_plan_for_this_one(
    change: Callable[[str], str],
) -> None:
    verdict = score_by_rules(JUDGE, change(PLAN), FACTS)
    assert verdict.scores["personalisation"] == 1, verdict.explanation
    assert verdict.overall is not None
    assert verdict.overall <= 2


@pytest.mark.parametrize(
    ("goal", "whose"),
    [
        ("be calm when the retest comes round in April", "this pupil's in other words"),
        ("get at least 15 of 20 points", "anybody's"),
        ("get better at mathematics", "anybody's"),
        ("adding fractions without fear", "this pupil's topic"),
        ("survive the retest", "this pupil's, in a word of its own"),
    ],
)
def test_a_goal_in_other_words_or_for_anybody_is_nobody_elses(goal: str, whose: str) -> None:
    changed = score_by_rules(JUDGE, PLAN.replace("pass the fractions retest before Easter", goal), FACTS)
    assert changed.overall is not None
    assert changed.overall > 4, (whose, changed.explanation)


def test_a_test_that_two_pupils_have_makes_no_goal_of_the_other_ones_theirs() -> None:
    facts = FACTS | {"goal": "be sure of fractions in the June test"}
    for goal, theirs in (
        ("pass the entrance test of the aviation school", False),
        ("master that test", True),
    ):
        plan = PLAN.replace("pass the fractions retest before Easter", goal)
        verdict = score_by_rules(JUDGE, plan, facts)
        assert (verdict.scores["personalisation"] > 1) is theirs, verdict.explanation


@pytest.mark.parametrize(
    "words_", ["Ask Tom for help.", "Tom's quiz is the hardest.", "Use Desmos or YouTube."]
)
def test_somebody_else_in_a_plan_does_not_make_it_theirs(words_: str) -> None:
    assert scores_of_plan(PLAN + words_)["personalisation"] >= GOOD["personalisation"] - 0.1
    nameless = PLAN.replace("Study plan for Mira", "Four ways to fractions").replace("Mira has", "You have")
    assert scores_of_plan(nameless.replace("Week 3:", f"- {words_}\n\nWeek 3:"))["personalisation"] > 4


NAMELESS = PLAN.replace("Study plan for Mira", "A study plan").replace("Mira has", "You have")


@pytest.mark.parametrize(
    "words_",
    [
        "Learning is easier outside. Learning is also more fun with a rabbit.",
        "Practice is short. Practice is fun.",
        "Measuring is half of maths!",
        "Grandpa can help.",
        "Lina can help you.",
    ],
)
def test_a_sentence_that_begins_with_a_capital_letter_names_no_other_pupil(words_: str) -> None:
    for text in (PLAN, NAMELESS):
        for changed in (text + words_, text.replace("\nWeek 1", f"{words_}\n\nWeek 1")):
            assert scores_of_plan(changed)["personalisation"] >= scores_of_plan(text)["personalisation"] - 0.1


@pytest.mark.parametrize(
    "title",
    [
        "Bruna: 3 weeks until the retest",
        "Bruna and the fractions: 3 weeks",
        "3 weeks with Bruna",
        "BRUNA - 3 weeks",
        "Okay Bruna,",
        "Good morning Bruna!",
        "This plan belongs to Bruna.",
        "Bruna (grade 3).",
    ],
)
def test_another_pupils_name_in_the_first_lines_is_seen(title: str) -> None:
    for text in (f"{title}\n{NAMELESS}", NAMELESS.replace("\n", f"\n{title}\n", 1)):
        verdict = score_by_rules(JUDGE, text, FACTS)
        assert verdict.scores["personalisation"] == 1, verdict.explanation
        own = score_by_rules(JUDGE, text.replace("Bruna", "Mira").replace("BRUNA", "MIRA"), FACTS)
        assert own.scores["personalisation"] > 4.5, own.explanation


@pytest.mark.parametrize(
    "stated",
    [
        "Objective: {}.",
        "Purpose: {}.",
        "Learning goal: {}.",
        "Main goal: {}.",
        "🎯 Goal: {}.",
        "**Goal**\n{}.",
        "| Goal | {} |",
        "| Weeks | 3 |\n| --- | --- |\n| Goal | {} |",
        "Your big goal is to {}.",
        "**What we are aiming at:** {}.",
    ],
)
def test_a_goal_is_read_however_it_is_stated(stated: str) -> None:
    line = "Goal: pass the fractions retest before Easter."
    foreign = score_by_rules(
        JUDGE, PLAN.replace(line, stated.format("double recipes in the school kitchen")), FACTS
    )
    assert foreign.scores["personalisation"] == 1, foreign.explanation
    own = score_by_rules(
        JUDGE, PLAN.replace(line, stated.format("pass the fractions retest before Easter")), FACTS
    )
    assert own.scores["personalisation"] > 4.5, own.explanation


def test_mistakes_that_are_not_taken_up_leave_personalisation_at_three_at_most() -> None:
    assert scores_of_plan(re.sub(r'"[^"]*"', "a sum", PLAN))["personalisation"] <= 3


def test_a_mistake_told_in_other_words_is_taken_up() -> None:
    told = "You said that a run of 6 m by 2 m needs 12 m of wire."
    assert takes_up(told, "Rabbit run 6 m by 2 m needs 12 m of wire")
    assert takes_up("Lay 35, 65 and x on a line. Must x be 260?", "On a line 35, 65 and x: x = 260")
    assert takes_up("Look at 6 x 8 again. It is not 46.", "6 x 8 = 46")
    assert takes_up("Redo 27 × 14: the second row is 270, not 27.", "27 x 14: 108 + 27 = 135")
    assert not takes_up("Check: at least 6 of 8 right. 46 cards.", "6 x 8 = 46")
    assert not takes_up("Learn 16 x 8 and 6 x 85 in 46 days.", "6 x 8 = 46")
    assert not takes_up("Learn 6 x 8.", "6 x 8 = 46")
    assert not takes_up("Find y for x = 5.", "y = 5 gives 5")


def test_the_whole_is_at_most_one_mark_above_the_weakest_dimension() -> None:
    verdict = JudgeVerdict("j", "m", {"a": 5.0, "b": 1.0, "c": 5.0}, above_weakest=1)
    assert verdict.overall == 2.0
    assert replace(verdict, above_weakest=None).overall == pytest.approx(11 / 3)
    assert replace(verdict, scores={"a": 4.0, "b": 3.5}).overall == 3.75
    assert replace(verdict, scores={}).overall is None
    table = Ratings({("x", "r", name): mark for name, mark in verdict.scores.items()}, above_weakest=1)
    assert table.table("overall", ["x"], ["r"])[0, 0] == 2.0


TABLE = """# Mira's way to the fractions retest

Goal: pass the fractions retest before Easter. Mira works on her phone, so every sheet is a photo.

| Week | Monday (45 min) | Thursday (45 min) | Check |
| --- | --- | --- | --- |
| 1 | Equivalent fractions: redo 2/3 = 4/5 and say what went wrong. | Find five pairs, then do 8 questions. | 4 of 5 |
| 2 | Adding fractions: correct 1/2 + 1/3 = 2/5 with a drawing. | Solve 10 sums and mark them. | 8 of 10 |
| 3 | Explain equivalent fractions and adding fractions. | Take a test of 12 questions. | Aim for 10 of 12. |
"""
PROSE = """Dear Mira, this is how we get you through the fractions retest before Easter. You need only your phone.

In the first week you work on equivalent fractions. On Monday, take 45 minutes to redo your old answer 2/3 = 4/5 and \
fold paper strips. On Thursday, take 45 minutes to find five equal pairs and do 8 questions. 4 of 5 right is good.

In the second week you add and subtract fractions. On Monday, for 45 minutes, draw bars for 1/2 + 1/3. On Thursday, \
for 45 minutes, solve 10 sums and mark them. If 8 of 10 are right, go on.

In the third week you review equivalent fractions and adding fractions. On Monday, for 45 minutes, explain both to a \
friend. On Thursday, for 45 minutes, take a mixed test of 12 questions, check it and aim for 10 of 12.
"""


def _weeks_called(*names: str) -> str:
    text = PLAN
    for number, name in enumerate(names, 1):
        text = text.replace(f"Week {number}:", name)
    return text


FORMS = {
    "table": TABLE,
    "prose": PROSE,
    "ordinals": _weeks_called("First week:", "Second week:", "Third week:"),
    "number words": _weeks_called("## **Week One** –", "## **Week Two** –", "## **Week Three** –"),
    "short": _weeks_called("W1:", "W2:", "W3:"),
    "dates": _weeks_called("3 March – 9 March:", "10–16 March:", "March 17 to March 23:"),
    "weeks of dates": _weeks_called("Week of 3 March:", "Week of 10 March:", "Week of 17 March:"),
    "capitals": PLAN.replace("Week", "WEEK").replace("Study plan for Mira", "STUDY PLAN FOR MIRA"),
    "stars": PLAN.replace("- ", "* "),
    "you": PLAN.replace("Study plan for Mira", "Your study plan").replace("Mira has", "you have"),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=list(FORMS))
def test_a_good_plan_is_good_in_any_form(text: str) -> None:
    verdict = score_by_rules(JUDGE, text, FACTS)
    assert verdict.overall is not None
    assert verdict.overall >= 4.5, verdict.explanation


@pytest.mark.parametrize(
    "line", ["10-12: a quiz", "3 to 5: share it", "1/2 - 1/3: draw it", "2-3 sentences each"]
)
def test_numbers_in_front_of_a_colon_are_no_dates(line: str) -> None:
    assert not read(line).weeks


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Learn 7 x 8 = 54.", ["7 x 8 = 54"]),
        ("So 12 + 9 = 22 and 5 - 5 = 3.", ["12 + 9 = 22", "5 - 5 = 3"]),
        ("20 - 4 x 3 = 8 and 1/2 + 1/3 = 5/6 and 10 / 3 = 3.33", []),
        ("You wrote 6 x 8 = 46. Why is 12 + 9 = 22 wrong?", []),
        ("Solve 2x + 3 = 9, then 29 ÷ 4 = 7 r 1, then 1,000 - 250 = 750.", []),
        ('Redo "6 x 8 = 46".', []),
        ("Write 6 x 8 = 46 once more.", []),
        ("5 / 0 = 2", ["5 / 0 = 2"]),
        ("- 7 x 8 = 54", ["7 x 8 = 54"]),
        ("- 3 + 5 = 8\n-3 + 5 = 2", []),
        ("A gross (12 x 12 = 124) of eggs", ["12 x 12 = 124"]),
        ("So 12 x 12 is 124.", ["12 x 12 is 124"]),
        ("12 x 12 is 144. 3 x 20 is 1 hour. Pages 7-8 is 10 minutes.", []),
        ("1,200 + 300 = 1,600 and 1,200 + 300 = 1,500", ["1,200 + 300 = 1,600"]),
        ("As you know, 7 x 8 = 54. Put 3 + 4 = 8 on your wall.", ["7 x 8 = 54", "3 + 4 = 8"]),
        ("Once you wrote 7 x 8 = 54. In your old quiz 3 + 4 = 8.", []),
    ],
)
def test_sums_that_a_plan_states_are_checked_and_the_pupils_errors_are_not(
    text: str, wrong: list[str]
) -> None:
    assert wrong_equations(text, ["6 x 8 = 46"]) == wrong


def test_the_tables_of_neighbours_and_ordinary_words_are_what_their_script_makes() -> None:
    from proctor.tasks.tools.word_order import ordinary, table

    assert word_order.PATH.read_text(encoding="utf-8") == table()
    assert word_order.ORDINARY.read_text(encoding="utf-8") == ordinary()


def test_words_in_any_order_are_told_from_sentences_without_a_full_stop_to_go_by() -> None:
    bare = re.sub(r"[.,:;\n-]", " ", PLAN).lower()
    mixed = [" ".join(random.Random(seed).sample(bare.split(), len(bare.split()))) for seed in range(20)]
    good, known = word_order.fitting(bare)
    shares = [fit / of for fit, of in map(word_order.fitting, mixed)]
    assert good / known > 0.7
    assert sum(share < 0.6 for share in shares) >= 19


@cache
def _development() -> list[tuple[str, dict[str, float], JudgeVerdict]]:
    folder = Path(__file__).parent.parent / "support" / "data"
    labels = read_ratings(folder / "development_labels.csv")
    found = []
    for plan in read_plans(folder / "development_plans.jsonl"):
        marks = {
            name: float(np.nanmean(labels.table(name, [plan.item.id], labels.raters)))
            for name in labels.dimensions
        }
        found.append((plan.item.id, marks, score_by_rules(JUDGE, plan.item.text, plan.item.facts or {})))
    return found


def test_on_the_plans_that_the_rules_were_set_on_the_mark_is_near_the_readers() -> None:
    gaps = []
    for _, marks, verdict in _development():
        assert verdict.overall is not None
        gaps.append(abs(verdict.overall - min(sum(marks.values()) / 3, min(marks.values()) + 1)))
    assert len(gaps) == 97
    assert sum(gaps) / len(gaps) < 0.3


def test_a_good_teachers_plan_gets_four_at_least() -> None:
    good = [(name, verdict) for name, _, verdict in _development() if name.endswith("-good")]
    assert len(good) >= 20
    for name, verdict in good:
        assert verdict.overall is not None
        assert verdict.overall >= 3.9, (name, verdict.explanation)


def test_facts_that_a_rule_would_misread_are_refused() -> None:
    assert checked_facts({"topics": ["Fractions", ["Area", "areas"]]})["topics"] == [
        ["Fractions"],
        ["Area", "areas"],
    ]
    for facts, said in (
        ({"topics": ["Area"], "mistake": []}, "no fact is called 'mistake'"),
        ({"topics": "Area"}, "'topics'.*should be a list"),
        ({"topics": ["Area"], "weeks": "three"}, "'weeks'.*should be a number"),
        ({"topics": ["Area"], "weeks": True}, "'weeks'.*should be a number"),
        ({"name": "Mira"}, "name no `topics`"),
    ):
        with pytest.raises(ValueError, match=said):
            checked_facts(facts)


def test_kind_words_after_the_last_week_earn_nothing() -> None:
    weak = "\n\n".join(f"Week {week}\n- Look at your notes." for week in (1, 2, 3))
    kind = (
        "\n\nA few more words. "
        + "Some days feel easy, others hard, and every effort is worth something. " * 3
    )
    before, after = scores_of_plan(weak), scores_of_plan(weak + kind)
    assert after["actionability"] <= before["actionability"]
    assert after["personalisation"] <= before["personalisation"]


def test_a_topic_is_worked_on_where_its_mistake_is_taken_up_without_its_name() -> None:
    nameless = re.sub(r"(?i)equivalent fractions", "the first topic", PLAN)
    assert (
        scores_of_plan(nameless, mistake_topics=[1, 0])["personalisation"]
        > scores_of_plan(nameless)["personalisation"]
    )


def _in_no_order(plan: str, shuffled: random.Random) -> str:
    """The words of each task in random order; goal, titles and headings as they were."""
    lines = []
    for line in plan.splitlines():
        kept, task = re.fullmatch(r"(- |Week \d+: [^.]*\. |)(.*)", line).groups()
        if kept:
            words = task.split()
            line = kept + " ".join(shuffled.sample(words, len(words)))
        lines.append(line)
    return "\n".join(lines)


@pytest.mark.parametrize(("weeks", "at_least"), [("of several lines", 0.9), ("of one line", 0.8)])
def test_tasks_without_order_are_not_made_up_for_by_whole_headings(weeks: str, at_least: float) -> None:
    shuffled = random.Random(1)
    assert scores_of_plan(_in_no_order(PLAN, shuffled))["fluency"] == 1.0
    plans, heaps = [], []
    for doc in TASKS["study_plan"].docs("test"):
        if ("\n- " in doc["target"]) == (weeks == "of several lines"):
            plans.append({"sample_id": doc["id"], "response": doc["target"]})
            heap = _in_no_order(doc["target"], shuffled)
            assert heap != doc["target"]
            heaps.append({"sample_id": doc["id"], "response": heap})
    assert score_rows("study_plan", plans)["score"].min() == 5.0
    assert (score_rows("study_plan", heaps)["score"] <= 2.5).mean() > at_least
