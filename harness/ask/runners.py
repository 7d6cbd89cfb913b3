"""Puts one exam to one open engine and hands back the answers. One function for each framework an exam may be of.

Knows how each framework lays out prompts; must not know how rows are made, where weights come from or rows go.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from proctor.common.paths import PACKAGE, project
from proctor.common.refusal import Refusal
from proctor.harness.ask.answers import Answer, Options, Request, answer_all, answering
from proctor.harness.ask.marking import Answered, Exam, Progress
from proctor.harness.config.variant import Variant
from proctor.harness.engines import Engine
from proctor.tasks import Task
from proctor.tasks.pack import Pack


def run_lm_eval(engine: Engine, exam: Exam, progress: Progress) -> list[Answered]:
    """lm-eval lays out the prompt and the shots; its evaluator is left out, because it cannot resume a batch."""
    task = lm_eval_task(exam.task.name, exam.variant.prompt)
    pack = Pack.load(exam.variant.prompt)
    defaults = task.config.generation_kwargs
    sampling = exam.variant.sampling
    options = Options(
        max_tokens=sampling.max_tokens or defaults["max_gen_toks"],
        until=tuple(defaults["until"]),
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        seed=sampling.seed,
    )
    asked: list[tuple[Mapping[str, Any], Request]] = []
    places = {item: place for place, item in enumerate(task.eval_docs["id"])}

    def asking() -> Iterator[Request]:
        """Written one by one: an engine on a GPU begins with the first of them."""
        for doc in exam.docs:
            prompt = task.fewshot_context(
                task.eval_docs[places[doc["id"]]],
                num_fewshot=pack.for_task(exam.task.name).shots,
                apply_chat_template=pack.turns == "chat",
                fewshot_as_multiturn=True,
                chat_template=engine.apply_chat_template,
            )
            for epoch in range(1, sampling.epochs + 1):
                asked.append((doc, Request(prompt, options, epoch)))
                yield asked[-1][1]

    mark = importlib.import_module(f"proctor.tasks.{exam.task.name}.task").mark
    answered: dict[int, Answered] = {}
    # Marked as they come, for the same reason: the engine goes on in the meantime.
    for place, answer in answering(engine, asking(), exam.journal, progress):
        doc, request = asked[place]
        marked = None if answer.error else mark(doc, answer.text)
        answered[place] = Answered(doc, request.epoch, request.prompt, answer, marked)
    return [answered[place] for place in range(exam.answers)]


def lm_eval_task(name: str, prompt: str) -> Any:
    """Our lm-eval task under a prompt pack, loaded without the fourteen thousand stock ones."""
    return _lm_eval_task(name, prompt, project())


@cache
def _lm_eval_task(name: str, prompt: str, _project: Path) -> Any:
    """Kept for each project: two of them may call different packs alike."""
    import logging

    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    _compile_templates_once()
    manager = TaskManager(
        include_path=str(PACKAGE / "tasks"), include_defaults=False, metadata={"prompt": prompt}
    )
    return manager.load(f"proctor_{name}")["tasks"][f"proctor_{name}"]


@cache
def _compile_templates_once() -> None:
    """lm-eval compiles a template anew for every item it fills in: four seconds of a GSM8K cell."""
    from lm_eval.utils import env

    env.from_string = cache(env.from_string)


def run_inspect(engine: Engine, exam: Exam, progress: Progress) -> list[Answered]:
    """Inspect runs the task without its scorer; the answers come through the bridge, and are kept like any others."""
    import inspect_ai

    from proctor.harness.ask import bridge

    module = importlib.import_module(f"proctor.tasks.{exam.task.name}.task")
    sampling = exam.variant.sampling
    wanted: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }
    if sampling.max_tokens:
        wanted["max_tokens"] = sampling.max_tokens
    task = getattr(module, exam.task.name)(prompt=exam.variant.prompt, judge=exam.judge)

    docs = {doc["id"]: doc for doc in exam.docs}
    task.dataset = task.dataset.filter(lambda sample: str(sample.id) in docs)
    failed: dict[str, Answer] = {}  # by what Inspect tells of it, which is the error alone

    def answer(requests: Sequence[Request]) -> list[Answer]:
        answers = answer_all(engine, requests, exam.journal, progress)
        failed.update({each.error: each for each in answers if each.error})
        return answers

    (log,) = bridge.evaluate(
        exam.variant.name, answer, _renderer(engine, exam.variant), exam.answers,
        lambda model: inspect_ai.eval(
            task, model=model, score=False, epochs=sampling.epochs, fail_on_error=False,
            max_samples=exam.answers, display="none", log_dir=str(exam.logs), log_level="error", ctl_server=False,
            log_format="eval", **wanted,
            log_realtime=False,  # nobody watches this log live, and its database would compete with the engine
        ),
    )  # fmt: skip
    if log.status != "success" or log.samples is None:
        raise Refusal(
            f"Inspect could not run {exam.task.name!r}", str(log.error.message if log.error else log.status)
        )
    return [_from_inspect(docs[str(sample.id)], sample, failed) for sample in log.samples]


def ready(task: Task, prompt: str) -> None:
    """What an exam needs before its first request, fetched while nobody waits for the engine."""
    if task.framework == "lm_eval":
        lm_eval_task(task.name, prompt)
    else:
        importlib.import_module("proctor.harness.ask.bridge")


def _renderer(engine: Engine, variant: Variant) -> Callable[[list[dict[str, str]]], str]:
    if Pack.load(variant.prompt).turns == "chat":
        return engine.apply_chat_template
    return lambda turns: "\n\n".join(turn["content"] for turn in turns)


def _from_inspect(doc: Mapping[str, Any], sample: Any, failed: Mapping[str, Answer]) -> Answered:
    if sample.error:
        error = sample.error.message
        return Answered(doc, sample.epoch, "", failed.get(error, Answer("", error=error)))
    usage, told = sample.output.usage, sample.output.metadata or {}
    answer = Answer(
        sample.output.completion,
        usage.input_tokens if usage else None,
        usage.output_tokens if usage else None,
        sample.output.stop_reason == "max_tokens",
        told.get("seconds"),
    )
    return Answered(doc, sample.epoch, told.get("prompt", ""), answer)


RUNNERS: Mapping[str, Callable[[Engine, Exam, Progress], list[Answered]]] = {
    "lm_eval": run_lm_eval,
    "inspect": run_inspect,
}
