"""A little of `make chaos` in every test run: each attack, and after it the undisturbed rows."""

import pytest

from tests.chaos.attacks import Attacks


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Attacks:
    return Attacks(tmp_path_factory.mktemp("chaos") / "projects", seed=1)


@pytest.mark.parametrize(
    ("attack", "size"),
    [
        ("kills_at_random", 2), ("kills_at_each_write", 4), ("disk_full", 3), ("clock_back", 1), ("two_at_once", 1),
        ("engine_dies", 2), ("server_faults", ["hangs up", "nested deep", "status 429"]),
        ("store_damaged", ["cut in half", "its last byte gone"]),
    ],
)  # fmt: skip
def test_run_ends_in_the_undisturbed_rows_after(attacks: Attacks, attack: str, size: object) -> None:
    result = getattr(attacks, attack)(size)
    assert result.broke == []
    assert result.tried > 0
