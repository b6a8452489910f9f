"""A graphics device, end to end: Mesa's lavapipe, which computes in software and is far slower than the processor.

The part of llama.cpp is that of the installed package. It lists a device in software only where a variable asks for
it. Whatever is compiled for the device is kept, so that the second time is quick. A device that fails is the same
one, with a library before it that refuses or swallows what is asked of Vulkan.
"""

import asyncio
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from config_files import write
from device_server import (
    COMPILING,
    FAILED,
    LAVAPIPE,
    WORD,
    DeviceUser,
    FailingDevice,
    build_shim,
    device_user,
)

from assist_completion.inference.libraries import library_sources, use
from assist_completion.inference.speed_probe import Speeds, measure_speeds
from assist_completion.inference.speed_trial import SLICES, SpeedTrial
from assist_completion.model_store.engine import FILES, engine_rows
from assist_completion.settings import DeviceChoice
from assist_installer.setup import device_offer
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import engine_folder

PROGRAM = Path(__file__).with_name("device_program.py")
ANSWER = Path(__file__).with_name("device_answer.py")
REPLAY = Path(__file__).with_name("device_replay.py")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SLICE = 16

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64",
        reason="the package has a part for this one",
    ),
    pytest.mark.xdist_group("lavapipe"),
    pytest.mark.timeout(3 * COMPILING),  # the first test waits for the fixtures: three programs compile
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


def run(
    model: Path, device: str, environ: Mapping[str, str] | None = None, size: int = SLICE
) -> dict[str, Any]:
    words = [sys.executable, "-P", PROGRAM, model, device, str(size)]
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
        return measure_speeds(SpeedTrial(str(model), 1), wanted, memory, patience=patience)
    finally:
        use()


def test_a_key_costs_the_same_tokens_and_no_slice_is_computed_after_the_flag(
    model: Path, processor: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the slice that the probe chose."""
    speeds = measure(monkeypatch, model, tmp_path / "speed.json")
    assert speeds.device is not None
    size = speeds.device.slice
    assert size in SLICES
    found = run(model, "vulkan", size=size)
    assert (found["device"], found["failure"]) == ("vulkan", "")
    assert found["counts"] == processor["counts"]
    assert (found["calls"], found["kept"]) == (2, 2 * size)
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


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("speaking") / "speaking.gguf", WORD)


@pytest.fixture(scope="module")
def replayed(speaking: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The figures of a replay by the device and by the processor. The driver compiles, where no guard waits for it."""
    found = []
    for device in ("vulkan", ""):
        environ = {**os.environ, **LAVAPIPE, "PYTHONPATH": str(BENCHMARKS)}
        words = [sys.executable, "-P", REPLAY, speaking, device, tmp_path_factory.mktemp("replay")]
        done = subprocess.run(words, capture_output=True, env=environ, timeout=COMPILING, check=True)
        found.append(json.loads(done.stdout))
    return found


@pytest.fixture(scope="module")
def data(speaking: Path, shim: Path, replayed: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the servers: the first one measures its device."""
    folder = tmp_path_factory.mktemp("first")
    data = folder / "data"

    async def use_it() -> None:
        async with device_user(speaking, data, FailingDevice(shim, folder)) as user:
            assert await user.ghost_text("a") == WORD

    asyncio.run(use_it())
    return data


Fail = Callable[[str], FailingDevice]


@pytest.fixture
def failing(shim: Path, tmp_path: Path) -> Fail:
    """A device of this name that does not fail yet."""

    def make(name: str) -> FailingDevice:
        (tmp_path / name).mkdir()
        return FailingDevice(shim, tmp_path / name)

    return make


async def test_an_editor_shows_the_same_text_by_the_device_and_says_what_computes(
    speaking: Path, data: Path, failing: Fail
) -> None:
    found = {}
    for used in ("gpu", "cpu"):
        async with device_user(speaking, data, failing(used), used) as user:
            found[used] = [await user.ghost_text(key) for key in "total = name_"]
            status = user.client.statuses[-1]
            assert status.message == ""
            assert ("llvmpipe" in status.engine, "(vulkan)" in status.engine) == (used == "gpu",) * 2
    assert found["gpu"] == found["cpu"]
    assert WORD in found["gpu"]


def test_a_replay_of_keys_costs_the_same_tokens(replayed: list[dict[str, Any]]) -> None:
    """The real engine with the model on the device, on the virtual clock: nothing depends on how fast that is."""
    by_device, by_processor = replayed
    assert by_device == by_processor
    assert by_device["tokens evaluated"] > 1000


async def lose(user: DeviceUser, device: FailingDevice, fault: str) -> None:
    """Let it fail in the middle of typing. Ghost text comes again, and the server is still the same process."""
    server = user.client.pid
    if fault != "memory":  # after the first text, none is asked for any more
        assert await user.ghost_text("a") == WORD
    device.fail(fault)
    await user.until_ghost_text(COMPILING)
    assert (user.client.stopped, user.client.pid) == (False, server)


async def fail_in_an_editor(speaking: Path, data: Path, device: FailingDevice, fault: str, when: str) -> str:
    """What the user is told, once, of a device that fails while the server loads the model or computes."""
    if when == "loading":
        device.fail(fault)
    async with device_user(speaking, data, device) as user:
        if when == "loading":
            await user.until_ghost_text(COMPILING)
        else:
            await lose(user, device, fault)
        (told,) = user.told
        status = user.client.statuses[-1]
        assert (status.state, status.message) == ("ready", told)
    return told.removeprefix(FAILED)


async def answer_in_a_terminal(speaking: Path, device: FailingDevice, fault: str) -> dict[str, Any]:
    """An answer of sixty tokens, by the processor if nothing shall fail, and what its user is told."""
    words = [sys.executable, "-P", ANSWER, speaking, "vulkan" if fault else "", fault]
    environ = {**os.environ, **device.environ}
    child = await asyncio.create_subprocess_exec(*words, env=environ, stdout=subprocess.PIPE)
    out, _ = await asyncio.wait_for(child.communicate(), COMPILING)
    assert child.returncode == 0
    return dict(json.loads(out))


@pytest.mark.parametrize(
    ("fault", "when", "why"),
    [
        ("memory", "loading", "vulkan cannot load speaking.gguf: ggml_backend"),
        ("memory", "computing", "its driver reported an error."),
        ("lost", "loading", "no memory for 2 x "),
        ("lost", "computing", "its driver reported an error."),
    ],
)
async def test_ghost_text_goes_on_by_the_processor_in_the_same_server(
    speaking: Path, data: Path, failing: Fail, fault: str, when: str, why: str
) -> None:
    assert (await fail_in_an_editor(speaking, data, failing("device"), fault, when)).startswith(why)


@pytest.mark.usefixtures("replayed")
async def test_an_answer_in_a_terminal_goes_on_where_it_was(speaking: Path, failing: Fail) -> None:
    whole = await answer_in_a_terminal(speaking, failing("processor"), "")
    assert whole == {"text": f"{WORD}\n" * 10, "told": [], "written": 60}
    lost = await answer_in_a_terminal(speaking, failing("device"), "lost")
    assert lost == {**whole, "told": [f"{FAILED}its driver reported an error."]}


async def test_a_device_that_hangs_is_left_in_an_editor_and_in_a_terminal(
    speaking: Path, data: Path, failing: Fail
) -> None:
    """All three wait at once for half a minute."""
    loading, computing, answer = await asyncio.gather(
        fail_in_an_editor(speaking, data, failing("loading"), "hang", "loading"),
        fail_in_an_editor(speaking, data, failing("computing"), "hang", "computing"),
        answer_in_a_terminal(speaking, failing("terminal"), "hang"),
    )
    late = "it did not answer in time."
    assert (loading, computing) == (late, late)
    assert answer == {"text": f"{WORD}\n" * 10, "told": [f"{FAILED}{late}"], "written": 60}


def command(home: Path, *words: object) -> str:
    """What `assist` says, on a machine with this device."""
    environ = {
        **os.environ,
        **LAVAPIPE,
        "ASSIST_CONFIG_DIR": str(home),
        "ASSIST_DATA_DIR": str(home / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "assist_server", *words],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=COMPILING,
        check=True,
    )
    return " ".join(done.stdout.split())


def test_setup_measures_and_declines_or_uses_and_doctor_says_what_computes(
    speaking: Path, tmp_path: Path
) -> None:
    """Nothing is fetched: the installed llama.cpp has the part."""
    write(tmp_path, "")
    said = command(tmp_path, "setup", speaking)
    assert "llvmpipe" in said
    assert re.search(r"reads 100 tokens in \S+ s \(processor \S+ s\), .* The processor is used\.", said)
    declined = command(tmp_path, "doctor")
    assert "Device the processor. llvmpipe" in declined
    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + '\ndevice = "gpu"\n')
    used = command(tmp_path, "doctor")
    assert re.search(
        r"Device llvmpipe .* \(vulkan\), \S+ GB of memory \(\S+ GB free when it was measured\), "
        r"holds all 2 layers\. llvmpipe .* It is used\.",
        used,
    )


def test_setup_only_offers_what_it_would_have_to_fetch(speaking: Path, tmp_path: Path) -> None:
    """The fetched llama.cpp has no part for a device. Without a terminal and `--yes`, nothing is fetched."""
    write(tmp_path, "")
    fetched = engine_folder(load_lenient())
    row = engine_rows()["linux-x64"]
    name = f"{row.machine}-{row.version}"
    if not (fetched / name / FILES).is_file():
        pytest.skip("`make setup` fetched no llama.cpp: there is no npm, or the part for a device is here")
    shutil.copytree(fetched / name, tmp_path / "data" / fetched.name / name)
    said = command(tmp_path, "setup", speaking)
    assert "This machine has llvmpipe" in said
    assert (
        "assist setup --yes fetches @node-llama-cpp/linux-x64-vulkan 3.22.1 (24 MB, 67 MB unpacked)" in said
    )
