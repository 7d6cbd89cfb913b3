"""Building a board: the same bytes twice, no broken link, safe when killed or begun twice, quick."""

import cProfile
import pstats
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proctor.common.refusal import Refusal
from proctor.leaderboard import terminal
from proctor.leaderboard.board import RANKING, site
from proctor.leaderboard.cli.board import build as build_command
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import ranking
from tests.support.board_pages import Links, against, files_of, text_of
from tests.support.board_results import (
    rows_of,
    small_results,
    wide_results,
    write,
)
from tests.support.command import Running


def test_the_same_results_give_the_same_bytes(board: Path, tmp_path: Path) -> None:
    site.build(small_results(tmp_path / "elsewhere"), tmp_path / "again", "tiny")
    assert files_of(tmp_path / "again") == files_of(board)


def test_every_relative_link_leads_to_a_file(board: Path) -> None:
    pages = sorted(board.rglob("*.html"))
    assert (
        len(pages) == 1 + 7 + 3 + 3 + 3 + 1
    )  # index; cells, tasks, variants; lineage, trade-off, flips; judge
    for page in pages:
        reader = Links()
        reader.feed(page.read_text(encoding="utf-8"))
        for link in reader.found:
            if link == "data:," or link.startswith("#"):
                continue
            assert not link.startswith("/"), f"{page}: {link} works at the root of a host only"
            assert (page.parent / link.split("#")[0]).resolve().is_file(), f"{page}: {link}"


def test_no_file_names_another_host(board: Path) -> None:
    for name, content in files_of(board).items():
        assert not re.search(rb"https?:|//[a-z]|@import|url\(", content), name


def test_nothing_of_this_machine_stands_in_the_board(board: Path) -> None:
    for name, content in files_of(board).items():
        assert str(board).encode() not in content, name
        assert not re.search(rb"object at 0x|<built-in", content), name


def test_no_results_make_a_page_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    board = site.build(tmp_path / "results", tmp_path / "out").parent
    assert "There are no results yet" in text_of(board, "index.html")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder of results"):
        site.build(tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_cells_that_lie_deeper_are_pointed_at(tmp_path: Path) -> None:
    write(tmp_path / "results" / "demo", rows_of("alone", "word_problems"))
    with pytest.raises(
        ValueError, match=r"there are some in .*results/demo; name that folder with --results"
    ):
        site.build(tmp_path / "results", tmp_path / "out")


def test_a_baseline_without_results_is_refused_at_the_door(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    with pytest.raises(Refusal, match="no results of 'nobody'; there are: alone"):
        build_command(tmp_path / "results", tmp_path / "out", "nobody")
    assert not (tmp_path / "out").exists()


def test_the_ranking_as_text_is_what_the_terminal_tells(board: Path, tmp_path: Path) -> None:
    ranked = ranking(load_cells(small_results(tmp_path / "results")), "tiny")
    assert (board / RANKING).read_text(encoding="utf-8").splitlines() == list(terminal.ranking_lines(ranked))


def test_a_board_that_is_whole_is_known_without_computing(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    site.build(tmp_path / "results", tmp_path / "out")
    script = (
        "import sys; from pathlib import Path; from proctor.leaderboard.board import site; "
        f"site.build(Path({str(tmp_path / 'results')!r}), Path({str(tmp_path / 'out')!r})); "
        "print({'numpy', 'pandas', 'scipy', 'pyarrow', 'jinja2', 'altair'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_builds_of_one_board_at_the_same_time_all_end_well(tmp_path: Path) -> None:
    small_results(tmp_path / "results")
    baselines = ["", "tiny-lora"]  # one after the other, each finds another board to replace
    build = ["board", "build", "--results", str(tmp_path / "results"), "--out", str(tmp_path / "out")]
    running = []
    for at, baseline in enumerate(baselines):
        (tmp_path / f"process-{at}").mkdir()
        chosen = ["--baseline", baseline] if baseline else []
        running.append(Running([*build, *chosen], tmp_path / f"process-{at}"))
    for each in running:
        assert each.wait() == 0, each.stderr
        assert each.stderr == ""
    last = [
        files_of(site.build(tmp_path / "results", tmp_path / f"of-{at}", baseline or None).parent)
        for at, baseline in enumerate(baselines)
    ]
    assert files_of(tmp_path / "out") in last


def test_a_build_reads_each_cell_once_for_its_checksum(tmp_path: Path) -> None:
    small_results(tmp_path / "results")
    profile = cProfile.Profile()
    profile.runcall(build_command, tmp_path / "results", tmp_path / "out", "tiny")
    calls = {name: timing[0] for (_, _, name), timing in pstats.Stats(profile).stats.items()}
    assert calls["sha256_of"] == len(list((tmp_path / "results").glob("*/*/run.json"))) == 7


def test_a_build_that_was_killed_leaves_nothing_in_the_next_one(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    (tmp_path / "out" / "tasks").mkdir(parents=True)
    site.build(tmp_path / "results", tmp_path / "out" / "board")
    for name in (".index.html.1.2.part", "tasks/.word_problems.html.1.2.part", ".lock"):
        (tmp_path / "out" / "board" / name).write_text("half")
    before = files_of(site.build(tmp_path / "results", tmp_path / "out" / "other").parent)
    site.build(tmp_path / "results", tmp_path / "out" / "board", "alone")
    site.build(tmp_path / "results", tmp_path / "out" / "board")
    assert files_of(tmp_path / "out" / "board") == before


def test_what_an_earlier_board_left_goes_away_and_nothing_else(tmp_path: Path) -> None:
    results, out = tmp_path / "results", tmp_path / "out"
    for name in ("kept", "gone"):
        write(results, rows_of(name, "word_problems"))
    site.build(results, out)
    assert (out / "variants" / "gone.html").exists()
    assert (out / "data" / "gone").exists()
    (out / "CNAME").write_text("kept by hand")
    shutil.rmtree(results / "gone")
    site.build(results, out)
    assert not (out / "variants" / "gone.html").exists()
    assert not (out / "data" / "gone").exists()
    assert (out / "CNAME").read_text() == "kept by hand"


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    with pytest.raises(ValueError, match="no board wrote"):
        site.build(tmp_path / "results", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_a_changed_page_is_made_again_and_an_untouched_board_is_not(tmp_path: Path) -> None:
    write(tmp_path / "results", rows_of("alone", "word_problems"))
    index = site.build(tmp_path / "results", tmp_path / "out")
    before, page = index.stat().st_mtime_ns, index.read_bytes()
    site.build(tmp_path / "results", tmp_path / "out")
    assert index.stat().st_mtime_ns == before
    index.write_text("edited")
    site.build(tmp_path / "results", tmp_path / "out")
    assert index.read_bytes() == page


def test_a_wide_board_is_quick_and_its_first_page_light(tmp_path: Path) -> None:
    """57 variants x 805 items take under 30 s on a quiet machine; a quarter of them leave room for a busy one."""
    results = wide_results(
        tmp_path / "results", 13, {"word_problems": 250, "concepts": 155, "study_plan": 64}
    )
    began = time.process_time()
    board = site.build(results, tmp_path / "out", "v00").parent
    assert time.process_time() - began < 10
    names = ["index.html", "static/board.css", "static/data.js", "static/table.js", "static/ranking.js"]
    assert sum((board / name).stat().st_size for name in names) < 400_000
    assert max(path.stat().st_size for path in board.rglob("*.js")) < 300_000
    assert (
        len(re.findall(r"<td", (board / "tasks" / "concepts.html").read_text().split('id="compact"')[1]))
        >= 13 * 9
    )
    assert (
        sum(len(against(board, "v00")[task]) for task in ("word_problems", "concepts", "study_plan"))
        == 3 * 12
    )
