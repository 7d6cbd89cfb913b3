"""A model's own chat template, rendered with bounds on time and memory.

render_chat(template, [{"role": "user", "content": "How much is 3 + 4?"}], {"bos_token": "<s>"})
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal
from proctor.common.templates.bounded import rendered

Chat = Sequence[Mapping[str, str]]
WITHOUT_SYSTEM = "take a prompt pack without a system text, such as 'default'"
WITHOUT_TURNS = "take a prompt pack with 'turns: text', such as 'text-2shot'"


def render_chat(
    template: str | None,
    chat: Chat,
    tokens: Mapping[str, Any],
    ask: bool = True,
    go_on: bool = False,
    where: Path | str | None = None,
) -> str:
    """The prompt that a chat is for the model: `ask` opens the next turn, `go_on` leaves the last one open.

    `tokens` are the special ones that the template may name.
    """
    if not template:
        raise Refusal(
            "the model has no chat template",
            "the prompt pack asks in turns of a chat",
            f"{WITHOUT_TURNS}, or add a chat_template.jinja to its folder",
            where,
        )
    job = {"template": template, "chat": list(chat), "tokens": dict(tokens), "ask": ask, "go_on": go_on}
    reply = rendered(job)
    if "text" in reply:
        return str(reply["text"])
    bare = [turn for turn in chat if turn["role"] != "system"]
    remedy = WITHOUT_TURNS
    if 0 < len(bare) < len(chat) and "text" in rendered({**job, "chat": bare}):
        remedy = WITHOUT_SYSTEM
    raise Refusal("the model's chat template fails", reply["problem"], remedy, where)


def render_for(tokenizer: Any, chat: Chat, ask: bool = True, go_on: bool = False) -> str:
    """The same by the template of a tokenizer of transformers."""
    template = tokenizer.chat_template
    if isinstance(template, dict):  # several by name, for tools and the like
        template = template.get("default")
    return render_chat(template, chat, tokenizer.special_tokens_map, ask, go_on, tokenizer.name_or_path)
