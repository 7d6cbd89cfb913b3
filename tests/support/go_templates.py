"""What Go's own text/template makes of the templates of an export, kept in data/go_rendered.json.

python -m tests.support.go_templates     # makes the record again; needs `go` (Debian: apt-get install golang-go)
"""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from proctor.finetune.export.chat_template import TEMPLATES, ItemWording

RECORD = Path(__file__).with_name("data") / "go_rendered.json"
WORDINGS = (
    ItemWording(),
    ItemWording(after="\n\nKeep it {short}."),
    ItemWording(before="Solve {{this}}:\n\n", after="\n\nEnd with a number."),
)
_QUESTION = {"role": "user", "content": "How much is {{ 2 }} + 3?"}
_SYSTEM = {"role": "system", "content": "Be brief.\nSay “####”."}
_TURNS = [
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "1"},
    {"role": "user", "content": 'Two "quoted" {words}?\n\nAnd a second line.'},
]
CHATS = [[_QUESTION], [_SYSTEM, _QUESTION], _TURNS, [_SYSTEM, *_TURNS]]
# Ollama hands a template the values below.
PROGRAM = """
package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type Message struct{ Role, Content string }

type Job struct {
	Template, System string
	Messages         []*Message
}

func main() {
	var jobs []Job
	if err := json.NewDecoder(os.Stdin).Decode(&jobs); err != nil {
		panic(err)
	}
	var rendered []string
	for _, job := range jobs {
		parsed := template.Must(template.New("").Option("missingkey=zero").Parse(job.Template))
		var b strings.Builder
		values := map[string]any{"System": job.System, "Messages": job.Messages, "Response": ""}
		if err := parsed.Execute(&b, values); err != nil {
			panic(err)
		}
		rendered = append(rendered, b.String())
	}
	json.NewEncoder(os.Stdout).Encode(rendered)
}
"""


@dataclass(frozen=True)
class Case:
    template: str
    chat: list[dict[str, str]]
    expected: str


def cases() -> list[Case]:
    """Every row with every wording on every chat, and one row that brings a system text of its own."""
    own_words = "<|im_start|>system\nYou are a {{friendly}} model.<|im_end|>\n"
    own_text = TEMPLATES[0].model_copy(update={"without_system": own_words})
    pairs = [(template, wording) for template in TEMPLATES for wording in WORDINGS]
    made = []
    for template, wording in [*pairs, (own_text, ItemWording())]:
        made += [Case(template.as_go(wording), chat, template.lay_out(chat, wording)) for chat in CHATS]
    return made


def recorded() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return rows


def rendered_by_go() -> list[str]:
    jobs = [
        {
            "Template": case.template,
            "System": "\n\n".join(turn["content"] for turn in case.chat if turn["role"] == "system"),
            "Messages": [{"Role": turn["role"], "Content": turn["content"]} for turn in case.chat],
        }
        for case in cases()
    ]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "main.go"
        program.write_text(PROGRAM, encoding="utf-8")
        ran = subprocess.run(
            ["go", "run", str(program)], input=json.dumps(jobs), capture_output=True, text=True, check=True
        )
    return list(json.loads(ran.stdout))


if __name__ == "__main__":
    rows = [
        {"template": case.template, "rendered": text}
        for case, text in zip(cases(), rendered_by_go(), strict=True)
    ]
    RECORD.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
