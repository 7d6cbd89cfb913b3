"""Reports: the board's digits in every format, footnotes that hide nothing, and text that stays text."""

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt
from scipy import stats
from statsmodels.stats.multitest import multipletests

from proctor.common.refusal import Refusal
from proctor.leaderboard.board import escape, site
from proctor.leaderboard.report import formats, report, tables
from tests.support.board_pages import HOSTILE, text_of
from tests.support.board_results import EXAMS, rich_results, rows_of, small_results, write
from tests.support.comparing import imported, rows_for
from tests.support.report_tables import Words, cells_in, rows_in

MARKS = tables.SHOWN + tables.WITHIN + tables.OTHER_WITHIN


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_results(tmp_path_factory.mktemp("report") / "results")


@pytest.fixture(scope="module")
def board(results: Path) -> Path:
    """Theirs, without a baseline that was chosen."""
    return site.build(results, results.with_name("board")).parent


@pytest.fixture(scope="module")
def made(results: Path) -> tables.ComparisonReport:
    return report.make(results, (), "tiny")


def row_of(table: tables.TaskTable, line: tables.ReportLine) -> list[str]:
    return table.rows[table.lines.index(line)]


def test_every_figure_is_the_boards_to_the_digit(results: Path, board: Path) -> None:
    made = report.make(results)
    for table in made.tables:
        page = text_of(board, f"tasks/{table.task}.html")
        for one in table.lines:
            shown = row_of(table, one)
            assert f"{shown[1]} {table.task} responses of {one.variant} {shown[2]}" in page
            if one.pair:
                assert f"{shown[3].rstrip(MARKS)} {one.pair.verdict.split(' (')[0]}" in page
                assert shown[-2] in page


def test_differences_to_a_baseline_are_those_of_the_board_with_that_baseline(
    board: Path, made: tables.ComparisonReport
) -> None:
    told = (board / "data" / "_against" / "tiny.js").read_text()
    found = json.loads(told[told.index(",") + 1 : told.rindex(")")])
    checked = 0
    for table in made.tables:
        for one in table.lines:
            if one.pair:
                value, shown = found[table.task][one.variant], row_of(table, one)
                assert (shown[3].rstrip(MARKS), shown[-2]) == (value[1], value[2])
                assert value[3].startswith(one.pair.verdict.split(" (")[0])
                checked += 1
    assert checked == 4


def test_all_formats_say_the_same_digits(made: tables.ComparisonReport) -> None:
    rows = rows_in(formats.render(made, "csv"))
    markdown = cells_in(formats.render(made, "md"))
    html, latex = formats.render(made, "html"), formats.render(made, "latex")
    lines = [line for table in made.tables for line in table.rows]
    assert len(rows) == len(lines) == 7
    for row, (variant, mean, interval, difference, *_) in zip(rows, lines, strict=True):
        assert row["mean"] == mean
        assert row["difference"] == difference.rstrip(MARKS).replace("−", "-").replace("+", "")
        assert any(cells[:3] == [variant, mean, interval] for cells in markdown)
        assert re.search(rf">{re.escape(mean)}</td><td[^>]*>{interval}</td>", html)
        assert f"{variant} & {mean} & {interval} &" in latex


def test_the_appendix_has_the_boards_figures_beside_the_headline(results: Path, board: Path) -> None:
    made = report.make(results, with_appendix=True)
    rows = rows_in(formats.render(made, "csv", part=formats.APPENDIX))
    assert {row["task"] for row in rows} == set(EXAMS)
    for row in rows:
        page = text_of(board, f"variants/{row['variant']}.html").replace("&#39;", "'")
        if row["low"]:
            told = f"{row['value']} {row['low']} to {row['high']} {row['n']}"
            assert f"{row['figure']}{', %' if row['unit'] == '%' else ''} {told}" in page
    (speed,) = (
        one
        for one in rows
        if (one["variant"], one["figure"], one["task"]) == ("tiny-q4", "Speed", "word_problems")
    )
    assert (speed["value"], speed["unit"]) == ("80.0", "tokens/s")
    cells = cells_in(formats.render(made, "md", part=formats.APPENDIX))
    assert ["Failed, %", "0.0", "0.0", "8.3"] in [[row[0], *sorted(row[1:])] for row in cells]
    assert report.make(results).appendix == ()


def test_many_variants_stand_in_several_tables_of_the_appendix(tmp_path: Path) -> None:
    for at in range(9):
        write(tmp_path / "results", rows_of(f"a-variant-of-some-length-{at}", "word_problems", 4))
    made = report.make(tmp_path / "results", with_appendix=True)
    assert [len(panel) for panel in made.appendix[0].panels()] == [3, 3, 3]
    heads = re.findall(r"### .*", formats.render(made, "md", part=formats.APPENDIX))
    assert [head[-11:] for head in heads] == ["part 1 of 3", "part 2 of 3", "part 3 of 3"]


def test_footnotes_state_test_correction_and_what_is_missing(made: tables.ComparisonReport) -> None:
    (table,) = (one for one in made.tables if one.task == "word_problems")
    notes = " ".join(table.notes)
    assert "Holm" in notes
    assert "over all pairs of the task (3)" in notes
    assert "sign-flip" in notes or "McNemar" in notes
    assert "tiny-lora: 1 unparsed, 1 truncated, 1 error" in notes
    assert "tiny-lora to tiny: 1 item" in notes
    (other,) = (one for one in made.tables if one.task == "concepts")
    assert "Not run: tiny-q4." in other.notes
    assert "Scored by rules." in other.notes
    assert "checksum" in made.source
    (line,) = (one for one in table.lines if one.variant == "tiny-lora")
    assert (line.n, line.items) == (11, 12)
    assert "| 11 of 12 |" in formats.render(made, "md")


def test_a_shown_difference_carries_a_mark_and_an_unshown_one_none(tmp_path: Path) -> None:
    for name, ability in (("base", 0), ("better", 4), ("same", 0)):
        write(tmp_path / "results", rows_of(name, "word_problems", 200, ability))
    (table,) = report.make(tmp_path / "results", (), "base").tables
    marks = {one.variant: one.mark for one in table.lines}
    assert marks["better"] == "*"
    assert marks["base"] == ""
    assert "* shown: corrected p of at most 0.05." in " ".join(table.notes)
    assert "$^{*}$" in formats.render(report.make(tmp_path / "results", (), "base"), "latex")


def test_without_a_baseline_each_difference_names_its_parent(results: Path) -> None:
    (table,) = report.make(results, ["word_problems"]).tables
    assert "to" in table.head
    assert {one.variant: one.pair.b if one.pair else "" for one in table.lines} == {
        "tiny": "", "tiny-lora": "tiny", "tiny-q4": "tiny-lora",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "baseline", "words"),
    [(["nothing"], None, "no results on 'nothing'"), ([], "nobody", "no results of 'nobody'")],
)
def test_unknown_tasks_and_baselines_are_refused_with_what_there_is(
    results: Path, tasks: list[str], baseline: str | None, words: str
) -> None:
    with pytest.raises(ValueError, match=f"{words}; there are: "):
        report.make(results, tasks, baseline)


def test_no_results_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    with pytest.raises(ValueError, match="no results to report"):
        report.make(tmp_path / "results")


def test_one_variant_without_any_score_makes_a_table(tmp_path: Path) -> None:
    failed = [
        replace(row, status="error", score=None, metrics={}) for row in rows_of("alone", "word_problems")
    ]
    write(tmp_path / "results", failed)
    made = report.make(tmp_path / "results")
    assert "| alone | no score |  |  |  | 0 of 12 |" in formats.render(made, "md")
    assert "alone: 12 errors" in " ".join(made.tables[0].notes)
    for form in formats.FORMATS:
        assert formats.render(made, form)


def test_tables_and_figures_are_written_and_the_same_twice(
    made: tables.ComparisonReport, tmp_path: Path
) -> None:
    for place in ("one", "two"):
        formats.write(made, formats.FORMATS, tmp_path / place)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert {path.name for path in files} >= {"report.md", "report.tex", "report.csv", "report.html"}
    assert {path.name for path in files} >= {f"{task}.{kind}" for task in EXAMS for kind in ("svg", "png")}
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path
    page = (tmp_path / "one" / "report.html").read_text()
    assert page.count("<svg") == len(made.plots)
    assert not re.search(r"(?:src|href)=|url\((?!#)|@import", page)
    for source in re.findall(r"\]\(([^)]*)\)", (tmp_path / "one" / "report.md").read_text()):
        assert (tmp_path / "one" / source).is_file()


def test_a_warning_of_the_judge_is_a_footnote(tmp_path: Path) -> None:
    made = report.make(rich_results(tmp_path / "results"))
    (table,) = (one for one in made.tables if one.task == "study_plan")
    assert "Warning about the scores: It raised the marks of plans that told it to." in table.notes
    (other,) = (one for one in made.tables if one.task == "word_problems")
    assert "Imported, and not told by the source: tiny-q4: no prompt." in other.notes
    warned = {row["task"]: row["warning"] for row in csv.DictReader(io.StringIO(formats.render(made, "csv")))}
    assert warned["study_plan"] == "It raised the marks of plans that told it to."
    assert not warned["word_problems"]
    assert {plot.name for plot in made.plots} >= {"word_problems-examples", "word_problems-size-bytes"}


def test_a_file_in_the_place_of_the_folder_is_refused(made: tables.ComparisonReport, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ValueError, match="is a file"):
        formats.write(made, ["md"], tmp_path / "taken")


def hostile_report(results: Path, text: str) -> tables.ComparisonReport:
    rows = rows_of("odd", "word_problems")
    rows = [replace(row, metrics={text[:200]: 0.5}) for row in rows]
    write(results, [replace(rows[0], status="unparsed"), *rows[1:]], about=text, recipe=text, examples=5)
    write(results, rows_of("even", "word_problems"), recipe=text, examples=50, parent="odd")
    for notes in results.glob("*/*/run.json"):
        run = json.loads(notes.read_text())
        run["task"] |= {"title": text, "headline": text, "scored_by": text}
        run["origin"] = {"kind": "plain", "files": [text], "lacks": [text]}
        notes.write_text(json.dumps(run | {"check": None}))
    return report.make(results, with_appendix=True)


FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "%0A=1", "x;=1+1", 'x; "@SUM(A1)')


@pytest.mark.parametrize("text", [*HOSTILE, *FORMULAS], ids=lambda text: repr(text[:12]))
def test_hostile_text_is_text_in_every_format(text: str, tmp_path: Path) -> None:
    made = hostile_report(tmp_path / "results", text)
    seen = escape.line(text)
    assert made.plots
    if text in FORMULAS:  # which harm a table, and no drawing
        made = replace(made, plots=())
    main = {form: formats.render(made, form) for form in formats.FORMATS}
    appendix = {form: formats.render(made, form, part=formats.APPENDIX) for form in formats.FORMATS}
    for cell in (one for part in (main, appendix) for row in rows_in(part["csv"]) for one in row.values()):
        assert not cell.startswith(("=", "+", "@", "\t"))
        assert not cell.startswith("-") or re.fullmatch(r"-\d+(\.\d+)?", cell)
        # Where a comma is the decimal sign, a semicolon ends a cell.
        assert not re.search(r";[\s\"]*[=+@-]", cell)
    told = rows_in(main["csv"])[0]["title"]
    assert seen in (told, told.removeprefix("'")) or ";" in text
    html = Words()
    html.feed(re.sub(r"<svg.*?</svg>", "", main["html"], flags=re.DOTALL))
    assert set(html.tags) <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "div", "table", "thead", "tbody", "tr", "th",
        "td", "ul", "li", "p", "footer", "sup", "strong", "details", "summary", "pre",
    }  # fmt: skip
    assert seen in html.text
    markdown = formats.render(made, "md", "figures")
    rendered = Words()
    rendered.feed(MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(markdown))
    assert set(rendered.tags) <= {"h3", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "p", "img"}
    assert " ".join(seen.split()) in " ".join(rendered.text.split())
    assert len(cells_in(markdown)) == 3
    assert {len(row) for row in cells_in(markdown)[1:]} == {len(cells_in(markdown)[0])}
    for rendering in (*main.values(), *appendix.values()):
        assert not escape.UNSEEN.search(rendering.replace("\n", ""))
    assert {len(row) for row in cells_in(appendix["md"])} == {3}
    drawings = re.findall(r"<svg.*?</svg>", main["html"], re.DOTALL)
    assert len(drawings) == len(made.plots)
    assert not re.search(r"<script|<img|<image|<foreignObject", "".join(drawings))


def compile_latex(folder: Path, text: str) -> None:
    """The tables in a bare article with booktabs."""
    (folder / "report.tex").write_text(text, encoding="utf-8")
    (folder / "paper.tex").write_text(
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\\input{report}\n\\end{document}\n"
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"],
        cwd=folder, capture_output=True, text=True, errors="replace", check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "paper.pdf").stat().st_size > 1000


@pytest.fixture
def pdflatex() -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip(
            "no pdflatex: install texlive-latex-base and texlive-latex-recommended to compile the tables"
        )


@pytest.mark.usefixtures("pdflatex")
def test_latex_compiles_with_booktabs_alone(made: tables.ComparisonReport, tmp_path: Path) -> None:
    compile_latex(tmp_path, formats.render(made, "latex"))


@pytest.mark.usefixtures("pdflatex")
def test_a_table_of_many_variants_goes_over_several_pages(tmp_path: Path) -> None:
    for at in range(57):
        write(tmp_path / "results", rows_of(f"v{at:02}", "word_problems", 4), parent="v00" if at else None)
    compile_latex(tmp_path, formats.render(report.make(tmp_path / "results"), "latex"))
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert "too large" not in log
    assert "Overfull" not in log


@pytest.mark.usefixtures("pdflatex")
def test_the_appendix_compiles_and_fits_the_page(results: Path, tmp_path: Path) -> None:
    made = report.make(results, with_appendix=True)
    compile_latex(tmp_path, formats.render(made, "latex", part=formats.APPENDIX))
    assert "Overfull" not in (tmp_path / "paper.log").read_text(errors="replace")


@pytest.mark.usefixtures("pdflatex")
def test_latex_compiles_whatever_the_names_are(tmp_path: Path) -> None:
    letters = "".join(chr(code) for code in range(0x20, 0x250))
    parts = [*HOSTILE, *(letters[at : at + 250] for at in range(0, len(letters), 250))]
    parts.append("\\input{/etc/passwd} ^^M % $x$ 🙂 שלום ẞ ’“”– `` '' ,, << >> -- --- ?` !`")
    made = [hostile_report(tmp_path / str(at), part) for at, part in enumerate(parts)]
    compile_latex(
        tmp_path,
        "\\clearpage\n".join(
            formats.render(one, "latex", part=part)
            for one in made
            for part in (formats.MAIN, formats.APPENDIX)
        ),
    )


def test_csv_holds_standard_errors_and_p_as_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    scores = {
        name: (rng.random(400) < share).astype(int) for name, share in (("a", 0.2), ("b", 0.6), ("c", 0.25))
    }
    results = imported(tmp_path, rows_for({name: values.tolist() for name, values in scores.items()}))
    rows = {row["variant"]: row for row in rows_in(formats.render(report.make(results, (), "a"), "csv"))}
    assert (rows["a"]["p"], rows["a"]["p_corrected"], rows["a"]["difference_standard_error"]) == ("", "", "")
    adjusted = multipletests([mcnemar(scores[x], scores[y]) for x, y in ("ab", "ac", "bc")], method="holm")[1]
    for name, corrected in (("b", adjusted[0]), ("c", adjusted[1])):
        row, difference = rows[name], 100 * (scores[name] - scores["a"])
        assert float(row["standard_error"]) == pytest.approx(stats.sem(100 * scores[name]), abs=0.006)
        assert float(row["difference_standard_error"]) == pytest.approx(stats.sem(difference), abs=0.006)
        assert float(row["p"]) == pytest.approx(mcnemar(scores[name], scores["a"]), rel=1e-5)
        assert float(row["p_corrected"]) == pytest.approx(corrected, rel=1e-5)
    assert 0.0 < float(rows["b"]["p_corrected"]) < 1e-20


def mcnemar(a: Any, b: Any) -> float:
    only_a, only_b = int((a > b).sum()), int((a < b).sum())
    return float(stats.binomtest(only_a, only_a + only_b).pvalue)


def test_one_item_has_no_standard_error(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems", 1))
    (row,) = rows_in(formats.render(report.make(tmp_path / "results"), "csv"))
    assert (row["mean"], row["standard_error"], row["p"]) == ("100.0", "", "")


def test_a_baseline_is_found_by_the_name_its_source_gave_it(tmp_path: Path) -> None:
    results = imported(tmp_path, ["GPT-4 (June),t,1,1", "GPT-4 (June),t,2,0", "b,t,1,0", "b,t,2,0"])
    (table,) = report.make(results, (), "GPT-4 (June)").tables
    assert table.against == "gpt-4-june"
    assert {one.variant: one.pair.b if one.pair else "" for one in table.lines} == {
        "b": "gpt-4-june",
        "gpt-4-june": "",
    }


def test_the_command_prints_markdown_and_writes_a_folder(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from proctor.leaderboard.cli.report import report as command

    def run(**given: Any) -> str:
        command(
            **{
                "form": None,
                "task": None,
                "baseline": None,
                "out": None,
                "appendix": False,
                "results": results,
            }
            | given
        )
        return capsys.readouterr().out

    assert run(task=["word_problems,concepts"]).count("### ") == 3  # all tasks, then each
    assert run(form=["csv"], task=["concepts"]).startswith("task,title,variant")
    told = run(out=tmp_path / "out")
    assert "report.tex" in told
    assert "appendix.csv" in told
    assert run(task=["concepts"], appendix=True).count("beside the headline") == 1
    with pytest.raises(Refusal, match="no format 'pdf'; there are: md, latex, csv, html, github"):
        run(form=["pdf"])
