"""One pair, one verdict: all pairs of a task are one family, each told from one side, and every place says the same."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from proctor.leaderboard.board import RANKING
from proctor.leaderboard.board.site import build
from proctor.leaderboard.compare.comparison import Settings
from proctor.leaderboard.compare.families import compare_pairs, family_of, pairs_of
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import ranking
from proctor.leaderboard.report import formats, report
from proctor.leaderboard.terminal import ranking_lines
from tests.support.board_results import change, rows_of, write
from tests.support.boards import DEMO, demo_board
from tests.support.command import ROOT
from tests.support.comparing import imported, rows_for, run

REAL = ROOT / "results" / "smollm2"
TASKS = ("word_problems", "concepts", "study_plan")
WITHIN = {"word_problems": "5 points", "concepts": "5 points", "study_plan": "0.1 points"}
WORDS = r"(better|worse|not shown|no worse \(within [\d.]+ \w+\))"
Told = dict[tuple[str, str, str], str]


@pytest.fixture(scope="module")
def told() -> Told:
    """Task, a, b -> the words of the verdict, as `compare --json` gives it for each pair."""
    found = json.loads(run("compare", "--json", "--results", DEMO))["comparisons"]
    return {(one["task"], one["a"], one["b"]): words(one["verdict"], one["task"]) for one in found}


@pytest.fixture(scope="module")
def board() -> Path:
    return demo_board()


def words(verdict: str, task: str) -> str:
    return verdict.replace("within margin", f"within {WITHIN[task]}")


def seen(told: Told, task: str, a: str, b: str) -> str:
    """What a table of differences to b has to say of a."""
    if (task, a, b) in told:
        return told[task, a, b]
    verdict = told[task, b, a]
    return {"better": "worse", "worse": "better"}.get(verdict, verdict.replace("no worse", f"{b} no worse"))


class Rows(HTMLParser):
    """The rows of all tables: for each cell its attributes, its text, and the verdict in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.rows: list[list[dict[str, Any]]] = []
        self.attributes: list[dict[str, str | None]] = []
        self.in_verdict = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self.attributes.append(dict(attrs))
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append({"text": "", "verdict": "", **dict(attrs)})
        elif tag == "a":
            self.in_verdict = "verdict" in (dict(attrs).get("class") or "").split()

    def handle_endtag(self, tag: str) -> None:
        self.in_verdict = self.in_verdict and tag != "a"

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1]["text"] += data
            self.rows[-1][-1]["verdict"] += data if self.in_verdict else ""


def differences(page: Path) -> Iterator[tuple[str, str, str]]:
    """The variant of the row, what it is compared with, and the verdict."""
    for row in Rows(page).rows:
        for cell in row:
            if cell.get("class") == "difference":
                other = re.search(r"to (\S+?),", cell["text"])
                assert other, cell
                yield str(row[0].get("data-sort")), other[1], cell["verdict"]


def test_every_pair_is_told_once_and_from_the_side_of_the_child_or_of_the_smaller_one(told: Told) -> None:
    cells = load_cells(DEMO)
    assert len(told) == 3 * 15
    sizes = {variant: cell.run.costs.size_bytes for (variant, _), cell in cells.items()}
    for _, a, b in told:
        assert (b, a) in [("tiny", "tiny-lora"), ("tiny-q8", "tiny-qlora")] or sizes[a] <= sizes[b]
    assert {(a, b) for task, a, b in told if task == "concepts"} >= {
        ("tiny-lora", "tiny"), ("tiny-q8", "tiny-lora"), ("tiny-q8-2shot", "tiny-q8"), ("tiny-qlora", "tiny"),
        ("tiny-q4", "tiny-q8-2shot"), ("tiny-q4", "tiny-qlora"),
    }  # fmt: skip


def test_the_terminal_says_it_of_all_pairs_and_of_each(told: Told) -> None:
    of_tasks, _, _ = run("compare", "--results", DEMO).partition("over all tasks")
    text = " ".join(of_tasks.split())
    found = re.findall(rf"(\S+) against (\S+) \S+ \S+ to \S+ \S+ {WORDS}", text)
    tasks = [task for task in sorted(TASKS) for _ in range(15)]
    assert {(task, a, b): verdict for task, (a, b, verdict) in zip(tasks, found, strict=True)} == told
    pairs = {(a, b) for _, a, b in told if "tiny-q8" in (a, b)}
    assert len(pairs) == 5
    for a, b in pairs:
        text = run("compare", a, b, "--results", DEMO)
        for task, verdict in re.findall(rf"^(\w+) \(.*\): {WORDS}", text, re.M):
            assert verdict == told[task, a, b], (a, b)
        for one in json.loads(run("compare", a, b, "--json", "--results", DEMO))["comparisons"]:
            assert (words(one["verdict"], one["task"]), one["family"]) == (told[one["task"], a, b], 15)


def test_who_names_the_other_side_gets_its_own_answer_and_hears_the_one_told_elsewhere(told: Told) -> None:
    a, b = "tiny-q8-2shot", "tiny-q8"
    assert told["concepts", a, b] == "not shown"
    text = " ".join(run("compare", b, a, "--task", "concepts", "--results", DEMO).split())
    assert "micro F1, %): no worse (within 5 points)" in text  # the better one may of course take its place
    assert f"elsewhere this pair is told from the other side: {a} not shown against {b}" in text


def test_ranking_and_readme_say_it_with_the_margin(told: Told, board: Path) -> None:
    text, _, _ = (board / RANKING).read_text(encoding="utf-8").partition("Over all tasks")
    checked = 0
    for task, block in zip(TASKS, text.strip().split("\n\n"), strict=True):
        row = r" (tiny\S*) [\d.]+ \S+ to \S+ \S+ (\w+(?: \w+)?) (?:than|against) (\S+)( \(within [^)]*\))?"
        for a, verdict, b, within in re.findall(row, " ".join(block.split())):
            assert verdict + within == told[task, a, b]
            checked += 1
    assert checked == 3 * 5


def test_the_readme_shows_rows_of_the_real_model_as_the_ranking_has_them() -> None:
    """As the board's ranking.txt is made, without the board's other pages."""
    lines = list(ranking_lines(ranking(load_cells(REAL))))
    shown = (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .partition("```console\n")[2]
        .partition("  paired differences")[0]
    )
    rows = [row for row in shown.splitlines()[1:] if row != "  …"]  # where rows are left out
    assert len(rows) > 10
    assert set(rows) <= set(lines)


def test_a_task_whose_items_are_of_one_kind_has_no_heading_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    for variant in ("smollm2", "smollm2-2shot"):
        (tmp_path / "results" / variant).symlink_to(REAL / variant)
    real_board = build(tmp_path / "results", tmp_path / "board").parent
    headed = {}
    for path in (real_board / "tasks").iterdir():
        headed[path.stem] = "By kind of item" in path.read_text("utf-8")
    assert headed == {"gsm8k": False, "word_problems": True, "concepts": True, "study_plan": True}


def test_every_page_of_the_board_says_it(told: Told, board: Path) -> None:
    index = list(differences(board / "index.html"))
    assert len(index) == 3 * 5
    assert [verdict for _, _, verdict in index] == [
        told[TASKS[at % 3], a, b] for at, (a, b, _) in enumerate(index)
    ]
    for task in TASKS:
        found = list(differences(board / "tasks" / f"{task}.html"))
        assert len(found) == 5
        assert all(verdict == told[task, a, b] for a, b, verdict in found)
    for variant in ("tiny-lora", "tiny-q8", "tiny-q4", "tiny-q8-2shot", "tiny-qlora"):
        found = list(differences(board / "variants" / f"{variant}.html"))
        assert [(b, verdict) for _, b, verdict in found] == [
            (b, told[task, variant, b]) for task, (_, b, _) in zip(TASKS, found, strict=True)
        ]
    lineage = [
        cell["verdict"] for row in Rows(board / "lineage.html").rows for cell in row if cell["verdict"]
    ]
    assert sorted(lineage) == sorted(verdict for _, _, verdict in index)


@pytest.mark.parametrize("task", TASKS)
def test_the_matrix_of_all_pairs_says_it(task: str, told: Told, board: Path) -> None:
    page = (board / "tasks" / f"{task}.html").read_text(encoding="utf-8")
    start = page.index('<table class="matrix">')
    matrix = page[start : page.index("</table>", start)]
    found = {}
    for row in re.findall(r"<tr>.*?</tr>", matrix, re.S)[1:]:
        for cell in re.findall(r'<td class="pair.*?</td>', row, re.S):
            pair = re.search(r"#task=\w+&amp;a=(\S+?)&amp;b=(\S+?)\"", cell)
            verdict = re.search(r'<a class="term verdict [\w-]+" href="#word-[\w-]+">(.*?)</a>', cell)
            assert pair
            assert verdict
            found[task, pair[1], pair[2]] = verdict[1]
    assert found == {key: verdict for key, verdict in told.items() if key[0] == task}


def test_the_summary_lists_the_others_by_it(told: Told, board: Path) -> None:
    cards = (board / "index.html").read_text(encoding="utf-8").split('<article class="card">')[1:]
    for task, card in zip(TASKS, cards, strict=True):
        best, *_ = re.findall(r'<a class="name"[^>]*>(\S+?)</a>', card)
        parts = {"Shown to be": "worse", "losing no more": "no worse", "cannot tell": "not shown"}
        listed = {}
        for paragraph in re.findall(r"<p>(.*?)</p>", card, re.S):
            for start, verdict in parts.items():
                if start in paragraph:
                    names = re.findall(r'<a class="name"[^>]*>(\S+?)</a>', paragraph)
                    listed |= dict.fromkeys(names, verdict)
        expected = {
            name: seen(told, task, name, best).split(" (")[0] for name in {a for _, a, _ in told} | {"tiny"}
            if name != best
        }  # fmt: skip
        # That the best is no worse than another says nothing of the other.
        assert listed == {
            name: verdict if verdict in parts.values() else "not shown" for name, verdict in expected.items()
        }


def test_each_baseline_that_can_be_chosen_shows_it(told: Told, board: Path) -> None:
    checked = 0
    for path in sorted((board / "data" / "_against").glob("*.js")):
        text = path.read_text(encoding="ascii")
        found = json.loads(text[text.index(",") + 1 : text.rindex(")")])
        for task in TASKS:
            for name, (_, _, _, verdict, key, *_) in found[task].items():
                assert verdict == seen(told, task, name, path.stem)
                assert ("no worse" in verdict) == (key == "no-worse")
                checked += 1
    assert checked == 3 * 6 * 5


@pytest.mark.parametrize("baseline", [None, "tiny", "tiny-q8", "tiny-q4"])
def test_reports_say_it(baseline: str | None, told: Told) -> None:
    made = report.make(DEMO, (), baseline)
    rows = list(csv.DictReader(io.StringIO(formats.render(made, "csv"))))
    marked = formats.render(made, "md").replace("\\", "")
    checked = 0
    for row in rows:
        if not row["against"]:
            continue
        expected = seen(told, row["task"], row["variant"], row["against"])
        assert row["verdict"] == expected
        mark = {"better": "*", "worse": "*", "not shown": ""}.get(expected, "≈")
        assert row["mark"] == ("†" if expected.startswith("tiny") else mark)
        signed = re.escape(row["difference"].replace("-", "−"))
        assert re.search(rf"\| {row['variant']} \|.*\| \+?{signed}{re.escape(row['mark'])} \|", marked)
        assert row["comparisons"] == "15"
        checked += 1
    assert checked == 3 * 5
    assert "≈ no worse (within 5 points)" in marked
    assert "≈ no worse (within 0.1 points)" in marked


def test_no_worse_never_stands_without_its_margin(board: Path) -> None:
    places = [run("compare", "--results", DEMO), run("compare", "tiny-q8", "tiny-lora", "--results", DEMO)]
    made = replace(report.make(DEMO, (), "tiny-q8"), plots=())
    places += [formats.render(made, form) for form in formats.FORMATS]
    places += [path.read_text(encoding="utf-8") for path in (board / "data" / "_against").glob("*.js")]
    places.append((board / RANKING).read_text(encoding="utf-8"))
    places += [path.read_text(encoding="utf-8") for path in board.glob("tasks/*.html")]
    count = 0
    for text in places:
        told_here, _, _ = re.sub(r"<[^>]*>", " ", text).partition("What the words mean")
        for after in re.findall(r"no worse(.{0,40})", " ".join(told_here.split())):
            assert re.match(r"( than \S+)? \(within [\d.]+ \w+", after), after
            count += 1
    assert count > 60


def test_a_child_is_told_against_its_forebears_whatever_their_sizes_are(tmp_path: Path) -> None:
    for name, parent, size in (
        ("base", None, 10), ("tuned", "base", 30), ("copy", "tuned", 20), ("other", None, 10),
        ("unknown", "gone", None), ("a-ring", "b-ring", 5), ("b-ring", "a-ring", 6),
    ):  # fmt: skip
        write(tmp_path, rows_of(name, "word_problems"), parent=parent)
        change(tmp_path, name, "word_problems", size_bytes=size)
    pairs = pairs_of(load_cells(tmp_path), "word_problems")
    assert len(pairs) == 7 * 6 // 2
    assert {("tuned", "base"), ("copy", "tuned"), ("copy", "base")} <= set(
        pairs
    )  # from the very first of them
    assert {("other", "tuned"), ("other", "copy"), ("other", "base")} <= set(
        pairs
    )  # smaller, then the later name
    assert {("unknown", "base"), ("unknown", "tuned"), ("a-ring", "b-ring")} <= set(pairs)


def test_the_side_does_not_go_by_the_scores(tmp_path: Path) -> None:
    for at, (worse, better) in enumerate([("a", "b"), ("b", "a")]):
        results = tmp_path / str(at)
        write(results, rows_of(worse, "word_problems", ability=1))
        write(results, rows_of(better, "word_problems", ability=3))
        assert pairs_of(load_cells(results), "word_problems") == [("b", "a")]


def test_the_family_is_all_pairs_of_the_task_that_can_be_compared(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    for name, share in (("a", 0.9), ("b", 0.86), ("c", 0.5), ("d", 0.5)):
        right = rng.random(300) < share
        rows = rows_of(name, "word_problems", 300)
        write(tmp_path, [replace(row, score=float(x)) for row, x in zip(rows, right, strict=True)])
    definition = {"task_version": "2", "dataset": "d" * 64, "judge": None}
    change(tmp_path, "d", "word_problems", definition=definition)
    cells = load_cells(tmp_path)
    family = family_of(cells, "word_problems", Settings(margin=0.15))
    assert set(family.comparisons) == {("b", "a"), ("c", "a"), ("c", "b")}
    assert set(family.refused) == {("d", "a"), ("d", "b"), ("d", "c")}
    found = list(family.comparisons.values())
    for figure in ("p", "p_no_worse", "p_no_better"):
        adjusted = multipletests([getattr(one.difference, figure) for one in found], method="holm")[1]
        kept = "adjusted_p" if figure == "p" else f"adjusted_{figure}"
        np.testing.assert_allclose([getattr(one, kept) for one in found], adjusted)
    for a, b in combinations("abc", 2):
        one, other = family.asked(a, b), family.asked(b, a)
        assert one is not None
        assert other is not None
        assert (one.adjusted_p, one.adjusted_p_no_worse) == (other.adjusted_p, other.adjusted_p_no_better)
        assert one.turned() == other
    assert family.asked("a", "d") is None
    assert "they differ in" in family.why_not("a", "d")


def test_a_pair_alone_is_uncorrected_where_the_command_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    results = imported(tmp_path, rows_for({k: (rng.random(100) < 0.5).astype(int).tolist() for k in "abcd"}))
    cells = load_cells(results)
    (alone,) = compare_pairs([(cells["b", "t"], cells["a", "t"])])
    plain = json.loads(run("compare", "b", "a", "--correction", "none", "--json", "--results", results))
    assert plain["comparisons"][0]["p_adjusted"] == alone.difference.p
    assert ", not corrected;" in run("compare", "b", "a", "--correction", "none", "--results", results)
    usual = json.loads(run("compare", "b", "a", "--json", "--results", results))["comparisons"][0]
    assert usual["family"] == 6
    assert usual["p_adjusted"] > alone.difference.p
    assert "(Holm over 6 pairs)" in run("compare", "b", "a", "--results", results)


def test_a_margin_is_not_rounded_as_a_score_is(tmp_path: Path) -> None:
    for name, parent in (("base", None), ("child", "base")):
        write(tmp_path, rows_of(name, "word_problems", 400), parent=parent)
    for margin, said in (("0.0625", "6.25 points"), ("0.01", "1 point"), ("0.1", "10 points")):
        text = run("compare", "child", "base", "--margin", margin, "--results", tmp_path)
        assert f"(within {said})" in text or f"(margin {said})" in text


def test_two_suites_with_two_margins_give_a_pair_the_stricter_from_either_side(tmp_path: Path) -> None:
    for name, margin in (("a", 0.1), ("b", 0.02), ("c", None)):
        write(tmp_path, rows_of(name, "word_problems", 40))
        change(tmp_path, name, "word_problems", margin=margin)
    for a, b in (("a", "b"), ("b", "a"), ("c", "b")):
        (one,) = json.loads(run("compare", a, b, "--json", "--results", tmp_path))["comparisons"]
        assert one["margin"] == 0.02
