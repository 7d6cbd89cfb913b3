"""The action for GitHub: the commands of its steps, run as they stand, in a folder that holds nothing but scores."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from proctor.leaderboard.report.github import LONGEST, MARKER
from tests.support.command import ROOT, share_forks

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, Any] = {step["name"]: step for step in ACTION["runs"]["steps"]}
COMMAND = """import sys
from pathlib import Path
from tests.support.command import proctor

if __name__ == "__main__":  # a fork imports this file as well
    done = proctor(*sys.argv[1:], cwd=Path.cwd())
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)
"""
GH = """#!/usr/bin/env bash
# Stands where GitHub's own tool does: writes down what it is asked, and knows of one comment or of none.
printf '%s\\n' "$*" >> "$GH_LOG"
case "$*" in *--jq*) printf '%s' "$GH_KNOWS";; esac
"""


def scores(worse: bool) -> str:
    """60 questions; `new` loses or gains 30 of them."""
    rows = ["variant,task,sample_id,score,answer,target"]
    for item in range(60):
        old, new = (1, int(item >= 30)) if worse else (int(item >= 30), 1)
        rows += [
            f"old,sums,{item},{old},{item + 1 - old},{item}",
            f"new,sums,{item},{new},{item + 1 - new},{item}",
        ]
    return "\n".join(rows) + "\n"


class Job:
    """What GitHub gives the steps of a job: their inputs, a folder for temporary files, and files for what they say."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        self.folder, self.temporary = folder / "checkout", folder / "temporary"
        self.folder.mkdir()
        self.temporary.mkdir()
        tools = folder / "tools"
        tools.mkdir()
        share_forks()  # the command in a fork: a new interpreter would read the same libraries for each step
        (tools / "proctor").write_text(f"#!{sys.executable}\n{COMMAND}")
        (tools / "gh").write_text(GH)
        for tool in tools.iterdir():
            tool.chmod(0o755)
        defaults = {name: str(about.get("default", "")) for name, about in ACTION["inputs"].items()}
        self.inputs = {**defaults, **inputs}
        self.environment = {
            **os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
            "RUNNER_TEMP": str(self.temporary), "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_REPOSITORY": "org/repository",
            "GH_LOG": str(folder / "gh.log"), "GH_KNOWS": "",
        }  # fmt: skip

    def run(self, step: str, **more: str) -> subprocess.CompletedProcess[str]:
        """As the runner does it: expressions become values of the environment, bash stops at the first failure."""
        own = {}
        for name, value in STEPS[step].get("env", {}).items():
            asked = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value)
            own[name] = self.inputs[asked[1]] if asked else "7"
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]], cwd=self.folder,
            env=self.environment | own | more, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


@pytest.mark.parametrize("worse", [True, False], ids=["worse", "better"])
def test_the_steps_import_report_comment_and_close_the_gate_only_on_a_loss(
    worse: bool, tmp_path: Path
) -> None:
    job = Job(tmp_path, variant="new", baseline="old", **{"import": "scores of today.csv\n\n"})
    (job.folder / "scores of today.csv").write_text(scores(worse))
    done = job.run("Import")
    assert done.returncode == 0, done.stderr
    done = job.run("Report")
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "summary.md").read_text()
    verdict = "Worse" if worse else "Better"
    assert summary.startswith(f"{MARKER}\n**{verdict}:** new than old on sums\n")
    assert ("30 lost, 0 gained" if worse else "0 lost, 30 gained") in summary
    assert len(summary) < LONGEST
    page = Path((tmp_path / "output").read_text().strip().removeprefix("page="))
    assert "<svg" in page.read_text()
    assert job.run("Comment").returncode == 0
    assert job.run("Comment", GH_KNOWS="123").returncode == 0
    log = (tmp_path / "gh.log").read_text().splitlines()
    body = f"-F body=@{job.temporary}/proctor/report.github.md"
    assert log[1] == f"api --method POST repos/org/repository/issues/7/comments {body}"
    assert log[3] == f"api --method PATCH repos/org/repository/issues/comments/123 {body}"
    gate = job.run("Compare")
    assert gate.returncode == int(worse), gate.stderr
    if worse:
        assert "worse: sums" in gate.stderr
        job.inputs["fail-on"] = "never"
        assert job.run("Compare").returncode == 0


def test_a_missing_variant_is_a_mistake_and_no_pass(tmp_path: Path) -> None:
    job = Job(tmp_path, variant="newer", baseline="old", **{"import": "s.csv"})
    (job.folder / "s.csv").write_text(scores(worse=False))
    assert job.run("Import").returncode == 0
    done = job.run("Compare")
    assert done.returncode == 2
    assert "no results of 'newer'" in done.stderr


def test_no_input_is_a_part_of_a_command_and_every_input_is_used() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for name, step in STEPS.items():
        assert "${{" not in step["run"], name
        assert step["shell"] == "bash"
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text


def test_what_is_installed_and_run_is_there(tmp_path: Path) -> None:
    words = STEPS["Install"]["run"].split()
    assert words[:4] == ["python", "-m", "pip", "install"]
    assert (ROOT / "constraints.txt").is_file()
    assert (ROOT / "pyproject.toml").is_file()
    job = Job(tmp_path, variant="new", baseline="old", suite="no-such-suite")
    assert "no-such-suite" in job.run("Run").stderr
    for name in ("bash", "sed"):
        assert shutil.which(name)
