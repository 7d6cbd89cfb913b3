"""What the outside sees stays as it is pinned in tests/pins; a change that is meant is written anew by pin.py."""

import pytest

from tests.pin import COMMANDS, PINS, made
from tests.support.boards import demo_board

FILES = [*(f"{name}.txt" for name in COMMANDS), "definitions.json", "pages.json"]


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    return made(demo_board())


@pytest.mark.parametrize("name", FILES)
def test_the_outside_sees_what_it_saw_before(name: str, now: dict[str, str]) -> None:
    assert now[name] == (PINS / name).read_text(encoding="utf-8"), "meant? then: python -m tests.pin"


def test_no_pin_is_left_over() -> None:
    assert sorted(path.name for path in PINS.iterdir()) == sorted(FILES)
