"""Sessions side by side, in processes and on a Ray cluster of several nodes: the rows of a plain run, deaths or not."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from io import StringIO

import pytest

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import parallel, record
from proctor.harness.config.suite import Suite
from proctor.harness.plan.plan import make_plan
from proctor.harness.run import run_suite
from tests.support.command import ROOT, Running, proctor
from tests.support.openai_server import Reply, listed, serve

FEW = {"word_problems": 20}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}  # as Ray sets it: sums come in one order
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
small = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args={**small, "include_dashboard": False})
cluster.add_node(**small)
cluster.wait_for_nodes(120)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


def right(doc):
    return doc.get("target") or doc["answer"]


@pytest.fixture(scope="module")
def nodes():
    """The address of a cluster of two nodes with a processor each. It ends when its input does."""
    pytest.importorskip("ray")
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | ONE_THREAD | {"RAY_USAGE_STATS_ENABLED": "0"},
    ) as running:  # fmt: skip
        assert running.stdout
        address = running.stdout.readline().strip()
        assert address, "the cluster did not come up"
        yield address
        running.communicate(timeout=60)


@pytest.fixture
def plain(home):
    """Runs the same suite without any of this."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def run(suite):
        calm = type(home)(home.folder / "calm")
        run_suite(str(suite), calm.results, calm.store, Reporter(Console(quiet=True)))
        return calm

    yield run
    torch.set_num_threads(threads)


def assert_same(home, calm, variants, task="word_problems"):
    for variant in variants:
        mine, theirs = (record.read(where.results, variant, task) for where in (home, calm))
        assert mine is not None
        assert theirs is not None
        assert not mine.problem
        assert mine.rows().drop(columns="seconds").equals(theirs.rows().drop(columns="seconds"))
        assert mine.run.definition == theirs.run.definition


def responses_of(home, suite, variant):
    """The file of the answers that the variant's weights give."""
    plan = make_plan(Suite.load(str(suite)), home.results, home.store, [variant])
    return home.store / "responses" / f"word_problems-{plan.cells[0].weights[:16]}.jsonl"


def kept(path):
    """Keys of the answers in it so far."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line)["key"] for line in lines if '"key"' in line and line.endswith("}")]


def pid_of(home, variant):
    """Of whoever holds the cell, as its lock tells."""
    held = (home.results / variant / "word_problems" / ".lock").read_text(encoding="utf-8")
    return int(held.split()[1])


def until(happened, running, seconds=120):
    end = time.monotonic() + seconds
    while not happened():
        assert running.poll() is None, running.stderr
        assert time.monotonic() < end, "what was waited for never happened"
        time.sleep(0.01)


def spread_over(home, suite, way, here=True, said=None):
    """What was said, and the refusal if there was one."""
    said = said or StringIO()
    reporter = Reporter(Console(file=said, width=200))
    try:
        run_suite(str(suite), home.results, home.store, reporter, (), False, way, here)
    except Refusal as refused:
        return said.getvalue(), str(refused)
    return said.getvalue(), ""


def held(way):
    """The same while another process is at one variant's cell, from after the run has looked."""

    def spread_while_held(sessions, plan, reporter):
        with record.lock(plan.results, "held", "word_problems"):
            return way(sessions, plan, reporter)

    return spread_while_held


class Awaited(StringIO):
    """What is said, and whether the words came that are waited for."""

    def __init__(self, words):
        super().__init__()
        self.words, self.came = words, threading.Event()

    def write(self, text):
        if self.words in text:
            self.came.set()
        return super().write(text)


def test_side_by_side_gives_the_rows_of_a_plain_run_and_one_that_fails_stops_no_other(home, plain):
    """The server of the first session answers when the second one has opened its engine, and not before."""
    said = Awaited("[held] open echo on held.jsonl for held")

    def reply(request, _):
        return Reply("#### 7") if said.came.wait(30) else Reply(status=400, body="one waited for the other")

    home.echo("held", lambda doc: "none", "word_problems")
    with serve(reply, models=listed("m")) as server:
        home.variant("served", base="m", engine="openai", endpoint=server.url)
        variants = ["served", "held"]
        suite = home.suite(variants=variants, tasks=["word_problems"], baseline="served", limit=FEW)
        way = held(partial(parallel.side_by_side, ["", ""]))
        _, refused = spread_over(home, suite, way, said=said)
        assert refused.startswith("1 of 2 sessions failed: held: held x word_problems is being written by")
        assert "run again" in refused
        assert record.read(home.results, "served", "word_problems").run.errors == 0
        again, refused = spread_over(home, suite, None)
        assert not refused
        assert [line for line in again.splitlines() if line.startswith("open ")] == [
            "open echo on held.jsonl for held"
        ], "what was done is not done again"
        assert_same(home, plain(suite), variants)


def test_workers_end_with_the_run_that_began_them(home):
    home.echo("slow", right, "word_problems", delay=60.0)
    suite = home.suite(variants=["slow"], tasks=["word_problems"], baseline="slow", limit=FEW)
    code = (
        "import sys; from functools import partial; from pathlib import Path; from rich.console import Console\n"
        "from proctor.harness import parallel; from proctor.common.progress import Reporter\n"
        "from proctor.harness.run import run_suite\n"
        "run_suite(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Reporter(Console()), (), False, "
        "partial(parallel.side_by_side, ['']))"
    )
    where = [str(suite), str(home.results), str(home.store)]
    running = Running(where, home.folder, code=code)
    lock = home.results / "slow/word_problems/.lock"
    until(lambda: lock.exists() and lock.read_text(), running)
    worker = pid_of(home, "slow")
    assert worker != running.pid
    os.kill(running.pid, signal.SIGKILL)  # it alone, and not its group
    running.wait()
    end = time.monotonic() + 30
    while alive(worker):
        assert time.monotonic() < end, "the worker outlived its run"
        time.sleep(0.05)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as told:  # noqa: PTH123
            return told.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_session_that_wants_more_gpus_than_there_are_is_refused_before_anything_begins(home):
    home.echo("gold", right, "word_problems")
    suite = home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold", limit=FEW)
    plan = make_plan(Suite.load(str(suite)), home.results, home.store)
    (session,) = plan.sessions
    three = session.first.model_copy(update={"serving": session.first.serving.model_copy(update={"gpus": 3})})
    wide = type(session)((replace(session.variants[0], variant=three),))
    with pytest.raises(Refusal, match="gold wants 3 GPUs in one process; --gpus gives 2"):
        parallel.side_by_side(["0", "1"], [wide], plan, Reporter(Console(quiet=True)))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--gpus", "all"], "torch sees none on this machine"),
        (["--gpus", "all", "--on", "ray"], "leave one of them out"),
        (["--on", "slurm"], "there is only Ray"),
        (["--on", "ray://127.0.0.1:1"], "ray://127.0.0.1:1"),
    ],
)
def test_place_that_is_not_there_is_refused_in_one_line(home, given, says):
    import torch

    if torch.cuda.is_available() and given == ["--gpus", "all"]:
        pytest.skip("this machine has a GPU")
    home.echo("gold", right, "word_problems")
    suite = home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold", limit=FEW)
    done = proctor("run", str(suite), *home.where(), "--out", str(home.board), *given)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not home.results.exists()


def test_cluster_gives_the_rows_of_a_plain_run_whether_a_worker_is_killed_or_a_session_fails(
    home, plain, nodes, monkeypatch
):
    """An echo and tiny weights on two nodes, and a cell that another process holds. The echo's worker is killed in the
    middle of its cell, which loses only the batch in flight; the session that fails is told in one line.
    """
    home.echo("gold", right, "word_problems", delay=0.5)
    home.variant("tiny", base="finetune/tiny", sampling={"max_tokens": 8})
    home.echo("held", lambda doc: "none", "word_problems")
    suite = home.suite(variants=["gold", "tiny", "held"], tasks=["word_problems"], baseline="gold", limit=FEW)
    monkeypatch.setenv("RAY_ADDRESS", nodes)
    killed, over, responses = [], threading.Event(), responses_of(home, suite, "gold")

    def kill():
        while not killed and not over.is_set():
            count = len(kept(responses))
            if count >= 16:  # the first batch whole: one that is killed while it is written is asked again
                killed.append((count, pid_of(home, "gold")))
                os.kill(killed[0][1], signal.SIGKILL)
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    said, refused = spread_over(home, suite, held(parallel.cluster("ray")), here=False)
    over.set()
    killer.join()
    assert refused.startswith("1 of 3 sessions failed: held: held x word_problems is being written by")
    assert "\n" not in refused
    ((before, worker),) = killed
    assert before < 20, "killed too late to show anything"
    assert worker != os.getpid()
    assert "[gold] done" in said
    assert "[tiny] done" in said
    assert_same(home, plain(suite), ["gold", "tiny"])
    assert max(Counter(kept(responses)).values()) == 1, "an answer that was kept was asked again"
    assert not list(home.folder.rglob(".seen-*"))


def test_node_that_has_another_proctor_or_other_folders_is_refused(home, tmp_path):
    home.echo("gold", right, "word_problems")
    suite = home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold", limit=FEW)
    plan = make_plan(Suite.load(str(suite)), home.results, home.store)
    (session,) = plan.sessions
    other = parallel.Driver(ROOT, ".seen-nowhere", "another", {})
    assert "install the same on every node" in parallel.on_node(session, plan, other)
    far = parallel.Driver(tmp_path / "not here", ".seen-nowhere", parallel._code(), {})
    assert "does not see the folder of this run" in parallel.on_node(session, plan, far)
    assert not home.results.exists()
