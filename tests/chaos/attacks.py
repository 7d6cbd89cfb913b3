"""What can go wrong while a suite runs, done on purpose: after each of these a run must end in the undisturbed rows.

    Attacks(Path("/tmp/chaos")).kills_at_random(60)     # Result(tried=60, held=60, broke=[])

`python -m tests.chaos` does all of it and prints the table of docs/reliability.md; test_chaos.py does a little of each.
"""

import json
import math
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from proctor.tasks import TASKS
from tests.support.command import COMMAND, UNDRAWN, Running
from tests.support.openai_server import Reply, serve

ITEMS = 12
MEASURED = ("seconds", "tokens_in", "tokens_out")  # of a run, and not what was answered
DEEP = "[" * 100_000

# The process ends itself at its nth change of a file.
KILL_AT = """
import os, signal, sys
left = [{nth}]
def watch(event, args):
    if event == "open":
        path, mode, flags = args
        changes = isinstance(path, str) and path.startswith({folder!r}) and flags & (os.O_WRONLY | os.O_RDWR)
    else:
        changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")
    if changes:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
"""
SMALL_FILES = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"

GOOD = Reply("The answer is 7.")
FAULTS: dict[str, Reply] = {
    **{f"status {status}": Reply(status=status, body="no") for status in (400, 401, 403, 404, 408, 409, 413, 422)},
    **{f"status {status}": Reply(status=status, body="no") for status in (429, 500, 502, 503, 504, 529)},
    **{f"{status} for ever": Reply(status=status, body="", headers={"retry-after": "1e9"}) for status in (429, 503)},
    "hangs up": Reply(hang_up=True),
    "sends on to another place": Reply(status=307, body="", headers={"location": "http://127.0.0.1:9/v1"}),
    "an error with status 200": Reply(body='{"error": {"message": "out of memory"}}'),
    "a page": Reply(body="<html>hello</html>"),
    "nothing": Reply(body=""),
    "half a reply": Reply(body='{"choices": [{"message": {"content": "The ans'),
    "not UTF-8": Reply(body='{"choices": "\udcff"}'.encode("utf-8", "surrogateescape").decode("latin-1")),
    "a list": Reply(body="[]"), "a text": Reply(body='"fine"'), "a number": Reply(body="3"), "null": Reply(body="null"),
    "NaN": Reply(body="NaN"), "nested deep": Reply(body=DEEP), "5,000 digits": Reply(body="9" * 5000),
    "no choices": Reply(body="{}"), "empty choices": Reply(body='{"choices": []}'),
    "choices null": Reply(body='{"choices": null}'), "choices a text": Reply(body='{"choices": "fine"}'),
    "a choice of null": Reply(body='{"choices": [null]}'), "a choice of 3": Reply(body='{"choices": [3]}'),
    "no message": Reply(body='{"choices": [{}]}'), "a message of null": Reply(body='{"choices": [{"message": null}]}'),
    "a message of text": Reply(body='{"choices": [{"message": "fine"}]}'),
    "content null": Reply(body='{"choices": [{"message": {"content": null}}]}'),
    "content 3": Reply(body='{"choices": [{"message": {"content": 3}}]}'),
    "content a list": Reply(body='{"choices": [{"message": {"content": [{"type": "image"}]}}]}'),
    "a tool's call": Reply(body='{"choices": [{"message": {"content": null, "tool_calls": [{"id": 1}]}}]}'),
    "compressed without saying how": Reply(body="x", headers={"content-encoding": "br"}),
}  # fmt: skip

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "its last byte gone": lambda content: content[:-1],
    "a byte changed": lambda content: content[: len(content) // 2] + b"\0" + content[len(content) // 2 + 1 :],
    "zeros": lambda content: bytes(len(content)),
    "another file's bytes": lambda content: b"\x7fELF\xff\xfe" + content[::-1],
    "a list": lambda content: b"[]\n",
    "null": lambda content: b"null\n",
    "an object of nothing": lambda content: b"{}\n",
    "nested deep": lambda content: DEEP.encode() + b"\n",
    "a number of 5,000 digits": lambda content: b"9" * 5000 + b"\n",
    "twice": lambda content: content + content,
    "lines in another order": lambda content: b"\n".join(sorted(content.split(b"\n"), reverse=True)),
    "Windows' line ends": lambda content: content.replace(b"\n", b"\r\n"),
}


@dataclass
class Result:
    what: str
    tried: int = 0
    broke: list[str] = field(default_factory=list)

    def note(self, name: str, problem: str) -> None:
        self.tried += 1
        if problem:
            self.broke.append(f"{name}: {problem}")

    def row(self) -> str:
        return f"| {self.what} | {self.tried} | {self.tried - len(self.broke)} |"


class OutOfTime(Exception):
    """With what was tried by then."""

    def __init__(self, result: Result) -> None:
        self.result = result


class Attacks:
    def __init__(self, folder: Path, seed: int = 0, until: float = math.inf) -> None:
        """No attack goes on after `until`, by `time.monotonic()`."""
        self.folder, self.random, self._count, self._until = folder, random.Random(seed), 0, until
        shutil.rmtree(folder, ignore_errors=True)
        with self._project() as project:
            assert self._run(project) == ""
            self.rows = self._rows(project)
        assert len(self.rows) == 2 * 2 * ITEMS

    @cached_property
    def seconds(self) -> float:
        """Of a run, now that what starts the forks is warm."""
        with self._project() as project:
            start = time.monotonic()
            assert self._run(project) == ""
            return time.monotonic() - start

    def _note(self, result: Result, name: str, problem: str) -> None:
        result.note(name, problem)
        if time.monotonic() > self._until:
            raise OutOfTime(result)

    def kills_at_random(self, times: int) -> Result:
        result = Result("`kill -9` at a random moment")
        while result.tried < times:
            with self._project() as project:
                running = self._start(project)
                time.sleep(self.random.uniform(0, self.seconds))
                lives = running.poll() is None
                running.kill()
                if lives:
                    self._note(result, f"kill {result.tried}", self._ends_well(project))
        return result

    def kills_at_each_write(self, times: int) -> Result:
        """Spread over the run's changes of files, from the first on."""
        result = Result("`kill -9` at a change of a file")
        nth, step = 1, 1
        while result.tried < times:
            with self._project() as project:
                running = self._start(project, KILL_AT.format(nth=nth, folder=str(project)))
                if running.wait() >= 0:  # it has no so many
                    nth, step = 2 + self.random.randrange(40), 1
                    continue
                self._note(result, f"change {nth}", self._ends_well(project))
            nth += step
        return result

    def disk_full(self, times: int) -> Result:
        result = Result("files may not grow (a full disk)")
        for number in range(times):
            size = 100 * 2**number
            with self._project() as project:
                problem = self._run(project, SMALL_FILES.format(size=size))
                self._note(result, f"{size} bytes", problem or self._ends_well(project))
        return result

    def clock_back(self, times: int) -> Result:
        result = Result("the clock set back in mid-run")
        for number in range(times):
            with self._project() as project:
                running = self._start(project)
                time.sleep(self.seconds * (number + 1) / times)
                running.kill()
                later = time.time() + 10**7
                for path in project.rglob("*"):
                    os.utime(path, (later, later))
                self._note(result, f"kill {number}", self._ends_well(project))
        return result

    def two_at_once(self, times: int) -> Result:
        result = Result("two runs of one suite at once")
        for number in range(times):
            with self._project() as project:
                first, second = self._start(project, name="1"), self._start(project, name="2")
                codes = {first.wait(), second.wait()}
                problem = "" if codes <= {0, 2} and 0 in codes else f"exits {codes}"
                self._note(result, f"pair {number}", problem or self._ends_well(project))
        return result

    def server_faults(self, names: list[str]) -> Result:
        result = Result("every other reply of a server faulty, by kind")
        for name in names:
            self._note(result, name, self._mended(FAULTS[name], lambda before: before % 2 == 0))
        return result

    def engine_dies(self, times: int) -> Result:
        result = Result("the server of an engine gone in mid-run")
        for number in range(times):
            problem = self._mended(Reply(hang_up=True), lambda before, alive=3 * number: before < alive)
            self._note(result, f"after {3 * number} replies", problem)
        return result

    def store_damaged(self, names: list[str]) -> Result:
        """Each file of the store in turn, the results gone, so that the store is asked."""
        result = Result("a file of the store damaged, by kind")
        with self._project() as whole:
            assert self._run(whole) == ""
            files = [path.relative_to(whole) for path in (whole / "store").rglob("*") if path.is_file()]
            kinds = {path.parts[1]: path for path in files}
            for name in names:
                for path in kinds.values():
                    with self._project() as project:
                        shutil.copytree(whole / "store", project / "store")
                        (project / path).write_bytes(DAMAGES[name]((whole / path).read_bytes()))
                        self._note(result, f"{path.parts[1]} {name}", self._ends_well(project))
        return result

    @contextmanager
    def _project(self, server: bool = False) -> Iterator[Path]:
        self._count += 1
        project = self.folder / str(self._count)
        (project / "suites").mkdir(parents=True)
        variants = ["a", "b"]
        for name in variants:
            lines = []
            for task in ("word_problems", "concepts"):
                for doc in TASKS[task].docs("test"):
                    lines.append(
                        json.dumps(
                            {"question": doc[TASKS[task].asks], "response": f"The answer is {len(lines)}."}
                        )
                    )
            (project / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
            self._variant(project, name, base=str(project / f"{name}.jsonl"), engine="echo")
        tasks = {"word_problems": ITEMS, "concepts": ITEMS}
        if server:
            variants, tasks = ["served"], {"word_problems": ITEMS}
        suite = {"variants": variants, "tasks": list(tasks), "baseline": variants[0], "limit": tasks}
        (project / "suites" / "s.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")
        (project / "proctor.yaml").touch()
        try:
            yield project
        finally:
            shutil.rmtree(project, ignore_errors=True)

    def _mended(self, fault: Reply, good: Callable[[int], bool]) -> str:
        """A run with a server that is good or faulty by how many requests came before; then one with it mended."""
        faulty = [True]

        def reply(request: dict, before: int) -> Reply:
            return fault if faulty and not good(before) else GOOD

        with self._project(server=True) as project, serve(reply) as server:
            self._variant(project, "served", base="m", engine="openai", endpoint=server.url)
            problem = self._run(project)
            faulty.clear()
            return problem or self._ends_well(project, rows=False)

    def _variant(self, project: Path, name: str, **fields: str) -> None:
        (project / "variants").mkdir(exist_ok=True)
        (project / "variants" / f"{name}.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")

    def _start(self, project: Path, before: str = "", name: str = "") -> Running:
        (project / f"said{name}").mkdir(exist_ok=True)
        places = {"--results": "results", "--store": "store", "--out": "board"}
        words = [word for option, place in places.items() for word in (option, str(project / place))]
        return Running(["run", "s", *words], project / f"said{name}", project, UNDRAWN + before + COMMAND)

    def _run(self, project: Path, before: str = "") -> str:
        """What was wrong with the end of a run; "" where it ended, well or in words."""
        running = self._start(project, before)
        code = running.wait()
        if code not in (0, 1, 2) or "Traceback" in running.stderr:
            return f"exit {code}: {running.stderr.strip()[-300:]}"
        return ""

    def _ends_well(self, project: Path, rows: bool = True) -> str:
        """What is wrong with the rows after one more run."""
        shutil.rmtree(project / "said", ignore_errors=True)
        problem = self._run(project)
        if problem:
            return problem
        there = self._rows(project)
        if not rows:
            failed = sum(row["status"] == "error" for row in there)
            return "" if len(there) == ITEMS and not failed else f"{len(there)} rows, {failed} failed"
        return "" if there == self.rows else f"other rows: {len(there)} of {len(self.rows)}"

    def _rows(self, project: Path) -> list[dict]:
        rows = []
        for path in sorted((project / "results").glob("*/*/samples.parquet")):
            for row in pq.read_table(path).to_pylist():
                rows.append({name: value for name, value in row.items() if name not in MEASURED})
        parts = list(project.rglob(".*.part"))
        return [] if parts else rows
