"""Questions through a real server and a real client: streamed, cancelled, previewed, applied, undone."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from asked_shop import CART, PRICES, RENAMED, audit_events
from fake_lsp import HEADER_ALONE, knowing
from hostile import HANG, chunk, head
from lsprotocol import types
from recording import configure
from repositories import change, make_repository
from talker import apply_edits, open_shop, open_talker
from vendor import configure_provider, provider, scripted_answer

from assist_escalation.edits import journal
from assist_escalation.edits.plan import hash_text

pytestmark = pytest.mark.slow

Environ = Mapping[str, str]


def interrupt_edit(data: Path, root: Path, path: str, before: str, after: str) -> None:
    """An edit that a crash stopped before its file was moved."""
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    file = journal.File(path, (root / path).resolve(), hash_text(before), hash_text(after))
    (data / "edits").mkdir(parents=True)
    images = [(before.encode(), after.encode())]
    with journal.hold_lock(data / "edits" / name):
        journal.add(data / "edits" / name, "forward", [file], images, [])


async def test_an_answer_of_a_provider_streams_with_its_route_and_cost(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer("It adds **up**."), mode="ask") as acme:
        async with open_talker(home, shop) as client:
            uri = (shop / "shop" / "cart.py").as_uri()
            client.show(uri, CART)
            at = {"start": {"line": 12, "character": 8}, "end": {"line": 12, "character": 8}}
            text, end = await client.whole("explain", uri=uri, range=at, wish="frontier")
            assert (text, end.error) == ("It adds **up**.", None)
            assert end.cost_usd == pytest.approx(0.00081)
            assert "acme" in end.summary
            assert acme.url.removeprefix("http://").removesuffix("/v1") in client.previews[0]
            assert "shop/cart.py" in client.previews[0]
            route = next(each.route for each in client.answers[end.id] if hasattr(each, "route"))
            assert (route.target, route.provider) == ("frontier", "acme")
            assert any(str(token).startswith("assist-answer-") for token in client.tokens)
            told = [each.progress for each in client.answers[end.id] if hasattr(each, "progress")]
            assert [(each.phase, each.tokens > 0) for each in told] == [("reading", False), ("reading", True)]
            assert [each.message.partition(" tokens")[1] for each in told] == ["", " tokens"]
            assert client.answers[end.id][0].progress is told[0]  # before anything is looked for
            first = end.sources[0]
            assert (first.uri, first.path, first.first, first.last) == (uri, "shop/cart.py", 12, 13)
            assert first.name == "Cart.total"


async def test_a_diff_gives_a_message_and_remarks(tmp_path: Path, home: Environ) -> None:
    repo = make_repository(tmp_path / "repo")
    change(repo)
    acts = (
        scripted_answer("```\nDivide it\n```"),
        scripted_answer("cart.py:5: this divides by zero\nno.py:1: wrong\n"),
    )
    with provider(tmp_path, *acts, mode="ask") as acme:
        async with open_talker(home, repo) as client:
            text, end = await client.whole("commitMessage", wish="frontier")
            assert (text, end.error) == ("Divide it", None)
            text, end = await client.whole("review", wish="frontier")
            assert (text, end.error) == ("cart.py:5: this divides by zero", None)
    assert all("hunter2" not in each.body.decode() for each in acme.requests)


async def test_a_refused_preview_sends_nothing(tmp_path: Path, shop: Path, home: Environ) -> None:
    with provider(tmp_path, scripted_answer("no"), mode="ask") as acme:
        async with open_talker(home, shop) as client:
            client.sends = False
            uri = (shop / "shop" / "cart.py").as_uri()
            client.show(uri, CART)
            _, end = await client.whole("explain", uri=uri, wish="frontier")
        assert (acme.connections, len(client.previews)) == (0, 1)
        assert "Nothing was sent" in end.error


async def test_a_refactoring_over_two_files_is_applied_by_the_client_and_undone(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, scripted_answer(RENAMED)):
        async with open_talker(home, shop) as client:
            cart, prices = shop / "shop" / "cart.py", shop / "shop" / "prices.py"
            client.show(cart.as_uri(), CART)
            client.show(prices.as_uri(), PRICES, version=7)
            lines = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 23}}
            _, end = await client.whole(
                "refactor",
                uri=prices.as_uri(),
                range=lines,
                words="rename gross to with_tax in shop/cart.py too",
                wish="frontier",
            )
            assert end.error is None
            assert end.edit.applied
            edit = client.edits[0]
            assert edit.change_annotations["assist"].needs_confirmation
            versions = {each.text_document.uri: each.text_document.version for each in edit.document_changes}
            assert versions == {cart.as_uri(): 1, prices.as_uri(): 7}
            texts = {cart.as_uri(): CART, prices.as_uri(): PRICES}
            now = apply_edits(texts, edit)
            assert now == {uri: text.replace("gross", "with_tax") for uri, text in texts.items()}
            for uri, version in versions.items():
                whole = types.TextDocumentContentChangeWholeDocument(now[uri])
                document = types.VersionedTextDocumentIdentifier(version + 1, uri)
                client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))
            undone = await client.run("undo")
            assert (sorted(undone["files"]), undone["error"]) == (["shop/cart.py", "shop/prices.py"], None)
            assert apply_edits(now, client.edits[1]) == texts
            assert (await client.run("undo"))["error"]


async def test_undo_refuses_where_somebody_typed_on(tmp_path: Path, shop: Path, home: Environ) -> None:
    with provider(tmp_path, scripted_answer(RENAMED)):
        async with open_talker(home, shop) as client:
            await client.whole(
                "refactor", uri=open_shop(client, shop), words="rename gross in shop/cart.py", wish="frontier"
            )
            assert len(client.edits) == 1
            undone = await client.run("undo")
            assert "changed since the edit" in undone["error"]
            assert len(client.edits) == 1


async def test_a_cancelled_progress_stops_the_stream_and_what_came_is_paid(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    with provider(tmp_path, [head(), chunk("half an answer"), HANG]):
        async with open_talker(home, shop) as client:
            uri = (shop / "shop" / "cart.py").as_uri()
            client.show(uri, CART)
            number = (await client.run("explain", {"uri": uri, "wish": "frontier"}))["id"]
            async with asyncio.timeout(60):
                while not any("half" in each.delta for each in client.answers.get(number, [])):
                    await asyncio.sleep(0.02)
            client.window_work_done_progress_cancel(
                types.WorkDoneProgressCancelParams(f"assist-answer-{number}")
            )
            await asyncio.wait_for(client.ended.setdefault(number, asyncio.Event()).wait(), 60)
            assert client.answers[number][-1].error == "cancelled"
        events = audit_events(tmp_path)
        assert [event["kind"] for event in events] == ["intent", "outcome"]
        assert events[1]["finish"] == "cancelled"
        assert events[1]["usage"]["estimated"]
        assert 0 < events[1]["cost_micro"] <= events[0]["upper_micro"]


async def test_what_is_wrong_is_told_and_progress_never_outlives_its_question(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1")
    (shop / ".assist.toml").write_text("[escalation]\nmode = 'ask'\n")
    interrupt_edit(tmp_path / "data", shop, "shop/prices.py", PRICES, "x = 1\n")
    async with open_talker(home, shop) as client:
        client.takes_progress.clear()
        uri = (shop / "shop" / "cart.py").as_uri()
        for asked in ({"uri": uri}, {}):
            _, end = await client.whole("explain", **asked)
            assert "Open the document in the editor first" in end.error
        client.show(uri, CART)
        _, end = await client.whole("fix", uri=uri)
        notices = [each.notice for each in client.answers[end.id] if hasattr(each, "notice")]
        assert any("assist config trust" in notice for notice in notices)
        assert end.error
        told_ = [getattr(each, "notice", "") for answer in client.answers.values() for each in answer]
        assert sum("shop/prices.py" in notice for notice in told_) == 1
        assert (shop / "shop" / "prices.py").read_text() == "x = 1\n"
        client.takes_progress.set()
        await client.run("cancel", "nobody")
        await client.run("cancel", "nobody")
        assert (len(client.tokens), client.progress) == (3, [])


async def test_code_actions_offer_what_can_be_asked_here(tmp_path: Path, shop: Path, home: Environ) -> None:
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1", mode="never")
    async with open_talker(home, shop) as client:
        uri = (shop / "shop" / "cart.py").as_uri()
        client.show(uri, CART)
        span = types.Range(types.Position(12, 0), types.Position(12, 4))
        problem = types.Diagnostic(span, "undefined name 'gross'")
        for diagnostics, first in (([], "assist: Explain"), ([problem], "assist: Fix this problem")):
            found = await client.text_document_code_action_async(
                types.CodeActionParams(
                    types.TextDocumentIdentifier(uri), span, types.CodeActionContext(diagnostics)
                )
            )
            assert found[0].title == first
            assert {"Explain", "Refactor...", "Generate tests"} <= {
                each.title.removeprefix("assist: ") for each in found
            }


async def test_a_question_waits_for_a_model_that_is_loading(
    tmp_path: Path, home: Environ, shop: Path
) -> None:
    (tmp_path / "fake.gguf").write_bytes(HEADER_ALONE)
    configure(tmp_path, f"[answers]\nwords = true\n[completion]\nmodel = '{tmp_path / 'fake.gguf'}'\n")
    async with open_talker(knowing(home, PRICES, loading_s=1), shop) as client:
        uri = (shop / "shop" / "prices.py").as_uri()
        client.show(uri, PRICES)
        assert client.state in ("", "loading")
        text, end = await client.whole("ask", uri=uri, words="What does gross do?", wish="local")
    assert end.error is None, end.error
    assert text.endswith("It adds.")
