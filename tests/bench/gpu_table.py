"""What the GPU bench prints: its figures as the tables of docs/gpu.md, and what was to be reached as ratios of them.

A figure that was not measured is told as such. Must not measure anything.
"""

from typing import Any

from tests.bench.gpu_measuring import middle
from tests.bench.gpu_weights import COPIES, MOST_NEW

KINDS = {"merged": "merged", "adapters": "adapter"}  # of five variants, and of the separate run beside them
TRAININGS = {
    "trl-16bit": "trl, 16-bit LoRA",
    "unsloth-16bit": "Unsloth, 16-bit LoRA",
    "unsloth-4bit": "Unsloth, 4-bit QLoRA",
}


class Told:
    """The figures of all parts, None where there is none, and what is computed of several."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def get(self, *path: str) -> Any:
        found: Any = self._told
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    @property
    def alone(self) -> float | None:
        return middle(self.get("merged", "alone"))

    @property
    def cell(self) -> float | None:
        return middle(self.get("merged", "cells"))

    def whole(self, part: str) -> float | None:
        """Five variants in one process, from its start to the engine's end: libraries, plan, load, cells, closing."""
        parts = [self.get(part, name) for name in ("ready_after", "run", "close")]
        return sum(parts) if None not in parts else None

    def saved(self, part: str) -> float | None:
        """What a warm compile cache spares of a load: the separate runs have one, the five in one process had not."""
        cold, warm = self.get(part, "load_cold"), self.get("separate", KINDS[part], "load_seconds")
        return cold - warm if cold and warm else None

    def of_five(self, part: str, warm: bool) -> float | None:
        """Five in one process over five separate ones: all with a warm cache; or the first load of each cold."""
        five, one, saved = self.whole(part), self.get("separate", KINDS[part], "seconds"), self.saved(part)
        if five is None or one is None or saved is None:
            return None
        return (five - saved) / (COPIES * one) if warm else five / (COPIES * one + saved)

    def loaded(self, cells: float | None) -> float | None:
        load = self.get("adapters", "load_cold")
        return load + cells if load and cells else None

    @property
    def adapted(self) -> float | None:
        cells = self.get("adapters", "cells")
        return sum(cells) if cells else None

    @property
    def adapted_alone(self) -> float | None:
        one = self.get("adapters", "alone")
        return COPIES * one if one else None


def ratios(told: Told) -> list[tuple[str, float | None, str]]:
    """What was to be reached first, each a ratio of two figures of this run; then what else is worth knowing."""
    separate = "five separate runs (one measured, times five)"
    warm, cold = "all with a warm compile cache", "the first load of each with a cold one"
    return [
        ("Proctor's GSM8K cell, marked and on disk (median of five) / engine alone (mean of two)",
         over(told.cell, told.alone), "at most 1.05"),
        ("Five adapters: (one load + five cells) / (one load + five times the engine alone with one)",
         over(told.loaded(told.adapted), told.loaded(told.adapted_alone)), "at most 1.1"),
        (f"Five adapters in one run / {separate}, {warm}", told.of_five("adapters", True), "at most 0.5"),
        (f"Five merged variants in one run / {separate}, {warm}", told.of_five("merged", True), "at most 0.5"),
        ("transformers one by one (extrapolated) / Proctor's cell",
         over(told.get("transformers", "one_by_one_all"), told.cell), "at least 500"),
        ("Same greedy answers as stock lm-eval with vLLM, of 1: SmolLM2-135M",
         over(told.get("real", "same_answers"), told.get("real", "items")), "1"),
        (f"Eight variants of two shapes on one GPU / on {told.get('spread', 'gpus') or 'several'}, start to end",
         over(told.get("spread", "one"), told.get("spread", "all")), "3.3 with four"),
        ("Five cells with adapters / five times the engine alone with one, no load counted",
         over(told.adapted, told.adapted_alone), ""),
        (f"Five adapters in one run / five separate runs, {cold}", told.of_five("adapters", False), ""),
        (f"Five merged variants in one run / five separate runs, {cold}", told.of_five("merged", False), ""),
        ("Stock lm-eval / engine alone", over(told.get("merged", "stock"), told.alone), ""),
        ("Study plans through the bridge, marked / engine alone",
         over(told.get("merged", "plans_bridge"), told.get("merged", "plans_alone")), ""),
        ("Unsloth's steps per second / trl's, 16-bit",
         over(told.get("unsloth-16bit", "steps_per_second"), told.get("trl-16bit", "steps_per_second")), ""),
    ]  # fmt: skip


def over(top: float | None, bottom: float | None) -> float | None:
    return top / bottom if top is not None and bottom else None


def seconds(told: Told) -> list[tuple[str, Any]]:
    asked = f"{told.get('merged', 'items')} items, {told.get('merged', 'prompt_tokens')} prompt tokens, " \
            f"{told.get('merged', 'new_tokens')} made, at most {MOST_NEW} each"  # fmt: skip
    return [
        (f"Engine alone ({asked})", told.get("merged", "alone")),
        ("Proctor's cell, five merged variants in one run", told.get("merged", "cells")),
        ("Stock lm-eval on the same open engine", told.get("merged", "stock")),
        ("Other weights of the same shape into the open engine", told.get("merged", "reloads")),
        ("Engine alone with a rank-16 adapter", told.get("adapters", "alone")),
        ("Proctor's cell, five adapters in one run", told.get("adapters", "cells")),
        ("Loading with a cold compile cache: weights alone; with adapters",
         [told.get(part, "load_cold") for part in ("merged", "adapters")]),
        ("Loading with a warm one, in a separate run: weights alone; with an adapter",
         [told.get("separate", kind, "load_seconds") for kind in ("merged", "adapter")]),
        ("Five variants in one process, start to end, cold: merged; adapters",
         [told.whole(part) for part in ("merged", "adapters")]),
        ("One separate run, start to end, warm: merged; adapter",
         [told.get("separate", kind, "seconds") for kind in ("merged", "adapter")]),
        ("Eight variants of two shapes, start to end: on all GPUs; on one",
         [told.get("spread", name) for name in ("all", "one")]),
        ("transformers one by one, each; all of it, extrapolated",
         [*(told.get("transformers", "one") or [None]), told.get("transformers", "one_by_one_all")]),
        ("transformers, a batch of 64; all of it, extrapolated",
         [told.get("transformers", name) for name in ("batch", "batched_all")]),
        (f"{told.get('merged', 'plans')} study plans through the bridge, marked; engine alone",
         [told.get("merged", name) for name in ("plans_bridge", "plans_alone")]),
    ]  # fmt: skip


def shown(value: Any) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value)
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def printed(figures: dict[str, Any]) -> list[str]:
    """Markdown: the machine, what was to be reached, seconds, trainings, the columns of a cell, what failed."""
    told, machine = Told(figures), figures["machine"]
    lines = ["", f"{machine['gpu']}, {figures['date']}, Python {machine['python']}, CUDA {machine['cuda']}, "
             f"{machine['cores']} cores",
             ", ".join(f"{name} {of}" for name, of in machine["versions"].items())]  # fmt: skip
    lines += ["", "| Ratio | Wanted | Printed |", "| --- | --- | --- |"]
    for what, value, wanted in ratios(told):
        lines.append(f"| {what} | {wanted} | {'not measured' if value is None else f'{value:.3f}'} |")
    lines += ["", "| Seconds | Printed |", "| --- | --- |"]
    lines += [f"| {what} | {shown(value)} |" for what, value in seconds(told)]
    lines += ["", "| Training | Steps per second | Peak memory, bytes | Loss |", "| --- | --- | --- | --- |"]
    for part, what in TRAININGS.items():
        steps, peak, loss = (
            told.get(part, name) for name in ("steps_per_second", "peak_memory_bytes", "loss")
        )
        rate = "not measured" if steps is None else f"{steps:.3f}"
        lines.append(f"| {what} | {rate} | {shown(peak)} | {shown(loss)} |")
    lines += ["", "| A cell in run.json | s an item | tokens/s | GPU memory, bytes | Joules |",
              "| --- | --- | --- | --- | --- |"]  # fmt: skip
    for what, path in (("merged", ("merged", "cell_run")), ("adapter", ("adapters", "cell_run"))):
        names = ("seconds_per_item", "tokens_per_second", "peak_gpu_bytes", "energy_joules")
        found = [told.get(*path, name) for name in names]
        item = "not measured" if found[0] is None else f"{found[0]:.6f}"
        lines.append(f"| {what} | {item} | {' | '.join(shown(one) for one in found[1:])} |")
    same = [shown(told.get("real", name)) for name in ("same_answers", "same_marks", "items", "accuracy")]
    lines += [
        "",
        f"SmolLM2-135M: {same[0]} answers and {same[1]} marks of {same[2]} as stock's, accuracy {same[3]}",
    ]
    parts = {
        name: part["part_seconds"]
        for name, part in figures.items()
        if isinstance(part, dict) and "part_seconds" in part
    }
    lines.append(
        f"{figures['seconds']:.1f} s in all: " + ", ".join(f"{name} {of:.1f}" for name, of in parts.items())
    )
    lines += [f"{name} FAILED: {part['failed']}" for name, part in figures.items()
              if isinstance(part, dict) and "failed" in part]  # fmt: skip
    return lines
