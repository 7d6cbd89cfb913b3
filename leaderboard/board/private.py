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

from proctor.leaderboard.board.folder import contents_of

Form = tuple[str, tuple[str, ...], str]
# How the keys and tokens of services begin; what follows is long and has no space.
BEGINNINGS = (
    "sk-", "hf_", "gsk_", "xai-", "xai_", "pplx-", "pplx_", "r8_", "nvapi-", "tgp_v1_", "csk-", "fw_", "AIza",
    "ya29.", "GOCSPX-", "AKIA", "ASIA", "LTAI", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
    "gldt-", "glrt-", "npm_", "pypi-", "dckr_pat_", "dop_v1_", "dapi", "ntn_", "lin_api_", "shpat_", "hvs.",
    "ATATT", "sk_live_", "sk_test_", "rk_live_", "whsec_", "SG.", "xapp-", "xoxa-", "xoxb-", "xoxe-", "xoxp-",
    "xoxr-", "xoxs-", "AGE-SECRET-KEY-1",
)  # fmt: skip
# Names of what is kept secret, and of what opens a door in an address.
SECRETS = (
    r"(?:api|access|account|private|secret|shared|subscription)[_-]?(?:access)?[_-]?key", "token", "secret",
    "password", "passwd", "passphrase", "pwd", "credentials?", "authorization", "cookie",
)  # fmt: skip
_NAMED = "|".join(SECRETS)
_VALUE = r"(?=[^\s\"'&<>]*[A-Za-z])(?=[^\s\"'&<>]*[0-9])[^\s\"'&<>,;()]{8,}"  # letters and digits: no word of a text
# What it is, the small letters without which it cannot be there (looked for first, which is quick), and its form.
KEYS = (
    ("a key or token", tuple(start.lower() for start in BEGINNINGS),
     rf"(?<![\w-])(?:{'|'.join(map(re.escape, BEGINNINGS))})[\w.+/-]{{16,}}"),
    ("a key or token", ("sk", "ac"), r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    ("a token", (":aa",), r"\b\d{8,10}:AA[\w-]{30,}"),
    ("a token", ("eyj",), r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"),
    ("a token", ("bearer ",), r"\b(?i:bearer) [\w.~+/-]{20,}"),
    ("a password", ("basic ",),
     r"\b(?i:basic) (?=\S*[a-z]\S*[A-Z]|\S*[0-9=])[A-Za-z0-9+/]{6,}={0,2}"),
    ("a password in an address", ("://",), r"://[^\s/:@\"'<>]*:[^\s/@\"'<>]+@"),
    ("a token in an address", ("://",), r"://[\w-]{16,}@|://[\w.]+/(?:services|api/webhooks)/\w{8,}/[\w/-]{8,}"),
    ("a token in an address", ("?", "&", "#"),
     rf"(?i)[?&#](?:key|sig|auth|session|sid|code|jwt|[\w-]*(?:signature|{_NAMED}))={_VALUE}"),
    ("a secret value", ("key", "token", "secret", "passw", "passphrase", "pwd", "credential",
      "authorization", "cookie"),
     rf"(?i)(?:\b|_)(?:{_NAMED})[\"']?\s*(?::|=>?)\s*[\"']?(?:\w+[ =])?{_VALUE}"),
    ("a private key", ("private key", "putty-user-key-file"),
     r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d"),
)  # fmt: skip
ROOTS = (
    "mnt", "media", "scratch", "srv", "var", "tmp", "opt", "etc", "usr", "workspace", "work", "private", "data",
    "datasets", "models", "nfs", "gpfs", "lustre", "project", "projects", "content", "kaggle", "Volumes", "storage",
    "export", "homes", "run", "net", "afs", "beegfs", "cluster", "hpc", "dbfs", "cygdrive", "proc",
)  # fmt: skip
PLACES = (
    ("a home folder", ("/home/", "/users/", "/homes/"), r"(?<![\w.:/])(?:/[\w.-]+)*/(?:home|homes|Users)/[^\s/\"'<>]+"),
    ("a home folder", ("/users/",), r"(?<![\w.:/])/users/[^\s/\"'<>]+/"),
    ("a home folder", ("/root/",), r"(?<![\w.])/root/[\w.]"),
    ("a home folder", ("~",), r"(?<![\w~])~[a-z][\w-]*/[\w.]"),
    ("a home folder", (":\\", ":/"), r"(?i)\b[a-z]:[\\/]+users[\\/]+[^\s\\/\"'<>]+"),
    ("an absolute path", (":\\",), r"\b[A-Za-z]:\\+[A-Za-z][^\s\"'<>]*"),
    ("an absolute path", ("\\\\",), r"(?<![\w\\])\\\\[A-Za-z][\w.-]+\\[\w$.-]+"),
    ("an absolute path", tuple(f"/{root.lower()}" for root in ROOTS),
     rf"(?<![\w.:/])/(?!data/local/tmp/)(?:{'|'.join(ROOTS)})\d*/[\w.-]+"),  # not adb's folder on every phone
    ("an absolute path", ("file:///",), r"\bfile:///[\w.-]+"),
    ("an address inside a network", ("://", "."),
     r"(?<![\w.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))"
     r"(?:\.\d{1,3}){2}\b(?!\.\d)"),
    ("an address inside a network", ("://",),
     r"://(?:[^\s/@]+@)?(?:[\w-]+(?:\.[\w-]+)*\.(?:local|lan|internal|intranet|corp|home\.arpa|ts\.net)\b"
     r"|\[f[cde][0-9a-f]{0,2}:[0-9a-f:]*\])[\w.:-]*"),
    ("a login on a machine", ("@",), r"\b[a-z_][\w-]*@[\w-]+(?:\.[\w-]+)*:[~/][\w./~-]*"),
)  # fmt: skip
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
    """Private texts in what the board wrote, file by file; `allowed` are texts that a person has looked at."""
    of_this_machine = tuple(_of_this_machine())
    for name, content in contents_of(board).items():
        text = _as_read(name, content)
        for passed in allowed:
            text = text.replace(passed, "")
        for what, near in private_forms(text, of_this_machine):
            yield PrivateText(what, near, name)


def private_forms(text: str, more: Sequence[Form] = ()) -> Iterator[tuple[str, str]]:
    """What in the text looks private: what it is, and so much of it as may be said.

    >>> list(private_forms("see /home/ada/models"))
    [('a home folder', '/home/ada')]
    """
    small = text.lower()
    for what, hints, pattern in (*KEYS, *PLACES, *more):
        hit = any(hint in small for hint in hints) and re.search(pattern, text)
        if hit:
            yield what, _near(what, hit)


def _as_read(name: str, content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    if name.endswith(".js"):
        text = CODE.sub(lambda code: chr(int(code[1], 16)), text).replace("\\/", "/").replace('\\"', '"')
        return text.replace("\\n", "\n").replace("\\\\", "\\")
    return html.unescape(text) if name.endswith(".html") else text


def _near(what: str, hit: re.Match[str]) -> str:
    """A key is not spread further by the message that warns of it."""
    if any(word in what for word in ("key", "token", "password", "secret")):
        return hit[0][:6] + "…"
    return hit[0][:60]


def _of_this_machine() -> Iterator[Form]:
    """The values of secrets in the environment, this home, this folder, and who works here under which name."""
    for name, value in sorted(os.environ.items()):
        if SECRET.search(name) and len(value) >= 8:
            yield f"the secret value of ${name}", (value.lower(),), re.escape(value)
    for words, path in (("this home folder", Path.home()), ("this folder", Path.cwd())):
        if len(path.parts) > 2 or path == Path.home() != Path("/"):
            yield words, (str(path).lower(),), rf"(?<![\w.]){re.escape(str(path))}(?![\w.-])"
    for name in sorted({_user(), socket.gethostname().split(".")[0]}):
        if len(name) >= 3 and name.lower() not in EVERYBODY:
            yield (
                "the name of this user or machine",
                (name.lower(),),
                rf"(?<![\w-]){re.escape(name)}(?![\w-])",
            )
    for field in ("user.name", "user.email"):
        value = _git(field)
        if value:
            yield f"git's {field}", (value.lower(),), rf"(?<!\w){re.escape(value)}(?!\w)"


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
