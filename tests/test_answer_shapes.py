"""The extractor on the shapes in which models really write: each test is a habit that their readers meet."""

from fractions import Fraction

import pytest

from tasks.number import read_number

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
        "40 - 60 = -20\n\nAnswer: No savings.",
        "The trip has 32 miles. The answer is:\n\nWe don't know.",
        "The two books have x + 2x = 3x pages.\nSo she reads 3x pages.",
        r"They come to \boxed{8x + 80}",
        "Ben is 10 years older than Kim.\nA: 10 + Kim's age",
        "There are 303 of them.\nx/303 = 28",
        "It takes 36 and 12.\n36/12 = x",
        "This gives 3 = 4, so there is no solution.",
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
        ("40 - 24 = 16 guests that say room #12 is cold", 16),
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


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Answer:\nThe 20 lists will last 600 hours in all.", 600),
        ("Answer:\n8 pens will cost $12.00.", 12),
        ("The answer is 120 seats times 3 halls, which equals 360 seats.", 360),
        ("The answer is 12 boxes divided by 4, giving 3.", 3),
        ("Answer:\nThe first sold 20, while the other sold 16. Therefore, the difference is 4.", 4),
        ("Answer: Lou earned 10 * 5 = 50 in May. Then she earned 8 * 10 = 80. Lou has $130.", 130),
        ("Answer:\nMonday: 14 plums\nTuesday: 12 plums\n\nTotal: 26 plums", 26),
        ("3 * 12 = 36 Final answer: 36\n\nThere were 16 to begin with, and 4 broke.", 36),
        ("The answer is 104. (If 2/5 as many was meant, the answer would be 44.)", 104),
        ("**Answer:** She pays **$255** each month for **3** months.", 255),
        ("In short, that gives an answer of 300 pages, given a width of 2 inches.", 300),
    ],
)
def test_the_sentence_behind_a_marker_is_read_and_not_its_first_number(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Bo will have 26 marbles.\n\n**Explanation:** We first look at the 10 that he loses.", 26),
        ("So he has $19 left.\n\nLet me explain each of these steps:\n\n1. He has 2 bills, so 2 * $20 =", 19),
        ("**80 rolls were left over.** Here's the reasoning:\n\n- He made 600, so 600 -", 80),
        ("So Sue has 9 plants! Feel free to ask more. I'm here 24/7!", 9),
        ("104 hours.\n\n> *If you mean 2/5 as many, then it is 4 * 11 = 44 hours.*", 104),
        ("26 * 4 = 104\n\n> Remark: if you mean another two,\n> it would be 11 * 4 = 44", 104),
        ("= **9 hours**\n\nAt 2 hours per day, that would take another 4 days.", 9),
        ("That is **$220**\n\nSo she still owes $220. If she paid on, it would take 2 more months.", 220),
        ("- **Stan: 4 * 40 - 13 = 147**\n- Alex = 152", 147),
        ("The total is 40 + 20 + 100 = 160 minutes.\n\nThe last trip itself takes 100 minutes.", 160),
        ("TOTAL ......... $33.00", 33),
    ],
)
def test_what_comes_after_the_answer_is_passed_over(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("She needs 7 more weeks to have saved a total of $60.", 7),
        ("The candle is 8 cm shorter after burning from 1:00 PM to 5:00 PM.", 8),
        ("It takes 225 minutes for all in grades 4-7 to have a try.", 225),
        ("He saves 250 by taking the first room and adding 70 for each of 5 hours.", 250),
        ("He needs to buy 7 packs so that each can have 2, and he will have 2 left over.", 7),
        ("So we add 9 feet and 40 feet to get 49 feet.", 49),
        ("He has to eat 6 carrots to get 5 cookies.", 6),
        ("Jo is 27, so that means that Trent is 32.", 32),
        ("Thus each of the 4 painters put in 63 hours of work.", 63),
        ("He has come 80 miles by the end of his 10 hours of riding.", 80),
        ("The trip took 6 hours at an average of 75 mph.", 6),
        (
            "She has 2 hours for it. She needs to row the remaining 6 miles at a speed of 3 miles an hour.",
            3,
        ),
        ("That leaves $40,000, or 16% of the value of the house.", 40000),
        ("In all, Sue gets sixty-six magazines.", 66),
        ("10 * 3 = 30\nTo earn $30, she has to sell 6 cups.", 6),
        (
            "15 * 2 = 30\nTo get 30 guests to come, he would need to make 750 calls (30 * 25 = 750 calls).",
            750,
        ),
        ("36 * 1/6 = 6\nSo he should draw a number divisible by 3 six times.", 6),
        ("Ben's is 2 years old, so the other one is eight years old.", 8),
        ("The cost is $19 and she has $18, so she needs just one more dollar.", 1),
        ("She uses 3 * 5 = 15 slices.\nSo after step 2 there are none left.", 0),
        ("The cost is 5 + 3 * 12 + 0.", 41),
        ("The cost is $52,000 - $80,000 - $50,000.", -78000),
    ],
)
def test_the_main_clause_of_a_last_sentence_counts(text: str, meant: int) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "He is 55 years old.\n\nNow, to find the age of the cousin, we subtr",
        "3 * 4 = 12 a week.\nIn 3 years,",
        "The 5 oldest run on.\n\nThis",
        "He drives 400 + 80 = 480 miles a month\nHe drives 400",
        "1. Find the cost of the house.\n2. Determine the",
        "You need to find the rest.\nMultiply the 12 by the price to find the cost.",
        '{"action": {"type": "tool_call", "expression": "5 + (3 * 1)"}}',
        "The question does not tell. If they had 1 it is $3, but there isn't enough information.",
    ],
)
def test_a_step_on_the_way_is_no_answer(text: str) -> None:
    assert read(text) is None


def test_one_quantity_in_another_form_gives_both() -> None:
    for text, both in (
        ("The answer is 25%. As a fraction the answer is 1/4.", ("25", "1/4")),
        ("That is 105 cents. She has $1.05.", ("105", "1.05")),
        ("Each is 5 cm long, which is the same as 50 mm.", ("5", "50")),
    ):
        reading = read_number(text)
        assert reading is not None
        assert all(reading.gives(Fraction(number)) for number in both), text


def test_an_example_of_another_problem_never_wins() -> None:
    assert read('{"ans": 6} However, here is another example to show the form: {"ans": 7}') == 6
