"""A rubric made better with an expert's advice, of which the user keeps, edits or drops each piece."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.markup import escape
from typer import Argument, Option

from proctor.common.paths import find
from proctor.common.refusal import Refusal
from proctor.common.terminal import Console, echo
from proctor.leaderboard.cli import PROJECT, STORE, Store, near

if TYPE_CHECKING:
    from proctor.judges.graders.grader import GraderSpec
    from proctor.judges.judge import Judge
    from proctor.judges.people.expert import Opinion, PlanPair, Suggestion


def refine(
    name: Annotated[str, Argument(help="What the new judge and prompt pack are called.")],
    expert: Annotated[
        str, Option(help="The expert: a model's name, or a YAML file with model, endpoint, ...")
    ],
    writer: Annotated[str, Option(help="Who writes the plans that are compared; named like the expert.")],
    judge: Annotated[str, Option("--from", help="The judge whose rubric is refined.")] = "study_plan",
    pupils: Annotated[int, Option(min=1, max=64, help="How many pupils plans are written for.")] = 6,
    decisions: Annotated[
        Path | None, Option(help="The file of suggestions, each decided on; without it the file is written.")
    ] = None,
    judges: Annotated[
        Path, Option(help="Where the judge's folder goes.", show_default="judges/ of the project")
    ] = PROJECT / "judges",
    packs: Annotated[
        Path, Option(help="Where the prompt pack goes.", show_default="prompts/ of the project")
    ] = PROJECT / "prompts",
    store: Store = STORE,
) -> None:
    """Refine a rubric: an expert compares plans, names its criteria and advises; you decide; a new judge is written."""
    from proctor.harness.judging.deciding import leave_to_decide
    from proctor.judges.people.refine import read_decisions, rubric_of, write_judge

    loaded = _checked(name, judge, judges / name, packs / f"{name}.yaml")
    work = store / "refine" / name
    work.mkdir(parents=True, exist_ok=True)
    who, suggestions, heard = _advice(loaded, expert, writer, pupils, work)
    path = work / "suggestions.yaml"
    if decisions is None:
        leave_to_decide(loaded, suggestions, path)
        echo(f"Decide in {near(path)}, then run this again with --decisions {near(path)}")
        return
    decided = read_decisions(decisions)
    refined = rubric_of(loaded, suggestions, decided)
    made = write_judge(judges / name, loaded, refined, decided, heard, who)
    _write_pack(packs / f"{name}.yaml", made)
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"Judge: {escape(near(judges / name))}; prompt pack: {escape(near(packs / f'{name}.yaml'))}"
    )
    for dimension in refined:
        console.print(f"  {dimension.name}: {escape(dimension.origin)}")


def _checked(name: str, judge: str, *made: Path) -> "Judge":
    """The judge that is refined, when nothing stands in the way of a new one."""
    from proctor.common.schema import check_name
    from proctor.judges.judge import Judge

    check_name(name, "judge")
    loaded = Judge.load(judge)
    if loaded.kind not in ("rubric", "panel"):
        raise Refusal(f"judge {loaded.name!r} is a {loaded.kind}; refine one that asks a model for scores")
    if loaded.subject != "plan":
        raise Refusal(f"judge {loaded.name!r} is for questions; rubrics are refined over study plans")
    for path in made:
        if path.exists():
            raise Refusal(f"there is a {path.name!r} already; choose another name ({path})")
    return loaded


def _advice(
    judge: "Judge", expert: str, writer: str, pupils: int, work: Path
) -> "tuple[str, list[Suggestion], list[dict[str, Any]]]":
    """Who advised, what, and all that was said. The replies are kept, so that a second run asks nobody again."""
    from proctor.judges.panel import open_grader
    from proctor.judges.people.expert import Expert, advise, compare

    spec = _single_model(expert)
    spec = spec.model_copy(update={"max_tokens": max(spec.max_tokens or 0, 4096)})
    asked = Expert(open_grader(spec), work / "expert.replies.jsonl")
    pairs = _written_pairs(judge, writer, pupils, work)
    try:
        opinions = compare(asked, pairs)
        _show_opinions(opinions)
        suggestions = advise(asked, judge, opinions)
    finally:
        heard = _keep(work / "expert.jsonl", asked.transcript)
    return spec.name, suggestions, heard


def _written_pairs(judge: "Judge", writer: str, pupils: int, work: Path) -> "list[PlanPair]":
    """For each pupil a plan of the task's wording alone, and one with the judge's dimensions in it."""
    from proctor.judges.panel import open_grader
    from proctor.judges.people.expert import Expert, PlanPair, write_plans
    from proctor.tasks.prompt_pack import Pack
    from proctor.tasks.study_plan.profile import as_doc, profiles

    spec = _single_model(writer)
    wording = Pack.load("default").for_task("study_plan").model_copy(update={"dimensions": ""})
    with_them = wording.model_copy(update={"dimensions": _dimensions(judge)})
    step = max(1, len(profiles()) // pupils)
    docs = list(map(as_doc, profiles()[::step][:pupils]))
    prompts = {}
    for doc in docs:
        prompts[f"{doc['id']} plain"] = wording.user.format(profile=doc["profile"])
        prompts[f"{doc['id']} guided"] = with_them.user.format(profile=doc["profile"])
    asked = Expert(open_grader(spec.model_copy(update={"schema_": "never"})), work / "writer.replies.jsonl")
    try:
        texts = write_plans(asked, prompts)
    finally:
        _keep(work / "plans.jsonl", asked.transcript)
    pairs = []
    for doc in docs:
        plain, guided = texts[f"{doc['id']} plain"], texts[f"{doc['id']} guided"]
        pairs.append(PlanPair(doc["id"], str(doc["profile"]), plain, guided))
    return pairs


def _dimensions(judge: "Judge") -> str:
    """The rubric as a part of a prompt pack's wording, in which braces stand for fields."""
    from proctor.judges.people.expert import guidance

    return guidance(judge.rubric, judge.dimensions).replace("{", "{{").replace("}", "}}")


def _single_model(name: str) -> "GraderSpec":
    from proctor.harness.plan.grading import spec_from
    from proctor.judges.graders.grader import GraderSpec

    spec = spec_from(name)
    if not isinstance(spec, GraderSpec) or spec.through == "engine":
        raise Refusal(
            f"{name!r} is no single model behind an endpoint", remedy="give a YAML file with model, endpoint"
        )
    return spec


def _keep(path: Path, said: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """All that was ever said, also in a run before this one: a reply that nobody could read is not kept for another
    time, so it stands only here.
    """
    from proctor.common.files import write_json_lines
    from proctor.common.json_lines import read_json_lines

    kept: dict[tuple[str, str], dict[str, Any]] = {}
    if path.exists():
        for _, entry in read_json_lines(path, '{"expert": ..., "question": ..., "replies": [...]}'):
            kept[entry["expert"], entry["question"]] = entry
    for entry in said:
        key = entry["expert"], entry["question"]
        before = kept.get(key, {"replies": []})["replies"]
        new = [reply for reply in entry["replies"] if reply not in before]
        kept[key] = {**entry, "replies": [*before, *new]}
    write_json_lines(path, kept.values())
    return list(kept.values())


def _show_opinions(opinions: "Sequence[Opinion]") -> None:
    console = Console(highlight=False)
    for opinion in opinions:
        criteria = ", ".join(criterion.name for criterion in opinion.criteria)
        text = opinion.problem or f"{opinion.better} is better; by {criteria}"
        console.print(f"{escape(opinion.pupil)}: {escape(text)}")
    count = Counter(opinion.better for opinion in opinions)
    console.print(
        f"Better with the dimensions: {count['guided']}, without: {count['plain']}, ties: {count['tie']}"
    )


def _write_pack(path: Path, judge: "Judge") -> None:
    """The default pack with the new dimensions told to the writer of study plans."""
    import yaml

    from proctor.common.schema import load_yaml
    from proctor.tasks.prompt_pack import Pack

    pack = load_yaml(find("prompts", "default"))
    pack["about"] = f"As default, with the dimensions of judge {judge.name} told for study plans."
    pack["wording"]["study_plan"]["dimensions"] = _dimensions(judge)
    Pack.model_validate(pack)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(pack, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")
