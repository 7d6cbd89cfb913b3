"""Prediction-powered means: against the published package, by simulation, and the labels that a width needs."""

import json
from dataclasses import replace

import numpy as np
import pytest

from proctor.common.stats.bootstrap import Bootstrap
from proctor.common.stats.correction import best_weight, labels_needed, prediction_powered
from proctor.judges.figures.rating_figures import of_ratings
from proctor.judges.figures.ratings import Ratings
from tests.support.board_results import rows_of, write
from tests.support.command import proctor
from tests.support.rated import jsonl

PPI_ONE_CI = (2.86438654, 3.1371418892)
PPI_TUNED_CI = (2.8916407019, 3.1206414945)
PPI_ONE = 3.0007642146
PPI_TUNED = 3.0061410982


def drawn(n=60, others=440):
    """The same numbers everywhere: labels, the judge's marks of the same items, its marks of the rest."""
    k = np.arange(n + others)
    truth = 3 + np.sin(k * 1.7) + 0.5 * np.sin(k * 0.9)
    judge = truth + 0.4 + 0.6 * np.cos(k * 2.3)
    return truth[:n], judge[:n], judge[n:]


def test_estimates_equal_those_of_the_published_package():
    # ppi-python 0.2.3: ppi_mean_pointestimate and ppi_mean_ci (normal quantiles, n in place of n - 1)
    labels, judged, rest = drawn()
    plain, tuned = prediction_powered(labels, judged, rest, 1.0), prediction_powered(labels, judged, rest)
    assert plain.value == pytest.approx(PPI_ONE, abs=1e-9)
    assert tuned.value == pytest.approx(PPI_TUNED, abs=1e-9)
    assert (plain.low, plain.high) == pytest.approx(PPI_ONE_CI, abs=0.006)
    assert (tuned.low, tuned.high) == pytest.approx(PPI_TUNED_CI, abs=0.006)
    assert plain.high - plain.low > PPI_ONE_CI[1] - PPI_ONE_CI[0]


def test_weight_nought_is_the_mean_of_the_labels_with_its_t_interval():
    labels, judged, rest = drawn(20)
    found = prediction_powered(labels, judged, rest, 0.0)
    assert found.value == pytest.approx(labels.mean())
    assert found.se == pytest.approx(labels.std(ddof=1) / np.sqrt(20))


def test_a_useless_judge_is_not_listened_to_and_a_perfect_one_nearly_fully():
    labels, _, rest = drawn()
    assert best_weight(labels, np.full(60, 3.0), np.full(440, 3.0)) == 0.0
    assert best_weight(labels, -labels, -rest) == 0.0
    assert best_weight(labels, labels, labels.repeat(8)) > 0.85


def test_nineteen_of_twenty_intervals_hold_the_truth_and_are_narrower_than_without_the_judge():
    draw, held, widths = np.random.default_rng(8), 0, []
    for _ in range(400):
        truth = np.clip(np.round(draw.normal(3, 1, 220)), 1, 5)
        judge = np.clip(np.round(truth + draw.normal(0.3, 0.7, 220)), 1, 5)
        found = prediction_powered(truth[:25], judge[:25], judge[25:])
        alone = prediction_powered(truth[:25], judge[:25], judge[25:], 0.0)
        held += found.low <= 3.0 <= found.high
        widths.append((found.high - found.low) / (alone.high - alone.low))
    assert 0.92 <= held / 400 <= 0.98
    assert np.mean(widths) < 0.8


def test_clusters_of_copies_make_the_interval_no_narrower():
    labels, judged, rest = drawn(40, 200)
    alone = prediction_powered(labels, judged, rest)
    names = [f"l{n}" for n in range(40)], [f"u{n}" for n in range(200)]
    grouped = prediction_powered(
        labels.repeat(3),
        judged.repeat(3),
        rest.repeat(3),
        clusters=(list(np.repeat(names[0], 3)), list(np.repeat(names[1], 3))),
    )
    assert grouped.value == pytest.approx(alone.value, abs=1e-3)
    assert grouped.se == pytest.approx(alone.se, rel=0.02)


def test_the_corrected_mean_stands_among_the_figures_with_its_weight():
    labels, judged, rest = drawn()
    marks = {(f"i{n:03}", "judge", "clear"): float(mark) for n, mark in enumerate([*judged, *rest])}
    given = {(f"i{n:03}", "ann", "clear"): float(mark) for n, mark in enumerate(labels)}
    report = of_ratings(Ratings(marks), Ratings(given), Bootstrap(0))
    found = {one.name: one for one in report.figures}
    tuned = prediction_powered(labels, judged, rest)
    one = found["corrected_mean"]
    assert (one.value, one.low, one.high) == pytest.approx((tuned.value, tuned.low, tuned.high), abs=1e-9)
    assert "60 labels, 440 items without" in one.note
    assert found["judge_mean"].value == pytest.approx(np.mean([*judged, *rest]))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_so_many_labels_give_the_wanted_width_and_one_fewer_does_not(correlation):
    needed = labels_needed(0.4, 1.0, correlation, 2_000)
    assert needed.with_judge <= needed.without_judge
    draw = np.random.default_rng(2)

    def width(n):
        found = []
        for _ in range(60):
            truth = draw.normal(0, 1, 2_000)
            judge = correlation * truth + np.sqrt(1 - correlation**2) * draw.normal(0, 1, 2_000)
            one = prediction_powered(
                truth[:n], judge[:n], judge[n:], min(1.0, correlation * (2_000 - n) / 2_000)
            )
            found.append(one.high - one.low)
        return np.mean(found)

    assert width(needed.with_judge) == pytest.approx(0.4, rel=0.06)


def test_a_width_that_no_number_of_labels_gives_is_none():
    assert labels_needed(0.01, 1.0, 0.5, 100).with_judge is None


def test_the_command_plans_from_a_pilot_or_from_numbers(tmp_path):
    labels, judged, rest = drawn()
    rows = [{"item_id": f"i{n}", "rater": "j", "score": mark} for n, mark in enumerate([*judged, *rest])]
    pilot = [{"item_id": f"i{n}", "rater": "h", "score": mark} for n, mark in enumerate(labels)]
    files = jsonl(tmp_path / "r", rows), jsonl(tmp_path / "l", pilot)
    done = proctor(
        "judge",
        "plan-labels",
        "--width",
        "0.2",
        "--ratings",
        str(files[0]),
        "--labels",
        str(files[1]),
        "--json",
    )
    said = json.loads(done.stdout)
    assert said["sd"] == pytest.approx(labels.std(ddof=1))
    assert said["correlation"] == pytest.approx(np.corrcoef(labels, judged)[0, 1])
    assert said["with_judge"] < said["without_judge"]
    done = proctor(
        "judge", "plan-labels", "--width", "0.2", "--sd", "1", "--correlation", "0.8", "--items", "500"
    )
    assert "with the judge" in done.stdout
    done = proctor("judge", "plan-labels", "--width", "0.2")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_variants_mean_is_put_right_by_labels_of_some_of_its_plans(tmp_path):
    rows = []
    for n, row in enumerate(rows_of("tiny", "study_plan", n=40)):
        marks = {"fluency": 3.0 + n % 2, "personalisation": 2.0 + n % 3, "actionability": 4.0}
        missing = n == 39
        rows.append(
            replace(row, judge="checklist", metrics=marks, score=None if missing else sum(marks.values()) / 3)
        )
    write(tmp_path, rows)
    labels = jsonl(
        tmp_path / "labels",
        [
            {"item_id": f"tiny/item-{n:03}", "rater": who, "dimension": "personalisation", "score": 1 + n % 3}
            for n in range(12)
            for who in ("ann", "bob")
        ],
    )
    done = proctor("judge", "correct", "tiny", "--labels", str(labels), "--results", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    found = {one["name"]: one for one in json.loads(done.stdout) if one["dimension"] == "personalisation"}
    assert found["judge_mean"]["n"] == 39
    assert found["judge_mean"]["value"] == pytest.approx(np.mean([2 + n % 3 for n in range(39)]))
    assert found["corrected_mean"]["value"] == pytest.approx(found["judge_mean"]["value"] - 1, abs=0.1)
    other = jsonl(tmp_path / "other", [{"item_id": "item-001", "rater": "ann", "score": 2}])
    done = proctor("judge", "correct", "tiny", "--labels", str(other), "--results", str(tmp_path))
    assert done.returncode == 2
    assert "no label is for a response of 'tiny'" in done.stderr
