"""Free compositions: word problems put together at random from small clauses, to train on.

A story is a walk through the states of clauses.yaml: it opens somewhere, moves on for a few sums and ends in
a question. So a learner meets the sums in thousands of orders and wordings, not in the few of the families.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

from proctor.tasks.number.steps import evaluate
from proctor.tasks.tools.clauses import Clause, load
from proctor.tasks.tools.comparisons import comparison
from proctor.tasks.word_problems.tools.family import fill, filled_in, holds, show, sum_in, worked_out
from proctor.tasks.word_problems.tools.words import PEOPLE, words_of

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_OPENS = re.compile(r"(^|(?<!\.m)[.?!] )([a-z])")
_SPACES = re.compile(r" +(?=[ .?,])")
_A_VOWEL = re.compile(r"\b([Aa]) (?=[aeiou])")
_LENGTHS, _WEIGHTS = (1, 2, 3, 4), (10, 33, 35, 22)
_RARE = {"fractions": 4, "percent": 4}  # their sums come out clean less often
_DRAWS = 40  # of the numbers of one clause, before the story is given up
_COMPARED = 0.16  # of the stories open with a comparison
_LARGEST, _USUAL = 2000, 300

_evaluate = lru_cache(maxsize=100_000)(evaluate)
_CLAUSES, _TABLES = load()
_FROM: Mapping[str, list[Clause]] = defaultdict(list)
for _clause in _CLAUSES:
    _FROM[_clause.start].append(_clause)
# Openings of states that much can follow come more often than stories that are told in one go.
_OPENING = {"": 0.6, "stuff": 1.8, "group": 1.8, "things": 1.8, "money": 1.6, "bill": 1.4, "stock": 1.4}


def compose(n: int, seed: int) -> Iterator[dict[str, str]]:
    """n different problems: id, family (its clauses), kind, question, answer; the same for the same seed."""
    rng = random.Random(f"compose/{seed}")
    seen: set[str] = set()
    scene = _scene(rng)
    while len(seen) < n:
        story = _Story(rng, scene)
        if not story.tell() or story.question in seen:
            continue
        seen.add(story.question)
        scene = _scene(rng)
        yield {
            "id": f"compose-{seed}-{len(seen):06d}",
            "family": "compose-" + "-".join(story.names),
            "kind": story.kind,
            "question": story.question,
            "answer": story.answer,
        }


class _Story:
    def __init__(self, rng: random.Random, scene: tuple[dict[str, str], dict[str, Fraction]]) -> None:
        self._rng = rng
        self._words, self._values = scene
        self._sentences: list[str] = []
        self._lines: list[str] = []
        self._last = Fraction(0)
        self._divisor = rng.choice((1, 1, 1, 4, 5, 6, 10, 12))
        self._took = self._two = False
        self.names: list[str] = []
        self.kind = "multi-step"

    @property
    def question(self) -> str:
        return " ".join(self._sentences)

    @property
    def answer(self) -> str:
        return "\n".join((*self._lines, f"#### {show(self._last)}"))

    def tell(self) -> bool:
        """False where the numbers would not come out clean: then tell another one."""
        target = self._rng.choices(_LENGTHS, _WEIGHTS)[0]
        if self._rng.random() < _COMPARED:
            clause = comparison(self._rng, target)
        else:
            opening = _FROM[""]
            clause = self._rng.choices(opening, [_OPENING.get(first.end, 1) for first in opening])[0]
        while True:
            if not self._add(clause):
                return False
            if clause.end == "":
                return 0 < len(self._lines) <= 5
            clause = self._next(clause.end, target - len(self._lines))

    def _next(self, state: str, to_do: int) -> Clause:
        new = [clause for clause in _FROM[state] if clause.name not in self.names]
        ends = [clause for clause in new if clause.end == "" and self._wordings(clause)]
        if to_do <= 0:
            return self._rng.choice([clause for clause in ends if not clause.steps])
        sums = [clause for clause in ends if clause.steps]
        moves = [clause for clause in new if clause.end != "" and len(clause.steps) <= to_do]
        if sums and ((to_do <= 2 and self._rng.random() < 0.5) or not moves):
            return self._rng.choice(sums)
        if moves:
            return self._rng.choices(moves, [_RARE.get(move.kind, 1) for move in moves])[0]
        return self._rng.choice(ends)

    def _wordings(self, clause: Clause) -> list[str]:
        return [text.removeprefix("~") for text in clause.text if self._took or not text.startswith("~")]

    def _add(self, clause: Clause) -> bool:
        text = self._rng.choice(self._wordings(clause))
        before = dict(self._values)
        for _ in range(_DRAWS):
            self._values = before | {
                key: self._rng.choice(numbers) for key, numbers in clause.numbers.items()
            }
            drawn = dict(self._values)
            lines = self._work(clause)
            if (
                lines is not None
                and self._round(clause)
                and all(holds(rule, self._values) for rule in clause.where)
            ):
                break
        else:
            return False
        numbers = {key: show(value) for key, value in drawn.items()}
        self.names.append(clause.name)
        if clause.kind and self.kind in ("multi-step", "money"):
            self.kind = clause.kind
        if self._two:  # two people stand in the sentence before: a pronoun could mean either
            text = text.replace("{They}", "{who}").replace("{Their}", "{who}'s")
            text = text.replace("{they}", "{who}") if "{who}" not in text else text
        self._two = "{other}" in text or "{kin}" in text or "{third}" in text
        rest = self._rest("goods")
        words = self._words | {"rest": self._rest("things"), "stock_rest": rest}
        chosen = _CHOICE.sub(lambda match: self._rng.choice(match.group(1).split("|")), text)
        sentence = _SPACES.sub("", _A_VOWEL.sub(r"\1n ", fill(chosen, words | numbers)))
        self._sentences.append(_OPENS.sub(lambda match: match.group(1) + match.group(2).upper(), sentence))
        numbers |= {key: show(value) for key, value in self._values.items()}
        for line in lines:
            filled = fill(line, words | numbers)
            self._lines.append(filled[0].upper() + filled[1:])
        self._took = self._took or clause.takes
        return True

    def _rest(self, what: str) -> str:
        things = self._words[what]
        if self._took:
            return self._rng.choice(("the rest", f"the remaining {things}", f"the {things} that are left"))
        return self._rng.choice((f"the {things}", f"all the {things}", f"all these {things}"))

    def _work(self, clause: Clause) -> list[str] | None:
        """The steps with their sums worked out, or None where a result is not a clean one."""
        lines = []
        for step in clause.steps:
            match = sum_in(step, f"clause {clause.name}")
            dollar, name, terms = match.groups()
            shown = filled_in(terms, self._values)
            result = _evaluate(shown)
            if result is None or not 2 <= result <= _LARGEST:
                return None
            if (result * (100 if dollar else 1)).denominator != 1:
                return None
            if result > _USUAL and self._rng.random() < 0.5:
                return None
            if dollar and result.denominator != 1 and (result > 100 or "/" in terms):
                return None
            self._values[name] = self._last = result
            lines.append(worked_out(match, shown, result))
        return lines

    def _round(self, clause: Clause) -> bool:
        """Many stories begin with a number that divides well, else parts and percents would be rare."""
        return bool(self.names) or clause.end == "" or self._values["x"] % self._divisor == 0


def _scene(rng: random.Random) -> tuple[dict[str, str], dict[str, Fraction]]:
    """The words of a story, a choice from every list, and those of them that are numbers."""
    words = words_of(*rng.sample(PEOPLE, 4))
    values: dict[str, Fraction] = {}
    for rows in _TABLES:
        row = rng.choice(rows)
        words |= row.words
        values |= row.values
    return words, values
