"""The clauses that free compositions are put together from. Data alone: knows not how they are drawn or joined.

A clause leads from one state to another; a state says what the number x is at that point of the story. A story opens
from "" and ends in "". `(a|b)` in a text is a choice, and a text that begins with ~ needs that something was taken away before.
`{rest}` is what is there now, said in one of several ways. Steps are written as in family.py; x may stand on both sides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Numbers = Mapping[str, Sequence[int] | Sequence[Fraction]]


@dataclass(frozen=True)
class Clause:
    """`where` are comparisons such as `w < l` that the drawn and worked-out numbers must meet."""

    name: str
    start: str
    end: str
    text: Sequence[str]
    steps: Sequence[str] = ()
    numbers: Mapping[str, Sequence[int] | Sequence[Fraction]] | None = None
    kind: str = ""
    takes: bool = False
    where: Sequence[str] = ()


SCENES: dict[str, tuple[tuple[str, ...], ...]] = {
    "things": tuple((word,) for word in (
        "marbles stickers stamps shells pencils postcards buttons beads apples oranges badges coins books comics photos "
        "lemons plums walnuts seeds crayons ribbons toys pebbles cards magnets peaches chestnuts bracelets candles keys"
    ).split()),
    "pack packs": (("bag", "bags"), ("jar", "jars"), ("tin", "tins"), ("packet", "packets"), ("crate", "crates"),
                   ("basket", "baskets"), ("drawer", "drawers"), ("case", "cases")),
    "bin bins": (("bag", "bags"), ("jar", "jars"), ("envelope", "envelopes"), ("pouch", "pouches"), ("row", "rows"),
                 ("box", "boxes"), ("bowl", "bowls"), ("pile", "piles")),
    "kin": (("sister",), ("brother",), ("cousin",), ("best friend",), ("aunt",), ("neighbor",), ("classmate",)),
    "kids": (("children",), ("friends",), ("classmates",), ("cousins",), ("neighbors",), ("teammates",)),
    "one ones one2 ones2": (
        ("notebook", "notebooks", "pen", "pens"), ("sandwich", "sandwiches", "juice", "juices"), ("plant", "plants", "pot", "pots"),
        ("T-shirt", "T-shirts", "cap", "caps"), ("pizza", "pizzas", "salad", "salads"), ("ball", "balls", "whistle", "whistles"),
        ("mug", "mugs", "plate", "plates"), ("book", "books", "magazine", "magazines"), ("lamp", "lamps", "bulb", "bulbs"),
        ("towel", "towels", "sponge", "sponges"), ("brush", "brushes", "roller", "rollers"), ("cake", "cakes", "tea", "teas"),
        ("puzzle", "puzzles", "kite", "kites"), ("shirt", "shirts", "tie", "ties"), ("chair", "chairs", "cushion", "cushions"),
    ),
    "goal": (("bicycle",), ("guitar",), ("tent",), ("camera",), ("skateboard",), ("telescope",), ("drum",), ("scooter",),
             ("violin",), ("desk",), ("jacket",), ("microscope",), ("football table",)),
    "job": (("mows lawns",), ("walks dogs",), ("washes cars",), ("works in a bakery",), ("picks berries",), ("tutors",),
            ("cleans windows",), ("delivers newspapers",), ("helps on a farm",), ("paints fences",)),
    "treat": (("a haircut",), ("a board game",), ("a backpack",), ("some paint",), ("a train ticket",), ("a present",),
              ("lunch",), ("a museum visit",), ("new socks",)),
    "shop goods good": (
        ("bakery", "rolls", "roll"), ("toy shop", "puzzles", "puzzle"), ("bookshop", "novels", "novel"), ("nursery", "trees", "tree"),
        ("pottery", "bowls", "bowl"), ("workshop", "stools", "stool"), ("factory", "clocks", "clock"), ("kiosk", "papers", "paper"),
        ("farm", "pumpkins", "pumpkin"), ("market stall", "melons", "melon"), ("studio", "posters", "poster"),
        ("warehouse", "tires", "tire"), ("flower shop", "roses", "rose"),
    ),
    "place people go goes": (
        ("school", "pupils", "go by bus", "goes by bus"), ("sports club", "members", "swim", "swims"),
        ("company", "workers", "cycle to work", "cycles to work"), ("choir", "singers", "read music", "reads music"),
        ("summer camp", "children", "wear a hat", "wears a hat"), ("hotel", "guests", "order breakfast", "orders breakfast"),
        ("museum", "visitors", "buy a map", "buys a map"), ("college", "students", "learn French", "learns French"),
        ("village", "families", "keep a dog", "keeps a dog"), ("library", "readers", "borrow a film", "borrows a film"),
    ),
    "mover": (("car",), ("bus",), ("train",), ("truck",), ("van",), ("motorboat",), ("ferry",), ("coach",)),
    "unit": (("kilometers",), ("miles",)),
    "does things2 one3": (
        ("folds", "towels", "towel"), ("wraps", "gifts", "gift"), ("washes", "cars", "car"), ("paints", "chairs", "chair"),
        ("decorates", "cakes", "cake"), ("plants", "bushes", "bush"), ("repairs", "clocks", "clock"), ("irons", "shirts", "shirt"),
        ("peels", "potatoes", "potato"), ("packs", "parcels", "parcel"), ("corrects", "tests", "test"), ("cleans", "windows", "window"),
    ),
    "hobby hobby2": (("practices the piano", "sings"), ("runs", "swims"), ("reads", "draws"), ("studies Spanish", "plays chess"),
                     ("plays tennis", "lifts weights"), ("dances", "stretches"), ("works in the garden", "cooks"),
                     ("does homework", "plays the flute")),
    "tank tap": (("tank", "pump"), ("pool", "hose"), ("water tower", "pump"), ("pond", "pump"), ("barrel", "pipe"),
                 ("bathtub", "tap"), ("trough", "hose"), ("basin", "pipe"), ("aquarium", "hose")),
    "stuff grams use use2 use3": (
        ("flour", "grams", "bread", "a cake", "some rolls"), ("rice", "grams", "soup", "a salad", "a pudding"),
        ("paint", "milliliters", "a door", "a fence", "a shelf"), ("ribbon", "centimeters", "a gift", "a costume", "a wreath"),
        ("rope", "centimeters", "a swing", "a tent", "a net"), ("milk", "milliliters", "pancakes", "a pudding", "a milkshake"),
        ("wire", "centimeters", "a cage", "a lamp", "a toy"), ("sugar", "grams", "jam", "a pie", "some cookies"),
        ("wool", "meters", "a scarf", "a hat", "a sock"), ("clay", "grams", "a vase", "a bowl", "a cup"),
    ),
    "plot inner": (("garden", "pond"), ("yard", "flower bed"), ("playground", "sandpit"), ("field", "shed"), ("park", "lawn"),
                   ("meadow", "hut"), ("courtyard", "fountain"), ("square", "stage"), ("orchard", "barn")),
    "room cover": (("kitchen", "tiles"), ("bedroom", "carpet"), ("hall", "parquet"), ("classroom", "carpet"), ("bathroom", "tiles"),
                   ("office", "cork"), ("studio", "parquet"), ("cellar", "tiles")),
    "holder red blue beads": (
        ("jar", "red beads", "blue beads", "beads"), ("class", "girls", "boys", "children"), ("bag", "green marbles", "white marbles", "marbles"),
        ("garden", "roses", "tulips", "flowers"), ("car park", "cars", "vans", "vehicles"), ("crate", "apples", "pears", "pieces of fruit"),
        ("barn", "hens", "ducks", "birds"), ("library", "novels", "comics", "books"), ("drawer", "forks", "spoons", "pieces"),
        ("hall", "adults", "children", "people"),
    ),
    "units scores score": (("pages", "reads", "read"), ("miles", "cycles", "cycle"), ("push-ups", "does", "do"), ("points", "scores", "score"),
                     ("words", "learns", "learn"), ("laps", "swims", "swim"), ("sums", "solves", "solve"), ("letters", "writes", "write")),
    "part f": (("half", "2"), ("a third", "3"), ("a quarter", "4"), ("a fifth", "5"), ("a sixth", "6"), ("a tenth", "10")),
    "part2 f2": (("half", "2"), ("a third", "3"), ("a quarter", "4"), ("a fifth", "5"), ("an eighth", "8")),
    "parts t f3": (("two thirds", "2", "3"), ("three quarters", "3", "4"), ("two fifths", "2", "5"), ("three fifths", "3", "5"),
                   ("four fifths", "4", "5"), ("five sixths", "5", "6"), ("three eighths", "3", "8"), ("seven tenths", "7", "10")),
}  # fmt: skip

_C = Clause
_R = range
_PCT = (10, 20, 25, 30, 40, 50, 60, 75)
_CENTS = tuple(Fraction(c, 100) for c in (50, 75, 120, 125, 150, 225, 250, 275, 350, 375, 450, 525, 650, 750, 850))
_LEFT = "That leaves [x = x - g] {things}."

CLAUSES = (
    # A person has x things.
    _C("packs", "", "things", (
        "{who} has {n} {packs}, and there are {m} {things} in (each of them|every one).",
        "There are {m} {things} in a {pack}, and {who} (buys|is given|gets) {n} {packs} of this kind.",
        "{n} {packs} with {m} {things} each (belong to|are sent to|stand on the desk of) {who}.",
        "{who} (unpacks|opens) {n} {packs}. Each {pack} (holds|contains) {m} {things}.",
    ), ("{who} has [x = n * m] {things}.",), {"n": _R(2, 15), "m": _R(3, 25)}),
    _C("finds", "", "things", (
        "{who} (gets|collects|finds) {a} {things} in the morning and {b} (in the afternoon|after lunch).",
        "{who} has {a} {things} (in one drawer|at home) and {b} {things} in a {pack}.",
        "{who} is given {a} {things} by {their} {kin} and {b} by {other}.",
        "There are {a} {things} in the left pocket of {who} and {b} in the right one.",
    ), ("{who} has [x = a + b] {things}.",), {"a": _R(5, 120), "b": _R(5, 90)}),
    _C("three-days", "", "things", (
        "{who} (collects|finds) {a} {things} on Friday, {b} on Saturday and {c} on Sunday.",
        "In three (weeks|months) {who} gets {a}, {b} and {c} {things}.",
        "{who} has {a} large {things}, {b} small {things} and {c} tiny ones.",
        "{who} counts {their} {things}: {a} are old, {b} are new and {c} are broken.",
    ), ("{who} has [x = a + b + c] {things}.",), {"a": _R(4, 70), "b": _R(4, 70), "c": _R(4, 60)}),
    _C("owns", "", "things", (
        "{who} (has|owns|starts with) {x} {things}.", "There are {x} {things} in the {pack} of {who}.",
        "At first {who} has {x} {things}.", "{who} (brings|takes) {x} {things} to (school|the club|a party).",
    ), (), {"x": _R(12, 200)}),
    _C("gives", "things", "things", (
        "{They} (gives|hands|passes) {g} {things} to {their} {kin}.", "{who} (loses|gives away|uses up) {g} of them.",
        "Then {g} of the {things} (get lost|are stolen|go to a {kin}).", "{other} (takes|borrows) {g} {things} from {them}.",
    ), (_LEFT,), {"g": _R(3, 80)}, takes=True),
    _C("gets", "things", "things", (
        "{They} (gets|receives|finds) {g} more {things}.", "{other} (gives|sends) {them} another {g} {things}.",
        "Later {who} (buys|adds) {g} more.", "{Their} {kin} brings {them} {g} extra {things}.",
    ), ("Then {who} has [x = x + g] {things}.",), {"g": _R(3, 80)}),
    _C("new-packs", "things", "things", (
        "{They} (buys|opens) {n} more {packs} of {m} {things} each.", "{who} is given {n} new {packs} with {m} {things} in each.",
        "Then {n} {packs} arrive for {them}, each with {m} {things}.", "{other} brings {them} {n} {packs}. There are {m} {things} in each.",
    ), ("The {packs} hold [p = n * m] {things}.", "Then {who} has [x = x + p] {things}."), {"n": _R(2, 9), "m": _R(3, 15)}),
    _C("each-friend", "things", "things", (
        "{They} gives {m} {things} to each of {their} {n} {kids}.", "Each of {n} {kids} gets {m} {things} from {them}.",
        "{who} (sends|lends) {m} {things} to each of {n} {kids}.", "{They} makes {n} gifts of {m} {things} each and sends them off.",
    ), ("{who} gives away [g = n * m] {things}.", _LEFT), {"n": _R(2, 10), "m": _R(2, 13)}, takes=True),
    _C("part", "things", "things", (
        "{They} (lends|gives|leaves) {part} of the {things} to {their} {kin}.", "{who} (loses|uses up|throws away) {part} of them.",
        "Then {part} of the {things} (get lost|are sold|break).", "{other} (takes|is allowed to keep) {part} of the {things}.",
    ), ("That takes away [g = x / f] {things}.", _LEFT), kind="fractions", takes=True),
    _C("percent", "things", "things", (
        "{They} (lends|gives|leaves) {p}% of the {things} to {their} {kin}.", "{who} (loses|uses up|throws away) {p}% of them.",
        "Then {p}% of the {things} (get lost|are sold|break).", "{other} (takes|is allowed to keep) {p}% of the {things}.",
    ), ("That takes away [g = x * p / 100] {things}.", _LEFT), {"p": _PCT}, "percent", True),
    _C("sells", "things", "money", (
        "{They} sells {rest} for ${p} each.", "{who} (sells|is paid for) {rest} at ${p} apiece.", "A dealer pays {them} ${p} for each of {rest}.",
        "At a flea market {who} sells {rest}, and each one brings ${p}.",
    ), ("{who} makes [$x = x * p].",), {"p": _R(2, 9)}, "money"),
    _C("shares", "things", "", (
        "{They} (shares|divides) {rest} equally among {k} {kids}. How many {things} does each (of them|one) get?",
        "{They} (puts|sorts) {rest} evenly into {k} {bins}. How many {things} are in (each {bin}|one {bin})?",
        "If {k} {kids} get equal shares of {rest}, how many {things} does each one get?",
        "{rest} go into {k} {bins} with equal numbers. How many {things} does one {bin} (hold|contain)?",
    ), ("Each share is [x = x / k] {things}.",), {"k": _R(2, 13)}),
    _C("fills", "things", "", (
        "{They} puts {rest} into {bins} of {m}. How many {bins} (does {they} need|are there|can {they} fill)?",
        "With {m} {things} to a {bin}, how many {bins} does {who} need for {rest}?",
        "{rest} are packed into {bins}, {m} {things} in each. How many {bins} (are full|is that)?",
        "{who} makes sets of {m} out of {rest}. How many sets (does {they} get|are there)?",
    ), ("That makes [x = x / m] {bins}.",), {"m": _R(2, 16)}),
    _C("aim", "things", "", (
        "{They} wants to have {t} {things}. How many more does {who} need?", "How many {things} are still missing if {they} needs {t}?",
        "{Their} {kin} has {t} {things}. How many more is that than {who} has?", "How many more {things} must {they} get to have {t}?",
    ), ("{who} still needs [x = t - x] {things}.",), {"t": _R(30, 300, 5)}),
    _C("ask-things", "things", "", (
        "How many {things} does {who} have (now|in the end|then)?", "What is the number of {things} that {who} has (in the end|now)?",
        "How many {things} are there in the end?", "~How many {things} are left?", "~How many {things} does {they} (still have|have left|keep)?",
    )),
    # A person has x dollars.
    _C("wage", "", "money", (
        "{who} {job} for {h} hours and (gets|earns) ${w} (an hour|per hour|for every hour).", "For an hour of work {who} gets ${w}. {They} {job} for {h} hours.",
        "{who} {job}. The pay is ${w} (an hour|for one hour), and {they} works {h} hours.", "At ${w} an hour, {who} {job} for {h} hours.",
    ), ("{who} earns [$x = w * h].",), {"w": _R(6, 30), "h": _R(2, 13)}, "money"),
    _C("saves", "", "money", (
        "{who} (saves|puts aside) ${s} a week for {w} weeks. There were already ${a} in {their} box.", "{who} has ${a}. For {w} weeks {they} (saves|adds) ${s} (a week|every week).",
        "After {who} has saved ${a}, {they} (saves|puts away) another ${s} in each of {w} weeks.", "In the purse of {who} there are ${a}. {They} puts in ${s} a week for {w} weeks.",
    ), ("{who} saves [$s2 = s * w].", "Then {who} has [$x = a + s2]."), {"a": _R(10, 100), "s": _R(3, 30), "w": _R(2, 13)}, "money"),
    _C("gifts", "", "money", (
        "{who} gets ${a} from {their} {kin} and ${b} from {other}.", "{who} has ${a} in {their} purse and ${b} (at home|in a jar).",
        "For {their} birthday {who} is given ${a} and later ${b}.", "{who} earns ${a} on Monday and ${b} on Tuesday.",
    ), ("{who} has [$x = a + b].",), {"a": _R(10, 120), "b": _R(5, 90)}, "money"),
    _C("purse", "", "money", (
        "{who} has ${x}.", "There are ${x} in the purse of {who}.", "{who} has saved ${x}.", "{who} (takes|brings) ${x} to the (shop|market|fair).",
    ), (), {"x": _R(20, 200, 5)}, "money"),
    _C("spends", "money", "money", (
        "{They} (spends|pays) ${g} (on|for) {treat}.", "Then {who} buys {treat} for ${g}.", "{who} (gives|lends) ${g} to {their} {kin}.",
        "{They} has to pay ${g} for {treat}.",
    ), ("{who} has [$x = x - g] left.",), {"g": _R(3, 100)}, takes=True),
    _C("buys", "money", "money", (
        "{They} buys {n} {ones} (at|for) ${p} each.", "{who} pays for {n} {ones}, and each {one} costs ${p}.",
        "Then {they} (takes|orders) {n} {ones} that cost ${p} each.", "{They} spends some money on {n} {ones}. The price of a {one} is ${p}.",
    ), ("The {ones} cost [$g = n * p].", "{who} has [$x = x - g] left."), {"n": _R(2, 10), "p": _R(2, 16)}, takes=True),
    _C("earns", "money", "money", (
        "{They} (earns|finds|is given) another ${g}.", "{Their} {kin} gives {them} ${g} more.", "Then {who} gets ${g} for {their} help.",
        "{who} sells an old {goal} for ${g}.",
    ), ("Then {who} has [$x = x + g].",), {"g": _R(5, 90)}),
    _C("spends-part", "money", "money", (
        "{They} spends {part} of the money on {treat}.", "{part} of this money goes to {their} {kin}.", "{who} pays {part} of it as rent.",
        "{They} (loses|gives away) {part} of {their} money.",
    ), ("That takes away [$g = x / f].", "{who} has [$x = x - g] left."), kind="fractions", takes=True),
    _C("spends-percent", "money", "money", (
        "{They} spends {p}% of the money on {treat}.", "Of this money, {p}% goes to {their} {kin}.", "{They} pays {p}% of it as rent.",
        "{They} (loses|gives away) {p}% of {their} money.",
    ), ("That takes away [$g = x * p / 100].", "{who} has [$x = x - g] left."), {"p": _PCT}, "percent", True),
    _C("profit", "money", "", (
        "What is {their} profit if all the material had cost ${g}?", "Before that, {who} had paid ${g} for material. How much profit does {they} make?",
        "{They} had costs of ${g}. What profit does {who} make?", "{Their} costs were ${g}. How many dollars of profit is that?",
    ), ("The profit is [$x = x - g].",), {"g": _R(5, 90)}),
    _C("price-gap", "money", "", (
        "{A_goal} costs ${t}. How much money is {who} short of?", "How many dollars must {they} still save for {a_goal} at ${t}?",
        "How much more does {who} need to pay ${t} for {a_goal}?", "{They} wants {a_goal} for ${t}. What sum is missing?",
    ), ("{who} still needs [$x = t - x].",), {"t": _R(40, 400, 5)}),
    _C("weeks", "money", "", (
        "{They} (dreams of|is saving for) {a_goal} at ${t} and can put away ${s} (each|per) week. How many more weeks will that take?",
        "The price of {a_goal} is ${t}. If {they} saves ${s} weekly from now on, how many weeks does {who} need for the missing money?",
        "For {a_goal} {they} needs ${t}. {They} sets aside ${s} each week. In how many weeks will {they} have enough?",
        "How many weeks must {they} save ${s} a week to get ${t} together for {a_goal}?",
    ), ("{who} still needs [$g = t - x].", "{who} needs [x = g / s] weeks."), {"t": _R(60, 400, 5), "s": _R(3, 30)}),
    _C("how-many", "money", "", (
        "How many {ones} can {they} buy for this money if a {one} costs ${p}?", "{They} uses all the money to buy {ones} at ${p} each. How many does {they} get?",
        "A {one} costs ${p}. How many {ones} can {who} (pay for|afford)?", "How many {ones} at ${p} each does {who} get for all this money?",
    ), ("{who} can buy [x = x / p] {ones}.",), {"p": _R(2, 20)}),
    _C("share-money", "money", "", (
        "{They} splits the money evenly among {k} {kids}. How many dollars does each one get?", "This money is shared by {k} {kids} in equal parts. What does each of them get?",
        "How much does each of {k} {kids} get if {who} divides the money equally?", "{who} gives the same amount to each of {k} {kids} until nothing remains. How much is that for each?",
    ), ("Each one gets [$x = x / k].",), {"k": _R(2, 11)}),
    _C("ask-money", "money", "", (
        "How much money does {who} have (now|in the end|then)?", "How many dollars does {they} have (now|then)?", "What amount does {who} have in the end?",
        "~How many dollars (are left|does {they} have left|remain)?", "~How much money does {they} (still have|keep)?",
    )),
    # A person has to pay x dollars.
    _C("several", "", "bill", (
        "{who} (buys|orders) {n} {ones}, and each costs ${p}.", "The price of a {one} is ${p}. {who} needs {n} {ones}.", "At ${p} for a {one}, {who} takes {n} {ones}.",
        "{who} wants {n} {ones}. One {one} costs ${p}.",
    ), ("The {ones} cost [$x = n * p].",), {"n": _R(2, 13), "p": _R(2, 30)}, "money"),
    _C("cents", "", "bill", (
        "{who} (buys|orders) {n} {ones} for ${p} each.", "One {one} costs ${p}, and {who} takes {n} of them.", "{who} needs {n} {ones}. The shop asks ${p} for a {one}.",
        "A {one} is sold for ${p}. {who} gets {n} {ones}.",
    ), ("The {ones} cost [$x = n * p].",), {"n": _R(2, 11), "p": _CENTS}, "money"),
    _C("two-goods", "", "bill", (
        "{who} (needs|wants|takes) {n} {ones} and {m} {ones2}. One {one} costs ${p}, one {one2} ${q}.", "{n} {ones} for ${p} each and {m} {ones2} for ${q} each are on the list of {who}.",
        "At a shop a {one} is ${p} and a {one2} is ${q}. {who} gets {m} {ones2} and {n} {ones}.", "{who} pays ${p} for every {one} and ${q} for every {one2}. {They} takes {n} {ones} and {m} {ones2}.",
    ), ("The {ones} cost [$a = n * p].", "The {ones2} cost [$b = m * q].", "Together they cost [$x = a + b]."),
       {"n": _R(2, 10), "p": _R(2, 16), "m": _R(2, 10), "q": _R(2, 10)}, "money"),
    _C("scale", "", "bill", (
        "A (set|pack) of {n} {ones} costs ${c}. At that price {who} (orders|wants) {m} {ones}.", "{other} paid ${c} for {n} {ones}. {who} buys {m} {ones} at the same price.",
        "{n} {ones} are sold for ${c}, and the price of one does not change. {who} takes {m} of them.", "For ${c} one gets {n} {ones}. {who} needs {m} {ones}.",
    ), ("One of them costs [$e = c / n].", "So {m} cost [$x = e * m]."), {"n": _R(2, 13), "c": _R(6, 100), "m": _R(2, 21)}, "ratio", where=("n != m", "e <= 25")),
    _C("one-of-each", "", "bill", (
        "{who} buys {a_one} for ${a} and {a_one2} for ${b}.", "{who} takes {a_one} and {a_one2}. The first costs ${a}, the second ${b}.",
        "One {one} costs ${a} and one {one2} ${b}. {who} buys both.", "{who} has {a_one} at ${a} and {a_one2} at ${b} in {their} cart.",
    ), ("Together they cost [$x = a + b].",), {"a": _R(4, 60), "b": _R(2, 40)}, "money"),
    _C("add-item", "bill", "bill", (
        "{They} also (buys|takes|wants) {a_goal} for ${g}.", "{A_goal} for ${g} comes on top.", "(The delivery|Sending it) costs ${g} more.", "There is a fee of ${g} as well.",
    ), ("In all that is [$x = x + g].",), {"g": _R(2, 60)}),
    _C("coupon", "bill", "bill", (
        "{They} has a coupon for ${g} off.", "The seller (takes ${g} off|gives {them} ${g} off).", "{Their} {kin} pays ${g} of it.", "{They} uses a gift card for ${g}.",
    ), ("That leaves [$x = x - g].",), {"g": _R(2, 40)}),
    _C("discount", "bill", "bill", (
        "{They} (has a coupon for|gets a discount of) {p}%.", "The seller (takes {p}% off|makes it {p}% cheaper).", "As a member, {who} (saves|gets back) {p}%.",
        "Today the whole bill is cut by {p}%.",
    ), ("The discount is [$g = x * p / 100].", "The price is then [$x = x - g]."), {"p": _PCT}, "percent"),
    _C("tax", "bill", "bill", (
        "A (tax|tip|fee) of {p}% is added.", "On top of that comes a (tax|fee) of {p}%.", "{They} adds a tip of {p}%.", "The bill grows by {p}% for (tax|service).",
    ), ("The extra is [$g = x * p / 100].", "In all that is [$x = x + g]."), {"p": (5, 10, 20, 25, 30)}, "percent"),
    _C("change", "bill", "", (
        "{They} (hands over|gives the seller|puts down) ${t}. What is the change?", "What change does {who} get (back|) from ${t}?", "{who} (came with|had) ${t}. How many dollars are left after paying?",
        "How many dollars does {they} get back if {they} (pays|gives) ${t}?",
    ), ("{who} has [$x = t - x] left.",), {"t": (20, 50, 100, 150, 200)}),
    _C("short", "bill", "", (
        "{They} has only ${t}. How many dollars are missing?", "How much must {who} borrow if {they} has ${t}?", "{who} finds ${t} in {their} purse. How much more does {they} need?",
        "So far {they} has ${t}. What sum is still missing?",
    ), ("{who} still needs [$x = x - t].",), {"t": _R(5, 90)}),
    _C("split-bill", "bill", "", (
        "{k} {kids} split the bill evenly. How much does each one pay?", "The cost is shared by {k} people. What is the share of each?", "{They} pays in {k} equal parts, one each month. How much is one part?",
        "If {k} people pay equal shares, how many dollars does each pay?",
    ), ("Each one pays [$x = x / k].",), {"k": _R(2, 13)}),
    _C("save-bill", "bill", "", (
        "{They} can save ${s} a week. In how many weeks can {they} pay?", "How many weeks must {who} save ${s} a week for this?", "{They} pays ${s} each week. After how many weeks is all of it paid?",
        "How many weekly payments of ${s} does {who} have to make?",
    ), ("{who} needs [x = x / s] weeks.",), {"s": _R(3, 30)}),
    _C("ask-bill", "bill", "", (
        "How much does {who} pay (in the end|)?", "What does {who} have to pay?", "How many dollars is that (for {who}|)?", "What is the (final cost|price of it all|bill)?",
    )),
)
