"""JSON Schemas of the YAML files that users write, so that an editor completes and checks them.

`proctor init` puts them into the project as `.schemas/KIND.json`, and a file names its own in its first line.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from proctor.finetune.recipe import Recipe
from proctor.harness.config.suite import SuiteFile
from proctor.harness.config.variant import Variant
from proctor.judges.graders.grader import GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import PanelSpec
from proctor.judges.rubric import Rubric
from proctor.tasks.own.task import OwnTaskFile
from proctor.tasks.prompt_pack import Pack
from proctor.tasks.stock.loading import ProjectFile

FOLDER = ".schemas"

# By kind: the model, and its fields that the file does not have (a suite is called as its file is).
MODELS: dict[str, tuple[type[BaseModel], Sequence[str]]] = {
    "project": (ProjectFile, []),
    "suite": (SuiteFile, ["name"]),
    "variant": (Variant, ["name"]),
    "task": (OwnTaskFile, ["name"]),
    "recipe": (Recipe, []),
    "prompt": (Pack, []),
    "judge": (Judge, ["rubric", "prompt"]),
    "rubric": (Rubric, []),
    "grader": (GraderSpec, []),
    "panel": (PanelSpec, []),
}


def schema_of(kind: str) -> dict[str, Any]:
    """
    >>> schema_of("variant")["required"]
    ['base']
    """
    model, absent = MODELS[kind]
    schema = model.model_json_schema()
    for name in absent:
        schema["properties"].pop(name)
    schema["required"] = [name for name in schema.get("required", []) if name not in absent]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"Proctor: {kind}"}


def first_line(kind: str) -> str:
    """What an editor's YAML support looks for, in a file one folder below the project's."""
    return f"# yaml-language-server: $schema=../{FOLDER}/{kind}.json\n"
