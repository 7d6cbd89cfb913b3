"""Opens a GGUF in a process of its own and hands back token ids and logits.

    python -m proctor.finetune.gguf.probe JOB.json OUT.npz

In its own process because llama.cpp can take the whole process down: a build that uses AMX tiles dies with
SIGSEGV on quantised files on machines that announce the tiles and refuse them.
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
from proctor.finetune.checks import passed


@dataclass(frozen=True)
class Probed:
    ids: list[list[int]]  # each text as the file's own tokenizer reads it
    logits: list[Any]  # for each row of tokens, one line of logits a place


def probe(gguf: Path, texts: Sequence[str], rows: Sequence[Sequence[int]]) -> Probed:
    """Tokenise the texts and run the rows through the model, in another process."""
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        job, answer = Path(folder) / "job.json", Path(folder) / "answer.npz"
        wanted = {"gguf": str(gguf), "texts": list(texts), "rows": list(map(list, rows))}
        job.write_text(json.dumps(wanted))
        command = [sys.executable, "-m", "proctor.finetune.gguf.probe", str(job), str(answer)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode != 0 or not answer.is_file():
            ended = f"signal {-ran.returncode}" if ran.returncode < 0 else f"exit {ran.returncode}"
            last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
            raise Refusal(f"llama.cpp cannot run this file ({ended}: {last}); make it again ({gguf})")
        with numpy.load(answer) as arrays:
            ids = [arrays[f"ids{index}"].tolist() for index in range(len(texts))]
            return Probed(ids, [arrays[f"logits{index}"] for index in range(len(rows))])


def check_tokens(
    probed: Probed, texts: Sequence[str], tokenizer: Any, why: str, remedy: str, where: Path
) -> dict[str, Any]:
    """llama.cpp reads the same tokens as the tokenizer; `why` it may not."""
    for number, (text, ids) in enumerate(zip(texts, probed.ids, strict=True)):
        wanted = tokenizer(text, add_special_tokens=False)["input_ids"]
        if ids != wanted:
            differ = f"llama.cpp reads prompt {number} otherwise than the tokenizer"
            raise Refusal(f"{differ} ({len(ids)} tokens for {len(wanted)})", why, remedy, where)
    return passed("llama.cpp's tokens equal the tokenizer's", {"texts": len(texts)})


def _run(job: Path, answer: Path) -> None:
    import llama_cpp as llama
    import numpy

    wanted = json.loads(job.read_text())
    # The callback must outlive every call, hence the name that holds it.
    quiet = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(quiet, ctypes.c_void_p(0))
    llama.llama_backend_init()
    settings = llama.llama_model_default_params()
    settings.use_extra_bufts = False  # where AMX lives; see above
    settings.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(wanted["gguf"].encode(), settings)
    if not model:
        raise SystemExit("llama.cpp cannot load the file")
    vocabulary = llama.llama_model_get_vocab(model)
    words = llama.llama_vocab_n_tokens(vocabulary)
    arrays: dict[str, Any] = {}
    for index, text in enumerate(wanted["texts"]):
        arrays[f"ids{index}"] = _tokens(llama, vocabulary, text.encode())
    for index, row in enumerate(wanted["rows"]):
        arrays[f"logits{index}"] = _logits(llama, model, words, row)
    with answer.open("wb") as handle:
        numpy.savez(handle, **arrays)


def _tokens(llama: Any, vocabulary: Any, text: bytes) -> Any:
    import numpy

    room = len(text) + 8
    ids = (llama.llama_token * room)()
    count = llama.llama_tokenize(vocabulary, text, len(text), ids, room, False, True)
    if count < 0:
        raise SystemExit("llama.cpp cannot tokenise a text")
    return numpy.array(ids[:count], dtype=numpy.int32)


def _logits(llama: Any, model: Any, words: int, row: list[int]) -> Any:
    """Logits at every place. A context for each row: they are few, and nothing of one can leak into the next."""
    import numpy

    settings = llama.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = len(row) + 8
    context = llama.llama_init_from_model(model, settings)
    if not context:
        raise SystemExit("llama.cpp cannot make a context")
    batch = llama.llama_batch_init(len(row), 0, 1)
    batch.n_tokens = len(row)
    for place, token in enumerate(row):
        batch.token[place], batch.pos[place], batch.n_seq_id[place], batch.logits[place] = token, place, 1, 1
        batch.seq_id[place][0] = 0
    if llama.llama_decode(context, batch) != 0:
        raise SystemExit("llama.cpp cannot decode a prompt")
    lines = numpy.empty((len(row), words), dtype=numpy.float32)
    for place in range(len(row)):
        lines[place] = numpy.ctypeslib.as_array(llama.llama_get_logits_ith(context, place), (words,))
    llama.llama_batch_free(batch)
    llama.llama_free(context)
    return lines


if __name__ == "__main__":
    _run(Path(sys.argv[1]), Path(sys.argv[2]))
