"""What stands beside the headline: computed by hand here, from rows."""

import json
from pathlib import Path

import numpy as np
import pytest

from proctor.harness import record
from proctor.leaderboard.compare.figures import figures_of
from proctor.tasks.concepts.task import macro_f1
from proctor.tasks.concepts.task import process_results as concept_results
from tests.support.records import run_record


def sample(item: str, score: float | None, epoch: int = 1, **given) -> record.Sample:
    row = {
        "variant": "v", "task": "t", "task_version": "1", "sample_id": item, "cluster": given.pop("cluster", item),
        "epoch": epoch, "doc_hash": "", "prompt_hash": "", "prompt": "", "response": "", "answer": "", "target": "",
        "score": score, "metrics": {}, "status": "ok", "explanation": "", "judge": "", "tokens_in": None,
        "tokens_out": None, "seconds": None,
    }  # fmt: skip
    return record.Sample(**{**row, **given})


def steps(right: int, total: int) -> dict:
    return {"steps_right": float(right), "steps_total": float(total)}


def figures(folder: Path, rows: list[record.Sample], kind: str = "binary") -> dict:
    cell = record.write(folder, rows, run_record(kind=kind))
    return {figure.name: figure for figure in figures_of(cell)}


def test_shares_steps_and_statuses_are_those_of_the_rows(tmp_path):
    rows = [
        sample("a", 1.0, metrics={"strict_match": 1.0, "flexible_extract": 1.0, **steps(3, 3)}),
        sample("b", 1.0, metrics={"strict_match": 0.0, "flexible_extract": 1.0, **steps(1, 2)}),
        sample("c", 0.0, metrics={"strict_match": 0.0, "flexible_extract": 0.0, **steps(0, 0)},
               status="unparsed"),
        sample("d", None, status="error"),
    ]  # fmt: skip
    found = figures(tmp_path, rows)
    assert found["strict_match"].value == pytest.approx(1 / 3)
    assert found["strict_match"].n == 3
    assert found["strict_match"].low < 1 / 3 < found["strict_match"].high
    assert found["flexible_extract"].value == pytest.approx(2 / 3)
    assert found["step_validity"].value == pytest.approx(4 / 5)
    assert found["wrong_step"].value == 0.5
    assert found["unparsed_rate"].value == found["error_rate"].value == 0.25
    assert found["truncated_rate"].value == 0
    assert "tokens_out" not in found
    assert "pass@1" not in found


def test_tokens_and_seconds_are_means_over_the_answers_that_tell_them(tmp_path):
    rows = [sample("a", 1.0, tokens_out=10, seconds=1.0), sample("b", 0.0, tokens_out=20), sample("c", 0.0)]
    found = figures(tmp_path, rows)
    assert (found["tokens_out"].value, found["tokens_out"].n, found["seconds"].value) == (15, 2, 1.0)


@pytest.mark.parametrize(
    "answers",
    [["1e99999999", "1e99999999", "7"], ["1.0/2", "1.0/2", "7"], ["1/0", "1/0", "7"], ["٣", "٣", "7"]],
)
def test_an_answer_that_is_no_plain_number_votes_as_its_words_and_is_never_worked_out(tmp_path, answers):
    rows = [
        sample("a", float(answer == "7"), epoch, answer=answer) for epoch, answer in enumerate(answers, 1)
    ]
    assert figures(tmp_path, rows)["maj@3"].value == 0  # two equal wrong votes against one right


def test_one_number_in_two_ways_is_one_vote(tmp_path):
    answers = ["$1,234.50", "2469/2", "7"]
    rows = [
        sample("a", float(answer == "7"), epoch, answer=answer) for epoch, answer in enumerate(answers, 1)
    ]
    assert figures(tmp_path, rows)["maj@3"].value == 0


def test_several_epochs_give_pass_and_majority_without_bias(tmp_path):
    """a: right, right, wrong, wrong alike; b: one right of four, the others all different; c: never right."""
    answers = {"a": ("18", "18", "20", "20.0"), "b": ("7", "1", "2", "3"), "c": ("1", "1", "1", "1")}
    right = {"a": "18", "b": "7", "c": "5"}
    rows = [
        sample(item, float(given == right[item]), epoch, answer=given)
        for item, all_given in answers.items()
        for epoch, given in enumerate(all_given, 1)
    ]
    found = figures(tmp_path, rows)
    assert found["pass@1"].value == pytest.approx((2 / 4 + 1 / 4 + 0) / 3)
    assert found["pass@2"].value == pytest.approx((5 / 6 + 3 / 6 + 0) / 3)
    assert found["pass@4"].value == pytest.approx(2 / 3)
    assert found["maj@4"].value == pytest.approx((1 / 2 + 1 / 4 + 0) / 3)
    assert found["pass@4"].n == 3
    assert found["pass@2"].low <= found["pass@2"].value <= found["pass@2"].high


def test_ten_epochs_say_how_often_one_of_five_is_right(tmp_path):
    rows = [sample("a", float(epoch <= 2), epoch, answer=str(epoch)) for epoch in range(1, 11)]
    rows += [sample("b", 0.0, epoch, answer="1") for epoch in range(1, 11)]
    found = figures(tmp_path, rows)
    assert found["pass@5"].value == pytest.approx((1 - 56 / 252) / 2)  # none of five: 8 over 5 of 10 over 5
    assert [name for name in found if name.startswith("pass@")] == [f"pass@{k}" for k in (1, 2, 4, 5, 8, 10)]


def test_an_answer_without_a_number_has_no_second_vote(tmp_path):
    rows = [
        sample(item, float(at == 0), at + 1, answer="18" if at == 0 else "")
        for item in "ab"
        for at in range(3)
    ]
    assert figures(tmp_path, rows)["maj@3"].value == pytest.approx(1 / 3)  # three votes that tie


def test_epochs_that_failed_are_not_counted_as_wrong(tmp_path):
    rows = [sample(item, 1.0, 1, answer="18") for item in "ab"]
    rows += [sample(item, None, 2, status="error") for item in "ab"]
    rows += [sample("c", 1.0, at, answer="18") for at in (1, 2)]
    found = figures(tmp_path, rows)
    assert (found["pass@1"].value, found["pass@1"].n) == (1.0, 3)
    assert (found["pass@2"].value, found["pass@2"].n) == (1.0, 1)


def test_figures_of_named_sets_are_those_of_the_task(tmp_path):
    from proctor.tasks import TASKS
    from proctor.tasks.concepts.task import micro_f1, micro_p, micro_r, score

    docs = TASKS["concepts"].docs("test")[:40]
    rows, logged = [], []
    for at, doc in enumerate(docs):
        answer = json.dumps(
            [*json.loads(doc["answer"])[at % 2 :], *json.loads(docs[at - 1]["answer"])[:1], "Astrology"]
        )
        scored = score(doc, answer)
        logged.append(concept_results(doc, [answer]))
        rows.append(
            sample(doc["id"], scored.score, metrics=scored.metrics, answer=scored.answer, target=doc["answer"],
                   cluster=doc["cluster"])
        )  # fmt: skip
    found = figures(tmp_path, rows, "counts")
    counts = [one["micro_f1"] for one in logged]
    assert found["micro_precision"].value == pytest.approx(micro_p(counts))
    assert found["micro_recall"].value == pytest.approx(micro_r(counts))
    assert found["macro_f1"].value == pytest.approx(macro_f1(one["macro_f1"] for one in logged))
    assert found["macro_f1"].low < found["macro_f1"].value < found["macro_f1"].high
    assert found["out_of_taxonomy"].value == 40
    assert micro_f1(counts) > 0


def named_rows(wanted: list[set[str]], given: list[set[str]]) -> list[record.Sample]:
    rows = []
    for at, (labels, answer) in enumerate(zip(wanted, given, strict=True)):
        counts = {"tp": len(labels & answer), "fp": len(answer - labels), "fn": len(labels - answer)}
        texts = {"target": json.dumps(sorted(labels)), "answer": json.dumps(sorted(answer))}
        rows.append(sample(f"{at:03}", 0.0, metrics={name: float(n) for name, n in counts.items()}, **texts))
    return rows


def test_a_macro_f1_at_the_end_of_its_scale_has_an_interval_with_a_width(tmp_path):
    wanted = [{"mean"}, {"ratio"}, {"mode", "ratio"}] * 20
    none = figures(tmp_path / "none", named_rows(wanted, [set()] * 60), "counts")["macro_f1"]
    every = figures(tmp_path / "every", named_rows(wanted, wanted), "counts")["macro_f1"]
    assert (none.value, none.low, every.value, every.high) == (0.0, 0.0, 1.0, 1.0)
    assert none.high > 0.01
    assert every.low < 0.99


def test_the_interval_of_macro_f1_holds_what_it_is_drawn_from(tmp_path):
    """Of 40 names, many of them rare, 120 texts are drawn from 5,000. Quantiles of draws held it 8 times in ten."""
    dice = np.random.default_rng(5)
    names = [f"n{number:02}" for number in range(40)]
    wanted = dice.random((5_000, 40)) < np.linspace(0.01, 0.12, 40)
    given = np.where(wanted, dice.random((5_000, 40)) < dice.beta(2, 4, 40), dice.random((5_000, 40)) < 0.01)
    both = (wanted & given).sum(axis=0)
    truth = (2 * both / (wanted.sum(axis=0) + given.sum(axis=0))).mean()
    held = 0
    for draw in range(40):
        texts = dice.integers(0, 5_000, 120)
        sets = [
            [{names[n] for n in np.flatnonzero(row)} for row in table[texts]] for table in (wanted, given)
        ]
        figure = figures(tmp_path / str(draw), named_rows(*sets), "counts")["macro_f1"]
        held += figure.low <= truth <= figure.high
    assert held >= 36


def test_checks_and_dimensions_are_over_the_answers_that_they_apply_to(tmp_path):
    rows = [
        sample(
            "a",
            1.0,
            metrics={"fluency": 4.0, "check_weeks": 1.0, "check_language": 0.0, "checks_passed": 0.5},
        ),
        sample("b", 0.5, metrics={"fluency": 2.0, "check_weeks": 1.0, "checks_passed": 1.0}),
    ]
    found = figures(tmp_path, rows, "real")
    assert (found["fluency"].value, found["fluency"].unit) == (3.0, "")
    assert (found["check_weeks"].value, found["check_weeks"].n) == (1.0, 2)
    assert (found["check_language"].value, found["check_language"].n) == (0.0, 1)
    assert found["checks_passed"].value == 0.75


def test_one_row_is_no_reason_to_fail_and_the_same_rows_give_the_same_figures(tmp_path):
    rows = [sample("a", 1.0, metrics={"strict_match": 1.0, "fluency": 3.0}, tokens_out=3)]
    found = figures(tmp_path, rows)
    assert found["fluency"].low is None
    assert found == figures(tmp_path, rows)


def test_an_answer_that_was_cut_off_before_it_gave_a_number_counts_as_unparsed_and_as_truncated(tmp_path):
    rows = [
        sample("a", 1.0, answer="4"),
        sample("b", 1.0, answer="4", truncated=True),
        sample("c", 0.0, status="unparsed", truncated=True),
        sample("d", 0.0, status="unparsed"),
        sample("e", 0.0, answer="5"),
    ]
    cell = record.write(tmp_path, rows, run_record())
    found = {figure.name: figure for figure in figures_of(cell)}
    assert (found["unparsed_rate"].value, found["unparsed_rate"].note) == (0.4, "2 of 5 answers")
    assert (found["truncated_rate"].value, found["truncated_rate"].note) == (0.4, "2 of 5 answers")
    assert cell.outcomes == {"ok": 3, "unparsed": 2, "error": 0, "truncated": 2}
