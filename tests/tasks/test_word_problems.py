"""The word problems: the generator, the frozen test set, and that a good teacher could sign them."""

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from proctor.common.files import as_json_lines
from proctor.tasks import TASKS, word_problems
from proctor.tasks.data import read_items
from proctor.tasks.number import read_number
from proctor.tasks.number.steps import check_steps
from proctor.tasks.numeric import score
from proctor.tasks.prompt_pack import train_chats
from proctor.tasks.word_problems.tools.families import FAMILIES
from proctor.tasks.word_problems.tools.generate import make
from proctor.tasks.word_problems.tools.words import PEOPLE

ROOT = Path(__file__).resolve().parent.parent.parent
FROZEN = ROOT / "tasks" / "word_problems" / "data" / "test.jsonl"


@pytest.fixture(scope="module")
def test_docs() -> list[dict]:
    return word_problems.docs("test")


@pytest.fixture(scope="module")
def train() -> list[dict]:
    return read_items(word_problems.DATA / "train.jsonl.gz")


def test_the_frozen_test_set_is_made_again_byte_for_byte() -> None:
    assert as_json_lines(make("test", 250, 2026), sort_keys=True).encode() == FROZEN.read_bytes()
    documented = (ROOT / "tasks" / "word_problems" / "README.md").read_text(encoding="utf-8").split()
    command = "-m proctor.tasks.word_problems.tools.generate --split test --n 250 --seed 2026"
    assert command in " ".join(documented)


def test_the_problems_to_train_on_are_made_again() -> None:
    assert read_items(word_problems.DATA / "train.jsonl.gz") == make("train", 2000, 11)
    assert read_items(word_problems.DATA / "shots.jsonl") == make("train", 8, 52)
    assert len({doc["kind"] for doc in word_problems.docs("train")[:8]}) == 8


def test_the_same_call_makes_the_same_problems_and_another_seed_others() -> None:
    assert make("train", 200, 5) == make("train", 200, 5)
    assert make("train", 200, 5)[:50] == make("train", 50, 5)
    assert make("train", 200, 5) != make("train", 200, 6)


def test_there_are_enough_families_and_kinds_and_the_splits_share_none() -> None:
    ids = [family.id for family in FAMILIES]
    assert len(ids) == len(set(ids)) >= 40
    kinds = {
        split: {family.kind for family in FAMILIES if family.split == split} for split in ("train", "test")
    }
    assert len(kinds["train"]) >= 8
    assert kinds["test"] == kinds["train"]
    for family in FAMILIES:
        wordings = 1
        for slot in family.text:
            wordings *= len(set(slot))
        assert wordings >= 2, family.id


def test_the_frozen_set_is_balanced_over_the_test_families(test_docs: list[dict]) -> None:
    assert len(test_docs) == 250
    families = Counter(doc["cluster"] for doc in test_docs)
    assert set(families) == {family.id for family in FAMILIES if family.split == "test"}
    assert max(families.values()) - min(families.values()) <= 1
    assert len({doc["id"] for doc in test_docs}) == 250


def test_no_question_of_the_training_set_stands_in_the_test_set(
    test_docs: list[dict], train: list[dict]
) -> None:
    questions = {doc["question"] for doc in train}
    assert len(questions) == len(train)
    assert not questions & {doc["question"] for doc in test_docs}
    # Nor with other names in it.
    names = re.compile("|".join(rf"\b{person.name}\b" for person in PEOPLE))
    assert not {names.sub("N", question) for question in questions} & {
        names.sub("N", doc["question"]) for doc in test_docs
    }


def test_every_step_is_right_and_the_last_one_gives_the_answer(
    test_docs: list[dict], train: list[dict]
) -> None:
    for doc in [*test_docs, *train]:
        *lines, last = doc["answer"].split("\n")
        assert 1 <= len(lines) <= 5
        assert check_steps(doc["answer"]) == (len(lines), len(lines)), doc["answer"]
        assert re.fullmatch(r"#### \d+(\.\d\d)?", last)
        final, worked = (
            read_number(last),
            read_number(lines[-1].partition("<<")[2].partition("=")[2].partition(">>")[0]),
        )
        assert final is not None
        assert worked is not None
        assert final.value == worked.value


def test_every_number_of_the_working_was_given_or_worked_out(train: list[dict]) -> None:
    spelled = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8}
    general = {2, 3, 4, 60, 100}  # two sides, three days, four sides, minutes, percent
    for doc in train:
        known = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", doc["question"])} | general
        words = doc["question"].lower()
        known |= {n for word, n in spelled.items() if word in words} | {1, 2, 3, 4, 5}
        for left, result in re.findall(r"<<([^=]+)=([^>]+)>>", doc["answer"]):
            used = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", left)}
            assert used <= known, doc
            known.add(float(result))


def test_the_language_keeps_its_simplest_rules(test_docs: list[dict], train: list[dict]) -> None:
    for doc in [*test_docs, *train]:
        text = doc["question"]
        assert text.endswith("?")
        assert text[0].isupper(), text
        assert "{" not in text + doc["answer"]
        assert "  " not in text
        assert not re.search(
            r"[.?!] [a-z]|\b1 [a-z]+s\b|\ba [aeiou]|\ban (?!hour)[^aeiou]| ,|\b(\w+) \1\b", text
        ), text
        assert not re.search(r"\b[Hh]is\b.*\b[Ss]he\b|\b[Ss]he\b.*\b[Hh]is\b", text), text


def test_gold_scores_everything_empty_nothing_and_shuffled_next_to_nothing(test_docs: list[dict]) -> None:
    assert all(score(doc, doc["answer"]).score == 1 for doc in test_docs)
    empty = [score(doc, "") for doc in test_docs]
    assert not any(one.parsed or one.score for one in empty)
    answers = [doc["answer"] for doc in test_docs]
    random.Random(1).shuffle(answers)
    assert sum(score(doc, answer).score for doc, answer in zip(test_docs, answers, strict=True)) < 0.05 * len(
        test_docs
    )


def test_training_chats_use_the_wording_of_the_exam() -> None:
    (chat,) = train_chats("word_problems", 1, seed=0)
    problem = word_problems.train_docs(0)[0]
    assert problem["question"] in chat["prompt"][-1]["content"]
    assert chat["completion"] == [{"role": "assistant", "content": problem["answer"]}]


def test_an_unknown_split_is_refused() -> None:
    for call in (lambda: TASKS["word_problems"].docs("dev"), lambda: make("dev", 1, 0)):
        with pytest.raises(ValueError, match="no split called 'dev'"):
            call()


def test_a_used_up_family_ends_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from proctor.tasks.word_problems.tools import generate
    from proctor.tasks.word_problems.tools.family import ProblemFamily

    tiny = ProblemFamily(
        id="tiny",
        kind="money",
        split="train",
        numbers={"a": (2, 3)},
        text=[("{a} and 2?",)],
        steps=("It is [b = a + 2].",),
    )
    monkeypatch.setattr(generate, "FAMILIES", (tiny,))
    assert sorted(problem["question"] for problem in make("train", 10, 0)) == ["2 and 2?", "3 and 2?"]


def test_lm_eval_builds_its_requests_and_marks_them() -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(ROOT / "tasks" / "word_problems"), include_defaults=False)
    task = manager.load(["proctor_word_problems"])["tasks"]["proctor_word_problems"]
    task.build_all_requests(limit=3)
    first = word_problems.docs("test")[0]
    prompt, settings = task.instances[0].args
    assert prompt.endswith(first["question"])
    assert settings["do_sample"] is False
    doc = next(iter(task.test_docs()))
    assert task.process_results(doc, [first["answer"]])["accuracy"] == 1
    assert task.doc_to_target(doc) == first["answer"]
