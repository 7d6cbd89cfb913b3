"""Reports that travel: a comment for a merge request, one file to send, tables for a paper."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from proctor.leaderboard.board import charts
from proctor.leaderboard.report import formats, report, tables
from proctor.leaderboard.report.github import LONGEST, MARKER, render_github
from tests.support.board_pages import HOSTILE
from tests.support.board_results import rows_of, small_results, write
from tests.support.command import ROOT
from tests.support.comparing import run
from tests.support.report_tables import Words, cells_in, rows_in


def three_variants(results: Path, n: int = 80) -> Path:
    """`good` is shown to be better than both others, which have the same scores."""
    for name, ability in (("base", 1), ("same", 1), ("good", 4)):
        for task in ("word_problems", "study_plan"):
            rows = rows_of(name, task, n, ability)
            write(results, [replace(row, cluster=row.sample_id) for row in rows], parent="base")
    return results


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tables.ComparisonReport:
    return report.make(three_variants(tmp_path_factory.mktemp("out") / "r"), (), "base", with_changed=True)


def text_in(markdown: str) -> Words:
    words = Words()
    words.feed(MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(markdown))
    return words


def test_a_comment_says_the_verdict_first_then_the_table_then_every_changed_answer(
    made: tables.ComparisonReport,
) -> None:
    comment = formats.render(made, "github")
    assert comment.startswith(f"{MARKER}\n**Not shown either way:**") or "**No worse:**" in comment
    assert "**Better:** good than base on study\\_plan; good than base on word\\_problems" in comment
    assert "Word problems, good against base: 0 lost, 60 gained" in comment
    for changed in made.changed:
        for answer in changed.answers:
            assert f"| {answer.item} |" in comment
    assert len(made.changed) == 2  # `same` answers as the base does


def test_what_is_worse_stands_first(tmp_path: Path) -> None:
    made = report.make(three_variants(tmp_path / "r"), (), "good", with_changed=True)
    assert formats.render(made, "github").splitlines()[1].startswith("**Worse:** ")
    losses = [answer.gain for answer in made.changed[0].answers]
    assert losses == sorted(losses)
    assert losses[0] < 0


def test_the_rows_of_a_task_stand_together_in_the_suites_order_the_leading_one_first() -> None:
    made = report.make(ROOT / "results/demo")
    _, *rows = cells_in(formats.render(made, "github"))
    titles = [row[0] for row in rows]
    assert titles == ["Word problems"] * 6 + ["Concept extraction"] * 6 + ["Study plans"] * 6
    assert rows[0][1:2] + rows[0][6:7] == ["tiny-lora", "better than tiny"]
    assert [row[1] for row in rows if not row[6]] == ["tiny"] * 3
    assert not any(
        row[6] for row in (rows[5], rows[11], rows[17])
    )  # what is compared with nothing comes last


@pytest.mark.parametrize("longest", [1_800, 3_000, 6_000, 12_000, LONGEST])
def test_a_comment_is_never_longer_than_it_may_be_and_says_what_it_leaves_out(
    made: tables.ComparisonReport, longest: int
) -> None:
    comment = render_github(made, longest)
    assert len(comment) <= longest
    shown = len(re.findall(r"^\| item-", comment, re.MULTILINE))
    left_out = sum(int(n) for n in re.findall(r"^(\d+) changed answers? left out", comment, re.MULTILINE))
    if "of changed answers left out" in comment:
        assert shown == 0 or comment.count("against base:") == 1
    else:
        assert shown + left_out == sum(len(changed.answers) for changed in made.changed)
    assert comment.count("<details>") == comment.count("</details>")


def test_a_comment_on_hundreds_of_variants_keeps_its_head_and_says_how_many_rows_are_missing(
    made: tables.ComparisonReport,
) -> None:
    (table, *_) = made.tables
    wide = replace(made, tables=(replace(table, lines=table.lines * 400),))
    comment = render_github(wide)
    assert len(comment) <= LONGEST
    rows = comment.count("| Study plans | ")
    assert f"{1200 - rows} rows left out here" in comment
    assert "**Better:** 400 pairs" in comment


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_answers_are_text_in_the_comment_and_in_the_one_file(text: str, tmp_path: Path) -> None:
    write(tmp_path / "r", rows_of("base", "word_problems", ability=1))
    rows = rows_of("other", "word_problems", ability=3)
    write(tmp_path / "r", [replace(row, answer=text, prompt=text) for row in rows], parent="base")
    made = report.make(tmp_path / "r", with_changed=True)
    comment = text_in(formats.render(made, "github"))
    assert set(comment.tags) <= {
        "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li",
    }  # fmt: skip
    page = formats.render(replace(made, plots=()), "html")  # no answer stands in a drawing
    assert not re.search(r"<(?:script|img|image|a|link|iframe)\b", page)


def test_the_one_file_holds_drawings_and_changed_answers_and_asks_nobody(
    made: tables.ComparisonReport,
) -> None:
    page = formats.render(made, "html")
    assert page.count("<svg") == len(made.plots) >= 4
    assert "Study plans, good against base" in page
    assert "<pre>Question 1?</pre>" in page
    assert "default-src 'none'" in page
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_a_report_of_some_variants_draws_no_others_and_says_the_verdict_first(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    named = ("report", "--results", ROOT / "results/demo", "--format", "html", "--only", "tiny-lora,tiny-q4")
    out.write_text(run(*named), encoding="utf-8")
    page = out.read_text(encoding="utf-8")
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert "tiny-q8" not in drawing
        assert "tiny-qlora" not in drawing
    first = page[page.index("<h1>") : page.index("<table")]
    assert "Word problems: tiny-lora is better than tiny: +12.8, 95 % interval +7.2 to +20.4. " in first
    assert "Of 2 differences: 1 not shown, 1 better." in first
    assert "Study plans: No gain or loss is shown. Of 2 differences: 2 not shown." in first


def test_a_report_in_a_folder_says_in_its_last_line_which_file_to_send(tmp_path: Path) -> None:
    write(tmp_path / "r", rows_of("base", "word_problems"))
    named = ("report", "--results", tmp_path / "r", "--out", tmp_path / "out")
    *_, last = run(*named).splitlines()
    assert last == f"The one file to send, with all drawings in it: {tmp_path / 'out' / 'report.html'}"
    assert (tmp_path / "out" / "report.html").is_file()
    assert "to send" not in run(*named, "--format", "csv")


def test_a_report_of_one_variant_alone_says_that_nothing_was_compared(tmp_path: Path) -> None:
    write(tmp_path / "r", rows_of("base", "word_problems"))
    assert "Nothing was compared." in formats.render(report.make(tmp_path / "r"), "html")


def test_a_report_of_one_variant_says_which_task_its_parent_did_not_answer(tmp_path: Path) -> None:
    write(tmp_path / "r", rows_of("base", "concepts"))
    for task in ("concepts", "word_problems"):
        write(tmp_path / "r", rows_of("tuned", task), parent="base")
    notes = {table.task: table.notes for table in report.make(tmp_path / "r", only=["tuned"]).tables}
    assert "Not run: base." in notes["word_problems"]
    assert "Not run" not in " ".join(notes["concepts"])


def test_flagged_rows_are_not_counted_in_the_verdict_of_a_report(tmp_path: Path) -> None:
    write(tmp_path / "r", rows_of("base", "study_plan", 40, ability=1))
    canned = [replace(row, response="Study.", score=4.0) for row in rows_of("null", "study_plan", 40)]
    write(tmp_path / "r", canned, parent="base")
    made = report.make(tmp_path / "r")
    assert made.tables[0].rows[0][0] == "null (flagged)"
    assert '<p class="front">Study plans: Nothing was compared that is not flagged.</p>' in formats.render(
        made, "html"
    )


def test_no_verdict_on_a_flagged_row_or_against_one_is_told_first(tmp_path: Path) -> None:
    canned = [replace(row, response="Study.", score=4.0) for row in rows_of("null", "study_plan", 40)]
    write(tmp_path / "r", canned)
    write(tmp_path / "r", rows_of("tuned", "study_plan", 40, ability=1), parent="null")
    for only in ([], ["tuned"]):
        made = report.make(tmp_path / "r", only=only)
        assert made.tables[0].answer == "Nothing was compared that is not flagged."
        first, _, rest = (
            formats.render(made, "github").removeprefix("<!-- proctor report -->\n").partition("\n")
        )
        assert first == "**Flagged:** 1 pair; the notes say why."
        assert "Flagged: null: " in rest


def test_the_best_is_bold_only_where_a_test_shows_it(made: tables.ComparisonReport, tmp_path: Path) -> None:
    assert [table.best for table in made.tables] == ["good", "good"]
    latex = formats.render(made, "latex")
    assert r"good & \textbf{4.25} & \textbf{100.0} \\" in latex
    assert latex.count(r"\textbf") == 2
    assert "| good | **4.25** | **100.0** |" in formats.render(made, "md")
    assert formats.render(made, "html").count("<strong>") == 2
    unshown = report.make(small_results(tmp_path / "small"))
    assert "| tiny-lora | **73.1** | 3.48 | 63.6 |" in formats.render(
        unshown, "md"
    )  # of the three, one is shown


def test_every_table_of_a_paper_has_a_label_of_its_own(tmp_path: Path) -> None:
    made = report.make(small_results(tmp_path / "r"), with_appendix=True)
    labels = []
    for part in (formats.MAIN, formats.APPENDIX):
        latex = formats.render(made, "latex", part=part)
        labels += re.findall(r"\\label\{([^}]*)\}", latex)
        assert latex.count(r"\begin{table}") == latex.count(r"\label{")
    assert len(set(labels)) == len(labels) == 7
    assert {"tab:all-tasks", "tab:word_problems"} <= set(labels)


def test_differences_are_drawn_with_the_line_at_none(made: tables.ComparisonReport) -> None:
    (plot,) = (plot for plot in made.plots if plot.name == "word_problems-differences")
    assert "good − base +75.0 (" in plot.about
    domain = next(
        layer["encoding"]["x"]["scale"]["domain"] for layer in plot.spec["layer"] if "x" in layer["encoding"]
    )
    assert domain[0] < 0.0 < domain[1]
    assert ">good − base</text>" in charts.svg(plot.spec, plot.title)


def test_every_figure_of_the_csv_is_a_plain_number() -> None:
    made = report.make(ROOT / "results" / "demo", with_appendix=True)
    words = {
        "task",
        "title",
        "variant",
        "headline",
        "unit",
        "against",
        "verdict",
        "mark",
        "test",
        "why_no_score",
    }
    words |= {"flag", "figure", "note", "warning"}
    checked = 0
    for part in (formats.MAIN, formats.APPENDIX):
        for row in rows_in(formats.render(made, "csv", part=part)):
            for name, value in row.items():
                if name not in words and value:
                    float(value)
                    checked += 1
    assert checked > 400
