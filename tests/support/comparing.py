"""Plain scores, imported, and the command on them."""

import json
from collections.abc import Iterable
from pathlib import Path

from typer.testing import CliRunner

from proctor.common.refusal import Refusal
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.leaderboard.cli.main import app
from proctor.leaderboard.compare.comparison import Comparison, Settings
from proctor.leaderboard.compare.families import USUAL, compare_two
from proctor.leaderboard.compare.items import load_cells
from tests.support.import_rows import HEADER


def imported(tmp_path, rows, header=HEADER, name="scores.csv", **wish):
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    import_files([path], tmp_path / "results", Wish(**wish))
    return tmp_path / "results"


def run(*arguments, code=0):
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if isinstance(done.exception, Refusal):
        assert code == 2, done.exception
        assert "\n" not in str(done.exception)
        return str(done.exception)
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def told(results, *names):
    def no_constant(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(run("compare", *names, "--json", "--results", results), parse_constant=no_constant)


def one_of(results, *names):
    (found,) = told(results, *names)["comparisons"]
    return found


def rows_for(scores, task="t"):
    """{variant: scores} -> CSV rows; None is an empty score."""
    return [
        f"{name},{task},{i},{'' if value is None else repr(value)}"
        for name, values in scores.items()
        for i, value in enumerate(values)
    ]


def compare_variants(
    results: Path, a: str, b: str, tasks: Iterable[str] = (), settings: Settings = USUAL
) -> list[Comparison]:
    """What `proctor compare A B` computes, for tests that want the figures alone."""
    return compare_two(load_cells(results), results, a, b, tasks, settings)
