"""Ratios, scaling and averages."""

from math import gcd

from proctor.tasks.word_problems.family import ProblemFamily

_MIXES = (
    {"place": "box", "red": "red beads", "blue": "blue beads", "things": "beads"},
    {"place": "school", "red": "girls", "blue": "boys", "things": "children"},
    {"place": "bag", "red": "red marbles", "blue": "blue marbles", "things": "marbles"},
    {"place": "garden", "red": "roses", "blue": "tulips", "things": "flowers"},
    {"place": "parking lot", "red": "cars", "blue": "vans", "things": "vehicles"},
    {"place": "crate", "red": "apples", "blue": "pears", "things": "pieces of fruit"},
)
_RECIPES = (
    {"dish": "soup", "stuff": "carrots"},
    {"dish": "pancakes", "stuff": "flour"},
    {"dish": "risotto", "stuff": "rice"},
    {"dish": "salad", "stuff": "tomatoes"},
    {"dish": "stew", "stuff": "beans"},
    {"dish": "curry", "stuff": "lentils"},
)
_WARES = (
    {"things": "pens"},
    {"things": "notebooks"},
    {"things": "lemons"},
    {"things": "batteries"},
    {"things": "bottles of water"},
    {"things": "bread rolls"},
)
_TALLIES = (
    {"units": "pages", "does": "reads", "past": "read"},
    {"units": "miles", "does": "cycles", "past": "cycle"},
    {"units": "minutes", "does": "practices", "past": "practice"},
    {"units": "push-ups", "does": "does", "past": "do"},
    {"units": "points", "does": "scores", "past": "score"},
)
_R = range(2, 9)

FAMILIES = (
    ProblemFamily(
        id="one-share-of-a-ratio",
        kind="ratio",
        split="train",
        numbers={"n": range(20, 260), "r": _R, "b": _R},
        scenes=_MIXES,
        where=lambda d: gcd(int(d.r), int(d.b)) == 1,
        text=[
            (
                "The ratio of {red} to {blue} in a {place} is {r} to {b}. There are {n} {things} in all."
                " How many {red} are there?",
                "In a {place} there are {n} {things}, {r} {red} for every {b} {blue}. How many of them"
                " are {red}?",
                "For every {r} {red} in a {place} there are {b} {blue}, and there are {n} {things}"
                " altogether. What is the number of {red}?",
            )
        ],
        steps=(
            "There are [parts = r + b] parts.",
            "One part is [part = n / parts] {things}.",
            "There are [some = part * r] {red}.",
        ),
    ),
    ProblemFamily(
        id="other-share-of-a-ratio",
        kind="ratio",
        split="train",
        numbers={"some": range(10, 200), "r": _R, "b": _R},
        scenes=_MIXES,
        where=lambda d: gcd(int(d.r), int(d.b)) == 1,
        text=[
            (
                "The ratio of {red} to {blue} in a {place} is {r} to {b}. There are {some} {red}. How"
                " many {blue} are there?",
                "In a {place} there are {r} {red} for every {b} {blue}. There are {some} {red} in it. How"
                " many {blue} are there?",
                "For every {r} {red} in a {place} there are {b} {blue}. If there are {some} {red}, what"
                " is the number of {blue}?",
            )
        ],
        steps=("One part is [part = some / r] {things}.", "There are [rest = part * b] {blue}."),
    ),
    ProblemFamily(
        id="recipe-for-more",
        kind="ratio",
        split="train",
        numbers={"n": range(2, 10), "g": range(100, 960, 10), "m": range(2, 13)},
        scenes=_RECIPES,
        where=lambda d: d.n != d.m,
        text=[
            (
                "To make {dish} for {n} people, a cook needs {g} grams of {stuff}. How many grams of"
                " {stuff} does {who} need for {m} people?",
                "{who} needs {g} grams of {stuff} to make {dish} for {n} people. How many grams does"
                " {they} need for {m} people?",
                "A pot of {dish} for {n} people takes {g} grams of {stuff}. How many grams of {stuff} go"
                " into a pot for {m} people?",
            )
        ],
        steps=("One person gets [each = g / n] grams.", "For {m} people that is [total = each * m] grams."),
    ),
    ProblemFamily(
        id="price-of-more",
        kind="ratio",
        split="train",
        numbers={"n": range(2, 13), "c": range(6, 100), "m": range(2, 21)},
        scenes=_WARES,
        where=lambda d: d.n != d.m and d.each <= 6,
        text=[
            (
                "In a shop, {n} {things} cost ${c}. How much do {m} {things} cost?",
                "{who} pays ${c} for {n} {things}. How much would {they} pay for {m} {things}?",
                "If {n} {things} cost ${c}, what is the price of {m} {things}?",
            )
        ],
        steps=("One of them costs [$each = c / n].", "So {m} cost [$total = each * m]."),
    ),
    ProblemFamily(
        id="machines-at-work",
        kind="ratio",
        split="train",
        numbers={"n": range(2, 10), "c": range(12, 200), "m": range(2, 13)},
        scenes=(
            {"things": "bolts"},
            {"things": "cups"},
            {"things": "labels"},
            {"things": "bottles"},
            {"things": "cans"},
        ),
        where=lambda d: d.n != d.m,
        text=[
            (
                "In a factory, {n} machines make {c} {things} a minute. How many {things} do {m} such"
                " machines make in a minute?",
                "A factory has {n} equal machines that make {c} {things} a minute together. How many"
                " {things} a minute would {m} machines make?",
                "Together {n} equal machines make {c} {things} in a minute. If {m} of these machines run,"
                " how many {things} do they make in a minute?",
            )
        ],
        steps=(
            "One machine makes [each = c / n] {things}.",
            "So {m} machines make [total = each * m] {things}.",
        ),
    ),
    ProblemFamily(
        id="average-of-three",
        kind="average",
        split="train",
        numbers={"a": range(5, 90), "b": range(5, 90), "c": range(5, 90)},
        scenes=_TALLIES,
        text=[
            (
                "{who} {does} {a} {units} on Monday, {b} on Tuesday and {c} on Wednesday. What is the"
                " average number of {units} a day?",
                "In three days {who} {does} {a}, {b} and {c} {units}. How many {units} is that per day on"
                " average?",
                "{who} {does} {a} {units} on the first day, {b} on the second and {c} on the third. What"
                " is {their} average number of {units} a day?",
            )
        ],
        steps=("In all that is [total = a + b + c] {units}.", "The average is [mean = total / 3] {units}."),
    ),
    ProblemFamily(
        id="average-to-total",
        kind="average",
        split="train",
        numbers={"n": range(3, 11), "mean": range(8, 70), "more": range(8, 90)},
        scenes=_TALLIES,
        text=[
            (
                "For {n} days {who} {does} {mean} {units} a day on average. The day after it is {more}"
                " {units}. How many {units} is that in all?",
                "{who} {does} an average of {mean} {units} a day for {n} days and then {more} {units} on"
                " one more day. What is the total number of {units}?",
                "Over {n} days {who} averages {mean} {units} a day. Then comes one more day with {more}"
                " {units}. What is the total number of {units}?",
            )
        ],
        steps=(
            "In {n} days that is [sum = mean * n] {units}.",
            "In all that is [total = sum + more] {units}.",
        ),
    ),
    ProblemFamily(
        id="missing-value",
        kind="average",
        split="train",
        numbers={"mean": range(10, 80), "a": range(5, 90), "b": range(5, 90)},
        scenes=_TALLIES,
        text=[
            (
                "In three days {who} {does} {mean} {units} a day on average. On the first day it is {a}"
                " {units} and on the second {b}. How many {units} is it on the third day?",
                "{who} {does} {a} {units} on Monday and {b} on Tuesday. How many {units} must {they}"
                " {past} on Wednesday to have an average of {mean} {units} over the three days?",
                "Over three days {who} averages {mean} {units} a day. On the first day it is {a} {units},"
                " and on the second day {b}. How many {units} is it on the third day?",
            )
        ],
        steps=(
            "In 3 days that is [sum = mean * 3] {units}.",
            "Two days make [two = a + b] {units}.",
            "That leaves [left = sum - two] {units}.",
        ),
    ),
    ProblemFamily(
        id="ratio-difference",
        kind="ratio",
        split="test",
        numbers={"n": range(20, 260), "r": range(3, 10), "b": range(2, 8)},
        scenes=_MIXES,
        where=lambda d: d.r > d.b and gcd(int(d.r), int(d.b)) == 1,
        text=[
            (
                "The ratio of {red} to {blue} in a {place} is {r} to {b}. There are {n} {things} in all."
                " How many more {red} than {blue} are there?",
                "In a {place} there are {n} {things}, {r} {red} for every {b} {blue}. How many more {red}"
                " are there than {blue}?",
                "For every {r} {red} in a {place} there are {b} {blue}, and there are {n} {things}"
                " altogether. By how many is the number of {red} larger?",
            )
        ],
        steps=(
            "There are [parts = r + b] parts.",
            "One part is [part = n / parts] {things}.",
            "The difference is [gap = r - b] parts.",
            "There are [more = part * gap] more {red}.",
        ),
    ),
    ProblemFamily(
        id="price-of-more-change",
        kind="ratio",
        split="test",
        numbers={"n": range(2, 13), "c": range(6, 60), "m": range(2, 21), "paid": (20, 50, 100)},
        scenes=_WARES,
        where=lambda d: d.n != d.m and d.each <= 6,
        text=[
            (
                "In a shop, {n} {things} cost ${c}. {who} buys {m} {things} and pays with ${paid}. How"
                " much change does {they} get?",
                "{who} has ${paid}. In a shop, {n} {things} cost ${c}. How much money is left if {they}"
                " buys {m} {things}?",
                "If {n} {things} cost ${c}, how much change does {who} get from ${paid} when {they} buys"
                " {m} {things}?",
            )
        ],
        steps=(
            "One of them costs [$each = c / n].",
            "So {m} cost [$total = each * m].",
            "{who} has [$left = paid - total] left.",
        ),
    ),
    ProblemFamily(
        id="average-with-a-comparison",
        kind="average",
        split="test",
        numbers={"a": range(5, 90), "d": range(3, 50), "c": range(5, 90)},
        scenes=_TALLIES,
        text=[
            (
                "{who} {does} {a} {units} on Monday, {d} more than that on Tuesday and {c} on Wednesday."
                " What is the average number of {units} a day?",
                "In three days {who} {does} first {a} {units}, then {d} more than on the first day, and"
                " then {c}. How many {units} is that per day on average?",
                "{who} {does} {a} {units} on the first day, {d} more than that on the second and {c} on"
                " the third. What is {their} average number of {units} a day?",
            )
        ],
        steps=(
            "On the second day it is [b = a + d] {units}.",
            "In all that is [total = a + b + c] {units}.",
            "The average is [mean = total / 3] {units}.",
        ),
    ),
)
