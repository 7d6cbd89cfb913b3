"""Probe: opens a GGUF in a process of its own and hands back token ids and logits.

    python -m proctor.finetune.gguf.probe JOB.json OUT.npz

In its own process because llama.cpp can take the whole process down: a build that uses AMX tiles dies with
SIGSEGV on quantised files on machines that announce the tiles and refuse them. Knows llama.cpp's C interface
and nothing else.
"""

import ctypes
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal


@dataclass(frozen=True)
class Probed:
    ids: list[list[int]]  # each text as the file's own tokenizer reads it
    logits: list[Any]  # for each row of tokens, one line of logits a place


def probe(gguf: Path, texts: Sequence[str], rows: Sequence[Sequence[int]]) -> Probed:
    """Tokenise the texts and run the rows through the model, in another process."""
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        job, answer = Path(folder) / "job.json", Path(folder) / "answer.npz"
        job.write_text(
            json.dumps({"gguf": str(gguf), "texts": list(texts), "rows": [list(row) for row in rows]})
        )
        command = [sys.executable, "-m", "proctor.finetune.gguf.probe", str(job), str(answer)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode != 0 or not answer.is_file():
            ended = f"signal {-ran.returncode}" if ran.returncode < 0 else f"exit {ran.returncode}"
            last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
            raise Refusal(f"llama.cpp cannot run this file ({ended}: {last}); make it again ({gguf})")
        with numpy.load(answer) as found:
            ids = [found[f"ids{at}"].tolist() for at in range(len(texts))]
            return Probed(ids, [found[f"logits{at}"] for at in range(len(rows))])


def _run(job: Path, answer: Path) -> None:
    import llama_cpp as llama
    import numpy

    told = json.loads(job.read_text())
    # The callback must outlive every call, hence the name that holds it.
    quiet = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(quiet, ctypes.c_void_p(0))
    llama.llama_backend_init()
    settings = llama.llama_model_default_params()
    settings.use_extra_bufts = False  # where AMX lives; see above
    settings.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(told["gguf"].encode(), settings)
    if not model:
        raise SystemExit("llama.cpp cannot load the file")
    vocabulary = llama.llama_model_get_vocab(model)
    words = llama.llama_vocab_n_tokens(vocabulary)
    arrays: dict[str, Any] = {}
    for at, text in enumerate(told["texts"]):
        arrays[f"ids{at}"] = _tokens(llama, vocabulary, text.encode())
    for at, row in enumerate(told["rows"]):
        arrays[f"logits{at}"] = _logits(llama, model, words, row)
    with answer.open("wb") as handle:
        numpy.savez(handle, **arrays)


def _tokens(llama: Any, vocabulary: Any, text: bytes) -> Any:
    import numpy

    room = len(text) + 8
    found = (llama.llama_token * room)()
    count = llama.llama_tokenize(vocabulary, text, len(text), found, room, False, True)
    if count < 0:
        raise SystemExit("llama.cpp cannot tokenise a text")
    return numpy.array(found[:count], dtype=numpy.int32)


def _logits(llama: Any, model: Any, words: int, row: list[int]) -> Any:
    """Logits at every place. A context for each row: they are few, and nothing of one can leak into the
    next.
    """
    import numpy

    settings = llama.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = len(row) + 8
    context = llama.llama_init_from_model(model, settings)
    if not context:
        raise SystemExit("llama.cpp cannot make a context")
    batch = llama.llama_batch_init(len(row), 0, 1)
    batch.n_tokens = len(row)
    for at, token in enumerate(row):
        batch.token[at], batch.pos[at], batch.n_seq_id[at], batch.logits[at] = token, at, 1, 1
        batch.seq_id[at][0] = 0
    if llama.llama_decode(context, batch) != 0:
        raise SystemExit("llama.cpp cannot decode a prompt")
    lines = numpy.stack([
        numpy.ctypeslib.as_array(llama.llama_get_logits_ith(context, at), (words,)) for at in range(len(row))
    ])  # fmt: skip
    llama.llama_batch_free(batch)
    llama.llama_free(context)
    return lines.astype(numpy.float32)


if __name__ == "__main__":
    _run(Path(sys.argv[1]), Path(sys.argv[2]))
