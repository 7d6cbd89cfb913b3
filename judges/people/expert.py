"""What an expert model says of a rubric: which plan is better and by what, and what it would change.

The expert compares plans written with and without the rubric's dimensions, names the criteria that it used, and then
advises. All that it says is kept.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proctor.common.refusal import Refusal
from proctor.judges.graders.asking import KeptReplies, ask_all, run
from proctor.judges.graders.grader import Grader, Question, fingerprint
from proctor.judges.graders.reply import LONGEST, objects_in
from proctor.judges.judge import Judge
from proctor.judges.prompt import filled, object_schema, tag_of
from proctor.judges.rubric import Rubric
from proctor.judges.verdict import ParsedReply


class Suggestion(BaseModel):
    """What the expert advises on one dimension, and why; for change and add the dimension in words."""

    model_config = ConfigDict(extra="ignore")

    action: Literal["keep", "change", "drop", "add"]
    dimension: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    why: str = ""
    about: str = ""
    anchors: dict[int, str] = {}

    def whole(self, levels: range) -> bool:
        return bool(self.about.strip()) and all(self.anchors.get(level, "").strip() for level in levels)


class Criterion(BaseModel):
    name: str
    about: str = ""
    seen: str = ""


@dataclass(frozen=True)
class PlanPair:
    """Two plans for a pupil; `plain` was written with the task alone, `guided` with the rubric's dimensions too."""

    pupil: str
    profile: str
    plain: str
    guided: str

    @property
    def plain_first(self) -> bool:
        """Drawn by lot from the texts, so that it is the same each time and tells nothing."""
        return int(fingerprint([self.pupil, self.plain, self.guided])[:8], 16) % 2 == 0


@dataclass(frozen=True)
class Opinion:
    """What the expert said of two plans: 'plain', 'guided' or 'tie', and its criteria. With a `problem`, nothing."""

    pupil: str
    better: str = ""
    criteria: tuple[Criterion, ...] = ()
    problem: str = ""


@dataclass
class Expert:
    """A grader that is asked for more than scores. `transcript` keeps every question and every reply, read or not."""

    grader: Grader
    cache: Path | None = None
    transcript: list[dict[str, Any]] = field(default_factory=list)

    def ask(
        self, prompts: Sequence[tuple[str, str]], schema: dict[str, Any], read: Callable[[str], ParsedReply]
    ) -> list[ParsedReply]:
        """`prompts` are (what it is about, the question)."""
        kept = KeptReplies(self.cache) if self.cache else None
        replies: dict[str, list[str]] = defaultdict(list)

        def hear(about: str, text: str) -> ParsedReply:
            replies[about].append(text)
            return read(text)

        asks = []
        for about, prompt in prompts:
            key = fingerprint([self.grader.spec.identity, prompt])
            asks.append(Question(key, (("user", prompt),), schema, partial(hear, about)))
        answers = run(ask_all(asks, self.grader, kept))
        for (about, prompt), answer in zip(prompts, answers, strict=True):
            self.transcript.append({
                "expert": self.grader.spec.name, "about": about, "question": prompt, "replies": replies[about],
                "problem": answer.problem,
            })  # fmt: skip
        return answers


def write_plans(expert: Expert, prompts: Mapping[str, str]) -> dict[str, str]:
    """The plans that a model writes for these prompts, by name. One that could not be had is refused."""

    def read(text: str) -> ParsedReply:
        if not text.strip():
            return ParsedReply(problem="the plan is empty", reason="unreadable")
        return ParsedReply(choice=text)

    plans = {}
    failed = []
    for name, answer in zip(prompts, expert.ask(list(prompts.items()), {}, read), strict=True):
        plans[name] = answer.choice
        if answer.problem:
            failed.append(f"{name}: {answer.problem}")
    if failed:
        raise Refusal(f"{len(failed)} of {len(prompts)} plans could not be written: {failed[0]}")
    return plans


def compare(expert: Expert, pairs: Sequence[PlanPair]) -> list[Opinion]:
    """What the expert says of each pair, in an order drawn by lot and without names."""
    prompts = []
    for pair in pairs:
        texts = {"profile": pair.profile, "first": pair.plain, "second": pair.guided}
        if not pair.plain_first:
            texts |= {"first": pair.guided, "second": pair.plain}
        prompts.append((pair.pupil, _question("compare", {"tag": tag_of("refine", texts), **texts})))
    reads = expert.ask(prompts, _compare_schema(), _read_opinion)
    return list(map(_opinion, pairs, reads))


def _question(name: str, values: Mapping[str, str]) -> str:
    template = Path(__file__).with_name(f"expert_{name}.txt").read_text(encoding="utf-8")
    return filled(template, values)


def _opinion(pair: PlanPair, read: ParsedReply) -> Opinion:
    if read.problem:
        return Opinion(pair.pupil, problem=read.problem)
    reply = json.loads(read.choice)
    names = {"first": "guided", "second": "plain", "tie": "tie"}
    if pair.plain_first:
        names |= {"first": "plain", "second": "guided"}
    criteria = [Criterion(**criterion) for criterion in reply["criteria"]]
    return Opinion(pair.pupil, names[reply["better"]], tuple(criteria))


def advise(expert: Expert, judge: Judge, opinions: Sequence[Opinion]) -> list[Suggestion]:
    """One suggestion for every present dimension (nothing said: keep), and what the expert would add."""
    heard = [opinion for opinion in opinions if not opinion.problem]
    if not opinions:
        raise Refusal("the expert compared no pair: there was none")
    if not heard:
        raise Refusal(f"the expert compared no pair: {opinions[0].problem}")
    criteria = []
    for opinion in heard:
        for criterion in opinion.criteria:
            criteria.append(f"- {criterion.name}: {criterion.about} {criterion.seen}")
    levels = judge.scale.levels
    values = {
        "lowest": str(levels[0]),
        "highest": str(levels[-1]),
        "rubric": "\n".join(judge.rubric.dimensions[name].as_text(name) for name in judge.dimensions),
        "count": str(len(heard)),
        "criteria": "\n".join(criteria),
        "levels": ", ".join(f'"{level}": "<sentence>"' for level in levels),
    }
    prompt = _question("advise", values)
    (read,) = expert.ask([("advice", prompt)], _advise_schema(levels), partial(_read_advice, judge=judge))
    if read.problem:
        raise Refusal(f"the expert gave no advice that can be read: {read.problem}")
    suggestions = [Suggestion.model_validate(advice) for advice in json.loads(read.choice)]
    named = [suggestion.dimension for suggestion in suggestions]
    for name in judge.dimensions:
        if name not in named:
            suggestions.append(Suggestion(action="keep", dimension=name, why="the expert said nothing of it"))
    return suggestions


def guidance(rubric: Rubric, dimensions: Sequence[str]) -> str:
    """The rubric's dimensions as they stand in a writer's prompt."""
    lines = [f"- {name.replace('_', ' ')}: {rubric.dimensions[name].about.strip()}" for name in dimensions]
    return "A good plan is strong in all of these:\n" + "\n".join(lines)


def last_object(text: str, key: str) -> dict[str, Any]:
    """The last JSON object in a reply that has the key; an empty one where none has.

    >>> last_object('{"advice": 1} then {"advice": 2}', "advice")
    {'advice': 2}
    """
    last: dict[str, Any] = {}
    objects, cut = objects_in(text[:LONGEST])
    for value in objects if cut is None else ():
        if key in value:
            last = value
    return last


def _read_opinion(text: str) -> ParsedReply:
    reply = last_object(text, "criteria")
    try:
        criteria = [Criterion.model_validate(criterion).model_dump() for criterion in reply["criteria"]]
        better = str(reply["better"]).strip().casefold()
    except (KeyError, TypeError, ValidationError):
        return ParsedReply(problem="no criteria and choice in the reply", reason="unreadable")
    if better not in ("first", "second", "tie") or not criteria:
        return ParsedReply(problem="no criteria, or none of first, second and tie", reason="unreadable")
    return ParsedReply(choice=json.dumps({"better": better, "criteria": criteria[:3]}))


def _read_advice(text: str, judge: Judge) -> ParsedReply:
    try:
        suggestions = [Suggestion.model_validate(row) for row in last_object(text, "advice")["advice"]]
    except (KeyError, TypeError, ValidationError):
        return ParsedReply(problem="no list of advice in the reply", reason="unreadable")
    problem = ""
    for suggestion in suggestions:
        action, name = suggestion.action, suggestion.dimension
        if (action == "add") == (name in judge.dimensions):
            problem = f"{action} {name!r} does not fit the rubric"
        elif action in ("add", "change") and not suggestion.whole(judge.scale.levels):
            problem = f"{name!r} lacks an anchor or what it is"
    if len({suggestion.dimension for suggestion in suggestions}) < max(1, len(suggestions)):
        problem = "a dimension is advised on twice, or none is"
    if problem:
        return ParsedReply(problem=problem, reason="unreadable")
    return ParsedReply(choice=json.dumps([suggestion.model_dump() for suggestion in suggestions]))


def _compare_schema() -> dict[str, Any]:
    text = {"type": "string"}
    criterion = object_schema({"name": text, "about": text, "seen": text})
    better = {"type": "string", "enum": ["first", "second", "tie"]}
    return object_schema({"criteria": {"type": "array", "items": criterion}, "better": better})


def _advise_schema(levels: range) -> dict[str, Any]:
    text = {"type": "string"}
    suggestion = {
        "action": {"type": "string", "enum": ["keep", "change", "drop", "add"]},
        "dimension": text, "why": text, "about": text,
        "anchors": object_schema(dict.fromkeys(map(str, levels), text)),
    }  # fmt: skip
    return object_schema({"advice": {"type": "array", "items": object_schema(suggestion)}})
