"""A Space, run as it stands: its own files, what its requirements name, and no network."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from proctor.common.refusal import Refusal
from tests.support.chat_server import QUESTION, needs_gradio
from tests.support.command import proctor

pytestmark = needs_gradio


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the embedded model at 8 bits, and a prompt pack of its own."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "variants").mkdir()
    fields = {
        "about": "5 million weights",
        "base": "finetune/tiny",
        "quantization": "q8_0",
        "engine": "llamacpp",
    }
    fields |= {"prompt": "mine", "sampling": {"temperature": 0.2}, "parent": "tiny"}
    (folder / "variants/small.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    (folder / "prompts").mkdir()
    from proctor.common.paths import find

    shutil.copyfile(find("prompts", "default"), folder / "prompts/mine.yaml")
    return folder


@pytest.fixture(scope="module")
def space(project: Path) -> Path:
    done = proctor("export", "space", "small", "--store", str(project / "store"), cwd=project)
    assert done.returncode == 0, done.stderr
    assert "exported to exports/small-space" in done.stdout
    return project / "exports/small-space"


def head(space: Path) -> dict[str, str]:
    text = (space / "README.md").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text.split("---\n")[1]))


def environment(space: Path, folder: Path) -> Path:
    """Links to what pip would install for the requirements: the versions are those of this environment."""
    left = (space / "requirements.txt").read_text(encoding="utf-8").splitlines()
    seen: set[str] = set()
    while left:
        wanted = Requirement(left.pop())
        assert wanted.specifier.contains(version(wanted.name)), wanted
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        installed = distribution(wanted.name)
        for line in installed.requires or ():
            marker = Requirement(line).marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
                left.append(line)
        for name in {path.parts[0] for path in installed.files or ()} - {"..", "__pycache__"}:
            if not (folder / name).exists():
                (folder / name).symlink_to(Path(str(installed.locate_file(name))))
    return folder


def test_the_space_answers_with_nothing_but_its_folder_and_its_requirements(
    space: Path, tmp_path: Path
) -> None:
    import gradio_client

    for name in ("elsewhere", "libraries"):
        (tmp_path / name).mkdir()
    shutil.copytree(space, tmp_path / "space")
    libraries = environment(space, tmp_path / "libraries")
    assert not (libraries / "torch").exists()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"PYTHONPATH": str(libraries), "GRADIO_SERVER_PORT": str(port), "HOME": str(tmp_path)}
    settings |= {"PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = (tmp_path / "log.txt").open("w")
    # -S: no package of this environment but the linked ones.
    words = [sys.executable, "-S", str(tmp_path / "space/app.py")]
    process = subprocess.Popen(words, cwd=tmp_path / "elsewhere", env=settings, stdout=log, stderr=log)
    try:
        for _ in range(1200):
            assert process.poll() is None, (tmp_path / "log.txt").read_text()
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        visitor = gradio_client.Client(f"http://127.0.0.1:{port}/", verbose=False)
        html, sent, _ = visitor.predict(QUESTION, api_name="/solve_en")
        assert "<strong>" in html, html
        assert sent.startswith("<|im_start|>")
        assert QUESTION in sent
        form = ("Ada", 6, 4, 2, ["Monday"], "", "grade-6", ["ratio"], "2026-09-01")
        html, _, _ = visitor.predict(*form, api_name="/plan_en")
        assert "<th scope='row'>1</th>" in html, html
        html, sent, _ = visitor.predict("12 x 3\nAnswer: 39", "Ada", 4, 4, 2, [], "", api_name="/mistakes_en")
        assert "<td>12 x 3</td>" in html, html
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def test_the_head_and_the_files_say_what_the_space_is(space: Path) -> None:
    import gradio

    assert sorted(path.name for path in space.iterdir()) == [
        "README.md", "app.py", "export.json", "proctor", "proctor.yaml", "prompts", "requirements.txt", "small.gguf",
        "variants",
    ]  # fmt: skip
    assert head(space) == {
        "title": "Proctor chat: small", "sdk": "gradio", "sdk_version": gradio.__version__, "app_file": "app.py",
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}", "license": "mit",
    }  # fmt: skip
    assert yaml.safe_load((space / "variants/small.yaml").read_text(encoding="utf-8")) == {
        "about": "5 million weights", "base": "small.gguf", "engine": "llamacpp", "prompt": "mine",
        "sampling": {"temperature": 0.2},
    }  # fmt: skip
    assert [path.name for path in (space / "prompts").iterdir()] == ["mine.yaml"]
    record = json.loads((space / "export.json").read_text(encoding="utf-8"))
    assert record["sha256"] in (space / "app.py").read_text(encoding="utf-8")
    assert record["packs"] == {"word_problems": "mine", "study_plan": "mine", "diagnosis": "mine"}
    assert "Permission is hereby granted" in (space / "proctor/LICENSE").read_text(encoding="utf-8")
    files = [path for path in space.rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in files) <= 10_000_000
    assert not [path for path in files if path.is_symlink() or "__pycache__" in path.parts]


def test_other_weights_than_those_exported_are_not_served(space: Path, tmp_path: Path) -> None:
    from proctor.harness.chat.space import serve

    shutil.copytree(space / "variants", tmp_path / "variants")
    shutil.copytree(space / "prompts", tmp_path / "prompts")
    (tmp_path / "small.gguf").write_bytes(b"GGUF of somebody else")
    sha256 = json.loads((space / "export.json").read_text(encoding="utf-8"))["sha256"]
    with pytest.raises(Refusal, match="not the weights that were exported"):
        serve(tmp_path, "small", sha256, {})


@pytest.fixture
def shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proctor.harness.chat.space.LARGEST", 5_000_000)


def exported(base: str, store: Path, out: Path, hub: str | None = None) -> Path:
    from rich.console import Console

    from proctor.common.progress import Reporter
    from proctor.harness.chat.space import export_space
    from proctor.harness.config.variant import Variant

    variant = Variant(name="served", base=base, engine="llamacpp")
    packs = {"word_problems": "cot"}
    return export_space(variant, packs, store, out, hub, Reporter(Console(quiet=True)))


def test_large_weights_are_named_where_they_lie_on_the_hub(space: Path, tmp_path: Path, shrunk: None) -> None:
    base = str(space / "small.gguf")
    with pytest.raises(Refusal, match="too large for the git of a Space") as refused:
        exported(base, tmp_path / "store", tmp_path / "out")
    assert "--hub org/name" in str(refused.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(Refusal, match="'nobody' is no model on the hub"):
        exported(base, tmp_path / "store", tmp_path / "out", "nobody")
    out = exported(base, tmp_path / "store", tmp_path / "out", "somebody/tiny")
    text = (out / "variants/served.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["base"] == "somebody/tiny:served.gguf"
    assert not list(out.glob("*.gguf"))
    assert "somebody/tiny:served.gguf" in (out / "README.md").read_text(encoding="utf-8")
    assert head(out)["license"] == "other"
    assert sorted(path.name for path in (out / "prompts").iterdir()) == ["cot.yaml", "default.yaml"]


def test_weights_of_a_python_package_are_installed_with_it(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site/some_weights"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copyfile(space / "small.gguf", package / "small.gguf")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    base = "package:some_weights/small.gguf"
    about = tmp_path / "site/some_weights_dist-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights-dist\nVersion: 1.2\n")
    (about / "top_level.txt").write_text("some_weights\n")
    out = exported(base, tmp_path / "store", tmp_path / "out")
    assert "some-weights-dist==1.2" in (out / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert not list(out.glob("*.gguf"))
    assert f"base: {base}" in (out / "variants/served.yaml").read_text(encoding="utf-8")


def test_a_variant_that_is_no_gguf_is_refused(project: Path) -> None:
    done = proctor("export", "space", "tiny", "--store", str(project / "store"), cwd=project)
    assert done.returncode == 2
    assert "'tiny' is no GGUF" in done.stderr
