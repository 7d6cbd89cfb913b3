"""From which side a pair of variants is told: the first is the one that may take the other's place.

Decided by what the variants are and never by their scores. Knows no statistics and no page.
"""

from collections.abc import Mapping
from itertools import combinations

from proctor.harness import record

Cells = Mapping[tuple[str, str], record.Cell]


def pairs_of(cells: Cells, task: str) -> list[tuple[str, str]]:
    """Each pair of the task's variants: child and parent, else smaller and larger, else later and earlier name."""
    parents = {variant: cell.run.resolved.parent for (variant, _), cell in cells.items()}
    sizes = {variant: cell.run.costs.size_bytes for (variant, of), cell in cells.items() if of == task}
    return [_told(earlier, later, parents, sizes) for earlier, later in combinations(sorted(sizes), 2)]


def _told(
    earlier: str, later: str, parents: Mapping[str, str | None], sizes: Mapping[str, int | None]
) -> tuple[str, str]:
    later_from_earlier = _descends(later, earlier, parents)
    if later_from_earlier != _descends(earlier, later, parents):
        return (later, earlier) if later_from_earlier else (earlier, later)
    first, second = sizes[earlier], sizes[later]
    earlier_is_smaller = first is not None and second is not None and first < second
    return (earlier, later) if earlier_is_smaller else (later, earlier)


def _descends(variant: str, ancestor: str, parents: Mapping[str, str | None]) -> bool:
    """Whether it came from the other, over any number of steps; results may hold a circle of parents."""
    seen = set()
    parent = parents.get(variant)
    while parent is not None and parent not in seen:
        if parent == ancestor:
            return True
        seen.add(parent)
        parent = parents.get(parent)
    return False
