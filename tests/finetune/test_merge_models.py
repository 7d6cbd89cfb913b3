"""Two models become one: what equal models give, what each method computes, and what is refused before it is read."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from proctor.common.refusal import Refusal
from proctor.finetune.build import Merging, Parent, build, made, plan_stages, with_parents
from proctor.finetune.checks import compare_logits, logits_of, prompt_ids
from proctor.finetune.load import load_model, load_tokenizer
from proctor.finetune.merge.models import combine, merge_models, refuse_unlike, slerp
from proctor.finetune.merge.spec import MergeWith
from tests.support.mini_llama import base, quiet

AVERAGES = [
    {"method": "linear", "weight": 0.3},
    {"method": "linear", "weights": [3, 1]},
    {"method": "slerp", "weight": 0.3},
]
CHANGES = [
    {"method": "task_arithmetic", "weights": [0.7, 0.4]},
    {"method": "ties", "density": 0.5},
    {"method": "dare_ties", "density": 0.5},
]


def spec(**fields: object) -> MergeWith:
    return MergeWith.model_validate({"models": ["a", "b"], **fields})


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base with every weight moved a little: what a short fine-tune leaves."""
    return moved(base(), tmp_path_factory.mktemp("other") / "model", 1)


def moved(model: Path, folder: Path, seed: int) -> Path:
    shutil.copytree(model, folder)
    torch.manual_seed(seed)
    changed = {name: w + 0.05 * w.std() * torch.randn_like(w) for name, w in weights_in(folder).items()}
    save_file(changed, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    return {name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()}


def formats_of(folder: Path) -> set[torch.dtype]:
    return {weight.dtype for weight in load_file(folder / "model.safetensors").values()}


def merge(folder: Path, first: Path, second: Path, how: MergeWith, reference: Path | None = None) -> Path:
    folder.mkdir()
    merge_models(base(), [("a", first), ("b", second)], how, reference or base(), folder, quiet)
    return folder


def combined(first: Path, second: Path, how: MergeWith) -> dict[str, torch.Tensor]:
    """Every weight of two folders into one, without the folder that a merge writes and the checks it makes."""
    one, two, start = weights_in(first), weights_in(second), weights_in(base())
    return {
        name: combine([one[name].double(), two[name].double()], start[name].double(), how).float()
        for name in one
    }


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("how", AVERAGES, ids=str)
def test_a_model_averaged_with_itself_is_itself_to_the_last_bit(how, other):
    assert same(combined(other, other, spec(**how)), weights_in(other))


@pytest.mark.parametrize("how", CHANGES, ids=str)
def test_where_no_parent_has_changed_the_base_comes_out(how):
    assert same(combined(base(), base(), spec(**how)), weights_in(base()))


@pytest.mark.parametrize("method", ["linear", "slerp"])
@pytest.mark.parametrize(("weight", "is_first"), [(1.0, True), (0.0, False)])
def test_an_average_at_weight_1_is_the_first_and_at_0_the_second(method, weight, is_first, other):
    at_an_end = combined(other, base(), spec(method=method, weight=weight))
    assert same(at_an_end, weights_in(other if is_first else base()))


@pytest.mark.parametrize("how", [AVERAGES[2], CHANGES[1]], ids=str)
def test_a_merge_writes_what_its_method_makes_of_each_weight(how, other, tmp_path):
    out = merge(tmp_path / "out", other, base(), spec(**how))
    assert same(weights_in(out), combined(other, base(), spec(**how)))


def test_a_linear_merge_is_the_weighted_sum_of_each_weight(other, tmp_path):
    after = weights_in(merge(tmp_path / "out", other, base(), spec(method="linear", weight=0.25)))
    first, second = weights_in(other), weights_in(base())
    for name in first:
        assert torch.allclose(after[name], 0.25 * first[name] + 0.75 * second[name], atol=1e-6), name


def test_slerp_keeps_the_length_that_an_average_would_lose():
    first, second = torch.tensor([1.0, 0.0]).double(), torch.tensor([0.0, 1.0]).double()
    middle = slerp(first, second, 0.5)
    assert torch.allclose(middle, torch.full((2,), 0.5**0.5).double())
    assert torch.allclose(slerp(first, second, 1 / 3).norm(), torch.ones(()).double())
    assert torch.equal(slerp(first, 2 * first, 0.5), 1.5 * first), "equal directions lie on a straight line"
    assert torch.equal(slerp(0 * first, second, 0.5), 0.5 * second), "nothing has no direction"


def test_ties_keeps_the_largest_changes_and_lets_the_majority_decide_the_sign():
    start = torch.zeros(4).double()
    a = torch.tensor([4.0, -2.0, 0.1, 3.0]).double()
    b = torch.tensor([2.0, 3.0, 0.1, -1.0]).double()
    # Half of each is kept: a's 4 and 3, b's 2 and 3. The third is nobody's; what is kept is averaged.
    assert combine([a, b], start, spec(method="ties", density=0.5)).tolist() == [3.0, 3.0, 0.0, 3.0]
    # With all kept: +1 wins the second place (3 against 2), and the last one (3 against 1).
    assert combine([a, b], start, spec(method="ties", density=1)).tolist() == pytest.approx([3, 3, 0.1, 3])


def test_ties_weighs_votes_for_the_sign_and_averages_what_is_kept_by_weight():
    start = torch.zeros(4).double()
    a = torch.tensor([4.0, -2.0, 0.1, 3.0]).double()
    b = torch.tensor([2.0, 3.0, 0.1, -1.0]).double()
    # -2 counts three times and wins against 3; alone in its place it counts as a whole.
    uneven = combine([a, b], start, spec(method="ties", density=1, weights=[3, 1]))
    assert uneven.tolist() == pytest.approx([3.5, -2.0, 0.1, 3.0])
    halves = combine([a, b], start, spec(method="ties", density=0.5, weights=[0.5, 0.5]))
    assert torch.equal(halves, combine([a, b], start, spec(method="ties", density=0.5)))


def test_dare_drops_changes_by_chance_keeps_their_size_and_draws_the_same_again(other, tmp_path):
    how = MergeWith(models=("a",), method="dare_ties", density=0.25)
    outs = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        merge_models(base(), [("a", other)], how, base(), folder, quiet)
        outs.append(weights_in(folder))
    assert all(torch.equal(outs[0][name], outs[1][name]) for name in outs[0])
    before, learnt = weights_in(base()), weights_in(other)
    name = max(before, key=lambda one: before[one].numel())
    kept = outs[0][name] != before[name]
    assert kept.float().mean().item() == pytest.approx(0.25, abs=0.02)
    change = (outs[0][name] - before[name])[kept]
    assert torch.allclose(change, 4 * (learnt[name] - before[name])[kept], atol=1e-5)


def test_what_a_merge_is_from_each_parent_is_measured_before_it_counts(other, tmp_path):
    tmp_path = tmp_path / "out"
    tmp_path.mkdir()
    how = spec(method="linear", weight=0.25)
    figures = merge_models(base(), [("a", other), ("b", base())], how, base(), tmp_path, quiet)
    itself, far, near = figures["checks"]
    assert itself["name"] == "a model merged with itself is itself"
    assert (far["name"], near["name"]) == ("how far it is from a", "how far it is from b")
    assert far["figures"]["kl_mean"] > near["figures"]["kl_mean"] > 0
    rows = prompt_ids(load_tokenizer(tmp_path))
    logits = [logits_of(load_model(folder, "cpu"), rows) for folder in (base(), tmp_path)]
    assert compare_logits(*logits)["kl_mean"] == pytest.approx(near["figures"]["kl_mean"], rel=1e-3)


def test_parents_of_two_formats_give_the_one_that_loses_nothing(other, tmp_path):
    assert (formats_of(base()), formats_of(other)) == ({torch.bfloat16}, {torch.float32})
    out = merge(tmp_path / "out", base(), other, spec(method="linear", weight=0.5))
    assert formats_of(out) == {torch.float32}
    assert json.loads((out / "config.json").read_text())["dtype"] == "float32"
    both = merge(tmp_path / "both", base(), base(), spec(method="linear", weight=0.5))
    assert formats_of(both) == {torch.bfloat16}
    assert (out / "chat_template.jinja").read_bytes() == (base() / "chat_template.jinja").read_bytes()


def test_weights_in_several_files_come_out_in_as_many(other, tmp_path):
    parts = tmp_path / "parts"
    shutil.copytree(base(), parts)
    weights = load_file(base() / "model.safetensors")
    names = sorted(weights)
    where = {name: f"model-0000{1 + at % 2}-of-00002.safetensors" for at, name in enumerate(names)}
    for file in sorted(set(where.values())):
        mine = {name: weights[name] for name in names if where[name] == file}
        save_file(mine, parts / file, metadata={"format": "pt"})
    (parts / "model.safetensors").unlink()
    index = {"metadata": {"total_size": 0}, "weight_map": where}
    (parts / "model.safetensors.index.json").write_text(json.dumps(index))
    out = tmp_path / "out"
    out.mkdir()
    how = spec(method="linear", weight=0.5)
    merge_models(parts, [("a", other), ("b", parts)], how, parts, out, quiet)
    whole = weights_in(merge(tmp_path / "whole", other, base(), how))
    again = {name: w for file in set(where.values()) for name, w in load_file(out / file).items()}
    assert again.keys() == whole.keys()
    assert all(torch.equal(again[name], whole[name]) for name in whole)
    size = sum(weight.nbytes for weight in whole.values())
    index = json.loads((out / "model.safetensors.index.json").read_text())
    assert index == {"metadata": {"total_size": size}, "weight_map": where}
    load_model(out, "cpu")


def broken(tmp_path: Path, change: str) -> Path:
    folder = tmp_path / change
    shutil.copytree(base(), folder)
    if change == "vocabulary":
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        token = max(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
        tokenizer["model"]["vocab"]["zebra"] = tokenizer["model"]["vocab"].pop(token)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    elif change == "shape":
        weights = weights_in(folder)
        weights["model.norm.weight"] = weights["model.norm.weight"][:-1].clone()
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    elif change == "tensor":
        weights = weights_in(folder)
        del weights["model.norm.weight"]
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        config = json.loads((folder / "config.json").read_text())
        config["num_key_value_heads"] = 1
        (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("vocabulary", "its vocabulary is another: .* 'zebra'|its vocabulary is another"),
        ("shape", r"model.norm.weight has the shape \(\d+,\), not"),
        ("tensor", "only one of them has the tensor model.norm.weight"),
        ("heads", "num_key_value_heads is 1, not 2"),
    ],
)
def test_a_model_of_another_kind_is_refused_by_its_name(change, why, tmp_path):
    with pytest.raises(Refusal, match=f"maths cannot be merged with plans; ({why})"):
        refuse_unlike([("plans", base()), ("maths", broken(tmp_path, change))])


def test_a_tokenizer_that_was_only_written_otherwise_is_the_same(tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(base(), folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["merges"] = [
        pair if isinstance(pair, str) else " ".join(pair) for pair in tokenizer["model"]["merges"]
    ]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, indent=3))
    refuse_unlike([("a", base()), ("b", folder)])


def test_a_damaged_parent_gives_no_merge(other, tmp_path):
    bad = tmp_path / "bad"
    shutil.copytree(base(), bad)
    weights = weights_in(bad)
    weights["model.norm.weight"][0] = torch.nan
    save_file(weights, bad / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(Refusal, match=r"the merge holds NaN or infinity in model\.norm\.weight"):
        merge(tmp_path / "out", other, bad, spec(method="linear"))


def test_the_stage_is_kept_under_all_that_goes_into_it(other, tmp_path):
    def stages(how: MergeWith, *parents: Path):
        merging = Merging(how, tuple(Parent(path.name, str(path)) for path in parents))
        return plan_stages(str(base()), None, {}, False, "f16", merging=merging)

    third = moved(base(), tmp_path / "third", 2)
    plain = stages(spec(method="linear", weight=0.5), base(), other)
    assert [stage.kind for stage in plain] == ["merge_models", "quantize"]
    others = [
        stages(spec(method="linear", weight=0.4), base(), other),
        stages(spec(method="slerp", weight=0.5), base(), other),
        stages(spec(method="linear", weight=0.5), base(), third),
        stages(spec(method="linear", weight=0.5), other, base()),
    ]
    assert len({one[0].digest for one in [plain, *others]}) == 5
    assert stages(spec(method="linear", weights=[2, 2]), base(), other)[0].digest == plain[0].digest
    built = build(str(base()), plain[:1], tmp_path / "store", {}, quiet)
    assert built.weights == built.base == tmp_path / "store" / plain[0].name
    kept = made(tmp_path / "store", plain[0])
    assert kept is not None
    assert [check["passed"] for check in kept["checks"]] == [True] * 3


def test_a_merge_of_a_merge_names_every_stage_once_in_order(other):
    inner = Merging(spec(method="linear"), (Parent("a", str(base())), Parent("b", str(other))))
    first = tuple(plan_stages(str(base()), None, {}, False, "none", merging=inner))
    outer = Merging(MergeWith(models=("c",), method="linear", weight=0.5), (Parent("c", str(base()), first),))
    stages = plan_stages(str(base()), None, {}, False, "none", merging=outer)
    assert [stage.digest for stage in with_parents(stages)] == [first[0].digest, stages[0].digest]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"method": "linear", "weight": 0.5, "weights": [1, 1]}, "both weight and weights"),
        ({"method": "linear", "weights": [1]}, "1 weights for 2 models"),
        ({"method": "linear", "weights": [0, 0]}, "negative or all 0"),
        ({"method": "linear", "weights": [-1, 2]}, "negative or all 0"),
        ({"method": "linear", "density": 0.5}, "density goes with ties"),
        ({"method": "linear", "base": "x/y"}, "measures no changes from a base"),
        ({"method": "slerp", "models": ["a", "b", "c"]}, "slerp lies between two models"),
        ({"method": "slerp", "weights": [1, 1]}, "weights where two models share one"),
        ({"method": "ties"}, "ties without density"),
        ({"method": "ties", "density": 0.5, "weight": 0.5}, "several models with one weight"),
        ({"method": "ties", "density": 0.5, "weights": [11, 1]}, "not from -10 to 10"),
        ({"method": "ties", "density": 0.5, "weights": [-1, 2]}, "weights of ties that are negative"),
        (
            {"method": "dare_ties", "density": 0.5, "models": ["a"], "weight": 0.5},
            "of one model with a weight",
        ),
        ({"method": "ties", "density": 0.5, "weights": [float("nan"), 1]}, "a finite number"),
        ({"method": "linear", "models": ["a", "b", "c"], "weight": 0.5}, "more than two models"),
    ],
)
def test_settings_that_say_nothing_are_refused(fields, why):
    with pytest.raises(ValueError, match=why):
        spec(**fields)


# mergekit is no part of Proctor's environment: this runs where somebody has installed it.
@pytest.mark.parametrize(
    ("how", "theirs"),
    [
        ({"method": "linear", "weight": 0.25}, {}),
        ({"method": "slerp", "weight": 0.7}, {"parameters": {"t": 0.3}}),
        ({"method": "task_arithmetic", "weights": [0.7, 0.4]}, {}),
        ({"method": "ties", "density": 0.5}, {"parameters": {"normalize": True}}),
        ({"method": "ties", "density": 0.5, "weights": [1, 0.4]}, {"parameters": {"normalize": True}}),
    ],
    ids=str,
)
def test_a_merge_is_what_mergekit_makes_of_the_same_models(how, theirs, other, tmp_path):
    python = os.environ.get("MERGEKIT_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import mergekit.merge"], capture_output=True).returncode:
        pytest.skip(
            "no mergekit: pip install mergekit==0.1.5 elsewhere, and set MERGEKIT_PYTHON to its python"
        )
    settings = spec(**how)
    third = moved(base(), tmp_path / "third", 2)
    parents = [other, base()] if settings.averages else [other, third]
    models = [
        {
            "model": str(folder),
            "parameters": {"weight": weight} | ({"density": settings.density} if settings.density else {}),
        }
        for folder, weight in zip(parents, settings.used_weights, strict=True)
    ]
    config = {"merge_method": settings.method, "models": models, "dtype": "float32", **theirs}
    if settings.method == "slerp":
        config |= {"base_model": str(other), "models": [{"model": str(folder)} for folder in parents]}
    elif not settings.averages:
        config["base_model"] = str(base())
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = [python, "-m", "mergekit.scripts.run_yaml", "config.yaml", "theirs", "--no-write-model-card"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    ours = weights_in(merge(tmp_path / "ours", *parents, settings))
    made_there = weights_in(tmp_path / "theirs")
    assert ours.keys() == made_there.keys()
    # At the threshold of ties, float32 may keep another of two changes that are equal but for rounding.
    allowed = 1e-3 if settings.method == "ties" else 0.0
    for name, weight in ours.items():
        differing = (weight - made_there[name]).abs() > 1e-6
        assert differing.float().mean() <= allowed, name
