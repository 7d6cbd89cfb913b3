"""What a cell costs: nothing is told that was not counted."""

from types import SimpleNamespace

import pytest

from proctor.finetune.build import Built
from proctor.harness.ask.cell import AskedSample
from proctor.harness.engines.protocol import Response
from proctor.harness.measure import Cards, Costs, measure


def test_machine_without_a_gpu_tells_no_figure_of_one():
    import torch

    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    cards = Cards(1)
    cards.restart()
    assert cards.taken() == {}


@pytest.mark.parametrize(
    ("allocated", "free_after", "told"),
    [(5, 60, 40), (25, 60, 20), (5, 100, None)],
    ids=["an engine in other processes", "an engine in this one", "nothing was taken"],
)
@pytest.mark.parametrize("metered", [False, True], ids=["a card that tells no energy", "one that does"])
def test_memory_is_what_came_on_top_of_what_was_there(monkeypatch, allocated, free_after, told, metered):
    import torch

    free, spent = iter([100, free_after]), iter([1_000, 3_500])
    meter = (lambda: next(spent)) if metered else None
    monkeypatch.setattr("proctor.harness.measure._meter", lambda uuid: meter)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid="a-card"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (next(free), 200))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda number: 5)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda number: allocated)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda number: None)
    cards = Cards(1)
    cards.restart()
    energy = {"energy_joules": 2.5} if metered else {}
    found = {"peak_gpu_bytes": told} | energy if told else {}
    assert cards.taken() == found, "an engine on the CPU spends nothing of a card that idles beside it"


def test_time_of_an_item_is_told_only_of_a_cell_that_was_asked_as_a_whole():
    rows = [AskedSample({"id": str(n)}, 1, "?", Response("4", tokens_in=3, tokens_out=1)) for n in range(4)]
    assert measure(rows, 2.0, reused=0)["seconds_per_item"] == 0.5
    assert "seconds_per_item" not in measure(rows, 2.0, reused=1)
    assert "seconds_per_item" not in measure([], 2.0, reused=0)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in this process", "in processes of its own"])
def test_memory_of_an_engine_is_told_only_where_this_process_holds_it(tmp_path, elsewhere):
    rows = [AskedSample({"id": "1"}, 1, "?", Response("4", tokens_in=3, tokens_out=1))]
    costs = Costs(0, elsewhere)
    costs.begin()
    taken = costs.measured(rows, 1, Built(tmp_path, tmp_path, None, None, "digest"))
    assert ("peak_memory_bytes" in taken) is not elsewhere
