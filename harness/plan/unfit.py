"""What a base, or a prompt pack, lacks for what is asked, seen in the files before any variant of the suite is asked.

    refuse_unfit(variant, stages, tasks, store)

Loads no weights.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proctor.common.refusal import Refusal, located
from proctor.finetune.base import is_gguf, local_folder, resolve_base
from proctor.finetune.base_settings import has_chat_template
from proctor.finetune.build import Stage, is_kept
from proctor.finetune.gguf.header import read_header
from proctor.harness.config.variant import Variant
from proctor.tasks import Task
from proctor.tasks.prompt_pack import STOCK, Pack


def refuse_unfit(variant: Variant, stages: Sequence[Stage], tasks: Sequence[Task], store: Path) -> None:
    """A GGUF file that is cut off, one that can't be dequantised, and a base without a template that is to chat."""
    if variant.engine in ("openai", "echo"):
        return
    with located(f"variant {variant.name}"):
        if is_gguf(variant.base):
            file = resolve_base(variant.base)
            header = read_header(file)
            if stages and not is_kept(store / "artifacts", stages[0]):
                from proctor.finetune.gguf.dequantize import check_architecture

                check_architecture(header, file)
        else:
            folder = local_folder(variant.base)
            if folder is None:
                return
            file = folder
        pack = Pack.load(variant.prompt)
        if any(_chats(task, pack) for task in tasks) and not has_chat_template(file):
            raise Refusal(
                "the base has no chat template", f"the prompt pack {variant.prompt!r} asks in turns of a chat",
                "take a prompt pack with 'turns: text', or a base with a template", file,
            )  # fmt: skip


def _chats(task: Task, pack: Pack) -> bool:
    if task.asks == STOCK and task.framework == "lm_eval":
        return pack.stock == "chat"
    return pack.turns == "chat"


def examples(task: Task, shots: int) -> list[dict[str, Any]]:
    """The solved examples that stand before each item. Where they are too few, lm-eval would take items of the test."""
    docs = task.docs("train", shots)
    if len(docs) < shots:
        raise Refusal(
            f"{shots} examples of {task.name} are to be shown; there are {len(docs)}",
            remedy="name a file with more rows with `train:` in the task's file, or lower `shots:`",
        )
    return docs
