"""HELM's runs: per_instance_stats.json, with stats.json, run_spec.json and scenario_state.json of the same run.

    run = Path("benchmark_output/runs/mine/mmlu:subject=anatomy,model=openai_gpt2")
    for foreign in read_helm(run / "per_instance_stats.json", Wish(metric="exact_match")): ...

A metric is called `exact_match,test`, and `exact_match,test,typos` on perturbed instances. HELM's trials, which differ
in their shots, become epochs: its own figure is the mean of the trials' means.
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

PER_INSTANCE = "per_instance_stats.json"
Key = tuple[str, str, int]  # the split with its perturbation, the instance, the trial


def read_helm(path: Path, wish: Wish) -> Iterator[Foreign]:
    spec = fields_of(read_json(path.with_name("run_spec.json"), "what HELM was asked to run"))
    asked = _asked(path.with_name("scenario_state.json"))
    stats = path.with_name("stats.json")
    reported: dict[str, float] = {}
    for stat in objects(read_json(stats, "HELM's figures of the run"), {"name"}, "figures of HELM", stats):
        reported[_metric(stat)] = foreign.score_of(stat.get("mean"), _metric(stat), stats)
    scores = _scores(path)
    metric = foreign.choose_metric(list(scores), wish, path, reported)
    if math.isnan(reported.get(metric, math.nan)):
        why = "nothing holds its scores to HELM's figure"
        raise Refusal(f"{metric!r} is not in stats.json", why, where=path)
    headline, _, part = metric.partition(",")
    rows = []
    for key in dict.fromkeys([*asked, *scores[metric]]):  # an instance without a score keeps its row
        if key[0] == part:
            rows.append(_row(key, scores[metric].get(key, set()), asked.get(key, []), wish, path))
    adapter = fields_of(spec.get("adapter_spec"))
    name, _, arguments = as_text(spec.get("name")).partition(":")
    for argument in arguments.split(","):
        if not argument.startswith(("model=", "model_deployment=")):
            name += f" {argument}"
    model = as_text(adapter.get("model"))
    yield Foreign(
        "helm", wish.variant or model, wish.task or name.strip(), pd.DataFrame(rows), (path, stats),
        headline, ("task version",), metric=wish.metric_name(metric), model=model, reported=reported[metric],
        sampling={field: adapter[field] for field in ("temperature", "max_tokens") if field in adapter},
        prompt=f"{adapter.get('max_train_instances', 0)} shots",
    )  # fmt: skip


def _metric(stat: Mapping[str, Any]) -> str:
    name = fields_of(stat["name"])
    return f"{as_text(name.get('name'))},{_part(name)}"


def _part(named: Mapping[str, Any]) -> str:
    """Figures on the instances before perturbation, and the worst of both, are others than those after it."""
    perturbation = fields_of(named.get("perturbation"))
    part = as_text(named.get("split"))
    if named.get("sub_split"):
        part += f"/{as_text(named['sub_split'])}"
    if perturbation:
        part += f",{as_text(perturbation.get('name'))}"
    if perturbation.get("computed_on", "perturbed") != "perturbed":
        part += f" ({perturbation['computed_on']})"
    return part


def _scores(path: Path) -> dict[str, dict[Key, set[float]]]:
    """By metric. HELM writes an entry for each of a run's metrics, and what several of them measure each time."""
    scores: dict[str, dict[Key, set[float]]] = {}
    fields = {"instance_id", "train_trial_index", "stats"}
    instances = read_json(path, "HELM's figures of each instance")
    for entry in objects(instances, fields, "instances of HELM", path):
        item = as_text(entry["instance_id"])
        for stat in objects(entry["stats"], {"name"}, "figures of HELM", path):
            metric = _metric(stat)
            key = metric.partition(",")[2], item, whole(entry["train_trial_index"], "a trial", path)
            values = scores.setdefault(metric, {}).setdefault(key, set())
            if stat.get("mean") is not None:
                values.add(foreign.score_of(stat["mean"], item, path))
    return scores


def _asked(path: Path) -> dict[Key, list[dict[str, Any]]]:
    """The requests of each instance: one, but for multiple choice that asks for each option apart."""
    asked: dict[Key, list[dict[str, Any]]] = {}
    state = fields_of(read_json(path, "what HELM asked and what came back"))
    for request in objects(state.get("request_states"), {"instance"}, "requests of HELM", path):
        instance = fields_of(request["instance"])
        trial = whole(request.get("train_trial_index"), "a trial", path)
        asked.setdefault((_part(instance), as_text(instance.get("id")), trial), []).append(request)
    return asked


def _row(
    key: Key, scores: set[float], requests: list[dict[str, Any]], wish: Wish, path: Path
) -> dict[str, Any]:
    _, item, trial = key
    if len(scores) > 1:
        raise Refusal(
            f"instance {item} has {len(scores)} values of this metric", "a sample has one score", where=path
        )
    row = {"sample_id": item, "epoch": trial + 1, "score": math.nan, "explanation": "HELM gives no value"}
    for score in scores:
        row |= {"score": score, "explanation": ""}
    instance = fields_of(requests[0]["instance"]) if requests else {}
    row["doc_hash"] = digest([instance.get("input"), instance.get("references")])
    row["cluster"] = foreign.cluster_of(instance.get("extra_data"), wish.cluster, item, path)
    row["prompt"] = row["response"] = ""
    if len(requests) == 1:
        completions = fields_of(requests[0].get("result")).get("completions") or []
        row["prompt"] = as_text(fields_of(requests[0].get("request")).get("prompt"))
        for completion in objects(completions, {"text"}, "completions of HELM", path)[:1]:
            row["response"] = as_text(completion["text"])
    return row
