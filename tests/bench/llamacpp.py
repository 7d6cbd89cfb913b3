"""Tokens per second of the `llamacpp` engine against llama-cpp-python's own `create_completion`, one by one.

    python -m tests.bench.llamacpp [--rounds 5] [--only tiny] [--kinds f16 q8_0] [--threads 2] [--json]

Both ways take turns, and each is given its best round, prompts included: what else a machine does can only slow it.
On a quiet machine with two cores all of it takes three to four minutes. Files are made first, in a temporary folder.
With `--threads 1` the time of the processor is measured instead of the clock's: other programs disturb it less.

Then the word problems of the embedded model's own exam are answered both ways: greedy answers must be the same, but
where two tokens were so close that rounding decides (near_ties.py).

What is wanted holds for f16. One by one every token reads all the weights, and that is what decoding together saves:
smaller types read less to begin with, and on a processor without AVX-512 or VNNI their products are no quicker than
those of f16, so that together they gain less. They are measured once, to be known.
"""

import argparse
import ctypes
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from proctor.harness.engines.decoding import Decoders, Job
from proctor.harness.engines.gguf_model import Model
from tests.support.near_ties import NEAR, gap_where_they_part
from tests.support.random_gguf import MIDDLE, TINY, quantize, write_llama

ROOT = Path(__file__).resolve().parent.parent.parent

WANTED = {"tiny": 1.4, "200M": 2.5}
JUDGED = "f16"
KINDS = ("f16", "q8_0", "q4_k_m")
COUNT = {"tiny": 64, "200M": 32}  # requests
EVERY = {
    "tiny": 1,
    "200M": 12,
}  # which of them are also asked one by one: of the large model, which is slow, a few
LONGEST = 128


@dataclass(frozen=True)
class Row:
    model: str
    kind: str
    one_by_one: float  # tokens per second
    together: float
    ratio: float
    wanted: float | None
    threads: int
    load: float  # of the machine, before: above the number of cores, others were in the way


def jobs_for(model: Model, count: int, longest: int) -> list[Job]:
    """Prompts of 40 to 80 tokens that share nothing, and answers of half the longest to the longest."""
    dice = np.random.default_rng(1)
    prompts = [dice.integers(3, model.size, int(n)).tolist() for n in dice.integers(40, 81, count)]
    limits = dice.integers(longest // 2, longest + 1, count)
    return [Job(prompt, int(limit)) for prompt, limit in zip(prompts, limits, strict=True)]


def one_by_one(llama: Any, jobs: list[Job]) -> int:
    made = 0
    for job in jobs:
        reply = llama.create_completion(list(job.prompt), max_tokens=job.max_tokens, temperature=0.0)
        made += reply["usage"]["completion_tokens"]
    return made


def speed(work: Callable[[], int], clock: Callable[[], float]) -> float:
    start = clock()
    made = work()
    return made / (clock() - start)


def stock(path: Path, threads: int) -> Any:
    """`Llama` as it comes, but with all cores; and, where AMX may kill the process, without it."""
    low: Any = llama_cpp.llama_cpp
    defaults = low.llama_model_default_params
    if b"AMX_INT8 = 1" in llama_cpp.llama_print_system_info():

        def without_amx() -> Any:
            how = defaults()
            how.use_extra_bufts = False
            return how

        low.llama_model_default_params = without_amx
    try:
        return llama_cpp.Llama(
            str(path), n_ctx=512, n_threads=threads, n_threads_batch=threads, n_gpu_layers=-1, verbose=False
        )
    finally:
        low.llama_model_default_params = defaults


def measure(name: str, kind: str, path: Path, rounds: int, threads: int) -> Row:
    model = Model(path)
    decoders = Decoders(model, threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    jobs = jobs_for(model, COUNT[name], LONGEST)
    llama = stock(path, threads)
    load = os.getloadavg()[0]
    decoders.run([Job(job.prompt, 8) for job in jobs[:8]])
    alone, together = [], []
    for _ in range(rounds):
        alone.append(speed(lambda: one_by_one(llama, jobs[:: EVERY[name]]), clock))
        together.append(speed(lambda: sum(len(made.tokens) for made in decoders.run(jobs)), clock))
    decoders.close()
    model.close()
    llama.close()
    one, many = max(alone), max(together)
    wanted = WANTED[name] if kind == JUDGED else None
    return Row(
        name, kind, round(one, 1), round(many, 1), round(many / one, 2), wanted, threads, round(load, 1)
    )


@dataclass(frozen=True)
class Sameness:
    """Of `answers` to real prompts, how many are those of `create_completion`, and the widest gap where one parts."""

    answers: int
    same: int
    widest_gap: float

    def told(self) -> str:
        rest = (
            f", the rest part where two tokens lie within {self.widest_gap}"
            if self.same < self.answers
            else ""
        )
        return f"{self.same} of {self.answers} are those of create_completion{rest}"


def compare_answers(path: Path) -> Sameness:
    model = Model(path)
    prompts = exam_prompts(model, path)
    ends = frozenset(token for token, ends in enumerate(model.ends_turn) if ends)
    decoders = Decoders(model, len(os.sched_getaffinity(0)))
    together = decoders.run([Job(prompt, LONGEST, ends=ends) for prompt in prompts])
    decoders.close()
    alone = stock(path, 1)
    texts = [
        alone.create_completion(list(prompt), max_tokens=LONGEST, temperature=0.0)["choices"][0]["text"]
        for prompt in prompts
    ]
    alone.close()
    fed = llama_cpp.Llama(str(path), n_ctx=512, n_threads=1, logits_all=True, verbose=False)
    gaps = [
        gap_where_they_part(fed, prompt, made.tokens)
        for prompt, made, text in zip(prompts, together, texts, strict=True)
        if made.text.decode("utf-8", "ignore") != text
    ]
    fed.close()
    model.close()
    return Sameness(len(prompts), len(prompts) - len(gaps), round(max(gaps, default=0.0), 4))


def exam_prompts(model: Model, path: Path) -> list[list[int]]:
    from proctor.harness.engines.llamacpp import LlamaCppEngine
    from proctor.tasks.prompt_pack import Pack, render
    from proctor.tasks.word_problems import docs

    engine, pack = LlamaCppEngine(path), Pack.load("default")
    asked = []
    for doc in docs("test"):
        system, prompt = render(pack, "word_problems", doc)
        turns = [{"role": "system", "content": system}] if system else []
        asked.append(engine.apply_chat_template([*turns, {"role": "user", "content": prompt}]))
    engine.close()
    return [model.tokens(text) for text in asked]


def files(folder: Path, name: str, kinds: list[str]) -> dict[str, Path]:
    source = folder / f"{name}-f16.gguf"
    if name == "tiny" and (ROOT / "finetune" / "tiny" / "model.safetensors").exists():
        from proctor.finetune.gguf.convert import write_gguf

        write_gguf(ROOT / "finetune" / "tiny", source)
    else:
        write_llama(source, TINY if name == "tiny" else MIDDLE)
    made = {kind: quantize(source, folder / f"{name}-{kind}.gguf", kind) for kind in kinds if kind != "f16"}
    return {"f16": source, **made}


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", choices=sorted(WANTED))
    options.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options.add_argument("--threads", type=int)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    rows, sameness = [], None
    with tempfile.TemporaryDirectory() as folder:
        for name in [asked.only] if asked.only else list(WANTED):
            found = files(Path(folder), name, asked.kinds)
            for kind in asked.kinds:
                rounds = asked.rounds if kind == JUDGED else 1
                rows.append(measure(name, kind, found[kind], rounds, asked.threads or cores))
                if not asked.json:
                    show(rows[-1], first=len(rows) == 1)
            if name == "tiny":
                sameness = compare_answers(found["f16"])
                if not asked.json:
                    print(f"       greedy answers to word problems: {sameness.told()}", flush=True)
    if asked.json:
        answers = asdict(sameness) if sameness else None
        print(json.dumps({"rows": [asdict(row) for row in rows], "answers": answers}, indent=2))
    fast = all(row.wanted is None or row.ratio >= row.wanted for row in rows)
    return 0 if fast and (sameness is None or sameness.widest_gap < NEAR) else 1


def show(row: Row, first: bool) -> None:
    if first:
        print("model  kind     one by one   together  ratio wanted threads  load")
    speeds = f"{row.one_by_one:10,.0f} {row.together:10,.0f} {row.ratio:6.2f} {row.wanted or '-':>6}"
    print(f"{row.model:6} {row.kind:8} {speeds} {row.threads:7} {row.load:5.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
