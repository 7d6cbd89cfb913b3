"""The whole road with the echo engine: from a suite's YAML to rows, tested differences and a page."""

import json
import subprocess

import pytest

from proctor.harness import record
from tests.support.command import proctor


def right(doc):
    return doc.get("target") or doc["answer"]


def rows(home, variant, task):
    cell = record.read(home.results, variant, task)
    assert cell is not None
    assert not cell.problem
    return cell.rows()


def ok(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def refused(done):
    assert done.returncode == 2, done.stdout + done.stderr
    line = done.stderr.strip()
    assert "Traceback" not in line
    assert line.startswith("proctor: ")
    assert "\n" not in line
    return line


def test_gold_answers_are_all_right_on_every_embedded_exam_and_the_page_is_there(home):
    tasks = ["word_problems", "concepts", "study_plan"]
    home.echo("gold", right, *tasks)
    home.echo("silent", lambda doc: "", *tasks, parent="gold")
    limit = dict.fromkeys(tasks, 12)
    suite = home.suite(variants=["gold", "silent"], tasks=tasks, baseline="gold", limit=limit)
    done = ok(home.run(suite))
    assert rows(home, "gold", "word_problems")["score"].mean() == 1.0
    assert rows(home, "gold", "concepts")["score"].mean() == 1.0
    assert rows(home, "gold", "study_plan")["score"].mean() > 4.5
    for task in tasks:
        silent = rows(home, "silent", task)
        assert (silent["score"] == 0).all()
        assert set(silent["status"]) == {"unparsed"}
    assert str(home.board / "index.html") in done.stdout
    assert "worse" in done.stdout
    assert "silent" in (home.board / "index.html").read_text(encoding="utf-8")


def test_failed_request_is_null_and_counted_and_the_next_run_asks_it_again(home):
    home.echo("shaky", lambda doc: None if doc["id"].endswith("7") else right(doc), "word_problems")
    suite = home.suite(variants=["shaky"], tasks=["word_problems"], baseline="shaky")
    assert "error" in ok(home.run(suite)).stdout
    found = rows(home, "shaky", "word_problems")
    failed = found[found["status"] == "error"]
    assert len(failed) == 25
    assert failed["score"].isna().all()
    assert set(failed["explanation"]) == {"the server fell over"}
    assert found[found["status"] == "ok"]["score"].mean() == 1.0
    plan = json.loads(proctor("plan", str(suite), *home.where(), "--json").stdout)
    assert [cell["why"] for cell in plan["cells"]] == ["25 of 250 answers failed the last time"]


def test_finished_suite_is_kept_whole_and_opens_no_engine(home):
    home.echo("gold", right, "word_problems")
    suite = home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold")
    ok(home.run(suite))
    before = (home.results / "gold/word_problems/run.json").read_bytes()
    done = ok(home.run(suite))
    assert "open echo" not in done.stdout
    assert (home.results / "gold/word_problems/run.json").read_bytes() == before


def test_two_runs_of_one_suite_give_the_same_rows_and_the_same_page(home):
    home.echo("half", lambda doc: right(doc) if doc["id"] < "test-0125" else "no idea", "word_problems")
    suite = home.suite(variants=["half"], tasks=["word_problems"], baseline="half")
    ok(home.run(suite))
    first = rows(home, "half", "word_problems").drop(columns="seconds")
    other = type(home)(home.folder / "again")
    ok(proctor("run", str(suite), *other.where(), "--out", str(other.board)))
    assert first.equals(rows(other, "half", "word_problems").drop(columns="seconds"))


def test_compare_says_better_where_it_is_shown_and_not_shown_where_it_is_not(home):
    home.echo("half", lambda doc: right(doc) if int(doc["id"][-3:]) % 2 else "no idea", "word_problems")
    home.echo("most", lambda doc: right(doc) if int(doc["id"][-3:]) % 8 else "no idea", "word_problems")
    home.echo("twin", lambda doc: right(doc) if int(doc["id"][-3:]) % 8 else "none", "word_problems")
    few = {"word_problems": 96}
    suite = home.suite(variants=["half", "most", "twin"], tasks=["word_problems"], baseline="half", limit=few)
    ok(home.run(suite))
    told = json.loads(proctor("compare", "most", "half", "--results", str(home.results), "--json").stdout)
    (found,) = told["comparisons"]
    assert found["verdict"] == "better"
    assert found["n_paired"] == 96
    assert found["low"] > 0
    told = json.loads(proctor("compare", "twin", "most", "--results", str(home.results), "--json").stdout)
    (found,) = told["comparisons"]
    assert found["verdict"] == "not shown"
    assert found["difference"] == 0


def test_only_fills_the_missing_cells_of_the_named_variant(home):
    home.echo("one", right, "word_problems")
    home.echo("two", right, "word_problems")
    suite = home.suite(variants=["one", "two"], tasks=["word_problems"], baseline="one")
    ok(home.run(suite, "--only", "two"))
    assert record.read(home.results, "one", "word_problems") is None
    assert len(rows(home, "two", "word_problems")) == 250


def test_variants_that_share_weights_sit_together(home):
    home.echo("plain", right, "word_problems")
    base = str(home.folder / "plain.jsonl")
    home.variant("shots", base=base, engine="echo", prompt="cot-2shot")
    few = {"word_problems": 8}
    suite = home.suite(variants=["plain", "shots"], tasks=["word_problems"], baseline="plain", limit=few)
    plan = json.loads(ok(proctor("plan", str(suite), *home.where(), "--json")).stdout)
    assert plan["sittings"] == [["plain", "shots"]]
    assert ok(home.run(suite)).stdout.count("open echo") == 1


def test_results_of_an_earlier_definition_are_refused_by_the_field_and_made_again_with_redo(home):
    home.echo("gold", right, "word_problems")
    suite = home.suite(
        variants=["gold"], tasks=["word_problems"], baseline="gold", limit={"word_problems": 20}
    )
    ok(home.run(suite))
    home.variant("gold", base=str(home.folder / "gold.jsonl"), engine="echo", sampling={"max_tokens": 99})
    line = refused(home.run(suite))
    assert "sampling.max_tokens was None, is 99" in line
    assert "--redo" in line
    ok(home.run(suite, "--redo"))
    cell = record.read(home.results, "gold", "word_problems")
    assert cell is not None
    assert cell.run.definition.sampling.max_tokens == 99


def test_damaged_rows_are_named_kept_aside_and_made_again_with_redo(home):
    home.echo("gold", right, "word_problems")
    suite = home.suite(
        variants=["gold"], tasks=["word_problems"], baseline="gold", limit={"word_problems": 20}
    )
    ok(home.run(suite))
    (home.results / "gold/word_problems/samples.parquet").write_bytes(b"not a parquet")
    line = refused(home.run(suite))
    assert "samples.parquet is damaged" in line
    assert "--redo" in line
    ok(home.run(suite, "--redo"))
    assert len(rows(home, "gold", "word_problems")) == 20
    assert (home.results / "gold/.aside/word_problems-1/samples.parquet").read_bytes() == b"not a parquet"


def test_cell_held_by_a_running_process_is_refused(home):
    home.echo("gold", right, "word_problems")
    suite = home.suite(
        variants=["gold"], tasks=["word_problems"], baseline="gold", limit={"word_problems": 5}
    )
    with record.lock(home.results, "gold", "word_problems"):
        line = refused(home.run(suite))
    assert "being written by process" in line


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"variants": ["gold"], "tasks": ["word_problem"], "baseline": "gold"}, "did you mean 'word_problems'?"),
        ({"variants": ["gould"], "tasks": ["word_problems"], "baseline": "gold"}, "did you mean 'gold'?"),
        ({"variants": ["gold"], "tasks": ["word_problems"], "baseline": "base"}, "baseline 'base'"),
        ({"variants": ["gold"], "tasks": ["word_problems"]}, "field 'baseline' is missing"),
        ({"variant": ["gold"], "tasks": ["word_problems"], "baseline": "gold"}, "did you mean 'variants'?"),
        ({"variants": ["a", "b"], "tasks": ["word_problems"], "baseline": "a"}, "a cycle of parents: a -> b -> a"),
        ({"variants": ["orphan"], "tasks": ["word_problems"], "baseline": "orphan"}, "parent 'gold' of 'orphan'"),
        ({"variants": ["../gold"], "tasks": ["word_problems"], "baseline": "gold"}, "no safe name"),
        ({"variants": ["lost"], "tasks": ["word_problems"], "baseline": "lost"}, "no file of answers"),
        ({"variants": ["far"], "tasks": ["word_problems"], "baseline": "far"}, "is not on this machine"),
        ({"variants": ["gone"], "tasks": ["word_problems"], "baseline": "gone"}, "no base folder"),
        ({"variants": ["gold"], "tasks": ["study_plan"], "baseline": "gold", "judge": "checklst"}, "mean 'checklist'?"),
        ({"variants": ["pack"], "tasks": ["word_problems"], "baseline": "pack"}, "did you mean 'default'?"),
        ({"variants": ["gold"], "tasks": ["concepts", "concepts"], "baseline": "gold"}, "'concepts' stands twice"),
        ({"variants": ["train"], "tasks": ["word_problems"], "baseline": "train"}, "did you mean 'tiny-lora'?"),
    ],
)  # fmt: skip
def test_bad_suite_is_refused_in_one_line_and_nothing_is_written(home, fields, says):
    home.echo("gold", right, "word_problems")
    answers = str(home.folder / "gold.jsonl")
    home.variant("a", base=answers, engine="echo", parent="b")
    home.variant("b", base=answers, engine="echo", parent="a")
    home.variant("orphan", base=answers, engine="echo", parent="gold")
    home.variant("lost", base="nowhere.jsonl", engine="echo")
    home.variant("far", base="some-org/some-model")
    home.variant("gone", base="no/such/folder/here")
    home.variant("pack", base=answers, engine="echo", prompt="defalt")
    home.variant("train", base="finetune/tiny", recipe="tiny-lorra")
    suite = home.suite(**fields)
    assert says in refused(home.run(suite))
    assert not home.results.exists()
    assert not home.board.exists()


def test_unknown_suite_is_refused_with_the_nearest_name():
    assert "did you mean 'demo'?" in refused(proctor("run", "dmo"))


def test_missing_gsm8k_names_the_two_ways_to_provide_it(home, monkeypatch):
    monkeypatch.delenv("PROCTOR_DATA", raising=False)
    home.variant("tiny", base="finetune/tiny")
    line = refused(home.run(home.suite(variants=["tiny"], tasks=["gsm8k"], baseline="tiny")))
    assert "PROCTOR_DATA" in line
    assert "datasets" in line or "hub" in line


def test_gpu_engine_without_a_gpu_is_refused(home):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    home.variant("fast", base="finetune/tiny", engine="vllm")
    line = refused(home.run(home.suite(variants=["fast"], tasks=["word_problems"], baseline="fast")))
    assert "GPU" in line


def test_added_variant_is_one_file_and_its_row_appears(home):
    home.echo("gold", right, "word_problems")
    suite = home.suite(
        variants=["gold"], tasks=["word_problems"], baseline="gold", limit={"word_problems": 12}
    )
    ok(home.run(suite))
    again = str(home.folder / "gold.jsonl")
    where = ["--suite", str(suite), "--results", str(home.results), "--store", str(home.store)]
    done = ok(proctor("add", "newcomer", "--base", again, "--engine", "echo", "--parent", "gold", *where))
    assert "1 cell to fill" in " ".join(done.stdout.split())
    ok(home.run(suite, "--only", "newcomer"))
    assert len(rows(home, "newcomer", "word_problems")) == 12
    assert "newcomer" in (home.board / "index.html").read_text(encoding="utf-8")


def test_variant_that_cannot_be_added_leaves_nothing_behind(home):
    home.echo("gold", right, "word_problems")
    suite = home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold")
    before = suite.read_text()
    where = ["--suite", str(suite), "--results", str(home.results), "--store", str(home.store)]
    assert "no base folder" in refused(proctor("add", "newcomer", "--base", "no/such/folder/x", *where))
    assert suite.read_text() == before
    assert not (home.folder / "variants/newcomer.yaml").exists()


def test_doctor_tells_keys_present_or_absent_and_never_their_values(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    done = ok(proctor("doctor"))
    assert "very-secret" not in done.stdout + done.stderr
    assert "key OPENAI_API_KEY" in done.stdout
    found = json.loads(ok(proctor("doctor", "--json")).stdout)
    assert {"processor", "memory", "engine hf", "data gsm8k"} <= {finding["what"] for finding in found}
    assert all(finding["remedy"] for finding in found if not finding["usable"])


@pytest.mark.parametrize(
    ("room", "why"), [("size=40k", "64 MB are wanted"), ("size=80m,nr_inodes=3", "the disk is full")]
)
def test_full_disk_is_told_in_one_line_and_the_run_goes_on_afterwards(home, room, why):
    """On a real file system that is too small, or holds too few files, where this machine lets one be mounted."""
    small = home.folder / "results"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", room, "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    home.echo("gold", right, "word_problems")
    suite = home.suite(variants=["gold"], tasks=["word_problems"], baseline="gold")
    try:
        assert why in refused(home.run(suite))
        assert record.read(home.results, "gold", "word_problems") is None
    finally:
        subprocess.run(["umount", str(small)], check=True)
    ok(home.run(suite))
    assert len(rows(home, "gold", "word_problems")) == 250


def test_new_margin_or_parent_reaches_kept_cells_without_making_them_again(home):
    home.echo("one", right, "word_problems")
    home.echo("two", right, "word_problems")
    few = {"word_problems": 30}
    ok(home.run(home.suite(variants=["one", "two"], tasks=["word_problems"], baseline="one", limit=few)))
    cell = record.read(home.results, "two", "word_problems")
    assert cell is not None
    assert cell.run.margin is None
    home.variant("two", base=str(home.folder / "two.jsonl"), engine="echo", parent="one")
    margin = {"word_problems": 0.2}
    again = home.suite(
        variants=["one", "two"], tasks=["word_problems"], baseline="one", limit=few, margin=margin
    )
    assert "open echo" not in ok(home.run(again)).stdout
    told = record.read(home.results, "two", "word_problems")
    assert told is not None
    assert (told.run.margin, told.run.resolved.parent) == (0.2, "one")
    assert told.run.finished == cell.run.finished
    assert told.run.samples_sha256 == cell.run.samples_sha256


def test_margin_as_wide_as_the_marks_is_refused_before_anything_is_asked(home):
    home.echo("one", lambda doc: doc["answer"], "word_problems")
    suite = home.suite(variants=["one"], tasks=["word_problems"], baseline="one", margin={"word_problems": 5})
    refused = home.run(suite)
    assert refused.returncode == 2
    assert "margin.word_problems is 5; scores of this task go from 0 to 1" in refused.stderr
    assert not home.results.exists()


def test_run_says_why_answers_failed(home):
    home.echo("none", lambda doc: None, "word_problems")
    suite = home.suite(
        variants=["none"], tasks=["word_problems"], baseline="none", limit={"word_problems": 5}
    )
    assert "5 of 5 failed, 5 of them with: the server fell over" in home.run(suite).stdout


def test_seconds_of_the_answers_are_no_more_than_those_of_the_cell(home):
    home.echo("slow", lambda doc: "Week 1: fractions.", "study_plan", delay=0.3)
    suite = home.suite(variants=["slow"], tasks=["study_plan"], baseline="slow", limit={"study_plan": 20})
    assert home.run(suite).returncode == 0
    cell = record.read(home.results, "slow", "study_plan")
    assert 0.5 < cell.rows()["seconds"].sum() <= cell.run.costs.wall_seconds
