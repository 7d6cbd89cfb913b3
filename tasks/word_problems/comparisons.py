"""A chain of comparisons as one clause: who has more, fewer, times as many as whom. Knows not what follows it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.word_problems.clauses import Clause


@dataclass(frozen=True)
class _Topic:
    """`{S}` is the one spoken of, `{T}` the one it is compared with, `{N}` its number. `asks` by what is asked for."""

    name: str
    subjects: Sequence[Sequence[str]]
    base: Sequence[str]
    relations: Mapping[str, Sequence[str]]
    step: str
    asks: Mapping[str, Sequence[str]]
    together: str
    numbers: range
    state: str = ""
    kind: str = "comparison"


_SIGNS = {"more": "+", "fewer": "-", "times": "*", "half": "/ 2", "third": "/ 3", "twice": "* 2", "quarter": "/ 4"}
_UNITS = "The difference is"

_TOPICS = (
    _Topic(
        "people",
        (("{who}", "{other}", "{third}", "{fourth}"),),
        ("{S} (has|owns|keeps) {N} {things}.", "There are {N} {things} in the room of {S}.", "{S} has collected {N} {things}.", "{N} {things} belong to {S}."),
        {
            "more": ("{S} (has|owns) {N} more {things} than {T}.", "{S} has {N} {things} more than {T}.", "If {T} got {N} {things}, {T} would have as many as {S}.", "Compared with {T}, {S} has {N} {things} more."),
            "fewer": ("{S} (has|owns) {N} fewer {things} than {T}.", "{S} has {N} {things} less than {T}.", "{S} needs {N} more {things} to have as many as {T}.", "Compared with {T}, {S} has {N} {things} less."),
            "times": ("{S} (has|owns) {N} times as many {things} as {T}.", "{S} has {N} times the number of {T}.", "For each of the {things} of {T}, {S} has {N}.", "The number of {things} of {S} is {N} times that of {T}."),
            "twice": ("{S} has twice as many {things} as {T}.", "{S} has double the number of {T}.", "{S} owns twice as many as {T}.", "The number of {S} is two times that of {T}."),
            "half": ("{S} has half as many {things} as {T}.", "{S} has half the number of {T}.", "{S} owns half as many as {T}.", "{S} has only half of what {T} has."),
            "third": ("{S} has a third as many {things} as {T}.", "{S} has a third of the number of {T}.", "{S} owns a third of what {T} owns.", "{S} has one third as many as {T}."),
        },
        "{S} has [{v} = {sum}] {things}.",
        {
            "last": ("How many {things} does {S} have?", "How many {things} are there in the hands of {S}?", "What is the number of {things} that {S} has?", "How many {things} belong to {S}?"),
            "all": ("How many {things} do (they all|all of them) have?", "How many {things} are there if they put them together?", "What is the sum of all their {things}?", "How many {things} do they have altogether?"),
            "gap": ("How many more {things} does {S} have than {T}?", "By how many {things} is {S} ahead of {T}?", "How many {things} less than {S} does {T} have?", "What is the difference between the {things} of {S} and {T}?"),
        },
        "Together they have [total = {all}] {things}.",
        range(6, 90),
        "things",
    ),
    _Topic(
        "ages",
        (("{who}", "{other}", "{third}", "{fourth}"),),
        ("{S} is {N} years old.", "The age of {S} is {N} years.", "{S} has just turned {N}.", "{S} is {N} years of age."),
        {
            "more": ("{S} is {N} years older than {T}.", "{T} is {N} years younger than {S}.", "{S} was born {N} years before {T}.", "When {T} was born, {S} was {N} years old."),
            "fewer": ("{S} is {N} years younger than {T}.", "{T} is {N} years older than {S}.", "{S} was born {N} years after {T}.", "When {S} was born, {T} was {N} years old."),
            "times": ("{S} is {N} times as old as {T}.", "The age of {S} is {N} times that of {T}.",),
            "twice": ("{S} is twice as old as {T}.", "{S} is double the age of {T}."),
            "half": ("{S} is half as old as {T}.", "{S} is half the age of {T}."),
        },
        "{S} is [{v} = {sum}] years old.",
        {
            "last": ("How old is {S}?", "What is the age of {S}?", "How many years old is {S}?"),
            "all": ("How many years are they old if one adds all their ages?", "What do their ages add up to?", "How many years old are they all together?", "Add up their ages. What is the result?"),
            "gap": ("How many years older is {S} than {T}?", "By how many years is {S} older than {T}?", "How much younger than {S} is {T}, in years?"),
            "later": ("How old will {S} be in {y} years?", "In {y} years, what is the age of {S}?", "What will be the age of {S} {y} years from now?"),
            "ago": ("How old was {S} {y} years ago?", "What was the age of {S} {y} years ago?", "Go back {y} years. How old was {S} then?"),
        },
        "Together they are [total = {all}] years old.",
        range(5, 40),
        kind="time",
    ),
    _Topic(
        "prices",
        (("a {one}", "a {one2}", "a {goal}"), ("a kettle", "a pan", "a toaster", "a stove"), ("a bus ride", "a boat ride", "a train ride", "a flight")),
        ("{S} costs ${N}.", "The price of {S} is ${N}.", "One pays ${N} for {S}.", "For {S} the price is ${N}."),
        {
            "more": ("{S} costs ${N} more than {T}.", "{S} is ${N} more expensive than {T}.", "The price of {S} is ${N} higher than that of {T}."),
            "fewer": ("{S} costs ${N} less than {T}.", "{S} is ${N} cheaper than {T}.", "The price of {S} is ${N} lower than that of {T}."),
            "times": ("{S} costs {N} times as much as {T}.", "The price of {S} is {N} times that of {T}.", "For {S} one pays {N} times what {T} costs."),
            "twice": ("{S} costs twice as much as {T}.", "The price of {S} is double that of {T}."),
            "half": ("{S} costs half as much as {T}.", "The price of {S} is half that of {T}."),
        },
        "{S} costs [${v} = {sum}].",
        {
            "last": ("How much does {S} cost?", "What is the price of {S}?", "How many dollars does one pay for {S}?"),
            "all": ("How much do they cost together?", "What does one pay for one of each?", "{who} takes one of each. How much is that?", "What is the sum of the prices?"),
            "gap": ("How much more than {T} does {S} cost?", "By how many dollars is {S} more expensive than {T}?", "How much does one save by taking {T} and not {S}?"),
        },
        "Together they cost [$total = {all}].",
        range(4, 60),
        kind="money",
    ),
    _Topic(
        "days",
        (("Monday", "Tuesday", "Wednesday", "Thursday"), ("the first day", "the second day", "the third day", "the last day"), ("Friday", "Saturday", "Sunday")),
        ("On {S} {who} {scores} {N} {units}.", "{who} {scores} {N} {units} on {S}.", "On {S} it is {N} {units} that {who} {scores}.", "The result of {who} on {S} is {N} {units}."),
        {
            "more": ("On {S} {they} {scores} {N} more {units} than on {T}.", "On {S} it is {N} more than on {T}.", "On {S} there are {N} {units} more than on {T}."),
            "fewer": ("On {S} {they} {scores} {N} fewer {units} than on {T}.", "On {S} it is {N} less than on {T}.", "On {S} there are {N} {units} less than on {T}."),
            "times": ("On {S} {they} {scores} {N} times as many as on {T}.", "On {S} it is {N} times as many {units} as on {T}."),
            "twice": ("On {S} {they} {scores} twice as many as on {T}.", "On {S} it is double the number of {T}."),
            "half": ("On {S} {they} {scores} half as many as on {T}.", "On {S} it is half the number of {T}."),
        },
        "On {S} it is [{v} = {sum}] {units}.",
        {
            "last": ("How many {units} does {who} {score} on {S}?", "How many {units} is that on {S}?", "What is the number of {units} on {S}?"),
            "all": ("How many {units} are these in all?", "How many {units} does {they} {score} on all these days?", "What is the sum of all {units}?", "Add them up. How many {units} does {who} {score}?"),
            "gap": ("How many more {units} is it on {S} than on {T}?", "By how many {units} is {S} better than {T}?", "How many {units} less is it on {T} than on {S}?"),
            "mean": ("What is the average of these days?", "How many {units} a day does {they} {score} on average?", "On average, how many {units} does {who} {score} on one of these days?", "What is the mean number of {units} for one of these days?"),
        },
        "In all that is [total = {all}] {units}.",
        range(5, 80),
    ),
    _Topic(
        "places",
        (("the red box", "the blue box", "the green box", "the white box"), ("the top shelf", "the middle shelf", "the bottom shelf"), ("the first room", "the second room", "the third room", "the hall")),
        ("There are {N} {goods} in {S}.", "{S} holds {N} {goods}.", "In {S} one finds {N} {goods}.", "{N} {goods} are in {S}."),
        {
            "more": ("There are {N} more {goods} in {S} than in {T}.", "{S} holds {N} more than {T}.", "In {S} there are {N} {goods} more than in {T}."),
            "fewer": ("There are {N} fewer {goods} in {S} than in {T}.", "{S} holds {N} fewer than {T}.", "In {S} there are {N} {goods} less than in {T}."),
            "times": ("There are {N} times as many {goods} in {S} as in {T}.", "{S} holds {N} times as many as {T}."),
            "twice": ("There are twice as many {goods} in {S} as in {T}.", "{S} holds double the number of {T}."),
            "half": ("There are half as many {goods} in {S} as in {T}.", "{S} holds half the number of {T}."),
            "quarter": ("There are a quarter as many {goods} in {S} as in {T}.", "{S} holds a quarter of the number of {T}."),
        },
        "In {S} there are [{v} = {sum}] {goods}.",
        {
            "last": ("How many {goods} are in {S}?", "How many {goods} does {S} hold?", "What is the number of {goods} in {S}?"),
            "all": ("How many {goods} are there altogether?", "What is the number of all the {goods}?", "How many {goods} is that if one counts all of them?", "How many {goods} are in all these places together?"),
            "gap": ("How many more {goods} are in {S} than in {T}?", "How many {goods} less does {T} hold than {S}?", "By how many {goods} do {S} and {T} differ?"),
        },
        "Together there are [total = {all}] {goods}.",
        range(6, 90),
    ),
)  # fmt: skip


def comparison(rng: random.Random, length: int) -> Clause:
    """A chain of about `length` sums: it asks its own question, or leaves the last person with x things."""
    topic = rng.choices(_TOPICS, (4, 2, 2, 2, 2))[0]
    subjects = list(rng.choice(topic.subjects))
    ordered = topic.name == "days"
    if not ordered:
        rng.shuffle(subjects)
    ask = rng.choice([*topic.asks, *(["go on"] if topic.state and length > 1 else [])])
    links = max(1, min(length - (ask not in ("last",)), 3, len(subjects) - 1))
    numbers = {"a": topic.numbers}
    sentences, steps, before = [_say(rng, topic.base, subjects[0], "", "a")], [], 0
    for at in range(1, links + 1):
        relation = rng.choice([name for name in topic.relations if at < 3 or name in ("more", "fewer")])
        value, drawn = "abcd"[at], "ijkl"[at]
        numbers[drawn] = range(2, 8) if relation == "times" else range(2, 50 if topic.name != "ages" else 25)
        sign = _SIGNS[relation]
        before = rng.choice((at - 1, at - 1, at - 1, 0))
        sentences.append(_say(rng, topic.relations[relation], subjects[at], subjects[before], drawn))
        total = f"{'abcd'[before]} {sign}" + ("" if sign[1:] else f" {drawn}")
        steps.append(topic.step.replace("{S}", subjects[at]).replace("{v}", value).replace("{sum}", total))
    if not ordered and rng.random() < 0.3:
        sentences = rng.choice((sentences[::-1], [sentences[1], sentences[0], *sentences[2:]]))
    last, value = subjects[links], "abcd"[links]
    name = f"{topic.name}-{links}"
    where = [f"{key} <= 80" for key in "abcd"[: links + 1]] if topic.name == "ages" else []
    if ask == "go on":
        steps[-1] = steps[-1].replace(f"[{value} =", "[x =")
        return Clause(name, "", topic.state, (" ".join(sentences),), steps, numbers, topic.kind, where=where)
    other = subjects[rng.randrange(links)]
    first = "abcd"[subjects.index(other)]
    if ask == "gap" and rng.random() < 0.5:
        last, other, value, first = other, last, first, value
    extra, more = _ending(topic, ask, last, value, first, "abcd"[: links + 1])
    question = _say(rng, topic.asks[ask], last, other, "y")
    told = " ".join((*sentences, question))
    return Clause(f"{name}-{ask}", "", "", (told,), steps + extra, numbers | more, topic.kind, where=where)


def _ending(topic: _Topic, ask: str, last: str, value: str, first: str, every: str) -> tuple[list[str], dict[str, range]]:
    """The steps of what is asked for, and the numbers that they draw."""
    unit = topic.step.partition("]")[2]
    money = "$" if topic.name == "prices" else ""
    total = topic.together.replace("{all}", " + ".join(every))
    if ask == "all":
        return [total], {}
    if ask == "gap":
        return [f"{_UNITS} [{money}more = {value} - {first}]{unit.replace(' old', '')}"], {}
    if ask == "mean":
        return [total, f"The average is [mean = total / {len(every)}]{unit}"], {}
    if ask == "later":
        return [f"In {{y}} years {last} will be [later = {value} + y] years old."], {"y": range(2, 21)}
    if ask == "ago":
        return [f"At that time {last} was [before = {value} - y] years old."], {"y": range(2, 15)}
    return [], {}


def _say(rng: random.Random, texts: Sequence[str], subject: str, than: str, number: str) -> str:
    return rng.choice(texts).replace("{S}", subject).replace("{T}", than).replace("{N}", f"{{{number}}}")
