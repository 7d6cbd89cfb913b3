"""The checklist, a pupil, and a good plan for her."""

from typing import Any

from proctor.common.paths import KINDS
from proctor.judges.judge import Judge
from proctor.judges.rules.checklist import score_by_rules

LIBRARY = KINDS["judges"].shipped
JUDGE = Judge.load("checklist")
FACTS: dict[str, Any] = {
    "name": "Mira",
    "weeks": 3,
    "minutes_per_week": 90,
    "session_minutes": 45,
    "busy": ["Wednesday"],
    "topics": [["Equivalent fractions"], ["Adding and subtracting fractions", "adding fractions"]],
    "goal": "pass the fractions retest before Easter",
    "notes": ["has only a phone"],
    "mistakes": ["1/2 + 1/3 = 2/5", "2/3 = 4/5"],
    "language": "simple",
}
PLAN = """Study plan for Mira: 3 weeks, 1.5 hours a week
Goal: pass the fractions retest before Easter.

Week 1: Equivalent fractions
- Monday, 45 min: Redo "2/3 = 4/5" and say what went wrong. Fold paper strips into halves, thirds and sixths.
- Thursday, 45 min: Find five equal pairs on a fraction wall and write them down. Then do 8 questions.
- Check: a quiz of 5 questions, at least 4 right.

Week 2: Adding and subtracting fractions
- Monday, 45 min: Correct "1/2 + 1/3 = 2/5" with a drawing. Draw bars for 1/4 + 1/3 before you calculate.
- Thursday, 45 min: Solve 10 sums from the book and mark them. Take a photo of the two hardest.
- Check: 8 of 10 sums right, or repeat the bars.

Week 3: Review of equivalent fractions and adding fractions
- Monday, 45 min: Explain both topics to a friend in two sentences each.
- Thursday, 45 min: Take a mixed test of 12 questions and correct every error.
- Check: compare with your first quiz and aim for 10 of 12.

Remember: Mira has only a phone, so every sheet is a photo.
"""


def scores_of_plan(text: str, **changes: Any) -> dict[str, float]:
    return score_by_rules(JUDGE, text, FACTS | changes).scores


GOOD = scores_of_plan(PLAN)
