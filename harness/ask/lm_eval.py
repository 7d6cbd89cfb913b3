"""Puts one of our lm-eval tasks to an open engine: lm-eval lays out the prompt and the shots, we ask.

lm-eval's own evaluator is left out, because it cannot resume a batch.
"""

import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from proctor.common.paths import PACKAGE, project
from proctor.harness.ask.cell import AskedSample, CellRun
from proctor.harness.ask.responses import Advance, respond
from proctor.harness.config.variant import Sampling
from proctor.harness.engines.protocol import Engine, Options, Request
from proctor.tasks import Task
from proctor.tasks.prompt_pack import Pack


def ask_lm_eval(engine: Engine, cell: CellRun, progress: Advance) -> list[AskedSample]:
    """A response to every sample, scored where rules score it."""
    task = lm_eval_task(cell.task, cell.variant.prompt)
    pack = Pack.load(cell.variant.prompt)
    options = _options(task, cell.variant.sampling)
    asked: list[AskedSample] = []
    places = {item: place for place, item in enumerate(task.eval_docs["id"])}

    def requests() -> Iterator[Request]:
        """Written one by one: an engine on a GPU begins with the first of them."""
        for doc in cell.docs:
            prompt = task.fewshot_context(
                task.eval_docs[places[doc["id"]]],
                num_fewshot=pack.for_task(cell.task).shots,
                apply_chat_template=pack.turns == "chat",
                fewshot_as_multiturn=True,
                chat_template=engine.apply_chat_template,
            )
            for epoch in range(1, cell.variant.sampling.epochs + 1):
                asked.append(AskedSample(doc, epoch, prompt))
                yield Request(prompt, options, epoch)

    # Scored as they come, for the same reason: the engine goes on in the meantime.
    for index, response in respond(engine, requests(), cell.journal, progress):
        sample = asked[index]
        sample.response = response
        if not response.error and cell.task.scored_by == "rules":
            sample.score = cell.task.score(sample.doc, response.text)
    return asked


def _options(task: Any, sampling: Sampling) -> Options:
    defaults = task.config.generation_kwargs
    limit = defaults["max_gen_toks"] if sampling.max_tokens is None else sampling.max_tokens
    return Options(
        limit,
        tuple(defaults["until"]),
        sampling.temperature,
        sampling.top_p,
        sampling.seed,
        sampling.logprobs,
    )


def lm_eval_task(task: Task, prompt: str) -> Any:
    """A task of ours as lm-eval's under a prompt pack, loaded without the fourteen thousand stock ones."""
    return _lm_eval_task(task, prompt, project())


@cache
def _lm_eval_task(task: Task, prompt: str, _project: Path) -> Any:
    """Kept for each project: two of them may call different packs alike."""
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    _compile_templates_once()
    if task.definition:
        return ConfigurableTask(config=task.definition.lm_eval_config(prompt))
    manager = TaskManager(
        include_path=str(PACKAGE / "tasks"), include_defaults=False, metadata={"prompt": prompt}
    )
    return manager.load(f"proctor_{task.name}")["tasks"][f"proctor_{task.name}"]


@cache
def _compile_templates_once() -> None:
    """lm-eval compiles a template anew for every item it fills in: four seconds of a GSM8K cell."""
    from lm_eval.utils import env

    env.from_string = cache(env.from_string)
