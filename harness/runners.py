"""Puts one exam to one open engine: answers first, marks after. One function for each framework an exam may be of.

Knows how each framework lays out prompts and marks; must not know where weights come from or where rows go.
"""

import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.answers import Answer, Journal, Options, Request, answer_all
from harness.engines import Engine
from harness.errors import UserError
from harness.record import Sample, Status
from harness.schema import digest
from harness.variant import ROOT, Variant
from tasks import Task, doc_hash
from tasks.mark import Mark
from tasks.pack import Pack

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Exam:
    """One variant before one task: what a runner needs to know, and nothing of how it came about."""

    variant: Variant
    task: Task
    docs: list[dict[str, Any]]
    judge: str
    journal: Journal
    logs: Path

    @property
    def answers(self) -> int:
        return len(self.docs) * self.variant.sampling.epochs


@dataclass(frozen=True)
class _Marked:
    """One answer after marking, whatever the framework."""

    doc: Mapping[str, Any]
    epoch: int
    prompt: str
    answer: Answer
    mark: Mark | None
    problem: str = ""


def run_lm_eval(engine: Engine, exam: Exam, progress: Progress) -> list[Sample]:
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
    items = list(task.eval_docs)[: len(exam.docs)]
    prompts = [
        task.fewshot_context(
            item,
            num_fewshot=pack.for_task(exam.task.name).shots,
            apply_chat_template=pack.turns == "chat",
            fewshot_as_multiturn=True,
            chat_template=engine.apply_chat_template,
        )
        for item in items
    ]
    asked = [
        (doc, Request(prompt, options, epoch))
        for doc, prompt in zip(exam.docs, prompts, strict=True)
        for epoch in range(1, sampling.epochs + 1)
    ]
    answers = answer_all(engine, [request for _, request in asked], exam.journal, progress)
    mark = importlib.import_module(f"tasks.{exam.task.name}.task").mark
    marked = (
        _Marked(doc, request.epoch, request.prompt, answer, None if answer.error else mark(doc, answer.text))
        for (doc, request), answer in zip(asked, answers, strict=True)
    )
    return [_row(exam, one) for one in marked]


def lm_eval_task(name: str, prompt: str) -> Any:
    """Our lm-eval task under a prompt pack, loaded without the fourteen thousand stock ones."""
    import logging

    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    manager = TaskManager(
        include_path=str(ROOT / "tasks"), include_defaults=False, metadata={"prompt": prompt}
    )
    return manager.load(f"proctor_{name}")["tasks"][f"proctor_{name}"]


def run_inspect(engine: Engine, exam: Exam, progress: Progress) -> list[Sample]:
    """Inspect runs the task and its scorer; the answers come through the bridge, and are kept like any others."""
    import inspect_ai

    from harness import bridge

    module = importlib.import_module(f"tasks.{exam.task.name}.task")
    sampling = exam.variant.sampling
    wanted: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }
    if sampling.max_tokens:
        wanted["max_tokens"] = sampling.max_tokens
    task = getattr(module, exam.task.name)(prompt=exam.variant.prompt, judge=exam.judge)

    def answer(requests: Sequence[Request]) -> list[Answer]:
        return answer_all(engine, requests, exam.journal, progress)

    (log,) = bridge.evaluate(
        exam.variant.name, answer, _renderer(engine, exam.variant), exam.answers,
        lambda model: inspect_ai.eval(
            task, model=model, score=False, limit=len(exam.docs), epochs=sampling.epochs, fail_on_error=False,
            max_samples=exam.answers, display="none", log_dir=str(exam.logs), log_level="error", ctl_server=False,
            log_format="eval", **wanted,
            log_realtime=False,  # nobody watches this log live, and its database would compete with the engine
        ),
    )  # fmt: skip
    if log.status != "success" or log.samples is None:
        raise UserError(
            f"Inspect could not run {exam.task.name!r}", str(log.error.message if log.error else log.status)
        )
    answered = [sample for sample in log.samples if not sample.error]
    if answered:
        scored = inspect_ai.score(
            log.model_copy(update={"samples": answered}), task.scorer, action="overwrite", display="none"
        )
        answered = list(scored.samples or [])
    docs = {doc["id"]: doc for doc in exam.docs}
    failed = [sample for sample in log.samples if sample.error]
    return [_row(exam, _from_inspect(docs[str(s.id)], s)) for s in [*answered, *failed]]


def _renderer(engine: Engine, variant: Variant) -> Callable[[list[dict[str, str]]], str]:
    if Pack.load(variant.prompt).turns == "chat":
        return engine.apply_chat_template
    return lambda turns: "\n\n".join(turn["content"] for turn in turns)


def _from_inspect(doc: Mapping[str, Any], sample: Any) -> _Marked:
    if sample.error:
        return _Marked(doc, sample.epoch, "", Answer("", error=sample.error.message), None)
    usage = sample.output.usage
    answer = Answer(
        sample.output.completion,
        usage.input_tokens if usage else None,
        usage.output_tokens if usage else None,
        sample.output.stop_reason == "max_tokens",
        sample.output.time,
    )
    prompt = (sample.output.metadata or {}).get("prompt", "")
    (score,) = sample.scores.values()
    notes = score.metadata or {}
    # Inspect wants every figure of every sample; one that does not apply comes as not-a-number and is left out here.
    values = {name: float(value) for name, value in score.value.items() if not math.isnan(value)}
    if "overall" not in values:  # no verdict, which is never a zero
        problem = score.explanation or "the judge gave no verdict"
        return _Marked(doc, sample.epoch, prompt, answer, None, problem=problem)
    mark = Mark(
        answer=score.answer or "",
        score=values.pop("overall"),
        metrics=values,
        parsed=bool(notes.get("parsed", True)),
        explanation=score.explanation or "",
    )
    return _Marked(doc, sample.epoch, prompt, answer, mark)


def _row(exam: Exam, marked: _Marked) -> Sample:
    answer, mark = marked.answer, marked.mark
    return Sample(
        variant=exam.variant.name,
        task=exam.task.name,
        task_version=exam.task.version,
        sample_id=str(marked.doc["id"]),
        cluster=str(marked.doc["cluster"]),
        epoch=marked.epoch,
        doc_hash=doc_hash(marked.doc),
        prompt_hash=digest(marked.prompt),
        prompt=marked.prompt,
        response=answer.text,
        answer=mark.answer if mark else "",
        target=_target(marked.doc),
        score=mark.score if mark else None,
        metrics=dict(mark.metrics) if mark else {},
        status=_status(answer, mark),
        explanation=answer.error or marked.problem or (mark.explanation if mark else ""),
        judge=exam.judge if exam.task.marked_by == "judge" else "",
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        seconds=answer.seconds,
    )


def _status(answer: Answer, mark: Mark | None) -> Status:
    """Why a score is what it is, the gravest reason first. A missing verdict is an error, never a zero."""
    if answer.error or mark is None:
        return "error"
    if answer.truncated:
        return "truncated"
    return "ok" if mark.parsed else "unparsed"


def _target(doc: Mapping[str, Any]) -> str:
    target = doc.get("target", doc.get("answer", doc.get("concepts", "")))
    return target if isinstance(target, str) else json.dumps(target, ensure_ascii=False)


RUNNERS: Mapping[str, Callable[[Engine, Exam, Progress], list[Sample]]] = {
    "lm_eval": run_lm_eval,
    "inspect": run_inspect,
}
