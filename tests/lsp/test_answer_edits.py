"""Edits from answers in an editor: confirmed, made in files as they are now, and always recorded."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from asked_shop import CART, PRICES, RENAMED, audit_events
from lsprotocol import types
from talker import apply_edits, open_shop, open_talker
from vendor import provider, scripted_answer

from assist_escalation.routing import feedback

pytestmark = pytest.mark.slow

Environ = Mapping[str, str]


def noted(tmp_path: Path) -> list[str]:
    lines = (tmp_path / "data" / feedback.FILE).read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


async def test_a_cancellation_waits_for_an_edit_that_the_client_has(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer(RENAMED)):
        async with open_talker(home, shop) as client:
            uri = open_shop(client, shop)
            client.takes_edits.clear()
            asked = {"uri": uri, "words": "rename gross in shop/cart.py", "wish": "frontier"}
            number = (await client.run("refactor", asked))["id"]
            async with asyncio.timeout(60):
                while not client.edits:
                    await asyncio.sleep(0.02)
            await client.run("cancel", number)
            await client.run("cancel", number)
            client.takes_edits.set()
            _, end = await client.end(number)
            assert (end.edit.applied, end.error) == (True, None)
    assert [event["kind"] for event in audit_events(tmp_path)] == ["intent", "outcome", "edit"]
    assert noted(tmp_path) == ["routed", "offered", "accepted"]


async def test_a_protected_file_is_asked_about_even_where_the_client_confirms(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    tests = shop / "shop" / "conftest.py"
    tests.write_text(PRICES)
    edit = RENAMED.split("\n\n")[1].replace("prices", "conftest")
    with provider(tmp_path, scripted_answer(edit), scripted_answer(edit)):
        async with open_talker(home, shop) as client:
            client.show(tests.as_uri(), PRICES)
            client.sends = False
            asked = {"uri": tests.as_uri(), "words": "rename gross", "wish": "frontier"}
            _, end = await client.whole("refactor", **asked)
            assert (end.edit.applied, client.edits) == (False, [])
            assert "changes shop/conftest.py, which can change what your tools run" in client.previews[0]
            client.sends = True
            _, end = await client.whole("refactor", **asked)
            assert (end.edit.applied, len(client.edits)) == (True, 1)


async def test_a_client_that_reviews_gets_the_diff_and_edits_without_marks(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    tests = shop / "shop" / "conftest.py"
    tests.write_text(PRICES)
    protected = RENAMED.split("\n\n")[1].replace("prices", "conftest")
    with provider(tmp_path, scripted_answer(RENAMED), scripted_answer(RENAMED), scripted_answer(protected)):
        async with open_talker(home, shop, reviews=True) as client:
            uri = open_shop(client, shop)
            asked = {"uri": uri, "words": "rename gross in shop/cart.py", "wish": "frontier"}
            client.sends = False
            _, end = await client.whole("refactor", **asked)
            assert (end.edit.applied, client.edits) == (False, [])
            shown = client.previews[0].splitlines()
            assert {"--- a/shop/prices.py", "-def gross(net):", "+def with_tax(net):"} <= set(shown)
            assert "+from shop.prices import with_tax" in shown
            client.sends = True
            _, end = await client.whole("refactor", **asked)
            assert end.edit.applied
            assert noted(tmp_path) == [
                *("routed", "offered", "not_applied"),
                *("routed", "offered", "accepted"),
            ]
            assert client.edits[0].change_annotations is None
            made = apply_edits({uri: PRICES, (shop / "shop" / "cart.py").as_uri(): CART}, client.edits[0])
            assert made[uri] == PRICES.replace("gross", "with_tax")
            client.show(tests.as_uri(), PRICES)
            await client.whole("refactor", uri=tests.as_uri(), words="rename gross", wish="frontier")
            assert client.previews[2].startswith("It changes shop/conftest.py, which can change what your")
            assert len(client.previews) == 3


async def test_a_client_that_confirms_nothing_is_asked_and_what_changed_meanwhile_stays(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    cart, prices = shop / "shop" / "cart.py", shop / "shop" / "prices.py"
    audit = tmp_path / "data" / "audit.jsonl"
    with provider(tmp_path, scripted_answer(RENAMED), scripted_answer(RENAMED), scripted_answer(RENAMED)):
        async with open_talker(home, shop, marks=False) as client:

            def close_changed() -> None:
                cart.write_text(CART + "\n")
                client.text_document_did_close(
                    types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(cart.as_uri()))
                )

            def type_on_and_lose_the_log() -> None:
                client.change(prices.as_uri(), 4, "x", (0, 0), (0, 0))
                client.change(prices.as_uri(), 5, "", (0, 0), (0, 1))
                audit.rename(audit.with_name("kept.jsonl"))
                audit.mkdir()

            open_shop(client, shop)
            asked = {"uri": prices.as_uri(), "words": "rename gross in shop/cart.py", "wish": "frontier"}
            client.meanwhile = close_changed
            _, end = await client.whole("refactor", **asked)
            assert (end.edit.applied, client.edits) == (False, [])
            assert "shop/cart.py changed since the model saw it" in end.error
            asked_about = ["Make this edit?", "shop/prices.py", "shop/cart.py"]
            assert client.previews[0].splitlines() == [
                *asked_about,
                "The whole edit is shown in edit-1.diff.",
            ]
            client.show(cart.as_uri(), CART)
            client.meanwhile = lambda: client.change(prices.as_uri(), 2, "x", (0, 0), (0, 0))
            _, end = await client.whole("refactor", **asked)
            assert (end.edit.applied, client.edits) == (False, [])
            assert "shop/prices.py changed since" in end.error
            client.change(prices.as_uri(), 3, "", (0, 0), (0, 1))
            client.meanwhile = type_on_and_lose_the_log
            _, end = await client.whole("refactor", **asked)
            assert end.edit.applied
            assert "was made, but it was not recorded" in end.error
            versions = [each.text_document.version for each in client.edits[0].document_changes]
            assert versions == [5, 1]


async def test_a_rename_by_the_editors_own_server_is_made_like_any_edit(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    file = shop / "shop" / "prices.js"
    text = "/* 🛒 */ export function gross(net) {\n  return net ? gross(net - 1) : 0;\n}\n"
    file.write_text(text)
    async with open_talker(home, shop) as client:
        client.show(file.as_uri(), text)
        edits = [
            {
                "range": {
                    "start": {"line": row, "character": start},
                    "end": {"line": row, "character": start + 5},
                },
                "newText": "withTax",
            }
            for row, start in ((0, 25), (1, 15))
        ]
        client.renamed = {"files": [{"uri": file.as_uri(), "edits": edits}], "positionEncoding": "utf-16"}
        place = {"start": {"line": 0, "character": 26}, "end": {"line": 0, "character": 26}}
        asked = {"uri": file.as_uri(), "range": place, "words": "rename it to withTax"}
        _, end = await client.whole("refactor", **asked)
        assert (end.edit.applied, end.proof) == (True, "construction")
        assert client.renames == [(25, "withTax")]
        made = apply_edits({file.as_uri(): text}, client.edits[0])
        assert made[file.as_uri()] == text.replace("gross", "withTax")
