"""How far it is from the command to the engine, counted on real runs."""

import sys

import pytest

from proctor.harness.engines.echo import EchoEngine
from proctor.leaderboard.cli import run as commands

COMMAND = commands.run.__code__
ENGINE = EchoEngine.answer.__code__


def calls_between(frame):
    """The functions of Proctor's own from the command to this frame."""
    names = []
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("proctor."):
            names.append(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")
        if frame.f_code is COMMAND:
            return names[::-1]
        frame = frame.f_back
    raise AssertionError(f"the engine was asked by nobody: {names}")


@pytest.mark.parametrize("task", ["word_problems", "study_plan"])
def test_engine_is_at_most_five_calls_from_the_command(home, task):
    home.echo("one", lambda doc: "#### 18", task)
    suite = home.suite(variants=["one"], tasks=[task], baseline="one", limit={task: 3})
    chains = []

    def watch(frame, event, _):
        if event == "call" and frame.f_code is ENGINE:
            chains.append(calls_between(frame))

    sys.setprofile(watch)
    try:
        commands.run(str(suite), results=home.results, store=home.store, board=home.board)
    finally:
        sys.setprofile(None)
    assert chains
    for chain in chains:
        assert len(chain) - 1 <= 5, " -> ".join(chain)
