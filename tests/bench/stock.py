"""What a stock task costs here, against lm-eval's own `simple_evaluate` on the same weights in the same run.

    python -m tests.bench.stock [--rounds 3] [--items 400]

Time of the processor (user and system), the best of the rounds: other programs disturb it less than the clock's. Our
side does all that `proctor run` does for the cell, from the weights to the rows on disk; lm-eval's side loads the same
weights, asks, scores and aggregates. The figures must be equal. With two adapters lm-eval loads the base twice.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proctor.common.paths import PACKAGE as ROOT
from proctor.common.paths import inside
from proctor.common.progress import Reporter
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.ask.cell import CellRun
from proctor.harness.ask.responses import Journal
from proctor.harness.ask.stock import ask_stock
from proctor.harness.config.variant import Variant
from proctor.harness.engines import open_engine
from proctor.harness.engines.protocol import Weights
from proctor.harness.run import run_suite
from proctor.tasks.index import find_task
from proctor.tasks.stock.loading import compile_templates_once

TINY = str(ROOT / "finetune" / "tiny")
BODIES = {
    "sums_choice": """output_type: multiple_choice
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: gold
metric_list: [{metric: acc}, {metric: acc_norm}]""",
    "sums_text": """output_type: generate_until
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n\\n"], do_sample: false, max_gen_toks: 48}
metric_list: [{metric: exact_match}]""",
}


def write_project(folder: Path, items: int) -> None:
    dice, rows = random.Random(0), []
    for _ in range(items):
        a, b = dice.randint(2, 99), dice.randint(2, 99)
        choices = [str(a + b), str(a + b + 1), f"{a} and {b}", "none of these"]
        rows.append(
            {"question": f"What is {a} plus {b}?", "answer": str(a + b), "choices": choices, "gold": 0}
        )
    (folder / "lm").mkdir()
    (folder / "lm" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = json.dumps({"data_files": {"test": str(folder / "lm" / "test.jsonl")}})
    for name, body in BODIES.items():
        head = f"task: {name}\ndataset_path: json\ntest_split: test\ndataset_kwargs: {data}\n"
        (folder / "lm" / f"{name}.yaml").write_text(f"{head}{body}\n")
        suite = f'variants: [tiny]\ntasks: ["lm_eval:{name}"]\nbaseline: tiny\n'
        (folder / f"{name}.yaml").write_text(suite)
    (folder / "proctor.yaml").write_text("include_path: lm\n")
    (folder / "variants").mkdir()
    (folder / "variants" / "tiny.yaml").write_text("base: finetune/tiny\n")


def stock(name: str, manager: Any, **more: str) -> dict[str, float]:
    import lm_eval
    from lm_eval.utils import env

    env.__dict__.pop("from_string", None)  # here templates are compiled once, there for every item
    done = lm_eval.simple_evaluate(
        "hf", model_args={"pretrained": TINY, "dtype": "float32", **more}, tasks=[name], task_manager=manager,
        batch_size=64, device="cpu", log_samples=True, bootstrap_iters=0,
    )  # fmt: skip
    return {key: value for key, value in done["results"][name].items() if "," in key and "stderr" not in key}


def ours(name: str, folder: Path, number: int) -> dict[str, float]:
    compile_templates_once.cache_clear()  # lm-eval's side took it back
    compile_templates_once()
    results = folder / f"results-{name}-{number}"
    suite = str(folder / f"{name}.yaml")
    run_suite(suite, results, folder / f"store-{name}-{number}", Reporter(Console(quiet=True)))
    cell = record.read(results, "tiny", f"lm_eval.{name}")
    assert cell is not None
    return cell.run.aggregates


def adapters(folder: Path) -> tuple[Path, Path]:
    """Two adapters that were never trained: what they cost is what trained ones cost."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_pretrained(TINY, dtype=torch.float32)
        config = LoraConfig(r=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        get_peft_model(model, config).save_pretrained(folder / f"adapter-{seed}")
        made.append(folder / f"adapter-{seed}")
    return made[0], made[1]


def ours_with(name: str, pair: tuple[Path, Path], folder: Path, number: int) -> list[dict[str, float]]:
    compile_templates_once.cache_clear()
    compile_templates_once()
    engine, figures = open_engine("hf", Weights(TINY, adapters=pair)), []
    with inside(folder):
        task = find_task(f"lm_eval:{name}")
        docs = task.docs("test")
    for adapter in pair:
        engine.use(adapter)
        journal = Journal(folder / f"{name}-{number}-{adapter.name}.jsonl")
        cell = CellRun(Variant(name="tiny", base=TINY), task, docs, "checklist", journal, folder)
        samples = ask_stock(engine, cell, lambda done, made: None)
        figures.append(task.definition.aggregates([(each.doc, each.response.text) for each in samples]))
    engine.close()
    return figures


def best(rounds: int, *works: Callable[[int], Any]) -> tuple[list[float], list[Any]]:
    """The least time of each, taking turns, and what each gave; before, once to import all that they need."""
    given = [work(-1) for work in works]
    taken = [float("inf")] * len(works)
    for number in range(rounds):
        for at, work in enumerate(works):
            start = time.process_time()
            work(number)
            taken[at] = min(taken[at], time.process_time() - start)
    return taken, given


def main() -> None:
    from lm_eval.tasks import TaskManager

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=int, default=400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        write_project(folder, asked.items)
        manager = TaskManager(include_path=str(folder / "lm"), include_defaults=False)
        for name in BODIES:
            (mine, theirs), (figures, expected) = best(
                asked.rounds, lambda n, name=name: ours(name, folder, n), lambda n, name=name: stock(name, manager)
            )  # fmt: skip
            assert figures == expected, (figures, expected)
            _tell(f"{name}, {asked.items} items", mine, theirs, "at most 1.05")
        pair, name = adapters(folder), "sums_choice"
        (mine, theirs), (several, each) = best(
            asked.rounds,
            lambda n: ours_with(name, pair, folder, n),
            lambda n: [stock(name, manager, peft=str(adapter)) for adapter in pair],
        )
        assert several == each, (several, each)
        _tell(f"{name}, two adapters on one engine", mine, theirs, "below 1")


def _tell(what: str, mine: float, theirs: float, wanted: str) -> None:
    print(f"{what}: {mine:.2f} s; lm-eval's simple_evaluate: {theirs:.2f} s; ratio {mine / theirs:.3f} "
          f"(wanted: {wanted}; time of the processor)", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
