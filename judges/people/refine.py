"""What an expert model says of a rubric: which plan is better and by what, and what it would change.

The expert compares plans written with and without the rubric's dimensions, names the criteria that it used, and then
advises. All that it says is kept.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proctor.common.refusal import Refusal
from proctor.judges.graders.asking import AnsweredQuestion, KeptReplies, KeyedQuestion, ask_all, run
from proctor.judges.graders.grader import Grader, Question, fingerprint
from proctor.judges.graders.reply import ParsedReply
from proctor.judges.judge import Judge
from proctor.judges.prompt import tag_of
from proctor.judges.rubric import Rubric

Action = Literal["keep", "change", "drop", "add"]
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class DimensionText(BaseModel):
    """A dimension in words, as it may stand in a rubric."""

    model_config = ConfigDict(extra="ignore")

    about: str = ""
    anchors: dict[int, str] = {}

    def whole(self, levels: range) -> bool:
        return bool(self.about.strip()) and all(self.anchors.get(level, "").strip() for level in levels)


class Suggestion(DimensionText):
    """What the expert advises on one dimension, and why."""

    action: Action
    dimension: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    why: str = ""


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
    """A grader that is asked for more than scores. `said` keeps every question and every reply, read or not."""

    grader: Grader
    cache: Path | None = None
    said: list[dict[str, Any]] = field(default_factory=list)

    def ask(
        self, prompts: Sequence[tuple[str, str]], schema: dict[str, Any], read: Callable[[str], ParsedReply]
    ) -> list[ParsedReply]:
        """`prompts` are (what it is about, the question)."""
        kept = KeptReplies(self.cache) if self.cache else None
        heard: dict[str, list[str]] = {about: [] for about, _ in prompts}

        def reader(about: str) -> Callable[[str], ParsedReply]:
            def of(text: str) -> ParsedReply:
                heard[about].append(text)
                return read(text)

            return of

        asks = [
            KeyedQuestion(
                fingerprint([self.grader.spec.identity, prompt]),
                Question((("user", prompt),), schema),
                reader(about),
            )
            for about, prompt in prompts
        ]
        asked: list[AnsweredQuestion] = run(self._all(asks, kept))
        for (about, prompt), one in zip(prompts, asked, strict=True):
            self.said.append(
                {
                    "expert": self.grader.spec.name,
                    "about": about,
                    "question": prompt,
                    "replies": heard[about],
                    "problem": one.read.problem,
                }
            )
        return [one.read for one in asked]

    async def _all(self, asks: Sequence[KeyedQuestion], kept: KeptReplies | None) -> list[AnsweredQuestion]:
        try:
            return await ask_all(asks, self.grader, kept, lambda done, tokens: None)
        finally:
            await self.grader.aclose()


def write_plans(expert: Expert, prompts: Mapping[str, str]) -> dict[str, str]:
    """The plans that a model writes for these prompts, by name. One that could not be had is refused."""

    def read(text: str) -> ParsedReply:
        return (
            ParsedReply(choice=text)
            if text.strip()
            else ParsedReply(problem="the plan is empty", reason="unreadable")
        )

    found = dict(zip(prompts, expert.ask(list(prompts.items()), {}, read), strict=True))
    failed = [f"{name}: {one.problem}" for name, one in found.items() if one.problem]
    if failed:
        raise Refusal(f"{len(failed)} of {len(prompts)} plans could not be written: {failed[0]}")
    return {name: one.choice for name, one in found.items()}


def compare(expert: Expert, pairs: Sequence[PlanPair]) -> list[Opinion]:
    """What the expert says of each pair, in an order drawn by lot and without names."""
    prompts = []
    for two in pairs:
        first, second = (two.plain, two.guided) if two.plain_first else (two.guided, two.plain)
        texts = {"profile": two.profile, "first": first, "second": second}
        prompts.append((two.pupil, _filled("compare", {"tag": tag_of("refine", texts), **texts})))
    reads = expert.ask(prompts, _compare_schema(), _read_opinion)
    return [_opinion(two, read) for two, read in zip(pairs, reads, strict=True)]


def _filled(name: str, values: Mapping[str, str]) -> str:
    """A question from its file; what is put in is never read for placeholders itself."""
    template = Path(__file__).with_name(f"refine_{name}.txt").read_text(encoding="utf-8")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template).strip()


def _opinion(two: PlanPair, read: ParsedReply) -> Opinion:
    if read.problem:
        return Opinion(two.pupil, problem=read.problem)
    said = json.loads(read.choice)
    names = ("plain", "guided") if two.plain_first else ("guided", "plain")
    better = {"first": names[0], "second": names[1]}.get(said["better"], "tie")
    return Opinion(two.pupil, better, tuple(Criterion(**one) for one in said["criteria"]))


def advise(expert: Expert, judge: Judge, opinions: Sequence[Opinion]) -> list[Suggestion]:
    """One suggestion for every present dimension (nothing said: keep), and what the expert would add."""
    heard = [one for one in opinions if not one.problem]
    if not heard:
        raise Refusal(f"the expert compared no pair: {opinions[0].problem if opinions else 'there was none'}")
    levels = judge.scale.levels
    said = {
        "lowest": str(levels[0]),
        "highest": str(levels[-1]),
        "rubric": "\n".join(_said(name, judge.rubric) for name in judge.dimensions),
        "count": str(len(heard)),
        "criteria": "\n".join(
            f"- {one.name}: {one.about} {one.seen}" for two in heard for one in two.criteria
        ),
        "levels": ", ".join(f'"{level}": "<sentence>"' for level in levels),
    }
    prompt = _filled("advise", said)
    read = expert.ask([("advice", prompt)], _advise_schema(levels), lambda text: _read_advice(text, judge))[0]
    if read.problem:
        raise Refusal(f"the expert gave no advice that can be read: {read.problem}")
    given = [Suggestion.model_validate(one) for one in json.loads(read.choice)]
    named = {one.dimension for one in given}
    silent = [
        Suggestion(action="keep", dimension=name, why="the expert said nothing of it")
        for name in judge.dimensions
        if name not in named
    ]
    return [*given, *silent]


def guidance(rubric: Rubric, dimensions: Sequence[str]) -> str:
    """The rubric's dimensions as they stand in a writer's prompt."""
    lines = [f"- {name.replace('_', ' ')}: {rubric.dimensions[name].about.strip()}" for name in dimensions]
    return "A good plan is strong in all of these:\n" + "\n".join(lines)


def _said(name: str, rubric: Rubric) -> str:
    dimension = rubric.dimensions[name]
    anchors = "\n".join(f"  {level}: {text}" for level, text in sorted(dimension.anchors.items()))
    return f"{name}: {dimension.about.strip()}\n{anchors}"


def last_object(text: str, key: str) -> dict[str, Any] | None:
    """The last JSON object in a reply that has the key."""
    decoder, found, at = json.JSONDecoder(), None, text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found = value if isinstance(value, dict) and key in value else found
        at = text.find("{", end)
    return found


def _read_opinion(text: str) -> ParsedReply:
    said = last_object(text[:100_000], "criteria")
    try:
        criteria = [Criterion.model_validate(one).model_dump() for one in (said or {})["criteria"]]
        better = str((said or {})["better"]).strip().casefold()
    except (KeyError, TypeError, ValidationError):
        return ParsedReply(problem="no criteria and choice in the reply", reason="unreadable")
    if better not in ("first", "second", "tie") or not criteria:
        return ParsedReply(problem="no criteria, or none of first, second and tie", reason="unreadable")
    return ParsedReply(choice=json.dumps({"better": better, "criteria": criteria[:3]}))


def _read_advice(text: str, judge: Judge) -> ParsedReply:
    said = last_object(text[:100_000], "advice")
    try:
        given = [Suggestion.model_validate(one) for one in (said or {})["advice"]]
    except (KeyError, TypeError, ValidationError):
        return ParsedReply(problem="no list of advice in the reply", reason="unreadable")
    names = [one.dimension for one in given]
    for one in given:
        if (one.action == "add") == (one.dimension in judge.dimensions):
            return ParsedReply(
                problem=f"{one.action} {one.dimension!r} does not fit the rubric", reason="unreadable"
            )
        if one.action in ("add", "change") and not one.whole(judge.scale.levels):
            return ParsedReply(
                problem=f"{one.dimension!r} lacks an anchor or what it is", reason="unreadable"
            )
    if len(set(names)) < len(names) or not given:
        return ParsedReply(problem="a dimension is advised on twice, or none is", reason="unreadable")
    return ParsedReply(choice=json.dumps([one.model_dump() for one in given]))


def _compare_schema() -> dict[str, Any]:
    text = {"type": "string"}
    one = _object({"name": text, "about": text, "seen": text})
    return _object(
        {
            "criteria": {"type": "array", "items": one},
            "better": {"type": "string", "enum": ["first", "second", "tie"]},
        }
    )


def _advise_schema(levels: range) -> dict[str, Any]:
    text = {"type": "string"}
    one = _object(
        {
            "action": {"type": "string", "enum": ["keep", "change", "drop", "add"]},
            "dimension": text, "why": text, "about": text,
            "anchors": _object({str(level): text for level in levels}),
        }
    )  # fmt: skip
    return _object({"advice": {"type": "array", "items": one}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
