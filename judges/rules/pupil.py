"""Whose plan it is: the pupil's, as a name, a goal and mistakes in it show, or another one's."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from proctor.judges.rubric import WordLists
from proctor.judges.rules.reading import PlanLine, text_of
from proctor.judges.rules.text import TOKEN, squeezed, stem, stems, texts_of, unquoted, words
from proctor.judges.rules.word_order import is_ordinary

_NAME = r"(?P<name>[^\W\d_a-z][^\W\d_]+(?:-[^\W\d_]+)?)"
# Where a plan says whose it is. Upper and lower case matter: it is how a name differs from a word.
_VERB = r" (?:has|likes|needs|works|learns|gets|gives|reads|prefers|asks|shares|sees|forgets|is|should|must|starts)\b"
_OUTSIDE_WEEKS = (
    re.compile(rf"\b[Ff]or {_NAME}(?=$|'s|’s|[\s,:;.()–—-])"),
    re.compile(rf"(?<!\w){_NAME}['’][sS]\b"),
    re.compile(rf"^(?:Dear|Hello|Hi|Hey),? {_NAME}"),
    re.compile(rf"(?i:pupil|student|learner|name)\s?[:=|]\s?{_NAME}"),
)
# Places where other words stand as well: what English has in small letters too is no name there.
_TITLE = (
    re.compile(rf"^{_NAME}(?:{_VERB}| [a-z]+s\b|,? and |[,!]|\s?[:(–—|]| - )"),
    re.compile(rf"\b(?:[Ww]ith|[Bb]elongs to) {_NAME}(?=$|\s?[.,:;!(–—]| - )"),
    re.compile(rf"^[^\W\d_]+(?: [a-z]+)? {_NAME}[,!]"),
)
_ANYWHERE = re.compile(rf"(?i:remember|keep in mind|good to know|note|tip)[:,]? (?:that )?{_NAME}{_VERB}")
# A second plan in the same text has a title too, wherever it stands.
_PLAN_OF = (
    re.compile(rf"^(?:\w+ ){{0,3}}[Pp]lan (?:for|of) {_NAME}(?=$|[\s,:;.(–—-])"),
    re.compile(rf"^{_NAME}['’]s (?:[a-z]+ )?[Pp]lan\b"),
)
_GOAL = re.compile(
    r"[\W_]{0,5}(?:the |my |your |our |\w+['’]s )?(?:main |big |learning |overall |final |personal )?"
    r"(?:goal|aim|target|objective|purpose|what (?:we|you) (?:are )?(?:work|aim)(?:ing)? (?:for|at|towards))"
    r"[*_]{0,2}(?:\s?[:;|–—-]|\s?\n| is (?=to ))[*_]{0,2}\s{0,2}(?P<goal>.+)",
    re.IGNORECASE,
)
_SAID = r"(?:you (?:once )?(?:wrote|said|got|gave|answered|thought)|your (?:old )?(?:mistake|answer|error))"
_MISTAKE = re.compile(
    rf"(?:redo|correct|(?:error|mistake) in|{_SAID})[^\"“\n]{{0,30}}[\"“](?P<quoted>[^\"”\n]{{3,}})[\"”]"
    rf"|{_SAID}(?P<sum>[^\n.?!]{{0,60}}=\s?\d+)",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d{1,9}(?:[.,:/]\d{1,9})?")


def folded(text: str) -> str:
    """Without accents, in small letters: 'Björn' and 'BJORN' are one name."""
    if text.isascii():  # nothing to take off; a plan has hundreds of words folded
        return text.lower()
    signs = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in signs if not unicodedata.combining(sign))


def times_named(text: str, name: str) -> int:
    if not name:
        return 0
    return len(re.findall(rf"(?<!\w){re.escape(folded(name))}(?!\w)", folded(text)))


def no_names(lines: Sequence[PlanLine], facts: Mapping[str, Any], known: WordLists) -> set[str]:
    """What is no name although it stands where one could: words of the course, and whatever has small letters too."""
    lists = known.no_names | known.tasks | known.checks | known.amounts | known.small
    return {*lists, *map(folded, _words_of(facts)), *filter(str.islower, TOKEN.findall(text_of(lines)))}


def titled_for(lines: Sequence[PlanLine], facts: Mapping[str, Any], known: WordLists) -> str:
    """The name in the title of another pupil's plan; '' where there is none."""
    own, words_of_plans = folded(str(facts.get("name") or "")), no_names(lines, facts, known)
    for line in lines:
        for title in _PLAN_OF:
            match = title.match(unquoted(line.text))
            if (
                match
                and folded(match["name"]) not in {own, *words_of_plans}
                and not is_ordinary(match["name"])
            ):
                return match["name"]
    return ""


def stranger(lines: Sequence[PlanLine], facts: Mapping[str, Any], known: WordLists) -> tuple[str, int]:
    """The name that stands most often of those that stand where the pupil's should, and how often; '' for none."""
    text, other_words = text_of(lines), no_names(lines, facts, known)
    counts = Counter(folded(word).removesuffix("'s") for word in words(text.replace("’", "'")))
    times = {"": 0}
    for number, line in enumerate(lines):
        doubtful: list[re.Pattern[str]] = [_ANYWHERE]  # what stands there may be another word
        sure: Sequence[re.Pattern[str]] = ()
        if not line.week:
            sure = _OUTSIDE_WEEKS
            if number < 2:
                doubtful += _TITLE
        for slot in (*doubtful, *sure):
            for match in slot.finditer(unquoted(line.text)):
                name = match["name"]
                is_word = slot in doubtful and is_ordinary(name)
                if not is_word and folded(name) not in other_words:
                    times[name] = counts[folded(name)]
    return max(times.items(), key=lambda item: item[1])


def taken_up(text: str, facts: Mapping[str, Any]) -> int:
    return sum(takes_up(text, mistake) for mistake in texts_of(facts, "mistakes"))


def takes_up(text: str, mistake: str) -> bool:
    """Whether the question that the pupil got wrong stands in the text: a plan need not repeat the wrong answer.

    In other words too: three of its numbers in a row are no accident, nor are most of its words and numbers in one
    line ("You said that the run of 6 m by 2 m needs 12 m of wire").
    """
    squeezed_text, working = squeezed(text), squeezed(mistake)
    asked = working.split("=")[0]
    if working in squeezed_text or (len(asked) >= 4 and asked in squeezed_text):
        return True
    question, colon, _ = mistake.partition(": ")
    if colon and _FIGURE.search(question) and _stands(squeezed(question), squeezed_text):
        return True
    numbers = _FIGURE.findall(mistake.split("=")[0])
    return any(_takes_up(line, mistake, asked, numbers) for line in text.splitlines())


def _takes_up(line: str, mistake: str, asked: str, numbers: list[str]) -> bool:
    """The same of one line; `asked` is the mistake's working before its result, `numbers` those in it."""
    there = _FIGURE.findall(line)
    every = _FIGURE.findall(mistake)
    # A short sum such as 6 x 8 is the pupil's only together with the wrong answer.
    if len(numbers) > 1 and every[-1] in there and _stands(asked, squeezed(line)):
        return True
    if len(numbers) >= 3 and f" {' '.join(numbers)} " in f" {' '.join(there)} ":
        return True
    wanted = set(every).union(filter(str.isalpha, stems(mistake)))
    shared = wanted & {*there, *stems(line)}
    if len(shared) < max(3, 0.6 * len(wanted)):
        return False
    return any(len(word) > 2 for word in filter(str.isalpha, shared))


def _stands(part: str, text: str) -> bool:
    return re.search(rf"(?<![\d.,]){re.escape(part)}(?!\d)", text) is not None


def another_pupils(lines: Sequence[PlanLine], facts: Mapping[str, Any], known: WordLists) -> str:
    """What shows that the plan is another pupil's, in words; nothing where nothing does."""
    text = text_of(lines)
    own = str(facts.get("name") or "")
    named = times_named(text, own)
    name, times = stranger(lines, facts, known)
    if own and times > named and folded(name) != folded(own):
        return f"it is for {name}"
    other = titled_for(lines, facts, known)
    if own and other:
        return f"a plan for {other} stands in it"
    if facts.get("goal"):
        for goal in _goals(lines):
            if _foreign(goal, facts, known):
                return f"its goal is not {own or 'the pupil'}'s: {goal.strip()}"
    if facts.get("mistakes"):
        redone = [match["quoted"] or match["sum"] for match in _MISTAKE.finditer(text)]
        # A line that only sounds like a mistake of the pupil's does not outweigh two that are not.
        strange = len(redone) > 1 or (redone and not taken_up(text, facts))
        if strange and not any(_is_of(facts, mistake) for mistake in redone):
            return f"it takes up a mistake of somebody else: {redone[0].strip()}"
    return ""


def _is_of(facts: Mapping[str, Any], redone: str) -> bool:
    """Whether what a plan calls a mistake is one of the pupil's, or a part of it."""
    mistakes = texts_of(facts, "mistakes")
    return any(squeezed(redone) in squeezed(mistake) or takes_up(redone, mistake) for mistake in mistakes)


def _goals(lines: Sequence[PlanLine]) -> Iterator[str]:
    """The goals that stand outside the weeks; a goal may stand on the line after its title."""
    for line, after in zip_longest(lines, lines[1:]):
        text = line.text
        if after and not after.week:
            text = f"{text}\n{after.text}"
        match = _GOAL.match(text)
        if match and not line.week:
            yield match["goal"]


def _foreign(goal: str, facts: Mapping[str, Any], known: WordLists) -> bool:
    """A goal of which at most a third of the words have to do with the pupil, and none with an exam of the pupil's.

    Any pupil may have a test, so that word counts only beside a single other one.
    """
    exams = set(map(stem, known.checks))
    pupils = {word[:5] for word in stems(" ".join(_words_of(facts))) if len(word) > 1}
    wanted = {word for word in stems(goal) if len(word) > 1 and not word[0].isdigit()}
    wanted.difference_update(map(stem, known.no_goals))
    shared = {word for word in wanted if word[:5] in pupils}
    others = wanted - exams
    own_exam = shared & exams
    if len(others) > 1:
        own_exam -= {"test", "exam"}
    return bool(others) and not own_exam and 3 * len(shared & others) <= len(others)


def _words_of(facts: Mapping[str, Any]) -> list[str]:
    """All words that the facts hold, without the pupil's name."""
    parts = [str(facts.get("goal") or ""), *texts_of(facts, "notes"), *texts_of(facts, "mistakes")]
    for names in facts.get("topics") or ():
        parts += names
    return TOKEN.findall(" ".join(parts))
