"""One code-server with the packaged extension for all tests. Each test has a window on its own folder."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked_shop import CART, PRICES
from editors_vscode import vscode
from packaging_lock import packaging_lock
from playwright.sync_api import Browser, sync_playwright
from workbench import Code, Window, launch_browser, running_code_server

ROOT = Path(__file__).parents[3]
EXTENSION = ROOT / "vscode-extension"
ASSIST = ROOT / ".venv/bin/assist"
KEY = "k-0123456789-secret-of-acme"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = launch_browser(playwright)
        yield found
        found.close()


@pytest.fixture(scope="session")
def vsix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as `make vsix` packages it: a copy, since another process may package it again."""
    with packaging_lock():
        subprocess.run(["make", "--silent", "vsix"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return Path(shutil.copy(EXTENSION / "assist.vsix", tmp_path_factory.mktemp("vsix")))


@pytest.fixture(scope="session")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of config.toml, for all windows."""
    return tmp_path_factory.mktemp("config")


@pytest.fixture
def config(configuration: Path, model_path: Path, probed: None) -> Path:
    """The config.toml of the next window: the real model, which also writes sentences, and every suggestion."""
    place = configuration / "config.toml"
    place.write_text(f'[completion]\nmodel = "{model_path}"\nmode = "eager"\n[answers]\nwords = true\n')
    return place


@pytest.fixture(scope="session")
def code(
    tmp_path_factory: pytest.TempPathFactory, vsix: Path, configuration: Path, shared_data: Path
) -> Iterator[Code]:
    environ = {
        "ASSIST_CONFIG_DIR": str(configuration),
        "ASSIST_DATA_DIR": str(shared_data),
        "ACME_KEY": KEY,
    }
    place = tmp_path_factory.mktemp("code")
    with running_code_server(vscode(), place, environ, vsix) as found:
        found.settings(assist__server__path=str(ASSIST))
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "space"
    place.mkdir()
    return place


@pytest.fixture
def shop(folder: Path) -> Path:
    """A small workspace in the test's folder."""
    (folder / "shop").mkdir()
    (folder / "shop" / "cart.py").write_text(CART)
    (folder / "shop" / "prices.py").write_text(PRICES)
    return folder


@pytest.fixture
def window(browser: Browser, code: Code, config: Path, folder: Path, shots: Path) -> Iterator[Window]:
    """A window on the test's folder, not yet opened."""
    found = Window(browser, code, folder, shots)
    yield found
    found.shoot("end")
    found.close()
