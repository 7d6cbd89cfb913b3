"""A limit draws items by a fixed seed, spread over clusters, and a larger limit contains the smaller one."""

import random
from collections import Counter

import pytest

from proctor.harness.config.suite import Suite
from proctor.harness.plan.plan import make_plan
from proctor.tasks import TASKS
from proctor.tasks.draw import TaskItems, draw

EMBEDDED = ("word_problems", "concepts", "study_plan")


def items(task):
    return TaskItems(TASKS[task], TASKS[task].docs("test"), None)


def ids(docs):
    return [doc["id"] for doc in docs]


@pytest.mark.parametrize("task", EMBEDDED)
def test_larger_limit_contains_the_smaller_one_and_the_largest_is_all(task):
    every = items(task)
    before = set()
    for limit in range(1, len(every.every) + 1):
        now = set(ids(every.drawn(limit)))
        assert len(now) == limit
        assert before < now
        before = now
    assert every.drawn(None) == every.drawn(10_000) == every.every


@pytest.mark.parametrize("task", EMBEDDED)
def test_order_of_the_data_decides_nothing(task):
    every = items(task).every
    mixed = random.Random(3).sample(every, len(every))
    for limit in (1, 7, 24, 60):
        fields = ("cluster", *TASKS[task].kinds)
        assert set(ids(draw(every, limit, fields))) == set(ids(draw(mixed, limit, fields)))


@pytest.mark.parametrize("task", EMBEDDED)
def test_small_limit_touches_as_many_clusters_as_it_can(task):
    every = items(task)
    clusters = len({doc["cluster"] for doc in every.every})
    for limit in range(1, len(every.every) + 1):
        assert len({doc["cluster"] for doc in every.drawn(limit)}) == min(limit, clusters)


@pytest.mark.parametrize(
    ("task", "field"), [("word_problems", "cluster"), ("concepts", "cluster"), ("study_plan", "grade")]
)
def test_each_cluster_has_its_share(task, field):
    every = items(task)
    sizes = Counter(doc[field] for doc in every.every)
    for limit in range(len(sizes), len(every.every) + 1):
        drawn = Counter(doc[field] for doc in every.drawn(limit))
        assert all(abs(drawn[name] - limit * size / len(every.every)) < 1.5 for name, size in sizes.items())


def test_profiles_of_the_demo_are_of_all_grades():
    grades = Counter(doc["grade"] for doc in items("study_plan").drawn(24))
    assert sorted(grades) == list(range(4, 13))
    assert set(grades.values()) == {2, 3}


def test_items_that_are_drawn_are_the_same_for_ever():
    """A change here changes every cell with a limit: the cells of before are then of another definition."""
    assert ids(items("study_plan").drawn(3)) == ["yuki-7", "freya-8", "henrik-12"]
    assert ids(items("word_problems").drawn(3)) == ["test-0027", "test-0147", "test-0227"]


def test_one_item_and_none_and_items_of_one_cluster():
    assert draw([], 3, ("cluster",)) == []
    alike = [{"id": str(n), "cluster": "c"} for n in range(5)]
    assert len(draw(alike, 3, ("cluster",))) == 3


def test_definition_says_what_was_drawn_of_how_many(home):
    home.echo("gold", lambda doc: doc["answer"], "word_problems")

    def definition(limit):
        suite = home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold", limit=limit)
        return make_plan(Suite.load(str(suite)), home.results, home.store).cells[0].definition

    few, whole = definition({"word_problems": 20}), definition({})
    assert (few.draw.of, few.draw.seed) == (250, 0)
    assert whole.draw is None
    assert definition({"word_problems": 250}) == whole
    assert few.dataset != whole.dataset
