"""A small workspace with something to find in it, and the path of its index."""

import os
from pathlib import Path

from assist_server.workspace.folders import database_of

SHOP = '''\
def gross_price(net, vat_rate):
    """The price with tax."""
    return round(net * (1 + vat_rate), 2)
'''
TILL = "from shop import gross_price\n\n\ndef total(items):\n    return sum(gross_price("
PLACE = "till.py:5:28"


def make_workspace(place: Path) -> Path:
    root = place / "shop space"
    (root / "sub").mkdir(parents=True)
    (root / "shop.py").write_text(SHOP)
    (root / "till.py").write_text(TILL)
    (root / ".env").write_text("GROSS_PRICE=hunter2\n")
    (root / "image.png").write_bytes(b"\x89PNG\0\0")
    return root


def database(tmp_path: Path, root: Path) -> Path:
    return Path(database_of(os.path.realpath(root), tmp_path / "data"))
