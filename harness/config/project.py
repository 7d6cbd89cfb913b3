"""Begins a project: the folders that `proctor` looks into, a suite that runs at once, and a workflow for a host."""

import json
from pathlib import Path

from proctor.common.files import write_text
from proctor.common.paths import PACKAGE
from proctor.common.refusal import Refusal
from proctor.harness.config import schemas

FOLDERS = ("suites", "variants", "tasks", "prompts", "judges", "recipes", "results")
TEMPLATE = PACKAGE / "harness" / "config" / "template"
FILES = {
    "proctor.yaml": "proctor.yaml",
    "suites/main.yaml": "suite.yaml",
    "variants/tiny-2shot.yaml": "variant.yaml",
    ".gitignore": "gitignore.txt",
    ".github/workflows/proctor.yaml": "workflow.yaml",
}


def make_project(folder: Path) -> list[Path]:
    """Makes a project in a folder that is new or empty, and returns the files that it wrote."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise Refusal("there is something already", remedy="name a new folder, or an empty one", where=folder)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    written = []
    for name, source in FILES.items():
        path = folder / name
        write_text(path, (TEMPLATE / source).read_text(encoding="utf-8"))
        written.append(path)
    for kind in schemas.MODELS:
        text = json.dumps(schemas.schema_of(kind), indent=1, ensure_ascii=False)
        write_text(folder / schemas.FOLDER / f"{kind}.json", text + "\n")
    return written
