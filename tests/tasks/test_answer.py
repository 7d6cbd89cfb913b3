"""The extractor: hard cases one by one, then properties that hold for any text."""

from fractions import Fraction

from proctor.tasks.number import read_number

WORKING = "She has 16 - 3 - 4 = <<16-3-4=9>>9 eggs.\nShe makes 9 * 2 = $<<9*2=18>>18.\n"
NEXT = "Question: Tom has 5 apples and eats 2. How many are left?\nAnswer: 5 - 2 = 3\n#### 3"

# What a model wrote, and the number that it means; None where it gives none.
CASES = [
    # the hash marker
    ("#### 18", "18"),
    ("####18", "18"),
    ("####   18.", "18"),
    (WORKING + "#### 18", "18"),
    (WORKING + "#### $18", "18"),
    (WORKING + "#### $18.00", "18"),
    (WORKING + "#### 18 dollars", "18"),
    (WORKING + "#### **18**", "18"),
    (WORKING + "#### \\boxed{18}", "18"),
    (WORKING + "#### Answer: 18", "18"),
    (WORKING + "#### The answer is 18", "18"),
    (WORKING + "#### x = 18", "18"),
    (WORKING + "#### 9 * 2 = 18", "18"),
    (WORKING + "#### Janet makes $18", "18"),
    (WORKING + "####\n18", "18"),
    (WORKING + "#### <<9*2=18>>18", "18"),
    (WORKING + "#### <<9*2=18>>", "18"),
    (WORKING + "#### 18</s>", "18"),
    (WORKING + "#### 18<|endoftext|>The 3 pigs", "18"),
    (WORKING + "#### 18\n#### 18\n#### 18", "18"),
    (
        WORKING + "#### 18\n\n#### 20",
        "18",
    ),  # what follows is another problem; lm-eval's strict match takes it so
    ("#### 1,234", "1234"),
    ("#### 1,234.50", "1234.5"),
    ("#### 12,34,567", "1234567"),
    ("#### 1 000", "1000"),
    ("#### 1\u00a0000", "1000"),
    ("#### 1\u202f234\u202f567", "1234567"),
    ("#### 1'000", "1000"),
    ("#### 109,200,000", "109200000"),
    ("#### -5", "-5"),
    ("#### \u22125", "-5"),
    ("#### - 5", "5"),  # the mark of a list
    ("The answer is:\n- 18", "18"),
    ("**Answer:**\n- 18", "18"),
    ("Answer: -18", "-18"),
    ("Answer:\n1. 18", "18"),
    ("#### -½", "-1/2"),
    ("#### -$5", "-5"),
    ("#### $-5", "-5"),
    ("#### .5", "0.5"),
    ("#### 0.10", "0.1"),
    ("#### 1.234", "1.234"),
    ("#### 1.234.567", "1234567"),
    ("#### 1.234,56", "1234.56"),
    ("#### 2,5", "2.5"),
    ("#### 1/2", "1/2"),
    ("#### 1 1/2", "3/2"),
    ("#### 1½ cups", "3/2"),
    ("#### ¾", "3/4"),
    ("#### \\frac{3}{4}", "3/4"),
    ("#### 2\\frac{1}{2}", "5/2"),
    ("#### \\dfrac{1,200}{4}", "300"),
    ("#### 20%", "20"),
    ("#### 20\\%", "20"),
    ("#### 5:00 PM", "5"),
    ("#### 3:30", "3.5"),
    ("#### 1.5e3", "1500"),
    ("#### 1.2 million", "1200000"),
    ("#### $70k", "70000"),
    ("#### 3 \\times 10^{2}", "300"),
    ("#### １８", "18"),
    ("#### 18 (eighteen)", "18"),
    ("#### 3rd", "3"),
    ("一共花了3万5千元", "35000"),
    ("答案是12万3千4百。", "123400"),
    ("共5百元", "500"),
    ("从家到学校有2千米", "2"),  # kilometres
    ("答案是廿五。", "25"),
    ("需要一个半小时。", "3/2"),
    ("答案是三成。", "30"),
    # headings that look like the hash marker
    (
        "#### Step 1: Eggs\n16 - 3 - 4 = 9\n\n#### Step 2: Money\n9 * 2 = 18\n\nJanet makes **$18** a day.",
        "18",
    ),
    ("#### 1. Count the eggs\nThere are 9.\n#### 2. Multiply\nSo it is 9 * 2 = 18 dollars", "18"),
    ("#### Solution\nShe sells 9 eggs.\n#### Final Answer\n18 dollars", "18"),
    # boxes
    ("\\boxed{18}", "18"),
    ("So we get $\\boxed{18}$ dollars.", "18"),
    ("The answer is: $\\boxed{18}$ dollars.", "18"),
    ("\\[ \\boxed{\\$18} \\]", "18"),
    ("\\boxed{18 \\text{ dollars}}", "18"),
    ("\\boxed{\\text{18} \\text{ dollars}}", "18"),
    ("\\boxed{\\text{Janet makes } 18 \\text{ dollars}}", "18"),
    ("\\boxed{9 \\times 2 = 18}", "18"),
    ("\\boxed{x = 18}", "18"),
    ("\\boxed{1{,}234}", "1234"),
    ("\\boxed{1\\,234}", "1234"),
    ("\\boxed{\\frac{1}{2}}", "1/2"),
    ("\\boxed{-\\frac{1}{2}}", "-1/2"),
    ("\\boxed{\\boxed{18}}", "18"),
    ("\\boxed{18\\%}", "18"),
    ("\\boxed{12 \\text{ m}^2}", "12"),
    ("\\boxed{\\mathbf{18}}", "18"),
    ("\\fbox{18} is what she makes from 9 eggs", "18"),
    ("First \\boxed{9} eggs, then \\boxed{18} dollars", "18"),
    ("$\\boxed{18}$\n\nCheck: 18 / 2 = 9", "18"),
    # the answer in words
    ("The answer is 18.", "18"),
    ("So the final answer is $18.00.", "18"),
    ("The answer is 18 because 9 * 2 = 18 and 20 - 2 = 18.", "18"),
    ("The answer is 18 (9 eggs at $2 each).", "18"),
    ("The answer is 9 * 2 = 18.", "18"),
    ("The answer is therefore 18 dollars", "18"),
    ("The answer is approximately 18.", "18"),
    ("The answer is **18**.", "18"),
    ("The answer to the question is 18, not 20.", "18"),
    ("The final answer, in dollars, is 18", "18"),
    ("The answer is $\\$18$", "18"),
    ("The answer is eighteen.", "18"),
    ("The answer is twenty-five dollars.", "25"),
    ("Final Answer: The final answer is $18$. I hope it is correct.", "18"),
    ("Answer: 18", "18"),
    ("**Answer:** 18 eggs", "18"),
    ("**Final Answer**: $18", "18"),
    ("**Final answer:**\n\n18 dollars per day", "18"),
    ("Answer: 18\n\nExplanation: 16 - 3 - 4 = 9 eggs for $2.", "18"),
    ("Answer: Janet sells 16 - 3 - 4 = 9 eggs.\nShe makes 9 * 2 = $18 every day.", "18"),
    ("Answer:\n1. She has 9 eggs.\n2. She makes 9 * 2 = 18 dollars.", "18"),
    ("<answer>18</answer>", "18"),
    ('{"reasoning": "16 - 3 - 4 = 9", "answer": "18", "unit": "dollars"}', "18"),
    ("<think>Maybe 20? The answer is 20.</think>\nShe makes 18 dollars.", "18"),
    ("To answer: 16 - 3 - 4 = 9 eggs.\nSo she makes 18 dollars.", "18"),
    # no marker
    ("She makes 18.", "18"),
    ("She makes 9 * 2 = 18 dollars every day", "18"),
    ("x = 5", "5"),
    ("Janet makes **$18** every day by selling 9 eggs at $2.", "18"),
    ("**Step 1:** 16 - 3 - 4 = 9\n**Step 2:** 9 * 2 = 18", "18"),
    ("**Day 3:** she has 18 left", "18"),
    ("9 * 2 = 18. So Janet makes $18 from selling 9 eggs.", "18"),
    ("9 * 2 = 18. So Janet makes 18 dollars (9 eggs at 2 dollars each).", "18"),
    ("The lawn has 18 m^2", "18"),
    ("The area is 18 cm2.", "18"),
    ("We need x_1 + x_2, that is 18 in x_2.", "18"),
    ("Thus she pays 1,234", "1234"),
    ("He finishes in 18th place", "18"),
    ("Total: 3 + 15 = 18\n1. Done\n2. Checked", "18"),
    ("- Eggs: 9\n- Money: 18", "18"),
    ("Change: -18", "-18"),
    ("20-2=18", "18"),
    ("16-3", "3"),
    ("It is 18...", "18"),
    ("\\[\n\\begin{aligned}\n&= 9 \\times 2 \\\\\n&= 18\n\\end{aligned}\n\\]", "18"),
    ("The answer is one hundred and twenty.", "120"),
    ("The answer is minus 10 degrees.", "-10"),
    ("Janet makes $18 a day.\n\nNote: 1 dozen = 12.", "18"),
    ("The answer is not 20, it's 18.", "18"),
    ("Answer: She makes $18.\n\nExplanation: 9 eggs at $2 each.", "18"),
    ("The answer is 18.\n\nConfidence: 95%", "18"),
    # a last number that only says for what, from what, when or why
    ("So she has 18 apples left out of 20.", "18"),
    ("So he has 18 of the 20 apples left.", "18"),
    ("So, Kylar needs to pay $64 for 16 glasses.", "64"),
    ("It will take her 5 hours to read 120 pages.", "5"),
    ("The 3 friends need to pay $18.", "18"),
    ("John is 45 miles from home at the end of those 4 hours.", "45"),
    ("Since there are 60 minutes in an hour, he can finish it in 2 hours.", "2"),
    ("The winner rotated 404 objects because 404 > 400", "404"),
    ("The final price is $14 after a 20% discount.", "14"),
    ("The final price after a 20% discount is $14.", "14"),
    ("So she needs 4 packs of 10 cupcakes.", "4"),
    ("That is 9 * 2 = 18 for a total of 36", "36"),
    ("Therefore, she has $20/$10 = 2 $10 bills.", "2"),
    ("15.36 minutes, which rounds down to 15 minutes", "15"),
    ("9 * 2 = 18. The answer is that Janet makes $18 after 3 days.", "18"),
    ("Josh drops 3 balls, leaving him with 4 balls", "4"),
    ("He needs to buy 3 packs, since 2 packs would only be 20.", "3"),
    ("She made $26 by selling 13 cookies at $2 each.", "26"),
    ("She'd have to work 13 hours at $2/hour to earn $26.", "13"),
    ("If she works 13 hours she earns $26.", "26"),
    ("She ate 13 of the 30 cookies, leaving 17.", "17"),
    ("The sum of 3, 4 and 5 is 12.", "12"),
    # what comes after the answer
    ("20 - 2 = 18, and half of it is spent.\nYou have 9 dollars left.", "9"),
    ("2 * 9 = 18.\nAfter the 3rd week you will have 21 dollars.", "21"),
    ("#### Step 1: 2 * 3 = 6\n#### 6", "6"),
    ("#### 1. First, 3 * 4 = 12\n#### 12", "12"),
    ("Thus 18 is the total.\n\nI hope this helps! If you have 2 more questions, ask.", "18"),
    ("| Item | Cost |\n|---|---|\n| Cups | $40 |\n| Total | $64 |", "64"),
    ("So she has 18 left. Alternatively, 9 + 9 = 18.", "18"),
    ("The total is 18. To verify: 9 + 9 = 18 and 18 / 2 = 9", "18"),
    ("She has 18 left.\n\nWould you like me to explain step 2?", "18"),
    ("She has 18 left. Shall we go on with problem 4?", "18"),
    ("The answer is 18.\n\nFollow-up Exercises:\n1. What if she had 20 eggs? The answer is 22.", "18"),
    ("#### 18\n\nInstruction 2 (more difficult)\nThe answer is 20", "18"),
    # odd numerals
    ("It costs Rs.18", "18"),
    ("The area is 5².", "25"),
    ("The lawn has 18 m².", "18"),
    ("eighteen", "18"),
    ("There are twenty-four apples.", "24"),
    ("I cannot solve this one.", None),
    ('{"final_answer": "18 eggs", "steps": 3}', "18"),
    # the next question
    (WORKING + "#### 18\nassistant\n\nThe answer is 20", "18"),
    (WORKING + "#### 18Q: How many are 5 and 2?", "18"),
    (WORKING + "#### 18\n\n" + NEXT, "18"),
    (WORKING + "#### 18\n" + NEXT.replace("Question:", "Q:"), "18"),
    (WORKING + "#### 18\n\nProblem: Tom has 3 cats. #### 3", "18"),
    (WORKING + "#### 18\n\n**Problem 2**\nTom has 3 cats. #### 3", "18"),
    (WORKING + "#### 18\n\n### Question\nTom has 3 cats. #### 3", "18"),
    (WORKING + "#### 18 " + NEXT, "18"),
    ("A: 18\n\nEach of 5 boys of a village has 3 apples. How many apples is that?\nA: 15", "18"),
    (
        WORKING
        + "#### 18\n\nTom has 5 apples and eats 2 of them. How many apples are left?\n5 - 2 = 3\n#### 3",
        "18",
    ),
    ("The answer is 18.\n\nQ: What is 1 + 1? A: The answer is 2.", "18"),
    ("She makes 18 dollars.<|im_end|>\n<|im_start|>user\nWhat is 1 + 2?", "18"),
    ("She makes 18 dollars.\n\nHuman: And 20?", "18"),
    ("Question: Janet has 16 eggs and uses 7.\nAnswer: 9 * 2 = 18", "18"),
    ("Here is the solution:\n\n**Problem:** Janet has 16 eggs.\n**Solution:** 9 * 2 = 18", "18"),
    # one quantity in two units
    ("It took 160 minutes, or 2 hours and 40 minutes, to cook.", "160"),
    ("So the trip takes 2 hours and 40 minutes.", "160"),
    ("#### 2 hours 40 minutes", "160"),
    ("It took 120 minutes (2 hours) to cook all the food.", "120"),
    ("It took her 120 minutes, or 2 hours, to cook everything.", "120"),
    ("That is 5 hours = 300 minutes.", "300"),
    ("The answer is 120 minutes, or 2 hours.", "120"),
    ("He pays 3 dollars and 45 cents.", "3.45"),
    ("That is 5 feet 6 inches.", "66"),
    ("\\boxed{5 \\text{ hours and } 30 \\text{ minutes}}", "330"),
    ("He works 3 days, 2 hours a day.", "2"),
    # a whole and its parts
    ("The total paid was $168,000.\nBreakdown:\nMay: $96,000\nJune: $72,000", "168000"),
    ("She had 12 eggs, ate 5 and sold 7.", "7"),
    ("Green: 22\nYellow: 10\nTotal: 32", "32"),
    # what is refused, compared or known
    ("So the game lasted 53 minutes instead of 48 minutes.", "53"),
    ("Mishka spent a total of $243 on the 9 items.", "243"),
    ("It will cost $144 to paint the room with 12 gallons of paint at $12 per gallon.", "144"),
    ("He can buy 69 gumballs with his $3.45.", "69"),
    ("30 - 18 = 12\nThe bag would cost $12 after 30 months of rises.", "12"),
    # reasons and checks behind the answer
    ("She gives 132 baths because 48 + 36 + 12 = 96", "96"),
    ("First find the share: 5 / 20 * 100% = 25%", "25"),
    ("Vince is 9 years old now.\n\nLet me double check: two years ago he was 7 and Liam 14.", "9"),
    ("She has 18.\nLet me check: 9 + 9 is 20? No, I was wrong, so she has 19.", "19"),
    ("28 / 5 = 5.6, so she will groom about 6 animals each day.", "6"),
    ("28 / 5 = 5.6 animals per day, assuming she works 5 days a week.", "5.6"),
    ("5 + 6 = 11 pails, and each holds 5 liters, so he gets 55 liters.", "55"),
    ("Brian will walk **35 miles** in **7 days**.", "35"),
    # cut off, or on and on
    ("#### 12\n#### 15", "12"),
    ("The answer is 12. No, wait: the answer is 1", "1"),
    ("<think>Two of 16 make 9, then there are", None),
    ("<think>16 - 7 = 9, and 9 * 2 is \\boxed{18}", "18"),
    ("#### 18\n\n# Question\nEach ticket costs $6.\n#### 12", "18"),
    # words and odd groups
    ("9 * 2 = 18\nSo the two share it.", "18"),
    ("The answer is sixty-five thousand, nine hundred and sixty dollars.", "65960"),
    ("The answer is three quarters of it.", "3/4"),
    ("The answer is one-fourth.", "1/4"),
    ("The answer is a third.", "1/3"),
    ("The answer is two and a half hours.", "5/2"),
    ("The answer is one and five eighths.", "13/8"),
    ("The answer is half a million.", "500000"),
    ("The answer is two million three hundred thousand.", "2300000"),
    ("The answer is twenty-third.", "20"),
    ("答案是十八。", "18"),
    ("答案是一共两千零五个。", "2005"),
    ("答案是三千五百万。", "35000000"),
    ("答案是3万。", "30000"),
    ("答案是四分之三。", "3/4"),
    ("答案是百分之二十五。", "25"),
    ("答案是负五。", "-5"),
    ("Ali has to pay a hundred dollars.", "100"),
    ("They baked two dozen.", "24"),
    ("The answer is: $168, 000", "168000"),
    # a minus in other scripts and words
    ("答案是-7", "-7"),
    ("答案是负7", "-7"),
    ("结果为-7", "-7"),
    ("答えは-7です", "-7"),
    ("Die Antwort ist minus 7", "-7"),
    ("La respuesta es menos 7", "-7"),
    ("La réponse est moins 7", "-7"),
    ("The answer is negative seven", "-7"),
    ("-\\frac{3}{4}", "-3/4"),
    ("The answer is $-\\frac34$.", "-3/4"),
    ("5-\\frac{1}{2}", "1/2"),
    ("$$1{,}200$$", "1200"),
    ("The answer is $1{,}200$.", "1200"),
    # two units by a sign, a range that is none, a total that is not the end
    ("So $18 or 1800 cents.", "18"),
    ("The answer is 18 to 2 decimal places.", "18"),
    ("#### 18\nTotal: 20", "18"),
    ("Total: 18 eggs\n18 * 2 = 36 dollars", "36"),
    ("Answer: unknown\n\nThis took 3 steps.", None),
    # nothing to read
    ("", None),
    ("   \n", None),
    ("I cannot solve this.", None),
    ("####", None),
    ("\\boxed{}", None),
    ("The answer is unknown", None),
    ("Infinity, NaN, None", None),
]


def test_the_number_that_is_meant_is_read() -> None:
    wrong = []
    for text, meant in CASES:
        reading = read_number(text)
        if (reading and reading.value) != (None if meant is None else Fraction(meant)):
            wrong.append((text, meant, reading))
    assert not wrong


def test_there_are_at_least_eighty_hard_cases() -> None:
    assert len({text for text, _ in CASES}) >= 80


def test_numbers_compare_as_numbers() -> None:
    for one, other in (("1,234", "1234.0"), ("#### 20%", "#### 20"), ("1/2", "0.5")):
        readings = (read_number(one), read_number(other))
        assert readings[0] is not None
        assert readings[1] is not None
        assert readings[0].value == readings[1].value
    thousands, others = read_number("1,234"), read_number("1,999")
    assert thousands is not None
    assert others is not None
    assert thousands.value != others.value


def test_what_was_asked_decides_between_a_number_and_the_same_in_another_unit() -> None:
    reading = read_number("In total it will travel 14 + 12 = 26 billion miles.")
    assert reading is not None
    assert reading.gives(Fraction(26))
    assert reading.gives(Fraction(26 * 10**9))
    assert not reading.gives(Fraction(27))
    for text in (
        "It took 2 hours (120 minutes).",
        "It took 120 minutes, which is 2 hours.",
        "120 minutes i.e. 2 hours",
    ):
        reading = read_number(text)
        assert reading is not None
        assert reading.gives(Fraction(2)), text
        assert reading.gives(Fraction(120)), text
        assert not reading.gives(Fraction(60)), text
    for text in ("2 hours", "She walks 2 hours and then 120 miles", "2 hours and 90 minutes"):
        reading = read_number(text)
        assert reading is not None
        assert not reading.others, text
    dots = read_number("Die Antwort ist 65.960 Dollar.")
    assert dots is not None
    assert dots.gives(Fraction(65960))
    assert dots.gives(Fraction("65.96"))
    plain = read_number("#### 26")
    assert plain is not None
    assert plain.gives(Fraction(26))
    assert not plain.gives(Fraction(26 * 10**9))


def test_a_reading_says_where_it_was_found() -> None:
    reading = read_number("Tom pays $18.00 in all.")
    assert reading is not None
    assert (reading.text, reading.rule) == ("$18.00", "last number")
    marked = read_number("5\n#### 7")
    assert marked is not None
    assert marked.rule == "####"


def test_a_number_too_large_to_be_one_is_not_read_as_its_first_digit() -> None:
    for text in ("#### 1e400", "#### 1e99999999", "The answer is 2e-99999999."):
        assert read_number(text) is None, text
