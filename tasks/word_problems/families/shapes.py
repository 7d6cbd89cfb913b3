"""Lengths, areas and volumes."""

from proctor.tasks.word_problems.family import ProblemFamily

_PLOTS = (
    {"plot": "garden", "inner": "pond"},
    {"plot": "yard", "inner": "flower bed"},
    {"plot": "playground", "inner": "sandpit"},
    {"plot": "field", "inner": "shed"},
    {"plot": "park", "inner": "lawn"},
)
_FLOORS = (
    {"room": "kitchen", "cover": "tiles"},
    {"room": "bedroom", "cover": "carpet"},
    {"room": "hall", "cover": "parquet"},
    {"room": "classroom", "cover": "carpet"},
    {"room": "bathroom", "cover": "tiles"},
)
_BOXES = ({"box": "container"}, {"box": "bin"}, {"box": "trailer"}, {"box": "pit"}, {"box": "storage box"})

FAMILIES = (
    ProblemFamily(
        id="fence-cost",
        kind="geometry",
        split="train",
        numbers={"l": range(8, 60), "w": range(4, 40), "p": range(3, 13)},
        scenes=_PLOTS,
        where=lambda d: d.w < d.l,
        text=[
            (
                "A rectangular {plot} is {l} meters long and {w} meters wide. A fence costs ${p} per"
                " meter. How much does a fence around the {plot} cost?",
                "{who} puts a fence around a rectangular {plot} of {l} meters by {w} meters. One meter of"
                " fence costs ${p}. How much does {they} pay?",
                "How much does it cost to fence a rectangular {plot} of {l} meters by {w} meters if each"
                " meter of fence costs ${p}?",
            )
        ],
        steps=(
            "Length and width are [half = l + w] meters.",
            "All around it is [around = half * 2] meters.",
            "The cost is [$cost = around * p].",
        ),
    ),
    ProblemFamily(
        id="perimeter",
        kind="geometry",
        split="train",
        numbers={"l": range(8, 90), "w": range(4, 60)},
        scenes=_PLOTS,
        where=lambda d: d.w < d.l,
        text=[
            (
                "A rectangular {plot} is {l} meters long and {w} meters wide. How many meters is it all"
                " around the {plot}?",
                "{who} walks once around a rectangular {plot} of {l} meters by {w} meters. How many"
                " meters does {they} walk?",
                "How many meters of fence does {who} need to go around a rectangular {plot} that is {l}"
                " meters long and {w} meters wide?",
            )
        ],
        steps=("Length and width are [half = l + w] meters.", "All around it is [around = half * 2] meters."),
    ),
    ProblemFamily(
        id="square-laps",
        kind="geometry",
        split="train",
        numbers={"s": range(10, 90), "n": range(2, 10)},
        scenes=_PLOTS,
        text=[
            (
                "A square {plot} has sides of {s} meters. {who} walks around it {n} times. How many"
                " meters does {they} walk?",
                "{who} runs {n} times around a square {plot} whose sides are {s} meters long. How far"
                " does {they} run, in meters?",
                "Each side of a square {plot} is {s} meters long. How many meters does {who} go in {n}"
                " rounds?",
            )
        ],
        steps=("All around it is [around = s * 4] meters.", "{who} goes [total = around * n] meters."),
        between=(2, 3000),
    ),
    ProblemFamily(
        id="floor-cost",
        kind="geometry",
        split="train",
        numbers={"l": range(3, 13), "w": range(2, 10), "p": range(6, 31)},
        scenes=_FLOORS,
        where=lambda d: d.w < d.l,
        text=[
            (
                "The floor of a {room} is {l} meters long and {w} meters wide. One square meter of"
                " {cover} costs ${p}. How much does it cost to cover the floor?",
                "{who} buys {cover} for a {room} of {l} meters by {w} meters. Each square meter costs"
                " ${p}. How much does {they} pay?",
                "How much does it cost to cover the floor of a {room} of {l} meters by {w} meters if a"
                " square meter of {cover} costs ${p}?",
            )
        ],
        steps=("The area is [area = l * w] square meters.", "The cost is [$cost = area * p]."),
    ),
    ProblemFamily(
        id="area-less-area",
        kind="geometry",
        split="train",
        numbers={"l": range(10, 40), "w": range(6, 30), "s": range(2, 13)},
        scenes=_PLOTS,
        where=lambda d: d.w < d.l and d.s < d.w,
        text=[
            (
                "A rectangular {plot} is {l} meters long and {w} meters wide. In it is a square {inner}"
                " with sides of {s} meters. How many square meters of the {plot} are left?",
                "In a {plot} of {l} meters by {w} meters there is a square {inner} whose sides are {s}"
                " meters long. How many square meters of the {plot} are outside the {inner}?",
                "A {plot} measures {l} meters by {w} meters. A square of {s} meters by {s} meters in it"
                " becomes {a_inner}. How many square meters of the {plot} remain?",
            )
        ],
        steps=(
            "The area is [area = l * w] square meters.",
            "The {inner} covers [inside = s * s] square meters.",
            "That leaves [left = area - inside] square meters.",
        ),
    ),
    ProblemFamily(
        id="volume-left",
        kind="geometry",
        split="train",
        numbers={"l": range(3, 13), "w": range(2, 11), "h": range(2, 11), "gone": range(10, 200, 5)},
        scenes=_BOXES,
        text=[
            (
                "{A_box} is {l} feet long, {w} feet wide and {h} feet deep. There are {gone} cubic feet"
                " of sand in it. How many cubic feet are still free?",
                "The inside of {a_box} measures {l} feet by {w} feet by {h} feet, and {gone} cubic feet"
                " of it are full. How many cubic feet are empty?",
                "How many cubic feet of sand still fit into {a_box} of {l} feet by {w} feet by {h} feet"
                " that already holds {gone} cubic feet?",
            )
        ],
        steps=(
            "The base is [base = l * w] square feet.",
            "The volume is [volume = base * h] cubic feet.",
            "That leaves [left = volume - gone] cubic feet.",
        ),
    ),
    ProblemFamily(
        id="third-side",
        kind="geometry",
        split="train",
        numbers={"p": range(30, 200), "a": range(8, 90), "b": range(8, 90)},
        text=[
            (
                "A triangle has a perimeter of {p} centimeters. Two of its sides are {a} centimeters and"
                " {b} centimeters long. How long is the third side, in centimeters?",
                "{who} bends a wire of {p} centimeters into a triangle. Two sides measure {a} centimeters"
                " and {b} centimeters. How many centimeters does the third side measure?",
                "All around, a triangle measures {p} centimeters. One side is {a} centimeters long and"
                " another {b} centimeters. What is the length of the third side in centimeters?",
            )
        ],
        steps=("Two sides are [two = a + b] centimeters.", "The third side is [left = p - two] centimeters."),
        where=lambda d: d.left < d.two and abs(d.a - d.b) < d.left,
    ),
    ProblemFamily(
        id="rectangle-laps",
        kind="geometry",
        split="test",
        numbers={"l": range(10, 90), "w": range(5, 60), "n": range(2, 8)},
        scenes=_PLOTS,
        where=lambda d: d.w < d.l,
        text=[
            (
                "A rectangular {plot} is {l} meters long and {w} meters wide. {who} walks around it {n}"
                " times. How many meters does {they} walk?",
                "{who} runs {n} times around a rectangular {plot} of {l} meters by {w} meters. How far"
                " does {they} run, in meters?",
                "A rectangular {plot} measures {l} meters by {w} meters. How many meters does {who} go in"
                " {n} rounds?",
            )
        ],
        steps=(
            "Length and width are [half = l + w] meters.",
            "All around it is [around = half * 2] meters.",
            "{who} goes [total = around * n] meters.",
        ),
    ),
    ProblemFamily(
        id="square-fence",
        kind="geometry",
        split="test",
        numbers={"s": range(6, 60), "p": range(3, 13)},
        scenes=_PLOTS,
        text=[
            (
                "A square {plot} has sides of {s} meters. A fence costs ${p} per meter. How much does a"
                " fence around the {plot} cost?",
                "{who} puts a fence around a square {plot} whose sides are {s} meters long. One meter of"
                " fence costs ${p}. How much does {they} pay?",
                "How much does it cost to fence a square {plot} of {s} meters by {s} meters if each meter"
                " of fence costs ${p}?",
            )
        ],
        steps=("All around it is [around = s * 4] meters.", "The cost is [$cost = around * p]."),
    ),
    ProblemFamily(
        id="floor-with-a-gap",
        kind="geometry",
        split="test",
        numbers={"l": range(4, 13), "w": range(3, 10), "s": range(2, 5), "p": range(6, 31)},
        scenes=_FLOORS,
        where=lambda d: d.s < d.w < d.l,
        text=[
            (
                "The floor of a {room} is {l} meters long and {w} meters wide. A square part with sides"
                " of {s} meters stays bare. One square meter of {cover} costs ${p}. How much does it cost"
                " to cover the rest?",
                "{who} buys {cover} for a {room} of {l} meters by {w} meters but leaves out a square"
                " whose sides are {s} meters long. Each square meter costs ${p}. How much does {they} pay?",
                "A {room} is {l} meters long and {w} meters wide. All of its floor but a square of {s}"
                " meters by {s} meters gets new {cover} for ${p} a square meter. What does that cost?",
            )
        ],
        steps=(
            "The area is [area = l * w] square meters.",
            "The square covers [inside = s * s] square meters.",
            "That leaves [left = area - inside] square meters.",
            "The cost is [$cost = left * p].",
        ),
    ),
)
