"""promptfoo's results as JSON (`promptfoo eval -o results.json`), version 3 of its form.

    for foreign in read_promptfoo(Path("results.json"), Wish(metric="score")): ...

Each provider with each prompt is a variant. `score` is what the assertions give, `pass` is whether that was enough.
In promptfoo a test without assertions passes, an error is 0, and so is an assertion whose grader wrote no verdict. Here
none of them has a score; promptfoo's own figure is checked with them in it.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from proctor.common.digest import digest
from proctor.common.json_lines import read_json
from proctor.common.refusal import Refusal
from proctor.harness.imports import foreign
from proctor.harness.imports.foreign import Foreign, Wish, as_text, fields_of, objects, whole

VERSION = 3
METRICS = {"score": "score", "pass": "success"}  # by the field of a result
ERROR = 2  # why a test failed: 1 is an assertion, 2 is that there was no response


def read_promptfoo(path: Path, wish: Wish) -> Iterator[Foreign]:
    output = fields_of(read_json(path, "promptfoo's results"))
    results = fields_of(output.get("results"))
    if results.get("version") != VERSION:
        raise Refusal(
            f"is version {results.get('version')!r} of promptfoo's results", f"version {VERSION} is read here",
            "run it again with a promptfoo of today", path,
        )  # fmt: skip
    prompts = objects(results.get("prompts"), {"provider", "label", "metrics"}, "prompts of promptfoo", path)
    fields = {"promptIdx", "testIdx", "score", "success", "testCase"}
    tests = sorted(
        objects(results.get("results"), fields, "results of promptfoo", path),
        key=lambda test: whole(test["testIdx"], "testIdx", path),
    )
    strays = [test["promptIdx"] not in range(len(prompts)) for test in tests]
    foreign.refuse_rows(
        strays, "of a prompt that the file does not have", "bring the file that promptfoo wrote", path
    )
    metric = foreign.choose_metric(list(METRICS), wish, path)
    providers = [prompt["provider"] for prompt in prompts]
    described = fields_of(output.get("config")).get("description")
    for index, prompt in enumerate(prompts):
        called = as_text(prompt["provider"])
        if providers.count(prompt["provider"]) > 1:
            called += f" prompt {index + 1}"
        own = [test for test in tests if test["promptIdx"] == index]
        yield Foreign(
            "promptfoo", wish.variant or called, wish.task or as_text(described) or path.stem,
            _rows(own, METRICS[metric], wish, path), (path,), metric, ("task version", "judge"),
            scored_by="assertions", metric=wish.metric_name(metric), model=as_text(prompt["provider"]),
            reported=_reported(fields_of(prompt["metrics"]), metric, len(own), path), prompt=as_text(prompt["label"]),
            versions={"promptfoo": as_text(fields_of(output.get("metadata")).get("promptfooVersion"))},
        )  # fmt: skip


def _reported(metrics: Mapping[str, Any], metric: str, n: int, path: Path) -> float:
    """promptfoo's own sum, as a mean over the tests that it counts."""
    counts = [whole(metrics.get(f"test{what}Count"), "a count", path) for what in ("Pass", "Fail", "Error")]
    if sum(counts) != n or not n:
        raise Refusal(
            f"holds {n} results of a prompt that was tested {sum(counts)} times", "it is not the whole file",
            "bring the one that promptfoo wrote", path,
        )  # fmt: skip
    total = float(counts[0]) if metric == "pass" else foreign.score_of(metrics.get("score"), "in all", path)
    return total / n


def _rows(tests: list[dict[str, Any]], field: str, wish: Wish, path: Path) -> pd.DataFrame:
    """The same test several times (`--repeat`) is one sample with its epochs."""
    rows, epochs = [], dict[str, int]()
    for test in tests:
        case, grading = fields_of(test["testCase"]), fields_of(test.get("gradingResult"))
        asked = [case.get("vars"), case.get("assert")]
        item = digest(asked)[:16]
        epochs[item] = epochs.get(item, 0) + 1
        score = as_source = foreign.score_of(test[field], item, path)
        explanation = as_text(grading.get("reason") or test.get("error"))
        assertions = objects(grading.get("componentResults") or [], set(), "assertions of promptfoo", path)
        broken = [fields_of(each.get("metadata")).get("graderError") for each in assertions]
        if test.get("failureReason") == ERROR or not assertions or any(broken):
            score = math.nan
        rows.append({
            "sample_id": item, "epoch": epochs[item], "score": score, "as_source": as_source,
            "explanation": explanation, "prompt": as_text(fields_of(test.get("prompt")).get("raw")),
            "response": as_text(fields_of(test.get("response")).get("output")), "target": as_text(case.get("assert")),
            "cluster": foreign.cluster_of(case.get("vars"), wish.cluster, item, path), "doc_hash": digest(asked),
        })  # fmt: skip
    return pd.DataFrame(rows)
