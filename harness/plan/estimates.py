"""What the training in a plan would take: steps, tokens, time and memory of every train stage that is not built yet.

Trains nothing. Must not know how an estimate is made, nor how it is shown.
"""

from dataclasses import dataclass

from proctor.common.refusal import located
from proctor.finetune.build import Stage, is_kept
from proctor.finetune.train.estimate import Estimate, dry_run
from proctor.harness.plan.plan import Plan


@dataclass(frozen=True)
class Foreseen:
    """One stage: `variants` are all that need it, for it is trained once. None where it is kept from before."""

    variants: tuple[str, ...]
    recipe: str
    stage: Stage
    estimate: Estimate | None


def foresee(plan: Plan) -> list[Foreseen]:
    needed: dict[str, list[tuple[str, int]]] = {}
    for number, each in enumerate(plan.variants):
        for stage in each.stages:
            if stage.kind == "train":
                needed.setdefault(stage.digest, []).append((each.variant.name, number))
    found = []
    for digest, users in needed.items():
        each = plan.variants[users[0][1]]
        stage = next(stage for stage in each.stages if stage.digest == digest)
        assert stage.recipe is not None
        files = {source: file.path for source, file in each.data.items()}
        with located(f"variant {each.variant.name}"):
            kept = is_kept(plan.store / "artifacts", stage)
            estimate = None if kept else dry_run(each.variant.base, stage.recipe, files)
        names = tuple(name for name, _ in users)
        found.append(Foreseen(names, str(each.variant.recipe), stage, estimate))
    return found
