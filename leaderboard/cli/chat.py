"""The page for pupils: chat."""

from contextlib import suppress
from itertools import chain
from pathlib import Path
from time import sleep
from typing import Annotated

from typer import Argument, Option

from proctor.common.files import writable
from proctor.common.refusal import Refusal
from proctor.common.terminal import echo
from proctor.leaderboard import cli
from proctor.leaderboard.cli.export import known_scores, require_gradio, scene_packs


def chat(
    name: Annotated[str, Argument(help="The variant that answers.")],
    beside: Annotated[str | None, Option(help="A second variant, whose answers stand beside.")] = None,
    blind: Annotated[bool, Option("--blind", help="Hide which is which until a click is kept.")] = False,
    labels: Annotated[Path, Option(help="Where clicks on two answers are kept.", callback=writable)] = Path(
        "labels.csv"
    ),
    port: cli.Port = 0,
    suite: cli.OfMatrix = None,
    results: cli.Results = cli.RESULTS,
    store: cli.Store = cli.STORE,
) -> None:
    """A page on this machine: solve a problem, make a plan, bring mistakes, chat. Needs no network."""
    require_gradio()
    if blind and beside is None:
        raise Refusal("--blind hides which of two is which", "there is one", "name another with --beside")
    if beside == name:
        raise Refusal(f"{name!r} stands beside itself", remedy="name another variant with --beside")
    from starlette.middleware import Middleware

    from proctor.common.http.local_server import OwnPagesOnly
    from proctor.harness.chat.labels import ClickedLabels
    from proctor.harness.chat.page import LAUNCH, open_page
    from proctor.harness.chat.tutor import Tutor
    from proctor.harness.export import find_variant

    kept = ClickedLabels(labels)
    variants = [find_variant(each, suite) for each in (name, beside) if each]
    known = list(chain.from_iterable(known_scores(each, results, store) for each in variants))
    tutors = []
    for each in variants:  # with the prompt packs that its results show to be best, as `export` chooses them
        tutors.append(Tutor.open(each, scene_packs(each, results, store), store, cli.reporter()))
    app = open_page(tutors, kept, blind, known)
    own = {"middleware": [Middleware(OwnPagesOnly)]}
    try:
        _, address, _ = app.launch(
            server_port=_free_port(port), prevent_thread_lock=True, app_kwargs=own, **LAUNCH
        )
        echo(f"open {address} (Ctrl-C ends)")
        # Gradio's own wait ends with five seconds for each page that is open still; close() lets them go first.
        with suppress(KeyboardInterrupt):
            while True:  # an Event's wait hears no Ctrl-C on Windows
                sleep(60)
    finally:
        app.close(verbose=False)
        for tutor in tutors:
            tutor.close()


def _free_port(port: int) -> int:
    """Gradio would begin to look at 7860."""
    import socket

    with socket.socket() as free:
        try:
            free.bind(("127.0.0.1", port))
        except OSError as refused:
            raise Refusal(f"port {port}: {refused.strerror}; leave --port out for a free one") from None
        return int(free.getsockname()[1])
