"""The extractor: which number is the answer in what a model wrote? Knows no task and no gold answer.

    read_number("16 - 3 - 4 = 9, and 9 * 2 = 18.\\n#### $18.00")  ->  Reading(value=Fraction(18),
    text="$18.00", rule="####")

The rules, in order:

1. Reasoning between <think> tags is left out, and everything from a recited next question on.
2. The last answer marker that a number follows: `####`, `\\boxed{}`, `<answer>`, "the answer is", "Answer:", a
   closing line "A: 18". An equation behind a marker counts with its right side: "the answer is 9 * 2 = 18".
3. Else, unless the text breaks off or says that it has no answer, the last line that has a number: a number in bold,
   or else the last one. Numbers in a closing bracket, and ones that only say for what or from what ("$18 by selling
   9 eggs"), give way to the result that was just worked out.

Numbers compare as exact fractions. Time is linear in the length of the text, and no text makes it raise.
"""

from dataclasses import dataclass
from fractions import Fraction

from tasks.closing import unmarked
from tasks.declined import declined, without_explanation
from tasks.marked import marked
from tasks.numerals import BOLD
from tasks.recited import own_words
from tasks.restated import restated


@dataclass(frozen=True)
class Reading:
    """The number that was read, the words it was read from, and the rule that found it. `others`: what it is in other
    units, when the text says so."""

    value: Fraction
    text: str
    rule: str
    others: tuple[Fraction, ...] = ()

    def gives(self, gold: Fraction) -> bool:
        """Is this the number? '26 billion' gives both 26,000,000,000 and, where billions are asked for, 26; and
        '120 minutes, or 2 hours' gives 120 and 2."""
        return gold == self.value or gold in self.others


def read_number(text: str) -> Reading | None:
    """The number that `text` gives as its answer; None when it gives none."""
    text, broken_off = own_words(text)
    found = marked(text)
    if found is None:
        said = without_explanation(text)
        if not (broken_off and len(said) == len(text)) and not declined(said):
            found = unmarked(said)
    if found is None:
        return None
    number, rule = found
    number = restated(text, number)
    words = " ".join(text[number.start : number.end].replace(BOLD, " ").split())
    return Reading(number.value, words, rule, number.others)


def same(answer: str, gold: str) -> bool:
    """Do two answers give the same number? Two answers without a number are not the same."""
    one, other = read_number(answer), read_number(gold)
    return one is not None and other is not None and one.value == other.value
