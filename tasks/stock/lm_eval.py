"""lm-eval's tasks by their names, and those of the user's own folder of them (`include_path:` in proctor.yaml).

    find_task("lm_eval:arc_easy").docs("test")

lm-eval lays out the prompts, filters the responses, and gives each sample its figures and all together their
aggregates; here stands only what turns that into items and scores.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from proctor.common.digest import digest
from proctor.common.paths import project
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest, suggest_name
from proctor.tasks import Task
from proctor.tasks.prompt_pack import STOCK
from proctor.tasks.score import ResponseScore
from proctor.tasks.stock import StockDefinition
from proctor.tasks.stock.loading import PREFIX, loaded

INVALID = "[invalid]"  # what lm-eval's filters give where nothing matches
GENERATED = "generate_until"
_TYPES = (GENERATED, "multiple_choice", "loglikelihood", "loglikelihood_rolling")
_MEANS = ("mean", "nanmean")
# Figures whose pieces are log-likelihoods: a sample's score is its own, by word or byte where they are, and counts by
# its words or bytes. Then the mean of the scores is the figure's logarithm, and a test of it one of the figure.
_WEIGHTED = ("weighted_perplexity", "bits_per_byte")
_LIKELIHOODS = ("perplexity", *_WEIGHTED)
# Figures of all labels together, which say nothing of a single one.
_LABELS = ("matthews_corrcoef", "f1_score")


Figures = tuple[list[list[Any]], dict[str, Any], dict[str, list[Any]]]


class LmEvalDefinition(StockDefinition):
    def __init__(self, lm_task: Any, metric: str | None) -> None:
        self.lm_task = lm_task
        self.called = str(lm_task.config.task)
        self.spec = PREFIX + self.called
        self._refuse_unfit()
        self.metric, self.filter = self._headline(metric)
        self.VERSION = f"lm-eval {lm_task.VERSION}"
        self._known: dict[tuple[str, str], Figures] = {}

    @cached_property
    def task(self) -> Task:
        name = f"{self.metric} ({self.filter})".removesuffix(" (none)")
        if self.weighted:
            name = f"log-likelihood, by length (of {name})"
        elif self._aggregation in _LIKELIHOODS:
            name = f"log-likelihood of each sample (of {name})"
        elif self._aggregation not in _MEANS:
            name = f"{name} of each sample"
        if not self.higher_is_better:
            name += ", negated"
        return Task(
            name_of(self.called), self.called, "lm_eval", "real", name, asks=STOCK,
            source="lm-eval", likelihoods=self.lm_task.OUTPUT_TYPE != GENERATED, definition=self,
        )  # fmt: skip

    @property
    def higher_is_better(self) -> bool:
        less = (self.lm_task.higher_is_better() or {}).get(self.metric) is False
        return self._aggregation in _LIKELIHOODS or not less

    @property
    def weighted(self) -> bool:  # type: ignore[override]
        return self._aggregation in _WEIGHTED

    @property
    def _aggregation(self) -> str:
        return self._aggregation_of(self.metric)

    def _aggregation_of(self, metric: str) -> str:
        return str(getattr(self.lm_task.aggregation()[metric], "__name__", ""))

    @cached_property
    def wording(self) -> str:
        """Of all that decides what is asked and how it is scored, beside the items."""
        config = self.lm_task.dump_config()
        config.pop("metadata", None)  # it names the file on this machine
        return digest(json.loads(json.dumps(config, default=str)))

    @cached_property
    def _docs(self) -> list[dict[str, Any]]:
        docs = []
        for index, raw in enumerate(self.lm_task.eval_docs):
            content = json.dumps(raw, default=str, ensure_ascii=False, sort_keys=True)
            docs.append(
                {"id": str(index), "cluster": str(index), STOCK: str(self.lm_task.doc_to_text(raw)),
                 "target": self._target(raw), "content": digest(content)}
            )  # fmt: skip
        if docs and self.lm_task.OUTPUT_TYPE == "multiple_choice" and not self.lm_task.multiple_input:
            self._refuse_unknown_golds()
        return docs

    def _refuse_unknown_golds(self) -> None:
        """lm-eval counts a sample as wrong whose right choice is none of its choices; all of them are a slip."""
        for raw in self.lm_task.eval_docs:
            gold, choices = self.lm_task.doc_to_target(raw), self.lm_task.doc_to_choice(raw)
            among = True
            if isinstance(gold, str):
                among = gold in choices
            elif isinstance(gold, int):
                among = 0 <= gold < len(choices)
            if among:
                return
        raise Refusal(
            f"{self.spec}: the right choice of no sample is among its choices",
            f"doc_to_target gives {gold!r}",
        )

    def _target(self, raw: Any) -> str:
        target = self.lm_task.doc_to_target(raw)
        if self.lm_task.OUTPUT_TYPE == "multiple_choice" and isinstance(target, int):
            choices = self.lm_task.doc_to_choice(raw)
            if 0 <= target < len(choices):
                target = str(choices[target])
        if isinstance(target, str):
            return target
        return json.dumps(target, default=str, ensure_ascii=False)

    def instances(
        self, docs: Sequence[Mapping[str, Any]], chat_template: Callable[..., str] | None
    ) -> Iterator[tuple[int, list[Any]]]:
        """What lm-eval asks for each of the items, as its own command would for these alone."""
        task, chat = self.lm_task, chat_template is not None
        task.set_fewshot_seed(seed=1234)  # that command's own
        for place, doc in enumerate(docs):
            raw = task.eval_docs[int(doc["id"])]
            prefix = task.doc_to_prefix(raw)
            context = task.fewshot_context(
                raw, num_fewshot=task.config.num_fewshot or 0, system_instruction=None, apply_chat_template=chat,
                fewshot_as_multiturn=chat, chat_template=chat_template, gen_prefix=prefix,
            )  # fmt: skip
            about = (self.called, int(doc["id"]), task.config.repeats)
            asked = task.construct_requests(
                doc=raw, ctx=context, metadata=about, apply_chat_template=chat, chat_template=chat_template
            )
            if not isinstance(asked, list):
                asked = [asked]
            yield place, asked

    def joined(self, answers: Sequence[Sequence[Any]]) -> str:
        """All answers to an item, a list for each instance with one of each repeat, as the text of one response."""
        if self._answers_in_text and len(answers) == len(answers[0]) == 1:
            return str(answers[0][0])
        return json.dumps(answers)

    @property
    def _answers_in_text(self) -> bool:
        return bool(self.lm_task.OUTPUT_TYPE == GENERATED and self.lm_task.config.repeats == 1)

    def _split(self, text: str) -> list[list[Any]]:
        if self._answers_in_text:
            return [[text]]
        answers: list[list[Any]] = json.loads(text)
        for each in answers:
            for at, answer in enumerate(each):
                if isinstance(answer, list):
                    each[at] = tuple(answer)
        return answers

    def score(self, doc: Mapping[str, Any], response: str) -> ResponseScore:
        answers, figures, filtered = self._figures(doc, response)
        key = f"{self.metric},{self.filter}"
        if key not in figures:
            raise Refusal(f"{self.spec} gave no {self.metric!r} for sample {doc['id']}")
        given = figures[key]
        value = self._of_one(given)
        if not self.higher_is_better:
            value = -value
        answer = self._answer(doc, answers, filtered[self.filter])
        metrics = {"weight": float(given[1])} if self.weighted else {}
        for name, figure in figures.items():
            number = _number(figure)
            if name != key and number is not None:
                metrics[name.removesuffix(f",{self.filter}")] = number
        return ResponseScore(answer, value, metrics, answer != "")

    def _figures(self, doc: Mapping[str, Any], response: str) -> Figures:
        """The answers, by `metric,filter` what lm-eval's process_results gives, and what each filter made of them.

        Kept, for the scores of the samples and the aggregates of all are made of the same.
        """
        from lm_eval.api.instance import Instance

        known = self._known.get((str(doc["id"]), response))
        if known:
            return known
        answers = self._split(response)
        raw, asks = self.lm_task.eval_docs[int(doc["id"])], self.lm_task.OUTPUT_TYPE
        instances = [
            Instance(asks, raw, ("",), index, (self.called, int(doc["id"]), len(each)), list(each))
            for index, each in enumerate(answers)
        ]
        for ensemble in self.lm_task._filters:
            ensemble.apply(instances)
        filtered = {
            name: [each.filtered_resps[name] for each in instances] for name in instances[0].filtered_resps
        }
        figures = {}
        for name, left in filtered.items():
            with self._its_own_errors(f"score sample {doc['id']}"):
                for metric, value in self.lm_task.process_results(raw, left).items():
                    figures[f"{metric},{name}"] = value
        self._known[str(doc["id"]), response] = answers, figures, filtered
        return answers, figures, filtered

    def _of_one(self, value: Any) -> float:
        """The figure of a single sample: where only all together have one, as if there were no other."""
        if self._aggregation in _MEANS:
            return float(value)
        if self.weighted:
            return float(value[0] / value[1])
        if self._aggregation in _LIKELIHOODS:
            return float(value)
        if self._aggregation in _LABELS and isinstance(value, list | tuple) and len(value) == 2:
            return float(value[0] == value[1])
        return float(self.lm_task.aggregation()[self.metric]([value]))

    def _answer(
        self, doc: Mapping[str, Any], answers: Sequence[Sequence[Any]], filtered: Sequence[Any]
    ) -> str:
        """What was understood: the likeliest choice, the log-likelihood, or what the filter left of the text."""
        if self.lm_task.OUTPUT_TYPE == "multiple_choice" and not self.lm_task.multiple_input:
            choices = self.lm_task.doc_to_choice(self.lm_task.eval_docs[int(doc["id"])])
            likely = [each[0][0] for each in answers[: len(choices)]]
            return str(choices[likely.index(max(likely))])
        left: Any = list(filtered)
        if len(left) == 1:
            left = left[0]
        if left == INVALID:
            return ""
        if isinstance(left, str):
            return left.strip()
        return json.dumps(left, default=str, ensure_ascii=False)

    def aggregates(self, answered: Sequence[tuple[Mapping[str, Any], str]]) -> dict[str, float]:
        """By `metric,filter` lm-eval's own figure of all these samples, in the order of its items."""
        columns: dict[str, list[Any]] = {}
        for doc, response in sorted(answered, key=lambda pair: int(pair[0]["id"])):
            for name, value in self._figures(doc, response)[1].items():
                columns.setdefault(name, []).append(value)
        functions, figures = self.lm_task.aggregation(), {}
        for name, values in columns.items():
            metric = name.partition(",")[0]
            if metric in functions:
                with self._its_own_errors(f"make {metric} of all samples"):
                    figures[name] = float(functions[metric](values))
        return figures

    @contextmanager
    def _its_own_errors(self, what: str) -> Iterator[None]:
        """Code and settings of the task's author fail in any way, on a response of a kind that they did not expect."""
        try:
            yield
        except Exception as failed:
            raise Refusal(
                f"{self.spec} cannot {what}", f"{type(failed).__name__}: {failed}".splitlines()[0][:200],
                "mend its YAML or its code, or take the metric out; the responses are kept",
            ) from None  # fmt: skip

    def untested(self, names: Iterable[str]) -> list[str]:
        """Those of the aggregates that are no mean over samples, so that no test by sample is one of them."""
        tested: tuple[str, ...] = _MEANS
        if self.weighted:  # all of them are the same sum of log-likelihoods, by words or by bytes
            tested = (*_MEANS, *_WEIGHTED)
        elif self._aggregation in _LIKELIHOODS:
            tested = (*_MEANS, self._aggregation)
        return [name for name in names if self._aggregation_of(name.partition(",")[0]) not in tested]

    def _refuse_unfit(self) -> None:
        task, config = self.lm_task, self.lm_task.config
        why = ""
        if task.OUTPUT_TYPE not in _TYPES:
            why = f"its output type {task.OUTPUT_TYPE!r} is none that is asked here"
        elif getattr(task, "UNSAFE_CODE", False) or getattr(config, "unsafe_code", False):
            why = "its scorer runs code that a model wrote"
        elif getattr(config, "doc_to_image", None) or getattr(config, "doc_to_audio", None):
            why = "it shows images or plays sound"
        if why:
            raise Refusal(f"{PREFIX}{config.task} cannot be asked", why)

    def _headline(self, wanted: str | None) -> tuple[str, str]:
        metrics = list(self.lm_task.aggregation())
        filters = [str(each.name) for each in self.lm_task._filters]
        name, _, filter_ = (wanted or metrics[0]).partition(",")
        if name not in metrics:
            raise Refusal(f"{self.spec} has no metric {name!r}", nearest(name, metrics))
        if filter_ and filter_ not in filters:
            raise Refusal(f"{self.spec} has no filter {filter_!r}", nearest(filter_, filters))
        return name, filter_ or filters[0]


def _number(value: Any) -> float | None:
    """What is a number, numpy's too; a bool is 0 or 1."""
    if isinstance(value, list | tuple | dict | str) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def name_of(called: str) -> str:
    """A folder's name for a task: lm_eval.arc_easy. Where letters change in it, a few signs keep two tasks apart."""
    name = suggest_name(called)[:80]
    if name != called:
        name += f"-{digest(called)[:6]}"
    return f"lm_eval.{name}"


def named(spec: str) -> dict[str, str]:
    """By the name of a folder what finds the task: for a group or a tag, all that it stands for."""
    tasks, _ = loaded(spec.removeprefix(PREFIX))
    return {name_of(called): PREFIX + called for called in tasks}


def stock_task(spec: str, metric: str | None) -> Task:
    return _stock_task(spec.removeprefix(PREFIX), metric, project())


@cache
def _stock_task(called: str, metric: str | None, _project: Path) -> Task:
    tasks, _ = loaded(called)
    if called not in tasks:
        raise Refusal(f"{PREFIX}{called} is a group", "a suite may name it, and asks its tasks")
    return LmEvalDefinition(tasks[called], metric).task


def of_group(spec: str, figures: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """By `metric,filter` lm-eval's own aggregate of a group, from its tasks' own and their `sample_len`."""
    called = spec.removeprefix(PREFIX)
    _, groups = loaded(called)
    if called not in groups:
        return {}  # a tag, which has none
    made = groups[called].aggregate({name: dict(each) for name, each in figures.items()})
    return {name: value for name, value in made.items() if "," in name and "_stderr" not in name}
