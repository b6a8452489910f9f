"""Ordinary completion in clients without ghost text: its items, and who requested it."""

from collections.abc import Mapping
from typing import Any

import pytest
from fake_lsp import knowing
from forked_servers import ForkedClient
from lsprotocol import types

from bench.editors.lsp_client import Client, serving

pytestmark = pytest.mark.slow

EAGER = {"completion": {"mode": "eager"}}
URI = "file:///home/shapes.py"
HEAD = "import math\n\n\nclass Circle:\n    def __init__(self, radius):\n        self.radius = radius\n\n"
ASKED = HEAD + "    def area(self):\n        return math."
KNOWN = ASKED + "pi * self.radius**2\n"


async def items(client: Client, column: int, kind: int = 1, trigger: str | None = None) -> list[Any]:
    context = types.CompletionContext(types.CompletionTriggerKind(kind), trigger)
    params = types.CompletionParams(types.TextDocumentIdentifier(URI), types.Position(8, column), context)
    return list((await client.text_document_completion_async(params)).items)


async def test_an_item_stands_for_the_word_and_the_client_compares_it_with_it(
    home: Mapping[str, str],
) -> None:
    async with serving(knowing(home, KNOWN), inline=False, options=EAGER, make=ForkedClient) as client:
        await client.until("ready")
        assert "." in client.result.capabilities.completion_provider.trigger_characters
        client.show(URI, ASKED + "p")
        (item,) = await items(client, 21)
        span = item.text_edit.range
        assert (span.start.character, span.end.character) == (20, 21)
        assert item.text_edit.new_text.startswith("pi * self.radius")
        assert item.filter_text.startswith("pi")
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(item.command.command, item.command.arguments)
        )
        assert (await client.counts())["accepted"] == 1


async def test_typing_is_no_question_but_asking_again_is(home: Mapping[str, str]) -> None:
    options = {"completion": {"mode": "manual"}}
    async with serving(knowing(home, KNOWN), inline=False, options=options, make=ForkedClient) as client:
        await client.until("ready")
        client.show(URI, ASKED)
        client.change(URI, 2, "p", (8, 20), (8, 20))
        assert await items(client, 21) == []
        assert (await client.counts())["manual-only"] == 1
        (item,) = await items(client, 21)
        assert item.text_edit.new_text.startswith("pi")
        client.change(URI, 3, "i", (8, 21), (8, 21))
        assert await items(client, 22) == []
        assert await items(client, 22, 2, ".") == []
        assert await items(client, 22, 3) == []
        assert (await client.counts())["manual-only"] == 4
