"""Decodes many sequences of a GGUF model together, over llama.cpp's own batch interface.

A sequence that ends makes room for the next request at once, and what all requests begin with is decoded once. Knows
tokens, bytes and llama.cpp; must not know chats, lm-eval or what the answers are for.
"""

import ctypes
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

SEQUENCES = 16
STEP = 512  # tokens handed to llama.cpp at once
CACHE_BYTES = 4 << 30  # for keys and values; a constant, so that free memory of the moment decides no answer


@dataclass(frozen=True)
class Job:
    """One request in tokens. `stop` ends the answer without being part of it; so does any token of `ends`."""

    prompt: Sequence[int]
    max_tokens: int
    stop: tuple[bytes, ...] = ()
    ends: frozenset[int] = frozenset()
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass
class Made:
    """What became of a job. `tokens` are all that the model made, the one that ended the answer too."""

    tokens: list[int] = field(default_factory=list)
    text: bytes = b""
    truncated: bool = False


@dataclass
class _Slot:
    """One sequence of llama.cpp's while it works on a job."""

    sequence: int
    number: int
    job: Job
    fed: int  # tokens of the prompt that are decoded
    made: Made
    random: np.random.Generator
    text: bytearray = field(default_factory=bytearray)

    def take(self, token: int, piece: bytes, final: frozenset[int]) -> bool:
        """One more token; True when it is the last."""
        self.made.tokens.append(token)
        if token in final or token in self.job.ends:
            self.made.text = bytes(self.text)
            return True
        before = len(self.text)
        self.text += piece
        for stop in self.job.stop:
            # The new piece may complete a stop string that began in the old ones.
            at = self.text.find(stop, max(0, before - len(stop) + 1))
            if at >= 0:
                del self.text[at:]
                self.made.text = bytes(self.text)
                return True
        ended = len(self.made.tokens) >= self.job.max_tokens
        if ended:
            self.made.text = bytes(self.text)
            self.made.truncated = True
        return ended


class Decoder:
    UNIFIED = False; FLASH = 0; MIX = True; PREFIX = 16; EXTRA=False; REFILL=1; UB=512; SEQ=16
    def __init__(self, path: Path) -> None:
        how = llama_cpp.llama_model_default_params()
        how.use_extra_bufts = self.EXTRA
        how.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), how)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.size = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self.pieces = [self.piece(i) for i in range(self.size)]
        self.final = frozenset(i for i in range(self.size) if llama_cpp.llama_vocab_is_eog(self._vocab, i))
        self._ctx = None; self._width = 0
        self._batch = llama_cpp.llama_batch_init(STEP, 0, 1)
        for i in range(STEP): self._batch.n_seq_id[i]=1
        import ctypes
        v=lambda p,t: np.ctypeslib.as_array(ctypes.cast(p,ctypes.POINTER(t)),(STEP,))
        self.tok,self.pos,self.lg=v(self._batch.token,ctypes.c_int32),v(self._batch.pos,ctypes.c_int32),v(self._batch.logits,ctypes.c_int8)
        self.t=[0.0,0.0,0]

    def piece(self, token: int) -> bytes:
        room = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_token_to_piece(self._vocab, token, room, 256, 0, False)
        return room.raw[:max(n,0)]

    def fit(self, width):
        width = -(-width // 256) * 256
        if width <= self._width: return
        if self._ctx: llama_cpp.llama_free(self._ctx)
        c = llama_cpp.llama_context_default_params()
        c.n_ctx = width * self.SEQ; c.n_seq_max = self.SEQ; c.n_batch = STEP; c.n_ubatch = self.UB
        c.kv_unified = self.UNIFIED; c.n_threads = c.n_threads_batch = 2; c.flash_attn_type = self.FLASH
        self._ctx = llama_cpp.llama_init_from_model(self._model, c); self._width = width
        self.mem = llama_cpp.llama_get_memory(self._ctx)

    def decode(self, rows, want):
        import time
        b=self._batch
        n=len(rows)
        for i,(t,p,s,l) in enumerate(rows):
            self.tok[i]=t; self.pos[i]=p; b.seq_id[i][0]=s; self.lg[i]=l
        b.n_tokens=n
        t0=time.perf_counter()
        rc=llama_cpp.llama_decode(self._ctx,b)
        if want:
            lp=llama_cpp.llama_get_logits(self._ctx)
        self.t[0]+=time.perf_counter()-t0; self.t[2]+=1
        assert rc==0, rc
        if want: return np.ctypeslib.as_array(ctypes.cast(lp, ctypes.POINTER(ctypes.c_float)), (want, self.size))

    def run(self, jobs):
        self.fit(max(len(j.prompt)+j.max_tokens for j in jobs))
        llama_cpp.llama_memory_clear(self.mem, False)
        made=[Made() for _ in jobs]
        shared=0
        if self.PREFIX and len(jobs)>1:
            a,b=min(list(j.prompt) for j in jobs),max(list(j.prompt) for j in jobs)
            top=min(len(j.prompt) for j in jobs)-1
            while shared<top and a[shared]==b[shared]: shared+=1
            if shared<self.PREFIX: shared=0
            for i in range(0,shared,STEP):
                self.decode([(a[k],k,0,0) for k in range(i,min(i+STEP,shared))],0)
            if shared:
                for s in range(1,self.SEQ): llama_cpp.llama_memory_seq_cp(self.mem,0,s,-1,-1)
        todo=deque(enumerate(jobs)); free=list(range(self.SEQ))[::-1]; busy=[]
        while todo or busy:
            while todo and free:
                n,j=todo.popleft(); s=free.pop()
                llama_cpp.llama_memory_seq_rm(self.mem,s,shared,-1)
                sl=_Slot(s,n,j,shared,made[n],np.random.default_rng(j.seed))
                p=j.prompt
                for i in range(shared,len(p),STEP):
                    e=min(i+STEP,len(p))
                    lg=self.decode([(p[k],k,s,k==len(p)-1) for k in range(i,e)],int(e==len(p)))
                t=int(lg.argmax())
                if sl.take(t,self.pieces[t],self.final): free.append(s)
                else: busy.append(sl)
            if not busy: continue
            busy.sort(key=lambda s:s.sequence)
            lg=self.decode([(s.made.tokens[-1],len(s.job.prompt)+len(s.made.tokens)-1,s.sequence,1) for s in busy],len(busy))
            for s,t in zip(list(busy),lg.argmax(axis=1).tolist()):
                if s.take(t,self.pieces[t],self.final):
                    busy.remove(s); free.append(s.sequence)
            free.sort(reverse=True)
        return made
