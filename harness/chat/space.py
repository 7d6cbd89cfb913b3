"""The chat as a Hugging Face Space: a folder with all that the page needs, and what its app.py calls.

    export_space(variant, {"word_problems": "cot", ...}, store, Path("exports/tiny-space"), None, reporter)

The Space is a project of its own: the variant as YAML, its prompt packs and a copy of this package, so that it asks as
the page here does. Nothing is uploaded.
"""

import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from importlib.metadata import distribution, packages_distributions, version
from importlib.resources import as_file, files
from pathlib import Path

from proctor.common.paths import EMBEDDED, MARK, find, inside, resolve
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.schema import yaml_of
from proctor.common.terminal import Console
from proctor.finetune.base import HUB_ID, IN_PACKAGE, digest_of_file, resolve_base
from proctor.finetune.export.folder import copy_gguf, export_folder
from proctor.finetune.gguf.header import read_header
from proctor.harness.chat.labels import ClickedLabels
from proctor.harness.chat.page import LAUNCH, open_page
from proctor.harness.chat.tutor import Tutor
from proctor.harness.config.suite import load_variant
from proctor.harness.config.variant import Variant
from proctor.harness.export import base_in_public, build_gguf, provenance, steps

LARGEST = 10_000_000  # bytes; the hub's git takes larger files as large-file storage alone
# What the page imports, without what these bring themselves; a test runs it with nothing else. No torch: llama.cpp
# answers. No Inspect: it wants a newer pydantic than the Gradio that a Space installs, gradio[oauth,mcp], allows.
NEEDS = ("gradio", "llama-cpp-python", "lm-eval", "datasets", "transformers", "gguf")
APP = Path(__file__).with_name("space_app.txt")


def serve(folder: Path, name: str, sha256: str, packs: Mapping[str, str]) -> None:
    """Opens the page until it is ended. On a Space it listens where Gradio is told to, else on this machine alone."""
    with inside(folder):
        variant = load_variant(name)
        if digest_of_file(resolve_base(variant.base)) != sha256:
            raise Refusal("these are not the weights that were exported", where=variant.base)
        with closing(Tutor.open(variant, packs, folder / ".proctor", Reporter(Console()))) as tutor:
            page = open_page([tutor], ClickedLabels(folder / "labels.csv"), blind=False)
            page.launch(**{**LAUNCH, "server_name": None})


def export_space(
    variant: Variant, packs: Mapping[str, str], store: Path, out: Path, hub: str | None, reporter: Reporter
) -> Path:
    """The folder. `hub` is the model on the hub that holds NAME.gguf, where it is not to stand in the Space itself."""
    if hub and not HUB_ID.fullmatch(hub):
        raise Refusal(f"{hub!r} is no model on the hub", remedy="write it as org/name")
    gguf, plan = build_gguf(variant, store, reporter)
    name, here = variant.name, f"{variant.name}.gguf"
    base = here
    if hub:
        base = f"{hub}:{here}"
    elif not plan.stages and not resolve(variant.base).is_file():
        base = variant.base  # in a package or on the hub already
    elif gguf.stat().st_size > LARGEST:
        raise Refusal(
            f"{gguf.stat().st_size:,} bytes of weights are too large for the git of a Space",
            f"{LARGEST:,} are the most",
            f"put {here} into a model on the hub (proctor export gguf {name}) and name that with --hub org/name",
        )
    sampling = variant.sampling.model_dump(mode="json", exclude_defaults=True)
    fields = {"about": variant.about, "base": base, "engine": "llamacpp", "prompt": variant.prompt}
    facts = provenance(variant, plan, store) | {"name": name, "base": base, "packs": dict(packs)}
    texts = {
        f"variants/{name}.yaml": yaml_of({**fields, "sampling": sampling}),
        MARK: "",
        "app.py": APP.read_text(encoding="utf-8").format(
            name=name, sha256=digest_of_file(gguf), packs=dict(packs)
        ),
        "requirements.txt": _requirements(base),
        "README.md": _readme(variant, base, gguf, steps(facts["stages"])),
    }
    for pack in (variant.prompt, *packs.values()):
        texts[f"prompts/{pack}.yaml"] = find("prompts", pack).read_text(encoding="utf-8-sig")
    with export_folder(out, gguf, facts) as part:
        if base == here:
            copy_gguf(gguf, part / here)
        _copy_package(part / "proctor")
        for path, text in texts.items():
            (part / path).parent.mkdir(exist_ok=True)
            (part / path).write_text(text, encoding="utf-8")
    return out


def _requirements(base: str) -> str:
    """In the versions that are installed here; Proctor itself is copied."""
    names = list(NEEDS)
    if base.startswith(IN_PACKAGE):
        package = base.removeprefix(IN_PACKAGE).partition("/")[0]
        names += packages_distributions().get(package, [package])
    return "".join(f"{name}=={version(name)}\n" for name in names)


def _copy_package(target: Path) -> None:
    """All of Proctor but its tools and what is too large: the embedded model's weights, which no Space opens."""

    def left_out(folder: str, names: list[str]) -> list[str]:
        large = [name for name in names if (Path(folder) / name).stat().st_size > LARGEST]
        return ["__pycache__", "tools", *large]

    with as_file(files("proctor")) as package:
        shutil.copytree(package, target, ignore=left_out)
    # Where the licence of an installed package lies depends on how it was installed.
    (licence,) = [file for file in distribution("proctor").files or () if file.name == "LICENSE"]
    (target / "LICENSE").write_text(licence.read_text(encoding="utf-8"), encoding="utf-8")


def _readme(variant: Variant, base: str, gguf: Path, made: list[str]) -> str:
    licence = str(read_header(gguf).fields.get("general.license", "other"))
    if variant.base.rstrip("/") == EMBEDDED:
        licence = "mit"  # it is ours
    head = {
        "title": f"Proctor chat: {variant.name}",
        "sdk": "gradio",
        "sdk_version": version("gradio"),
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "app_file": "app.py",
        "license": licence,
    }
    text = Path(__file__).with_name("space.md").read_text(encoding="utf-8")
    return text.format(
        head=yaml_of(head), about=variant.about, name=variant.name, digest=variant.digest[:16], base=base,
        origin=base_in_public(variant), steps="\n".join(made), licence=licence, version=version("proctor"),
    )  # fmt: skip
