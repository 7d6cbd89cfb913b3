"""`proctor chat` in a process of its own: the embedded model, or two variants that answer from a file."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.support.command import ROOT, command

QUESTION = "Tom has 3 apples and buys 5 more. How many apples does he have?"
PASTED = "403 - 168\nWorking: 8 - 3 = 5, 6 - 0 = 6, 4 - 1 = 4\nAnswer: 365\n\n12 x 3\nAnswer: 39"
SOLUTION = "3 + 5 = 8, and 8 + 1 = 10.\n#### 8"
PLAN = "Week 1: Ratio. Tuesday, 60 min. Solve 8 questions.\nWeek 2: Ratio. Friday, 60 min. Check 6 of 8."
DIAGNOSIS = (
    f"Answers:\n1. 235 | Regrouping\n2. 36 | Multiplication\n\nWeak topics: Regrouping\n\nPlan:\n{PLAN}"
)


def book(folder: Path, name: str, solution: str) -> None:
    """A variant that answers from a file."""
    rows = {
        "Tom has 3 apples": solution,
        "Weak topics: Ratio": PLAN,
        "403 - 168": DIAGNOSIS,
        "hello": "Good day!",
    }
    lines = [json.dumps({"question": question, "response": text}) for question, text in rows.items()]
    (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    fields = {"about": f"the book {name}", "base": str(folder / f"{name}.jsonl"), "engine": "echo"}
    (folder / "variants").mkdir(exist_ok=True)
    (folder / "variants" / f"{name}.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")


def _hears_ctrl_c() -> None:
    """What a shell starts in the background inherits a deaf ear to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def chatting(folder: Path, *arguments: str) -> Iterator[str]:
    """The page's address; the process is ended as Ctrl-C ends it, and must end without a traceback."""
    log = folder / "chat.log"
    environment = {
        **os.environ,
        "PROCTOR_STORE": str(folder / "store"),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    (folder / "proctor.yaml").touch()
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen(
            [*command("chat", *arguments), "--labels", str(folder / "labels.csv")],
            cwd=folder, env=environment, stdout=written, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            preexec_fn=_hears_ctrl_c,
        )  # fmt: skip
    try:
        yield _address(process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert "Traceback" not in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    for _ in range(1800):
        said = log.read_text(encoding="utf-8")
        if opened := re.search(r"open (http://127\.0\.0\.1:[0-9]+/)", said):
            return opened[1]
        assert process.poll() is None, said
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))
