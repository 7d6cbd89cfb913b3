"""Decodes many sequences of a GGUF model together, over llama.cpp's own batch interface.

A sequence that ends makes room for the next job at once, and what all jobs begin with is decoded once. What
a response says does not depend on the jobs beside it.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, groupby, islice, takewhile
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from proctor.harness.engines.gguf_model import Model, last_errors
from proctor.harness.engines.threads import Threads

MOST_DECODERS = 4  # at work: more would share too few jobs
GROUP = 8  # sequences are decoded in multiples of it
STEP = 512  # tokens that llama.cpp is handed at once
CACHE_BYTES = 4 << 30  # for keys and values; a constant, so that the memory of the moment decides no response
SHORTEST_SHARED = 16  # a shorter beginning costs more to copy than to decode


@dataclass(frozen=True)
class Job:
    """One request in tokens. `stop` ends the response and is no part of it; so does any token of `ends`. `watch` sees
    the response after each token, and ends it where it says True.
    """

    prompt: Sequence[int]
    max_tokens: int
    stop: tuple[bytes, ...] = ()
    ends: frozenset[int] = frozenset()
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    watch: Callable[[bytes], bool] | None = None
    logprobs: bool = False


@dataclass
class Made:
    """What became of a job. `tokens` are all that the model made, the one that ended the response too."""

    tokens: list[int] = field(default_factory=list)
    text: bytearray = field(default_factory=bytearray)
    truncated: bool = False
    logprobs: list[float] = field(default_factory=list)  # of each token, where the job wants them


@dataclass
class _Slot:
    """One sequence of llama.cpp's while it works on a job."""

    sequence: int
    job: Job
    made: Made
    random: np.random.Generator

    def choose(self, logits: NDArray[np.float32]) -> int:
        if not self.job.temperature:
            return int(logits.argmax())
        return draw(logits, self.job.temperature, self.job.top_p, self.random.random())

    def take(self, token: int, piece: bytes, ends_turn: bool) -> bool:
        """Keeps one more token; True when it is the last."""
        made, text = self.made, self.made.text
        made.tokens.append(token)
        if ends_turn or token in self.job.ends:
            return True
        before = len(text)
        text += piece
        # The new piece may complete a stop string that began in older ones, so look back by its length.
        end = len(text)
        for stop in self.job.stop:
            start = text.find(stop, max(0, before - len(stop) + 1))
            if 0 <= start < end:
                end = start
        if end < len(text):
            del text[end:]
            return True
        if self.job.watch and self.job.watch(bytes(text)):
            return True
        made.truncated = len(made.tokens) >= self.job.max_tokens
        return made.truncated


def draw(logits: NDArray[np.float32], temperature: float, top_p: float, uniform: float) -> int:
    """The token that a number in [0, 1) stands for, of the fewest tokens that hold `top_p` of the mass."""
    scaled = logits.astype(np.float64) / temperature
    mass = np.exp(scaled - scaled.max())
    mass /= mass.sum()
    if top_p < 1.0:
        # Tokens below this bound hold less than 1 - top_p together, so none of them is wanted: sorting
        # the few that are left, not the whole vocabulary, is what makes this quick.
        few = np.flatnonzero(mass >= (1.0 - top_p) / len(mass))
        few = few[np.argsort(-mass[few], kind="stable")]
        needed = int(np.searchsorted(np.cumsum(mass[few]), top_p)) + 1
        few = np.sort(few[:needed])
    else:
        few = np.arange(len(mass))
    sums = np.cumsum(mass[few])
    return int(few[min(int(np.searchsorted(sums, uniform * sums[-1], side="right")), len(few) - 1)])


def log_probability(logits: NDArray[np.float32], token: int) -> float:
    """As the model has it, at temperature 1."""
    scaled = logits.astype(np.float64) - float(logits.max())
    return float(scaled[token] - np.log(np.exp(scaled).sum()))


class Decoder:
    def __init__(self, model: Model, threads: int) -> None:
        self._model = model
        self.sequences = 32 if model.on_gpu or model.weighs_much() else 16
        self._context: Any = None
        self._room = (0, 0)  # sequences and tokens for each that the context was made for
        self._batch = llama_cpp.llama_batch_init(STEP, 0, 1)
        for row in range(STEP):
            self._batch.n_seq_id[row] = 1
        self.threads = Threads(threads)

    def work(self, jobs: Sequence[Job], waiting: "deque[tuple[Job, Made]]") -> None:
        """Takes jobs from those that wait until none is left: others may take of them too. `jobs` are all there were;
        every one fits the model's context.
        """
        sequences = self._fit(max(len(job.prompt) + job.max_tokens for job in jobs))
        llama_cpp.llama_memory_clear(self._memory, False)
        shared = self._share(jobs, sequences)

        def begin(sequence: int) -> _Slot | None:
            while True:
                try:
                    job, made = waiting.popleft()
                except IndexError:  # another decoder may have taken the last one since one looked
                    return None
                slot = _Slot(sequence, job, made, np.random.default_rng(job.seed))
                if not self._begin(slot, shared):
                    return slot

        # Always sequences 0, 1, 2, ... without gaps: llama.cpp takes only neighbours into one step.
        busy: list[_Slot] = []
        for sequence in range(sequences):
            slot = begin(sequence)
            if slot is None:
                break
            busy.append(slot)
        while busy:
            for sequence in self._step(busy, shared):
                slot = begin(sequence)
                if slot is None:
                    self._close_gap(busy, sequence)
                else:
                    busy[sequence] = slot

    def likelihoods(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
        """Of each continuation behind its prompt, both in tokens: its log-likelihood, and whether it is what the model
        would write. Neighbours with the same prompt are a group: the prompt is decoded once, and their continuations
        together. What a prompt has in common with the one before it, such as its shots, is not decoded again.
        """
        sequences = self._fit(max(len(prompt) + len(continuation) for prompt, continuation in pairs))
        llama_cpp.llama_memory_clear(self._memory, False)
        answers: list[tuple[float, bool]] = []
        there: list[int] = []  # tokens that sequence 0 holds
        for prompt, same in groupby(pairs, key=lambda pair: pair[0]):
            continuations = [continuation for _, continuation in same]
            head = prompt[:-1]  # the last token is decoded with each continuation, whose first it foretells
            kept = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(there, head, strict=False)))
            llama_cpp.llama_memory_seq_rm(self._memory, 0, kept, -1)
            self._read(head, kept, 0)
            there = head
            for at in range(0, len(continuations), sequences - 1):
                answers += self._scored(prompt, continuations[at : at + sequences - 1])
        return answers

    def _scored(self, prompt: list[int], continuations: Sequence[list[int]]) -> list[tuple[float, bool]]:
        """In sequences 1, 2, ... beside the prompt, which stays in sequence 0."""
        rows: list[tuple[int, int, int]] = []
        for sequence, continuation in enumerate(continuations, 1):
            llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            llama_cpp.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
            for place, token in enumerate([prompt[-1], *continuation[:-1]], len(prompt) - 1):
                rows.append((token, place, sequence))
        wanted = list(chain.from_iterable(continuations))
        found: list[tuple[float, bool]] = []
        for at in range(0, len(rows), STEP // 4):  # the logits of a step are as wide as the vocabulary
            step = rows[at : at + STEP // 4]
            self._decode(step)
            logits = self._logits(len(step)).astype(np.float64)
            highest = logits.max(axis=1)
            mass = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
            for row, token in enumerate(wanted[at : at + len(step)]):
                found.append((float(logits[row, token] - mass[row]), int(logits[row].argmax()) == token))
        tokens = iter(found)
        answers = []
        for continuation in continuations:
            mine = list(islice(tokens, len(continuation)))
            answers.append((sum(each for each, _ in mine), all(greedy for _, greedy in mine)))
        return answers

    def _share(self, jobs: Sequence[Job], sequences: int) -> int:
        """Decodes what all prompts begin with into every sequence; how many tokens that is."""
        if len(jobs) < 2:
            return 0
        # What the first and the last in sorted order share, all share. One token of each is left to decode.
        prompts = [list(job.prompt) for job in jobs]
        first, last = min(prompts), max(prompts)
        room, shared = min(map(len, prompts)) - 1, 0
        while shared < room and first[shared] == last[shared]:
            shared += 1
        if shared < SHORTEST_SHARED:
            return 0
        self._read(first[:shared], 0, 0)
        for sequence in range(1, sequences):
            llama_cpp.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
        return shared

    def _begin(self, slot: _Slot, shared: int) -> bool:
        """Decodes a prompt and the first token of its response; True when that was all.

        A prompt goes alone: in company it would be cut into pieces by chance, and round otherwise.
        """
        llama_cpp.llama_memory_seq_rm(self._memory, slot.sequence, shared, -1)
        self._read(slot.job.prompt, shared, slot.sequence)
        return self._take(slot, self._logits(1)[0])

    def _read(self, tokens: Sequence[int], start: int, sequence: int) -> None:
        for at in range(start, len(tokens), STEP):
            piece = tokens[at : at + STEP]
            self._decode([(token, at + i, sequence) for i, token in enumerate(piece)], last_only=True)

    def _step(self, busy: list[_Slot], shared: int) -> list[int]:
        """One more token for every busy slot; the sequences that are done, the last first."""
        rows = []
        for slot in busy:
            made = slot.made.tokens
            rows.append((made[-1], len(slot.job.prompt) + len(made) - 1, slot.sequence))
        # llama.cpp rounds few sequences otherwise than many: fill up with tokens that nobody reads, so that
        # no response depends on how many others there are.
        for sequence in range(len(busy), -(-len(busy) // GROUP) * GROUP):
            llama_cpp.llama_memory_seq_rm(self._memory, sequence, shared, -1)
            rows.append((0, shared, sequence))
        self._timed(rows)
        logits = self._logits(len(rows))
        done = [slot.sequence for slot, row in zip(busy, logits, strict=False) if self._take(slot, row)]
        return done[::-1]

    def _close_gap(self, busy: list[_Slot], sequence: int) -> None:
        """Moves the last sequence to the place of one that is done."""
        last = busy.pop()
        if last.sequence != sequence:
            llama_cpp.llama_memory_seq_cp(self._memory, last.sequence, sequence, -1, -1)
            last.sequence = sequence
            busy[sequence] = last

    def _timed(self, rows: Sequence[tuple[int, int, int]]) -> None:
        start = time.perf_counter()
        self._set_threads(self.threads.next())
        self._decode(rows)
        self.threads.took(time.perf_counter() - start)
        self._set_threads(self.threads.best)

    def _set_threads(self, threads: int) -> None:
        llama_cpp.llama_set_n_threads(self._context, threads, threads)

    def _take(self, slot: _Slot, logits: NDArray[np.float32]) -> bool:
        token = slot.choose(logits)
        if slot.job.logprobs:
            slot.made.logprobs.append(log_probability(logits, token))
        return slot.take(token, self._model.pieces[token], self._model.ends_turn[token])

    def _decode(self, rows: Sequence[tuple[int, int, int]], last_only: bool = False) -> None:
        batch = self._batch
        for i, (token, position, sequence) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.seq_id[i][0] = token, position, sequence
            batch.logits[i] = not last_only or i == len(rows) - 1
        batch.n_tokens = len(rows)
        problem = llama_cpp.llama_decode(self._context, batch)
        if problem != 0:
            raise RuntimeError(f"llama.cpp could not decode ({problem}): {last_errors()}")

    def _logits(self, rows: int) -> NDArray[np.float32]:
        """llama.cpp's own memory: valid until the next step."""
        logits = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(logits, shape=(rows, self._model.size))

    def _fit(self, tokens: int) -> int:
        """Makes the context large enough for sequences of so many tokens; how many sequences there are."""
        tokens = -(-tokens // 256) * 256
        fitting = min(self.sequences, CACHE_BYTES // (tokens * self._model.cache_bytes()))
        sequences = max(GROUP, fitting // GROUP * GROUP)
        if self._context and self._room[0] == sequences and self._room[1] >= tokens:
            return sequences
        self._free_context()
        how = llama_cpp.llama_context_default_params()
        how.n_ctx, how.n_seq_max = tokens * sequences, sequences
        how.n_batch = how.n_ubatch = STEP
        # A cache of its own for every sequence: one for all is half as quick, because each token then
        # looks at the cells of all, and it rounds by who is there.
        how.kv_unified = False
        self._context = llama_cpp.llama_init_from_model(self._model.handle, how)
        if not self._context:
            raise RuntimeError(f"llama.cpp cannot make a context of {how.n_ctx} tokens: {last_errors()}")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._room = (sequences, tokens)
        # Steps that nobody reads, so that the first prompts are read by the right number of threads already.
        for _ in range(self.threads.trials):
            llama_cpp.llama_memory_clear(self._memory, False)
            self._timed([(0, 0, sequence) for sequence in range(GROUP)])
        return sequences

    def _free_context(self) -> None:
        if self._context:
            llama_cpp.llama_free(self._context)
        self._context = None

    def close(self) -> None:
        self._free_context()
        llama_cpp.llama_batch_free(self._batch)


class Decoders:
    """One decoder with a thread on each core for small weights, one on all cores for large ones.

    The threads of one llama.cpp context wait for each other some hundred times a step. Small weights make short steps,
    of which that is a large part; large weights are read from memory once for all sequences of a step, which two
    contexts would do twice. No response depends on it.
    """

    def __init__(self, model: Model, threads: int) -> None:
        if model.on_gpu or model.weighs_much():
            self._decoders = [Decoder(model, threads)]
        else:
            self._decoders = [Decoder(model, 1) for _ in range(min(MOST_DECODERS, threads))]
        self.sequences = self._decoders[0].sequences

    def run(self, jobs: Sequence[Job]) -> list[Made]:
        """Every job fits the model's context; what was made comes in the order of the jobs."""
        made = [Made() for _ in jobs]
        waiting = deque(zip(jobs, made, strict=True))
        # A decoder works on so many jobs at once, or on padding.
        decoders = self._decoders[: max(1, len(jobs) // GROUP)]
        for decoder in decoders:
            decoder.sequences = self.sequences
        if jobs:
            with ThreadPoolExecutor(len(decoders)) as pool:
                list(pool.map(lambda decoder: decoder.work(jobs, waiting), decoders))
        return made

    def likelihoods(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
        return self._decoders[0].likelihoods(pairs) if pairs else []

    def close(self) -> None:
        for decoder in self._decoders:
            decoder.close()
