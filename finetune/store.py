"""Keeping what a stage made: one folder for each digest, whole or not there at all.

with locked(folder, waiting):
    make(folder, {"digest": digest}, resumes=False, work=write_into)
kept(folder, digest)   # True: every byte is as it was made
"""

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from proctor.common.files import lock, sync
from proctor.common.refusal import Refusal
from proctor.finetune.base import digest_of_file
from proctor.finetune.folder import read_json, write_json

Tell = Callable[[float, str], None]  # what a stage reports: share done from 0 to 1, what is happening

MADE = "made.json"
PACKAGES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "unsloth", "gguf", "llama-cpp-python")


def kept(folder: Path, digest: str) -> bool:
    """True when the folder is there and every byte of it is as it was made. A damaged one is refused, not mended."""
    if not folder.exists():
        return False
    damage = _damage(folder, digest)
    if damage:
        remedy = f"delete the folder {folder.name} and run again to make it anew"
        raise Refusal(damage, remedy=remedy, where=folder)
    return True


def _damage(folder: Path, digest: str) -> str:
    try:
        made = read_json(folder / MADE)
        files, made_from = dict(made["files"]), made["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"no readable {MADE} in it"
    if made_from != digest:
        return f"made from something else (digest {str(made_from)[:16]})"
    for name, entry in files.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing from what was made"
        size = path.stat().st_size
        if size != entry["bytes"]:
            return f"{name} has {size:,} bytes, not {entry['bytes']:,}"
        if digest_of_file(path) != entry["sha256"]:
            return f"{name} is not what was made (checksum differs)"
    return ""


@contextmanager
def locked(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """One process at a time makes a folder; the operating system lets go of the lock when a process dies."""
    with lock(folder.parent / ".locks" / folder.name, lambda holder: waiting()):
        yield


def make(
    folder: Path, made_from: Mapping[str, Any], resumes: bool, work: Callable[[Path], dict[str, Any]]
) -> None:
    """Let `work` fill FOLDER.part, write down how it was made, and only then give it its name."""
    part = folder.with_name(folder.name + ".part")
    _sweep(folder)
    if part.exists() and not resumes:
        shutil.rmtree(part)
    part.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        figures = work(part)
    except BaseException as broken:
        # Only what was interrupted may go on from its checkpoint; what failed would fail the same way again.
        if not resumes or isinstance(broken, ValueError):
            shutil.rmtree(part, ignore_errors=True)
        raise
    files = {}
    for path in sorted(part.rglob("*")):
        if path.is_file():
            entry = {"bytes": path.stat().st_size, "sha256": digest_of_file(path)}
            files[str(path.relative_to(part))] = entry
    made = {
        **made_from,
        **figures,
        "files": files,
        "bytes": sum(entry["bytes"] for entry in files.values()),
        "seconds": round(time.monotonic() - start, 2),
        "versions": _versions(),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
    }
    write_json(part / MADE, made)
    for path in [*part.rglob("*"), part]:
        sync(path)
    part.rename(folder)
    sync(folder.parent)


class _Busy(Exception):
    """Another process is making it."""


def _sweep(folder: Path) -> None:
    """What stages that were killed have left of others. A training may still go on from its checkpoints."""

    def busy(holder: str) -> None:
        raise _Busy

    for part in folder.parent.glob("*.part"):
        name = part.name.removesuffix(".part")
        if not name.startswith("train-") and name != folder.name:
            with suppress(_Busy), lock(folder.parent / ".locks" / name, busy):
                shutil.rmtree(part)


def _versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
