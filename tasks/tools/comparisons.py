"""A chain of comparisons as one clause of a free composition: who has more or fewer than whom."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from proctor.tasks.tools.clauses import Clause
from proctor.tasks.word_problems.tools.family import numbers_in

_FILE = Path(__file__).parent / "comparisons.yaml"
_SIGNS = {
    "more": "+",
    "fewer": "-",
    "times": "*",
    "half": "/ 2",
    "third": "/ 3",
    "twice": "* 2",
    "quarter": "/ 4",
}
_WEIGHTS = {"people": 4}
_OLDEST = 80


@dataclass(frozen=True)
class _Topic:
    """See comparisons.yaml; where there is a `state`, a story can go on with what the last one has."""

    name: str
    kind: str
    state: str
    numbers: str
    subjects: Sequence[Sequence[str]]
    base: Sequence[str]
    relations: Mapping[str, Sequence[str]]
    asks: Mapping[str, Sequence[str]]
    step: str
    together: str


@cache
def _topics() -> list[_Topic]:
    import yaml

    return [_Topic(**topic) for topic in yaml.safe_load(_FILE.read_text(encoding="utf-8"))["topics"]]


def comparison(rng: random.Random, length: int) -> Clause:
    """A chain of about `length` sums: it asks its own question, or leaves the last person with x things."""
    topics = _topics()
    topic = rng.choices(topics, [_WEIGHTS.get(topic.name, 2) for topic in topics])[0]
    subjects = list(rng.choice(topic.subjects))
    ordered = topic.name == "days"
    if not ordered:
        rng.shuffle(subjects)
    asks = list(topic.asks)
    if topic.state and length > 1:
        asks.append("go on")
    ask = rng.choice(asks)
    links = max(1, min(length - (ask != "last"), 3, len(subjects) - 1))
    if ask == "go on":  # the story goes on with the last one of the chain, who has to be its hero
        hero = subjects.index("{who}")
        subjects[hero], subjects[links] = subjects[links], subjects[hero]
    numbers = {"a": numbers_in(topic.numbers)}
    sentences, steps, before = [_say(rng, topic.base, subjects[0], "", "a")], [], 0
    for at in range(1, links + 1):
        relation = rng.choice([name for name in topic.relations if at < 3 or name in ("more", "fewer")])
        value, drawn = "abcd"[at], "ijkl"[at]
        most = 25 if topic.name == "ages" else 49
        numbers[drawn] = numbers_in("3 to 7") if relation == "times" else numbers_in(f"2 to {most}")
        sign = _SIGNS[relation]
        before = at - 1
        if ask in ("all", "gap", "mean"):
            before = rng.choice((at - 1, at - 1, 0))
        sentences.append(_say(rng, topic.relations[relation], subjects[at], subjects[before], drawn))
        total = f"{'abcd'[before]} {sign}"
        if len(sign) == 1:  # the others say by how much themselves
            total += f" {drawn}"
        steps.append(topic.step.replace("{S}", subjects[at]).replace("{v}", value).replace("{sum}", total))
    if not ordered and rng.random() < 0.3:
        sentences = rng.choice((sentences[::-1], [sentences[1], sentences[0], *sentences[2:]]))
    last, value = subjects[links], "abcd"[links]
    name = f"{topic.name}-{links}"
    where = []
    if topic.name == "ages":
        where = [f"{key} <= {_OLDEST}" for key in "abcd"[: links + 1]]
    if ask == "go on":
        steps[-1] = steps[-1].replace(f"[{value} =", "[x =")
        return Clause(name, "", topic.state, (" ".join(sentences),), steps, numbers, topic.kind, where=where)
    other = subjects[rng.randrange(links)]
    first = "abcd"[subjects.index(other)]
    if ask == "gap" and rng.random() < 0.5:
        last, other, value, first = other, last, first, value
    extra, more = _ending(topic, ask, last, value, first, "abcd"[: links + 1])
    question = _say(rng, topic.asks[ask], last, other, "y")
    text = " ".join((*sentences, question))
    return Clause(f"{name}-{ask}", "", "", (text,), steps + extra, numbers | more, topic.kind, where=where)


def _ending(
    topic: _Topic, ask: str, last: str, value: str, first: str, every: str
) -> tuple[list[str], dict[str, Sequence[Fraction]]]:
    """The steps of what is asked for, and the numbers that they draw."""
    unit = topic.step.partition("]")[2]
    money = "$" if topic.name == "prices" else ""
    total = topic.together.replace("{all}", " + ".join(every))
    if ask == "all":
        return [total], {}
    if ask == "gap":
        return [f"The difference is [{money}more = {value} - {first}]{unit.replace(' old', '')}"], {}
    if ask == "mean":
        return [total, f"The average is [mean = total / {len(every)}]{unit}"], {}
    if ask == "later":
        return [f"In {{y}} years {last} will be [later = {value} + y] years old."], {
            "y": numbers_in("2 to 20")
        }
    if ask == "ago":
        return [f"At that time {last} was [before = {value} - y] years old."], {"y": numbers_in("2 to 14")}
    return [], {}


def _say(rng: random.Random, texts: Sequence[str], subject: str, than: str, number: str) -> str:
    return rng.choice(texts).replace("{S}", subject).replace("{T}", than).replace("{N}", f"{{{number}}}")
