"""The study-plan task: its pupils, the plans that are written by rule, the checks and the score."""

import dataclasses
import gzip
import re
from collections import Counter
from itertools import cycle
from math import isnan
from typing import Any

import pytest

from proctor.common.files import as_json_lines
from proctor.common.paths import PACKAGE as ROOT
from proctor.tasks import TASKS
from proctor.tasks.concepts import taxonomy
from proctor.tasks.prompt_pack import train_chats
from proctor.tasks.study_plan import DATA, docs
from proctor.tasks.study_plan.checks import check_plan
from proctor.tasks.study_plan.profile import courses, from_fields, profiles, render
from proctor.tasks.study_plan.scoring import facts, metric_names, score
from proctor.tasks.study_plan.tools.generate import rows_of_test, rows_of_train, stream
from proctor.tasks.study_plan.tools.write import WORDS, activities, in_order, write
from proctor.tasks.study_plan.topics import find
from tests.support.study_plans import TEST, requirements_of


def _results(text: str, **changes: Any) -> dict[str, str]:
    return {one.name: one.result for one in check_plan(text, requirements_of(**changes))}


GOOD = """Plan
Week 1: Equivalent fractions
- Monday, 45 min: build a fraction wall.
- Thursday, 45 min: do 10 questions.
Week 2: Adding and subtracting fractions
- Monday, 45 min: draw bars for 1/3 + 1/4.
- Thursday, 45 min: take a quiz.
"""


# The pupils


def test_there_are_at_least_sixty_pupils_and_no_two_share_a_name_or_an_id() -> None:
    assert len(TEST) >= 60
    assert len({doc["id"] for doc in TEST}) == len({doc["name"] for doc in TEST}) == len(TEST)


def test_every_course_and_every_number_of_weeks_is_asked() -> None:
    assert {doc["course"] for doc in TEST} == set(courses())
    assert {doc["weeks"] for doc in TEST} == set(range(2, 9))


def test_every_pupil_is_weak_in_topics_of_the_course_and_shows_it_in_two_or_three_mistakes() -> None:
    for pupil in profiles():
        course = courses()[pupil.course]
        assert set(pupil.weak_topics) <= set(course.topics), pupil.id
        assert pupil.grade in course.grades, pupil.id
        assert 2 <= len(pupil.evidence) <= 3, pupil.id
        assert {mistake.topic for mistake in pupil.evidence} <= set(pupil.weak_topics), pupil.id


def test_no_mistake_is_made_by_two_pupils_or_stands_in_the_training_bank() -> None:
    seen = Counter(mistake.work for pupil in profiles() for mistake in pupil.evidence)
    assert max(seen.values()) == 1
    assert not set(seen) & {mistake.work for one in activities().values() for mistake in one.mistakes}


def test_the_text_that_a_model_reads_is_short_and_holds_every_fact() -> None:
    for pupil in profiles():
        text = render(pupil)
        assert len(text.split()) < 120, pupil.id
        for fact in (pupil.name, pupil.goal, f"{pupil.weeks} weeks", *pupil.busy, *pupil.notes):
            assert fact in text, (pupil.id, fact)
        assert all(name in text for name in taxonomy.names(pupil.weak_topics))


def test_every_pupil_has_days_enough_for_the_hours() -> None:
    for pupil in profiles():
        assert (7 - len(pupil.busy)) * (pupil.session_minutes or 60) >= pupil.hours_per_week * 60, pupil.id


def test_courses_and_activities_name_only_concepts_of_the_taxonomy() -> None:
    named = {topic for course in courses().values() for topic in course.topics} | set(activities())
    assert named <= set(taxonomy.concepts())


def test_a_profile_with_an_unknown_concept_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no concept 'fraktions'"):
        dataclasses.replace(profiles()[0], weak_topics=("fraktions",))


def test_an_item_gives_its_profile_back() -> None:
    assert from_fields(TEST[0]) == profiles()[0]


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="'train' and 'test'"):
        TASKS["study_plan"].docs("dev")


# Training


def test_training_pupils_have_other_names_and_other_mistakes_than_those_of_the_test() -> None:
    pupils = list(stream(300, seed=4))
    assert not {pupil.name for pupil in pupils} & {pupil.name for pupil in profiles()}
    tested = {mistake.work for pupil in profiles() for mistake in pupil.evidence}
    assert not tested & {mistake.work for pupil in pupils for mistake in pupil.evidence}
    assert len({render(pupil) for pupil in pupils}) == 300


def test_the_plans_that_ship_are_written_again_byte_for_byte() -> None:
    assert as_json_lines(rows_of_test(), sort_keys=True) == (DATA / "profiles.jsonl").read_text(
        encoding="utf-8"
    )
    train = gzip.decompress((DATA / "train.jsonl.gz").read_bytes()).decode()
    assert as_json_lines(rows_of_train(), sort_keys=True) == train


def test_the_same_seed_gives_the_same_pupils_and_another_seed_others() -> None:
    assert list(stream(20, 1)) == list(stream(20, 1))
    assert list(stream(20, 1)) != list(stream(20, 2))


def test_a_training_chat_asks_as_the_default_pack_does() -> None:
    (chat,) = train_chats("study_plan", 1, 1)
    assert chat["prompt"][-1]["role"] == "user"
    assert "Pupil: " in chat["prompt"][-1]["content"]
    assert chat["completion"][0]["content"].count("Week") >= 2


# Plans by rule


def test_gold_plans_pass_every_check_and_get_the_highest_score_in_metrics_that_are_announced() -> None:
    scores = [score(doc, doc["target"]) for doc in TEST]
    for doc, scored in zip(TEST, scores, strict=True):
        assert scored.metrics["checks_passed"] == 1, (doc["id"], scored.explanation)
        assert scored.score > 4.95, (doc["id"], scored.explanation)
        assert set(scored.metrics) <= set(metric_names())
    assert sum(scored.score for scored in scores) / len(scores) > 4.995


def test_plans_for_training_pupils_pass_the_checks_too() -> None:
    for doc in docs("train")[:60]:
        assert score(doc, doc["target"]).metrics["checks_passed"] == 1, doc["target"]


def test_plans_are_of_a_length_that_a_small_context_holds() -> None:
    assert max(len(doc["target"].split()) for doc in TEST) <= 400  # a target is not asked of any model
    lengths = [len(doc["target"].split()) for doc in docs("train")]
    assert min(lengths) >= 80
    assert sum(lengths) / len(lengths) <= WORDS
    assert max(lengths) <= 260


def test_another_seed_says_the_same_plan_in_other_words() -> None:
    pupil = profiles()[0]
    assert write(pupil, 1) == write(pupil, 1) != write(pupil, 2)


def test_topics_are_put_after_what_they_need() -> None:
    assert in_order(("adding-fractions", "equivalent-fractions")) == (
        "equivalent-fractions",
        "adding-fractions",
    )


# Checks


def test_a_plan_that_keeps_to_everything_passes_everything() -> None:
    assert set(_results(GOOD).values()) == {"passed"}


@pytest.mark.parametrize(
    ("failing", "text"),
    [
        ("total_hours", GOOD.replace("45 min", "90 min")),
        ("weekly_hours", GOOD.replace("- Monday, 45 min: build", "- Monday, 90 min: build")),
        ("weeks", GOOD.split("Week 2")[0]),
        ("weeks", GOOD + "Week 3: More\n- Monday, 20 min: do more.\n"),
        ("weak_topics", GOOD.replace("Adding and subtracting fractions", "More work")),
        (
            "prerequisites",
            GOOD.replace("Week 1", "Week 0").replace("Week 2", "Week 1").replace("Week 0", "Week 2"),
        ),
        ("course", GOOD + "- Then do 5 questions on trigonometric equations.\n"),
        ("days", GOOD.replace("Thursday", "Wednesday")),
        ("sessions", GOOD.replace("Thursday, 45 min: take", "Thursday, 60 min: take")),
    ],
)
def test_one_fault_fails_its_own_check(failing: str, text: str) -> None:
    if failing == "prerequisites":
        text = "".join(sorted(re.split(r"(?m)^(?=Week)", text)[1:]))
    assert _results(text)[failing] == "failed"


def test_what_does_not_apply_is_neither_passed_nor_failed() -> None:
    results = _results(GOOD, busy=[], session_minutes=None, order=[])
    assert {name for name, result in results.items() if result == "not applicable"} == {
        "days",
        "sessions",
        "prerequisites",
    }


def test_every_check_explains_itself_in_a_sentence() -> None:
    for text in (GOOD, "", "nonsense"):
        assert all(one.why.endswith(".") and len(one.why) > 15 for one in check_plan(text, requirements_of()))


def test_everyday_words_and_easy_shapes_are_not_topics_outside_the_course() -> None:
    line = "Draw a rectangle, choose a range of questions, mean what you say, and mark the product."
    assert find(line, strict=True) == ()


def test_fractions_and_decimals_are_two_topics() -> None:
    assert {"fractions", "decimals"} <= set(find("Week 1: Fractions and decimals"))


def test_add_and_subtract_fractions_covers_the_topic_though_it_is_not_its_name() -> None:
    text = GOOD.replace("Adding and subtracting fractions", "How to subtract and add easy fractions")
    assert _results(text)["weak_topics"] == "passed"


# The score


@pytest.mark.parametrize("empty", ["", "   \n\t", "…", "1 2 3"])
def test_an_empty_plan_is_unparsed_and_scores_nothing(empty: str) -> None:
    scored = score(TEST[0], empty)
    assert (scored.parsed, scored.score, scored.answer) == (False, 0.0, "")


def test_the_score_is_the_mean_of_the_three_dimensions_and_at_most_one_more_than_the_weakest() -> None:
    for text in (TEST[0]["target"][:400], TEST[1]["target"], TEST[0]["target"]):
        scored = score(TEST[0], text)
        three = [scored.metrics[name] for name in ("fluency", "personalisation", "actionability")]
        assert scored.score == pytest.approx(min(sum(three) / 3, min(three) + 1), abs=1e-3)
        low, high = TASKS["study_plan"].scale
        assert low <= scored.score <= high


def test_another_pupils_plan_is_no_plan_for_this_one() -> None:
    for at, doc in enumerate(TEST):
        borrowed = score(doc, TEST[(at + 17) % len(TEST)]["target"])
        assert borrowed.metrics["personalisation"] == 1, doc["id"]
        assert borrowed.metrics["fluency"] > 4
        assert borrowed.score <= 2


def test_a_plan_that_redoes_another_pupils_mistakes_is_no_plan_for_this_one() -> None:
    for doc, other in zip(TEST, [*TEST[1:], TEST[0]], strict=True):
        text = doc["target"]
        for mistake, strange in zip(facts(doc)["mistakes"], cycle(facts(other)["mistakes"]), strict=False):
            text = text.replace(mistake, strange)
        assert text != doc["target"], doc["id"]
        assert score(doc, text).score <= 2, doc["id"]


def test_nearly_all_goals_of_other_pupils_are_seen_to_be_theirs() -> None:
    kept = 0
    for step in (1, 7):
        for doc, other in zip(TEST, [*TEST[step:], *TEST[:step]], strict=True):
            text = doc["target"].replace(facts(doc)["goal"], facts(other)["goal"])
            kept += score(doc, text).score > 2
    assert kept / (2 * len(TEST)) <= 0.03


def test_no_variant_of_the_embedded_model_writes_plans_for_its_pupils() -> None:
    """The responses that are committed: none takes up enough of its pupil to be called more than a bad plan."""
    import pandas as pd

    docs = {doc["id"]: doc for doc in TEST}
    paths = sorted((ROOT / "results" / "demo").glob("*/study_plan/samples.parquet"))
    assert len(paths) == 6
    for path in paths:
        rows = pd.read_parquet(path, columns=["sample_id", "response"])
        scores = [score(docs[name], text).score for name, text in rows.itertuples(index=False)]
        assert sum(scores) / len(scores) < 2.5, path


def test_early_topics_are_revision_and_later_ones_are_outside_the_course() -> None:
    doc = next(doc for doc in TEST if doc["id"] == "felix-4")
    known = facts(doc)
    assert "long multiplication" in [name.lower() for name in known["inside"]]
    assert not {"sine rule", "logarithms"} - {name.lower() for name in known["outside"]}
    older = facts(next(doc for doc in TEST if doc["course"] == "calculus"))
    assert not {"even numbers", "parabola", "place value"} & {name.lower() for name in older["outside"]}


def test_the_inspect_task_scores_as_our_own_function_does_and_generating_is_apart_from_scoring(
    tmp_path: Any,
) -> None:
    import inspect_ai
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from proctor.tasks.study_plan.task import study_plan

    gold = {doc["profile"]: doc["target"] for doc in TEST}
    empty = TEST[1]["profile"]

    def answer(messages: list[Any], *_: Any) -> ModelOutput:
        profile = next(text for text in gold if text in messages[-1].text)
        output = ModelOutput.from_content("mock", "" if profile == empty else gold[profile])
        # Without a count, the mock would fetch a tokenizer to make one.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    task = study_plan()
    options: dict[str, Any] = {"display": "none", "log_dir": str(tmp_path), "ctl_server": False}
    model = get_model("mockllm/model", custom_outputs=answer)
    (log,) = inspect_ai.eval(task, model=model, score=False, limit=2, **options)
    assert log.status == "success"
    assert log.samples
    assert not any(sample.scores for sample in log.samples)
    scored = inspect_ai.score(log, task.scorer, action="overwrite", display="none")
    assert scored.samples
    for sample in scored.samples:
        assert sample.scores
        (inspect_score,) = sample.scores.values()
        doc = next(doc for doc in TEST if doc["id"] == sample.id)
        expected = score(doc, sample.output.completion)
        values = {name: value for name, value in inspect_score.as_dict().items() if not isnan(value)}
        assert values == {"overall": expected.score, **expected.metrics}
        assert (inspect_score.metadata or {})["parsed"] == (doc["profile"] != empty)
