"""Error sets through the harness: a cell whose headline is micro F1, with what is corrected and planned beside it."""

import json

from proctor.harness.record import read
from tests.conftest import Home


def test_a_run_makes_a_cell_of_error_sets_that_says_what_became_of_each(home: Home) -> None:
    def answer(doc: dict) -> str | None:
        if doc["grade"] == 3:
            return None
        return "I like sums." if doc["grade"] == 4 else doc["target"]

    home.echo("one", answer, "diagnosis")
    done = home.run(home.suite(variants=["one"], tasks=["diagnosis"], baseline="one"))
    assert done.returncode == 0, done.stderr
    cell = read(home.results, "one", "diagnosis")
    assert cell is not None
    assert not cell.problem
    assert (cell.run.task.kind, cell.run.task.headline, cell.run.task.scored_by) == (
        "counts",
        "micro F1",
        "rules",
    )
    assert set(cell.run.task.kinds) == {"grade", "weaknesses"}
    rows = cell.rows(["sample_id", "epoch", "status", "score", "metrics"])
    assert dict(rows["status"].value_counts()) == {"ok": 42, "error": 9, "unparsed": 9}
    for row in rows.to_dict("records"):
        if row["status"] == "ok":
            metrics = row["metrics"] if isinstance(row["metrics"], dict) else json.loads(row["metrics"])
            assert (row["score"], metrics["corrected"], metrics["slips_named"]) == (1.0, 1.0, 0.0)
    page = (home.board / "tasks" / "diagnosis.html").read_text(encoding="utf-8")
    assert "Error diagnosis" in page
