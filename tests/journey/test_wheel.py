"""The wheel, installed where no checkout is: one package, all its data, and the road from `init` to a board."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from proctor import __version__
from tests.support.command import ROOT
from tests.support.house import ROOMS, tracked

SETTINGS = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "80", "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, since building leaves a folder `build` beside the sources."""
    copy = tmp_path_factory.mktemp("copy")
    for path in tracked("*"):
        if path.relative_to(ROOT).parts[0] in (*ROOMS, "pyproject.toml", "README.md", "LICENSE"):
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copytree(
        ROOT / "proctor", copy / "proctor", symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    words = [
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--quiet",
        "--wheel-dir",
        "dist",
        ".",
    ]
    subprocess.run([sys.executable, "-m", "pip", *words], cwd=copy, check=True)
    (built,) = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """A new environment with the wheel in it; what it depends on is read from the environment of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--no-compile", "--quiet", str(wheel)], check=True
    )
    (site,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth is read, but the .pth files behind it are not: no editable Proctor gets in.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trial(environment, tmp_path_factory) -> Path:
    """A project that `proctor init` made in an empty folder. Its own variant answers in a few words: a whole study plan
    says no more of the wheel.
    """
    folder = tmp_path_factory.mktemp("empty")
    ok(inside(environment, folder, "init", "trial"))
    with (folder / "trial" / "variants" / "tiny-2shot.yaml").open("a", encoding="utf-8") as file:
        file.write("sampling: {max_tokens: 24}\n")
    return folder / "trial"


def inside(environment: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run([environment / "bin/proctor", *words], folder)


def run(words: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Without PYTHONPATH, which may name the checkout."""
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=600,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **SETTINGS},
    )  # fmt: skip


def ok(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_holds_one_package_and_everything_of_its_rooms_but_the_tools(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {"proctor", f"proctor-{__version__}.dist-info"}
    rooms = [path.relative_to(ROOT) for path in tracked("*") if path.relative_to(ROOT).parts[0] in ROOMS]
    wanted = {f"proctor/{path.as_posix()}" for path in rooms if "tools" not in path.parts}
    assert len(wanted) > 200
    assert wanted - names == set()
    assert not [name for name in names if "/tools/" in name]


def test_installed_proctor_is_the_wheels_and_says_its_version(environment, tmp_path):
    code = "import proctor; print(proctor.__file__, proctor.__version__)"
    done = run([environment / "bin/python", "-c", code], tmp_path)
    assert done.stdout.split() == [
        str(next(environment.glob("lib/python*/site-packages/proctor/__init__.py"))),
        __version__,
    ]
    assert ok(inside(environment, tmp_path, "--version")).strip() == f"proctor {__version__}"


def test_new_project_runs_its_suite_and_keeps_all_of_it_in_the_project(environment, trial):
    below = trial / "suites"  # a command finds its project from any folder inside it
    shown = ok(inside(environment, below, "run", "main", "--limit", "1", "--only", "tiny-2shot"))
    assert "Word problems: accuracy" in shown
    assert "Study plans: mean score" in shown
    for place in ("results/tiny-2shot/word_problems/run.json", "results/tiny-2shot/study_plan/samples.parquet",
                  "board/index.html", ".proctor/responses"):  # fmt: skip
        assert (trial / place).exists(), place
    assert "tiny-2shot" in shown


def test_suite_that_ships_is_planned_in_a_project(environment, trial):
    shown = json.loads(ok(inside(environment, trial, "plan", "demo", "--json")))
    assert {stage["kind"] for stage in shown["stages"]} == {"train", "merge", "quantize"}
    assert len(shown["cells"]) == 18


def test_nothing_was_written_into_the_installed_package(environment, wheel):
    site = next(environment.glob("lib/python*/site-packages"))
    files = [path for path in (site / "proctor").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    installed = set(zipfile.ZipFile(wheel).namelist())
    assert {path.relative_to(site).as_posix() for path in files} <= installed
