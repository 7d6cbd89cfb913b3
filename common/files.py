"""Files that a kill or a power cut cannot leave half written, files that only grow, and locks between processes.

Where a system has no `fcntl` (Windows), results can be read and boards built; only what needs a lock is refused.
"""

import csv
import io
import json
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from proctor.common.refusal import Refusal

PART = ".part"


@contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[Path]:
    """A new file to write to, which takes the place of `path` when the block ends; the old one stays if it fails. Its
    folder is made where there is none.

    Without `durable` a power cut may lose the new content: for files that can be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes, or two threads of one, may write the same file.
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}{PART}")
    try:
        yield part
        if durable:
            sync(part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def remove_parts(folder: Path) -> None:
    """What writes that were killed have left in a folder. The caller holds its lock: nobody is writing there."""
    for part in folder.glob(f".*{PART}"):
        part.unlink()


def write_bytes(path: Path, content: bytes, durable: bool = True) -> None:
    """The whole content or the old file, whatever happens in between."""
    with replacing(path, durable) as part:
        part.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """The same for text, in UTF-8 and with its line ends as they are."""
    write_bytes(path, text.encode("utf-8"))


def write_json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """A whole file of JSON objects, a line each. A file that grows is a `LineFile`."""
    write_text(path, as_json_lines(rows))


def read_text(path: Path) -> str:
    """The text of a file that a user brings, or one line that says why there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except (FileNotFoundError, IsADirectoryError):
        raise Refusal("no such file", where=path) from None
    except UnicodeDecodeError:
        raise Refusal("not UTF-8 text", remedy="save it as UTF-8", where=path) from None
    except OSError as failed:
        raise Refusal(f"cannot be read: {failed.strerror}", where=path) from None


def as_json_lines(rows: Iterable[Mapping[str, Any]], sort_keys: bool = False) -> str:
    r"""One line of JSON for each row, with its letters as they are.

    >>> as_json_lines([{"text": "½ kg"}])
    '{"text": "½ kg"}\n'
    """
    return "".join(json.dumps(row, ensure_ascii=False, sort_keys=sort_keys) + "\n" for row in rows)


def sync(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk: else a rename may get there before them."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folder
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A table as CSV, of these columns alone."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


class LineFile:
    """JSON objects, a line each, added and never changed. Several processes may add to one file.

    A kill may leave half a line: it is passed over, and the next one begins on a line of its own.

    >>> lines = LineFile(Path("journal.jsonl"))
    >>> lines.add([{"key": "a"}])
    [1]
    >>> list(lines)
    [(1, {'key': 'a'})]
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each entry that can be read, and where its line begins."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            start = 0
            for line in file:
                entry: Any = None
                with suppress(ValueError, RecursionError):
                    entry = json.loads(line)
                if isinstance(entry, dict):
                    yield start, entry
                start += len(line)

    def at(self, start: int) -> dict[str, Any]:
        """The entry whose line begins there."""
        with self.path.open("rb") as file:
            file.seek(start)
            entry: dict[str, Any] = json.loads(file.readline())
        return entry

    def add(self, entries: Sequence[Mapping[str, Any]], durable: bool = True) -> list[int]:
        """Puts entries at the end and says where each begins."""
        if not entries:
            return []
        self.path.parent.mkdir(parents=True, exist_ok=True)
        starts = []
        with self.path.open("ab") as file:
            _flock(file, wait=True)
            end = file.seek(0, os.SEEK_END)
            lines = bytearray(b"\n")  # ends the half line that a kill may have left
            for entry in entries:
                starts.append(end + len(lines))
                # In ASCII: what a model says may hold half a character, or what Python takes for the end of a line.
                lines += json.dumps(entry).encode("ascii") + b"\n"
            file.write(lines)  # all at once: of lines written one by one a kill between leaves a part
            file.flush()
            if durable:
                os.fsync(file.fileno())
        return starts

    def sync(self) -> None:
        """For entries that were added without `durable`."""
        if self.path.exists():
            sync(self.path)


@contextmanager
def lock(path: Path, busy: Callable[[str], None]) -> Iterator[None]:
    """One process at a time is inside the block. The kernel drops the lock with its process: none can be stale.

    While another is inside, `busy` is called once with what that one wrote of itself: it may raise, else this waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path, busy) as file:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _held(path: Path, busy: Callable[[str], None]) -> Iterator[IO[str]]:
    while True:
        with path.open("a+", encoding="utf-8") as file:
            if not _flock(file, wait=False):
                file.seek(0)
                busy(file.read().strip() or "another process")
                _flock(file, wait=True)
            # Whoever held it before may have removed the file between our open and our lock: then we hold nothing.
            if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield file
                return


def can_lock() -> bool:
    """Whether this system has the locks that `lock` and `LineFile` need."""
    return find_spec("fcntl") is not None


def _flock(file: IO[Any], wait: bool) -> bool:
    """Whether the lock is held now. It goes when the file is closed."""
    try:
        import fcntl
    except ImportError:
        raise Refusal(
            "this system has no file locks",
            "here results can be compared, reported and shown, but not made",
            "run it on Linux or macOS, or in WSL",
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
