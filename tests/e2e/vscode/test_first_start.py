"""What the extension carries, and machines without assist and without a compiler: failures with what to do, and ghost text."""

import hashlib
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from bare_machine import UV, bare_machine, python
from editors_vscode import vscode
from playwright.sync_api import Browser
from workbench import Window, running_code_server, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(2400)]

# Seconds without progress while about 100 MB of packages and a model of 491 MB are fetched. Alone, the whole
# test takes 52 s; on a machine that was very busy, the model took more than 600.
SLOW = 600
FOLDER = "extension/dist/python/"
REQUIREMENTS = f"{FOLDER}requirements.txt"
FULL = """\
#!/bin/sh
[ "$1" = -c ] && echo yes && exit
sleep 1
echo "[Errno 28] No space left on device"
exit 1
"""  # a Python whose disk is full; of more than three notifications within 0.8 s VS Code shows three
NOWHERE = "http://127.0.0.1:9/simple"  # nothing listens there: to pip this looks like no network


@pytest.fixture
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Mapping[str, str]:
    """An environment without assist and without a model, with the programs that the test names."""
    place = tmp_path / "machine"
    place.mkdir()
    return {**dict.fromkeys(os.environ, ""), **bare_machine(place, *request.param)}


@pytest.fixture
def window(
    browser: Browser, tmp_path: Path, vsix: Path, bare: Mapping[str, str], folder: Path, shots: Path
) -> Iterator[Window]:
    (folder / "cart.py").write_text("def total(items):\n    # the sum of all items\n")
    with running_code_server(vscode(), tmp_path / "code", bare, vsix) as code:
        found = Window(browser, code, folder, shots)
        yield found
        found.shoot("end")
        found.close()


def set_up(window: Window) -> None:
    """Open a file and take the offer."""
    window.open("cart.py", 2, 1)
    offer = window.notice("assist needs its Python part")
    assert window.status() == "assist: set up"
    window.shoot("offer")
    offer.get_by_text("Set Up", exact=True).click()


def again(window: Window, words: str) -> str:
    """Wait for a failure with these words, try once more, and return its whole text."""
    failed = window.notice(words, SLOW)
    text = failed.inner_text()
    failed.get_by_text("Try Again", exact=True).click()
    failed.wait_for(state="detached")
    return text


def write_with_ghost_text(window: Window, folder: Path) -> None:
    window.go(2, 1)
    window.press("End", "Enter")
    window.type("ret")
    ghost = window.wait_for_ghost()
    window.shoot("first ghost text")
    window.press("Tab")
    window.save()
    expected = f"def total(items):\n    # the sum of all items\n    ret{ghost}"
    assert (folder / "cart.py").read_text().startswith(expected)


def test_the_extension_carries_its_own_wheel_and_hashes_for_everything_else(vsix: Path) -> None:
    with zipfile.ZipFile(vsix) as archive:
        carried = [name for name in archive.namelist() if name.startswith(FOLDER)]
        lines = archive.read(REQUIREMENTS).decode().splitlines()
        [wheel] = [name for name in carried if name.endswith(".whl")]
        digest = hashlib.sha256(archive.read(wheel)).hexdigest()
    assert sorted(carried) == sorted([wheel, REQUIREMENTS])
    assert lines.pop() == f"./{wheel.removeprefix(FOLDER)} --hash=sha256:{digest}"
    assert lines.pop(0) == "--only-binary :all:"
    named = [line for line in lines if not line.startswith(" ")]
    assert len(named) > 40
    assert all(
        "==" in line and line.endswith("\\") for line in named
    )  # a version, and a hash on the next line
    assert all(line.lstrip().startswith("--hash=sha256:") for line in lines if line.startswith(" "))
    assert not any(
        line.startswith("assist") for line in named
    )  # the index is not asked for a package of our name


@pytest.mark.parametrize("bare", [(python(),)], indirect=True, ids=["pip"])
def test_from_nothing_to_the_first_ghost_text(window: Window, folder: Path, bare: Mapping[str, str]) -> None:
    settings = Path(bare["HOME"]) / ".config/pip/pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[global]\nindex-url = {NOWHERE}\nretries = 0\n")
    set_up(window)
    window.notice("Setting up assist")
    window.notice("nothing could be fetched", SLOW)
    window.shoot("no network")
    settings.unlink()
    words = again(window, "nothing could be fetched")
    assert "Connect to the network and try again" in words
    assert "--offline-from" in words
    window.notice("Setting up assist")
    window.notice("Step 2 of 3: packages", SLOW)
    window.notice("seconds left", SLOW)
    window.shoot("progress")
    window.notice("Step 3 of 3: a model", SLOW)
    until("the model", lambda: "coder" in window.status(), SLOW, window.told)
    write_with_ghost_text(window, folder)


@pytest.mark.parametrize("bare", [(UV, python())], indirect=True, ids=["uv"])
def test_uv_sets_up_where_there_is_one(
    window: Window, folder: Path, bare: Mapping[str, str], model_path: Path
) -> None:
    models = Path(bare["ASSIST_DATA_DIR"]) / "models"
    models.parent.mkdir()
    models.symlink_to(model_path.parent)
    set_up(window)
    until("the model", lambda: "coder" in window.status(), SLOW, window.told)
    write_with_ghost_text(window, folder)
    [log] = (window.code.user / "logs").glob("*/exthost*/assist.assist/assist.log")
    assert "Installed" in log.read_text()  # as uv says it
    environments = window.code.user / "User/globalStorage/assist.assist/environment"
    (environments / "complete").write_text("of an older version of the extension")
    window.open("cart.py", 2, 1)
    window.notice("assist needs its Python part")


@pytest.mark.parametrize("bare", [()], indirect=True, ids=["nothing"])
def test_each_failure_says_what_to_do(window: Window, tmp_path: Path) -> None:
    [requirements] = (tmp_path / "code/extensions").glob("*/dist/python/requirements.txt")
    wrong = re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", requirements.read_text())
    requirements.write_text(wrong)
    python3 = tmp_path / "machine/bin/python3"
    set_up(window)
    window.notice("Python 3.11 or newer was not found: install it or uv")
    python3.write_text(FULL)
    python3.chmod(0o755)
    again(window, "Python 3.11 or newer was not found")
    window.notice("the disk is full: free about 1 GB", SLOW)
    python3.unlink()
    python3.symlink_to(python())
    again(window, "the disk is full")
    assert "Show Log" in window.notice("your index has other files", SLOW).inner_text()
