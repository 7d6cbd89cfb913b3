"""Exports: the same chat laid out by the model's template and by the Modelfile's, word for word."""

import json
import shutil
import subprocess

import pytest

from proctor.finetune.export.chat_template import Wording, as_ollama, as_original, go_template
from proctor.finetune.export.folder import Modelfile, read_modelfile
from proctor.finetune.export.gotemplate import fill
from tests.support import chat_templates
from tests.support.records import run_record

WORDINGS = {
    "as it is": Wording(),
    "in the user's turn": Wording(system_first=True, after="\n\nKeep it {short}."),
    "around the user's words": Wording(before="Solve {{this}}:\n\n", after="\n\nEnd with a number."),
}
CHATS = [
    [{"role": "user", "content": "How much is {{ 2 }} + 3?"}],
    [
        {"role": "system", "content": "Be brief.\nSay “####”."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": 'Two "quoted" {words}?\n\nAnd a second line.'},
    ],
]
GO = """
package main

import (
	"encoding/json"
from tests.support.records import run_record
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
	var said []string
	for _, job := range jobs {
		made := template.Must(template.New("").Option("missingkey=zero").Parse(job.Template))
		var b strings.Builder
		values := map[string]any{"System": job.System, "Messages": job.Messages, "Response": ""}
		if err := made.Execute(&b, values); err != nil {
			panic(err)
		}
		said = append(said, b.String())
	}
	json.NewEncoder(os.Stdout).Encode(said)
}
"""


def renderer(jinja, bos="<s>"):
    """As the engines lay out a chat."""
    from transformers.utils.chat_template_utils import render_jinja_template

    def render(chat, ask):
        (text,), _ = render_jinja_template(
            [chat], chat_template=jinja, add_generation_prompt=ask, bos_token=bos, eos_token="</s>"
        )
        return text

    return render


def cases():
    """Every template with every wording on every chat that the template takes: Go template, chat, what it must say."""
    for jinja in chat_templates.KNOWN.values():
        render = renderer(jinja)
        for wording in WORDINGS.values():
            made = go_template(render, wording)
            for chat in CHATS:
                if "raise_exception" in jinja and len(chat) > 1 and not wording.system_first:
                    continue
                yield made, chat, render(as_original(chat, wording), True)


def test_the_go_template_lays_out_what_the_models_template_does():
    count = 0
    for made, chat, expected in cases():
        assert as_ollama(made, chat) == expected
        count += 1
    assert count == 8 * 3 * 2 - 2


def test_go_itself_makes_the_same_of_them(tmp_path):
    if not shutil.which("go"):
        pytest.skip(
            "NOT TESTED with Go's own text/template: no `go` here (Debian: apt-get install golang-go)"
        )
    (tmp_path / "main.go").write_text(GO)
    asked = list(cases())
    jobs = [
        {
            "Template": made,
            "System": "\n\n".join(turn["content"] for turn in chat if turn["role"] == "system"),
            "Messages": [{"Role": turn["role"], "Content": turn["content"]} for turn in chat],
        }
        for made, chat, _ in asked
    ]
    ran = subprocess.run(
        ["go", "run", str(tmp_path / "main.go")], input=json.dumps(jobs), capture_output=True, text=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "GOCACHE": str(tmp_path / "cache"),
             "GOFLAGS": "-mod=mod", "GO111MODULE": "off"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [expected for _, _, expected in asked]


@pytest.mark.parametrize("jinja", [chat_templates.COUNTING, chat_templates.LOOKING])
def test_a_template_that_does_more_than_mark_turns_is_refused_in_one_line(jinja):
    with pytest.raises(ValueError, match="use 'proctor export gguf'") as refused:
        go_template(renderer(jinja), Wording())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ if .System }}x", "'if' without its end"),
        ("{{ end }}", "closes nothing"),
        ("{{- .System }}", "trim spaces"),
        ("{{ printf .System }}", "not known here"),
        ("{{ with .System }}x{{ end }}", "closes nothing"),
    ],
)
def test_a_go_template_that_is_not_understood_is_refused_and_not_guessed(template, said):
    with pytest.raises(ValueError, match=said):
        fill(template, {"System": "s", "Messages": []})


@pytest.fixture(autouse=True)
def few_items(monkeypatch):
    monkeypatch.setattr("proctor.harness.export.ITEMS", 6)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def variant(store):
    """The embedded model itself at 8 bits: nothing is trained for it."""
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.harness.config.variant import Variant
    from proctor.harness.export import build_gguf

    made = Variant(name="small", base="finetune/tiny", quantization="q8_0", engine="llamacpp")
    build_gguf(made, store, Reporter(Console(quiet=True)))
    return made


def exported(variant, store, out, task, prompt, modelfile=True):
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.harness.export import Chosen, export_variant

    chosen = Chosen(task, prompt, "asked for")
    return export_variant(variant, chosen, store, out, Reporter(Console(quiet=True)), modelfile)


@pytest.mark.parametrize(
    ("task", "prompt"),
    [("word_problems", "default"), ("concepts", "cot-2shot"), ("study_plan", "cot-2shot")],
)
def test_the_modelfile_asks_what_the_exam_asked(variant, store, tmp_path, task, prompt):
    from proctor.harness.engines.llamacpp import LlamaCppEngine
    from proctor.harness.export import _exam
    from proctor.tasks import TASKS
    from proctor.tasks.pack import PLACEHOLDER

    folder, told = exported(variant, store, tmp_path / "out", task, prompt)
    file = read_modelfile((folder / "Modelfile").read_text())
    engine = LlamaCppEngine(folder / "small.gguf")
    chats = _exam(task, prompt, 3).chats
    for doc, chat in zip(TASKS[task].docs("test", 3), chats, strict=True):
        assert file.prompt(doc[PLACEHOLDER[task]]) == engine.apply_chat_template(chat)
    engine.close()
    assert file.system
    assert len(file.messages) == (4 if (task, prompt) == ("concepts", "cot-2shot") else 0)
    settings = dict(file.parameters)
    assert (settings["temperature"], settings["repeat_penalty"]) == ("0", "1")
    assert settings["num_ctx"] == "1024"
    assert told["tokens_per_second"] > 0
    assert 1e6 < told["peak_memory_bytes"] < 2e9


def test_an_export_holds_the_file_its_card_and_its_figures(variant, store, tmp_path):
    out = tmp_path / "out"
    exported(variant, store, out, "word_problems", "default", modelfile=False)
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "export.json", "small.gguf"]
    told = json.loads((out / "export.json").read_text())
    assert told["size_bytes"] == (out / "small.gguf").stat().st_size
    assert [stage["kind"] for stage in told["stages"]] == ["quantize", "quantize"]
    card = (out / "README.md").read_text()
    assert told["stages"][0]["digest"][:16] in card
    assert str(store) not in card + json.dumps(told)
    (out / "left").write_text("from before")
    exported(variant, store, out, "word_problems", "default", modelfile=False)
    assert not (out / "left").exists(), "an export is made anew, not mixed with the one before"


def test_a_folder_with_something_else_in_it_is_left_alone(variant, store, tmp_path):
    from proctor.common.refusal import Refusal

    (tmp_path / "mine").write_text("keep me")
    with pytest.raises(Refusal, match="something else already"):
        exported(variant, store, tmp_path, "word_problems", "default")
    assert (tmp_path / "mine").read_text() == "keep me"


def test_another_pack_is_taken_only_where_it_is_shown_to_be_better(variant, store, tmp_path):
    from proctor.common.refusal import Refusal
    from proctor.harness import record
    from proctor.harness.plan.plan import weights_of
    from proctor.leaderboard.cli.export import choose

    stages, _, base = weights_of(variant, store)
    same = {
        "base": base, "stages": [stage.digest for stage in stages], "quantization": "q8_0", "engine": "llamacpp",
        "sampling": variant.sampling.model_dump(mode="json"), "dataset": "d", "items": 20, "task_version": "1",
        "judge": None,
    }  # fmt: skip

    def cell(name, prompt, right, **changes):
        rows = [
            record.Sample(
                variant=name, task="word_problems", task_version="1", sample_id=f"{i:02}", cluster=f"{i:02}",
                epoch=1, doc_hash=str(i), prompt_hash="", prompt="", response="", answer="", target="",
                score=float(i < right), metrics={}, status="ok", explanation="", judge="", tokens_in=1,
                tokens_out=1, seconds=0.1,
            )
            for i in range(20)
        ]  # fmt: skip
        about = {
            "name": "word_problems", "title": "Word problems", "kind": "binary", "headline": "accuracy",
            "scale": [0, 1], "framework": "lm_eval", "scored_by": "rules",
        }  # fmt: skip
        run = run_record(
            name, definition={**same, **changes}, resolved={"prompt": prompt, "parent": None}, task=about
        )
        record.write(tmp_path, rows, run)

    with pytest.raises(Refusal, match="give --task, one of gsm8k"):
        choose(variant, None, tmp_path / "none", store, True)
    assert choose(variant, None, tmp_path / "none", store, False).task == "word_problems"
    cell("small-2shot", "cot-2shot", 12)
    chosen = choose(variant, "word_problems", tmp_path, store, True)
    assert chosen.prompt == "default"
    assert chosen.why == "it is the variant's own, and no results compare it with others"
    assert len(chosen.scores) == 1
    cell("small", "default", 9)
    cell("other-items", "cot-2shot", 20, dataset="e")
    cell("other-weights", "cot-2shot", 20, stages=["x"])
    chosen = choose(variant, None, tmp_path, store, True)
    assert (chosen.task, chosen.prompt) == ("word_problems", "default")
    assert chosen.why == "it is the variant's own, and no other is shown to be better (examined: cot-2shot)"
    assert [line.split(" with ")[0] for line in chosen.scores] == ["small-2shot", "small"]
    assert "accuracy 60.0 %" in chosen.scores[0]
    # Three more right and none less of 20: p = 0.25, the largest of the three pairs, whose items are the same.
    assert chosen.scores[0].endswith("not shown against small: +15.0, p = 0.250 after Holm over 3 pairs")
    cell("small-8shot", "cot-8shot", 20)
    cell("small-terse", "brief", 1)
    chosen = choose(variant, None, tmp_path, store, True)
    assert chosen.prompt == "cot-8shot"
    assert chosen.why.startswith("shown to be better than the variant's own, default (+55.0, p = 0.0")
    assert "better than small: +55.0" in chosen.scores[0]
    assert "worse than small" in chosen.scores[-1]


def test_a_variant_that_is_no_gguf_is_refused_by_the_command(tmp_path):
    from tests.conftest import proctor

    refused = proctor(
        "export", "ollama", "tiny-lora", "--store", str(tmp_path), "--out", str(tmp_path / "out")
    )
    assert refused.returncode == 2
    assert refused.stderr.strip().count("\n") == 0
    assert "'tiny-lora' is no GGUF (engine hf); name a variant with engine: llamacpp" in refused.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ['say """', 'say "', "a\u00a0space"])
def test_words_that_a_modelfile_cannot_hold_are_refused(text):
    with pytest.raises(ValueError, match="Modelfile"):
        Modelfile("./x.gguf", "{{ .System }}", text, (), ()).written()


def test_a_modelfile_is_read_as_it_was_written():
    told = Modelfile(
        "./x.gguf", "{{ .System }}\n", 'Say "so"\nnow.', (("temperature", "0.7"), ("stop", "\nQuestion:")),
        ({"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": "2"}),
    )  # fmt: skip
    assert read_modelfile("# a note\n\n" + told.written()) == told


def test_the_command_exports_what_a_suite_names(variant, store, home):
    from tests.conftest import proctor

    home.variant("small", base="finetune/tiny", quantization="q8_0", engine="llamacpp")
    suite = home.suite(variants=["small"], tasks=["word_problems"], baseline="small")
    out = home.folder / "out"
    given = ["small", "--suite", str(suite), "--task", "word_problems", "--out", str(out)]
    ran = proctor("export", "ollama", *given, "--store", str(store), "--results", str(home.results))
    assert ran.returncode == 0, ran.stderr
    assert "wording of word_problems, prompt pack default: it is the variant's own" in ran.stdout
    assert "MB on disk" in ran.stdout
    assert "tokens/s here" in ran.stdout
    assert read_modelfile((out / "Modelfile").read_text()).source == "./small.gguf"
    assert "No results were there." in (out / "README.md").read_text()
