"""A home of its own for every test: suites, variants, results and a store in a temporary folder, and echo's answers."""

import gc
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import tests.support.installed  # noqa: F401  (before Inspect)
from tests.support.command import proctor, share_forks
from tests.support.once import FOLDER

gc.disable()  # until all is imported: a quarter of the time would go into looking for garbage where there is none

# Files that take long, the longest first: begun late, one of them would end with one of two workers idle. All others
# take some seconds at most.
LONG = (
    "test_docs.py",
    "test_chat_page.py",
    "test_board_page.py",
    "test_spread.py",
    "test_wheel.py",
    "test_space.py",
    "test_stock_tasks.py",
    "test_journey.py",
    "test_stock.py",
    "test_gguf.py",
    "test_tasks.py",
    "test_chat_server.py",
    "test_stock_inspect.py",
    "test_watch_page.py",
    "test_private_forms.py",
    "test_report.py",
    "test_widths.py",
    "test_trust_models.py",
    "test_one_verdict.py",
    "test_score.py",
    "test_reuse.py",
    "test_formats.py",
    "test_site_build.py",
    "test_answer_everywhere.py",
    "test_grader.py",
    "test_rate_page.py",
    "test_board_first_page.py",
    "test_faulty_grader.py",
    "test_study_plan.py",
    "test_compare.py",
    "test_resume.py",
    "test_stats_coverage.py",
    "test_trust.py",
    "test_train.py",
    "test_chat_template.py",
    "test_refusals.py",
    "test_judged_questions.py",
    "test_import_inspect.py",
    "test_own.py",
    "test_export.py",
    "test_import_own_tasks.py",
    "test_diagnosis.py",
    "test_grader_inspect.py",
    "test_watch.py",
    "test_json_bombs.py",
    "test_until_decided.py",
    "test_publish.py",
    "test_report_out.py",
    "test_overlaps.py",
    "test_together.py",
    "test_fuzz.py",
    "test_chaos.py",
    "test_voice.py",
    "test_action.py",
    "test_own_task.py",
    "test_likelihoods.py",
    "test_gsm8k.py",
    "test_question.py",
    "test_judged_suite.py",
    "test_llamacpp.py",
    "test_imports.py",
)


MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30


def pytest_configure(config: pytest.Config) -> None:
    if _memory_will_do():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    config.option.loadscopereorder = False  # or pytest-xdist would begin with the files of many tests
    if config.getoption("numprocesses", None):
        share_forks()


def _memory_will_do() -> bool:
    """All that is kept goes to the disk before a run goes on, and thousands of tests would wait for the disk alone."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        return False
    return not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def pytest_collection_finish() -> None:
    """Whoever collects garbage need not look through the libraries that were imported: a million objects, each time."""
    gc.freeze()
    gc.enable()


@dataclass
class Home:
    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def board(self) -> Path:
        return self.folder / "board"

    def suite(self, name: str = "suite", **fields: object) -> Path:
        return self._yaml(self.folder / "suites" / f"{name}.yaml", fields)

    def variant(self, name: str, **fields: object) -> Path:
        return self._yaml(self.folder / "variants" / f"{name}.yaml", fields)

    def echo(
        self,
        name: str,
        answer: Callable[[dict], str | None],
        *tasks: str,
        delay: float = 0.0,
        **fields: object,
    ) -> Path:
        """An echo variant whose answer to each item is what `answer` says of it; None makes the request fail."""
        from proctor.common.paths import inside
        from proctor.tasks.index import find_task

        rows: list[dict] = [{"delay": delay}] if delay else []
        with inside(self.folder):
            asked = [(doc, task.asks) for task in map(find_task, tasks) for doc in task.docs("test")]
        for doc, words in asked:
            response = answer(doc)
            told = {"error": "the server fell over"} if response is None else {"response": response}
            rows.append({"question": doc[words], **told})
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return self.variant(name, base=str(path), engine="echo", **fields)

    def where(self) -> list[str]:
        return ["--results", str(self.results), "--store", str(self.store)]

    def run(self, suite: Path, *more: str) -> subprocess.CompletedProcess[str]:
        """Its board has empty drawings: who looks at drawings builds a board."""
        return proctor("run", str(suite), *self.where(), "--out", str(self.board), *more, drawn=False)

    def _yaml(self, path: Path, fields: dict[str, object]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
        return path


@pytest.fixture(scope="session", autouse=True)
def shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where `made_once` puts what all workers share: beside their own folders."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    os.environ[FOLDER] = str(folder)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)
