"""The study-plan task: write a plan, week by week, for a pupil with weak topics, a goal and little time.

    docs("test")[0]["profile"]
    # 'Pupil: Amina, grade 4\nCourse: Grade 4 maths\nWeak topics: Multiplication facts, Long multiplication\n...'

The task for Inspect is task.py, scores are made in scoring.py, pupils in profile.py; tools/ wrote the plans.
"""

from proctor.tasks.data import Items, read_items
from proctor.tasks.study_plan.profile import DATA, as_doc, from_fields

VERSION = "2.0"
# Room for a plan of some 200 words with working in it; the embedded model reads and writes 1,024 tokens in all.
MAX_TOKENS = 512
FILES = {"test": "profiles.jsonl", "train": "train.jsonl.gz"}


def docs(split: str) -> Items:
    """The 64 pupils of 'test' (written by hand) or 2,000 of 'train' (drawn): id, cluster, the fields, `profile` (the
    text that a model reads), `requirements` and `target` (a plan written by rule).
    """
    pupils = []
    for fields in read_items(DATA / FILES[split]):
        pupils.append({**as_doc(from_fields(fields)), "target": fields["target"]})
    return pupils


def train_docs(seed: int) -> Items:
    """In the order in which they were drawn."""
    return docs("train")
