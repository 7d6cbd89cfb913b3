"""What a command reads before it does its work, read once for all forks of a process: the libraries, Proctor's own
modules, the items of its tasks, these tasks as lm-eval has them, and the words of courses and plans.
"""

# ruff: noqa: F401, E402
import gc
from importlib import metadata

import tests.support.installed  # before Inspect

gc.disable()  # no garbage is made here, and to look for it takes a quarter of the time

import importlib

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

from proctor.harness.ask.lm_eval import lm_eval_task
from proctor.judges.judge import Judge
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

for task in ("word_problems", "concepts"):
    lm_eval_task(TASKS[task], "default")

for doc in TASKS["study_plan"].docs("test")[::5]:
    TASKS["study_plan"].score(doc, doc["target"])

for judge in ("checklist", "study_plan"):
    Judge.load(judge)

metadata.packages_distributions()
inspect_ai.model.get_model_info("openai/gpt-4o")  # reads its list of models, which each run would look into

for path in html.TEMPLATES.glob("*.html"):
    html.environment().get_template(path.name)

gc.freeze()  # a fork that collects its garbage need not look through a million objects
gc.enable()
