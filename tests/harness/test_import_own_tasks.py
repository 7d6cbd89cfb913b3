"""A stock lm-eval log of our own tasks: comparable with our own cell just when it was asked the same."""

import json
import re

import pytest
from typer.testing import CliRunner

from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.cli.main import app
from proctor.leaderboard.compare.items import estimate_cell
from proctor.tasks import TASKS
from tests.conftest import Home
from tests.support.command import ROOT
from tests.support.comparing import compare_variants
from tests.support.import_rows import write
from tests.support.lm_eval_runs import simple_evaluate


def answer(doc):
    """Right, wrong, and without a number, by the item's own letters."""
    k = sum(map(ord, doc["id"])) % 5
    return "I cannot say." if k == 0 else doc["answer"] if k < 4 else "#### 7"


def stock_log(folder, task, answers, model="stock/model", shots=None, chat=True, limit=None, **metadata):
    """What the stock lm-eval writes for our task, asked of the echo engine, with its own evaluator and tracker."""
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    from proctor.harness.engines.echo import EchoEngine

    class Echo(EchoEngine):
        tokenizer_name = "echo"

        def chat_template(self, chat_template=False):
            return "role: content"

    manager = TaskManager(include_path=str(ROOT / "tasks"), include_defaults=False, metadata=metadata)
    found = simple_evaluate(
        model=Echo(answers), tasks=[f"proctor_{task}"], task_manager=manager, log_samples=True, bootstrap_iters=0,
        num_fewshot=shots, apply_chat_template=chat, fewshot_as_multiturn=chat, limit=limit,
    )  # fmt: skip
    samples = found.pop("samples")
    tracker = EvaluationTracker(output_path=str(folder))
    tracker.general_config_tracker.log_experiment_args(
        model_source="echo", model_args=f"pretrained={model}", system_instruction=None,
        chat_template="role: content" if chat else None, fewshot_as_multiturn=chat,
    )  # fmt: skip
    tracker.save_results_aggregated(results=found, samples=samples)
    tracker.save_results_samples(task_name=f"proctor_{task}", samples=samples[f"proctor_{task}"])
    (path,) = folder.rglob("samples_*.jsonl")
    return path


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A home with our own cells of word problems and concepts, and the answers that they were made of."""
    home = Home(tmp_path_factory.mktemp("ours"))
    home.echo("mine", answer, "word_problems", "concepts")
    home.echo("shown", answer, "word_problems", "concepts", prompt="cot-2shot")
    done = home.run(
        home.suite(variants=["mine", "shown"], tasks=["word_problems", "concepts"], baseline="mine")
    )
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def stock_logs(ours, tmp_path_factory):
    """The same tasks asked as our own cells asked them."""
    folder = tmp_path_factory.mktemp("stock")
    return {
        task: stock_log(folder / task, task, ours.folder / "mine.jsonl")
        for task in ("word_problems", "concepts")
    }


@pytest.fixture
def log(stock_logs, tmp_path):
    """A copy of the stock log of the word problems, with its results, for a test to change."""
    for file in stock_logs["word_problems"].parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path / stock_logs["word_problems"].name


@pytest.mark.parametrize("task", ["word_problems", "concepts"])
def test_the_same_task_under_the_stock_command_is_compared_item_by_item(ours, stock_logs, task):
    (done,) = import_files([stock_logs[task]], ours.results, Wish(variant=f"stock-{task.replace('_', '-')}"))
    assert (done.task, done.lacks) == (task, ())
    (found,) = compare_variants(ours.results, done.variant, "mine", [task])
    own = record.read(ours.results, "mine", task)
    assert found.difference.difference == 0
    assert found.difference.n == len(TASKS[task].docs("test"))
    assert done.mean == pytest.approx(estimate_cell(own).mean)
    theirs = record.read(ours.results, done.variant, task)
    columns = ["sample_id", "cluster", "doc_hash", "prompt", "response", "score", "task_version"]
    assert theirs.rows()[columns].equals(own.rows()[columns])
    assert theirs.run.statuses["unparsed"] == own.run.statuses["unparsed"] > 0
    assert theirs.run.task.title == own.run.task.title


def test_shots_are_those_of_the_pack_that_makes_the_same_prompt(ours, tmp_path):
    path = stock_log(tmp_path / "logs", "word_problems", ours.folder / "mine.jsonl", shots=2)
    import_files([path], ours.results, Wish(variant="two-shots"))
    (found,) = compare_variants(ours.results, "two-shots", "shown", ["word_problems"])
    assert found.difference.difference == 0
    with pytest.raises(
        ValueError, match=r"they differ in the prompt \(two-shots: cot-2shot; mine: default\)"
    ):
        compare_variants(ours.results, "two-shots", "mine", ["word_problems"])


CHANGES = {
    "shots": (
        {"shots": 5},
        r"the prompt \(other-shots: default \[5 shots for 0\]; mine: default\)",
    ),
    "template": (
        {"chat": False},
        r"the prompt \(other-template: default \[without a chat template\]; mine: default\)",
    ),
    "pack": (
        {"prompt": "cot"},
        r"the prompt \(other-pack: cot; mine: default\)",
    ),
    "items": (
        {"limit": 20},
        r"the items \(other-items: 20 items; mine: 250 items\)",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_asked_otherwise_is_refused_with_the_field_and_both_values(ours, change, tmp_path):
    more, words = CHANGES[change]
    path = stock_log(tmp_path / "logs", "word_problems", ours.folder / "mine.jsonl", **more)
    import_files([path], ours.results, Wish(variant=f"other-{change}"))
    with pytest.raises(ValueError, match=words) as caught:
        compare_variants(ours.results, f"other-{change}", "mine", ["word_problems"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"proctor_word_problems": VERSION', '"proctor_word_problems": 0.9', r"version \(changed-\d+: 0.9; mine: {}\)"),
        ('"system_instruction": null', '"system_instruction": "Be brief."', r"default \[a system instruction\]"),
    ],
)  # fmt: skip
def test_another_version_or_a_system_instruction_is_named(ours, old, new, words, log):
    (results,) = log.parent.glob("results_*.json")
    version = TASKS["word_problems"].version
    text = results.read_text()
    changed = text.replace(old.replace("VERSION", version), new)
    assert changed != text
    results.write_text(changed)
    name = f"changed-{len(new)}"
    import_files([log], ours.results, Wish(variant=name))
    with pytest.raises(ValueError, match=words.format(re.escape(version))):
        compare_variants(ours.results, name, "mine", ["word_problems"])


def test_another_wording_of_one_item_is_another_prompt_or_another_item(ours, log):
    lines = log.read_text().splitlines()
    for field, words in (("prompt", "a wording of no prompt pack; mine: default"), ("question", "the items")):
        row = json.loads(lines[0])
        row["doc"][field] += " Think."
        write(log, json.dumps(row), *lines[1:])
        import_files([log], ours.results, Wish(variant=f"reworded-{field}"))
        with pytest.raises(ValueError, match=words):
            compare_variants(ours.results, f"reworded-{field}", "mine", ["word_problems"])


def test_another_metric_of_our_task_is_another_thing(ours, log):
    import_files([log], ours.results, Wish(variant="strict", metric="strict_match"))
    with pytest.raises(ValueError, match=r"the metric \(strict: strict_match,none; mine: accuracy\)"):
        compare_variants(ours.results, "strict", "mine", ["word_problems"])


def test_without_its_results_a_log_is_taken_for_no_task_of_ours(log, tmp_path):
    """Nothing then tells the version, the shots and the template."""
    (results,) = tmp_path.glob("results_*.json")
    results.unlink()
    (done,) = import_files([log], tmp_path / "results", Wish(variant="alone", metric="accuracy"))
    assert (done.task, list(done.lacks)) == ("proctor_word_problems", ["task version"])


def test_the_examples_of_a_task_from_outside_are_held_to_the_prompts(tmp_path, monkeypatch):
    """Our cells know their shots by a hash; the log shows them in its prompts."""
    data = tmp_path / "data" / "gsm8k"
    data.mkdir(parents=True)
    for split in ("train", "test"):
        rows = [{"question": f"{split}: what is {i} + 1?", "answer": f"#### {i + 1}"} for i in range(12)]
        write(data / f"{split}.jsonl", *map(json.dumps, rows))
    monkeypatch.setenv("PROCTOR_DATA", str(tmp_path / "data"))
    home = Home(tmp_path)
    home.echo("mine", answer, "gsm8k", prompt="cot-2shot")
    done = home.run(home.suite(variants=["mine"], tasks=["gsm8k"], baseline="mine"))
    assert done.returncode == 0, done.stderr
    path = stock_log(tmp_path / "logs", "gsm8k", home.folder / "mine.jsonl", shots=2)
    import_files([path], home.results, Wish(variant="stock"))
    (found,) = compare_variants(home.results, "stock", "mine", ["gsm8k"])
    assert (found.difference.difference, found.difference.n) == (0, 12)
    path.write_text(path.read_text().replace("train: what is 1 + 1?", "train: what is one and 1?"))
    import_files([path], home.results, Wish(variant="others"))
    with pytest.raises(ValueError, match=r"the shots \(cot-2shot for both, but not the same\)"):
        compare_variants(home.results, "others", "mine", ["gsm8k"])


def test_a_board_shows_the_stock_log_beside_our_own_cell(ours, log, tmp_path):
    results = tmp_path / "results"
    for variant in ("mine",):
        source = ours.results / variant / "word_problems"
        target = results / variant / "word_problems"
        target.mkdir(parents=True)
        for file in ("run.json", "samples.parquet"):
            (target / file).write_bytes((source / file).read_bytes())
    where = ["--results", str(results)]
    told = CliRunner().invoke(app, ["import", str(log), *where])
    assert told.exit_code == 0, told.output
    assert "stock-model x word_problems: accuracy" in told.output
    assert "independent" not in told.output
    found = CliRunner().invoke(app, ["compare", "stock-model", "mine", *where, "--json"])
    assert found.exit_code == 0, found.output
    (one,) = json.loads(found.output)["comparisons"]
    assert (one["difference"], one["n_paired"], one["lacks"]) == (0, 250, [])
    built = CliRunner().invoke(app, ["board", "build", *where, "--out", str(tmp_path / "board")])
    assert built.exit_code == 0, built.output
