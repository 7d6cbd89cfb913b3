"""What cannot end well is said in one line before the work, and a killed write leaves nothing for ever."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from proctor.common import files
from proctor.common.refusal import Refusal
from proctor.common.schema import parse_yaml
from proctor.finetune import store
from tests.support.command import Running, proctor

FORK = multiprocessing.get_context("fork")


def killed_while_writing(path: Path) -> None:
    with files.replacing(path) as part:
        part.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_part_of_a_killed_process_is_swept_with_the_next_write_beside_it(tmp_path: Path) -> None:
    process = FORK.Process(target=killed_while_writing, args=(tmp_path / "a.txt",))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".a.txt.*.part"))) == 1
    with files.replacing(tmp_path / "c.txt") as held:
        held.write_text("c")
        files.write_text(tmp_path / "b.txt", "b")  # sweeps, and leaves alone what is being written
        assert held.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.txt", "c.txt"]


def test_half_a_merge_of_a_killed_process_is_swept_and_half_a_training_stays(tmp_path: Path) -> None:
    for name in ("merge-a.part", "quantize-b.part", "train-c.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"x")

    def work(part: Path) -> dict[str, int]:
        (part / "weights").write_bytes(b"w")
        return {}

    with store.locked(tmp_path / "quantize-b", lambda: None):  # another one is at it
        store.make(tmp_path / "merge-d", {"digest": "d"}, resumes=False, work=work)
    left = sorted(path.name for path in tmp_path.iterdir() if path.name != ".locks")
    assert left == ["merge-d", "quantize-b.part", "train-c.part"]


@pytest.mark.parametrize("option", ["--out", "--results", "--store"])
@pytest.mark.parametrize("kind", ["a file", "other files", "not mine"])
def test_place_that_cannot_be_used_is_refused_before_the_first_answer(home, option: str, kind: str) -> None:
    if kind == "not mine" and os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    if kind == "other files" and option != "--out":
        pytest.skip("results and store may hold other files")
    place = home.folder / "place"
    if kind == "a file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "thesis.txt").write_text("mine")
        place.chmod(0o500 if kind == "not mine" else 0o700)
    home.echo("a", lambda doc: "1", "word_problems")
    suite = home.suite(variants=["a"], tasks=["word_problems"], baseline="a", limit={"word_problems": 2})
    where = {"--results": str(home.results), "--store": str(home.store), "--out": str(home.board)}
    where[option] = str(place)
    done = proctor("run", str(suite), *(word for pair in where.items() for word in pair), cwd=home.folder)
    assert done.returncode == 2, done.stderr
    assert str(place) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(home.folder.rglob("run.json"))
    assert not list(home.folder.rglob("*.jsonl.*"))
    assert not (home.store / "responses").exists()


def test_disk_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"MB are free there, and [0-9,]+ MB are wanted; free some space"):
        files.refuse_unwritable(tmp_path / "not" / "there", room=10**18)
    files.refuse_unwritable(tmp_path / "not" / "there")


@pytest.mark.parametrize(
    "words",
    [
        ("judge", "score", "plans.jsonl", "--out", "."),
        ("judge", "score", "plans.jsonl", "--ratings", "file/x.csv"),
        ("board", "build", "--out", "file"),
        ("report", "--out", "file/deeper"),
        ("label", "texts.txt", "--labeler", "m", "--out", "."),
    ],
)
def test_file_that_could_not_be_written_is_refused_before_anything_is_read(tmp_path: Path, words) -> None:
    (tmp_path / "proctor.yaml").touch()
    (tmp_path / "file").write_text("mine")
    done = proctor(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert "that is a folder" in done.stderr or "is a file" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_limit_on_the_size_of_files_is_one_line(home, tmp_path: Path) -> None:
    home.echo("a", lambda doc: "x" * 3000, "word_problems")
    suite = home.suite(variants=["a"], tasks=["word_problems"], baseline="a")
    words = ["run", str(suite), *home.where(), "--out", str(home.board)]
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
    command = "from proctor.leaderboard.cli.main import main; main()"
    running = Running(words, tmp_path, home.folder, code=code + command)
    assert running.wait() == 2, running.stderr
    assert "files may not grow so large" in running.stderr
    assert "Traceback" not in running.stderr
    done = proctor(*words, cwd=home.folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("place", ["My Model/word_problems", "tiny/Word Problems", "tiny/wörter"])
def test_folder_with_a_bad_name_in_results_names_itself(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "run.json").write_text("{}")
    done = proctor("compare", "--results", str(tmp_path))
    assert done.returncode == 2
    assert str(tmp_path / place.split("/")[0]) in done.stderr
    assert "is no safe name" in done.stderr
    assert len(done.stderr.splitlines()) == 1


HOSTILE_YAML = {
    "a number of 5,000 digits": "a: " + "9" * 5000,
    "the same in hexadecimal": "a: 0x" + "f" * 5000,
    "2^63": f"a: {2**63}",
    "-2^63": f"a: [{-(2**63)}]",
    "lists in lists": "a: " + "[" * 60 + "]" * 60,
    "fields in fields": "a: " + "{b: " * 400 + "1" + "}" * 400,
    "a very deep list": "[" * 100_000,
    "half of a character": 'a: "\\ud83d"',
    "a day that is none": "a: 2026-02-31",
}


@pytest.mark.parametrize("text", HOSTILE_YAML.values(), ids=HOSTILE_YAML)
def test_yaml_that_nothing_can_be_done_with_is_one_short_line(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_yaml(text, "recipe.yaml")
    assert str(refused.value).endswith("(recipe.yaml)")
    assert len(str(refused.value)) < 250


def test_ordinary_numbers_and_depths_are_read() -> None:
    text = f"a: {2**53}\nb: [[[[1e-3, -0x1f, 2_000]]]]\nc: 1.5\nd: '12'\ne: 😀\n"
    assert parse_yaml(text, "") == {
        "a": 2**53,
        "b": [[[["1e-3", -31, 2000]]]],
        "c": 1.5,
        "d": "12",
        "e": "😀",
    }
