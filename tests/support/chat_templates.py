"""Chat templates of the layouts that open models use, written down from what those models read."""

from llama_cpp import llama_chat_format

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
# Gemma 2 takes no system turn; Gemma 3 opens the first of the user's turns with it.
GEMMA2 = (
    "{{ bos_token }}{% for turn in messages %}{% if turn['role'] == 'system' %}"
    "{{ raise_exception('no system turn here') }}{% endif %}"
    "<start_of_turn>{{ 'model' if turn['role'] == 'assistant' else 'user' }}\n{{ turn['content'] }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
GEMMA3 = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set told = messages[0]['content'] + '\n\n' %}"
    "{% set turns = messages[1:] %}{% else %}{% set told = '' %}{% set turns = messages %}{% endif %}"
    "{% for turn in turns %}<start_of_turn>{{ 'model' if turn['role'] == 'assistant' else turn['role'] }}\n"
    "{{ told if loop.first }}{{ turn['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
PHI3 = (
    "{% for turn in messages %}<|{{ turn['role'] }}|>\n{{ turn['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}"
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

# As they are published, by the copies that llama-cpp-python brings.
PUBLISHED_CHATML = llama_chat_format.CHATML_CHAT_TEMPLATE
PUBLISHED_LLAMA3 = llama_chat_format.LLAMA3_INSTRUCT_CHAT_TEMPLATE

# Which row of the table each of them is.
KNOWN = {
    CHATML: "chatml", PUBLISHED_CHATML: "chatml", QWEN2: "chatml", QWEN3: "chatml", LLAMA3: "llama3",
    PUBLISHED_LLAMA3: "llama3", LLAMA32: "llama3", MISTRAL_LAST: "mistral", GEMMA2: "gemma", GEMMA3: "gemma",
    PHI3: "phi",
}  # fmt: skip
UNKNOWN = (COUNTING, LOOKING, MISTRAL_FIRST, llama_chat_format.MISTRAL_INSTRUCT_CHAT_TEMPLATE)
