"""Several tasks: the difference over all of them, and the one verdict that a suite's `decide:` asks for."""

import json

import numpy as np
import pytest

from proctor.leaderboard.board import site
from tests.support.board_results import change
from tests.support.command import proctor
from tests.support.comparing import imported, run, told

RULE = {"primary": "sums", "guard": ["words", "plans"]}
N = 120


def scores(better=0, worse=0, n=N):
    """a's and b's rights: a alone on `better` items, b alone on `worse`."""
    both = np.arange(n - better - worse) % 2
    return [*[1] * better, *[0] * worse, *both], [*[0] * better, *[1] * worse, *both]


def results(tmp_path, rule=RULE, margin=0.1, **by_task):
    rows = []
    for task, (a, b) in by_task.items():
        for name, own in (("new", a), ("old", b)):
            rows += [f"{name},{task},{item},{score}" for item, score in enumerate(own)]
    folder = imported(tmp_path, rows)
    for task in by_task:
        for name in ("new", "old"):
            change(folder, name, task, margin=margin, **({"decide": rule} if task == rule["primary"] else {}))
    return folder


GOOD = {"sums": scores(30, 5), "words": scores(3, 3), "plans": scores(4, 3)}


def test_better_on_the_primary_and_no_worse_on_the_guards_is_one_verdict(tmp_path):
    folder = results(tmp_path, **GOOD)
    (decision,) = told(folder, "new", "old")["decisions"]
    assert (decision["taken"], decision["why"], decision["decide"]) == (True, "", RULE)
    pairs = {pair["task"]: pair for pair in told(folder, "new", "old")["comparisons"]}
    parts = [pairs["sums"]["p"], 2 * pairs["words"]["p_no_worse"], 2 * pairs["plans"]["p_no_worse"]]
    assert decision["p"] == max(parts)
    assert "new takes the place of old: better on sums, no worse on words, plans" in " ".join(
        run("compare", "new", "old", "--results", folder).split()
    )
    run("compare", "new", "old", "--fail-on", "not-decided", "--results", folder)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"sums": scores(6, 5)}, "on sums it is no worse (within margin), and better is asked"),
        ({"sums": scores(5, 30)}, "on sums it is worse, and better is asked"),
        ({"words": scores(6, 13)}, "on words it is not shown, and no worse is asked"),
        ({"plans": scores(2, 40)}, "on plans it is worse, and no worse is asked"),
    ],
)
def test_one_part_that_is_not_shown_closes_the_gate(tmp_path, changed, why):
    folder = results(tmp_path, **(GOOD | changed))
    (decision,) = told(folder, "new", "old")["decisions"]
    assert (decision["taken"], decision["why"]) == (False, why)
    run("compare", "new", "old", "--fail-on", "not-decided", "--results", folder, code=1)


def test_the_old_one_never_takes_the_place_of_the_better_one(tmp_path):
    (decision,) = told(results(tmp_path, **GOOD), "old", "new")["decisions"]
    assert not decision["taken"]
    assert decision["p"] < 0.05  # the claim is told of new


def test_a_guard_without_a_margin_decides_nothing(tmp_path):
    folder = results(tmp_path, margin=None, **(GOOD | {"words": scores(30, 0), "plans": scores(30, 0)}))
    (decision,) = told(folder, "new", "old")["decisions"]
    assert (decision["taken"], decision["why"], decision["p"]) == (False, "a guard has no margin", None)


def test_without_decide_the_gate_says_so(tmp_path):
    folder = results(tmp_path, **GOOD)
    words = run(
        "compare", "new", "old", "--task", "words", "--fail-on", "not-decided", "--results", folder, code=2
    )
    assert "no suite of these results says 'decide:'" in words


def test_over_all_tasks_is_the_mean_of_the_differences(tmp_path):
    folder = results(tmp_path, **GOOD)
    found = told(folder, "new", "old")
    (over_all,) = found["over_all_tasks"]
    gaps = [pair["difference"] for pair in found["comparisons"]]
    assert over_all["difference"] == pytest.approx(np.mean(gaps))
    assert over_all["headline"] == "mean of plans, sums, words"
    assert (over_all["n_paired"], over_all["margin"]) == (3 * N, pytest.approx(0.1))
    assert over_all["verdict"] == "better"
    (turned,) = told(folder, "old", "new")["over_all_tasks"]
    assert (turned["difference"], turned["verdict"]) == (-over_all["difference"], "worse")
    assert told(folder, "new", "old", "--task", "words")["over_all_tasks"] == []


def test_items_that_two_tasks_share_count_once(tmp_path):
    header = "variant,task,sample_id,score,cluster"
    a, b = scores(20, 8)
    rows = []
    for task in ("english", "chinese"):
        for name, own in (("new", a), ("old", b)):
            rows += [f"{name},{task},{task[0]}{item},{score},p{item}" for item, score in enumerate(own)]
    folder = imported(tmp_path, rows, header)
    found = told(folder, "new", "old")
    (over_all,), pair = found["over_all_tasks"], found["comparisons"][0]
    assert (over_all["low"], over_all["high"]) == pytest.approx((pair["low"], pair["high"]))


def test_scores_on_no_stated_scale_are_left_out_of_the_mean(tmp_path):
    rows = []
    for item in range(20):
        for name, gain in (("new", 0.1), ("old", 0.0)):
            rows += [f"{name},{task},{item},{item % 2}" for task in ("one", "two")]
            rows.append(f"{name},likely,{item},{-50 - item % 7 + gain}")
    folder = imported(tmp_path, rows)
    (over_all,) = told(folder, "new", "old")["over_all_tasks"]
    assert over_all["headline"] == "mean of one, two"


def test_board_and_terminal_say_it_too(tmp_path):
    folder = results(tmp_path, **GOOD)
    for name in ("sums", "words", "plans"):
        change(folder, "new", name, resolved={"name": "new", "parent": "old"})
    index = site.build(folder, tmp_path / "board")
    page = " ".join(index.read_text().split())
    words = "new takes the place of old: better on sums, no worse on words, plans"
    assert "Over all tasks" in page
    assert words in page
    ranking = " ".join(index.with_name("ranking.txt").read_text().split())
    assert words in ranking
    assert words in " ".join(run("compare", "--results", folder).split())


QUIZ = "question,answer\n" + "".join(f"What is {n} + {n}?,{2 * n}\n" for n in range(1, 41))


@pytest.fixture
def asked(home):
    (home.folder / "quiz.csv").write_text(QUIZ)
    for task in ("sums", "words"):
        fields = {"data": "quiz.csv", "prompt": "{{ question }}", "answer": "answer", "score": "number"}
        path = home.folder / "tasks" / f"{task}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(fields))
    (home.folder / "proctor.yaml").write_text("")
    home.echo("old", lambda doc: "0" if int(doc["answer"]) % 4 else doc["answer"], "sums")
    home.echo("new", lambda doc: doc["answer"], "sums", parent="old")
    return home


def test_a_suite_decides_over_its_tasks_and_kept_cells_hear_of_it(asked):
    fields = {
        "variants": ["old", "new"],
        "tasks": ["sums", "words"],
        "baseline": "old",
        "margin": {"words": 0.2},
    }
    done = asked.run(asked.suite(**fields, decide={"primary": "sums", "guard": ["words"]}))
    assert done.returncode == 0, done.stderr
    assert "new takes the place of old: better on sums, no worse on words" in " ".join(done.stdout.split())
    done = asked.run(asked.suite(**fields))
    assert "takes the place" not in done.stdout
    assert json.loads((asked.results / "new/sums/run.json").read_text())["decide"] is None


@pytest.mark.parametrize(
    ("decide", "words"),
    [
        (
            {"primary": "sums", "guard": ["wrods"]},
            "decide names 'wrods', which is not among the suite's tasks; did",
        ),
        ({"primary": "sums", "guard": ["sums"]}, "decide names 'sums' twice"),
        ({"primary": "words", "guard": ["sums"]}, "decide.guard 'sums' has no margin"),
        ({"primary": "sums", "guard": []}, "decide.guard"),
    ],
)
def test_a_decision_that_cannot_be_taken_is_refused_with_the_suite(asked, decide, words):
    suite = asked.suite(
        variants=["old", "new"], tasks=["sums", "words"], baseline="old", margin={"words": 0.2}, decide=decide
    )
    done = proctor("plan", str(suite), *asked.where())
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
