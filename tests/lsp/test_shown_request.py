"""The text that would be sent, shown by an editor while it asks its user: what is shown is what is sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from payload_rule import messages_of
from talker import Talker
from vendor import provider, scripted_answer

from bench.editors.lsp_client import serving

pytestmark = pytest.mark.slow

Environ = Mapping[str, str]


class Confirming(Talker):
    """A client that asks its user itself, and whose user reads the text first."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.texts: list[Any] = []

        @self.feature("assist/confirm")
        async def _(params: Any) -> dict[str, bool]:
            self.asked.append(params)
            self.texts.append(await self.run("text", {"id": params.id}))
            return {"send": True}

    def capabilities(self) -> types.ClientCapabilities:
        able = super().capabilities()
        able.experimental = {"assistAnswer": True, "assistConfirm": True}
        return able


class Viewing(Talker):
    """A client that supports only the protocol itself, and whose user chooses "Show text" first."""

    def __init__(self) -> None:
        super().__init__(plain=True)
        self.offered: list[list[str]] = []

    def choose(self, params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
        self.offered.append([each.title for each in params.actions or ()])
        return types.MessageActionItem("Show text" if len(self.offered) == 1 else "Send")


async def test_a_client_gets_the_text_while_it_asks_and_not_afterwards(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer("It adds."), mode="ask") as acme:
        async with serving(home, folders=[shop], make=Confirming) as client:
            assert isinstance(client, Confirming)
            uri = (shop / "shop" / "cart.py").as_uri()
            client.show(uri, (shop / "shop" / "cart.py").read_text())
            await client.whole("explain", uri=uri, wish="frontier")
            assert await client.run("text", {"id": client.asked[0].id}) is None
    shown = messages_of(client.texts[0]["text"])
    sent = acme.requests[0].json["messages"]
    assert [shown.system, shown.user] == [each["content"] for each in sent]
    assert client.texts[0]["sha256"] == client.asked[0].payload_sha256
    assert any(line.startswith("* API = ") for line in client.texts[0]["text"].split("\n"))


async def test_a_plain_client_shows_the_text_as_a_document(tmp_path: Path, shop: Path, home: Environ) -> None:
    with provider(tmp_path, scripted_answer("It adds."), mode="ask") as acme:
        async with serving(home, folders=[shop], make=Viewing) as client:
            assert isinstance(client, Viewing)
            uri = (shop / "shop" / "cart.py").as_uri()
            client.show(uri, (shop / "shop" / "cart.py").read_text())
            await client.whole("explain", uri=uri, wish="frontier")
            assert client.offered == [["Send", "Stay on this machine", "Show text"]] * 2
            page = client.pages[0].read_text()
    assert "# SYSTEM MESSAGE\n# assist's instructions\n" in page
    assert "* API = " in page
    assert len(acme.requests) == 1
