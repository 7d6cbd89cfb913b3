"""A Modelfile read as Ollama reads it, so that tests see what it is told."""

from proctor.finetune.export.chat_template import Turn
from proctor.finetune.export.folder import QUOTES, Modelfile


def read_modelfile(text: str) -> Modelfile:
    """What Ollama reads in it: an instruction, a space, and a value to the line's or the quotes' end."""
    values: dict[str, str] = {}
    parameters: list[tuple[str, str]] = []
    messages: list[Turn] = []
    while text := text.lstrip():
        if text.startswith("#"):
            text = text.partition("\n")[2]
            continue
        name, _, text = text.partition(" ")
        about = ""
        if name in ("PARAMETER", "MESSAGE"):
            about, _, text = text.partition(" ")
        if text.startswith(QUOTES):
            value, end, text = text.removeprefix(QUOTES).partition(QUOTES)
            if not end:
                raise ValueError(f"the quotes after {name} are not closed")
        else:
            value, _, text = text.partition("\n")
        if name == "PARAMETER":
            parameters.append((about, value))
        elif name == "MESSAGE":
            messages.append({"role": about, "content": value})
        else:
            values[name] = value
    return Modelfile(
        values["FROM"],
        values.get("TEMPLATE", ""),
        values.get("SYSTEM", ""),
        tuple(parameters),
        tuple(messages),
    )
