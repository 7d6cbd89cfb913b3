"""A grader that is one of our own variants: its engine is asked in planned batches, and a journal keeps its replies."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from proctor.common.http.chat_client import refuse_unreachable
from proctor.common.progress import Reporter
from proctor.common.refusal import located
from proctor.harness.ask.responses import Journal, respond_all
from proctor.harness.config.suite import Suite
from proctor.harness.engines.protocol import Engine, Options, Request
from proctor.harness.plan.grading import grader_for, grader_variant, local_of, with_weights
from proctor.harness.plan.plan import made_of
from proctor.judges.graders.grader import Done, Grader, GraderSpec, Question, Reply, fingerprint
from proctor.judges.judge import Judge
from proctor.judges.panel import AnySpec, Panel, members, open_grader, open_graders


class EngineGrader:
    """Whole rounds of questions go to the engine together. The journal resumes whole batches, so that a reply does not
    depend on what had been asked before a stop.
    """

    resumes = True

    def __init__(self, spec: GraderSpec, open_engine: Callable[[], Engine], journal: Path) -> None:
        self.spec = spec
        self._open_engine = open_engine
        self._journal = Journal(journal)
        self._engine: Engine | None = None

    async def answer(self, questions: Sequence[Question], done: Done) -> None:
        self._engine = self._engine or self._open_engine()
        requests = [self._request(self._engine, question) for question in questions]
        responses = respond_all(self._engine, requests, self._journal, lambda asked, made: None)
        for index, response in enumerate(responses):
            if response.error:
                done(index, Reply("", None, None, f"the engine failed: {response.error}", "server error"))
                continue
            reply = Reply(response.text, response.tokens_in, response.tokens_out)
            if response.truncated:
                reply = reply.cut_off(self.spec)
            done(index, reply)

    async def aclose(self) -> None:
        """The engine stays open for the next cell; `close` ends it."""

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _request(self, engine: Engine, question: Question) -> Request:
        options = Options(
            max_tokens=self.spec.max_tokens or 1024,
            temperature=self.spec.temperature or 0.0,
            seed=(self.spec.seed or 0) + 1000 * question.repeat + question.attempt,
        )
        # A question that is asked again is another request, also where nothing is drawn.
        return Request(_render(engine, question), options, epoch=1 + 100 * question.attempt + question.repeat)


def _render(engine: Engine, question: Question) -> str:
    try:
        return engine.apply_chat_template(question.messages)
    except Exception:  # some templates know no system's turn: then its words stand before the user's
        text = "\n\n".join(message["content"] for message in question.messages)
        return engine.apply_chat_template([{"role": "user", "content": text}])


def grader_of(judge: Judge, wanted: AnySpec | None, store: Path) -> AnySpec | None:
    """Whom a judge asks, checked; a grader of our own with what its weights are made of."""
    spec = grader_for(judge, wanted)
    ours = {each.model: made_of(grader_variant(each.model), store) for each in local_of(spec)}
    return with_weights(spec, ours)


def refuse_unopenable(spec: AnySpec | None, suite: Suite, look: bool) -> None:
    """A missing key or an unknown provider is told before anybody has answered for hours; with a `look` at it also a
    server that is not there.
    """
    for each in members(spec):
        if each.through != "engine":
            _opened(each, suite)
        if look:
            _look(each, suite)


def _look(spec: GraderSpec, suite: Suite) -> None:
    with located(suite.path):
        if spec.through == "openai":
            refuse_unreachable(f"grader {spec.model!r}", spec.endpoint, spec.key, spec.model)
        elif spec.through == "engine":
            from proctor.harness.weights import refuse_unserved

            refuse_unserved(grader_variant(spec.model, suite))


def _opened(spec: GraderSpec, suite: Suite | None) -> Grader:
    with located(suite.path if suite else None):
        return open_grader(spec)


@contextmanager
def opened(
    spec: AnySpec | None, suite: Suite | None, store: Path, reporter: Reporter
) -> Iterator[Grader | Panel | None]:
    """The grader or panel that a spec names, let go of at the end. A local one opens its engine when it is asked."""
    local: list[EngineGrader] = []

    def one(each: GraderSpec) -> Grader:
        if each.through != "engine":
            return _opened(each, suite)
        from proctor.harness.weights import open_variant  # only a grader of our own needs what builds weights

        variant = grader_variant(each.model, suite)
        journal = store / "verdicts" / f"{each.model}-{fingerprint(each.identity)[:16]}.engine.jsonl"
        local.append(EngineGrader(each, lambda: open_variant(variant, store, reporter, "grader"), journal))
        return local[-1]

    try:
        yield open_graders(spec, one) if spec else None
    finally:
        for grader in local:
            grader.close()
