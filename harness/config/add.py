"""Adds a variant: its YAML, and its line in a suite. Writes nothing unless both are right afterwards."""

from pathlib import Path
from typing import Any

import yaml

from proctor.common.files import write_text
from proctor.common.refusal import Refusal
from proctor.common.schema import check_name, parse
from proctor.harness.config.suite import Suite, find_suite, variants_beside
from proctor.harness.config.variant import Variant
from proctor.harness.plan.plan import Plan, make_plan


def add_variant(
    name: str, fields: dict[str, Any], suite: str, store: Path, results: Path
) -> tuple[Path, Plan]:
    check_name(name, "variant")
    suite_path = find_suite(suite)
    path = variants_beside(suite_path) / f"{name}.yaml"
    if path.exists():
        raise Refusal(
            f"variant {name!r} is there already", remedy="edit its file, or choose another name", where=path
        )
    Suite.load(suite)  # a suite that is broken already must not be blamed on the new variant
    parse({"name": name, **fields}, Variant, f"proctor add {name}")
    before = suite_path.read_bytes().decode("utf-8")  # as it is, ends of lines and all
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))
        write_text(suite_path, _with_variant(before, name, suite_path))
        return path, make_plan(Suite.load(suite), results, store, [name])
    except BaseException:
        path.unlink(missing_ok=True)
        write_text(suite_path, before)
        raise


def _with_variant(text: str, name: str, path: Path) -> str:
    """The suite with one more variant. Edited as text: rewriting the YAML would lose the user's comments."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    at = next(
        (number for number, line in enumerate(lines) if line.lstrip("\ufeff").startswith("variants:")), None
    )
    if at is None:
        return text.rstrip("\r\n") + f"{end}variants:{end}  - {name}{end}"
    whole, mark, remark = lines[at].partition("#")
    head = whole.rstrip()
    if head.lstrip("\ufeff") != "variants:":
        if not head.endswith("]"):
            raise Refusal(
                "cannot add to 'variants:' as it is written", remedy=f"add {name} by hand", where=path
            )
        space = whole[len(head) :]
        comma = "" if head.endswith("[]") else ", "
        lines[at] = f"{head[:-1].rstrip().rstrip(',')}{comma}{name}]{space}{mark}{remark}"
        return end.join(lines) + end
    last = at
    for number in range(at + 1, len(lines)):
        if lines[number].lstrip().startswith("- "):
            last = number
        elif lines[number].strip() and not lines[number].lstrip().startswith("#"):
            break
    indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())] if last > at else "  "
    lines.insert(last + 1, f"{indent}- {name}")
    return end.join(lines) + end
