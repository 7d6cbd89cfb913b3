"""Discounts, tips, growth and shares in percent."""

from proctor.tasks.word_problems.family import ProblemFamily
from proctor.tasks.word_problems.words import GROUPS

_WARES = (
    {"things": "jackets", "one": "jacket"},
    {"things": "printers", "one": "printer"},
    {"things": "chairs", "one": "chair"},
    {"things": "watches", "one": "watch"},
    {"things": "bags", "one": "bag"},
    {"things": "rugs", "one": "rug"},
)
_PERCENT = (10, 20, 25, 30, 40, 50, 60, 75)
_SEATS = (
    {"things": "tickets", "place": "theater"},
    {"things": "cakes", "place": "bakery"},
    {"things": "trees", "place": "nursery"},
    {"things": "books", "place": "bookshop"},
    {"things": "toys", "place": "toy shop"},
    {"things": "bicycles", "place": "bicycle shop"},
)

FAMILIES = (
    ProblemFamily(
        id="price-off",
        kind="percent",
        split="train",
        numbers={"price": range(20, 400, 5), "pct": _PERCENT},
        scenes=_WARES,
        text=[
            (
                "{A_one} costs ${price}. In a sale it is {pct}% cheaper. How much does it cost in the sale?",
                "{who} buys {a_one} that used to cost ${price}. {They} gets {pct}% off the price. How"
                " much does {they} pay?",
                "The price of {a_one} is ${price}. With a coupon {who} pays {pct}% less. What does {they}"
                " pay?",
            )
        ],
        steps=("The discount is [$off = price * pct / 100].", "The price is then [$pay = price - off]."),
    ),
    ProblemFamily(
        id="restaurant-tip",
        kind="percent",
        split="train",
        numbers={"n": range(2, 9), "price": range(8, 45), "tip": (10, 20, 25, 30)},
        text=[
            (
                "A group of {n} friends eats at a restaurant, and each meal costs ${price}. They add a"
                " tip of {tip}%. How much is the tip?",
                "{who} orders {n} meals at ${price} each and leaves a tip of {tip}%. How many dollars is"
                " the tip?",
                "At a dinner for {n} people each meal costs ${price}. How many dollars is a tip of {tip}%"
                " on the whole bill?",
            )
        ],
        steps=("The meals cost [$cost = n * price].", "The tip is [$extra = cost * tip / 100]."),
    ),
    ProblemFamily(
        id="growth",
        kind="percent",
        split="train",
        numbers={"n": range(40, 800, 10), "pct": _PERCENT},
        scenes=GROUPS,
        text=[
            (
                "A {place} had {n} {people} last year. This year there are {pct}% more. How many {people}"
                " are there now?",
                "Last year there were {n} {people} in a {place}. Their number has grown by {pct}%. How"
                " many {people} are there now?",
                "The number of {people} in a {place} was {n} and has gone up by {pct}%. How many {people}"
                " does the {place} have now?",
            )
        ],
        steps=("There are [more = n * pct / 100] more {people}.", "Now there are [now = n + more] {people}."),
    ),
    ProblemFamily(
        id="percent-of-a-group",
        kind="percent",
        split="train",
        numbers={"n": range(40, 800, 10), "pct": _PERCENT},
        scenes=GROUPS,
        text=[
            (
                "A {place} has {n} {people}, and {pct}% of them {many}. How many {people} do not?",
                "Of the {n} {people} in a {place}, {pct}% {many} and the others do not. How many others"
                " are there?",
                "There are {n} {people} in a {place}. If {pct}% of the {people} {many}, how many do not?",
            )
        ],
        steps=("So [some = n * pct / 100] {people} {many}.", "That leaves [left = n - some] {people}."),
    ),
    ProblemFamily(
        id="what-percent",
        kind="percent",
        split="train",
        numbers={"n": range(20, 300, 5), "some": range(6, 250)},
        scenes=_SEATS,
        text=[
            (
                "A {place} had {n} {things} and sold {some} of them. What percent of the {things} were sold?",
                "A {place} sold {some} of its {n} {things}. What percent of the {things} is that?",
                "Of the {n} {things} in a {place}, {some} were sold in one week. What percent is that?",
            )
        ],
        steps=("The share is [pct = some * 100 / n] percent.",),
        where=lambda d: d.some < d.n,
        between=(4, 96),
    ),
    ProblemFamily(
        id="sold-in-two-days",
        kind="percent",
        split="train",
        numbers={"n": range(40, 600, 10), "pct": _PERCENT, "b": range(5, 120)},
        scenes=_SEATS,
        text=[
            (
                "A {place} had {n} {things}. It sold {pct}% of them on Friday and {b} more on Saturday."
                " How many {things} did it sell in all?",
                "On Friday a {place} sold {pct}% of its {n} {things}. On Saturday it sold another {b}."
                " How many {things} were sold altogether?",
                "A {place} starts with {n} {things}. On Friday {pct}% of them are sold, and on Saturday"
                " {b} more. How many {things} are sold on both days together?",
            )
        ],
        steps=(
            "On Friday [some = n * pct / 100] {things} were sold.",
            "In all [total = some + b] {things} were sold.",
        ),
        where=lambda d: d.total < d.n,
    ),
    ProblemFamily(
        id="several-at-a-discount",
        kind="percent",
        split="test",
        numbers={"n": range(2, 9), "price": range(20, 95, 5), "pct": _PERCENT},
        scenes=_WARES,
        text=[
            (
                "{who} buys {n} {things} at ${price} each. {They} gets {pct}% off the total. How much"
                " does {they} pay?",
                "{A_one} costs ${price}. In a sale everything is {pct}% cheaper. How much do {n} {things}"
                " cost in the sale?",
                "The price of {a_one} is ${price}. With a coupon {who} pays {pct}% less for {n} of them."
                " How much does {they} pay in all?",
            )
        ],
        steps=(
            "The {things} cost [$cost = n * price].",
            "The discount is [$off = cost * pct / 100].",
            "The price is then [$pay = cost - off].",
        ),
    ),
    ProblemFamily(
        id="sold-and-left",
        kind="percent",
        split="test",
        numbers={"n": range(40, 600, 10), "pct": _PERCENT, "b": range(5, 120)},
        scenes=_SEATS,
        text=[
            (
                "A {place} had {n} {things}. It sold {pct}% of them on Friday and {b} more on Saturday."
                " How many {things} are left?",
                "On Friday a {place} sold {pct}% of its {n} {things}. On Saturday it sold another {b}."
                " How many {things} does it still have?",
                "A {place} starts with {n} {things}. On Friday {pct}% of them are sold, and on Saturday"
                " {b} more. How many {things} remain for Sunday?",
            )
        ],
        steps=(
            "On Friday [some = n * pct / 100] {things} were sold.",
            "In all [total = some + b] {things} were sold.",
            "That leaves [left = n - total] {things}.",
        ),
    ),
)
