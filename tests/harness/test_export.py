"""Exports: the same chat laid out by the model's template and by the Modelfile's, word for word."""

import json
import os
import subprocess

import pytest

from proctor.common.refusal import Refusal
from proctor.finetune.export.chat_template import TEMPLATES, ItemWording, recognise
from proctor.finetune.export.folder import Modelfile
from proctor.harness.config.variant import Sampling
from tests.support import chat_templates, go_templates
from tests.support.modelfile import read_modelfile
from tests.support.records import run_record

CHATS = go_templates.CHATS


def renderer(jinja, bos="<s>"):
    """As the engines lay out a chat, without the mark that llama.cpp puts in front."""
    from jinja2.exceptions import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    def render(chat):
        try:
            (text,), _ = render_jinja_template(
                [chat], chat_template=jinja, add_generation_prompt=True, bos_token=bos, eos_token="</s>"
            )
        except TemplateError as broken:
            raise Refusal(str(broken)) from None
        return text.removeprefix(bos)

    return render


# The name of each row in llama.cpp, whose renderer knows no Jinja either.
IN_LLAMA_CPP = {
    "chatml": "chatml",
    "llama3": "llama3",
    "mistral": "mistral-v3",
    "gemma": "gemma",
    "phi": "phi3",
}


def by_llama_cpp(name, chat):
    import ctypes

    import llama_cpp

    turns = [(turn["role"].encode(), turn["content"].encode()) for turn in chat]
    messages = (llama_cpp.llama_chat_message * len(turns))(*turns)
    room = ctypes.create_string_buffer(10_000)
    length = llama_cpp.llama_chat_apply_template(name.encode(), messages, len(turns), True, room, len(room))
    assert length > 0, "llama.cpp does not know the template"
    return room.raw[:length].decode()


@pytest.mark.parametrize(("jinja", "name"), chat_templates.KNOWN.items())
def test_a_models_template_is_recognised_and_laid_out_as_the_model_does(jinja, name):
    render = renderer(jinja)
    template = recognise(render)
    assert template.name == name
    for chat in CHATS:
        if jinja == chat_templates.GEMMA2 and chat[0]["role"] == "system":
            with pytest.raises(Refusal):
                render(chat)
        else:
            assert template.lay_out(chat, ItemWording()) == render(chat)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_llama_cpp_lays_out_the_same(template):
    compared = 0
    for chat in CHATS:
        asked = sum(turn["role"] == "user" for turn in chat)
        if template.name == "mistral" and chat[0]["role"] == "system" and asked > 1:
            continue  # llama.cpp opens the first turn with the system text, Mistral's own template the last
        assert by_llama_cpp(IN_LLAMA_CPP[template.name], chat) == template.lay_out(chat, ItemWording())
        compared += 1
    assert compared >= 3


def test_go_makes_of_each_template_what_is_said_here():
    recorded = go_templates.recorded()
    cases = go_templates.cases()
    assert len(cases) == len(recorded) == len(TEMPLATES) * 3 * len(CHATS) + len(CHATS)
    for case, rendered in zip(cases, recorded, strict=True):
        assert case.template == rendered["template"], (
            "make the record again: python -m tests.support.go_templates"
        )
        assert case.expected == rendered["rendered"]


def test_words_in_a_wording_that_go_would_read_as_its_own_come_out_as_they_are():
    written = TEMPLATES[0].as_go(ItemWording(before="Solve {{this}}: "))
    assert 'Solve {{ "{{" }}this}}: {{ .Content }}' in written


@pytest.mark.parametrize("jinja", chat_templates.UNKNOWN)
def test_a_template_that_is_in_no_row_is_refused_by_name_in_one_line(jinja):
    with pytest.raises(
        Refusal, match="known: chatml, llama3, mistral, gemma, phi; use 'proctor export gguf'"
    ) as refused:
        recognise(renderer(jinja))
    assert "\n" not in str(refused.value)


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


def exported(variant, store, out, task, prompt, *files, phone=False):
    """`files` are the names of the Modelfiles."""
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.harness.export import Chosen, export_variant

    chosen = Chosen(task, prompt, "asked for")
    asked = dict.fromkeys(files, (task, prompt))
    return export_variant(variant, chosen, store, out, Reporter(Console(quiet=True)), asked, phone)


@pytest.mark.parametrize(
    ("task", "prompt"),
    [("word_problems", "default"), ("concepts", "cot-2shot"), ("study_plan", "cot-2shot")],
)
def test_the_modelfile_asks_what_the_exam_asked(variant, store, tmp_path, task, prompt):
    from proctor.harness.engines.llamacpp import LlamaCppEngine
    from proctor.harness.export import _layout_of
    from proctor.tasks import TASKS

    folder = exported(variant, store, tmp_path / "out", task, prompt, "Modelfile")
    file = read_modelfile((folder / "Modelfile").read_text())
    engine = LlamaCppEngine(folder / "small.gguf")
    asked = _layout_of(task, prompt, 3)
    template, wording = recognise(engine.apply_chat_template), ItemWording(asked.before, asked.after)
    assert (template.name, file.template) == ("chatml", template.as_go(wording))
    for doc, chat in zip(TASKS[task].docs("test", 3), asked.chats, strict=True):
        prompt_of_ollama = template.lay_out(file.chat(doc[TASKS[task].asks]), wording)
        assert prompt_of_ollama == engine.apply_chat_template(chat)
    engine.close()
    assert len(file.messages) == (4 if (task, prompt) == ("concepts", "cot-2shot") else 0)
    settings = dict(file.parameters)
    assert (settings["temperature"], settings["repeat_penalty"]) == ("0", "1")
    assert settings["num_ctx"] == "1024"


def test_an_export_holds_the_file_its_card_and_its_figures(variant, store, tmp_path):
    out = tmp_path / "out"
    exported(variant, store, out, "word_problems", "default")
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "export.json", "small.gguf"]
    told = json.loads((out / "export.json").read_text())
    assert told["size_bytes"] == (out / "small.gguf").stat().st_size
    assert [stage["kind"] for stage in told["stages"]] == ["quantize", "quantize"]
    card = (out / "README.md").read_text()
    assert told["stages"][0]["digest"][:16] in card
    assert str(store) not in card + json.dumps(told)
    (out / "left").write_text("from before")
    exported(variant, store, out, "word_problems", "default")
    assert not (out / "left").exists(), "an export is made anew, not mixed with the one before"


def test_a_folder_with_something_else_in_it_is_left_alone(variant, store, tmp_path):
    from proctor.common.refusal import Refusal

    (tmp_path / "mine").write_text("keep me")
    with pytest.raises(Refusal, match="something else already"):
        exported(variant, store, tmp_path, "word_problems", "default", "Modelfile")
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

    def cell(name, prompt, right, said="It makes {} of them", **changes):
        rows = [
            record.Sample(
                variant=name, task="word_problems", task_version="1", sample_id=f"{i:02}", cluster=f"{i:02}",
                epoch=1, doc_hash=str(i), prompt_hash="", prompt="", response=said.format(7 * i % 23), answer="",
                target=str(i),
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
    cell("small-constant", "cot-8shot", 20, said="It makes 4 of them")
    chosen = choose(variant, None, tmp_path, store, True)
    assert chosen.prompt == "default"  # what does not depend on the item is no reason for its wording
    assert "flagged: 20 of 20 items got the same response; better than small" in chosen.scores[0]
    cell("small-constant", "cot-8shot", 0)
    cell("small-8shot", "cot-8shot", 20)
    cell("small-terse", "brief", 1)
    chosen = choose(variant, None, tmp_path, store, True)
    assert chosen.prompt == "cot-8shot"
    assert chosen.why.startswith("shown to be better than the variant's own, default (+55.0, p = 0.0")
    assert "better than small: +55.0" in chosen.scores[0]
    assert "worse than small" in chosen.scores[-1]


def test_a_variant_that_is_no_gguf_is_refused_by_the_command(tmp_path):
    from tests.support.command import proctor

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
    from tests.support.command import proctor

    home.variant("small", base="finetune/tiny", quantization="q8_0", engine="llamacpp")
    suite = home.suite(variants=["small"], tasks=["word_problems"], baseline="small")
    out = home.folder / "out"
    given = ["small", "--suite", str(suite), "--task", "word_problems", "--out", str(out)]
    ran = proctor("export", "ollama", *given, "--store", str(store), "--results", str(home.results))
    assert ran.returncode == 0, ran.stderr
    assert "wording of word_problems, prompt pack default: it is the variant's own" in ran.stdout
    assert "MB on disk" in ran.stdout
    assert read_modelfile((out / "Modelfile").read_text()).source == "./small.gguf"
    card = (out / "README.md").read_text()
    assert "No results were there." in card
    assert "ollama create small -f Modelfile\n" in card
    for scene in ("solve", "plan", "mistakes"):
        assert (out / f"Modelfile.{scene}").is_file()
        assert f"ollama create small-{scene} -f Modelfile.{scene}\n" in card
    assert json.loads((out / "export.json").read_text())["modelfiles"]["Modelfile.plan"] == [
        "study_plan",
        "default",
    ]


def test_the_modelfile_of_a_scene_asks_what_the_page_asks(variant, store, tmp_path):
    from proctor.harness.chat.tutor import SCENES, Tutor
    from proctor.harness.engines.llamacpp import LlamaCppEngine
    from proctor.tasks import TASKS
    from proctor.tasks.prompt_pack import Pack

    engine = LlamaCppEngine(
        exported(variant, store, tmp_path / "gguf", "word_problems", "cot") / "small.gguf"
    )
    tutor, pack = Tutor(variant, engine, dict.fromkeys(SCENES.values(), "cot")), Pack.load("cot")
    for scene, task in SCENES.items():
        folder = exported(variant, store, tmp_path / scene, task, "cot", "Modelfile", f"Modelfile.{scene}")
        file = read_modelfile((folder / f"Modelfile.{scene}").read_text())
        before, _, after = pack.for_task(task).user.partition(f"{{{TASKS[task].asks}}}")
        text = "What a pupil writes,\non two lines."
        request, settings = tutor.request(task, text), file.parameters
        laid_out = recognise(engine.apply_chat_template).lay_out(file.chat(text), ItemWording(before, after))
        assert laid_out == request.prompt
        assert text in laid_out
        assert tuple(value for name, value in settings if name == "stop") == request.options.until
        assert int(dict(settings)["num_predict"]) == request.options.max_tokens
        assert file.template == recognise(engine.apply_chat_template).as_go(ItemWording(before, after))
    engine.close()


def test_a_scene_that_the_prompt_pack_cannot_ask_is_left_out_and_said(variant, store, tmp_path):
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.harness.export import Chosen, export_variant

    console = Console(record=True, width=300, quiet=False, file=(tmp_path / "log").open("w"))
    chosen = Chosen("word_problems", "default", "asked for")
    asked = {"Modelfile": ("word_problems", "default"), "Modelfile.plan": ("study_plan", "text-2shot")}
    out = export_variant(variant, chosen, store, tmp_path / "out", Reporter(console), asked)
    assert sorted(path.name for path in out.glob("Modelfile*")) == ["Modelfile"]
    assert "without Modelfile.plan: the prompt pack 'text-2shot' asks in plain text" in console.export_text()
    assert "Modelfile.plan" not in (out / "README.md").read_text()


def test_where_a_base_lies_on_this_machine_is_in_no_file_of_an_export(store, tmp_path):
    import shutil

    from proctor.common.paths import PACKAGE
    from proctor.harness.config.variant import Variant

    base = tmp_path / "home-of-somebody" / "tiny"
    shutil.copytree(PACKAGE / "finetune/tiny", base)
    made = Variant(name="small", base=str(base), quantization="q8_0", engine="llamacpp")
    out = exported(made, store, tmp_path / "out", "word_problems", "default", "Modelfile")
    for name in ("README.md", "export.json", "Modelfile"):
        assert "home-of-somebody" not in (out / name).read_text(), name


def test_an_export_for_a_phone_holds_a_prompt_of_the_task_and_scripts_that_run(variant, store, tmp_path):
    from proctor.harness.engines.llamacpp import LlamaCppEngine
    from proctor.harness.export import _layout_of

    warm = variant.model_copy(
        update={"sampling": Sampling(temperature=0.7, top_p=0.9, seed=3, max_tokens=64)}
    )
    out = exported(warm, store, tmp_path / "out", "word_problems", "default", phone=True)
    names = ["README.md", "bench.sh", "export.json", "prompt.txt", "small.gguf", "try.sh"]
    assert sorted(path.name for path in out.iterdir()) == names
    engine = LlamaCppEngine(out / "small.gguf")
    (chat,) = _layout_of("word_problems", "default", 1).chats
    asked = engine.apply_chat_template(chat)
    engine.close()
    # llama.cpp takes one line break from the end of the file, and puts the start token in front itself.
    assert (out / "prompt.txt").read_text(encoding="utf-8") == asked.removeprefix(engine.start_token) + "\n"
    tried = (out / "try.sh").read_text()
    assert "-c 1024 -n 64" in tried
    assert "--temp 0.7 --top-k 0 --min-p 0 --seed 3 --top-p 0.9" in tried
    # The scripts' own words, by what stands in for the programs: `echo`, which says what it was asked.
    for script, program in (("try.sh", "LLAMA_COMPLETION"), ("bench.sh", "LLAMA_BENCH")):
        command = ["sh", str(out / script), "-t", "4"]
        done = subprocess.run(
            command, env={**os.environ, program: "echo"}, cwd="/", capture_output=True, text=True, check=True
        )
        words = done.stdout or (out / "bench.json").read_text()
        assert words.startswith("-m small.gguf ")
        assert words.endswith(" -t 4\n")
    card = (out / "README.md").read_text()
    assert "proctor import llama-bench bench.json --variant small --device 'Pixel 8'" in card
    assert "pkg install llama-cpp" in card


def test_a_pack_in_plain_text_is_not_exported_for_a_phone(variant, store, tmp_path):
    with pytest.raises(Refusal, match="asks in plain text, and Ollama and phones chat"):
        exported(variant, store, tmp_path / "out", "word_problems", "text-8shot", phone=True)
    assert not (tmp_path / "out").exists()
