"""A language server whose graphics device fails when the test says so, and what its user sees of that."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config_files import write

from bench.editors.lsp_client import serving
from bench.editors.lsp_typist import Typist

SHIM = Path(__file__).with_name("vulkan_faults.c")
LAVAPIPE = {
    "GGML_VK_VISIBLE_DEVICES": "0",
    "VK_LOADER_DRIVERS_SELECT": "*lvp*",
    "GGML_NO_BACKTRACE": "1",
    # Its compiler takes most of the time where nothing is kept yet: 36 s of CPU with these two, more than 76 without.
    "GALLIVM_PERF": "nopt",
    "LP_NATIVE_VECTOR_WIDTH": "128",
}
WORD = "width"  # what the model says
COMPILING = 400.0  # seconds for the first time, on a busy machine
FAILED = "The graphics device failed, and the processor goes on: "
LINES = [f"name_{number} = make({number})" for number in range(20)]


def build_shim(folder: Path) -> Path:
    library = folder / "vulkan_faults.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SHIM, "-ldl"], check=True
    )
    return library


@dataclass(frozen=True)
class FailingDevice:
    """A device that fails once `fail` was called. Programs find it by `environ`."""

    shim: Path
    folder: Path

    @property
    def environ(self) -> Mapping[str, str]:
        return {**LAVAPIPE, "LD_PRELOAD": str(self.shim), "VULKAN_FAULT": str(self.folder / "fault")}

    def fail(self, fault: str) -> None:
        (self.folder / "fault.new").write_text(fault)
        os.replace(self.folder / "fault.new", self.folder / "fault")


class DeviceUser:
    """Types into a file, and looks at the status."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._typist = Typist(client, LINES, 10)

    @property
    def told(self) -> list[str]:
        """What the status says of a failure, each time that it begins to say so."""
        said = [status.message for status in self.client.statuses]
        pairs = zip(["", *said], said, strict=False)
        return [now for before, now in pairs if now != before and now.startswith("The graphics device")]

    async def ghost_text(self, key: str) -> str:
        self._typist.key(key)
        return (await self._typist.ask())[1]

    async def until_ghost_text(self, seconds: float) -> None:
        """Type until there is ghost text again."""
        async with asyncio.timeout(seconds):
            while await self.ghost_text("a") != WORD:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def device_user(
    model: Path, data: Path, device: FailingDevice, used: str = "gpu"
) -> AsyncIterator[DeviceUser]:
    """A server that was told to use the device, or the processor, with what was measured."""
    home = device.folder / "home"
    home.mkdir()
    settings = f'[completion]\nmodel = "{model}"\nmode = "eager"\ndevice = "{used}"\n'
    environ = {**write(home, settings), **device.environ, "ASSIST_DATA_DIR": str(data), "ASSIST_OFFLINE": "1"}
    async with serving(environ) as client:
        await client.until("ready", "failed", seconds=COMPILING)
        yield DeviceUser(client)
