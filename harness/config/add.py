"""Adds a variant: its YAML, and its line in a suite. Writes nothing unless both are right afterwards."""

from pathlib import Path
from typing import Any

import yaml

from proctor.common.files import write_text
from proctor.common.paths import KINDS, from_here, inside, project, project_of
from proctor.common.refusal import Refusal
from proctor.common.schema import check_name, parse
from proctor.harness.config.schemas import first_line
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
        write_text(
            path, first_line("variant", home) + yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
        )
        if before is None:
            parent = fields.get("parent")
            variants = [parent, name] if parent else [name]
            new = f"variants: [{', '.join(variants)}]\ntasks: [word_problems]\nbaseline: {variants[0]}\n"
            write_text(suite_path, first_line("suite", home) + new)
        else:
            write_text(suite_path, with_entry(before, "variants", name))
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


def with_entry(text: str, field: str, name: str) -> str:
    """The suite with one more entry in a list of its, such as 'variants'.

    Put into the text where YAML says that the list ends: writing it anew would lose the user's comments.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    suite = yaml.compose(text)
    assert suite is not None  # it was loaded before
    lists = {key.value: value for key, value in suite.value}
    if field not in lists:
        return text.rstrip("\r\n") + f"{end}{field}:{end}  - {name}{end}"
    there = lists[field]
    if not there.value:  # as []
        at, new = there.end_mark.index - 1, name
    elif there.flow_style:
        at, new = there.value[-1].end_mark.index, f", {name}"
    else:
        at = (text + "\n").index("\n", there.value[-1].end_mark.index)
        at, new = len(text[:at].removesuffix("\r")), f"{end}{' ' * there.start_mark.column}- {name}"
    return text[:at] + new + text[at:]
