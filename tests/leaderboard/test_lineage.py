"""What a step is called, and the order of the tree."""

from pathlib import Path

from proctor.harness.record import VariantRecord
from proctor.leaderboard.board import lineage
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
    assert next(node for node in nodes if node.variant == "e").orphan == "gone"
