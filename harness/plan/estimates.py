"""What the training in a plan would take: one row for every train stage. Trains nothing; a GGUF base is dequantised."""

from dataclasses import dataclass

from proctor.common.refusal import located
from proctor.finetune.build import Parent, Stage, build, is_kept, parents_of
from proctor.finetune.train.estimate import TrainingEstimate, estimate_training
from proctor.harness.plan.plan import Plan


@dataclass(frozen=True)
class Foreseen:
    """One stage. It is trained once for all its `variants`. No estimate where it is kept from before."""

    variants: tuple[str, ...]
    recipe: str
    estimate: TrainingEstimate | None


def foresee(plan: Plan) -> list[Foreseen]:
    rows: dict[str, Foreseen] = {}
    for each in plan.variants:
        data = {source: file.path for source, file in each.data.items()}
        own = Parent(str(each.variant.recipe), each.variant.base, each.stages, data)
        for trained in (*parents_of(each.stages), own):
            for stage in trained.stages:
                if stage.recipe is not None:
                    _add(rows, stage, trained, each.variant.name, plan)
    return list(rows.values())


def _add(rows: dict[str, Foreseen], stage: Stage, trained: Parent, variant: str, plan: Plan) -> None:
    if (row := rows.get(stage.digest)) is not None:
        if variant not in row.variants:
            rows[stage.digest] = Foreseen((*row.variants, variant), row.recipe, row.estimate)
        return
    estimate = None
    if stage.recipe is not None and not is_kept(plan.store / "artifacts", stage):
        with located(f"variant {variant}"):
            estimate = estimate_training(_base_of(trained, plan), stage.recipe, trained.data)
    rows[stage.digest] = Foreseen((variant,), trained.name, estimate)


def _base_of(trained: Parent, plan: Plan) -> str:
    """Whose layers and tokens are counted: of a GGUF file those that its run will train, made here if they must be."""
    first = trained.stages[0]
    if first.kind != "dequantize":
        return trained.base
    built = build(trained.base, [first], plan.store / "artifacts", {}, lambda *progress: None)
    return str(built.weights)
