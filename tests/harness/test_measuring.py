"""What a cell costs: nothing is told that was not counted."""

import sys
from types import SimpleNamespace

import pytest

from proctor.finetune.build import Built
from proctor.harness.ask.cell import AskedSample
from proctor.harness.engines.protocol import Response
from proctor.harness.measure import Cards, Costs, _handles, _nvidia, measure


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
@pytest.mark.parametrize(
    "library", [False, True], ids=["asked through torch", "asked through NVIDIA's library"]
)
def test_memory_is_what_came_on_top_of_what_was_there(monkeypatch, allocated, free_after, told, library):
    import torch

    free = iter([100, free_after])
    machine_with(monkeypatch, ["H200"] if library else None, held=lambda: 200 - next(free))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (next(free), 200))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda number: 5)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda number: allocated)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda number: None)
    cards = Cards(1)
    cards.restart()
    energy = {"energy_joules": 2.5} if library else {}
    found = {"peak_gpu_bytes": told} | energy if told else {}
    assert cards.taken() == found, "an engine on the CPU spends nothing of a card that idles beside it"


@pytest.mark.parametrize(
    ("cards", "visible", "order", "asked"),
    [
        (["H200"] * 4, None, None, [0, 1]),
        (["H200"] * 4, "3,1", None, [3, 1]),
        (["H200"] * 4, "GPU-2, GPU-0", None, [2, 0]),
        (["H200", "T4"], "1,0", None, []),
        (["H200", "T4"], "1,0", "PCI_BUS_ID", [1, 0]),
        (["H200"], "0,5", None, []),
        (None, "0,1", None, []),
    ],
    ids=[
        "all",
        "by number",
        "by name",
        "two kinds, CUDA's order",
        "two kinds, the bus's",
        "not there",
        "no library",
    ],
)
def test_the_cards_that_are_asked_are_those_that_torch_sees_or_none(
    monkeypatch, cards, visible, order, asked
):
    machine_with(monkeypatch, cards, held=lambda: 0)
    for name, value in (("CUDA_VISIBLE_DEVICES", visible), ("CUDA_DEVICE_ORDER", order)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert _handles(2) == asked


def test_a_card_that_tells_no_memory_and_no_energy_is_asked_through_torch(monkeypatch):
    """As one that shares the machine's memory: it names itself, and refuses both."""
    import torch

    free = iter([100, 60])

    def refuse(*_):
        raise sys.modules["pynvml"].NVMLError

    machine_with(monkeypatch, ["GB10"], held=lambda: 0)
    monkeypatch.setattr(sys.modules["pynvml"], "nvmlDeviceGetMemoryInfo", refuse)
    monkeypatch.setattr(sys.modules["pynvml"], "nvmlDeviceGetTotalEnergyConsumption", refuse)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (next(free), 200))
    cards = Cards(1)
    cards.restart()
    assert cards.taken() == {"peak_gpu_bytes": 40}


def test_energy_is_that_of_all_cards_of_the_engine(monkeypatch):
    import torch

    held, spent = iter([0, 0, 30, 10]), iter([1_000, 200, 3_500, 700])
    machine_with(monkeypatch, ["H200"] * 3, held=lambda: next(held))
    monkeypatch.setattr(
        sys.modules["pynvml"], "nvmlDeviceGetTotalEnergyConsumption", lambda handle: next(spent)
    )
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    cards = Cards(2)
    cards.restart()
    assert cards.taken() == {"peak_gpu_bytes": 40, "energy_joules": 3.0}


def machine_with(monkeypatch, cards, held):
    """NVIDIA's library on a machine with these cards, a card's handle being its number; None: it is missing."""
    _nvidia.cache_clear()
    if cards is None:
        monkeypatch.setitem(sys.modules, "pynvml", None)
        return

    class NVMLError(Exception):
        pass

    def by_number(number):
        if number >= len(cards):
            raise NVMLError
        return number

    spent = iter([1_000, 3_500])
    library = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: len(cards),
        nvmlDeviceGetName=lambda handle: cards[handle],
        nvmlDeviceGetHandleByIndex=by_number,
        nvmlDeviceGetHandleByUUID=lambda name: by_number(int(name.removeprefix("GPU-"))),
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=held()),
        nvmlDeviceGetTotalEnergyConsumption=lambda handle: next(spent),
    )
    monkeypatch.setitem(sys.modules, "pynvml", library)


@pytest.fixture(autouse=True)
def no_library_is_left_over():
    yield
    _nvidia.cache_clear()


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
