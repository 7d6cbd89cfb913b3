"""Extracted answers: which of them are the same."""

import re
from fractions import Fraction


def value_of(answer: str) -> str:
    """Equal for one number written in two ways; the words themselves where it is no plain number.

    >>> value_of("$1,480.0") == value_of("1480")
    True
    """
    bare = re.sub(r"[\s$£€¥₹,%*]", "", answer)
    # No exponents: an imported '1e99999999' would be worked out in full.
    if len(bare) >= 60 or not re.fullmatch(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+|[0-9]+/0*[1-9][0-9]*)", bare):
        return bare.casefold()
    return str(Fraction(bare))
