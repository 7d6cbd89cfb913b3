"""All template families of the word problems, in a fixed order: what is drawn depends on it."""

from proctor.tasks.word_problems.families import (
    chains,
    clock,
    compare,
    fractions,
    money,
    percent,
    rates,
    shapes,
    shares,
)
from proctor.tasks.word_problems.family import ProblemFamily

FAMILIES: tuple[ProblemFamily, ...] = (
    *chains.FAMILIES,
    *money.FAMILIES,
    *rates.FAMILIES,
    *fractions.FAMILIES,
    *percent.FAMILIES,
    *compare.FAMILIES,
    *clock.FAMILIES,
    *shapes.FAMILIES,
    *shares.FAMILIES,
)
