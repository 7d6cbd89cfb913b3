"""`make bench-gpu`: Proctor on one GPU at real size, as ratios measured in one run. Needs the extra `gpu` and GSM8K.

Weights of Llama-3.2-3B's shape are made with random values (see gpu_weights.py), so nothing is downloaded but GSM8K,
which PROCTOR_DATA can point to. Every part runs in a process of its own and writes each figure down as soon as it is
there: a part that fails or runs out of time costs what it had not measured yet, and nothing else. The parts that decide
most come first:

    python tests/bench_gpu.py                                         what fits into ten minutes, then it cleans up
    python tests/bench_gpu.py --parts weights,engine --work W --keep  some of it, to go on with the others later
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from tests.gpu_weights import COPIES, MOST_NEW, make_everything  # noqa: E402

ITEMS = 1319
PACKAGES = (
    "torch",
    "transformers",
    "vllm",
    "lm-eval",
    "inspect-ai",
    "unsloth",
    "trl",
    "peft",
    "datasets",
    "bitsandbytes",
)


class Figures:
    """What a part has measured so far; on disk as soon as it is known."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.told: dict[str, Any] = {}

    def keep(self, **found: Any) -> None:
        self.told |= found
        self._path.write_text(json.dumps(self.told), encoding="utf-8")
        for name, value in found.items():
            print(f"   {name}: {value}", flush=True)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def suite_plan(work: Path, suite: str, results: str) -> Any:
    from harness.plan import make_plan
    from harness.suite import Suite

    return make_plan(Suite.load(str(work / f"suites/{suite}.yaml")), work / results, work / "store")


def quiet() -> Any:
    from rich.console import Console

    from harness.progress import Reporter

    return Reporter(Console())


def sit_on(engine: Any, plan: Any) -> tuple[float, list[float]]:
    """One sitting of Proctor's on an engine that is open already: seconds from then on, and of each cell."""
    from harness import record, run

    opened = 0.0

    def open_engine(name: str, weights: Any) -> Any:
        nonlocal opened
        opened = time.perf_counter()
        return engine

    run.open_engine = open_engine  # type: ignore[assignment]
    engine.close = lambda: None
    (sitting,) = plan.sittings
    run.sit(sitting, plan, quiet())
    seconds = time.perf_counter() - opened
    cells = [record.read(plan.results, cell.variant, cell.task) for cell in plan.cells]
    return seconds, [cell.run["wall_seconds"] for cell in cells if cell]


def forget(engine: Any) -> None:
    assert engine.model.reset_prefix_cache(), "the prefix cache was not emptied"


def prompts_of(engine: Any, work: Path, plan: Any) -> list[str]:
    """The cell's own prompts, as its journal's requests hold them."""
    from harness.engines import Finish
    from harness.run import exam_of
    from harness.runners import RUNNERS

    class Listening:
        """Takes down what an exam asks for, and answers nothing."""

        batch_size, finishes, context_length = 1 << 20, (), None

        def apply_chat_template(self, history: Any, add_generation_prompt: bool = True) -> str:
            return str(engine.apply_chat_template(history, add_generation_prompt))

        def prompt_length(self, prompt: str) -> int:
            return len(prompt)

        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
            self.prompts = [request.args[0] for request in requests]
            self.finishes = [Finish(None, None, False, error="only listening")] * len(requests)
            return [""] * len(requests)

        def reseed(self, seed: int) -> None: ...

    listening = Listening()
    exam = exam_of(plan.cells[0], plan.variants[0], plan)
    exam.journal.path = work / "listening.jsonl"
    RUNNERS[exam.task.framework](listening, exam, lambda done, made: None)  # type: ignore[arg-type]
    return listening.prompts


def engine_alone(engine: Any, prompts: list[str], limit: int = MOST_NEW) -> tuple[float, list[Any]]:
    """vLLM's own generate on prompts that are tokens already: no text to read, nothing to mark, nothing to keep."""
    from vllm import SamplingParams, TokensPrompt

    tokens = [TokensPrompt(prompt_token_ids=ids) for ids in engine.tok_encode(prompts)]
    wanted = SamplingParams(temperature=0.0, max_tokens=limit)
    forget(engine)
    return timed(
        lambda: engine.model.generate(tokens, wanted, use_tqdm=False, lora_request=engine.lora_request)
    )


def warm_up(engine: Any, prompts: list[str]) -> None:
    engine_alone(engine, prompts[:: max(1, len(prompts) // 64)], 16)


def open_on(work: Path, plan: Any) -> tuple[float, Any]:
    """The engine of a plan's only sitting, with everything built, and the seconds that opening took."""
    from harness.engines import open_engine
    from harness.run import build_weights, weights_for

    (sitting,) = plan.sittings
    built = {each.variant.name: build_weights(each, plan.store, quiet()) for each in sitting.variants}
    weights = weights_for(sitting, built)
    seconds, engine = timed(lambda: open_engine(sitting.engine, weights))
    engine.use(weights.adapters[0] if weights.adapters else None)
    return seconds, engine


def before_opening() -> float:
    """Seconds since this part's process was started: the interpreter, the libraries, the plan."""
    return time.time() - float(os.environ["PROCTOR_BENCH_BEGAN"])


def part_weights(work: Path, figures: Figures, device: str, shape: str) -> None:
    seconds, _ = timed(lambda: make_everything(work, shape, device))
    size = sum(path.stat().st_size for path in (work / "base").glob("*.safetensors"))
    figures.keep(seconds=seconds, bytes=size)


def part_engine(work: Path, figures: Figures) -> None:
    """Load; engine alone; Proctor's cell; stock lm-eval; other weights of the shape; study plans through the bridge."""
    plan = suite_plan(work, "merged-1", "results-cell")
    figures.keep(before_opening=before_opening())
    seconds, engine = open_on(work, plan)
    figures.keep(load_cold=seconds)
    prompts = prompts_of(engine, work, plan)
    lengths = [len(ids) for ids in engine.tok_encode(prompts)]
    figures.keep(items=len(prompts), prompt_tokens=sum(lengths), longest_prompt=max(lengths))
    warm_up(engine, prompts)
    alone, cells = [], []
    for number in range(2):
        seconds, outputs = engine_alone(engine, prompts)
        alone.append(seconds)
        figures.keep(alone=alone, new_tokens=sum(len(output.outputs[0].token_ids) for output in outputs))
        forget(engine)
        seconds, _ = sit_on(engine, suite_plan(work, "merged-1", f"results-cell-{number}"))
        cells.append(seconds)
        figures.keep(cell=cells, cell_run=cost_of(work / f"results-cell-{number}", "merged-0", "gsm8k"))
        forget_answers(work)
    stock(engine, work, figures)
    merged(engine, work, figures)
    study_plans(engine, work, figures)


def forget_answers(work: Path) -> None:
    for folder in ("answers", "answered"):
        shutil.rmtree(work / "store" / folder, ignore_errors=True)


def cost_of(results: Path, variant: str, task: str) -> dict[str, Any]:
    """The measured columns of a cell, as run.json has them."""
    from harness import record

    cell = record.read(results, variant, task)
    names = (
        "load_seconds",
        "wall_seconds",
        "seconds_per_item",
        "tokens_per_second",
        "peak_gpu_bytes",
        "energy_joules",
    )
    return {name: cell.run[name] for name in names if cell and name in cell.run}


def merged(engine: Any, work: Path, figures: Figures) -> None:
    plan = suite_plan(work, "merged-5", "results-merged")
    (sitting,) = plan.sittings
    assert len(sitting.variants) == COPIES, "five variants of one shape are not one sitting"
    source = sitting.variants[1].variant.base
    figures.keep(reload=timed(lambda: engine.load(source))[0])
    seconds, cells = sit_on(engine, plan)
    figures.keep(merged_sit=seconds, merged_cells=cells)


def stock(engine: Any, work: Path, figures: Figures) -> None:
    """lm-eval's own evaluator and its own class, on the same open engine; then the answers, item by item."""
    import lm_eval
    from lm_eval.models.vllm_causallms import VLLM
    from lm_eval.tasks import TaskManager
    from lm_eval.utils import env

    # Proctor's runner makes lm-eval keep compiled templates; stock does not.
    kept = env.__dict__.pop("from_string")
    plain = object.__new__(VLLM)
    plain.__dict__.update({name: value for name, value in engine.__dict__.items() if name != "close"})
    manager = TaskManager(
        include_path=str(ROOT / "tasks"), include_defaults=False, metadata={"prompt": "cot-2shot"}
    )
    forget(engine)
    seconds, found = timed(
        lambda: lm_eval.simple_evaluate(
            model=plain, tasks=["proctor_gsm8k"], task_manager=manager, num_fewshot=2, apply_chat_template=True,
            fewshot_as_multiturn=True, gen_kwargs={"max_gen_toks": MOST_NEW}, log_samples=True, bootstrap_iters=0,
        )
    )  # fmt: skip
    env.from_string = kept
    samples = {
        sample["arguments"][0][0]: sample["resps"][0][0] for sample in found["samples"]["proctor_gsm8k"]
    }
    figures.keep(stock=seconds, **same_answers(work / "results-cell-1", samples))


def same_answers(results: Path, samples: dict[str, str]) -> dict[str, Any]:
    from harness import record

    cell = record.read(results, "merged-0", "gsm8k")
    assert cell, "no cell to compare"
    rows = cell.rows()
    pairs = [(row.response, samples[row.prompt]) for row in rows.itertuples()]
    first = [
        next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
        for ours, theirs in pairs
    ]
    return {
        "same_prompts": sum(row.prompt in samples for row in rows.itertuples()) / len(rows),
        "same_answers": sum(ours == theirs for ours, theirs in pairs) / len(pairs),
        "same_first_50_characters": sum(at is None or at >= 50 for at in first) / len(pairs),
    }


def study_plans(engine: Any, work: Path, figures: Figures) -> None:
    plan = suite_plan(work, "plans", "results-plans")
    engine.load(plan.sittings[0].variants[0].variant.base)
    forget(engine)
    seconds, _ = sit_on(engine, plan)
    from harness import record

    cell = record.read(plan.results, "merged-0", "study_plan")
    assert cell, "no study plans"
    asked = [str(prompt) for prompt in cell.rows()["prompt"]]
    figures.keep(plans=len(asked), plans_bridge=seconds)
    figures.keep(plans_alone=min(engine_alone(engine, asked)[0] for _ in range(2)))


def part_adapters(work: Path, figures: Figures) -> None:
    """Five adapters in one sitting: one load, then five cells."""
    plan = suite_plan(work, "adapter-5", "results-adapters")
    figures.keep(before_opening=before_opening())
    seconds, engine = open_on(work, plan)
    figures.keep(load_cold=seconds)
    prompts = prompts_of(engine, work, plan)
    warm_up(engine, prompts)
    figures.keep(alone=[engine_alone(engine, prompts)[0]])
    forget(engine)
    seconds, cells = sit_on(engine, plan)
    figures.keep(sit=seconds, cells=cells, cell_run=cost_of(work / "results-adapters", "adapter-0", "gsm8k"))
    figures.keep(alone=[*figures.told["alone"], engine_alone(engine, prompts)[0]])


ONE_RUN = """
import sys
from pathlib import Path
from rich.console import Console
from harness.progress import Reporter
from harness.run import run_suite

if __name__ == "__main__":
    run_suite(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Reporter(Console()))
"""


def run_alone(work: Path, suite: str) -> dict[str, Any]:
    """A suite as `proctor run` does it, in a process of its own, with vLLM's compile cache warm; no board."""
    store, results = work / f"store-alone-{suite}", work / f"results-alone-{suite}"
    for folder in (store, results):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(work / "store/artifacts", store / "artifacts")
    script = work / "one_run.py"
    script.write_text(ONE_RUN, encoding="utf-8")
    command = [sys.executable, str(script), str(work / f"suites/{suite}.yaml"), str(results), str(store)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    seconds, _ = timed(lambda: subprocess.run(command, cwd=ROOT, env=environment, check=True))
    from harness import record

    found = record.cells(results)
    return {"seconds": seconds, "load_seconds": found[0].run["load_seconds"],
            "wall_seconds": [cell.run["wall_seconds"] for cell in found],
            "first": cost_of(results, found[0].variant, found[0].task)}  # fmt: skip


def part_alone(work: Path, figures: Figures) -> None:
    """One variant with an adapter, and one with weights of its own: a fifth of five separate runs."""
    figures.keep(adapter=run_alone(work, "adapter-1"))
    figures.keep(merged=run_alone(work, "merged-1"))


def part_together(work: Path, figures: Figures) -> None:
    """All five in one run, like the separate ones: from starting the process to its end, with a warm cache."""
    figures.keep(adapter=run_alone(work, "adapter-5"))
    figures.keep(merged=run_alone(work, "merged-5"))


def part_transformers(
    work: Path, figures: Figures, device: str, one_by_one: int = 2, batch: int = 128
) -> None:
    """Greedy generation with transformers alone, as without an engine for serving; the rest is extrapolated."""
    import torch

    from finetune.load import load_model, load_tokenizer

    tokenizer = load_tokenizer(work / "base")
    tokenizer.padding_side = "left"
    model = load_model(work / "base", device).eval()
    plan = suite_plan(work, "merged-1", "results-listening")

    class Templates:
        @staticmethod
        def apply_chat_template(history: Any, more: bool = True) -> str:
            return str(tokenizer.apply_chat_template(history, tokenize=False, add_generation_prompt=more))

    prompts = prompts_of(Templates, work, plan)

    def generate(texts: list[str]) -> None:
        asked = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(device)
        with torch.inference_mode():
            model.generate(**asked, max_new_tokens=MOST_NEW, do_sample=False)

    generate(prompts[:1])
    alone = [timed(lambda text=text: generate([text]))[0] for text in prompts[1 : 1 + one_by_one]]
    figures.keep(one=alone, one_by_one_all=sum(alone) / len(alone) * len(prompts))
    together = timed(lambda: generate(prompts[:batch]))[0]
    figures.keep(batch=together, batched_all=together / batch * len(prompts))


def part_training(work: Path, figures: Figures, trainer: str, recipe: str) -> None:
    """Ten steps of a recipe, with Unsloth or without."""
    import finetune.train
    from finetune.recipe import Recipe

    if trainer == "trl":
        finetune.train.find_spec = lambda name: None  # type: ignore[assignment]
    out = work / f"trained-{trainer}-{recipe}"
    out.mkdir()
    loaded = Recipe.load(str(work / f"recipes/{recipe}.yaml"))
    files = {part.source: Path(part.source) for part in loaded.data}
    seconds, made = timed(
        lambda: finetune.train.train(work / "base", loaded, files, out, lambda done, what: None)
    )
    told = json.loads((out / "train.json").read_text(encoding="utf-8"))
    assert told["trainer"] == trainer, f"{told['trainer']} trained, not {trainer}"
    figures.keep(
        steps=told["steps"], batch=loaded.batch, train_seconds=told["seconds"], seconds=seconds,
        steps_per_second=told["steps"] / told["seconds"], peak_memory_bytes=told["peak_memory_bytes"],
        checks=[check["name"] for check in made["checks"]], loss=made["loss"],
    )  # fmt: skip


def part_tiny(work: Path, figures: Figures) -> None:
    """The embedded model, whose answers mean something: Proctor's vllm against stock lm-eval's, answer by answer."""
    plan = suite_plan(work, "tiny", "results-tiny")
    seconds, engine = open_on(work, plan)
    sit_on(engine, plan)
    import lm_eval
    from lm_eval.models.vllm_causallms import VLLM
    from lm_eval.tasks import TaskManager

    from harness import record

    plain = object.__new__(VLLM)
    plain.__dict__.update({name: value for name, value in engine.__dict__.items() if name != "close"})
    manager = TaskManager(
        include_path=str(ROOT / "tasks"), include_defaults=False, metadata={"prompt": "default"}
    )
    forget(engine)
    found = lm_eval.simple_evaluate(
        model=plain, tasks=["proctor_word_problems"], task_manager=manager, apply_chat_template=True,
        fewshot_as_multiturn=True, log_samples=True, bootstrap_iters=0,
    )  # fmt: skip
    samples = {
        sample["arguments"][0][0]: (sample["resps"][0][0], sample["accuracy"])
        for sample in found["samples"]["proctor_word_problems"]
    }
    cell = record.read(plan.results, "tiny-vllm", "word_problems")
    assert cell, "no cell"
    rows = list(cell.rows().itertuples())
    figures.keep(
        load=seconds, items=len(rows),
        same_answers=sum(row.response == samples[row.prompt][0] for row in rows) / len(rows),
        same_marks=sum(row.score == samples[row.prompt][1] for row in rows) / len(rows),
        accuracy=sum(row.score for row in rows) / len(rows),
    )  # fmt: skip


PARTS: dict[str, Callable[[Path, Figures, argparse.Namespace], None]] = {
    "weights": lambda work, figures, given: part_weights(work, figures, given.device, given.shape),
    "engine": lambda work, figures, given: part_engine(work, figures),
    "adapters": lambda work, figures, given: part_adapters(work, figures),
    "alone": lambda work, figures, given: part_alone(work, figures),
    "transformers": lambda work, figures, given: part_transformers(work, figures, given.device),
    "tiny": lambda work, figures, given: part_tiny(work, figures),
    "unsloth-16bit": lambda work, figures, given: part_training(work, figures, "unsloth", "adapter-0"),
    "trl-16bit": lambda work, figures, given: part_training(work, figures, "trl", "adapter-0"),
    "unsloth-4bit": lambda work, figures, given: part_training(work, figures, "unsloth", "adapter-0-4bit"),
    "together": lambda work, figures, given: part_together(work, figures),
}


def in_process(name: str, work: Path, given: argparse.Namespace, left: float) -> dict[str, Any]:
    """A part in a process of its own: a failed one costs its own figures, and the GPU is free after each."""
    if left <= 0:
        return {"failed": "no time was left"}
    out = work / f"{name}.json"
    out.unlink(missing_ok=True)
    caches = {"VLLM_CACHE_ROOT": "vllm", "TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}
    environment = os.environ | {key: str(work / "caches" / folder) for key, folder in caches.items()}
    environment["PROCTOR_BENCH_BEGAN"] = str(time.time())
    told = ["--work", str(work), "--device", given.device, "--shape", given.shape]
    print(f"== {name} ({left:.0f} s left)", flush=True)
    # A session of its own, so that vLLM's processes go with it.
    began = time.perf_counter()
    part = subprocess.Popen(
        [sys.executable, __file__, "--one", name, *told], cwd=ROOT, env=environment, start_new_session=True
    )
    try:
        status = part.wait(timeout=left)
        ended = {"failed": f"exit status {status}"} if status else {}
    except subprocess.TimeoutExpired:
        ended = {"failed": "its time was up"}
    finally:
        with suppress(ProcessLookupError):
            os.killpg(part.pid, signal.SIGKILL)
        part.wait()
    found = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    return {**found, **ended, "part_seconds": time.perf_counter() - began}


def ratios(told: dict[str, Any]) -> list[tuple[str, float | None, str]]:
    """What was to be reached, each as a ratio of two figures of this run."""

    def figure(*path: str) -> Any:
        found: Any = told
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def over(top: Any, bottom: Any) -> float | None:
        return top / bottom if top and bottom else None

    def whole(part: str, sitting: str) -> float | None:
        """The interpreter's start, one load with a cold compile cache, five cells."""
        parts = [figure(part, name) for name in ("before_opening", "load_cold", sitting)]
        return sum(parts) if None not in parts else None

    alone, cell = (min(figure("engine", name) or [0]) for name in ("alone", "cell"))
    with_adapter = min(figure("adapters", "alone") or [0])
    load, sit = figure("adapters", "load_cold"), figure("adapters", "sit")
    five = {kind: COPIES * (figure("alone", kind, "seconds") or 0) for kind in ("adapter", "merged")}
    return [
        ("Proctor's GSM8K cell / engine alone (best of two each)", over(cell, alone), "at most 1.05"),
        ("stock lm-eval / engine alone", over(figure("engine", "stock"), alone), ""),
        ("five adapters in one sitting / (one load + five times the engine alone)",
         over(load and sit and load + sit, load and with_adapter and load + COPIES * with_adapter), "at most 1.1"),
        ("the five cells of that sitting / five times the engine alone", over(sit, COPIES * with_adapter), ""),
        ("five adapters in one process, cold / five separate runs, warm (one measured, times five)",
         over(whole("adapters", "sit"), five["adapter"]), "at most 0.5"),
        ("five adapters in one run, warm / five separate runs, warm (one measured, times five)",
         over(figure("together", "adapter", "seconds"), five["adapter"]), "at most 0.5"),
        ("five merged in one process, cold / five separate runs, warm (one measured, times five)",
         over(whole("engine", "merged_sit"), five["merged"]), "at most 0.5"),
        ("five merged in one run, warm / five separate runs, warm (one measured, times five)",
         over(figure("together", "merged", "seconds"), five["merged"]), "at most 0.5"),
        ("transformers one by one (extrapolated) / Proctor's cell",
         over(figure("transformers", "one_by_one_all"), cell), "at least 500"),
        ("transformers in batches (extrapolated) / Proctor's cell",
         over(figure("transformers", "batched_all"), cell), ""),
        ("load with a warm compile cache / cold, merged",
         over(figure("alone", "merged", "load_seconds"), figure("engine", "load_cold")), ""),
        ("load with a warm compile cache / cold, adapters",
         over(figure("alone", "adapter", "load_seconds"), figure("adapters", "load_cold")), ""),
        ("study plans through the bridge, marked / engine alone",
         over(figure("engine", "plans_bridge"), figure("engine", "plans_alone")), ""),
        ("Unsloth's steps per second / trl's, 16-bit",
         over(figure("unsloth-16bit", "steps_per_second"), figure("trl-16bit", "steps_per_second")), ""),
    ]  # fmt: skip


def machine() -> dict[str, Any]:
    import torch

    def version(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "gpu": card, "cuda": torch.version.cuda, "cores": os.cpu_count(), "python": sys.version.split()[0],
        "date": datetime.now(UTC).date().isoformat(), "versions": {name: version(name) for name in PACKAGES},
    }  # fmt: skip


def write_tiny(work: Path) -> None:
    from tests.gpu_weights import _suite, _yaml

    _yaml(work / "variants/tiny-vllm.yaml", {"base": str(ROOT / "finetune/tiny"), "engine": "vllm"})
    _suite(work, "tiny", ["tiny-vllm"], "word_problems")


def report(told: dict[str, Any], out: Path | None) -> None:
    text = json.dumps(told, indent=1, sort_keys=True)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    print(text)
    print(f"\n{told['machine']['gpu']}, {told['machine']['date']}, {told['machine']['versions']}")
    for what, value, wanted in ratios(told):
        print(
            f"{what}: {'not measured' if value is None else f'{value:.3f}'}"
            + (f" (wanted: {wanted})" if wanted else "")
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help="some of: " + ", ".join(PARTS))
    parser.add_argument(
        "--work", type=Path, help="where weights and caches lie; a temporary folder unless given"
    )
    parser.add_argument("--keep", action="store_true", help="leave the work folder for the next parts")
    parser.add_argument("--out", type=Path, default=Path("bench-gpu.json"))
    parser.add_argument(
        "--seconds", type=float, default=590, help="no part goes on after so many, 590 by default"
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", default="3b", help="3b, or small to try the script itself")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        PARTS[given.one](given.work, Figures(given.work / f"{given.one}.json"), given)
        return
    if wrong := [name for name in given.parts.split(",") if name not in PARTS]:
        parser.error(f"no part is called {wrong[0]!r}; there are {', '.join(PARTS)}")
    work = given.work or Path(tempfile.mkdtemp(prefix="proctor-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    write_tiny(work)
    earlier = json.loads(given.out.read_text(encoding="utf-8")) if given.keep and given.out.is_file() else {}
    told = {**earlier, "machine": machine()}
    start = time.perf_counter()
    try:
        for name in given.parts.split(","):
            left = given.seconds - (time.perf_counter() - start)
            told[name] = in_process(name, work, given, left)
            given.out.write_text(json.dumps(told, indent=1), encoding="utf-8")
        told["seconds"] = earlier.get("seconds", 0.0) + time.perf_counter() - start
        report(told, given.out)
    finally:
        if not given.keep:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
