"""GSM8K: its items, and that its stock figures are those of lm-eval's own task, answer by answer."""

import json
import os
import random
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.harness import record
from proctor.tasks import TASKS, gsm8k
from proctor.tasks.numeric import EXACT_MATCH, FILTERS, flexible, process_results, score, strict
from proctor.tasks.prompt_pack import train_chats
from tests.conftest import Home
from tests.support.command import proctor

needs_data = pytest.mark.skipif(
    not os.environ.get("PROCTOR_DATA"),
    reason="PROCTOR_DATA is not set: the folder that holds gsm8k/train.jsonl and gsm8k/test.jsonl",
)

ITEM = {"id": "test-0001", "question": "?", "answer": "She has 16 - 3 = <<16-3=13>>13 eggs.\n#### 1,234"}
ENDS = [
    "#### {}",
    "#### ${}",
    "#### {}.",
    "####{}",
    "#### {} dollars",
    "The answer is {}",
    "The answer is ${}.00",
    "\\boxed{{{}}}",
    "**{}**",
    "so {} and then 7",
    "#### {}\n#### 99",
    "",
    "none",
    "#### -{}",
    "{}\n\nQuestion: 1 + 1?\n#### 2",
    "#### A {}",
    "{},",
    "${}, $3.",
    ".{}",
]
NUMBERS = ["1234", "1,234", "1234.0", "18", "-5", "0", "1.", "1,2,3.4", "12.50"]


def _stock_config() -> dict:
    import lm_eval

    class Loader(yaml.SafeLoader):
        pass

    path = Path(lm_eval.__file__).parent / "tasks" / "gsm8k" / "gsm8k.yaml"
    return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)


def test_our_settings_are_those_of_the_stock_task() -> None:
    config = _stock_config()
    stock = {entry["name"].replace("-", "_"): entry["filter"] for entry in config["filter_list"]}
    for name, wanted in FILTERS.items():
        regex, first = stock[name]
        assert {key: value for key, value in regex.items() if key != "function"} == wanted
        assert (regex["function"], first) == ("regex", {"function": "take_first"})
    (metric,) = config["metric_list"]
    assert {key: metric[key] for key in EXACT_MATCH} == EXACT_MATCH


def test_strict_and_flexible_agree_with_lm_eval_on_many_answers() -> None:
    from lm_eval.api.metrics import exact_match_hf_evaluate
    from lm_eval.filters import build_filter_ensemble

    class Request:
        def __init__(self, doc: dict, response: str) -> None:
            self.doc, self.resps, self.filtered_resps = doc, [response], {}

    golds = ["#### 1,234", "9 * 2 = 18\n#### 18", "#### -5", "#### 0", "#### 12.50"]
    responses = [end.format(number) for end in ENDS for number in NUMBERS] + [
        ITEM["answer"] + "\n" + end for end in ENDS
    ]
    config = _stock_config()
    for entry in config["filter_list"]:
        parts = [
            (step["function"], {k: v for k, v in step.items() if k != "function"}) for step in entry["filter"]
        ]
        requests = [Request({**ITEM, "answer": gold}, response) for gold in golds for response in responses]
        build_filter_ensemble(entry["name"], parts).apply(requests)
        for request in requests:
            stock = exact_match_hf_evaluate(
                [request.filtered_resps[entry["name"]]], [request.doc["answer"]], **EXACT_MATCH
            )
            ours = score(request.doc, request.resps[0]).metrics[entry["name"].replace("-", "_")]
            assert ours == float(stock["exact_match"]), (
                entry["name"],
                request.resps[0],
                request.doc["answer"],
            )


@needs_data
def test_the_stock_task_of_lm_eval_gives_the_same_for_every_answer(tmp_path: Path) -> None:
    """The task object itself, on the same files: 250 items, answered in four manners."""
    from lm_eval.api.instance import Instance
    from lm_eval.api.task import ConfigurableTask

    folder = Path(os.environ["PROCTOR_DATA"]) / "gsm8k"
    files = {split: str(folder / f"{split}.jsonl") for split in ("train", "test")}
    config = {key: value for key, value in _stock_config().items() if key not in ("tag", "dataset_name")}
    local = {"dataset_path": "json", "dataset_kwargs": {"data_files": files, "cache_dir": str(tmp_path)}}
    stock = ConfigurableTask(config=config | local)
    docs = list(stock.test_docs())[:250]
    for manner in ("{}", "{}\n\nQuestion: 1 + 1?\n#### 2", "So it is **${}.00**.", "The answer is {}!"):
        asked = []
        for doc in docs:
            whole = manner.startswith("{}")
            said = manner.format(doc["answer"] if whole else doc["answer"].rpartition("#### ")[2])
            asked.append(Instance(request_type="generate_until", doc=doc, arguments=("", {}), idx=0))
            asked[-1].resps = [said]
        stock._instances = asked
        stock.apply_filters()
        for item, request in zip(gsm8k.docs("test"), asked, strict=False):
            ours = score(item, request.resps[0]).metrics
            for name in FILTERS:
                theirs = stock.process_results(request.doc, [request.filtered_resps[name.replace("_", "-")]])
                assert theirs["exact_match"] == ours[name], (name, request.resps[0])


@given(
    st.lists(
        st.sampled_from(("#### ", "1", "2,5", ".", "-", "$", " ", "\n", "18", "a", ",", "\r\n", "0.5")),
        max_size=30,
    ).map("".join)
)
@settings(max_examples=80, deadline=None)
def test_strict_and_flexible_agree_with_lm_evals_filters_on_any_text(response) -> None:
    from lm_eval.filters.extraction import RegexFilter

    for name, ours in (("strict_match", strict), ("flexible_extract", flexible)):
        ((stock,),) = RegexFilter(**FILTERS[name]).apply([[response]], [{}])
        assert ours(response) == stock, (name, response)


def test_a_right_answer_scores_one_and_an_empty_one_is_unparsed() -> None:
    assert score(ITEM, ITEM["answer"]).score == 1
    empty = score(ITEM, "")
    assert (empty.score, empty.parsed, empty.answer) == (0, False, "")
    assert score(ITEM, "1,999").score == 0


def test_lm_eval_gets_the_same_figures_as_the_harness() -> None:
    scored = score(ITEM, ITEM["answer"])
    assert process_results(ITEM, [ITEM["answer"]]) == {"accuracy": scored.score, **scored.metrics}
    assert (scored.metrics["steps_right"], scored.metrics["steps_total"]) == (1, 1)
    assert all(isinstance(figure, float) for figure in scored.metrics.values())


def test_an_item_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no number"):
        score({**ITEM, "answer": "none"}, "1")


def test_a_folder_without_the_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCTOR_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"gsm8k/test\.jsonl"):
        gsm8k.docs("test")
    with pytest.raises(ValueError, match="no split called"):
        TASKS["gsm8k"].docs("dev")


def test_without_data_or_network_both_remedies_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.delenv("PROCTOR_DATA", raising=False)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=r"PROCTOR_DATA.*datasets"):
        gsm8k.docs("test")


@needs_data
def test_items_are_complete_in_order_and_of_their_own_cluster() -> None:
    for split, count in (("test", 1319), ("train", 7473)):
        docs = gsm8k.docs(split)
        assert len(docs) == count
        assert docs[0]["id"] == f"{split}-0001"
        assert len({doc["id"] for doc in docs}) == count
        assert all(doc["cluster"] == doc["id"] for doc in docs)


@needs_data
def test_the_published_items_keep_their_name_whatever_ends_their_lines_and_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = TASKS["gsm8k"]
    assert task.about_data() == {"title": "Grade-school maths (GSM8K)"}
    lines = (Path(os.environ["PROCTOR_DATA"]) / "gsm8k" / "test.jsonl").read_bytes().splitlines()
    own_data = {"title": "Grade-school maths (own data)", "own_data": True}
    copies = (
        ("windows", b"\r\n".join(lines) + b"\r\n\r\n", {"title": "Grade-school maths (GSM8K)"}),
        ("fewer", b"\n".join(lines[:-1]), own_data),
        ("another order", b"\n".join(lines[::-1]), own_data),
        ("one word", b"\n".join(lines).replace(b"Janet", b"Janina", 1), own_data),
    )
    for name, content, told in copies:
        folder = tmp_path / name / "gsm8k"
        folder.mkdir(parents=True)
        (folder / "test.jsonl").write_bytes(content)
        monkeypatch.setenv("PROCTOR_DATA", str(tmp_path / name))
        assert task.about_data() == told, name


@needs_data
def test_the_first_items_of_the_published_ones_are_still_called_by_their_name(home: Home) -> None:
    home.echo("ran", lambda doc: doc["answer"], "gsm8k")
    assert (
        home.run(
            home.suite(variants=["ran"], tasks=["gsm8k"], baseline="ran", limit={"gsm8k": 12})
        ).returncode
        == 0
    )
    cell = record.read(home.results, "ran", "gsm8k")
    assert cell is not None
    assert cell.run.task.title == "Grade-school maths (GSM8K)"
    assert cell.run.task.own_data is False


def test_a_users_own_items_are_called_own_data_wherever_their_row_stands(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.folder / "data" / "gsm8k"
    folder.mkdir(parents=True)
    items = [{"question": f"What is {n} and {n}?", "answer": f"#### {2 * n}"} for n in range(12)]
    for split in ("train", "test"):
        text = "".join(json.dumps(item) + "\n" for item in items)
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PROCTOR_DATA", str(folder.parent))
    home.echo("ran", lambda doc: doc["answer"], "gsm8k")
    home.echo("half", lambda doc: doc["answer"] if int(doc["id"][-4:]) % 2 else "I do not know.", "gsm8k")
    done = home.run(home.suite(variants=["ran", "half"], tasks=["gsm8k"], baseline="ran"))
    assert done.returncode == 0, done.stderr
    answers = home.folder / "answers.jsonl"
    answers.write_text(
        "".join(json.dumps({"question": i["question"], "response": i["answer"]}) + "\n" for i in items)
    )
    where = ("--results", str(home.results))
    assert proctor("score", "gsm8k", str(answers), "--variant", "scored", *where).returncode == 0
    for variant in ("ran", "half", "scored"):
        cell = record.read(home.results, variant, "gsm8k")
        assert cell is not None
        assert cell.run.task.title == "Grade-school maths (own data)"
    assert "Grade-school maths (own data)" in done.stdout
    assert done.stdout.count("    own data") == 2
    for page in ("index.html", "tasks/gsm8k.html", "variants/half.html", "samples/half/gsm8k.html"):
        text = (home.board / page).read_text(encoding="utf-8")
        assert '<span class="tag">own data</span>' in text, page
        assert "GSM8K" not in text, page
    assert "half: own data" in proctor("compare", "ran", "half", *where).stdout
    assert proctor("compare", *where).stdout.count("own data") == 3
    assert "Own data, not the published items: " in proctor("report", *where).stdout


@needs_data
def test_gold_answers_score_everything_and_shuffled_ones_next_to_nothing() -> None:
    docs = gsm8k.docs("test")
    assert all(score(doc, doc["answer"]).score == 1 for doc in docs)
    answers = [doc["answer"] for doc in docs]
    random.Random(1).shuffle(answers)
    # Two items drawn at random have the same answer in about one case of a hundred.
    assert sum(score(doc, answer).score for doc, answer in zip(docs, answers, strict=True)) < 0.04 * len(docs)


@needs_data
def test_training_chats_come_from_the_training_split_once_each() -> None:
    chats = list(train_chats("gsm8k", 50, seed=3))
    assert chats == list(train_chats("gsm8k", 50, seed=3))
    assert chats != list(train_chats("gsm8k", 50, seed=4))
    assert len(list(train_chats("gsm8k", 10_000, seed=3))) == 7473
    tests = {doc["question"] for doc in gsm8k.docs("test")}
    assert not any(question in chat["prompt"][-1]["content"] for chat in chats for question in tests)


def test_marking_five_thousand_answers_takes_seconds_not_minutes() -> None:
    answer = "Janet has 16 - 3 - 4 = 9 eggs.\nShe makes 9 * 2 = $18 every day.\n#### "
    score(ITEM, "1")
    start = time.process_time()
    for number in range(5_000):
        score(ITEM, answer + str(number))
    assert time.process_time() - start < 4
