"""What must not be published: keys, paths of a home, names of users and machines. Finds it in a board and says where.

Looks at the text as a reader would see it, escapes undone. Changes nothing.
"""

import getpass
import html
import os
import re
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# What it is, the letters without which it cannot be there (looked for first, which is quick), and its form.
KEYS = (
    ("an API key", ("sk-",), r"\bsk-[A-Za-z0-9_-]{16,}"),
    ("an API key", ("hf_", "gsk_", "xai_", "pplx_"), r"\b(?:hf|gsk|xai|pplx)_[A-Za-z0-9]{20,}"),
    ("an API key", ("AIza",), r"\bAIza[0-9A-Za-z_-]{35}"),
    ("an access key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{30,}"),
    ("a token", ("github_pat_", "glpat-"), r"\b(?:github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,})"),
    ("a token", ("xox",), r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("a token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("a token", ("earer ",), r"\b[Bb]earer [A-Za-z0-9._~+/-]{20,}"),
    ("a password in an address", ("://",), r"://[^\s/:@]+:[^\s/@]+@"),
    ("a private key", ("PRIVATE KEY",), r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
)
ROOTS = (
    "mnt", "media", "scratch", "srv", "var", "tmp", "opt", "etc", "usr", "workspace", "work", "private", "data",
    "datasets", "models", "nfs", "gpfs", "lustre", "project", "projects", "content", "kaggle", "Volumes", "storage",
)  # fmt: skip
PLACES = (
    ("a home folder", ("/home/", "/Users/"), r"(?<![\w.])/(?:home|Users)/[^\s/\"'<>]+"),
    ("a home folder", ("/root/",), r"(?<![\w.])/root/[\w.]"),
    ("a home folder", (":\\", ":/"), r"(?i)\b[a-z]:[\\/]+users[\\/]+[^\s\\/\"'<>]+"),
    (
        "an absolute path",
        tuple(f"/{root}/" for root in ROOTS),
        rf"(?<![\w.:/])/(?:{'|'.join(ROOTS)})/[\w.-]+",
    ),
    ("an absolute path", ("file:///",), r"\bfile:///[\w.-]+"),
    (
        "an address inside a network",
        ("://",),
        r"://(?:10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|[\w-]+(?:\.[\w-]+)*\.(?:local|lan|internal|intranet|corp)\b)"
        r"[\w.:-]*",
    ),
)
EVERYBODY = {
    "root", "user", "admin", "runner", "ubuntu", "debian", "docker", "vscode", "jovyan", "nobody", "build", "localhost",
    "test", "proctor", "student", "teacher", "guest", "default",
}  # fmt: skip
SECRET = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
CODE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class PrivateText:
    what: str
    near: str
    file: str


def in_words(findings: Iterable[PrivateText]) -> list[str]:
    """Each thing once, with the first file that holds it and how many more do."""
    files: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        files.setdefault((finding.what, finding.near), []).append(finding.file)
    lines = []
    for (what, near), names in files.items():
        lines.append(f"{what} {near!r} in {names[0]}")
        if len(names) > 1:
            lines[-1] += f" and {len(names) - 1} more"
    return lines


def search(board: Path, allowed: Sequence[str] = ()) -> Iterator[PrivateText]:
    """Each kind once for each file. `allowed` are texts that the user has looked at and lets pass."""
    patterns = [*KEYS, *PLACES, *_of_this_machine()]
    for path in sorted(board.rglob("*")):
        if not path.is_file() or ".git" in path.parts:
            continue
        text = _read(path)
        for passed in allowed:
            text = text.replace(passed, "")
        for what, hints, pattern in patterns:
            hit = any(hint in text for hint in hints) and re.search(pattern, text)
            if hit:
                yield PrivateText(what, _near(what, hit), path.relative_to(board).as_posix())


def _read(path: Path) -> str:
    text = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".js":
        return CODE.sub(lambda code: chr(int(code[1], 16)), text).replace("\\\\", "\\").replace("\\/", "/")
    return html.unescape(text) if path.suffix == ".html" else text


def _near(what: str, hit: re.Match[str]) -> str:
    """A key is not spread further by the message that warns of it."""
    if "key" in what or "token" in what or "password" in what or "secret" in what:
        return hit[0][:6] + "…"
    return hit[0][:60]


def _of_this_machine() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The values of secrets in the environment, this home, this folder, and who works here under which name."""
    for name, value in sorted(os.environ.items()):
        if SECRET.search(name) and len(value) >= 8:
            yield f"the secret value of ${name}", (value,), re.escape(value)
    for words, path in (("this home folder", Path.home()), ("this folder", Path.cwd())):
        if len(path.parts) > 2 or path == Path.home() != Path("/"):
            yield words, (str(path),), rf"(?<![\w.]){re.escape(str(path))}(?![\w.-])"
    for name in sorted({_user(), socket.gethostname().split(".")[0]}):
        if len(name) >= 3 and name.lower() not in EVERYBODY:
            yield "the name of this user or machine", (name,), rf"(?<![\w-]){re.escape(name)}(?![\w-])"
    for field in ("user.name", "user.email"):
        value = _git(field)
        if value:
            yield f"git's {field}", (value,), rf"(?<!\w){re.escape(value)}(?!\w)"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""  # a user without a name, as in some containers


def _git(field: str) -> str:
    try:
        value = subprocess.run(
            ["git", "config", field], capture_output=True, text=True, check=False
        ).stdout.strip()
    except OSError:
        return ""
    if len(value) < 3 or value.lower() in EVERYBODY:
        return ""
    return value
