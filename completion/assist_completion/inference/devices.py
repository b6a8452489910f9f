"""Devices that compute in place of the processor: which there are, and when this process gives up on them.

llama.cpp's part for a kind of device (Vulkan, CUDA, Metal) is loaded only by a model that is opened for it,
and stays until the process ends. Whether a device is worth it, the speed probe measures: it may be slower
than the processor. A driver may crash or never answer, so a child process tries it first. What llama.cpp
cannot survive later, as a device that is lost, it ends the process for; here, only the thread then ends.
"""

import ctypes
import mmap
import platform
import sys
import threading
from collections.abc import Callable, Mapping
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_void_p
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from assist_completion.errors import ModelError, NoDeviceError
from assist_completion.inference.libraries import (
    LoadedLibrary,
    library_in_use,
    library_sources,
    part_file,
    register,
)

KINDS = ("metal", "cuda", "vulkan")  # the one to use first
# The functions `ggml_backend_dev_*`: which file has them, what they answer and what they take.
_FUNCTIONS: Mapping[str, tuple[str, Any, tuple[Any, ...]]] = {
    "count": ("ggml", c_size_t, ()),
    "get": ("ggml", c_void_p, (c_size_t,)),
    "name": ("base", c_char_p, (c_void_p,)),
    "description": ("base", c_char_p, (c_void_p,)),
    "type": ("base", c_int, (c_void_p,)),
    "memory": ("base", None, (c_void_p, POINTER(c_size_t), POINTER(c_size_t))),
}
_TYPES = {1: "gpu", 2: "integrated gpu"}  # `type`; 0 is the processor, 3 a unit of it
# Files that change with a driver or a device.
_TRACES = ("etc/vulkan/icd.d/*", "usr/share/vulkan/icd.d/*", "dev/dri/*", "dev/nvidia*", "dev/kfd", "dev/dxg")
_CARDS = ("sys/class/drm/card[0-9]/device/uevent", "sys/bus/pci/drivers/nvidia/*/uevent")  # which ones
_WINDOWS = ("vulkan-1.dll", "nvcuda.dll")


@dataclass(frozen=True, slots=True)
class Device:
    """A device as its driver describes it: bytes of memory, what is free of it, and llama.cpp's address."""

    name: str
    description: str
    kind: str
    memory: int
    free: int
    address: int = field(default=0, repr=False, compare=False)


_SLOTS = 8  # processes with a device at once
_COMPUTING = b"1"
_IDLE = b"0"
_marks: list[tuple[FileLock, mmap.mmap]] = []
failures: list[str] = []  # why this process uses no device any more
_listeners: list[Callable[[str], object]] = []
_own = threading.local()  # `leave`: what this thread does where the library would end the process


def give_up(why: str) -> None:
    """Use no device any more in this process: one failed, and why. The first failure is told."""
    failures.append(why)
    for listener in _listeners[: len(failures) == 1]:
        listener(failure())


def tell_failure(listener: Callable[[str], object]) -> None:
    """Call this, and no earlier listener, with a sentence when this process gives its device up."""
    _listeners[:] = [listener]


def outlive(leave: Callable[[str], object]) -> None:
    """Call this on a thread whose device failed in a way that ends the process; it never returns."""
    _own.leave = leave


def _halt(message: bytes) -> None:
    """Instead of ending the process: returning would end it, and the stack cannot be unwound."""
    leave = getattr(_own, "leave", None)
    if leave is not None:
        leave(message.decode("utf-8", "replace") or "its driver reported an error.")
        threading.Event().wait()


# ggml calls the one with its message before it aborts, C++ the other one for an exception that is not caught.
_on_abort = ctypes.CFUNCTYPE(None, c_char_p)(_halt)
_on_terminate = ctypes.CFUNCTYPE(None)(lambda: _halt(b""))
_ENDINGS = {"ggml_set_abort_callback": _on_abort, "_ZSt13set_terminatePFvvE": _on_terminate}


def failure() -> str:
    """Return why this process uses no device any more, as a sentence, or ""."""
    return f"The graphics device failed, and the processor goes on: {failures[0]}" if failures else ""


def watch_crashes(folder: Path) -> bool:
    """Have a byte of a file in `folder` say while this process computes, and return if a process ended so.

    A driver that loses its device ends the process, and an editor starts another one. Each has the first file
    that no other one has; the lock goes with the process.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for slot in map(str, range(_SLOTS)):
        lock = FileLock(folder / f"{slot}.lock", mode=0o600)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        with (folder / slot).open("a+b") as file:
            file.seek(0)
            is_crash = file.read(1) == _COMPUTING
            if not file.tell():
                file.write(_IDLE)
                file.flush()
            _marks.append((lock, mmap.mmap(file.fileno(), 1)))
        note_computing(False)
        return is_crash
    return False


def note_computing(computing: bool) -> None:
    """Note in the file of this process, if it has one, whether it computes on a device."""
    for _lock, byte in _marks:
        byte[:1] = _COMPUTING if computing and not failures else _IDLE


def part_here() -> str:
    """The kind of device that the library in use has a part for, or "". Nothing is loaded."""
    source = next(iter(library_sources()), None)
    return next((kind for kind in KINDS if source and part_file(source, kind)), "")


@cache
def open_device(kind: str) -> Device:
    """Load the part of a kind, in this process, and return its first device, a card before an integrated one.

    Raises `NoDeviceError` if the part cannot be loaded, which needs the driver, or finds no device.
    """
    library = library_in_use()
    path = part_file(library.source, kind)
    if path is None:
        raise NoDeviceError(f"{library.source.folder} has no part for {kind}.")
    try:
        register(library, path)
    except ModelError as error:
        raise NoDeviceError(str(error)) from error
    devices = sorted(_list_devices(library), key=lambda device: device.kind)
    if not devices:
        raise NoDeviceError(f"{kind} finds no device.")
    for name, ending in _ENDINGS.items():  # Windows' C++ has the second one under another name
        if function := getattr(library.base, name, None):
            function(ending)
    return devices[0]


def _list_devices(loaded_library: LoadedLibrary) -> list[Device]:
    """The devices of all parts that are loaded, without processors."""
    libraries = {"ggml": loaded_library.ggml, "base": loaded_library.base}
    api = {}
    for name, (library, answer, parameters) in _FUNCTIONS.items():
        function = getattr(libraries[library], f"ggml_backend_dev_{name}")
        function.restype = answer
        function.argtypes = parameters
        api[name] = function
    devices = []
    for address in map(api["get"], range(api["count"]())):
        kind = _TYPES.get(api["type"](address))
        free, total = c_size_t(), c_size_t()
        if kind is not None:
            api["memory"](address, ctypes.byref(free), ctypes.byref(total))
            name, words = (api[part](address).decode("utf-8", "replace") for part in ("name", "description"))
            devices.append(Device(name, words, kind, total.value, free.value, address))
    return devices


def driver_state(root: Path = Path("/")) -> list[tuple[str, int, int]]:
    """Describe drivers and devices, to notice changes: the names of its files, with their sizes and times."""
    if sys.platform == "win32":
        files = [Path("C:/Windows/System32") / name for name in _WINDOWS]
    else:
        files = [path for trace in _TRACES for path in sorted(root.glob(trace))]
    stats = [(str(path), path.stat()) for path in files if path.exists()]
    devices = [
        (name, 0, 0) for name, facts in stats if not facts.st_size
    ]  # a device's times change at a start
    drivers = [(name, facts.st_size, facts.st_mtime_ns) for name, facts in stats if facts.st_size]
    cards = [(path.read_text("utf-8"), 0, 0) for name in _CARDS for path in sorted(root.glob(name))]
    return [(platform.release(), 0, 0), *devices, *cards, *drivers]
