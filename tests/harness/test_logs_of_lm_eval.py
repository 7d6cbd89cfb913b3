"""Logs of lm-eval, written by lm-eval itself, become cells; bad ones are refused in one line."""

import json
import re

import pytest

from proctor.common.refusal import Refusal
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.compare.figures import figures_of
from proctor.leaderboard.compare.items import estimate_cell
from tests.support.command import ROOT
from tests.support.comparing import compare_variants
from tests.support.import_rows import refused, scores, write
from tests.support.lm_eval_runs import simple_evaluate

# lm-eval: two real runs, made by the lm-eval that is installed.


@pytest.fixture(scope="module")
def lm_eval_logs(tmp_path_factory):
    """A task with two filters, put to two scripted models; logs written by lm-eval itself."""
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    folder = tmp_path_factory.mktemp("lm-eval")
    write(
        folder / "sums.jsonl",
        *(
            json.dumps(
                {
                    "question": f"What is {i} + {i + 3}?",
                    "answer": str(2 * i + 3),
                    "family": "small" if i < 6 else "large",
                }
            )
            for i in range(12)
        ),
    )
    regex = "[{{function: regex, regex_pattern: '{}', group_select: -1}}, {{function: take_first}}]"
    write(
        folder / "sums.yaml",
        "task: sums",
        "dataset_path: json",
        f"dataset_kwargs: {{data_files: {{test: {folder / 'sums.jsonl'}}}, cache_dir: {folder / 'cache'}}}",
        "test_split: test",
        "output_type: generate_until",
        'doc_to_text: "{{question}}"',
        'doc_to_target: "{{answer}}"',
        "generation_kwargs: {until: [], max_gen_toks: 16, do_sample: false}",
        "metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]",
        "filter_list:",
        "  - {name: strict, filter: " + regex.format("^#### (-?[0-9]+)$") + "}",
        "  - {name: flexible, filter: " + regex.format("(-?[0-9]+)") + "}",
        "metadata: {version: 2.0}",
    )

    class Scripted(LM):
        def __init__(self, skill):
            super().__init__()
            self.skill = skill

        def generate_until(self, requests):
            sums = [sum(map(int, re.findall(r"\d+", request.args[0]))) for request in requests]
            return [
                f"#### {total}" if k % 3 < self.skill else f"It is {total}" if k % 2 else f"#### {total + 1}"
                for k, total in enumerate(sums)
            ]

        loglikelihood = loglikelihood_rolling = None

    for model, skill in (("Plain-1B", 1), ("tuned/Plain-1B-lora", 2)):
        tracker = EvaluationTracker(output_path=str(folder / "logs"))
        manager = TaskManager(include_path=str(folder), include_defaults=False)
        found = simple_evaluate(
            model=Scripted(skill), tasks=["sums"], task_manager=manager, log_samples=True, bootstrap_iters=0
        )
        samples = found.pop("samples")
        tracker.general_config_tracker.log_experiment_args(
            model_source="scripted", model_args=f"pretrained={model}", system_instruction=None, chat_template=None,
            fewshot_as_multiturn=False,
        )  # fmt: skip
        tracker.save_results_aggregated(results=found, samples=samples)
        tracker.save_results_samples(task_name="sums", samples=samples["sums"])
    return folder / "logs"


def test_lm_evals_logs_become_cells_with_prompt_answer_and_document_hash(lm_eval_logs, tmp_path):
    done = import_files([lm_eval_logs], tmp_path, Wish(metric="exact_match,strict"))
    assert [(one.variant, one.task, one.rows, one.state) for one in done] == [
        ("plain-1b", "sums", 12, "new"), ("tuned-plain-1b-lora", "sums", 12, "new"),
    ]  # fmt: skip
    cell, rows = scores(tmp_path, "plain-1b", "sums")
    assert rows["score"].sum() == 4
    assert rows.loc["3", "prompt"] == "What is 3 + 6?"
    assert rows.loc["3", "response"] == "#### 9"
    assert rows.loc["3", "target"] == "9"
    assert rows["doc_hash"].str.len().eq(64).all()
    assert done[0].mean == done[0].reported == 4 / 12
    assert done[0].statuses == {"ok": 8, "unparsed": 4, "error": 0}
    unparsed = rows[rows["status"] == "unparsed"]
    assert unparsed["response"].str.startswith("It is ").all()
    assert set(unparsed["answer"]) == {""}
    assert unparsed["score"].eq(0).all(), "what was not parsed is counted as wrong, as lm-eval counts it"
    assert cell.run.task.as_json() == {
        "name": "sums", "title": "sums", "kind": "binary", "headline": "exact_match (strict)", "scale": [0.0, 1.0],
        "framework": "lm_eval", "scored_by": "rules",
    }  # fmt: skip
    assert cell.run.definition.task_version == "lm-eval 2.0"
    origin = cell.run.origin
    assert (origin.kind, origin.called, origin.lacks) == ("lm-eval", "Plain-1B", ())
    assert all(name.startswith(("samples_sums_", "results_")) for name in origin.files)


def test_lm_evals_own_score_and_standard_error_come_out(lm_eval_logs, tmp_path):
    import_files([lm_eval_logs], tmp_path, Wish(metric="exact_match,flexible"))
    for folder, variant in (("Plain-1B", "plain-1b"), ("tuned__Plain-1B-lora", "tuned-plain-1b-lora")):
        (told,) = (lm_eval_logs / folder).glob("results_*.json")
        _, rows = scores(tmp_path, variant, "sums")
        assert rows["score"].mean() == json.loads(told.read_text())["results"]["sums"]["exact_match,flexible"]


def test_several_metrics_are_refused_with_their_names(lm_eval_logs, tmp_path):
    with pytest.raises(Refusal, match="exact_match,strict, exact_match,flexible; choose one with --metric"):
        import_files([lm_eval_logs], tmp_path, Wish())
    with pytest.raises(Refusal, match="several metrics are called 'exact_match'"):
        import_files([lm_eval_logs], tmp_path, Wish(metric="exact_match"))
    with pytest.raises(Refusal, match="no metric 'acc'"):
        import_files([lm_eval_logs], tmp_path, Wish(metric="acc"))
    assert list(tmp_path.iterdir()) == []


def test_a_field_of_the_document_can_be_the_cluster(lm_eval_logs, tmp_path):
    import_files([lm_eval_logs], tmp_path, Wish(metric="exact_match,strict", cluster="family"))
    assert set(scores(tmp_path, "plain-1b", "sums")[1]["cluster"]) == {"small", "large"}
    with pytest.raises(Refusal, match="no field 'colour'"):
        import_files([lm_eval_logs], tmp_path, Wish(metric="exact_match,strict", cluster="colour"))


def test_a_samples_file_without_its_results_says_what_it_lacks(lm_eval_logs, tmp_path):
    (log,) = (lm_eval_logs / "Plain-1B").glob("samples_*")
    alone = tmp_path / log.name
    alone.write_bytes(log.read_bytes())
    (done,) = import_files([alone], tmp_path / "results", Wish(variant="x", metric="exact_match,strict"))
    assert done.lacks == ("task version",) or list(done.lacks) == ["task version"]
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    for row in rows:
        del row["doc_hash"]
    write(alone, *map(json.dumps, rows))
    (done,) = import_files([alone], tmp_path / "results", Wish(variant="y", metric="exact_match,strict"))
    assert list(done.lacks) == ["document hash", "task version"]


def test_a_log_with_fewer_samples_than_its_results_tell_of_is_refused(lm_eval_logs, tmp_path):
    for file in (lm_eval_logs / "Plain-1B").iterdir():
        lines = file.read_text().splitlines()
        write(tmp_path / file.name, *(lines[:-4] if file.suffix == ".jsonl" else lines))
    (log,) = tmp_path.glob("samples_*")
    assert "holds 8 samples, and the results speak of 12" in refused(
        log, tmp_path, metric="exact_match,flexible"
    )


def test_results_that_output_path_named_are_found(lm_eval_logs, tmp_path):
    """`--output_path mine.json` writes mine_<time>.json, and the samples beside it."""
    for file in (lm_eval_logs / "Plain-1B").iterdir():
        (tmp_path / file.name.replace("results_", "mine_")).write_bytes(file.read_bytes())
    (log,) = tmp_path.glob("samples_*")
    (done,) = import_files([log], tmp_path / "results", Wish(metric="exact_match,strict"))
    assert (done.called, done.reported, done.lacks) == ("Plain-1B", 4 / 12, ())


def test_the_results_of_lm_eval_alone_are_no_samples(lm_eval_logs, tmp_path):
    (path,) = (lm_eval_logs / "Plain-1B").glob("results_*.json")
    message = refused(path, tmp_path)
    assert "is no log of Inspect" in message
    assert "samples_*.jsonl beside its results" in message


def test_an_empty_response_is_unparsed_though_no_filter_says_so(lm_eval_logs, tmp_path):
    (log,) = (lm_eval_logs / "Plain-1B").glob("samples_*")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    for row in rows[:2]:
        row |= {"resps": [[" "]], "filtered_resps": [" "], "exact_match": 0.0}
    path = write(tmp_path / "samples_sums.jsonl", *map(json.dumps, rows))
    before = import_files([log], tmp_path / "before", Wish(metric="exact_match,strict"))[0].statuses
    after = import_files([path], tmp_path / "after", Wish(metric="exact_match,strict"))[0].statuses
    assert after["unparsed"] > before["unparsed"]
    assert sum(after.values()) == sum(before.values())


@pytest.mark.parametrize(
    "broken",
    [
        {"exact_match": 10**400},
        {"exact_match": float("nan")},
        {"exact_match": "__DEEP__"},
        {"exact_match": "__DIGITS__"},
        {"exact_match": 1e300},
        {"doc": "\ud800"},
        {"metrics": "exact_match"},
        {"metrics": [["exact_match"], 1]},
        {"filtered_resps": {"a": ["[invalid]"]}, "arguments": 7, "resps": None},
        {"exact_match": None},
    ],
)
def test_hostile_rows_are_refused_in_one_line_or_do_no_harm(lm_eval_logs, tmp_path, broken):
    """The mean that the results tell is then not that of the rows; nothing ends in a traceback."""
    (log,) = (lm_eval_logs / "Plain-1B").glob("samples_*")
    (beside,) = (lm_eval_logs / "Plain-1B").glob("results_*")
    (tmp_path / beside.name).write_bytes(beside.read_bytes())
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    rows[0] |= broken
    text = json.dumps(rows[0]).replace('"__DEEP__"', "[" * 90_000 + "]" * 90_000)
    lines = [text.replace('"__DIGITS__"', "1" * 9_000), *map(json.dumps, rows[1:])]
    path = write(tmp_path / log.name, *lines)
    if broken.keys() & {"exact_match", "metrics"}:
        refused(path, tmp_path / "results", metric="exact_match,strict")
    else:
        import_files([path], tmp_path / "results", Wish(metric="exact_match,strict"))


@pytest.mark.parametrize(
    "results",
    [
        "[" * 90_000 + "]" * 90_000,
        '{"results": ' + "1" * 9_000 + "}",
        '{"results": {"sums": {"exact_match,strict": 1' + "0" * 400 + "}}}",
        '{"results": [], "configs": {"sums": 3}, "n-samples": 7, "versions": []}',
        '{"results": {"sums": {"exact_match,strict": NaN}}}',
    ],
)
def test_hostile_results_are_refused_in_one_line_or_tell_nothing(lm_eval_logs, tmp_path, results):
    (log,) = (lm_eval_logs / "Plain-1B").glob("samples_*")
    (beside,) = (lm_eval_logs / "Plain-1B").glob("results_*")
    (tmp_path / log.name).write_bytes(log.read_bytes())
    (tmp_path / beside.name).write_text(results)
    if results.startswith('{"results": []'):
        (done,) = import_files([tmp_path / log.name], tmp_path / "r", Wish(metric="exact_match,strict"))
        assert (done.reported, list(done.lacks)) == (None, ["task version"])
        return
    with pytest.raises(Refusal) as caught:
        import_files([tmp_path / log.name], tmp_path / "r", Wish(metric="exact_match,strict"))
    assert "\n" not in str(caught.value)
    if "NaN" in results:
        assert "is nan in the results, and 0.333333 as the mean" in str(caught.value)


def test_damaged_lm_eval_logs_are_refused_in_one_line(lm_eval_logs, tmp_path):
    (log,) = (lm_eval_logs / "Plain-1B").glob("samples_*")
    lines = log.read_text().splitlines()
    cut = write(tmp_path / "cut.jsonl", *lines[:3], lines[3][:50])
    assert "line 4 is no JSON" in refused(cut, tmp_path, metric="exact_match,strict")
    twice = write(tmp_path / "twice.jsonl", *lines, lines[0])
    assert "1 row for a sample_id that has one already, such as '0'" in refused(
        twice, tmp_path, metric="exact_match,strict"
    )
    odd = write(tmp_path / "odd.jsonl", *lines, '{"doc": 1}')
    assert "row 25 is no sample of lm-eval" in refused(odd, tmp_path, metric="exact_match,strict")
    again = tmp_path / "two"
    again.mkdir()
    for stamp in ("2026-01-01T00-00-00", "2026-01-02T00-00-00"):
        write(again / f"samples_sums_{stamp}.jsonl", *lines)
    with pytest.raises(Refusal, match="two runs of 'sums'"):
        import_files([again], tmp_path, Wish(metric="exact_match,strict"))


@pytest.fixture(scope="module")
def concept_logs(tmp_path_factory):
    """Our own concept exam as lm-eval runs it: its micro F1 is logged as each document's tp, fp and fn."""
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    class Naming(LM):
        def __init__(self, names):
            super().__init__()
            self.names = names

        def generate_until(self, requests):
            return [json.dumps(self.names[k % 3 :]) for k, _ in enumerate(requests)]

        loglikelihood = loglikelihood_rolling = None

    folder = tmp_path_factory.mktemp("concepts")
    names = ["Fractions", "Rounding", "Percentages", "Number line", "Area"]
    for model, given in (("one", names), ("other", names[:3])):
        tracker = EvaluationTracker(output_path=str(folder))
        manager = TaskManager(include_path=str(ROOT / "tasks"), include_defaults=False)
        found = simple_evaluate(
            model=Naming(given), tasks=["proctor_concepts"], task_manager=manager, log_samples=True, limit=30,
            bootstrap_iters=0,
        )  # fmt: skip
        samples = found.pop("samples")
        tracker.general_config_tracker.log_experiment_args(
            model_source="scripted", model_args=f"pretrained={model}", system_instruction=None, chat_template=None,
            fewshot_as_multiturn=False,
        )  # fmt: skip
        tracker.save_results_aggregated(results=found, samples=samples)
        tracker.save_results_samples(task_name="proctor_concepts", samples=samples["proctor_concepts"])
    return folder


def test_a_corpus_figure_of_counts_is_the_one_that_lm_eval_gave(concept_logs, tmp_path):
    import_files([concept_logs], tmp_path, Wish(metric="micro_f1"))
    for model in ("one", "other"):
        (path,) = (concept_logs / model).glob("results_*.json")
        told = json.loads(path.read_text())["results"]["proctor_concepts"]
        cell, rows = scores(tmp_path, model, "concepts")
        assert (cell.run.task.kind, cell.run.origin.lacks) == ("counts", ())
        assert estimate_cell(cell).mean == pytest.approx(told["micro_f1,none"], rel=1e-12)
        assert rows["score"].mean() == pytest.approx(told["f1,none"], rel=1e-12)
        shown = {one.name: one.value for one in figures_of(cell)}
        assert shown["micro_precision"] == pytest.approx(told["micro_p,none"], rel=1e-12)
        assert shown["micro_recall"] == pytest.approx(told["micro_r,none"], rel=1e-12)
        assert "macro_f1" not in shown, "its names are given as texts here"
    (one,) = compare_variants(tmp_path, "one", "other")
    assert one.difference.kind == "counts"
    assert "randomisation" in one.difference.test


def test_a_corpus_figure_without_numbers_of_its_own_is_refused_by_name(concept_logs, tmp_path):
    for metric in ("macro_f1", "micro_p,none", "micro_r"):
        with pytest.raises(Refusal, match=f"'{metric.split(',')[0]},none' belongs to all samples together"):
            import_files([concept_logs], tmp_path, Wish(metric=metric))
    (log,) = (concept_logs / "one").glob("samples_*")
    (beside,) = (concept_logs / "one").glob("results_*")
    alone = tmp_path / log.name
    alone.write_bytes(log.read_bytes())
    assert "belongs to all samples together" in refused(alone, tmp_path, metric="micro_f1")
    told = json.loads(beside.read_text())
    figures = told["results"]["proctor_concepts"]
    other = told | {"results": {"proctor_concepts": figures | {"micro_f1,none": 0.5}}}
    (tmp_path / beside.name).write_text(json.dumps(other))
    assert "is 0.5 in the results" in refused(alone, tmp_path, metric="micro_f1")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_figure_that_is_no_mean_of_what_is_logged_is_refused(lm_eval_logs, tmp_path):
    """A perplexity is logged as log-likelihoods, of which more is better: turned round, the worse model would win."""
    (log,) = (lm_eval_logs / "Plain-1B").glob("samples_*")
    (beside,) = (lm_eval_logs / "Plain-1B").glob("results_*")
    alone = tmp_path / log.name
    alone.write_bytes(log.read_bytes())
    told = json.loads(beside.read_text())
    told["results"]["sums"]["exact_match,strict"] = 17.3
    (tmp_path / beside.name).write_text(json.dumps(told))
    assert "is 17.3 in the results, and 0.333333 as the mean" in refused(
        alone, tmp_path, metric="exact_match,strict"
    )


def test_a_metric_of_which_less_is_better_must_be_turned_round(lm_eval_logs, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    for file in (lm_eval_logs / "Plain-1B").iterdir():
        text = file.read_text()
        if file.name.startswith("results_"):
            told = json.loads(text)
            told["higher_is_better"]["sums"]["exact_match"] = False
            text = json.dumps(told)
        (folder / file.name).write_text(text)
    with pytest.raises(Refusal, match="less is better; here more is better; give --lower-is-better"):
        import_files([folder], tmp_path / "results", Wish(metric="exact_match,strict"))
    import_files([folder], tmp_path / "results", Wish(metric="exact_match,strict", negate=True))
    cell, rows = scores(tmp_path / "results", "plain-1b", "sums")
    assert rows["score"].sum() == -4
    assert cell.run.task.scale == (-1.0, 0.0)
