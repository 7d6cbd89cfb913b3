"""`import proctor`: what the commands do, for a notebook or a script."""

import subprocess
import sys

import pytest

import proctor
from tests.support.command import ROOT

DEMO = ROOT / "results" / "demo"


def right(doc):
    return doc.get("target") or doc["answer"]


def test_import_is_light():
    heavy = ("numpy", "pandas", "torch", "pydantic", "yaml")
    code = f"import sys, proctor; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_run_returns_a_row_for_each_sample_of_what_was_asked(home):
    home.echo("one", right, "word_problems", "concepts")
    home.echo("two", lambda doc: "no idea", "word_problems", "concepts")
    suite = home.suite(variants=["one", "two"], tasks=["word_problems", "concepts"], baseline="one")
    places = {"results": home.results, "store": home.store}
    rows = proctor.run(suite, tasks=["word_problems"], limit=6, **places)
    assert set(rows["task"]) == {"word_problems"}
    assert rows.groupby("variant")["score"].agg(["size", "mean"]).to_dict("index") == {
        "one": {"size": 6, "mean": 1.0},
        "two": {"size": 6, "mean": 0.0},
    }
    assert len(proctor.run(suite, only=["one"], tasks=["concepts"], limit=4, **places)) == 4
    assert len(proctor.load(home.results)) == 16


def test_load_gives_the_rows_that_the_board_shows():
    rows = proctor.load(DEMO)
    assert len(rows) == 6 * (250 + 155 + 24)
    assert {"variant", "task", "sample_id", "response", "score", "status"} <= set(rows.columns)


def test_compare_gives_the_verdict_that_the_command_prints():
    found = proctor.compare("tiny-lora", "tiny", task="word_problems", results=DEMO)
    assert (found.a, found.b, found.verdict) == ("tiny-lora", "tiny", "better")
    assert found.difference.difference == pytest.approx(0.128)


def test_compare_warns_where_the_judge_failed_a_check_of_its_card():
    with pytest.warns(UserWarning, match="failed 1 of its checks"):
        proctor.compare(
            "smollm2-full", "smollm2-bf16", task="study_plan", results=ROOT / "results" / "smollm2"
        )


def test_score_scores_responses_and_keeps_nothing(tmp_path, monkeypatch):
    from proctor.tasks import TASKS

    monkeypatch.chdir(tmp_path)
    first, second, third = TASKS["word_problems"].docs("test")[:3]
    rows = proctor.score(
        "word_problems",
        {first["id"]: f"The answer is {first['answer']}.", second["id"]: "no idea", third["id"]: None},
    ).set_index("sample_id")
    assert rows.loc[first["id"], ["score", "status"]].tolist() == [1.0, "ok"]
    assert rows.loc[second["id"], ["score", "status"]].tolist() == [0.0, "unparsed"]
    assert rows.loc[third["id"], "status"] == "error"
    assert rows["score"].isna().tolist() == [False, False, True]
    assert not list(tmp_path.iterdir())


def test_mistakes_are_refused():
    with pytest.raises(proctor.Refusal, match="no such folder of results"):
        proctor.load("no/such/folder")
    with pytest.raises(proctor.Refusal, match="no task 'word_problem'"):
        proctor.score("word_problem", {})
    with pytest.raises(proctor.Refusal, match="no sample of word_problems"):
        proctor.score("word_problems", {"test-9999": "18"})
    with pytest.raises(proctor.Refusal, match="has no results for"):
        proctor.compare("tiny", "tiny-lora", task="gsm8k", results=DEMO)


def test_the_lines_that_the_readme_shows_run_as_they_stand(monkeypatch):
    monkeypatch.chdir(ROOT)
    block = (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .partition("```python\nimport proctor\n")[2]
        .partition("```")[0]
    )
    lines = [
        line for line in block.splitlines() if line and "proctor.run(" not in line
    ]  # a run takes minutes
    assert len(lines) == 4
    names = {"proctor": proctor}
    for line in lines:
        exec(line, names)
    assert names["found"].verdict == "no worse (within margin)"
    assert list(proctor.score("word_problems", {"test-0001": "The answer is 14."})["score"]) == [1.0]
