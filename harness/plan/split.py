"""Which sessions run side by side: a session of several variants becomes two where GPUs would stand idle.

    sessions = split_for(plan.sessions, gpus=4)    # the longest first

Knows what a session is asked; must not know how it is run.
"""

from collections.abc import Mapping, Sequence

from proctor.finetune.base import bytes_of
from proctor.harness.plan.plan import Session, VariantPlan

# As seen with vLLM on an H200 (docs/gpu.md): opening takes as long as thousands of answers.
OPEN_SECONDS, ANSWER_SECONDS, ANSWER_SECONDS_PER_GB = 30, 0.003, 0.0007
WORTH_SECONDS = 5  # what another engine has to spare: sessions that open at once also slow each other down
ON_A_GPU = ("vllm", "hf")


def split_for(sessions: Sequence[Session], gpus: int) -> list[Session]:
    """All that these sessions ask, the longest first; the longest ones split where all would end sooner by that."""
    seconds: dict[str, float] = {}  # looked up once: a session of hundreds is split hundreds of times
    for session in sessions:
        seconds |= {each.variant.name: _seconds(each) for each in session.variants}
    parts = best = _longest_first(sessions, seconds)
    while splittable := [each for each in parts if len(each.variants) > 1 and each.first.engine in ON_A_GPU]:
        others = [each for each in parts if each is not splittable[0]]
        parts = _longest_first([*others, *_halves(splittable[0], seconds)], seconds)
        # Of two equal sessions, splitting one gains nothing before the other is split too: so all splits are tried.
        if _cost(parts, gpus, seconds) < _cost(best, gpus, seconds):
            best = parts
    return best


def _halves(session: Session, seconds: Mapping[str, float]) -> list[Session]:
    """Two of about the same length, each in the suite's order."""
    halves: tuple[set[str], set[str]] = set(), set()
    lengths = [0.0, 0.0]
    for name in sorted(
        (each.variant.name for each in session.variants), key=seconds.__getitem__, reverse=True
    ):
        shorter = min((0, 1), key=lambda half: (lengths[half], len(halves[half])))
        halves[shorter].add(name)
        lengths[shorter] += seconds[name]
    return [Session(tuple(each for each in session.variants if each.variant.name in half)) for half in halves]


def _longest_first(sessions: Sequence[Session], seconds: Mapping[str, float]) -> list[Session]:
    """Those on several GPUs before all others, since they wait for that many at once."""
    return sorted(sessions, key=lambda each: (-each.first.serving.gpus, -_seconds_of(each, seconds)))


def _cost(sessions: Sequence[Session], gpus: int, seconds: Mapping[str, float]) -> float:
    """When the last one ends, if each begins as soon as there are GPUs for it, and what the engines have to spare."""
    busy = [0.0] * max(1, gpus)
    for session in sessions:
        width = min(session.first.serving.gpus, len(busy))
        busy.sort()
        busy[:width] = [busy[width - 1] + _seconds_of(session, seconds)] * width
    return max(busy) + WORTH_SECONDS * len(sessions)


def _seconds_of(session: Session, seconds: Mapping[str, float]) -> float:
    """About how long it takes, to be held against others: training and quantising are not counted."""
    return OPEN_SECONDS + sum(seconds[each.variant.name] for each in session.variants)


def _seconds(each: VariantPlan) -> float:
    answers = sum(cell.items * cell.definition.epochs for cell in each.missing)
    gigabytes = bytes_of(each.variant.base) / 1e9 if each.variant.engine in ON_A_GPU else 0.0
    return answers * (ANSWER_SECONDS + ANSWER_SECONDS_PER_GB * gigabytes)
