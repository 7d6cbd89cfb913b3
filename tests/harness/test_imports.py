"""Logs and scores of other tools become cells: real ones of lm-eval and Inspect, plain rows, and bad files."""

import json
import random
import re
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.board import site
from proctor.leaderboard.cli.main import app
from proctor.leaderboard.compare.items import load_cells
from tests.support.import_rows import HEADER, plain, refused, scores, write

# Plain scores.


def test_plain_rows_become_cells_whatever_tool_made_them(tmp_path):
    path = plain(
        tmp_path / "scores.csv",
        "GPT-4 (June),gsm,007,1,book 1,why?", "GPT-4 (June),gsm,8,0,book 1,how?", "GPT-4 (June),gsm,9,,book 2,when?",
        "small,gsm,007,0,book 1,why?", "small,gsm,8,0,book 1,how?", "small,gsm,9,1,book 2,when?",
        header=HEADER + ",cluster,question",
    )  # fmt: skip
    done = import_files([path], tmp_path / "results", Wish())
    assert [(one.variant, one.called, one.rows, one.scored) for one in done] == [
        ("gpt-4-june", "GPT-4 (June)", 3, 2), ("small", "small", 3, 3),
    ]  # fmt: skip
    assert done[0].ignored == ("question",)
    cell, rows = scores(tmp_path / "results", "gpt-4-june", "gsm")
    assert list(rows.index) == ["007", "8", "9"]
    assert list(rows["cluster"]) == ["book 1", "book 1", "book 2"]
    assert rows["score"].isna().tolist() == [False, False, True]
    assert list(rows["status"]) == ["ok", "ok", "error"]
    assert cell.run.task.kind == "binary"
    assert {"document hash", "prompt", "dataset hash"} <= set(cell.run.origin.lacks)


def test_spreadsheets_leave_marks_spaces_and_words_that_do_no_harm(tmp_path):
    path = tmp_path / "s.csv"
    path.write_bytes("\ufeffvariant, task, sample_id, score\r\na, t, 1, True\r\na, t,2,false\r\n".encode())
    import_files([path], tmp_path / "results", Wish())
    assert scores(tmp_path / "results", "a", "t")[1]["score"].to_dict() == {"1": 1.0, "2": 0.0}
    rows = [
        {"variant": "b", "task": "t", "sample_id": i, "score": s}
        for i, s in enumerate([True, False, 1, None])
    ]
    import_files([write(tmp_path / "b.jsonl", *map(json.dumps, rows))], tmp_path / "results", Wish())
    assert scores(tmp_path / "results", "b", "t")[1]["score"].tolist()[:3] == [1.0, 0.0, 1.0]


def test_csv_and_jsonl_say_the_same(tmp_path):
    rows = [
        {"variant": "a", "task": "t", "sample_id": i, "score": s, "epoch": 1}
        for i, s in enumerate([0.5, 1, None])
    ]
    write(tmp_path / "rows.jsonl", *map(json.dumps, rows))
    plain(tmp_path / "rows.csv", "a,t,0,0.5,1", "a,t,1,1,1", "a,t,2,,1", header=HEADER + ",epoch")
    for form in ("csv", "jsonl"):
        import_files([tmp_path / f"rows.{form}"], tmp_path / form, Wish())
    one, other = (scores(tmp_path / form, "a", "t")[0] for form in ("csv", "jsonl"))
    assert one.run.samples_sha256 == other.run.samples_sha256
    assert one.run.task.kind == "real"


def test_the_order_of_the_rows_leaves_no_trace(tmp_path):
    rows = [f"{v},t,{i},{random.Random(f'{v}{i}').random()}" for v in "abc" for i in range(50)]
    random.Random(1).shuffle(rows)
    import_files([plain(tmp_path / "one.csv", *rows)], tmp_path / "results", Wish())
    first = {at: cell.run.samples_sha256 for at, cell in load_cells(tmp_path / "results").items()}
    done = import_files([plain(tmp_path / "other.csv", *sorted(rows))], tmp_path / "results", Wish())
    assert {one.state for one in done} == {"there already"}
    assert {at: cell.run.samples_sha256 for at, cell in load_cells(tmp_path / "results").items()} == first


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["a,t,1,x", "a,t,2,1"], "1 row with a score that is no number (row 1)"),
        (["a,t,1,nan", "a,t,2,NaN"], "2 rows with a score that is no number (rows 1, 2); leave it empty"),
        (["a,t,1,1", "a,t,2,inf", "a,t,3,-Infinity"], "2 rows with an infinite score (rows 2, 3)"),
        (
            ["a,t,1,1", "b,t,1,1", "a,t,1,0"],
            "that has one already, such as 'a x t x 1' (row 3); keep one, or add a column 'epoch'",
        ),
        (["a,t,,1"], "1 row without a sample_id (row 1)"),
        ([",t,1,1"], "1 row without a variant"),
        (["a,t,1,", "a,t,2,"], "no row has a score"),
        (["!!!,t,1,1"], "no letters for a folder's name; give one with --variant"),
        (["A,t,1,1", "a,t,1,1"], "'A' x 't' and 'a' x 't' become a x t"),
        (["a,t,1"], "not readable as CSV"),
        ([], "holds no rows"),
    ],
)
def test_bad_rows_are_refused_in_one_line_that_names_them(tmp_path, rows, told):
    found = refused(plain(tmp_path / "bad.csv", *rows), tmp_path / "results")
    assert told in found
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("empty.csv", "", "Empty CSV file"),
        ("empty.jsonl", "\n", "is empty"),
        ("list.jsonl", "[1]", "line 1 is no JSON object"),
        ("cut.jsonl", '{"variant": "a"', "line 1 is no JSON"),
        (
            "nan.jsonl",
            '{"variant":"a","task":"t","sample_id":"1","score":NaN}',
            "a score that is no number (row 1)",
        ),
        (
            "inf.jsonl",
            '{"variant":"a","task":"t","sample_id":"1","score":Infinity}',
            "an infinite score (row 1)",
        ),
        ("no-score.jsonl", '{"variant":"a","task":"t","sample_id":"1"}', "no column 'score'"),
        ("half.jsonl", '{"sample_id":"1","score":1}\n{"sample_id":"2"}', "1 row without a score (row 2)"),
        (
            "columns.csv",
            "variant,task,id,score\na,t,1,1\n",
            "no column 'sample_id'; found: variant, task, id, score",
        ),
        ("unnamed.csv", "sample_id,score\n1,1\n", "or give --variant or --task"),
        ("twice.csv", "variant,task,sample_id,score,score\na,t,1,1,1\n", "two columns are called 'score'"),
        ("epoch.csv", HEADER + ",epoch\na,t,1,1,first\n", "with an epoch that is no whole number"),
        ("scores.xlsx", "x", "'.xlsx' is no format that is known"),
        ("scores.json", '[{"score": 1}]', "is no log of Inspect, HELM, NeMo Evaluator"),
        ("deep.jsonl", "[" * 90_000, "line 1 holds a number or a nesting beyond what can be read"),
        ("long.jsonl", '{"score": ' + "1" * 9_000 + "}", "line 1 holds a number or a nesting"),
        (
            "large.jsonl",
            '{"variant":"a","task":"t","sample_id":"1","score":1e300}',
            "1 row with a score beyond 1e+100 (row 1)",
        ),
        ("latin.csv", HEADER + "\na,t,\xe9,1\n", ""),
        ("head.csv", "\xe9" + HEADER + "\na,t,1,1\n", "not UTF-8 text"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, name, text, told):
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    assert told in refused(path, tmp_path / "results")


def test_repeated_answers_have_epochs(tmp_path):
    path = plain(tmp_path / "epochs.csv", "a,t,1,1,1", "a,t,1,0,2", "a,t,2,1,1", header=HEADER + ",epoch")
    import_files([path], tmp_path / "results", Wish())
    assert list(scores(tmp_path / "results", "a", "t")[1]["epoch"]) == [1, 2, 1]
    plain(tmp_path / "epochs.csv", "a,t,1,1,1", "a,t,1,0,1", header=HEADER + ",epoch")
    assert "for a variant x task x sample_id x epoch that has one already" in refused(
        path, tmp_path / "results"
    )


def test_one_scale_serves_all_variants_of_a_task(tmp_path):
    path = plain(tmp_path / "s.csv", "a,t,1,1.25", "a,t,2,3", "b,t,1,4.5", "b,t,2,2", "c,u,1,0", "c,u,2,1")
    import_files([path], tmp_path / "found", Wish())
    for variant in "ab":
        about = scores(tmp_path / "found", variant, "t")[0].run.task
        assert (about.kind, about.scale) == ("real", (1.0, 5.0))
    assert scores(tmp_path / "found", "c", "u")[0].run.task.kind == "binary"
    ratings = plain(tmp_path / "r.csv", "a,t,1,1.25", "a,t,2,3")
    import_files([ratings], tmp_path / "given", Wish(), scale=(0.0, 10.0))
    assert scores(tmp_path / "given", "a", "t")[0].run.task.scale == (0.0, 10.0)
    with pytest.raises(Refusal, match=r"scores from 1\.25 to 3; the scale given is 0 to 1"):
        import_files([ratings], tmp_path / "given", Wish(), scale=(0.0, 1.0))


def test_no_highest_score_is_made_up_where_the_source_states_no_scale(tmp_path):
    ratings = plain(tmp_path / "r.csv", *(f"{v},t,{i},{i % 5 + 1.5}" for v in "ab" for i in range(20)))
    guessed, stated = tmp_path / "guessed", tmp_path / "stated"
    import_files([ratings], guessed, Wish())
    import_files([ratings], stated, Wish(), scale=(0.0, 10.0))
    board = site.build(guessed, tmp_path / "board").parent
    pages = [re.sub(r"<[^>]*>", " ", path.read_text()) for path in board.rglob("*.html")]
    texts = [*pages, (board / "ranking.txt").read_text()]
    for command in (["compare", "a", "b"], ["compare"], ["report"]):
        texts.append(CliRunner().invoke(app, [*command, "--results", str(guessed)]).output)
    assert all("of 6" not in text and "1 to 6" not in text for text in texts)
    assert sum("3.50" in text and "on no stated scale" in text for text in texts) >= 5
    told = CliRunner().invoke(app, ["compare", "a", "b", "--results", str(stated)]).output
    assert "of 10)" in told
    assert "no stated scale" not in told


def test_what_is_there_is_never_replaced_unasked(tmp_path):
    results = tmp_path / "results"
    import_files([plain(tmp_path / "s.csv", "a,t,1,1", "a,t,2,0")], results, Wish())
    changed = plain(tmp_path / "s2.csv", "a,t,1,1", "a,t,2,1")
    with pytest.raises(Refusal, match=r"a x t is there already; it was made from s\.csv; give --redo"):
        import_files([changed], results, Wish())
    (done,) = import_files([changed], results, Wish(), redo=True)
    assert done.state == "made again"
    cell = scores(results, "a", "t")[0]
    record.write_run(cell.folder, cell.run.changed(origin=None))
    with pytest.raises(Refusal, match="results that Proctor made; an import never replaces them"):
        import_files([changed], results, Wish(), redo=True)


def test_a_large_file_is_imported_and_compared_in_seconds(tmp_path):
    draw = random.Random(3)
    lines = [
        f"{v},big,{i},{int(draw.random() < p)}" for v, p in (("a", 0.5), ("b", 0.504)) for i in range(100_000)
    ]
    path = plain(tmp_path / "big.csv", *lines)
    start = time.process_time()
    done = import_files([path], tmp_path / "results", Wish())
    assert sum(one.rows for one in done) == 200_000
    found = CliRunner().invoke(app, ["compare", "a", "b", "--results", str(tmp_path / "results"), "--json"])
    assert found.exit_code == 0, found.output
    (one,) = json.loads(found.output)["comparisons"]
    assert one["n_paired"] == 100_000
    ones = [sum(line.endswith(",1") for line in lines[at : at + 100_000]) for at in (0, 100_000)]
    assert one["only_a"] - one["only_b"] == ones[0] - ones[1]
    assert time.process_time() - start < 20  # about 3 s, and a million rows five times as much


def test_the_command_says_what_was_made_and_what_is_lacking(tmp_path):
    path = plain(tmp_path / "s.csv", "a,t,1,1", "a,t,2,", "b,t,1,0", "b,t,2,1")
    where = ["--results", str(tmp_path / "results")]
    told = CliRunner().invoke(app, ["import", str(path), *where])
    assert told.exit_code == 0
    assert "a x t: score 100.0 % over 1 sample (2 rows), 0 unparsed, 1 error; " in told.output
    assert "b x t: score 50.0 % over 2 samples, 0 unparsed, 0 errors; " in told.output
    assert f"{tmp_path / 'results/b/t'} (new)" in told.output.replace("\n", "")
    assert (
        "samples are treated as independent; where some share a source, give --cluster FIELD" in told.output
    )
    assert "the source does not tell the document hash" in told.output
    assert Path(tmp_path / "results/b/t/samples.parquet").is_file()
    again = CliRunner().invoke(app, ["import", str(path), *where, "--json"])
    one, other = json.loads(again.output)
    assert (one["mean"], one["samples"], one["rows"], one["statuses"]["error"]) == (1.0, 1, 2, 1)
    assert (other["mean"], other["state"], other["clustered"]) == (0.5, "there already", False)
    assert Path(other["cell"]) == tmp_path / "results/b/t"
    plain(path, "a,t,1,1,x", "a,t,2,1,x", header=HEADER + ",cluster")
    grouped = CliRunner().invoke(app, ["import", str(path), *where, "--redo"])
    assert "independent" not in grouped.output
