"""The folder of pages that mkdocs makes the site from: README and docs/, and a reference made from models and commands.

python -m docs.pages build/docs

Every page is Markdown, and `llms.txt` is all of them in the order of mkdocs.yml.
"""

import dataclasses
import inspect
import json
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

import proctor
from proctor.common.refusal import Refusal
from proctor.common.stats import Difference
from proctor.harness.config.schemas import MODELS, schema_of
from proctor.leaderboard.cli.main import app
from proctor.leaderboard.compare.comparison import Comparison

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)#\s]+)")  # the path in ](path#heading)
WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}

Fields = Mapping[str, Any]


def write(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    pages = committed_pages() | {
        "reference-yaml.md": yaml_page(),
        "reference-commands.md": commands_page(),
        "reference-python.md": python_page(),
    }
    for name, text in pages.items():
        (target / name).write_text(text, encoding="utf-8")
    for picture in (*ROOT.glob("docs/*.png"), *ROOT.glob("docs/*.svg"), *ROOT.glob("docs/*.ipynb")):
        shutil.copy(picture, target)
    (target / "llms.txt").write_text(guide(pages), encoding="utf-8")


def committed_pages() -> dict[str, str]:
    """Every page in its place on the site, and links between them as they stand there."""
    places = {"README.md": "index.md"}
    for path in ROOT.glob("docs/*"):
        places[f"docs/{path.name}"] = path.name
    for path in (*ROOT.glob("tasks/*/README.md"), *ROOT.glob("judges/library/*/README.md")):
        kind = path.relative_to(ROOT).parts[0].removesuffix("s")
        places[path.relative_to(ROOT).as_posix()] = f"{kind}-{path.parent.name.replace('_', '-')}.md"
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        places[name] = name.lower()
    pages = {}
    for source, place in places.items():
        if source.endswith(".md"):

            def moved(link: re.Match[str], folder: str = posixpath.dirname(source)) -> str:
                path = posixpath.normpath(posixpath.join(folder, link[0]))
                return places.get(path, link[0])

            pages[place] = LINK.sub(moved, (ROOT / source).read_text(encoding="utf-8"))
    return pages


def guide(pages: Mapping[str, str]) -> str:
    """All pages as one text for a reader that follows no links."""
    parts = []
    for name in re.findall(r"[\w-]+\.md$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE):
        parts.append(f"<!-- page: {name} -->\n\n{pages[name].strip()}\n")
    return "\n".join(parts)


def table(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, re.sub(r"[^|]+", " --- ", head)]
    for row in rows:
        cells = [" ".join(cell.split()).replace("|", r"\|") for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def yaml_page() -> str:
    """Every kind of YAML, and then the parts that several kinds share."""
    text = [
        "# Every field of every YAML\n",
        "Made from the models that read the files. `proctor schema KIND` prints the same as JSON.\n",
    ]
    parts: dict[str, Fields] = {}
    for kind in MODELS:
        schema = schema_of(kind)
        parts |= schema.get("$defs", {})
        text += [f"## {kind}\n", fields_of(schema)]
    for name, part in sorted(parts.items()):
        text += [f"## {name}\n", fields_of(part)]
    return "\n".join(text)


def fields_of(schema: Fields) -> str:
    rows = []
    for name, field in schema.get("properties", {}).items():
        default = "required"
        if name not in schema.get("required", []):
            default = f"`{json.dumps(field.get('default', []), ensure_ascii=False)}`"
        rows.append((f"`{name}`", type_of(field), default, field.get("description", "")))
    return table("| field | type | default | what it says |", rows)


def type_of(field: Fields) -> str:
    """In words, for who writes YAML: `list of text`, `whole number or null`, a link to a part."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(map(type_of, field["anyOf"]))
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {type_of(field.get('items', {}))}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        return f"{type_of(values) if isinstance(values, dict) else 'anything'} by name"
    return WORDS.get(field.get("type", ""), "anything")


def commands_page() -> str:
    text = [
        "# Every command\n",
        "Made from the commands themselves; `proctor COMMAND --help` prints the same.\n",
    ]
    root = typer.main.get_command(app)
    for command, context in leaves(root, root.make_context("proctor", [], resilient_parsing=True)):
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        text += [f"## {context.command_path}\n", f"`{usage}`\n", inspect.cleandoc(command.help or ""), ""]
        rows = []
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and "--help" not in record[0]:
                rows.append((f"`{record[0]}`", record[1]))
        text.append(table("| option | what it does |", rows) if rows else "")
    return "\n".join(text)


def leaves(command: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    """Every command that does something, with the context that says how it is called."""
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield command, context
    for name, child in below.items():
        yield from leaves(child, child.make_context(name, [], parent=context, resilient_parsing=True))


def python_page() -> str:
    text = ["# From Python, call by call\n", f"{prose(proctor)}\n"]
    for name in proctor.__all__:
        member = getattr(proctor, name)
        if inspect.isfunction(member):
            call = (
                inspect.getsource(member).partition('"""')[0].strip()
            )  # as it is written: a parameter a line
            text += [f"## proctor.{name}\n", code(call), prose(member), ""]
    text += ["## proctor.Refusal\n", prose(Refusal), ""]
    for model in (Comparison, Difference):
        rows = []
        for field in dataclasses.fields(model):
            rows.append((f"`{field.name}`", f"`{inspect.formatannotation(field.type)}`"))
        text += [f"## {model.__name__}\n", prose(model), "", table("| field | type |", rows)]
    return "\n".join(text)


def prose(member: object) -> str:
    """The docstring as Markdown: examples in a block of code."""
    words, arrow, examples = inspect.cleandoc(member.__doc__ or "").partition(">>> ")
    if not arrow:
        return words
    return words + code(re.sub(r" *# doctest:.*", "", arrow + examples))


def code(text: str) -> str:
    return f"```python\n{text.strip()}\n```\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
