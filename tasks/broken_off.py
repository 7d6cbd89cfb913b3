r"""Does a text break off before it says its answer? A model that runs into its limit leaves half a sentence or sum.

The last number of such a text is a step on the way: to take it would give points by luck. Knows the raw text of a
model; must not know markers, for what stands behind one has been said.
"""

import re

_NEAR = 600  # characters at the end that are looked at
_RESULT = re.compile(r"[=:≈]|[%)\"']$")  # what may well end without one
_LABEL_LENGTH = 25  # characters: a longer line of words without an end is no label
_WORDS = re.compile(r"[^0-9]*[A-Za-z]")
_STUB = re.compile(r"[.!?]\s*\n\s*[A-Z][^0-9:\n]*[A-Za-z]$")  # words without an end below a sentence with one
# '= 18 dollars a day'
_WITH_UNIT = re.compile(r"(?:=|\bequals?) ?[$€£]?-?[0-9][0-9.,]*%?(?: [A-Za-z]{1,14}){0,4},?$")
_NUMBER = re.compile(r"[0-9](?:[0-9.,]*[0-9])?")
_RESULTS = re.compile(rf"= ?[$€£]?({_NUMBER.pattern})")
_MANNER = 3  # lines that end with a full stop show that the writer makes them
# Words that no sentence ends with.
_LEADS_ON = re.compile(
    r"(?:^|[\s(])(?:a|an|the|of|on|to|for|from|with|by|at|into|and|or|but|than|that|which|because|since|if|so|as|is|are|was"
    r"|were|has|have|will|would|her|his|their|its|each of|both|between|per|then|where|when|we|she|he|they|two)$",
    re.IGNORECASE,
)
_OPEN_SIGN = re.compile(r"(?:[=+*/×÷(:&\\]|\\times|\\cdot|\\div|\\frac|(?<=[\s(])[-−]|(?<=[^0-9\s])[ (]?\$)$")
_LABEL = re.compile(r"\b(?:answer|total|result)\W{0,4}:\W{0,4}$", re.IGNORECASE)
# A sentence that concludes has said its number, or repeats the result of the sum above it.
_CONCLUDES = re.compile(
    r"(?:^|[.!?]\s+|\n|, )[\s*]{0,4}"
    r"(?:(?:thus|therefore|hence|in conclusion)\b"
    r"|(?:so|altogether|finally|overall)\b(?=[^\n]*[0-9]))(?:[^.!?\n]|[.](?=[0-9]))*$",
    re.IGNORECASE,
)
# A sum that nobody has worked out: '87 + 60', '1.73 / 1', '2 + 3x' at the very end.
_OPEN_SUM = re.compile(r"[0-9)%] ?(?:[*×+]|(?<= )[-−/÷](?= )|\\times|\\cdot) ?\\?[$(]{0,2}[0-9][0-9.,]*$")
_FRACTION = re.compile(r"\s*-?[0-9.,]+ ?/ ?[0-9.,]+\s*")
_SENTENCE_END = re.compile(
    r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)(?<!\bft)(?<!\bsq)(?<!\bi\.e)(?<!\be\.g)(?<=[A-Za-z0-9)%])[.!?]\s+(?=[A-Z$0-9])"
)
_TAGS = re.compile(r"(?:\s|</?[a-z_]{1,20}>)+$")
_ANNOTATION = re.compile(r"<<[^<>\n]*>>")
_WORKED = re.compile(r"[=≈][^=≈\n]*$")
# A heading, and one word of what was to stand below it.
_HEADING = re.compile(r"(?:^|\n)[^\n]*(?:\*\*|:)\s*\n\s*[A-Z][a-z']{0,14}$")


def breaks_off(text: str) -> bool:
    end = text.rstrip()[-_NEAR:]
    if _is_open(end):
        return True
    if "<<" in end:
        end = _ANNOTATION.sub("", end)
    if end.endswith(">"):
        end = _TAGS.sub("", end)
    plain = end.rstrip("*_ ")
    line = plain.rpartition("\n")[2]
    if _OPEN_SIGN.search(line) and not _LABEL.search(line) and plain[-1:] in (end[-1:], ":"):
        return True
    if end.endswith((".", "!", "?", "}", "]", "*", "`", "|")):
        return False
    sentence = _SENTENCE_END.split(line)[-1]
    if _OPEN_SUM.search(sentence) and not _WORKED.search(sentence) and not _FRACTION.fullmatch(sentence):
        return True
    if sentence.rfind("(") > sentence.rfind(")") or _HEADING.search(end) or _repeats(end):
        return True
    if _CONCLUDES.search(end) or _repeats_result(end, sentence):
        return False
    if _LEADS_ON.search(line):
        return True
    if _WITH_UNIT.search(sentence):
        return False
    stub = _STUB.search(end) is not None or (len(line) > _LABEL_LENGTH and _WORDS.fullmatch(line))
    second = len(line[: -len(sentence)].split()) > 1 and "=" not in sentence
    return bool(stub) or second or line.endswith(",") or _lacks_its_stop(end, sentence)


def _repeats(end: str) -> bool:
    """Does the last line only begin what the line above says?"""
    above, _, line = end.rpartition("\n")
    line = line.strip()
    return len(line) > 3 and above.rpartition("\n")[2].strip().startswith(line + " ")


def _repeats_result(end: str, sentence: str) -> bool:
    """Does it end up with what was just worked out? Then that has been said: '11 - 8 = 3. He sees 3 frogs now'."""
    results = _RESULTS.findall(end[: len(end) - len(sentence)])
    said = _NUMBER.findall(sentence)
    return bool(results and said) and results[-1] == said[-1]


def _lacks_its_stop(end: str, sentence: str) -> bool:
    """Is it a sentence without a full stop, where every line above has one?"""
    if len(sentence.split()) < 4 or not sentence[0].isupper() or _RESULT.search(sentence):
        return False
    lines = [line.rstrip() for line in end[: -len(sentence)].split("\n") if len(line.split()) > 2]
    return len(lines) >= _MANNER and all(line.endswith((".", "!", "?", ":")) for line in lines)


def _is_open(end: str) -> bool:
    r"""An annotation or a formula of LaTeX that was begun and not closed."""
    if end.rfind("<<") > end.rfind(">>"):
        return True
    return any(end.rfind(start) > end.rfind(stop) for start, stop in ((r"\[", r"\]"), (r"\(", r"\)")))
