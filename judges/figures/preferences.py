"""Verdicts on pairs as files hold them: rows of item_id, order (ab or ba), verdict (a, b or tie), rater.

The verdict names the plan, not its place. Also here: what the verdicts of both orders and of several raters come to.

    preferences = read_preferences(Path("pairs.csv"))
    taken_as(preferences.table("gpt", preferences.items), "conservative")     # 1: plan a, -1: plan b, 0: a tie
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from proctor.common.refusal import Refusal
from proctor.common.stats.bootstrap import Floats
from proctor.judges.figures.ratings import belongs, is_empty, read_rows, text_of
from proctor.judges.figures.report import EVERY, MOST_NAMED
from proctor.judges.verdict import WORTH

ORDERS = ("ab", "ba")
NO_ORDER = ""  # a label may have been given without one

# What a judge's two verdicts on a pair can be taken as, and the words for it.
FORMS: dict[str, str] = {
    "ab": "verdicts with plan a first",
    "ba": "verdicts with plan b first",
    "single": "every verdict by itself",
    "conservative": "both orders, a flip is a tie",
    "summed": "both orders added up",
    "consistent": "only pairs with the same verdict in both orders",
}
# What several raters of labels can be taken as, besides each of them by itself.
MAJORITY, OR_TIE = "majority of labels", "majority of labels, else a tie"


@dataclass(frozen=True)
class Preferences:
    """`verdicts` by (item, order, rater); None: the rater's words could not be read. `plans`: who wrote a and b."""

    verdicts: Mapping[tuple[str, str, str], str | None]
    clusters: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def items(self) -> list[str]:
        return sorted(set(map(itemgetter(0), self.verdicts)))

    @property
    def raters(self) -> list[str]:
        return sorted(set(map(itemgetter(2), self.verdicts)))

    @property
    def unparsed(self) -> int:
        return list(self.verdicts.values()).count(None)

    def cluster(self, item: str) -> str:
        return self.clusters.get(item, item)

    def table(self, rater: str, items: Sequence[str]) -> Floats:
        """The rater's verdicts, items x (order ab, order ba, no order), as `WORTH` counts them; nan: none."""
        table = np.full((len(items), 3), np.nan)
        for row, item in enumerate(items):
            for column, order in enumerate((*ORDERS, NO_ORDER)):
                verdict = self.verdicts.get((item, order, rater))
                if verdict is not None:
                    table[row, column] = WORTH[verdict]
        return table

    def settled(self, items: Sequence[str]) -> Floats:
        """Items x raters: what both orders come to conservatively, else the only verdict that there is."""
        columns = []
        for rater in self.raters:
            ab, ba, unordered = self.table(rater, items).T
            settled = conservative(ab, ba)
            for single in (ab, ba, unordered):
                settled = np.where(np.isnan(settled), single, settled)
            columns.append(settled)
        return np.stack(columns, axis=1)


def taken_as(table: Floats, form: str) -> Floats:
    """What a rater's table comes to in one of FORMS: items x verdicts, nan where there is none."""
    if form == "single":
        return table
    ab, ba, _ = table.T
    verdicts: dict[str, Floats] = {
        "ab": ab,
        "ba": ba,
        "conservative": conservative(ab, ba),
        "summed": summed(ab, ba),
        "consistent": np.where(ab == ba, ab, np.nan),
    }
    return np.reshape(verdicts[form], (-1, 1))


def conservative(ab: Floats, ba: Floats) -> Floats:
    """A plan is preferred when both orders prefer it; everything else is a tie."""
    return np.where(ab == ba, ab, 0.0 * (ab + ba))


def summed(ab: Floats, ba: Floats) -> Floats:
    """Preferences add up and a tie adds nothing: a plan that one order prefers and the other calls a tie wins."""
    return np.asarray(np.sign(ab + ba), dtype=np.float64)


def majority(settled: Floats) -> Floats:
    """The verdict that most raters gave each item; nan where two are given as often."""
    verdicts = np.array(list(WORTH.values()))
    counts = (settled[:, :, None] == verdicts).sum(axis=1)
    most = counts == counts.max(axis=1, keepdims=True)
    return np.where(most.sum(axis=1) == 1, verdicts[counts.argmax(axis=1)], np.nan)


def references(labels: Preferences) -> list[str]:
    """Whom a judge is held to: each rater of labels, and what several say together."""
    raters = labels.raters
    if len(raters) == 1:
        return raters
    if len(raters) > MOST_NAMED:
        raters = []
    return [*raters, MAJORITY, OR_TIE, EVERY]


def labels_of(labels: Preferences, items: Sequence[str], reference: str) -> Floats:
    """The reference's labels, items x labels: nan where it settles nothing, several columns where each label counts."""
    settled = labels.settled(items)
    if reference in labels.raters:
        return settled[:, [labels.raters.index(reference)]]
    if reference == EVERY:
        return settled
    most = majority(settled)
    if reference == OR_TIE:
        undecided = np.isnan(most) & ~np.isnan(settled).all(axis=1)
        most = np.where(undecided, 0.0, most)
    return most[:, None]


def read_preferences(path: Path, rater: str = "judge", labels: bool = False) -> Preferences:
    """The file, checked. Columns that may be left out: `rater`, `cluster`, `plan_a` and `plan_b` (who wrote them),
    and of labels `order`; other columns are not read. An item_id that stands for several pairs of plans (a pupil, say,
    for whom many wrote) is a pair for each, and the cluster of them all."""
    verdicts: dict[tuple[str, str, str], str | None] = {}
    clusters: dict[str, str] = {}
    plans: dict[str, tuple[str, str]] = {}
    needed: Sequence[str] = ("item_id", "order", "verdict")
    if labels:
        needed = ("item_id", "verdict")
    rows = read_rows(path, needed)
    is_named = False
    several = _several(rows)
    for line, row in rows:
        item = text_of(row, "item_id", line, path)
        if item in several:
            row = {**row, "cluster": row.get("cluster") or item}
            item = f"{item} ({' against '.join(_pair_of(row))})"
        key = item, _order(row, labels, line, path), str(row.get("rater") or rater)
        if key in verdicts:
            order = f" in order {key[1]}" if key[1] else ""
            raise Refusal(
                f"row {line}: {key[2]!r} judges {item!r}{order} a second time; keep one row for each ({path})"
            )
        verdicts[key] = _verdict(row.get("verdict"), line, path)
        belongs(clusters, item, row, line, path)
        _plans(plans, item, row, line, path)
        is_named = is_named or bool(row.get("rater"))
    if not any(verdicts.values()):
        raise Refusal(f"{len(verdicts)} rows and no verdict in any of them; fill in `verdict` ({path})")
    notes = () if is_named else (f"no column 'rater': taken as {rater!r}",)
    preferences = Preferences(verdicts, clusters, plans, notes)
    if plans and len(plans) < len(preferences.items):
        raise Refusal(f"plan_a and plan_b are named for some pairs only; name them for all ({path})")
    return preferences


def _order(row: Mapping[str, Any], labels: bool, line: int, path: Path) -> str:
    order = str(row.get("order") or "").strip().lower()
    if order in ORDERS or (labels and not order):
        return order
    raise Refusal(
        f"row {line}: the order is {row.get('order')!r}; it is 'ab' when plan a was shown first, else 'ba' ({path})"
    )


def _verdict(value: Any, line: int, path: Path) -> str | None:
    if is_empty(value):
        return None
    verdict = str(value).strip().lower()
    if verdict not in WORTH:
        raise Refusal(
            f"row {line}: the verdict is {value!r}; it is 'a', 'b' or 'tie' (the plan, not its place), "
            f"or empty where there is none ({path})"
        )
    return verdict


def _several(rows: Sequence[tuple[int, Mapping[str, Any]]]) -> set[str]:
    """The item_ids that stand for more than one pair of plans."""
    pairs: dict[str, set[tuple[str, str]]] = {}
    for _, row in rows:
        pair = _pair_of(row)
        if all(pair):
            pairs.setdefault(str(row.get("item_id")).strip(), set()).add(pair)
    return {item for item, different in pairs.items() if len(different) > 1}


def _pair_of(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("plan_a") or "").strip(), str(row.get("plan_b") or "").strip()


def _plans(
    plans: dict[str, tuple[str, str]], item: str, row: Mapping[str, Any], line: int, path: Path
) -> None:
    a, b = _pair_of(row)
    if not a and not b:
        return
    if not a or not b or a == b:
        raise Refusal(
            f"row {line}: plan_a is {a!r} and plan_b {b!r}; a pair has two, named differently ({path})"
        )
    plans[item] = (a, b)
