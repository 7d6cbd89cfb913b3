"""Proctor: an evaluation-first benchmark harness for small language models that do school maths.

    import proctor

    rows = proctor.run("demo", only=["tiny"], limit=20)             # what a suite asked, a row a sample
    found = proctor.compare("tiny-q8", "tiny-lora", task="word_problems", margin=0.05)
    found.verdict, found.difference.low, found.difference.high
    proctor.load().groupby(["variant", "task"])["score"].mean()     # everything in results/
    proctor.score("word_problems", {"test-0001": "The answer is 14."})

Without `results`, results lie in the project around the working directory, as they do for the command `proctor`. A
mistake that the caller can mend is a `proctor.Refusal`; anything else that is raised is a bug.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.common.refusal import Refusal

if TYPE_CHECKING:  # what is heavy is imported when it is needed: `import proctor` takes no time
    import pandas as pd

    from proctor.leaderboard.compare.comparison import Comparison

__version__ = "0.2.0"
__all__ = ["Refusal", "__version__", "compare", "load", "run", "score"]

Folder = str | Path


def run(
    suite: str | Path,
    *,
    only: Sequence[str] = (),
    tasks: Sequence[str] = (),
    limit: int | None = None,
    redo: bool = False,
    results: Folder | None = None,
    store: Folder | None = None,
) -> "pd.DataFrame":
    """Runs a suite, by name or by the path of its YAML, and returns its rows: one for each sample and epoch.

    `only` names variants and `tasks` tasks of the suite; `limit` asks so many samples of each task. What is there
    already is kept, and what was made from another definition is refused unless `redo` is set.

    >>> rows = run("demo", only=["tiny"], tasks=["word_problems"], limit=20)   # doctest: +SKIP
    >>> rows[["sample_id", "response", "answer", "score", "status"]].head()    # doctest: +SKIP
    """
    from proctor.common.paths import project
    from proctor.common.progress import Reporter
    from proctor.common.terminal import Console
    from proctor.harness.config.suite import Suite
    from proctor.harness.run import run_suite

    where = _results(results)
    kept = Path(store) if store is not None else project() / ".proctor"
    asked = Suite.load(str(suite)).narrowed(tasks, limit)
    plan = run_suite(asked, where, kept, Reporter(Console(stderr=True)), only, redo)
    names = {(cell.variant, cell.task) for cell in plan.cells}
    return _rows(where, names)


def compare(
    a: str,
    b: str,
    *,
    task: str,
    margin: float | None = None,
    results: Folder | None = None,
) -> "Comparison":
    """Whether variant `a` is better than `b` on a task: paired by sample, and corrected for all pairs of that task.

    `margin` is the loss that still counts as no worse, in the unit of the score; without it, as the suite said. Where
    the judge of the scores failed a check of its trust card, a Python warning says so.

    >>> found = compare("tiny-q8", "tiny-lora", task="word_problems", results="results/demo")  # doctest: +SKIP
    >>> found.verdict, found.difference.difference                                             # doctest: +SKIP
    ('no worse (within margin)', -0.008)
    """
    from proctor.leaderboard.compare.comparison import Settings
    from proctor.leaderboard.compare.overview import compare_named

    compared = compare_named(_results(results), a, b, [task], Settings(margin))
    for words in compared.warnings.values():
        warnings.warn(words, stacklevel=2)
    (found,) = compared.comparisons
    return found


def load(results: Folder | None = None) -> "pd.DataFrame":
    """All rows of all cells in a folder of results: one for each variant, task, sample and epoch.

    `score` is missing where `status` is "error", and 0 where it is "unparsed". A damaged cell is refused.

    >>> load("results/demo").groupby(["variant", "task"])["score"].mean()   # doctest: +SKIP
    """
    return _rows(_results(results), None)


def score(
    task: str, answers: Mapping[str, str | None] | Iterable[Mapping[str, Any]], *, judge: str = "checklist"
) -> "pd.DataFrame":
    """Scores responses that exist already, and returns a row for each; nothing is kept.

    `answers` are responses by the id of their sample, or rows as `proctor score` reads them. Study plans are scored by
    the `judge`, which must be one that asks no model.

    >>> score("word_problems", {"test-0001": "So the answer is 14."})["score"]   # doctest: +SKIP
    """
    from proctor.harness.imports.score import score_rows

    rows: list[Mapping[str, Any]]
    if isinstance(answers, Mapping):
        rows = [{"sample_id": name, "response": response} for name, response in answers.items()]
    else:
        rows = list(answers)
    return score_rows(task, rows, judge)


def _results(results: Folder | None) -> Path:
    from proctor.common.paths import project

    return Path(results) if results is not None else project() / "results"


def _rows(results: Path, names: set[tuple[str, str]] | None) -> "pd.DataFrame":
    import pandas as pd

    from proctor.harness import record

    if not results.is_dir():
        raise Refusal("there is no such folder of results", remedy="run a suite first", where=results)
    frames = []
    for cell in record.cells(results):
        if names is not None and (cell.variant, cell.task) not in names:
            continue
        if cell.problem:
            raise Refusal(cell.problem, "a damaged cell is never left out in silence", "run it with --redo")
        frames.append(cell.rows())
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
