"""The rooms of the house, and the files in it that git knows."""

import subprocess
from pathlib import Path

from tests.support.command import ROOT

ROOMS = ("common", "finetune", "tasks", "judges", "harness", "leaderboard")


def tracked(pattern: str) -> list[Path]:
    """What git knows or would add: nothing that is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return sorted(path for name in set(listed) if name and (path := ROOT / name).is_file())
