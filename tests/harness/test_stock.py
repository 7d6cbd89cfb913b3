"""Our tasks under the stock commands, without the harness, give the harness's numbers, sample by sample."""

import json

import pytest

from proctor.harness import record
from proctor.tasks import TASKS
from proctor.tasks.draw import TaskItems
from tests.support.command import python

LIMIT = 3


def places(task):
    """Where the items that a limit draws stand in the data, which is how lm-eval names them."""
    items = TaskItems(TASKS[task], TASKS[task].docs("test"), LIMIT)
    return [place for place, doc in enumerate(items.every) if doc in items.asked]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    from tests.conftest import Home

    home = Home(tmp_path_factory.mktemp("ours"))
    home.variant("tiny", base="finetune/tiny")
    tasks = ["word_problems", "concepts", "study_plan"]
    suite = home.suite(variants=["tiny"], tasks=tasks, baseline="tiny", limit=dict.fromkeys(tasks, LIMIT))
    done = home.run(suite)
    assert done.returncode == 0, done.stderr
    return {task: record.read(home.results, "tiny", task).rows() for task in tasks}


# Each as its package installs it, one after the other in a process that has asked nothing of the harness.
# The index of the fourteen thousand tasks of lm-eval, nine seconds of a processor, and a look at this machine are all
# that it goes without.
STOCK = """
import json, sys
from functools import partial
from importlib.metadata import entry_points
import datasets.config
import lm_eval.tasks
import torch.utils.collect_env
torch.utils.collect_env.get_pretty_env_info = lambda: "not asked"
calls, datasets.config.HF_DATASETS_CACHE = json.loads(sys.argv[1]), sys.argv[2]
lm_eval.tasks.TaskManager = partial(lm_eval.tasks.TaskManager, include_defaults=False)
for name, *words in calls:
    (command,) = entry_points(group="console_scripts", name=name)
    sys.argv = [name, *words]
    try:
        ended = command.load()()
    except SystemExit as end:
        ended = end.code
    assert not ended, name
"""


@pytest.fixture(scope="module")
def stock(ours, tmp_path_factory):
    """The folder with what the stock commands wrote."""
    folder = tmp_path_factory.mktemp("stock")
    samples = {f"proctor_{task}": places(task) for task in ("word_problems", "concepts")}
    lm_eval = [
        "lm_eval", "run", "--include_path", "tasks", "--tasks", "proctor_word_problems,proctor_concepts",
        "--model", "hf", "--model_args", "pretrained=finetune/tiny,dtype=float32", "--batch_size", "64",
        "--device", "cpu", "--samples", json.dumps(samples), "--apply_chat_template",
        "--fewshot_as_multiturn", "True", "--log_samples", "--output_path", str(folder / "lm_eval"),
    ]  # fmt: skip
    inspect = [
        "inspect", "eval", "tasks/study_plan/task.py", "--model", "hf/tiny", "-M", "model_path=finetune/tiny",
        "-M", "device=cpu", "-M", "do_sample=false", "-M", "dtype=float32",
        "--sample-id", ",".join(ours["study_plan"]["sample_id"]), "--log-dir", str(folder / "inspect"),
        "--log-format", "json", "--display", "none", "--max-connections", str(LIMIT),
    ]  # fmt: skip
    done = python(STOCK, json.dumps([lm_eval, inspect]), str(folder / "cache"))
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return folder


def test_lm_eval_gives_our_answers_and_our_marks(ours, stock):
    for task, metric in (("word_problems", "accuracy"), ("concepts", "f1")):
        (log,) = stock.rglob(f"samples_proctor_{task}_*.jsonl")
        theirs = {}
        for line in log.read_text(encoding="utf-8").splitlines():
            sample = json.loads(line)
            theirs[sample["doc"]["id"]] = (
                sample["arguments"]["gen_args_0"]["arg_0"],
                sample["resps"][0][0],
                sample[metric],
            )
        mine = {row.sample_id: (row.prompt, row.response, row.score) for row in ours[task].itertuples()}
        assert len(mine) == LIMIT
        assert mine == theirs


def test_inspect_gives_our_answers_and_our_marks(ours, stock):
    (log,) = (stock / "inspect").glob("*.json")
    told = json.loads(log.read_text(encoding="utf-8"))
    assert told["status"] == "success"
    mine = {row.sample_id: row for row in ours["study_plan"].itertuples()}
    assert len(told["samples"]) == LIMIT == len(mine)
    for sample in told["samples"]:
        row = mine[sample["id"]]
        (score,) = sample["scores"].values()
        assert sample["output"]["choices"][0]["message"]["content"] == row.response
        assert score["value"]["overall"] == row.score
