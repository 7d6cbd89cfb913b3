"""A board made ready for a static host: copied to a folder or written to a git branch, when nothing private is in it.

The board itself comes from site.py, the check for what is private from private.py.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from proctor.common.files import write_bytes
from proctor.common.refusal import Refusal
from proctor.leaderboard.board import private
from proctor.leaderboard.board.folder import MANIFEST, board_files, contents_of, own_path

BRANCH = "branch:"
NAMED = 8  # so many findings are named; of the others their number
HOST = Path(__file__).parent / "templates" / "host"  # what hosts want beside the board


def publish(board: Path, to: str, allowed: Sequence[str] = ()) -> str:
    """Puts the board where `to` says and tells, in a few lines, how it comes online from there."""
    if not (board / MANIFEST).is_file():
        raise Refusal(f"no board in {board}; build it first: proctor board build")
    refuse_private(board, allowed)
    if to.startswith(BRANCH):
        return _to_branch(board, to.removeprefix(BRANCH))
    if "/" not in to and not Path(to).is_dir():
        raise Refusal(
            f"{to!r} may be a folder or a branch; write ./{to} for the folder or {BRANCH}{to} for the branch"
        )
    return _to_folder(board, Path(to))


def refuse_private(board: Path, allowed: Sequence[str] = ()) -> None:
    findings = private.in_words(private.search(board, allowed))
    if len(findings) > NAMED:
        findings[NAMED:] = [f"and {len(findings) - NAMED} more"]
    if findings:
        raise Refusal(
            f"what looks private stands in the board: {'; '.join(findings)}; nothing was published; "
            "take it out of the results, or let a text pass with --allow TEXT"
        )


def _to_folder(board: Path, out: Path) -> str:
    if out.resolve() == board.resolve() or board.resolve() in out.resolve().parents:
        raise Refusal(f"{out} is the board itself or lies in it; name another folder with --out")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MANIFEST).is_file())):
        raise Refusal(
            f"{out} holds files that no board wrote; they would be mixed; name an empty folder with --out"
        )
    before = board_files(out)
    wanted = _copy(board, out, out.name)
    for name in before - wanted:
        own_path(out, name).unlink(missing_ok=True)
    return (
        f"in {out}: any static host can serve this folder as it is, under any path\n"
        f"GitHub Pages: put it into a repository; {out / 'pages-workflow.yml'} is an example of a workflow\n"
        f"Hugging Face: hf upload NAME/SPACE {out} --repo-type space (README.md says that the Space is static)"
    )


def _copy(board: Path, out: Path, folder: str) -> set[str]:
    """The board, and what hosts need: `folder` is where the workflow will find it in its repository."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in HOST.iterdir()}
    texts = {name: text.replace("FOLDER", json.dumps(folder)) for name, text in texts.items()}
    texts[".nojekyll"] = ""
    contents = contents_of(board)
    contents |= {name: text.encode() for name, text in texts.items()}
    places = {name: own_path(out, name) for name in contents}
    for name, content in contents.items():
        write_bytes(places[name], content, durable=False)
    return set(contents)


def _to_branch(board: Path, branch: str) -> str:
    """One commit on the branch, made without touching the working tree or its index."""
    repository = Path(_git("rev-parse", "--show-toplevel"))
    _git("check-ref-format", "--branch", branch)
    if _git("rev-parse", "--abbrev-ref", "HEAD") == branch:
        raise Refusal(f"{branch} is the branch that is checked out; name another one, such as gh-pages")
    with tempfile.TemporaryDirectory() as made:
        place = Path(made) / "board"
        _copy(board, place, ".")
        there = {
            "GIT_INDEX_FILE": str(Path(made) / "index"),
            "GIT_DIR": _git("rev-parse", "--absolute-git-dir"),
        }
        _git("--work-tree", str(place), "add", "--all", "--force", ".", env=there, at=place)
        tree = _git("write-tree", env=there)
    ref = f"refs/heads/{branch}"
    parent = _git("rev-parse", "--verify", "--quiet", ref, may_fail=True)
    if parent and _git("rev-parse", f"{parent}^{{tree}}") == tree:
        return f"branch {branch} of {repository.name} holds this board already"
    commit = _git("commit-tree", tree, *(["-p", parent] if parent else []), "-m", "The board, published")
    _git("update-ref", ref, commit, *([parent] if parent else []))
    return (
        f"on branch {branch} of {repository.name}, commit {commit[:12]}; nothing was pushed\n"
        f"GitHub Pages: git push origin {branch}, then Settings, Pages, Source: that branch, folder /\n"
        f"Hugging Face: git push SPACE {branch}:main, where SPACE is the remote of a static Space"
    )


def _git(
    *words: str, env: dict[str, str] | None = None, at: Path | None = None, may_fail: bool = False
) -> str:
    try:
        done = subprocess.run(
            ["git", *words], capture_output=True, text=True, check=False, env=os.environ | (env or {}), cwd=at
        )
    except FileNotFoundError:
        raise Refusal("git is not installed; publish to a folder instead") from None
    if done.returncode and not may_fail:
        why = " ".join(done.stderr.split()) or f"exit {done.returncode}"
        raise Refusal(f"git {words[0]} failed: {why}; a branch needs a git repository, a folder does not")
    return done.stdout.strip() if not done.returncode else ""
