"""Buying, saving, earning."""

from fractions import Fraction

from proctor.tasks.word_problems.family import ProblemFamily

_CENTS = tuple(Fraction(cents, 100) for cents in (125, 150, 225, 250, 325, 350, 450, 550))
_GOODS = (
    {"things": "notebooks", "one": "notebook", "things2": "pens", "one2": "pen"},
    {"things": "sandwiches", "one": "sandwich", "things2": "juices", "one2": "juice"},
    {"things": "T-shirts", "one": "T-shirt", "things2": "caps", "one2": "cap"},
    {"things": "plants", "one": "plant", "things2": "pots", "one2": "pot"},
    {"things": "pizzas", "one": "pizza", "things2": "salads", "one2": "salad"},
    {"things": "balls", "one": "ball", "things2": "ropes", "one2": "rope"},
    {"things": "mugs", "one": "mug", "things2": "plates", "one2": "plate"},
)
_GOALS = (
    {"goal": "bicycle"},
    {"goal": "guitar"},
    {"goal": "tent"},
    {"goal": "camera"},
    {"goal": "skateboard"},
    {"goal": "telescope"},
    {"goal": "keyboard"},
)
_JOBS = (
    {"job": "mows lawns", "treat": "a new jacket"},
    {"job": "walks dogs", "treat": "a pair of shoes"},
    {"job": "washes cars", "treat": "a board game"},
    {"job": "tutors younger pupils", "treat": "a backpack"},
    {"job": "works in a bakery", "treat": "a birthday present"},
    {"job": "picks berries", "treat": "a concert ticket"},
)
_STALL = (
    {"things": "cups of lemonade", "one": "cup", "stuff": "lemons and sugar"},
    {"things": "bracelets", "one": "bracelet", "stuff": "beads and string"},
    {"things": "muffins", "one": "muffin", "stuff": "flour and eggs"},
    {"things": "candles", "one": "candle", "stuff": "wax"},
    {"things": "greeting cards", "one": "card", "stuff": "paper and paint"},
)

FAMILIES = (
    ProblemFamily(
        id="change-from-a-note",
        kind="money",
        split="train",
        numbers={"n": range(2, 10), "price": range(3, 13), "paid": (20, 50, 100)},
        scenes=_GOODS,
        text=[
            (
                "{who} buys {n} {things} at ${price} each and pays with ${paid}. How much change does"
                " {they} get?",
                "A {one} costs ${price}. {who} buys {n} {things} and hands over ${paid}. How much change"
                " does {who} get?",
                "{who} has ${paid}. {They} spends some of it on {n} {things} that cost ${price} each. How"
                " much money does {who} have left?",
            )
        ],
        steps=("The {things} cost [$cost = n * price].", "{who} has [$left = paid - cost] left."),
    ),
    ProblemFamily(
        id="two-goods-in-all",
        kind="money",
        split="train",
        numbers={"n": range(2, 10), "price": range(4, 16), "m": range(2, 10), "price2": range(2, 9)},
        scenes=_GOODS,
        text=[
            (
                "{who} buys {n} {things} at ${price} each and {m} {things2} at ${price2} each. How much"
                " does {they} pay in all?",
                "A {one} costs ${price} and a {one2} costs ${price2}. How much do {n} {things} and {m}"
                " {things2} cost together?",
                "{who} orders {n} {things} for ${price} each. {They} also orders {m} {things2} for"
                " ${price2} each. What is the total cost?",
            )
        ],
        steps=(
            "The {things} cost [$cost = n * price].",
            "The {things2} cost [$cost2 = m * price2].",
            "Together they cost [$total = cost + cost2].",
        ),
    ),
    ProblemFamily(
        id="savings-grow",
        kind="money",
        split="train",
        numbers={"have": range(15, 100), "s": range(5, 26), "w": range(3, 13)},
        scenes=_GOALS,
        text=[
            (
                "{who} has ${have} and saves ${s} every week. How much money does {they} have after {w}"
                " weeks?",
                "{who} is saving for {a_goal}. {They} already has ${have} and puts aside ${s} a week. How"
                " much will {they} have in {w} weeks?",
                "Every week {who} puts ${s} into {their} savings box. There were ${have} in it at first."
                " How many dollars are in the box after {w} weeks?",
            )
        ],
        steps=("{who} saves [$saved = s * w].", "Then {who} has [$total = have + saved]."),
    ),
    ProblemFamily(
        id="weeks-without-savings",
        kind="money",
        split="train",
        numbers={"price": range(60, 400), "s": range(5, 26)},
        scenes=_GOALS,
        text=[
            (
                "{who} wants to buy {a_goal} that costs ${price}. {They} saves ${s} every week. How many"
                " weeks does {they} have to save?",
                "{A_goal} costs ${price}. {who} puts aside ${s} a week for it. After how many weeks can"
                " {they} buy it?",
                "{who} puts ${s} a week into a box until there is enough for {a_goal} at ${price}. How"
                " many weeks does that take?",
            )
        ],
        steps=("{who} needs [weeks = price / s] weeks.",),
        between=(3, 40),
    ),
    ProblemFamily(
        id="missing-money",
        kind="money",
        split="train",
        numbers={"price": range(60, 400), "have": range(15, 90), "gift": range(10, 60)},
        scenes=_GOALS,
        text=[
            (
                "{who} wants to buy {a_goal} that costs ${price}. {They} has ${have} and gets ${gift}"
                " from {their} grandmother. How much more money does {who} need?",
                "{A_goal} costs ${price}. {who} has saved ${have} and is given ${gift} as a birthday"
                " present. How many dollars are still missing?",
                "There is ${have} in {who}'s savings box. With ${gift} from {their} aunt, how many"
                " dollars more does {they} need for {a_goal} that costs ${price}?",
            )
        ],
        steps=("{who} has [$total = have + gift].", "{who} still needs [$more = price - total]."),
    ),
    ProblemFamily(
        id="wage-then-spend",
        kind="money",
        split="train",
        numbers={"w": range(8, 26), "h": range(3, 13), "spent": range(15, 120)},
        scenes=_JOBS,
        text=[
            (
                "{who} {job} for ${w} an hour. {They} works {h} hours and then spends ${spent} on"
                " {treat}. How much money is left?",
                "{who} {job} and earns ${w} per hour. After {h} hours of work {they} buys {treat} for"
                " ${spent}. How much of the money does {who} still have?",
                "{who} works {h} hours at ${w} an hour. From {their} pay {they} buys {treat} for"
                " ${spent}. How many dollars does {they} keep?",
            )
        ],
        steps=("{who} earns [$earned = w * h].", "{who} has [$left = earned - spent] left."),
    ),
    ProblemFamily(
        id="stall-profit",
        kind="money",
        split="train",
        numbers={"n": range(12, 60), "price": range(2, 6), "spent": range(8, 70)},
        scenes=_STALL,
        text=[
            (
                "{who} sells {n} {things} at ${price} each. The {stuff} cost {them} ${spent}. How much"
                " profit does {who} make?",
                "{who} spends ${spent} on {stuff} and then sells {n} {things} for ${price} apiece. What"
                " is {their} profit?",
                "At a market {who} sells {n} {things}, each for ${price}. {They} had paid ${spent} for"
                " {stuff}. How many dollars of profit is that?",
            )
        ],
        steps=("{who} earns [$earned = n * price].", "The profit is [$profit = earned - spent]."),
    ),
    ProblemFamily(
        id="prices-with-cents",
        kind="money",
        split="train",
        numbers={"n": range(2, 11), "price": _CENTS, "m": range(2, 9)},
        scenes=_GOODS,
        text=[
            (
                "{who} buys {n} {things} at ${price} each and a {one2} for ${m}. How much does {they} pay"
                " in all?",
                "A {one} costs ${price}, and a {one2} costs ${m}. How much do {n} {things} and one {one2}"
                " cost together?",
                "{who} needs {n} {things} and one {one2}. The {things} are ${price} each, and the {one2}"
                " is ${m}. What is the total cost?",
            )
        ],
        steps=("The {things} cost [$cost = n * price].", "Together they cost [$total = cost + m]."),
        cents=True,
    ),
    ProblemFamily(
        id="two-goods-change",
        kind="money",
        split="test",
        numbers={
            "n": range(2, 8),
            "price": range(3, 13),
            "m": range(2, 8),
            "price2": range(2, 8),
            "paid": (50, 100),
        },
        scenes=_GOODS,
        text=[
            (
                "{who} buys {n} {things} at ${price} each and {m} {things2} at ${price2} each. {They}"
                " pays with ${paid}. How much change does {they} get?",
                "A {one} costs ${price} and a {one2} costs ${price2}. {who} has ${paid} and buys {n}"
                " {things} and {m} {things2}. How much money does {who} have left?",
                "{who} orders {n} {things} for ${price} each and {m} {things2} for ${price2} each. {They}"
                " gives the cashier ${paid}. How much does {they} get back?",
            )
        ],
        steps=(
            "The {things} cost [$cost = n * price].",
            "The {things2} cost [$cost2 = m * price2].",
            "Together they cost [$total = cost + cost2].",
            "{who} has [$left = paid - total] left.",
        ),
    ),
    ProblemFamily(
        id="weeks-to-save",
        kind="money",
        split="test",
        numbers={"price": range(60, 400), "have": range(15, 100), "s": range(5, 26)},
        scenes=_GOALS,
        text=[
            (
                "{who} wants to buy {a_goal} that costs ${price}. {They} already has ${have} and saves"
                " ${s} every week. How many weeks does {they} have to save?",
                "{A_goal} costs ${price}. {who} has ${have} and puts aside ${s} a week. After how many"
                " weeks can {they} buy it?",
                "There is ${have} in {who}'s savings box. {They} puts in ${s} every week and wants"
                " {a_goal} that costs ${price}. How many weeks does that take?",
            )
        ],
        steps=("{who} still needs [$more = price - have].", "{who} needs [weeks = more / s] weeks."),
        between=(2, 400),
    ),
    ProblemFamily(
        id="shared-profit",
        kind="money",
        split="test",
        numbers={"n": range(12, 60), "price": range(2, 6), "spent": range(8, 70), "k": range(2, 6)},
        scenes=_STALL,
        text=[
            (
                "A group of {k} friends sells {n} {things} at ${price} each. The {stuff} cost ${spent}."
                " The friends share the profit equally. How much money does each friend get?",
                "A team of {k} pupils spends ${spent} on {stuff} and then sells {n} {things} for ${price}"
                " apiece. The pupils share the profit equally. How much does each pupil get?",
                "At a market {k} children sell {n} {things}, each for ${price}. They had paid ${spent}"
                " for {stuff}. How many dollars of profit does each child get if they share equally?",
            )
        ],
        steps=(
            "They earn [$earned = n * price].",
            "The profit is [$profit = earned - spent].",
            "Each one gets [$share = profit / k].",
        ),
    ),
)
