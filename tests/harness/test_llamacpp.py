"""The `llamacpp` engine on GGUF files that are made here: a random Llama, and the embedded model."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import pytest

from proctor.common.refusal import Refusal
from proctor.harness.engines.decoding import Decoders, Job, draw
from proctor.harness.engines.llamacpp import LlamaCppEngine
from proctor.harness.engines.protocol import Options, Request, Response
from proctor.harness.engines.threads import Threads
from tests.support.embedded_gguf import embedded_gguf
from tests.support.near_ties import NEAR, gap_where_they_part
from tests.support.random_gguf import SMALL, TEMPLATE, quantize, write_llama

EMBEDDED = Path(__file__).parent.parent.parent / "finetune" / "tiny"
WORDS = ["apples", "pears", "coins", "cats", "books", "kites", "lamps", "shells", "rings", "plums"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights: every answer hangs on every token before it, so one wrong cell in a cache shows."""
    return write_llama(tmp_path_factory.mktemp("gguf") / "small.gguf", SMALL)


@pytest.fixture(scope="module")
def engine(small: Path) -> Iterator[LlamaCppEngine]:
    opened = LlamaCppEngine(small)
    yield opened
    opened.close()


@pytest.fixture
def trained() -> Path:
    return embedded_gguf()


def responses(
    engine: LlamaCppEngine, prompts: list[str], tokens: int = 24, **options: Any
) -> Sequence[Response]:
    return engine.answer([Request(prompt, Options(tokens, **options)) for prompt in prompts])


def ask(engine: LlamaCppEngine, prompts: list[str], tokens: int = 24, **options: Any) -> list[str]:
    return [response.text for response in responses(engine, prompts, tokens, **options)]


def questions(count: int, shared: str = "") -> list[str]:
    dice = random.Random(count)
    lists = [dice.sample(WORDS, dice.randint(2, 7)) for _ in range(count)]
    return [f"{shared}{dice.randint(2, 99)} {' '.join(words)}" for words in lists]


def chats(engine: LlamaCppEngine, count: int) -> list[str]:
    asked = [
        f"Ana has {i + 3} {WORDS[i % 10]} and finds {2 * i + 1} more. How many now?" for i in range(count)
    ]
    return [engine.apply_chat_template([{"role": "user", "content": question}]) for question in asked]


def test_greedy_answers_equal_one_by_one_completion_but_for_near_ties_on_trained_weights(
    trained: Path,
) -> None:
    """llama.cpp rounds a batch otherwise than a single token: of two tokens as good, either may come."""
    engine = LlamaCppEngine(trained)
    prompts = [engine._model.tokens(chat) for chat in chats(engine, 20)]
    assert len(prompts) > engine._decoders.sequences, "more than are decoded at once"
    ends = frozenset(i for i, ends in enumerate(engine._model.ends_turn) if ends)
    together = engine._decoders.run([Job(prompt, 32, ends=ends) for prompt in prompts])
    alone = llama_cpp.Llama(str(trained), n_ctx=512, n_threads=1, logits_all=True, verbose=False)
    equal = 0
    for prompt, made in zip(prompts, together, strict=True):
        reply: Any = alone.create_completion(prompt, max_tokens=32, temperature=0.0)
        if reply["choices"][0]["text"] == made.text.decode("utf-8", "ignore"):
            equal += 1
        else:
            assert gap_where_they_part(alone, prompt, made.tokens) < NEAR
    assert equal >= 19
    alone.close()
    engine.close()


def test_greedy_tokens_equal_one_by_one_decoding_but_for_near_ties_on_random_weights(
    engine: LlamaCppEngine, small: Path
) -> None:
    alone = llama_cpp.Llama(
        str(small), n_ctx=512, n_threads=1, flash_attn=True, logits_all=True, verbose=False
    )
    prompts = [engine._model.tokens(text) for text in questions(20)]
    made = engine._decoders.run([Job(prompt, 24) for prompt in prompts])
    for prompt, answer in zip(prompts, made, strict=True):
        alone.reset()
        alone.eval(prompt)
        for token in answer.tokens:
            logits = alone.scores[alone.n_tokens - 1]
            assert logits.max() - logits[token] < 0.1
            alone.eval([token])
    alone.close()


def test_an_answer_does_not_depend_on_order_or_company(engine: LlamaCppEngine) -> None:
    prompts = questions(50)
    answers = ask(engine, prompts)
    order = random.Random(1).sample(range(50), 50)
    assert ask(engine, [prompts[i] for i in order]) == [answers[i] for i in order]
    assert [ask(engine, [prompt])[0] for prompt in prompts[:8]] == answers[:8]


def test_an_answer_does_not_depend_on_how_many_are_decoded_together(engine: LlamaCppEngine) -> None:
    """Large models decode 32 sequences at once, small ones 16."""
    prompts = questions(50)
    answers = ask(engine, prompts)
    before = engine._decoders.sequences
    engine._decoders.sequences = 32
    assert ask(engine, prompts) == answers
    assert [ask(engine, [prompt])[0] for prompt in prompts[:4]] == answers[:4]
    engine._decoders.sequences = before


def test_company_changes_nothing_in_quantised_weights_either(tmp_path: Path) -> None:
    wide = SMALL | {"hidden": 256, "forward": 256}
    source = write_llama(tmp_path / "f16.gguf", wide)
    for kind in ("q8_0", "q4_k_m"):
        engine = LlamaCppEngine(quantize(source, tmp_path / f"{kind}.gguf", kind))
        prompts = questions(24)
        answers = ask(engine, prompts, tokens=16)
        assert [ask(engine, [prompt], tokens=16)[0] for prompt in prompts[:6]] == answers[:6]
        engine.close()


def test_answers_of_every_length_leave_the_others_alone(engine: LlamaCppEngine) -> None:
    """Sequences end at different steps, so slots are refilled, moved, and at last one is alone."""
    prompts = [engine._model.tokens(text) for text in questions(40)]
    limits = [1 + 7 * i % 40 for i in range(40)]
    mixed = engine._decoders.run([Job(p, n) for p, n in zip(prompts, limits, strict=True)])
    full = engine._decoders.run([Job(p, 40) for p in prompts])
    assert [m.tokens for m in mixed] == [f.tokens[:n] for f, n in zip(full, limits, strict=True)]


def test_a_shared_beginning_gives_the_same_answers(
    engine: LlamaCppEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = questions(12, shared="The same words stand before every question. ")
    shared = ask(engine, prompts, tokens=8)
    monkeypatch.setattr("proctor.harness.engines.decoding.SHORTEST_SHARED", 10_000)
    apart = ask(engine, prompts, tokens=8)
    # Prompts are then cut elsewhere and round otherwise, which may turn a near tie of random weights.
    assert sum(a == b for a, b in zip(shared, apart, strict=True)) >= 10


def test_the_same_prompt_twice_is_answered_twice(engine: LlamaCppEngine) -> None:
    (prompt,) = questions(1)
    assert len(set(ask(engine, [prompt] * 20))) == 1


def test_stop_string_ends_the_answer_and_is_no_part_of_it(engine: LlamaCppEngine) -> None:
    (prompt,) = questions(1)
    (whole,) = ask(engine, [prompt], tokens=40)
    at = next(
        i
        for i in range(5, len(whole) - 3)
        if whole.find(whole[i : i + 3]) == i and "\ufffd" not in whole[i : i + 3]
    )
    stop = whole[at : at + 3]
    (finish,) = responses(engine, [prompt], tokens=40, until=(stop, "never said"))
    assert finish.text == whole[:at]
    assert not finish.truncated
    assert finish.tokens_out is not None
    assert finish.tokens_out < 40


def test_stop_string_spread_over_several_tokens_is_found_in_bytes() -> None:
    from proctor.harness.engines.decoding import Made, _Slot

    slot = _Slot(0, Job([1], 99, stop=("né¡".encode(),)), Made(), np.random.default_rng(0))
    pieces = [b"a n", b"\xc3", b"\xa9", b"\xc2", b"\xa1 rest"]
    assert [slot.take(7, piece, False) for piece in pieces] == [False, False, False, False, True]
    assert slot.made.text.decode() == "a "


def test_control_token_as_stop_string_ends_the_answer(engine: LlamaCppEngine) -> None:
    (job,) = engine._jobs([Request("coins", Options(5, ("<|im_start|>", "\n")))])
    assert job.ends == {1}
    assert job.stop == (b"\n",)


def test_limit_is_told_and_counts_are_exact(engine: LlamaCppEngine) -> None:
    prompts = questions(3)
    for prompt, finish in zip(prompts, responses(engine, prompts, tokens=7), strict=True):
        assert finish.tokens_in == engine.prompt_length(prompt)
        assert finish.tokens_out == 7
        assert finish.truncated


def test_end_of_turn_is_no_truncation(trained: Path) -> None:
    engine = LlamaCppEngine(trained)
    for finish in responses(engine, chats(engine, 4), tokens=200):
        assert not finish.truncated
        assert 1 < (finish.tokens_out or 0) < 200
    engine.close()


def test_sampled_answers_come_again_with_the_seed_alone_or_in_company(engine: LlamaCppEngine) -> None:
    prompts = questions(30)
    how = {"temperature": 0.8, "top_p": 0.9, "tokens": 10}
    engine.reseed(7)
    first = ask(engine, prompts, **how)
    assert ask(engine, prompts, **how) == first
    assert ask(engine, prompts[::-1], **how)[::-1] == first
    assert [ask(engine, [prompt], **how)[0] for prompt in prompts[:6]] == first[:6]
    engine.reseed(8)
    assert ask(engine, prompts, **how) != first


def test_one_prompt_sampled_several_times_gives_several_answers(engine: LlamaCppEngine) -> None:
    assert len(set(ask(engine, questions(1) * 8, temperature=1.0))) > 4


def test_draws_follow_the_distribution_cut_at_top_p() -> None:
    logits = np.log(np.array([0.1, 0.5, 0.05, 0.35], dtype=np.float32))
    dice = np.random.default_rng(0)
    whole = np.bincount([draw(logits, 1.0, 1.0, dice.random()) for _ in range(4000)], minlength=4) / 4000
    assert np.abs(whole - [0.1, 0.5, 0.05, 0.35]).max() < 0.03
    cut = np.bincount([draw(logits, 1.0, 0.8, dice.random()) for _ in range(4000)], minlength=4) / 4000
    assert np.abs(cut - [0, 0.5 / 0.85, 0, 0.35 / 0.85]).max() < 0.03
    assert draw(logits, 0.01, 1.0, 0.999) == 1


def test_request_that_does_not_fit_fails_alone(engine: LlamaCppEngine) -> None:
    good, bad = questions(1)[0], "plums " * 3000
    fitting, too_long, empty = responses(engine, [good, bad, ""])
    assert fitting.text
    assert (too_long.text, empty.text) == ("", "")
    assert [bool(each.error) for each in (fitting, too_long, empty)] == [False, True, True]
    assert "do not fit" in too_long.error


def test_chat_is_rendered_by_the_template_in_the_file_and_read_with_its_control_tokens(
    engine: LlamaCppEngine,
) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi {{ 1 + 1 }}"}]
    text = engine.apply_chat_template(chat)
    system, user = "<|im_start|>system\nBe brief.<|im_end|>\n", "<|im_start|>user\nHi {{ 1 + 1 }}<|im_end|>\n"
    assert text == f"{system}{user}<|im_start|>assistant\n"
    assert engine._model.tokens(text).count(1) == 3
    assert not engine.apply_chat_template(chat, add_generation_prompt=False).endswith("assistant\n")
    assert engine.chat_template() == TEMPLATE


def test_the_embedded_model_reads_the_same_tokens_as_transformers(trained: Path) -> None:
    from transformers import AutoTokenizer

    engine = LlamaCppEngine(trained)
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    chat = [
        {"role": "system", "content": "Solve."},
        {"role": "user", "content": "1,234 − 56 = ?\n\n  né  $3.50"},
    ]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert engine.apply_chat_template(chat) == text
    assert engine._model.tokens(text) == tokenizer(text, add_special_tokens=False)["input_ids"]
    engine.close()


def test_template_that_reaches_for_python_is_refused(tmp_path: Path) -> None:
    evil = "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    engine = LlamaCppEngine(write_llama(tmp_path / "evil.gguf", SMALL, template=evil))
    with pytest.raises(Refusal, match="template fails"):
        engine.apply_chat_template([{"role": "user", "content": "x"}])
    engine.close()


def test_file_without_a_template_takes_text_but_no_chat(tmp_path: Path) -> None:
    engine = LlamaCppEngine(write_llama(tmp_path / "plain.gguf", SMALL, template=None))
    assert ask(engine, ["coins"])
    with pytest.raises(Refusal, match=r"no chat template.*turns: text"):
        engine.apply_chat_template([{"role": "user", "content": "x"}])
    engine.close()


@pytest.mark.parametrize("kept", [0, 3, 4, 20, 1000, 0.5, 0.999])
def test_file_that_is_cut_off_is_refused_in_one_line(small: Path, tmp_path: Path, kept: float) -> None:
    whole = small.read_bytes()
    broken = tmp_path / "cut.gguf"
    broken.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(Refusal) as refused:
        LlamaCppEngine(broken)
    assert "\n" not in str(refused.value)
    assert "cut.gguf" in str(refused.value)


def test_file_that_is_something_else_or_nothing_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.safetensors"
    other.write_bytes(b"PK\x03\x04" + bytes(5000))
    with pytest.raises(Refusal, match="not a GGUF"):
        LlamaCppEngine(other)
    with pytest.raises(Refusal, match="no such GGUF"):
        LlamaCppEngine(tmp_path / "none.gguf")
    with pytest.raises(Refusal, match="no such GGUF"):
        LlamaCppEngine(tmp_path)


def test_gguf_that_llama_cpp_does_not_know_is_refused_in_its_words(tmp_path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(tmp_path / "odd.gguf", "no-such-architecture")
    writer.add_tensor("x", np.zeros(32, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(Refusal, match="no-such-architecture"):
        LlamaCppEngine(tmp_path / "odd.gguf")


def test_adapters_are_refused(engine: LlamaCppEngine, small: Path, tmp_path: Path) -> None:
    engine.use(None)
    with pytest.raises(Refusal, match="merge: true"):
        engine.use(tmp_path)


def test_a_longer_request_makes_a_larger_context_and_answers_stay(engine: LlamaCppEngine) -> None:
    decoder = Decoders(engine._model, 2)
    short = [Job(engine._model.tokens(text), 12) for text in questions(5)]
    before = [made.tokens for made in decoder.run(short)]
    decoder.run([Job(engine._model.tokens("plums " * 200), 12)])
    assert [made.tokens for made in decoder.run(short)] == before
    decoder.close()


def test_an_answer_does_not_depend_on_whether_decoders_work_side_by_side(engine: LlamaCppEngine) -> None:
    jobs = [Job(engine._model.tokens(text), 20) for text in questions(40)]
    alone, beside = Decoders(engine._model, 1), Decoders(engine._model, 3)
    assert [made.tokens for made in beside.run(jobs)] == [made.tokens for made in alone.run(jobs)]
    assert [made.tokens for made in beside.run(jobs[:5])] == [made.tokens for made in alone.run(jobs[:5])]
    alone.close()
    beside.close()


def test_threads_follow_what_is_quick_now() -> None:
    threads = Threads(2)
    for step in range(2 * Threads.EVERY + threads.trials):
        crowded = step > Threads.EVERY
        threads.took({1: 1.0, 2: 10.0 if crowded else 0.6}[threads.next()])
        if step == Threads.EVERY - 1:
            assert threads.best == 2
    assert threads.best == 1
