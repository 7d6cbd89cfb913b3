"""The concepts task: the taxonomy holds together, the gold keeps its promises, no response breaks scoring."""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.tasks import TASKS, prompt_pack
from proctor.tasks.concepts import DATA, KINDS, VERSION, docs, task, taxonomy
from proctor.tasks.concepts.label import agreement, chats, label
from proctor.tasks.concepts.taxonomy import concepts, fold, prerequisites, resolve
from proctor.tasks.prompt_pack import train_chats

BANDS = ["1-2", "3-5", "6-8", "9-10", "11-12"]
ALL = docs("train") + docs("test")


# --- the taxonomy


def test_taxonomy_has_at_least_120_concepts_with_plain_ids() -> None:
    assert len(concepts()) >= 120
    for one in concepts().values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.id)
        assert all((one.name, one.area, one.aliases)), one.id
        assert one.band in BANDS


def test_no_name_leads_to_two_concepts() -> None:
    owner: dict[str, str] = {}
    for one in concepts().values():
        for name in (one.id, one.name, *one.aliases):
            assert fold(name), name
            assert owner.setdefault(fold(name), one.id) == one.id, name
            assert resolve(name) == one.id, name


def test_prerequisites_exist_and_run_in_no_circle() -> None:
    for one in concepts().values():
        assert set(one.prerequisites) <= set(concepts()), one.id
        assert one.id not in prerequisites(one.id), f"{one.id} needs itself"


def test_no_prerequisite_is_taught_in_a_later_band() -> None:
    for one in concepts().values():
        for before in one.prerequisites:
            assert BANDS.index(concepts()[before].band) <= BANDS.index(one.band), (one.id, before)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Pythagorean theorem", "pythagoras-theorem"),
        ("PYTHAGORAS’ THEOREM", "pythagoras-theorem"),
        ("the theorem of Pythagoras", "pythagoras-theorem"),
        ("least common multiple", "lowest-common-multiple"),
        ("LCM", "lowest-common-multiple"),
        ("Greatest Common Factors (GCF)", "highest-common-factor"),
        ("factorization of quadratics", None),
        ("Factorizing quadratics", "factorising-quadratics"),
        ("factoring quadratics", "factorising-quadratics"),
        ("prime factorization", "prime-factorisation"),
        ("average", "mean"),
        ("calculating the mean", "mean"),
        ("box-and-whisker plots", "box-plots"),
        ("per cent", "percentages"),
        ("Percent", "percentages"),
        ("percentage increase", "percentage-change"),
        ("slope", "slope"),
        ("gradients", "slope"),
        ("area of a trapezoid", "area-of-parallelograms-and-trapeziums"),
        ("area of trapezia", "area-of-parallelograms-and-trapeziums"),
        ("PEMDAS", "order-of-operations"),
        ("Order of operations (BODMAS)", "order-of-operations"),
        ("exponents", "powers"),
        ("Powers (exponents)", "powers"),
        ("index laws", "laws-of-exponents"),
        ("standard form", "scientific-notation"),
        ("radicals", "surds"),
        ("speed, distance & time", "speed"),
        ("simplest-form", "simplifying-fractions"),
        ("  Like   terms!", "like-terms"),
        ("solving simultaneous equations", "simultaneous-equations"),
        ("systems of equations", "simultaneous-equations"),
        ("vertices, edges", None),
        ("matrix", "matrices"),
        ("optimization", "stationary-points"),
        ("photosynthesis", None),
        ("", None),
        ("---", None),
    ],
)
def test_names_are_understood_however_they_are_written(name: str, expected: str | None) -> None:
    assert resolve(name) == expected


@given(st.sampled_from(sorted(concepts())), st.randoms(use_true_random=False))
def test_case_and_punctuation_never_change_a_name(one: str, chance: random.Random) -> None:
    name = concepts()[one].name
    loud = "".join(chance.choice((char.upper(), char.lower())) for char in name)
    assert resolve(f"  *{loud.replace(' ', chance.choice(('  ', '-', '_')))}.") == one


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text: str) -> None:
    resolve(text)
    assert fold(text) == " ".join(fold(text).split())


# --- the gold documents


def test_there_are_at_least_300_documents_of_four_kinds_in_both_splits() -> None:
    assert len(ALL) >= 300
    for split in ("train", "test"):
        assert set(Counter(doc["kind"] for doc in docs(split))) == set(KINDS)
        assert min(Counter(doc["kind"] for doc in docs(split)).values()) >= 15


def test_ids_are_unique_and_texts_too() -> None:
    assert len({doc["id"] for doc in ALL}) == len(ALL)
    assert len({doc["text"] for doc in ALL}) == len(ALL)


def test_every_label_is_a_concept_and_there_are_one_to_six() -> None:
    for doc in ALL:
        assert 1 <= len(doc["concepts"]) <= 6, doc["id"]
        assert len(set(doc["concepts"])) == len(doc["concepts"]), doc["id"]
        assert set(doc["concepts"]) <= set(concepts()), doc["id"]


def test_a_document_belongs_to_the_latest_band_of_its_concepts() -> None:
    for doc in ALL:
        assert doc["band"] == max((concepts()[one].band for one in doc["concepts"]), key=BANDS.index), doc[
            "id"
        ]


def test_no_source_stands_in_both_splits() -> None:
    assert not {doc["source"] for doc in docs("train")} & {doc["source"] for doc in docs("test")}
    assert all(doc["cluster"] == doc["source"] and doc["id"].startswith(doc["source"]) for doc in ALL)


def test_every_concept_of_the_test_split_can_be_learnt_from_the_training_split() -> None:
    learnt = {one for doc in docs("train") for one in doc["concepts"]}
    assert {one for doc in docs("test") for one in doc["concepts"]} <= learnt


def test_texts_are_of_a_readable_length() -> None:
    lengths = [len(doc["text"].split()) for doc in ALL]
    assert min(lengths) >= 30
    assert max(lengths) <= 120


def test_no_document_is_nearly_another() -> None:
    grams = {doc["id"]: _five_grams(doc["text"]) for doc in ALL}
    for one, other in combinations(ALL, 2):
        a, b = grams[one["id"]], grams[other["id"]]
        shared = len(a & b) / len(a | b)
        assert shared < (0.05 if one["source"] != other["source"] else 0.2), (one["id"], other["id"])


def test_data_files_are_sorted_json_lines() -> None:
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line == json.dumps(json.loads(line), sort_keys=True, ensure_ascii=False), path.name


def test_an_unknown_split_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"no split called 'dev'.*'train' and 'test'"):
        TASKS["concepts"].docs("dev")


def test_callers_cannot_change_the_data() -> None:
    docs("test")[0]["concepts"].append("broken")
    assert "broken" not in docs("test")[0]["concepts"]


def test_the_taxonomy_is_quick_to_load() -> None:
    began = time.process_time()
    taxonomy.concepts.__wrapped__()
    assert time.process_time() - began < 0.5  # 0.02 here; from YAML it took 1.5


# --- prompts, training examples, lm-eval


def test_training_examples_are_chats_that_mark_as_perfect() -> None:
    by_text = {doc["text"]: doc for doc in docs("train")}
    chats = list(train_chats("concepts", 10_000, seed=1))
    assert len(chats) == len(by_text)
    for chat in chats:
        user = chat["prompt"][-1]["content"]
        doc = next(by_text[text] for text in by_text if text in user)
        assert task.score(doc, chat["completion"][0]["content"]).score == 1.0
    assert list(train_chats("concepts", 5, seed=1)) == chats[:5]
    assert list(train_chats("concepts", 5, seed=2)) != chats[:5]
    assert list(train_chats("concepts", 0, seed=1)) == []


def test_load_gives_both_splits_with_the_packs_wording() -> None:
    pytest.importorskip("datasets")
    loaded = prompt_pack.load("concepts", prompt="default", version=VERSION, pretrained="whatever")
    row: dict[str, Any] = loaded["test"][0]
    assert row["text"] in row["prompt"]
    assert task.score(row, row["answer"]).score == 1.0
    assert [one["id"] for one in loaded["train"]] == [doc["id"] for doc in docs("train")]


def test_stock_lm_eval_shows_and_marks_whole_lists() -> None:
    tasks_module = pytest.importorskip("lm_eval.tasks")
    manager = tasks_module.TaskManager(include_path=str(DATA.parent), include_defaults=False)
    loaded = manager.load_task_or_group("proctor_concepts")["proctor_concepts"]
    rows = list(loaded.test_docs())
    assert [row["id"] for row in rows] == [doc["id"] for doc in docs("test")]
    for row in rows:
        target = loaded.doc_to_target(row)
        assert target == row["answer"]
        assert loaded.process_results(row, [target])["f1"] == 1.0
    figures = [loaded.process_results(row, [loaded.doc_to_target(row)]) for row in rows]
    for name, aggregate in loaded.aggregation().items():
        assert aggregate([one[name] for one in figures]) == (0.0 if name == "unknown" else 1.0), name
    assert loaded.config.metadata["version"] == VERSION


# --- labels that a model gave


def _perfect(prompts: Sequence[tuple[str, str]]) -> list[str]:
    return [next(doc["answer"] for doc in ALL if doc["text"] in user) for _, user in prompts]


def test_a_labeller_that_agrees_with_the_gold_has_kappa_one() -> None:
    found = agreement(_perfect, "oracle")
    assert (found.documents, found.unparsed, found.unknown) == (len(docs("test")), 0, 0)
    assert found.precision == found.recall == found.f1 == found.kappa == 1.0


def test_a_labeller_that_never_reads_has_kappa_about_zero() -> None:
    found = agreement(lambda prompts: ['["Fractions", "Yodelling"]'] * len(prompts), "deaf")
    assert found.unknown == found.documents
    assert abs(found.kappa) < 0.02
    mute = agreement(lambda prompts: [""] * len(prompts), "mute")
    assert mute.unparsed == mute.documents
    assert mute.precision == mute.recall == mute.kappa == 0.0


def test_labelled_rows_say_who_labelled_them_and_become_training_examples() -> None:
    texts = [{"text": "Half of a pizza.", "id": "a"}, {"text": "Two of three."}, {"text": "Birds."}]
    answers = {"Half": '["fraction", "Yodelling"]', "Two": "Concepts: ratio", "Birds": "none that I know"}

    def ask(prompts: Sequence[tuple[str, str]]) -> list[str]:
        return [next(answer for word, answer in answers.items() if word in user) for _, user in prompts]

    rows = list(label(texts, ask, "m", batch=2))
    assert [(row["id"], row["concepts"], row["labeler"]) for row in rows] == [
        ("a", ["fractions"], "m"), ("text-2", ["ratio"], "m"), ("text-3", [], "m"),
    ]  # fmt: skip
    assert [(row["parsed"], row["unknown"]) for row in rows] == [(True, 1), (True, 0), (False, 0)]
    made = list(chats(rows))
    assert [one["completion"][0]["content"] for one in made] == ['["Fractions"]', '["Ratio"]']


def test_a_labeller_is_not_given_a_test_text_nor_an_empty_text() -> None:
    with pytest.raises(ValueError, match="test set"):
        list(label([{"text": "  " + docs("test")[3]["text"].replace(" ", "  ")}], _perfect, "m"))
    with pytest.raises(ValueError, match="text 1 has no"):
        list(label([{"title": "x"}], _perfect, "m"))
    with pytest.raises(ValueError, match="gave 0 responses to 1 texts"):
        list(label([{"text": "Birds."}], lambda _: [], "m"))


def _five_grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}
