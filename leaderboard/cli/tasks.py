"""What is asked: `proctor tasks`, `proctor tasks show NAME`, `proctor tasks new NAME --from data.csv`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proctor.common import paths
from proctor.common.refusal import Refusal
from proctor.common.terminal import echo
from proctor.leaderboard.cli import AsJson, near, print_json, project

if TYPE_CHECKING:
    from proctor.tasks import Task

SHOWN = 3  # rendered samples
LONGEST = 600  # letters of a sample that are shown
# Headlines of stock tasks that are right or wrong: that their scores are no others is only known when they are there.
RIGHT_OR_WRONG = (
    "acc", "acc_norm", "acc_mutual_info", "exact_match", "includes", "match", "choice", "exact", "pattern", "answer",
)  # fmt: skip
SUPPOSED = ((0.1, "if one response in ten differs"), (0.5, "if every other one does"))


def tasks(context: typer.Context, json_: AsJson = False) -> None:
    """What is asked. Without a command: all tasks that a suite here can name."""
    if context.invoked_subcommand is not None:
        return
    project.list_("tasks", json_)
    if not json_:
        echo("and stock ones: lm_eval:NAME, inspect:PACKAGE/TASK, inspect:FILE.py@TASK")


def show(
    name: Annotated[str, typer.Argument(help="A task as a suite names it.")],
    limit: Annotated[int | None, typer.Option(min=1, help="As if so many of its items were asked.")] = None,
    prompt: Annotated[
        str, typer.Option(help="A prompt pack.", autocompletion=lambda: paths.names("prompts"))
    ] = "default",
    json_: AsJson = False,
) -> None:
    """What a task asks, how it is scored, and the smallest difference that its number of items can show."""
    from proctor.tasks.index import find_task, named_tasks

    shown = [_about(find_task(spec), limit, prompt) for spec in named_tasks(name).values()]
    if json_:
        print_json(shown if len(shown) > 1 else shown[0])
        return
    for about in shown:
        echo(f"{about['name']}: {about['title']}, {about['items']:,} items in {about['clusters']:,} clusters")
        echo(f"scored by {about['scored_by']}; headline: {about['headline']} ({about['kind']})")
        echo(about["smallest"])
        for number, sample in enumerate(about["samples"], 1):
            echo(f"\n--- sample {number} of {about['items']:,}: {sample['id']}\n{sample['asked']}")
            echo(f"--- right: {sample['right']}")


def _about(task: "Task", limit: int | None, prompt: str) -> dict[str, Any]:
    from proctor.tasks import target_of
    from proctor.tasks.draw import TaskItems

    items = TaskItems(task, task.docs("test"), limit or task.limit)
    clusters = len({doc["cluster"] for doc in items.asked})
    samples = [
        {"id": doc["id"], "asked": _cut(_asked(task, doc, prompt)), "right": _cut(target_of(doc))}
        for doc in items.asked[:SHOWN]
    ]
    scored_by = f"the judge {task.judge or 'of the suite'}" if task.scored_by == "judge" else "rules"
    return {
        "name": task.name, **task.about_data(), "items": len(items.asked), "of": len(items.every), "clusters": clusters,
        "framework": task.framework, "scored_by": scored_by, "headline": task.headline, "kind": task.kind,
        "smallest": _smallest(task, clusters), "samples": samples,
    }  # fmt: skip


def _asked(task: "Task", doc: dict[str, Any], prompt: str) -> str:
    from proctor.tasks.prompt_pack import Pack, render

    if "asked" in doc:  # a stock task, which has its own wording
        return str(doc["asked"])
    return "\n\n".join(part for part in render(Pack.load(prompt), task, doc) if part)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def _smallest(task: "Task", clusters: int) -> str:
    """In words: what so many clusters show with 80 % power, under what one may suppose before anything is seen."""
    from proctor.common.stats.power import paired_binary_effect, paired_real_effect

    if clusters < 2:
        return "with one cluster no difference can be shown"
    if task.kind == "binary" or (task.definition and task.headline.partition(" ")[0] in RIGHT_OR_WRONG):
        effects = [(paired_binary_effect(clusters, share), words) for share, words in SUPPOSED]
        told = {f"{100 * effect:.1f} points": words for effect, words in effects if effect}
        few = len(told) < 2  # so few items that whatever is shown, all that differ fall on one side
        listed = ", ".join(points if few else f"{points} {words}" for points, words in told.items())
        return f"smallest difference it shows (80 % power): {listed or 'none with so few items'}"
    low, high = task.scale
    sd = (high - low) / 4
    effect = paired_real_effect(clusters, sd)
    if effect is None or effect > high - low:
        return "smallest difference it shows: none with so few items"
    return f"smallest difference it shows (80 % power): {effect:.2g}, if differences have an s.d. of {sd:g}"


def new(
    name: Annotated[str, typer.Argument(help="What the task is called: its file and its column.")],
    source: Annotated[Path, typer.Option("--from", help="JSONL, JSON, CSV, TSV or parquet, an item a row.")],
    suite: Annotated[
        str, typer.Option(help="The suite of the project that it joins, where there is one of this name.")
    ] = "main",
) -> None:
    """Make a task of your data: guess its fields, write tasks/NAME.yaml, and show three samples as they are asked."""
    from proctor.common.files import write_text
    from proctor.common.schema import check_name, load_yaml, yaml_of
    from proctor.harness.config.add import with_entry
    from proctor.harness.config.schemas import first_line
    from proctor.tasks import TASKS, target_of
    from proctor.tasks.index import find_task
    from proctor.tasks.own.guess import guess
    from proctor.tasks.own.rows import read_rows

    path = paths.project() / "tasks" / f"{check_name(name, 'task')}.yaml"
    if path.exists() or name in TASKS:
        raise Refusal(f"there is a task {name!r} already", remedy="give another name", where=path)
    data = paths.from_here(str(source))
    fields = guess(read_rows(data), data)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, first_line("task", paths.project()) + yaml_of(fields))
    try:
        task = find_task(name)
        items = task.docs("test")
    except Refusal:
        path.unlink()
        raise
    echo(f"wrote {near(path)}: {len(items):,} items")
    for doc in items[:SHOWN]:
        echo(f"\n--- {doc['id']}\n{_cut(_asked(task, doc, 'default'))}\n--- right: {_cut(target_of(doc))}")
    known = {name: value for name, value in fields.items() if name not in ("prompt", "data")}
    echo(f"\nguessed: {json.dumps(known, ensure_ascii=False)}; edit the file where that is wrong")
    suite_path = paths.project() / "suites" / f"{suite}.yaml"
    if not suite_path.is_file():
        echo(f"to ask it: name {name} under 'tasks:' of a suite")
        return
    if name not in (load_yaml(suite_path).get("tasks") or ()):
        write_text(suite_path, with_entry(suite_path.read_text(encoding="utf-8"), "tasks", name))
    echo(f"added to {near(suite_path)}; to ask it: proctor run {suite} --task {name}")
