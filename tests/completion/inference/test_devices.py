"""Parts for devices: which one a library has, and what becomes of a process whose device fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assist_completion.inference.devices import driver_state, part_here
from assist_completion.inference.libraries import LibrarySource, part_file, use

# The files of the archives of node-llama-cpp that are kept: `mac-arm64-metal` 3.21.1 and `linux-x64-vulkan` 3.22.1.
MAC = (
    "libggml-base.dylib",
    "libggml-blas.so",
    "libggml-cpu-apple_m1.so",
    "libggml-cpu-apple_m2_m3.so",
    "libggml-cpu-apple_m4.so",
    "libggml-metal.so",
    "libggml.metal.v0.4.0.dylib",
    "libllama.metal.v0.4.0.dylib",
)
LINUX = ("libggml-base.so", "libggml-cpu-zen4.so", "libggml-vulkan.so", "libggml.vulkan.v0.5.0.so")


@pytest.mark.parametrize(
    ("names", "kind", "name"),
    [
        (MAC, "metal", "libggml-metal.so"),
        (LINUX, "vulkan", "libggml-vulkan.so"),
        (("ggml-vulkan.dll", "ggml.vulkan.v0.4.0.dll"), "vulkan", "ggml-vulkan.dll"),
        (("libggml-cpu-zen4.so", "libggml-vulkan.so.license"), "", ""),
    ],
)
def test_the_part_for_a_device_is_found_by_its_name(
    tmp_path: Path, names: tuple[str, ...], kind: str, name: str
) -> None:
    for file in names:
        (tmp_path / file).touch()
    source = LibrarySource("named", "mine", tmp_path)
    use(source)
    try:
        assert part_here() == kind
    finally:
        use()
    assert not kind or part_file(source, kind) == tmp_path / name
    assert part_file(source, "blas") == (tmp_path / "libggml-blas.so" if names is MAC else None)


@pytest.mark.skipif(sys.platform != "linux", reason="the files of Linux")
def test_a_new_driver_or_device_is_seen_by_their_files(tmp_path: Path) -> None:
    before = driver_state(tmp_path)
    manifest = tmp_path / "usr/share/vulkan/icd.d/a.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    driver = driver_state(tmp_path)
    (tmp_path / "dev/dri").mkdir(parents=True)
    (tmp_path / "dev/dri/renderD128").touch()
    device = driver_state(tmp_path)
    os.utime(tmp_path / "dev/dri/renderD128", (1, 1))
    assert driver_state(tmp_path) == device, "a device's time changes at each start"
    manifest.write_text("{ }")
    states = [before, driver, device, driver_state(tmp_path)]
    assert len({tuple(state) for state in states}) == 4


LOSES_ITS_DEVICE = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from assist_completion.inference.devices import watch_crashes
from assist_completion.inference.worker import Job, Lane, Worker
print(watch_crashes(Path(sys.argv[1])), flush=True)
worker = Worker(lambda abort: SimpleNamespace(close=lambda: None))
job = Job(Lane.VISIBLE, lambda _: os.abort() if sys.argv[2] == "computing" else None)
worker.submit(job)
job.done.result(60)
os._exit(1)
"""


def test_a_process_that_ended_while_its_device_computed_is_known_to_the_next_one(tmp_path: Path) -> None:
    found = []
    for doing in ("idle", "computing", "idle", "idle"):
        words = [sys.executable, "-P", "-c", LOSES_ITS_DEVICE, tmp_path / "device", doing]
        child = subprocess.run(words, capture_output=True, text=True, check=False)
        found.append(child.stdout.strip())
    assert found == ["False", "False", "True", "False"]
