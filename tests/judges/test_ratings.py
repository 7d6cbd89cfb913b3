"""Ratings, labels and verdicts of other people: what is read, what is refused in one line, and what comes out."""

import json
import math
import random
import re
from contextlib import suppress

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.common.refusal import Refusal
from proctor.judges.figures.preference_figures import of_preferences
from proctor.judges.figures.preferences import FORMS, Preferences, read_preferences, taken_as
from proctor.judges.figures.rating_figures import of_ratings
from proctor.judges.figures.ratings import Ratings, read_ratings, together
from proctor.judges.verdict import WORTH
from tests.support.command import ROOT
from tests.support.rated import QUICK, as_csv, jsonl, judged, rated, trust, value

# Reading


def test_csv_and_jsonl_say_the_same(tmp_path):
    rows = rated(missing=0.1)
    assert read_ratings(as_csv(tmp_path / "a.csv", rows)) == read_ratings(jsonl(tmp_path / "a.jsonl", rows))
    rows = judged()
    one, other = as_csv(tmp_path / "b.csv", rows), jsonl(tmp_path / "b.jsonl", rows)
    assert read_preferences(one) == read_preferences(other)


def test_columns_that_are_left_out_are_filled_in_and_named(tmp_path):
    read = read_ratings(
        jsonl(tmp_path / "a.jsonl", [{"item_id": 1, "score": "4"}, {"item_id": 2, "score": 3.5}])
    )
    assert read.scores == {("1", "judge", "overall"): 4.0, ("2", "judge", "overall"): 3.5}
    assert len(read.notes) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("item_id,rater,dimension,score\n", "a header and no rows"),
        ("item_id,rater,score\na,x,nan\n", "row 2: the score is 'nan'"),
        ("item_id,rater,score\na,x,inf\n", "row 2: the score is 'inf'"),
        ("item_id,rater,score\na,x,good\n", "'good', which is no number"),
        ("item_id,rater,score\na,x,1\na,x,2\n", "row 3: 'x' scores overall of 'a' a second time"),
        ("item_id,rater,score\n,x,1\n", "row 2: no item_id"),
        ("item_id,rater,score\na,x,\n", "no score in any of them"),
        ("item_id,rater,score\na,x\n", "line 2 has 2 fields, the head 3"),
        ("item,rater,score\na,x,1\n", "no column 'item_id'; there are item, rater, score"),
        ("item_id,score,score\na,1,1\n", "two columns are called 'score'"),
        ("item_id,rater,score,cluster\na,x,1,g\na,y,1,h\n", "in cluster 'h', before it was in 'g'"),
        ('{"item_id": "a", "score": NaN}\n', "the score is nan"),
        ('{"item_id": "a", "score": true}\n', "the score is True"),
        ('{"item_id": "a", "score": 1}\n{"item_id"\n', "line 2 is no JSON"),
        ('{"item_id": "a", "score": 1}\n[1]\n', "line 2 is no JSON object"),
        ('[{"item_id": "a", "score": 1}]', "one object a line"),
    ],
)
def test_ratings_that_cannot_be_right_are_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "ratings"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"\w") as refused:
        read_ratings(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["p,ab,left"], "the verdict is 'left'"),
        (["p,first,a"], "the order is 'first'"),
        (["p,,a"], "the order is ''"),
        (["p,ab,a", "p,ab,b"], "judges 'p' in order ab a second time"),
        (["p,ab,", "p,ba,"], "no verdict in any of them"),
    ],
)
def test_verdicts_that_cannot_be_right_are_refused_in_one_line(tmp_path, rows, message):
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(["item_id,order,verdict", *rows]))
    with pytest.raises(ValueError, match=r"\w") as refused:
        read_preferences(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_no_file_whatever_it_holds_makes_the_reader_stumble(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "ratings"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    for read in (read_ratings, read_preferences):
        with suppress(Refusal):
            read(path)


# Taken together


def test_several_raters_are_taken_together_by_those_who_marked():
    table = np.array([[1, 2, 5], [2, 2, 3], [4, np.nan, np.nan], [1, 2, np.nan], [np.nan] * 3])
    expected = {
        "mean": [8 / 3, 7 / 3, 4, 1.5, np.nan],
        "rounded mean": [3, 2, 4, 2, np.nan],
        "median": [2, 2, 4, 1.5, np.nan],
        "majority": [np.nan, 2, 4, np.nan, np.nan],
    }
    for form, values in expected.items():
        np.testing.assert_allclose(together(table, form), values)


@pytest.mark.parametrize(
    ("ab", "ba", "careful", "sum_"),
    [
        ("a", "a", "a", "a"), ("b", "b", "b", "b"), ("tie", "tie", "tie", "tie"), ("a", "b", "tie", "tie"),
        ("b", "a", "tie", "tie"), ("a", "tie", "tie", "a"), ("tie", "b", "tie", "b"),
    ],
)  # fmt: skip
def test_two_orders_become_one_verdict(ab, ba, careful, sum_):
    table = Preferences({("p", "ab", "j"): ab, ("p", "ba", "j"): ba}).table("j", ["p"])
    assert taken_as(table, "conservative") == WORTH[careful]
    assert taken_as(table, "summed") == WORTH[sum_]


def columns_of(rows):
    found = {}
    for row in rows:
        if row["score"] is not None:
            found[row["item_id"], row["dimension"], row["rater"]] = row["score"]
    return found


def test_figures_of_a_judge_and_three_labels_equal_those_of_scipy_and_scikit_learn(tmp_path):
    marks, labels = rated(120, ("gpt",), seed=2), rated(100, seed=3, missing=0.1)
    report = of_ratings(
        read_ratings(jsonl(tmp_path / "r", marks)), read_ratings(jsonl(tmp_path / "l", labels)), QUICK
    )
    mine, theirs = columns_of(marks), columns_of(labels)
    for dimension in ("clear", "useful"):
        given = {
            f"i{n}": [
                theirs[f"i{n}", dimension, r]
                for r in ("ada", "ben", "cem")
                if (f"i{n}", dimension, r) in theirs
            ]
            for n in range(100)
        }
        items = [item for item, marks_ in given.items() if marks_]
        x = [mine[item, dimension, "gpt"] for item in items]
        mean, median = [np.mean(given[item]) for item in items], [np.median(given[item]) for item in items]
        rounded = [math.floor(one + 0.5 + 1e-9) for one in mean]
        whose = {"dimension": dimension, "judge": "gpt"}
        assert value(report, "spearman", against="mean of labels", **whose) == pytest.approx(
            scipy.stats.spearmanr(x, mean)[0], abs=1e-12
        )
        assert value(report, "kendall_tau_b", against="median of labels", **whose) == pytest.approx(
            scipy.stats.kendalltau(x, median)[0], abs=1e-12
        )
        assert value(
            report, "quadratic_weighted_kappa", against="rounded mean of labels", **whose
        ) == pytest.approx(
            sklearn.metrics.cohen_kappa_score(x, rounded, weights="quadratic", labels=range(1, 6)), abs=1e-12
        )
        both = [n for n in range(100) if (f"i{n}", dimension, "ada") in theirs]
        ada = [theirs[f"i{n}", dimension, "ada"] for n in both]
        x = [mine[f"i{n}", dimension, "gpt"] for n in both]
        assert value(report, "cohen_kappa", against="ada", **whose) == pytest.approx(
            sklearn.metrics.cohen_kappa_score(x, ada), abs=1e-12
        )
    assert any("20 items have no labels" in note for note in report.notes)


def test_overall_is_the_mean_of_dimensions_and_pooled_takes_every_mark_by_itself(tmp_path):
    marks, labels = rated(40, ("gpt",), seed=2), rated(40, ("ada",), seed=3)
    report = of_ratings(
        read_ratings(jsonl(tmp_path / "r", marks)), read_ratings(jsonl(tmp_path / "l", labels)), QUICK
    )
    mine, theirs = columns_of(marks), columns_of(labels)
    means = [
        [np.mean([side[f"i{n}", d, who] for d in ("clear", "useful")]) for n in range(40)]
        for side, who in ((mine, "gpt"), (theirs, "ada"))
    ]
    assert value(report, "pearson", against="ada") == pytest.approx(np.corrcoef(*means)[0, 1])
    x, y = (
        [side[f"i{n}", d, who] for d in ("clear", "useful") for n in range(40)]
        for side, who in ((mine, "gpt"), (theirs, "ada"))
    )
    assert value(report, "exact_agreement", "pooled", against="ada") == pytest.approx(np.mean(np.equal(x, y)))


def test_every_label_by_itself_and_the_mean_of_the_others_are_what_they_say(tmp_path):
    labels = read_ratings(jsonl(tmp_path / "l", rated(dimensions=("clear",))))
    judge = read_ratings(jsonl(tmp_path / "j", rated(raters=("gpt",), dimensions=("clear",), seed=4)))
    report = of_ratings(judge, labels, QUICK)
    table = labels.table("clear", labels.items, labels.raters)
    mine = judge.table("clear", labels.items, judge.raters)[:, 0]
    found = {(one.name, one.judge, one.against): one.value for one in report.figures}
    every = scipy.stats.spearmanr(np.tile(mine, 3), table.T.ravel())[0]
    assert found["spearman", "gpt", "every label by itself"] == pytest.approx(every)
    rest = [
        scipy.stats.spearmanr(table[:, at], np.delete(table, at, axis=1).mean(axis=1))[0] for at in range(3)
    ]
    assert found["spearman", "ada", "mean of the other raters"] == pytest.approx(rest[0])
    mean = found["mean_pairwise_spearman", "the labels' raters", "mean of the other raters"]
    assert mean == pytest.approx(np.mean(rest))
    assert found["label_mean", "ada", "no label"] == pytest.approx(table[:, 0].mean())
    assert found["judge_sd", "gpt", "no label"] == pytest.approx(mine.std(ddof=1))


def test_of_a_crowd_there_is_what_it_says_together_and_that_is_told(tmp_path):
    draw = random.Random(6)
    rows = [
        {
            "item_id": f"i{n}",
            "rater": f"w{who}",
            "score": min(5, max(1, n % 5 + 1 + draw.choice((-1, 0, 0, 1)))),
        }
        for n in range(80)
        for who in draw.sample(range(40), 3)
    ]
    report = of_ratings(read_ratings(jsonl(tmp_path / "r", rows)), None, QUICK)
    among = {one.name: one.n for one in report.figures if one.against == "each other"}
    assert {"alpha_ordinal", "fleiss_kappa", "icc_1", "pairs_agree"} <= set(among)
    assert among["fleiss_kappa"] == 80
    assert not any(one.name == "spearman" for one in report.figures)
    assert any("there is only what they say together" in one.why for one in report.missing)


def test_what_cannot_be_given_is_named_with_its_reason(tmp_path):
    alone = of_ratings(read_ratings(jsonl(tmp_path / "r", rated(10, ("gpt",)))), None, QUICK)
    why = {one.name: one.why for one in alone.missing}
    assert "no labels" in why["quadratic_weighted_kappa"]
    assert "one only (gpt)" in why["alpha_ordinal"]
    constant = {(f"i{n}", rater, "overall"): 3.0 for n in range(5) for rater in ("a", "b")}
    report = of_ratings(Ratings(constant), None, QUICK)
    assert "spearman" in {one.name for one in report.missing}
    assert "spearman" not in {one.name for one in report.figures}
    assert value(report, "exact_agreement", "overall", "a", "b") == 1.0


# The command

ONE = ("clear",)  # dimension: of two there are five thousand figures, and each has its interval


def test_the_same_rows_in_any_order_give_the_same_bytes(tmp_path):
    outputs = set()
    for seed in (1, 2):
        ratings = rated(12, ("a", "b"), ONE)
        labels, pairs = rated(10, ("ada", "ben"), ONE, seed=4, missing=0.1), judged(20)
        for rows in (ratings, labels, pairs):
            random.Random(seed).shuffle(rows)
        files = jsonl(tmp_path / "r", ratings), jsonl(tmp_path / "l", labels), jsonl(tmp_path / "p", pairs)
        said = [trust("--ratings", files[0], "--labels", files[1]), trust("--pairs", files[2])]
        outputs.add(json.dumps(said))
    assert len(outputs) == 1


def test_every_figure_has_its_name_whose_it_is_and_an_interval_that_holds_it(tmp_path):
    said = trust(
        "--ratings",
        jsonl(tmp_path / "r", rated(12, ("a", "b"), ONE)),
        "--labels",
        jsonl(tmp_path / "l", rated(12, ("ada", "ben"), ONE, seed=4)),
    )
    keys = [(one["name"], one["dimension"], one["judge"], one["against"]) for one in said["figures"]]
    assert len(set(keys)) == len(keys)
    for one in said["figures"]:
        assert math.isfinite(one["value"])
        assert one["low"] is None or one["low"] <= one["value"] <= one["high"]
    assert said["raters"] == ["a", "b"]


def test_files_that_do_not_belong_together_are_refused_in_one_line(tmp_path):
    ratings = jsonl(tmp_path / "r", rated(5))
    other = jsonl(tmp_path / "o", [{"item_id": "x", "rater": "h", "dimension": "clear", "score": 1}])
    strange = jsonl(tmp_path / "s", [{"item_id": "i1", "rater": "h", "dimension": "charm", "score": 1}])
    pairs = jsonl(tmp_path / "p", judged(5))
    for arguments, message in (
        (("--ratings", ratings, "--labels", other), "no item_id stands in both files"),
        (("--ratings", ratings, "--labels", strange), "no dimension stands in both files"),
        (("--ratings", ratings, "--pairs", pairs), "are given together"),
        (("--pairs", pairs, "--labels", ratings), "no column 'verdict'"),
        (("--ratings", tmp_path / "none"), "no such file"),
        ((), "name either a judge or a file"),
    ):
        said = trust(*arguments, code=2)
        assert message in said
        assert said.count("\n") == 1


def test_every_figure_stands_with_its_definition_in_the_docs(tmp_path):
    ratings = rated(12) + [{**row, "rater": "gpt"} for row in rated(12, raters=("gpt",), seed=2)]
    labels = rated(8, raters=("x", "y", "z"), seed=3)
    named = {row["item_id"]: f"m{at % 3}" for at, row in enumerate(judged(30))}
    pairs = [{**row, "plan_a": named[row["item_id"]], "plan_b": "m3"} for row in judged(30)]
    people = judged(30, 5, ("x", "y", "z"), ("ab",))
    marks = [read_ratings(jsonl(tmp_path / "rows", rows)) for rows in (ratings, labels)]
    verdicts = [
        read_preferences(jsonl(tmp_path / "rows", rows), labels=rows is people) for rows in (pairs, people)
    ]
    reports = [of_ratings(*marks, QUICK), of_preferences(*verdicts, QUICK)]
    told = set(re.findall(r"`([a-z_0-9*]+)`", (ROOT / "docs" / "judges.md").read_text()))
    endings = "|".join(FORMS)
    for name in {figure.name for report in reports for figure in report.figures}:
        plain = re.sub(rf"^mean_pairwise_|_k$|_(?:{endings})$", "", name)
        stars = [one[:-1] for one in told if one.endswith("_*")]
        assert {name, plain} & told or any(name.startswith(star) for star in stars), name
