"""Free compositions: word problems put together at random from small clauses. Knows no exam and no model.

A story is a walk through the states of clauses.py: it opens somewhere, moves on for a few sums and ends in a question.
So that a learner meets the sums in thousands of orders and wordings, not in the few dozen orders that families have.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction

from tasks.steps import evaluate
from tasks.word_problems.clauses import CLAUSES, SCENES, Clause
from tasks.word_problems.clauses_more import MORE
from tasks.word_problems.comparisons import comparison
from tasks.word_problems.family import show
from tasks.word_problems.words import PEOPLE, with_article

_PLACE = re.compile(r"\{(\w+)\}")
_SUM = re.compile(r"\[(\$?)(\w+) = ([^\]]+)\]")
_NAME = re.compile(r"[a-z_]\w*")
_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_OPENS = re.compile(r"(^|[.?!] )([a-z])")
_LENGTHS, _WEIGHTS = (1, 2, 3, 4), (10, 33, 35, 22)
_DRAWS = 40  # of the numbers of one clause, before the story is given up
_COMPARED = 0.16  # of the stories open with a comparison
_LARGEST, _USUAL = 2000, 300

_FROM: Mapping[str, list[Clause]] = defaultdict(list)
for _clause in (*CLAUSES, *MORE):
    _FROM[_clause.start].append(_clause)


def compose(n: int, seed: int) -> Iterator[dict[str, str]]:
    """n different problems: id, family (the clauses, joined), kind, question, answer. The same call gives the same ones."""
    rng = random.Random(f"compose/{seed}")
    seen: set[str] = set()
    while len(seen) < n:
        story = _Story(rng)
        if not story.tell() or story.question in seen:
            continue
        seen.add(story.question)
        yield {
            "id": f"compose-{seed}-{len(seen):06d}",
            "family": "compose-" + "-".join(story.names),
            "kind": story.kind,
            "question": story.question,
            "answer": story.answer,
        }


class _Story:
    """One problem while it is being told."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._words, self._values = _scene(rng)
        self._sentences: list[str] = []
        self._lines: list[str] = []
        self._last = Fraction(0)
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
            clause = self._rng.choice(_FROM[""])
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
        if sums and (to_do <= 2 and self._rng.random() < 0.5 or not moves):
            return self._rng.choice(sums)
        return self._rng.choice(moves or ends)

    def _wordings(self, clause: Clause) -> list[str]:
        return [text.removeprefix("~") for text in clause.text if self._took or not text.startswith("~")]

    def _add(self, clause: Clause) -> bool:
        text = self._rng.choice(self._wordings(clause))
        before = dict(self._values)
        for _ in range(_DRAWS):
            self._values = before | {key: Fraction(self._rng.choice(of)) for key, of in (clause.numbers or {}).items()}
            told = {key: show(value) for key, value in self._values.items()}
            lines = self._work(clause)
            if lines is not None and all(self._holds(rule) for rule in clause.where):
                break
        else:
            return False
        self.names.append(clause.name)
        if clause.kind and self.kind in ("multi-step", "money"):
            self.kind = clause.kind
        if self._two:  # two people stand in the sentence before: a pronoun could mean either
            text = text.replace("{They}", "{who}").replace("{Their}", "{who}'s")
            text = text.replace("{they}", "{who}") if "{who}" not in text else text
        self._two = "{other}" in text or "{kin}" in text or "{third}" in text
        rest = self._rest("goods")
        words = self._words | {"rest": self._rest("things"), "stock_rest": rest, "Stock_rest": rest}
        chosen = _CHOICE.sub(lambda found: self._rng.choice(found.group(1).split("|")), text)
        told_text = re.sub(r" +(?=[ .?,])", "", _fill(chosen, words | told))
        self._sentences.append(_OPENS.sub(lambda found: found.group(1) + found.group(2).upper(), told_text))
        told |= {key: show(value) for key, value in self._values.items()}
        for line in lines:
            filled = _fill(line, words | told)
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
            found = _SUM.search(step)
            if found is None:
                raise ValueError(f"clause {clause.name}: the step {step!r} has no [name = sum]; every step works one out")
            dollar, name, terms = found.groups()
            shown = _NAME.sub(lambda term: show(self._values[term.group()]), terms)
            result = evaluate(shown)
            if result is None or not 2 <= result <= _LARGEST or (result * (100 if dollar else 1)).denominator != 1:
                return None
            if result > _USUAL and self._rng.random() < 0.5:
                return None
            if dollar and result.denominator != 1 and (result > 100 or "/" in terms):
                return None
            self._values[name] = self._last = result
            plain = f"{float(result):g}"
            worked = f"{shown} = {dollar}<<{shown.replace(' ', '')}={plain}>>{show(result) if dollar else plain}"
            lines.append(step[: found.start()] + worked + step[found.end() :])
        return lines

    def _holds(self, rule: str) -> bool:
        left, sign, right = rule.split()
        one, other = (self._values[side] if side in self._values else Fraction(side) for side in (left, right))
        return {"<": one < other, "!=": one != other, "<=": one <= other}[sign]


def _scene(rng: random.Random) -> tuple[dict[str, str], dict[str, Fraction]]:
    """The words of a story, a choice from every list, and those of them that are numbers."""
    who, *others = rng.sample(PEOPLE, 4)
    words = dict(zip(("who", "other", "third", "fourth"), (who.name, *(other.name for other in others)), strict=True))
    words |= {"they": who.they, "their": who.their, "them": who.them}
    words |= {"They": who.they.capitalize(), "Their": who.their.capitalize()}
    values = {}
    for keys, rows in SCENES.items():
        for key, word in zip(keys.split(), rng.choice(rows), strict=True):
            if word.isdigit():
                values[key] = Fraction(word)
                continue
            words[key] = word
            words[key.capitalize()] = word[0].upper() + word[1:]
            words[f"a_{key}"] = with_article(word)
            words[f"A_{key}"] = with_article(word).capitalize() if word[1] != "-" else with_article(word)[0].upper() + with_article(word)[1:]
    return words, values


def _fill(template: str, words: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: words[place.group(1)], template)
