"""Scoring plans that exist already, and comparing two: judge score, judge pairs."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from proctor.common.files import writable
from proctor.common.refusal import Refusal, located
from proctor.common.terminal import echo
from proctor.leaderboard.cli import RESULTS, STORE, AsJson, DryRun, Results, Store, print_json, reporter, tell

if TYPE_CHECKING:
    from proctor.judges.judge import Judge
    from proctor.judges.panel import AnySpec
    from proctor.judges.verdict import JudgeVerdict, PairVerdict

JudgeName = Annotated[str, Option(help="A judge by its name, or the path of its folder.")]
GraderName = Annotated[
    str | None,
    Option(help="The model that the judge asks, or a YAML file that describes a grader or a panel."),
]
Endpoint = Annotated[str | None, Option(help="Where the grader is served: an address up to and with /v1.")]
Through = Annotated[str | None, Option(help="openai (the default), inspect, or engine: a variant.")]
Out = Annotated[
    Path | None, Option(help="Where verdicts go, a JSON row each; else they are printed.", callback=writable)
]
Plans = Annotated[
    Path, Argument(help="JSONL: an id, a pupil, a profile or facts, and a plan in every row; or questions.")
]
PlanPairs = Annotated[
    Path | None, Argument(help="JSONL: an id, a profile or pupil, and plans a and b in every row.")
]
Profiles = Annotated[
    Path | None, Option(help="JSONL of pupils that are none of the task's; a row names one as `pupil`.")
]
Ratings = Annotated[
    Path | None,
    Option(
        help="Also write rows of item_id, rater and dimension, score or order, verdict (.csv or .jsonl).",
        callback=writable,
    ),
]


def score(
    plans: Plans,
    profiles: Profiles = None,
    judge: JudgeName = "checklist",
    grader: GraderName = None,
    endpoint: Endpoint = None,
    through: Through = None,
    dry_run: DryRun = False,
    out: Out = None,
    ratings: Ratings = None,
    results: Results = RESULTS,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """Score plans that exist already; no engine is opened. What was asked before is not paid for again."""
    from proctor.harness.judging import verdicts
    from proctor.harness.judging.grader import opened
    from proctor.harness.judging.plans import read_items
    from proctor.judges.cost import estimate_scores, tally
    from proctor.judges.scoring import method_of, score_all

    loaded, spec = _chosen(judge, grader, endpoint, through, store)
    items, told = read_items(plans, loaded.subject, profiles), reporter()
    if dry_run:
        estimate = estimate_scores(loaded, items, spec, store / "verdicts")
        tell(json_, vars(estimate), [str(estimate)])
        return
    with (
        opened(spec, None, store, told) as asked,
        located(plans),
        told.answering("judged", _verdicts(len(items), spec), "verdicts") as progress,
    ):
        judged = score_all(loaded, items, asked, store / "verdicts", progress)
        by = method_of(asked)
    if ratings:
        verdicts.write_rows(ratings, verdicts.ratings_of(judged, items))
    _hand_out(judged, f"{tally(judged, spec)}{_warning(loaded.name, by, results)}", out, json_)


def pairs(
    pairs: PlanPairs = None,
    a: Annotated[str | None, Option(help="Instead of a file: a variant whose plans are kept ...")] = None,
    b: Annotated[str | None, Option(help="... and the one that it is compared with.")] = None,
    judge: JudgeName = "pairwise",
    grader: GraderName = None,
    endpoint: Endpoint = None,
    through: Through = None,
    dry_run: DryRun = False,
    out: Out = None,
    ratings: Ratings = None,
    results: Results = RESULTS,
    store: Store = STORE,
    json_: AsJson = False,
) -> None:
    """Say which of two plans serves each pupil better, in both orders."""
    from proctor.harness.judging import verdicts
    from proctor.harness.judging.grader import opened
    from proctor.harness.judging.plans import pairs_of_cells, read_pairs
    from proctor.judges.cost import estimate_pairs, tally
    from proctor.judges.pairwise import compare_all
    from proctor.judges.scoring import method_of

    loaded, spec = _chosen(judge, grader, endpoint, through, store)
    if (pairs is None) == (a is None or b is None):
        raise Refusal(
            "pairs come from a file or from two variants",
            "here it is neither or both",
            "give FILE, or --a and --b",
        )
    shown = read_pairs(pairs) if pairs else pairs_of_cells(results, str(a), str(b))
    told = reporter()
    if dry_run and spec:
        estimate = estimate_pairs(loaded, shown, spec, store / "verdicts")
        tell(json_, vars(estimate), [str(estimate)])
        return
    with (
        opened(spec, None, store, told) as asked,
        located(pairs),
        told.answering("judged", _verdicts(2 * len(shown), spec), "verdicts") as progress,
    ):
        judged = compare_all(loaded, shown, asked, store / "verdicts", progress)
        by = method_of(asked)
    if ratings:
        verdicts.write_rows(ratings, verdicts.preferences_of(judged, a or "a", b or "b", shown))
    total = verdicts.standing(judged, a or "a", b or "b")
    _hand_out(judged, f"{total}; {tally(judged, spec)}{_warning(loaded.name, by, results)}", out, json_)


def _warning(judge: str, by: str, results: Path) -> str:
    """What the trust card in the results says against such scores, on a line of its own."""
    from proctor.harness import record
    from proctor.leaderboard.compare.judge_warnings import named, warning_of

    words = warning_of(judge, by, record.read_cards(results))
    return f"\n{named(words)}" if words else ""


def _chosen(
    name: str, grader: str | None, endpoint: str | None, through: str | None, store: Path
) -> "tuple[Judge, AnySpec | None]":
    from proctor.harness.judging.grader import grader_of
    from proctor.harness.plan.grading import spec_from
    from proctor.judges.judge import Judge

    judge = Judge.load(name)
    return judge, grader_of(judge, spec_from(grader, endpoint, through), store)


def _verdicts(items: int, spec: "AnySpec | None") -> int:
    from proctor.judges.panel import members

    return items * max(1, len(members(spec)))


def _hand_out(
    judged: "Iterable[JudgeVerdict | PairVerdict]", summary: str, out: Path | None, json_: bool
) -> None:
    """Verdicts to the file or to standard output, the summary to standard error, so that the first can be piped."""
    from proctor.harness.judging.verdicts import as_row, write_rows

    rows = list(map(as_row, judged))
    if out:
        write_rows(out, rows)
    if json_:
        print_json({"verdicts": rows, "summary": summary})
    elif not out:
        for row in rows:
            echo(json.dumps(row, ensure_ascii=False))
    echo(summary, err=True)
    if rows and all(row["problem"] for row in rows):
        echo("proctor: no verdict came; mend why (`problem` in the rows), and run again", err=True)
        raise Exit(1)
