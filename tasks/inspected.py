"""Our tasks as stock Inspect tasks: the test's items in the wording of a prompt pack."""

from collections.abc import Callable
from typing import Any

from inspect_ai import Task as InspectTask
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, GenerateConfig
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Solver, generate, system_message

from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import Pack, render

Turns = Callable[[Pack, dict[str, Any]], list[ChatMessage]]


def inspect_task(
    name: str, prompt: str, scorer: Scorer, max_tokens: int, turns: Turns | None = None
) -> InspectTask:
    """Each item is one turn of the user, without examples; `turns` makes all turns of it, the system's too."""
    pack = Pack.load(prompt)
    system = pack.for_task(name).system.strip()
    samples = []
    for doc in TASKS[name].docs("test"):
        asked: str | list[ChatMessage] = render(pack, name, doc)[1]
        if turns:
            asked = turns(pack, doc)
        about = {"cluster": doc["cluster"], "doc": doc}
        samples.append(Sample(id=doc["id"], input=asked, target=doc["target"], metadata=about))
    solvers: list[Solver] = [generate()]
    if system and not turns:  # the template language of system_message would read braces in the wording
        solvers.insert(0, system_message(system.replace("{", "{{").replace("}", "}}")))
    return InspectTask(
        dataset=MemoryDataset(samples, name=name),
        solver=solvers,
        scorer=scorer,
        config=GenerateConfig(max_tokens=max_tokens, temperature=0.0),
        version=TASKS[name].version,
    )
