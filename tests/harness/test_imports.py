"""Logs and scores of other tools become cells: real ones of lm-eval and Inspect, plain rows, and bad files."""

import json
import random
import re
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.board import site
from proctor.leaderboard.cli.main import app
from proctor.leaderboard.compare.compare import compare_variants
from proctor.leaderboard.compare.figures import figures_of
from proctor.leaderboard.compare.items import estimate_cell, load_cells
from tests.conftest import ROOT

HEADER = "variant,task,sample_id,score"


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def plain(path, *rows, header=HEADER):
    return write(path, header, *rows)


def refused(path, results, **wish):
    with pytest.raises(Refusal) as caught:
        import_files([path], results, Wish(**wish))
    assert "\n" not in str(caught.value)
    assert str(path.name) in str(caught.value)
    return str(caught.value)


def scores(results, variant, task):
    cell = record.read(results, variant, task)
    assert cell is not None
    assert not cell.problem
    return cell, cell.rows().set_index("sample_id")


# lm-eval: two real runs, made by the lm-eval that is installed.


@pytest.fixture(scope="module")
def lm_eval_logs(tmp_path_factory):
    """A task with two filters, put to two scripted models; logs written by lm-eval itself."""
    import lm_eval
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
        found = lm_eval.simple_evaluate(
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
    import lm_eval
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
        found = lm_eval.simple_evaluate(
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
    assert "need the results_*.json" in refused(alone, tmp_path, metric="micro_f1")
    told = json.loads(beside.read_text())
    figures = told["results"]["proctor_concepts"]
    for changed in ({"micro_f1,none": 0.5}, {"micro_p,none": figures["micro_r,none"]}):
        other = told | {"results": {"proctor_concepts": figures | changed}}
        (tmp_path / beside.name).write_text(json.dumps(other))
        assert "belongs to all samples together" in refused(alone, tmp_path, metric="micro_f1")
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


# Inspect: real logs, made by the Inspect that is installed.


@pytest.fixture(scope="module")
def inspect_logs(tmp_path_factory):
    """One task in both formats: two scorers, one of several figures; a sample without a verdict, and two epochs."""
    import inspect_ai
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import Score, match, mean, scorer

    @scorer(metrics={"fluency": [mean()], "depth": [mean()]})
    def marks():
        async def score(state, target):
            if state.sample_id == "s4":
                return Score.unscored(reason="the judge gave no verdict")
            return Score(value={"fluency": 3 + int(state.sample_id[1]) % 2, "depth": 2.5}, explanation="read")

        return score

    def output(k):
        made = ModelOutput.from_content("mockllm/model", "four" if k % 4 else "4")
        made.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
        return made

    folder = tmp_path_factory.mktemp("inspect")
    for form in ("eval", "json"):
        inspect_ai.eval(
            inspect_ai.Task(
                dataset=[
                    Sample(input="2 + 2?", target="4", id=f"s{i}", metadata={"source": f"book {i // 3}"})
                    for i in range(6)
                ],
                scorer=[match(), marks()], name="sums", version=3,
            ),
            model=get_model("mockllm/model", custom_outputs=[output(k) for k in range(12)]),
            log_dir=str(folder / form), log_format=form, display="none", log_level="error", epochs=2, ctl_server=False,
            max_samples=1,
        )  # fmt: skip
    return {form: next((folder / form).iterdir()) for form in ("eval", "json")}


@pytest.mark.parametrize("form", ["eval", "json"])
def test_inspects_logs_become_cells_and_a_missing_verdict_is_no_zero(inspect_logs, form, tmp_path):
    (done,) = import_files([inspect_logs[form]], tmp_path, Wish(metric="marks/fluency", cluster="source"))
    assert (done.variant, done.task, done.rows, done.scored) == ("mockllm-model", "sums", 12, 10)
    cell, rows = scores(tmp_path, "mockllm-model", "sums")
    assert rows.loc["s4", "score"].isna().all()
    assert set(rows.loc["s4", "status"]) == {"error"}
    assert set(rows.loc["s1", "score"]) == {4.0}
    assert list(rows.loc["s1", "epoch"]) == [1, 2]
    assert set(rows["cluster"]) == {"book 0", "book 1"}
    assert rows["prompt"].eq("2 + 2?").all()
    assert (rows["tokens_in"].sum(), rows["tokens_out"].sum()) == (60, 12)
    assert cell.run.task.headline == "marks/fluency"
    assert cell.run.statuses["error"] == 2
    assert cell.run.definition.task_version == "inspect 3"
    assert cell.run.definition.judge.startswith("marks ")


def test_both_of_inspects_formats_give_the_same_rows(inspect_logs, tmp_path):
    for form, path in inspect_logs.items():
        import_files([path], tmp_path / form, Wish(metric="match"))
    one, other = (scores(tmp_path / form, "mockllm-model", "sums")[1] for form in inspect_logs)
    assert one.drop(columns="seconds").equals(other.drop(columns="seconds"))
    assert set(one["score"]) == {0.0, 1.0}  # C and I


def test_inspects_scorers_are_listed_when_none_was_chosen(inspect_logs, tmp_path):
    with pytest.raises(Refusal, match="there are: match, marks/fluency, marks/depth"):
        import_files([inspect_logs["eval"]], tmp_path, Wish())


def test_a_log_that_is_not_whole_is_refused(inspect_logs, tmp_path):
    told = json.loads(inspect_logs["json"].read_text())
    stopped = write(tmp_path / "stopped.json", json.dumps(told | {"status": "cancelled"}))
    assert "status is 'cancelled'" in refused(stopped, tmp_path, metric="match")
    empty = write(tmp_path / "empty.json", json.dumps(told | {"samples": []}))
    assert "holds no samples" in refused(empty, tmp_path, metric="match")
    broken = tmp_path / "broken.eval"
    broken.write_bytes(inspect_logs["eval"].read_bytes()[:500])
    assert "no log that Inspect can read" in refused(broken, tmp_path, metric="match")
    told["samples"][0]["scores"]["match"]["value"] = "superb"
    odd = write(tmp_path / "odd.json", json.dumps(told))
    assert "'superb' is no score" in refused(odd, tmp_path, metric="match")


# Plain scores.


def test_plain_rows_become_cells_whatever_tool_made_them(tmp_path):
    path = plain(
        tmp_path / "scores.csv",
        "GPT-4 (June),gsm,007,1,book 1,why?", "GPT-4 (June),gsm,8,0,book 1,how?", "GPT-4 (June),gsm,9,,book 2,when?",
        "small,gsm,007,0,book 1,why?", "small,gsm,8,0,book 1,how?", "small,gsm,9,1,book 2,when?",
        header=HEADER + ",cluster,question",
    )  # fmt: skip
    done = import_files([path], tmp_path / "results", Wish())
    assert [(one.variant, one.called, one.rows, one.scored) for one in done] == [
        ("gpt-4-june", "GPT-4 (June)", 3, 2), ("small", "small", 3, 3),
    ]  # fmt: skip
    assert done[0].ignored == ("question",)
    cell, rows = scores(tmp_path / "results", "gpt-4-june", "gsm")
    assert list(rows.index) == ["007", "8", "9"]
    assert list(rows["cluster"]) == ["book 1", "book 1", "book 2"]
    assert rows["score"].isna().tolist() == [False, False, True]
    assert list(rows["status"]) == ["ok", "ok", "error"]
    assert cell.run.task.kind == "binary"
    assert {"document hash", "prompt", "dataset hash"} <= set(cell.run.origin.lacks)


def test_spreadsheets_leave_marks_spaces_and_words_that_do_no_harm(tmp_path):
    path = tmp_path / "s.csv"
    path.write_bytes("\ufeffvariant, task, sample_id, score\r\na, t, 1, True\r\na, t,2,false\r\n".encode())
    import_files([path], tmp_path / "results", Wish())
    assert scores(tmp_path / "results", "a", "t")[1]["score"].to_dict() == {"1": 1.0, "2": 0.0}
    rows = [
        {"variant": "b", "task": "t", "sample_id": i, "score": s}
        for i, s in enumerate([True, False, 1, None])
    ]
    import_files([write(tmp_path / "b.jsonl", *map(json.dumps, rows))], tmp_path / "results", Wish())
    assert scores(tmp_path / "results", "b", "t")[1]["score"].tolist()[:3] == [1.0, 0.0, 1.0]


def test_csv_and_jsonl_say_the_same(tmp_path):
    rows = [
        {"variant": "a", "task": "t", "sample_id": i, "score": s, "epoch": 1}
        for i, s in enumerate([0.5, 1, None])
    ]
    write(tmp_path / "rows.jsonl", *map(json.dumps, rows))
    plain(tmp_path / "rows.csv", "a,t,0,0.5,1", "a,t,1,1,1", "a,t,2,,1", header=HEADER + ",epoch")
    for form in ("csv", "jsonl"):
        import_files([tmp_path / f"rows.{form}"], tmp_path / form, Wish())
    one, other = (scores(tmp_path / form, "a", "t")[0] for form in ("csv", "jsonl"))
    assert one.run.samples_sha256 == other.run.samples_sha256
    assert one.run.task.kind == "real"


def test_the_order_of_the_rows_leaves_no_trace(tmp_path):
    rows = [f"{v},t,{i},{random.Random(f'{v}{i}').random()}" for v in "abc" for i in range(50)]
    random.Random(1).shuffle(rows)
    import_files([plain(tmp_path / "one.csv", *rows)], tmp_path / "results", Wish())
    first = {at: cell.run.samples_sha256 for at, cell in load_cells(tmp_path / "results").items()}
    done = import_files([plain(tmp_path / "other.csv", *sorted(rows))], tmp_path / "results", Wish())
    assert {one.state for one in done} == {"there already"}
    assert {at: cell.run.samples_sha256 for at, cell in load_cells(tmp_path / "results").items()} == first


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["a,t,1,x", "a,t,2,1"], "1 row with a score that is no number (row 1)"),
        (["a,t,1,nan", "a,t,2,NaN"], "2 rows with a score that is no number (rows 1, 2); leave it empty"),
        (["a,t,1,1", "a,t,2,inf", "a,t,3,-Infinity"], "2 rows with an infinite score (rows 2, 3)"),
        (
            ["a,t,1,1", "b,t,1,1", "a,t,1,0"],
            "that has one already, such as 'a x t x 1' (row 3); keep one, or add a column 'epoch'",
        ),
        (["a,t,,1"], "1 row without a sample_id (row 1)"),
        ([",t,1,1"], "1 row without a variant"),
        (["a,t,1,", "a,t,2,"], "no row has a score"),
        (["!!!,t,1,1"], "no letters for a folder's name; give one with --variant"),
        (["A,t,1,1", "a,t,1,1"], "'A' x 't' and 'a' x 't' become a x t"),
        (["a,t,1"], "not readable as CSV"),
        ([], "holds no rows"),
    ],
)
def test_bad_rows_are_refused_in_one_line_that_names_them(tmp_path, rows, told):
    found = refused(plain(tmp_path / "bad.csv", *rows), tmp_path / "results")
    assert told in found
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("empty.csv", "", "is empty"),
        ("empty.jsonl", "\n", "is empty"),
        ("list.jsonl", "[1]", "line 1 is no JSON object"),
        ("cut.jsonl", '{"variant": "a"', "line 1 is no JSON"),
        (
            "nan.jsonl",
            '{"variant":"a","task":"t","sample_id":"1","score":NaN}',
            "a score that is no number (row 1)",
        ),
        (
            "inf.jsonl",
            '{"variant":"a","task":"t","sample_id":"1","score":Infinity}',
            "an infinite score (row 1)",
        ),
        ("no-score.jsonl", '{"variant":"a","task":"t","sample_id":"1"}', "no column 'score'"),
        ("half.jsonl", '{"sample_id":"1","score":1}\n{"sample_id":"2"}', "1 row without a score (row 2)"),
        (
            "columns.csv",
            "variant,task,id,score\na,t,1,1\n",
            "no column 'sample_id'; found: variant, task, id, score",
        ),
        ("unnamed.csv", "sample_id,score\n1,1\n", "or give --variant or --task"),
        ("twice.csv", "variant,task,sample_id,score,score\na,t,1,1,1\n", "two columns are called 'score'"),
        ("epoch.csv", HEADER + ",epoch\na,t,1,1,first\n", "with an epoch that is no whole number"),
        ("scores.xlsx", "x", "'.xlsx' is no format that is known"),
        ("scores.json", '[{"score": 1}]', "is no log of Inspect: it doesn't begin with a version"),
        ("deep.jsonl", "[" * 90_000, "line 1 holds a number or a nesting beyond what can be read"),
        ("long.jsonl", '{"score": ' + "1" * 9_000 + "}", "line 1 holds a number or a nesting"),
        (
            "large.jsonl",
            '{"variant":"a","task":"t","sample_id":"1","score":1e300}',
            "1 row with a score beyond 1e+100 (row 1)",
        ),
        ("latin.csv", HEADER + "\na,t,\xe9,1\n", ""),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, name, text, told):
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    assert told in refused(path, tmp_path / "results")


def test_repeated_answers_have_epochs(tmp_path):
    path = plain(tmp_path / "epochs.csv", "a,t,1,1,1", "a,t,1,0,2", "a,t,2,1,1", header=HEADER + ",epoch")
    import_files([path], tmp_path / "results", Wish())
    assert list(scores(tmp_path / "results", "a", "t")[1]["epoch"]) == [1, 2, 1]
    plain(tmp_path / "epochs.csv", "a,t,1,1,1", "a,t,1,0,1", header=HEADER + ",epoch")
    assert "for a variant x task x sample_id x epoch that has one already" in refused(
        path, tmp_path / "results"
    )


def test_one_scale_serves_all_variants_of_a_task(tmp_path):
    path = plain(tmp_path / "s.csv", "a,t,1,1.25", "a,t,2,3", "b,t,1,4.5", "b,t,2,2", "c,u,1,0", "c,u,2,1")
    import_files([path], tmp_path / "found", Wish())
    for variant in "ab":
        about = scores(tmp_path / "found", variant, "t")[0].run.task
        assert (about.kind, about.scale) == ("real", (1.0, 5.0))
    assert scores(tmp_path / "found", "c", "u")[0].run.task.kind == "binary"
    ratings = plain(tmp_path / "r.csv", "a,t,1,1.25", "a,t,2,3")
    import_files([ratings], tmp_path / "given", Wish(), scale=(0.0, 10.0))
    assert scores(tmp_path / "given", "a", "t")[0].run.task.scale == (0.0, 10.0)
    with pytest.raises(Refusal, match=r"scores from 1\.25 to 3; the scale given is 0 to 1"):
        import_files([ratings], tmp_path / "given", Wish(), scale=(0.0, 1.0))


def test_no_highest_score_is_made_up_where_the_source_states_no_scale(tmp_path):
    ratings = plain(tmp_path / "r.csv", *(f"{v},t,{i},{i % 5 + 1.5}" for v in "ab" for i in range(20)))
    guessed, stated = tmp_path / "guessed", tmp_path / "stated"
    import_files([ratings], guessed, Wish())
    import_files([ratings], stated, Wish(), scale=(0.0, 10.0))
    board = site.build(guessed, tmp_path / "board").parent
    pages = [re.sub(r"<[^>]*>", " ", path.read_text()) for path in board.rglob("*.html")]
    texts = [*pages, (board / "ranking.txt").read_text()]
    for command in (["compare", "a", "b"], ["compare"], ["report"]):
        texts.append(CliRunner().invoke(app, [*command, "--results", str(guessed)]).output)
    assert all("of 6" not in text and "1 to 6" not in text for text in texts)
    assert sum("3.50" in text and "on no stated scale" in text for text in texts) >= 5
    told = CliRunner().invoke(app, ["compare", "a", "b", "--results", str(stated)]).output
    assert "of 10)" in told
    assert "no stated scale" not in told


def test_what_is_there_is_never_replaced_unasked(tmp_path):
    results = tmp_path / "results"
    import_files([plain(tmp_path / "s.csv", "a,t,1,1", "a,t,2,0")], results, Wish())
    changed = plain(tmp_path / "s2.csv", "a,t,1,1", "a,t,2,1")
    with pytest.raises(Refusal, match=r"a x t is there already; it was made from s\.csv; give --redo"):
        import_files([changed], results, Wish())
    (done,) = import_files([changed], results, Wish(), redo=True)
    assert done.state == "made again"
    cell = scores(results, "a", "t")[0]
    record.write_run(cell.folder, cell.run.changed(origin=None))
    with pytest.raises(Refusal, match="results that Proctor made; an import never replaces them"):
        import_files([changed], results, Wish(), redo=True)


def test_a_million_rows_are_imported_and_compared_in_seconds(tmp_path):
    draw = random.Random(3)
    lines = [
        f"{v},big,{i},{int(draw.random() < p)}" for v, p in (("a", 0.5), ("b", 0.502)) for i in range(500_000)
    ]
    path = plain(tmp_path / "big.csv", *lines)
    start = time.perf_counter()
    done = import_files([path], tmp_path / "results", Wish())
    assert sum(one.rows for one in done) == 1_000_000
    found = CliRunner().invoke(app, ["compare", "a", "b", "--results", str(tmp_path / "results"), "--json"])
    assert found.exit_code == 0, found.output
    (one,) = json.loads(found.output)["comparisons"]
    assert one["n_paired"] == 500_000
    ones = [sum(line.endswith(",1") for line in lines[at : at + 500_000]) for at in (0, 500_000)]
    assert one["only_a"] - one["only_b"] == ones[0] - ones[1]
    assert time.perf_counter() - start < 180  # about 10 s; the bound leaves room for a busy machine


def test_the_command_says_what_was_made_and_what_is_lacking(tmp_path):
    path = plain(tmp_path / "s.csv", "a,t,1,1", "a,t,2,", "b,t,1,0", "b,t,2,1")
    where = ["--results", str(tmp_path / "results")]
    told = CliRunner().invoke(app, ["import", str(path), *where])
    assert told.exit_code == 0
    assert "a x t: score 100.0 % over 1 sample (2 rows), 0 unparsed, 1 error; " in told.output
    assert "b x t: score 50.0 % over 2 samples, 0 unparsed, 0 errors; " in told.output
    assert f"{tmp_path / 'results/b/t'} (new)" in told.output.replace("\n", "")
    assert (
        "samples are treated as independent; where some share a source, give --cluster FIELD" in told.output
    )
    assert "the source does not tell the document hash" in told.output
    assert Path(tmp_path / "results/b/t/samples.parquet").is_file()
    again = CliRunner().invoke(app, ["import", str(path), *where, "--json"])
    one, other = json.loads(again.output)
    assert (one["mean"], one["samples"], one["rows"], one["statuses"]["error"]) == (1.0, 1, 2, 1)
    assert (other["mean"], other["state"], other["clustered"]) == (0.5, "there already", False)
    assert Path(other["cell"]) == tmp_path / "results/b/t"
    plain(path, "a,t,1,1,x", "a,t,2,1,x", header=HEADER + ",cluster")
    grouped = CliRunner().invoke(app, ["import", str(path), *where, "--redo"])
    assert "independent" not in grouped.output
