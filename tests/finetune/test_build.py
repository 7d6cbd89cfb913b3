"""Stages: what is planned, what is kept, what is made again, and what is refused."""

import json
import threading
import time

import pytest

from proctor.finetune.base import digest_of_base, digest_of_file, resolve_base
from proctor.finetune.build import build, is_kept, made, plan_stages
from proctor.finetune.store import kept, locked, make
from tests.support.mini_llama import base, chats, quiet, recipe


def plan(merge=False, quantization="none", data="0" * 64, **changes):
    return plan_stages(str(base()), recipe(**changes), {"additions": data}, merge, quantization)


def kinds(stages):
    return [(stage.kind, stage.type) for stage in stages]


def test_the_stages_follow_from_what_the_variant_wants():
    assert kinds(plan()) == [("train", None)]
    assert kinds(plan(quantization="nf4")) == [("train", None)]
    assert kinds(plan(True, "q4_k_m")) == [
        ("train", None), ("merge", None), ("quantize", "f16"), ("quantize", "q4_k_m"),
    ]  # fmt: skip
    assert kinds(plan_stages(str(base()), None, {}, False, "f16")) == [("quantize", "f16")]
    assert plan_stages(str(base()), None, {}, False, "nf4") == []


def test_types_of_one_model_share_all_stages_before_them():
    small, large = plan(True, "q4_k_m"), plan(True, "q8_0")
    assert [stage.digest for stage in small[:3]] == [stage.digest for stage in large[:3]]
    assert small[3].digest != large[3].digest


@pytest.mark.parametrize("change", [{"seed": 4}, {"rank": 8}, {"data": "1" * 64}])
def test_whatever_goes_into_training_changes_every_digest_after_it(change):
    before, after = plan(True, "f16"), plan(True, "f16", **change)
    assert all(old.digest != new.digest for old, new in zip(before, after, strict=True))


def test_another_base_changes_the_digest():
    ours = plan_stages(str(base()), None, {}, False, "f16")[0]
    other = plan_stages(str(base(1, 2)), None, {}, False, "f16")[0]
    assert ours.digest != other.digest


def test_a_card_beside_the_weights_does_not_change_the_base(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in base().iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "README.md").write_text("a card")
    assert digest_of_base(str(folder)) == digest_of_base(str(base()))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert digest_of_base(str(folder)) != digest_of_base(str(base()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((recipe(), {"additions": "0"}, False, "q4_k_m"), "set merge: true"),
        ((recipe(method="full"), {"additions": "0"}, True, "none"), "nothing to merge"),
    ],
)
def test_stages_that_make_no_sense_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        plan_stages(str(base()), *arguments)


def test_a_missing_base_is_told_with_both_ways_to_provide_it(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for ask in (digest_of_base, resolve_base):
        with pytest.raises(ValueError, match=r"hf download nobody/nothing.* or give the path of a folder"):
            ask("nobody/nothing")
    with pytest.raises(ValueError, match=r"no base folder '\./nowhere'"):
        digest_of_base("./nowhere")


def test_a_base_folder_without_weights_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="without safetensors"):
        digest_of_base(str(tmp_path))
    (tmp_path / "config.json").rename(tmp_path / "adapter_config.json")
    with pytest.raises(
        ValueError, match="an adapter's folder, not a whole model; merge the adapter into its own base"
    ):
        digest_of_base(str(tmp_path))


def test_what_is_built_is_kept_and_never_built_twice(tmp_path):
    stages = plan_stages(str(base()), None, {}, False, "f16")
    built = build(str(base()), stages, tmp_path, {}, quiet)
    assert built.gguf is not None
    assert built.gguf.is_file()
    assert is_kept(tmp_path, stages[0])
    told = made(tmp_path, stages[0])
    assert told is not None
    assert told["inputs"]["type"] == "f16"
    assert all(check["passed"] for check in told["checks"])
    assert told["files"]["f16.gguf"]["bytes"] == built.gguf.stat().st_size
    before = built.gguf.stat().st_mtime_ns
    messages: list[str] = []
    again = build(str(base()), stages, tmp_path, {}, lambda stage, done, message: messages.append(message))
    assert again == built
    assert messages == ["kept from before"]
    assert built.gguf.stat().st_mtime_ns == before
    # Cut in half, and changed without changing its length: both are named, with what to do.
    content = built.gguf.read_bytes()
    for broken, said in (
        (content[: len(content) // 2], "bytes, not"),
        (b"x" + content[1:], "checksum differs"),
    ):
        built.gguf.write_bytes(broken)
        with pytest.raises(ValueError, match=said) as refused:
            build(str(base()), stages, tmp_path, {}, quiet)
        assert f"delete the folder {stages[0].name}" in str(refused.value)
        assert "\n" not in str(refused.value)


def test_chats_that_changed_since_the_plan_are_refused(tmp_path):
    path = tmp_path / "chats.jsonl"
    path.write_bytes(chats().read_bytes())
    stages = plan(data=digest_of_file(path))
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(ValueError, match="changed since this run was planned"):
        build(str(base()), stages, tmp_path / "store", {"additions": path}, quiet)
    with pytest.raises(ValueError, match="no file of chats for source 'additions'"):
        build(str(base()), stages, tmp_path / "store", {}, quiet)


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "merge-0123"

    def fail(part):
        (part / "half").write_text("x")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        make(folder, {"digest": "d"}, resumes=False, work=fail)
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "merge-0123.part").mkdir()
    (tmp_path / "merge-0123.part" / "stale").write_text("left by a kill")

    def work(part):
        assert list(part.iterdir()) == []
        (part / "new").write_text("x")
        return {}

    make(folder, {"digest": "d"}, resumes=False, work=work)
    assert kept(folder, "d")
    assert sorted(json.loads((folder / "made.json").read_text())["files"]) == ["new"]
    with pytest.raises(ValueError, match="made from something else"):
        kept(folder, "e")
    (folder / "made.json").unlink()
    with pytest.raises(ValueError, match=r"no readable made\.json"):
        kept(folder, "d")


def test_two_makers_of_one_stage_take_turns(tmp_path):
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path / "stage", lambda: order.append("waits")):
            order.append("second")

    with locked(tmp_path / "stage", lambda: order.append("never")):
        thread = threading.Thread(target=second)
        thread.start()
        while not order:
            time.sleep(0.01)
        order.append("first")
    thread.join(5)
    assert order == ["waits", "first", "second"]
