"""Reads a YAML file into a frozen schema. Every mistake in it becomes one line, in our words and never pydantic's.

class Pet(Frozen):
    name: str
    legs: int = 4

pet = read_yaml(Path("rex.yaml"), Pet)      # Refusal: legs: 'four' is not possible; a whole number is wanted (rex.yaml)
"""

import difflib
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer
from pydantic_core import ErrorDetails

from proctor.common.files import read_text
from proctor.common.refusal import Refusal, located

SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_DEEPEST = 50  # of lists and fields in each other
_MOST = 200_000  # values, what an alias repeats counted each time: nine aliases of nine of nine ... fill any memory
_LONGEST_FILE = 2_000_000  # letters; reading them takes some seconds
_LONGEST_VALUE = 80  # signs of a wrong value that are shown


class Frozen(BaseModel):
    """What a YAML file may hold: a field that is not declared is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Digested(Frozen):
    """`later` names fields that came later: at their defaults they are left out, so that old digests stay."""

    later: ClassVar[tuple[str, ...]]

    @model_serializer(mode="wrap")
    def _without_what_came_later(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = whole(self)
        for name in self.later:
            if name in fields and fields[name] == type(self).model_fields[name].default:
                del fields[name]
        return fields


Schema = TypeVar("Schema", bound=BaseModel)


def check_name(name: str, what: str, where: Path | str | None = None) -> str:
    """Names become paths, so only names that are safe as paths are names."""
    if not SAFE_NAME.fullmatch(name):
        remedy = "choose another name"
        if suggest_name(name):
            remedy = f"call it {suggest_name(name)!r}"
        raise Refusal(
            f"{what} {name!r} is no safe name",
            "names become folders, so they match [a-z0-9][a-z0-9._-]*, at most 100 letters",
            remedy,
            where,
        )
    return name


def suggest_name(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:100]


LISTED = 60  # names in a message


def nearest(wrong: str, right: Sequence[str]) -> str:
    """`did you mean 'x'?`, or all the names there are, where a line can hold them."""
    for near in difflib.get_close_matches(wrong, right, n=1, cutoff=0.5):
        return f"did you mean {near!r}?"
    if len(right) > LISTED:
        return f"none of {len(right):,} names is like it"
    return f"possible: {', '.join(right) or 'none'}"


class _UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice: PyYAML would take the last one and say nothing."""

    depth = values = 0

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._repeats: dict[str | None, int] = {}  # values by anchor

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and lines.setdefault(key.value, line) != line:
                raise Refusal(
                    f"{key.value!r} stands twice, in lines {lines[key.value]} and {line}; leave one out"
                )
        return super().construct_mapping(node, deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Refusal(f"it is nested more than {_DEEPEST} deep")
        event: yaml.Event | None = self.peek_event()  # type: ignore[no-untyped-call]
        before = self.values
        self.values += 1
        if isinstance(event, yaml.AliasEvent):
            self.values += self._repeats.get(event.anchor, 0)
        if self.values > _MOST:
            raise Refusal(f"it holds more than {_MOST:,} values")
        node: yaml.Node | None = super().compose_node(parent, index)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            self._repeats[event.anchor] = self.values - before
        self.depth -= 1
        return node

    def text(self, node: yaml.ScalarNode) -> str:
        """YAML can spell half of a character, which is no text: it could be neither kept nor sent."""
        if any("\ud800" <= sign <= "\udfff" for sign in node.value):
            raise Refusal(f"half of a character stands in line {node.start_mark.line + 1}")
        return str(node.value)

    def whole_number(self, node: yaml.ScalarNode) -> int:
        """Beyond 2^53 a whole number becomes another one in a table, in JSON and in a mean."""
        number = 2**60
        if len(node.value) < 60:
            number = self.construct_yaml_int(node)
        if abs(number) > 2**53:
            line = node.start_mark.line + 1
            raise Refusal(f"{node.value[:20]}... in line {line} is too large", "2^53 is the largest number")
        return number


_UniqueKeyLoader.add_constructor("tag:yaml.org,2002:int", _UniqueKeyLoader.whole_number)
_UniqueKeyLoader.add_constructor("tag:yaml.org,2002:str", _UniqueKeyLoader.text)


class _BlockDumper(yaml.SafeDumper):
    """Writes a text of several lines as a block, as one writes it by hand."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_BlockDumper.add_representer(str, _text)


def yaml_of(fields: Mapping[str, Any]) -> str:
    """The fields in their order, as a YAML file that a person will edit."""
    text: str = yaml.dump(fields, Dumper=_BlockDumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def parse_yaml(text: str, where: Path | str) -> Any:
    """What the text holds; one line where it is no YAML."""
    if len(text) > _LONGEST_FILE:
        raise Refusal(f"it has {len(text):,} letters", f"at most {_LONGEST_FILE:,} are read", where=where)
    try:
        with located(where):
            return yaml.load(text, _UniqueKeyLoader)  # nosec B506
    except Refusal:
        raise
    except yaml.YAMLError as broken:
        line = ""
        if isinstance(broken, yaml.MarkedYAMLError) and broken.problem_mark:
            line = f" in line {broken.problem_mark.line + 1}"
        problem = getattr(broken, "problem", broken)
        raise Refusal(f"not readable as YAML{line}: {problem}", where=where) from None
    # A date that does not exist, a nesting that is too deep, and whatever PyYAML makes of `!!int ''` or `!!map [1]`.
    except (ValueError, RecursionError, ArithmeticError, LookupError, AttributeError, TypeError) as refused:
        raise Refusal(f"not readable as YAML: {refused}", where=where) from None


def load_yaml(path: Path) -> Any:
    """What the file holds, whatever that is."""
    return parse_yaml(read_text(path), path)


def read_yaml(path: Path, schema: type[Schema]) -> Schema:
    """The file, checked."""
    return parse(load_yaml(path), schema, path)


def read_named_yaml(path: Path, schema: type[Schema]) -> Schema:
    """The same for a thing that is called as its file is, so that a name cannot say two things."""
    raw = load_yaml(path)
    if isinstance(raw, dict):
        if "name" in raw:
            called = f"this one is called {path.stem!r}, as its file is"
            raise Refusal("unknown field 'name'", called, "leave it out", path)
        raw["name"] = path.stem
    return parse(raw, schema, path)


def parse(raw: Any, schema: type[Schema], where: Path | str | None) -> Schema:
    """What a file or an option holds, checked; `where` is named in the refusal."""
    if not isinstance(raw, dict):
        holds = f"holds {_kind_of(raw)}, not fields"
        if raw is None:
            holds = "is empty"
        raise Refusal(holds, "'name: value' on each line is wanted", where=where)
    try:
        return schema.model_validate(raw)
    except ValidationError as invalid:
        raise Refusal(_first_mistake(invalid, schema, raw), where=where) from None


def _kind_of(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return "text"
    return repr(value)


# What is wanted where a value has the wrong type, by pydantic's name of the mistake.
_WANTED = {
    "int": "a whole number", "float": "a number", "finite": "a finite number", "bool": "true or false",
    "string": "text", "list": "a list", "tuple": "a list", "set": "a list", "frozen": "a list", "iterable": "a list",
    "dict": "fields", "mapping": "fields", "model": "fields", "path": "a path", "none": "nothing",
}  # fmt: skip
# The same where the value is off limits: what is wanted, with the limit that pydantic names.
_LIMITS = {
    "greater_than": "more than {gt}", "greater_than_equal": "{ge} or more", "less_than": "less than {lt}",
    "less_than_equal": "{le} or less", "multiple_of": "a multiple of {multiple_of}",
    "too_short": "{min_length} or more", "too_long": "{max_length} or fewer",
    "string_too_short": "{min_length} letters or more", "string_too_long": "{max_length} letters or fewer",
    "string_pattern_mismatch": "text that matches {pattern}",
}  # fmt: skip


def _first_mistake(invalid: ValidationError, schema: type[BaseModel], raw: Any) -> str:
    mistakes: dict[tuple[int | str, ...], list[ErrorDetails]] = {}
    for error in invalid.errors():
        mistakes.setdefault(_place(error, raw), []).append(error)
    # A value that may be of several types fails for each; where it has fields, what is wrong in them says more.
    for place in list(mistakes):
        if any(other[: len(place)] == place and other != place for other in mistakes):
            mistakes[place] = [error for error in mistakes[place] if error["type"] == "value_error"]
    known = {place: errors for place, errors in mistakes.items() if errors}
    # A field under a wrong name is missing under its own: the name is what has to be mended.
    place = min(known, key=lambda place: known[place][0]["type"] != "extra_forbidden")
    mistake = _in_words(place, known[place], schema)
    if len(known) > 1:
        return f"{mistake} (and {len(known) - 1} more)"
    return mistake


def _place(error: ErrorDetails, raw: Any) -> tuple[int | str, ...]:
    """Where in the file a mistake is. Between the names of fields pydantic also names the types that it tried."""
    place: list[int | str] = []
    here = raw
    for part in error["loc"]:
        in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if in_list or (isinstance(here, dict) and part in here):
            here = here[part]
            place.append(part)
        elif isinstance(here, dict) and error["type"] == "missing" and part == error["loc"][-1]:
            place.append(part)
    return tuple(place)


def _in_words(place: tuple[int | str, ...], errors: list[ErrorDetails], schema: type[BaseModel]) -> str:
    field = ".".join(map(str, place))
    first = errors[0]
    if first["type"] == "extra_forbidden":
        return f"unknown field {field!r}; {nearest(str(place[-1]), _fields_at(schema, place[:-1]))}"
    if first["type"] == "missing":
        return f"field {field!r} is missing; add '{field.rpartition('.')[2]}: ...'"
    head = ""
    if field:
        head = f"{field}: "
    if first["type"] == "value_error":
        return head + str(first.get("ctx", {}).get("error", first["msg"]))
    shown = repr(first["input"])
    if len(shown) > _LONGEST_VALUE:
        shown = shown[:_LONGEST_VALUE] + "..."
    if first["type"] in ("literal_error", "enum") and len(errors) == 1:
        allowed = re.findall(r"'([^']*)'", str(first["ctx"]["expected"]))
        return f"{head}{shown} is not possible; {nearest(str(first['input']), allowed)}"
    return f"{head}{shown} is not possible; {' or '.join(_wanted(errors))} is wanted"


def _wanted(errors: Iterable[ErrorDetails]) -> list[str]:
    """What would have been right, each once: a value that may be of several types names them all."""
    wanted = []
    for error in errors:
        if error["type"] in _LIMITS:
            wanted.append(_LIMITS[error["type"]].format(**error["ctx"]))
        elif error["type"] in ("literal_error", "enum"):
            wanted.append(str(error["ctx"]["expected"]))
        else:
            wanted.append(_WANTED.get(error["type"].split("_")[0], "another value"))
    return list(dict.fromkeys(wanted))


def _fields_at(schema: Any, place: Iterable[int | str]) -> list[str]:
    """The names of fields that could have been meant at this place of the file."""
    for part in place:
        # None of the schemas has the part where it is a place in a list, or a name that the user chose.
        for model in reversed(_models_in(schema)):
            if part in model.model_fields:
                schema = model.model_fields[str(part)].annotation
    return list(dict.fromkeys(name for model in _models_in(schema) for name in model.model_fields))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The schemas that a field may hold, whether alone, in a list, by name or as one of several types."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
