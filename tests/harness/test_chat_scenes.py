"""The scenes of the chat without their page: what is sent, what is read, what is shown and what is kept."""

import ast
import csv
import json
import threading
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from proctor.common.refusal import Refusal
from proctor.harness.chat import scenes
from proctor.harness.chat.labels import AnsweredPair, ClickedLabels
from proctor.harness.chat.tutor import MISTAKES, PLAN, SOLVE, Tutor, as_served
from proctor.harness.chat.words import LANGUAGES, days, words
from proctor.harness.config.variant import Variant
from proctor.harness.engines import open_engine
from proctor.harness.engines.echo import EchoEngine
from proctor.harness.engines.protocol import Options, Request, Response, Weights
from proctor.judges.figures.preferences import read_preferences
from proctor.tasks import TASKS
from proctor.tasks.prompt_pack import Pack, render
from proctor.tasks.study_plan import checks
from proctor.tasks.study_plan.profile import DAYS
from tests.support.random_gguf import SMALL, write_llama

WORDS = words("en")
PACKS = {SOLVE: "default", PLAN: "default", MISTAKES: "default"}
FORM = {"name": "Ada", "grade": 6, "weeks": 2, "hours": 2, "busy": ["Monday"], "goal": "pass the test"}
PUPIL = scenes.pupil_of([*FORM.values(), "grade-6", ["ratio"], "2026-09-03"])
PLAN_TEXT = (
    "Week 1: Ratio. Tuesday and Friday, 60 min each. Solve 8 questions; check 6 of 8.\n"
    "Week 2: Ratio. Monday, 3 hours. Do a quiz of 10 questions."
)


def tutor(tmp_path: Path, rows: dict[str, str], **sampling: Any) -> Tutor:
    path = tmp_path / "answers.jsonl"
    lines = [json.dumps({"question": question, "response": text}) for question, text in rows.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    variant = Variant(name="book", about="a book", base=str(path), engine="echo", sampling=sampling)
    return Tutor(variant, open_engine("echo", Weights(str(path))), PACKS)


@pytest.mark.parametrize("task", [SOLVE, PLAN, MISTAKES])
def test_a_scene_sends_what_the_task_sends(tmp_path: Path, task: str) -> None:
    book = tutor(tmp_path, {})
    doc = TASKS[task].docs("test")[0]
    _, user = render(Pack.load("default"), task, doc)
    request = book.request(task, doc[TASKS[task].asks])
    assert request.prompt == f"user: {user}"
    assert request.options.temperature == 0
    assert request.options.max_tokens >= 256


def test_shots_of_a_pack_are_sent_too(tmp_path: Path) -> None:
    book = tutor(tmp_path, {})
    book._packs = {**PACKS, SOLVE: "cot-2shot"}
    prompt = book.request(SOLVE, "How much is 2 + 2?").prompt
    assert prompt.count("assistant: ") == 2
    assert prompt.endswith("How much is 2 + 2?")


def test_another_try_is_drawn_by_chance_and_with_another_seed(tmp_path: Path) -> None:
    book = tutor(tmp_path, {})
    first, second, third = (book.request(SOLVE, "How much is 2 + 2?", again) for again in range(3))
    assert first.options.temperature == 0
    assert second.options.temperature == third.options.temperature == 0.7
    assert len({first.seed, second.seed, third.seed}) == 3


def test_the_answer_of_an_engine_that_does_not_stream_comes_whole(tmp_path: Path) -> None:
    book = tutor(tmp_path, {"2 + 2": "2 + 2 = 4\n#### 4"})
    assert list(book.answer(book.request(SOLVE, "How much is 2 + 2?"))) == ["2 + 2 = 4\n#### 4"]
    with pytest.raises(Refusal, match="the file of answers has none"):
        list(book.answer(book.request(SOLVE, "How much is 3 + 3?")))


@pytest.mark.parametrize(
    ("text", "why"), [("", "nothing to answer"), (" \n", "nothing"), ("x" * 100_000, "100,000")]
)
def test_nothing_and_too_much_are_refused_in_a_line(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        tutor(tmp_path, {}).request(SOLVE, text)


class Writer(EchoEngine):
    """Echo that writes word by word, so that it can be watched and stopped."""

    context_length = 40
    active = most_active = 0

    def write(self, request: Request, watch: Any) -> Response:
        self.active += 1
        self.most_active = max(self.active, self.most_active)
        text = ""
        for word in ["one", "two", "three", "four", "five", "six", "seven", "eight"]:
            text = f"{text} {word}".strip()
            if watch(text):
                break
            time.sleep(0.01)
        self.active -= 1
        return Response(text, 1, 1)


def writing(tmp_path: Path) -> tuple[Tutor, Writer]:
    book = tutor(tmp_path, {})
    engine = Writer(tmp_path / "answers.jsonl")
    book._engine = engine
    return book, engine


def test_an_answer_grows_while_it_is_written_and_ends_when_nobody_reads_it(tmp_path: Path) -> None:
    book, engine = writing(tmp_path)
    engine.context_length = 1000
    request = book.request(SOLVE, "Count to eight")
    grown = list(book.answer(request, "a"))
    assert grown[0] == "one"
    assert grown[-1].endswith("eight")
    reading = book.answer(request, "a")
    assert next(reading) == "one"
    reading.close()  # the visitor has left
    assert list(book.answer(request, "b"))[-1].endswith("eight")
    assert engine.most_active == 1


def test_llama_cpp_shows_what_it_writes_from_the_first_request_on_and_stops_where_it_is_told(
    tmp_path: Path,
) -> None:
    small = write_llama(tmp_path / "small.gguf", SMALL)
    with closing(open_engine("llamacpp", Weights(str(small)))) as engine:
        options = Options(24)
        whole, grown = engine.write(Request("one two", options), lambda _: False), list[str]()

        def watch(text: str) -> bool:
            grown.append(text)
            return len(grown) == 3

        cut = engine.write(Request("one two", options), watch)
        (together,) = engine.answer([Request("one two", options)])
    # Random weights write half characters, which are shown when they are whole.
    assert (cut.tokens_out, cut.truncated, cut.text.replace("\ufffd", "")) == (3, False, grown[-1])
    assert whole.tokens_out == 24
    assert together.text == whole.text


def test_stop_ends_an_answer_where_it_is(tmp_path: Path) -> None:
    book, engine = writing(tmp_path)
    engine.context_length = 1000
    reading = book.answer(book.request(SOLVE, "Count to eight"), "a")
    next(reading)
    book.stop("b")
    book.stop("a")
    assert not list(reading)[-1].endswith("eight")


def test_eight_visitors_at_once_are_all_answered_one_at_a_time(tmp_path: Path) -> None:
    book, engine = writing(tmp_path)
    engine.context_length = 1000
    request, answers = book.request(SOLVE, "Count to eight"), dict[int, str]()

    def visit(number: int) -> None:
        answers[number] = list(book.answer(request, f"visitor {number}"))[-1]

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(answers) == 8
    assert all(text.endswith("eight") for text in answers.values())
    assert engine.most_active == 1


def test_a_prompt_that_leaves_no_room_is_refused_and_one_that_leaves_little_is_cut(tmp_path: Path) -> None:
    book, engine = writing(tmp_path)
    with pytest.raises(Refusal, match="too long for book"):
        book.request(SOLVE, "Count to eight")
    engine.context_length = 120
    assert 64 <= book.request(SOLVE, "Count to eight").options.max_tokens < 120


def test_a_model_that_dies_is_told_in_a_line_and_the_next_visitor_is_answered(tmp_path: Path) -> None:
    book, engine = writing(tmp_path)
    engine.context_length = 1000
    request = book.request(SOLVE, "Count to eight")
    engine.reseed = lambda seed: 1 / 0  # type: ignore[assignment, misc, return-value]
    with pytest.raises(Refusal, match=r"no answer came .ZeroDivisionError: division by zero.; try again"):
        list(book.answer(request))
    del engine.reseed
    assert list(book.answer(request))[-1].endswith("eight")


def test_weights_are_served_by_llama_cpp_and_servers_serve_themselves() -> None:
    tuned = as_served(Variant(name="a", about="a", base="finetune/tiny", recipe="tiny-lora"))
    assert (tuned.engine, tuned.quantization, tuned.merge, tuned.recipe) == (
        "llamacpp",
        "f16",
        True,
        "tiny-lora",
    )
    plain = as_served(Variant(name="a", about="a", base="finetune/tiny", sampling={"temperature": 0.5}))
    assert (plain.engine, plain.merge, plain.sampling.temperature) == ("llamacpp", False, 0.5)
    server = Variant(name="a", about="a", base="m", engine="openai", endpoint="http://127.0.0.1:1/v1")
    assert as_served(server) == server


def test_each_equation_has_its_mark_and_the_number_stands_apart() -> None:
    html = scenes.solved("3 x 4 = 12, and 12 + 5 = 18 <b>\nSo 18.\n#### 18", WORDS)
    assert html.count("class='right'") == html.count("class='wrong'") == 1
    assert "✗ 12 + 5 = 18 (wrong)" in html
    assert "<strong>18</strong>" in html
    assert "<b>" not in html
    assert "no number" in scenes.solved("I cannot tell.", WORDS)


def test_not_sure_is_said_where_other_tries_disagree(tmp_path: Path) -> None:
    book = tutor(tmp_path, {"2 + 2": "#### 4"})
    request = book.request(SOLVE, "2 + 2")
    others = book.tries(request, scenes.TRIES)
    assert "5 of 5" in scenes.how_sure("#### 4", others, WORDS)
    assert "Not sure: none of 5 more tries gives the same number" in scenes.how_sure("#### 5", others, WORDS)
    assert "only 2 of 5" in scenes.how_sure("#### 4", others[:2], WORDS)
    assert scenes.how_sure("I cannot tell.", others, WORDS) == ""


def test_a_visitor_who_leaves_ends_the_other_tries_too_and_others_are_answered_between_them(
    tmp_path: Path,
) -> None:
    book, engine = writing(tmp_path)
    engine.context_length = 1000
    request, texts = book.request(SOLVE, "Count to eight"), list[str]()
    trying = threading.Thread(target=lambda: texts.extend(book.tries(request, 1000, "a")))
    trying.start()
    assert list(book.answer(request, "b"))[-1].endswith("eight")
    book.stop("a")
    trying.join(5)
    assert not trying.is_alive()
    assert len(texts) < 1000
    assert engine.most_active == 1


def test_a_plan_is_a_table_with_what_the_rules_find() -> None:
    html = scenes.planned(PLAN_TEXT, PUPIL, WORDS)
    assert html.count("<th scope='row'>") == 2
    assert "✗ hours a week: Week 2 takes 3 h, over the 2 h a week." in html
    assert "✗ days off: Work is set for Monday" in html
    assert "✓ weeks" in html
    assert "No weeks can be read" in scenes.planned("Just work.", PUPIL, WORDS)
    assert "<script" not in scenes.planned("Week 1: <script>alert(1)</script>", PUPIL, WORDS)


def test_a_calendar_has_an_event_for_each_day_of_the_plan() -> None:
    text = scenes.calendar(PLAN_TEXT, date(2026, 9, 3), datetime(2026, 8, 1, 12, tzinfo=UTC))
    assert text.endswith("END:VCALENDAR\r\n")
    starts = [line.partition(":")[2] for line in text.split("\r\n") if line.startswith("DTSTART")]
    assert starts == ["20260908", "20260911", "20260914"]  # week 1 begins on the Monday after that Thursday
    assert len({line for line in text.split("\r\n") if line.startswith("UID")}) == 3
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    unfolded = text.replace("\r\n ", "")
    assert "Solve 8 questions\\; check 6 of 8." in unfolded
    assert scenes.calendar("no plan", date(2026, 9, 3)).count("BEGIN:VEVENT") == 0


def test_a_calendar_keeps_signs_of_many_bytes_whole() -> None:
    text = scenes.calendar("Week 1: " + "解題" * 60, date(2026, 9, 7))
    assert "解題" * 60 in text.replace("\r\n ", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_a_click_is_kept_as_judge_trust_reads_it_and_a_second_one_takes_its_place(tmp_path: Path) -> None:
    kept = ClickedLabels(tmp_path / "labels.csv")
    pair = AnsweredPair("2 + 2?", ("tiny", "tuned"), ("5", "4"), "ba")
    kept.keep(pair, "right", "kim")
    kept.keep(pair, "left", "kim")  # left is b here
    kept.keep(pair, "tie", "lee")
    kept.keep(AnsweredPair("3 + 3?", ("tiny", "tuned"), ("6", "7"), "ab"), "left", "kim")
    read = read_preferences(tmp_path / "labels.csv", "label", labels=True)
    assert read.verdicts[pair.item_id, "ba", "kim"] == "b"
    assert read.verdicts[pair.item_id, "ba", "lee"] == "tie"
    assert read.plans[pair.item_id] == ("tiny", "tuned")
    assert len(read.verdicts) == 3
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == 3
    from proctor.harness.judging.plans import read_pairs

    assert [(p.a, p.b) for p in read_pairs(tmp_path / "labels.jsonl")] == [("5", "4"), ("6", "7")]
    with pytest.raises(Refusal, match="no answer here"):
        kept.keep(pair, "north", "kim")


def test_labels_that_are_none_and_a_folder_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("item_id,verdict\nx,better\n", encoding="utf-8")
    with pytest.raises(Refusal, match="verdict"):
        ClickedLabels(tmp_path / "labels.csv")
    with pytest.raises(Refusal, match="no folder"):
        ClickedLabels(tmp_path / "nowhere" / "labels.csv")


def test_every_word_is_there_in_every_language() -> None:
    english = words("en")
    for language in LANGUAGES:
        other = words(language)
        assert set(english) <= set(other)
        assert list(days(language)) == list(DAYS)
        for name, text in other.items():
            assert set(_fields(text)) == set(_fields(english.get(name, name))), name


def test_each_sentence_of_the_page_and_of_the_checks_is_there_in_chinese_and_none_is_left_over() -> None:
    written = set[str]()
    for path in [Path(checks.__file__), *Path(scenes.__file__).parent.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PageRefusal":
                written.add(ast.literal_eval(node.args[0]))
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and path.stem == "checks":
                written |= _texts(node.value.elts[1])
    assert len(written) > 35
    assert written == set(words("zh-Hant")) - set(words("en"))


def _texts(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Call):  # of a number of weeks some are named
        before, _, end = map(ast.unparse, node.args)
        start, end = ast.literal_eval(before), ast.literal_eval(end)
        return {start + end, f"{start} and others{end}"}
    return {ast.literal_eval(node)}


def test_what_the_checks_find_is_said_in_chinese_with_the_names_of_the_days() -> None:
    html = scenes.planned(PLAN_TEXT, PUPIL, words("zh-Hant"))
    assert "第 2 週需要 3 小時，超過每週的 2 小時。" in html
    assert "星期一是休息日，計畫卻排了進度。" in html
    assert "Monday is" not in html
    assert "is over" not in html


def _fields(text: str) -> list[str]:
    import string

    return [name for _, name, _, _ in string.Formatter().parse(text) if name]
