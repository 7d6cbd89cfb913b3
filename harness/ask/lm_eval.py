"""Puts one of our lm-eval tasks to an open engine: lm-eval lays out the prompt and the shots, we ask.

lm-eval's own evaluator is left out, because it cannot resume a batch.
"""

import logging
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from proctor.common.paths import PACKAGE, find
from proctor.harness.ask.cell import AskedSample, CellRun
from proctor.harness.ask.responses import Advance, respond
from proctor.harness.engines.protocol import Engine, Options, Request
from proctor.tasks import Task
from proctor.tasks.prompt_pack import Pack
from proctor.tasks.stock.loading import compile_templates_once


def ask_lm_eval(engine: Engine, cell: CellRun, progress: Advance) -> list[AskedSample]:
    """A response to every sample, scored where rules score it."""
    task, pack = lm_eval_task(cell.task, cell.variant.prompt), Pack.load(cell.variant.prompt)
    asked: list[AskedSample] = []
    sampling = cell.variant.sampling
    limit, until = limits(task)
    if sampling.max_tokens is not None:
        limit = sampling.max_tokens
    options = Options(limit, until, sampling.temperature, sampling.top_p, sampling.seed, sampling.logprobs)
    places = {item: place for place, item in enumerate(task.eval_docs["id"])}

    def requests() -> Iterator[Request]:
        """Written one by one: an engine on a GPU begins with the first of them."""
        for doc in cell.docs:
            item = task.eval_docs[places[doc["id"]]]
            prompt = laid_out(task, item, pack, pack.for_task(cell.task).shots, engine.apply_chat_template)
            for epoch in range(1, cell.variant.sampling.epochs + 1):
                asked.append(AskedSample(doc, epoch, prompt))
                yield Request(prompt, options, epoch)

    # Scored as they come, for the same reason: the engine goes on in the meantime.
    for index, response in respond(engine, requests(), cell.journal, progress):
        sample = asked[index]
        sample.response = response
        if not response.error and cell.task.scored_by == "rules":
            sample.score = cell.task.score(sample.doc, response.text)
        cell.answered(sample)
    return asked


def laid_out(task: Any, item: Any, pack: Pack, shots: int, chat_template: Callable[..., str]) -> str:
    """An item as an engine reads it, behind solved examples."""
    prompt: str = task.fewshot_context(
        item, num_fewshot=shots, apply_chat_template=pack.turns == "chat", fewshot_as_multiturn=True,
        chat_template=chat_template,
    )  # fmt: skip
    return prompt


def limits(task: Any) -> tuple[int, tuple[str, ...]]:
    """Tokens of a response, and what ends it, as the task has them."""
    settings = task.config.generation_kwargs
    return int(settings["max_gen_toks"]), tuple(settings["until"])


def lm_eval_task(task: Task, prompt: str) -> Any:
    """A task of ours as lm-eval's under a prompt pack, loaded without the fourteen thousand stock ones."""
    return _lm_eval_task(task, prompt, find("prompts", prompt), os.environ.get("PROCTOR_DATA"))


@cache
def _lm_eval_task(task: Task, prompt: str, _pack: Path, _data: str | None) -> Any:
    """Kept for each pack, since two projects may call different ones alike, and each folder of published data."""
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    compile_templates_once()
    if task.definition:
        return ConfigurableTask(config=task.definition.lm_eval_config(prompt))
    manager = TaskManager(
        include_path=str(PACKAGE / "tasks"), include_defaults=False, metadata={"prompt": prompt}
    )
    return manager.load(f"proctor_{task.name}")["tasks"][f"proctor_{task.name}"]
