"""Puts any of lm-eval's own tasks to an open engine: what its command asks, in that command's order.

A sample may be several requests: a log-likelihood for each choice, or a text for each repeat. Their answers together
are the sample's one response, which lm-eval scores.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from proctor.common.refusal import Refusal
from proctor.harness.ask.cell import AskedSample, CellRun
from proctor.harness.ask.responses import Advance, respond, respond_in_batches
from proctor.harness.config.variant import Sampling
from proctor.harness.engines.protocol import Asks, Engine, Options, Request, Response
from proctor.harness.record import Sample, TaskRecord
from proctor.tasks import Task
from proctor.tasks.prompt_pack import Pack

Answer = tuple[Response, Any]  # and what lm-eval makes of it: a text, or a log-likelihood
GENERATE: Asks = "generate_until"
LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens")


def ask_stock(engine: Engine, cell: CellRun, progress: Advance) -> list[AskedSample]:
    """Any of lm-eval's tasks: what its own command asks, in that command's order; a sample may be several requests."""
    definition, sampling = cell.task.definition, cell.variant.sampling
    chat = engine.apply_chat_template if Pack.load(cell.variant.prompt).stock == "chat" else None
    asked: list[AskedSample] = []
    wanted: dict[Asks, list[tuple[int, int, Request]]] = {}  # the sample, the instance, the request
    for place, instances in definition.instances(cell.docs, chat):
        for epoch in range(1, sampling.epochs + 1):
            sample = len(asked)
            asked.append(AskedSample(cell.docs[place], epoch, str(instances[0].args[0])))
            for number, instance in enumerate(instances):
                for request in _requests(instance, sampling, epoch):
                    wanted.setdefault(request.asks, []).append((sample, number, request))
    answers: list[dict[int, list[Answer]]] = [{} for _ in asked]
    for asks, entries in wanted.items():
        respond_to = respond if asks == GENERATE else respond_in_batches
        responses = dict(respond_to(engine, [request for _, _, request in entries], cell.journal, progress))
        for index, (sample, number, _) in enumerate(entries):
            response, value = responses[index], responses[index].text
            if asks != GENERATE and not response.error:
                value = json.loads(value)
            answers[sample].setdefault(number, []).append((response, value))
    for each, by_instance in zip(asked, answers, strict=True):
        each.response = _together(definition, [by_instance[number] for number in sorted(by_instance)])
        if not each.response.error:
            each.score = cell.task.score(each.doc, each.response.text)
    return asked


def _requests(instance: Any, sampling: Sampling, epoch: int) -> Iterator[Request]:
    """One for each repeat. A log-likelihood is the same in every epoch, and is asked once."""
    repeats = instance.repeats or 1
    if instance.request_type == GENERATE:
        options = _stock_options(instance.args[1], sampling)
        for repeat in range(repeats):
            yield Request(instance.args[0], options, (epoch - 1) * repeats + repeat + 1, cut=True)
        return
    rolling = instance.request_type == "loglikelihood_rolling"
    continuation = "" if rolling else instance.args[1]
    for _ in range(repeats):
        yield Request(instance.args[0], Options(0), 1, instance.request_type, continuation)


def of_all_samples(
    task: Task, docs: Sequence[Mapping[str, Any]], rows: Sequence[Sample], about: TaskRecord
) -> dict[str, Any]:
    """What of a run.json only all samples together tell: lm-eval's aggregates, and the kind and scale of the scores."""
    by_id = {str(doc["id"]): doc for doc in docs}
    scored = [row for row in rows if row.score is not None]
    scores = [row.score for row in scored if row.score is not None]
    if not scores:
        return {}
    low, high = min(scores), max(scores)
    binary = set(scores) <= {0.0, 1.0}
    changed: dict[str, Any] = {"kind": "binary" if binary else "real"}
    if low < 0.0 or high > 1.0:  # no more than how far a plot reaches
        scale = float(math.floor(low)), float(max(math.ceil(high), math.floor(low) + 1))
        changed |= {"scale": scale, "scale_stated": False}
    if task.definition.weighted:
        changed["weighted"] = True
    aggregates = task.definition.aggregates([(by_id[row.sample_id], row.response) for row in scored])
    untested = tuple(task.definition.untested(aggregates))
    return {"task": about.changed(**changed), "aggregates": aggregates, "untested": untested}


def _stock_options(settings: Mapping[str, Any], sampling: Sampling) -> Options:
    """The task's own way of writing, unless the variant says another. lm-eval's own defaults are 256 tokens."""
    known = {"until", "do_sample", "temperature", "top_p", *LIMITS}
    unknown = sorted(name for name, value in settings.items() if name not in known and value is not None)
    if unknown:
        raise Refusal(f"the task sets {', '.join(unknown)}", "no engine here takes that in a request")
    until = settings.get("until") or []
    temperature = settings.get("temperature") or 0.0
    if not settings.get("do_sample", temperature > 0):
        temperature = 0.0
    limit = next((settings[name] for name in LIMITS if settings.get(name)), 256)
    return Options(
        int(limit) if sampling.max_tokens is None else sampling.max_tokens,
        (until,) if isinstance(until, str) else tuple(until),
        sampling.temperature or (temperature if sampling.temperature is not None else None),
        sampling.top_p or settings.get("top_p"),
        sampling.seed,
    )


def _together(definition: Any, answers: Sequence[Sequence[Answer]]) -> Response:
    """All responses to one sample as one: lm-eval scores them together."""
    responses, values = [], []
    for of_instance in answers:
        responses += [response for response, _ in of_instance]
        values.append([value for _, value in of_instance])
    for response in responses:
        if response.error:
            return response

    def total(name: str) -> Any:
        """None where one of the responses does not tell it."""
        numbers = [getattr(response, name) for response in responses]
        return None if None in numbers else sum(numbers)

    truncated = any(response.truncated for response in responses)
    text, tokens = definition.joined(values), (total("tokens_in"), total("tokens_out"))
    return Response(text, *tokens, truncated, total("seconds"))
