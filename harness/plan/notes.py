"""What a plan asks otherwise than a reader of its rows would think. Said before anything is asked."""

from collections.abc import Iterator

from proctor.harness.plan.plan import Plan
from proctor.tasks.prompt_pack import OWN, STOCK, Pack

REMEDIES = {
    OWN: "`train:` and `shots:` in the task's file give it examples",
    STOCK: "a stock task has those that its own framework shows",
}


def without_examples(plan: Plan) -> Iterator[str]:
    """A line where a prompt pack has solved examples, but none for a task."""
    for each in plan.variants:
        name, pack = each.variant.prompt, Pack.load(each.variant.prompt)
        for task in map(plan.suite.task, plan.suite.tasks):
            if pack.lacks_examples(task):
                alone = f"the examples of the prompt pack {name}, which are for other tasks"
                yield f"{each.variant.name}: {task.name} is asked without {alone}; {REMEDIES[task.asks]}"
