"""Verdicts on pairs as files hold them: rows of item_id, order (ab or ba), verdict (a, b or tie), rater.

The verdict names the plan, not its place. Here stands too what the verdicts of both orders and of several raters come
to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.judges.figures.ratings import belongs, read_rows, text_of
from proctor.judges.figures.report import EVERY, MOST_NAMED

ORDERS = ("ab", "ba")
VERDICTS = ("a", "tie", "b")
NO_ORDER = ""  # a label may have been given without one
FIRST = {"ab": "a", "ba": "b"}  # the plan that is shown first

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
        return sorted({item for item, _, _ in self.verdicts})

    @property
    def raters(self) -> list[str]:
        return sorted({rater for _, _, rater in self.verdicts})

    @property
    def unparsed(self) -> int:
        return sum(verdict is None for verdict in self.verdicts.values())

    def cluster(self, item: str) -> str:
        return self.clusters.get(item, item)

    def given(self, item: str, rater: str) -> dict[str, str]:
        """The rater's verdicts on the pair, by order."""
        verdicts = {order: self.verdicts.get((item, order, rater)) for order in (*ORDERS, NO_ORDER)}
        return {order: verdict for order, verdict in verdicts.items() if verdict is not None}

    def as_one(self, reference: str, plans: Mapping[str, tuple[str, str]]) -> "Preferences":
        """What the reference says of each pair, as one rater's verdicts without an order."""
        verdicts: dict[tuple[str, str, str], str | None] = {}
        clusters, named = {}, {}
        for item in self.items:
            for number, verdict in enumerate(labels_of(self, item, reference)):
                name = f"{item} #{number}" if reference == EVERY else item
                verdicts[name, NO_ORDER, reference] = verdict
                clusters[name] = self.cluster(item)
                if item in plans:
                    named[name] = plans[item]
        return Preferences(verdicts, clusters, named)


def taken_as(given: Mapping[str, str], form: str) -> list[str]:
    """The verdicts that one rater's words on a pair come to, in one of FORMS; none where they can't."""
    if form in ORDERS:
        return [given[form]] if form in given else []
    if form == "single":
        return list(given.values())
    if not all(order in given for order in ORDERS):
        return []
    ab, ba = given["ab"], given["ba"]
    if form == "consistent":
        return [ab] if ab == ba else []
    return [conservative(ab, ba) if form == "conservative" else summed(ab, ba)]


def conservative(ab: str, ba: str) -> str:
    """A plan is preferred when both orders prefer it; everything else is a tie."""
    return ab if ab == ba else "tie"


def summed(ab: str, ba: str) -> str:
    """Preferences add up and a tie adds nothing: a plan that one order prefers and the other calls a tie wins."""
    if "tie" in (ab, ba):
        return ba if ab == "tie" else ab
    return conservative(ab, ba)


def settled(given: Mapping[str, str]) -> str | None:
    """What one rater's verdicts on a pair come to: both orders conservatively, else the only one that there is."""
    if all(order in given for order in ORDERS):
        return conservative(given["ab"], given["ba"])
    return next(iter(given.values()), None)


def majority(verdicts: Sequence[str]) -> str | None:
    """The verdict that most raters gave; None where two are given as often."""
    counted = Counter(verdicts).most_common()
    if not counted or (len(counted) > 1 and counted[0][1] == counted[1][1]):
        return None
    return counted[0][0]


def references(labels: Preferences) -> list[str]:
    """Whom a judge is held to: each rater of labels, and what several say together."""
    named = labels.raters if len(labels.raters) <= MOST_NAMED else []
    return [*named, *([MAJORITY, OR_TIE, EVERY] if len(labels.raters) > 1 else [])]


def labels_of(labels: Preferences, item: str, reference: str) -> list[str]:
    """The reference's label of a pair; none where it settles nothing, several where each counts."""
    raters = [reference] if reference in labels.raters else labels.raters
    votes = [verdict for rater in raters if (verdict := settled(labels.given(item, rater)))]
    if reference in (EVERY, *labels.raters) or not votes:
        return votes
    most = majority(votes) or ("tie" if reference == OR_TIE else None)
    return [most] if most else []


def read_preferences(path: Path, rater: str = "judge", labels: bool = False) -> Preferences:
    """The file, checked. Columns that may be left out: `rater`, `cluster`, `plan_a` and `plan_b` (who wrote them),
    and of labels `order`; other columns are not read. An item_id that stands for several pairs of plans (a pupil, say,
    for whom many wrote) is a pair for each, and the cluster of them all."""
    verdicts: dict[tuple[str, str, str], str | None] = {}
    clusters: dict[str, str] = {}
    plans: dict[str, tuple[str, str]] = {}
    rows = read_rows(path, needed=("item_id", "verdict") if labels else ("item_id", "order", "verdict"))
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
    if not any(verdicts.values()):
        raise Refusal(f"{len(verdicts)} rows and no verdict in any of them; fill in `verdict` ({path})")
    if plans and len(plans) < len({item for item, _, _ in verdicts}):
        raise Refusal(f"plan_a and plan_b are named for some pairs only; name them for all ({path})")
    notes = () if any(row.get("rater") for _, row in rows) else (f"no column 'rater': taken as {rater!r}",)
    return Preferences(verdicts, clusters, plans, notes)


def _order(row: Mapping[str, Any], labels: bool, line: int, path: Path) -> str:
    given = str(row.get("order") or "").strip().lower()
    if given in ORDERS or (labels and not given):
        return given
    raise Refusal(
        f"row {line}: the order is {row.get('order')!r}; it is 'ab' when plan a was shown first, else 'ba' ({path})"
    )


def _verdict(given: Any, line: int, path: Path) -> str | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    said = str(given).strip().lower()
    if said not in VERDICTS:
        raise Refusal(
            f"row {line}: the verdict is {given!r}; it is 'a', 'b' or 'tie' (the plan, not its place), "
            f"or empty where there is none ({path})"
        )
    return said


def _several(rows: Sequence[tuple[int, Mapping[str, Any]]]) -> set[str]:
    """The item_ids that stand for more than one pair of plans."""
    pairs: dict[str, set[tuple[str, str]]] = {}
    for _, row in rows:
        if all(pair := _pair_of(row)):
            pairs.setdefault(str(row.get("item_id")).strip(), set()).add(pair)
    return {item for item, found in pairs.items() if len(found) > 1}


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
