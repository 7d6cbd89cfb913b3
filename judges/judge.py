"""A judge: a folder with judge.yaml and rubric.yaml, and prompt.txt when it asks a model, loaded and checked before
it scores anything. Changing or adding a judge is changing or adding files.

    judge = Judge.load("study_plan")            # or the path of a folder: Judge.load("mine/strict")
    judge.dimensions                            # ('fluency', 'personalisation', 'actionability')
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, model_validator

from proctor.common.files import read_text
from proctor.common.paths import find
from proctor.common.refusal import Refusal, located
from proctor.common.schema import Frozen, read_yaml
from proctor.judges import prompt
from proctor.judges.graders import reply
from proctor.judges.graders.asking import KeptReplies, Progress, ask_all
from proctor.judges.graders.grader import Grader, GraderSpec, Question, fingerprint
from proctor.judges.rubric import MEASURED, Rubric, RubricItem
from proctor.judges.verdict import ParsedReply

# A digest covers the files and these numbers, which are raised when the rules in checklist.py score otherwise
# than before, and when prompts are put together or replies read otherwise than before.
RULES, READING = 6, 2
KINDS = ("checklist", "rubric", "panel", "pairwise")

_Model = TypeVar("_Model", bound=BaseModel)


class Scale(Frozen):
    lowest: int = Field(description="the lowest score")
    highest: int = Field(description="the highest score")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.lowest >= self.highest:
            raise Refusal(
                f"the lowest score is {self.lowest} and the highest {self.highest}; the scale must rise"
            )
        if self.highest - self.lowest > 100:
            raise Refusal("the scale has more than 101 levels, and each needs its anchor; choose fewer")
        return self

    @property
    def levels(self) -> range:
        return range(self.lowest, self.highest + 1)


class JudgeCard(Frozen):
    """judge.yaml as it stands in the file. The score of the whole is the mean of the dimensions, and at most
    `above_weakest` more than the weakest of them. `repeats` is how often each text is scored, `grader` who is asked
    when nobody says otherwise; a panel has `graders` and a way to `combine` their scores.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="as its folder")
    kind: Literal["checklist", "rubric", "panel", "pairwise"] = Field(
        description="rules, a rubric for a model, several models, or two texts at once"
    )
    about: str = Field(description="one line for lists")
    scale: Scale = Field(description="of every dimension")
    subject: Literal["plan", "question"] = Field(default="plan", description="what it scores")
    dimensions: tuple[str, ...] = Field(
        min_length=1, description="qualities that are scored, as in the rubric"
    )
    above_weakest: int | None = Field(
        default=None, ge=0, description="how far the whole may lie above its weakest dimension"
    )
    repeats: int = Field(default=1, ge=1, le=100, description="times that each text is scored")
    grader: GraderSpec | None = Field(default=None, description="who is asked where a suite names nobody")
    graders: tuple[GraderSpec, ...] = Field(default=(), description="of a panel: who is asked")
    combine: Literal["mean", "median"] = Field(default="mean", description="how a panel's scores become one")

    @model_validator(mode="after")
    def _kind_fits(self) -> Self:
        if self.kind == "checklist" and (self.grader or self.graders or self.repeats > 1):
            raise Refusal(
                "a checklist scores by rules and asks nobody; leave out grader, graders and repeats"
            )
        if (self.kind == "panel") != (len(self.graders) > 1):
            raise Refusal("a panel has two graders or more, and no other kind has `graders`")
        if self.kind == "panel" and self.grader:
            raise Refusal("a panel has `graders`; leave out `grader`")
        if self.subject != "plan" and self.kind in ("checklist", "pairwise"):
            raise Refusal(
                "plans alone are scored by rules or compared; a judge of questions is of kind rubric"
            )
        if self.kind == "pairwise" and (
            len(self.dimensions) > 1 or (self.scale.lowest, self.scale.highest) != (-1, 1)
        ):
            raise Refusal(
                "a pairwise judge has one dimension on the scale -1 (second is better), 0 (tie), 1 (first is better)"
            )
        return self


class Judge(JudgeCard):
    """A judge that is ready: its card, its rubric and its prompt, which agree with each other."""

    rubric: Rubric
    prompt: str = ""

    @classmethod
    def load(cls, name: str) -> "Judge":
        """A judge by the name of its folder, of the project or one that ships, or by the path of a folder."""
        return load(folder_of(name))

    @property
    def digest(self) -> str:
        """Changes when, and only when, the scores can change. Who is asked is the grader's business, not in here."""
        rules: dict[str, Any] = {"reading": READING, "prompt": self.prompt}
        if self.kind == "checklist":
            rules = {"rules": RULES}
        if self.repeats > 1:
            rules["repeats"] = self.repeats
        if self.above_weakest is not None:
            rules["above_weakest"] = self.above_weakest
        fields = self.model_dump(mode="json", include={"kind", "scale", "dimensions", "rubric"})
        if self.kind == "panel":
            fields["kind"] = "rubric"  # how scores are combined is its graders' business
        # A word list is a set; its order must not depend on the run.
        lists = fields["rubric"]["words"]
        for key, words in lists.items():
            lists[key] = sorted(words)
        return fingerprint({**rules, **fields})

    @property
    def asks(self) -> bool:
        return self.kind != "checklist"

    def refuse_unfit(self, grader: object | None, pairs: bool = False) -> None:
        """This judge, what it is to score and who is to be asked must fit together."""
        if self.kind == "pairwise" and not pairs:
            raise Refusal(
                f"judge {self.name!r} compares two plans and scores none; use it with 'proctor judge pairs'"
            )
        if pairs and self.kind != "pairwise":
            raise Refusal(
                f"judge {self.name!r} scores one plan at a time and compares none; use a judge of kind pairwise"
            )
        if self.asks and grader is None:
            raise Refusal(f"judge {self.name!r} asks a model; name a grader")
        if not self.asks and grader is not None:
            raise Refusal(f"judge {self.name!r} scores by rules and asks no model; leave the grader out")

    def questions(self, all_texts: Iterable[Mapping[str, str]], spec: GraderSpec) -> list[Question]:
        """What is asked about texts or pairs: one question for each, or as many as the judge repeats."""
        digest, identity, schema = self.digest, spec.identity, self.schema_
        questions = []
        for texts in all_texts:
            tag = prompt.tag_of(digest, texts)
            turns, read = self.turns(texts, tag), partial(self.read, tag=tag)
            for repeat in range(self.repeats):
                key = fingerprint([digest, identity, dict(texts), repeat])
                questions.append(Question(key, turns, schema, read, repeat, tag=tag))
        return questions

    async def readings(
        self, texts: Sequence[Mapping[str, str] | None], grader: Grader, kept: KeptReplies | None,
        progress: Progress | None, close: bool = True,
    ) -> list[list[ParsedReply]]:  # fmt: skip
        """What the grader says of each text, as often as the judge repeats; nothing where there is nothing to ask."""
        unasked = self.repeats * texts.count(None)
        if unasked and progress:
            progress(unasked, 0)
        asked = self.questions(filter(None, texts), grader.spec)
        answered = iter(await ask_all(asked, grader, kept, progress, close))
        return [list(islice(answered, self.repeats)) if text else [] for text in texts]

    def kept_replies(self, folder: Path | None) -> KeptReplies | None:
        """One file for a judge as it is now; none without a folder."""
        if folder is None:
            return None
        return KeptReplies(folder / f"{self.name}-{self.digest[:16]}.jsonl")

    @property
    def schema_(self) -> dict[str, Any]:
        if self.kind == "pairwise":
            return prompt.preference_schema()
        return prompt.scores_schema(self.dimensions, self.scale.levels)

    def turns(self, texts: Mapping[str, str], tag: str = "") -> tuple[tuple[str, str], ...]:
        """What the grader reads: `texts` are profile and plan, material and question, or profile, first and
        second. `tag` is theirs, for who has it at hand.
        """
        tag, levels = tag or prompt.tag_of(self.digest, texts), self.scale.levels
        form = prompt.preference_reply(tag)
        if self.kind != "pairwise":
            form = prompt.scores_reply(self.dimensions, levels, tag)
        return prompt.turns(self.prompt, self.rubric, levels, texts, form, tag)

    def read(self, text: str, tag: str) -> ParsedReply:
        """The verdict in the reply to a request with this tag."""
        if self.kind == "pairwise":
            return reply.read_choice(text, tag)
        return reply.read_scores(text, self.dimensions, self.scale.levels, tag)


def folder_of(name: str) -> Path:
    return Path(name).resolve() if "/" in name else find("judges", name).parent


@cache
def load(folder: Path) -> Judge:
    if not (folder / "judge.yaml").is_file():
        raise Refusal(
            f"no judge in this folder; a judge is a folder with judge.yaml and rubric.yaml ({folder})"
        )
    card = _read(folder / "judge.yaml", JudgeCard)
    path = folder / "rubric.yaml"
    rubric = _read(path, Rubric)
    if card.name != folder.name:
        raise Refusal(
            f"the judge is called {card.name!r}; its folder is {folder.name!r}; "
            f"rename one ({folder / 'judge.yaml'})"
        )
    _agree(card, rubric, path)
    # The order in which dimensions are asked for is the card's.
    rubric = rubric.model_copy(
        update={"dimensions": {name: rubric.dimensions[name] for name in card.dimensions}}
    )
    wording = _wording(card, rubric, folder / "prompt.txt")
    return Judge(**dict(card), rubric=rubric, prompt=wording)


def _wording(card: JudgeCard, rubric: Rubric, path: Path) -> str:
    if card.kind == "checklist":
        if path.exists():
            raise Refusal(f"a checklist asks no model, so nobody would read prompt.txt; remove it ({path})")
        return ""
    if not path.is_file():
        raise Refusal(f"a judge that asks a model needs prompt.txt; there is none; write it ({path})")
    text = read_text(path).strip()
    texts: tuple[str, ...] = prompt.COMPARED if card.kind == "pairwise" else prompt.SCORED[card.subject]
    with located(path):
        prompt.check(text, rubric, card.scale.levels, texts)
    return text


def _agree(card: JudgeCard, rubric: Rubric, path: Path) -> None:
    """The card and the rubric name the same dimensions, and every level has its anchor."""
    if set(card.dimensions) != set(rubric.dimensions):
        odd = sorted(set(card.dimensions) ^ set(rubric.dimensions))[0]
        raise Refusal(
            f"dimension {odd!r} stands in only one of judge.yaml and rubric.yaml; "
            f"add it to the other ({path})"
        )
    if len({reply.plain(name) for name in card.dimensions}) < len(card.dimensions):
        raise Refusal(f"two dimensions differ only in spelling or stand twice; rename one ({path})")
    if card.kind == "checklist" and not rubric.sentence_words:
        raise Refusal("a checklist's rubric needs `sentence_words`, such as {plain: 20}", where=path)
    for name, dimension in rubric.dimensions.items():
        if set(dimension.anchors) != set(card.scale.levels):
            odd_level = sorted(set(dimension.anchors) ^ set(card.scale.levels))[0]
            raise Refusal(
                f"dimension {name!r}: level {odd_level} has no anchor or is not on the scale; "
                f"write one sentence for each of {card.scale.lowest} to {card.scale.highest} ({path})"
            )
        for level, anchor in dimension.anchors.items():
            if not anchor.strip():
                raise Refusal(
                    f"dimension {name!r}: the anchor of level {level} is empty; write a sentence ({path})"
                )
        if card.kind == "checklist":
            _has_rules(name, dimension.items, card.scale.levels, path)
        elif dimension.items:
            raise Refusal(
                f"dimension {name!r} has items, which only a checklist measures; remove them ({path})"
            )


def _has_rules(name: str, items: Mapping[str, RubricItem], levels: range, path: Path) -> None:
    for key, item in items.items():
        if item.at_most is not None and item.at_most not in levels:
            raise Refusal(
                f"dimension {name!r}: {key!r} limits the score to {item.at_most}, which is not on the scale of "
                f"{levels[0]} to {levels[-1]} ({path})"
            )
    known = MEASURED.get(name)
    if known is None:
        raise Refusal(
            f"dimension {name!r}: there are no rules for it; "
            f"a checklist can score {', '.join(MEASURED)} ({path})"
        )
    for unknown in sorted(set(items) - set(known)):
        raise Refusal(
            f"dimension {name!r}: no rule measures {unknown!r}; there are {', '.join(sorted(known))} ({path})"
        )
    if not items:
        raise Refusal(f"dimension {name!r} has no items, so it has no score; give it some ({path})")


def _read(path: Path, model: type[_Model]) -> _Model:
    if not path.is_file():
        raise Refusal(f"a judge needs {path.name}; there is none; write it ({path})")
    return read_yaml(path, model)
