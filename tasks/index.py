"""Finds a task by what a suite calls it: one that ships, the user's own, or a stock one of lm-eval or Inspect.

find_task("gsm8k"), find_task("my_quiz"), find_task("lm_eval:arc_easy"), find_task("inspect:quiz.py@quiz")
"""

from dataclasses import replace
from pathlib import Path

from proctor.common.paths import names
from proctor.common.refusal import Refusal, located
from proctor.common.schema import nearest
from proctor.judges.judge import Judge
from proctor.tasks import TASKS, Task

KINDS = ("lm_eval", "inspect")


def find_task(name: str, metric: str | None = None, where: Path | str | None = None) -> Task:
    """The task of this name. Of a stock one `metric` becomes the headline, instead of its first."""
    if name in TASKS or ":" not in name:
        if metric is not None:
            raise Refusal(
                f"a metric for {name!r}", "only stock tasks have several to choose from", where=where
            )
        return TASKS[name] if name in TASKS else _own(name, where)
    kind = name.partition(":")[0]
    if kind not in KINDS:
        raise Refusal(
            f"no task {name!r}",
            f"stock ones begin with {' or '.join(f'{kind}:' for kind in KINDS)}",
            where=where,
        )
    with located(where):
        if kind == "lm_eval":
            from proctor.tasks.stock.lm_eval import stock_task

            return stock_task(name, metric)
        from proctor.tasks.stock.inspect import inspect_task

        return inspect_task(name, metric)


def as_judged(task: Task, judge: str) -> Task:
    """The task as a suite with this judge asks it: rules score written questions, unless the judge is one of questions.

    >>> as_judged(find_task("questions"), "question").headline
    'mean score'
    """
    if task.judge or not (task.solved or task.scored_by == "judge"):
        return task
    loaded = Judge.load(judge)
    if loaded.subject == "plan":
        return task
    if not task.solved:
        raise Refusal(
            f"judge {loaded.name!r} cannot score {task.name}", f"it judges a {loaded.subject} at a time",
            "name another judge, or put the task into a suite of its own",
        )  # fmt: skip
    scale = float(loaded.scale.lowest), float(loaded.scale.highest)
    return replace(task, scored_by="judge", headline="mean score", scale=scale)


def named_tasks(spec: str, where: Path | str | None = None) -> dict[str, str]:
    """The names under which a suite's line goes on, each with what finds it: several where it stands for a group."""
    if not spec.startswith("lm_eval:"):
        return {find_task(spec, where=where).name: spec}
    from proctor.tasks.stock.lm_eval import named

    with located(where):
        return named(spec)


def _own(name: str, where: Path | str | None) -> Task:
    if name not in names("tasks"):
        known = [*TASKS, *names("tasks")]
        raise Refusal(f"no task {name!r}", nearest(name, known), "add one as tasks/NAME.yaml", where)
    from proctor.tasks.own.task import own_task

    return own_task(name, where)
