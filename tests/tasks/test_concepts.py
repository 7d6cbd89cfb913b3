"""The concepts task: the taxonomy holds together, the gold keeps its promises, no response breaks scoring."""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.tasks.concepts import DATA, KINDS, VERSION, docs, task, taxonomy, train_chats
from proctor.tasks.concepts.label import agreement, chats, label
from proctor.tasks.concepts.reading import read
from proctor.tasks.concepts.taxonomy import concepts, fold, names, prerequisites, resolve

BANDS = ["1-2", "3-5", "6-8", "9-10", "11-12"]
ALL = docs("train") + docs("test")
DOC = {"id": "made-up-1", "concepts": ["fractions", "ratio", "mean"]}


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
    with pytest.raises(ValueError, match=r"no split 'dev'.*train and test"):
        docs("dev")


def test_callers_cannot_change_the_data() -> None:
    docs("test")[0]["concepts"].append("broken")
    assert "broken" not in docs("test")[0]["concepts"]


def test_the_taxonomy_is_quick_to_load() -> None:
    began = time.process_time()
    taxonomy.concepts.__wrapped__()
    assert time.process_time() - began < 0.05


# --- reading an answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('["Fractions", "ratio"]', ["Fractions", "ratio"]),
        ('Here it is:\n```json\n["Fractions", "Ratio"]\n```\nHope that helps!', ["Fractions", "Ratio"]),
        ('{"concepts": ["Fractions", "Ratio"]}', ["Fractions", "Ratio"]),
        ('[{"name": "Fractions", "why": "x"}, {"name": "Ratio"}]', ["Fractions", "Ratio"]),
        ('{"concepts": [{"name": "Fractions"}, {"concept": "Ratio"}]}', ["Fractions", "Ratio"]),
        ('{"text": "a [b] c", "concepts": ["Ratio"]}', ["Ratio"]),
        ('First guess ["Mean"], no: ["Fractions"]', ["Fractions"]),
        ('["Fractions"]\n\nThe interval is [0, 1) and then [2].', ["Fractions"]),
        ("['Fractions', 'Ratio',]", ["Fractions", "Ratio"]),
        ("[Fractions, Ratio]", ["Fractions", "Ratio"]),
        ('[["Fractions", "Ratio"]]', ["Fractions", "Ratio"]),
        ('<think>maybe ["Mean"]</think>["Ratio"]', ["Ratio"]),
        ('<think>maybe ["Mean"]</think>', None),
        ("[]", []),
        ('{"concepts": []}', []),
        ("- Fractions\n- Ratio", ["Fractions", "Ratio"]),
        ("* **Fractions**: parts of a whole\n* **Ratio** - comparing parts", ["Fractions", "Ratio"]),
        ("1. Fractions\n\n2) Ratio\n", ["Fractions", "Ratio"]),
        ("- Mean\n\nOn second thoughts:\n\n- Fractions\n- Ratio", ["Fractions", "Ratio"]),
        ("• Fractions\n• basket weaving", ["Fractions", "basket weaving"]),
        ("Concepts: fractions, ratio", ["fractions", "ratio"]),
        ("**Concepts:** Fractions; Ratio.", ["Fractions", "Ratio"]),
        (
            "I read it twice.\nThe concepts in this text are: fractions, ratio and mean.",
            ["fractions", "ratio", "mean"],
        ),
        ("The main concepts are fractions and ratio.", ["fractions", "ratio"]),
        ("This text is about equivalent fractions.", ["equivalent fractions"]),
        ("Fractions, Ratio, Mean", ["Fractions", "Ratio", "Mean"]),
        ("Fractions\nRatio", ["Fractions", "Ratio"]),
        ("Equivalent fractions", ["Equivalent fractions"]),
        (
            '["mean and median", "angles on a line and at a point"]',
            ["mean", "median", "angles on a line and at a point"],
        ),
        ("", None),
        ("   \n ", None),
        ("I do not know.", None),
        ("Well, I think, this is hard", None),
        ("1. Add 3 and 4.\n2. You get 7.", None),
        ("The answer is 42.", None),
        ('["Fractions", "Ratio"', None),
        ('{"concepts": ["Fractions", "Ra', None),
        ("[1, 2, 3]", None),
    ],
)
def test_lists_are_read_in_every_promised_form(answer: str, expected: list[str] | None) -> None:
    assert read(answer) == expected


MORSELS = st.sampled_from([
    "[", "]", "{", "}", '"', "'", ",", ":", "\n", "- ", "1. ", "concepts", "are", "is about ", "```", "\\",
    "</think>", "Fractions", "ratio and mean", "name", " ", ".", "(", ")", "\x00", "é", "²", "null", "1e999",
    "\ud800", "：",
])  # fmt: skip


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(MORSELS, max_size=60).map("".join)))
def test_no_text_makes_marking_raise(text: str) -> None:
    scored = task.score(DOC, text)
    assert 0 <= scored.score <= 1
    assert all(isinstance(value, float) for value in scored.metrics.values())
    assert scored.parsed or (scored.score == 0 and scored.answer == "")
    assert task.process_results(DOC, [text])["f1"] == scored.score


@pytest.mark.parametrize("piece", [
    "[", "{", '["a",', '{"a":', "- a\n", "a,", "concept", "concepts are ", '"', "[]", "(", " ", "a. ", "\\",
    "[{", '["a\n', "-", "1.", "1", "Concepts: a\n", "and ", "Fractions, ", "is about ", ": ", "['a',", "\n",
    "a/b,", "fractions and ",
])  # fmt: skip
def test_marking_takes_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        began = time.process_time()
        task.score(DOC, text)
        return time.process_time() - began

    seconds(1_000)
    # Ten times the text may take about ten times as long; quadratic work would take a hundred times.
    assert seconds(100_000) < 40 * max(seconds(10_000), 0.002)


def test_brackets_nested_without_end_are_not_read() -> None:
    assert not task.score(DOC, "[" * 50_000 + '"Ratio"' + "]" * 50_000).parsed


# --- scores


@pytest.mark.parametrize("split", ["train", "test"])
def test_gold_answers_score_one(split: str) -> None:
    for doc in docs(split):
        scored = task.score(doc, doc["answer"])
        assert scored.parsed
        assert scored.score == 1.0, doc["id"]
        assert scored.metrics["fp"] == scored.metrics["fn"] == scored.metrics["unknown"] == 0


def test_shuffled_gold_scores_about_what_chance_gives() -> None:
    test = docs("test")
    answers = [doc["answer"] for doc in test]
    random.Random(0).shuffle(answers)
    scores = [task.score(doc, answer).metrics for doc, answer in zip(test, answers, strict=True)]
    assert task.micro_f1((int(one["tp"]), int(one["fp"]), int(one["fn"])) for one in scores) < 0.06


@pytest.mark.parametrize("nothing", ["", "   ", "I am not sure.", "42"])
def test_an_answer_without_names_is_unparsed_and_scores_nothing(nothing: str) -> None:
    scored = task.score(DOC, nothing)
    assert not scored.parsed
    assert scored.score == 0.0
    assert scored.metrics["fn"] == 3
    assert scored.metrics["fp"] == 0


def test_an_empty_list_is_an_answer_and_scores_nothing() -> None:
    scored = task.score(DOC, "[]")
    assert scored.parsed
    assert scored.score == scored.metrics["precision"] == scored.metrics["recall"] == 0.0


def test_names_outside_the_taxonomy_count_against_precision_once_each() -> None:
    scored = task.score(DOC, '["Fractions", "Basket weaving", "basket-weaving", "Yodelling"]')
    assert scored.metrics == pytest.approx(
        {"tp": 1, "fp": 2, "fn": 2, "unknown": 2, "precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3}
    )
    assert "Basket weaving" in scored.answer
    assert "not in the taxonomy: Basket weaving, Yodelling" in scored.explanation


def test_two_names_of_one_concept_count_once() -> None:
    scored = task.score(DOC, '["average", "Mean", "arithmetic mean"]')
    assert (scored.metrics["tp"], scored.metrics["fp"]) == (1, 0)


def test_a_teacher_can_read_what_was_missed() -> None:
    scored = task.score(DOC, "Concepts: fractions, median")
    assert scored.explanation == "right: Fractions; missed: Ratio, Mean; not in the labels: Median"
    assert json.loads(scored.answer) == ["Fractions", "Median"]


@given(
    st.lists(st.sampled_from([*names(concepts()), "Yodelling", "knitting"]), min_size=1, max_size=8),
    st.randoms(),
)
def test_the_order_of_the_names_never_changes_the_score(
    given_names: list[str], chance: random.Random
) -> None:
    shuffled = list(given_names)
    chance.shuffle(shuffled)
    assert task.score(DOC, json.dumps(given_names)) == task.score(DOC, json.dumps(shuffled))


@given(st.lists(st.sampled_from(names(concepts())), min_size=1, max_size=6, unique=True))
def test_every_form_of_the_same_answer_gets_the_same_score(given_names: list[str]) -> None:
    forms = [
        json.dumps(given_names),
        json.dumps({"concepts": given_names}),
        "\n".join(f"- {name}" for name in given_names),
        "\n".join(f"{at}. {name}" for at, name in enumerate(given_names, 1)),
        "Concepts: " + ", ".join(given_names),
        ", ".join(given_names),
    ]
    scores = [task.score(DOC, form) for form in forms]
    assert all(one == other for one, other in pairwise(scores))


# --- the corpus


def test_micro_figures_come_from_summed_counts() -> None:
    counts = [(3, 1, 0), (0, 2, 3), (1, 0, 0)]
    assert task.micro_p(counts) == pytest.approx(4 / 7)
    assert task.micro_r(counts) == pytest.approx(4 / 7)
    assert task.micro_f1(counts) == pytest.approx(4 / 7)
    assert task.micro_p([(0, 0, 2)]) == task.micro_r([(0, 0, 0)]) == task.micro_f1([]) == 0.0


def test_macro_f1_gives_each_concept_of_the_gold_the_same_weight() -> None:
    items = [
        (("mean",), ("mean", "mode")),
        (("mean",), ("mean",)),
        (("ratio",), ()),
        (("mean", "ratio"), ("ratio",)),
    ]
    # mean: 2 of 3 found, none wrong; ratio: 1 of 2 found; mode is nobody's label.
    assert task.macro_f1(items) == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert task.macro_f1([]) == 0.0


def test_macro_f1_can_be_computed_from_stored_answers() -> None:
    doc = docs("test")[0]
    scored = task.score(doc, '["Yodelling", ' + doc["answer"][1:])
    assert task.ids_in(scored.answer) == tuple(sorted(doc["concepts"]))
    assert task.ids_in("") == ()


def test_lm_eval_gets_what_mark_found() -> None:
    scored, results = task.score(DOC, "mean, mode"), task.process_results(DOC, ["mean, mode"])
    assert results["f1"] == scored.score
    assert results["micro_p"] == results["micro_r"] == results["micro_f1"] == (1, 1, 2)
    assert results["macro_f1"] == (("fractions", "mean", "ratio"), ("mean", "mode"))


# --- prompts, training examples, lm-eval


def test_training_examples_are_chats_that_mark_as_perfect() -> None:
    by_text = {doc["text"]: doc for doc in docs("train")}
    chats = list(train_chats(10_000, seed=1))
    assert len(chats) == len(by_text)
    for chat in chats:
        user = chat["prompt"][-1]["content"]
        doc = next(by_text[text] for text in by_text if text in user)
        assert task.score(doc, chat["completion"][0]["content"]).score == 1.0
    assert list(train_chats(5, seed=1)) == chats[:5]
    assert list(train_chats(5, seed=2)) != chats[:5]
    assert list(train_chats(0, seed=1)) == []


def test_load_gives_both_splits_with_the_packs_wording() -> None:
    pytest.importorskip("datasets")
    loaded = task.load(prompt="default", version=VERSION, pretrained="whatever")
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
