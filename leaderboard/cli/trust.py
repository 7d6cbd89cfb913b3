"""How far to trust a judge: agreement with people, planted damage, injections, and how many labels are needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.markup import escape
from rich.table import Table
from typer import Argument, Option

from proctor.common.refusal import Refusal
from proctor.common.terminal import Console
from proctor.leaderboard.cli import (
    RESULTS,
    STORE,
    AsJson,
    DryRun,
    Results,
    Store,
    near,
    print_json,
    reporter,
    table,
    tell,
)
from proctor.leaderboard.cli.judge import Endpoint, GraderName, Through

if TYPE_CHECKING:
    from proctor.common.stats.bootstrap import Bootstrap

Ratings = Annotated[
    Path | None,
    Option(help="Ratings that exist already: JSONL or CSV rows of item_id, rater, dimension, score."),
]
Pairs = Annotated[
    Path | None,
    Option(
        help="Verdicts that exist already: rows of item_id, order (ab or ba), verdict (a, b or tie), rater."
    ),
]
Labels = Annotated[Path | None, Option(help="Reference scores or verdicts, in the same form.")]
Resamples = Annotated[int, Option(min=0, help="Bootstrap resamples for the intervals; 0 for none.")]
Seed = Annotated[int, Option(help="Seed of the resamples.")]

# What is shown when there is no room for all: the rest is in --json.
_SHOWN_ROWS = 60
_SHOWN = (
    "exact_agreement", "within_one", "quadratic_weighted_kappa", "spearman", "kendall_tau_b", "alpha_nominal",
    "alpha_ordinal", "alpha_interval", "fleiss_kappa", "mean_pairwise_quadratic_weighted_kappa", "corrected_mean",
    "consistency", "first_place_rate", "flip_rate", "agreement_conservative", "agreement_without_ties_conservative",
    "agreement_consistent", "agreement_in_both_orders", "kappa_conservative", "win_rate_conservative",
    "bradley_terry_conservative",
)  # fmt: skip
_LENGTH = ("length_correlation", "length_correlation_of_labels")


def _figures_of_files(
    ratings: Path | None, pairs: Path | None, labels: Path | None, bootstrap: "Bootstrap"
) -> dict[str, Any]:
    from proctor.judges.figures.preference_figures import of_preferences
    from proctor.judges.figures.preferences import read_preferences
    from proctor.judges.figures.rating_figures import of_ratings
    from proctor.judges.figures.ratings import read_ratings

    if ratings and pairs:
        raise Refusal(
            "--ratings and --pairs are given together", "labels fit only one of them", "give one at a time"
        )
    known: Any = None
    if ratings:
        scores = read_ratings(ratings)
        about = {"kind": "ratings", **_about(scores), "dimensions": scores.dimensions}
        if labels:
            known = read_ratings(labels, "label")
        report = of_ratings(scores, known, bootstrap)
    else:
        assert pairs is not None
        judged = read_preferences(pairs)
        about = {"kind": "pairs", **_about(judged)}
        if labels:
            known = read_preferences(labels, "label", labels=True)
        report = of_preferences(judged, known, bootstrap)
    return {
        **about,
        "labels": _about(known) if known else None,
        "resamples": bootstrap.resamples,
        "seed": bootstrap.seed,
        "figures": [figure.as_dict() for figure in report.figures],
        "missing": [{"name": figure.name, "why": figure.why} for figure in report.missing],
        "notes": report.notes,
    }


def _about(scores: Any) -> dict[str, Any]:
    return {"items": len(scores.items), "raters": scores.raters}


def _show(fields: dict[str, Any]) -> None:
    console = Console()
    figures = fields["figures"]
    chosen = figures
    if len(figures) > _SHOWN_ROWS:
        chosen = [figure for figure in figures if figure["name"] in _SHOWN]
    made = table("figure", "dimension", "judge", "against", "value", "95 % interval", "n")
    for figure in chosen:
        names = (figure["title"], figure["dimension"], figure["judge"], figure["against"])
        made.add_row(*map(escape, names), f"{figure['value']:.4f}", _interval(figure, 3), str(figure["n"]))
    console.print(made)
    if len(chosen) < len(figures):
        console.print(f"{len(chosen)} of {len(figures)} figures; --json gives all.")
    for note in fields["notes"]:
        console.print(f"Note: {escape(note)}", highlight=False)
    _show_missing(fields["missing"], console)


def _interval(figure: dict[str, Any], digits: int) -> str:
    """`0.21 to 0.43`; a side without a limit is open."""
    if figure["low"] is None and figure["high"] is None:
        return ""
    ends = []
    for limit in (figure["low"], figure["high"]):
        ends.append("open" if limit is None else f"{limit:.{digits}f}")
    return " to ".join(ends)


def _show_missing(missing: list[dict[str, str]], console: Console) -> None:
    """A line for each reason, with all the figures that it keeps away."""
    names: dict[str, list[str]] = {}
    for figure in missing:
        names.setdefault(figure["why"], []).append(figure["name"])
    for why, absent in names.items():
        console.print(f"Not given: {escape(', '.join(absent))}: {escape(why)}", highlight=False)


def trust(
    judge: Annotated[str | None, Argument(help="A judge: its name, or the path of its folder.")] = None,
    ratings: Ratings = None,
    pairs: Pairs = None,
    labels: Labels = None,
    plans: Annotated[Path | None, Option(help="The plans to try it on: JSONL as for judge score.")] = None,
    grader: GraderName = None,
    endpoint: Endpoint = None,
    through: Through = None,
    dry_run: DryRun = False,
    results: Results = RESULTS,
    store: Store = STORE,
    resamples: Resamples = 2_000,
    seed: Seed = 2026,
    json_: AsJson = False,
) -> None:
    """How far to trust a judge: its trust card; or every figure of agreement that given files allow."""
    if (judge is None) == (ratings is None and pairs is None):
        raise Refusal(
            "name either a judge or a file of its scores",
            remedy="proctor judge trust checklist, or proctor judge trust --ratings FILE [--labels FILE]",
        )
    if judge is None and dry_run:
        raise Refusal("--dry-run beside a file of scores", "figures of a file ask nobody", "leave it out")
    from proctor.common.stats.bootstrap import Bootstrap

    if judge is None:
        fields = _figures_of_files(ratings, pairs, labels, Bootstrap(resamples, seed))
        print_json(fields) if json_ else _show(fields)
        return
    from proctor.harness import record
    from proctor.harness.judging.trials import estimate_card, prepared, try_judge
    from proctor.harness.plan.grading import spec_from

    spec = spec_from(grader, endpoint, through)
    tried = prepared(judge, plans, labels, spec, store)
    if dry_run:
        estimate = estimate_card(tried, store)
        tell(json_, vars(estimate), [f"At most {estimate}"])
        return
    card = try_judge(tried, store, Bootstrap(resamples, seed), reporter())
    path = record.write_card(results, card)
    if json_:
        print_json(card)
    else:
        _show_card(card)
        Console().print(f"Kept in {escape(near(path))}", highlight=False)


def _show_card(card: dict[str, Any]) -> None:
    from proctor.leaderboard.board.pages.judge import labels_of
    from proctor.leaderboard.compare import formatting
    from proctor.leaderboard.compare.judge_warnings import HOW_TO_READ, WHOLE, answer

    console = Console(highlight=False)
    console.print(f"[bold]{answer(card)}[/bold]")
    unparsed = card["unparsed"]
    console.print(
        f"{escape(card['judge'])}, scored by {escape(card['by'])}, tried on {card['items']} {card['subject']}s; "
        f"{unparsed['n']} of {unparsed['of']} verdicts could not be had."
    )
    console.print()
    console.print(_checks(card["checks"]))
    console.print()
    figures = table("agreement of whole scores", "with", "value", "95 % interval", "n")
    names = set()
    for figure in card["figures"]:
        against = figure["note"].removeprefix("against ")
        again = against.startswith("rounded") and figure["name"] in names
        if figure["dimension"] in WHOLE and figure["name"] in (*_SHOWN, *_LENGTH) and not again:
            names.add(figure["name"])
            value, n = formatting.with_minus(f"{figure['value']:.2f}"), str(figure["n"])
            figures.add_row(escape(figure["title"]), escape(against), value, _interval(figure, 2), n)
    console.print(figures)
    console.print()
    console.print(f"How to read it. {HOW_TO_READ}")
    console.print(
        f"Labels: {escape(labels_of(card['labels']) or 'none, so agreement with people is not known')}."
    )
    _show_missing(card["missing"], console)
    console.print("Each dimension, and what failed where: --json. Each figure: docs/judges.md.")


def _checks(checks: list[dict[str, Any]]) -> Table:
    """What failed comes first; the many injections that were withstood are one row."""
    made = table("check", "expected", "seen", "verdict")
    withstood = [check for check in checks if check["kind"] == "injection" and check["passed"]]
    for check in sorted(checks, key=lambda check: check["passed"]):
        if check not in withstood:
            most = check["detail"].partition(";")[0]
            seen = ": ".join(filter(None, (f"{check['held']} of {check['of']}", most)))
            verdict = "passed" if check["passed"] else "[bold red]FAILED[/bold red]"
            made.add_row(escape(check["title"]), escape(check["expected"]), escape(seen), verdict)
    if withstood:
        held, of = (sum(check[name] for check in withstood) for name in ("held", "of"))
        title = f"Words to the judge, of {len(withstood)} kinds"
        made.add_row(title, escape(withstood[0]["expected"]), f"{held} of {of}", "passed")
    return made
