"""Facts of a pupil as somebody wrote them, checked: what rules may read.

checked_facts({"topics": ["areas"], "weeks": 3})     # {'topics': [['areas']], 'weeks': 3}
"""

from collections.abc import Mapping
from typing import Any

from proctor.common.refusal import Refusal
from proctor.judges.rules.text import words

_KINDS: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(("name", "goal", "language"), (str, "text")),
    **dict.fromkeys(("weeks", "minutes_per_week", "session_minutes"), (int | float, "a number")),
    **dict.fromkeys(
        ("topics", "mistakes", "notes", "busy", "mistake_topics", "inside", "outside"), (list, "a list")
    ),
}


_MOST = 1_000_000  # weeks or minutes


def _is_named(entry: object) -> bool:
    """An entry of a list of facts: a text, nothing, or a list of names for one thing."""
    if isinstance(entry, list):
        return all(isinstance(name, str) for name in entry)
    return entry is None or isinstance(entry, str)


def checked_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as somebody wrote them, refused where a rule would misread them; a topic may be one name or a list."""
    for key, value in facts.items():
        if key not in _KINDS:
            raise Refusal(f"no fact is called {key!r}; there are {', '.join(_KINDS)}")
        right, kind = _KINDS[key]
        if value is not None and (not isinstance(value, right) or isinstance(value, bool)):
            raise Refusal(f"the fact {key!r} is {value!r}, and should be {kind}")
        if kind == "a number" and value is not None and not 0 <= value <= _MOST:
            raise Refusal(f"the fact {key!r} is not from 0 to {_MOST:,}")
        if kind == "a list" and not all(map(_is_named, value or ())):
            raise Refusal(f"the fact {key!r} holds something that is neither a text nor a list of texts")
    if not any(map(words, map(str, facts.get("topics") or ()))):
        raise Refusal("the facts name no `topics`, and without them nobody can tell whose plan it is")
    topics = []
    for topic in facts["topics"]:
        if isinstance(topic, str):
            topic = [topic]
        topics.append(topic)
    return {**facts, "topics": topics}
