"""Whose plan it is: the pupil's, as a name, a goal and mistakes in it show, or another one's."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from proctor.judges.rubric import WordLists
from proctor.judges.rules.neighbours import is_ordinary
from proctor.judges.rules.reading import PlanLine
from proctor.judges.rules.text import TOKEN, squeezed, stem, stems, unquoted, words

_NAME = r"(?P<name>[^\W\d_a-z][^\W\d_]+(?:-[^\W\d_]+)?)"
# Where a plan says whose it is. Upper and lower case matter: it is how a name differs from a word.
_HAS = r"has|likes|needs|works|learns|gets|gives|reads|prefers|asks|shares|sees|forgets"
_VERB = rf" (?:{_HAS}|is|should|must|starts)\b"
_OUTSIDE_WEEKS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b[Ff]or {_NAME}(?=$|'s|’s|[\s,:;.()–—-])",
        rf"(?<!\w){_NAME}['’][sS]\b",
        rf"^(?:Dear|Hello|Hi|Hey),? {_NAME}",
        rf"(?i:pupil|student|learner|name)\s?[:=|]\s?{_NAME}",
    )
)
# Places where other words stand as well: what English has in small letters too is no name there.
_ABOUT = re.compile(rf"^{_NAME} (?:{_HAS})\b")
_TITLE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^{_NAME}(?:{_VERB}| [a-z]+s\b|,? and |[,!]|\s?[:(–—|]| - )",
        rf"\b(?:[Ww]ith|[Bb]elongs to) {_NAME}(?=$|\s?[.,:;!(–—]| - )",
        rf"^[^\W\d_]+(?: [a-z]+)? {_NAME}[,!]",
    )
)
_ANYWHERE = re.compile(rf"(?i:remember|keep in mind|good to know|note|tip)[:,]? (?:that )?{_NAME}{_VERB}")
_GOAL = re.compile(
    r"[\W_]{0,5}(?:the |my |your |our |\w+['’]s )?(?:main |big |learning |overall |final |personal )?"
    r"(?:goal|aim|target|objective|purpose|what (?:we|you) (?:are )?(?:work|aim)(?:ing)? (?:for|at|towards))"
    r"[*_]{0,2}(?:\s?[:;|–—-]|\s?\n| is (?=to ))[*_]{0,2}\s{0,2}(?P<goal>.+)",
    re.IGNORECASE,
)
_SAID = r"(?:you (?:once )?(?:wrote|said|got|gave|answered|thought)|your (?:old )?(?:mistake|answer|error))"
_MISTAKE = re.compile(
    rf"(?:redo|correct|{_SAID})[^\"“\n]{{0,30}}[\"“](?P<quoted>[^\"”\n]{{3,}})[\"”]"
    rf"|{_SAID}(?P<sum>[^\n.?!]{{0,60}}=\s?\d+)",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d{1,9}(?:[.,:/]\d{1,9})?")


def folded(text: str) -> str:
    """Without accents, in small letters: 'Björn' and 'BJORN' are one name."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(sign)
    )


def times_named(text: str, name: str) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(folded(name))}(?!\w)", folded(text))) if name else 0


def stranger(lines: Sequence[PlanLine], facts: Mapping[str, Any], known: WordLists) -> tuple[str, int]:
    """The name that stands most often of those that stand where the pupil's should, and how often; '' for none."""
    text = "\n".join(line.text for line in lines)
    no_names = known.no_names | known.tasks | known.checks | known.amounts | known.small
    no_names |= {folded(word) for word in _facts(facts)}
    no_names |= {token for token in TOKEN.findall(text) if token.islower()}
    counts = Counter(folded(word).removesuffix("'s") for word in words(text.replace("’", "'")))
    times = {"": 0}
    for at, line in enumerate(lines):
        doubtful = () if line.week else (_ABOUT, *_TITLE) if at < 2 else (_ABOUT,)
        for slot in (_ANYWHERE, *doubtful, *(() if line.week else _OUTSIDE_WEEKS)):
            for match in slot.finditer(unquoted(line.text)):
                if folded(match["name"]) not in no_names and not (
                    slot in (_ANYWHERE, *doubtful) and is_ordinary(match["name"])
                ):
                    times[match["name"]] = counts[folded(match["name"])]
    return max(times.items(), key=lambda item: item[1])


def taken_up(text: str, facts: Mapping[str, Any]) -> int:
    return sum(takes_up(text, str(mistake)) for mistake in facts.get("mistakes") or ())


def takes_up(text: str, mistake: str) -> bool:
    """Whether the question that the pupil got wrong stands in the text: a plan need not repeat the wrong answer.

    In other words too: three of its numbers in a row are no accident, nor are most of its words and numbers in one
    line ("You said that the run of 6 m by 2 m needs 12 m of wire").
    """
    squeezed_text, said = squeezed(text), squeezed(mistake)
    if said in squeezed_text or (len(head := said.split("=")[0]) >= 4 and head in squeezed_text):
        return True
    question, colon, _ = mistake.partition(": ")
    if colon and _FIGURE.search(question) and _stands(squeezed(question), squeezed_text):
        return True
    numbers = _FIGURE.findall(mistake.split("=")[0])
    # A short sum such as 6 x 8 is the pupil's only together with the wrong answer.
    if len(numbers) > 1 and any(
        _stands(head, squeezed(line)) and _FIGURE.findall(mistake)[-1] in _FIGURE.findall(line)
        for line in text.splitlines()
    ):
        return True
    wanted = {*_FIGURE.findall(mistake), *(word for word in stems(mistake) if word.isalpha())}
    for line in text.splitlines():
        there = _FIGURE.findall(line)
        if len(numbers) >= 3 and any(there[at:][: len(numbers)] == numbers for at in range(len(there))):
            return True
        shared = wanted & {*there, *stems(line)}
        if len(shared) >= max(3, 0.6 * len(wanted)) and any(
            len(word) > 2 for word in shared if word.isalpha()
        ):
            return True
    return False


def _stands(part: str, text: str) -> bool:
    return re.search(rf"(?<![\d.,]){re.escape(part)}(?!\d)", text) is not None


def another_pupils(lines: Sequence[PlanLine], facts: Mapping[str, Any], known: WordLists) -> str:
    """What shows that the plan is another pupil's, in words; nothing where nothing does."""
    text = "\n".join(line.text for line in lines)
    own = str(facts.get("name") or "")
    named = times_named(text, own)
    name, times = stranger(lines, facts, known)
    if own and times > named and folded(name) != folded(own):
        return f"it is for {name}"
    head = [
        f"{line.text}\n{after.text}" if after and not after.week else line.text
        for line, after in zip(lines, [*lines[1:], None], strict=False)
        if not line.week
    ]
    for goal in (match["goal"] for line in head if (match := _GOAL.match(line))):
        if facts.get("goal") and _foreign(goal, facts, known):
            return f"its goal is not {own or 'the pupil'}'s: {goal.strip()}"
    if facts.get("mistakes") and not taken_up(text, facts):
        for match in _MISTAKE.finditer(text):
            return f"it takes up a mistake of somebody else: {(match['quoted'] or match['sum']).strip()}"
    return ""


def _foreign(goal: str, facts: Mapping[str, Any], known: WordLists) -> bool:
    """A goal of which at most a third of the words have to do with the pupil, and none with an exam of the pupil's."""
    said = {word for word in stems(goal) if not word[0].isdigit()} - {stem(word) for word in known.no_goals}
    exams = {stem(word) for word in known.checks}
    pupils = {word[:4] for word in stems(" ".join(_facts(facts)))}
    shared = {word for word in said if word[:4] in pupils}
    return bool(said - exams) and not shared & exams and 3 * len(shared) <= len(said)


def _facts(facts: Mapping[str, Any]) -> list[str]:
    """All words that the facts hold, without the pupil's name."""
    topics = [name for names in facts.get("topics") or () for name in names]
    parts = [str(facts.get("goal") or ""), *topics]
    for key in ("notes", "mistakes"):
        parts += [str(part) for part in facts.get(key) or ()]
    return TOKEN.findall(" ".join(parts))
