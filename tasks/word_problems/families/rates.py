"""So much per hour, per minute, per day."""

from proctor.tasks.word_problems.family import ProblemFamily

_TRIPS = (
    {"mover": "car", "unit": "kilometers"},
    {"mover": "bus", "unit": "kilometers"},
    {"mover": "train", "unit": "miles"},
    {"mover": "truck", "unit": "miles"},
    {"mover": "van", "unit": "miles"},
)
_MAKERS = (
    {"place": "factory", "things": "toys"},
    {"place": "workshop", "things": "picture frames"},
    {"place": "bakery", "things": "rolls"},
    {"place": "printing house", "things": "posters"},
    {"place": "pottery", "things": "bowls"},
    {"place": "brickyard", "things": "bricks"},
)
_HANDS = (
    {"does": "peels", "do": "peel", "things": "potatoes"},
    {"does": "folds", "do": "fold", "things": "napkins"},
    {"does": "packs", "do": "pack", "things": "parcels"},
    {"does": "labels", "do": "label", "things": "jars"},
    {"does": "sorts", "do": "sort", "things": "letters"},
    {"does": "picks", "do": "pick", "things": "pumpkins"},
)
_TANKS = (
    {"tank": "tank", "tap": "pump"},
    {"tank": "pool", "tap": "hose"},
    {"tank": "water tower", "tap": "pump"},
    {"tank": "pond", "tap": "pump"},
    {"tank": "fish pond", "tap": "hose"},
)

FAMILIES = (
    ProblemFamily(
        id="two-stretches",
        kind="rates",
        split="train",
        numbers={"v": range(30, 80, 5), "h": range(2, 7), "v2": range(30, 80, 5), "h2": range(2, 7)},
        scenes=_TRIPS,
        where=lambda d: d.v != d.v2,
        text=[
            (
                "A {mover} travels at {v} {unit} per hour for {h} hours and then at {v2} {unit} per hour"
                " for {h2} hours. How far does it go in all?",
                "For {h} hours a {mover} goes {v} {unit} an hour. For the next {h2} hours it goes {v2}"
                " {unit} an hour. How many {unit} does it travel in total?",
                "A {mover} goes {v} {unit} an hour in the first {h} hours of a trip and {v2} {unit} an"
                " hour in the other {h2} hours. How many {unit} is the whole trip?",
            )
        ],
        steps=(
            "First the {mover} goes [one = v * h] {unit}.",
            "Then it goes [two = v2 * h2] {unit}.",
            "Together that is [total = one + two] {unit}.",
        ),
    ),
    ProblemFamily(
        id="rest-of-the-trip",
        kind="rates",
        split="train",
        numbers={"d": range(120, 600, 10), "v": range(30, 80, 5), "h": range(2, 7)},
        scenes=_TRIPS,
        text=[
            (
                "A {mover} has to go {d} {unit}. It travels at {v} {unit} per hour for {h} hours. How"
                " many {unit} are left?",
                "A trip is {d} {unit} long. A {mover} goes {v} {unit} an hour. How far does it still have"
                " to go after {h} hours?",
                "The next stop of a {mover} is {d} {unit} away. After {h} hours at {v} {unit} an hour,"
                " how many {unit} are still to go?",
            )
        ],
        steps=("The {mover} goes [gone = v * h] {unit}.", "There are [left = d - gone] {unit} left."),
    ),
    ProblemFamily(
        id="hours-for-a-trip",
        kind="rates",
        split="train",
        numbers={"a": range(60, 300, 5), "b": range(60, 300, 5), "v": range(30, 80, 5)},
        scenes=_TRIPS,
        text=[
            (
                "A {mover} goes {a} {unit} in the morning and {b} {unit} in the afternoon. It travels at"
                " {v} {unit} per hour. How many hours does it travel?",
                "A {mover} travels at {v} {unit} an hour. How many hours does it need for a trip of {a}"
                " {unit} followed by a trip of {b} {unit}?",
                "On Monday a {mover} has to go {a} {unit}, and on Tuesday {b} {unit}. How many hours is"
                " it on the road if it goes {v} {unit} an hour?",
            )
        ],
        steps=("Together that is [total = a + b] {unit}.", "The {mover} needs [hours = total / v] hours."),
        between=(2, 600),
        where=lambda d: d.hours <= 12,
    ),
    ProblemFamily(
        id="made-less-faulty",
        kind="rates",
        split="train",
        numbers={"r": range(8, 61), "h": range(3, 10), "bad": range(3, 40)},
        scenes=_MAKERS,
        text=[
            (
                "A {place} makes {r} {things} an hour. In {h} hours, {bad} of the {things} turn out"
                " faulty. How many good {things} are there?",
                "Every hour a {place} makes {r} {things}. After {h} hours, {bad} of the {things} have to"
                " be thrown away. How many {things} are left?",
                "Of the {r} {things} that a {place} makes each hour, a few are faulty: {bad} of those"
                " made in {h} hours. How many {things} can be sold?",
            )
        ],
        steps=("The {place} makes [made = r * h] {things}.", "There are [left = made - bad] {things} left."),
        where=lambda d: d.bad * 5 < d.made,
    ),
    ProblemFamily(
        id="two-makers",
        kind="rates",
        split="train",
        numbers={"r": range(5, 41), "r2": range(5, 41), "h": range(3, 10)},
        scenes=_HANDS,
        where=lambda d: d.r != d.r2,
        text=[
            (
                "{who} {does} {r} {things} an hour and {other} {does} {r2} {things} an hour. How many"
                " {things} do they {do} together in {h} hours?",
                "In one hour {who} {does} {r} {things} and {other} {does} {r2}. They work for {h} hours."
                " How many {things} do they {do} in all?",
                "{who} can {do} {r} {things} an hour, and {other} can {do} {r2}. How many {things} can"
                " the two {do} in {h} hours?",
            )
        ],
        steps=(
            "Together they {do} [rate = r + r2] {things} an hour.",
            "They {do} [total = rate * h] {things}.",
        ),
    ),
    ProblemFamily(
        id="hours-for-an-order",
        kind="rates",
        split="train",
        numbers={"n": range(60, 700, 5), "have": range(10, 120), "r": range(6, 41)},
        scenes=_MAKERS,
        text=[
            (
                "A {place} has an order for {n} {things}. There are {have} {things} in store, and {r} are"
                " made every hour. How many hours does it take to make the rest?",
                "A {place} needs {n} {things} and has {have} of them. It makes {r} {things} an hour. In"
                " how many hours will the order be ready?",
                "There are {n} {things} to deliver from a {place}, and {have} of them are ready. How many"
                " hours does the {place} need for the rest if it makes {r} an hour?",
            )
        ],
        steps=(
            "There are [left = n - have] {things} left to make.",
            "The {place} needs [hours = left / r] hours.",
        ),
        where=lambda d: d.hours <= 15,
    ),
    ProblemFamily(
        id="pages-left",
        kind="rates",
        split="train",
        numbers={"p": range(120, 420), "r": range(8, 40), "d": range(3, 11)},
        text=[
            (
                "A book has {p} pages. {who} reads {r} pages a day. How many pages are left after {d} days?",
                "{who} reads {r} pages of a book every day for {d} days. The book has {p} pages. How many"
                " pages does {they} still have to read?",
                "After {d} days of reading {r} pages a day, how many pages of a book with {p} pages does"
                " {who} still have to read?",
            )
        ],
        steps=("{who} reads [gone = r * d] pages.", "There are [left = p - gone] pages left."),
    ),
    ProblemFamily(
        id="filling-a-tank",
        kind="rates",
        split="train",
        numbers={"have": range(10, 200), "r": range(4, 31), "m": range(4, 25)},
        scenes=_TANKS,
        text=[
            (
                "A {tank} holds {have} liters of water. A {tap} adds {r} liters a minute. How many liters"
                " of water are in the {tank} after {m} minutes?",
                "There are {have} liters of water in a {tank}. For {m} minutes a {tap} lets in {r} liters"
                " per minute. How much water is in the {tank} then, in liters?",
                "A {tap} puts {r} liters of water a minute into a {tank}. At first there were {have}"
                " liters in the {tank}. How many liters are there after {m} minutes?",
            )
        ],
        steps=(
            "The {tap} adds [more = r * m] liters.",
            "There are [total = have + more] liters in the {tank}.",
        ),
    ),
    ProblemFamily(
        id="two-movers-apart",
        kind="rates",
        split="test",
        numbers={"v": range(30, 80, 5), "v2": range(30, 80, 5), "h": range(2, 8)},
        scenes=_TRIPS,
        text=[
            (
                "One {mover} travels at {v} {unit} per hour and another at {v2} {unit} per hour. How many"
                " more {unit} does the first one go in {h} hours?",
                "Two drivers start at the same time. {who} goes {v} {unit} an hour and {other} goes {v2}"
                " {unit} an hour. How many {unit} more than {other} has {who} gone after {h} hours?",
                "A {mover} goes {v} {unit} an hour, and a slower one goes {v2} {unit} an hour. By how"
                " many {unit} is the faster one ahead after {h} hours?",
            )
        ],
        steps=(
            "The first one goes [one = v * h] {unit}.",
            "The second one goes [two = v2 * h] {unit}.",
            "The difference is [more = one - two] {unit}.",
        ),
    ),
    ProblemFamily(
        id="two-makers-order",
        kind="rates",
        split="test",
        numbers={"n": range(60, 700, 5), "r": range(5, 41), "r2": range(5, 41)},
        scenes=_HANDS,
        where=lambda d: d.r != d.r2 and d.hours <= 15,
        text=[
            (
                "{who} {does} {r} {things} an hour and {other} {does} {r2} {things} an hour. Together"
                " they have to {do} {n} {things}. How many hours does it take?",
                "There are {n} {things} to {do}. In one hour {who} {does} {r} {things} and {other} {does}"
                " {r2}. How many hours do they need together?",
                "{who} can {do} {r} {things} an hour, and {other} can {do} {r2}. How many hours do the"
                " two need for {n} {things}?",
            )
        ],
        steps=(
            "Together they {do} [rate = r + r2] {things} an hour.",
            "They need [hours = n / rate] hours.",
        ),
    ),
    ProblemFamily(
        id="tank-in-and-out",
        kind="rates",
        split="test",
        numbers={"have": range(10, 200), "r": range(4, 31), "m": range(4, 25), "gone": range(10, 150)},
        scenes=_TANKS,
        text=[
            (
                "A {tank} holds {have} liters of water. A {tap} adds {r} liters a minute for {m} minutes."
                " Then {gone} liters are taken out. How many liters of water are left in the {tank}?",
                "There are {have} liters of water in a {tank}. For {m} minutes a {tap} lets in {r} liters"
                " per minute, and then {who} uses {gone} liters. How much water is left, in liters?",
                "A {tap} puts {r} liters of water a minute into a {tank} that held {have} liters at"
                " first. After {m} minutes it stops, and {gone} liters are used. How many liters are left?",
            )
        ],
        steps=(
            "The {tap} adds [more = r * m] liters.",
            "There are [total = have + more] liters in the {tank}.",
            "There are [left = total - gone] liters left.",
        ),
    ),
)
