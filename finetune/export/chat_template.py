"""The five chat templates that an export for Ollama knows, and which of them a model has.

    template = recognise(render)                        # render: the model's own chat template
    template.as_go(ItemWording(after="\n\nSay a number."))  # what a Modelfile's TEMPLATE says
    template.lay_out(chat, ItemWording(after="\n\nSay a number."))  # and what Ollama makes of it

Ollama wants a Go template, a model brings a Jinja one. The first row that lays out the same chats as the model's own
template is taken; a model with none of them is refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from proctor.common.refusal import Refusal
from proctor.common.schema import Frozen, load_yaml

Turn = dict[str, str]
# The prompt that the model's own template makes of a chat; a Refusal where it takes no such chat.
Render = Callable[[list[Turn]], str]

SYSTEM = 'Answer in one line.\nSay "####" first.'
QUESTIONS = (
    "How much is 3 + 4?",
    "Two\nlines, {curly}, {{ twice }} and {% once %}.",
    '"Zoë" pays 5 € – 10 % less.\n\nHow much is left?',
)


@dataclass(frozen=True)
class ItemWording:
    """The words of a prompt pack that stand around every item: the user of the export types the item alone."""

    before: str = ""
    after: str = ""


class ChatTemplate(Frozen):
    """What stands before and after each kind of turn.

    A system text has a turn of its own, or opens the first or the last of the user's turns. `without_system` stands
    where a chat has none: the text that some models then bring themselves.
    """

    name: str
    user: tuple[str, str]
    assistant: tuple[str, str]
    system: tuple[str, str] = ("", "\n\n")
    system_in: Literal["own turn", "first turn", "last turn"] = "own turn"
    without_system: str = ""

    @property
    def asks(self) -> str:
        """What asks for a response: the start of an assistant's turn. A space there is the response's first token."""
        return self.assistant[0].rstrip(" ")

    def lay_out(self, chat: Sequence[Turn], wording: ItemWording) -> str:
        """The prompt that Ollama makes of a chat by `as_go`. Tests hold it to Go's own rendering."""
        system = "\n\n".join(turn["content"] for turn in chat if turn["role"] == "system")
        turns = [turn for turn in chat if turn["role"] != "system"]
        system_turn = f"{self.system[0]}{system}{self.system[1]}" if system else ""
        opened_turn = {"own turn": None, "first turn": 0, "last turn": len(turns) - 1}[self.system_in]
        text = ""
        if opened_turn is None:
            text = system_turn or self.without_system
        for index, turn in enumerate(turns):
            content = turn["content"]
            if turn["role"] == "assistant":
                text += f"{self.assistant[0]}{content}{self.assistant[1]}"
                continue
            opening = system_turn if index == opened_turn else ""
            text += f"{self.user[0]}{opening}{wording.before}{content}{wording.after}{self.user[1]}"
        return text + self.asks

    def as_go(self, wording: ItemWording) -> str:
        """The same as a Go template. Ollama hands it every turn, and the system text besides."""
        before, after = _literal(wording.before), _literal(wording.after)
        system_turn = f"{_literal(self.system[0])}{{{{ $.System }}}}{_literal(self.system[1])}"
        start = opening = ""
        if self.system_in == "own turn":
            otherwise = ""
            if self.without_system:
                otherwise = f"{{{{ else }}}}{_literal(self.without_system)}"
            start = f"{{{{ if .System }}}}{system_turn}{otherwise}{{{{ end }}}}"
        else:
            # The system text is the first of the messages too, so the user's first is the second.
            here = "(eq $i 1)" if self.system_in == "first turn" else "(eq (len (slice $.Messages $i)) 1)"
            opening = f"{{{{ if and $.System {here} }}}}{system_turn}{{{{ end }}}}"
        return (
            f'{start}{{{{ range $i, $_ := .Messages }}}}{{{{ if eq .Role "user" }}}}'
            f"{self.user[0]}{opening}{before}{{{{ .Content }}}}{after}{self.user[1]}"
            f'{{{{ else if eq .Role "assistant" }}}}{self.assistant[0]}{{{{ .Content }}}}{self.assistant[1]}'
            f"{{{{ end }}}}{{{{ end }}}}{self.asks}"
        )


TEMPLATES = TypeAdapter(tuple[ChatTemplate, ...]).validate_python(
    load_yaml(Path(__file__).with_name("chat_templates.yaml"))
)


def recognise(render: Render) -> ChatTemplate:
    """The row that lays out chats of several kinds as the model's own template does."""
    for row in TEMPLATES:
        template = _with_own_system_text(row, render)
        if all(_same(template, render, chat) for chat in _chats()):
            return template
    names = ", ".join(row.name for row in TEMPLATES)
    raise Refusal(
        "the model's chat template is none that an export for Ollama knows",
        f"these are known: {names}",
        "use 'proctor export gguf', which keeps the original in the file",
    )


def _with_own_system_text(row: ChatTemplate, render: Render) -> ChatTemplate:
    """The row with what the model itself says in or instead of a system turn: SmolLM2 and Qwen2 their names, Llama
    3.2 two dates.
    """
    question = {"role": "user", "content": QUESTIONS[0]}
    if row.system_in != "own turn":
        return row
    without = render([question]).removesuffix(row.lay_out([question], ItemWording()))
    try:
        opening = render([{"role": "system", "content": SYSTEM}, question]).partition(SYSTEM)[0]
    except Refusal:
        opening = row.system[0]
    return row.model_copy(update={"without_system": without, "system": (opening, row.system[1])})


def _same(template: ChatTemplate, render: Render, chat: list[Turn]) -> bool:
    try:
        return render(chat) == template.lay_out(chat, ItemWording())
    except Refusal:  # some models take no system turn, and say so
        return chat[0]["role"] == "system"


def _chats() -> list[list[Turn]]:
    first, second, third = QUESTIONS
    contents = ([first], [second, "7", third], [third, "a\nb", first, "{{c}}", second])
    plain = []
    for texts in contents:
        roles = ("user", "assistant") * 3
        plain.append([{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)])
    return [*plain, *([{"role": "system", "content": SYSTEM}, *chat] for chat in plain)]


def _literal(text: str) -> str:
    """Text as it must stand in a Go template to come out as it is."""
    return text.replace("{{", '{{ "{{" }}')
