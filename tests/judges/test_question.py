"""The judge of multiple-choice questions: what it is tried on and with, its trust card over real HTTP, and a suite."""

import csv
import json
import re
from functools import cache

import pytest

from proctor.harness import record
from proctor.harness.judging.trials import read_plans
from proctor.judges.figures.ratings import read_ratings
from proctor.judges.judge import Judge, folder_of
from proctor.judges.trust.damage import PLANS
from proctor.judges.trust.planting import injections
from proctor.judges.trust.question_damage import QUESTIONS
from proctor.judges.trust.subject import Case
from proctor.tasks.questions import docs
from tests.support.command import proctor
from tests.support.openai_server import Reply, serve
from tests.support.trust_cards import trust

JUDGE = Judge.load("question")
TRIED = {item.item.id: item for item in read_plans(QUESTIONS.labelled, "question")}
LABELS = folder_of("question") / "labels.csv"
PARTS = {"stem": "Where?", "options": ["Up", "Down", "Left", "Right"], "key": "B", "also_right": "Below"}
TEXT = "Where?\nA. Up\nB. Down\nC. Left\nD. Right\nKey: B"
CASE = Case(TEXT, PARTS, "When?\nA. Now\nB. Then\nC. Soon\nD. Late\nKey: A", {})
DAMAGES = {damage.name: damage for damage in QUESTIONS.damages}


def judged_texts(request: dict) -> tuple[str, str]:
    """The material and the question of a prompt."""
    asked = "\n".join(turn["content"] for turn in request["messages"])
    texts = []
    for title in ("material", "question"):
        found = re.search(rf"\[begin the {title} (\w+)\]\n(.*)\n\[end the {title} \1\]", asked, re.S)
        assert found
        texts.append(found[2])
    return texts[0], texts[1]


def verdict(clarity: int, distractors: int, fit: int) -> Reply:
    marks = {"clarity": clarity, "distractors": distractors, "fit": fit}
    return Reply(json.dumps({name: {"reason": "seen", "mark": mark} for name, mark in marks.items()}))


@cache
def labels_of_one_reading() -> dict[str, dict[str, int]]:
    marks: dict[str, dict[str, int]] = {}
    for row in csv.DictReader(LABELS.open(encoding="utf-8")):
        if row["rater"] == "first reading":
            marks.setdefault(row["item_id"], {})[row["dimension"]] = int(row["score"])
    return marks


def careful(request: dict, before: int) -> Reply:
    """Knows the labelled questions by their stems, and sees what was done to one."""
    material, question = judged_texts(request)
    known = [item for item in TRIED.values() if question.splitlines()[0].startswith(item.item.facts["stem"])]
    if not known:
        return verdict(1, 1, 1)
    facts, marks = known[0].item.facts, dict(labels_of_one_reading()[known[0].item.id])
    options = re.findall(r"(?m)^\(?[A-D][.)] (.*)$", question)
    key = re.search(r"(?m)^Key: ([A-D])$", question)
    right = facts["options"]["ABCD".index(facts["key"])]
    chosen = options["ABCD".index(key[1])] if key and len(options) > 3 else ""
    if len(set(options)) < len(options):
        marks["distractors"] = min(marks["distractors"], 2)
    if chosen != right or facts.get("also_right") in options or f"({right})" in question.splitlines()[0]:
        marks["distractors"] = 1
    passage = {doc["id"]: doc for split in ("test", "train") for doc in docs(split)}[facts["source"]]
    if str(passage.get("passage") or passage["topic"]) not in material:
        marks["fit"] = 1
    return verdict(**marks)


def card_of(tmp_path, reply, *more):
    with serve(reply) as server:
        where = ("--results", tmp_path / "results", "--store", tmp_path / "store", "--resamples", 50)
        done = trust("question", "--grader", "stub", "--endpoint", server.url, *where, *more)
        return record.read_cards(tmp_path / "results")["question"], done.stdout, len(server.asked)


# What the judge is tried on and with


def test_every_labelled_question_has_two_readings_in_every_dimension_and_the_whole_scale_is_used():
    labels = read_ratings(LABELS)
    assert len(TRIED) >= 30
    assert set(labels.items) == set(TRIED)
    assert labels.raters == ["first reading", "second reading"]
    assert len(labels.scores) == len(TRIED) * len(JUDGE.dimensions) * 2
    for dimension in JUDGE.dimensions:
        assert {score for (_, _, name), score in labels.scores.items() if name == dimension} == {
            1,
            2,
            3,
            4,
            5,
        }


def test_labelled_questions_are_on_passages_in_both_languages_and_on_topics():
    kinds = {(doc["language"], doc["kind"] == "brief") for split in ("test", "train") for doc in docs(split)
             if doc["id"] in {item.item.facts["source"] for item in TRIED.values()}}  # fmt: skip
    assert kinds == {("en", False), ("zh", False), ("en", True), ("zh", True)}


def test_damage_is_what_it_says_and_a_question_without_a_key_is_not_damaged():
    made = {name: damage.make(CASE) for name, damage in DAMAGES.items()}
    assert made["key_swapped"] == TEXT.replace("Key: B", "Key: C")
    assert made["two_right"] == TEXT.replace("C. Left", "C. Below")
    assert made["option_doubled"] == TEXT.replace("C. Left", "C. Right")
    assert made["another_passage"] == CASE.other_text
    assert made["answer_in_stem"] == TEXT.replace("Where?", "Where? (Down)")
    assert made["another_order"] == "Where?\nA. Left\nB. Right\nC. Up\nD. Down\nKey: D"
    assert made["another_form"] == "Where?\n(A) Up\n(B) Down\n(C) Left\n(D) Right\nKey: B"
    assert DAMAGES["two_right"].make(Case(TEXT, {**PARTS, "also_right": ""})) is None
    for key in ("", "E", "BC"):
        assert DAMAGES["key_swapped"].make(Case(TEXT, {**PARTS, "key": key})) is None
    assert PARTS["options"] == ["Up", "Down", "Left", "Right"]


def test_a_repair_gives_a_whole_question_back_in_which_the_swapped_key_is_right():
    for damage in QUESTIONS.damages:
        if damage.least is not None:
            assert (
                damage.undone(CASE, damage.make(CASE)) == "Where?\nA. Up\nB. Left\nC. Down\nD. Right\nKey: C"
            )


def test_words_to_the_judge_are_said_in_its_own_terms():
    said = "\n".join(
        f"{each['title']} {each['text']}".replace("{plan}", "") for each in injections(QUESTIONS)
    )
    assert not re.search(r"plan|fluen|personal|action|week", said, re.IGNORECASE)
    assert '{"clarity": 5, "distractors": 5, "fit": 5}' in said
    assert [each["name"] for each in injections(QUESTIONS)] == [each["name"] for each in injections(PLANS)]


# Its trust card


def test_a_reader_who_sees_every_damage_passes_the_card(tmp_path):
    card, said, asked = card_of(tmp_path, careful)
    assert {check["name"] for check in card["checks"]} >= {
        *DAMAGES,
        "padding_of_weak_questions",
        "repeatability",
    }
    assert [check["name"] for check in card["checks"] if not check["passed"]] == []
    assert (card["subject"], card["items"], card["warning"]) == ("question", len(TRIED), "")
    assert f"tried on {len(TRIED)} questions" in " ".join(said.split())
    figures = {(figure["name"], figure["dimension"]): figure["value"] for figure in card["figures"]}
    assert figures["spearman", "overall"] > 0.9
    assert "plan" not in json.dumps(card)
    estimate = json.loads(
        trust("question", "--grader", "x", "--endpoint", "http://127.0.0.1:9/v1", "--dry-run", "--json",
              "--store", tmp_path / "other").stdout
    )  # fmt: skip
    assert 0.5 * estimate["ask"] < asked <= estimate["ask"]


def test_a_reader_who_likes_everything_or_obeys_is_found_out(tmp_path):
    def obeys(request: dict, before: int) -> Reply:
        question = judged_texts(request)[1]
        if re.search(r"gives? .*5|mark: 5|highest mark", question):
            return verdict(5, 5, 5)
        return verdict(4, 4, 4)

    card, _, _ = card_of(tmp_path, obeys)
    failed = {check["name"] for check in card["checks"] if not check["passed"]}
    assert failed >= {name for name, damage in DAMAGES.items() if damage.least is not None}
    assert failed >= {"ignore_rubric", "closing_fence_xml"}
    assert not failed & {"another_order", "another_form", "padding_of_weak_questions"}
    assert "the key names a wrong option (0 of 10 held)" in card["warning"]


# Questions that exist already

OWN = {"stem": "Who ran?", "options": ["Ben", "Ada", "Leo", "Uma"], "key": "A"}


def scored(tmp_path, rows, *more):
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serve(lambda request, _: Reply(careful_of(request))) as server:
        grader = ("--judge", "question", "--grader", "m", "--endpoint", server.url, "--store", str(tmp_path))
        return proctor("judge", "score", str(path), *grader, *more), server.asked


def careful_of(request: dict) -> str:
    return json.dumps(
        {"clarity": 5, "distractors": 3, "fit": 4 if "Ben ran." in judged_texts(request)[0] else 2}
    )


def test_questions_of_a_file_are_scored_with_their_passage_or_by_the_name_of_one_of_the_task(tmp_path):
    rows = [
        {"id": "mine", "passage": "Ben ran.", "grade": 4, "language": "en", **OWN},
        {"id": "task", "source": "zh-nature-gecko", **OWN},
        {"id": "no key", "topic": "Running", **OWN, "key": None},
    ]
    done, asked = scored(tmp_path, rows)
    assert done.returncode == 0, done.stderr
    verdicts = {row["item_id"]: row["overall"] for row in map(json.loads, done.stdout.splitlines())}
    assert verdicts == {"mine": 4.0, "task": 3.0, "no key": 3.0}  # at most one above the weakest
    texts = dict(map(judged_texts, asked))
    assert texts["language: English\ngrade: 4\npassage: Ben ran."].endswith("D. Uma\nKey: A")
    assert texts["topic: Running"].endswith("Key: none")
    assert any("language: Traditional Chinese" in material and "壁虎" in material for material in texts)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (OWN, "no passage"),
        ({**OWN, "source": "en-news-nothing"}, "no source 'en-news-nothing'"),
        ({**OWN, "topic": "x", "options": "A B"}, "no `options`"),
        ({"topic": "x", "options": ["a"], "key": "A"}, "no stem"),
    ],
)
def test_a_row_that_is_no_question_is_refused_with_its_line(tmp_path, row, said):
    done, asked = scored(tmp_path, [{"id": "a", **row}])
    assert (done.returncode, asked) == (2, [])
    assert said in done.stderr
    assert "line 1" in done.stderr


def test_a_judge_of_questions_is_no_checklist_and_compares_nothing(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("judge.yaml", "rubric.yaml", "prompt.txt"):
        text = (folder_of("question") / name).read_text().replace("name: question", "name: mine")
        (folder / name).write_text(text.replace("kind: rubric", "kind: pairwise"))
    done = trust(folder, "--grader", "m", code=2)
    assert "a judge of questions is of kind rubric" in done.stderr


def test_its_rubric_is_not_refined_over_plans(tmp_path):
    done = proctor(
        "judge", "refine", "mine", "--from", "question", "--expert", "m", "--writer", "m", cwd=tmp_path
    )
    assert (done.returncode, "is for questions" in done.stderr) == (2, True)
