"""What the GPU bench measures with: figures that are on disk at once, turns, an engine alone, a run that is watched.

Must not know which parts there are, nor what their ratios are to be.
"""

import json
import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.bench.gpu_weights import MOST_NEW


class Figures:
    """What a part has measured so far; on disk as soon as it is known."""

    def __init__(self, work: Path, part: str) -> None:
        self._path, self._go = work / f"{part}.json", work / f"{part}.go"
        self.told: dict[str, Any] = {}

    def keep(self, **found: Any) -> None:
        self.told |= found
        self._path.write_text(json.dumps(self.told), encoding="utf-8")
        for name, value in found.items():
            print(f"   {self._path.stem}: {name}: {value}", flush=True)

    def wait_for_turn(self) -> None:
        """Libraries are loaded while another part is still measured; nothing else is done before it has ended."""
        self.keep(ready_after=time.time() - float(os.environ["PROCTOR_BENCH_BEGAN"]))
        while not self._go.exists():
            time.sleep(0.05)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def middle(values: Sequence[float] | None) -> float | None:
    return statistics.median(values) if values else None


def suite_plan(work: Path, suite: str, results: str) -> Any:
    from proctor.harness.config.suite import Suite
    from proctor.harness.plan.plan import make_plan

    return make_plan(Suite.load(str(work / f"suites/{suite}.yaml")), work / results, work / "store")


@dataclass
class Watch:
    """What runs of this process do with vLLM: `proctor run` as it is, on an engine that stays open behind it."""

    opened: Callable[[Any], None] = lambda engine: None  # called with the engine, before it answers anything
    engine: Any = None
    load_seconds: float = 0.0
    aside: float = 0.0  # seconds that `opened` took, which are not the run's
    cells: list[float] = field(
        default_factory=list
    )  # from a variant's turn to its rows on disk, reloads left out
    reloads: list[float] = field(default_factory=list)
    _began: float | None = None

    def cell_ends(self) -> None:
        if self._began is not None:
            self.cells.append(time.perf_counter() - self._began)
        self._began = None

    def cell_begins(self) -> None:
        self._began = time.perf_counter()

    def run(self, work: Path, suite: str, results: str) -> float:
        """The seconds of a whole run, from its plan to its last row; only the closing of the engine is left out."""
        from rich.console import Console

        from proctor.common.progress import Reporter
        from proctor.harness.run import run_suite

        self.cells, self.reloads, self.aside = [], [], 0.0
        for kept in (
            results,
            "store/answered",
            "store/responses",
        ):  # what is there already would be asked of nobody
            shutil.rmtree(work / kept, ignore_errors=True)
        path = str(work / f"suites/{suite}.yaml")
        seconds, _ = timed(lambda: run_suite(path, work / results, work / "store", Reporter(Console())))
        return seconds - self.aside

    def close(self) -> float:
        seconds, _ = timed(self.engine.really_close)
        return seconds


def watch_engines() -> Watch:
    """From now on, what this process opens with vLLM is told to the watch."""

    from proctor.harness.engines import vllm

    watch, plain = Watch(), vllm.VLLMEngine

    class Watched(plain):  # type: ignore[misc,valid-type]
        @classmethod
        def open(cls, weights: Any) -> Any:
            if watch.engine is None:
                watch.load_seconds, watch.engine = timed(lambda: plain.open.__func__(cls, weights))
                watch.aside, _ = timed(lambda: watch.opened(watch.engine))
                watch._began = None
            return watch.engine

        def load(self, source: str) -> None:
            watch.cell_ends()
            other = source != self._source
            seconds, _ = timed(lambda: plain.load(self, source))
            watch.reloads += [seconds] if other else []

        def use(self, adapter: Path | None) -> None:
            watch.cell_ends()
            super().use(adapter)
            watch.cell_begins()

        def close(self) -> None:
            watch.cell_ends()

        def really_close(self) -> None:
            super().close()

    vllm.VLLMEngine = Watched  # type: ignore[misc]
    return watch


def forget(engine: Any) -> None:
    assert engine.model.reset_prefix_cache(), "the prefix cache was not emptied"


def prompts_of(render: Callable[..., str], plan: Any, empty: Path) -> list[str]:
    """The first cell's own prompts, as its engine is asked them."""
    from proctor.harness.ask.lm_eval import ask_lm_eval
    from proctor.harness.ask.responses import Journal
    from proctor.harness.engines.protocol import Engine, Response
    from proctor.harness.session import cell_run

    class Listening(Engine):
        """Takes down what a task asks for, and answers nothing."""

        batch_size = 1 << 20
        prompts: Sequence[str] = ()

        def apply_chat_template(self, history: Any, add_generation_prompt: bool = True) -> str:
            return str(render(history, add_generation_prompt))

        def prompt_length(self, prompt: str) -> int:
            return len(prompt)

        def answer(self, requests: Any) -> list[Response]:
            self.prompts = [request.prompt for request in requests]
            return [Response("", error="only listening")] * len(requests)

    listening = Listening()
    cell = replace(cell_run(plan.cells[0], plan.variants[0], plan), journal=Journal(empty))
    ask_lm_eval(listening, cell, lambda done, made: None)
    return list(listening.prompts)


def engine_alone(engine: Any, prompts: Sequence[str], limit: int = MOST_NEW) -> tuple[float, list[Any]]:
    """vLLM's own generate on prompts that are tokens already: no text to read, nothing to mark, nothing to keep."""
    from vllm import SamplingParams, TokensPrompt

    tokens = [TokensPrompt(prompt_token_ids=ids) for ids in engine.tok_encode(list(prompts))]
    wanted = SamplingParams(temperature=0.0, max_tokens=limit)
    forget(engine)
    return timed(
        lambda: engine.model.generate(tokens, wanted, use_tqdm=False, lora_request=engine.lora_request)
    )


def warm_up(engine: Any, prompts: Sequence[str]) -> None:
    engine_alone(engine, prompts[:: max(1, len(prompts) // 64)], 16)


def stock(engine: Any, task: str, prompt: str, **wanted: Any) -> tuple[float, dict[str, tuple[str, float]]]:
    """lm-eval's own evaluator and its own class on the open engine: seconds; answer and mark of each prompt."""
    import lm_eval
    from lm_eval.models.vllm_causallms import VLLM
    from lm_eval.tasks import TaskManager
    from lm_eval.utils import env

    from proctor.common.paths import PACKAGE as ROOT

    # Proctor's runner makes lm-eval keep compiled templates; stock does not.
    kept = env.__dict__.pop("from_string", None)
    plain = object.__new__(VLLM)
    ours = ("close", "load", "use")
    plain.__dict__.update({name: value for name, value in engine.__dict__.items() if name not in ours})
    manager = TaskManager(
        include_path=str(ROOT / "tasks"), include_defaults=False, metadata={"prompt": prompt}
    )
    forget(engine)
    seconds, found = timed(
        lambda: lm_eval.simple_evaluate(
            model=plain, tasks=[f"proctor_{task}"], task_manager=manager, apply_chat_template=True,
            fewshot_as_multiturn=True, log_samples=True, bootstrap_iters=0, **wanted,
        )
    )  # fmt: skip
    if kept:
        env.from_string = kept
    samples = found["samples"][f"proctor_{task}"]
    return seconds, {one["arguments"][0][0]: (one["resps"][0][0], one["accuracy"]) for one in samples}


def same_as_stock(
    results: Path, variant: str, task: str, samples: dict[str, tuple[str, float]]
) -> dict[str, Any]:
    """Of a cell's rows: how many of its prompts stock had, and how many answers and marks are the same."""
    from proctor.harness import record

    cell = record.read(results, variant, task)
    assert cell, f"no cell {variant} x {task} to compare"
    rows = list(cell.rows().itertuples())
    theirs = [samples.get(row.prompt, (None, None)) for row in rows]
    pairs = list(zip(rows, theirs, strict=True))
    return {
        "items": len(rows),
        "same_prompts": sum(row.prompt in samples for row in rows),
        "same_answers": sum(row.response == answer for row, (answer, _) in pairs),
        "same_marks": sum(row.score == mark for row, (_, mark) in pairs),
        "accuracy": sum(row.score for row in rows) / len(rows),
    }


def cost_of(results: Path, variant: str, task: str) -> dict[str, Any]:
    """The measured columns of a cell, as run.json has them."""
    from proctor.harness import record

    cell = record.read(results, variant, task)
    names = (
        "load_seconds", "wall_seconds", "seconds_per_item", "tokens_per_second", "peak_gpu_bytes", "energy_joules",
    )  # fmt: skip
    return (
        {name: value for name, value in cell.run.costs if name in names and value is not None} if cell else {}
    )
