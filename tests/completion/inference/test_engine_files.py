"""Which files are taken of the archives for devices: those of another system are chosen as that system would."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from assist_completion.model_store.engine import engine_rows

FILES = tomllib.loads(Path(__file__).with_name("engine_files.toml").read_text(encoding="utf-8"))
# A process that takes itself to be another system: what a library's file is called there is decided at import.
CHOOSES = """
import ctypes, importlib.metadata, importlib.util, filelock, json, pathlib, platform, subprocess, sys, tempfile
system, machine, folder = sys.argv[1:]
sys.platform, platform.machine = system, lambda: machine
from assist_completion.inference import libraries
from assist_completion.inference.devices import part_here
from assist_completion.model_store.engine import machine_name
source = libraries.LibrarySource("named", "mine", pathlib.Path(folder))
libraries.use(source)
names = [libraries.library_file(source.folder, part) for part in ("llama", "ggml", "ggml-base")]
names += [libraries.part_file(source, kind) for kind in ("metal", "vulkan", "cuda", "blas")]
print(json.dumps([machine_name(), part_here(), [path and path.name for path in names]]))
"""
NAMES = {
    "linux-x64-cuda": (
        ("linux", "x86_64", "linux-x64", "cuda"),
        ("libllama.cuda.v0.5.0.so", "libggml.cuda.v0.5.0.so", "libggml-base.so"),
        (None, None, "libggml-cuda.so", None),
    ),
    "linux-x64-vulkan": (
        ("linux", "x86_64", "linux-x64", "vulkan"),
        ("libllama.vulkan.v0.5.0.so", "libggml.vulkan.v0.5.0.so", "libggml-base.so"),
        (None, "libggml-vulkan.so", None, None),
    ),
    "mac-arm64-metal": (
        ("darwin", "arm64", "mac-arm64", "metal"),
        ("libllama.metal.v0.4.0.dylib", "libggml.metal.v0.4.0.dylib", "libggml-base.dylib"),
        ("libggml-metal.so", None, None, "libggml-blas.so"),
    ),
    "win-x64-vulkan": (
        ("win32", "AMD64", "win-x64", "vulkan"),
        ("llama.vulkan.v0.4.0.dll", "ggml.vulkan.v0.4.0.dll", "ggml-base.dll"),
        (None, "ggml-vulkan.dll", None, None),
    ),
}


@pytest.mark.parametrize("row", FILES)
def test_a_system_takes_the_right_files_of_its_archive(row: str, tmp_path: Path) -> None:
    for name in FILES[row]["files"]:
        (tmp_path / name).touch()
    (system, machine, own, kind), libraries, parts = NAMES[row]
    words = [sys.executable, "-P", "-c", CHOOSES, system, machine, tmp_path]
    child = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(child.stdout) == [own, kind, [*libraries, *parts]]


def test_the_lists_are_those_of_the_archives_that_are_fetched() -> None:
    with_device = {name: row for name, row in engine_rows().items() if name.count("-") > 1}
    assert {name: row.sha256 for name, row in with_device.items()} == {
        name: row["sha256"] for name, row in FILES.items()
    }
