"""Halves, thirds and quarters of a whole, of a group and of what is left."""

from proctor.tasks.word_problems.family import ProblemFamily, Scene, each_with_each
from proctor.tasks.word_problems.words import GROUPS

_STUFF = (
    {"stuff": "flour", "unit": "grams", "use": "bread", "use2": "a cake"},
    {"stuff": "rice", "unit": "grams", "use": "soup", "use2": "a salad"},
    {"stuff": "paint", "unit": "milliliters", "use": "a door", "use2": "a fence"},
    {"stuff": "ribbon", "unit": "centimeters", "use": "a gift", "use2": "a costume"},
    {"stuff": "rope", "unit": "centimeters", "use": "a swing", "use2": "a tent"},
    {"stuff": "milk", "unit": "milliliters", "use": "pancakes", "use2": "a pudding"},
)
_ONE_PART: tuple[Scene, ...] = (
    {"part": "half", "f": 2},
    {"part": "a third", "f": 3},
    {"part": "a quarter", "f": 4},
    {"part": "a fifth", "f": 5},
)
_PARTS: tuple[Scene, ...] = (
    {"parts": "two thirds", "t": 2, "f": 3},
    {"parts": "three quarters", "t": 3, "f": 4},
    {"parts": "two fifths", "t": 2, "f": 5},
    {"parts": "three fifths", "t": 3, "f": 5},
    {"parts": "four fifths", "t": 4, "f": 5},
    {"parts": "five sixths", "t": 5, "f": 6},
    {"parts": "three eighths", "t": 3, "f": 8},
)

FAMILIES = (
    ProblemFamily(
        id="part-then-amount",
        kind="fractions",
        split="train",
        numbers={"n": range(200, 960, 10), "g": range(10, 200, 5)},
        scenes=each_with_each(_STUFF, _ONE_PART),
        text=[
            (
                "{who} has {n} {unit} of {stuff}. {They} uses {part} of it for {use} and {g} {unit} for"
                " {use2}. How many {unit} of {stuff} are left?",
                "There are {n} {unit} of {stuff}. {who} needs {part} of the {stuff} for {use}, and"
                " {other} needs {g} {unit} for {use2}. How many {unit} are left?",
                "Of {n} {unit} of {stuff}, {who} first takes {part} for {use} and then {g} {unit} for"
                " {use2}. How many {unit} remain?",
            )
        ],
        steps=(
            "For {use} that is [gone = n / f] {unit}.",
            "That leaves [rest = n - gone] {unit}.",
            "There are [left = rest - g] {unit} left.",
        ),
    ),
    ProblemFamily(
        id="several-parts",
        kind="fractions",
        split="train",
        numbers={"n": range(24, 480)},
        scenes=each_with_each(GROUPS, _PARTS),
        text=[
            (
                "A {place} has {n} {people}, and {parts} of them {many}. How many {people} {many}?",
                "Of the {n} {people} in a {place}, {parts} {many}. How many {people} is that?",
                "There are {n} {people} in a {place}. If {parts} of the {people} {many}, how many"
                " {people} is that?",
            )
        ],
        steps=("One part is [part = n / f] {people}.", "So [some = part * t] {people} {many}."),
    ),
    ProblemFamily(
        id="the-other-part",
        kind="fractions",
        split="train",
        numbers={"n": range(24, 480)},
        scenes=each_with_each(GROUPS, _PARTS),
        text=[
            (
                "A {place} has {n} {people}, and {parts} of them {many}. How many {people} do not?",
                "Of the {n} {people} in a {place}, {parts} {many} and the others do not. How many others"
                " are there?",
                "There are {n} {people} in a {place}. If {parts} of the {people} {many}, how many do not?",
            )
        ],
        steps=(
            "One part is [part = n / f] {people}.",
            "So [some = part * t] {people} {many}.",
            "That leaves [left = n - some] {people}.",
        ),
    ),
    ProblemFamily(
        id="part-of-two-groups",
        kind="fractions",
        split="train",
        numbers={"a": range(20, 200), "b": range(20, 200)},
        scenes=each_with_each(GROUPS, _ONE_PART),
        text=[
            (
                "One {place} has {a} {people} and another has {b}. Altogether {part} of them {many}. How"
                " many {people} is that?",
                "There are {a} {people} in one {place} and {b} in another. Altogether {part} of the"
                " {people} {many}. How many {people} {many}?",
                "Two {places} have {a} and {b} {people}. If {part} of all the {people} {many}, how many"
                " {people} is that?",
            )
        ],
        steps=("Together there are [total = a + b] {people}.", "So [some = total / f] {people} {many}."),
    ),
    ProblemFamily(
        id="part-of-the-rest",
        kind="fractions",
        split="test",
        numbers={"n": range(200, 960, 10)},
        scenes=[
            {**stuff, **part, "part2": part2["part"], "f2": part2["f"]}
            for stuff in _STUFF
            for part in _ONE_PART
            for part2 in _ONE_PART
            if part != part2
        ],
        text=[
            (
                "{who} has {n} {unit} of {stuff}. {They} uses {part} of it for {use} and {part2} of the"
                " rest for {use2}. How many {unit} of {stuff} are left?",
                "There are {n} {unit} of {stuff}. {who} needs {part} of the {stuff} for {use}, and"
                " {other} needs {part2} of what remains for {use2}. How many {unit} are left?",
                "Of {n} {unit} of {stuff}, {who} first takes {part} for {use} and then {part2} of the"
                " rest for {use2}. How many {unit} remain?",
            )
        ],
        steps=(
            "For {use} that is [gone = n / f] {unit}.",
            "That leaves [rest = n - gone] {unit}.",
            "For {use2} that is [gone2 = rest / f2] {unit}.",
            "There are [left = rest - gone2] {unit} left.",
        ),
    ),
    ProblemFamily(
        id="several-parts-then-more",
        kind="fractions",
        split="test",
        numbers={"n": range(24, 480), "b": range(5, 90)},
        scenes=each_with_each(GROUPS, _PARTS),
        text=[
            (
                "A {place} has {n} {people}, and {parts} of them {many}. In another {place}, {b} {people}"
                " {many}. How many {people} is that altogether?",
                "Of the {n} {people} in a {place}, {parts} {many}. In a second {place}, {b} {people}"
                " {many}. How many {people} {many} in all?",
                "There are {n} {people} in a {place}, and {parts} of them {many}. Another {place} has {b}"
                " {people}, and all of those {many}. How many is that in both together?",
            )
        ],
        steps=(
            "One part is [part = n / f] {people}.",
            "So [some = part * t] {people} {many}.",
            "Together there are [total = some + b] {people}.",
        ),
    ),
)
