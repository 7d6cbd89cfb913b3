"""Stock tasks of Inspect by their names: every response and score is the stock command's on the same weights."""

import shutil
import sys

import inspect_ai
import pytest
from inspect_ai._util import entrypoints
from inspect_ai.log import read_eval_log
from inspect_ai.model import get_model

from proctor.common.paths import inside
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.config.suite import Suite
from proctor.harness.plan.notes import without_examples
from proctor.harness.plan.plan import make_plan
from proctor.harness.run import run_suite
from proctor.tasks.index import find_task
from tests.conftest import Home
from tests.support.command import ROOT

TINY = str(ROOT / "finetune" / "tiny")
TASKS = ROOT / "tests" / "support" / "inspect_tasks.py"


def install(site):
    """A package of Inspect tasks, as pip would put it there: its entry point names what registers them."""
    (site / "school_tasks").mkdir(parents=True)
    (site / "school_tasks" / "__init__.py").write_text("")
    shutil.copy(TASKS, site / "school_tasks" / "quiz.py")
    (site / "school_tasks" / "_registry.py").write_text("from school_tasks.quiz import picks, tooled\n")
    about = site / "school_tasks-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: school_tasks\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[inspect_ai]\nschool_tasks = school_tasks._registry\n")
    (about / "top_level.txt").write_text("school_tasks\n")
    (about / "RECORD").write_text("school_tasks/__init__.py,,\nschool_tasks/_registry.py,,\n")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("inspect"))
    shutil.copy(TASKS, home.folder / "quiz.py")
    install(home.folder / "site-packages")
    sys.path.insert(0, str(home.folder / "site-packages"))
    # A process that has loaded all packages once, as other tests make it, looks for no new ones.
    entrypoints._inspect_ai_eps_loaded_all = False
    home.variant("tiny", base="finetune/tiny")
    home.variant("sure", base="finetune/tiny", sampling={"logprobs": True})
    tasks = [
        "inspect:quiz.py@sums",
        "inspect:quiz.py@picks",
        "inspect:school_tasks/picks",
        "inspect:quiz.py@limited",
    ]
    metric = {"inspect:quiz.py@sums": "match"}
    suite = home.suite(variants=["tiny", "sure"], tasks=tasks, baseline="tiny", metric=metric)
    run_suite(str(suite), home.results, home.store, Reporter(Console(quiet=True)))
    yield home
    sys.path.remove(str(home.folder / "site-packages"))


@pytest.fixture(scope="module")
def stock():
    """The same weights as Inspect alone opens them."""
    return get_model(
        "hf/tiny", model_path=TINY, device="cpu", do_sample=False, dtype="float32", memoize=False
    )


@pytest.mark.parametrize(
    ("called", "scorer", "rows"),
    [("quiz.py@sums", "match", 6), ("quiz.py@picks", "choice", 8), ("school_tasks/picks", "choice", 8),
     ("quiz.py@limited", "includes", 3)],
)  # fmt: skip
def test_every_response_and_score_is_the_stock_commands(ran, stock, tmp_path, called, scorer, rows):
    spec = f"{ran.folder}/{called}" if "@" in called else called
    # Inspect waits two seconds for a batch to become full.
    (log,) = inspect_ai.eval(
        spec,
        model=stock,
        display="none",
        log_dir=str(tmp_path),
        ctl_server=False,
        log_realtime=False,
        max_connections=rows,
    )
    assert log.status == "success"
    with inside(ran.folder):
        task = find_task(f"inspect:{called}", scorer)
    cell = record.read(ran.results, "tiny", task.name)
    mine = {(row.sample_id, row.epoch): row for row in cell.rows().itertuples()}
    theirs = {(str(sample.id), sample.epoch): sample for sample in log.samples}
    assert mine.keys() == theirs.keys()
    assert len(mine) == rows
    for key, row in mine.items():
        assert row.response == theirs[key].output.completion
        assert row.score == float(theirs[key].scores[scorer].value == "C")
    (told,) = [score for score in log.results.scores if score.name == scorer]
    assert cell.rows()["score"].mean() == told.metrics["accuracy"].value
    assert cell.run.task.kind == "binary"
    assert cell.run.task.headline == scorer


def test_log_probabilities_reach_inspects_log_and_the_rows_and_change_no_response(ran):
    with inside(ran.folder):
        task = find_task("inspect:quiz.py@sums", "match")
    plain, sure = (record.read(ran.results, variant, task.name).rows() for variant in ("tiny", "sure"))
    assert plain[["response", "score"]].equals(sure[["response", "score"]])
    assert all("logprob_mean" not in row for row in plain["metrics"])
    (path,) = (ran.store / "inspect").glob("sure-*/*sums*.eval")
    logged = {(str(sample.id), sample.epoch): sample.output for sample in read_eval_log(str(path)).samples}
    for row in sure.itertuples():
        output = logged[row.sample_id, row.epoch]
        tokens = output.choices[0].logprobs.content
        assert "".join(token.token for token in tokens) == row.response
        values = [token.logprob for token in tokens if token.token]
        assert all(value <= 0 for value in values)
        assert row.metrics["logprob_mean"] == pytest.approx(sum(values) / len(values))
        assert row.metrics["logprob_least"] == min(values)


@pytest.mark.parametrize(
    ("spec", "metric", "words"),
    [
        ("inspect:quiz.py@tooled", None, "it acts by 'use_tools', and here a model only generates"),
        ("inspect:school_tasks/tooled", None, "it acts by 'use_tools'"),
        ("inspect:school_tasks/nothing", None, "school_tasks/nothing"),
        ("inspect:quiz.py@boxed", None, "it needs a sandbox"),
        ("inspect:quiz.py@best", None, "it reduces epochs by 'max'"),
        ("inspect:quiz.py@reduced", None, "it reduces epochs by 'mode'"),
        ("inspect:quiz.py@twins", None, "two samples have the id '2'"),
        ("inspect:quiz.py@pictures", None, "here a model only reads text"),
        ("inspect:quiz.py@graded", None, "the examined model would grade itself"),
        ("inspect:quiz.py@sums", "mtach", "has no scorer 'mtach'; did you mean 'match'?"),
        ("inspect:quiz.py@none", None, "none"),
        ("inspect:quiz.py", None, "names no task"),
        ("inspect:quzi.py@sums", None, "no file 'quzi.py'"),
        ("inspect:nobody/sums", None, "nobody/sums"),
    ],
)
def test_what_cannot_be_asked_is_one_line_before_an_engine_opens(ran, spec, metric, words):
    with inside(ran.folder), pytest.raises(Refusal) as refused:
        find_task(spec, metric)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_plan_says_that_a_pack_with_examples_has_none_for_a_stock_task(ran):
    ran.variant("few", base="finetune/tiny", prompt="cot-2shot")
    suite = ran.suite(
        "few", variants=["few"], tasks=["inspect:quiz.py@sums", "word_problems"], baseline="few"
    )
    with inside(ran.folder):
        plan = make_plan(Suite.load(str(suite)), ran.results, ran.store)
        notes = list(without_examples(plan))
    assert notes == [
        f"few: {plan.cells[0].task} is asked without the examples of the prompt pack cot-2shot, which are for other "
        "tasks; a stock task has those that its own framework shows"
    ]
