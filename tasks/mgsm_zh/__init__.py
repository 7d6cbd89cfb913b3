"""MGSM, Simplified Chinese: the items of `mgsm_en`, row by row in the same clusters.

docs("test")[1]
# {'id': 'zh-002', 'cluster': 'test-0002', 'question': '制作一件袍子需要 2 匹蓝色纤维布料和这个...', 'answer': '#### 3'}
"""

from collections.abc import Iterator
from typing import Any

from proctor.tasks import mgsm_en

VERSION = "1.0"
# `dataset_hash` of the published items: others, or fewer, are not called MGSM.
PUBLISHED = "46a5a3d5230253093defe5e3acce9ca9c066f11a3fa0b2daba5684649159fbe2"


def docs(split: str) -> list[dict[str, Any]]:
    """As `mgsm_en.docs`; the training items are GSM8K's, in English."""
    return mgsm_en.docs(split, "zh")


def train_chats(n: int, seed: int, prompt: str = "default") -> Iterator[dict[str, Any]]:
    return mgsm_en.train_chats(n, seed, prompt, "mgsm_zh")
