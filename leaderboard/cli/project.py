"""A project and what is in it: init, list, add, schema."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

from typer import Argument, Option

from proctor.common.paths import KINDS, PACKAGE, find, names, project
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console, echo
from proctor.leaderboard.cli import RESULTS, STORE, AsJson, Results, Store, near, print_json, table

Kind = Literal["variants", "suites", "tasks", "prompts", "judges", "recipes"]


def init(name: Annotated[Path, Argument(help="The folder of the new project.")]) -> None:
    """Begin a project: its folders, a suite that runs at once, and a workflow for continuous integration."""
    from proctor.harness.config.project import make_project

    for path in make_project(name):
        echo(f"wrote {path}")
    echo(f"to run its suite: cd {name} && proctor run main")


def list_(
    kind: Annotated[Kind | None, Argument(help="What is listed; if nothing is said, all.")] = None,
    json_: AsJson = False,
) -> None:
    """What there is, in this project and among what ships: variants, suites, tasks, prompts, judges, recipes."""
    kinds = get_args(Kind) if kind is None else (kind,)
    listed = {each: list(_listed(each)) for each in kinds}
    if json_:
        print_json(listed)
        return
    for each, entries in listed.items():
        made = table(each, "", "about")
        for entry in entries:
            made.add_row(entry["name"], entry["from"], entry["about"])
        Console(markup=False).print(made)


def _listed(kind: str) -> Iterator[dict[str, str]]:
    if kind == "tasks":
        from proctor.tasks import TASKS

        for task in TASKS.values():
            yield {"name": task.name, "from": "ships", "about": f"{task.title}: {task.headline}"}
    for name in names(kind):
        path = find(kind, name)
        # Only in the checkout, which is a project too, do the user's own tasks lie where those that ship do.
        own = not path.is_relative_to(KINDS[kind].shipped) or (kind == "tasks" and project() == PACKAGE)
        place = near(path) if own else "ships"
        yield {"name": name, "from": place, "about": _about(kind, name, path)}


def _about(kind: str, name: str, path: Path) -> str:
    """What a file says of itself. One that is broken is listed with what is wrong with it."""
    from proctor.common.schema import load_yaml
    from proctor.finetune.recipe import Recipe
    from proctor.tasks.index import find_task

    try:
        if kind == "recipes":
            recipe = Recipe.load(name)
            sources = ", ".join(part.source for part in recipe.data)
            return f"{recipe.method} on {sources}"
        if kind == "tasks":
            task = find_task(name)
            return f"{task.title}: {task.headline}"
        fields = load_yaml(path)
        return str(fields.get("about", "")) if isinstance(fields, dict) else "is empty"
    except Refusal as refusal:
        return str(refusal)


def add(
    name: Annotated[str, Argument(help="What the variant is called: its file and its row.")],
    base: Annotated[str, Option(help="A hub id, a folder, or what the engine takes.")],
    recipe: Annotated[
        str | None, Option(help="How it is trained.", autocompletion=lambda: names("recipes"))
    ] = None,
    merge: Annotated[bool, Option("--merge", help="Merge the adapter into the weights.")] = False,
    quantization: Annotated[str | None, Option(help="nf4, fp8, q8_0, q5_k_m, q4_k_m, ...")] = None,
    engine: Annotated[
        str | None, Option(help="hf, vllm, llamacpp, openai, echo, or one of lm-eval's.")
    ] = None,
    endpoint: Annotated[str | None, Option(help="The address of an OpenAI-compatible server.")] = None,
    prompt: Annotated[
        str | None, Option(help="A prompt pack.", autocompletion=lambda: names("prompts"))
    ] = None,
    parent: Annotated[
        str | None, Option(help="The row that it is compared with.", autocompletion=lambda: names("variants"))
    ] = None,
    suite: Annotated[
        str, Option(help="The suite of the project that it joins; made where there is none.")
    ] = "main",
    results: Results = RESULTS,
    store: Store = STORE,
) -> None:
    """Add a variant: write its YAML, check it, add it to the suite, and say what running it will do."""
    from proctor.harness.config.add import add_variant
    from proctor.harness.show import plan_as_tables

    options = {
        "base": base, "recipe": recipe, "merge": merge or None, "quantization": quantization, "engine": engine,
        "endpoint": endpoint, "prompt": prompt, "parent": parent,
    }  # fmt: skip
    fields = {field: value for field, value in options.items() if value is not None}
    path, suite_path, made = add_variant(name, fields, suite, store, results)
    echo(f"wrote {near(path)}, and its line in {near(suite_path)}")
    for part in plan_as_tables(made):
        Console().print(part)
    echo(f"to run it: proctor run {suite} --only {name}")
    echo(f"without --only, {suite}'s other variants are asked too, where they have not been")
    echo(f"it is asked {', '.join(made.suite.tasks)}, as {near(suite_path)} says; --task NAME asks one alone")


def schema(
    kind: Annotated[str | None, Argument(help="A kind of YAML; without one, the kinds there are.")] = None,
) -> None:
    """The JSON Schema of a kind of YAML, so that an editor completes and checks it."""
    from proctor.common.schema import nearest
    from proctor.harness.config.schemas import MODELS, schema_of

    if kind is None:
        echo("\n".join(MODELS))
        return
    if kind not in MODELS:
        raise Refusal(f"no kind of YAML is called {kind!r}", nearest(kind, list(MODELS)))
    print_json(schema_of(kind))
