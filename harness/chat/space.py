"""The chat as a Hugging Face Space: a folder with all that the page needs, and what its app.py calls.

    export_space(variant, {"word_problems": "cot", ...}, store, Path("exports/tiny-space"), None, reporter)

The Space is a project of its own: it has the variant as YAML, the prompt packs and a copy of this package, so that it
asks as the page here does. Nothing is uploaded.
"""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import distribution, packages_distributions, version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from rich.console import Console

from proctor.common.paths import EMBEDDED, MARK, find, inside, resolve
from proctor.common.progress import Reporter
from proctor.common.refusal import Refusal
from proctor.common.schema import yaml_of
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
APP = '''"""The page of `proctor chat`. To try it here: pip install -r requirements.txt, then python app.py."""

from pathlib import Path

from proctor.harness.chat.space import serve

# The weights that were exported, and the prompt pack of each scene's task.
serve(
    Path(__file__).resolve().parent,
    {name!r},
    sha256={sha256!r},
    packs={packs!r},
)
'''
README = Path(__file__).with_name("space.md")


def serve(folder: Path, name: str, sha256: str, packs: Mapping[str, str]) -> None:
    """Opens the page until it is ended. On a Space it listens where Gradio is told to, else on this machine alone."""
    with inside(folder):
        variant = load_variant(name)
        if digest_of_file(resolve_base(variant.base)) != sha256:
            raise Refusal(
                "these are not the weights that were exported", remedy="export again", where=variant.base
            )
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
    sha256, name = digest_of_file(gguf), variant.name
    base = f"{name}.gguf"
    if hub:
        base = f"{hub}:{base}"
    elif not plan.stages and not resolve(variant.base).is_file():
        base = variant.base  # in a package or on the hub already
    elif gguf.stat().st_size > LARGEST:
        raise Refusal(
            f"{gguf.stat().st_size:,} bytes of weights are too large for the git of a Space",
            f"{LARGEST:,} are the most",
            f"put {base} into a model on the hub (proctor export gguf {name}) and name that with --hub org/name",
        )
    facts = provenance(variant, plan, store) | {"name": name, "base": base, "packs": dict(packs)}
    with export_folder(out, gguf, facts) as part:
        if base == f"{name}.gguf":
            copy_gguf(gguf, part / base)
        _copy_package(part / "proctor")
        for folder in ("variants", "prompts"):
            (part / folder).mkdir()
        for pack in {variant.prompt, *packs.values()}:
            shutil.copyfile(find("prompts", pack), part / "prompts" / f"{pack}.yaml")
        fields = {
            "about": variant.about,
            "base": base,
            "engine": "llamacpp",
            "prompt": variant.prompt,
            "sampling": variant.sampling.model_dump(mode="json", exclude_defaults=True),
        }
        texts = {
            f"variants/{name}.yaml": yaml_of(fields),
            MARK: "",
            "app.py": APP.format(name=name, sha256=sha256, packs=dict(packs)),
            "requirements.txt": "\n".join([*requirements(base), ""]),
            "README.md": _readme(variant, base, facts["stages"], _licence(variant, gguf)),
        }
        for path, text in texts.items():
            (part / path).write_text(text, encoding="utf-8")
    return out


def requirements(base: str) -> Iterator[str]:
    """What was installed here when the Space was written; Proctor itself is copied."""
    names = list(NEEDS)
    if base.startswith(IN_PACKAGE):
        package = base.removeprefix(IN_PACKAGE).partition("/")[0]
        installed = packages_distributions().get(package)
        if not installed:
            raise Refusal(
                f"pip does not know the package {package!r}",
                "so a Space cannot install it",
                "put its GGUF into a model on the hub, and name that with --hub org/name",
                base,
            )
        names += installed
    for name in names:
        yield f"{name}=={version(name)}"


def _copy_package(target: Path) -> None:
    """All of Proctor but its tools and what is too large: the embedded model's weights, which no Space opens."""

    def left_out(folder: str, names: list[str]) -> list[str]:
        large = [name for name in names if (Path(folder) / name).stat().st_size > LARGEST]
        return ["__pycache__", "tools", *large]

    with as_file(files("proctor")) as package:
        shutil.copytree(package, target, ignore=left_out)
    licence = distribution("proctor").read_text("licenses/LICENSE")
    (target / "LICENSE").write_text(str(licence), encoding="utf-8")


def _licence(variant: Variant, gguf: Path) -> str:
    """Of the weights, by the hub's name for it: what the file says of itself. The embedded model is ours."""
    if variant.base.rstrip("/") == EMBEDDED:
        return "mit"
    return str(read_header(gguf).fields.get("general.license", "other"))


def _readme(variant: Variant, base: str, stages: Sequence[dict[str, Any]], licence: str) -> str:
    head = {
        "title": f"Proctor chat: {variant.name}",
        "sdk": "gradio",
        "sdk_version": version("gradio"),
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "app_file": "app.py",
        "license": licence,
    }
    origin = base_in_public(variant)
    rights = f"`{licence}`"
    if licence == "other":
        rights = f"those of `{origin}`: look them up, and name the licence in the head of this file before you publish"
    return README.read_text(encoding="utf-8").format(
        head=yaml_of(head), about=variant.about, name=variant.name, digest=variant.digest[:16], origin=origin,
        steps="\n".join(steps(stages)), base=base, rights=rights, version=version("proctor"),
    )  # fmt: skip
