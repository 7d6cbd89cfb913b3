"""The chat over real HTTP, with the embedded model: answers stream, eight visitors are served, and nothing mixes."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.chat_server import PASTED, QUESTION, chatting, needs_gradio
from tests.support.command import proctor

pytestmark = needs_gradio


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chatting(tmp_path_factory.mktemp("chat"), "tiny") as opened:
        yield opened
        start = time.monotonic()
    assert time.monotonic() - start < 5, "Ctrl-C waited for pages that are still open"


def client(address: str) -> Any:
    import gradio_client

    return gradio_client.Client(address, verbose=False)


@pytest.fixture(scope="module")
def visitor(address: str) -> Any:
    return client(address)


def test_a_problem_is_solved_and_what_was_sent_is_shown(visitor: Any) -> None:
    job = visitor.submit(QUESTION, api_name="/solve_en")
    html, sent, _ = job.result(timeout=120)
    assert len(job.outputs()) > 1  # it streams
    assert "✓ 3 + 5 = 8 (right)" in html
    assert "<strong>8</strong>" in html
    assert "of 5 more tries" in html
    assert sent.count(QUESTION) == 1
    assert sent.startswith("<|im_start|>user")


def test_a_plan_comes_with_findings_and_two_files(visitor: Any) -> None:
    form = ("Ada", 6, 4, 2, ["Monday"], "pass the test", "grade-6", ["ratio"], "2026-09-01")
    html, sent, files = visitor.predict(*form, api_name="/plan_en")
    assert "Weak topics: Ratio" in sent
    assert "Not on: Monday" in sent
    assert html.count("<th scope='row'>") == 4
    assert "✓ weeks: All 4 weeks are there." in html
    paths = files["value"] if isinstance(files, dict) else files
    assert [Path(path).name for path in paths] == ["plan.md", "plan.ics"]
    assert Path(paths[1]).read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_mistakes_are_sent_as_the_task_sends_them(visitor: Any) -> None:
    html, sent, _ = visitor.predict(PASTED, "Ada", 4, 4, 2, [], "", api_name="/mistakes_en")
    assert "1. 403 - 168\n   Working: 8 - 3 = 5" in sent
    assert "<td>4 - 1 = 4</td>" in html


def test_page_is_for_browsers_that_ask_for_this_machine_by_name_and_for_its_own_pages(address: str) -> None:
    own = address.removeprefix("http://").rstrip("/")

    def status(path: str, **headers: str) -> int:
        return httpx2.get(f"{address}{path}", headers=headers, follow_redirects=True).status_code

    for path in ("", "config", "gradio_api/info"):
        assert status(path) == 200, path
        assert status(path, origin=f"http://{own}") == 200, path
        for other in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
            assert status(path, **other) == 403, other
    for path in ("/etc/passwd", "pyproject.toml", "../../etc/passwd", str(Path.home() / ".bashrc")):
        assert status(f"gradio_api/file={path}") in (403, 404), path
    with httpx2.Client(headers={"origin": "http://evil.example"}) as evil:
        sent = evil.post(f"{address}gradio_api/upload", files={"files": ("a.txt", b"x" * 100)})
        assert sent.status_code == 403


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "nothing to answer"), ("x" * 100_000, "100,000 characters"), ("12 x 7 " * 900, "too long")],
)
def test_what_cannot_be_answered_is_said_in_a_line(visitor: Any, text: str, why: str) -> None:
    html, _, _ = visitor.predict(text, api_name="/solve_en")
    assert why in html
    assert "role='alert'" in html


def test_visitors_at_once_get_their_own_answers(address: str) -> None:
    answers: dict[int, tuple[str, str]] = {}

    def visit(number: int) -> None:
        question = f"Visitor {number} has {number} pens and buys 5 more. How many pens are there?"
        html, sent, _ = client(address).predict(question, api_name="/solve_en")
        answers[number] = (html, sent)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(11, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert set(answers) == set(range(11, 15))
    for number, (html, sent) in answers.items():
        assert f"Visitor {number} " in sent
        assert "Answer: " in html
        assert not any(f"Visitor {other}" in html + sent for other in answers if other != number)


def test_the_page_in_chinese_has_the_same_scenes_and_says_in_chinese_what_is_wrong(visitor: Any) -> None:
    for text, why in {"": "請先寫些什麼", "x" * 100_000: "100,000 個字元", "12 x 7 " * 900: "太長了"}.items():
        assert why in visitor.predict(text, api_name="/solve_zh-Hant")[0]
    form = ("Ada", 6, 99, 2, [], "", "grade-6", ["ratio"], "2026-09-01")
    assert "「週數」要在 2 到 8 之間。" in visitor.predict(*form, api_name="/plan_zh-Hant")[0]
    assert "“Weeks” goes from 2 to 8" in visitor.predict(*form, api_name="/plan_en")[0]
    html, _, _ = visitor.predict(QUESTION, api_name="/solve_zh-Hant")
    assert "✓ 3 + 5 = 8 (正確)" in html


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["tiny", "--blind"], "there is one"), (["tiny", "--beside", "tiny"], "beside itself"),
        (["tinny"], "did you mean 'tiny'"), (["tiny", "--labels", "/nowhere/labels.csv"], "no folder"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_told_in_one_line(arguments: list[str], why: str) -> None:
    done = proctor("chat", *arguments)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
