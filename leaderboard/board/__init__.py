"""The static site: a page is a module in pages/ and a template of the same name in templates/.

Knows figures and pages; must not know how they are computed (../compare) or how the results came about.
"""

RANKING = "ranking.txt"  # the ranking as the terminal tells it
