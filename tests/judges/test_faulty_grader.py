"""A suite behind a grader that does everything wrong, or is stopped in the middle: what its rows and the board say."""

import io
import json
import random
import re
import time
from collections import Counter

import pytest

from proctor.common.progress import Reporter
from proctor.common.terminal import Console
from proctor.harness import record
from proctor.harness.ask.cell import AskedSample, CellRun
from proctor.harness.ask.responses import Journal
from proctor.harness.ask.scoring import Scorer
from proctor.harness.ask.scoring import rows_of as score_rows
from proctor.harness.config.variant import Variant
from proctor.harness.engines.protocol import Response
from proctor.harness.run import run_suite
from proctor.judges.judge import Judge
from proctor.tasks import TASKS
from proctor.tasks.draw import TaskItems
from tests.conftest import Home
from tests.support.command import Running
from tests.support.graders import QUICK, asked_for, grader_at, verdict
from tests.support.openai_server import Reply, serve

GOOD = json.dumps(dict.fromkeys(Judge.load("study_plan").dimensions, 3))
BUSY = {"retry-after": "0.01"}
FAULTS = {
    "429": (Reply(status=429, body="{}", headers=BUSY), "rate limited"),
    "500": (Reply(status=500, body="{}", headers=BUSY), "server error"),
    "400": (Reply(status=400, body="{}"), "refused"),
    "garbage": (Reply(body="<html>\x00 no\xff"), "unreadable"),
    "chatter": (Reply("What a fine plan! 5 stars."), "unreadable"),
    "half a JSON": (Reply(GOOD[:40]), "unreadable"),
    "half a completion": (Reply(body='{"choices": [{"mess'), "unreadable"),
    "a mark too high": (Reply(GOOD.replace("3", "6")), "out of range"),
    "a mark of nought": (Reply(GOOD.replace("3", "0")), "out of range"),
    "cut off": (Reply(GOOD, finish="length"), "cut off"),
    "silence for a minute": (Reply(GOOD, wait=60), "timed out"),
    "a closed socket": (Reply(hang_up=True), "connection broken"),
}
PROFILES = TaskItems(TASKS["study_plan"], TASKS["study_plan"].docs("test"), len(FAULTS) + 8)
DOCS = sorted(PROFILES.asked, key=lambda doc: doc["id"])


def rows_of(home):
    """What run.json says, and the rows without their seconds; a score that is null is None."""
    cell = record.read(home.results, "one", "study_plan")
    rows = [{**row, "seconds": 0} for row in cell.rows().to_dict("records")]
    return cell.run, [
        {**row, "score": row["score"] if row["score"] == row["score"] else None} for row in rows
    ]


def suite_at(home, url, **grader):
    """Plans of one echo variant for the pupils of DOCS, marked by a grader at the address."""
    home.echo("one", lambda doc: doc["target"], "study_plan")
    asked = {"model": "some-grader", "endpoint": url, **QUICK, **grader}
    fields = {"judge": "study_plan", "tasks": ["study_plan"], "limit": {"study_plan": len(DOCS)}}
    return home.suite(variants=["one"], baseline="one", grader=asked, **fields)


def run(home, suite):
    run_suite(str(suite), home.results, home.store, Reporter(Console(file=io.StringIO())))


def pupil_of(request):
    """Whose plan is asked about."""
    return next(doc["id"] for doc in DOCS if doc["profile"] in asked_for(request))


def test_no_sample_is_lost_or_scored_by_accident_whatever_the_server_does(home):
    wrong = dict(zip((doc["id"] for doc in DOCS[2:]), FAULTS, strict=False))
    down = True

    def reply(request, _):
        fault = wrong.get(pupil_of(request))
        return FAULTS[fault][0] if down and fault else verdict(request)

    with serve(reply) as server:
        suite = suite_at(home, server.url)
        done = home.run(suite)
        assert done.returncode == 0, done.stderr
        told, rows = rows_of(home)
        down = False
        before = len(server.asked)
        run(home, suite)
        assert len(server.asked) - before == len(FAULTS)  # the others are kept
    assert [row["sample_id"] for row in rows] == [doc["id"] for doc in DOCS]
    for row in rows:
        fault = wrong.get(row["sample_id"])
        assert row["response"]
        if fault is None:
            assert (row["status"], row["score"] >= 1) == ("ok", True)
            continue
        assert (row["status"], row["score"]) == ("error", None)
        assert not any(value == value and value is not None for value in dict(row["metrics"] or {}).values())
        # Of the minute of silence it says "timed out": nobody sat through it, for a good verdict comes at its end.
        assert f"no verdict ({FAULTS[fault][1]})" in row["explanation"], fault
    counted = Counter(reason for _, reason in FAULTS.values())
    assert told.verdicts["missing"] == dict(counted)
    assert (told.verdicts["wanted"], told.verdicts["given"]) == (len(DOCS), len(DOCS) - len(FAULTS))
    page = " ".join(re.sub(r"<[^>]+>", " ", (home.board / "judges" / "study_plan.html").read_text()).split())
    assert f"{len(DOCS)} responses, {len(FAULTS)} of them without a verdict:" in page
    for reason, count in counted.items():
        assert re.search(rf"\b{count} [^0-9]*\({reason}\)", page), (reason, page)
    again = rows_of(home)[1]
    assert {row["status"] for row in again} == {"ok"}
    assert [row for row in again if row["sample_id"] not in wrong] == [
        row for row in rows if row["sample_id"] not in wrong
    ]


def test_order_of_profiles_and_concurrency_change_nothing_in_the_rows(home, tmp_path):
    home.echo("one", lambda doc: doc["target"], "study_plan")
    variant = Variant.load(home.folder / "variants" / "one.yaml")
    cell = CellRun(variant, TASKS["study_plan"], DOCS, "study_plan", Journal(tmp_path / "j"), tmp_path)
    answered = [AskedSample(doc, 1, "", Response(str(doc["target"]), 1, 1, 0.0, False)) for doc in DOCS]

    def flaky(request, before):
        """Fails now and then, and always for two pupils."""
        if pupil_of(request) in (DOCS[3]["id"], DOCS[5]["id"]):
            return Reply("Hm.")
        return Reply(status=500, body="{}", headers=BUSY) if before % 5 == 0 else verdict(request)

    found = []
    with serve(flaky) as server:
        for seed, concurrency, folder in ((0, 1, "a"), (1, 40, "b"), (2, 7, "a"), (3, 3, "c"), (4, 16, "c")):
            shown = answered if seed == 0 else random.Random(seed).sample(answered, len(answered))
            grader = grader_at(server.url, concurrency=concurrency, retries=8)
            marker = Scorer("study_plan", grader, tmp_path / folder)
            part = shown[: len(shown) // 2] if seed == 3 else shown  # the rest of it comes in the last round
            rows, _ = score_rows(cell.variant.name, cell.task, part, marker, lambda done, tokens: None)
            assert [row.sample_id for row in rows] == [one.doc["id"] for one in part]
            found.append({row.sample_id: row for row in rows})
    assert found[0] == found[1] == found[2] == found[4]
    assert found[3].items() <= found[0].items()
    assert sum(row.score is None for row in found[0].values()) == 2


@pytest.mark.parametrize("concurrency", [1, 5])
def test_kill_in_the_middle_changes_nothing_in_the_rows(home, tmp_path_factory, concurrency):
    other = Home(tmp_path_factory.mktemp("other"))
    slow_down = 0.1

    def slow(request, _):
        if pupil_of(request) == DOCS[1]["id"]:
            return Reply("Hm.")
        told = verdict(request)
        told.wait = slow_down
        return told

    with serve(slow) as server:
        suite = suite_at(home, server.url, concurrency=concurrency, timeout=20)
        running = Running(["run", str(suite), *home.where(), "--out", str(home.board)], home.folder)
        until = time.monotonic() + 120
        while len(server.asked) < 8 and time.monotonic() < until:
            time.sleep(0.02)
        running.kill()
        assert record.read(home.results, "one", "study_plan") is None
        killed, slow_down = len(server.asked), 0.0
        run(home, suite_at(home, server.url, concurrency=30, timeout=20))
        assert (
            len(server.asked) <= len(DOCS) + concurrency + 3
        )  # what was on its way, and the one nobody can read
        told, rows = rows_of(home)
        run(other, suite_at(other, server.url, concurrency=2, timeout=20))
    assert 8 <= killed < len(DOCS)
    assert told.verdicts["kept"] >= 8 - concurrency - 2
    assert rows == rows_of(other)[1]
    assert [row["sample_id"] for row in rows if row["status"] == "error"] == [DOCS[1]["id"]]
