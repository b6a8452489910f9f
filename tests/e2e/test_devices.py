"""A graphics device, end to end: Mesa's lavapipe, which computes in software and is far slower than the processor.

The part of llama.cpp is that of the installed package. It lists a device in software only where a variable asks for
it. Whatever is compiled for the device is kept, so that the second time is quick.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from config_files import write

from assist_completion.inference.libraries import library_sources, use
from assist_completion.inference.speed_probe import Speeds, speeds_of
from assist_completion.model_store.engine import FILES, engine_rows
from assist_completion.settings import CompletionSettings, DeviceChoice
from assist_installer.setup import device_offer
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import engine_folder

PROGRAM = Path(__file__).with_name("device_program.py")
LAVAPIPE = {"GGML_VK_VISIBLE_DEVICES": "0", "VK_LOADER_DRIVERS_SELECT": "*lvp*", "GGML_NO_BACKTRACE": "1"}
COMPILING = 400.0  # seconds for the first time, on a busy machine
SLICE = 16

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64",
        reason="the package has a part for this one",
    ),
    pytest.mark.xdist_group("lavapipe"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


def run(model: Path, device: str, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    words = [sys.executable, "-P", PROGRAM, model, device, str(SLICE)]
    environ = {**os.environ, **LAVAPIPE, **(environ or {})}
    done = subprocess.run(words, capture_output=True, env=environ, timeout=COMPILING, check=True)
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def processor(model: Path) -> dict[str, Any]:
    return run(model, "")


def measure(
    monkeypatch: pytest.MonkeyPatch,
    model: Path,
    memory: Path,
    environ: Mapping[str, str] | None = None,
    wanted: DeviceChoice = "auto",
    patience: float = COMPILING,
) -> Speeds:
    for name, value in {**LAVAPIPE, **(environ or {})}.items():
        monkeypatch.setenv(name, value)
    use(*[source for source in library_sources() if source.origin == "prebuilt"])
    try:
        settings = CompletionSettings(device=wanted, threads=1)
        return speeds_of(model, settings, memory, patience=patience)
    finally:
        use()


def test_a_key_costs_the_same_tokens_and_a_prompt_is_stopped_between_two_slices(
    model: Path, processor: dict[str, Any]
) -> None:
    found = run(model, "vulkan")
    assert (found["device"], found["failure"]) == ("vulkan", "")
    assert found["counts"] == processor["counts"]
    assert found["kept"] == 3 * SLICE
    assert found["best"] == processor["best"]


def test_a_device_without_memory_leaves_the_model_to_the_processor(
    model: Path, processor: dict[str, Any]
) -> None:
    found = run(model, "vulkan", {"GGML_VK_FORCE_MAX_BUFFER_SIZE": "100000"})
    assert found["device"] == ""
    assert found["counts"] == processor["counts"]
    assert "the processor goes on: no memory for 2 x 512 tokens of context" in found["failure"]


def test_figures_decide_and_are_kept(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "speed.json"
    speeds = measure(monkeypatch, model, memory)
    assert speeds.device is not None
    assert speeds.device.why == ""
    assert "llvmpipe" in speeds.device.name
    assert (speeds.device.layers, len(speeds.device.sizes)) == (2, 3)
    assert speeds.used is speeds.processor, "a device in software is slower"
    assert speeds.words.endswith("The processor is used.")
    wanted = measure(monkeypatch, model, memory, wanted="gpu")
    assert wanted.device == speeds.device, "nothing is measured twice"
    assert wanted.used.device == "vulkan"
    assert measure(monkeypatch, model, memory, wanted="cpu").device is None


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"GGML_VK_FORCE_MAX_BUFFER_SIZE": "1000"}, "vulkan cannot load tiny.gguf: "),
        ({"VK_DRIVER_FILES": "a driver that hangs"}, "vulkan took longer than 3 s to be measured."),
    ],
)
def test_a_device_that_fails_while_it_is_measured_costs_a_sentence(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], why: str
) -> None:
    patience = COMPILING
    if "VK_DRIVER_FILES" in environ:
        environ = {"VK_DRIVER_FILES": str(tmp_path / "driver.json")}
        os.mkfifo(environ["VK_DRIVER_FILES"])
        patience = 3
    speeds = measure(monkeypatch, model, tmp_path / "speed.json", environ, "gpu", patience)
    assert speeds.used is speeds.processor
    assert speeds.trouble.startswith("The graphics device is not used: ")
    assert why in speeds.trouble


def test_a_machine_without_a_device_is_told_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds = measure(
        monkeypatch, model, tmp_path / "speed.json", {"VK_DRIVER_FILES": str(tmp_path / "none.json")}
    )
    assert speeds.used is speeds.processor
    assert speeds.words == ""


def test_setup_offers_a_part_where_a_device_is_and_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fetched llama.cpp is one for processors; the part of the installed one lists the devices."""
    for name, value in LAVAPIPE.items():
        monkeypatch.setenv(name, value)
    config = load_lenient(write(tmp_path, ""))
    fetched = engine_folder(config) / f"linux-x64-{engine_rows()['linux-x64'].version}"
    fetched.mkdir(parents=True)
    (fetched / "libllama.so").write_bytes(b"llama")
    (fetched / FILES).write_text(json.dumps({"libllama.so": hashlib.sha256(b"llama").hexdigest()}))
    try:
        offer = device_offer(config)
        unwanted = device_offer(load_lenient(write(tmp_path, '[completion]\ndevice = "cpu"\n')))
        monkeypatch.setenv("VK_DRIVER_FILES", str(tmp_path / "none.json"))
        absent = device_offer(config)
    finally:
        use()
    assert offer is not None
    assert "llvmpipe" in offer[0]
    assert offer[1] == engine_rows()["linux-x64-vulkan"]
    assert (unwanted, absent) == (None, None)
