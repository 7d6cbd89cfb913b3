"""What fits on a phone, and which of it is shown to be no worse than its parent."""

from dataclasses import replace
from pathlib import Path

from proctor.harness import record
from proctor.leaderboard.board import site
from proctor.leaderboard.board.pages import fits
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import ranking
from tests.support.board_pages import text_of
from tests.support.board_results import change, rows_of, write

MB, GB = 10**6, 10**9
FILE = {"parameters": 9, "tensor_bytes": 8}


def gguf(
    results: Path, variant: str, size: int, cache: int | None = 100 * MB, ability: int = 2, **more
) -> None:
    """A GGUF on 400 items, of which so many quarters are right."""
    for task in ("word_problems",):
        rows = [replace(row, cluster=row.sample_id) for row in rows_of(variant, task, 400, ability)]
        write(results, rows, **{"engine": "llamacpp", "quantization": "q8_0", "parent": "base", **more})
        change(results, variant, task, size_bytes=size, gguf={**FILE, "cache_bytes": cache})


def phone(results: Path, variant: str, *speeds: float, **more) -> None:
    test = record.DeviceTest(prompt=0, generated=128, threads=4, backend="CPU", speeds=speeds)
    device = record.DeviceRecord(
        **{"variant": variant, "device": "Pixel <8>", "tests": (test,), **FILE, **more}
    )
    record.write_device(results / "_devices" / variant / "pixel-8.json", device)


def page(results: Path) -> fits.WhatFits:
    made = fits.page(ranking(load_cells(results)), record.read_devices(results))
    assert made is not None
    return made


def test_weights_and_cache_may_take_half_of_a_phone(tmp_path):
    gguf(tmp_path, "edge", 2 * GB - 100 * MB)
    gguf(tmp_path, "over", 2 * GB - 100 * MB + 1)
    gguf(tmp_path, "unknown", 2 * GB - 100 * MB, cache=None)
    gguf(tmp_path, "huge", 7 * GB, cache=None)
    on = {fit.row.variant: [fit.on(phone) for phone in fits.PHONES] for fit in page(tmp_path).fits}
    assert on == {
        "edge": [True, True, True, True],
        "over": [False, True, True, True],
        "unknown": [None, None, None, None],
        "huge": [False, False, False, False],
    }


def test_a_base_that_is_a_gguf_tells_the_cache_where_the_file_itself_is_not_known(tmp_path):
    gguf(tmp_path, "older", GB)
    change(tmp_path, "older", "word_problems", gguf=None)
    assert page(tmp_path).fits[0].cache is None
    change(tmp_path, "older", "word_problems", base_settings={"ends": [], "cache_bytes": 47 * MB})
    assert page(tmp_path).fits[0].cache == 47 * MB


def test_only_what_fits_and_is_shown_to_be_no_worse_than_its_parent_is_named(tmp_path):
    write(tmp_path, [replace(row, cluster=row.sample_id) for row in rows_of("base", "word_problems", 400)])
    gguf(tmp_path, "same", GB)
    gguf(tmp_path, "better", GB, ability=3)
    gguf(tmp_path, "worse", GB, ability=1)
    gguf(tmp_path, "large", 4 * GB)
    gguf(tmp_path, "orphan", GB, parent=None)
    gguf(tmp_path, "served", GB, engine="openai")
    made = page(tmp_path)
    assert sorted(made.no_worse) == ["better", "same"]
    assert (made.fitting, made.with_parent) == (4, 3)
    board = site.build(tmp_path, tmp_path / "board").parent
    sentence = "better and same fit on a phone of 6 GB and are shown to be no worse than their parents on every task."
    for name in ("index.html", "fits.html"):
        assert sentence in text_of(board, name)
    assert "served" not in text_of(board, "fits.html")


def test_a_task_on_which_nothing_is_shown_is_enough_to_leave_a_variant_out(tmp_path):
    for task in ("word_problems", "concepts"):
        write(tmp_path, [replace(row, cluster=row.sample_id) for row in rows_of("base", task, 400)])
    gguf(tmp_path, "same", GB)
    assert page(tmp_path).no_worse == ["same"]
    write(tmp_path, rows_of("same", "concepts", 4, 1), engine="llamacpp", parent="base")
    assert page(tmp_path).no_worse == []
    board = site.build(tmp_path, tmp_path / "board").parent
    gguf(tmp_path, "orphan", GB, parent=None)
    site.build(tmp_path, board)
    sentence = "2 GGUFs fit on a phone of 6 GB; whether the one with a parent is no worse than it on every task is not"
    assert sentence in text_of(board, "index.html")


def test_responses_that_do_not_depend_on_the_items_show_nothing(tmp_path):
    for variant, engine in (("base", "hf"), ("same", "llamacpp")):
        rows = rows_of(variant, "word_problems", 400)
        constant = [replace(row, cluster=row.sample_id, response="It is 4.", answer="4") for row in rows]
        write(tmp_path, constant, engine=engine, parent="base" if variant == "same" else None)
    change(tmp_path, "same", "word_problems", size_bytes=GB, gguf={**FILE, "cache_bytes": MB})
    assert page(tmp_path).no_worse == []


def test_every_parent_counts(tmp_path):
    for variant, ability in (("base", 2), ("other", 3)):
        rows = rows_of(variant, "word_problems", 400, ability)
        write(tmp_path, [replace(row, cluster=row.sample_id) for row in rows])
    gguf(tmp_path, "merged", GB, merge_with={"models": ["base", "other"]})
    assert page(tmp_path).no_worse == [], "it is worse than its second parent"


def test_speeds_of_a_phone_stand_beside_the_score_and_those_of_an_earlier_file_do_not(tmp_path):
    gguf(tmp_path, "small", GB, parent=None)
    gguf(tmp_path, "remade", GB, parent=None)
    phone(tmp_path, "small", 20.0, 16.0, 10.0, 10.0)
    phone(tmp_path, "remade", 99.0, tensor_bytes=7)
    board = site.build(tmp_path, tmp_path / "board").parent
    text = text_of(board, "fits.html")
    assert "Pixel &lt;8&gt;, tokens/s" in text
    assert "20.0 at first, 10.0 in the later half of 40.0 s 4 threads, CPU, 128 tokens a run" in text
    assert "99" not in text.replace("1,000,000,000", "")
    first = (board / "fits.html").read_bytes()
    phone(tmp_path, "small", 21.0)
    site.build(tmp_path, tmp_path / "board")
    assert (board / "fits.html").read_bytes() != first, "new speeds make a new board"


def test_a_board_without_a_gguf_says_nothing_of_phones(tmp_path):
    write(tmp_path, rows_of("base", "word_problems"))
    board = site.build(tmp_path, tmp_path / "board").parent
    assert not (board / "fits.html").exists()
    assert "phone" not in text_of(board, "index.html")
