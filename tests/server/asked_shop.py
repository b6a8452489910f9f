"""The small workspace that test questions are about, and the audit log of those questions."""

import json
from pathlib import Path
from typing import Any

CART = '''\
"""A cart."""

from shop.prices import gross

API = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"


class Cart:
    def __init__(self):
        self.items = []

    def total(self):
        return sum(gross(item) for item in self.items)
'''
PRICES = "def gross(net):\n    return net * 1.2\n"
KEY = "k-0123456789-secret-of-acme"
RENAMED = """\
Both files change.

shop/prices.py
<<<<<<< SEARCH
def gross(net):
=======
def with_tax(net):
>>>>>>> REPLACE

shop/cart.py
<<<<<<< SEARCH
from shop.prices import gross
=======
from shop.prices import with_tax
>>>>>>> REPLACE

shop/cart.py
<<<<<<< SEARCH
        return sum(gross(item) for item in self.items)
=======
        return sum(with_tax(item) for item in self.items)
>>>>>>> REPLACE
"""


def make_shop(place: Path) -> Path:
    """The workspace, with a secret in a file of its own."""
    root = place / "space"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "cart.py").write_text(CART, newline="\n")
    (root / "shop" / "prices.py").write_text(PRICES, newline="\n")
    (root / ".env").write_text("DATABASE_PASSWORD=correct-horse-battery\n")
    return root


def audit_events(place: Path) -> list[dict[str, Any]]:
    """The events of the audit log."""
    lines = (place / "data" / "audit.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]
