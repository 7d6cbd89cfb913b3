"""Which scores are of a benchmark that is published on the Hub, and which base stands there."""

import re

from proctor.common.paths import PACKAGE, project
from proctor.harness.record import VariantRecord
from proctor.leaderboard.compare.ranking import Score

# Where the published items of these tasks stand on the Hub.
DATA_SETS = {
    "gsm8k": "openai/gsm8k", "svamp": "ChilleD/SVAMP", "mgsm_en": "juletxara/mgsm", "mgsm_zh": "juletxara/mgsm",
}  # fmt: skip
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def is_published(score: Score) -> bool:
    """Whether the score is of a published data set, whole, and one that may stand beside others'."""
    definition, task, estimate = score.run.definition, score.run.task, score.estimate
    whole = definition.draw is None and estimate is not None and estimate.n == definition.items
    published = task.name in DATA_SETS and definition.dataset is not None and not task.own_data
    return published and whole and not score.flag


def hub_id(resolved: VariantRecord) -> str | None:
    """The base on the Hub; None where it is a folder, a file, or in a package."""
    base = resolved.base or ""
    here = (PACKAGE / base).exists() or (project() / base).exists()
    return base if HUB_ID.fullmatch(base) and not here else None
