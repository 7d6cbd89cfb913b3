"""Recipes: what may stand in one, and how a wrong one is refused."""

import subprocess
import sys

import pytest

from proctor.common.paths import PACKAGE, names
from proctor.common.refusal import Refusal
from proctor.finetune.recipe import PROJECTIONS, Recipe
from proctor.finetune.train.trainer import with_unsloth
from tests.support.mini_llama import recipe


def load(tmp_path, text: str) -> Recipe:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return Recipe.load(path)


GOOD = "method: lora\nsteps: 5\ndata:\n  - {source: concepts}\n"


@pytest.mark.parametrize("name", names("recipes"))
def test_every_ready_recipe_loads_by_its_name(name):
    assert Recipe.load(name).data


def test_there_is_a_recipe_for_each_task_and_the_predecessors():
    assert {"gsm8k-lora", "word-problems-lora", "concepts-lora", "study-plan-lora", "mixture-lora"} <= set(
        names("recipes")
    )
    old = Recipe.load("short-qlora")
    assert (old.method, old.rank, old.alpha, old.steps, old.batch) == ("qlora", 16, 16, 60, 8)
    assert (old.learning_rate, old.schedule, old.warmup_steps) == (2e-4, "linear", 5)
    assert old.target_modules == PROJECTIONS


def test_tiny_qlora_differs_from_tiny_lora_in_its_method_alone():
    one, other = Recipe.load("tiny-lora").model_dump(), Recipe.load("tiny-qlora").model_dump()
    assert {key for key in one if one[key] != other[key]} == {"method"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "learning_rat: 1.0e-3\n", "did you mean 'learning_rate'?"),
        (GOOD.replace("source:", "sorce:"), "did you mean 'source'?"),
        (GOOD + "epochs: 1\n", "both steps and epochs given; give exactly one"),
        (GOOD.replace("steps: 5\n", ""), "neither steps nor epochs given"),
        (GOOD.replace("method: lora\n", ""), "field 'method' is missing"),
        (GOOD + "rank: 8\nrank: 16\n", "'rank' stands twice"),
        (GOOD + "rank: 0\n", "rank: 0 is not possible; 1 or more is wanted"),
        (GOOD.replace("steps: 5\n", "epochs: 1\npacking: true\n"), "packing with epochs"),
        (GOOD + "warmup_steps: 5\n", "leaves nothing of 5 steps"),
        (GOOD + "target_modules: [lm_head]\n", "cannot carry an adapter"),
        (GOOD + "  - {source: concepts}\n", "stands twice"),
        (GOOD.replace("lora", "full") + "trainer: unsloth\n", "it trains adapters here; take trainer: trl"),
        ("- lora\n", "holds a list, not fields"),
        ("method: [", "not readable as YAML"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line_that_names_the_file(tmp_path, text, said):
    with pytest.raises(ValueError, match=r"mine\.yaml") as refused:
        load(tmp_path, text)
    message = str(refused.value)
    assert said in message
    assert "\n" not in message


def test_an_unknown_name_is_told_its_neighbour():
    with pytest.raises(ValueError, match="did you mean 'tiny-lora'"):
        Recipe.load("tiny-lara")


def test_the_digest_counts_settings_and_not_names_or_comments(tmp_path):
    plain = load(tmp_path, GOOD)
    assert load(tmp_path, "# a note\n" + GOOD + "rank: 16  # as by default\n").digest == plain.digest
    assert load(tmp_path, GOOD + "rank: 8\n").digest != plain.digest


def test_a_learning_curve_limits_every_source_and_raises_none():
    both = recipe(data=[{"source": "a", "examples": 50}, {"source": "b"}])
    assert [part.examples for part in both.with_examples(100).data] == [50, 100]


def test_the_wording_of_the_training_chats_can_be_chosen_for_each_exam(tmp_path):
    from proctor.common.refusal import Refusal
    from proctor.harness.plan.training import chat_file

    told = load(
        tmp_path,
        "method: lora\nsteps: 5\ndata:\n  - {source: study_plan, prompt: cot-2shot}\n  - {source: concepts}\n",
    )
    assert [part.prompt for part in told.data] == ["cot-2shot", "default"]
    plain = load(
        tmp_path, "method: lora\nsteps: 5\ndata:\n  - {source: study_plan}\n  - {source: concepts}\n"
    )
    assert plain.digest != told.digest
    assert "prompt" not in plain.model_dump()["data"][0], (
        "the default goes without saying: no digest changes by it"
    )
    default, other = (chat_file("study_plan", 4, 1, tmp_path, name) for name in ("default", "cot-2shot"))
    assert "Keep to the time that the pupil has." in other.path.read_text()
    assert default.digest != other.digest
    with pytest.raises(Refusal, match="no prompt pack 'none'"):
        chat_file("study_plan", 4, 1, tmp_path, "none")
    (tmp_path / "own.jsonl").write_text("{}")
    with pytest.raises(Refusal, match="a file of chats has its own wording"):
        chat_file(str(tmp_path / "own.jsonl"), 4, 1, tmp_path, "cot-2shot")


def test_recipes_are_read_without_loading_anything_heavy():
    code = (
        "import sys; from proctor.finetune.recipe import Recipe; import proctor.finetune.build;"
        "Recipe.load('tiny-lora');"
        "heavy = ('torch', 'numpy', 'transformers', 'peft', 'llama_cpp');"
        "print([name for name in heavy if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_task_without_a_number_of_examples_is_refused_and_not_cut_in_silence(tmp_path):
    from proctor.common.refusal import Refusal
    from proctor.harness.plan.training import chat_file

    with pytest.raises(Refusal, match="does not say how many examples of 'word_problems'"):
        chat_file("word_problems", None, 1, tmp_path)
    for name in names("recipes"):
        assert all(part.examples for part in Recipe.load(name).data)


def test_trainer_that_is_not_chosen_leaves_the_digest_as_it_was():
    plain = recipe()
    assert "trainer" not in plain.model_dump(mode="json")
    assert recipe(trainer="auto").digest == plain.digest
    assert recipe(trainer="trl").digest != plain.digest


def test_unsloth_is_refused_where_it_cannot_train():
    with pytest.raises(Refusal, match="it wants a GPU and the package unsloth"):
        with_unsloth(recipe(trainer="unsloth"), PACKAGE / "finetune" / "tiny")
    assert not with_unsloth(recipe(trainer="trl"), PACKAGE / "finetune" / "tiny")
