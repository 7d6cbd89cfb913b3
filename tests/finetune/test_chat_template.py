"""Chat templates of strangers: programs that are held to bounds, and read as transformers reads them."""

import os
import resource
import threading
import time
from pathlib import Path

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from proctor.common.refusal import Refusal
from proctor.finetune.chat_template import render_chat
from proctor.tasks.prompt_pack import Pack
from tests.support import chat_templates

QUESTION = [{"role": "user", "content": "How much is 3 + 4? {{ 7 * 7 }}"}]
TALK = [{"role": "system", "content": "Be short.\nBe right."}, *QUESTION]
BEGUN = [*QUESTION, {"role": "assistant", "content": "The answer is"}]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}

HOSTILE = {
    "a loop over a loop": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a text times a billion": "{{ 'x' * 10 ** 10 }}",
    "a list times a billion": "{{ ([0] * 10 ** 10) | length }}",
    "a power of powers": "{{ 9 ** (9 ** 9) }}",
    "a text that doubles": "{% set n = namespace(t='x') %}"
    "{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
    "a width": "{{ '%09999999999d' | format(1) }}",
    "a padding": "{{ 'x' | center(10 ** 11) }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a wide range": "{{ range(10 ** 12) | list | length }}",
    "a shift": "{% set x = (1).__lshift__(10 ** 12) %}{{ x }}",
    "the ways to Python": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a file": "{% include '/etc/passwd' %}",
    "brackets in brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "no template": "{% for %}",
    "a division by nothing": "{{ 1 / 0 }}",
    "an absent field": "{{ messages[9].content.text }}",
    "an unknown filter": "{{ 1 | shell }}",
    "a change of the chat": "{{ messages.append(1) }}",
}


@pytest.mark.parametrize("template", HOSTILE.values(), ids=HOSTILE)
def test_hostile_template_is_one_line_soon_and_takes_no_memory_of_ours(template: str) -> None:
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(Refusal, match="chat template fails") as refused:
        render_chat(template, QUESTION, TOKENS, where="models/theirs")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500
    assert "(models/theirs)" in str(refused.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 2**10
    assert time.process_time() - start < 1
    assert render_chat("{{ messages[0].role }}", QUESTION, TOKENS) == "user"  # and the next one is rendered


LAYOUTS = {
    name: value
    for name, value in vars(chat_templates).items()
    if name.isupper() and isinstance(value, str) and name != "_MISTRAL"
} | {
    "a training's mark": "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}\n{% endfor %}",
    "as JSON": "{{ messages | tojson(indent=1) }}{{ messages[0].content | tojson }}",
    "with a break": "{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m.content }}{% endfor %}",
    "with tools": "{% if tools is none and documents is none %}none{% endif %}{{ eos_token }}{{ x is defined }}",
}


@pytest.mark.parametrize("template", LAYOUTS.values(), ids=LAYOUTS)
def test_template_is_read_as_transformers_reads_it(template: str) -> None:
    asked, whole, begun = (True, False), (False, False), (False, True)
    for chat, (ask, go_on) in ((QUESTION, asked), (TALK, asked), (BEGUN, whole), (BEGUN, begun)):
        try:
            (theirs,), _ = render_jinja_template(
                [chat], chat_template=template, add_generation_prompt=ask, continue_final_message=go_on, **TOKENS
            )  # fmt: skip
        except Exception:
            with pytest.raises(Refusal):
                render_chat(template, chat, TOKENS, ask, go_on)
            continue
        assert render_chat(template, chat, TOKENS, ask, go_on) == theirs


def test_date_of_a_template_is_always_the_same() -> None:
    assert render_chat("{{ strftime_now('%d %b %Y') }}", QUESTION, {}) == "26 Jul 2024"


def test_template_without_a_system_turn_names_the_pack_that_would_do() -> None:
    with pytest.raises(Refusal, match="no system turn here") as refused:
        render_chat(chat_templates.GEMMA2, TALK, TOKENS)
    assert refused.value.remedy == "take a prompt pack without a system text, such as 'default'"
    assert not any(wording.system for wording in Pack.load("default").wording.values())


@pytest.mark.parametrize("template", [None, "{{ raise_exception('never') }}"])
def test_template_that_takes_no_turns_names_a_pack_without_them(template: str | None) -> None:
    with pytest.raises(Refusal, match="'text-2shot'"):
        render_chat(template, TALK, TOKENS)
    assert Pack.load("text-2shot").turns == "text"


def test_threads_and_forks_get_their_own_prompts() -> None:
    wrong: list[str] = []

    def ask(name: str) -> None:
        for number in range(50):
            chat = [{"role": "user", "content": f"{name} {number}"}]
            if render_chat("{{ messages[0].content }}", chat, {}) != f"{name} {number}":
                wrong.append(name)

    child = os.fork()
    if child == 0:
        ask("child")
        os._exit(len(wrong))
    threads = [threading.Thread(target=ask, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert wrong == []


def test_engine_refuses_what_its_template_refuses(tmp_path: Path) -> None:
    """lm-eval's own class would leave the system turn out, and say so in a log."""
    from proctor.harness.engines import open_engine
    from proctor.harness.engines.protocol import Weights
    from tests.support.mini_llama import base

    for path in base().iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "chat_template.jinja").write_text(chat_templates.GEMMA2, encoding="utf-8")
    engine = open_engine("hf", Weights(str(tmp_path)))
    try:
        with pytest.raises(Refusal, match=r"no system turn here; .*without a system text"):
            engine.apply_chat_template(TALK)
        assert "3 + 4" in engine.apply_chat_template(QUESTION)
        (tmp_path / "chat_template.jinja").unlink()
    finally:
        engine.close()
