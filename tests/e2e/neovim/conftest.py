"""Neovim in its versions, the command that starts the server, and the screens of failed tests."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import editors_neovim
import pytest
from artifacts import ARTIFACTS
from asked_shop import KEY
from editors_cache import cache
from hiding_server import HidingServer, hiding_server
from neovim_editor import SETUP, Editor, running_neovim
from neovim_offers import OFFERING

Opening = Callable[..., Editor]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs in the newest Neovim, and in every version if what it tells could differ between them."""
    if "binary" in metafunc.fixturenames:
        every = metafunc.definition.get_closest_marker("every_version")
        versions = editors_neovim.VERSIONS if every else editors_neovim.VERSIONS[-1:]
        metafunc.parametrize("binary", versions, indirect=True, scope="package")


@pytest.fixture(scope="package")
def binary(request: pytest.FixtureRequest) -> Path:
    """A Neovim. A version that this machine's archives do not have is skipped by name."""
    try:
        return editors_neovim.install_one(cache(editors_neovim.__file__), request.param)
    except editors_neovim.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a server without a model. A test may write a config.toml of its own."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "config.toml").write_text('[completion]\nmodel = "/nowhere/missing.gguf"\nmode = "eager"\n')
    return {
        "ASSIST_CONFIG_DIR": str(config),
        "ASSIST_DATA_DIR": str(tmp_path / "data"),
        "ACME_KEY": KEY,
    }


@pytest.fixture
def space(typing: Editor) -> Path:
    """The workspace of the Neovim that types."""
    return Path(typing.lua("return vim.fn.getcwd()"))


@pytest.fixture
def nvim(binary: Path, request: pytest.FixtureRequest) -> Iterator[Opening]:
    """Start a Neovim for this test: folder, environment, files, and the user's Lua."""
    with ExitStack() as stack:

        def start(folder: Path, environ: Mapping[str, str], *files: Path, setup: str = SETUP) -> Editor:
            manager: AbstractContextManager[Editor] = running_neovim(binary, folder, environ, setup, *files)
            editor = stack.enter_context(manager)
            request.node.editors = [*getattr(request.node, "editors", []), editor]
            return editor

        yield start


@pytest.fixture(scope="package")
def typist(
    binary: Path, model_path: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Editor]:
    """One Neovim per version with the real model, ready, for all tests that type."""
    folder = tmp_path_factory.mktemp("typing")
    config = folder / "config"
    config.mkdir()
    (config / "config.toml").write_text(f'[completion]\nmodel = "{model_path}"\nmode = "eager"\n')
    environ = {
        "ASSIST_CONFIG_DIR": str(config),
        "ASSIST_DATA_DIR": str(shared_data),
        "ASSIST_OFFLINE": "1",
    }
    space = folder / "space"
    (space / ".git").mkdir(parents=True)
    (space / "start.py").write_text("x = 1\n")
    tab = "vim.keymap.set('i', '<Tab>', 'TABBED')\n"
    with running_neovim(binary, space, environ, SETUP + tab, space / "start.py") as editor:
        editor.until("return require('assist').status():find('ready')", "the model to be ready")
        yield editor


@pytest.fixture
def typing(typist: Editor, request: pytest.FixtureRequest) -> Editor:
    """The same Neovim, with its screens starting at this test.

    Files of other folders would start other servers.
    """
    typist.dumps.clear()
    request.node.editors = [typist]
    return typist


@pytest.fixture(scope="package")
def offering(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One Neovim per version with a fake server that offers next edits."""
    space = tmp_path_factory.mktemp("offers")
    (space / ".git").mkdir()
    with running_neovim(binary, space, {}, OFFERING) as editor:
        yield editor


@pytest.fixture
def editor(offering: Editor, request: pytest.FixtureRequest) -> Editor:
    """The same Neovim, without offers, with its screens starting at this test."""
    offering.dumps.clear()
    offering.lua("_G.edits, _G.heard, _G.ghost, _G.tabbed, _G.escaped = {}, {}, {}, 0, 0")
    request.node.editors = [offering]
    return offering


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed:
        name = re.sub(r"[^\w.-]+", "_", item.nodeid)
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        for number, editor in enumerate(getattr(item, "editors", [])):
            (ARTIFACTS / f"{name}-{number}.txt").write_text("\n".join(editor.dumps), encoding="utf-8")
    return report


@pytest.fixture
def server(environ: dict[str, str]) -> Iterator[HidingServer]:
    """The only one that could write ghost text."""
    with hiding_server(Path(environ["ASSIST_CONFIG_DIR"], "config.toml")) as found:
        yield found
