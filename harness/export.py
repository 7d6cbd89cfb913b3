"""Exports: a variant's GGUF with the wording and the sampling that it was examined with, in a folder for others.

Finds out what the variant is asked in a task, puts that into a Modelfile, and refuses unless the Modelfile lays out
the task's own items word for word as the engine read them. Scores are handed in.
"""

import importlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal, located
from proctor.finetune.build import made
from proctor.finetune.export.chat_template import ItemWording, Turn, recognise
from proctor.finetune.export.folder import Modelfile, copy_gguf, export_folder, parameters
from proctor.harness.ask.lm_eval import laid_out, limits, lm_eval_task
from proctor.harness.config.suite import Suite, load_variant
from proctor.harness.config.variant import Variant
from proctor.harness.engines.llamacpp import LlamaCppEngine
from proctor.harness.plan.plan import VariantPlan, weights_of
from proctor.harness.weights import build_weights
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import Pack, render

ITEMS = 32  # of the task's, to check the layout on
PLAIN = "Modelfile"
FILES = Path(__file__).with_name("exported")  # templates: the card that goes along, and scripts for a phone
Asked = tuple[str, str]  # a task, and the prompt pack that words it
ITEM = "\0"  # stands for an item while the words around it are looked for


@dataclass(frozen=True)
class Chosen:
    """Which task's wording goes along, of which prompt pack, and why that one. `scores` are lines for the card."""

    task: str
    prompt: str
    why: str
    scores: tuple[str, ...] = ()


def find_variant(name: str, suite: str | None) -> Variant:
    """By name; with a suite also one that a matrix of the suite makes."""
    if suite:
        return Suite.load(suite).variant(name)
    return load_variant(name)


def build_gguf(variant: Variant, store: Path, reporter: Reporter) -> tuple[Path, VariantPlan]:
    if variant.engine != "llamacpp":
        raise Refusal(
            f"variant {variant.name!r} is no GGUF (engine {variant.engine})",
            remedy="name a variant with engine: llamacpp, a quantization like q8_0, and merge: true if it is trained",
        )
    stages, data, _ = weights_of(variant, store)
    plan = VariantPlan(variant, stages, data, ())
    built = build_weights(plan, store, reporter)
    assert built is not None  # llamacpp has its weights here
    assert built.gguf is not None
    return built.gguf, plan


def export_variant(
    variant: Variant, chosen: Chosen, store: Path, out: Path, reporter: Reporter, asked: Mapping[str, Asked],
    phone: bool = False,
) -> Path:  # fmt: skip
    """The folder. `asked` names Modelfiles: PLAIN, and others, which are left out where they cannot ask as here. For a
    `phone` it holds a prompt of the chosen task, and scripts that try and measure the file.
    """
    gguf, plan = build_gguf(variant, store, reporter)
    texts, examples = dict[str, str](), dict[str, str]()
    if asked:
        with closing(LlamaCppEngine(gguf)) as engine, located(f"variant {variant.name}"):
            for name, (task, prompt) in asked.items():
                reporter.say(f"checking the layout of {name} on items of {task}")
                try:
                    layout = _layout_of(task, prompt, ITEMS)
                    texts[name] = _modelfile(engine, variant, layout).written()
                    examples[name] = layout.texts[0]
                except Refusal as refused:
                    if name == PLAIN:
                        raise
                    reporter.say(f"without {name}: {refused}")
    facts = provenance(variant, plan, store) | {
        "task": chosen.task,
        "prompt": chosen.prompt,
        "why": chosen.why,
        "modelfiles": {name: asked[name] for name in texts},
    }
    if phone:
        texts |= _for_phone(gguf, variant, chosen)
    texts["README.md"] = _filled(
        "card.md", variant=variant, base=base_in_public(variant), size=gguf.stat().st_size,
        steps=steps(facts["stages"]), chosen=chosen, examples=examples, phone=phone,
    )  # fmt: skip
    with export_folder(out, gguf, {**facts, "name": variant.name}) as part:
        copy_gguf(gguf, part / f"{variant.name}.gguf")
        for file, text in texts.items():
            (part / file).write_bytes(text.encode("utf-8"))
    return out


def _for_phone(gguf: Path, variant: Variant, chosen: Chosen) -> dict[str, str]:
    """The first item of the task as the engine reads it, and scripts with the sampling that was examined."""
    layout = _layout_of(chosen.task, chosen.prompt, 1)
    sampling = variant.sampling
    limit = sampling.max_tokens or layout.max_tokens
    with closing(LlamaCppEngine(gguf)) as engine:
        prompt = engine.apply_chat_template(layout.chats[0]).removeprefix(engine.start_token)
        context = min(engine.context_length, max(2048, engine.prompt_length(prompt) + limit))
    options = f"--temp {sampling.temperature or 0:g} --top-k 0 --min-p 0 --seed {sampling.seed}"
    options += f" --top-p {1.0 if sampling.top_p is None else sampling.top_p:g}"
    named = {"name": variant.name, "context": context, "limit": limit, "sampling": options}
    scripts = {file: _filled(file, **named) for file in ("try.sh", "bench.sh")}
    return {
        "prompt.txt": prompt + "\n",
        **scripts,
    }  # llama.cpp takes one line break from the end of a prompt's file


def _filled(file: str, **values: Any) -> str:
    template = (FILES / file).read_text(encoding="utf-8")
    text: str = jinja2.Template(template, trim_blocks=True, keep_trailing_newline=True).render(values)
    return text


def provenance(variant: Variant, plan: VariantPlan, store: Path) -> dict[str, Any]:
    """The variant and the stages that made its weights, with their checks, for export.json."""
    stages: list[dict[str, Any]] = []
    for stage in plan.stages:
        known = made(store / "artifacts", stage) or {}
        kept: dict[str, Any] = {name: known[name] for name in ("checks", "versions") if name in known}
        stages.append({"kind": stage.kind, "digest": stage.digest, **kept})
    about = variant.model_dump(mode="json") | {"digest": variant.digest, "base": base_in_public(variant)}
    return {"variant": about, "stages": stages}


@dataclass(frozen=True)
class TaskLayout:
    """What is asked: the items' own words, the whole chats in which they are asked, and how answers end."""

    texts: list[str]
    chats: list[list[Turn]]
    max_tokens: int
    until: tuple[str, ...]
    before: str
    after: str
    system: str


def _layout_of(task: str, prompt: str, count: int) -> TaskLayout:
    pack = Pack.load(prompt)
    wording = pack.for_task(task)
    docs = TASKS[task].docs("test", count)
    if pack.turns != "chat":
        raise Refusal(
            f"the prompt pack {prompt!r} asks in plain text, and Ollama and phones chat",
            remedy="take a variant whose pack has 'turns: chat', or use 'proctor export gguf' alone",
        )
    asks = TASKS[task].asks
    before, _, after = wording.user.format(**{asks: ITEM}).partition(ITEM)
    chats: list[list[Turn]] = []
    if TASKS[task].framework == "lm_eval":
        asked = lm_eval_task(TASKS[task], prompt)
        limit, until = limits(asked)
        for item in list(asked.eval_docs)[: len(docs)]:
            chats.append(
                json.loads(laid_out(asked, item, pack, wording.shots, lambda turns, **_: json.dumps(turns)))
            )
    else:
        module = importlib.import_module(f"proctor.tasks.{task}.task")
        made = getattr(module, task)(prompt=prompt)
        limit, until = int(made.config.max_tokens), ()
        for doc, sample in zip(docs, made.dataset, strict=False):
            if not isinstance(sample.input, str):  # the task puts its own turns, with shots
                chats.append([{"role": turn.role, "content": turn.text} for turn in sample.input])
                continue
            system, user = render(pack, task, doc)
            chats.append([{"role": "user", "content": user}])
            if system:
                chats[-1].insert(0, {"role": "system", "content": system})
    texts = [str(doc[asks]) for doc in docs]
    return TaskLayout(texts, chats, limit, until, before, after, wording.system.strip())


def _modelfile(engine: LlamaCppEngine, variant: Variant, layout: TaskLayout) -> Modelfile:
    """SYSTEM is the wording's system text; what stands around the item goes into the template, around every item."""
    start = engine.start_token  # put in front by whoever reads the file, so no template may say it again

    def as_examined(chat: list[Turn]) -> str:
        return engine.apply_chat_template(chat).removeprefix(start)

    wording = ItemWording(layout.before, layout.after)
    template = recognise(as_examined)
    examples = []
    for turn in layout.chats[0][:-1]:
        if turn["role"] == "user":
            item = turn["content"].removeprefix(layout.before).removesuffix(layout.after)
            examples.append({**turn, "content": item})
        elif turn["role"] != "system":
            examples.append(turn)
    sampling = variant.sampling
    limit = sampling.max_tokens or layout.max_tokens
    longest = max(engine.prompt_length(engine.apply_chat_template(chat)) for chat in layout.chats)
    file = Modelfile(
        source=f"./{variant.name}.gguf",
        template=template.as_go(wording),
        system=layout.system,
        parameters=parameters(
            sampling.temperature or 0.0, sampling.top_p, sampling.seed, limit,
            min(engine.context_length, max(4096, 2 * (longest + limit))), layout.until,
        ),
        messages=tuple(examples),
    )  # fmt: skip
    for text, chat in zip(layout.texts, layout.chats, strict=True):
        if template.lay_out(file.chat(text), wording) != as_examined(chat):
            raise Refusal(
                "the Modelfile would ask otherwise than the task did; use 'proctor export gguf', or a simpler pack"
            )
    return file


def base_in_public(variant: Variant) -> str:
    """Where a base lies on this machine is nobody's business."""
    if Path(variant.base).is_absolute():
        return Path(variant.base).name
    return variant.base


def steps(stages: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each stage, with what its checks found."""
    return [f"- {stage['kind']} `{stage['digest'][:16]}`{_checks(stage)}" for stage in stages]


def _checks(stage: dict[str, Any]) -> str:
    checks = ""
    for check in stage.get("checks", ()):
        checks += ("; " if checks else ": ") + check["name"]
        for name in ("kl_mean", "top1_agreement"):
            if name in check["figures"]:
                checks += f", {name} {check['figures'][name]:.4g}"
    return checks
