"""The command in a process of its own: as a new interpreter, or forked from one that has its modules already.

To import torch, transformers and Inspect takes a new interpreter ten seconds of a processor; a fork takes none of them.
A fork has the environment of its test, but for what libraries read when they are imported: HF_HUB_OFFLINE and the like
are those of all tests.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import _forkserver as server
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = "PROCTOR_TESTS_FORKS"  # in the environment of workers: the address of the server that forks for all of them
ONE_BY_ONE = """import contextlib, io, json, sys, traceback
from pathlib import Path
from proctor.leaderboard.cli.main import main

done, (lines, out) = [], sys.argv[1:]
for line in json.loads(Path(lines).read_text("utf-8")):
    sys.argv[1:] = line
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.redirect_stderr(io.StringIO()) as warned:
        try:
            main()
        except SystemExit as end:
            code = end.code
        except Exception:
            code = 1
            traceback.print_exc()
    done.append([code, told.getvalue(), warned.getvalue()])
Path(out).write_text(json.dumps(done), "utf-8")
"""
COMMAND = "from proctor.leaderboard.cli.main import main; main()"
# A drawing starts V8, half of what a small run takes; this board is whole, and its drawings are empty.
UNDRAWN = (
    'import vl_convert; vl_convert.vegalite_to_svg = lambda *_, **__: \'<svg width="1" height="1"></svg>\'\n'
)


def command(*arguments: str) -> list[str]:
    """The words that start the command in a new interpreter."""
    return [sys.executable, "-c", COMMAND, *arguments]


def proctor(*arguments: str, cwd: Path = ROOT, drawn: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end, in the project that `cwd` stands in."""
    with tempfile.TemporaryDirectory() as folder:
        code = COMMAND if drawn else UNDRAWN + COMMAND
        running = Running(arguments, Path(folder), cwd, code)
        code = running.wait()
        return subprocess.CompletedProcess(["proctor", *arguments], code, running.stdout, running.stderr)


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs code to its end as `python -c` would, in a fork that has Proctor's modules and their libraries already."""
    with tempfile.TemporaryDirectory() as folder:
        running = Running(arguments, Path(folder), code=code)
        returned = running.wait()
        return subprocess.CompletedProcess(["-c", *arguments], returned, running.stdout, running.stderr)


def one_by_one(lines: Sequence[Sequence[str]], cwd: Path) -> list[subprocess.CompletedProcess[str]]:
    """Runs commands one after another in one fork, which costs as much as the shortest of them."""
    with tempfile.TemporaryDirectory() as folder:
        asked, done = Path(folder) / "lines.json", Path(folder) / "done.json"
        asked.write_text(json.dumps([list(line) for line in lines]), encoding="utf-8")
        running = Running([str(asked), str(done)], Path(folder), cwd, ONE_BY_ONE)
        code = running.wait()
        assert code == 0, f"the commands ended with {code}: {running.stdout}{running.stderr}"
        results = json.loads(done.read_text("utf-8"))
    return [
        subprocess.CompletedProcess(["proctor", *line], *result)
        for line, result in zip(lines, results, strict=True)
    ]


class Running:
    """A command, or code, that was started; it leads a group, so that a signal reaches all that it starts."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        cwd: Path = ROOT,
        code: str = COMMAND,
        **environment: str,
    ) -> None:
        """Its output goes to two files of the folder."""
        self._out, self._err = folder / "stdout.txt", folder / "stderr.txt"
        files = [os.devnull, str(self._out), str(self._err)]
        self._process = FORKS.Process(
            target=_become, args=(code, list(arguments), cwd, os.environ | environment, files)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def stdout(self) -> str:
        return _text(self._out)

    @property
    def stderr(self) -> str:
        return _text(self._err)

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float = 300) -> int:
        self._process.join(seconds)
        if self._process.exitcode is None:
            self.kill()
            raise AssertionError(f"the command did not end in {seconds} s: {self.stdout}{self.stderr}")
        return self._process.exitcode

    def kill(self) -> None:
        """The whole group, at once. The process itself as well, which may not lead a group yet."""
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError):
                kill(self.pid, signal.SIGKILL)
        self._process.join()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _become(
    code: str, arguments: Sequence[str], cwd: Path, environment: dict[str, str], files: Sequence[str]
) -> None:
    """Turns a fork into a process that runs this code, with these files as its input, output and errors."""
    os.setsid()
    # What a shell starts in the background is deaf to Ctrl-C, and so are its forks.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    multiprocessing.set_start_method(None, force=True)
    for number, path in enumerate(files):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    sys.argv = ["proctor", *arguments]
    import tests.support.warm  # noqa: F401  (there already, or it says here what is wrong with it)

    if cwd != ROOT:
        for name in [name for name in sys.modules if name.startswith("proctor.leaderboard.cli")]:
            del sys.modules[name]  # they look for the project around them when they are imported
    exec(code, {"__name__": "__main__"})


def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.warm"])
    if address := os.environ.get(SERVER):
        # The server of the process that started this worker, and which ends it.
        server.ensure_running = lambda: None
        server._forkserver_address = address
        server._forkserver_alive_fd = os.open(os.devnull, os.O_RDONLY)
    return context


FORKS = _forks()


def share_forks() -> None:
    """Starts the server that this process and its workers fork from: one import of the libraries for all of them."""
    server.ensure_running()
    os.environ[SERVER] = server._forkserver_address
