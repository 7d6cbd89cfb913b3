"""Known faults in the packages of requirements.lock: `python -m proctor.common.tools.audit`, a part of `make check`.

pip-audit asks the package index for advisories. Not every index has them: where the first package gets no answer, this
says so and asks about no other.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
OPTIONS = "--require-hashes --disable-pip --format json --progress-spinner off"
AUDIT = [sys.executable, "-m", "pip_audit", *OPTIONS.split()]


def audited(entries: Sequence[str], command: Sequence[str] = AUDIT) -> list[dict[str, Any]]:
    """What pip-audit says of each package that the index has something to say of."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(entries) + "\n")
        file.flush()
        done = subprocess.run(
            [*command, "--requirement", file.name], capture_output=True, text=True, check=False
        )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []  # no network, or no pip-audit: it says so on standard error
    return [package for package in packages if "skip_reason" not in package]


def faults_in(packages: Sequence[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        for fault in package["vulns"]:
            mended = ", ".join(fault["fix_versions"]) or "nowhere yet"
            yield f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}"


def main() -> int:
    entries = re.findall(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", LOCK.read_text(encoding="utf-8"), re.M | re.S)
    if not audited(entries[:1]):
        print(
            "advisories: the package index gives none here; known faults of dependencies were not looked for"
        )
        return 0
    packages = audited(entries)
    faults = list(faults_in(packages))
    print(
        *faults,
        f"advisories: {len(faults)} known faults in {len(packages)} of {len(entries)} packages",
        sep="\n",
    )
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
