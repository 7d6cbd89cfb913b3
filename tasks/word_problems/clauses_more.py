"""More clauses for free compositions: shops, groups, trips, time, water, parts, plots, ratios. Data, in the form of clauses.py."""

from tasks.word_problems.clauses import Clause

_C = Clause
_R = range
_PCT = (10, 20, 25, 30, 40, 50, 60, 75)
_MONTHS = _R(2, 13)
_AREA = "The area is [x = l * w] square meters."

MORE = (
    # A shop has x goods.
    _C("delivery", "", "stock", (
        "A {shop} gets {n} crates with {m} {goods} each.", "{n} boxes of {m} {goods} each (arrive at|are brought to) a {shop}.",
        "In a {shop} there are {n} shelves, and {m} {goods} (stand|lie) on each.", "A {shop} orders {n} boxes. Each box holds {m} {goods}.",
    ), ("The {shop} has [x = n * m] {goods}.",), {"n": _R(2, 20), "m": _R(4, 30)}),
    _C("output", "", "stock", (
        "A {shop} (makes|prepares) {r} {goods} in an hour and works for {h} hours.", "In each of {h} hours a {shop} gets {r} {goods} ready.",
        "A {shop} can finish {r} {goods} an hour. It is at work for {h} hours.", "For {h} hours a {shop} turns out {r} {goods} every hour.",
    ), ("The {shop} makes [x = r * h] {goods}.",), {"r": _R(5, 60), "h": _R(2, 13)}, "rates"),
    _C("machines", "", "stock", (
        "In a {shop}, {n} machines turn out {c} {goods} in an hour. Now {m} machines run for an hour.", "{n} helpers of a {shop} finish {c} {goods} a day. Today {m} helpers work.",
        "With {n} ovens a {shop} gets {c} {goods} ready in an hour. This hour it uses {m} ovens.", "{c} {goods} a day are made by the {n} teams of a {shop}. Today there are {m} teams.",
    ), ("One of them makes [e = c / n] {goods}.", "So {m} make [x = e * m] {goods}."), {"n": _R(2, 10), "c": _R(12, 200), "m": _R(2, 13)}, "ratio", where=("n != m",)),
    _C("stock", "", "stock", (
        "A {shop} has {x} {goods} (in store|on its shelves|).", "There are {x} {goods} in a {shop}.", "{x} {goods} are in store at a {shop}.", "A {shop} starts the week with {x} {goods}.",
    ), (), {"x": _R(20, 400, 5)}),
    _C("sell-some", "stock", "stock", (
        "It sells {g} of them on (Monday|Tuesday|Friday).", "On (Thursday|Sunday) {g} {goods} (are sold|go to a school).", "{g} of the {goods} (are broken|turn out faulty|have to be thrown away).",
        "A customer (takes|buys) {g} {goods}.",
    ), ("That leaves [x = x - g] {goods}.",), {"g": _R(3, 120)}, takes=True),
    _C("sell-percent", "stock", "stock", (
        "It sells {p}% of them on (Monday|Tuesday|Friday).", "On (Thursday|Sunday) {p}% of the {goods} are sold.", "{p}% of them (are broken|turn out faulty).", "In one week {p}% of the {goods} are (sold|sent away).",
    ), ("So [g = x * p / 100] {goods} go.", "That leaves [x = x - g] {goods}."), {"p": _PCT}, "percent", True),
    _C("sell-parts", "stock", "stock", (
        "It sells {parts} of them on (Monday|Tuesday|Friday).", "On (Thursday|Sunday) {parts} of the {goods} are sold.", "{parts} of them (are broken|turn out faulty).", "In one week {parts} of the {goods} are (sold|sent away).",
    ), ("One part is [e = x / f3] {goods}.", "So [g = e * t] {goods} go.", "That leaves [x = x - g] {goods}."), kind="fractions", takes=True),
    _C("sell-daily", "stock", "stock", (
        "It sells {r} {goods} a day for {d} days.", "On each of the next {d} days {r} of them are sold.", "For {d} days, {r} {goods} leave the {shop} every day.", "{d} schools (buy|get) {r} {goods} each.",
    ), ("In all [g = r * d] {goods} go.", "That leaves [x = x - g] {goods}."), {"r": _R(2, 30), "d": _R(2, 9)}, "rates", True),
    _C("restock", "stock", "stock", (
        "Then {g} more {goods} (arrive|come in).", "The next day it gets another {g} {goods}.", "A truck brings {g} new {goods}.", "Its number of {goods} then grows by {g}.",
    ), ("Then there are [x = x + g] {goods}.",), {"g": _R(5, 150)}),
    _C("sell-rest", "stock", "", (
        "{Stock_rest} (are|get) sold at ${p} each. How much money does the {shop} (make|take in)?", "How many dollars does it get for {stock_rest} at ${p} apiece?",
        "A {good} costs ${p}. What are {stock_rest} worth?", "It sells {stock_rest} for ${p} each. What sum does that bring?",
    ), ("The {shop} makes [$x = x * p].",), {"p": _R(2, 16)}, "money"),
    _C("order", "stock", "", (
        "It needs {t} {goods} and can make {r} in an hour. How many hours does the rest of the order take?", "A hotel orders {t} {goods}. If {r} can be added every hour, in how many hours is the order ready?",
        "In how many hours are there {t} {goods} if {r} more are made each hour?", "{t} {goods} are wanted, and the {shop} makes {r} more every hour. How many hours are needed?",
    ), ("There are [g = t - x] {goods} left to make.", "The {shop} needs [x = g / r] hours."), {"t": _R(60, 700, 10), "r": _R(4, 41)}, "rates"),
    _C("shelves", "stock", "", (
        "{Stock_rest} are put on shelves, {m} to a shelf. How many shelves are (full|needed)?", "How many boxes of {m} does it need for {stock_rest}?", "They are packed {m} to a box. How many boxes is that?",
        "If a crate holds {m} {goods}, how many crates can it fill?",
    ), ("That makes [x = x / m] of them.",), {"m": _R(2, 25)}),
    _C("ask-stock", "stock", "", (
        "How many {goods} does the {shop} have (now|then)?", "What is the number of {goods} (now|in the end)?", "How many {goods} are there (now|in the end)?", "~How many {goods} (are left|remain)?", "~How many {goods} does it still have?",
    )),
    # A place has x people.
    _C("people", "", "group", (
        "A {place} has {x} {people}.", "There are {x} {people} in a {place}.", "{x} {people} (come to|are in) a {place}.", "In a {place} one counts {x} {people}.",
    ), (), {"x": _R(24, 480, 4)}),
    _C("two-places", "", "group", (
        "One {place} has {a} {people}, a second one {b}. They meet (on a trip|for a feast).", "{a} {people} of one {place} and {b} of another come together.",
        "In a {place} there are {a} {people} under forty and {b} older ones.", "{a} {people} come to a {place} before noon and {b} after noon.",
    ), ("Together there are [x = a + b] {people}.",), {"a": _R(20, 200), "b": _R(15, 150)}),
    _C("tables", "", "group", (
        "In a {place}, {n} tables with {m} {people} each are full.", "{n} buses bring {m} {people} each to a {place}.", "The {people} of a {place} form {n} teams of {m}.", "A {place} has {n} rooms with {m} {people} in each.",
    ), ("There are [x = n * m] {people}.",), {"n": _R(3, 20), "m": _R(4, 40)}),
    _C("join", "group", "group", ("Then {g} more {people} (arrive|join them).", "Another {g} come later.", "Soon {g} new {people} are added.", "After that, {g} {people} come as well.",),
       ("Now there are [x = x + g] {people}.",), {"g": _R(4, 90)}),
    _C("go-away", "group", "group", ("Then {g} {people} (leave|go home).", "{g} of them are ill and stay at home.", "After an hour {g} of the {people} leave.", "But {g} of them cannot stay."),
       ("That leaves [x = x - g] {people}.",), {"g": _R(4, 90)}, takes=True),
    _C("group-growth", "group", "group", ("A year later there are {p}% more.", "Within a year the number (grows|rises) by {p}%.", "Next year the number is {p}% higher.", "Soon {p}% more are there."),
       ("There are [g = x * p / 100] more {people}.", "Now there are [x = x + g] {people}."), {"p": _PCT}, "percent"),
    _C("some", "group", "some", ("{parts} of them {go}.", "Of these {people}, {parts} {go}.", "It turns out that {parts} of the {people} {go}.", "{parts} of all the {people} {go}."),
       ("One part is [e = x / f3] {people}.", "So [x = e * t] {people} {go}."), kind="fractions"),
    _C("one-part", "group", "some", ("{part} of them {go}.", "Of these {people}, {part} {go}.", "It turns out that {part} of the {people} {go}.", "{part} of all the {people} {go}."),
       ("So [x = x / f] {people} {go}.",), kind="fractions"),
    _C("some-percent", "group", "some", ("{p}% of them {go}.", "Of these {people}, {p}% {go}.", "It turns out that {p}% of the {people} {go}.", "{p}% of all the {people} {go}."),
       ("So [x = x * p / 100] {people} {go}.",), {"p": _PCT}, "percent"),
    _C("others", "group", "", ("{parts} of them {go}. How many {people} (do not|are the others)?", "If {parts} of the {people} {go}, how many of them do not?", "All but {parts} of them {go}. How many {people} {go}?",
        "How many {people} remain when the {parts} of them who {go} are not counted?"),
       ("One part is [e = x / f3] {people}.", "So that is [g = e * t] {people}.", "That leaves [x = x - g] {people}."), kind="fractions"),
    _C("others-percent", "group", "", ("{p}% of them {go}. How many {people} (do not|are the others)?", "If {p}% of the {people} {go}, how many of them do not?", "All but {p}% of them {go}. How many {people} {go}?",
        "How many {people} remain when the {p}% of them who {go} are not counted?"),
       ("So that is [g = x * p / 100] {people}.", "That leaves [x = x - g] {people}."), {"p": _PCT}, "percent"),
    _C("fees", "group", "", ("Each of them pays ${p}. How much money is that?", "At ${p} a person, what do they all pay?", "How many dollars come in if each of the {people} gives ${p}?", "A ticket costs ${p}, and all of them buy one. What is the sum?"),
       ("They pay [$x = x * p].",), {"p": _R(2, 16)}, "money"),
    _C("teams", "group", "", ("They form teams of {m}. How many teams are there?", "How many buses with {m} seats do they fill?", "{m} of them fit at one table. How many tables do they need?", "How many groups of {m} can be made?"),
       ("That makes [x = x / m] groups.",), {"m": _R(2, 31)}),
    _C("ask-group", "group", "", ("How many {people} are there (now|then|in the end)?", "What is the number of {people} (now|in the end)?", "~How many {people} are left?", "How many {people} is that in the end?")),
    _C("some-more", "some", "some", ("In (another|a second|the next) {place}, {b} {people} {go}. Count both {place}s.", "Besides, {b} guests {go}. Take them together.", "To these are added {b} {people} of another {place} who {go}.", "Later {b} more of them {go}."),
       ("Together there are [x = x + b] {people}.",), {"b": _R(4, 120)}),
    _C("some-less", "some", "some", ("But {g} of these {people} soon stop.", "Later {g} of those who {go} give it up.", "{g} of these are only visitors and are not counted.", "Of these {people}, {g} are under ten and do not count."),
       ("That leaves [x = x - g] {people}.",), {"g": _R(3, 60)}, takes=True),
    _C("ask-some", "some", "", ("How many {people} (is|makes) that?", "What is the number of {people} that we (look for|count)?", "How many {people} {go} in the end?", "How many {people} who {go} are there?")),
    # Something has gone x kilometers or miles.
    _C("drive", "", "way", ("A {mover} (goes|travels) {v} {unit} (in every hour|an hour) and is on the way for {h} hours.", "For {h} hours a {mover} keeps a speed of {v} {unit} per hour.", "The speed of a {mover} is {v} {unit} an hour. It travels for {h} hours.", "At {v} {unit} an hour, a {mover} is on the road for {h} hours."),
       ("The {mover} goes [x = v * h] {unit}.",), {"v": _R(15, 90, 5), "h": _R(2, 9)}, "rates"),
    _C("stages", "", "way", ("A {mover} (goes|covers) {a} {unit} before noon and {b} {unit} after it.", "The way of a {mover} has two parts, one of {a} and one of {b} {unit}.", "On one day a {mover} travels {a} {unit}, on the next {b}.", "A {mover} goes {a} {unit} to a town and {b} {unit} to the next."),
       ("Together that is [x = a + b] {unit}.",), {"a": _R(20, 250, 5), "b": _R(20, 250, 5)}, "rates"),
    _C("apart", "", "way", ("Two {mover} drivers leave a town in opposite directions. {who} does {v} {unit} an hour, {other} {v2}. Look at them after {h} hours.", "A {mover} goes north at {v} {unit} an hour, and another goes south at {v2}. Both travel for {h} hours away from each other.",
        "From two towns {who} and {other} drive towards each other and meet after {h} hours. Their speeds are {v} and {v2} {unit} an hour. Add up their ways.", "{who} and {other} drive apart for {h} hours, {who} at {v} and {other} at {v2} {unit} an hour."),
       ("The first one goes [a = v * h] {unit}.", "The second one goes [b = v2 * h] {unit}.", "Together that is [x = a + b] {unit}."), {"v": _R(20, 80, 5), "v2": _R(20, 80, 5), "h": _R(2, 7)}, "rates", where=("v != v2",)),
    _C("lead", "", "way", ("{who} drives at {v} {unit} an hour and {other} at {v2}, the same way and for {h} hours. Look at the gap between them.", "A fast {mover} does {v} {unit} an hour, a slow one {v2}. They start together, and we look at the gap after {h} hours.",
        "{who} cycles {v} {unit} a day and {other} {v2}. They start at one place and ride the same way for {h} days, so a gap grows.", "The speeds of two trains are {v} and {v2} {unit} an hour. On side by side tracks they run for {h} hours, and the fast one gets ahead."),
       ("The first one goes [a = v * h] {unit}.", "The second one goes [b = v2 * h] {unit}.", "The difference is [x = a - b] {unit}."), {"v": _R(20, 80, 5), "v2": _R(15, 70, 5), "h": _R(2, 7)}, "rates", where=("v2 < v",)),
    _C("further", "way", "way", ("Then come {g} more {unit}.", "After that there are another {g} {unit}.", "A detour adds {g} {unit}.", "The last part is {g} {unit} long."), ("In all that is [x = x + g] {unit}.",), {"g": _R(5, 150, 5)}),
    _C("next-stage", "way", "way", ("Then comes a part of {h} hours at {v} {unit} an hour.", "For {h} more hours the speed is {v} {unit} an hour.", "After a stop it goes on for {h} hours at {v} {unit} an hour.", "In the evening {h} hours at {v} {unit} an hour are added."),
       ("Then it goes [g = v * h] {unit}.", "Together that is [x = x + g] {unit}."), {"v": _R(15, 90, 5), "h": _R(2, 7)}, "rates"),
    _C("way-left", "way", "", ("The goal is {t} {unit} from the start. How many {unit} are (left|missing)?", "How far is it still to go if {t} {unit} are planned?", "How many {unit} are missing to {t}?", "The plan was {t} {unit}. How many more would that be?"), ("There are [x = t - x] {unit} left.",), {"t": _R(100, 900, 10)}),
    _C("way-hours", "way", "", ("How many hours would the same distance take at {s} {unit} an hour?", "A cyclist does {s} {unit} an hour. How many hours does such a distance take?", "At {s} {unit} an hour, in how many hours could one cover this distance?", "How many hours does a boat at {s} {unit} an hour need for as many {unit}?"),
       ("That takes [x = x / s] hours.",), {"s": _R(5, 80, 5)}, "rates"),
    _C("fuel", "way", "", ("For every {k} {unit} one liter of fuel is burned. How many liters would this distance need?", "One liter of fuel is enough for {k} {unit}. How many liters does such a distance take?", "How many liters of fuel does this take if a liter lasts for {k} {unit}?", "A liter of fuel takes one {k} {unit} far. How many liters does this distance take?"), ("That takes [x = x / k] liters.",), {"k": _R(4, 21)}, "rates"),
    _C("ask-way", "way", "", ("How many {unit} is that (in all|altogether|)?", "How long is this distance in {unit}?", "What distance in {unit} is that?", "What is the number of {unit}?")),
)
