"""`make bench`: how close Proctor is to what it stands on, as ratios measured in one run.

Run on a quiet machine. Every ratio names the library that it is measured against.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from proctor.common.paths import PACKAGE as ROOT
from proctor.harness.ask.responses import Journal, respond_all
from proctor.harness.engines import open_engine
from proctor.harness.engines.protocol import Options, Request, Weights
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import Pack, render


def median_seconds(work: Callable[[int], object], rounds: int) -> float:
    taken = []
    for number in range(rounds):
        start = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def bridge_ratio(rounds: int, plans: int) -> dict[str, object]:
    """Study plans through Inspect and the bridge against lm-eval's generate_until on the same prompts."""
    from lm_eval.api.instance import Instance

    from proctor.harness.ask.bridge import ask_inspect
    from proctor.harness.ask.cell import CellRun
    from proctor.harness.ask.responses import plan_batches
    from proctor.harness.config.variant import Sampling, Variant

    engine = open_engine("hf", Weights(str(ROOT / "finetune/tiny")))
    task, limit = TASKS["study_plan"], 400
    docs = task.docs("test", plans)
    pack = Pack.load("default")
    prompts = [
        engine.apply_chat_template([{"role": "user", "content": render(pack, "study_plan", doc)[1]}])
        for doc in docs
    ]
    requests = [Request(prompt, Options(limit)) for prompt in prompts]

    def directly(_: int) -> None:
        for batch in plan_batches(requests, engine.batch_size, engine.prompt_length):
            asked = [
                Instance("generate_until", {}, (r.prompt, r.options.as_lm_eval()), i)
                for i, r in enumerate(batch)
            ]
            engine.generate_until(asked, disable_tqdm=True)

    variant = Variant(name="tiny", base="finetune/tiny", sampling=Sampling(max_tokens=limit))
    with tempfile.TemporaryDirectory() as folder:

        def bridged(number: int) -> None:
            journal = Journal(Path(folder) / f"{number}.jsonl")
            cell = CellRun(variant, task, docs, "checklist", journal, Path(folder))
            ask_inspect(engine, cell, lambda done, made: None)

        directly(0), bridged(1000)  # both warm
        alone, through = median_seconds(directly, rounds), median_seconds(bridged, rounds)
    return {
        "what": f"{plans} study plans through Inspect and the bridge, marked", "against": "lm-eval generate_until",
        "seconds": through, "base_seconds": alone, "ratio": through / alone, "wanted": "at most 1.15",
    }  # fmt: skip


def cell_ratio(rounds: int) -> dict[str, object]:
    """A word-problem cell's answers and journal against the bare engine on the same batches."""
    from lm_eval.api.instance import Instance

    from proctor.harness.ask.responses import plan_batches

    engine = open_engine("hf", Weights(str(ROOT / "finetune/tiny")))
    pack = Pack.load("default")
    prompts = [
        engine.apply_chat_template([{"role": "user", "content": render(pack, "word_problems", doc)[1]}])
        for doc in TASKS["word_problems"].docs("test", 96)
    ]
    requests = [Request(prompt, Options(256)) for prompt in prompts]
    batches = plan_batches(requests, engine.batch_size, engine.prompt_length)

    def bare(_: int) -> None:
        for batch in batches:
            asked = [
                Instance("generate_until", {}, (r.prompt, r.options.as_lm_eval()), i)
                for i, r in enumerate(batch)
            ]
            engine.generate_until(asked, disable_tqdm=True)

    with tempfile.TemporaryDirectory() as folder:

        def kept(number: int) -> None:
            respond_all(engine, requests, Journal(Path(folder) / f"{number}.jsonl"), lambda done, made: None)

        bare(0), kept(1000)
        alone, through = median_seconds(bare, rounds), median_seconds(kept, rounds)
    return {
        "what": "96 word problems answered and kept", "against": "lm-eval generate_until", "seconds": through,
        "base_seconds": alone, "ratio": through / alone, "wanted": "about 1",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plans", type=int, default=60)
    parser.add_argument("--only-bridge", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = (
        [bridge_ratio(given.rounds, given.plans)]
        if given.only_bridge
        else [bridge_ratio(given.rounds, given.plans), cell_ratio(given.rounds)]
    )
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for one in found:
        print(f"{one['what']}: {one['seconds']:.2f} s; {one['against']}: {one['base_seconds']:.2f} s; "
              f"ratio {one['ratio']:.3f} (wanted: {one['wanted']})")  # fmt: skip


if __name__ == "__main__":
    main()
