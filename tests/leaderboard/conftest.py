"""Boards that several files of tests look at, made once; nobody writes into them."""

from pathlib import Path

import pytest

from proctor.leaderboard.board import site
from tests.support.board_results import (
    rich_results,
    small_results,
)


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("board")
    return site.build(small_results(place / "results"), place / "out", "tiny").parent


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rich")
    return site.build(rich_results(place / "results"), place / "out", "tiny").parent
