"""The scene `my mistakes`: pasted work becomes an error set of the diagnosis task; a diagnosis becomes a table.

pasted("403 - 168\nWorking: 8 - 3 = 5, 6 - 0 = 6, 4 - 1 = 3\nAnswer: 365")
# [{'problem': '403 - 168', 'working': '8 - 3 = 5, ...', 'answer': '365'}]
"""

import re
from collections import Counter
from html import escape

from proctor.common.refusal import Refusal
from proctor.harness.chat.words import Words, table
from proctor.tasks.concepts import taxonomy
from proctor.tasks.diagnosis.reading import Diagnosis
from proctor.tasks.number.steps import checked_equations

MOST = 12  # problems at once
_LABEL = re.compile(
    r"\s*(?:(?P<working>my working|working|work|steps|計算|過程|算式)|(?P<answer>my answer|answer|答案|我的答案|答))"
    r"\s*[:：]\s*(?P<text>.*)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*\(?[0-9]{1,2}[.)、]\s+(?=\S)")


def pasted(text: str) -> list[dict[str, str]]:
    """The problems of a pasted text: an empty line between two, or a number before each. Without 'Answer:' the last
    line of a problem is the answer."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if not line.strip() or _NUMBER.match(line):
            blocks.append([])
        if line.strip():
            blocks[-1].append(line)
    items = [_item(block) for block in blocks if block]
    if not items:
        raise Refusal("there is no problem yet", remedy="paste a problem, your working and your answer")
    if len(items) > MOST:
        raise Refusal(
            f"these are {len(items)} problems", f"{MOST} at once are the most", "send some of them first"
        )
    return items


def _item(block: list[str]) -> dict[str, str]:
    parts: dict[str, list[str]] = {"problem": [], "working": [], "answer": []}
    here = "problem"
    for line in [_NUMBER.sub("", block[0], count=1), *block[1:]]:
        if label := _LABEL.fullmatch(line):
            line, here = label["text"], "answer"
            if label["working"]:
                here = "working"
        parts[here].append(line.strip())
    if not parts["answer"] and len(parts["problem"]) > 1:
        parts["answer"] = [parts["problem"].pop()]
    item = {name: " ".join(lines).strip() for name, lines in parts.items()}
    if not item["problem"] or not item["answer"]:
        raise Refusal(
            f"no answer of yours is with {' '.join(block)[:60]!r}", remedy="write it below, as 'Answer: 365'"
        )
    return item


def diagnosed(items: list[dict[str, str]], diagnosis: Diagnosis, words: Words) -> str:
    """For each problem the right answer, where the working goes wrong, and its topic; then the weak topics by count."""
    rows, counted = [], Counter[str]()
    for number, item in enumerate(items, 1):
        topic = diagnosis.concepts.get(number, "")
        counted[taxonomy.resolve(topic) or topic] += bool(topic)
        cells = [item["problem"], item["answer"], diagnosis.answers.get(number, "?")]
        rows.append([escape(cell) for cell in (*cells, _first_wrong(item, words), topic)])
    heads = ("problem", "your_answer", "right_answer", "where", "topic")
    return table([words[name] for name in heads], rows) + _weak(diagnosis, counted, words)


def weak_topics(diagnosis: Diagnosis) -> list[str]:
    """Those that the taxonomy knows: a plan can be made for them."""
    known = (taxonomy.resolve(name) for name in diagnosis.topics or ())
    return list(dict.fromkeys(topic for topic in known if topic))


def _first_wrong(item: dict[str, str], words: Words) -> str:
    if not item["working"]:
        return ""
    wrong = next((equation for equation, right in checked_equations(item["working"]) if not right), None)
    return wrong or words["no_wrong_sum"]


def _weak(diagnosis: Diagnosis, counted: Counter[str], words: Words) -> str:
    if diagnosis.topics is None:
        return f"<p>{words['no_topics']}</p>"
    counts = {name: counted[taxonomy.resolve(name) or name] for name in diagnosis.topics}
    items = ""
    for name, count in sorted(counts.items(), key=lambda entry: -entry[1]):
        items += f"<li>{escape(name)}"
        if count:
            items += f" ({count})"
        items += "</li>"
    return f"<h3>{words['weak_topics']}</h3><ul>{items or words['none']}</ul>"
