"""Real editors, the real server, the real model, and nothing of this machine's user."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from artifacts import ARTIFACTS
from editors_debian import install

# Where the pictures of the documents go, when they are made anew: `make pictures`.
PICTURES = os.environ.get("ASSIST_E2E_PICTURES", "")
IN_DOCUMENTS = (
    "offer",
    "no network",
    "ghost text",
    "popup and ghost text",
    "explained",
    "refactor preview",
    "egress",
)
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tell the fixtures whether the test failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def shots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder for pictures, kept where the test fails."""
    place = tmp_path / "shots"
    place.mkdir()
    yield place
    for path in place.glob("*.png") if PICTURES else ():
        if (name := path.stem.partition("-")[2]) in IN_DOCUMENTS:
            shutil.copy(path, Path(PICTURES) / f"{name.replace(' ', '-')}.png")
    if request.node.stash.get(FAILED, False):
        kept = ARTIFACTS / request.node.name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(place, kept)


@pytest.fixture(scope="session")
def debian() -> None:
    """The editors that Debian has."""
    install()


@pytest.fixture(scope="session")
def probed(shared_data: Path, model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The model's speed is measured, as `assist setup` does it: no editor waits for that, and no test."""
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
    """The environment: a home of its own, and this checkout's `assist` first on the path."""
    programs = str(Path(sys.executable).parent)
    own = tmp_path / "home"
    (own / ".config").mkdir(parents=True)
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    return {**environ, "HOME": str(own), "XDG_CONFIG_HOME": str(own / ".config"), "PATH": path}
