"""The `llamacpp` engine: a GGUF file in process, many requests decoded together, its own chat template.

Turns lm-eval's requests into jobs for the decoder and back.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import llama_cpp
from lm_eval.api.model import LM

from proctor.common.refusal import Refusal
from proctor.finetune.chat_template import render_chat
from proctor.finetune.gguf.header import read_header
from proctor.harness.engines.decoding import Decoders, Job, Made
from proctor.harness.engines.gguf_model import Model
from proctor.harness.engines.protocol import Chat, Engine, Request, Response, token_ends
from proctor.harness.engines.threads import cores


class LlamaCppEngine(Engine, LM):  # type: ignore[misc]
    context_length: int

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        _refuse_damaged(path)
        try:
            self._model = Model(path)
        except ValueError as refused:
            remedy = "make it again, or update llama-cpp-python"
            raise Refusal("llama.cpp cannot load the GGUF", str(refused), remedy, path) from None
        self.context_length = self._model.context_length
        self._decoders = Decoders(self._model, cores())
        # Four times what is decoded together: while the longest answers end, others still fill the step.
        self.batch_size = 4 * self._decoders.sequences
        self._seed = 0

    @property
    def tokenizer_name(self) -> str:
        return self._path.name

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        return self._model.chat_template

    def prompt_length(self, prompt: str) -> int:
        return len(self._model.tokens(prompt))

    def apply_chat_template(self, chat_history: Chat, add_generation_prompt: bool = True) -> str:
        tokens = {"bos_token": self._special("bos"), "eos_token": self._special("eos")}
        ask = add_generation_prompt
        return render_chat(self._model.chat_template, chat_history, tokens, ask, not ask, self._path)

    @property
    def start_token(self) -> str:
        """What every prompt begins with, put there by whoever reads the file; empty where the file asks for none."""
        if not llama_cpp.llama_vocab_get_add_bos(self._model.vocab):
            return ""
        return self._special("bos")

    def _special(self, which: str) -> str:
        token = getattr(llama_cpp, f"llama_vocab_{which}")(self._model.vocab)
        if token < 0:
            return ""
        return self._model.piece(token, special=True).decode("utf-8", "replace")

    def reseed(self, seed: int) -> None:
        self._seed = seed

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        jobs = self._jobs(requests)
        refusals = list(map(self._refusal, jobs))
        fitting = [job for job, refusal in zip(jobs, refusals, strict=True) if not refusal]
        decoded = iter(self._decoders.run(fitting))
        responses = []
        for job, refusal in zip(jobs, refusals, strict=True):
            made = Made() if refusal else next(decoded)
            responses.append(replace(self._response(job, made), error=refusal))
        return responses

    def write(self, request: Request, watch: Callable[[str], bool]) -> Response:
        (job,) = self._jobs([request])
        if refusal := self._refusal(job):
            return Response("", len(job.prompt), error=refusal)
        (made,) = self._decoders.run([replace(job, watch=lambda text: watch(text.decode("utf-8", "ignore")))])
        return self._response(job, made)

    def _response(self, job: Job, made: Made) -> Response:
        # Bytes of a character that the limit cut in two become U+FFFD, as in transformers.
        text, logprobs = made.text.decode("utf-8", "replace"), None
        if made.logprobs:
            ends = token_ends(self._model.pieces[token] for token in made.tokens)
            logprobs = list(zip(ends, made.logprobs, strict=True))
        return Response(text, len(job.prompt), len(made.tokens), made.truncated, logprobs=logprobs)

    def _jobs(self, requests: Sequence[Request]) -> list[Job]:
        before: Counter[str] = Counter()
        jobs = []
        for prompt, options in [(request.prompt, request.options) for request in requests]:
            # From the prompt, not from the place in the batch: a draw then does not depend on the
            # company. The same prompt asked again draws anew.
            key = f"{self._seed}\0{before[prompt]}\0{prompt}"
            before[prompt] += 1
            stop, ends = [], set()
            for text in filter(None, options.until):
                token = self._control_token(text)
                if token is None:
                    stop.append(text.encode())
                else:
                    ends.add(token)
            job = Job(
                self._model.tokens(prompt), options.max_tokens, tuple(stop), frozenset(ends),
                options.temperature or 0.0, 1.0 if options.top_p is None else options.top_p,
                seed=int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]),
                logprobs=options.logprobs,
            )  # fmt: skip
            jobs.append(job)
        return jobs

    def _control_token(self, text: str) -> int | None:
        """A stop string that is one control token has no bytes in a response: its token ends it."""
        tokens = self._model.tokens(text)
        if not tokens or self._model.pieces[tokens[-1]]:
            return None
        if self._model.piece(tokens[-1], special=True) == text.encode():
            return tokens[-1]
        return None

    def _refusal(self, job: Job) -> str:
        if not job.prompt:
            return "the prompt has no tokens"
        if job.max_tokens < 1:
            return "no token may be made"
        return self.why_too_long(len(job.prompt), job.max_tokens)

    def close(self) -> None:
        self._decoders.close()
        self._model.close()

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """In process, the choices of one prompt together: a prompt that they share is computed once."""
        return self._decoders.likelihoods([self._pair(*request.args) for request in requests])

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """Each text in windows as long as the context, as lm-eval cuts them."""
        from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

        texts = []
        for request in requests:
            tokens = self._model.tokens(request.args[0])
            if tokens[:1] == self._start:
                tokens = tokens[1:]  # it stands before each first window anyway
            windows = get_rolling_token_windows(tokens, self._start[0], self.context_length, 1)
            texts.append([make_disjoint_window(window) for window in windows])
        answers = iter(self._decoders.likelihoods(list(chain.from_iterable(texts))))
        return [sum(next(answers)[0] for _ in windows) for windows in texts]

    @property
    def _start(self) -> list[int]:
        """What stands before a text that nothing stands before: as lm-eval takes it, the start token where the model
        names one, else the token that ends a text. A file may name the padding token for want of a start token.
        """
        vocab = self._model.vocab
        start = llama_cpp.llama_vocab_bos(vocab)
        named = start >= 0 and start != llama_cpp.llama_vocab_pad(vocab)
        if named or llama_cpp.llama_vocab_get_add_bos(vocab):
            return [start]
        return [llama_cpp.llama_vocab_eos(vocab)]

    def _pair(self, prompt: str, continuation: str) -> tuple[list[int], list[int]]:
        """In tokens as lm-eval parts them: spaces at the end of a prompt begin the continuation."""
        bare = prompt.rstrip()
        continuation = prompt[len(bare) :] + continuation
        before = self._model.tokens(bare) if bare else self._start
        whole = self._model.tokens(bare + continuation)
        if not bare and whole[:1] != self._start:
            whole = self._start + whole
        if not before or len(whole) <= len(before):
            raise Refusal("the text whose likelihood is asked has no tokens of its own")
        behind = whole[len(before) :]
        room = self.context_length + 1 - len(behind)  # the last token is foretold, and not read
        return before[-room:] if room > 0 else before[-1:], behind


def _refuse_damaged(path: Path) -> None:
    """llama.cpp may abort the whole process on a file that is none of its own."""
    if not path.is_file():
        raise Refusal("there is no such GGUF file", remedy="give the path of a .gguf file", where=path)
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise Refusal("not a GGUF file", "it does not begin with 'GGUF'", "give a .gguf file", path)
    read_header(path)
