"""Chat templates of the layouts that open models use, written down from what those models read."""

CHATML = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n{{ turn['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Says who it is where nobody else does.
QWEN2 = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a friendly model.<|im_end|>\n{% endif %}"
    + CHATML
)
# An empty thought stands before the last answer, and before the next one where thinking is off.
QWEN3 = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n"
    "{% if turn['role'] == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}"
    "{{ turn['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA3 = (
    "{{ bos_token }}{% for turn in messages %}<|start_header_id|>{{ turn['role'] }}<|end_header_id|>\n\n"
    "{{ turn['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
# A system turn that is always there and holds dates first.
LLAMA32 = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set told = messages[0]['content'] | trim %}"
    "{% set turns = messages[1:] %}{% else %}{% set told = '' %}{% set turns = messages %}{% endif %}"
    "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    "Today Date: 26 Jul 2024\n\n{{ told }}<|eot_id|>{% for turn in turns %}"
    "<|start_header_id|>{{ turn['role'] }}<|end_header_id|>\n\n{{ turn['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_MISTRAL = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set told = messages[0]['content'] %}"
    "{% set turns = messages[1:] %}{% else %}{% set told = '' %}{% set turns = messages %}{% endif %}"
    "{% for turn in turns %}{% if turn['role'] == 'user' %}[INST] {% if told and WHERE %}{{ told }}\n\n{% endif %}"
    "{{ turn['content'] }}[/INST]{% else %} {{ turn['content'] }}</s>{% endif %}{% endfor %}"
)
MISTRAL_FIRST = _MISTRAL.replace("WHERE", "loop.first")
MISTRAL_LAST = _MISTRAL.replace("WHERE", "loop.last")
NO_SYSTEM = (
    "{{ bos_token }}{% for turn in messages %}{% if turn['role'] == 'system' %}"
    "{{ raise_exception('no system turn here') }}{% endif %}"
    "<start_of_turn>{{ 'model' if turn['role'] == 'assistant' else 'user' }}\n{{ turn['content'] }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
# Counts its turns: more than marks around them.
COUNTING = (
    "{% for turn in messages %}[{{ loop.index }} {{ turn['role'] }}] {{ turn['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[answer] {% endif %}"
)
# Two forms of one turn, by what is said in it.
LOOKING = (
    "{% for turn in messages %}[{{ turn['role'] }}{% if 'Two' in turn['content'] %}!{% endif %}] "
    "{{ turn['content'] }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
)

KNOWN = {
    "chatml": CHATML, "qwen2": QWEN2, "qwen3": QWEN3, "llama3": LLAMA3, "llama3.2": LLAMA32,
    "mistral, system first": MISTRAL_FIRST, "mistral, system last": MISTRAL_LAST, "no system turn": NO_SYSTEM,
}  # fmt: skip
