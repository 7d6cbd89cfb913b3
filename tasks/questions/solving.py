"""What a solver is asked about a written question, and what its replies say of the key.

A solver is a model that answers the question itself. Each question is asked in four orders, so that every option stands
once in each place: who always takes the same letter finds the key once in four.

    solved = Solved("B", ("B", "B", "C", "B"), ("A", "C", "B", "D"))
    solved.confirmed, solved.needs_passage      # (True, True)
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from proctor.tasks.questions.keys import LETTERS, read_key
from proctor.tasks.questions.reading import ChoiceQuestion

ORDERS = 4
CONFIRMED = 0.75  # share of the replies; who guesses reaches it in 5 of 100 questions
WORDING = {
    "en": "Answer the multiple-choice question. Reply with the letter of one option and nothing else.",
    "zh": "請回答下面的選擇題，只回覆一個選項的英文字母，不要寫其他文字。",
}
READ = {"en": "Read the text first.", "zh": "請先閱讀短文。"}
RULES = 2  # of reading replies: others would give other figures
_ANSWER = re.compile(
    r"\A\W{0,9}(?:the )?(?:correct |right )?(?:answer|option|答案|選項)(?:\s?is|\s?是|\s?為)?\s{0,2}[:：]?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Solved:
    """The options that a solver chose, by the letters that they have in the question; "" where it chose none. `without`
    the passage is empty where there is none.
    """

    key: str
    chosen: tuple[str, ...]
    without: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        return _share(self.key, self.chosen) >= CONFIRMED

    @property
    def needs_passage(self) -> bool:
        """False where the key is found without the passage: then it asks what one knows, not what one read."""
        return not self.without or _share(self.key, self.without) < CONFIRMED

    @property
    def agreement(self) -> float:
        """The share of the replies, the passage at hand, that chose what most of them chose."""
        named = Counter(letter for letter in self.chosen if letter)
        return max(named.values(), default=0) / len(self.chosen)

    def __str__(self) -> str:
        text = _listed(self.chosen)
        if self.without:
            text = f"{text} with the passage and {_listed(self.without)} without"
        return text


def can_be_solved(question: ChoiceQuestion) -> bool:
    """Four different options and one key; about anything else a reply would say nothing."""
    key = question.key
    four = len(set(question.options)) == len(question.options) == ORDERS
    return four and len(key) == 1 and key in LETTERS[:ORDERS]


def asked(question: ChoiceQuestion, passage: str, order: int, language: str) -> str:
    """The question as it is put to a solver, its options moved on by `order` places."""
    options = [*question.options[order:], *question.options[:order]]
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    parts = [WORDING[language], "\n".join([question.stem, *lines])]
    if passage:
        parts[1:1] = [READ[language], passage]
    return "\n\n".join(parts)


def chosen(reply: str, question: ChoiceQuestion, order: int) -> str:
    """The letter that the option chosen has in the question itself.

    The first line of the reply is the option's letter, its text or both, and nothing else. What stands below, or around
    a letter, may be quoted, and a question may hold "Answer: B".
    """
    line = reply.rpartition("</think>")[2].strip().partition("\n")[0]
    line = _ANSWER.sub("", line, count=1)
    options = [*question.options[order:], *question.options[:order]]
    letter = read_key(line, options)
    if len(letter) != 1 or letter not in LETTERS[:ORDERS]:
        return ""
    option, words = _words(options[LETTERS.index(letter)]), _words(line)
    mark, _, behind = words.partition(" ")
    if words != option and (len(mark) > 1 or behind not in ("", option)):
        return ""
    return LETTERS[(LETTERS.index(letter) + order) % ORDERS]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text)).casefold()


def _share(key: str, chosen: Sequence[str]) -> float:
    return chosen.count(key) / len(chosen)


def _listed(letters: Sequence[str]) -> str:
    return " ".join(letter or "none" for letter in letters)
