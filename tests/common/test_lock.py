"""requirements.lock names all that the wheel needs, each with its checksums; and what pip-audit says is told."""

import json
import re
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from proctor.common.tools import audit
from tests.support.command import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = {
    canonicalize_name(name): (version, hashes)
    for name, version, hashes in re.findall(r"^([\w.-]+)==(\S+) \\\n((?:    --hash=.*\n)+)", LOCK, re.M)
}


def needed(name: str, extra: str, known: set[tuple[str, str]]) -> set[str]:
    """The package and all that it needs here, by what the installed ones say."""
    if (name, extra) in known:
        return set()
    known.add((name, extra))
    names = {canonicalize_name(name)}
    for line in requires(name) or ():
        requirement = Requirement(line)
        if not requirement.marker or requirement.marker.evaluate({"extra": extra}):
            for asked in ("", *requirement.extras):
                names |= needed(requirement.name, asked, known)
    return names


def test_every_package_that_the_wheel_needs_is_pinned_as_it_was_tried() -> None:
    project = re.search(r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.M | re.S)
    assert project
    wanted: set[str] = set()
    for line in re.findall(r'"(.*?)"', project[1]):
        requirement = Requirement(line)
        for extra in ("", *requirement.extras):
            wanted |= needed(requirement.name, extra, set())
    assert len(wanted) > 100
    assert wanted - set(PINS) == set()
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for name, version in re.findall(r"^([\w.-]+)==(\S+)$", constraints, re.M):
        if canonicalize_name(name) in PINS:
            assert PINS[canonicalize_name(name)][0] == version, name


def test_every_pin_has_checksums_and_no_address() -> None:
    for name, (_, hashes) in PINS.items():
        for line in hashes.rstrip("\n").split("\n"):
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line), name
    assert len(PINS) == len(re.findall("==", LOCK))
    assert "://" not in LOCK


def said(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "said").write_text(text)
    return [sys.executable, "-c", f"print(open({str(tmp_path / 'said')!r}).read())"]


def test_known_faults_are_named_and_packages_without_advisories_are_not_counted(tmp_path: Path) -> None:
    fault = {"id": "CVE-2026-1", "fix_versions": ["1.1"]}
    packages = [
        {"name": "a", "version": "1.0", "vulns": [fault, {"id": "X-2", "fix_versions": []}]},
        {"name": "b", "version": "2.0", "vulns": []},
        {"name": "c", "skip_reason": "not found"},
    ]
    read = audit.audited(["a==1.0"], said(tmp_path, json.dumps({"dependencies": packages})))
    assert [package["name"] for package in read] == ["a", "b"]
    assert list(audit.faults_in(read)) == [
        "a 1.0: CVE-2026-1, mended in 1.1",
        "a 1.0: X-2, mended in nowhere yet",
    ]


@pytest.mark.parametrize("text", ["", "no network", "[", "{}"])
def test_audit_that_says_nothing_is_no_clean_one(tmp_path: Path, text: str) -> None:
    assert audit.audited(["a==1.0"], said(tmp_path, text)) == []
