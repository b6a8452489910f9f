"""A small workspace, and an environment in which all files of a server are in the test's own directory."""

from pathlib import Path

import pytest
from asked_shop import CART, KEY, PRICES


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "cart.py").write_text(CART)
    (root / "shop" / "prices.py").write_text(PRICES)
    return root


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        "ASSIST_CONFIG_DIR": str(tmp_path / "config"),
        "ASSIST_DATA_DIR": str(tmp_path / "data"),
        "ACME_KEY": KEY,
    }
