"""The extractor on the shapes in which models really write: each test is a habit that their readers meet."""

from fractions import Fraction

import pytest

from proctor.tasks.number import read_number

SUM = "She has 20 - 8 = <<20-8=12>>12 shells.\nShe sells them for 12 * 3 = $<<12*3=36>>36.\n"


def read(text: str) -> Fraction | None:
    reading = read_number(text)
    return reading and reading.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (SUM + "A: 36", 36),
        (SUM + "A: $36", 36),
        (SUM + "**A:** 36 dollars", 36),
        ("The answer is 12 shells a day.\nThat makes 12 * 7 = 84 in a week.\nA: 84", 84),
        ("9 right answers * 4 points/answer = 36 points.\nWith the bonus that is 36 + 5 = 41.\nA: 41", 41),
        ("Mo has 30 cards.\nRed: 10\nA: 20", 20),
        ("It holds 1,008 nails a week\nA: 1", 1),
        ("She keeps 2.5 kg\nA: 2", 2),
        ("There are 4 boys.\nA: -2", -2),
        (SUM + "A: 36\nQ: Tim has 4 pens and loses 1. How many has he?\nA: 3", 36),
    ],
)
def test_a_last_line_with_a_alone_is_the_answer_whatever_stands_above(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "On day 14 it measures 512 * 2 =",
        "She packs 20 - 8 = <<20-8",
        "She packs 20 - 8 = <<20-8=12>>12 shells into the",
        "He writes 3 * 4 = 12 pages for an",
        "2. **The price of the roof:**",
        "Add the price of the boards ($12) and of the nails (",
        "He is 12 years old and she is 10 +",
    ],
)
def test_a_text_that_breaks_off_gives_no_number(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("The answer is 36 because the", 36),
        ("11 - 6 - 2 = 3. Finn can see 3 frogs in the pond now", 3),
        ("80 = 3x\nx = 26.5\n\nJo would need 26.5 yards of", Fraction("26.5")),
        ("3 / 4", Fraction(3, 4)),
        ("Sum of all: 36", 36),
        ("20 - 8 = 12 shells", 12),
        ("In all he reads **12** pages", 12),
        ("16 - 9 = $7.00", 7),
    ],
)
def test_an_answer_without_a_full_stop_does_not_break_off(text: str, meant: Fraction) -> None:
    assert read(text) == meant


def test_a_marker_whose_sum_is_cut_off_gives_way_to_the_one_before() -> None:
    assert read("The answer is 6 * 7 = 42. In short, the answer is 6 * 7 =") == 42
    assert read("The answer is 6 * 7 =") is None


@pytest.mark.parametrize(
    "text",
    [
        "There are 72 rats, but we cannot determine how many live in each cage.",
        "The trip has 32 miles. The answer is:\n\nWe don't know.",
        "```python\ndef solve():\n    pens = 12 * 3\n    return pens - 4\n```",
    ],
)
def test_who_gives_no_number_gets_none_from_the_working(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10 small boxed gifts + 12 large boxed gifts = 22 gifts.\nWith 11 more she has 33", 33),
        ("The third answer was 1800 - 400 = 1400, and together they are 1800 + 1400 = 3200", 3200),
        ("Each correct answer is worth 5 points.\nSo he has 4 * 5 = 20 points", 20),
        ("I write the answer as 7 + 8 =\n\n15", 15),
        ("The answer is 100 + 20 * 5 =\n\n100 + 100 =\n\n200", 200),
    ],
)
def test_words_that_look_like_a_marker_are_none(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("<answer>The book has 15 chapters. She has read 5. This leaves 15 - 5 = 10 chapters.</answer>", 10),
        ("<answer> So she saves $5. She is proud. </answer>", 5),
        (
            "He has 3 pens.\nAnswer:\n\nStep 1: One box of 200 g holds 6 g.\n\nStep 2: Ben gets 42 g a week.",
            42,
        ),
        ("The answer is:\n\n1) $250 for the paper\n2) $1125 for the radio\n3) $1375 for all of it", 1375),
        ("**Answer:**\n\n18 dollars\n\nIt takes 9 eggs and 2 dollars.", 18),
        ("30 * 28 = 840\n</think> </answer>", 840),
        ("Maybe 7.\n</think>\n\nIt is 8.", 8),
    ],
)
def test_a_block_behind_a_marker_ends_up_with_its_number(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    "recital",
    [
        "[Question]A number of boys eat 4 plums each.\n[Answer]The answer is 20.",
        "<question>Nine men dig.</question> The answer is 20.",
        "\nLena skips 20 times in a minute. How many times does she skip in a lesson?\n\\boxed{20}",
        '\n"Good day", says Tim, who is 20. How old will he be when his brother, who is 4 now, is 8?\nA: 20',
        "\n\nAssistant: <answer> 20 </answer>",
    ],
)
@pytest.mark.parametrize("answer", ["The answer is 36.", "\\boxed{36}", "#### 36", "<answer> 36 </answer>"])
def test_a_recital_without_a_plain_label_never_wins(answer: str, recital: str) -> None:
    assert read(f"{SUM}{answer}\n{recital}") == 36


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("His guess was off by 36 beans, as the true number of beans in the jar is 900.", 36),
        ("7 * 2 = 14 old coins that the 5 men brought in", 14),
        ("40 - 24 = 16 guests that say room #12 is cold", 16),
        ("136 / 2 = 68 children would get 2 rolls each.", 68),
        ("1340 / 80 = 16.75 bags, meaning that she has to buy 17 bags.", 17),
        ("1 + 5 = 6th place\nThen 7 - 1 = 6th place", 6),
        ("Two legs each, so we take 4 * 2 to find 8 legs in all.", 8),
        ("40 / 20 = 2 slices a child. Therefore, she should cut each pie into 8 slices.", 8),
    ],
)
def test_a_number_that_only_goes_with_the_result_gives_way(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("= 2 900,50 $", Fraction("2900.5")),
        ("3 * 4 = 12\n所以还剩30个苹果", 30),
        ("4 / 12 = 0." + "3" * 500, Fraction(int("3" * 60), 10**60)),
    ],
)
def test_numerals_of_other_manners_are_read(text: str, meant: Fraction) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Answer:\nThe 20 lists will last 600 hours in all.", 600),
        ("Answer:\n8 pens will cost $12.00.", 12),
        ("Answer:\nThe first sold 20, while the other sold 16. Therefore, the difference is 4.", 4),
        ("Answer: Lou earned 10 * 5 = 50 in May. Then she earned 8 * 10 = 80. Lou has $130.", 130),
        ("Answer:\nMonday: 14 plums\nTuesday: 12 plums\n\nTotal: 26 plums", 26),
        ("3 * 12 = 36 Final answer: 36\n\nThere were 16 to begin with, and 4 broke.", 36),
        ("The answer is 104. (If 2/5 as many was meant, the answer would be 44.)", 104),
        ("**Answer:** She pays **$255** each month for **3** months.", 255),
    ],
)
def test_the_sentence_behind_a_marker_is_read_and_not_its_first_number(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Bo will have 26 marbles.\n\n**Explanation:** We first look at the 10 that he loses.", 26),
        ("So Sue has 9 plants! Feel free to ask more. I'm here 24/7!", 9),
        ("26 * 4 = 104\n\n> Remark: if you mean another two,\n> it would be 11 * 4 = 44", 104),
        ("TOTAL ......... $33.00", 33),
    ],
)
def test_what_comes_after_the_answer_is_passed_over(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("So we add 9 feet and 40 feet to get 49 feet.", 49),
        ("Jo is 27, so that means that Trent is 32.", 32),
        ("He has come 80 miles by the end of his 10 hours of riding.", 80),
        ("In all, Sue gets sixty-six magazines.", 66),
        ("10 * 3 = 30\nTo earn $30, she has to sell 6 cups.", 6),
        (
            "15 * 2 = 30\nTo get 30 guests to come, he would need to make 750 calls (30 * 25 = 750 calls).",
            750,
        ),
    ],
)
def test_the_main_clause_of_a_last_sentence_counts(text: str, meant: int) -> None:
    assert read(text) == meant


def test_one_quantity_in_another_form_gives_both() -> None:
    for text, both in (
        ("It costs 105 cents, or 1.05 dollars.", ("105", "1.05")),
        ("It takes 160 minutes, or 2 hours and 40 minutes.", ("160", "8/3")),
        ("Each is 5 cm long, which is the same as 50 mm.", ("5", "50")),
    ):
        reading = read_number(text)
        assert reading is not None
        assert all(reading.gives(Fraction(number)) for number in both), text


@pytest.mark.parametrize(
    "text",
    [
        "It is 18 or 20.",
        "The answer is 18 or 20.",
        "#### 18 or 20",
        "So she makes $18 or $20.",
        "She has either 18 apples or 20 apples.",
        "That makes 18, or possibly 20, in all.",
        "答案是18或20。",
        "Das sind 18 oder 20.",
        "\\boxed{18} or \\boxed{20}",
    ],
)
def test_two_alternatives_are_no_answer(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("That is 0.60 or 60%.", 60),
        ("It takes 120 minutes or 2 hours.", 120),
        ("She pays 9 + 9 or 18 dollars.", 18),
        ("One half or more of the 18 pupils, that is 9.", 9),
    ],
)
def test_one_number_said_twice_is_no_alternative(text: str, meant: Fraction) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("It is minus 7 degrees.", -7),
        ("The answer is minus 7.", -7),
        ("#### minus 7", -7),
        ("**minus 7**", -7),
        ("Minus 7", -7),
        ("5 - 12 = minus 7", -7),
        ("That gives negative 7.", -7),
        ("So 20 minus 7 is 13.", 13),
        ("20 minus 7", 7),
    ],
)
def test_a_minus_in_words_is_a_sign_unless_something_stands_before_it(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Let us find the answer step by step: 20 - 8 = 12 shells. At 3 dollars each that makes 36.", 36),
        ("The answer is easy to find. 20 - 8 = 12, and 12 * 3 = 36.", 36),
        ("So it is 36. If you can't solve the next one, just ask!", 36),
        ("So it is 36. You can't find a faster way than that", 36),
        ("It is 36.\nCheck: 36 / 3 = 12. Now you know how to do it!", 36),
    ],
)
def test_words_around_a_complete_answer_never_take_it_away(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("So it's minus 7 degrees.", -7),
        ("That leaves minus 7.", -7),
        ("So minus 7", -7),
        ("He owes minus 7 dollars.", -7),
        ("5 apples minus 7", 7),
        ("So it is 36 (35 + 1).", 36),
        ("So it is 36 (72/2).", 36),
        ("36 = 12 * 3", 36),
        ("Thus $36 = 3 * $12.", 36),
        ("So it is 9 = 3 x 3 in all: 9 * 4 = 36", 36),
        ("答案是三又二分之一", Fraction(7, 2)),
        ("答案是十八点五", Fraction(37, 2)),
        ("答案是百分之十二点五", Fraction(25, 2)),
        ("答案是百分之五", 5),
        ("一共有三点一四。", Fraction(314, 100)),
    ],
)
def test_the_whole_of_a_number_is_read_and_not_a_part_of_it(text: str, meant: Fraction) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    "words",
    [
        "Answer: cannot be determined from the given 3 facts",
        "The answer can't be known, since 2 prices are missing.",
        "\\boxed{?}",
        "#### ?",
        "So the final answer is",
        "The total is 12 plus",
        "I don't have enough information to answer.",
        "There is no way to tell.",
        "This question is unanswerable.",
        "No se puede determinar.",
        "信息不足，无法求解。",
    ],
)
def test_who_says_that_there_is_no_answer_gives_none_of_the_working(words: str) -> None:
    assert read(SUM + words) is None


@pytest.mark.parametrize(
    "words", ["Answer: it cannot be determined at once, but it is 36", "She did that 12 * 3 = 36 times"]
)
def test_words_like_those_before_an_answer_do_not_take_it_away(words: str) -> None:
    assert read(SUM + words) == 36
