"""What may come in: values that fit a JSON schema, the same with odd things in their places, and damaged text."""

import json
import math
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

NESTED: Any = 1
for _ in range(120):
    NESTED = [NESTED]

# In the place of anything.
ODD = [
    None, True, False, 0, -1, 1, 2, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308, 1e-320, math.nan, math.inf,
    -math.inf, "", " ", "0", "1_0", "1e999", "nan", "None", "../../etc/passwd", "/etc/passwd", "a/b", "CON",
    "x" * 5_000,
    "\x1b]0;title\x07\x1b[2J", "\u202eabc", "\ud800", "\0", "{{ 7 * 7 }}", "{x}", "%s", "=1+1", "https://u:p@host/v1",
    "file:///etc/passwd", "<script>alert(1)</script>", "१२", "²", "½", "題目", "e\u0301",
    [], {}, [None], [[]], {"": ""},
    {"a": {"a": {"a": []}}}, [1, "1", 1.0, True], "9" * 5_000, NESTED,
]  # fmt: skip
odd = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.lists(st.sampled_from(ODD), max_size=3),
)
words = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["x", "tiny", "word_problems", "default", "a-b.c_1", "number", "study_plan"]),
)


@st.composite
def damaged(draw: st.DrawFn, sound: Any) -> Any:
    """A value with up to three of its parts taken away, doubled, renamed or replaced by odd ones."""
    value = json.loads(json.dumps(sound if not isinstance(sound, st.SearchStrategy) else draw(sound)))
    for _ in range(draw(st.integers(0, 3))):
        value = _changed(draw, value, outside=True)
    return value


def _changed(draw: st.DrawFn, value: Any, outside: bool = False) -> Any:
    """`outside` it is seldom another thing altogether: all kinds of those are refused alike."""
    inside = draw(st.integers(0, 30 if outside else 5))
    if isinstance(value, dict) and value and inside:
        key = draw(st.sampled_from(sorted(value)))
        what = draw(st.integers(0, 7))
        if what == 0:
            return {name: each for name, each in value.items() if name != key}
        if what == 1:
            return {**value, draw(words): draw(odd)}
        return {**value, key: _changed(draw, value[key])}
    if isinstance(value, list) and value and inside:
        at = draw(st.integers(0, len(value) - 1))
        what = draw(st.integers(0, 7))
        if what == 0:
            return value[:at] + value[at + 1 :]
        if what == 1:
            return [*value, value[at]]
        return [*value[:at], _changed(draw, value[at]), *value[at + 1 :]]
    return draw(odd)


def fitting(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values for a JSON schema as pydantic writes it, whatever our own validators say of them."""
    if "$ref" in schema:
        return st.deferred(lambda: fitting(defs[schema["$ref"].rpartition("/")[2]], defs, depth + 1))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return st.one_of([fitting(each, defs, depth) for each in several])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return _objects(schema, defs, depth)
    if kind == "array":
        items = fitting(schema.get("items", {}), defs, depth + 1)
        least = min(schema.get("minItems", 0), 5)
        return st.lists(items, min_size=least, max_size=max(least, min(schema.get("maxItems", 3), 3)))
    if kind == "integer":
        lowest = max(schema.get("minimum", -5), schema.get("exclusiveMinimum", -6) + 1)
        return st.integers(lowest, min(schema.get("maximum", 2**53), lowest + 2**40))
    if kind == "number":
        lowest, highest = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
        return st.floats(lowest, highest, allow_nan=False, allow_infinity=False)
    if kind == "boolean":
        return st.booleans()
    if kind == "null":
        return st.none()
    return words if kind == "string" else st.one_of(words, st.integers(0, 9))


def _objects(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    fields, needed = schema.get("properties", {}), set(schema.get("required", ()))
    if not fields:
        more = schema.get("additionalProperties")
        inner = fitting(more, defs, depth + 1) if isinstance(more, dict) else words
        return st.dictionaries(words, inner, max_size=3)
    every = {name: fitting(each, defs, depth + 1) for name, each in fields.items()}
    return st.fixed_dictionaries(
        {name: each for name, each in every.items() if name in needed},
        optional={name: each for name, each in every.items() if name not in needed and depth < 6},
    )


@st.composite
def torn(draw: st.DrawFn, text: st.SearchStrategy[str]) -> bytes:
    """The bytes of a text: as they are, cut, doubled, or with others among them."""
    content = draw(text).encode("utf-8", "surrogatepass")
    what = draw(
        st.sampled_from(["as it is", "as it is", "cut", "doubled", "put in", "byte order mark", "windows"])
    )
    at = draw(st.integers(0, len(content)))
    changes = {
        "cut": content[:at],
        "doubled": content + content,
        "put in": content[:at] + draw(st.binary(max_size=4)) + content[at:],
        "byte order mark": b"\xef\xbb\xbf" + content,
        "windows": content.replace(b"\n", b"\r\n"),
    }
    return changes.get(what, content)
