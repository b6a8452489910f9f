"""A small shop that an agent asks about, with an index that is made once, and rules that each test writes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_gateway.mcp_server.answers import answer
from assist_gateway.mcp_server.served_folder import FolderView
from assist_gateway.mcp_server.shown_files import ShownFiles
from assist_gateway.mcp_server.tools import tool_call
from assist_server.config.config import Config, load_lenient
from assist_server.workspace.folders import WorkspaceFolder
from assist_server.workspace.index_update import open_folder, update_index

CART = '''\
from shop.rates import negotiated_rate


class Cart:
    """What a customer wants to buy."""

    def total(self, prices):
        """The sum with the rate of the customer."""
        return sum(prices) * negotiated_rate("acme")

    def is_empty(self):
        return not self.total([])
'''
RATES = """\
SECRET_MARGIN = 37


def negotiated_rate(customer):
    # what the sealed contract of zanzibar says
    return SECRET_MARGIN / 100
"""
DEPLOY = 'PASSWORD = "hunter2-Xk29fq"\n\n\ndef deploy_shop(host):\n    return host, PASSWORD\n'
TESTS = "from shop.cart import Cart\n\n\ndef test_total():\n    assert Cart().total([1]) == 0.37\n"
FILES: Mapping[str, str] = {
    "shop/cart.py": CART,
    "shop/rates.py": RATES,
    "shop/deploy.py": DEPLOY,
    "tests/test_cart.py": TESTS,
    "shop/till.py": "def total(amounts):\n    return round(sum(amounts), 2)\n",
    "docs/rounding.md": "# Rounding\n\nPrices are rounded at the till, to five cents.\n",
}


@dataclass(frozen=True, slots=True)
class AgentShop:
    """A folder with an index; `own` is where the user's settings are."""

    root: Path
    own: Path

    def folder(self, config: Config) -> WorkspaceFolder:
        return open_folder(config, self.root)

    def view(self, rules: str = "", provider: str = "") -> FolderView:
        """The folder as an agent sees it by the user's rules."""
        self.own.mkdir(exist_ok=True)
        (self.own / "config.toml").write_text(rules)
        environ = {"ASSIST_CONFIG_DIR": str(self.own), "ASSIST_DATA_DIR": str(self.own / "data")}
        config = load_lenient({**os.environ, **environ}, ())
        folder = self.folder(config)
        if not os.path.exists(folder.database):
            update_index(config, folder, lambda _done, _total: None)
        shown = ShownFiles(config, folder.root, provider)
        return FolderView(config, Corpus(folder.root, IndexReader(folder.database), "", shown.hides), shown)


def make_shop(folder: Path, files: Mapping[str, str] = FILES) -> AgentShop:
    root = folder / "space"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return AgentShop(root, folder / "own")


def ask(view: FolderView, tool: str, **said: object) -> str:
    """What a tool answers."""
    call = tool_call(tool, said)
    found = answer(view, call)
    view.corpus.reader.close()
    return found
