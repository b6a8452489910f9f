"""Real editors, the real server and the real model, isolated from this machine's user."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from artifacts import ARTIFACTS
from editors_debian import install

# Where new pictures for the documents go: `make pictures`.
PICTURES = os.environ.get("ASSIST_E2E_PICTURES", "")
IN_DOCUMENTS = (
    "offer",
    "no network",
    "ghost text",
    "popup and ghost text",
    "next edit",
    "explained",
    "facts",
    "refactor preview",
    "egress",
    "test by running",
    "proven fix",
)
FAILED = pytest.StashKey[bool]()
HERE = Path(__file__).parent
NICENESS = 10  # as that of the thread of a model
DROP_CAPABILITY, SYS_NICE = 24, 23  # numbers of Linux: prctl(2), capabilities(7)


def pytest_configure() -> None:
    """Leave nothing more urgent than the model, in this process and all that it starts.

    Where root runs the tests, Chromium gives itself a niceness of -8. It draws without a GPU, so the model at 10 got
    almost no time of a busy machine: ghost text was not there after 300 s.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        # refused, and not needed, for users other than root
        ctypes.CDLL(None).prctl(DROP_CAPABILITY, SYS_NICE, 0, 0, 0)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one editor run one after the other, in their order, and next to those of another editor.

    They wait for a screen most of the time, and for the model only now and then. VS Code has more tests than one
    process can run while another runs all others: each of their files may be in any process.
    """
    for item in items:
        if item.path.is_relative_to(HERE):
            editor = item.path.relative_to(HERE).parts[0].removesuffix(".py")
            group = f"vscode/{item.path.stem}" if editor == "vscode" else editor
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tell the fixtures whether the test failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def shots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder for pictures, kept if the test fails."""
    folder = tmp_path / "shots"
    folder.mkdir()
    yield folder
    for path in folder.glob("*.png") if PICTURES else ():
        if (name := path.stem.partition("-")[2]) in IN_DOCUMENTS:
            shutil.copy(path, Path(PICTURES) / f"{name.replace(' ', '-')}.png")
    if request.node.stash.get(FAILED, False):
        kept = ARTIFACTS / request.node.name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept)


@pytest.fixture(scope="session")
def debian() -> None:
    """Install the editors that Debian has."""
    install()


@pytest.fixture(scope="session")
def probed(shared_data: Path, model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Measure the model's speed as `assist setup` does, so that no editor or test waits for it."""
    folder = tmp_path_factory.mktemp("probed")
    (folder / "config.toml").write_text(f'[completion]\nmodel = "{model_path}"\n')
    (folder / "a.py").write_text("import os\n")
    environ = {"ASSIST_CONFIG_DIR": str(folder), "ASSIST_DATA_DIR": str(shared_data), "ASSIST_OFFLINE": "1"}
    complete = [sys.executable, "-m", "assist_server", "complete", str(folder / "a.py:1:10")]
    subprocess.run(complete, env={**os.environ, **environ}, check=True, capture_output=True)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@pytest.fixture
def home(tmp_path: Path, environ: Mapping[str, str], debian: None, probed: None) -> dict[str, str]:
    """The environment: its own home folder, and this checkout's `assist` first on the path."""
    programs = str(Path(sys.executable).parent)
    own = tmp_path / "home"
    (own / ".config").mkdir(parents=True)
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    return {**environ, "HOME": str(own), "XDG_CONFIG_HOME": str(own / ".config"), "PATH": path}
