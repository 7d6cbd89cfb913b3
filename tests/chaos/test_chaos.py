"""A little of `make chaos` in every test run: five of its attacks, and after each the undisturbed rows."""

import pytest

from tests.chaos.attacks import Attacks


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Attacks:
    return Attacks(tmp_path_factory.mktemp("chaos") / "projects", seed=1)


@pytest.mark.parametrize(
    ("attack", "size"),
    [
        ("kills_at_each_write", 1), ("disk_full", 1), ("two_at_once", 1), ("server_faults", ["nested deep"]),
        ("store_damaged", ["cut in half"]),
    ],
)  # fmt: skip
def test_run_ends_in_the_undisturbed_rows_after(attacks: Attacks, attack: str, size: object) -> None:
    result = getattr(attacks, attack)(size)
    assert result.broke == []
    assert result.tried > 0
