"""Boards that several files of tests look at, each made once for all of them; nobody writes into them."""

from pathlib import Path

from proctor.leaderboard.board import site
from tests.support.board_results import rich_results, small_results
from tests.support.command import ROOT
from tests.support.once import made_once

DEMO = ROOT / "results" / "demo"


def demo_board() -> Path:
    """The board of the committed results."""
    return made_once("demo-board", lambda folder: site.build(DEMO, folder / "board", "tiny")) / "board"


def small_board() -> Path:
    return made_once("small-board", _build_small) / "board"


def rich_board() -> Path:
    return made_once("rich-board", _build_rich) / "board"


def _build_small(folder: Path) -> None:
    site.build(small_results(folder / "results"), folder / "board", "tiny")


def _build_rich(folder: Path) -> None:
    site.build(rich_results(folder / "results"), folder / "board", "tiny")
