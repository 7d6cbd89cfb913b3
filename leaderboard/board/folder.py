"""The folder of a board: which files are the board's own, and how new ones take their place.

Only what a board itself wrote is ever removed: its manifest, board.json, names the files with their checksums.
"""

import json
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from proctor.common.files import PART, can_lock, lock, read_fields, write_bytes
from proctor.common.refusal import Refusal

MANIFEST = "board.json"
LOCK = ".lock"


def is_built(out: Path, key: str) -> bool:
    """Whether this very board is there and whole: a finished suite is not compared anew every time."""
    manifest = _manifest_of(out)
    if manifest is None or manifest.get("key") != key:
        return False
    try:
        for path, checksum in manifest["files"].items():
            if sha256(own_path(out, path).read_bytes()).hexdigest() != checksum:
                return False
    except (OSError, ValueError):
        return False
    return True


def _manifest_of(out: Path) -> dict[str, Any] | None:
    manifest = read_fields(out / MANIFEST)
    if manifest is None or not isinstance(manifest.get("files"), dict):
        return None
    return manifest


def put_files(out: Path, files: dict[str, bytes], made_of: dict[str, Any]) -> None:
    """The board's files in place of those of an earlier one, which go away."""
    out.mkdir(parents=True, exist_ok=True)
    # Two builds of one board put their files in place one after the other.
    with lock(own_path(out, LOCK), lambda holder: None) if can_lock() else nullcontext():
        _put_files(out, files, made_of)


def _put_files(out: Path, files: dict[str, bytes], made_of: dict[str, Any]) -> None:
    """Before the first file changes, the manifest names old and new files: a kill in between strands none."""
    before = board_files(out)
    for left in out.rglob(f".*{PART}"):
        left.unlink()  # by a build that was killed
    checksums = {path: sha256(content).hexdigest() for path, content in files.items()}
    for path in {MANIFEST, *before, *files}:
        own_path(out, path)  # all of them before the first is written
    _write(out / MANIFEST, _manifest({"files": dict.fromkeys(before, "") | checksums}))
    for path, content in files.items():
        _write(out / path, content)
    for path in sorted(before - set(files)):
        (out / path).unlink(missing_ok=True)
        for folder in [*PurePosixPath(path).parents][:-1]:
            if (out / folder).is_dir() and not any((out / folder).iterdir()):
                (out / folder).rmdir()
    _write(out / MANIFEST, _manifest({"files": checksums} | made_of))


def own_path(board: Path, name: str) -> Path:
    """Where a file of the board lies. A link would be followed out of the folder: to read there, or to write."""
    path = board / name
    if board.is_dir() and path.resolve() != board.resolve() / name:
        raise Refusal(f"{name} is a link or lies behind one", "a board holds files alone", "remove it", board)
    return path


def is_own_file(board: Path, path: Path) -> bool:
    """Whether this is a file in the board, reached without a link."""
    try:
        return own_path(board, path.relative_to(board).as_posix()).is_file()
    except (ValueError, OSError):  # not in it, or no path at all
        return False


def board_files(out: Path) -> set[str]:
    """The files that a board has put there. A folder of other files is refused: they would be mixed with it."""
    if not out.exists():
        return set()
    if not out.is_dir():
        raise Refusal(f"{out} is a file; a board is a folder; name another place with --out")
    if all(is_left_over(path.name) for path in out.iterdir()):
        return set()
    manifest = _manifest_of(out)
    if manifest is None:
        raise Refusal(
            f"{out} holds files that no board wrote; a board would be mixed with them; "
            "name an empty folder with --out"
        )
    files = set()
    for name in manifest["files"]:
        if isinstance(name, str) and ".." not in PurePosixPath(name).parts and not name.startswith("/"):
            files.add(name)
    return files


def contents_of(board: Path) -> dict[str, bytes]:
    """All that the board itself wrote, by name; what else lies in its folder is none of it."""
    contents = {}
    for name in sorted({MANIFEST, *board_files(board)}):
        try:
            contents[name] = own_path(board, name).read_bytes()
        except OSError:
            remedy = "build it again: proctor board build"
            raise Refusal(f"{name} is missing from the board", remedy=remedy, where=board) from None
    return contents


def is_left_over(name: str) -> bool:
    """What git, a build that is going on, or a kill in the very first write puts into a folder."""
    return name in (".git", LOCK) or (name.startswith(".") and name.endswith(PART))


def _manifest(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return  # an unchanged page keeps its time, which copying tools and web servers go by
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content, durable=False)
