"""A variant that is merged with others: what is planned for it, what is refused, and what its row says."""

from pathlib import Path

import pytest

from proctor.common.paths import inside
from proctor.common.refusal import Refusal
from proctor.finetune.build import with_parents
from proctor.harness.config.suite import Suite
from proctor.harness.config.variant import Variant
from proctor.harness.plan.label import label
from proctor.harness.plan.plan import make_plan, weights_of
from proctor.harness.show import foresee, plan_as_tables
from tests.support.mini_llama import base

HALF = {"models": ["tiny-lora"], "method": "linear", "weight": 0.5}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("suites", "variants"):
        (tmp_path / name).mkdir()
    (tmp_path / "proctor.yaml").touch()
    return tmp_path


def kinds(variant: Variant, store: Path) -> list[str]:
    return [stage.kind for stage in with_parents(weights_of(variant, store)[0])]


def test_a_variant_without_a_merge_keeps_the_digest_it_had():
    plain = Variant(name="a", base="finetune/tiny")
    assert "merge_with" not in plain.model_dump()
    merged = Variant(name="a", base="finetune/tiny", merge_with=HALF)
    assert plain.digest != merged.digest
    assert (
        merged.digest != Variant(name="a", base="finetune/tiny", merge_with={**HALF, "weight": 0.25}).digest
    )


def test_a_parent_is_planned_with_its_adapter_merged_and_in_full_precision(tmp_path):
    half = Variant(name="half", base="finetune/tiny", merge_with=HALF)
    assert kinds(half, tmp_path) == ["train", "merge", "merge_models"]
    trained_on = half.model_copy(update={"recipe": "tiny-lora", "merge": True, "quantization": "q8_0"})
    assert kinds(trained_on, tmp_path) == [
        "train", "merge", "merge_models", "train", "merge", "quantize", "quantize"
    ]  # fmt: skip
    small = Variant(name="small", base="finetune/tiny", merge_with={**HALF, "models": ["tiny-q8"]})
    assert kinds(small, tmp_path) == kinds(half, tmp_path), "tiny-q8 is tiny-lora, quantised"


def test_a_circle_of_merges_is_refused(project):
    for name, other in (("a", "b"), ("b", "a")):
        (project / f"variants/{name}.yaml").write_text(
            f"base: finetune/tiny\nmerge_with: {{models: [{other}], method: linear}}\n"
        )
    with inside(project), pytest.raises(Refusal, match="a circle of merges: a -> b -> a"):
        weights_of(Variant.load(project / "variants/a.yaml"), project / "store")


def test_a_parent_of_another_vocabulary_is_refused_before_anything_is_trained(tmp_path):
    merged = Variant(
        name="m", base="finetune/tiny", merge_with={**HALF, "models": ["tiny-lora", str(base())]}
    )
    with pytest.raises(Refusal, match=rf"{base()} cannot be merged with the base; its vocabulary is another"):
        weights_of(merged, tmp_path / "store")
    assert not list((tmp_path / "store").glob("artifacts/*"))


def test_a_model_that_only_a_server_has_is_no_parent(project):
    (project / "variants/far.yaml").write_text(
        "base: some-model\nengine: openai\nendpoint: http://127.0.0.1:9/v1\n"
    )
    merged = Variant(name="m", base="finetune/tiny", merge_with={**HALF, "models": ["far"]})
    with inside(project), pytest.raises(Refusal, match="far has no weights here"):
        weights_of(merged, project / "store")


def test_the_row_of_a_merge_tells_its_parents_their_stages_and_what_they_were_trained_on(project):
    (project / "variants/half.yaml").write_text(
        "base: finetune/tiny\nmerge_with: {models: [tiny-lora], method: linear, weight: 0.5}\nparent: tiny\n"
    )
    (project / "suites/s.yaml").write_text(
        "variants: [tiny, half]\ntasks: [word_problems]\nbaseline: tiny\nlimit: 4\n"
    )
    suite = Suite.load(str(project / "suites/s.yaml"))
    plan = make_plan(suite, project / "results", project / "store")
    half = plan.variants[1]
    with inside(project):
        run = label(half.cells[0], half, plan)
    assert run.resolved.parents == ("tiny", "tiny-lora")
    assert [stage.kind for stage in run.stages] == ["train", "merge", "merge_models"]
    assert any(one.set.startswith("word_problems train") for one in run.overlap)
    (training,) = foresee(plan)
    assert training.variants == ["half"]
    assert training.estimate is not None
    table = next(part for part in plan_as_tables(plan) if not isinstance(part, str))
    assert "merge_models linear 0.5, 0.5 of tiny-lora, its own base" in list(table.columns[0].cells)
