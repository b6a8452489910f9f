"""A small workspace for the tests with an editor's server."""

from pathlib import Path

import pytest
from asked_shop import make_shop


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_shop(tmp_path)
