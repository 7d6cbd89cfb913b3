"""A first look: addresses of models become variants and a suite, and one command ends in a sentence."""

import pytest
import yaml

from proctor.common.paths import inside
from proctor.common.refusal import Refusal
from proctor.harness.config.first_look import write_trial
from proctor.harness.config.suite import Suite
from tests.support.command import proctor
from tests.support.random_gguf import SMALL, quantize, write_llama


@pytest.fixture
def project(tmp_path):
    (tmp_path / "suites").mkdir()
    with inside(tmp_path):
        yield tmp_path


def test_each_address_becomes_a_variant_with_the_engine_that_opens_it(project):
    (project / "My Model.Q8.gguf").touch()
    made = write_trial(
        str(project / "My Model.Q8.gguf"), "http://127.0.0.1:9/v1#org/Big-1", "gsm8k", 20, 0.02
    )
    assert (made.model, made.against) == ("my-model.q8", "big-1")
    mine, other = (yaml.safe_load(path.read_text()) for path in made.written[:2])
    assert mine == {"base": "My Model.Q8.gguf", "engine": "llamacpp"}
    assert other == {"base": "org/Big-1", "engine": "openai", "endpoint": "http://127.0.0.1:9/v1"}
    suite = yaml.safe_load(made.suite.read_text())
    assert suite["variants"] == ["big-1", "my-model.q8"]
    assert (suite["baseline"], suite["limit"], suite["margin"]) == ("big-1", {"gsm8k": 20}, {"gsm8k": 0.02})


def test_the_same_address_is_the_same_variant_and_another_of_its_name_is_another(project):
    first = write_trial("org/model", None, "gsm8k", 20, 0.02)
    assert write_trial("org/model", None, "gsm8k", 20, 0.02).model == first.model == "model"
    assert write_trial("else/model", None, "gsm8k", 20, 0.02).model == "model-2"
    assert write_trial("tiny", None, "gsm8k", 20, 0.02).written == (project / "suites" / "try-tiny.yaml",)


def test_a_trial_writes_over_no_file_of_the_users(project):
    path = project / "suites" / "try-tiny.yaml"
    path.write_text("tasks: [gsm8k]\n")
    with pytest.raises(Refusal, match="there is a file of your own"):
        write_trial("tiny", None, "gsm8k", 20, 0.02)
    assert path.read_text() == "tasks: [gsm8k]\n"


@pytest.mark.parametrize(
    ("model", "against", "why"),
    [
        ("tiny", "tiny", "are one variant"),
        (
            "http://127.0.0.1:9/v1",
            None,
            "the address does not say which model; give http://127.0.0.1:9/v1#MODEL",
        ),
        ("题", None, "no name can be made of"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_line(project, model, against, why):
    (project / "题").mkdir()
    with pytest.raises(Refusal, match=why):
        write_trial(model, against, "gsm8k", 20, 0.02)


@pytest.mark.parametrize(
    ("model", "against", "data"),
    [
        ("tiny", "nowhere.gguf", None), ("nowhere", None, None), ("package:no_such/x.gguf", "finetune/tiny", None),
        ("org/one", "org/two", "nowhere.jsonl"), ("org/one", "nowhere.gguf", None),
    ],
)  # fmt: skip
def test_what_is_not_there_leaves_no_files(project, model, against, data):
    with pytest.raises(Refusal):
        write_trial(model, against, "gsm8k", 20, 0.02, data)
    assert [path for path in project.rglob("*") if path.is_file()] == []


def test_one_command_ends_in_a_sentence_a_table_and_a_page(tmp_path):
    (tmp_path / "suites").mkdir()
    whole = write_llama(tmp_path / "whole.gguf", SMALL)
    quantize(whole, tmp_path / "small.gguf", "q8_0")
    done = proctor("try", "small.gguf", "--against", "whole.gguf", "--limit", "2", cwd=tmp_path, drawn=False)
    assert done.returncode == 0, done.stderr
    (sentence,) = [line for line in done.stdout.split("\n") if line.startswith("small against whole")]
    assert "small against whole on 2 samples of word_problems: not shown; difference 0.0" in sentence
    assert sentence.endswith("1.8 times smaller.")
    assert "Word problems: accuracy, %" in done.stdout
    assert "Word problems: accuracy, %; 2 items" in done.stdout
    assert (tmp_path / "board" / "index.html").is_file()
    assert (tmp_path / "suites" / "try-small-and-whole.yaml").is_file()
    alone = proctor("try", "small.gguf", "--limit", "2", cwd=tmp_path, drawn=False)
    assert "small scores " in alone.stdout
    table = alone.stdout[alone.stdout.index("Word problems: accuracy, %; 2 items") :]
    assert "whole" not in table
    assert "not run" not in table


def test_items_of_ones_own_become_a_task_with_guessed_fields(project):
    data = project / "My Sums.jsonl"
    data.write_text('{"question": "7 + 8?", "answer": "15"}\n{"question": "2 + 2?", "answer": "4"}\n')
    made = write_trial("tiny", None, "word_problems", 20, 0.02, str(data))
    assert made.task == "my-sums"
    task = project / "tasks" / "my-sums.yaml"
    assert made.written == (task, project / "suites" / "try-tiny-on-my-sums.yaml")
    assert "prompt: |\n  {{ question }}\n" in task.read_text()
    fields = yaml.safe_load(task.read_text())
    assert (fields["data"], fields["answer"], fields["score"]) == ("My Sums.jsonl", "answer", "number")
    suite = yaml.safe_load(made.suite.read_text())
    assert (suite["tasks"], suite["limit"], suite["margin"]) == (
        ["my-sums"],
        {"my-sums": 20},
        {"my-sums": 0.02},
    )
    assert Suite.load(str(made.suite)).tasks == ("my-sums",)
    assert write_trial("tiny", None, "word_problems", 20, 0.02, str(data)).task == "my-sums"


def test_items_in_a_file_called_as_a_task_that_ships_get_another_name(project):
    data = project / "gsm8k.jsonl"
    data.write_text('{"question": "7 + 8?", "answer": "15"}\n')
    assert write_trial("tiny", None, "word_problems", 20, 0.02, str(data)).task == "gsm8k-2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no file of data"),
        ("", "holds no rows"),
        ('{"question": "7 + 8?"}\n', "cannot tell the answer among question"),
        ("[", "is no JSON"),
        (
            '{"question": "1 + 1?", "answer": "2"}\n{"question": "7 + 8?", "answer": null}\n',
            "row 2 has no 'answer'",
        ),
        (
            "".join(f'{{"question": "{n} + 0?", "answer": "{n}"}}\n' for n in [*range(9), "six"]),
            "no numbers: 1 of 10 answers, such as 'six'",
        ),
    ],
)
def test_items_that_cannot_be_asked_are_refused_and_nothing_is_written(project, text, why):
    if text is not None:
        (project / "mine.jsonl").write_text(text)
    with pytest.raises(Refusal, match=why):
        write_trial("tiny", None, "word_problems", 20, 0.02, str(project / "mine.jsonl"))
    assert list(project.rglob("*.yaml")) == []


def test_one_command_asks_items_of_ones_own(tmp_path):
    (tmp_path / "suites").mkdir()
    write_llama(tmp_path / "whole.gguf", SMALL)
    rows = "".join(f'{{"question": "{n} + {n}?", "answer": "{2 * n}"}}\n' for n in range(3))
    (tmp_path / "sums.jsonl").write_text(rows)
    done = proctor("try", "whole.gguf", "--data", "sums.jsonl", cwd=tmp_path, drawn=False)
    assert done.returncode == 0, done.stderr
    (sentence,) = [line for line in done.stdout.split("\n") if line.startswith("whole scores")]
    assert "on 3 samples of sums" in sentence
    assert "Sums: accuracy, %" in done.stdout
    assert (tmp_path / "board" / "index.html").is_file()


def test_a_task_and_items_of_ones_own_together_are_refused(tmp_path):
    done = proctor("try", "tiny", "--data", "x.jsonl", "--task", "gsm8k", cwd=tmp_path)
    assert done.returncode == 2
    assert "--task and --data" in done.stderr
