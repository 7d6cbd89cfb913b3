"""Our tasks as stock Inspect tasks: the test's items in the wording of a prompt pack, without examples."""

from inspect_ai import Task as InspectTask
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Solver, generate, system_message

from proctor.tasks import TASKS
from proctor.tasks.pack import Pack, render


def inspect_task(name: str, prompt: str, scorer: Scorer, max_tokens: int) -> InspectTask:
    pack = Pack.load(prompt)
    system = pack.for_task(name).system.strip()
    samples = [
        Sample(
            id=doc["id"],
            input=render(pack, name, doc)[1],
            target=doc["target"],
            metadata={"cluster": doc["cluster"], "doc": doc},
        )
        for doc in TASKS[name].docs("test")
    ]
    solvers: list[Solver] = [generate()]
    if system:  # the template language of system_message would read braces in the wording
        solvers.insert(0, system_message(system.replace("{", "{{").replace("}", "}}")))
    return InspectTask(
        dataset=MemoryDataset(samples, name=name),
        solver=solvers,
        scorer=scorer,
        config=GenerateConfig(max_tokens=max_tokens, temperature=0.0),
        version=TASKS[name].version,
    )
