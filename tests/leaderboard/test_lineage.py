"""What a step is called, and the order of the tree."""

from pathlib import Path

from proctor.harness.record import MergeRecord, VariantRecord
from proctor.leaderboard.board.pages import lineage
from proctor.leaderboard.compare import formatting
from proctor.leaderboard.compare.items import load_cells
from proctor.leaderboard.compare.ranking import ranking
from tests.support.board_results import rows_of, write

BASE = VariantRecord(base="some/base", engine="hf", quantization="none", prompt="default")


def test_each_kind_of_step_has_its_words() -> None:
    tuned = BASE.changed(recipe="all-exams")
    merged = tuned.changed(merge=True)
    assert lineage.step(BASE, tuned) == "trained with all-exams"
    assert lineage.step(tuned, merged) == "adapter merged into the weights"
    small = merged.changed(quantization="q4_k_m", engine="llamacpp")
    assert lineage.step(merged, small) == "quantised to q4_k_m, run by llamacpp"
    assert lineage.step(BASE, BASE.changed(prompt="cot")) == "prompt cot"
    half = MergeRecord(models=("a", "b"), method="ties", weights=None, density=0.5)
    assert lineage.step(BASE, BASE.changed(merge_with=half)) == "merged with a and b: ties, density 0.5"
    file = BASE.changed(base="models/small.Q4_1.gguf", engine="llamacpp")
    assert lineage.step(file, file.changed(engine="vllm")) == "dequantised, run by vllm"
    assert lineage.step(file, file.changed(recipe="all-exams")) == "dequantised, trained with all-exams"
    assert lineage.step(BASE, BASE) == "nothing that its definition names"


def test_a_change_of_sampling_is_named() -> None:
    before = BASE.changed(sampling={"temperature": 0.0, "seed": 0})
    now = BASE.changed(sampling={"temperature": 0.7, "seed": 0})
    assert lineage.step(before, now) == "temperature 0.7"


def test_a_root_is_told_from_nothing() -> None:
    assert lineage.step(None, BASE) == "base some/base, run by hf, prompt default"


def test_parents_stand_before_their_children_and_everyone_once(tmp_path: Path) -> None:
    for name, parent in (
        ("a", None),
        ("b", "a"),
        ("c", "b"),
        ("d", "a"),
        ("e", "gone"),
        ("f", "g"),
        ("g", "f"),
    ):
        write(tmp_path, rows_of(name, "word_problems"), parent=parent)
    nodes = lineage.tree(ranking(load_cells(tmp_path)))
    depth = {node.variant: node.depth for node in nodes}
    assert len(nodes) == 7
    assert (depth["a"], depth["b"], depth["c"], depth["d"], depth["e"]) == (0, 1, 2, 1, 0)
    order = [node.variant for node in nodes]
    assert order.index("a") < order.index("b") < order.index("c")
    assert next(node for node in nodes if node.variant == "e").parent == "gone"


def test_a_merge_stands_once_and_shows_its_difference_to_each_parent(tmp_path: Path) -> None:
    for name, ability in (("base", 1), ("maths", 2), ("plans", 3)):
        write(
            tmp_path, rows_of(name, "word_problems", 40, ability), parent=None if name == "base" else "base"
        )
    merge = {"models": ["maths", "plans"], "method": "linear", "weight": 0.5}
    write(tmp_path, rows_of("both", "word_problems", 40, 4), parent="base", merge_with=merge)
    found = ranking(load_cells(tmp_path), "base")
    nodes = {node.variant: node for node in lineage.tree(found)}
    assert len(nodes) == 4
    row, about = found.row("both"), found.tasks["word_problems"]
    assert row is not None
    own = row.scores["word_problems"].comparison
    assert own is not None
    assert (nodes["both"].parent, own.b, formatting.difference(own, about)) == ("base", "base", "+75.0")
    others = lineage.to_other_parents(found, "both", "word_problems")
    shown = [(pair.b, formatting.difference(pair, about)) for pair in others]
    assert shown == [("maths", "+50.0"), ("plans", "+25.0")]
    one_parent = lineage.to_other_parents(found, "maths", "word_problems")
    assert not list(one_parent), "one parent has no other"
    assert lineage.children(found, "maths") == ["both"]
    assert [name for name, _ in lineage.chain(found, "both")] == ["base", "both"]
    assert "merged with maths and plans: linear, weight 0.5" in nodes["both"].step


def test_a_merge_without_a_parent_of_its_own_stands_under_the_first_model_with_results(
    tmp_path: Path,
) -> None:
    write(tmp_path, rows_of("plans", "word_problems"), parent=None)
    merge = {"models": ["gone", "plans", "org/model"], "method": "linear"}
    write(tmp_path, rows_of("both", "word_problems"), parent=None, merge_with=merge)
    found = ranking(load_cells(tmp_path), "plans")
    both = next(node for node in lineage.tree(found) if node.variant == "both")
    assert (both.depth, both.parent) == (1, "plans")
    assert next(iter(found.rows[0].scores.values())).run.resolved.parents in ((), ("gone", "plans"))
