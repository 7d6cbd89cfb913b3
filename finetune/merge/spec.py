"""How two models or more become one: the `merge_with:` of a variant. Read by the command line: imports no torch."""

from typing import Literal, Self

from pydantic import Field, model_validator

from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen

AVERAGES = ("linear", "slerp")
PRUNES = ("ties", "dare_ties")


class MergeWith(Frozen):
    """`linear` and `slerp` lie between two models; the others add what models learnt since a common base.

        {models: [smollm2-full], method: linear, weight: 0.25}   # a quarter of it, the rest is the variant's own base
        {models: [maths, plans], method: ties, weights: [2, 1], density: 0.5}

    Tokenizer, chat template and settings are those of the variant's own `base`; with `tokenizer: union` there are the
    other model's tokens too.
    """

    models: tuple[str, ...] = Field(
        min_length=1, max_length=8, description="variants by name, or models as `base:` names them (with a /)"
    )
    method: Literal["linear", "slerp", "task_arithmetic", "ties", "dare_ties"] = Field(
        description="linear and slerp lie between models; the others add what they learnt"
    )
    weight: float | None = Field(
        default=None, ge=0, le=1, description="of the first of `models`; the other one has the rest"
    )
    weights: tuple[float, ...] | None = Field(
        default=None, description="one for each of `models`: shares, but of task_arithmetic factors"
    )
    density: float | None = Field(
        default=None, gt=0, le=1, description="share of each model's changes that ties and dare_ties keep"
    )
    base: str | None = Field(
        default=None, description="what changes are measured from, if it is not the variant's own base"
    )

    tokenizer: Literal["union"] | None = Field(
        default=None, description="where vocabularies differ: all tokens of both, by mergekit"
    )

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.weight is not None and self.weights is not None:
            raise Refusal("both weight and weights given", remedy="give one of them")
        if self.weights is not None and len(self.weights) != len(self.models):
            raise Refusal(
                f"{len(self.weights)} weights for {len(self.models)} models", remedy="give one for each"
            )
        if any(not -10 <= weight <= 10 for weight in self.weights or ()):
            raise Refusal("weights holds a number that is not from -10 to 10", remedy="1 keeps the size")
        if self.density is None and self.method in PRUNES:
            raise Refusal(f"{self.method} without density", remedy="say which share of the changes it keeps")
        if self.density is not None and self.method not in PRUNES:
            raise Refusal(f"density goes with {' and '.join(PRUNES)}", remedy=f"{self.method} keeps all")
        if self.tokenizer and not self.own_base_is_parent:
            why = "the own base says where each token stands"
            raise Refusal(
                "tokenizer: union of more than one model and the own base",
                why,
                "name one, by linear or slerp",
            )
        if self.averages:
            self._check_average()
        elif self.weight is not None and len(self.models) > 1:
            raise Refusal(f"{self.method} of several models with one weight", remedy="give weights")
        if (
            self.weights is not None
            and self.method != "task_arithmetic"
            and not min(self.weights) >= 0 < sum(self.weights)
        ):
            raise Refusal(f"weights of {self.method} that are negative or all 0", remedy="give shares")
        if self.method in PRUNES and len(self.models) == 1 and (self.weight, self.weights) != (None, None):
            raise Refusal(f"{self.method} of one model with a weight", "weights are shares", "leave it out")
        return self

    def _check_average(self) -> None:
        if self.base is not None:
            raise Refusal(f"{self.method} measures no changes from a base", remedy="leave its base out")
        if self.method == "slerp" and len(self.models) > 2:
            raise Refusal("slerp lies between two models", f"{len(self.models)} are named", "name two")
        if self.weight is not None and len(self.models) > 2:
            raise Refusal("one weight for more than two models", remedy="give weights")
        if self.weights is None:
            return
        if self.method == "slerp" or len(self.models) == 1:
            raise Refusal("weights where two models share one", remedy="give weight: that of the first")

    @property
    def averages(self) -> bool:
        return self.method in AVERAGES

    @property
    def own_base_is_parent(self) -> bool:
        """An average of one model is between it and the variant's own base."""
        return self.averages and len(self.models) == 1

    @property
    def used_weights(self) -> tuple[float, ...]:
        """One for each parent, the variant's own base last where it is one. They sum to 1, but for task_arithmetic.

        >>> MergeWith(models=("a", "b"), method="linear", weights=(3, 1)).used_weights
        (0.75, 0.25)
        """
        count = len(self.models)
        if self.method == "task_arithmetic":
            return self.weights or (1.0 if self.weight is None else self.weight,) * count
        if self.weights is not None:
            return tuple(weight / sum(self.weights) for weight in self.weights)
        if count > 2 or not self.averages:
            return (1 / count,) * count
        first = 0.5 if self.weight is None else self.weight
        return first, 1 - first
