"""What comes unasked from a real `assist lsp`: nothing in a language that is off, nor while it is snoozed."""

from collections.abc import Mapping
from typing import Any

import pytest
from fake_lsp import knowing
from forked_servers import ForkedClient
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from bench.editors.lsp_client import Client, serving

pytestmark = pytest.mark.slow

EAGER = {"completion": {"mode": "eager"}}
URI = "file:///home/shapes.py"
PAGE = "file:///home/README.md"
HEAD = "import math\n\n\nclass Circle:\n    def __init__(self, radius):\n        self.radius = radius\n\n"
CODE = HEAD + "    def area(self):\n        # the area is pi times r\n        return math."
KNOWN = (CODE + "pi * self.radius**2\n", "# Shapes\n\nTo install it, run `pip install shapes`.\n")
AT, IN_COMMENT = (9, 20), (8, 32)


async def count(client: Client, uri: str, at: tuple[int, int], *, manual: bool = False) -> int:
    return len((await client.ask(uri, at, manual=manual)).items)


async def why(client: Client, uri: str) -> str:
    params = types.ExecuteCommandParams("assist.why", [{"uri": uri}])
    return str((await client.workspace_execute_command_async(params))["words"])


async def test_nothing_comes_unasked_where_the_user_does_not_want_it(home: Mapping[str, str]) -> None:
    quiet: dict[str, Any] = {"mode": "eager", "languages_off": ["markdown"], "in_comments": False}
    async with serving(knowing(home, *KNOWN), options={"completion": quiet}, make=ForkedClient) as client:
        await client.until("ready")
        client.show(PAGE, "# Shapes\n\nTo install it, run `pip ", "markdown")
        assert await count(client, PAGE, (2, 28)) == 0
        assert (await why(client, PAGE)).startswith("off in markdown; request a suggestion manually")
        assert client.statuses[-1].quiet == "off in markdown"
        assert await count(client, PAGE, (2, 28), manual=True)
        client.show(URI, CODE)
        assert await count(client, URI, AT)
        assert client.statuses[-1].quiet == ""
        assert await count(client, URI, IN_COMMENT) == 0
        assert (await why(client, URI)).startswith("off in comments; request a suggestion manually")


async def test_a_snooze_ends_when_the_user_says_so(home: Mapping[str, str]) -> None:
    async with serving(knowing(home, *KNOWN), options=EAGER, make=ForkedClient) as client:
        await client.until("ready")
        client.show(URI, CODE)
        said = await client.raw("assist/snooze", {"minutes": 15})
        assert said.words.startswith("snoozed until ")
        assert client.statuses[-1].quiet == said.words
        assert await count(client, URI, AT) == 0
        assert (await why(client, URI)).startswith(said.words)
        assert await count(client, URI, AT, manual=True)
        assert " 06:00" in (await client.raw("assist/snooze", {"until": "tomorrow"})).words
        for wrong in ({"minutes": -1}, {"minutes": 1441}, {"minutes": "5"}, {"minutes": True}, {}, None):
            with pytest.raises(JsonRpcException, match="use a number from 0 to 1440"):
                await client.raw("assist/snooze", wrong)
        assert (await client.raw("assist/snooze", {"minutes": 0})).words == ""
        assert client.statuses[-1].quiet == ""
        assert await count(client, URI, AT)
