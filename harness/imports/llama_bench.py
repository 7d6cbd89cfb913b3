"""The JSON of llama.cpp's llama-bench, run on a phone: how fast a variant's GGUF is there.

    import_bench(Path("bench.json"), results, variant="tiny-q8", device="Pixel 8")

Which fields there are differs from version to version, so only those are read that are needed, and what stands around
the JSON is passed over. The file must have measured the very GGUF that the variant's results were made with.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal, located
from proctor.common.schema import SAFE_NAME, suggest_name
from proctor.harness import record
from proctor.harness.record import DeviceRecord, DeviceTest
from proctor.harness.record.devices import device_file

LARGEST = 1_000_000  # bytes; a test of a hundred repetitions takes five thousand
FASTEST = 1e9  # tokens a second that no machine reaches
START = re.compile(r"^[ \t]*[\[{]", re.MULTILINE)
HOW = "llama-bench writes what is read here with -o json"


def import_bench(path: Path, results: Path, variant: str, device: str, redo: bool = False) -> DeviceRecord:
    """Reads, checks and keeps the speeds; refuses those of another file than the variant's."""
    name = suggest_name(device)
    if not SAFE_NAME.fullmatch(name):
        raise Refusal(f"device {device!r} has no letters for a file's name", remedy="give one with --device")
    wanted = _gguf_of(variant, results)
    with located(path):
        rows = list(_rows(path))
        same = [row for row in rows if _size_of(row) == (wanted.parameters, wanted.tensor_bytes)]
        if not same:
            known = " and ".join(
                sorted({"{:,} parameters in {:,} bytes".format(*_size_of(row)) for row in rows})
            )
            raise Refusal(
                f"it measured a model of {known or 'nothing'}",
                f"{variant} has {wanted.parameters:,} parameters in {wanted.tensor_bytes:,} bytes",
                f"run llama-bench on the file of 'proctor export gguf {variant} --for phone'",
            )
        tests = tuple(test for test in map(_test, same) if test)
        if not tests:
            raise Refusal(
                "no test of reading or of writing alone has the speeds of its repetitions",
                HOW,
                "give it -p 512 -n 128",
            )
    made = DeviceRecord(
        variant=variant, device=device, parameters=wanted.parameters, tensor_bytes=wanted.tensor_bytes,
        build=str(same[0].get("build_commit") or "")[:40], measured=str(same[-1].get("test_time") or "")[:40],
        tests=tests,
    )  # fmt: skip
    place = device_file(results, variant, name)
    if place.exists() and not redo and record.read_devices(results)[variant].get(device) != made:
        raise Refusal(
            f"{variant} has other speeds on {device!r}", remedy="give --redo to replace them", where=place
        )
    record.write_device(place, made)
    return made


def _gguf_of(variant: str, results: Path) -> record.GgufRecord:
    """What the variant's cells say of their file: one and the same."""
    cells = [cell for cell in record.cells(results) if cell.variant == variant]
    if not cells:
        raise Refusal(f"no results of {variant!r}", "speeds stand beside them", "run it first", results)
    known = {cell.run.gguf for cell in cells if cell.run.gguf}
    if len(known) != 1:
        why = "its results do not tell the size of a GGUF"
        if known:
            why = "its results were made with different files"
        raise Refusal(
            f"{variant} cannot be matched", why, "run its suite again where its GGUF is kept", results
        )
    return known.pop()


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Every test in the file, be it one array, an object a line, or either with a log around it."""
    try:
        if path.stat().st_size > LARGEST:
            raise Refusal(f"is larger than {LARGEST:,} bytes", HOW)
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        raise Refusal("no such file", remedy="give the JSON file of llama-bench") from None
    decoder, at, n = json.JSONDecoder(), 0, 0
    while start := START.search(text, at):
        at = start.end()
        try:
            value, at = decoder.raw_decode(text, at - 1)
        except (ValueError, RecursionError):
            continue  # a line of a log that begins with a bracket
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict) and "model_size" in row:
                n += 1
                yield row
    if not n:
        raise Refusal("holds no test of llama-bench", HOW, "run it with -o json")


def _size_of(row: Mapping[str, Any]) -> tuple[int, int]:
    return _whole(row, "model_n_params"), _whole(row, "model_size")


def _whole(row: Mapping[str, Any], name: str) -> int:
    """Some versions write numbers as text; what is missing is 0."""
    value = row.get(name) or 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise Refusal(f"{name} is {str(value)[:40]!r}, and no whole number", HOW)
    return value


def _test(row: Mapping[str, Any]) -> DeviceTest | None:
    """None of a test that reads and writes, whose speed is neither's, and of one that tells a mean alone."""
    prompt, generated = _whole(row, "n_prompt"), _whole(row, "n_gen")
    speeds = row.get("samples_ts")
    if bool(prompt) == bool(generated) or not speeds or not isinstance(speeds, list):
        return None
    for speed in speeds:
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 < speed < FASTEST:
            raise Refusal(f"a speed is {str(speed)[:40]!r} tokens a second", HOW)
    return DeviceTest(
        prompt=prompt, generated=generated, depth=_whole(row, "n_depth"), threads=_whole(row, "n_threads") or None,
        backend=str(row.get("backends") or "")[:40], speeds=tuple(map(float, speeds)),
    )  # fmt: skip
