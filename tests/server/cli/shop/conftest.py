"""Commands that ask about a small shop, whose provider knows a key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asked_shop import KEY, make_shop
from command_runs import runner


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_shop(tmp_path)


@pytest.fixture
def assist(shop: Path, home: dict[str, str]) -> Callable[..., Any]:
    return runner(shop, {**home, "ACME_KEY": KEY})
