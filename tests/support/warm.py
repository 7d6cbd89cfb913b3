"""What a command reads before it does its work, read once for all forks of a process: the libraries, Proctor's own
modules, and the items of its tasks.
"""

# ruff: noqa: F401, E402
import gc

gc.disable()  # no garbage is made here, and to look for it takes a quarter of the time

import importlib

import altair
import datasets
import inspect_ai.agent._acp.server
import inspect_ai.hooks._startup
import inspect_ai.log
import inspect_ai.model
import inspect_ai.model._openai_responses
import lm_eval.models.huggingface
import lm_eval.tasks
import markdown_it
import openai.types.chat
import peft
import scipy.stats
import transformers.models.llama.modeling_llama

from proctor.leaderboard.board import html
from proctor.tasks import TASKS
from tests.support.command import ROOT
from tests.support.house import ROOMS

NEEDS_A_GPU = "harness/engines/vllm.py"

for room in ROOMS:
    for path in sorted((ROOT / room).rglob("*.py")):
        name = path.relative_to(ROOT)
        if "tools" not in name.parts and name.as_posix() != NEEDS_A_GPU:
            importlib.import_module(
                "proctor." + ".".join(name.with_suffix("").parts).removesuffix(".__init__")
            )

for task in ("word_problems", "study_plan"):
    for split in ("train", "test"):
        TASKS[task].docs(split)

for path in html.TEMPLATES.glob("*.html"):
    html.environment().get_template(path.name)

gc.freeze()  # a fork that collects its garbage need not look through a million objects
gc.enable()
