"""Verdicts on pairs: agreement, order, majorities and clusters, against counts by hand and scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics
from statsmodels.stats.contingency_tables import mcnemar

from proctor.judges.figures.preference_figures import of_preferences
from proctor.judges.figures.preferences import Preferences, read_preferences, taken_as
from proctor.judges.verdict import WORTH
from tests.support.rated import QUICK, jsonl, judged

# Pairs


def test_figures_of_pairs_equal_a_count_by_hand():
    verdicts = {
        ("1", "ab", "j"): "a", ("1", "ba", "j"): "a",  # consistent, right
        ("2", "ab", "j"): "a", ("2", "ba", "j"): "b",  # always first
        ("3", "ab", "j"): "b", ("3", "ba", "j"): "a",  # always second
        ("4", "ab", "j"): "tie", ("4", "ba", "j"): "tie",  # a tie, right
        ("5", "ab", "j"): "b", ("5", "ba", "j"): "tie",  # half
        ("6", "ab", "j"): "b", ("6", "ba", "j"): "b",  # consistent, wrong
    }  # fmt: skip
    labels = {
        (item, "", "h"): said for item, said in zip("123456", ("a", "a", "tie", "tie", "b", "a"), strict=True)
    }
    report = of_preferences(Preferences(verdicts), Preferences(labels), QUICK)
    found = {one.name: one.value for one in report.figures if one.judge == "j"}
    expected = {
        "consistency": 3 / 6, "consistency_decided": 2 / 4, "consistent_preference_rate": 2 / 6,
        "flip_rate": 2 / 6, "always_first_rate": 1 / 6, "always_second_rate": 1 / 6,
        "tie_in_one_order_rate": 1 / 6, "tie_in_both_orders_rate": 1 / 6, "conservative_tie_rate": 4 / 6,
        "first_place_rate": 4 / 9, "first_place_rate_all": 4 / 12, "first_place_rate_ties_half": 5.5 / 12,
        "first_place_lead": (4 - 5) / 12, "tie_rate": 3 / 12,
        "agreement_ab": 4 / 6, "agreement_ba": 2 / 6, "agreement_single": 6 / 12,
        "agreement_conservative": 3 / 6, "agreement_without_ties_conservative": 1 / 2,
        "agreement_without_label_ties_conservative": 1 / 4, "agreement_ties_half_conservative": 2 / 4,
        "agreement_summed": 4 / 6, "agreement_consistent": 2 / 3, "agreement_in_both_orders": 2 / 6,
        "win_rate_a_conservative": (1 + 4 / 2) / 6, "win_rate_a_without_ties_conservative": 1 / 2,
        "share_a_conservative": 1 / 6, "share_tie_conservative": 4 / 6, "share_b_conservative": 1 / 6,
        "toward_first_rate": 1 / 6, "toward_second_rate": 2 / 6, "order_p": 1.0,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    people = {one.name: one.value for one in report.figures if one.judge == "h"}
    assert (people["share_a_single"], people["share_tie_single"], people["share_b_single"]) == (
        3 / 6,
        2 / 6,
        1 / 6,
    )


def test_turns_with_the_order_are_held_to_chance_by_mcnemars_exact_test(tmp_path):
    verdicts = read_preferences(jsonl(tmp_path / "v", judged(150, noise=0.6)))
    report = of_preferences(verdicts, None, QUICK)
    worth = {"a": 1, "tie": 0, "b": -1}
    both = [
        [worth[verdicts.verdicts[item, order, "judge"]] for order in ("ab", "ba")] for item in verdicts.items
    ]
    first, second = (sum(np.sign(ab - ba) == side for ab, ba in both) for side in (1, -1))
    assert first > 5
    expected = mcnemar([[0, first], [second, 0]], exact=True).pvalue
    (found,) = [one for one in report.figures if one.name == "order_p"]
    assert (found.value, found.n) == (pytest.approx(expected), first + second)


def test_macro_figures_and_kappa_of_pairs_equal_those_of_scikit_learn(tmp_path):
    verdicts = read_preferences(jsonl(tmp_path / "v", judged(200)))
    labels = read_preferences(jsonl(tmp_path / "l", judged(200, 5, ("ann",), ("ab",), 0.2)), labels=True)
    report = of_preferences(verdicts, labels, QUICK)
    found = {one.name: one.value for one in report.figures}
    said = taken_as(verdicts.table("judge", labels.items), "conservative")[:, 0]
    true = [WORTH[labels.verdicts[i, "ab", "ann"]] for i in labels.items]
    macro = sklearn.metrics.precision_recall_fscore_support(true, said, average="macro", zero_division=0)
    names = ("macro_precision_conservative", "macro_recall_conservative", "macro_f1_conservative")
    assert [found[name] for name in names] == pytest.approx(list(macro[:3]))
    assert found["kappa_conservative"] == pytest.approx(sklearn.metrics.cohen_kappa_score(said, true))
    assert found["agreement_conservative"] == pytest.approx(np.mean(np.equal(said, true)))


def test_agreement_of_people_is_pooled_over_all_who_judged_the_same_pair():
    """As it is done where hundreds of people judged a few pairs each: every two of them on a pair count once."""
    said = {
        ("p", "x"): "a",
        ("p", "y"): "a",
        ("p", "z"): "tie",
        ("q", "x"): "b",
        ("q", "w"): "a",
        ("r", "v"): "a",
    }
    labels = {(item, "", who): verdict for (item, who), verdict in said.items()}
    judge = {(item, order, "j"): "a" for item in "pqr" for order in ("ab", "ba")}
    report = of_preferences(Preferences(judge), Preferences(labels), QUICK)
    found = {one.name: (one.value, one.n) for one in report.figures if one.judge == "the labels' raters"}
    assert found["agreement_between_raters"] == (1 / 4, 4)
    assert found["agreement_without_ties_between_raters"] == (1 / 2, 2)
    assert found["pairs_agree"] == (1 / 4, 2)


def test_labels_of_several_people_count_by_majority_or_one_by_one():
    verdicts = {("p", order, "j"): "a" for order in ("ab", "ba")} | {("q", o, "j"): "b" for o in ("ab", "ba")}
    labels = {
        ("p", "", "x"): "a",
        ("p", "", "y"): "a",
        ("p", "", "z"): "b",
        ("q", "", "x"): "a",
        ("q", "", "y"): "b",
    }
    report = of_preferences(Preferences(verdicts), Preferences(labels), QUICK)
    by = {one.against: (one.value, one.n) for one in report.figures if one.name == "agreement_conservative"}
    assert by["majority of labels"] == (1.0, 1)
    assert by["majority of labels, else a tie"] == (0.5, 2)
    assert by["every label by itself"] == (3 / 5, 5)
    assert by["z"] == (0.0, 1)
    assert any("1 pairs have no majority" in note for note in report.notes)


def test_one_item_with_several_pairs_of_plans_is_a_cluster_of_pairs(tmp_path):
    rows = [
        {"item_id": pupil, "order": order, "verdict": "a", "rater": "j", "plan_a": a, "plan_b": b}
        for pupil in ("ada", "ben", "cem", "dan")
        for a, b in (("x", "y"), ("y", "z"), ("z", "x"))
        for order in ("ab", "ba")
    ]
    read = read_preferences(jsonl(tmp_path / "p", rows))
    assert len(read.items) == 12
    assert {read.cluster(item) for item in read.items} == {"ada", "ben", "cem", "dan"}
    report = of_preferences(read, None, QUICK)
    found = {one.dimension: one.value for one in report.figures if one.name == "bradley_terry_conservative"}
    assert found == pytest.approx({"x": 0.0, "y": 0.0, "z": 0.0})


def test_pairs_in_one_order_only_are_named_and_consistency_is_not_made_up():
    verdicts = {("p", "ab", "j"): "a", ("q", "ab", "j"): "b", ("r", "ba", "j"): None}
    report = of_preferences(Preferences(verdicts), None, QUICK)
    names = {one.name for one in report.figures}
    assert "consistency" not in names
    assert "win_rate_a_ab" in names
    assert {"consistency", "agreement", "bradley_terry", "alpha_nominal"} <= {
        one.name for one in report.missing
    }
    assert any("1 of 3 verdicts are empty" in note for note in report.notes)
