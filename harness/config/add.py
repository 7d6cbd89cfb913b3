"""Adds a variant: its YAML, and its line in a suite. Writes nothing unless both are right afterwards."""

from pathlib import Path
from typing import Any

import yaml

from proctor.common.files import write_text
from proctor.common.paths import KINDS, from_here, inside, project, project_of
from proctor.common.refusal import Refusal
from proctor.common.schema import check_name, parse
from proctor.harness.config import schemas
from proctor.harness.config.suite import Suite, is_path
from proctor.harness.config.variant import Variant
from proctor.harness.plan.plan import Plan, make_plan


def add_variant(
    name: str, fields: dict[str, Any], suite: str, store: Path, results: Path
) -> tuple[Path, Path, Plan]:
    """Writes the variant and adds it to a suite of the project, which is made where there is none. What ships with
    Proctor is never edited. Returns the variant's file, the suite's file, and the plan of a run.
    """
    check_name(name, "variant")
    suite_path = _suite_path(suite)
    home = project_of(suite_path)
    with inside(home):
        fields = fields | {"base": from_here(fields["base"])}
    path = home / "variants" / f"{name}.yaml"
    if path.exists():
        raise Refusal(
            f"variant {name!r} is there already", remedy="edit its file, or choose another name", where=path
        )
    before = None
    if suite_path.exists():
        Suite.load(suite)  # a suite that is broken already must not be blamed on the new variant
        before = suite_path.read_bytes().decode("utf-8")  # as it is, ends of lines and all
    parse({"name": name, **fields}, Variant, f"proctor add {name}")
    try:
        _write(path, _hint("variant", home) + yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))
        if before is None:
            _write(suite_path, _hint("suite", home) + _new_suite(name, fields.get("parent")))
        else:
            _write(suite_path, with_entry(before, "variants", name, suite_path))
        return path, suite_path, make_plan(Suite.load(str(suite_path)), results, store, [name])
    except BaseException:
        path.unlink(missing_ok=True)
        if before is None:
            suite_path.unlink(missing_ok=True)
        else:
            write_text(suite_path, before)
        raise


def _suite_path(suite: str) -> Path:
    """The suite's file in the project, which need not be there yet."""
    if is_path(suite):
        path = Path(suite).resolve()
    else:
        path = project() / "suites" / f"{check_name(suite, 'suite')}.yaml"
    shipped = KINDS["suites"].shipped / path.name
    if path == shipped or (shipped.exists() and not path.exists()):
        raise Refusal(
            f"the suite {path.stem!r} ships with Proctor",
            "what ships is never edited",
            "name one of your own: --suite NAME makes it where there is none",
        )
    return path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def _hint(kind: str, home: Path) -> str:
    """The line by which an editor finds the schema, where the project has it."""
    there = (home / schemas.FOLDER / f"{kind}.json").is_file()
    return schemas.first_line(kind) if there else ""


def _new_suite(name: str, parent: str | None) -> str:
    variants = [parent, name] if parent else [name]
    lines = [f"variants: [{', '.join(variants)}]", "tasks: [word_problems]", f"baseline: {variants[0]}"]
    return "".join(f"{line}\n" for line in lines)


def with_entry(text: str, field: str, name: str, path: Path) -> str:
    """The suite with one more entry in a list of its, such as 'variants'.

    Edited as text: rewriting the YAML would lose the user's comments.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    # Not `splitlines`: it also cuts at U+2028 and U+0085, which may stand inside a line.
    lines = text.removesuffix("\n").removesuffix("\r").split(end)
    at = 0
    while at < len(lines) and not lines[at].lstrip("\ufeff").startswith(f"{field}:"):
        at += 1
    if at == len(lines):
        lines += [f"{field}:", f"  - {name}"]
    elif lines[at].lstrip("\ufeff").partition("#")[0].strip() == f"{field}:":
        _add_to_block(lines, at, name)
    else:
        lines[at] = _with_entry(lines[at], name, path)
    return end.join(lines) + end


def _with_entry(line: str, name: str, path: Path) -> str:
    """`variants: [tiny]  # ours` with one more in its brackets."""
    whole, sign, comment = line.partition("#")
    head = whole.rstrip()
    if not head.endswith("]"):
        raise Refusal(
            "cannot add to the list as it is written",
            line.strip()[:60],
            remedy=f"add {name} by hand",
            where=path,
        )
    space = whole[len(head) :]
    before = head[:-1].rstrip().rstrip(",")
    comma = "" if before.endswith("[") else ", "
    return f"{before}{comma}{name}]{space}{sign}{comment}"


def _add_to_block(lines: list[str], at: int, name: str) -> None:
    """One more `- name` after the last one below line `at`, as far in as that one."""
    last, indent = at, "  "
    for number in range(at + 1, len(lines)):
        line = lines[number]
        content = line.lstrip()
        if content.startswith("- "):
            last, indent = number, line[: len(line) - len(content)]
        elif content and not content.startswith("#"):
            break
    lines.insert(last + 1, f"{indent}- {name}")
