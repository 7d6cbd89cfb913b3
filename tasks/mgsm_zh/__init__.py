"""MGSM, Simplified Chinese: the items of `mgsm_en`, row by row in the same clusters.

docs("test")[1]
# {'id': 'zh-002', 'cluster': 'test-0002', 'question': '制作一件袍子需要 2 匹蓝色纤维布料和这个...', 'answer': '#### 3'}
"""

from proctor.tasks import gsm8k, mgsm_en
from proctor.tasks.data import Items

VERSION = "1.0"
# `dataset_hash` of the published items: others, or fewer, are not called MGSM.
PUBLISHED = "46a5a3d5230253093defe5e3acce9ca9c066f11a3fa0b2daba5684649159fbe2"
train_docs = gsm8k.train_docs


def docs(split: str) -> Items:
    """As `mgsm_en.docs`; the training items are GSM8K's, in English."""
    return mgsm_en.docs(split, "zh")
