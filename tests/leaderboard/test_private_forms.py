"""Private things in all their forms are found before a board is published, and ordinary texts are none of them."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from proctor.leaderboard.board.private import private_forms
from tests.support.command import ROOT

HEX = "0123456789abcdef"
LONG = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAbCdEfGhI"

# What is written in the table is cut in two, so that no scanner of others takes it for real.
FORMS = [
    # Keys of services.
    "sk" + "-" + LONG,
    "sk" + "-proj-" + LONG,
    "sk" + "-ant-api03-" + LONG,
    "hf" + "_" + LONG,
    "gsk" + "_" + LONG,
    "xai" + "-" + LONG,
    "pplx" + "-" + LONG,
    "r8" + "_" + LONG,
    "nvapi" + "-" + LONG,
    "AI" + "za" + LONG[:35],
    "ya29" + "." + LONG,
    "GOC" + "SPX-" + LONG[:28],
    "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "AS" + "IA" + "A1B2C3D4E5F6G7H8",
    "aws_secret_access_key = " + LONG,
    "AccountKey=" + LONG + "==",
    "LT" + "AI" + LONG[:20],
    "sk" + "_live_" + LONG[:24],
    "rk" + "_live_" + LONG[:24],
    "wh" + "sec_" + LONG[:32],
    "SG" + "." + LONG[:22] + "." + LONG,
    "SK" + HEX * 2,
    "gh" + "p_" + LONG[:36],
    "gh" + "s_" + LONG[:36],
    "github" + "_pat_" + LONG,
    "gl" + "pat-" + LONG[:20],
    "xox" + "b-123456789012-" + LONG[:24],
    "xapp" + "-1-A111-222-" + HEX,
    "https://hooks.slack" + ".com/services/T0AAAAAAA/B0BBBBBBB/" + LONG[:24],
    "https://discord" + ".com/api/webhooks/123456789012345678/" + LONG,
    "npm" + "_" + LONG[:36],
    "pypi" + "-AgEI" + LONG,
    "dckr" + "_pat_" + LONG[:27],
    "dop" + "_v1_" + HEX * 4,
    "dapi" + HEX * 2,
    "ntn" + "_" + LONG,
    "hv" + "s." + LONG[:24],
    "123456789:" + "AA" + LONG[:33],
    "eyJ" + LONG[:12] + ".eyJ" + LONG[:20] + "." + LONG,
    "AGE-SECRET" + "-KEY-1" + LONG.upper(),
    # What stands beside a request.
    "Bearer " + LONG,
    "authorization: bearer " + LONG,
    "Basic dXNlcjpwYXNzd29yZA==",
    "Authorization: Basic YWRhOjE=",
    "Authorization: Token " + HEX,
    "X-Api-Key: " + HEX,
    "Subscription-Key: " + HEX,
    "Set-Cookie: session=" + LONG,
    # Values with a name.
    'api_key="' + HEX + '"',
    '{"password": "hunter22x"}',
    "PASSWORD=correct7horse",
    "export WANDB_API_KEY=" + HEX * 2,
    "'client_secret' => '" + HEX + "'",
    "passphrase: kitten4mittens",
    # In addresses.
    "https://ada:secret@host.example/x",
    "postgres://:p4ss@db.example/x",
    "https://" + LONG + "@git.example/x.git",
    "https://api.example/v1?key=" + HEX,
    "https://x.example/?a=1&access_token=" + HEX,
    "https://x.example/?X-Amz-Signature=" + HEX,
    "https://blob.example/c?sv=1&sig=" + LONG,
    "https://x.example/cb#token=" + HEX,
    # Keys in files.
    "-----BEGIN RSA PRIVATE" + " KEY-----",
    "-----BEGIN OPENSSH PRIVATE" + " KEY-----",
    "-----BEGIN PGP PRIVATE" + " KEY BLOCK-----",
    "PuTTY-User" + "-Key-File-2: ssh-rsa",
    # Places.
    "/home/ada/models",
    "/Users/ada/x",
    "/export/home/ada/x",
    "/var/home/ada/x",
    "/homes/ada/x",
    "/users/ada/x",
    "/root/x",
    "~ada/x",
    r"C:\Users\ada\x",
    "C:/Users/ada/x",
    r"D:\work\x",
    r"\\server\share\x",
    "/mnt/c/Users/ada",
    "/mnt/disk/x",
    "/data/llama/x",
    "/scratch/ada/x",
    "/export/data3/x",
    "/gpfs/work/x",
    "/run/user/1000/x",
    "/private/var/folders/x",
    "/Volumes/Disk/x",
    "/scratch1/ada",
    "/cluster/home/ada/x",
    "file:///etc/hosts",
    "ada@gpu-box:~/x",
    "ada@gpu-box.example:/x",
    # Machines.
    "http://192.168.0.7:8000/v1",
    "10.1.2.3",
    "http://172.20.0.3/v1",
    "http://169.254.169.254/latest",
    "100.101.102.103",
    "http://gpu-box.lab.internal/v1",
    "http://gpu.local:8000",
    "http://box.tail1.ts.net/v1",
    "http://[fd12:3456::1]:8000/v1",
]


def test_table_holds_enough_forms_each_of_them_once() -> None:
    assert len(FORMS) == len(set(FORMS)) >= 77


@pytest.mark.parametrize("form", FORMS)
def test_private_form_is_found_in_the_middle_of_a_text(form: str) -> None:
    found = list(private_forms(f"The model said: see {form} for more."))
    assert found
    if not re.search("folder|path|network|login", found[0][0]):
        assert len(found[0][1]) <= 7  # the message does not spread it further


@pytest.mark.parametrize("form", FORMS)
def test_private_form_is_found_at_the_start_of_a_line_and_in_quotes(form: str) -> None:
    assert list(private_forms(f"first\n{form}\nlast"))
    if '"' not in form and "'" not in form:
        assert list(private_forms(f'first, "{form}", last'))


ORDINARY = [
    "60 km/h, 3/4 of 12 and/or 5 / home / x",
    "the basic multiplication of fractions",
    "Basic Arithmetic",
    "bearer of bad news",
    "max_tokens: 1024abc",
    "tokens: 15",
    "a token: the first word",
    "Password: none",
    "The key: 12 is even",
    "secret = x + 1",
    "Is 10.5.2 a version?",
    "It is 10.25 or 192.5",
    "x: 3:4:5",
    "https://example.org/home/page?page=2&key=a",
    "sk-1 and hf_hub",
    "1:2",
    "http://localhost:8000/v1",
    "1/2 of /data",
    "a ~ b",
    "~/models",
    "write to ada@example.org",
    "6 \\ 3",
    "\\frac{1}{2}",
    "https://huggingface.co/datasets/openai/gsm8k",
    "Ratio 2:3\\n",
    "key: value",
    "cookies: 12",
    "The cookie costs $12",
    "10.0.0 and 10.1.2",
    "step 1.2.3.4",
    "task-by-task-and-day-by-day",
    "the `keys`: 12",
    "tokenizer_digest: ab12cd34ef",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_not_taken_for_private(text: str) -> None:
    assert list(private_forms(text)) == []


def test_nothing_in_the_committed_results_and_docs_is_taken_for_private() -> None:
    texts: dict[Path, str] = {}
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("results/**/*.json")]:
        texts[path] = path.read_text(encoding="utf-8")
    # Every variant was asked the same, behind the same examples: what was looked through need not be again.
    seen: set[str] = set()
    for path in ROOT.glob("results/**/*.parquet"):
        prompts, *others = pq.read_table(path, columns=["prompt", "response", "explanation"]).columns
        found = {part for prompt in prompts.unique().to_pylist() if prompt for part in prompt.split("\n\n")}
        for column in others:
            found.update(text for text in column.unique().to_pylist() if text)
        texts[path] = "\n\n".join(sorted(found - seen))
        seen |= found
    assert sum(path.suffix == ".parquet" for path in texts) > 20
    alarms = {path.name: list(private_forms(text)) for path, text in texts.items()}
    assert {name: found for name, found in alarms.items() if found} == {}
