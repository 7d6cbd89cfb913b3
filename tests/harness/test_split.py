"""Sessions for several GPUs: one of several variants becomes two where all would end sooner."""

import os
import pickle
import shutil
import sys

import pytest

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import parallel, record
from proctor.harness.config.suite import Suite
from proctor.harness.config.variant import Variant
from proctor.harness.plan import split
from proctor.harness.plan.plan import VariantPlan, make_plan, weights_of
from proctor.harness.plan.split import split_for
from proctor.harness.session import run_session
from proctor.harness.weights import build_weights
from tests.support.random_gguf import SMALL, write_llama

PROMPTS = ("cot", "cot-2shot", "cot-8shot", "confidence")


@pytest.fixture
def sessions_of(home):
    """The sessions of tiny with these epochs, one variant for each of four prompts, and its plan."""

    def sessions(*epochs, **suite):
        names = []
        for number, times in enumerate(epochs):
            names.append(f"tiny-{number}")
            sampling = {"max_tokens": 8, "temperature": 0.5, "epochs": times}
            home.variant(names[-1], base="finetune/tiny", prompt=PROMPTS[number], sampling=sampling)
        path = home.suite(variants=names, tasks=["word_problems"], baseline=names[0], **suite)
        return make_plan(Suite.load(str(path)), home.results, home.store)

    return sessions


def names_of(sessions):
    return [str(session) for session in sessions]


def test_a_long_session_is_split_until_every_gpu_has_work(sessions_of):
    sessions = sessions_of(64, 64, 64, 64).sessions
    assert names_of(sessions) == ["tiny-0+tiny-1+tiny-2+tiny-3"]
    assert names_of(split_for(sessions, 1)) == names_of(sessions)
    assert sorted(names_of(split_for(sessions, 2))) == ["tiny-0+tiny-2", "tiny-1+tiny-3"]
    assert sorted(names_of(split_for(sessions, 4))) == ["tiny-0", "tiny-1", "tiny-2", "tiny-3"]
    assert sorted(names_of(split_for(sessions, 9))) == ["tiny-0", "tiny-1", "tiny-2", "tiny-3"]


def test_a_session_whose_answers_take_less_than_opening_an_engine_stays_whole(sessions_of):
    sessions = sessions_of(1, 1, 1, 1).sessions
    assert names_of(split_for(sessions, 4)) == ["tiny-0+tiny-1+tiny-2+tiny-3"]


def test_halves_take_about_as_long_and_the_longest_session_begins_first(sessions_of):
    sessions = split_for(sessions_of(100, 40, 60, 2).sessions, 2)
    assert sorted(names_of(sessions)) == ["tiny-0+tiny-3", "tiny-1+tiny-2"]
    assert names_of(sessions)[0] == "tiny-0+tiny-3"


def test_nothing_to_ask_is_no_session(sessions_of):
    assert split_for([], 4) == []


def test_what_answers_without_a_gpu_is_not_split(home):
    home.echo("gold", lambda doc: "7", "word_problems")
    home.variant(
        "again",
        base=str(home.folder / "gold.jsonl"),
        engine="echo",
        sampling={"epochs": 64, "temperature": 1.0},
    )
    suite = home.suite(variants=["gold", "again"], tasks=["word_problems"], baseline="gold")
    plan = make_plan(Suite.load(str(suite)), home.results, home.store)
    assert names_of(split_for(plan.sessions, 4)) == names_of(plan.sessions)


@pytest.fixture
def two_halves(sessions_of, monkeypatch):
    """The plan of one session of two variants, whose eight answers are worth a second engine."""
    monkeypatch.setattr(split, "WORTH_SECONDS", -1)
    plan = sessions_of(1, 1, limit={"word_problems": 4})
    assert len(plan.sessions) == 1
    return plan


def test_each_part_of_a_session_has_a_process_of_its_own(two_halves, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(Refusal) as refused:
        parallel.side_by_side(["", ""], two_halves.sessions, two_halves, Reporter(Console(quiet=True)))
    assert "2 of 2 sessions failed" in str(refused.value)
    for name in ("tiny-0", "tiny-1"):  # in the order in which they ended
        assert f"{name}: exit status 1" in str(refused.value)


def test_split_sessions_give_the_rows_of_one(two_halves, home):
    for half in split_for(two_halves.sessions, 2):
        session, plan = pickle.loads(pickle.dumps((half, two_halves)))  # as a process of its own gets them
        run_session(session, plan, Reporter(Console(quiet=True)))
    rows = [record.read(home.results, f"tiny-{number}", "word_problems").run.rows for number in (0, 1)]
    assert rows == [4, 4]


def test_no_session_is_empty_where_its_variants_have_nothing_to_answer(sessions_of, monkeypatch):
    monkeypatch.setattr(split, "_seconds", lambda each: 0.0)
    assert names_of(split_for(sessions_of(1, 1, 1, 1).sessions, 4)) == ["tiny-0+tiny-1+tiny-2+tiny-3"]


def test_the_size_of_a_base_is_looked_up_once_a_variant_however_often_its_session_is_split(
    sessions_of, monkeypatch
):
    looked_up = []
    monkeypatch.setattr(split, "bytes_of", lambda base: looked_up.append(base) or 0)
    assert len(split_for(sessions_of(64, 64, 64, 64).sessions, 4)) == 4
    assert len(looked_up) == 4


def test_without_a_gpu_a_session_stays_whole(sessions_of):
    assert names_of(split_for(sessions_of(64, 64).sessions, 0)) == ["tiny-0+tiny-1"]


def test_where_weights_were_made_vllm_does_not_fork(home, monkeypatch):
    """OpenMP's threads, which made them, are missing in a fork, and it would wait for them for ever."""
    file = write_llama(home.folder / "mine.gguf", SMALL)
    variant = Variant(name="mine", base=str(file), engine="hf")
    stages, data, _ = weights_of(variant, home.store)
    assert [stage.kind for stage in stages] == ["dequantize"]
    ways = []
    for _ in range(2):
        monkeypatch.setenv("VLLM_WORKER_MULTIPROC_METHOD", "fork")
        build_weights(VariantPlan(variant, stages, data, ()), home.store, Reporter(Console(quiet=True)))
        ways.append(os.environ["VLLM_WORKER_MULTIPROC_METHOD"])
    assert ways == ["spawn", "fork"]
