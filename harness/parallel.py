"""Sessions side by side: each with GPUs of its own in a process here, or as tasks of a Ray cluster.

A session is a pure function of its spec, and all that it makes goes into the results and the store: whole or not at
all, under locks that the operating system drops with whoever held them. So a worker gives back nothing but words, and
one that dies loses its batch in flight and nothing else: it is begun again, and goes on from the responses, the stages
and the checkpoints that are kept. A stage that two sessions want is made by one while the other waits (finetune/keep).

That is why every node of a cluster has to see the same results and store (a network file system with locks) and to
have the same Proctor installed: both are looked at before a session begins, and refused in one line. Placement,
retries and the transfer of the plan are Ray's.
"""

import hashlib
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from proctor.common.paths import PACKAGE, inside
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console, echo
from proctor.finetune.base import digests_seen
from proctor.harness.engines import refuse_unusable
from proctor.harness.plan.label import label
from proctor.harness.plan.plan import Plan, Session
from proctor.harness.plan.split import split_for
from proctor.harness.session import Spread, Waiting, run_session

RETRIES = 2  # how often Ray begins a session again whose worker died
WITHOUT_GPU = ("openai", "echo")
# vLLM's own process begins as a copy of the worker, which has imported all that it needs: 10 s sooner. That takes a
# process in which CUDA has not begun, and torch must not begin it to see whether a GPU is there.
FORKING = {"VLLM_WORKER_MULTIPROC_METHOD": "fork", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
PASSED_ON = ("PROCTOR_DATA", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TOKENIZERS_PARALLELISM")


def here(gpus: str) -> Spread:
    """`gpus` of this machine: 'all', or so many."""
    import torch

    count = torch.cuda.device_count()
    if not count:
        raise Refusal(
            "--gpus needs a GPU", "torch sees none on this machine", "leave it out, or run where a GPU is"
        )
    if gpus != "all" and not (gpus.isdecimal() and 1 <= int(gpus) <= count):
        raise Refusal(f"--gpus {gpus}", f"this machine shows {count}", f"give 'all', or 1 to {count}")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(number) for number in range(count)]
    if gpus != "all":
        names = names[: int(gpus)]
    return partial(side_by_side, names)


def side_by_side(
    devices: Sequence[str], sessions: Sequence[Session], plan: Plan, reporter: Reporter
) -> Waiting:
    """A process for each session, which sees its own devices alone; as many at a time as there are devices for, and the
    longest first.
    """
    _refuse_too_wide(sessions, len(devices), "--gpus gives")
    _count_overlaps(sessions, plan)
    sessions = split_for(sessions, len(devices))
    left, free = list(sessions), list(devices)
    running: dict[Future[str], tuple[Session, list[str]]] = {}
    failed: dict[str, str] = {}
    with ThreadPoolExecutor(len(devices)) as pool:
        while left or running:
            for session in tuple(left):
                if session.first.serving.gpus <= len(free):
                    mine = [free.pop(0) for _ in range(session.first.serving.gpus)]
                    left.remove(session)
                    running[pool.submit(_in_process, session, plan, mine, reporter)] = (session, mine)
            for ended in wait(running, return_when=FIRST_COMPLETED).done:
                session, mine = running.pop(ended)
                free += mine
                why = ended.result()
                if why:
                    failed[str(session)] = why
    return _ended(sessions, failed, plan)


def _in_process(session: Session, plan: Plan, devices: Sequence[str], reporter: Reporter) -> str:
    """Empty, or why it failed. The worker's input stays open: when this process dies, it ends and so do they."""
    last, name = "", str(session)
    worker = subprocess.Popen(
        [sys.executable, "-m", "proctor.harness.parallel"],
        env=FORKING | os.environ | {"CUDA_VISIBLE_DEVICES": ",".join(devices)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert worker.stdin
    assert worker.stdout
    with suppress(BrokenPipeError), worker:
        with suppress(BrokenPipeError):
            worker.stdin.write(pickle.dumps((session, plan, digests_seen)))
            worker.stdin.flush()
        for line in worker.stdout:
            text = line.decode(errors="replace").rstrip().rpartition("\r")[2]
            if text:
                reporter.say(f"[{name}] {text}")
                last = text.strip()
    code = worker.wait()
    if code < 0:
        return f"ended by signal {-code}"
    if code:
        return last or f"exit status {code}"
    return ""


def work() -> None:
    """In the process of one session: `python -m proctor.harness.parallel`; it reads the session and its plan."""
    session, plan, seen = pickle.load(sys.stdin.buffer)  # nosec B301
    digests_seen.update(seen)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _run(session, plan)
    except Refusal as refused:
        echo(refused, err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.stdout.flush()
    os._exit(0)  # Python would take torch and vllm apart first, for seconds in which a GPU waits


def _run(session: Session, plan: Plan) -> None:
    """In a worker: what it says is read by another process, so there is no bar, and no line is broken."""
    # Loads torch for an engine on a GPU, so that its memory can be looked at before the engine takes some.
    refuse_unusable(session.first.engine, session.first.name)
    with inside(plan.suite.project):
        lines = Console(soft_wrap=True, force_terminal=False, color_system=None)
        run_session(session, plan, Reporter(lines))


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing more is ever written: this returns when the parent is gone
    os._exit(1)


@dataclass(frozen=True)
class Driver:
    """What a node is held against before it begins."""

    folder: Path
    mark: str
    code: str
    environment: Mapping[str, str]


def cluster(address: str) -> Spread:
    """`address` is 'ray', for RAY_ADDRESS, or the cluster that runs here, or one begun for this run; or ray://HOST:PORT."""
    if address != "ray" and not address.startswith("ray://"):
        raise Refusal(f"--on {address}", "there is only Ray", "give ray, or ray://HOST:PORT")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    for package in ("ray",) if address == "ray" else ("ray", "grpc"):
        if find_spec(package) is None:
            remedy = "pip install 'ray[client]'"
            raise Refusal(f"--on {address} needs the package {package}", "it is not installed", remedy)
    return partial(over_ray, None if address == "ray" else address)


def over_ray(address: str | None, sessions: Sequence[Session], plan: Plan, reporter: Reporter) -> Waiting:
    """A task for each session. Ray says on which node, and begins it again where a worker died."""
    import ray

    if not sessions:
        return []
    _count_overlaps(sessions, plan)
    failed: dict[str, str] = {}
    with _joined(address), _marked(plan) as mark:
        gpus = max(int(node["Resources"].get("GPU", 0)) for node in ray.nodes() if node["Alive"])
        _refuse_too_wide(
            [each for each in sessions if each.first.engine == "vllm"], gpus, "the largest node has"
        )
        sessions = split_for(sessions, max(1, int(ray.cluster_resources().get("GPU", 0))))
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        driver, shared = ray.put(Driver(Path.cwd(), mark, _code(), kept)), ray.put(plan)
        there, running = ray.remote(on_node), {}
        for session in sessions:
            wanted = min(gpus, 0 if session.first.engine in WITHOUT_GPU else session.first.serving.gpus)
            task = there.options(name=str(session), num_gpus=wanted, max_retries=RETRIES)
            running[task.remote(session, shared, driver)] = session
        while running:
            (ended, *_), _ = ray.wait(list(running))
            name = str(running.pop(ended))
            try:
                why = ray.get(ended)
            except ray.exceptions.RayTaskError as raised:
                why = f"{type(raised.cause).__name__}: {raised.cause}"
            except ray.exceptions.RayError as lost:
                why = f"its worker died {RETRIES + 1} times ({type(lost).__name__})"
            if why:
                failed[name] = why
            reporter.say(f"[{name}] {why or 'done'}; {len(running)} to go")
    return _ended(sessions, failed, plan)


def on_node(session: Session, plan: Plan, driver: Driver) -> str:
    """One session in a worker of Ray's. Empty, or why it was refused."""
    node = f"node {socket.gethostname()}"
    os.environ.update(driver.environment)
    if _code() != driver.code:
        return f"{node} has another Proctor than the one that planned; install the same on every node ({PACKAGE})"
    if driver.folder.is_dir():
        os.chdir(driver.folder)
    for folder in (plan.results, plan.store):
        if not (folder / driver.mark).is_file():
            return f"{node} does not see the folder of this run; put it where every node has it ({folder})"
    try:
        _run(session, plan)
    except Refusal as refused:
        return str(refused)
    return ""


@contextmanager
def _joined(address: str | None) -> Iterator[None]:
    import ray

    place = address or os.environ.get("RAY_ADDRESS") or "this machine"
    host, _, port = place.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdecimal():  # Ray itself tries for minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address, include_dashboard=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as refused:
        why = str(refused).strip().partition("\n")[0]
        raise Refusal(
            f"no Ray cluster answers at {place}", why, "start one with `ray start`, or mend the address"
        ) from None
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _marked(plan: Plan) -> Iterator[str]:
    """A file in each shared folder by which a node knows that it is the same folder."""
    mark = f".seen-{uuid4().hex}"
    places = [folder / mark for folder in (plan.results, plan.store)]
    try:
        for place in places:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        yield mark
    finally:
        for place in places:
            place.unlink(missing_ok=True)


def _code() -> str:
    """Of all that decides what is asked and how it is scored."""
    hashed = hashlib.sha256()
    for room in ("finetune", "harness", "judges", "tasks"):
        for path in sorted((PACKAGE / room).rglob("*")):
            if path.suffix in (".py", ".yaml", ".txt", ".jsonl", ".csv"):
                hashed.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return hashed.hexdigest()


def _count_overlaps(sessions: Sequence[Session], plan: Plan) -> None:
    """Once and here: sessions that train on the same chats would write the same counts at the same time."""
    for session in sessions:
        for each, cell in session.missing():
            label(cell, each, plan)


def _refuse_too_wide(sessions: Sequence[Session], gpus: int, who_gives: str) -> None:
    for session in sessions:
        if session.first.serving.gpus > gpus:
            raise Refusal(
                f"variant {session.first.name} wants {session.first.serving.gpus} GPUs in one process",
                f"{who_gives} {gpus}",
                "lower serving.gpus, or give more",
            )


def _ended(sessions: Sequence[Session], failed: Mapping[str, str], plan: Plan) -> Waiting:
    """The cells that a model has to score, as `run_session` gives them; or a refusal that names what failed."""
    if failed:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise Refusal(
            f"{len(failed)} of {len(sessions)} sessions failed: {reasons}",
            remedy="run again: what was answered is kept",
        )
    waiting: Waiting = []
    for session in sessions:
        waiting += [(each, cell) for each, cell in session.missing() if plan.asks_a_model(cell)]
    return waiting


if __name__ == "__main__":
    work()
