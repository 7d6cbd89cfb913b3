"""Minutes, hours, days and ages."""

from proctor.tasks.word_problems.family import ProblemFamily

_CHORES = (
    {"does": "folds", "things": "shirts", "one": "shirt"},
    {"does": "wraps", "things": "presents", "one": "present"},
    {"does": "washes", "things": "windows", "one": "window"},
    {"does": "paints", "things": "signs", "one": "sign"},
    {"does": "decorates", "things": "cupcakes", "one": "cupcake"},
    {"does": "plants", "things": "trees", "one": "tree"},
)
_HOBBIES = (
    {"does": "practices the piano", "other_does": "practices singing"},
    {"does": "runs", "other_does": "swims"},
    {"does": "reads", "other_does": "draws"},
    {"does": "learns Spanish", "other_does": "learns chess"},
    {"does": "plays tennis", "other_does": "lifts weights"},
    {"does": "practices the drums", "other_does": "practices the guitar"},
)

FAMILIES = (
    ProblemFamily(
        id="chores-and-a-break",
        kind="time",
        split="train",
        numbers={"n": range(3, 21), "m": range(3, 21), "b": range(5, 46, 5)},
        scenes=_CHORES,
        text=[
            (
                "{who} {does} {n} {things}. Each {one} takes {m} minutes, and {who} also takes a break of"
                " {b} minutes. How many minutes does it take in all?",
                "It takes {who} {m} minutes for each {one}. {They} {does} {n} {things} and rests for {b}"
                " minutes. How many minutes pass in total?",
                "There are {n} {things} waiting for {who}, and each {one} takes {m} minutes. With a break"
                " of {b} minutes, after how many minutes is everything done?",
            )
        ],
        steps=("The {things} take [work = n * m] minutes.", "In all that is [total = work + b] minutes."),
    ),
    ProblemFamily(
        id="hours-a-month",
        kind="time",
        split="train",
        numbers={"m": range(10, 91, 5), "d": range(2, 8), "w": range(2, 9)},
        scenes=_HOBBIES,
        text=[
            (
                "{who} {does} for {m} minutes a day, {d} days a week. How many minutes is that in {w} weeks?",
                "For {w} weeks {who} {does} on {d} days of the week, {m} minutes each time. How many"
                " minutes is that in all?",
                "{who} {does} {d} times a week, always for {m} minutes. How many minutes does {they}"
                " spend on it in {w} weeks?",
            )
        ],
        steps=("In a week that is [week = m * d] minutes.", "In all that is [total = week * w] minutes."),
        between=(2, 5000),
    ),
    ProblemFamily(
        id="minutes-to-hours",
        kind="time",
        split="train",
        numbers={"m": range(10, 91, 5), "d": range(4, 37)},
        scenes=_HOBBIES,
        text=[
            (
                "{who} {does} for {m} minutes a day. How many hours is that in {d} days?",
                "On each of {d} days {who} {does} for {m} minutes. How many hours is that in all?",
                "Each day {who} {does} for {m} minutes. After {d} days, how many hours has {they} spent"
                " on it?",
            )
        ],
        steps=("In all that is [total = m * d] minutes.", "That is [hours = total / 60] hours."),
    ),
    ProblemFamily(
        id="time-that-remains",
        kind="time",
        split="train",
        numbers={"h": range(2, 9), "a": range(15, 125, 5), "b": range(15, 125, 5)},
        scenes=_HOBBIES,
        text=[
            (
                "{who} has {h} hours. {They} {does} for {a} minutes and {other_does} for {b} minutes. How"
                " many minutes are left?",
                "In {h} free hours, {who} {does} for {a} minutes and {other_does} for {b} minutes. How"
                " many minutes does {they} have left?",
                "{who} {does} for {a} minutes and {other_does} for {b} minutes. {They} has {h} hours for"
                " everything. How many minutes remain?",
            )
        ],
        steps=(
            "There are [have = h * 60] minutes.",
            "Together that is [total = a + b] minutes.",
            "That leaves [left = have - total] minutes.",
        ),
    ),
    ProblemFamily(
        id="how-many-fit",
        kind="time",
        split="train",
        numbers={"h": range(2, 9), "m": range(4, 31)},
        scenes=_CHORES,
        text=[
            (
                "{who} {does} {things} for {h} hours. Each {one} takes {m} minutes. How many {things} can"
                " {they} do?",
                "It takes {who} {m} minutes for each {one}. How many {things} can {they} do in {h} hours?",
                "{who} has {h} hours and needs {m} minutes for each {one}. How many {things} can {they}"
                " do in that time?",
            )
        ],
        steps=("There are [have = h * 60] minutes.", "{who} can do [n = have / m] {things}."),
    ),
    ProblemFamily(
        id="age-in-years",
        kind="time",
        split="train",
        numbers={"a": range(5, 40), "d": range(2, 30), "y": range(2, 21)},
        text=[
            (
                "{who} is {a} years old. {other} is {d} years older. How old will {other} be in {y} years?",
                "{other} is {d} years older than {who}, who is {a}. What will be the age of {other} in"
                " {y} years?",
                "{other} was born {d} years before {who}. If {who} is {a} now, how old will {other} be"
                " {y} years from now?",
            )
        ],
        steps=(
            "{other} is [b = a + d] years old.",
            "In {y} years {other} will be [later = b + y] years old.",
        ),
    ),
    ProblemFamily(
        id="times-as-old",
        kind="time",
        split="train",
        numbers={"a": range(5, 16), "k": range(3, 10), "y": range(2, 21)},
        scenes=(
            {"elder": "uncle"},
            {"elder": "grandfather"},
            {"elder": "father"},
            {"elder": "piano teacher"},
        ),
        text=[
            (
                "{who} is {a} years old. {Their} {elder} is {k} times as old. How old was {their} {elder}"
                " {y} years ago?",
                "{who}'s {elder} is {k} times as old as {who}, who is {a}. How old was {their} {elder}"
                " {y} years ago?",
                "The age of {who} is {a}, and {their} {elder} is {k} times as old as {they} is. What was"
                " the age of {their} {elder} {y} years ago?",
            )
        ],
        steps=(
            "The {elder} is [b = a * k] years old.",
            "At that time the {elder} was [before = b - y] years old.",
        ),
        where=lambda d: 25 <= d.b <= 75 and d.b >= d.a + 20,
    ),
    ProblemFamily(
        id="two-hobbies-a-week",
        kind="time",
        split="test",
        numbers={"a": range(10, 91, 5), "b": range(10, 91, 5), "d": range(3, 31)},
        scenes=_HOBBIES,
        text=[
            (
                "Every day {who} {does} for {a} minutes and {other_does} for {b} minutes. How many hours"
                " is that in {d} days?",
                "On each of {d} days {who} {does} for {a} minutes and {other_does} for {b} minutes. How"
                " many hours is that in all?",
                "Each day {who} {does} for {a} minutes and {other_does} for {b} minutes. After {d} days,"
                " how many hours has {they} spent on the two?",
            )
        ],
        steps=(
            "Together that is [day = a + b] minutes.",
            "In all that is [total = day * d] minutes.",
            "That is [hours = total / 60] hours.",
        ),
        between=(2, 3600),
    ),
    ProblemFamily(
        id="how-many-fit-with-a-break",
        kind="time",
        split="test",
        numbers={"h": range(2, 9), "b": range(5, 61, 5), "m": range(4, 31)},
        scenes=_CHORES,
        text=[
            (
                "{who} {does} {things} for {h} hours but takes a break of {b} minutes. Each {one} takes"
                " {m} minutes. How many {things} can {they} do?",
                "It takes {who} {m} minutes for each {one}. {They} has {h} hours and rests for {b}"
                " minutes. How many {things} can {they} do?",
                "{who} has {h} hours, takes a break of {b} minutes and needs {m} minutes for each {one}."
                " How many {things} can {they} do?",
            )
        ],
        steps=(
            "There are [have = h * 60] minutes.",
            "That leaves [left = have - b] minutes.",
            "{who} can do [n = left / m] {things}.",
        ),
    ),
    ProblemFamily(
        id="ages-together",
        kind="time",
        split="test",
        numbers={"a": range(5, 40), "d": range(2, 30)},
        text=[
            (
                "{who} is {a} years old. {other} is {d} years older. How old are they together?",
                "{other} is {d} years older than {who}, who is {a}. What is the sum of their ages?",
                "{other} was born {d} years before {who}. If {who} is {a} now, how old are the two together?",
            )
        ],
        steps=("{other} is [b = a + d] years old.", "Together they are [total = a + b] years old."),
    ),
)
