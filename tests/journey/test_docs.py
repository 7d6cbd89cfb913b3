"""README, docs/, and the READMEs of tasks and judges: what they show is run, or at least understood by the commands.

Above every block of commands stands `<!-- run -->` or `<!-- needs: a GPU -->`, whatever it wants. The blocks of a page
are run in their order, in a new project that sees the committed results. `<!-- run with a grader -->` has a stand-in at
the address of the page's grader, and a block of `<!-- fails -->` must not succeed. `<!-- file: NAME -->` makes the next
block a file, and each line below `<!-- shows -->` stands in what the command before it printed.
"""

import json
import posixpath
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from docs import pages
from proctor.common.paths import inside
from proctor.harness import record
from proctor.harness.config.suite import SuiteFile
from proctor.leaderboard.cli.main import app
from proctor.tasks.index import find_task
from tests.support.command import ROOT, proctor
from tests.support.openai_server import listed, serve
from tests.support.trust_cards import asked_plan, marks_of, verdict

BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^\n]+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
COMMAND = re.compile(r"^(?:\$ )?((?:proctor|make|pip|python|lm_eval|inspect|hf|adb|cd) .*)$", re.MULTILINE)
PAGES = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("tasks/*/README.md")]
PAGES += ROOT.glob("judges/library/*/README.md")
TARGETS = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def blocks(page: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(page.read_text("utf-8")))


def commands(text: str) -> Iterator[list[str]]:
    """`$ a && b   # why` is two commands, each a list of words."""
    for line in COMMAND.findall(text.replace("\\\n", " ")):
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word == "&&":
                yield words
                words = []
            else:
                words.append(word)


def understand(words: list[str]) -> None:
    """Reads the words as the command would, and does nothing."""
    command = typer.main.get_command(app)
    context = command.make_context("proctor", [], resilient_parsing=True)
    rest = [word.strip("[]") for word in words[1:]]  # [--labels L] is an option that may be left out
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest[0]]
        group = hasattr(command, "commands")
        context = command.make_context(
            rest[0], [] if group else rest[1:], parent=context, resilient_parsing=group
        )
        rest = rest[1:] if group else []
    assert not rest, f"no such command: {rest}"


GRADER = "http://localhost:11434/v1"  # as the pages write it
SHORT = "sampling: {max_tokens: 24}\n"


def answer_in_few_words(project: Path) -> None:
    """Whole answers of the embedded model take most of a run's time, and say no more of the page's commands."""
    variants = project / "variants"
    if variants.is_dir() and not (variants / "tiny.yaml").exists():
        (variants / "tiny.yaml").write_bytes((ROOT / "harness" / "variants" / "tiny.yaml").read_bytes())
    for path in variants.glob("*.yaml"):
        text = path.read_text("utf-8")
        if "sampling:" not in text:
            path.write_text(f"{text.rstrip()}\n{SHORT}", "utf-8")


def run_page(page: Path, project: Path, grader: str = GRADER) -> list[str]:
    """What each command of the page printed."""
    place, printed = project, []
    for block in blocks(page):
        mark, text = block["mark"] or "", block["text"].replace(GRADER, grader)
        if mark.startswith("file: "):
            path = place / mark.removeprefix("file: ")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        elif mark == "shows":
            for line in block["text"].splitlines():
                assert line in printed[-1].splitlines(), f"{page.name}: {line!r} is not in\n{printed[-1]}"
        elif mark in ("run", "run with a grader", "fails"):
            for first, *rest in commands(text):
                if first == "cd":
                    place /= rest[0]
                    continue
                assert first == "proctor", f"{page.name} runs {first}"
                answer_in_few_words(place)
                done = proctor(*rest, cwd=place)
                assert (done.returncode == 0) != (mark == "fails"), f"{page.name}: {rest}\n{done.stderr}"
                printed.append(done.stdout + done.stderr)
    return printed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    assert proctor("init", "p", cwd=tmp_path).returncode == 0
    for folder in (ROOT / "results").iterdir():
        (tmp_path / "p" / "results" / folder.name).symlink_to(folder)
    return tmp_path / "p"


def keep_what_it_names(page: Path, project: Path) -> None:
    """Of committed results the variants that the page names: where it shows no figure, no others are needed."""
    named = set(re.findall(r"[\w-]+", page.read_text("utf-8")))
    for folder in filter(Path.is_dir, list((project / "results").iterdir())):
        committed = folder.resolve()
        folder.unlink()
        folder.mkdir()
        for part in committed.iterdir():
            if part.name in named or not any(part.glob("*/run.json")):
                (folder / part.name).symlink_to(part)


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_of_commands_is_marked_and_understood(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(page):
        found = list(commands(block["text"]))
        if not found or block["kind"] not in ("", "sh", "console", "bash"):
            continue
        mark = block["mark"] or ""
        known = mark in ("run", "run with a grader", "fails") or mark.startswith("needs: ")
        assert known, f"say whether this is run:\n{block['text']}"
        for words in found:
            if words[0] == "proctor":
                understand(words)
            elif words[0] == "make":
                assert words[1] in TARGETS


def test_a_command_that_does_not_exist_is_not_understood():
    understand(["proctor", "compare", "a", "b", "[--task", "t]"])
    for wrong in (["compare", "--tusk", "t"], ["board", "bild"], ["plan-size", "--effect", "much"]):
        with pytest.raises((AssertionError, typer.BadParameter.__mro__[1])):
            understand(["proctor", *wrong])


ALONE = ("your-own-task.md", "judging.md")  # with a test of their own
RUN = [page for page in PAGES if any(block["mark"] == "run" for block in blocks(page))]


@pytest.mark.parametrize("page", [page for page in RUN if page.name not in ALONE], ids=named)
def test_blocks_of_a_page_run_and_show_what_it_says(page, project):
    if not any(block["mark"] == "shows" for block in blocks(page)):
        keep_what_it_names(page, project)
    assert run_page(page, project)


def test_page_of_your_own_task_makes_a_task(project):
    (project / "suites" / "main.yaml").write_text("variants: [tiny]\ntasks: []\nbaseline: tiny\n")
    page = ROOT / "docs" / "your-own-task.md"
    printed = run_page(page, project)
    for block in blocks(page):
        if block["kind"] == "yaml" and not block["mark"]:
            SuiteFile.model_validate({"name": "x"} | yaml.safe_load(block["text"]))
    assert len(printed) == 4
    assert "added to suites/main.yaml" in printed[0]
    assert '"score": "number"' in printed[0]
    assert "4 items" in printed[1]
    assert "none with so few items" in printed[1]
    assert "The capital of France?" in printed[3]
    cell = record.read(project / "results", "tiny", "quiz")
    assert cell.run.rows == 4
    assert cell.rows()["prompt"].str.contains("Give the number alone.").all()
    with inside(project):
        assert find_task("quiz").title == "Quiz"


def test_page_of_judging_leads_from_nothing_to_two_trust_cards(project):
    page = ROOT / "docs" / "judging.md"
    with serve(lambda request, _: verdict(marks_of(asked_plan(request))), listed("qwen3:8b")) as server:
        printed = run_page(page, project, server.url)
        most = int(re.match(r"At most (\d+) to ask", printed[-3])[1])
        assert 0 < len(server.asked) - 2 <= most
        assert server.looks == 2
    assert "2 of 2 verdicts; 0 replies now, 2 kept" in printed[-1]
    cards = record.read_cards(project / "plans" / "results")
    assert (cards["checklist"]["by"], cards["study_plan"]["by"]) == ("rules, no model", "qwen3:8b")
    rows = (project / "plans" / "scores.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["overall"] for row in rows] == [pytest.approx(3.9), 1.0]


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    pages.write(folder)
    return folder


def test_reference_says_something_of_every_field_option_and_call(guide):
    rows = []
    for name in ("reference-yaml.md", "reference-commands.md", "reference-python.md"):
        for line in (guide / name).read_text("utf-8").splitlines():
            if line.startswith("| `"):
                assert all(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]), f"{name}: {line}"
                rows.append(line)
    assert len(rows) > 300
    fields = (guide / "reference-yaml.md").read_text("utf-8")
    assert "| `rank` | whole number | `16` | of the adapter |" in fields
    assert "| `merge_with` | [MergeWith](#mergewith) or null | `null` |" in fields
    commands = (guide / "reference-commands.md").read_text("utf-8")
    assert "## proctor judge plan-labels\n" in commands
    assert "| `--limit <int range>` | So many samples of each task" in commands
    assert "## proctor.compare\n" in (guide / "reference-python.md").read_text("utf-8")


def test_a_link_leads_to_a_file_that_is_committed_so_that_it_works_on_the_repositorys_own_pages() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files, dead = set(listed.splitlines()), []
    for page in sorted(name for name in files if name.endswith(".md")):
        for link in pages.LINK.findall((ROOT / page).read_text("utf-8")):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
            if place not in files and not any(name.startswith(f"{place}/") for name in files):
                dead.append(f"{page}: {link}")
    assert dead == []


def test_links_between_pages_lead_to_pages_and_the_guide_has_them_all(guide):
    text = (guide / "llms.txt").read_text("utf-8")
    for page in guide.glob("*.md"):
        assert f"<!-- page: {page.name} -->\n" in text, f"{page.name} stands nowhere in mkdocs.yml"
        for link in pages.LINK.findall(page.read_text("utf-8")):
            assert (guide / link).is_file(), f"{page.name} leads to {link}"


def test_site_is_asked_for_nothing_by_another_host():
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert settings["theme"]["font"] is False
    assert "extra_javascript" not in settings
    assert "extra_css" not in settings
