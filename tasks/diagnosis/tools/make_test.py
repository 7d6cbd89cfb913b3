"""Writes data/test.jsonl: 60 pupils with errors of every kind. Run once a version, then read and mended by
hand: another run gives other pupils.

python -m proctor.tasks.diagnosis.tools.make_test
"""

import json
import random
from collections import Counter

from proctor.common.files import write_text
from proctor.tasks.diagnosis import DATA, GRADES
from proctor.tasks.diagnosis.tools.errors import Pupil, draw_set, error_kinds
from proctor.tasks.diagnosis.tools.make_train import with_target

SEED = 20
NAMES = """
    Adil Agnes Alba Amara Anouk Arjun Ayumi Baran Bea Bilal Bronwyn Caio Chidi Clara Darya
    Ebba Efe Emeka Enzo Farah Femi Fiona Gabor Gita Hadiya Hao Heidi Ibrahim Ida Iker
    Ines-Maria Iris Jia Jomo Juno Kaan Karim Keiko Lars Lindiwe Lola Maeve Malik Marisol Min-jun
    Nils Nisha Odile Pavel Ramon Rasmus Renée Rohan Saoirse Selma Siddharth Tereza Tuan Viola Yaw
""".split()  # noqa: SIM905
GOALS = (
    "get at least 12 of 20 points in the test after the holidays",
    "check the prices in the family's shop",
    "move up to the middle group by spring",
    "sit the scholarship test in June",
    "help a little brother with homework",
    "do the Friday sheet without help from home",
    "build a rabbit hutch from a drawing",
    "keep the score book of the cricket team",
    "catch up on what was missed in hospital",
    "be brave enough to come to the board",
    "pass the entrance test of a new school",
    "plan the class trip with real prices",
)


def main() -> None:
    rng = random.Random(SEED)
    names = rng.sample(NAMES, len(NAMES))
    used: Counter[str] = Counter()
    lines = []
    for number, name in enumerate(names):
        grade = GRADES[number % len(GRADES)]
        pupil = Pupil(name, grade, (1, 2, 1, 2, 3)[number % 5])
        drawn = min((draw_set(rng, pupil, train=False) for _ in range(200)), key=lambda one: _worn(one, used))
        used.update(item["error"] for item in drawn["items"])
        fields = {
            "id": f"{name.lower()}-{grade}".replace("é", "e"),
            "name": name,
            "grade": grade,
            "goal": GOALS[number % len(GOALS)],
            "weeks": rng.randint(pupil.weaknesses + 2, 7),
            "hours_per_week": rng.choice((1, 1.5, 2, 2.5, 3)),
            "language_level": "simple" if grade < 6 else rng.choice(("simple", "standard", "confident")),
            **drawn,
        }
        lines.append(json.dumps(with_target(fields), ensure_ascii=False, sort_keys=True))
    assert all(used[kind.id] for kind in error_kinds()), [k.id for k in error_kinds() if not used[k.id]]
    write_text(DATA / "test.jsonl", "\n".join(sorted(lines)) + "\n")


def _worn(drawn: dict[str, list[dict[str, str]]], used: "Counter[str]") -> float:
    """How often its errors were used already: every kind is to come up, none again and again."""
    return sum(used[item["error"]] for item in drawn["items"]) / len(drawn["items"])


if __name__ == "__main__":
    main()
