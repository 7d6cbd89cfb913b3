"""Tasks of Inspect as users write them: some that only generate, and some that cannot be asked here."""

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, ContentImage, GenerateConfig
from inspect_ai.scorer import choice, includes, match, model_graded_qa
from inspect_ai.solver import generate, multiple_choice, system_message, use_tools
from inspect_ai.tool import Tool, tool


def _samples(n: int) -> MemoryDataset:
    return MemoryDataset(
        [Sample(input=f"What is {a} + {a + 1}?", target=str(2 * a + 1)) for a in range(1, n + 1)]
    )


@task
def sums() -> Task:
    solver = [system_message("You are a maths teacher."), generate()]
    scorers = [includes(), match(numeric=True)]
    return Task(dataset=_samples(6), solver=solver, scorer=scorers, config=GenerateConfig(max_tokens=24))


@task
def picks() -> Task:
    samples = [Sample(input=f"{a} + {a}?", choices=[str(a), str(2 * a)], target="B") for a in range(1, 5)]
    config = GenerateConfig(max_tokens=8)
    return Task(
        dataset=MemoryDataset(samples), solver=multiple_choice(), scorer=choice(), epochs=2, config=config
    )


@tool
def adder() -> Tool:
    async def execute(x: int, y: int) -> str:
        """Add two numbers.

        Args:
            x: the first
            y: the second
        """
        return str(x + y)

    return execute


@task
def tooled() -> Task:
    return Task(dataset=_samples(1), solver=[use_tools(adder()), generate()], scorer=includes())


@task
def boxed() -> Task:
    return Task(dataset=_samples(1), solver=generate(), scorer=includes(), sandbox="local")


@task
def best() -> Task:
    return Task(dataset=_samples(1), solver=generate(), scorer=includes(), epochs=Epochs(3, "max"))


@task
def reduced() -> Task:
    return Task(dataset=_samples(1), solver=generate(), scorer=includes(), epochs=Epochs(3, ["mean", "mode"]))


@task
def limited() -> Task:
    config = GenerateConfig(max_tokens=24)
    return Task(dataset=_samples(3), solver=generate(), scorer=includes(), token_limit=5, config=config)


@task
def twins() -> Task:
    samples = [Sample(id=2, input="1 + 1?", target="2"), Sample(input="1 + 2?", target="3")]
    return Task(dataset=[*samples, Sample(id=2, input="1 + 3?", target="4")], scorer=includes())


@task
def pictures() -> Task:
    seen = Sample(input=[ChatMessageUser(content=[ContentImage(image="circle.png")])], target="a circle")
    return Task(dataset=[seen], solver=generate(), scorer=includes())


@task
def graded(grader: str | None = None) -> Task:
    return Task(dataset=_samples(1), solver=generate(), scorer=model_graded_qa(model=grader))
