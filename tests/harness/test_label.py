"""Raw texts become training data that a model labelled; who labelled what stays, and how far to trust it is told."""

import json

import pytest
import yaml

from proctor.common.paths import inside
from proctor.finetune.train.data import read_chats
from proctor.harness.plan.training import chat_file
from proctor.tasks import TASKS
from tests.support.command import proctor
from tests.support.openai_server import Reply, serve

TEXTS = [
    "Half of a cake is the same as two quarters of it.",
    "The sides of a square are all alike.",
    "It rained.",
]
GOLD = {doc["text"]: doc["answer"] for doc in TASKS["concepts"].docs("test")}


def reply(request: dict, _: int) -> Reply:
    """Right about the gold set but for documents that speak of x; a list for our texts, and prose for the rain."""
    content = request["messages"][-1]["content"]
    for text, answer in GOLD.items():
        if text in content:
            return Reply('["Percentages"]' if " x " in text else answer)
    if "rained" in content:
        return Reply("There is no mathematics in it, I am afraid, only weather and the mood that it brings.")
    return Reply('["Equivalent fractions", "Astrology"]' if "cake" in content else '["Alchemy"]')


def texts(home, rows) -> str:
    path = home.folder / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def label(home, path, *more):
    out = home.folder / "made" / "labelled.jsonl"
    done = proctor("label", "concepts", path, "--out", str(out), "--store", str(home.store), "--json", *more)
    return out, done


def test_labelled_texts_are_training_data_with_who_labelled_what(home):
    path = texts(home, [{"text": text, "id": f"t{n}", "source": "book"} for n, text in enumerate(TEXTS)])
    with serve(reply) as server:
        out, done = label(home, path, "--labeler", "some-model", "--endpoint", server.url)
        assert done.returncode == 0, done.stderr
        asked = len(server.asked)
        assert label(home, path, "--labeler", "some-model", "--endpoint", server.url)[1].stdout == done.stdout
        assert len(server.asked) == asked == 155 + 3
    told = json.loads(done.stdout)
    assert (told["texts"], told["labelled"], told["unparsed"], told["unknown"]) == (3, 1, 1, 2)
    (row,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (row["labeler"], row["id"], row["source"]) == ("some-model", "t0", "book")
    assert row["completion"][0]["content"] == '["Equivalent fractions"]'
    assert len(read_chats(out)) == 1
    assert chat_file(str(out), 10, 0, home.store).path == out  # what a recipe's source becomes
    every = [
        json.loads(line) for line in out.with_suffix(".rows.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [one["parsed"] for one in every] == [True, True, False]
    assert "weather" in every[2]["response"]


def test_the_recipe_line_holds_in_every_recipe_of_the_project(home):
    path = texts(home, [{"text": TEXTS[0]}])
    arguments = [
        "--out",
        "made: here/labelled.jsonl",
        "--store",
        str(home.store),
        "--labeler",
        "m",
        "--no-check",
    ]
    with serve(reply) as server:
        done = proctor("label", "concepts", path, *arguments, "--endpoint", server.url, cwd=home.folder)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if "in a recipe:" in line)
    (part,) = yaml.safe_load(line.partition("in a recipe:")[2].partition("data:")[2])
    with inside(home.folder):
        file = chat_file(part["source"], None, 0, home.store)
    assert file.path == home.folder / "made: here" / "labelled.jsonl"


def test_agreement_with_the_gold_set_is_told_and_kept(home):
    with serve(reply) as server:
        out, done = label(home, texts(home, [{"text": TEXTS[0]}]), "--labeler", "m", "--endpoint", server.url)
    found = json.loads(done.stdout)["agreement"]
    assert json.loads(out.with_suffix(".agreement.json").read_text()) == found
    assert (found["labeler"], found["documents"]) == ("m", 155)
    assert 0.5 < found["recall"] < 1
    assert 0.5 < found["kappa"] < found["precision"] < 1


def test_plain_text_has_a_text_in_every_paragraph_and_the_check_can_be_left_out(home):
    path = home.folder / "page.txt"
    path.write_text("\n\n".join(TEXTS[:2]) + "\n\n\n", encoding="utf-8")
    with serve(reply) as server:
        _, done = label(home, str(path), "--labeler", "m", "--endpoint", server.url, "--no-check")
        assert len(server.asked) == 2
    told = json.loads(done.stdout)
    assert (told["texts"], told["agreement"]) == (2, None)


def test_a_local_engine_can_label_and_so_can_a_variant_of_ours(home):
    answers = home.folder / "answers.jsonl"
    answers.write_text(json.dumps({"question": TEXTS[0], "response": '["Equivalent fractions"]'}) + "\n")
    path = texts(home, [{"text": TEXTS[0]}])
    _, done = label(home, path, "--labeler", str(answers), "--engine", "echo", "--no-check")
    assert json.loads(done.stdout)["labelled"] == 1
    unknown = label(home, path, "--labeler", "no-such-variant", "--no-check")[1]
    assert unknown.returncode == 2
    assert "no-such-variant" in unknown.stderr


def test_a_failed_request_is_no_empty_label_and_what_came_is_kept(home):
    path = texts(home, [{"text": text} for text in TEXTS])
    with serve(
        lambda request, n: Reply(status=400, body="{}") if "cake" in str(request) else reply(request, n)
    ) as server:
        out, done = label(home, path, "--labeler", "m", "--endpoint", server.url, "--no-check")
        assert done.returncode == 2
        assert "1 of 3 requests to m failed" in done.stderr
        assert not out.exists()


@pytest.mark.parametrize(
    ("rows", "more", "told"),
    [
        ([{"txt": "x"}], [], 'has no "text"'),
        ([{"text": next(iter(GOLD))}], [], "test set"),
        ([], [], "holds no text"),
        ([{"text": "x"}], ["--engine", "hf"], "give both or neither"),
        ([{"text": "x"}], ["--prompt", "nopack"], "no prompt pack"),
    ],
)
def test_mistakes_are_told_in_one_line_before_anybody_is_asked(home, rows, more, told):
    with serve(reply) as server:
        done = label(home, texts(home, rows), "--labeler", "m", "--endpoint", server.url, *more)[1]
        assert not server.asked
    assert done.returncode == 2
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("proctor: ")
    assert told in line
