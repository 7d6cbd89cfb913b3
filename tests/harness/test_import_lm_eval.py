"""lm-eval's other kinds of logs: multiple choice, repeats with a vote, groups of tasks; written by lm-eval itself."""

import json

import pytest

from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from tests.support.comparing import compare_variants
from tests.support.import_rows import refused, scores, write
from tests.support.lm_eval_runs import simple_evaluate

CHOICE = """
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: [red, green, blue]
doc_to_target: "{{answer}}"
metric_list: [{metric: acc}, {metric: acc_norm}]
"""
VOTED = """
output_type: generate_until
repeats: 3
doc_to_text: "{{question}}"
doc_to_target: "{{['red', 'green', 'blue'][answer]}}"
generation_kwargs: {until: [], do_sample: true, temperature: 1.0}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
filter_list:
  - {name: first, filter: [{function: regex, regex_pattern: "It is ([a-z]+)"}, {function: take_first}]}
  - name: vote
    filter: [{function: regex, regex_pattern: "It is ([a-z]+)"}, {function: majority_vote}, {function: take_first}]
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """A group of a choice task and a task of three answers each, put to one scripted model."""
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    folder = tmp_path_factory.mktemp("kinds")
    docs = [
        {"question": f"Colour {i}?", "answer": i % 3, "origin": {"book": f"b{i // 4}"}} for i in range(12)
    ]
    write(folder / "colours.jsonl", *map(json.dumps, docs))
    data = (
        f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {folder / 'colours.jsonl'}}}, "
        f"cache_dir: {folder / 'cache'}}}\ntest_split: test\nmetadata: {{version: 1.0}}"
    )
    for name, kind in (("choice", CHOICE), ("voted", VOTED)):
        write(folder / f"{name}.yaml", f"task: colours_{name}", data, kind)
    write(
        folder / "group.yaml",
        "group: colours\ntask: [colours_choice, colours_voted]",
    )

    class Scripted(LM):
        def loglikelihood(self, requests):
            return [(-1.0 - (k * 7 % 5) / 2 - len(r.args[1]), False) for k, r in enumerate(requests)]

        def generate_until(self, requests):
            words = ["It is red", "It is green", "no idea", "no idea", "It is blue", "no idea", "no idea"]
            return [words[k * 3 % 7] for k, _ in enumerate(requests)]

        loglikelihood_rolling = None

    found = simple_evaluate(
        model=Scripted(), tasks=["colours"], log_samples=True, bootstrap_iters=0,
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
    )  # fmt: skip
    samples = found.pop("samples")
    tracker = EvaluationTracker(output_path=str(folder / "logs"))
    tracker.general_config_tracker.log_experiment_args(
        model_source="scripted", model_args="pretrained=m", system_instruction=None, chat_template=None,
        fewshot_as_multiturn=False,
    )  # fmt: skip
    tracker.save_results_aggregated(results=found, samples=samples)
    for task, mine in samples.items():
        tracker.save_results_samples(task_name=task, samples=mine)
    files = {
        name: next((folder / "logs/m").glob(f"samples_colours_{name}_*")) for name in ("choice", "voted")
    }
    return files, found["results"]


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("choice", "acc"),
        ("choice", "acc_norm"),
        ("voted", "exact_match,first"),
        ("voted", "exact_match,vote"),
    ],
)
def test_each_metric_has_the_mean_that_lm_eval_reports(logs, name, metric, tmp_path):
    files, results = logs
    (done,) = import_files([files[name]], tmp_path, Wish(metric=metric))
    key = metric if "," in metric else f"{metric},none"
    assert done.mean == pytest.approx(results[f"colours_{name}"][key], abs=1e-12)
    assert (done.reported, done.samples, done.rows) == (results[f"colours_{name}"][key], 12, 12)


def test_a_sample_of_several_answers_is_unparsed_when_the_filter_found_none(logs, tmp_path):
    files, _ = logs
    unparsed = {}
    for filter_ in ("first", "vote"):
        import_files([files["voted"]], tmp_path, Wish(variant=filter_, metric=f"exact_match,{filter_}"))
        _, rows = scores(tmp_path, filter_, "colours_voted")
        unparsed[filter_] = set(rows.index[rows["status"] == "unparsed"])
        assert set(rows.loc[list(unparsed[filter_]), "score"]) == {0.0}
        assert rows["response"].map(lambda text: len(json.loads(text)) == 3).all()
    logged = [json.loads(line) for line in files["voted"].read_text().splitlines()]
    for filter_, named in unparsed.items():
        assert named == {
            str(row["doc_id"])
            for row in logged
            if row["filter"] == filter_ and row["filtered_resps"] == ["[invalid]"]
        }
    assert 0 < len(unparsed["first"]) < 12


def test_a_choice_is_never_unparsed(logs, tmp_path):
    (done,) = import_files([logs[0]["choice"]], tmp_path, Wish(metric="acc"))
    assert done.statuses == {"ok": 12, "unparsed": 0, "error": 0}


def test_the_tasks_of_a_group_are_cells_of_their_own(logs, tmp_path):
    folder = logs[0]["choice"].parent
    assert "no metric 'acc'" in refused(folder / logs[0]["voted"].name, tmp_path, metric="acc")
    done = [
        *import_files([logs[0]["choice"]], tmp_path, Wish(metric="acc")),
        *import_files([logs[0]["voted"]], tmp_path, Wish(metric="exact_match,first")),
    ]
    assert [one.task for one in done] == ["colours_choice", "colours_voted"]


def test_the_cluster_can_be_a_field_inside_a_field_of_the_document(logs, tmp_path):
    for variant in ("one", "other"):
        (done,) = import_files(
            [logs[0]["choice"]], tmp_path, Wish(variant=variant, metric="acc", cluster="origin.book")
        )
        assert done.clustered
    (found,) = compare_variants(tmp_path, "one", "other")
    assert found.difference.clusters == 3
    message = refused(logs[0]["choice"], tmp_path, metric="acc", cluster="origin.page")
    assert "sample 0 has no field 'origin.page' with one value for its cluster" in message
