"""Inspect's logs with every reducer of epochs: our mean is the log's own, and each sample's score is Inspect's."""

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proctor.common.refusal import Refusal
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.cli.main import app
from proctor.leaderboard.compare.items import estimate_cell, items_of
from tests.support.comparing import compare_variants
from tests.support.import_rows import refused, scores, write

# Of six samples, three times: right 3, 2, 1, 0, 2 and 1 times.
ANSWERS = ["4", "4", "5", "5", "5", "4", "4", "5", "4", "5", "4", "5", "4", "4", "5", "5", "4", "5"]
ITEMS = 6
REDUCERS = ["mean", "max", "median", "mode", "at_least_2", "pass_at_2", "pass_k_2"]


def evaluate(folder, scorer, epochs, form="json", items=ITEMS, **more):
    """A real log of a scripted model: sample i of epoch e gets the answer number 6 e + i."""
    import inspect_ai
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def output(text):
        made = ModelOutput.from_content("mockllm/model", text)
        made.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
        return made

    samples = [
        Sample(
            input=f"2 + 2? ({i})",
            target="4",
            id=f"s{i}",
            metadata={"origin": {"book": f"b{i // 2}"}, "kind": "first" if i == 0 else "other"},
        )
        for i in range(items)
    ]
    task = inspect_ai.Task(dataset=samples, scorer=scorer, name=more.pop("name", "sums"), version=3)
    count = epochs.epochs if isinstance(epochs, inspect_ai.Epochs) else epochs
    model = get_model("mockllm/model", custom_outputs=[output(ANSWERS[k % 18]) for k in range(items * count)])
    (log,) = inspect_ai.eval(
        task, model=model, log_dir=str(folder), log_format=form, display="none", log_level="error",
        epochs=epochs, ctl_server=False, log_realtime=False, max_samples=1, **more,
    )  # fmt: skip
    assert log.status == "success", log.error
    return Path(log.location.removeprefix("file://"))


def log_of(path):
    from inspect_ai.log import read_eval_log

    return read_eval_log(str(path))


@pytest.fixture(scope="module")
def reduced(tmp_path_factory):
    """One log for each reducer, of the same twelve answers to six samples and six more."""
    from inspect_ai import Epochs
    from inspect_ai.scorer import match

    folder = tmp_path_factory.mktemp("reducers")
    return {name: evaluate(folder / name, match(), Epochs(3, name)) for name in REDUCERS}


@pytest.mark.parametrize("reducer", REDUCERS)
def test_each_sample_has_the_score_that_inspects_reducer_gave_it(reduced, reducer, tmp_path):
    (done,) = import_files([reduced[reducer]], tmp_path, Wish())
    log = log_of(reduced[reducer])
    (entry,) = log.results.scores
    assert done.mean == pytest.approx(entry.metrics["accuracy"].value, abs=1e-12)
    assert done.reported == entry.metrics["accuracy"].value
    cell, rows = scores(tmp_path, "mockllm-model", "sums")
    letters = {"C": 1.0, "I": 0.0}
    (reduction,) = log.reductions
    items = items_of(cell)
    assert dict(zip(items.ids, items.values.tolist(), strict=True)) == pytest.approx(
        {sample.sample_id: letters.get(sample.value, sample.value) for sample in reduction.samples}
    )
    assert estimate_cell(cell).mean == pytest.approx(done.mean)
    assert len(rows) == (18 if reducer == "mean" else 6)
    assert rows["tokens_out"].sum() == 18
    if reducer != "mean":
        assert rows.loc["s0", "explanation"] == f"{reducer} of the epochs' 1, 1, 1"
        assert json.loads(rows.loc["s1", "response"]) == ["4", "5", "4"]
        assert cell.run.task.headline.startswith(f"match, {reducer}")


def test_the_reducers_give_different_figures_of_the_same_answers(reduced, tmp_path):
    means = {}
    for name, path in reduced.items():
        (done,) = import_files([path], tmp_path, Wish(variant=name))
        means[name] = round(done.mean, 4)
    assert means == {
        "mean": 0.5, "max": 0.8333, "median": 0.5, "mode": 0.5, "at_least_2": 0.5, "pass_at_2": 0.7222,
        "pass_k_2": 0.2778,
    }  # fmt: skip


def test_a_log_reduced_one_way_is_not_compared_with_one_reduced_another_way(reduced, tmp_path):
    for name in ("mean", "max"):
        import_files([reduced[name]], tmp_path, Wish(variant=name))
    with pytest.raises(ValueError, match=r"the metric \(mean: match; max: match, max of 3 epochs\)"):
        compare_variants(tmp_path, "mean", "max")


def test_paired_statistics_work_on_the_reduced_scores(reduced, tmp_path):
    for name in ("one", "other"):
        import_files([reduced["at_least_2"]], tmp_path, Wish(variant=name))
    (found,) = compare_variants(tmp_path, "one", "other")
    assert found.difference.kind == "binary"
    assert (found.difference.mean_a, found.difference.n) == (0.5, 6)


def test_with_several_reducers_one_is_chosen_by_name(tmp_path):
    from inspect_ai import Epochs
    from inspect_ai.scorer import match

    path = evaluate(tmp_path / "logs", match(), Epochs(2, ["mean", "max"]))
    with pytest.raises(Refusal, match="there are: match,mean, match,max; choose one with --metric"):
        import_files([path], tmp_path / "results", Wish())
    for metric, mean in (("match,mean", 6 / 12), ("match,max", 5 / 6)):
        (done,) = import_files([path], tmp_path / "results", Wish(variant=metric, metric=metric))
        assert done.mean == pytest.approx(mean)


def test_a_single_epoch_is_the_same_whatever_reduces_it(tmp_path):
    from inspect_ai import Epochs
    from inspect_ai.scorer import match

    for name in ("mean", "max"):
        path = evaluate(tmp_path / name, match(), Epochs(1, name))
        import_files([path], tmp_path / "results", Wish(variant=name))
    (found,) = compare_variants(tmp_path / "results", "mean", "max")
    assert found.difference.difference == 0


def test_epochs_that_no_reducer_reduced_are_averaged(tmp_path):
    from inspect_ai import Epochs
    from inspect_ai.scorer import match

    path = evaluate(tmp_path / "logs", match(), Epochs(2, []))
    (done,) = import_files([path], tmp_path / "results", Wish())
    assert (done.mean, done.reported, done.rows) == (0.5, 0.5, 12)


def test_of_a_reducer_that_is_not_inspects_own_the_log_says_what_it_made_of_each_sample(tmp_path):
    from inspect_ai import Epochs
    from inspect_ai.scorer import Score, match, score_reducer

    @score_reducer(name="last")
    def last():
        return lambda scores: Score(value=scores[-1].value)

    path = evaluate(tmp_path / "logs", match(), Epochs(2, last()))
    (done,) = import_files([path], tmp_path / "results", Wish())
    assert done.mean == done.reported == pytest.approx(3 / 6)
    assert done.headline == "match, last of 2 epochs"
    log = json.loads(path.read_text())
    del log["reductions"]
    path.write_text(json.dumps(log))
    assert "its epochs are reduced by 'last'; the log does not hold what" in refused(
        path, tmp_path / "others"
    )


def test_a_reducer_with_a_threshold_of_its_own_gives_the_logs_own_figure(tmp_path):
    from inspect_ai import Epochs
    from inspect_ai.scorer import Score, at_least, mean, scorer

    @scorer(metrics=[mean()])
    def half():
        async def score(state, target):
            return Score(value=0.5)

        return score

    path = evaluate(tmp_path / "logs", half(), Epochs(2, at_least(2, value=0.5)))
    (done,) = import_files([path], tmp_path / "results", Wish())
    assert done.mean == done.reported == 1


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """Two scorers, one of two figures; samples that fail, that get no verdict, and that get not-a-number."""
    from inspect_ai import Epochs
    from inspect_ai.scorer import Score, accuracy, mean, scorer, stderr
    from inspect_ai.solver import Generate, solver

    @scorer(metrics={"fluency": [stderr(), mean()], "depth": [mean()]})
    def marks():
        async def score(state, target):
            if state.sample_id == "s4":
                return Score.unscored(reason="the judge gave no verdict")
            depth = math.nan if (state.sample_id, state.epoch) == ("s2", 1) else state.epoch + 1
            return Score(value={"fluency": 3 + int(state.sample_id[1]) % 2, "depth": depth})

        return score

    @scorer(metrics=[accuracy(), stderr()])
    def graded():
        async def score(state, target):
            if state.sample_id == "s5" and state.epoch == 2:
                raise RuntimeError("the grader fell over")
            return Score(value="CPIN"[int(state.sample_id[1]) % 4])

        return score

    @solver
    def failing():
        async def solve(state, generate: Generate):
            if state.sample_id == "s1" and state.epoch == 1:
                raise RuntimeError("the sandbox fell over")
            return await generate(state)

        return solve

    folder = tmp_path_factory.mktemp("troubled")
    return {
        name: evaluate(
            folder / name, [marks(), graded()], Epochs(3, name), solver=failing(), fail_on_error=False
        )
        for name in ("mean", "max", "at_least_2")
    }


@pytest.mark.parametrize("reducer", ["mean", "max", "at_least_2"])
@pytest.mark.parametrize("metric", ["marks/fluency", "marks/depth", "graded"])
def test_samples_that_failed_or_have_no_verdict_count_as_inspect_counts_them(
    troubled, reducer, metric, tmp_path
):
    (done,) = import_files([troubled[reducer]], tmp_path, Wish(metric=metric))
    name = metric.rpartition("/")[2]
    (entry,) = (entry for entry in log_of(troubled[reducer]).results.scores if entry.name == name)
    means = [value.value for key, value in entry.metrics.items() if key in ("mean", "accuracy")]
    assert done.mean == pytest.approx(means[0], abs=1e-12)
    assert done.samples == entry.scored_samples
    _, rows = scores(tmp_path, "mockllm-model", "sums")
    if metric == "marks/fluency":
        assert rows.loc[["s4"], "score"].isna().all()
        assert set(rows.loc[["s4"], "status"]) == {"error"}
    if reducer == "mean":
        assert "the sandbox fell over" in "".join(rows.loc["s1", "explanation"])


def test_a_headline_that_is_no_mean_of_the_samples_is_refused_with_both_figures(tmp_path):
    from inspect_ai.scorer import SampleScore, Score, metric, scorer

    @metric
    def best():
        def of(scores: list[SampleScore]) -> float:
            return max(score.score.as_float() for score in scores)

        return of

    @scorer(metrics=[best()])
    def rated():
        async def score(state, target):
            return Score(value=int(state.sample_id[1]))

        return score

    path = evaluate(tmp_path / "logs", rated(), 1)
    assert "'rated' is 5 in the results, and 2.5 as the mean of its samples" in refused(
        path, tmp_path / "results"
    )


def test_a_mean_by_groups_stands_beside_the_mean_that_is_imported(tmp_path):
    from inspect_ai.scorer import Score, grouped, mean, scorer

    @scorer(metrics=[grouped(mean(), "kind"), mean()])
    def rated():
        async def score(state, target):
            return Score(value=int(state.sample_id[1]))

        return score

    path = evaluate(tmp_path / "logs", rated(), 1)
    (done,) = import_files([path], tmp_path / "results", Wish())
    assert (done.mean, done.reported) == (2.5, 2.5)


def test_a_turned_score_is_held_to_the_same_figure(reduced, tmp_path):
    (done,) = import_files([reduced["max"]], tmp_path, Wish(negate=True))
    assert (done.mean, done.reported) == (pytest.approx(-5 / 6), pytest.approx(5 / 6))


def test_a_log_whose_results_were_changed_is_refused(reduced, tmp_path):
    changed = json.loads(reduced["max"].read_text())
    changed["results"]["scores"][0]["metrics"]["accuracy"]["value"] = 0.85
    path = write(tmp_path / "changed.json", json.dumps(changed))
    assert "is 0.85 in the results, and 0.833333 as the mean" in refused(path, tmp_path / "results")


def test_a_log_without_results_says_that_nothing_holds_its_mean(reduced, tmp_path):
    bare = json.loads(reduced["max"].read_text())
    del bare["results"]
    path = write(tmp_path / "bare.json", json.dumps(bare))
    told = CliRunner().invoke(app, ["import", str(path), "--results", str(tmp_path / "results")])
    assert "match, max of 3 epochs 83.3 % over 6 samples" in told.output
    assert "the source reports no figure of all samples" in told.output


def test_the_cluster_can_be_a_field_inside_a_field(reduced, tmp_path):
    for metric in ("mean", "max"):
        import_files([reduced[metric]], tmp_path / metric, Wish(cluster="origin.book"))
        _, rows = scores(tmp_path / metric, "mockllm-model", "sums")
        assert set(rows["cluster"]) == {"b0", "b1", "b2"}
    assert "no field 'origin.page' with one value" in refused(reduced["max"], tmp_path, cluster="origin.page")
    assert "no field 'origin' with one value" in refused(reduced["max"], tmp_path, cluster="origin")


@pytest.mark.parametrize("form", ["eval", "json"])
def test_both_formats_are_reduced_alike(form, tmp_path):
    from inspect_ai import Epochs
    from inspect_ai.scorer import match

    path = evaluate(tmp_path / form, match(), Epochs(3, "mode"), form=form)
    (done,) = import_files([path], tmp_path / "results", Wish())
    assert (done.mean, done.reported, done.samples) == (0.5, 0.5, 6)


def test_epochs_without_a_count_of_tokens_have_none_together(reduced, tmp_path):
    bare = json.loads(reduced["mode"].read_text())
    for sample in bare["samples"]:
        del sample["model_usage"]
    path = write(tmp_path / "bare.json", json.dumps(bare))
    import_files([path], tmp_path / "results", Wish())
    cell, rows = scores(tmp_path / "results", "mockllm-model", "sums")
    assert rows["tokens_in"].isna().all()
    assert "tokens_in" not in cell.run


def test_an_epoch_that_is_there_twice_is_refused_before_it_is_reduced(reduced, tmp_path):
    twice = json.loads(reduced["max"].read_text())
    twice["samples"].append(twice["samples"][0])
    path = write(tmp_path / "twice.json", json.dumps(twice))
    assert "for a sample_id x epoch that has one already" in refused(path, tmp_path / "results")


@pytest.mark.parametrize("value", [10**400, 1e300, "1e999"])
def test_scores_beyond_all_bounds_are_refused_in_one_line(reduced, value, tmp_path):
    hostile = json.loads(reduced["mean"].read_text())
    hostile["samples"][0]["scores"]["match"]["value"] = value
    path = write(tmp_path / "hostile.json", json.dumps(hostile))
    assert refused(path, tmp_path / "results")


def test_counts_of_tokens_beyond_all_bounds_are_refused_in_one_line(reduced, tmp_path):
    hostile = json.loads(reduced["mean"].read_text())
    hostile["samples"][0]["model_usage"]["mockllm/model"]["input_tokens"] = 10**30
    path = write(tmp_path / "hostile.json", json.dumps(hostile))
    assert refused(path, tmp_path / "results")


def test_a_log_that_is_nested_too_deeply_is_refused_in_one_line(reduced, tmp_path):
    text = reduced["mean"].read_text()
    deep = '"metadata": {"deep": ' + "[" * 50_000 + "]" * 50_000 + "}, "
    path = write(tmp_path / "deep.json", text.replace('"id": "s0",', '"id": "s0", ' + deep, 1))
    assert refused(path, tmp_path / "results")


def test_a_response_that_the_scorer_found_no_answer_in_is_unparsed_with_every_reducer(tmp_path):
    from inspect_ai import Epochs
    from inspect_ai.scorer import NOANSWER, Score, accuracy, scorer

    @scorer(metrics=[accuracy()])
    def picky():
        async def score(state, target):
            if state.sample_id == "s0" or (state.sample_id == "s1" and state.epoch == 1):
                return Score(value=NOANSWER)
            return Score(value="C")

        return score

    for name, unparsed in (("mean", 4), ("max", 1)):
        path = evaluate(tmp_path / name, picky(), Epochs(3, name))
        (done,) = import_files([path], tmp_path / f"{name}-results", Wish())
        assert done.statuses["unparsed"] == unparsed
        _, rows = scores(tmp_path / f"{name}-results", "mockllm-model", "sums")
        assert set(rows.loc[["s0"], "status"]) == {"unparsed"}
        assert set(rows.loc[["s0"], "score"]) == {0.0}
