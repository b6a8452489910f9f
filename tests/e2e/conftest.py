"""Real editors, the real server, the real model; pictures of every step of a test that fails are kept."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASSIST = ROOT / ".venv/bin/assist"
# Where pictures of failed tests go; the README's are made by the tests, too.
ARTIFACTS = Path(os.environ.get("ASSIST_E2E_ARTIFACTS") or ROOT / "build/e2e")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tell the fixtures whether the test failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def shots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder for pictures, kept where the test fails."""
    place = tmp_path / "shots"
    place.mkdir()
    yield place
    if request.node.stash.get(FAILED, False):
        kept = ARTIFACTS / request.node.name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(place, kept)
