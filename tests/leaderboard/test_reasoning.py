"""How a response reasons, seen without a model: each figure on texts whose figures can be counted by hand."""

from dataclasses import replace

import pytest

from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.reasoning import own_texts, reasoning_figures, shares_of
from proctor.leaderboard.report import report
from tests.support.board_results import rows_of, write

PROBLEM = "Ann has 12 red pens, 3 blue pens and $1,250.50. She buys 3 more pens. How many pens has she?"


def test_numbers_of_the_problem_that_are_never_used_and_numbers_that_come_from_nowhere():
    shares = shares_of(PROBLEM, "12 + 3 = 15 pens, 15 + 3 = <<15+3=18>>18.\n#### 18")
    # 12, 3 and 1250.5 are asked; 12 and 3 are used. 15 and 18 stand behind an equals sign.
    assert shares["unused_numbers"] == pytest.approx(1 / 3)
    assert shares["new_numbers"] == 0
    shares = shares_of(PROBLEM, "1250.50 / 7 = $178.64, so she has 20.")
    assert shares["unused_numbers"] == pytest.approx(2 / 3)
    assert shares["new_numbers"] == pytest.approx(2 / 4)  # 7 and 20, of 1250.5, 7, 178.64 and 20
    assert shares_of(PROBLEM, "18 = 12 + 6")["new_numbers"] == pytest.approx(2 / 3), "18 and 6: 12 was asked"


def test_repetition_and_words_taken_from_the_problem_are_shares_of_runs_of_four_words():
    shares = shares_of("one two three four five", "a b c d a b c d")
    assert shares["words"] == 8
    assert shares["repetition"] == pytest.approx(1 - 4 / 5)  # abcd bcda cdab dabc abcd
    assert shares["restated"] == 0
    shares = shares_of("One two, three four five.", "Two three FOUR five six!")
    assert shares["restated"] == pytest.approx(1 / 2)
    assert shares["repetition"] == 0


def test_what_cannot_be_told_of_a_response_is_left_out():
    assert shares_of(PROBLEM, "") == {"words": 0, "unused_numbers": 1}
    assert shares_of("How many?", "It is 5 of all of them.").keys() == {"words", "repetition"}
    assert shares_of("", "3 + 4 = 7").keys() == {"words"}


def test_a_problem_is_what_a_prompt_does_not_share_with_the_others():
    problems = [f"{n}1 pens and 1,{n}00 caps cost {n}.5" for n in range(10, 20)]
    prompts = [f"<user>\nSolve 3 + 4 first.\n\n{problem} dollars.<end>\n" for problem in problems]
    assert own_texts(prompts) == problems
    assert own_texts(prompts[:9]) == [""] * 9, "nine prompts may share more than the wording"
    assert own_texts([prompts[0]] * 50) == [""] * 50
    assert own_texts([]) == []


def test_a_report_has_them_in_its_appendix_alone(tmp_path):
    rows = []
    for i, row in enumerate(rows_of("a", "word_problems", 12)):
        asked, status = f"Q: Sam has {i + 10} pens and 3 caps.\nA:", "error" if i == 11 else row.status
        steps = {} if i == 10 else {"steps_total": 1.0, "steps_right": 1.0}
        said = "" if i == 11 else f"{i + 10} + 3 = {i + 13}"
        rows.append(
            replace(row, prompt=asked, response=said, metrics=steps, status=status, cluster=row.sample_id)
        )
    write(tmp_path, rows)
    write(tmp_path, rows_of("a", "concepts"))
    figures = {one.name: one for one in reasoning_figures(load_cells(tmp_path)["a", "word_problems"].rows())}
    assert (figures["unused_numbers"].value, figures["unused_numbers"].n) == (0.0, 10), (
        "an error is no response"
    )
    assert "repetition" not in figures, "no response has four words"
    made = report.make(tmp_path, with_appendix=True)
    concepts, problems = made.appendix
    assert "Numbers from nowhere, %" in [line[0] for line in problems.lines(["a"])]
    assert not {"new_numbers", "words"} & {one.name for one in concepts.figures["a"]}
    assert report.make(tmp_path).appendix == ()
