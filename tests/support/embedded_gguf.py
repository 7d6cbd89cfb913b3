"""The embedded model as an f16 GGUF file, made once for all tests."""

from pathlib import Path

from proctor.common.paths import PACKAGE
from tests.support.once import made_once


def embedded_gguf() -> Path:
    return made_once("embedded", _write) / "tiny.gguf"


def _write(folder: Path) -> None:
    from proctor.finetune.gguf.convert import write_gguf

    write_gguf(PACKAGE / "finetune" / "tiny", folder / "tiny.gguf")
