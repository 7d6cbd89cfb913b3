"""Stock tasks of lm-eval by their names: every figure is the stock command's on the same engine, to the last digit."""

import json
import math
import random
from functools import cache
from pathlib import Path

import pytest

from proctor.common.paths import inside
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.schema import nearest
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.run import run_suite
from proctor.leaderboard.board import site
from proctor.leaderboard.cli.tasks import _about
from proctor.leaderboard.compare.items import estimate_cell
from proctor.leaderboard.compare.ranking import remarks_of
from proctor.tasks.index import find_task, named_tasks
from tests.conftest import Home
from tests.support.command import ROOT, proctor
from tests.support.lm_eval_runs import simple_evaluate

TINY = str(ROOT / "finetune" / "tiny")
LAST = '{function: regex, regex_pattern: "(-?[0-9][0-9,]*)", group_select: %d}'
BODIES = {
    "my_gen": f"""output_type: generate_until
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_target: "{{{{answer}}}}"
num_fewshot: 2
training_split: train
generation_kwargs: {{until: ["\\n\\n"], do_sample: false, max_gen_toks: 8}}
filter_list:
  - {{name: last, filter: [{LAST % -1}, {{function: take_first}}]}}
  - {{name: first, filter: [{LAST % 0}, {{function: take_first}}]}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]""",
    "my_mc": """output_type: multiple_choice
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: gold
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}""",
    "my_letter": """output_type: multiple_choice
doc_to_text: "{{question}}\\nA. {{choices[0]}}\\nB. {{choices[1]}}\\nC. {{choices[2]}}\\nAnswer:"
doc_to_choice: ["A", "B", "C"]
doc_to_target: gold
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]""",
    "my_slip": """output_type: multiple_choice
doc_to_text: "Question: {{question}}\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: glod
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]""",
    "my_metric": """output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: gold
metric_list: [{metric: acccc, aggregation: mean}]""",
    "my_field": """output_type: multiple_choice
doc_to_text: "{{qestion}}"
doc_to_choice: "{{choices}}"
doc_to_target: gold
metric_list: [{metric: acc}]""",
    "my_f1": """output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: gold
metric_list: [{metric: acc}, {metric: f1, aggregation: f1}]""",
    "my_code": """output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
process_results: !function code.first_word
metric_list: [{metric: acc}]""",
    "my_ll": """output_type: loglikelihood
doc_to_text: "{{question}} It is"
doc_to_target: " {{answer}}"
metric_list:
  - {metric: perplexity, aggregation: perplexity, higher_is_better: false}
  - {metric: acc, aggregation: mean, higher_is_better: true}""",
    "my_roll": """output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{text}}"
metric_list: [{metric: word_perplexity}, {metric: byte_perplexity}, {metric: bits_per_byte}]""",
    "my_bleu": """output_type: generate_until
doc_to_text: "Say again: {{text}}"
doc_to_target: "{{text}}"
generation_kwargs: {until: ["\n\n"], do_sample: false, max_gen_toks: 8}
metric_list: [{metric: exact_match}, {metric: bleu}]""",
}


def rows(n):
    draw = random.Random(3)
    for _ in range(n):
        a, b = draw.randint(2, 60), draw.randint(2, 60)
        choices = [str(a + b), str(a + b + 1), f"{a} and {b}"]
        draw.shuffle(choices)
        text = f"Tom has {a} apples and buys {b} more. " * draw.randint(1, 4) + f"He has {a + b} now."
        yield {
            "question": f"What is {a} plus {b}?", "answer": str(a + b), "choices": choices,
            "gold": choices.index(str(a + b)), "text": text,
        }  # fmt: skip


ITEMS = 24  # whose three choices are more than a batch


def write_tasks(folder):
    (folder / "lm").mkdir(parents=True, exist_ok=True)
    for split, size in (("test", ITEMS), ("train", 10)):
        lines = "".join(json.dumps(row) + "\n" for row in rows(size))
        (folder / "lm" / f"{split}.jsonl").write_text(lines)
    files = {split: str(folder / "lm" / f"{split}.jsonl") for split in ("test", "train")}
    for name, body in BODIES.items():
        data = json.dumps({"data_files": files})
        head = f"task: {name}\ndataset_path: json\ntest_split: test\ndataset_kwargs: {data}\n"
        (folder / "lm" / f"{name}.yaml").write_text(f"{head}{body}\nmetadata: {{version: 1}}\n")
    (folder / "lm" / "my_group.yaml").write_text(
        "group: my_group\ntask: [my_mc, my_letter]\n"
        "aggregate_metric_list: [{metric: acc, aggregation: mean, weight_by_size: true}]\n"
    )
    (folder / "lm" / "code.py").write_text(
        "def first_word(doc, results):\n    return {'acc': results[0].split()[0] == doc['answer']}\n"
    )
    (folder / "proctor.yaml").write_text("include_path: lm\n")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("stock"))
    write_tasks(home.folder)
    home.variant("tiny", base="finetune/tiny")
    suite = home.suite(variants=["tiny"], tasks=[f"lm_eval:{name}" for name in FIRST], baseline="tiny")
    run_suite(str(suite), home.results, home.store, Reporter(Console(quiet=True)))
    return home, suite


@pytest.fixture(scope="module")
def stock(ran):
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(ran[0].folder / "lm"), include_defaults=False)

    @cache
    def of(name):
        """Alone: with others beside it a task's log-likelihoods come in other batches, and round otherwise."""
        return simple_evaluate(
            "hf", model_args={"pretrained": TINY, "dtype": "float32"}, tasks=[name], task_manager=manager,
            batch_size=64, device="cpu", log_samples=True, bootstrap_iters=0,
        )  # fmt: skip

    return of


FIRST = {
    "my_gen": "exact_match",
    "my_mc": "acc",
    "my_letter": "acc",
    "my_ll": "perplexity",
    "my_roll": "word_perplexity",
    "my_bleu": "exact_match",
}


@pytest.mark.parametrize("name", list(FIRST))
def test_every_sample_and_every_aggregate_is_the_stock_commands(ran, stock, name):
    cell = record.read(ran[0].results, "tiny", f"lm_eval.{name}")
    aggregates = {
        key: value
        for key, value in stock(name)["results"][name].items()
        if "," in key and "stderr" not in key
    }
    assert cell.run.aggregates == aggregates
    texts = name in ("my_gen", "my_bleu")
    filter_ = "last" if name == "my_gen" else "none"
    logged = {str(row["doc_id"]): row for row in stock(name)["samples"][name] if row["filter"] == filter_}
    mine = {row.sample_id: row for row in cell.rows().itertuples()}
    assert mine.keys() == logged.keys()
    assert len(mine) == ITEMS
    for id_, row in mine.items():
        theirs = logged[id_]
        answers = [row.response] if texts else [one[0] for one in json.loads(row.response)]
        said = [list(one[0]) if isinstance(one[0], tuple) else one[0] for one in theirs["resps"]]
        assert answers == said
        value = theirs[FIRST[name]]
        assert row.score == (value[0] / value[1] if name == "my_roll" else value)
    if name == "my_gen":
        assert len({row.response for row in mine.values()}) > 1


def test_figures_of_all_samples_alone_are_marked_as_not_tested(ran):
    run = record.read(ran[0].results, "tiny", "lm_eval.my_bleu").run
    assert run.untested == ("bleu,none",)
    assert any("bleu" in words and "no paired test by sample" in words for words in remarks_of(run))


def test_a_perplexity_is_tested_by_its_pieces_whose_mean_is_its_logarithm(ran):
    for name, figure in (("my_roll", "word_perplexity,none"), ("my_ll", "perplexity,none")):
        cell = record.read(ran[0].results, "tiny", f"lm_eval.{name}")
        assert cell.run.untested == ()
        found = estimate_cell(cell)
        assert math.exp(-found.mean) == pytest.approx(cell.run.aggregates[figure], rel=1e-12)
        assert found.low < found.mean < found.high
    rolling = record.read(ran[0].results, "tiny", "lm_eval.my_roll")
    assert rolling.run.task.headline == "log-likelihood, by length (of word_perplexity)"
    plain = rolling.rows()["score"].mean()  # longer texts count more
    assert math.exp(-plain) != pytest.approx(rolling.run.aggregates["word_perplexity,none"], rel=1e-4)


def test_a_task_of_right_and_wrong_is_binary(ran):
    assert record.read(ran[0].results, "tiny", "lm_eval.my_mc").run.task.kind == "binary"


def test_a_second_run_asks_nothing_and_a_larger_limit_only_what_is_new(ran):
    home, suite = ran
    before = record.read(home.results, "tiny", "lm_eval.my_mc").run.finished
    run_suite(str(suite), home.results, home.store, Reporter(Console(quiet=True)))
    assert record.read(home.results, "tiny", "lm_eval.my_mc").run.finished == before
    some = home.suite(
        "some",
        variants=["tiny"],
        tasks=["lm_eval:my_mc"],
        baseline="tiny",
        limit=12,
        metric={"lm_eval:my_mc": "acc_norm"},
    )
    results = home.folder / "some"
    run_suite(str(some), results, home.store, Reporter(Console(quiet=True)))
    cell = record.read(results, "tiny", "lm_eval.my_mc")
    assert (cell.run.rows, cell.run.task.headline, cell.run.costs.reused) == (12, "acc_norm", 12)


def test_a_group_has_lm_evals_own_aggregate_beside_its_tasks(ran):
    from lm_eval.tasks import TaskManager

    home, _ = ran
    suite = home.suite("group", variants=["tiny"], tasks=["lm_eval:my_group"], baseline="tiny", limit=16)
    plan = run_suite(str(suite), home.folder / "group", home.store, Reporter(Console(quiet=True)))
    manager = TaskManager(include_path=str(home.folder / "lm"), include_defaults=False)
    asked = {
        name: [int(doc["id"]) for doc in plan.docs[f"lm_eval.{name}"]] for name in ("my_mc", "my_letter")
    }
    done = simple_evaluate(
        "hf", model_args={"pretrained": TINY, "dtype": "float32"}, tasks=["my_group"], task_manager=manager,
        batch_size=64, device="cpu", bootstrap_iters=0, samples=asked,
    )  # fmt: skip
    told = done["groups"]["my_group"]["acc,none"]
    line = f"lm_eval:my_group, tiny: acc {told:.4f} (of 2 tasks together, no paired test)"
    index = site.build(home.folder / "group", home.folder / "group-board")
    assert line in index.with_name("ranking.txt").read_text().splitlines()
    page = index.read_text()
    assert "lm_eval:my_group" in page
    assert f"acc {told:.4f}" in page
    fewer = home.suite("fewer", variants=["tiny"], tasks=["lm_eval:my_letter"], baseline="tiny", limit=12)
    run_suite(str(fewer), home.folder / "group", home.store, Reporter(Console(quiet=True)), redo=True)
    index = site.build(home.folder / "group", home.folder / "group-board")
    assert "lm_eval:my_group" not in index.read_text()  # one of its tasks has other rows now


def test_a_group_is_its_tasks(ran):
    with inside(ran[0].folder):
        assert named_tasks("lm_eval:my_group") == {
            "lm_eval.my_mc": "lm_eval:my_mc",
            "lm_eval.my_letter": "lm_eval:my_letter",
        }


@pytest.mark.parametrize(
    ("spec", "metric", "words"),
    [
        ("lm_eval:my_mcc", None, "no task 'my_mcc'"),
        ("lm_eval:my_mc", "acc_nrom", "no metric 'acc_nrom'; did you mean 'acc_norm'?"),
        ("lm_eval:my_gen", "exact_match,lats", "no filter 'lats'; did you mean 'last'?"),
        ("lm_eval:my_group", None, "is a group"),
        ("lm_eval:my_metric", None, "cannot be loaded; no metric is called 'acccc'; mend its YAML"),
        ("lm_eval:my_field", None, "UndefinedError: 'qestion' is undefined; mend its YAML or its data"),
        ("lm_eval:arc_easy", None, "cannot be loaded"),
        ("lmeval:arc_easy", None, "no task 'lmeval:arc_easy'; stock ones begin with lm_eval: or inspect:"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(ran, spec, metric, words, monkeypatch):
    from proctor.tasks.stock import loading

    if spec == "lm_eval:my_mcc":  # the whole index takes half a minute
        monkeypatch.setattr(loading, "_whole_manager", loading._manager)
    with inside(ran[0].folder), pytest.raises(Refusal) as refused:
        find_task(spec, metric)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_group_that_stands_for_a_tag_is_looked_up_among_all_that_lm_eval_has(ran, monkeypatch):
    """As mmlu does: the quick index knows no tags. Here the whole one is that of mmlu's folder alone."""
    import lm_eval.tasks

    from proctor.tasks.stock import loading

    folder = Path(lm_eval.tasks.__file__).parent / "mmlu" / "default"
    whole = lm_eval.tasks.TaskManager(include_path=str(folder), include_defaults=False)
    monkeypatch.setattr(loading, "_whole_manager", lambda *_: whole)
    asked = []
    monkeypatch.setattr(whole, "load", lambda name: asked.append(name) or {"tasks": {}})
    with inside(ran[0].folder):
        loading._load("mmlu")
        loading._load("my_group")
    assert asked == ["mmlu"]


def test_the_smallest_effect_of_a_task_of_right_and_wrong_is_told_in_points(ran):
    with inside(ran[0].folder):
        told = {
            name: _about(find_task(f"lm_eval:{name}"), None, "default")["smallest"]
            for name in ("my_mc", "my_roll")
        }
    assert "points if one response in ten differs" in told["my_mc"]
    assert "if differences have an s.d. of" in told["my_roll"]


def test_a_name_like_no_other_is_not_answered_with_all_names():
    assert nearest("zzzzqqqq", [f"task_{n}" for n in range(14_000)]) == "none of 14,000 names is like it"


def test_a_field_that_is_not_there_is_no_task_on_which_all_are_wrong(ran):
    with inside(ran[0].folder), pytest.raises(Refusal) as refused:
        find_task("lm_eval:my_slip").docs("test")
    assert "the right choice of no sample is among its choices; doc_to_target gives 'glod'" in str(
        refused.value
    )


def test_a_tasks_own_code_that_fails_on_what_was_answered_is_one_line(ran):
    with inside(ran[0].folder):
        binary_alone, code = find_task("lm_eval:my_f1"), find_task("lm_eval:my_code")
    docs = binary_alone.docs("test")
    likelihoods = json.dumps([[[-1.0, False]], [[-2.0, False]], [[-3.0, False]]])
    with pytest.raises(
        Refusal, match="lm_eval:my_f1 cannot make f1 of all samples; ValueError: Target is multiclass"
    ):
        binary_alone.definition.aggregates([(doc, likelihoods) for doc in docs])
    assert code.score(code.docs("test")[0], "word").score == 0.0
    with pytest.raises(
        Refusal, match="lm_eval:my_code cannot score sample 0; IndexError: list index out of range"
    ):
        code.score(code.docs("test")[0], "")


def test_an_engine_without_likelihoods_is_refused_before_it_opens(ran):
    home, _ = ran
    (home.folder / "e.jsonl").write_text("")
    home.variant("parrot", base=str(home.folder / "e.jsonl"), engine="echo")
    suite = home.suite("echo", variants=["parrot"], tasks=["lm_eval:my_mc"], baseline="parrot")
    done = proctor("run", str(suite), "--results", str(home.folder / "none"), "--store", str(home.store))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "engine 'echo' of variant parrot gives no log-likelihoods" in done.stderr
