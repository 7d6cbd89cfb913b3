"""Publishing: a folder or a branch that a static host takes as it is, and nothing private in it."""

import http.client
import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from proctor.leaderboard.board import private, publish, site
from proctor.leaderboard.board.serve import open_server
from tests.support.board_pages import files_of
from tests.support.board_results import rows_of, small_results, write


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "repository"
    place.mkdir()
    monkeypatch.chdir(place)
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "Ada Lovelace")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "ada@example.org")
    git("init", "--quiet", "--initial-branch", "main")
    (place / "kept.txt").write_text("kept")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return place


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def board_saying(place: Path, *texts: str) -> Path:
    """A board of one cell, whose responses are these."""
    rows = rows_of("odd", "word_problems", n=max(12, len(texts)))
    said = [replace(row, response=f"see {text} here") for row, text in zip(rows, texts, strict=False)]
    write(place / "results", [*said, *rows[len(texts) :]])
    return site.build(place / "results", place / "board").parent


def test_a_folder_holds_the_board_and_what_hosts_need(board: Path, tmp_path: Path) -> None:
    told = publish.publish(board, str(tmp_path / "public"))
    there = files_of(tmp_path / "public")
    assert {name: there[name] for name in files_of(board)} == files_of(board)
    assert set(there) - set(files_of(board)) == {"README.md", "pages-workflow.yml"}
    assert there[".nojekyll"] == b""
    assert b"sdk: static" in there["README.md"]
    steps = yaml.safe_load(there["pages-workflow.yml"])["jobs"]["publish"]["steps"]
    assert [step.get("with") for step in steps if "upload-pages-artifact" in step["uses"]] == [
        {"path": "public"}
    ]
    assert "GitHub Pages" in told
    assert "Hugging Face" in told


def test_publishing_again_takes_away_what_is_gone_and_nothing_else(tmp_path: Path) -> None:
    results, out = tmp_path / "results", tmp_path / "public"
    for name in ("kept", "gone"):
        write(results, rows_of(name, "word_problems"))
    publish.publish(site.build(results, tmp_path / "board").parent, str(out))
    assert (out / "variants" / "gone.html").exists()
    (out / "CNAME").write_text("kept by hand")
    shutil.rmtree(results / "gone")
    publish.publish(site.build(results, tmp_path / "board").parent, str(out))
    assert not (out / "variants" / "gone.html").exists()
    assert (out / "CNAME").read_text() == "kept by hand"


def test_a_folder_of_other_files_is_refused(board: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="no board wrote"):
        publish.publish(board, str(tmp_path))
    with pytest.raises(ValueError, match="the board itself"):
        publish.publish(board, str(board / "inner"))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_bare_word_is_neither_folder_nor_branch(board: Path, repository: Path) -> None:
    with pytest.raises(ValueError, match=r"write \./pages for the folder or branch:pages for the branch"):
        publish.publish(board, "pages")
    assert not (repository / "pages").exists()


def test_a_branch_gets_one_commit_and_the_working_tree_none_of_it(board: Path, repository: Path) -> None:
    told = publish.publish(board, "branch:gh-pages")
    assert "nothing was pushed" in told
    assert set(git("ls-tree", "-r", "--name-only", "gh-pages").split("\n")) >= set(files_of(board))
    assert git("status", "--short") == ""
    assert [path.name for path in repository.iterdir() if path.name != ".git"] == ["kept.txt"]
    first = git("rev-parse", "gh-pages")
    assert "already" in publish.publish(board, "branch:gh-pages")
    assert git("rev-parse", "gh-pages") == first


def test_a_changed_board_is_a_second_commit_on_the_branch(
    board: Path, repository: Path, tmp_path: Path
) -> None:
    publish.publish(board, "branch:gh-pages")
    other = site.build(small_results(tmp_path / "results"), tmp_path / "other", "tiny-lora").parent
    publish.publish(other, "branch:gh-pages")
    assert git("rev-list", "--count", "gh-pages") == "2"


@pytest.mark.parametrize("branch", ["main", "-x", "a b", "", "a..b"])
def test_a_branch_that_cannot_be_is_refused(board: Path, repository: Path, branch: str) -> None:
    with pytest.raises(ValueError, match=r"checked out|failed"):
        publish.publish(board, f"branch:{branch}")
    assert git("rev-list", "--all", "--count") == "1"


def test_without_a_repository_a_branch_is_refused(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ValueError, match="a branch needs a git repository"):
        publish.publish(board, "branch:gh-pages")


# One of each kind: which other texts are of it is for test_private_forms.py.
PRIVATE = {
    "a key or token": "sk-" + "a1B2" * 8,
    "a token": "Bearer " + "x" * 30,
    "a password": "https://ada:secret@host.example/x",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "a home folder": r"C:\Users\ada\x",
    "an absolute path": "/data/llama/x",
    "an address inside a network": "http://gpu-box.lab.internal/v1",
}


def test_what_is_private_is_refused_with_where(tmp_path: Path) -> None:
    board = board_saying(tmp_path, *PRIVATE.values())
    with pytest.raises(ValueError, match="private") as refused:
        publish.publish(board, str(tmp_path / "public"))
    assert not (tmp_path / "public").exists()
    message = str(refused.value)
    for kind, text in PRIVATE.items():
        assert re.search(rf"{kind}[^']* '[^']*' in data/odd/word_problems/0\.js", message), kind
        if "key" in kind or "token" in kind:
            assert text not in message  # the message does not spread it further


def test_secrets_of_the_environment_and_names_of_this_machine_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "kept-very-quiet-42")
    monkeypatch.setenv("LOGNAME", "grace-hopper")
    for text, words in (("kept-very-quiet-42", r"\$SOME_API_KEY"), ("grace-hopper", "this user or machine")):
        board = board_saying(tmp_path / text, text)
        with pytest.raises(ValueError, match=words):
            publish.publish(board, str(tmp_path / "public"))


def test_a_text_that_was_looked_at_may_pass(tmp_path: Path) -> None:
    board = board_saying(tmp_path, "/home/economics/chapter")
    publish.publish(board, str(tmp_path / "public"), ["/home/economics/chapter"])
    assert (tmp_path / "public" / "index.html").is_file()


def test_ordinary_answers_are_not_taken_for_private(tmp_path: Path) -> None:
    texts = (
        "60 km/h", "3/4 of 12", "and/or", "https://example.org/home/page", "5 / home / x", "sk-1", "Users/ of it",
        "1:2", "http://localhost:8000/v1", "1/2 of /data",
    )  # fmt: skip
    assert list(private.search(board_saying(tmp_path, *texts))) == []


def test_the_board_is_served_to_this_machine_alone(board: Path) -> None:
    server = open_server(board, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host, port = server.server_address[:2]
    assert host == "127.0.0.1"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert b"Proctor board" in answer.read()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/../../etc/passwd")
    with pytest.raises(ValueError, match="name another one with --port"):
        open_server(board, int(port))
    server.shutdown()
    server.server_close()


def test_a_board_is_read_by_this_machines_own_names_alone(board: Path) -> None:
    """A page of another site whose name was made to point here would send that site's name."""
    server = open_server(board, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = int(server.server_address[1])

    def status(*hosts: str) -> int:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        asked.putrequest("GET", "/board.json", skip_host=True)
        for host in hosts:
            asked.putheader("Host", host)
        asked.endheaders()
        answer = asked.getresponse()
        assert (b"made_from" in answer.read()) == (answer.status == 200)
        return answer.status

    for own in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST"):
        assert status(own) == 200, own
    for other in ("evil.example", f"localhost.evil.example:{port}", "127.0.0.1.evil.example", "", "10.0.0.1"):
        assert status(other) == 403, other
    assert status() == 403
    assert status("localhost", "evil.example") == 403
    server.shutdown()
    server.server_close()


def status_of(port: int, path: str, **headers: str) -> int:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    asked.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        asked.putheader(name, value)
    asked.endheaders()
    answer = asked.getresponse()
    assert (b"secret of mine" in answer.read()) is False
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    return answer.status


def test_served_board_lists_no_folder_and_follows_no_link(board: Path, tmp_path: Path) -> None:
    place, outside = tmp_path / "board", tmp_path / "outside"
    shutil.copytree(board, place)
    outside.mkdir()
    (outside / "index.html").write_text("secret of mine")
    (place / "linked").symlink_to(outside)
    (place / "linked.html").symlink_to(outside / "index.html")
    os.mkfifo(place / "waiting")
    server = open_server(place, 0)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port = server.server_address[1]
    for path in ("/", "/index.html", "/board.json", "/static/data.js?x=1"):
        assert status_of(port, path) == 200, path
    for path in (
        "/linked.html", "/linked/index.html",
        "/linked/", "/linked", "/static/", "/static", "/data/", "/waiting",
        "/%00",
        "/..%2foutside/index.html", "//../outside/index.html", "/static/../../outside/index.html", "/" + "a" * 5000,
    ):  # fmt: skip
        assert status_of(port, path) == 404, path
    own = f"127.0.0.1:{port}"
    assert status_of(port, "/", Host=own, Origin=f"http://{own}") == 200
    for origin in ("http://evil.example", "null", "http://localhost:3000", f"https://{own}"):
        assert status_of(port, "/", Host=own, Origin=origin) == 403, origin
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["index.html", "static", "board.json", ".lock"])
def test_no_link_leads_out_of_a_board_that_is_built_or_published(tmp_path: Path, name: str) -> None:
    results, out, outside = tmp_path / "results", tmp_path / "board", tmp_path / "outside"
    write(results, rows_of("alone", "word_problems"))
    place = site.build(results, out).parent
    public = tmp_path / "public"
    publish.publish(place, str(public))
    outside.mkdir()
    (outside / "kept").write_text("mine")
    target = outside if name == "static" else outside / "kept"
    for folder in (out, public):
        (folder / name).rename(folder / "before") if (folder / name).exists() else None
        (folder / name).symlink_to(target)
    with pytest.raises(ValueError, match=r"is a link|no board wrote"):
        site.build(results, out, "alone")
    if name != ".lock":  # which is none of the board's files
        with pytest.raises(ValueError, match=r"is a link|no board wrote"):
            publish.publish(place, str(tmp_path / "other"))
        assert not (tmp_path / "other").exists()
        (out / name).unlink()
        (out / "before").rename(out / name)
        with pytest.raises(ValueError, match=r"is a link|no board wrote"):
            publish.publish(place, str(public))
    assert [path.name for path in outside.iterdir()] == ["kept"]
    assert (outside / "kept").read_text() == "mine"


def test_only_what_the_board_wrote_is_published(board: Path, tmp_path: Path) -> None:
    place = tmp_path / "board"
    shutil.copytree(board, place)
    for name in (".git/config", "notes/diary.txt", ".env"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("a secret of mine")
    publish.publish(place, str(tmp_path / "public"))
    for text in files_of(tmp_path / "public").values():
        assert b"a secret of mine" not in text
    (place / "index.html").unlink()
    with pytest.raises(ValueError, match=r"index\.html is missing from the board; build it again"):
        publish.publish(place, str(tmp_path / "public"))


def test_without_a_board_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="build it first"):
        open_server(tmp_path, 0)
