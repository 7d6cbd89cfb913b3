"""The extractor on the shapes in which models really write: each test is a habit that their readers meet."""

from fractions import Fraction

import pytest

from tasks.answer import read_number

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
        "The shop needs 14 * 6",
        "On day 14 it measures 512 * 2 =",
        "She packs 20 - 8 = <<20-8",
        "She packs 20 - 8 = <<20-8=12>>12 shells into the",
        "He writes 3 * 4 = 12 pages for an",
        r"The total is \[ \text{cost} = 40",
        r"- Nora's age: \( 29",
        "20 * 3 = 60 buttons.\nNow the rest is added.\n87 + 60",
        "2. **The price of the roof:**",
        "That is 9 eggs.\n\n**Step 2: What they bring in**\n\nNora",
        "She has 16 eggs. She eats 3. She bakes 4.\nThis leaves 9.\nThe price is two dollars.\nThe eggs bring in 1",
        "Add the price of the boards ($12) and of the nails (",
        "He is 12 years old and she is 10 +",
    ],
)
def test_a_text_that_breaks_off_gives_no_number(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20 - 8 = 12\nSo she sells 12 shells in the", 12),
        ("80 + 80 = 160 legs\n\nTherefore, the number of all the legs of the", 160),
        ("The answer is 36 because the", 36),
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
        "40 - 60 = -20\n\nAnswer: No savings.",
        "The trip has 32 miles. The answer is:\n\nWe don't know.",
        "The two books have x + 2x = 3x pages.\nSo she reads 3x pages.",
        r"They come to \boxed{8x + 80}",
        "Ben is 10 years older than Kim.\nA: 10 + Kim's age",
        "He will be 4 * (Kim's age - 5) + 6 years old",
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
        ("To get the answer in hours: 180 / 60 = 3.\nFor both of them it takes 3 * 2 = 6 hours", 6),
        ("I write the answer as 7 + 8 =\n\n15", 15),
        ("The answer is 100 + 20 * 5 =\n\n100 + 100 =\n\n200", 200),
        ("#### 30\nFor lunch he needs 14 slices, and 9 + 8 for the rest, so it is 31. ## 31", 31),
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
        "\nLena skips 20 times in a minute. Find how many times she skips in the whole of her lesson.\n\\boxed{20}",
        '\n"Good day", says Tim, who is 20. How old will he be when his brother, who is 4 now, is 8?\nA: 20',
        "\n\nAssistant: <answer> 20 </answer>",
    ],
)
@pytest.mark.parametrize("answer", ["The answer is 36.", "\\boxed{36}", "#### 36", "<answer> 36 </answer>"])
def test_a_recital_without_a_plain_label_never_wins(answer: str, recital: str) -> None:
    assert read(f"{SUM}{answer}\n{recital}") == 36


def test_of_a_whole_transcript_the_answer_is_read() -> None:
    told = "Think, and put the answer in \\boxed{}.\nuser\nKim has 6 letters and Jo 7. How many letters are that?\n"
    assert read(f"system\n{told}assistant\n6 + 7 = 13\n\\boxed{{13}}") == 13
    assert read("user\nKim has 6 letters and Jo 7. How many?\nmodel\nThey have 13 letters.") == 13


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Ann orders 10 pies in order to give each of her 20 guests 4 slices.", 10),
        ("The shop sold 25 lamps out of a total of 40 lamps.", 25),
        ("His guess was off by 36 beans, as the true number of beans in the jar is 900.", 36),
        ("You can eat 240 grams of nuts if your limit is 2000 and you have had 1800 calories.", 240),
        ("7 * 2 = 14 old coins that the 5 men brought in", 14),
        ("40 - 24 = 16 people that think horse #12 will win", 16),
        ("136 / 2 = 68 children would get 2 rolls each.", 68),
        ("1340 / 80 = 16.75 bags, meaning that she has to buy 17 bags.", 17),
        ("36 / 10 = 3.6 tens, which rounds up to 4 as nobody can pay with .6 of a bill.", 4),
        ("1 + 5 = 6th place\nThen 7 - 1 = 6th place", 6),
        ("Two legs each, so we take 4 * 2 to find 8 legs in all.", 8),
        ("40 / 20 = 2 slices a child. Therefore, she should cut each pie into 8 slices.", 8),
        ("She can rest for 8 minutes, which is the time that the other needs for 1 mile.", 8),
        ("30 / 6 = 5\nThere are 5 dozens so she has enough for 30 days.", 5),
        ("8 - 6 = 2 bowls are left.\n\nSo each child can have soup once.", 1),
        ("She rode bus #7 for 12 miles", 12),
    ],
)
def test_a_number_that_only_goes_with_the_result_gives_way(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("= 2 900,50 $", Fraction("2900.5")),
        ("3 * 4 = 12\n所以还剩30个苹果", 30),
        ("So eight thirds of a cake are eaten.", Fraction(8, 3)),
        ("The answer is two and a half hours.", Fraction(5, 2)),
        ("4 / 12 = 0." + "3" * 500, Fraction(int("3" * 60), 10**60)),
    ],
)
def test_numerals_of_other_manners_are_read(text: str, meant: Fraction) -> None:
    assert read(text) == meant


def test_a_time_of_the_clock_is_also_the_minutes_that_were_said() -> None:
    reading = read_number("It takes 225 minutes, that is 3 hours and 45 minutes.\nThe answer is 3:45.")
    assert reading is not None
    assert reading.gives(Fraction(225))
    plain = read_number("The answer is 3:45.")
    assert plain is not None
    assert not plain.gives(Fraction(225))
