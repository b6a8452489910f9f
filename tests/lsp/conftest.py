"""A small workspace, and an environment in which all files of a server are in the test's own directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asked_shop import KEY, make_shop
from forked_servers import forking


@pytest.fixture(scope="session", autouse=True)
def _forked_servers() -> Iterator[None]:
    with forking():
        yield


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_shop(tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        "ASSIST_CONFIG_DIR": str(tmp_path / "config"),
        "ASSIST_DATA_DIR": str(tmp_path / "data"),
        "ACME_KEY": KEY,
    }
