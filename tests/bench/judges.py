"""How close marking comes to the ideal: 1,000 verdicts from a server that takes 200 ms for each, as a ratio.

Ideal is the number of rounds at the set concurrency times 200 ms. To be run on a quiet machine.
"""

import argparse
import json
import math
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from proctor.judges.graders.grader import GraderSpec
from proctor.judges.judge import Judge
from proctor.judges.panel import open_grader
from proctor.judges.scoring import score_all
from proctor.judges.verdict import Item
from tests.support.openai_server import with_tag

SECONDS = 0.2


def serve(told: Connection) -> None:
    """A server in a process of its own: it waits, and then it gives every plan the same marks."""
    import asyncio

    from aiohttp import web

    judge = Judge.load("study_plan")
    marks = json.dumps({name: {"reason": "as expected", "mark": 3} for name in judge.dimensions})

    async def answer(request: web.Request) -> web.Response:
        asked = await request.json()
        await asyncio.sleep(SECONDS)
        said = {"role": "assistant", "content": with_tag(marks, asked)}
        return web.json_response({
            "id": "c", "object": "chat.completion", "created": 1, "model": asked["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": said}],
            "usage": {"prompt_tokens": 700, "completion_tokens": 120, "total_tokens": 820},
        })  # fmt: skip

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        told.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


def ratio(url: str, verdicts: int, concurrency: int) -> dict[str, float]:
    judge = Judge.load("study_plan")
    grader = open_grader(GraderSpec(model="bench", endpoint=url, concurrency=concurrency))
    plan = "\n".join(f"Week {n}: solve {n} sums on Monday and check them, 30 minutes." for n in range(1, 9))
    items = [Item(str(n), f"Pupil: number {n}, grade 5", f"{plan}\nPlan {n}") for n in range(verdicts)]
    score_all(judge, items[:concurrency], grader)  # libraries are loaded and connections known
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        found = score_all(judge, items, grader, Path(folder))
        seconds = time.perf_counter() - start
    assert not any(one.problem for one in found)
    ideal = math.ceil(verdicts / concurrency) * SECONDS
    return {
        "concurrency": concurrency, "verdicts": verdicts, "seconds": round(seconds, 2), "ideal": round(ideal, 2),
        "ratio": round(seconds / ideal, 3),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 16, 32])
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    target: Callable[[Connection], None] = serve
    server = multiprocessing.Process(target=target, args=(there,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{here.recv()}/v1"
        for concurrency in given.concurrency:
            print(json.dumps(ratio(url, given.verdicts, concurrency)), flush=True)
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
