"""`proctor plan-size`: how many samples an effect needs, against statsmodels, and plans that make no sense."""

import json

import numpy as np
import pytest

from tests.support.comparing import HEADER, imported, rows_for, run


def test_plan_size_says_how_many_items_an_effect_needs(tmp_path):
    rng = np.random.default_rng(4)
    a, b = ((rng.random(500) < p) * 1 for p in (0.6, 0.65))
    results = imported(tmp_path, rows_for({"a": a.tolist(), "b": b.tolist()}))
    plan = json.loads(
        run("plan-size", "--baseline", "a", "--task", "t", "--effect", "0.05", "--json", "--results", results)
    )
    seen, unrelated = plan["guesses"]
    assert seen["discordance"] == pytest.approx((a != b).mean())
    # Connor 1987, with the correction: within a few per cent of (z sqrt(d) + z sqrt(d - e^2))^2 / e^2 + 2/e
    d = seen["discordance"]
    plain = (1.959964 * d**0.5 + 0.841621 * (d - 0.05**2) ** 0.5) ** 2 / 0.05**2
    assert plain < plan["items"] < plain + 2 / 0.05 + 1
    assert plan["items_if_unrelated"] == unrelated["items"]
    assert seen["smallest"] > 0.05
    told = run("plan-size", "--baseline", "a", "--task", "t", "--effect", "0.05", "--results", results)
    assert max(map(len, told.splitlines())) <= 80
    assert "s.d." not in told


def test_a_plan_for_real_scores_goes_by_their_spread(tmp_path):
    rng = np.random.default_rng(4)
    a, b = rng.normal(3, 1, (2, 60)).round(2)
    results = imported(tmp_path, rows_for({"a": a.tolist(), "b": b.tolist()}))
    plan = json.loads(
        run("plan-size", "--baseline", "a", "--task", "t", "--effect", "0.2", "--json", "--results", results)
    )
    seen, unrelated = plan["guesses"]
    assert seen["sd"] == pytest.approx((a - b).std(ddof=1))
    assert unrelated["sd"] == pytest.approx(2**0.5 * a.std(ddof=1))


def test_a_plan_knows_that_copies_are_no_more_evidence(tmp_path):
    rng = np.random.default_rng(6)
    scores = {name: ((rng.random(60) < 0.6) * 1).tolist() for name in "ab"}
    once = imported(tmp_path, rows_for(scores, "once"), name="once.csv")
    copied = [
        f"{v},five,{i}-{k},{x},{i}" for v, xs in scores.items() for i, x in enumerate(xs) for k in range(5)
    ]
    imported(tmp_path, copied, HEADER + ",cluster", name="five.csv")
    items = [
        json.loads(
            run(
                "plan-size", "--baseline", "a", "--task", task, "--effect", "0.1", "--json", "--results", once
            )
        )["items"]
        for task in ("once", "five")
    ]
    assert items[1] == pytest.approx(5 * items[0], rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "told_then"),
    [
        (["--effect", "0.02"], "Missing option '--baseline'"),
        (
            ["--effect", "0.02", "--baseline", "x", "--task", "t"],
            "no results of 'x' for 't'; there are: a x t",
        ),
        (["--effect", "0", "--baseline", "a", "--task", "t"], "effect 0"),
        (["--effect", "0.02", "--baseline", "a", "--task", "t", "--power", "2"], "power 2"),
    ],
)
def test_a_plan_that_makes_no_sense_is_one_line(tmp_path, arguments, told_then):
    results = imported(tmp_path, rows_for({"a": [1, 0, 1, 1], "b": [0, 0, 1, 1]}))
    assert told_then in run("plan-size", *arguments, "--results", results, code=2)
