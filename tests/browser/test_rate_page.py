"""The rating page in a real browser: blind, by keyboard alone, saved at every click, and taken up again."""

import csv
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proctor.judges.figures.ratings import read_ratings
from proctor.judges.judge import Judge
from proctor.judges.people.rate import RatedPlan, RatingSheet, shown
from proctor.judges.people.rate_server import RatingServer
from proctor.judges.trust.question_damage import QUESTIONS
from proctor.leaderboard.cli.rate import _plans, _some
from tests.support.board_results import rows_of, write
from tests.support.command import proctor

TRAP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
PLANS = [
    RatedPlan(
        f"{writer}/{pupil}", f"Pupil: {pupil}\nGoal: pass", f"Week 1: {pupil} {n} {TRAP}", pupil, writer
    )
    for n, writer in enumerate(("secret-base", "secret-tuned"))
    for pupil in ("Ada", "Ben", "Cem")
]


@contextmanager
def served(
    path: Path, mode: str, judge: str = "study_plan", rater: str = "kim"
) -> Iterator[tuple[str, RatingSheet]]:
    sheet = RatingSheet(path, Judge.load(judge), shown(PLANS, mode, rater), mode, rater)
    server = RatingServer(sheet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", sheet
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def opened(window: Any, address: str) -> Iterator[Any]:
    window.set_viewport_size({"width": 1200, "height": 900})
    faults: list[str] = []
    heard = {
        "console": lambda said: faults.append(said.text) if said.type == "error" else None,
        "pageerror": lambda error: faults.append(str(error)),
        "dialog": lambda dialog: (faults.append(dialog.message), dialog.dismiss()),
        "request": lambda asked: None if asked.url.startswith(address) else faults.append(asked.url),
    }
    for event, hear in heard.items():
        window.on(event, hear)
    window.goto(address)
    window.locator("#texts section").first.wait_for()
    yield window
    for event, hear in heard.items():
        window.remove_listener(event, hear)
    assert faults == []


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    page.locator("#saved", has_text="saved").wait_for()


def test_a_plan_is_marked_by_keys_and_each_one_is_on_disk_at_once(window: Any, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with served(path, "scores") as (address, sheet), opened(window, address) as page:
        press(page, "4")
        assert [row["score"] for row in rows(path)] == ["4"]
        press(page, "2", "5")
        page.wait_for_function("document.getElementById('place').textContent.includes('1 rated')")
        first = sheet.items[0].id
        assert sheet.ratings(0) == {"fluency": 4, "personalisation": 2, "actionability": 5}
        page.keyboard.press("Enter")
        page.wait_for_function("document.getElementById('place').textContent.startsWith('2 of 6')")
        assert {row["item_id"] for row in rows(path)} == {first}
    labels = read_ratings(path)
    assert labels.scores[first, "kim", "personalisation"] == 2
    assert labels.clusters[first] == first.split("/")[1]


def test_a_mark_is_changed_taken_back_and_taken_up_again_the_next_day(window: Any, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with served(path, "scores") as (address, sheet), opened(window, address) as page:
        press(page, "1")
        press(page, "3")
        page.keyboard.press("Backspace")
        page.wait_for_function("!document.querySelector('input[name=personalisation]:checked')")
        page.get_by_text("Reads well throughout").click()
        page.locator("#saved", has_text="saved").wait_for()
        assert sheet.ratings(0) == {"fluency": 5}
        press(page, "2", "2")
    assert len(rows(path)) == 3
    with served(path, "scores") as (address, sheet), opened(window, address) as page:
        assert page.locator("#place").inner_text().startswith("2 of 6, 1 rated")
        page.locator("#back").click()
        assert page.locator("input:checked").count() == 3


def test_saved_is_not_said_while_a_mark_is_still_on_its_way(window: Any, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with served(path, "scores") as (address, _), opened(window, address) as page:
        press(page, "4")
        held: list[Any] = []
        page.route("**/save", lambda route: held.append(route))
        page.keyboard.press("2")
        page.wait_for_timeout(200)
        assert (len(held), len(rows(path))) == (1, 1)
        assert page.locator("#saved").inner_text() == ""
        held[0].continue_()
        page.unroute("**/save")
        page.locator("#saved", has_text="saved").wait_for()
        assert len(rows(path)) == 2


def test_two_plans_are_compared_blind_and_the_verdict_names_the_plan(window: Any, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with served(path, "pairs", "pairwise") as (address, sheet), opened(window, address) as page:
        for key in ("1", "2", "0"):
            press(page, key)
            page.keyboard.press("Enter")
        page.wait_for_function("document.getElementById('place').textContent.includes('all done')")
        page.keyboard.press("PageUp")
        assert page.locator("button[aria-pressed=true]").count() == 1
    found = {row["item_id"]: row for row in rows(path)}
    for item, place in zip(sheet.items, ("left", "right", "tie"), strict=True):
        row = found[item.id]
        named = {"left": item.texts[0], "right": item.texts[1]}.get(place)
        plan_a, plan_b = (next(p.text for p in PLANS if p.id == one) for one in item.id.split(" "))
        assert row["order"] == item.order
        assert row["verdict"] == ("tie" if named is None else "a" if named == plan_a else "b")
        assert named in (None, plan_a, plan_b)
        assert {row["plan_a"], row["plan_b"]} == {"secret-base", "secret-tuned"}


def test_nothing_that_the_page_gets_says_who_wrote_a_plan(window: Any, tmp_path: Path) -> None:
    heard: list[str] = []

    def hear(reply: Any) -> None:
        heard.append(reply.text())

    for mode, judge in (("scores", "study_plan"), ("pairs", "pairwise")):
        with served(tmp_path / f"{mode}.csv", mode, judge) as (address, _), opened(window, address) as page:
            page.on("response", hear)
            page.reload()
            page.locator("#texts section").first.wait_for()
            press(page, "1")
            assert TRAP in page.locator("#texts pre").first.inner_text()
            assert page.locator("#texts img, #texts script").count() == 0
            page.remove_listener("response", hear)
    assert len(heard) >= 6
    assert not [text for text in heard if "secret" in text]


def test_a_mark_that_cannot_be_kept_is_shown_as_not_saved(window: Any, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with served(folder / "labels.csv", "scores") as (address, _):
        window.goto(address)
        window.locator("#texts section").first.wait_for()
        folder.rmdir()
        folder.touch()  # a file where its folder was
        window.keyboard.press("3")
        window.locator("#fault", has_text="NOT saved").wait_for()
        assert window.locator("input:checked").count() == 0


def test_no_other_host_and_no_other_page_can_read_or_rate(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    body = json.dumps({"item": 0, "dimension": "fluency", "score": 5}).encode()
    with served(path, "scores") as (address, _):
        for url, headers, data in (
            (address + "save", {}, body),
            (address + "save", {"x-proctor": "0" * 32}, body),
            (address + "items", {}, None),
            (address, {"host": "evil.example"}, None),
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=5)
            assert refused.value.code in (403, 404)
    assert not path.exists()


def test_every_rater_has_an_order_of_their_own_and_other_raters_rows_stay(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    for rater in ("kim", "lee"):
        sheet = RatingSheet(path, Judge.load("ternary"), shown(PLANS, "scores", rater), "scores", rater)
        sheet.save(0, sheet.judge.dimensions[0], -1)
    assert {row["rater"] for row in rows(path)} == {"kim", "lee"}
    orders = {tuple(item.id for item in shown(PLANS, "scores", f"rater {n}")) for n in range(6)}
    assert len(orders) > 3
    assert shown(PLANS, "pairs", "kim") == shown(list(reversed(PLANS)), "pairs", "kim")


def test_two_raters_at_one_file_at_the_same_time_lose_no_click(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    sheets = []
    for rater in ("kim", "lee"):
        sheets.append(
            RatingSheet(path, Judge.load("ternary"), shown(PLANS, "scores", rater), "scores", rater)
        )
    for question in sheets[0].judge.dimensions:
        for sheet in sheets:
            sheet.save(0, question, 1)
    assert len(rows(path)) == 2 * len(sheets[0].judge.dimensions)
    assert all(sheet.done == 1 for sheet in sheets)


def test_questions_are_rated_with_their_passage_and_by_the_judge_of_questions_alone(tmp_path: Path) -> None:
    found = _plans([QUESTIONS.labelled], [], tmp_path, "question")
    judge, items = Judge.load("question"), shown(found, "scores", "kim")
    page = RatingSheet(tmp_path / "labels.csv", judge, items, "scores", "kim").as_page()
    assert (page["subject"], len(page["items"])) == ("question", len(found))
    for item in page["items"]:
        assert "grade: " in item["profile"]
        assert "Key: " in item["texts"][0]
    done = proctor(
        "judge", "rate", "question", "--rater", "kim", "--variant", "one", "--results", str(tmp_path)
    )
    assert (done.returncode, "is for questions" in done.stderr) == (2, True)


def test_plans_of_variants_are_found_and_an_id_that_comes_twice_is_refused(tmp_path: Path) -> None:
    for variant in ("one", "two"):
        rows = [
            replace(row, sample_id=pupil, task="study_plan", response=f"Week 1: {variant}", cluster=pupil)
            for row, pupil in zip(
                rows_of(variant, "word_problems", n=2, ability=1), ("uma-7", "otis-9"), strict=True
            )
        ]
        write(tmp_path, rows)
    found = _plans([], ["one", "two"], tmp_path)
    assert {(plan.id, plan.source) for plan in found} == {
        (f"{variant}/{pupil}", variant) for variant in ("one", "two") for pupil in ("uma-7", "otis-9")
    }
    assert all(plan.profile.startswith("Pupil:") for plan in found)
    assert {plan.pupil for plan in _some(found, 1)} in ({"uma-7"}, {"otis-9"})
    assert len(shown(found, "pairs", "kim")) == 2
    with pytest.raises(ValueError, match="stands for two plans"):
        _plans([], ["one", "one"], tmp_path)
    with pytest.raises(ValueError, match="no study plans of 'three'"):
        _plans([], ["three"], tmp_path)
