"""The page: scenes as tabs, in two languages, one answer or two side by side. Alone knows Gradio.

open_page([tutor], ClickedLabels(path), blind=False).launch(**LAUNCH)
"""

import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, Literal

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported: it would ask its makers

import gradio as gr

from proctor.common.refusal import Refusal
from proctor.harness.chat import scenes, voice
from proctor.harness.chat.labels import AnsweredPair, ClickedLabels
from proctor.harness.chat.tutor import MISTAKES, PLAN, SOLVE, Tutor
from proctor.harness.chat.words import LANGUAGES, PageRefusal, Words, days, sentence, words
from proctor.harness.engines.protocol import Request
from proctor.judges.figures.preferences import ORDERS
from proctor.tasks.concepts import taxonomy
from proctor.tasks.diagnosis import render as render_work
from proctor.tasks.diagnosis.reading import read_diagnosis
from proctor.tasks.study_plan.profile import as_doc, courses

CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
LAUNCH: dict[str, Any] = {
    "server_name": "127.0.0.1", "share": False, "footer_links": [], "quiet": True, "run_history": False,
    "mcp_server": False, "ssr_mode": False, "enable_monitoring": False, "show_error": False, "css": CSS,
    "max_file_size": "1gb",  # an hour of sound is refused by its length, in the page's language
}  # fmt: skip
PRIVATE: dict[str, Any] = {"api_visibility": "private"}
# In the browser, so that a button is on or off at once.
ON = "() => ({__type__: 'update', interactive: true})"
OFF = ON.replace("true", "false")
IF_FILLED = "value => ({__type__: 'update', interactive: Boolean(String(value ?? '').trim())})"
IF_EMPTY = "value => ({__type__: 'update', visible: !value?.length})"
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """What one visitor asked in one scene: the values of the form, how often it was tried, and the texts that came, by
    the tutor's place in the list. In a talk also what was said before, and who stands left."""

    values: Values = ()
    tries: int = 0
    texts: dict[int, str] = field(default_factory=dict)
    turns: dict[int, list[dict[str, str]]] = field(default_factory=dict)
    order: str = ""
    pairs: list[AnsweredPair] = field(default_factory=list)  # what a click is about, once both answered

    def then(self, message: str) -> "Asked":
        """The talk as it goes on."""
        turns = dict(self.turns)
        for number, text in self.texts.items():
            said = ("user", str(self.values[0])), ("assistant", text)
            turns[number] = [*turns.get(number, []), *({"role": who, "content": what} for who, what in said)]
        return Asked((message,), turns=turns, order=self.order)


@dataclass(frozen=True)
class Scene:
    """What a scene asks of a tutor (its place in the list tells whose turns a talk goes on with), and how it shows the
    response, whole or growing.

    `after` adds what takes longer, as HTML; `files` are what can be saved; `about` is the question in words.
    """

    name: str
    ask: Callable[[Tutor, Asked, int], Request]
    show: Callable[[str, Values], str]
    grow: Callable[[str, Values], str] = lambda text, values: f"<pre>{escape(text)}</pre>"
    after: Callable[[Tutor, Request, str, str], str] = lambda *_: ""
    files: Callable[[str, Values, str], list[str]] = lambda *_: []
    about: Callable[[Values], str] = lambda values: str(values[0])


class ChatPage:
    """One language's page. Handlers are generators: Gradio sends each value that they yield."""

    def __init__(
        self, tutors: Sequence[Tutor], labels: ClickedLabels, blind: bool, language: str,
        known: Sequence[scenes.KnownScore],
    ) -> None:  # fmt: skip
        self.tutors, self.labels, self.blind, self.language = tutors, labels, blind, language
        self.words: Words = words(language)
        self.known = () if blind else known

    def lay_out(self) -> None:
        names = self.words
        titles = map(self._title, range(len(self.tutors)))
        gr.HTML(scenes.heading(list(titles), self.known, names), elem_classes="about")
        with gr.Tabs():
            with gr.Tab(names["solve"]):
                question = gr.Textbox(label=names["question"], lines=4, elem_id=f"question-{self.language}")
                self._voice(question)
                self._scene(self._solve(), [question], question)
            with gr.Tab(names["plan"]):
                form = self._pupil_form(topics=True)
                missing = gr.Markdown(names["no_topic_yet"], elem_classes="noprint")
                form[-2].change(None, form[-2], missing, js=IF_EMPTY)
                self._scene(self._plan(), form, form[-2])
            with gr.Tab(names["mistakes"]):
                work = gr.Textbox(label=names["pasted"], lines=9, placeholder=names["example"])
                self._voice(work)
                self._scene(self._mistakes(), [work, *self._pupil_form(topics=False)], work)
            with gr.Tab(names["talk"]):
                message = gr.Textbox(label=names["message"], lines=1, max_lines=8)
                self._voice(message)
                self._scene(self._talk(), [message], message)

    def _pupil_form(self, topics: bool) -> list[Any]:
        """Name, grade, weeks, hours, days off and goal; for a plan also course, weak topics and the first day."""
        names = self.words
        with gr.Row():
            form: list[Any] = [
                gr.Textbox(label=names["name"], max_length=40, min_width=140),
                gr.Number(6, label=names["grade"], precision=0, min_width=100),
                gr.Number(4, label=names["weeks"], precision=0, min_width=100),
                gr.Number(2, label=names["hours"], min_width=100),
            ]
        named = [(day, english) for english, day in days(self.language).items()]
        form.append(gr.CheckboxGroup(named, label=names["busy"]))
        form.append(gr.Textbox(label=names["goal"], max_length=120))
        if topics:
            known = [(course.name, course.id) for course in courses().values()]
            every = [(concept.name, concept.id) for concept in taxonomy.concepts().values()]
            with gr.Row():
                form.append(gr.Dropdown(known, value="grade-6", label=names["course"], min_width=160))
                weak = gr.Dropdown(every, multiselect=True, max_choices=6, label=names["weak"], min_width=260)
                form.append(weak)
                form.append(gr.Textbox(date.today().isoformat(), label=names["start"], min_width=140))
        return form

    def _voice(self, box: Any) -> None:
        """A recording becomes words below those of the box, to be corrected there before they are sent."""
        names = self.words
        with gr.Accordion(names["speak"], open=False, elem_classes="noprint"):
            if packages := voice.missing():
                gr.Markdown(names["no_voice"].format(packages=" ".join(packages)))
                return
            heard = gr.Markdown(names["how_to_speak"])
            recording = gr.Audio(
                sources=["microphone", "upload"], type="filepath", label=names["recording"], buttons=[],
                editable=False,
            )  # fmt: skip

        def hear(path: str, text: str) -> list[Any]:
            try:
                text = f"{text}\n{voice.written(Path(path))}".strip()
                return [text, names["heard"], None]
            except Refusal as refused:
                return [text, self._line(refused), None]
            finally:
                Path(path).unlink(missing_ok=True)

        gr.on(
            [recording.stop_recording, recording.upload], hear, [recording, box], [box, heard, recording],
            concurrency_id="voice", concurrency_limit=1, api_visibility="private",
        )  # fmt: skip

    def _solve(self) -> Scene:
        return Scene(
            "solve",
            lambda tutor, asked, _: tutor.request(SOLVE, asked.values[0], asked.tries),
            lambda text, values: scenes.solved(text, self.words),
            after=lambda tutor, request, text, visitor: scenes.how_sure(
                text, tutor.tries(request, scenes.TRIES, visitor), self.words
            ),
        )

    def _plan(self) -> Scene:
        def about(values: Values) -> str:
            return str(as_doc(scenes.pupil_of(values))["profile"])

        return Scene(
            "plan",
            lambda tutor, asked, _: tutor.request(PLAN, about(asked.values), asked.tries),
            lambda text, values: scenes.planned(text, scenes.pupil_of(values), self.words),
            files=_files,
            about=about,
        )

    def _mistakes(self) -> Scene:
        def ask(tutor: Tutor, asked: Asked, _: int) -> Request:
            work, *form = asked.values
            about = render_work(scenes.pupil_of(tuple(form)), scenes.pasted(work))
            return tutor.request(MISTAKES, about, asked.tries)

        def show(text: str, values: Values) -> str:
            items = scenes.pasted(values[0])
            diagnosis = read_diagnosis(text, len(items))
            topics = scenes.weak_topics(diagnosis)
            html = scenes.diagnosed(items, diagnosis, self.words)
            return html + scenes.planned(diagnosis.plan, scenes.pupil_of(values[1:], topics), self.words)

        return Scene("mistakes", ask, show)

    def _talk(self) -> Scene:
        def ask(tutor: Tutor, asked: Asked, number: int) -> Request:
            message = {"role": "user", "content": str(asked.values[0])}
            return tutor.free([*asked.turns.get(number, ()), message], asked.tries)

        def show(text: str, values: Values) -> str:
            return scenes.talked([str(values[0]), text], self.words)

        return Scene("talk", ask, show, show)

    def _scene(self, scene: Scene, form: list[Any], needed: Any) -> None:
        """Buttons, an answer for each tutor, what is sent, what can be saved, and the clicks where there are two.
        There is nothing to ask before the `needed` part of the form is filled.
        """
        names, talk = self.words, scene.name == "talk"
        state = gr.State(Asked())
        with gr.Row(elem_classes="noprint"):
            ask = self._button("ask", variant="primary")
            stop, again = self._button("stop"), self._button("again")
            anew: Any = self._button("anew") if talk else None
            printing = self._button("print")
        printing.click(None, js="() => window.print()")
        needed.change(None, needed, ask, js=IF_FILLED)
        answers = self._answers(scene.name)
        label = f"{names['save_markdown']}, {names['save_calendar']}"
        saved = gr.File(label=label, visible=False, file_count="multiple")
        with gr.Accordion(names["sent"], open=False, elem_classes="noprint"):
            sent = gr.Textbox(show_label=False, label=names["sent"], lines=6, interactive=False)
        outputs = [*answers, sent, saved, state]
        for button in filter(None, (again, printing, anew)):
            answers[0].change(None, answers[0], button, js=IF_FILLED)

        def first(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
            yield from self._run(scene, Asked(values), _visitor(request))

        def more(request: gr.Request, asked: Asked, *values: Any) -> Iterator[list[Any]]:
            tries = 0
            if talk:
                values = asked.values or values
            if asked.values == values:
                tries = asked.tries + 1
            yield from self._run(scene, replace(asked, values=values, tries=tries), _visitor(request))

        def go_on(request: gr.Request, asked: Asked, message: str) -> Iterator[list[Any]]:
            yield from self._run(scene, asked.then(message), _visitor(request))

        shared: dict[str, Any] = {"concurrency_limit": 8} | PRIVATE
        starts = [ask.click, needed.submit] if talk else [ask.click]
        gr.on([again.click, *starts], None, None, stop, js=ON)  # first: a click begins things in this order
        running = [again.click(more, [state, *form], outputs, **shared)]
        if talk:
            # A message leaves its box, so that the next one can be written while it is answered.
            sending = gr.State()
            taken = gr.on(starts, lambda text: (text, ""), needed, [sending, needed], queue=False, **PRIVATE)
            running.append(taken.then(go_on, [state, sending], outputs, **shared))
            running[-1].then(_given_back, [state, needed], needed, queue=False, **PRIVATE)
            anew.click(lambda: [*[""] * len(answers), "", Asked()], None, [*answers, sent, state], **PRIVATE)
        else:
            name = f"{scene.name}_{self.language}"
            running.append(ask.click(first, form, outputs, api_name=name, concurrency_limit=8))
        stop.click(self._stop, None, None, cancels=running, queue=False, **PRIVATE)
        for end in (stop.click, *(run.then for run in running)):
            end(None, None, stop, js=OFF)
        if len(self.tutors) > 1:
            self._clicks(state, running)

    def _answers(self, scene: str) -> list[Any]:
        answers = []
        with gr.Row():
            for place in range(len(self.tutors)):
                with gr.Column(min_width=280):
                    if len(self.tutors) > 1:
                        gr.Markdown(f"**{self._title(place)}**")
                    name = f"{scene}-{place}-{self.language}"
                    answers.append(gr.HTML(elem_classes="answer", elem_id=name))
        return answers

    def _button(self, word: str, variant: Literal["primary", "secondary"] = "secondary") -> Any:
        return gr.Button(self.words[word], variant=variant, min_width=130, interactive=False)

    def _title(self, place: int) -> str:
        return self.words[("first", "second")[place]] if self.blind else self.tutors[place].name

    def _run(self, scene: Scene, asked: Asked, visitor: str) -> Iterator[list[Any]]:
        """The answers of all tutors, one after the other, each in its place; blind, the places are drawn."""
        order = asked.order
        if not order:
            order = random.choice(ORDERS) if self.blind else "ab"
        asked = replace(asked, order=order, texts={}, pairs=[])
        values, texts, names = asked.values, asked.texts, [tutor.name for tutor in self.tutors]
        shown, sent, files = [""] * len(names), "", list[str]()
        for place, number in enumerate(sorted(range(len(names)), reverse=order == "ba")):
            tutor = self.tutors[number]
            before = scenes.talked([turn["content"] for turn in asked.turns.get(number, ())], self.words)
            try:
                request = scene.ask(tutor, asked, number)
                sent = sent or request.prompt
                for text in tutor.answer(request, visitor):
                    texts[number] = text
                    shown[place] = scene.grow(text, values) + before
                    yield [*shown, sent, gr.skip(), asked]
                shown[place] = scene.show(texts[number], values) + before
                yield [*shown, sent, gr.skip(), asked]
                shown[place] += scene.after(tutor, request, texts[number], visitor)
                files += scene.files(texts[number], values, f"-{place + 1}" if len(names) > 1 else "")
            except Refusal as refused:
                shown[place] += f"<p class='wrong' role='alert'>{escape(self._line(refused))}</p>"
        if len(texts) == 2:
            a, b = names
            asked.pairs.append(AnsweredPair(scene.about(values), (a, b), (texts[0], texts[1]), order))
        yield [*shown, sent, gr.update(value=files or None, visible=bool(files)), asked]

    def _line(self, refused: Refusal) -> str:
        if isinstance(refused, PageRefusal):
            return sentence(refused.text, refused.values, self.words)
        return str(refused)

    def _clicks(self, state: Any, running: Sequence[Any]) -> None:
        said = gr.Markdown()

        def kept(place: str) -> Callable[..., str]:
            def keep(asked: Asked, request: gr.Request) -> str:
                if not asked.pairs:
                    return ""
                (pair,) = asked.pairs
                self.labels.keep(pair, place, f"visitor-{_visitor(request)[:8]}")
                names = dict(zip("ab", pair.names, strict=True))
                left, right = (names[side] for side in pair.order)
                return self.words["thanks"].format(left=left, right=right)

            return keep

        def both_there(asked: Asked) -> Any:
            return gr.update(interactive=bool(asked.pairs))

        with gr.Row(elem_classes="noprint"):
            for place, name in (("left", "left"), ("tie", "tie"), ("right", "better_right")):
                button = self._button(name)
                button.click(kept(place), state, said, **PRIVATE)
                for run in running:
                    run.then(both_there, state, button, queue=False, **PRIVATE)

    def _stop(self, request: gr.Request) -> None:
        for tutor in self.tutors:
            tutor.stop(_visitor(request))


def open_page(
    tutors: Sequence[Tutor], labels: ClickedLabels, blind: bool, known: Sequence[scenes.KnownScore] = ()
) -> Any:
    """The page of both languages, to be launched."""
    pages = [ChatPage(tutors, labels, blind, language, known) for language in LANGUAGES]
    with gr.Blocks(title="Proctor chat", analytics_enabled=False) as app:
        gr.Navbar(main_page_name=pages[0].words["language"])
        pages[0].lay_out()
        app.unload(pages[0]._stop)  # a visitor who leaves frees the engine
    for page in pages[1:]:
        with app.route(page.words["language"], f"/{page.language.lower()}"):
            gr.Navbar(main_page_name=pages[0].words["language"])
            page.lay_out()
    return app.queue(max_size=64)


def _files(text: str, values: Values, which: str) -> list[str]:
    profile = scenes.pupil_of(values)
    try:
        start = date.fromisoformat(str(values[-1]).strip())
    except ValueError:
        raise PageRefusal("{day!r} is no day; write it as 2026-09-01", day=str(values[-1])[:20]) from None
    folder = Path(tempfile.mkdtemp(prefix="proctor-chat-"))
    plan, calendar = folder / f"plan{which}.md", folder / f"plan{which}.ics"
    plan.write_text(scenes.markdown(text, profile), encoding="utf-8")
    calendar.write_bytes(scenes.calendar(text, start).encode())
    return [str(plan), str(calendar)]


def _visitor(request: gr.Request) -> str:
    return str(request.session_hash or request.client)


def _given_back(asked: Asked, message: str) -> Any:
    """What could not be answered can be mended, unless something else is being written."""
    if asked.texts or message:
        return gr.skip()
    return asked.values[0]
