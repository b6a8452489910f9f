"""Conversations through a real server and a real client: follow-ups, added files, a rating, another try."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from asked_shop import CART
from talker import open_talker
from vendor import configure_provider, provider, scripted_answer

pytestmark = pytest.mark.slow

Environ = Mapping[str, str]


async def test_a_conversation_goes_on_is_rated_and_its_last_answer_is_asked_again(
    tmp_path: Path, shop: Path, home: Environ
) -> None:
    acts = [scripted_answer(text) for text in ("In `gross`.", "20 percent.", "A fifth.", "Other.")]
    with provider(tmp_path, *acts) as acme:
        async with open_talker(home, shop) as client:
            uri = (shop / "shop" / "cart.py").as_uri()
            client.show(uri, CART)
            prices = (shop / "shop" / "prices.py").as_uri()
            _, first = await client.whole("ask", uri=uri, words="Where is tax added?", wish="frontier")
            asked = {"words": "How much?", "wish": "frontier", "thread": first.thread, "files": [prices]}
            _, second = await client.whole("ask", uri=uri, **asked)
            assert second.thread == first.thread
            assert (await client.run("rate", {"id": second.id, "verdict": "good"}))["error"] is None
            assert (await client.run("rate", {"id": second.id, "verdict": "fine"}))["error"]
            assert (await client.run("rate", {"id": "gone", "verdict": "bad"}))["error"]
            again = (await client.run("retry", {"id": second.id}))["id"]
            text, third = await client.end(again)
            assert (text, third.thread) == ("A fifth.", first.thread)
            assert (await client.run("retry", {"id": "gone"}))["error"]
            _, lost = await client.whole("ask", uri=uri, words="Why?", wish="frontier", thread="t-00000000")
            assert lost.thread != first.thread
            assert any(
                "no longer available" in getattr(each, "notice", "") for each in client.answers[lost.id]
            )
        sent = [each.body.decode() for each in acme.requests]
    assert all(text in sent[1] for text in ("Where is tax added?", "In `gross`.", "How much?", "net * 1.2"))
    assert "In `gross`." in sent[2]
    assert "20 percent." not in sent[2]
    assert "In `gross`." not in sent[3]
    events = [json.loads(line) for line in (tmp_path / "data" / "feedback.jsonl").read_text().splitlines()]
    assert [each["event"] for each in events].count("up") == 1
    assert not (tmp_path / "data" / "threads").exists()


async def test_a_file_that_is_none_is_said(tmp_path: Path, shop: Path, home: Environ) -> None:
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1")
    async with open_talker(home, shop) as client:
        for uri in ("untitled:one", (shop / "gone.py").as_uri()):
            _, end = await client.whole("ask", words="What?", wish="frontier", files=[uri])
            assert end.error
            assert ("not a file on this machine" in end.error) or ("no file or folder" in end.error)
