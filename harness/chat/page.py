"""The page: scenes as tabs, in two languages, one answer or two side by side. Alone knows Gradio.

open_page([tutor], ClickedLabels(path), blind=False).launch(**LAUNCH)
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = (
    "False"  # read when gradio is imported: it would ask its makers' server
)

import gradio as gr

from proctor.common.refusal import Refusal
from proctor.harness.chat import scenes
from proctor.harness.chat.labels import AnsweredPair, ClickedLabels, drawn_order
from proctor.harness.chat.tutor import MISTAKES, PLAN, SOLVE, Tutor
from proctor.harness.chat.words import LANGUAGES, Words, days, words
from proctor.harness.engines.protocol import Request
from proctor.tasks.concepts import taxonomy
from proctor.tasks.diagnosis import render as render_work
from proctor.tasks.diagnosis.reading import read_diagnosis
from proctor.tasks.study_plan.profile import Profile, as_doc, courses

CSS = """
.answer table { width: 100%; border-collapse: collapse } .answer td, .answer th { padding: .3em .5em; text-align: left }
.answer pre { white-space: pre-wrap; font: inherit } .answer .right { color: #116329 } .answer .wrong { color: #a40e26 }
.dark .answer .right { color: #7ee787 } .dark .answer .wrong { color: #ffa198 } .answer .number { font-size: 1.3em }
button.primary { background: #1d4ed8 !important; color: #fff !important }
.nav-holder a { color: var(--body-text-color) !important }
button[role=tab].selected { color: #1d4ed8 !important } input.subdued { color: var(--body-text-color) !important }
.dark button[role=tab].selected { color: #93c5fd !important }
@media print { .noprint, .tab-nav, nav, footer { display: none !important } }
"""
LAUNCH: dict[str, Any] = {
    "server_name": "127.0.0.1", "share": False, "footer_links": [], "quiet": True, "run_history": False,
    "mcp_server": False, "ssr_mode": False, "enable_monitoring": False, "show_error": False, "css": CSS,
}  # fmt: skip
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Scene:
    """What a scene asks of a tutor for the values of its form, and how it shows the whole response.

    `after` adds what takes longer, as HTML; `files` are what can be saved; `about` is the question in words.
    """

    name: str
    ask: Callable[[Tutor, Values, int], Request]
    show: Callable[[str, Values], str]
    after: Callable[[Tutor, Request, str], str] = lambda *_: ""
    files: Callable[[str, Values], list[str]] = lambda *_: []
    about: Callable[[Values], str] = lambda values: str(values[0])


@dataclass
class Asked:
    """What stands on the page of one visitor: how often it was tried, and the pair that he may compare."""

    tries: int = 0
    values: Values = ()
    pair: AnsweredPair | None = None


class ChatPage:
    """One language's page. Handlers are generators: Gradio sends each value that they yield."""

    def __init__(self, tutors: Sequence[Tutor], labels: ClickedLabels, blind: bool, language: str) -> None:
        self.tutors, self.labels, self.blind, self.language = tutors, labels, blind, language
        self.words: Words = words(language)

    def lay_out(self) -> None:
        names = self.words
        with gr.Tabs():
            with gr.Tab(names["solve"]):
                question = gr.Textbox(label=names["question"], lines=4, elem_id=f"question-{self.language}")
                self._scene(self._solve(), [question])
            with gr.Tab(names["plan"]):
                self._scene(self._plan(), self._pupil_form(topics=True))
            with gr.Tab(names["mistakes"]):
                work = gr.Textbox(label=names["pasted"], lines=9, placeholder=names["example"])
                self._scene(self._mistakes(), [work, *self._pupil_form(topics=False)])
            with gr.Tab(names["talk"]):
                self._talk()

    def _pupil_form(self, topics: bool) -> list[Any]:
        """Name, grade, weeks, hours, days off and goal; for a plan also course, weak topics and the first day."""
        names = self.words
        with gr.Row():
            form: list[Any] = [
                gr.Textbox(label=names["name"], max_length=40, min_width=140),
                gr.Number(6, label=names["grade"], minimum=3, maximum=12, precision=0, min_width=100),
                gr.Number(4, label=names["weeks"], minimum=2, maximum=8, precision=0, min_width=100),
                gr.Number(2, label=names["hours"], minimum=0.5, maximum=20, min_width=100),
            ]
        named = [(day, english) for english, day in days(self.language).items()]
        form.append(gr.CheckboxGroup(named, label=names["busy"]))
        form.append(gr.Textbox(label=names["goal"], max_length=120))
        if topics:
            known = [(course.name, course.id) for course in courses().values()]
            every = [(concept.name, concept.id) for concept in taxonomy.concepts().values()]
            with gr.Row():
                form.append(gr.Dropdown(known, value="grade-6", label=names["course"], min_width=160))
                form.append(
                    gr.Dropdown(every, multiselect=True, max_choices=6, label=names["weak"], min_width=260)
                )
                form.append(gr.Textbox(date.today().isoformat(), label=names["start"], min_width=140))
        return form

    def _solve(self) -> Scene:
        return Scene(
            "solve",
            lambda tutor, values, again: tutor.request(SOLVE, values[0], again),
            lambda text, values: scenes.solved(text, self.words),
            lambda tutor, request, text: scenes.how_sure(
                text, tutor.tries(request, scenes.TRIES), self.words
            ),
        )

    def _plan(self) -> Scene:
        return Scene(
            "plan",
            lambda tutor, values, again: tutor.request(PLAN, as_doc(_pupil(values))["profile"], again),
            lambda text, values: scenes.planned(text, _pupil(values), self.words),
            files=_files,
            about=lambda values: str(as_doc(_pupil(values))["profile"]),
        )

    def _mistakes(self) -> Scene:
        def ask(tutor: Tutor, values: Values, again: int) -> Request:
            return tutor.request(MISTAKES, render_work(_pupil(values[1:]), scenes.pasted(values[0])), again)

        def show(text: str, values: Values) -> str:
            items = scenes.pasted(values[0])
            diagnosis = read_diagnosis(text, len(items))
            topics = scenes.weak_topics(diagnosis)
            html = scenes.diagnosed(items, diagnosis, self.words)
            return html + scenes.planned(diagnosis.plan, _pupil(values[1:], topics), self.words)

        return Scene("mistakes", ask, show)

    def _scene(self, scene: Scene, form: list[Any]) -> None:
        """Buttons, an answer for each tutor, what is sent, what can be saved, and the clicks where there are two."""
        names, two = self.words, len(self.tutors) > 1
        state = gr.State(Asked())
        with gr.Row(elem_classes="noprint"):
            ask = gr.Button(names["ask"], variant="primary", min_width=90)
            stop = gr.Button(names["stop"], min_width=90)
            again = gr.Button(names["again"], min_width=90)
            gr.Button(names["print"], min_width=90).click(None, js="() => window.print()")
        with gr.Row():
            answers = []
            for place in range(len(self.tutors)):
                with gr.Column(min_width=280):
                    if two:
                        gr.Markdown(f"**{self._title(place)}**")
                    answers.append(
                        gr.HTML(elem_classes="answer", elem_id=f"{scene.name}-{place}-{self.language}")
                    )
        saved = gr.File(
            label=names["save_markdown"] + ", " + names["save_calendar"], visible=False, file_count="multiple"
        )
        with gr.Accordion(names["sent"], open=False, elem_classes="noprint"):
            sent = gr.Textbox(show_label=False, label=names["sent"], lines=6, interactive=False)
        outputs = [*answers, sent, saved, state]

        def first(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
            yield from self._run(scene, values, 0, _visitor(request))

        def more(request: gr.Request, asked: Asked, *values: Any) -> Iterator[list[Any]]:
            tries = 0
            if asked.values == values:
                tries = asked.tries + 1
            yield from self._run(scene, values, tries, _visitor(request))

        running = [
            ask.click(first, form, outputs, api_name=f"{scene.name}_{self.language}", concurrency_limit=8),
            again.click(more, [state, *form], outputs, api_visibility="private", concurrency_limit=8),
        ]
        stop.click(self._stop, None, None, cancels=running, queue=False, api_visibility="private")
        if two:
            self._clicks(state)

    def _title(self, place: int) -> str:
        if self.blind:
            return self.words[("first", "second")[place]]
        return self.tutors[place].name

    def _run(self, scene: Scene, values: Values, tries: int, visitor: str) -> Iterator[list[Any]]:
        """The answers of all tutors, one after the other, each in its place; blind, the places are drawn."""
        order, places = "ab", list(range(len(self.tutors)))
        if self.blind and drawn_order() == "ba":
            order, places = "ba", places[::-1]
        asked = Asked(tries, values)
        shown, sent = [""] * len(self.tutors), ""
        texts, files = dict[int, str](), list[str]()
        for place, number in enumerate(places):
            tutor = self.tutors[number]
            try:
                request = scene.ask(tutor, values, tries)
                sent = sent or request.prompt
                for text in tutor.answer(request, visitor):
                    texts[number] = text
                    shown[place] = f"<pre>{escape(text)}</pre>"
                    yield [*shown, sent, gr.skip(), asked]
                shown[place] = scene.show(texts[number], values)
                yield [*shown, sent, gr.skip(), asked]
                shown[place] += scene.after(tutor, request, texts[number])
                files += scene.files(texts[number], values)
            except Refusal as refused:
                shown[place] = f"<p class='wrong' role='alert'>{escape(str(refused))}</p>"
        if len(texts) > 1:
            asked.pair = AnsweredPair(
                scene.about(values), (self.tutors[0].name, self.tutors[1].name), (texts[0], texts[1]), order
            )
        yield [*shown, sent, gr.update(value=files or None, visible=bool(files)), asked]

    def _clicks(self, state: Any) -> None:
        said = gr.Markdown()

        def kept(place: str) -> Callable[..., str]:
            def keep(asked: Asked, request: gr.Request) -> str:
                if asked.pair is None:
                    return ""
                self.labels.keep(asked.pair, place, f"visitor-{_visitor(request)[:8]}")
                names = dict(zip("ab", asked.pair.names, strict=True))
                left, right = (names[side] for side in asked.pair.order)
                return self.words["thanks"].format(left=left, right=right)

            return keep

        with gr.Row(elem_classes="noprint"):
            for place, name in (("left", "left"), ("tie", "tie"), ("right", "better_right")):
                gr.Button(self.words[name], min_width=90).click(
                    kept(place), state, said, api_visibility="private"
                )

    def _talk(self) -> None:
        def reply(message: str, history: list[dict[str, Any]], request: gr.Request) -> Iterator[str]:
            turns = [{"role": turn["role"], "content": _text_of(turn["content"])} for turn in history]
            turns.append({"role": "user", "content": message})
            try:
                tutor = self.tutors[0]
                yield from tutor.answer(tutor.free(turns, len(history) // 2), _visitor(request))
            except Refusal as refused:
                yield str(refused)

        gr.ChatInterface(
            reply,
            chatbot=gr.Chatbot(buttons=["copy", "copy_all"], label=self.words["talk"], height=420),
            textbox=gr.Textbox(label=self.words["talk"], max_length=20_000),
            analytics_enabled=False,
            api_name=f"talk_{self.language}",
        )

    def _stop(self, request: gr.Request) -> None:
        for tutor in self.tutors:
            tutor.stop(_visitor(request))


def open_page(tutors: Sequence[Tutor], labels: ClickedLabels, blind: bool) -> Any:
    """The page of both languages, to be launched."""
    pages = [ChatPage(tutors, labels, blind, language) for language in LANGUAGES]
    with gr.Blocks(title="Proctor chat", analytics_enabled=False) as app:
        gr.Navbar(main_page_name=pages[0].words["language"])
        pages[0].lay_out()
        app.unload(pages[0]._stop)  # a visitor who leaves frees the engine
    for page in pages[1:]:
        with app.route(page.words["language"], f"/{page.language.lower()}"):
            gr.Navbar(main_page_name=pages[0].words["language"])
            page.lay_out()
    return app.queue(max_size=64)


def _pupil(values: Values, topics: Sequence[str] | None = None) -> Profile:
    name, grade, weeks, hours, busy, goal, *more = values
    grade = grade or 6
    course, chosen = f"grade-{min(max(int(grade), 4), 8)}", topics or ()
    if more:
        course, chosen, _ = more
        if not chosen:
            raise Refusal("no weak topic is chosen", remedy="choose one or more from the list")
    return scenes.pupil(name, grade, weeks or 4, hours or 2, busy, goal, chosen, course)


def _files(text: str, values: Values) -> list[str]:
    profile = _pupil(values)
    try:
        start = date.fromisoformat(str(values[-1]).strip())
    except ValueError:
        raise Refusal(f"{values[-1]!r} is no day", remedy="write it as 2026-09-01") from None
    folder = Path(tempfile.mkdtemp(prefix="proctor-chat-"))
    (folder / "plan.md").write_text(scenes.markdown(text, profile), encoding="utf-8")
    (folder / "plan.ics").write_bytes(scenes.calendar(text, start).encode())
    return [str(folder / "plan.md"), str(folder / "plan.ics")]


def _visitor(request: gr.Request) -> str:
    return str(request.session_hash or request.client)


def _text_of(content: Any) -> str:
    """Gradio keeps a turn as text or as a list of parts."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")
