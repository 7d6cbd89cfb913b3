"""How fast a variant's GGUF is on a phone: `results/_devices/<variant>/<device>.json`, as `proctor import llama-bench`
writes it.

    read_devices(Path("results/demo"))["tiny-q8"]["Pixel 8"].best(generated=True).first
"""

import json
from collections.abc import Mapping
from pathlib import Path

from proctor.common import files
from proctor.common.refusal import Refusal
from proctor.harness.record.run_record import RecordPart

ENOUGH = 4  # repetitions, of which the later half tells the speed that lasts


class DeviceTest(RecordPart):
    """One test of llama-bench: a prompt of `prompt` tokens is read, or `generated` tokens are written, after `depth`
    others. `speeds` has the tokens a second of each repetition, in their order.
    """

    prompt: int
    generated: int
    depth: int = 0
    threads: int | None = None
    backend: str = ""
    speeds: tuple[float, ...]

    @property
    def first(self) -> float:
        return self.speeds[0]

    @property
    def sustained(self) -> float | None:
        """Over the later half of the repetitions, when a phone is warm; None where these are too few."""
        if len(self.speeds) < ENOUGH:
            return None
        later = self.speeds[len(self.speeds) // 2 :]
        return len(later) / sum(1 / speed for speed in later)

    @property
    def seconds(self) -> float:
        """How long all repetitions took."""
        return sum((self.prompt + self.generated) / speed for speed in self.speeds)


class DeviceRecord(RecordPart):
    """`parameters` and `tensor_bytes` say which GGUF was measured, as in GgufRecord."""

    variant: str
    device: str
    parameters: int
    tensor_bytes: int
    build: str = ""  # of llama.cpp
    measured: str = ""
    tests: tuple[DeviceTest, ...]

    def best(self, generated: bool) -> DeviceTest | None:
        """Of the longest tests of writing, or of reading, from an empty cache the fastest: with the threads that suit
        the phone.
        """
        tests = [test for test in self.tests if test.depth == 0 and bool(test.generated) == generated]
        return max(
            tests, key=lambda test: (test.prompt + test.generated, test.sustained or test.first), default=None
        )


Devices = Mapping[str, Mapping[str, DeviceRecord]]  # by variant and device


def device_file(results: Path, variant: str, folder_name: str) -> Path:
    return results / "_devices" / variant / f"{folder_name}.json"


def write_device(path: Path, device: DeviceRecord) -> None:
    text = json.dumps(device.as_json(), indent=1, sort_keys=True, ensure_ascii=False)
    files.write_text(path, text + "\n")


def read_devices(results: Path) -> Devices:
    devices: dict[str, dict[str, DeviceRecord]] = {}
    for path in sorted(results.glob("_devices/*/*.json")):
        try:
            device = DeviceRecord.model_validate_json(files.read_text(path))
        except ValueError:
            raise Refusal("is damaged", remedy="import the file of llama-bench again", where=path) from None
        devices.setdefault(device.variant, {})[device.device] = device
    return devices
