"""No name in a sentence of the gateway or of `assist mcp` does anything: it moves no cursor, ends no line, and is
no link, image or HTML where the sentence is drawn as Markdown.
"""

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_shop import make_shop
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mcp.client.client import Client
from mcp_types import CallToolResult, TextContent

from assist_context.unseen_characters import is_unseen
from assist_escalation.errors import RefusedError
from assist_escalation.provider.failures import Refusal, TransportError
from assist_gateway.attribution import AttributedSpan, notice, refusal
from assist_gateway.dialects.bodies import BodyWalk, body_table
from assist_gateway.dialects.dialect import DIALECTS
from assist_gateway.fields import wrong
from assist_gateway.foreign_request import GatewayRefusal, refusal_document
from assist_gateway.mcp_server.answers import kept_words
from assist_gateway.mcp_server.result_text import result_text
from assist_gateway.mcp_server.server import AgentServer
from assist_gateway.proxy.kept_texts import KeptLines, kept_notice
from assist_gateway.proxy.proxy import _error_event, _passed_on
from assist_gateway.sentences import inert_line, quotable_line
from assist_server.config.config import load_lenient

URL = "https://evil.example/p"
NAMES = [
    "docs/![x](https:/evil.example/p).pem",
    "a\x1b]52;c;ZXZpbA==\x07\x1b[2J\u202e\u200b\x9b31m\rX\x08\n# evil.py",
    f"a` [x]({URL})` [y]({URL})",
    f"[r]: {URL}",
    f"[x][r] <{URL}> <img src=x> <!-- www.evil.example me@evil.example",
    f"```\n![x]({URL})",
    "``a` ![b](c)` ``",
    "</file>\\\" `${x}` ![a\tb](c d)",
]  # fmt: skip
PARTS = st.sampled_from(
    ["[", "]", "(", ")", "![", "](", "]: ", "][", "<", ">", "<a href=", URL, "www.", "a@b.example", "\n", "\r", "\t",
     "    ", "> ", "- ", "```", "~~~", "`", "``", "\\", "<!--", "-->", "<script>", " ", "x", "'", '"', "&lt;",
     "\u200b", "\u202e", "\x1b[2J", "\x1b]52;c;eA==\x07", "\x9b", "\u2028", "\x85", "\x00", "/", ".py"]
)  # fmt: skip
ANY_NAME = st.lists(PARTS, min_size=1, max_size=12).map("".join) | st.text(max_size=30)
LIVE = ("link_open", "image", "html_inline", "html_block")


def check(sentence: str) -> None:
    """Whether a line is one, with nothing unseen, and no more than text in Markdown."""
    assert not [hex(ord(character)) for character in sentence if is_unseen(character) and character != "\t"]
    assert "\n" not in sentence
    assert len(sentence.splitlines()) <= 1
    for token in MarkdownIt("commonmark").parse(f"{sentence}\n\nIt is 4."):
        assert token.type not in LIVE, sentence
        for inner in token.children or ():
            assert inner.type not in LIVE, sentence
            # What some views make a link of.
            assert inner.type != "text" or not re.search(r"://|\bwww\.|[\w.+-]@\w", inner.content), sentence


def messages_of(refused: Exception) -> Iterator[str]:
    """The sentence of a refusal, in every shape that tools get."""
    for path in DIALECTS:
        yield refusal_document(path, GatewayRefusal(403, "kept", str(refused)))["error"]["message"]


def raised(function: Callable[[], object]) -> Exception:
    with pytest.raises((GatewayRefusal, RefusedError)) as found:
        function()
    return found.value


def passed_on(name: str) -> str:
    async def read() -> str:
        chunks = _passed_on(Refusal(400, name, name), "/v1/responses").chunks
        return str(json.loads(b"".join([chunk async for chunk in chunks]))["error"]["message"])

    return asyncio.run(read())


def sentences(name: str) -> Iterator[str]:
    """Every sentence that holds this name."""
    span = AttributedSpan(0, 4, name, f"never leaves: {name} is denied in {name}/config.toml")
    whole = kept_notice([KeptLines(name, span.rule, 3), KeptLines(f"b/{name}", span.rule, 1)])
    lines = whole.split("\n")
    assert lines[2:] == ["", ""]
    yield from lines[:2]
    line = notice("text", span)
    assert not re.search(r"[\"\\`<>]", line)
    yield line
    yield from messages_of(Exception(refusal([span])))
    yield from messages_of(Exception(f"The tool {name} sends text of {name}/{name}."))
    yield from messages_of(wrong(name, "a text"))
    yield from messages_of(
        raised(lambda: BodyWalk(body_table("chat")).refuse(f"A part of the type {name!r}"))
    )
    yield passed_on(name)
    for dialect in DIALECTS.values():
        said: dict[str, Any] = _error_event(
            dialect, TransportError("server", f"the provider {name} said {name}", was_sent=True)
        )
        yield said["message"] if "message" in said else said["error"]["message"]
    yield from result_text(
        (), 10_000, [kept_words(f"{name}: {name} is denied"), f"{name} may be shown"]
    ).split("\n")


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_does_nothing_in_any_sentence(name: str) -> None:
    for sentence in sentences(name):
        check(sentence)


@given(ANY_NAME)
def test_no_name_does_anything_in_any_sentence(name: str) -> None:
    for sentence in sentences(name):
        check(sentence)


@given(st.lists(PARTS, max_size=25).map("".join) | st.text())
@example(f"a` ``[x]({URL})`[y]({URL})")
def test_a_line_that_is_nothing_but_a_name_is_harmless_too(text: str) -> None:
    check(inert_line(text))
    check(quotable_line(text))


def test_names_of_every_day_stay_as_they_are() -> None:
    for name in (
        "src/a b/é.py",
        "app/[slug]/(group)/page.tsx",
        "infra/prod/**",
        "a.b.c",
        "@types/x",
        "a_b*c",
        "C#",
    ):
        said = f"[assist kept 3 lines of {name} here, which is denied by `deny` in [egress] (see --allow)]"
        assert inert_line(said) == said


async def test_the_errors_and_results_of_an_agents_tools_are_harmless(tmp_path: Path) -> None:
    shop = make_shop(
        tmp_path, {"shop/a.py": "A = 1\n", "we\x1b[2Jird\u202e.py": "B = 1\n", "docs/![x](http:/e/p).py": ""}
    )
    shop.own.mkdir()
    (shop.own / "config.toml").write_text('[egress]\ndeny = ["docs/**"]\n')
    environ = {"ASSIST_CONFIG_DIR": str(shop.own), "ASSIST_DATA_DIR": str(shop.own / "data")}
    agents = AgentServer(load_lenient({**os.environ, **environ}, ()), shop.root)
    try:
        async with Client(agents.protocol_server(), mode="legacy") as client:

            async def said(name: str, **arguments: object) -> None:
                found = await client.call_tool(name, arguments)
                assert isinstance(found, CallToolResult)
                for part in found.content:
                    assert isinstance(part, TextContent)
                    for line in part.text.split("\n"):
                        check(line)

            for path in (*NAMES, "we\x1b[2Jird\u202e.py", "docs/![x](http:/e/p).py", "\u202eshop/a.py"):
                await said("pack", path=path, line=4)
                await said("pack", path=path.replace("\n", " "), line=1)
                await said("policy", paths=["shop/a.py", path])
                await said("definition", symbol=path)
                await said("search", query="a", path=path)
                await said("search", **{"query": "a", path: 1})
                await said("definition", symbol=1, max_tokens=path)
                await said(f"x{path}")
    finally:
        await agents.close()
