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


def _is_entry(entry: object, key: str, topics: int) -> bool:
    """Of a list of facts: a text, the names of one topic, or which topic a mistake shows, where that is known."""
    if key == "mistake_topics":
        return entry is None or (type(entry) is int and 0 <= entry < topics)
    if key == "topics" and isinstance(entry, list):
        return all(isinstance(name, str) for name in entry)
    return isinstance(entry, str)


def checked_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as somebody wrote them, refused where a rule would misread them; a topic may be one name or a list."""
    topic_count = len(facts["topics"]) if isinstance(facts.get("topics"), list) else 0
    for key, value in facts.items():
        if key not in _KINDS:
            raise Refusal(f"no fact is called {key!r}; there are {', '.join(_KINDS)}")
        right, kind = _KINDS[key]
        if value is not None and (not isinstance(value, right) or isinstance(value, bool)):
            raise Refusal(f"the fact {key!r} is {value!r}, and should be {kind}")
        if kind == "a number" and value is not None and not 0 <= value <= _MOST:
            raise Refusal(f"the fact {key!r} is not from 0 to {_MOST:,}")
        if isinstance(value, list) and not all(_is_entry(entry, key, topic_count) for entry in value):
            raise Refusal(f"the fact {key!r} holds an entry that it cannot hold")
    if not any(map(words, map(str, facts.get("topics") or ()))):
        raise Refusal("the facts name no `topics`, and without them nobody can tell whose plan it is")
    topics = []
    for topic in facts["topics"]:
        if isinstance(topic, str):
            topic = [topic]
        topics.append(topic)
    return {**facts, "topics": topics}
