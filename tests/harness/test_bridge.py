"""Inspect's concurrent requests become planned batches; each sample gets its own answer or its own error."""

import inspect_ai
import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import generate

from proctor.harness.ask.bridge import Desk, evaluating
from proctor.harness.config.variant import Sampling
from proctor.harness.engines.protocol import Options, Request, Response
from tests.support.command import python


class Answerer:
    def __init__(self, fail=()):
        self.rounds = []
        self.fail = fail

    def __call__(self, requests):
        self.rounds.append(len(requests))
        return [
            Response("", error="no luck")
            if any(word in r.prompt for word in self.fail)
            else Response(f"echo {r.prompt} #{r.epoch}", 2, 3, r.prompt.endswith("cut"))
            for r in requests
        ]


def desk_for(expected):
    return Desk(lambda turns: "|".join(turn["content"] for turn in turns), expected, Sampling())


def serve(desk, answerer):
    for requests in desk.rounds():
        try:
            desk.settle(answerer(requests))
        except Exception as failed:
            desk.fail(failed)


def ask(answerer, inputs, tmp_path, epochs=1):
    task = Task(
        dataset=[Sample(input=text, id=text) for text in inputs],
        solver=generate(),
        config=GenerateConfig(max_tokens=9),
    )
    desk = desk_for(len(inputs) * epochs)
    with evaluating(
        "test", desk,
        lambda model: inspect_ai.eval(
            task, model=model, score=False, epochs=epochs, fail_on_error=False, max_samples=len(inputs) * epochs,
            display="none", log_dir=str(tmp_path), ctl_server=False, log_realtime=False, log_level="error",
        ),
    ) as logs:  # fmt: skip
        serve(desk, answerer)
    (log,) = logs.result()
    return log


def test_concurrent_requests_arrive_as_one_round(tmp_path):
    answerer = Answerer()
    log = ask(answerer, [f"item {i}" for i in range(60)], tmp_path)
    assert answerer.rounds == [60]
    assert {s.id: s.output.completion for s in log.samples} == {
        f"item {i}": f"echo item {i} #1" for i in range(60)
    }


def test_failed_request_fails_its_sample_and_not_the_others(tmp_path):
    log = ask(Answerer(fail=["item 3"]), [f"item {i}" for i in range(6)], tmp_path)
    assert [s.id for s in log.samples if s.error] == ["item 3"]
    assert next(s.error.message for s in log.samples if s.error) == "no luck"
    assert sum("echo" in s.output.completion for s in log.samples if not s.error) == 5


def test_epochs_reach_the_engine_as_epochs(tmp_path):
    log = ask(Answerer(), ["a", "b"], tmp_path, epochs=3)
    assert {(s.id, s.epoch): s.output.completion for s in log.samples} == {
        (text, epoch): f"echo {text} #{epoch}" for text in "ab" for epoch in (1, 2, 3)
    }


def test_cut_off_answer_says_so_and_usage_is_kept(tmp_path):
    (sample,) = ask(Answerer(), ["cut"], tmp_path).samples
    assert sample.output.stop_reason == "max_tokens"
    assert (sample.output.usage.input_tokens, sample.output.usage.output_tokens) == (2, 3)


def test_engine_that_breaks_down_fails_all_waiting_and_hangs_none():
    def broken(requests):
        raise RuntimeError("the card fell out")

    desk = desk_for(2)
    futures = [desk.submit(Request(text, Options(4))) for text in "ab"]
    desk.close()
    serve(desk, broken)
    for future in futures:
        with pytest.raises(RuntimeError, match="fell out"):
            future.result(timeout=10)


def test_stopping_in_the_middle_ends_the_evaluation_too(tmp_path):
    def stopped(requests):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(stopped, ["a", "b"], tmp_path)


def test_cancelled_request_is_never_asked():
    answerer = Answerer()
    desk = desk_for(3)
    first = desk.submit(Request("a", Options(4)))
    second = desk.submit(Request("b", Options(4)))
    assert second.cancel()
    third = desk.submit(Request("c", Options(4)))
    desk.close()
    serve(desk, answerer)
    assert (first.result(10).text, third.result(10).text) == ("echo a #1", "echo c #1")
    assert answerer.rounds == [2]


def test_desk_with_nothing_to_do_closes():
    desk = desk_for(5)
    desk.close()
    serve(desk, Answerer())


INTERRUPTED = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background of a shell inherits none
from tests.harness.test_bridge import Answerer, ask
# Ten samples are told to come and one comes, so that the desk is still gathering when the signal arrives.
import tests.harness.test_bridge as bridge
whole = bridge.desk_for
bridge.desk_for = lambda expected: whole(10)
def stop():
    import time
    from proctor.harness.ask.bridge import _DESKS
    while not any(desk._round for desk in _DESKS.values()):
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=stop, daemon=True).start()
try:
    ask(Answerer(), ["a"], sys.argv[1])
except KeyboardInterrupt:
    print("stopped")
"""


def test_interrupt_while_requests_gather_ends_the_run(tmp_path):
    done = python(INTERRUPTED, str(tmp_path))
    assert done.stdout.strip() == "stopped", done.stderr
    assert done.returncode == 0


def test_request_that_comes_after_the_stop_fails_at_once():
    desk = desk_for(2)
    first = desk.submit(Request("a", Options(4)))
    desk.stop()
    for future in (first, desk.submit(Request("b", Options(4)))):
        with pytest.raises(Exception, match="stopped"):
            future.result(timeout=10)
