"""Which graphics devices are here, before llama.cpp has a part for them: by their drivers, asked in a child.

A driver may crash or never answer, so none is loaded in this process.
"""

import json
import os
import subprocess
import sys
from ctypes.util import find_library
from dataclasses import asdict
from pathlib import Path

from assist_completion.errors import DeviceError, ModelError
from assist_completion.inference.devices import Device, open_device
from assist_completion.inference.libraries import LibrarySource, child_command, use_told

LOADING = 30.0  # seconds for a driver to name its devices; the shaders of one are compiled later
# The kinds and the libraries that each needs, on Linux and on Windows, the one to use first. CUDA's package
# does not hold two of them. That Vulkan's loader is there says nothing about a device.
DRIVERS = {
    "metal": ((), ()),
    "cuda": (("libcuda.so.1", "libcudart.so.13", "libcublas.so.13"), ("nvcuda.dll",)),
    "vulkan": (("libvulkan.so.1",), ("vulkan-1.dll",)),
}


def find_device(kind: str, source: LibrarySource, patience: float = LOADING) -> Device:
    """What `open_device` finds with a library, in a process of its own. Raises `DeviceError`."""
    try:
        child = subprocess.run(
            child_command("assist_installer.device_search", kind, source=source),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeviceError(f"{kind} did not list its devices within {patience:.0f} s.") from None
    if child.returncode:
        why = child.stderr.strip().rpartition("\n")[2] if child.returncode == 1 else ""
        raise DeviceError(why or f"{kind} crashes (exit {child.returncode}).")
    return Device(**json.loads(child.stdout))


def find_drivers() -> list[str]:
    """The kinds of devices whose libraries are here, the one to use first. None is loaded."""
    if sys.platform == "darwin":
        return ["metal"]
    windows = sys.platform == "win32"
    names = {kind: libraries[windows] for kind, libraries in DRIVERS.items() if libraries[windows]}
    return [kind for kind, wanted in names.items() if all(map(_is_here, wanted))]


def _is_here(name: str) -> bool:
    """Whether a library of this name and version is where the system looks for it."""
    found = find_library(name.removeprefix("lib").partition(".")[0])
    return bool(found) and Path(str(found)).name.lower() == name


def main(told: str, kind: str) -> int:
    """The child process: print the device of a kind as JSON, or say on stderr why there is none."""
    use_told(told)
    try:
        device = open_device(kind)
    except ModelError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.write(json.dumps({**asdict(device), "address": 0}))
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # some drivers crash while they are unloaded
