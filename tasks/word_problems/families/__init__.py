"""All template families of the word problems, in a fixed order. Knows no random numbers and no files."""

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
from proctor.tasks.word_problems.family import Family

FAMILIES: tuple[Family, ...] = (
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
