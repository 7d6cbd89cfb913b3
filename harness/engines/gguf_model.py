"""A GGUF model as llama.cpp loads it: its vocabulary, its limits, and text to tokens and back."""

import ctypes
from collections import deque
from pathlib import Path
from typing import Any

import llama_cpp

from proctor.common.refusal import Refusal

_errors: deque[str] = deque(maxlen=3)


def last_errors() -> str:
    """What llama.cpp wrote about its last troubles."""
    return " ".join(_errors)


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _keep_error(level: int, text: bytes, _: Any) -> None:
    if level == 4:  # GGML_LOG_LEVEL_ERROR
        _errors.append(" ".join(text.decode("utf-8", "replace").split()))


class Model:
    """A loaded GGUF: its vocabulary, and the C structures that decoding needs."""

    def __init__(self, path: Path) -> None:
        llama_cpp.llama_log_set(_keep_error, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.on_gpu = bool(llama_cpp.llama_supports_gpu_offload())
        how = llama_cpp.llama_model_default_params()
        # Repacked weights are up to a third quicker with 4 bits. Where there is AMX they are for AMX, and
        # that path kills the process on some virtual machines.
        how.use_extra_bufts = b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info()
        how.n_gpu_layers = -1 if self.on_gpu else 0
        _errors.clear()
        self.handle: Any = llama_cpp.llama_model_load_from_file(str(path).encode(), how)
        if not self.handle:
            raise Refusal(last_errors() or "llama.cpp cannot load it")
        self.vocab = llama_cpp.llama_model_get_vocab(self.handle)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.context_length: int = llama_cpp.llama_model_n_ctx_train(self.handle)
        if not self.size:
            raise Refusal("it has no vocabulary, so it cannot read a prompt")
        template = llama_cpp.llama_model_chat_template(self.handle, None)
        self.chat_template: str | None = None
        if template:
            self.chat_template = template.decode("utf-8", "replace")
        self.ends_turn = [bool(llama_cpp.llama_vocab_is_eog(self.vocab, i)) for i in range(self.size)]
        self.pieces = [self.piece(i) for i in range(self.size)]

    def piece(self, token: int, special: bool = False) -> bytes:
        """The bytes of a token; a control token has none in a response."""
        room = ctypes.create_string_buffer(64)
        length = llama_cpp.llama_token_to_piece(self.vocab, token, room, 64, 0, special)
        if length < 0:
            room = ctypes.create_string_buffer(-length)
            length = llama_cpp.llama_token_to_piece(self.vocab, token, room, -length, 0, special)
        return room.raw[:length]

    def tokens(self, text: str) -> list[int]:
        """Control tokens in the text are read as such. The start token is put first if the file asks for
        it and the text does not have it already, as a rendered chat may.
        """
        raw = text.encode()
        start = llama_cpp.llama_vocab_bos(self.vocab)
        has_start = start >= 0 and raw.startswith(self.piece(start, special=True) or b"\0")
        room = (llama_cpp.llama_token * (len(raw) + 8))()
        count = llama_cpp.llama_tokenize(self.vocab, raw, len(raw), room, len(raw) + 8, not has_start, True)
        if count < 0:
            raise Refusal(f"llama.cpp cannot tokenise a text of {len(raw)} bytes")
        return [int(token) for token in room[:count]]

    def cache_bytes(self) -> int:
        """Keys and values of one token, in 16 bits."""
        width = llama_cpp.llama_model_n_embd(self.handle) // max(1, llama_cpp.llama_model_n_head(self.handle))
        heads = llama_cpp.llama_model_n_head_kv(self.handle)
        return max(1, 4 * int(llama_cpp.llama_model_n_layer(self.handle)) * int(heads) * int(width))

    def weighs_much(self) -> bool:
        """Are the weights larger than a processor's cache? Then each sequence more shares the cost of reading them."""
        return int(llama_cpp.llama_model_size(self.handle)) > 64 << 20

    def close(self) -> None:
        llama_cpp.llama_model_free(self.handle)
        self.handle = None
