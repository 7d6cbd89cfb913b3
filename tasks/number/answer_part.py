"""What of a model's text is its answer: no thoughts, no next question, no code, nothing that comes after the result.

Knows how such parts begin; must not know how a number is chosen from what remains.
"""

import re

from proctor.tasks.number.numerals import BOLD, tidy

_NEVER = re.compile("[\x00\ud800-\udfff]")
_DIGIT = re.compile(r"[0-9]")
_HEART = re.compile(r"(?<![0-9] )<3+(?![0-9.])")

# A model that misses its stop goes on with the next problem of its training data, and solves that too. The kind within
# a line stands by itself: all others begin with one of three signs, so a search for them passes over the rest at once.
_NEXT_QUESTION = re.compile(
    rf"""
    \n[ \t>\#*_<\[{BOLD}]{{0,8}}
    (?: (?:(?:next|new|another|follow-up)[ ])?(?:question|problem|exercise|q)[ ]?\#?[0-9]{{0,4}}[ ]?{BOLD}?[ ]?[:.)\]>]
      | (?:question|problem|exercise|example|instruction)[ ]\#?[0-9]{{1,4}}\b
      | (?:follow-up|additional|similar|practice)[ ](?:questions?|problems?|exercises?)\b
      | (?:human|user|instruction|input|assistant)[ ]?{BOLD}?:
      | (?:assistant|user|human|(?<=\#[ ])(?:question|problem))[ ]{{0,3}}(?=\n)
      | 问题?:
    )
  | <\|[a-z_]{{1,30}}\|> | </s> | \[/?INST\] | <(?:end_of_turn|start_of_turn)>
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NEXT_IN_LINE = re.compile(r"(?<=[\s.!?0-9])(?:Question|Q|Problem)[ ]?[0-9]{0,4}:")
_NEXT_QUESTIONS = (_NEXT_QUESTION, _NEXT_IN_LINE)
# A solved problem, then a line that asks something at length.
_SOLVED = re.compile(
    r"(?:(?:\#{4}|(?:^|\n)A:)[^\n0-9]{0,30}[0-9][^\n]{0,60}|\\boxed\{[^\n]{0,80}|<answer>[^\n]{0,80}"
    r"|(?i:answer is)[^\n0-9]{0,30}[0-9][^\n]{0,80})\n\s{0,5}(?=[A-Z0-9$\"'][^\n]{30,1500}\?[ ]{0,5}(?:\n|$))"
    r"|(?:^|\n)\#{4} ?-?[$]?[0-9][0-9,.]{0,60}(?: [a-z]{1,12})?[. ]{0,3}\n"
)
_CODE = re.compile(
    r"(?P<fence>```|~~~)(?:(?i:python|py|javascript|js|java|cpp|c|bash|sh|go|matlab|php|r|ruby|rust|sql|typescript|ts)\b"
    r"|[a-z+]{0,12}[ ]?\n[^`~]{0,4000}?\b(?:print|return|def|import|assert)\b)[^`~]{0,4000}(?:(?P=fence)|$)"
)
# What comes after the result: a check, a note, an explanation, a question.
_OPENING = rf"(?:\n|(?<=[.!?{BOLD})]) )[^\w\n]{{0,10}}"
_APPENDIX = re.compile(
    rf"(?i){_OPENING}(?:(?:(?:to|let me|let's|we can|you can|i'll) )?(?:(?:double|sanity|quick)[- ]?)?"
    r"(?:check|verify|verification|confirm)\b|(?:note|explanation|reasoning|breakdown|confidence|remark|hint|tip"
    r"|(?:key )?takeaway|time|word count|vérification|probe|proof|verifying)\b[^\n.]{0,20}:"
    r"|(?:here's (?:how|why|my)|alternatively|this assumes|(?<=\()assuming)\b|assuming\b[^,=\n]{0,80}\s{0,9}\Z"
    r"|[0-9]+ ?% (?:sure|certain|confident)\b|检查|验证|验算|检验|[^.!?=\n]{1,300}\?\W{0,20}\Z)"
)
# A sentence behind the last sum that speaks to the reader; 'you have 9 left' may be the result.
_TO_THE_READER = re.compile(
    rf"(?i){_OPENING}[^.!?=\n]{{0,150}}?(?:\b(?:(?<!gives )(?:you|i)(?! (?:have|need|will|would|can|get|save)\b)"
    r"|if you|your|me|thanks|please|good luck|du|dir|dich|deine?|ich|viel|te|tus?|tienes|necesitas|espero|estoy|suerte"
    r"|vous|votre|j'|n'hésite|merci|bon)\b|[你您我请]|希望|欢迎)"
)
_CONCLUDES = re.compile(
    r"(?i)\b(?:so|then|thus|therefore|hence|now|next|finally|total)\b[^\n.!?]*[0-9]|\b(?:actually|wrong|mistake)\b|所以|因此"
)


def own_words(text: str) -> str:
    """The tidy text (see `numerals.tidy`) of the answer to the question that was asked."""
    text = _without_thoughts(_NEVER.sub("", text))
    text = _CODE.sub("", text)
    if "<3" in text:
        text = _HEART.sub("", text)
    return _before_next_question(tidy(text))


def _without_thoughts(text: str) -> str:
    """What stands behind the thoughts; where nothing does, the thoughts. Thoughts without an end were cut off: of them
    only a box counts."""
    if "</think>" not in text:
        box = text.rfind("\\boxed{") if text.lstrip().startswith("<think>") else 0
        return text[box:] if box >= 0 else ""
    thoughts, _, said = text.rpartition("</think>")
    if _DIGIT.search(said):
        return said
    return thoughts.replace("<think>", "").replace("</think>", "\n") + "\n" + said


def _before_next_question(text: str) -> str:
    first_digit = _DIGIT.search(text)
    if first_digit is None:
        return text
    for question in _NEXT_QUESTIONS:
        if found := question.search(text, first_digit.start()):
            text = text[: found.start()]
    # Its halves want a question, or a line behind '####': most responses end there.
    goes_on = "?" in text or text.find("####", 0, text.rfind("\n")) >= 0
    solved = _SOLVED.search(text) if goes_on else None
    return text[: solved.end()] if solved else text


def before_appendix(text: str) -> str:
    """The text up to where, behind a number, it checks or explains what it has said without a result of its own."""
    if digit := _DIGIT.search(text):
        start = max([digit.start(), *(conclusion.end() for conclusion in _CONCLUDES.finditer(text))])
        last_sum = max(start, text.rfind("="), text.rfind(" equals "))
        for appendix, first in ((_TO_THE_READER, last_sum), (_APPENDIX, start)):
            found = appendix.search(text, first)
            text = text[: found.start()] if found else text
    return text
