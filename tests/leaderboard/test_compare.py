"""`proctor compare` and `plan-size` from the command line: figures against scipy and statsmodels, gates, refusals."""

import json
import random
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard import terminal
from proctor.leaderboard.compare.comparison import Settings
from proctor.leaderboard.compare.families import compare_pairs
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import ranking
from tests.support.board_results import change, rows_of, small_results, write
from tests.support.comparing import HEADER, imported, one_of, rows_for, run, told
from tests.support.records import run_record, sample


@pytest.fixture(scope="module")
def systems():
    """36 systems on 805 items, preferences between 0 and 1, as judged leaderboards publish them."""
    rng = np.random.default_rng(57)
    ease = rng.normal(size=805)
    draw = lambda k: 1 / (1 + np.exp(-(ease + 2 * rng.normal(size=805) + (k - 28) / 14)))  # noqa: E731
    return {f"Sys-{k:02} v{k % 3}": draw(k) for k in range(10, 46)}


def test_36_systems_on_805_items_have_the_scores_and_errors_that_others_compute(systems, tmp_path):
    results = imported(tmp_path, rows_for({name: values.tolist() for name, values in systems.items()}))
    found = told(results)
    assert len(found["cells"]) == 36
    for cell in found["cells"]:
        values = systems[cell["called"]]
        assert cell["n"] == 805
        assert cell["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert cell["standard_error"] == pytest.approx(stats.sem(values), rel=1e-10)  # ddof = 1
    means = [cell["mean"] for cell in found["cells"]]
    assert means == sorted(means, reverse=True)
    assert len(found["comparisons"]) == 36 * 35 // 2
    by_name = {cell["variant"]: systems[cell["called"]] for cell in found["cells"]}
    for one in found["comparisons"]:
        a, b = by_name[one["a"]], by_name[one["b"]]
        assert one["difference"] == pytest.approx((a - b).mean(), rel=1e-9, abs=1e-14)
        assert one["standard_error"] == pytest.approx(stats.sem(a - b), rel=1e-9)
        assert (one["a_higher"], one["b_higher"]) == ((a > b).sum(), (a < b).sum())
        t = stats.ttest_rel(a, b)
        assert one["also"]["paired_t"]["p"] == pytest.approx(t.pvalue, rel=1e-6)
        assert one["p"] == pytest.approx(t.pvalue, rel=0.3, abs=0.02)
    adjusted = multipletests([one["p"] for one in found["comparisons"]], method="holm")[1]
    np.testing.assert_allclose([one["p_adjusted"] for one in found["comparisons"]], adjusted, rtol=1e-9)
    # A draw's smallest p, 1/10001, would be 0.06 after Holm: what is far apart is shown all the same.
    assert sum(one["p_adjusted"] < 0.05 for one in found["comparisons"]) > 300


def test_all_pairs_give_each_pair_the_figures_that_it_gets_alone(systems, tmp_path):
    some = {name: values.tolist() for name, values in list(systems.items())[10:14]}
    results = imported(tmp_path, rows_for(some))
    for one in told(results)["comparisons"]:
        alone = one_of(results, one["a"], one["b"])
        family = ("p_adjusted", "family", "verdict")
        assert {k: v for k, v in one.items() if k not in family} == {
            k: v for k, v in alone.items() if k not in family
        }


def test_binary_figures_are_those_of_statsmodels_and_scipy(tmp_path):
    rng = np.random.default_rng(3)
    ease = rng.random(1319)
    scores = {
        name: (rng.random(1319) < (ease + skill) / 2) * 1.0
        for name, skill in (("a", 0.4), ("b", 0.5), ("c", 0.9))
    }
    results = imported(tmp_path, rows_for({k: [int(x) for x in v] for k, v in scores.items()}))
    for first, second in combinations("abc", 2):
        one = one_of(results, first, second)
        a, b = scores[first], scores[second]
        only_a, only_b = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
        assert (one["only_a"], one["only_b"], one["both"], one["neither"]) == (
            only_a, only_b, (a * b).sum(), ((1 - a) * (1 - b)).sum(),
        )  # fmt: skip
        table = [[one["both"], only_a], [only_b, one["neither"]]]
        assert one["p"] == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue, rel=1e-9)
        assert one["test"] == "exact McNemar"
        also = one["also"]
        assert also["mcnemar_exact"]["p"] == one["p"]
        for name, correction in (("mcnemar_chi2", False), ("mcnemar_chi2_corrected", True)):
            theirs = statsmodels_mcnemar(table, exact=False, correction=correction)
            assert also[name]["statistic"] == pytest.approx(theirs.statistic)
            assert also[name]["p"] == pytest.approx(theirs.pvalue, rel=1e-9)
        both, fewer = only_a + only_b, min(only_a, only_b)
        midp = 2 * stats.binom.cdf(fewer, both, 0.5) - stats.binom.pmf(fewer, both, 0.5)
        assert also["mcnemar_midp"]["p"] == pytest.approx(midp, rel=1e-9)
        assert one["standard_error"] == pytest.approx(stats.sem(a - b), rel=1e-12)
        t = stats.ttest_rel(a, b)
        interval = t.confidence_interval()
        assert (also["paired_t"]["low"], also["paired_t"]["high"]) == pytest.approx(
            (interval.low, interval.high)
        )


def test_rows_in_any_order_give_the_same_bytes(systems, tmp_path):
    rows = rows_for({name: values[:200].tolist() for name, values in list(systems.items())[:4]})
    found = []
    for seed in range(2):
        random.Random(seed).shuffle(rows)
        (tmp_path / str(seed)).mkdir()
        found.append(run("compare", "--json", "--results", imported(tmp_path / str(seed), rows)))
    assert len(set(found)) == 1


def test_epochs_and_clusters_in_any_order_give_the_same_bytes(tmp_path):
    rng = random.Random(5)
    rows = [f"{v},t,{i},{rng.random()},{e},book {i // 4}" for v in "ab" for i in range(30) for e in (1, 2, 3)]
    found = []
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        (tmp_path / str(seed)).mkdir()
        results = imported(tmp_path / str(seed), rows, HEADER + ",epoch,cluster")
        found.append(run("compare", "a", "b", "--json", "--results", results))
    assert len(set(found)) == 1
    one = json.loads(found[0])["comparisons"][0]
    assert (one["n_paired"], one["clusters"]) == (30, 8)
    assert one["test"].endswith("by cluster")


def test_what_is_left_out_is_counted_with_its_reason(tmp_path):
    rows = [
        "a,t,1,1",
        "a,t,2,0",
        "a,t,3,",
        "a,t,4,",
        "a,t,5,1",
        "b,t,1,1",
        "b,t,2,1",
        "b,t,3,1",
        "b,t,4,",
        "b,t,6,0",
    ]
    results = imported(tmp_path, rows)
    one = one_of(results, "a", "b")
    assert (one["n_paired"], one["left_out"]) == (2, 4)
    assert one["left_out_why"] == {
        "not in a": 1,
        "not in b": 1,
        "no score for a": 1,
        "no score for either": 1,
    }
    assert "left out: 4 items (not in a: 1, not in b: 1" in run("compare", "a", "b", "--results", results)


def test_a_variant_is_found_by_the_name_its_source_gave_it(tmp_path):
    results = imported(tmp_path, ["GPT-4 (June),t,1,1", "GPT-4 (June),t,2,0", "b,t,1,0", "b,t,2,0"])
    assert one_of(results, "GPT-4 (June)", "b")["a"] == "gpt-4-june"
    assert "no results of 'c'; there are: b, gpt-4-june" in run(
        "compare", "c", "b", "--results", results, code=2
    )
    assert "with itself" in run("compare", "b", "b", "--results", results, code=2)
    assert "no results for 'u'" in run(
        "compare", "b", "GPT-4 (June)", "--task", "u", "--results", results, code=2
    )


def test_what_the_source_lacks_is_said(tmp_path):
    results = imported(tmp_path, rows_for({"a": [1, 0, 1], "b": [0, 0, 1]}))
    assert "document hash" in one_of(results, "a", "b")["lacks"]
    assert "the source does not tell the document hash" in run("compare", "a", "b", "--results", results)


def test_ids_that_do_not_match_are_refused_with_an_example(tmp_path):
    results = imported(tmp_path, ["a,t,q1,1", "a,t,q2,0", "b,t,1,0", "b,t,2,0"])
    found = run("compare", "a", "b", "--results", results, code=2)
    assert "no item has a score from both; their ids look like 'q1' and '1'" in found


def test_other_documents_under_the_same_ids_are_refused(tmp_path):
    rows = ["a,t,1,1,d1", "a,t,2,0,d2", "b,t,1,0,d1", "b,t,2,0,d3"]
    results = imported(tmp_path, rows, HEADER + ",doc_hash")
    found = run("compare", "a", "b", "--results", results, code=2)
    assert "1 of 2 items are other documents under the same id, such as '2'" in found
    assert told(results)["refused"][0]["why"].startswith("1 of 2 items")


def test_scores_on_two_scales_are_refused_where_both_are_known(tmp_path):
    for name, scale in (("a", (0.0, 1.0)), ("b", (0.0, 100.0))):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"{HEADER}\n{name},t,1,0.5\n{name},t,2,0.25\n")
        import_files([path], tmp_path / "results", Wish(), scale=scale)
    found = run("compare", "a", "b", "--results", tmp_path / "results", code=2)
    assert "the scale of the scores (0 to 1 and 0 to 100)" in found


def test_items_grouped_in_two_ways_are_refused_and_one_way_serves_both(tmp_path):
    header = HEADER + ",cluster"
    results = imported(tmp_path, [f"a,t,{i},{i % 2},x{i // 2}" for i in range(6)], header, "a.csv")
    imported(tmp_path, [f"b,t,{i},{i % 3 // 2},y{i // 3}" for i in range(6)], header, "b.csv")
    imported(tmp_path, [f"c,t,{i},{i % 3 // 2}" for i in range(6)], HEADER, "c.csv")
    assert "stand in another cluster" in run("compare", "a", "b", "--results", results, code=2)
    assert one_of(results, "a", "c")["clusters"] == one_of(results, "c", "a")["clusters"] == 3


def test_cells_made_differently_are_refused_and_all_pairs_go_on_without_them(tmp_path):
    small_results(tmp_path)
    cells = load_cells(tmp_path)
    other = cells["tiny-q4", "word_problems"]
    change(
        tmp_path, "tiny-q4", "word_problems", definition=other.run.definition.as_json() | {"judge": "another"}
    )
    found = run("compare", "tiny", "tiny-q4", "--results", tmp_path, code=2)
    assert "they differ in the judge (rules for both, but not the same)" in found
    everything = told(tmp_path)
    assert {(one["a"], one["b"]) for one in everything["comparisons"]} == {("tiny-lora", "tiny")}
    assert len(everything["refused"]) == 2
    assert "not compared, 2 of the pairs" in run("compare", "--results", tmp_path)


@pytest.mark.parametrize(
    ("a", "b", "p", "difference"),
    [
        ([1], [0], 1.0, 1.0),
        ([1, 1, 1], [1, 1, 1], 1.0, 0.0),
        ([0, 0], [0, 0], 1.0, 0.0),
        ([0.5, 0.5], [0.5, 0.5], 1.0, 0.0),
    ],
)
def test_one_item_all_ties_and_all_equal_have_exact_answers(tmp_path, a, b, p, difference):
    results = imported(tmp_path, rows_for({"a": a, "b": b}))
    found = one_of(results, "a", "b")
    assert (found["p"], found["difference"]) == (p, difference)
    assert run("compare", "a", "b", "--results", results)


def test_an_interval_never_leaves_the_scale(tmp_path):
    results = imported(tmp_path, rows_for({"a": [1, 1, 1, 0.5], "b": [0, 0, 0, 0.5]}))
    a, b = sorted(told(results, "a", "b")["cells"], key=lambda cell: cell["variant"])
    assert (a["high"], b["low"]) == (1.0, 0.0)
    assert a["low"] < 0.6 < b["high"] + 0.2


def test_one_item_of_a_real_score_is_refused_in_one_line(tmp_path):
    results = imported(tmp_path, rows_for({"a": [0.5], "b": [0.25]}))
    assert "one scored item allows no interval" in run("compare", "a", "b", "--results", results, code=2)


def test_the_gate_closes_with_exit_1(tmp_path):
    rng = np.random.default_rng(1)
    good = (rng.random(400) < 0.8) * 1
    bad = np.where(rng.random(400) < 0.3, 0, good)
    twin = np.where(rng.random(400) < 0.01, 1 - good, good)
    results = imported(
        tmp_path, rows_for({"good": good.tolist(), "bad": bad.tolist(), "twin": twin.tolist()})
    )
    gate = ["--results", results, "--fail-on"]
    assert "worse: t" in run("compare", "bad", "good", *gate, "worse", code=1)
    run("compare", "good", "bad", *gate, "worse")
    run("compare", "twin", "good", *gate, "worse")
    run("compare", "twin", "good", *gate, "not-no-worse", "--margin", "0.05")
    run("compare", "twin", "good", *gate, "not-no-worse", "--margin", "0.001", code=1)
    assert "no margin for t" in run("compare", "twin", "good", *gate, "not-no-worse", code=2)
    assert "--fail-on needs two variants" in run("compare", *gate, "worse", code=2)
    assert "two variants, or none" in run("compare", "good", "--results", results, code=2)


def test_seed_and_resamples_can_be_chosen_and_too_few_are_refused(tmp_path):
    rng = np.random.default_rng(2)
    scores = rng.random((2, 60)).tolist()
    results = imported(tmp_path, rows_for({"a": scores[0], "b": scores[1]}))
    usual, other, again = (
        one_of(results, "a", "b", "--seed", seed, "--resamples", 5000) for seed in ("1", "2", "1")
    )
    assert usual == again
    assert usual["low"] == other["low"]  # no interval is drawn, nor is p where it can be computed
    assert usual["p"] == other["p"], "no draws, no seed"
    assert (usual["test"], usual["p_made"]) == ("sign-flip by inversion", "inversion")
    assert usual["p_error"] < 1e-6
    assert "too few" in run("compare", "a", "b", "--resamples", 10, "--results", results, code=2)


def test_a_drawn_p_is_printed_with_its_error_and_an_exact_one_without(tmp_path):
    rng = np.random.default_rng(5)
    # Marks with noise below any mark: too fine a lattice to count, too coarse to invert.
    noisy = rng.integers(0, 5, (2, 45)) + rng.normal(0, 1e-4, (2, 45))
    results = imported(tmp_path, rows_for({"a": noisy[0].tolist(), "b": noisy[1].tolist()}))
    one = one_of(results, "a", "b")
    assert one["p_made"] == "draws"
    assert one["p_error"] == pytest.approx(np.sqrt(one["p"] * (1 - one["p"]) / 10_000))
    text = run("compare", "a", "b", "--results", results)
    assert f"p = {one['p']:.3f} ± {one['p_error']:.1g}; sign-flip, 10,000 draws" in text
    plain = imported(tmp_path / "plain", rows_for({"a": [1, 0, 1, 1], "b": [0, 0, 1, 1]}))
    assert "±" not in run("compare", "a", "b", "--results", plain)


def test_turning_a_comparison_round_is_comparing_the_other_way(tmp_path):
    small_results(tmp_path)
    cells = load_cells(tmp_path)
    for task in ("word_problems", "concepts", "study_plan"):
        pair = cells["tiny-lora", task], cells["tiny", task]
        (one,), (other,) = compare_pairs([pair], Settings(0.05)), compare_pairs([pair[::-1]], Settings(0.05))
        turned = one.turned()
        assert (turned.a, turned.b, turned.verdict, turned.higher) == (
            other.a,
            other.b,
            other.verdict,
            other.higher,
        )
        assert turned.difference.difference == other.difference.difference
        assert (turned.difference.low, turned.difference.high) == pytest.approx(
            (other.difference.low, other.difference.high), abs=1e-9
        )


def test_nothing_to_compare_is_one_line(tmp_path):
    assert "no two variants" in run("compare", "--results", tmp_path, code=2)
    assert "there are: none" in run("compare", "a", "b", "--results", tmp_path, code=2)
    results = imported(tmp_path, ["a,t,1,1", "b,u,1,1"])
    assert "have no task in common" in run("compare", "a", "b", "--results", results, code=2)
    assert "no results for 'v'; there are: t, u" in run(
        "compare", "--task", "v", "--results", results, code=2
    )


def test_every_line_fits_80_columns_and_says_the_verdict(tmp_path):
    small_results(tmp_path)
    long = "llama-3.2-3b-instruct-gsm8k-lora-merged-q4_k_m"
    write(tmp_path, rows_of(long, "word_problems"), parent="tiny-lora")
    ranked = ranking(load_cells(tmp_path), "tiny")
    assert list(ranked.tasks) == ["concepts", "study_plan", "word_problems"]
    lines = list(terminal.ranking_lines(ranked))
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 80
    assert (
        text.index("Concept extraction")
        < text.index("Study plans")
        < text.index("Word problems: accuracy, %")
    )
    assert "than tiny" in text or "against tiny" in text
    assert "1 truncated" in text
    assert "11 of 12 items scored, 1 unparsed" in text
    assert "11 items show a difference of" in " ".join(text.split())
    for arguments in (["tiny-lora", "tiny"], [], [long, "tiny-lora", "--task", "word_problems"]):
        told_lines = run("compare", *arguments, "--results", tmp_path).splitlines()
        assert max(map(len, told_lines)) <= 80, told_lines


@pytest.mark.parametrize(
    ("apart", "says"),
    [(1, "24 such items can show no difference: too few of them differ"), (24, "all 24 items differ alike")],
)
def test_no_effect_is_named_where_one_item_differs_or_all_differ_alike(tmp_path, apart, says):
    scores = [0.5, 1.5, 2.5, 4.0] * 6
    other = [score + 0.5 * (place < apart) for place, score in enumerate(scores)]
    results = imported(tmp_path, rows_for({"a": scores, "b": other}))
    assert says in " ".join(run("compare", "a", "b", "--results", results).split())


def test_where_all_items_were_scored_alike_the_command_says_so(tmp_path):
    scores = [0.5, 1.5, 2.5, 4.0] * 6
    results = imported(tmp_path, rows_for({"a": scores, "b": scores}))
    told = " ".join(run("compare", "a", "b", "--results", results).split())
    assert told.endswith("all 24 items were scored alike: no difference was seen")


@pytest.mark.parametrize(
    ("margin", "verdict", "ruled_out"),
    [
        ("0.01", "not shown (margin 0.01 points)", "not ruled out by so few"),
        ("3", "no worse (within 3 points)", "ruled out"),
    ],
)
def test_items_scored_alike_are_held_against_the_margin(tmp_path, margin, verdict, ruled_out):
    for name in ("ann", "bob"):
        write(tmp_path / "r", rows_of(name, "study_plan", 40))
    told = " ".join(run("compare", "ann", "bob", "--margin", margin, "--results", tmp_path / "r").split())
    assert verdict in told
    assert (
        f"all 40 items were scored alike: no difference was seen, and a loss of {margin} points is {ruled_out}"
        in told
    )
    assert "can show no difference" not in told


def test_foreign_tasks_stand_behind_proctors_own_whatever_their_number(tmp_path):
    for name, place in (("a-foreign-one", None), ("the-last-of-ours", 7)):
        task = {"name": name, "title": name, "kind": "binary", "headline": "accuracy", "scale": [0.0, 1.0]}
        record.write(tmp_path, [sample(task=name)], run_record(task=task | {"place": place}))
    assert list(ranking(load_cells(tmp_path)).tasks) == ["the-last-of-ours", "a-foreign-one"]
