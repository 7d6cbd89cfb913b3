"""Prompt packs: every one is loaded and rendered for every task, and what cannot be meant is refused."""

import json

import pytest
import yaml

from proctor.common.paths import KINDS, inside, names
from proctor.harness.ask.lm_eval import lm_eval_task
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import Pack, render

ITEM = {
    "question": "How many are {5} and 2?", "text": "Half of 4 is 2.", "profile": "Pupil: Ada, grade 4",
    "work": "1. 2 + 2", "material": "Write 3 questions.",
}  # fmt: skip


@pytest.fixture
def written(tmp_path, monkeypatch):
    def write(**fields) -> Pack:
        monkeypatch.chdir(tmp_path)
        folder = tmp_path / "prompts"
        folder.mkdir(exist_ok=True)
        name = f"p{len(list(folder.iterdir()))}"
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"about": "A test.", **fields}), encoding="utf-8")
        return Pack.load(name)

    return write


def asked_by(pack: str) -> list[str]:
    """How sure a model is can be told of a number, which is right or wrong; the other packs ask every task."""
    return [name for name, task in TASKS.items() if task.numeric or pack != "confidence"]


@pytest.mark.parametrize("name", names("prompts"))
def test_every_pack_asks_every_task(name):
    loaded = Pack.load(name)
    for task in asked_by(name):
        system, user = render(loaded, task, ITEM)
        assert ITEM[TASKS[task].asks] in user, task
        assert "{question}" not in user, task
        assert not user.startswith(" "), task
        if loaded.turns == "text":
            assert user.endswith(":\n"), task
            assert not system or system.endswith("\n\n"), task
        else:
            assert user == user.strip(), task
        # As lm-eval puts it: the item's own text comes after every shot, so the last one is the one that is asked.
        assert loaded.for_task(task).shots == 0 or task not in ("study_plan", "diagnosis"), task


def test_there_are_packs_for_roles_dimensions_shots_working_and_plain_text():
    assert {
        "default", "dimensions", "direct", "cot", "cot-2shot", "cot-8shot", "teacher", "teacher-dimensions", "student",
        "student-dimensions", "text-2shot", "text-8shot",
    } <= set(names("prompts"))  # fmt: skip
    for name in names("prompts"):
        worded = set(Pack.load(name).wording)
        assert worded <= set(TASKS), name
        assert all(worded & {task, TASKS[task].worded_as} for task in asked_by(name)), name


@pytest.mark.parametrize(
    ("without", "having"),
    [("default", "dimensions"), ("teacher", "teacher-dimensions"), ("student", "student-dimensions")],
)
def test_two_packs_that_differ_by_the_dimensions_differ_by_nothing_else(without, having):
    for task in TASKS:
        alone, more = Pack.load(without).for_task(task), Pack.load(having).for_task(task)
        assert more.dimensions
        assert more.model_copy(update={"dimensions": ""}) == alone
        assert Pack.load(without).digest(task) != Pack.load(having).digest(task)


@pytest.mark.parametrize(
    ("name", "shots"), [("cot-2shot", 2), ("cot-8shot", 8), ("text-2shot", 2), ("text-8shot", 8)]
)
def test_shots_stand_before_the_question_in_plain_text_and_as_turns(name, shots):
    docs = TASKS["word_problems"].docs("test")[:1]
    first = TASKS["word_problems"].docs("train")[:shots]
    turns: list[dict] = []

    def template(chat: list[dict], **_: object) -> str:
        turns.extend(chat)
        return "\n".join(turn["content"] for turn in chat)

    task = lm_eval_task(TASKS["word_problems"], name)
    prompt = task.fewshot_context(
        next(iter(task.eval_docs)), num_fewshot=shots, apply_chat_template=Pack.load(name).turns == "chat",
        fewshot_as_multiturn=True, chat_template=template,
    )  # fmt: skip
    at = [prompt.index(doc["question"]) for doc in (*first, *docs)]
    assert at == sorted(at)
    assert all(doc["answer"] in prompt for doc in first)
    assert docs[0]["answer"] not in prompt
    if Pack.load(name).turns == "text":
        assert not turns
        assert prompt.endswith("Answer:\n")
        assert prompt.count("\n\nQuestion: ") == shots + 1
    else:
        assert [turn["role"] for turn in turns] == ["user", "assistant"] * shots + ["user"]


def test_packs_that_two_projects_call_alike_are_two_and_one_that_ships_is_loaded_once(tmp_path):
    shipped = []
    for project in ("first", "second"):
        folder = tmp_path / project / "prompts"
        folder.mkdir(parents=True)
        wording = {"word_problems": {"task": f"The {project}: {{question}}"}}
        (folder / "mine.yaml").write_text(yaml.safe_dump({"about": "a test", "wording": wording}), "utf-8")
        with inside(tmp_path / project):
            item = next(iter(lm_eval_task(TASKS["word_problems"], "mine").eval_docs))
            assert item["prompt"].startswith(f"The {project}: ")
            shipped.append(lm_eval_task(TASKS["word_problems"], "default"))
    assert shipped[0] is shipped[1]


def test_published_data_in_another_folder_is_loaded_anew(tmp_path, monkeypatch):
    for name in ("first", "second"):
        monkeypatch.setenv("PROCTOR_DATA", str(tmp_path / name))
        (tmp_path / name / "gsm8k").mkdir(parents=True)
        for split in ("train", "test"):
            row = json.dumps({"question": f"The {name} of {split}?", "answer": "#### 2"})
            (tmp_path / name / "gsm8k" / f"{split}.jsonl").write_text(row + "\n", encoding="utf-8")
        (item,) = lm_eval_task(TASKS["gsm8k"], "default").eval_docs
        assert item["question"] == f"The {name} of test?"


def test_the_system_turn_is_apart_and_braces_of_an_item_are_left_alone():
    system, user = render(Pack.load("teacher"), "gsm8k", ITEM)
    assert "colleague" in system
    assert "colleague" not in user
    assert "{5}" in user


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"wording": {"gsm8k": {"task": "Solve {qestion}"}}}, "unknown placeholder {qestion}"),
        ({"wording": {"gsm8k": {"task": "Solve it."}}}, "nowhere says {question}"),
        ({"wording": {"gsm8k": {"task": "{question} {"}}}, "plain braces"),
        ({"wording": {"gsm8": {"task": "{question}"}}}, "did you mean 'gsm8k'"),
        ({"wording": {"gsm8k": {"task": "{question}", "taks": ""}}}, "taks"),
        ({"wording": {"gsm8k": {"system": "You solve."}}}, "task"),
        ({"wording": {"study_plan": {"task": "{profile}", "shots": 2}}}, "without examples"),
        ({"turns": "text", "wording": {"gsm8k": {"task": "Solve {question}"}}}, "must end with a cue"),
        ({"turns": "turns", "wording": {"gsm8k": {"task": "{question}"}}}, "turns"),
    ],
)
def test_a_pack_that_cannot_be_meant_is_refused_in_one_line(written, fields, told):
    with pytest.raises(ValueError, match="yaml") as refused:
        written(**fields)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_wording_and_a_wrong_name_are_told(written):
    only = written(wording={"gsm8k": {"task": "{question}"}})
    with pytest.raises(ValueError, match="no wording for 'concepts'"):
        only.for_task("concepts")
    with pytest.raises(ValueError, match="no prompt pack 'cot2shot'; did you mean 'cot-2shot'"):
        Pack.load("cot2shot")


def test_no_pack_has_a_tab_or_a_line_that_ends_in_white_space():
    for path in KINDS["prompts"].shipped.glob("*.yaml"):
        assert not [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if line != line.rstrip() or "\t" in line
        ]
