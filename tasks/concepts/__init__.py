"""The concepts task: name the school-mathematics concepts that a text is about.

    docs("test")[0]
    # {'text': '8 + 4 = [ 12 ] + 5\nTariq fills in 12. "Eight and four is twelve." And the 5? ...',
    #  'concepts': ['equals-sign'], 'answer': '["Meaning of the equals sign"]', ...}

Scores are made in task.py, responses read in reading.py; the concepts themselves stand in taxonomy.py.
"""

import json
from pathlib import Path

from proctor.tasks.concepts.taxonomy import names
from proctor.tasks.data import Items, read_items, shuffled

VERSION = "1.0"
KINDS = ("textbook_passage", "worked_solution", "pupil_question", "pupil_error")
DATA = Path(__file__).parent / "data"


def docs(split: str) -> Items:
    """The documents in file order: id, source, cluster (= source), kind, band, text, concepts (ids), answer (JSON list
    of names).
    """
    documents = read_items(DATA / f"{split}.jsonl")
    for fields in documents:
        fields["cluster"] = fields["source"]
        fields["answer"] = json.dumps(names(fields["concepts"]), ensure_ascii=False)
    return documents


def train_docs(seed: int) -> Items:
    return shuffled(docs("train"), seed)
