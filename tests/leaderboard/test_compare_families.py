"""Comparisons that are made together: Holm, Benjamini and Hochberg, none; each pair gets what it gets alone."""

import json

import numpy as np
from statsmodels.stats.multitest import multipletests

from proctor.leaderboard.compare.comparison import Settings, corrected
from proctor.leaderboard.compare.families import compare_pairs
from proctor.leaderboard.compare.items import load_cells
from tests.support.board_results import small_results
from tests.support.comparing import imported, one_of, rows_for, run, told


def test_benjamini_hochberg_on_request(tmp_path):
    rng = np.random.default_rng(2)
    results = imported(
        tmp_path, rows_for({f"v{k}": (rng.random(80) < 0.4 + k / 20).astype(int).tolist() for k in range(6)})
    )
    raw = json.loads(run("compare", "--json", "--correction", "bh", "--results", results))["comparisons"]
    adjusted = multipletests([one["p"] for one in raw], method="fdr_bh")[1]
    np.testing.assert_allclose([one["p_adjusted"] for one in raw], adjusted, rtol=1e-9)
    assert {one["correction"] for one in raw} == {"bh"}
    assert "Benjamini-Hochberg over 15 pairs" in run("compare", "--correction", "bh", "--results", results)


def test_without_correction_each_p_stands_for_itself(tmp_path):
    rng = np.random.default_rng(2)
    results = imported(tmp_path, rows_for({name: rng.random(40).tolist() for name in "abc"}))
    for one in told(results, "--correction", "none")["comparisons"]:
        assert (one["p_adjusted"], one["correction"], one["family"]) == (one["p"], "none", 3)


def test_pairs_that_miss_different_items_get_what_each_pair_gets_alone(tmp_path):
    rng = np.random.default_rng(6)
    scores = rng.random((5, 60)).tolist()
    for k, row in enumerate(scores[:4]):
        row[7 * k] = row[7 * k + 3] = None
    results = imported(tmp_path, rows_for({f"v{k}": row for k, row in enumerate(scores)}))
    found = told(results)
    assert {one["n_paired"] for one in found["comparisons"]} == {56, 58}
    for one in found["comparisons"]:
        alone = one_of(results, one["a"], one["b"])
        family = ("p_adjusted", "family", "verdict")
        assert {k: v for k, v in one.items() if k not in family} == {
            k: v for k, v in alone.items() if k not in family
        }


def test_no_worse_is_corrected_for_its_family_as_better_is(tmp_path):
    small_results(tmp_path)
    cells = load_cells(tmp_path)
    (one,) = compare_pairs(
        [(cells["tiny-lora", "word_problems"], cells["tiny", "word_problems"])], Settings(margin=0.05)
    )
    p = one.difference.p_no_worse
    assert one.adjusted_p_no_worse == p
    assert [c.adjusted_p_no_worse for c in corrected([one] * 4)] == [min(1.0, 4 * p)] * 4
