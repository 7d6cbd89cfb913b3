"""A run until decided: who is decided is asked no further, and figures of looks are never mixed with those of all."""

import json
import random

import pytest

from proctor.common.progress import Reporter
from proctor.common.stats import compare_paired
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.record import DecideRecord
from proctor.harness.run import run_suite
from proctor.leaderboard.compare.items import items_of, load_cells
from proctor.leaderboard.compare.open_pairs import open_cells
from proctor.leaderboard.compare.overview import as_json, compare_named
from proctor.tasks import target_of
from proctor.tasks.draw import draw
from proctor.tasks.index import find_task
from tests.conftest import Home
from tests.support.board_results import change
from tests.support.comparing import imported, rows_for, run, told

TASK = "word_problems"
ALL = 250


def answers(gains, losses, seed):
    """Of items of which a base has half right, some are gained and some lost."""

    def answer(doc):
        dice = random.Random(f"{seed}/{doc['id']}")
        right = random.Random(doc["id"]).random() < 0.5
        if dice.random() < (losses if right else gains):
            right = not right
        return f"The answer is {target_of(doc)}." if right else "The answer is 987654321."

    return answer


def names(results, variant):
    return set(items_of(record.read(results, variant, TASK)).ids)


def run_record(home, variant):
    return record.read(home.results, variant, TASK).run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """`much` is far better than `base`, `copy` answers as it does. With what the run said."""
    home = Home(tmp_path_factory.mktemp("until"))
    home.echo("base", answers(0, 0, 0), TASK)
    home.echo("copy", answers(0.01, 0.01, 1), TASK, parent="base")
    home.echo("much", answers(0.8, 0.0, 2), TASK, parent="base")
    suite = home.suite(variants=["base", "copy", "much"], tasks=[TASK], baseline="base", margin={TASK: 0.15})
    done = home.run(suite, "--until", "decided")
    assert done.returncode == 0, done.stderr
    return home, suite, done.stdout


def test_a_variant_is_asked_no_further_than_until_its_pairs_are_decided(finished):
    home, _, said = finished
    asked = {name: run_record(home, name).definition.items for name in ("base", "copy", "much")}
    assert asked["much"] < ALL
    assert asked["base"] == max(asked.values())  # for the pair that took longest
    assert all(n % 32 == 0 or n == ALL for n in asked.values())
    docs = find_task(TASK).docs("test")
    for name, n in asked.items():
        assert names(home.results, name) == {
            doc["id"] for doc in draw(docs, n, ("cluster", *find_task(TASK).kinds))
        }
        assert run_record(home, name).planned.items == ALL
    assert "0 of 3 cells are asked on" in said


def test_the_row_and_the_pair_say_after_how_many_items_they_were_decided(finished):
    home, _, said = finished
    n = run_record(home, "much").definition.items
    assert f"decided after {n} of {ALL} items" in said
    page = (home.board / "index.html").read_text(encoding="utf-8")
    assert f"decided after {n} of {ALL} items" in page
    compared = as_json(compare_named(home.results, "much", "base"))
    (pair,) = compared["comparisons"]
    assert (pair["verdict"], pair["n_paired"], pair["planned"], pair["left_out"]) == ("better", n, ALL, 0)
    assert pair["also"] == {}  # tests of a fixed number of items
    assert pair["test"].endswith("at any look")
    assert [cell["planned"] for cell in compared["cells"]] == [ALL, ALL]


def test_its_interval_is_the_one_that_holds_at_any_look(finished):
    home, _, _ = finished
    cells = load_cells(home.results)
    much, base = items_of(cells["much", TASK]), items_of(cells["base", TASK])
    scores = much.values, base.scores(much.ids)
    looked = compare_paired(*scores, kind="binary", clusters=much.clusters, planned=ALL)
    (pair,) = compare_named(home.results, "much", "base").comparisons
    assert (pair.difference.low, pair.difference.high) == (looked.low, looked.high)
    assert pair.difference.p == pytest.approx(looked.p)
    fixed = compare_paired(*scores, kind="binary", clusters=much.clusters)
    assert pair.difference.low < fixed.low


def test_the_same_run_again_asks_nothing(finished):
    home, suite, _ = finished
    before = {name: run_record(home, name).as_json() for name in ("base", "copy", "much")}
    again = home.run(suite, "--until", "decided")
    assert again.returncode == 0, again.stderr
    assert "answers in" not in again.stdout
    assert {name: run_record(home, name).as_json() for name in before} == before


def test_a_plain_run_goes_on_to_all_items_and_is_then_as_one_that_never_looked(finished, tmp_path):
    """The last one of these: it changes what the others look at."""
    home, suite, _ = finished
    whole = Home(tmp_path)
    n = run_record(home, "much").definition.items
    asked = Suite.load(str(suite))
    run_suite(asked.narrowed((), n), home.results, home.store, Reporter(Console(quiet=True)), ["much"])
    assert (
        run_record(home, "much").planned.items == ALL
    )  # a limit of as many items makes no figures of all of them
    first = record.read(home.results, "much", TASK).rows().set_index("sample_id")
    run_suite(asked, home.results, home.store, Reporter(Console(quiet=True)), ["base"])
    assert run_record(home, "base").planned is None
    mixed = told(home.results, "much", "base")["comparisons"][0]
    assert (mixed["n_paired"], mixed["planned"], mixed["left_out"]) == (
        n,
        ALL,
        0,
    )  # never as if it were complete
    done = home.run(suite)
    assert done.returncode == 0, done.stderr
    assert "asked" not in done.stdout.partition("Word problems")[2]
    after = record.read(home.results, "much", TASK).rows().set_index("sample_id")
    assert len(after) == ALL
    assert after.loc[first.index, "response"].equals(first["response"])
    run_suite(str(suite), whole.results, whole.store, Reporter(Console(quiet=True)))
    assert told(home.results) == told(whole.results)


def looked_at(tmp_path, scores, planned=1000, **more):
    """Cells of these scores, the first of `planned` items that are asked until decided."""
    results = imported(tmp_path, [row for task, own in scores.items() for row in rows_for(own, task)])
    for task, own in scores.items():
        for name in own:
            change(
                results,
                name,
                task,
                planned={"items": planned, "dataset": "all"},
                margin=0.02,
                **more.get(task, {}),
            )
    return results


def pair(n, won, lost):
    """Scores of two, of which the first is right alone on `won` items and the second on `lost`."""
    both = [item % 2 for item in range(n - won - lost)]
    return {"new": [*[1] * won, *[0] * lost, *both], "old": [*[0] * won, *[1] * lost, *both]}


BOTH = {("new", "t"), ("old", "t")}


@pytest.mark.parametrize(
    ("n", "won", "lost", "verdict", "still"),
    [
        (300, 80, 10, "better", set()),
        (300, 10, 80, "worse", set()),
        (900, 2, 2, "no worse (within margin)", set()),
        (700, 40, 14, "better", set()),
        (600, 15, 4, "no worse (within margin)", BOTH),  # 'better' is still likely to come
        (300, 30, 30, "not shown", BOTH),
        (600, 60, 60, "not shown", set()),  # more than half, and the rest would hardly show anything
        (600, 62, 46, "not shown", BOTH),
    ],
)
def test_a_pair_is_open_until_it_is_decided_or_there_is_little_hope(tmp_path, n, won, lost, verdict, still):
    results = looked_at(tmp_path, {"t": pair(n, won, lost)})
    assert told(results, "new", "old")["comparisons"][0]["verdict"] == verdict
    assert open_cells(results, [("new", "old")], ["t"], None) == still


def test_where_a_suite_decides_no_worse_on_the_primary_is_no_answer(tmp_path):
    rule = DecideRecord(primary="t", guard=("guard",))
    results = looked_at(tmp_path, {"t": pair(499, 0, 0), "guard": pair(300, 30, 30)})
    assert (
        told(results, "new", "old", "--task", "t")["comparisons"][0]["verdict"] == "no worse (within margin)"
    )
    guards = {("new", "guard"), ("old", "guard")}
    assert open_cells(results, [("new", "old")], ["t", "guard"], None) == guards
    assert open_cells(results, [("new", "old")], ["t", "guard"], rule) == BOTH | guards


def test_no_guard_is_asked_where_nobody_is_better_on_the_primary(tmp_path):
    rule = DecideRecord(primary="t", guard=("guard",))
    results = looked_at(tmp_path, {"t": pair(900, 2, 2), "guard": pair(300, 30, 30)})
    assert open_cells(results, [("new", "old")], ["t", "guard"], rule) == set()


def test_a_pair_that_cannot_be_compared_is_never_decided(tmp_path):
    results = looked_at(tmp_path, {"t": pair(300, 80, 10)})
    assert open_cells(results, [("new", "absent")], ["t"], None) == {("new", "t"), ("absent", "t")}


def test_cells_of_other_planned_items_are_not_compared(tmp_path):
    results = looked_at(tmp_path, {"t": pair(300, 80, 10)})
    for name, dataset in (("old", "all"), ("new", "others")):
        change(results, name, "t", planned={"items": 1000, "dataset": dataset}, origin=None)
        change(results, name, "t", definition={"dataset": "seen", "items": 300})
    (refused,) = told(results)["refused"]
    assert "they differ in the items (300 of 1000 items for both, but not the same)" in refused["why"]


def test_over_all_tasks_there_is_no_figure_of_pairs_that_are_looked_at(tmp_path):
    results = looked_at(tmp_path, {"t": pair(300, 80, 10), "u": pair(300, 80, 10)})
    assert told(results, "new", "old")["over_all_tasks"] == []
    for task in ("t", "u"):
        for name in ("new", "old"):
            change(results, name, task, planned=None)
    (over_all,) = told(results, "new", "old")["over_all_tasks"]
    assert over_all["verdict"] == "better"


def test_plan_size_says_what_a_run_until_decided_plans_and_asks(tmp_path):
    results = imported(tmp_path, rows_for(pair(500, 60, 40)))
    wanted = ["plan-size", "--baseline", "old", "--task", "t", "--effect", "0.05", "--sequential"]
    for guess in json.loads(run(*wanted, "--json", "--results", results))["guesses"]:
        assert guess["items"] < guess["planned"] < 1.1 * guess["items"]
        assert guess["expected"] < 0.8 * guess["items"]
    lines = run(*wanted, "--results", results)
    assert "planned and asked (in the mean): by a run until decided, with the same power" in lines
    assert max(map(len, lines.splitlines())) <= 80
