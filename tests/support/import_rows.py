"""Files to import, and what became of them."""

import pytest

from proctor.common.refusal import Refusal
from proctor.harness import record
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files

HEADER = "variant,task,sample_id,score"


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def plain(path, *rows, header=HEADER):
    return write(path, header, *rows)


def refused(path, results, **wish):
    with pytest.raises(Refusal) as caught:
        import_files([path], results, Wish(**wish))
    assert "\n" not in str(caught.value)
    assert str(path.name) in str(caught.value)
    return str(caught.value)


def scores(results, variant, task):
    cell = record.read(results, variant, task)
    assert cell is not None
    assert not cell.problem
    return cell, cell.rows().set_index("sample_id")
