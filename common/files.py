"""Files that a kill or a power cut cannot leave half written, files that only grow, and locks between processes.

Where a system has no `fcntl` (Windows), results can be read and boards built; only what needs a lock is refused.
"""

import csv
import io
import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from proctor.common.digest import is_whole, sealed
from proctor.common.refusal import Refusal
from proctor.common.terminal import echo

PART = ".part"
LARGEST_TEXT = 2**28  # bytes of a file that is read as one text
LONGEST_LINE = 2**27  # bytes: four times the largest reply, whose letters may each take six here


@contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[Path]:
    """A new file to write to, which takes the place of `path` when the block ends; the old one stays if it fails. Its
    folder is made where there is none.

    Without `durable` a power cut may lose the new content: for files that can be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes, or two threads of one, may write the same file.
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}{PART}")
    if durable and can_lock():
        remove_parts(path.parent)
    try:
        with part.open("wb") as held:
            if can_lock():
                _flock(held, wait=True)
            yield part
            if durable:
                os.fsync(held.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def remove_parts(folder: Path) -> None:
    """What writes that were killed have left in a folder: parts that no process holds any more."""
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError), part.open("rb") as left:
            if _flock(left, wait=False):
                part.unlink()


ROOM = 64 * 2**20  # bytes: rows and responses of a long run


def refuse_unwritable(*folders: Path, room: int = ROOM) -> None:
    """Where nothing could be kept, or not so many bytes: said before the work, and not after it."""
    for folder in folders:
        there = folder.absolute()
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            raise Refusal(f"{there} is a file", "a folder is wanted there", "give another place", folder)
        if not os.access(there, os.W_OK | os.X_OK):
            raise Refusal(
                "nothing can be written there", remedy="give another place, or mend its rights", where=there
            )
        free = shutil.disk_usage(there).free
        if free < room:
            found = f"{free / 2**20:,.0f} MB are free there, and {room / 2**20:,.0f} MB are wanted"
            raise Refusal(found, remedy="free some space, or give another place", where=there)


def writable(path: Path | None) -> Path | None:
    """For an option that names a file to be written at the end: refused now where that could not be done."""
    if path is not None:
        if path.is_dir():
            raise Refusal("that is a folder", "a file is wanted", "give a file's name in it", path)
        refuse_unwritable(path.parent, room=2**20)
    return path


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
        # A pipe or a device has no end.
        readable = path.is_file() and path.stat().st_size <= LARGEST_TEXT
        if path.exists() and not path.is_dir() and not readable:
            raise Refusal(f"no file of at most {LARGEST_TEXT:,} bytes", where=path)
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


def write_kept(path: Path, fields: Mapping[str, Any]) -> None:
    """A JSON object with its checksum, which `read_kept` reads."""
    write_text(path, json.dumps(sealed(fields, path.name)))


def read_kept(path: Path) -> dict[str, Any] | None:
    """What was kept; None where there is nothing, or where it is not as it was written."""
    try:
        kept = read_fields(path)
        return kept if is_whole(kept, path.name) else None
    except RecursionError:
        return None


def read_fields(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file of ours that has no checksum; None where there is none that can be read."""
    try:
        fields = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


class LineFile:
    """JSON objects, a line each with a checksum, added and never changed. Several processes may add to one file.

    A line that a kill cut off, that was damaged or that somebody else put there is set aside in FILE.damaged when the
    file is read, and one line on standard error says so.

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
        damaged = []
        with self.path.open("rb") as file:
            start = 0
            for line in iter(partial(file.readline, LONGEST_LINE), b""):
                entry = self._entry(line)
                if entry is not None:
                    yield start, entry
                elif line.strip():
                    damaged.append(start)
                start += len(line)
        if damaged:
            self._set_aside(damaged)

    def at(self, start: int) -> dict[str, Any] | None:
        """The entry whose line begins there; None where that was damaged in the meantime."""
        with self.path.open("rb") as file:
            file.seek(start)
            return self._entry(file.readline(LONGEST_LINE))

    def _entry(self, line: bytes) -> dict[str, Any] | None:
        try:
            entry: dict[str, Any] = json.loads(line)
            return entry if is_whole(entry) else None
        except (ValueError, RecursionError):
            return None

    def _set_aside(self, starts: Sequence[int]) -> None:
        """Puts blanks in the place of damaged lines: other processes know where the others begin."""
        aside, moved = self.path.with_name(f"{self.path.name}.damaged"), 0
        with self.path.open("r+b") as file, aside.open("ab") as kept:
            _flock(file, wait=True)
            for start in starts:
                file.seek(start)
                line = file.readline(LONGEST_LINE)
                # It may have been in the middle of being written.
                if line.strip() and self._entry(line) is None:
                    kept.write(line.rstrip(b"\n") + b"\n")
                    file.seek(start)
                    file.write(b" " * len(line.rstrip(b"\n")))
                    moved += 1
        if moved:
            echo(f"{moved} damaged lines of {self.path} were set aside in {aside.name}", err=True)

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
                lines += json.dumps(sealed(entry)).encode("ascii") + b"\n"
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
        # A link would be followed, and what it points to emptied.
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o666)
        with os.fdopen(handle, "a+", encoding="utf-8") as file:
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
