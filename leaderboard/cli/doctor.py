"""What this machine can run, and what of the tests stands in training sets: doctor, doctor data."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from proctor.common.terminal import Console, echo
from proctor.leaderboard import cli

MEANING = (
    "Counted are test items that have so many words in a row in common with a training set. Where items are written by "
    "rule, such as pupils' profiles, that can be a phrase that all of them have: 'at most 45 minutes a session'."
)
What = Annotated[
    Literal["machine", "data"], Argument(help="'data': the tasks and what stands in training sets.")
]


def doctor(
    what: What = "machine",
    all_: Annotated[bool, Option("--all", help="Of 'data': every training set of every task.")] = False,
    store: cli.Store = cli.STORE,
    json_: cli.AsJson = False,
) -> None:
    """What this machine can run, and for each thing that it can't, the one line that would change that."""
    from proctor.harness.doctor import examine_machine
    from proctor.harness.show import findings_as_table

    if what == "data":
        _data(store, all_, json_)
        return
    findings = examine_machine()
    if json_:
        cli.print_json(list(map(vars, findings)))
    else:
        Console().print(findings_as_table(findings))


def _data(store: Path, all_: bool, json_: bool) -> None:
    """Of each task in words what of its test stands in training sets; all shares with `all_`."""
    from proctor.harness.plan.overlaps import recipes_overlap
    from proctor.harness.show import overlaps_as_table

    tasks, absent = recipes_overlap(store)
    if json_:
        cli.print_json({"exams": tasks, "absent": absent})
        return
    for task in tasks:
        own_data = " (own data)" if task["own_data"] else ""
        echo(f"{task['exam']}{own_data}: {task['verdict']}")
    if all_:
        Console().print(overlaps_as_table(tasks))
    echo(MEANING if all_ else f"{MEANING} --all shows each training set, and shorter runs.")
    for line in absent:
        echo(f"not looked at: {line}")
