"""Pages of this machine: answered to its own browser alone, whatever another page may send."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.common.http.local_server import LocalHandler, LocalServer, is_own
from proctor.common.refusal import Refusal
from proctor.judges.judge import Judge
from proctor.judges.people.rate import RatedPlan, RatingSheet, shown
from proctor.judges.people.rate_server import RatingServer


@pytest.mark.parametrize(
    ("hosts", "origins"),
    [
        (["localhost:80"], []), (["127.0.0.1"], []), (["[::1]:8000"], []), (["LOCALHOST:8000"], []),
        (["localhost:8000"], ["http://localhost:8000"]), (["LocalHost"], ["http://localhost"]),
    ],
)  # fmt: skip
def test_own_browser_is_answered(hosts: list[str], origins: list[str]) -> None:
    assert is_own(hosts, origins)


@pytest.mark.parametrize(
    ("hosts", "origins"),
    [
        ([], []), ([""], []), (["evil.example"], []), (["localhost.evil.example"], []), (["127.0.0.1.nip.io"], []),
        (["localhost:8000", "localhost:8000"], []), (["localhost:80a"], []), (["localhost\u0661"], []),
        (["10.0.0.1"], []), (["localhost:8000"], ["http://localhost:3000"]), (["localhost"], ["null"]),
        (["localhost"], ["https://localhost"]), (["localhost"], ["http://localhost", "http://evil.example"]),
        (["localhost"], ["http://localhost.evil.example"]), (["127.0.0.1:1"], ["http://localhost:1"]),
    ],
)  # fmt: skip
def test_what_another_page_may_send_is_not_answered(hosts: list[str], origins: list[str]) -> None:
    assert not is_own(hosts, origins)


def test_port_that_is_taken_or_is_none_is_one_line() -> None:
    server = LocalServer(0, LocalHandler)
    with pytest.raises(Refusal, match="name another one with --port"):
        LocalServer(server.server_address[1], LocalHandler)
    with pytest.raises(Refusal, match="0 to 65535"):
        LocalServer(70_000, LocalHandler)
    server.server_close()


@pytest.fixture
def rating(tmp_path: Path) -> Iterator[RatingServer]:
    plans = [RatedPlan("one", "Pupil: Ada", "Week 1: fractions", "Ada", "tuned")]
    items = shown(plans, "scores", "kim")
    sheet = RatingSheet(tmp_path / "labels.csv", Judge.load("study_plan"), items, "scores", "kim")
    server = RatingServer(sheet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def answer_to(server: LocalServer, request: str) -> str:
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as line:
        line.sendall(request.encode("latin-1"))
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while part := line.recv(65536):
            answer += part
    return answer.decode()


def test_rating_page_takes_no_click_of_another_page(rating: RatingServer) -> None:
    own, body = (
        rating.address.removeprefix("http://").rstrip("/"),
        '{"item": 0, "dimension": "fluency", "score": 3}',
    )

    def save(host: str = own, more: str = "", size: str = str(len(body))) -> str:
        head = (
            f"POST /save HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\nX-Proctor: {rating.token}\r\n"
        )
        return answer_to(rating, f"{head}{more}\r\n{body}").split("\r\n")[0]

    assert "403" in save(host="evil.example")
    assert "403" in save(more="Origin: http://evil.example\r\n")
    assert "403" in save(more="Origin: null\r\n")
    for size in ("\u00b2", "9" * 5000, "-1", "1e2", ""):
        assert "400" in save(size=size), size
    assert not rating.sheet.path.exists()
    assert "200" in save(more=f"Origin: http://{own}\r\n")
    assert "fluency,3" in rating.sheet.path.read_text().replace(" ", "")
