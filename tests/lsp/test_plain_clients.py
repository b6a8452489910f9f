"""Editors that support only the protocol itself: where answers are shown, and how edits are confirmed."""

import asyncio
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from asked_shop import RENAMED
from lsprotocol import types
from talker import Talker, open_shop, open_talker
from vendor import configure_provider, provider, scripted_answer

pytestmark = pytest.mark.slow

Environ = Mapping[str, str]
ASKED = {"words": "rename gross in shop/cart.py", "wish": "frontier"}


async def run_action(client: Talker, uri: str, title: str) -> list[Any]:
    """Wait for a code action and run it; returns the arguments of its command."""
    while title not in (found := await client.actions(uri)):
        await asyncio.sleep(0.02)
    command = found[title]["command"]
    await client.workspace_execute_command_async(
        types.ExecuteCommandParams(command["command"], command["arguments"])
    )
    return list(command["arguments"])


async def test_an_answer_is_shown_as_a_private_document_that_goes_with_the_server(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer("It adds **up**.")):
        async with open_talker(home, shop, plain=True) as client:
            uri = open_shop(client, shop)
            await client.whole("explain", uri=uri, wish="frontier")
            (page,) = await client.seen(lambda: client.pages)
            text = page.read_text()
            assert text.startswith("# explain prices.py\n\n- **What** `shop/prices.py, ")
            assert "\n\nIt adds **up**.\n\n> " in text
            assert "acme" in text
            assert "\n> Sources: shop/prices.py:1-2" in text
            assert page.is_relative_to(tmp_path / "data")
            assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
            assert client.messages == []
    assert not page.exists()


async def test_a_client_that_shows_answers_itself_gets_no_document(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer("It adds **up**.")):
        async with open_talker(home, shop) as client:
            uri = open_shop(client, shop)
            await client.whole("explain", uri=uri, wish="frontier")
            await client.run("status")
            assert (client.pages, client.messages) == ([], [])
    assert not (tmp_path / "data" / "answers").exists()


async def test_where_no_document_can_be_shown_the_answer_is_a_message(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer("It adds **up**.")):
        async with open_talker(home, shop, plain=True, shows=False) as client:
            uri = open_shop(client, shop)
            await client.whole("explain", uri=uri, wish="frontier")
            (message,) = await client.seen(lambda: client.messages)
            assert "\n\nIt adds **up**.\n\n> " in message
            assert not list((tmp_path / "data" / "answers").rglob("*.md"))


async def test_what_went_wrong_is_told(tmp_path: Path, shop: Path, home: Environ) -> None:
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1", mode="never")
    async with open_talker(home, shop, plain=True) as client:
        await client.whole("explain", uri=(shop / "shop" / "cart.py").as_uri())
        (message,) = await client.seen(lambda: client.messages)
        assert "Open the document in the editor first" in message
        assert client.pages == []


async def test_an_edit_is_agreed_to_by_a_code_action_where_the_client_cannot_ask(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer(RENAMED), scripted_answer(RENAMED)):
        async with open_talker(home, shop, plain=True, marks=False, asks=False) as client:
            uri = open_shop(client, shop)
            assert "assist: Apply" not in await client.actions(uri)
            number = (await client.run("refactor", {"uri": uri, **ASKED}))["id"]
            refused = await run_action(client, uri, "assist: Discard")
            _, end = await client.end(number)
            assert (end.edit.applied, client.edits) == (False, [])
            assert "Make this edit? shop/prices.py shop/cart.py" in client.messages[0]
            assert "assist: Apply" not in await client.actions(uri)
            number = (await client.run("refactor", {"uri": uri, **ASKED}))["id"]
            await client.seen(lambda: sum("Make this edit?" in each for each in client.messages) == 2)
            await client.workspace_execute_command_async(
                types.ExecuteCommandParams("assist.choose", [refused[0], True])
            )
            assert client.edits == []
            await run_action(client, uri, "assist: Apply")
            _, end = await client.end(number)
            assert (end.edit.applied, len(client.edits)) == (True, 1)
            await client.seen(
                lambda: any(each.startswith("Changed shop/prices.py") for each in client.messages)
            )


async def test_an_edit_is_shown_as_a_document_before_it_is_agreed_to(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer(RENAMED)):
        async with open_talker(home, shop, plain=True, marks=False) as client:
            uri = open_shop(client, shop)
            pages: list[str] = []
            client.meanwhile = lambda: pages.extend(page.read_text() for page in client.pages)
            await client.whole("refactor", uri=uri, **ASKED)
            (page,) = pages
            assert {"-def gross(net):", "+def with_tax(net):"} <= set(page.split("\n")[10:-10])
            assert page.endswith("\n\f")
            assert client.pages[0].is_relative_to(tmp_path / "data")
            assert len(client.edits) == 1


async def test_an_edit_is_shown_in_the_question_where_no_document_can_be_shown(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    body = "    net = net\n" * 40
    long = RENAMED.replace("def with_tax(net):\n", f"def with_tax(net):\n{body}")
    with provider(tmp_path, scripted_answer(RENAMED), scripted_answer(long)):
        async with open_talker(home, shop, plain=True, marks=False, shows=False) as client:
            uri = open_shop(client, shop)
            client.sends = False
            await client.whole("refactor", uri=uri, **ASKED)
            shown = client.previews[0].splitlines()
            assert shown[:3] == ["Make this edit?", "shop/prices.py", "shop/cart.py"]
            assert {"-def gross(net):", "+def with_tax(net):"} <= set(shown)
            client.sends = True
            _, end = await client.whole("refactor", uri=uri, **ASKED)
            assert (end.edit.applied, client.edits, len(client.previews)) == (False, [], 1)
            assert "`assist` in a terminal" in end.error


async def test_nothing_is_sent_by_a_client_that_cannot_ask_until_a_code_action_says_so(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer("It adds **up**."), scripted_answer("no"), mode="ask") as acme:
        async with open_talker(home, shop, plain=True, asks=False) as client:
            uri = open_shop(client, shop)
            number = (await client.run("explain", {"uri": uri, "wish": "frontier"}))["id"]
            await client.seen(lambda: any("Send this to a provider?" in each for each in client.messages))
            assert acme.connections == 0
            await run_action(client, uri, "assist: Stay on this machine")
            _, end = await client.end(number)
            assert "Nothing was sent" in end.error
            assert acme.connections == 0
            number = (await client.run("explain", {"uri": uri, "wish": "frontier"}))["id"]
            await run_action(client, uri, "assist: Send")
            text, end = await client.end(number)
            assert (text, end.error) == ("It adds **up**.", None)


async def test_an_edit_that_the_client_refused_is_offered_again_of_the_files_as_they_are_then(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer(RENAMED), scripted_answer(RENAMED)):
        async with open_talker(home, shop, plain=True, marks=False) as client:
            uri = open_shop(client, shop)
            client.refuses = 1
            number = (await client.run("refactor", {"uri": uri, **ASKED}))["id"]
            await run_action(client, uri, "assist: Apply")
            _, end = await client.end(number)
            assert (end.edit.applied, len(client.edits)) == (True, 2)
            client.refuses = 3
            number = (await client.run("refactor", {"uri": uri, **ASKED}))["id"]
            await client.seen(lambda: len(client.edits) == 3)
            client.change(uri, 2, "x", (0, 0), (0, 0))
            await run_action(client, uri, "assist: Apply")
            _, end = await client.end(number)
            assert (end.edit.applied, len(client.edits)) == (False, 3)
            assert "shop/prices.py changed since the model saw it" in end.error
