"""The user's own tasks: a YAML and a file of data become items, prompts and scores; mistakes are one line."""

import json
import resource
import time

import pytest
import yaml

from proctor.common.paths import inside
from proctor.common.refusal import Refusal
from proctor.tasks import TASKS
from proctor.tasks.index import find_task
from proctor.tasks.own.guess import guess
from proctor.tasks.own.rows import read_rows
from proctor.tasks.own.scores import as_list, holds, read_choice
from proctor.tasks.prompt_pack import Pack, render, train_chats


@pytest.fixture
def project(tmp_path):
    (tmp_path / "suites").mkdir()
    with inside(tmp_path):
        yield tmp_path


def task_of(project, rows, name="quiz", **fields):
    (project / "tasks").mkdir(exist_ok=True)
    (project / "quiz.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
    )
    fields = {"data": "quiz.jsonl", "prompt": "{{ question }}", "score": "exact", **fields}
    (project / "tasks" / f"{name}.yaml").write_text(yaml.safe_dump(fields), "utf-8")
    return find_task(name)


def scores(task, *responses):
    (doc, *_) = task.docs("test")
    return [(scored.score, scored.parsed) for scored in (task.score(doc, response) for response in responses)]


def test_a_row_becomes_an_item_with_its_prompt_its_cluster_and_its_kinds(project):
    rows = [{"question": "7 * 8?", "answer": 56, "book": "b1", "topic": "times"}]
    task = task_of(project, rows, score="number", cluster="book", kinds=["topic"])
    assert task.docs("test") == [
        {"id": "test-0001", "cluster": "b1", "topic": "times", "prompt": "7 * 8?", "answer": "56"}
    ]
    assert render(Pack.load("default"), task, task.docs("test")[0]) == ("", "7 * 8?")
    assert (task.kind, task.headline, task.numeric) == ("binary", "accuracy", True)


def test_numbers_are_read_as_in_the_tasks_that_ship_in_chinese_too(project):
    task = task_of(project, [{"question": "?", "answer": "18"}], score="number")
    assert scores(task, "so 18.", "#### 18", "答案是18", "十八", "17", "none") == [
        (1, True), (1, True), (1, True), (1, True), (0, True), (0, False),
    ]  # fmt: skip
    percent = task_of(project, [{"question": "?", "answer": "5"}], "percent", score="number")
    assert scores(percent, "百分之五") == [(1, True)]


def test_an_exact_answer_is_compared_without_case_spaces_and_full_stop(project):
    task = task_of(project, [{"question": "?", "answer": ["New York", "NYC"]}], score="exact")
    assert scores(task, " new  york.\n", "nyc", "It is New York", " ") == [
        (1, True),
        (1, True),
        (0, True),
        (0, False),
    ]


def test_contained_means_as_whole_words(project):
    task = task_of(project, [{"question": "?", "answer": "no"}], score="contains")
    assert scores(task, "No, it is not.", "I know it.", "") == [(1, True), (0, True), (0, False)]
    assert holds("答案是北京市", "北京")


def test_a_set_is_counted_into_tp_fp_and_fn(project):
    task = task_of(project, [{"question": "?", "answer": ["red", "blue", "green"]}], score="set")
    scored = task.score(task.docs("test")[0], 'They are ["Red", "blue", "pink", "red"]')
    assert scored.metrics == {"tp": 2.0, "fp": 1.0, "fn": 1.0}
    assert scored.score == 2 * 2 / (3 + 3)
    assert task.kind == "counts"
    assert scores(task, "red, blue and more") == [(2 * 1 / (2 + 3), True)]
    assert scores(task, "[]") == [(0, False)]


def test_a_pattern_takes_its_last_match(project):
    task = task_of(project, [{"question": "?", "answer": "B2"}], score="regex", pattern=r"LEVEL: (\w+)")
    assert scores(task, "LEVEL: A1 no, LEVEL: b2", "LEVEL: C1", "B2") == [(1, True), (0, True), (0, False)]


CHOICES = ["6 sides", "8 sides", "12"]


@pytest.mark.parametrize(
    ("response", "place"),
    [
        ("B", 1), ("B.", 1), ("(b) is wrong, the answer is (C).", 2), ("**B**", 1), (" B) 8 sides", 1), ("答案是B", 1),
        ("The correct option is: A", 0), ("8 sides", 1), ("It has 8 sides.", 1), ("A hexagon has 6 sides", 0),
        ("So \\boxed{C}", 2), ("D", None), ("A, B or C", None), ("6 sides or 8 sides", None), ("", None),
        ("A good question", None), ("(A) or (B)", None), ("Answer: a lot", None), ("x = 120", None),
        ("The answer is B. Option A is wrong.", 1), ("Option A is wrong, option B is right.", None),
        ("Option B", 1), ("b", 1), ("(b)", 1), ("Ｂ", 1), ("答案是选项B", 1), ("选B", 1),
    ],
)  # fmt: skip
def test_a_choice_is_read_where_one_alone_is_named(response, place):
    assert read_choice(response, CHOICES) == place


def test_the_longer_choice_is_what_was_said():
    assert read_choice("It is New York City", ["York", "New York City"]) == 1


def test_the_right_choice_may_be_its_text_its_letter_or_its_number(project):
    rows = [
        {"question": "a", "answer": "blue", "choices": ["red", "blue"]},
        {"question": "b", "answer": "A", "choices": ["red", "blue"]},
    ]
    task = task_of(project, rows, score="choice", choices="choices", prompt="{{question}}\n{{options}}")
    assert [doc["gold"] for doc in task.docs("test")] == [1, 0]
    assert task.docs("test")[0]["prompt"] == "a\nA. red\nB. blue"
    assert [doc["target"] for doc in task.docs("test")] == ["B. blue", "A. red"]
    assert scores(task, "B", "A", "?") == [(1, True), (0, True), (0, False)]
    for counted, places in (([0, 1], [0, 1]), ([1, 2], [0, 1])):
        rows = [{"question": "a", "answer": n, "x": "red", "y": "blue"} for n in counted]
        task = task_of(
            project, rows, f"by{counted[0]}", score="choice", choices=["x", "y"], prompt="{{x}} {{y}}"
        )
        assert [doc["gold"] for doc in task.docs("test")] == places


def test_answers_that_count_the_choices_count_them_where_one_is_a_choices_text_too(project):
    rows = [
        {"question": "2 - 1?", "answer": 0, "choices": ["1", "2", "3"]},
        {"question": "1 + 1?", "answer": 1, "choices": ["1", "2", "3"]},
        {"question": "1 + 2?", "answer": 2, "choices": ["1", "2", "3"]},
    ]
    task = task_of(project, rows, score="choice", choices="choices", prompt="{{question}} {{options}}")
    assert [doc["gold"] for doc in task.docs("test")] == [0, 1, 2]
    numbers = [{"question": "?", "answer": "3", "choices": ["1", "2", "3"]}]
    task = task_of(
        project, numbers, "texts", score="choice", choices="choices", prompt="{{question}} {{options}}"
    )
    assert [doc["gold"] for doc in task.docs("test")] == [2]


def test_a_question_may_have_fewer_choices_than_the_table_has_columns(project):
    (project / "d.csv").write_text("question,A,B,C,answer\nOne?,x,y,z,C\nTwo?,yes,no,,B\n")
    fields = {"score": "choice", "choices": ["A", "B", "C"], "prompt": "{{question}} {{options}}"}
    task = task_of(project, [], data="d.csv", **fields)
    assert [doc["choices"] for doc in task.docs("test")] == [["x", "y", "z"], ["yes", "no"]]
    (project / "gap.csv").write_text("question,A,B,C,answer\nOne?,x,,z,C\n")
    with pytest.raises(Refusal, match="row 1 has not 2 to 26 choices"):
        task_of(project, [], "gap", data="gap.csv", **fields).docs("test")


@pytest.mark.parametrize(
    "answer", ["1789-07-14", "5-7", "3 m 20 cm", "14 July 1789", "2π", "√2", "3 or 4"]
)  # fmt: skip
def test_a_right_answer_that_is_not_one_number_is_refused_and_not_guessed_to_be_one(project, answer):
    rows = [{"question": "?", "answer": answer}]
    with pytest.raises(Refusal, match="of row 1 is no number"):
        task_of(project, rows, score="number").docs("test")
    assert guess(rows, "d.csv")["score"] == "contains"


@pytest.mark.parametrize(
    "answer",
    ["1 1/2", "5 000", "1.200,50", "$3.50", "-5", "50%", "10:30", "7 * 8 = <<7*8=56>>56\n#### 56", "三成"],
)
def test_a_right_answer_may_be_written_as_numbers_are(project, answer):
    assert task_of(project, [{"question": "?", "answer": answer}], score="number").docs("test")


@pytest.mark.parametrize(
    ("fields", "rows", "words"),
    [
        ({}, [{"question": "?", "answer": float("nan")}], "row 1 has no 'answer'"),
        ({}, [{"question": " ", "answer": "1"}], "row 1 asks nothing"),
        ({}, [{"question": None, "answer": "1"}], "row 1 asks nothing"),
        ({"score": "choice", "choices": "c", "prompt": "{{options}}"},
         [{"answer": "x", "c": ["x", "y"]}, {"answer": "1", "c": ["x", "y"]}], "of row 2 is none of its choices"),
        ({"prompt": "{{ qestion }}"}, None, "row 1 has no field 'qestion'; did you mean 'question'?"),
        ({"answer": "gold"}, None, "row 1 has no field 'gold'"),
        ({"kinds": ["topic"]}, None, "row 1 has no field 'topic'"),
        ({"data": "none.csv"}, None, "no file of data 'none.csv'"),
        ({"data": "none.xlsx"}, None, "no kind of data"),
        ({"score": "numbre"}, None, "did you mean 'number'?"),
        ({"score": "number"}, [{"question": "?", "answer": {"x": 1}}], "of row 1 is an object"),
        ({"score": "contains"}, [{"question": "?", "answer": {"x": 1}}], "of row 1 is an object"),
        ({"score": "number"}, [{"question": "?", "answer": "blue"}], "of row 1 is no number; it is 'blue'"),
        ({"score": "choice"}, None, "go together"),
        ({"score": "regex"}, None, "go together"),
        ({"score": "regex", "pattern": "("}, None, "pattern: missing )"),
        ({"score": "judge:nobody"}, None, "no judge 'nobody'"),
        ({"score": "judge:checklist"}, None, "cannot score this task"),
        ({"shots": 2}, None, "shots are taken from training rows"),
        ({"prompt": "{{ question"}, None, "prompt: unexpected end of template"),
        ({"prompt": "{{ question.__class__.__mro__ }}"}, None, "the prompt of row 1 fails"),
        ({"id": "question"}, [{"question": "?", "answer": "1"}] * 2, "two rows have the question '?'"),
        ({}, [{"question": "?", "answer": " "}], "row 1 has no 'answer'"),
        ({"score": "choice", "choices": "c"}, [{"question": "?", "answer": "A", "c": ["1", "2"]}], "does not show"),
        ({"score": "choice", "choices": "c", "prompt": "{{options}}"},
         [{"answer": "E", "c": ["x", "y"]}], "is none of its choices"),
        ({"score": "choice", "choices": "c", "prompt": "{{options}}"},
         [{"answer": "1", "c": ["x", "y"]}], "from 0 or from 1 cannot be known"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_in_a_line_before_anything_is_asked(project, fields, rows, words):
    with pytest.raises(Refusal) as refused:
        task_of(project, rows or [{"question": "What?", "answer": "that"}], **fields).docs("test")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ question }}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ question }}{{ 'x' * 10 ** 10 }}",
        "{{ question * 10 ** 10 }}",
        "{{ question }}{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ question }}{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ question }}{% set n = namespace(t='x') %}{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
    ],
)
def test_a_prompt_that_takes_all_time_or_memory_is_one_line_soon(project, prompt):
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(Refusal, match="prompt") as refused:
        task_of(project, [{"question": "What?", "answer": "that"}], prompt=prompt).docs("test")
    assert len(str(refused.value)) < 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 2**10
    assert time.process_time() - start < 1
    good = task_of(
        project, [{"question": "What?", "answer": "that"}], name="next"
    )  # and the next one is asked
    assert good.docs("test")[0]["prompt"] == "What?"


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "question,answer\n"])
def test_a_table_without_rows_is_one_line(project, text):
    (project / "empty.csv").write_text(text, encoding="utf-8")
    with pytest.raises(Refusal, match="holds no rows"):
        task_of(project, [], data="empty.csv").docs("test")


def test_a_pattern_that_takes_for_ever_is_one_line_soon(project):
    task = task_of(project, [{"question": "What?", "answer": "a"}], score="regex", pattern="(a+)+$")
    (doc,) = task.docs("test")
    assert task.score(doc, "aaa a").score == 1
    with pytest.raises(Refusal, match="pattern: it takes too much time"):
        task.score(doc, "a" * 60 + "b")


def test_a_name_of_ours_is_not_taken(project):
    (project / "tasks").mkdir()
    (project / "tasks" / "gsm8k.yaml").write_text("data: x.csv\nprompt: x\nscore: exact\n")
    assert find_task("gsm8k") is TASKS["gsm8k"]
    with pytest.raises(Refusal, match="no task 'quzi'"):
        find_task("quzi")


def test_tables_are_read_as_spreadsheets_write_them(project):
    (project / "a.csv").write_text('\ufeffFrage;Antwort\r\n"Was ist 1;5?";2\r\n\r\n', "utf-8")
    assert read_rows("a.csv") == [{"Frage": "Was ist 1;5?", "Antwort": "2"}]
    (project / "b.csv").write_text("question,answer\nOne, two?,3\n")
    with pytest.raises(Refusal, match="line 2 has 3 fields, the head 2"):
        read_rows("b.csv")
    (project / "twice.csv").write_text("question, question,answer\nOne?,Two?,3\n")
    with pytest.raises(Refusal, match="two columns are called 'question'"):
        read_rows("twice.csv")
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"question": ["q"], "answer": [4]}), project / "c.parquet")
    assert read_rows("c.parquet") == [{"question": "q", "answer": 4}]
    (project / "d.parquet").write_text("no parquet")
    with pytest.raises(Refusal, match="no parquet file"):
        read_rows("d.parquet")
    (project / "e.jsonl").write_text('{"a": "x\u2028y"}\n', "utf-8")
    assert read_rows("e.jsonl") == [{"a": "x\u2028y"}]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"question": "7 * 8?", "answer": "56"}, {"answer": "answer", "score": "number"}),
        ({"Quiz question": "The capital?", "Nr": "1", "Correct answer": "Paris", "answer_id": "4"},
         {"answer": "Correct answer", "score": "contains"}),
        ({"Frage": "Hauptstadt?", "Antwort": "Paris"}, {"answer": "Antwort", "score": "contains"}),
        ({"q": "Long text is asked", "label": ["a"]}, {"answer": "label", "score": "set"}),
        ({"question": "?", "A": "x", "B": "y", "answer": "B", "id": "7"},
         {"answer": "answer", "score": "choice", "choices": ["A", "B"], "id": "id"}),
        ({"question": "?", "options": "x|y", "target": "x"},
         {"answer": "target", "score": "choice", "choices": "options"}),
        ({"题目": "?", "选项A": "x", "选项B": "y", "答案": "B"},
         {"answer": "答案", "score": "choice", "choices": ["选项A", "选项B"]}),
        ({'The "big" question': "?", "answer": "7"}, {"answer": "answer", "score": "number"}),
    ],
)  # fmt: skip
def test_fields_are_guessed_from_their_names_and_values(project, row, wanted):
    guessed = guess([row], "quiz.jsonl")
    assert {name: value for name, value in guessed.items() if name not in ("data", "prompt")} == wanted
    asked = task_of(project, [row], **guessed).docs("test")[0]["prompt"]
    assert str(next(iter(row.values()))) in asked
    if "choices" in guessed:
        assert "A. x\nB. y" in asked


def test_what_cannot_be_guessed_is_said():
    with pytest.raises(Refusal, match="cannot tell the answer among x, y"):
        guess([{"x": "a", "y": "b"}], "d.csv")
    with pytest.raises(Refusal, match="answers are letters, and no columns are found with the choices"):
        guess([{"question": "?", "first": "x", "second": "y", "answer": "B"}], "d.csv")
    with pytest.raises(Refusal, match="whole sentences"):
        guess([{"question": "?", "answer": "A plan that goes on for more than a handful of words."}], "d.csv")


def test_lists_are_read_from_the_text_of_a_cell():
    assert as_list('["a", "b"]') == ["a", "b"]
    assert as_list("- red\n- blue") == ["red", "blue"]
    assert as_list("red; blue") == ["red", "blue"]
    assert as_list("red") == ["red"]


def test_a_training_row_that_is_asked_too_is_refused(project):
    (project / "train.jsonl").write_text('{"question": "2 + 2?", "answer": "4"}\n')
    task = task_of(project, [{"question": "2 + 2?", "answer": "4"}], score="number", train="train.jsonl")
    with pytest.raises(Refusal, match="'2 \\+ 2\\?' is asked, and is a training row too \\(1 such row\\)"):
        task.docs("test")


def test_training_rows_become_chats_and_shots(project):
    (project / "train.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}\n')
    task = task_of(
        project, [{"question": "2 + 2?", "answer": "4"}], score="number", train="train.jsonl", shots=1
    )
    assert Pack.load("default").for_task(task).shots == 1
    assert list(train_chats(task, 5, 0)) == [
        {
            "prompt": [{"role": "user", "content": "1 + 1?"}],
            "completion": [{"role": "assistant", "content": "2"}],
        }
    ]


def test_a_prompt_pack_may_word_the_users_task_otherwise(project):
    task = task_of(project, [{"question": "2 + 2?", "answer": "4"}], score="number")
    (project / "prompts").mkdir()
    (project / "prompts" / "loud.yaml").write_text(
        yaml.safe_dump({"about": "x", "wording": {"quiz": {"task": "HEY! {prompt}"}}})
    )
    loud, default = Pack.load("loud"), Pack.load("default")
    assert render(loud, task, task.docs("test")[0])[1] == "HEY! 2 + 2?"
    assert loud.digest(task) != default.digest(task)


@pytest.mark.parametrize(
    ("trained", "answer"),
    [("2 + 2,  of apples? ", "4"), ("2 + 2,\nof apples?", "4"), ("2 + 2, OF Apples?", "4")],
)
def test_a_training_row_that_is_asked_with_other_spaces_or_capitals_is_refused(project, trained, answer):
    (project / "train.jsonl").write_text(json.dumps({"answer": answer, "question": trained}) + "\n")
    asked = [{"question": "2 + 2, of apples?", "answer": "4"}]
    with pytest.raises(Refusal, match="is a training row too"):
        task_of(project, asked, score="number", train="train.jsonl").docs("test")


def test_a_training_row_whose_capitals_make_it_another_question_is_no_test_row(project):
    (project / "train.jsonl").write_text('{"question": "Which letter of the row is A?", "answer": "1"}\n')
    asked = [{"question": "Which letter of the row is a?", "answer": "2"}]
    assert task_of(project, asked, score="number", train="train.jsonl").docs("test")
