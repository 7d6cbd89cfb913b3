"""A model's chat template (Jinja) -> the Go template that lays out the same chat, for Ollama.

It is not translated but found out: chats of marked turns are rendered, and what stands around the marks is read off.
So every template that puts marks around turns is understood, whatever it is called, and one that does more is refused,
because the result is compared with the original on chats of several kinds. Must not know who asks or about what.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proctor.common.refusal import Refusal
from proctor.finetune.export.gotemplate import fill, literal

Turn = dict[str, str]
Render = Callable[[list[Turn], bool], str]  # chat, and whether an answer is asked for

SAMPLES = (
    "How much is 3 + 4?",
    "Two\nlines, {curly}, {{ twice }} and {% once %}.",
    '"Zoë" pays 5 € – 10 % less.\n\nHow much is left?',
)
SYSTEM = 'Answer in one line.\nSay "####" first.'


@dataclass(frozen=True)
class Layout:
    """What stands around the turns. `system_in` says where a system text goes that has no turn of its own."""

    start: str
    without_system: str
    system: tuple[str, str] | None
    system_in: str  # "" for a turn of its own, else "first" or "last": that turn of the user's
    user: tuple[str, str]
    assistant: tuple[str, str]
    ask: str


@dataclass(frozen=True)
class Wording:
    """How the user's words are put: `before` and `after` stand around each of them.

    With `system_first` Ollama's SYSTEM text opens each turn of the user's, `joint` between them: so an instruction
    reaches the model in the very place where it was examined with it.
    """

    before: str = ""
    after: str = ""
    system_first: bool = False
    joint: str = "\n\n"

    def put(self, system: str, text: str) -> str:
        opened = f"{system}{self.joint}" if self.system_first and system else ""
        return f"{opened}{self.before}{text}{self.after}"


def go_template(render: Render, wording: Wording) -> str:
    """The Go template, checked against the original; ValueError when the original does more than mark turns."""
    template = _written(read_layout(render), wording)
    for chat in _chats():
        system = next((turn["content"] for turn in chat if turn["role"] == "system"), "")
        try:
            expected = render(as_original(chat, wording), True)
        except Exception:  # jinja's own raise_exception: this kind of chat is refused by the original
            if system and not wording.system_first:
                continue
            raise
        if as_ollama(template, chat) != expected:
            raise Refusal(
                f"the chat template does more than put marks around turns (a chat of {len(chat)} turns differs), "
                "so it has no Go template here; use 'proctor export gguf', which keeps the original in the file"
            )
    return template


def as_original(chat: Sequence[Turn], wording: Wording) -> list[Turn]:
    """The chat that the original template must be given to lay out what Ollama does of this one."""
    system = next((turn["content"] for turn in chat if turn["role"] == "system"), "")
    return [
        {**turn, "content": wording.put(system, turn["content"])} if turn["role"] == "user" else turn
        for turn in chat
        if not (turn["role"] == "system" and wording.system_first)
    ]


def as_ollama(template: str, chat: Sequence[Turn]) -> str:
    """Ollama gives a template every turn, and the system text besides."""
    system = "\n\n".join(turn["content"] for turn in chat if turn["role"] == "system")
    turns = [{"Role": turn["role"], "Content": turn["content"]} for turn in chat]
    return fill(template, {"System": system, "Messages": turns})


def read_layout(render: Render) -> Layout:
    marks = ["turnone", "turntwo", "turnthree"]
    roles = ["user", "assistant", "user"]
    chat = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
    alone, after_user = _around(render(chat[:1], False), marks[:1])
    _, after_assistant = _around(render(chat[:2], False), marks[1:2])
    before, to_assistant, to_user, last = _around(render(chat, False), marks)
    asked = _around(render(chat[:1], True), marks[:1])[1]
    user = _ends(to_user, after_assistant, "an answer")
    if before != alone or last != after_user or not alone.endswith(user):
        raise Refusal("the chat template lays out the same turn in several ways; use 'proctor export gguf'")
    start = alone.removesuffix(user)
    assistant = _ends(to_assistant, after_user, "a question")
    plain = Layout(
        start, "", None, "", (user, after_user), (assistant, after_assistant),
        _ends(asked, after_user, "a question"),
    )  # fmt: skip
    return _with_system(plain, render, chat)


def _with_system(plain: Layout, render: Render, chat: list[Turn]) -> Layout:
    told = {"role": "system", "content": "systemtext"}
    try:
        before, between, _ = _around(render([told, chat[0]], False), ["systemtext", "turnone"])
    except Exception:  # the template refuses a system turn, or hides it
        return plain
    opened = plain.start + plain.user[0]
    if before.startswith(opened):
        longer = render([told, *chat], False)
        place = "first" if longer.index("systemtext") < longer.index("turnone") else "last"
        around = (before.removeprefix(opened), between)
        return Layout(plain.start, "", around, place, plain.user, plain.assistant, plain.ask)
    shared = _shared(plain.start, before)
    around = (before.removeprefix(shared), between.removesuffix(plain.user[0]))
    return Layout(
        shared, plain.start.removeprefix(shared), around, "", plain.user, plain.assistant, plain.ask
    )


def _written(layout: Layout, wording: Wording) -> str:
    content = f"{literal(wording.before)}{{{{ .Content }}}}{literal(wording.after)}"
    start, given = literal(layout.start), ""
    if wording.system_first:
        start += literal(layout.without_system)
        content = f"{{{{ if $.System }}}}{{{{ $.System }}}}{literal(wording.joint)}{{{{ end }}}}{content}"
    elif layout.system is None:
        start += literal(layout.without_system)
    else:
        opened, closed = map(literal, layout.system)
        if layout.system_in:
            # The system text is the first of the messages too, so the user's first is the second.
            which = "(eq $i 1)" if layout.system_in == "first" else "(eq (len (slice $.Messages $i)) 1)"
            given = f"{{{{ if and $.System {which} }}}}{opened}{{{{ $.System }}}}{closed}{{{{ end }}}}"
        else:
            other = f"{{{{ else }}}}{literal(layout.without_system)}" if layout.without_system else ""
            start += f"{{{{ if .System }}}}{opened}{{{{ .System }}}}{closed}{other}{{{{ end }}}}"
    (user, user_end), (assistant, assistant_end) = (
        tuple(map(literal, pair)) for pair in (layout.user, layout.assistant)
    )
    return (
        f'{start}{{{{ range $i, $_ := .Messages }}}}{{{{ if eq .Role "user" }}}}{user}{given}{content}{user_end}'
        f'{{{{ else if eq .Role "assistant" }}}}{assistant}{{{{ .Content }}}}{assistant_end}{{{{ end }}}}'
        f"{{{{ end }}}}{literal(layout.ask)}"
    )


def _chats() -> list[list[Turn]]:
    def turns(*contents: str) -> list[Turn]:
        return [
            {"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(contents)
        ]

    first, second, third = SAMPLES
    told = {"role": "system", "content": SYSTEM}
    plain = [turns(first), turns(second, "7", third), turns(third, "a\nb", first, "{{c}}", second)]
    return [*plain, *([told, *chat] for chat in plain)]


def _around(text: str, marks: Sequence[str]) -> list[str]:
    """What stands before, between and after the marks."""
    parts = []
    for mark in marks:
        before, found, text = text.partition(mark)
        if not found:
            raise Refusal("the chat template leaves turns out; use 'proctor export gguf'")
        parts.append(before)
    return [*parts, text]


def _ends(text: str, start: str, of: str) -> str:
    if not text.startswith(start):
        raise Refusal(f"the chat template ends {of} in several ways; use 'proctor export gguf'")
    return text.removeprefix(start)


def _shared(left: str, right: str) -> str:
    at = 0
    while at < min(len(left), len(right)) and left[at] == right[at]:
        at += 1
    return left[:at]
