"""What must hold whatever comes in: a refusal in one line or a sound value, never a traceback, a wrong number, a file
outside.

    of("grader replies")        # (a hypothesis strategy, a check that raises where something does not hold)
"""

import json
import math
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from proctor.common.digest import digest
from proctor.common.json_lines import read_json_lines
from proctor.common.paths import PACKAGE, inside
from proctor.common.refusal import Refusal
from proctor.common.schema import load_yaml, parse, parse_yaml
from proctor.harness import record
from proctor.harness.ask.second_reader import _read as read_again
from proctor.harness.config.schemas import MODELS, schema_of
from proctor.harness.imports.foreign import Wish
from proctor.harness.imports.imports import import_files
from proctor.judges.graders.reply import read_choice, read_scores
from proctor.judges.judge import Judge
from proctor.tasks import TASKS
from proctor.tasks.index import find_task
from proctor.tasks.questions.reading import ChoiceQuestion
from proctor.tasks.questions.solving import chosen
from tests.fuzz import importing
from tests.fuzz.strategies import damaged, fitting, odd, torn
from tests.support.board_results import CARD, small_results

Check = Callable[[Any], None]
TAG = "0123456789ab"
DIMENSIONS = ("fluency", "personalisation", "actionability")
QUESTION = ChoiceQuestion("Which letter is named? Answer: B", ("one", "two", "three", "four"), "A")


# What a file does not hold, and its place says.
BESIDE = {"name": "x", "rubric": Judge.load("study_plan").rubric, "prompt": Judge.load("study_plan").prompt}


def one_line(refused: Refusal) -> None:
    text = str(refused)
    assert text.strip()
    assert "\n" not in text
    assert len(text) < 5_000


# Every kind of YAML: those that ship and others from its schema, damaged in their values, damaged as a text.

SHIPPED = {
    "suite": "harness/suites/*.yaml",
    "variant": "harness/variants/tiny*.yaml",
    "recipe": "finetune/recipes/*.yaml",
    "prompt": "tasks/prompts/[ds]*.yaml",
    "judge": "judges/library/*/judge.yaml",
    "rubric": "judges/library/*/rubric.yaml",
}


def yaml_texts(kind: str) -> st.SearchStrategy[tuple[str, str]]:
    schema = schema_of(kind)
    shipped = []
    if kind in SHIPPED:
        shipped = [load_yaml(path) for path in sorted(PACKAGE.glob(SHIPPED[kind]))]
    values = damaged(st.one_of(*map(st.just, shipped), *[fitting(schema, schema.get("$defs", {}))] * 2))
    text = st.builds(_as_yaml, values, st.integers(0, 30), st.integers(0, 10_000), odd)
    return st.tuples(st.just(kind), text)


def _as_yaml(value: Any, what: int, at: int, put_in: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    at %= len(text) + 1
    changes = {
        0: text[:at],
        1: text[:at] + str(put_in)[:50] + text[at:],
        2: text.replace(": ", ": &a ", 1) + "z: *a\n",
        3: text + text,
        4: text.replace(": ", ": !!set ", 1),
    }
    return changes.get(what, text)


def check_yaml(given: tuple[str, str]) -> None:
    kind, text = given
    model, absent = MODELS[kind]
    try:
        raw = parse_yaml(text, "file.yaml")
        if isinstance(raw, dict) and absent:
            raw = {**raw, **{name: BESIDE[name] for name in absent}}
        read = parse(raw, model, "file.yaml")
    except Refusal as refused:
        one_line(refused)
        return
    kept = read.model_dump(mode="json")
    assert digest(kept)
    finite(kept)


def finite(value: Any) -> None:
    """No number in it is none."""
    json.dumps(value, allow_nan=False).encode("utf-8")


# Rows of a user, and tasks over them.

rows = st.lists(
    damaged(
        st.fixed_dictionaries(
            {
                "question": st.text(max_size=30),
                "answer": st.one_of(st.integers(), st.text(max_size=9)),
                "c": st.lists(st.text(min_size=1, max_size=9), min_size=2, max_size=5),
            }
        )
    ),
    max_size=4,
)
row_files = st.tuples(
    torn(rows.map(lambda each: "".join(json.dumps(row) + "\n" for row in each))),
    st.sampled_from(["number", "choice", "exact", "contains", "set", "regex"]),
    st.sampled_from(["jsonl", "json", "csv"]),
    st.text(max_size=200),
)


def check_rows(given: tuple[bytes, str, str, str]) -> None:
    content, way, ending, response = given
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "tasks").mkdir()
        (project / f"rows.{ending}").write_bytes(content)
        fields = {"data": f"rows.{ending}", "prompt": "{{ question }}", "score": way}
        if way == "choice":
            fields |= {"choices": "c", "prompt": "{{ question }} {{ options }}"}
        if way == "regex":
            fields["pattern"] = "[a-z0-9]+"
        (project / "tasks" / "own.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
        if ending == "jsonl":
            with suppress(Refusal):
                for _, row in read_json_lines(project / "rows.jsonl", "{}"):
                    digest(row)
        with inside(project):
            try:
                task = find_task("own")
                docs = task.docs("test")
            except Refusal as refused:
                one_line(refused)
                return
            for doc in docs:
                json.dumps(doc).encode()
                sound_score(task.score(doc, response), task.scale)
                sound_score(task.score(doc, str(doc["answer"])), task.scale)


def sound_score(score: Any, scale: tuple[float, float]) -> None:
    assert scale[0] <= score.score <= scale[1] or (not score.parsed and score.score == 0), score
    assert all(math.isfinite(value) for value in score.metrics.values()), score
    score.answer.encode("utf-8", "surrogatepass")


# What models say.

pieces = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    odd.map(str).map(lambda text: text[:200]),
    st.sampled_from(
        ["#### ", "\\boxed{", "}", "The answer is ", "Week 1: ", "Monday ", "1. ", "A. ", "Answer: B", "答案：", "$",
         "%", "1/2", "1,000", "\n", "```json\n", '{"question": "', '"options": [', "]", "</think>", "-", "x = ",
         "3 + 4 = 7", "fractions", "30 minutes", "|", "**", "[", "(", "三", "½"]
    ),
)  # fmt: skip
responses = st.lists(pieces, max_size=25).map("".join)


@cache
def docs_of(task: str) -> list[dict[str, Any]]:
    return TASKS[task].docs("test")[:3]


def check_responses(response: str) -> None:
    for task in ("word_problems", "concepts", "study_plan", "questions", "diagnosis"):
        for doc in docs_of(task)[:2]:
            sound_score(TASKS[task].score(doc, response), TASKS[task].scale)
    again = read_again(response)
    assert bool(again.problem) != bool(again.choice)
    assert chosen(response, QUESTION, 1) in ("", "A", "B", "C", "D")


verdicts = damaged(
    {
        "tag": TAG,
        **{name: {"reason": "it is so", "mark": 3} for name in DIMENSIONS},
        "better": "first",
    }
)
replies = st.tuples(responses, verdicts, responses, st.booleans())


def check_replies(given: tuple[str, Any, str, bool]) -> None:
    before, verdict, behind, with_tag = given
    text = json.dumps(verdict)
    if not with_tag:
        text = text.replace(TAG, "ba9876543210")
    reply = before.replace(TAG, "") + text + behind.replace(TAG, "")
    for read in (read_scores(reply, DIMENSIONS, range(1, 6), TAG), read_choice(reply, TAG)):
        assert bool(read.problem) != bool(read.scores or read.choice)
        assert set(read.scores.values()) <= {1.0, 2.0, 3.0, 4.0, 5.0}
        assert read.choice in ("", "first", "second", "tie")
        assert with_tag or read.problem
        json.dumps(read.reasons)


# Logs and results of others.

LM_EVAL = [
    {
        "doc_id": number, "doc": {"question": f"{number} + 1?", "id": f"s{number}"}, "target": str(number + 1),
        "arguments": {"gen_args_0": {"arg_0": "q", "arg_1": {"until": []}}}, "resps": [["7"]], "filtered_resps": ["7"],
        "filter": "none", "metrics": ["acc"], "acc": float(number % 2), "doc_hash": "d", "prompt_hash": "p",
        "target_hash": "t",
    }
    for number in range(3)
]  # fmt: skip
PLAIN = [
    {"variant": "v", "task": "t", "sample_id": f"s{number}", "score": 0.5, "epoch": 1, "response": "r"}
    for number in range(3)
]
logs = st.one_of(
    st.tuples(
        st.just("samples_t_2024-01-01T00-00-00.000000.jsonl"),
        torn(damaged(LM_EVAL).map(lambda each: "".join(json.dumps(row) + "\n" for row in _listed(each)))),
    ),
    st.tuples(
        st.just("scores.jsonl"),
        torn(damaged(PLAIN).map(lambda each: "".join(json.dumps(row) + "\n" for row in _listed(each)))),
    ),
    st.tuples(
        st.just("scores.csv"),
        torn(damaged([list(row.values()) for row in PLAIN]).map(lambda each: _as_csv(_listed(each)))),
    ),
)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_csv(table: list[Any]) -> str:
    lines = [",".join(str(cell) for cell in _listed(row)) for row in table]
    return "\n".join([",".join(PLAIN[0]), *lines]) + "\n"


def check_logs(given: tuple[str, bytes]) -> None:
    name, content = given
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "in").mkdir()
        path = home / "in" / name
        path.write_bytes(content)
        try:
            imported = import_files(
                [path], home / "results", Wish(metric="acc" if "samples" in name else None)
            )
        except Refusal as refused:
            one_line(refused)
            imported = []
        assert {each.name for each in home.iterdir()} <= {"in", "results"}
        for each in imported:
            assert each.cell.is_relative_to(home / "results")
            sound_cell(record.read(home / "results", *each.cell.parts[-2:]))


def sound_cell(cell: record.Cell | None) -> None:
    assert cell is not None
    if cell.problem:
        return
    lowest, highest = cell.run.task.scale
    table = cell.rows()
    scores = table["score"].dropna()
    assert ((scores >= lowest) & (scores <= highest)).all()
    assert table["score"].isna().equals(table["status"] == "error")
    finite(cell.run.model_dump(mode="json"))


@cache
def sound_results() -> dict[str, bytes]:
    """The files of a small results folder."""
    with tempfile.TemporaryDirectory() as folder:
        small_results(Path(folder))
        record.write_card(Path(folder), CARD)
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in Path(folder).rglob("*")
            if path.is_file()
        }


@st.composite
def results(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(sorted(sound_results())))
    content = sound_results()[name]
    if name.endswith(".json") and draw(st.booleans()):
        fields = json.loads(content)
        if draw(st.booleans()):
            fields.pop("check", None)  # as an earlier version wrote it
        return name, json.dumps(draw(damaged(fields))).encode()
    at = draw(st.integers(0, len(content)))
    return name, draw(
        st.sampled_from([content[:at], content[:at] + b"\0" + content[at + 1 :], b"", content * 2])
    )


def check_results(given: tuple[str, bytes]) -> None:
    name, content = given
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / name).parent.mkdir(parents=True)
        for each, sound in sound_results().items():
            if Path(each).parent == Path(name).parent:
                (home / each).write_bytes(sound)
        (home / name).write_bytes(content)
        for card in record.read_cards(home).values():
            assert isinstance(card, dict)
        if not name.startswith("_"):
            cell = record.read(home, *Path(name).parts[:2])
            if cell is not None:
                sound_cell(cell)


OTHERS: dict[str, Callable[[], tuple[st.SearchStrategy[Any], Check]]] = {
    "rows of a task": lambda: (row_files, check_rows),
    "responses": lambda: (responses, check_responses),
    "grader replies": lambda: (replies, check_replies),
    "logs": lambda: (logs, check_logs),
    "logs of Inspect": lambda: (importing.inspect_files(), importing.check_files),
    "Every Eval Ever": lambda: (importing.eee_files(), importing.check_files),
    "llama-bench": lambda: (importing.bench_files(), importing.check_bench),
    "results folder": lambda: (results(), check_results),
}
PROPERTIES = [*(f"{kind}.yaml" for kind in MODELS), *OTHERS]


@cache
def of(name: str) -> tuple[st.SearchStrategy[Any], Check]:
    """Made when it is wanted: a strategy of a kind of YAML reads all files of that kind."""
    if name in OTHERS:
        return OTHERS[name]()
    return yaml_texts(name.removesuffix(".yaml")), check_yaml
