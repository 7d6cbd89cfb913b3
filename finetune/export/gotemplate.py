"""Go templates, as far as a chat needs them: read and filled in here, so that what Ollama will say can be checked.

Knows text, `if`, `else if`, `else`, `end`, `range` and the functions `eq`, `and`, `not`, `len`, `slice`. Anything else
is refused: a template that is only half understood would be checked only half. Must not know what a chat is.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proctor.common.refusal import Refusal

ACTION = re.compile(r"\{\{(.*?)\}\}", re.S)
WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[()]|:=|,|[^\s(),]+)')
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "eq": lambda left, right: left == right,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "not": lambda value: not value,
    "len": len,
    "slice": lambda values, start: values[start:],
}


@dataclass(frozen=True)
class _Text:
    text: str


@dataclass(frozen=True)
class _Value:
    words: tuple[str, ...]


@dataclass(frozen=True)
class _If:
    words: tuple[str, ...]
    then: tuple["_Node", ...]
    other: tuple["_Node", ...]


@dataclass(frozen=True)
class _Range:
    names: tuple[str, ...]  # of the index and the element, where they have any
    words: tuple[str, ...]
    body: tuple["_Node", ...]


_Node = _Text | _Value | _If | _Range


def literal(text: str) -> str:
    """Text as it must stand in a Go template to come out as it is."""
    return text.replace("{{", '{{ "{{" }}')


def fill(template: str, values: Mapping[str, Any]) -> str:
    """What text/template makes of it: `.Name` and `$.Name` are looked up in `values`."""
    parts = ACTION.split(template)
    pieces: list[_Text | tuple[str, ...]] = [
        tuple(_words(part)) if at % 2 else _Text(part) for at, part in enumerate(parts) if at % 2 or part
    ]
    nodes, rest = _parse(pieces)
    if rest:
        raise Refusal(f"Go template: {' '.join(map(str, rest[0]))!r} closes nothing")  # type: ignore[arg-type]
    return _render(nodes, values, {"$": values})


def _words(action: str) -> list[str]:
    if action.startswith("-") or action.endswith("-"):
        raise Refusal("Go template: marks that trim spaces are not known here")
    return WORD.findall(action)


def _parse(
    pieces: list[_Text | tuple[str, ...]],
) -> tuple[tuple[_Node, ...], list[_Text | tuple[str, ...]]]:
    """Nodes up to an `end` or `else` that is not theirs, and what is left from there on."""
    nodes: list[_Node] = []
    while pieces:
        piece = pieces[0]
        if isinstance(piece, _Text):
            nodes.append(piece)
            pieces = pieces[1:]
        elif piece[0] in ("end", "else"):
            break
        elif piece[0] == "if":
            node, pieces = _parse_if(piece[1:], pieces[1:])
            nodes.append(node)
        elif piece[0] == "range":
            at = piece.index(":=") if ":=" in piece else 0
            names = tuple(name for name in piece[1:at] if name != ",")
            body, pieces = _parse(pieces[1:])
            pieces = _closed(pieces, "range")
            nodes.append(_Range(names, piece[at + 1 :], body))
        else:
            nodes.append(_Value(piece))
            pieces = pieces[1:]
    return tuple(nodes), pieces


def _parse_if(
    words: tuple[str, ...], pieces: list[_Text | tuple[str, ...]]
) -> tuple[_If, list[_Text | tuple[str, ...]]]:
    then, pieces = _parse(pieces)
    if pieces and not isinstance(pieces[0], _Text) and pieces[0][0] == "else":
        if pieces[0][1:2] == ("if",):
            inner, pieces = _parse_if(pieces[0][2:], pieces[1:])
            return _If(words, then, (inner,)), pieces
        other, pieces = _parse(pieces[1:])
        return _If(words, then, other), _closed(pieces, "if")
    return _If(words, then, ()), _closed(pieces, "if")


def _closed(pieces: list[_Text | tuple[str, ...]], what: str) -> list[_Text | tuple[str, ...]]:
    if not pieces or pieces[0] != ("end",):
        raise Refusal(f"Go template: {what!r} without its end")
    return pieces[1:]


def _render(nodes: Sequence[_Node], dot: Any, names: Mapping[str, Any]) -> str:
    made = []
    for node in nodes:
        match node:
            case _Text(text):
                made.append(text)
            case _Value(words):
                made.append(str(_value(words, dot, names)))
            case _If(words, then, other):
                made.append(_render(then if _value(words, dot, names) else other, dot, names))
            case _Range(called, words, body):
                for at, element in enumerate(_value(words, dot, names)):
                    own = dict(zip(called, (at, element) if len(called) == 2 else (element,), strict=False))
                    made.append(_render(body, element, {**names, **own}))
    return "".join(made)


def _value(words: Sequence[str], dot: Any, names: Mapping[str, Any]) -> Any:
    """A function before its arguments, or a single one."""
    arguments, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        if word == "(":
            depth, inner = 1, []
            while depth:
                if not rest:
                    raise Refusal("Go template: '(' without its ')'")
                word = rest.pop(0)
                depth += (word == "(") - (word == ")")
                inner.append(word)
            arguments.append(_value(inner[:-1], dot, names))
        else:
            arguments.append(_word(word, dot, names))
    if callable(arguments[0]):
        return arguments[0](*arguments[1:])
    if len(arguments) > 1:
        raise Refusal(f"Go template: {' '.join(words)!r} is no call of a function that is known here")
    return arguments[0]


def _word(word: str, dot: Any, names: Mapping[str, Any]) -> Any:
    if word in FUNCTIONS:
        return FUNCTIONS[word]
    if word.startswith('"'):
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], word[1:-1])
    if word.isdigit():
        return int(word)
    name, *fields = word.split(".")
    value = dot if name == "" else names.get(name)
    if value is None or not (name == "" or name.startswith("$")):
        raise Refusal(f"Go template: {word!r} is not known here")
    for field in filter(None, fields):
        value = value[field]
    return value
