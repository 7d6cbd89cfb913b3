"""What `make bench-gpu` would measure, and in which run: the part of it that needs no GPU."""

import sys

import pytest

from tests.bench import gpu
from tests.bench.gpu_parts import PARTS

MEASURED = {"part_seconds": 1.0}


def test_what_is_measured_is_not_measured_again_and_what_failed_is():
    told = {
        "weights": MEASURED,
        "merged": MEASURED,
        "real": {"failed": "its time was up", "part_seconds": 1.0},
    }
    left = gpu.wanted([], told)
    assert "real" in left
    assert not {"weights", "merged"} & set(left)


def test_a_part_that_is_named_is_measured_again_with_the_weights_that_it_needs():
    assert gpu.wanted(["merged"], {"merged": MEASURED}) == ["weights", "merged"]
    assert gpu.wanted(["merged"], {"weights": MEASURED}) == ["merged"]
    assert gpu.wanted(["real"], {}) == ["real"]


def test_several_gpus_are_measured_only_when_that_is_asked_for():
    assert "spread" not in gpu.wanted([], {})
    assert gpu.wanted(["spread"], {"weights": MEASURED}) == ["spread"]


def test_every_part_is_begun_in_some_run_and_none_that_its_time_does_not_allow():
    told = {}
    unnamed = {name for name, part in PARTS.items() if not part.named}
    for _ in PARTS:
        now, later = gpu.fitting(gpu.wanted([], told), 590)
        assert sum(PARTS[name].wants for name in now) <= 590
        assert set(now) | set(later) == unnamed - set(told)
        told |= dict.fromkeys(now, MEASURED)
    assert set(told) == unnamed


def test_the_plan_says_what_each_part_wants_and_starts_nothing(tmp_path, monkeypatch, capsys):
    work = tmp_path / "work"
    monkeypatch.setattr(sys, "argv", ["gpu", "--plan", "--work", str(work), "--seconds", "170"])
    gpu.main()
    said = capsys.readouterr().out
    assert "| real | 120 | now |" in said
    assert f"| merged | {PARTS['merged'].wants} | left for another run |" in said
    assert not work.exists()


def test_figures_of_another_machine_are_not_mixed_in(tmp_path, monkeypatch):
    (tmp_path / gpu.FIGURES).write_text('{"machine": {"gpu": "another"}}')
    call = ["gpu", "--device", "cpu", "--parts", "weights", "--work", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", call)
    with pytest.raises(SystemExit, match="measured on another machine"):
        gpu.main()
