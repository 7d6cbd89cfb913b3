"""The folder of an export: it takes the place of an export of its kind, and of nothing else."""

from pathlib import Path

import pytest

from proctor.common.refusal import Refusal
from proctor.finetune.export.folder import export_folder


def test_an_export_takes_the_place_of_one_with_the_same_files_alone(tmp_path: Path) -> None:
    gguf, out = tmp_path / "small.gguf", tmp_path / "out"
    gguf.write_bytes(b"weights")
    for files in (("README.md",), ("README.md", "Modelfile"), ("README.md", "Modelfile")):
        with export_folder(out, gguf, {}) as part:
            for name in files:
                (part / name).write_text("said", encoding="utf-8")
    with (
        pytest.raises(Refusal, match="has Modelfile, and this one has not"),
        export_folder(out, gguf, {}) as part,
    ):
        (part / "README.md").write_text("said", encoding="utf-8")
    assert sorted(path.name for path in out.iterdir()) == ["Modelfile", "README.md", "export.json"]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["out"]
