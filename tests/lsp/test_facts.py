"""Facts in the language server: on demand, before any model, of a diff, and for every client; no model is here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from asked_shop import CART
from repositories import git, make_repository
from talker import Talker, indexed, open_shop, open_talker
from vendor import provider, scripted_answer

pytestmark = pytest.mark.slow

Environ = Mapping[str, str]
FLAGS = """\
import os


def debug(value):
    if not value:
        return False
    return value.lower() not in ("0", "no") and bool(value)
"""
TURNED = FLAGS.replace("    if not value:\n        return False\n", "").replace(" and ", " or ")


def at(line: int, character: int = 0) -> dict[str, Any]:
    place = {"line": line, "character": character}
    return {"start": place, "end": place}


def rows(client: Talker, number: str) -> dict[str, str]:
    """The facts of an answer by name; without a name, they are one under the other."""
    found: dict[str, str] = {}
    for message in client.answers[number]:
        for row in getattr(message, "facts", ()):
            words = "".join(part.words for part in row.parts)
            found[row.name] = f"{found[row.name]}\n{words}" if row.name in found else words
    return found


def links(client: Talker, number: str) -> set[tuple[str, str, int]]:
    told = [message.facts for message in client.answers[number] if hasattr(message, "facts")]
    parts = [part for facts in told for row in facts for part in row.parts if hasattr(part, "uri")]
    return {(part.words, part.uri, part.line) for part in parts}


async def test_facts_are_of_the_definition_at_the_cursor_as_the_editor_has_it(
    shop: Path, home: Environ
) -> None:
    async with open_talker(home, shop) as client:
        uri = (shop / "shop" / "cart.py").as_uri()
        client.show(uri, CART)
        client.change(uri, 2, "\n\n", (0, 0), (0, 0))
        await indexed(client)
        text, end = await client.whole("facts", uri=uri, range=at(14, 8))
        assert (text, end.done, hasattr(end, "error")) == ("", True, False)
        found = rows(client, end.id)
        assert found["What"] == "method Cart.total, shop/cart.py:14-15"
        assert found["Returns"] == "15: sum(gross(item) for item in self.items)"
        known = links(client, end.id)
        assert ("15", uri, 15) in known
        assert ("shop/prices.py:1", (shop / "shop" / "prices.py").as_uri(), 1) in known
        _, end = await client.whole("facts", uri=uri, range=at(5))
        assert rows(client, end.id)["What"].startswith("shop/cart.py, 15 lines, 2 definitions")
        assert client.tokens, "it can be stopped"


async def test_facts_are_a_document_for_a_client_that_shows_no_answers(shop: Path, home: Environ) -> None:
    async with open_talker(home, shop, plain=True) as client:
        uri = open_shop(client, shop)
        assert "assist: Facts" in await client.actions(uri)
        await client.whole("facts", uri=uri, range=at(0))
        (page,) = await client.seen(lambda: client.pages)
        shown = page.read_text()
        assert shown.startswith("# facts prices.py\n\n- **What**\n  - `function gross, shop/prices.py:1-2`\n")
        assert client.messages == []


async def test_facts_explain_code_where_there_is_no_model(shop: Path, home: Environ) -> None:
    async with open_talker(home, shop) as client:
        text, end = await client.whole("explain", uri=open_shop(client, shop), range=at(1))
        assert rows(client, end.id)["Returns"] == "2: net * 1.2"
        assert (text, end.error) == ("", None)


async def test_a_question_that_the_index_answers_has_facts_and_no_error_without_a_model(
    shop: Path, home: Environ
) -> None:
    async with open_talker(home, shop) as client:
        uri = open_shop(client, shop)
        await indexed(client)
        _, end = await client.whole("ask", uri=uri, words="who calls `gross`?")
        assert rows(client, end.id)["Used by"] == "shop/cart.py:13 in Cart.total"
        assert end.error is None


async def test_a_review_begins_with_facts_and_drops_a_remark_that_they_refute(
    tmp_path: Path, home: Environ
) -> None:
    repo = make_repository(tmp_path / "repo")
    (repo / "flags.py").write_text(FLAGS)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Read flags")
    (repo / "flags.py").write_text(TURNED)
    remarks = "flags.py:5: `value` is not defined\nflags.py:5: say why it may be empty\n"
    with provider(tmp_path, scripted_answer(remarks), mode="ask"):
        async with open_talker(home, repo) as client:
            text, end = await client.whole("review", wish="frontier")
            messages = client.answers[end.id]
            facts = rows(client, end.id)[""].splitlines()
            assert any(fact.startswith("flags.py:5: `and` became `or`; ") for fact in facts)
            assert any("is gone from debug" in fact for fact in facts)
            assert {"-", "+"} <= {fact.strip()[:1] for fact in facts}, "the line before and now"
            assert ("flags.py:5", (repo / "flags.py").as_uri(), 5) in links(client, end.id)
            assert text == "flags.py:5: say why it may be empty"
            assert "report a defined name as undefined" in end.notice
            told = [hasattr(message, "facts") for message in messages]
            routes = [hasattr(message, "route") for message in messages]
            assert told.index(True) < routes.index(True)
            phases = [message.progress.phase for message in messages if hasattr(message, "progress")]
            assert phases[-1] == "writing"


async def test_a_review_without_a_provider_is_its_facts(tmp_path: Path, home: Environ) -> None:
    repo = make_repository(tmp_path / "repo")
    (repo / "old.py").write_text("x = 2\n" + "x = 1\n" * 39)
    async with open_talker(home, repo) as client:
        text, end = await client.whole("review")
        assert rows(client, end.id) == {"": "old.py:1: `1` became `2`\n    - x = 1\n    + x = 2"}
        assert (text, end.error) == ("", None)
        (repo / "old.py").write_text("x = 1\n" * 40 + "\n")
        _, end = await client.whole("review")
        notices = [message.notice for message in client.answers[end.id] if hasattr(message, "notice")]
        assert notices == ["Nothing found: 0 changed functions in 1 file compared with the earlier version."]


async def test_the_progress_says_reading_only_until_words_come(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer("It adds **up**.")):
        async with open_talker(home, shop) as client:
            await client.whole("explain", uri=open_shop(client, shop), wish="frontier")
            shown = [value["message"] for _, value in client.progress if value["kind"] == "report"]
            assert shown[-2].startswith("reading ")
            assert shown[-1] == "answering"
