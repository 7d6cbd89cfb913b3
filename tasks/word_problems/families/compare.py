"""More than, fewer than, times as many."""

from proctor.tasks.word_problems.family import ProblemFamily

_THINGS = (
    {"things": "stickers"},
    {"things": "coins"},
    {"things": "books"},
    {"things": "marbles"},
    {"things": "shells"},
    {"things": "comics"},
    {"things": "photos"},
    {"things": "medals"},
    {"things": "model cars"},
    {"things": "beads"},
)
_A = range(8, 90)
_D = range(3, 60)

FAMILIES = (
    ProblemFamily(
        id="times-together",
        kind="comparison",
        split="train",
        numbers={"a": _A, "k": range(3, 8)},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {k} times as many. How many {things} do they have"
                " together?",
                "{other} has {k} times as many {things} as {who}, who has {a}. How many {things} do the"
                " two have in all?",
                "{who} owns {a} {things} and {other} owns {k} times as many. What is the total number of"
                " {things}?",
            )
        ],
        steps=("{other} has [b = a * k] {things}.", "Together they have [total = a + b] {things}."),
    ),
    ProblemFamily(
        id="more-together",
        kind="comparison",
        split="train",
        numbers={"a": _A, "d": _D},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {d} more than {who}. How many {things} do they have"
                " together?",
                "{other} has {d} more {things} than {who}, who has {a}. How many {things} do the two have"
                " in all?",
                "{who} owns {a} {things} and {other} owns {d} more than that. What is the total number of"
                " {things}?",
            )
        ],
        steps=("{other} has [b = a + d] {things}.", "Together they have [total = a + b] {things}."),
    ),
    ProblemFamily(
        id="fewer-together",
        kind="comparison",
        split="train",
        numbers={"a": range(20, 120), "d": _D},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {d} fewer than {who}. How many {things} do they have"
                " together?",
                "{other} has {d} fewer {things} than {who}, who has {a}. How many {things} do the two"
                " have in all?",
                "{who} owns {a} {things} and {other} owns {d} fewer than that. What is the total number"
                " of {things}?",
            )
        ],
        steps=("{other} has [b = a - d] {things}.", "Together they have [total = a + b] {things}."),
    ),
    ProblemFamily(
        id="times-difference",
        kind="comparison",
        split="train",
        numbers={"a": _A, "k": range(3, 8)},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {k} times as many. How many more {things} does"
                " {other} have than {who}?",
                "{other} has {k} times as many {things} as {who}, who has {a}. How many fewer {things}"
                " does {who} have?",
                "{who} owns {a} {things} and {other} owns {k} times as many. By how many {things} is"
                " {other}'s collection larger?",
            )
        ],
        steps=("{other} has [b = a * k] {things}.", "The difference is [more = b - a] {things}."),
    ),
    ProblemFamily(
        id="more-then-times",
        kind="comparison",
        split="train",
        numbers={"a": range(5, 60), "d": range(3, 40), "k": range(3, 6)},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {d} more than {who}. {third} has {k} times as many"
                " as {other}. How many {things} does {third} have?",
                "{other} has {d} more {things} than {who}, who has {a}. {third} has {k} times as many"
                " {things} as {other}. How many does {third} have?",
                "{who} owns {a} {things}, {other} owns {d} more than that, and {third} owns {k} times as"
                " many as {other}. How many {things} does {third} own?",
            )
        ],
        steps=("{other} has [b = a + d] {things}.", "{third} has [c = b * k] {things}."),
    ),
    ProblemFamily(
        id="times-then-fewer",
        kind="comparison",
        split="train",
        numbers={"a": range(5, 60), "k": range(3, 8), "d": range(3, 60)},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {k} times as many. {third} has {d} fewer than"
                " {other}. How many {things} does {third} have?",
                "{other} has {k} times as many {things} as {who}, who has {a}. {third} has {d} fewer"
                " {things} than {other}. How many does {third} have?",
                "{who} owns {a} {things}, {other} owns {k} times as many, and {third} owns {d} fewer than"
                " {other}. How many {things} does {third} own?",
            )
        ],
        steps=("{other} has [b = a * k] {things}.", "{third} has [c = b - d] {things}."),
    ),
    ProblemFamily(
        id="half-as-many",
        kind="comparison",
        split="train",
        numbers={"a": range(10, 160, 2), "d": _D},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has half as many. {third} has {d} more than {other}. How"
                " many {things} does {third} have?",
                "{other} has half as many {things} as {who}, who has {a}. {third} has {d} more {things}"
                " than {other}. How many does {third} have?",
                "{who} owns {a} {things}, {other} owns half as many, and {third} owns {d} more than"
                " {other}. How many {things} does {third} own?",
            )
        ],
        steps=("{other} has [b = a / 2] {things}.", "{third} has [c = b + d] {things}."),
    ),
    ProblemFamily(
        id="times-more-all-three",
        kind="comparison",
        split="test",
        numbers={"a": range(5, 60), "k": range(3, 7), "d": range(3, 40)},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {k} times as many. {third} has {d} more than"
                " {other}. How many {things} do they have together?",
                "{other} has {k} times as many {things} as {who}, who has {a}. {third} has {d} more"
                " {things} than {other}. How many {things} do the three have in all?",
                "{who} owns {a} {things}, {other} owns {k} times as many, and {third} owns {d} more than"
                " {other}. What is the total number of {things}?",
            )
        ],
        steps=(
            "{other} has [b = a * k] {things}.",
            "{third} has [c = b + d] {things}.",
            "Together they have [total = a + b + c] {things}.",
        ),
    ),
    ProblemFamily(
        id="half-as-many-together",
        kind="comparison",
        split="test",
        numbers={"a": range(10, 160, 2)},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has half as many. How many {things} do they have together?",
                "{other} has half as many {things} as {who}, who has {a}. How many {things} do the two"
                " have in all?",
                "{who} owns {a} {things} and {other} owns half as many. What is the total number of"
                " {things}?",
            )
        ],
        steps=("{other} has [b = a / 2] {things}.", "Together they have [total = a + b] {things}."),
    ),
    ProblemFamily(
        id="fewer-then-times",
        kind="comparison",
        split="test",
        numbers={"a": range(20, 120), "d": range(3, 60), "k": range(3, 7)},
        scenes=_THINGS,
        text=[
            (
                "{who} has {a} {things}. {other} has {d} fewer than {who}. {third} has {k} times as many"
                " as {other}. How many {things} does {third} have?",
                "{other} has {d} fewer {things} than {who}, who has {a}. {third} has {k} times as many"
                " {things} as {other}. How many does {third} have?",
                "{who} owns {a} {things}, {other} owns {d} fewer than that, and {third} owns {k} times as"
                " many as {other}. How many {things} does {third} own?",
            )
        ],
        steps=("{other} has [b = a - d] {things}.", "{third} has [c = b * k] {things}."),
    ),
)
