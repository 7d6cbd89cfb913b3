"""Writes the chats that the embedded model is trained on: `python -m proctor.harness.tools.corpus --out FOLDER`.

Everything comes from the exams' training sides, so that no item of a test is in it; some chats carry solved examples
before the question, so that the model knows shots. finetune/tools/make_tiny.py reads the files and knows none of this.
"""

import argparse
import json
import random
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from proctor.common.files import as_json_lines
from proctor.tasks.concepts.taxonomy import names
from proctor.tasks.prompt_pack import Pack, render, train_chat, train_chats
from proctor.tasks.study_plan.profile import as_doc
from proctor.tasks.study_plan.tools.generate import stream as pupils
from proctor.tasks.study_plan.tools.write import activities, write
from proctor.tasks.tools.compose import compose
from proctor.tasks.word_problems.tools.generate import stream

Chat = dict[str, Any]

# The embedded model is meant to be half able. It often answers a problem without working, which it is bad at; a recipe
# that trains on worked answers alone has something to teach it.
HASTY_SHARE = 0.35


def word_problems(n: int, seed: int, hasty: float) -> Iterator[Chat]:
    """Problems put together freely, and some of the exam's training families."""
    pack, rng = Pack.load("default"), random.Random(seed)
    for problem in chain(compose(n - n // 6, seed), stream("train", n // 6, seed)):
        _, user = render(pack, "word_problems", problem)
        worked = problem["answer"]
        yield _chat(user, worked[worked.rindex("####") :] if rng.random() < hasty else worked)


def concept_texts(n: int, seed: int) -> Iterator[Chat]:
    """Short texts from the bank of exercises and mistakes, each about the concept that it stands under."""
    rng, pack, bank = random.Random(seed), Pack.load("default"), list(activities().items())
    for _ in range(n):
        chosen = rng.sample(bank, rng.choice((1, 1, 1, 2)))
        text = " ".join(_exercise(rng, activity) for _, activity in chosen)
        _, user = render(pack, "concepts", {"text": text})
        yield _chat(user, json.dumps(names([topic for topic, _ in chosen]), ensure_ascii=False))


def plans(n: int, seed: int) -> Iterator[Chat]:
    pack = Pack.load("default")
    for pupil in pupils(n, seed):
        yield train_chat(pack, "study_plan", as_doc(pupil), write(pupil, seed))


def _exercise(rng: random.Random, activity: Any) -> str:
    mistake = rng.choice(activity.mistakes)
    return rng.choice((
        f"{rng.choice(activity.tasks)}.",
        f'A pupil wrote "{mistake.work}". What went wrong: {mistake.why}.',
        f'My homework says "{mistake.work}" is not right. Why?',
    ))  # fmt: skip


def with_shots(chats: list[Chat], seed: int, share: float = 0.15) -> Iterator[Chat]:
    """Some of the chats with one or two solved ones before them."""
    rng = random.Random(seed)
    for chat in chats:
        if rng.random() < share:
            shots = rng.sample(chats, rng.choice((1, 2)))
            before = [turn for shot in shots for turn in (*shot["prompt"], *shot["completion"])]
            yield {"prompt": [*before, *chat["prompt"]], "completion": chat["completion"]}
        else:
            yield chat


def _chat(user: str, answer: str) -> Chat:
    return {
        "prompt": [{"role": "user", "content": user}],
        "completion": [{"role": "assistant", "content": answer}],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--word-problems", type=int, default=60_000)
    parser.add_argument("--hasty-share", type=float, default=HASTY_SHARE)
    parser.add_argument("--plans", type=int, default=6_000)
    parser.add_argument("--concept-texts", type=int, default=8_000)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    problems = list(word_problems(given.word_problems, given.seed, given.hasty_share))
    concepts = train_chats("concepts", 10_000, given.seed)
    files = {
        "word_problems": with_shots(problems, given.seed),
        "study_plan": plans(given.plans, given.seed),
        "concepts": with_shots(concepts, given.seed) if concepts else iter(()),
        "concept_texts": concept_texts(given.concept_texts, given.seed),
    }
    for name, chats in files.items():
        path = given.out / f"{name}.jsonl"
        written = as_json_lines(chats, sort_keys=True)
        path.write_text(written, encoding="utf-8")
        print(f"{path}: {written.count(chr(10))} chats")


if __name__ == "__main__":
    main()
