"""Questions to a real model server in the role of a provider: from the editor and back, and the costs."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from asked_shop import KEY, PRICES, audit_events
from command_runs import runner
from frontier import frontier
from talker import Talker, open_talker
from vendor import configure_provider

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

Environ = Mapping[str, str]
CART = '''\
"""A cart."""

from shop.prices import gross


class Cart:
    def total(self, items):
        return sum(gross(item) for item in items)
'''
IN_TOTAL = {"start": {"line": 6, "character": 8}, "end": {"line": 6, "character": 8}}
LONGEST = 64  # tokens of an answer; a small model writes them in a few seconds on one core
PATIENCE = 280  # seconds until an answer has ended, on a busy machine


@pytest.fixture(scope="module")
def url(model_path: Path) -> Iterator[str]:
    with frontier(model_path) as url:
        yield url


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "cart.py").write_text(CART)
    (root / "shop" / "prices.py").write_text(PRICES)
    return root


@pytest.fixture
def home(tmp_path: Path, shop: Path, url: str) -> dict[str, str]:
    """A machine that uses the server as its provider, has no model, and has an index of the workspace."""
    configure_provider(tmp_path / "config", url)
    with (tmp_path / "config" / "config.toml").open("a") as file:
        file.write(f"timeout_seconds = 1200\nmax_output_tokens = {LONGEST}\n")
    home = {
        "ASSIST_CONFIG_DIR": str(tmp_path / "config"),
        "ASSIST_DATA_DIR": str(tmp_path / "data"),
        "ACME_KEY": KEY,
    }
    assert runner(shop, home)("index").code == 0
    return home


async def answer_of(client: Talker, command: str, path: Path, **more: Any) -> list[Any]:
    """The messages of a provider's answer, after it has ended."""
    number = (await client.run(command, {"uri": path.as_uri(), "wish": "frontier", **more}))["id"]
    await asyncio.wait_for(client.ended.setdefault(number, asyncio.Event()).wait(), PATIENCE)
    return client.answers[number]


async def test_an_explanation_streams_is_paid_and_written_down(
    tmp_path: Path, shop: Path, home: Environ, model_path: Path
) -> None:
    async with open_talker(home, shop) as client:
        cart = shop / "shop" / "cart.py"
        client.show(cart.as_uri(), CART)
        messages = await answer_of(client, "explain", cart, range=IN_TOTAL)
    end = messages[-1]
    assert end.error is None
    assert sum(1 for each in messages if each.delta) >= 5, "it came piece by piece"
    assert len("".join(each.delta for each in messages)) > 40
    route = next(each.route for each in messages if hasattr(each, "route"))
    assert (route.target, route.provider) == ("frontier", "acme")
    intent, outcome = audit_events(tmp_path)
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert intent["request_id"] == outcome["request_id"]
    assert Path(outcome["model_returned"]).name == model_path.name
    usage = outcome["usage"]
    assert (usage["estimated"], outcome["finish"] in ("stop", "length")) == (False, True)
    read = usage["input"] + usage["cache_read"]
    assert 0 < read <= intent["tokens"], "the bound that was shown before holds"
    assert 0 < usage["output"] <= LONGEST
    assert outcome["cost_micro"] == 3 * read + 15 * usage["output"] <= intent["upper_micro"]
    assert end.cost_usd == pytest.approx(outcome["cost_micro"] / 1e6)
    assert "acme" in end.summary
