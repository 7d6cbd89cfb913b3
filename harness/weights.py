"""Weights for a session: built where they are missing, and an engine opened on them, once for all its variants."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from proctor.common.http.chat_client import refuse_unreachable
from proctor.common.paths import resolve
from proctor.common.progress import Reporter
from proctor.finetune.build import Built, Progress, build
from proctor.harness.config.variant import Variant
from proctor.harness.engines import OWN_PROCESSES, load_libraries, open_engine
from proctor.harness.engines.protocol import Engine, Weights
from proctor.harness.measure import Costs
from proctor.harness.plan.plan import Session, VariantPlan, weights_of


def build_weights(
    plan: VariantPlan, store: Path, reporter: Reporter, watched: Progress = lambda what, share, now: None
) -> Built | None:
    """Train, merge, quantise: only what is missing. None for an engine that has its weights elsewhere."""
    if plan.variant.engine in ("openai", "echo"):
        return None
    data = {source: file.path for source, file in plan.data.items()}
    with reporter.building() as progress:

        def tell(what: str, share: float, now: str) -> None:
            # OpenMP's threads, which compute here, are missing in a fork of vLLM's: it would wait for ever.
            if share < 1.0:
                os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"
            progress(what, share, now)
            watched(what, share, now)

        return build(plan.variant.base, plan.stages, store / "artifacts", data, tell)


@contextmanager
def opened(
    session: Session, built: Mapping[str, Built | None], reporter: Reporter
) -> Iterator[tuple[Engine, Costs]]:
    """The engine of a session, loaded, with the count of what it takes; closed in the end."""
    weights, engine_name = weights_for(session.first, built.values()), session.first.engine
    load_libraries(engine_name)
    start = time.perf_counter()
    costs = Costs(weights.gpus if any(built.values()) else 0, elsewhere=engine_name in OWN_PROCESSES)
    reporter.say(f"open {engine_name} on {Path(weights.source).name} for {', '.join(built)}")
    with closing(open_engine(engine_name, weights)) as engine:
        costs.loaded(time.perf_counter() - start)
        yield engine, costs


def put_on(engine: Engine, mine: Built | None) -> None:
    """Whose weights answer from now on: an adapter is swapped, other weights go into the open engine."""
    if mine:
        engine.load(str(mine.weights))
    engine.use(mine.adapter if mine else None)


def refuse_unserved(variant: Variant) -> None:
    """A variant whose server is not there, or refuses its key or model."""
    if variant.engine == "openai":
        refuse_unreachable(f"variant {variant.name}", variant.endpoint, variant.key, variant.base)


def open_variant(variant: Variant, store: Path, reporter: Reporter, role: str) -> Engine:
    """The engine of a variant that is not examined but has a `role` of its own: grader, labeler."""
    refuse_unserved(variant)
    stages, data, _ = weights_of(variant, store)
    made = build_weights(VariantPlan(variant, stages, data, ()), store, reporter)
    reporter.say(f"open {variant.engine} on {variant.name}, the {role}")
    engine = open_engine(variant.engine, weights_for(variant, [made]))
    put_on(engine, made)
    return engine


def weights_for(first: Variant, built: Iterable[Built | None]) -> Weights:
    """What the engine of a session is opened on: `first` is like the others in all that is not built."""
    made = [each for each in built if each]
    if not made:
        source = str(resolve(first.base)) if first.engine == "echo" else first.base
        return Weights(source, endpoint=first.endpoint, key=first.key, extra=first.extra)
    adapters = tuple(dict.fromkeys(each.adapter for each in made if each.adapter))
    source = str(made[0].gguf or made[0].weights)
    return Weights(source, first.quantization, first.endpoint, adapters, **dict(first.serving))
