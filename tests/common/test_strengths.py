"""Bradley-Terry strengths and win rates: against statsmodels, by hand, and where no finite strengths fit."""

import numpy as np
import pytest
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from proctor.common.stats.bootstrap import Bootstrap
from proctor.common.stats.preferences import bradley_terry, unbounded
from proctor.judges.figures.preference_figures import of_preferences
from proctor.judges.figures.preferences import Preferences
from proctor.judges.figures.report import FigureReport
from proctor.judges.figures.standings import strengths

NAMES = ("base", "lora", "merged", "q4")


def preferences(n=240, seed=3, clusters=0):
    draw = np.random.default_rng(seed)
    truth = dict(zip(NAMES, (-0.8, 0.6, 0.5, -0.3), strict=True))
    verdicts, plans, groups = {}, {}, {}
    for k in range(n):
        a, b = (str(name) for name in draw.choice(NAMES, 2, replace=False))
        chance = 1 / (1 + np.exp(truth[b] - truth[a]))
        said = "tie" if draw.random() < 0.15 else "a" if draw.random() < chance else "b"
        item = f"p{k:03}"
        for order in ("ab", "ba"):
            verdicts[item, order, "judge"] = said
        plans[item] = (a, b)
        groups[item] = f"g{k % clusters}" if clusters else item
    return Preferences(verdicts, groups, plans)


def reported(given, resamples=300):
    report = FigureReport(Bootstrap(resamples))
    strengths(report, given)
    return report


def test_strengths_equal_a_logistic_regression_without_a_constant():
    given = preferences()
    rows, wins = [], []
    for item, (a, b) in given.plans.items():
        rows.append([(name == a) - (name == b) for name in NAMES])
        wins.append({"a": 1.0, "tie": 0.5, "b": 0.0}[given.verdicts[item, "ab", "judge"]])
    model = GLM(np.array(wins), np.array(rows, dtype=float)[:, 1:], family=Binomial())
    expected = np.append(0.0, model.fit(tol=1e-13).params)
    expected -= expected.mean()
    report = reported(given, 0)
    found = {one.dimension: one.value for one in report.figures if one.name == "bradley_terry_conservative"}
    assert [found[name] for name in NAMES] == pytest.approx(expected, abs=1e-9)


def test_two_plans_differ_by_the_log_odds_of_their_wins():
    points = np.array([[[0.0, 30.0], [10.0, 0.0]]])
    found = bradley_terry(points)[0]
    assert found[0] - found[1] == pytest.approx(np.log(3))
    assert found.sum() == pytest.approx(0)


def test_win_rates_count_a_tie_as_half():
    verdicts = {
        (item, order, "j"): said
        for item, said in (("1", "a"), ("2", "tie"), ("3", "b"))
        for order in ("ab", "ba")
    }
    plans = {"1": ("x", "y"), "2": ("x", "y"), "3": ("y", "x")}
    report = reported(Preferences(verdicts, {}, plans), 0)
    found = {
        (one.dimension, one.against): one.value
        for one in report.figures
        if one.name == "win_rate_conservative"
    }
    assert found["x", "all others"] == found["x", "y"] == pytest.approx(2.5 / 3)
    assert found["y", "x"] == pytest.approx(0.5 / 3)


def test_a_plan_that_never_loses_a_point_has_no_finite_strength_and_that_is_said():
    verdicts = {(f"{n}", "ab", "j"): "a" for n in range(4)}
    report = reported(Preferences(verdicts, {}, {f"{n}": ("x", "y") for n in range(4)}))
    assert "bradley_terry_single" not in {one.name for one in report.figures}
    assert any("no finite strengths fit" in one.why for one in report.missing)
    assert unbounded(np.array([[0, 3.0], [0, 0]])) == [1]
    assert unbounded(np.array([[0, 3.0], [1.0, 0]])) == []


def test_intervals_hold_their_strengths_and_mind_the_clusters():
    def width(report):
        chosen = [one for one in report.figures if one.name == "bradley_terry_single"]
        assert all(one.low <= one.value <= one.high for one in chosen)
        return np.mean([one.high - one.low for one in chosen])

    given = preferences(240)
    copies = {
        (f"{item}-{copy}", order, rater): said
        for (item, order, rater), said in given.verdicts.items()
        for copy in range(4)
    }
    plans = {f"{item}-{copy}": pair for item, pair in given.plans.items() for copy in range(4)}
    groups = {f"{item}-{copy}": item for item in given.plans for copy in range(4)}
    alone, blind = width(reported(given)), width(reported(Preferences(copies, {}, plans)))
    clustered = width(reported(Preferences(copies, groups, plans)))
    assert clustered == pytest.approx(alone, rel=0.05)
    assert blind < 0.7 * alone


def test_verdicts_without_names_of_plans_say_what_is_missing():
    report = reported(Preferences({("1", "ab", "j"): "a"}))
    assert {one.name for one in report.missing} == {"win_rate", "bradley_terry"}


def test_plans_rank_by_labels_as_by_the_judge_where_both_say_the_same():
    given = preferences()
    people = {
        (item, "", who): said
        for (item, order, _), said in given.verdicts.items()
        for who in "xy"
        if order == "ab"
    }
    report = of_preferences(given, Preferences(people), Bootstrap(0))
    found = {
        (one.name, one.dimension, one.judge): one.value
        for one in report.figures
        if one.against == "all others"
    }
    for name in NAMES:
        mine, theirs = (
            found["bradley_terry_single", name, who] for who in ("judge", "every label by itself")
        )
        assert mine == pytest.approx(theirs)
    ranked = {one.name: (one.value, one.n) for one in report.figures if one.name.startswith("systems_")}
    assert ranked["systems_spearman_single"] == (pytest.approx(1.0), 4)
    turned = {key: {"a": "b", "b": "a", "tie": "tie"}[said] for key, said in people.items()}
    report = of_preferences(given, Preferences(turned), Bootstrap(0))
    ranked = {one.name: one.value for one in report.figures if one.name.startswith("systems_")}
    assert ranked["systems_kendall_tau_b_conservative"] == pytest.approx(-1.0)


def test_rankings_are_not_made_up_of_two_plans_or_of_labels_that_name_none():
    verdicts = {(f"p{n}", order, "j"): "a" for n in range(4) for order in ("ab", "ba")}
    labels = Preferences({(f"p{n}", "", "h"): "a" for n in range(4)})
    two = Preferences(verdicts, {}, {f"p{n}": ("x", "y") for n in range(4)})
    for judged, said in ((two, "2 plans are named"), (Preferences(verdicts), "not every labelled pair")):
        report = of_preferences(judged, labels, Bootstrap(0))
        assert any(one.name.startswith("systems") and said in one.why for one in report.missing)
        assert not any(one.name.startswith("systems") for one in report.figures)
