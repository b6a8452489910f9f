"""What the extension carries, and a machine without assist: the message without a network, a second try, and the first ghost text."""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from editors_vscode import vscode
from playwright.sync_api import Browser
from workbench import Code, Window, running_code_server, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

SLOW = 300  # seconds to fetch about 200 MB of packages and a model of 491 MB
FOLDER = "extension/dist/python/"
REQUIREMENTS = f"{FOLDER}requirements.txt"
NOWHERE = "http://127.0.0.1:9/simple"  # nothing listens there: to pip this looks like no network


@pytest.fixture
def bare(tmp_path: Path) -> Mapping[str, str]:
    """An environment without assist and without a model. pip finds the packages once `connect` is called."""
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {NOWHERE}\nretries = 0\n")
    return {
        "ASSIST_CONFIG_DIR": str(tmp_path / "config"),
        "ASSIST_DATA_DIR": str(tmp_path / "data"),
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "PIP_INDEX_URL": "",
    }


@pytest.fixture
def code(tmp_path: Path, vsix: Path, bare: Mapping[str, str]) -> Iterator[Code]:
    with running_code_server(vscode(), tmp_path / "code", bare, vsix) as found:
        yield found


@pytest.fixture
def window(browser: Browser, code: Code, folder: Path, shots: Path) -> Iterator[Window]:
    found = Window(browser, code, folder, shots)
    yield found
    found.shoot("end")
    found.close()


def connect(bare: Mapping[str, str]) -> None:
    """Bring the network back."""
    index = os.environ.get("PIP_INDEX_URL", "")
    Path(bare["PIP_CONFIG_FILE"]).write_text(f"[global]\nindex-url = {index}\n" if index else "")


def test_the_extension_carries_its_own_wheel_and_hashes_for_everything_else(vsix: Path) -> None:
    with zipfile.ZipFile(vsix) as archive:
        carried = [name for name in archive.namelist() if name.startswith(FOLDER)]
        lines = archive.read(REQUIREMENTS).decode().splitlines()
        [wheel] = [name for name in carried if name.endswith(".whl")]
        digest = hashlib.sha256(archive.read(wheel)).hexdigest()
    assert sorted(carried) == sorted([wheel, REQUIREMENTS])
    assert lines.pop() == f"./{wheel.removeprefix(FOLDER)} --hash=sha256:{digest}"
    named = [line for line in lines if not line.startswith(" ")]
    assert len(named) > 40
    assert all(
        "==" in line and line.endswith("\\") for line in named
    )  # a version, and a hash on the next line
    assert all(line.lstrip().startswith("--hash=sha256:") for line in lines if line.startswith(" "))
    assert not any(
        line.startswith("assist") for line in named
    )  # the index is not asked for a package of our name


def test_from_nothing_to_the_first_ghost_text(window: Window, folder: Path, bare: Mapping[str, str]) -> None:
    path = folder / "cart.py"
    path.write_text("def total(items):\n    # the sum of all items\n")
    window.open("cart.py", 2, 1)
    offer = window.notice("assist needs its Python part")
    assert window.status() == "assist: set up"
    window.shoot("offer")
    offer.get_by_text("Set Up", exact=True).click()
    window.notice("Setting up assist")
    failed = window.notice("nothing could be fetched", SLOW)
    window.shoot("no network")
    words = failed.inner_text()
    assert "Connect to the network and try again" in words
    assert "--offline-from" in words
    connect(bare)
    failed.get_by_text("Try Again", exact=True).click()
    window.notice("Setting up assist")
    window.shoot("progress")
    until("the model", lambda: "coder" in window.status(), SLOW)
    window.go(2, 1)
    window.press("End", "Enter")
    window.type("ret")
    ghost = window.wait_for_ghost()
    window.shoot("first ghost text")
    window.press("Tab")
    window.save()
    assert path.read_text().startswith(f"def total(items):\n    # the sum of all items\n    ret{ghost}")
