"""What the training in a plan would take: one row for every train stage. Trains nothing; a GGUF base is dequantised."""

from dataclasses import dataclass

from proctor.common.refusal import located
from proctor.finetune.build import build, is_kept
from proctor.finetune.train.estimate import TrainingEstimate, estimate_training
from proctor.harness.plan.plan import Plan, VariantPlan


@dataclass(frozen=True)
class Foreseen:
    """One stage. It is trained once for all its `variants`. No estimate where it is kept from before."""

    variants: tuple[str, ...]
    recipe: str
    estimate: TrainingEstimate | None


def foresee(plan: Plan) -> list[Foreseen]:
    rows: dict[str, Foreseen] = {}
    for each in plan.variants:
        variant = each.variant
        for stage in each.stages:
            if stage.recipe is None:
                continue
            if (row := rows.get(stage.digest)) is not None:
                rows[stage.digest] = Foreseen((*row.variants, variant.name), row.recipe, row.estimate)
                continue
            estimate = None
            if not is_kept(plan.store / "artifacts", stage):
                files = {source: file.path for source, file in each.data.items()}
                with located(f"variant {variant.name}"):
                    estimate = estimate_training(_base_of(each, plan), stage.recipe, files)
            rows[stage.digest] = Foreseen((variant.name,), str(variant.recipe), estimate)
    return list(rows.values())


def _base_of(each: VariantPlan, plan: Plan) -> str:
    """Whose layers and tokens are counted: of a GGUF file those that its run will train, made here if they must be."""
    first = each.stages[0]
    if first.kind != "dequantize":
        return each.variant.base
    built = build(each.variant.base, [first], plan.store / "artifacts", {}, lambda *progress: None)
    return str(built.weights)
