"""Boards that several files of tests look at, made once; nobody writes into them."""

from pathlib import Path

import pytest

from tests.support.boards import rich_board, small_board


@pytest.fixture(scope="session")
def board() -> Path:
    return small_board()


@pytest.fixture(scope="session")
def rich() -> Path:
    return rich_board()
