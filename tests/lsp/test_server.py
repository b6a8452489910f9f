"""A real `assist lsp`, a real client, and everything that a client may do wrong; once with the real model."""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
from asked_shop import PRICES
from fake_lsp import knowing
from forked_servers import FakeModelClient, ForkedClient
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from talker import Talker

from bench.editors.lsp_client import SERVER, Client, serving
from bench.processes import quiet

pytestmark = pytest.mark.slow

URI = "file:///work/shapes.py"
HEAD = "import math\n\n\nclass Circle:\n    def __init__(self, radius):\n        self.radius = radius\n\n"
ASKED = HEAD + "    def area(self):\n        return math.p"
AT = (8, 21)
AREA = "    def area(self):\n        return math.pi * self.radius**2\n"
EMOJI = "        name = '😀 e\u0301'; return math.p"
TEXTS = (HEAD + AREA, HEAD + "    def area(self):\n" + EMOJI + "i * self.radius**2\n")
CRLF = "\ufeff" + (HEAD + AREA).replace("\n", "\r\n")
FIM_TOKENS = "<|fim_middle|><|endoftext|><|fim_prefix|>"
NUMBERS = count(1)


@pytest.fixture
def home(home: dict[str, str]) -> dict[str, str]:
    """A machine whose model knows what the tests ask for, and shows it at once."""
    folder = Path(home["ASSIST_CONFIG_DIR"])
    folder.mkdir()
    (folder / "config.toml").write_text('[completion]\nmode = "eager"\n')
    return knowing(home, *TEXTS)


@pytest.fixture
def with_words(environ: Mapping[str, str]) -> Mapping[str, str]:
    """A machine whose small model is asked for sentences."""
    with open(Path(environ["ASSIST_CONFIG_DIR"], "config.toml"), "a") as file:
        file.write("[answers]\nwords = true\n")
    return environ


@pytest.fixture
async def client(home: Mapping[str, str]) -> AsyncIterator[Client]:
    async with serving(home, make=ForkedClient) as running:
        await running.until("ready")
        yield running


async def counted(client: Client, before: dict[str, Any]) -> Counter[str]:
    """What the server has counted since then."""
    return Counter(await client.counts()) - Counter(before)


def texts(result: Any) -> list[str]:
    return [item.insert_text for item in result.items]


async def why(client: Client, **asked: Any) -> Any:
    return await client.workspace_execute_command_async(types.ExecuteCommandParams("assist.why", [asked]))


async def works(client: Client) -> None:
    """The server still completes, by the model: no two of these texts are the same."""
    client.show("file:///work/still.py", f"# {next(NUMBERS)}\n{ASKED}")
    result = await client.ask("file:///work/still.py", (AT[0] + 1, AT[1]), manual=True)
    assert texts(result)[0].startswith("i * self.radius")


class ProcessTalker(Talker):
    """One whose server is a process of its own."""

    server = SERVER


@pytest.mark.model
async def test_the_real_model(with_words: Mapping[str, str], shop: Path) -> None:
    """At a cursor, for several texts, with what no tokenizer expects, cancelled, for an answer, and idle."""
    async with serving(with_words, folders=[shop], make=ProcessTalker) as client:
        assert isinstance(client, Talker)
        await client.until("ready")
        await _one_at_a_cursor(client)
        await _several_when_asked(client)
        for n, text in enumerate(("\0\1\2" * 1000 + "\n", "\ud800 lone\n", FIM_TOKENS)):
            client.show(f"file:///work/strange{n}.py", text)
            shown = texts(await client.ask(f"file:///work/strange{n}.py", (0, 14), manual=True))
            assert not any("<|" in each for each in shown)
        await _cancelled_while_it_reads(client)
        await works(client)
        await _answers_while_ghost_text_still_comes(client, shop)
        await _idle(client)


async def _one_at_a_cursor(client: Client) -> None:
    client.show(URI, ASKED + "\n")
    (item,) = (await client.ask(URI, AT)).items
    assert item.insert_text.startswith("i * self.radius")
    assert (item.range.start.line, item.range.start.character) == AT
    assert item.command.command == "assist.accepted"
    assert client.result.capabilities.inline_completion_provider is not None
    assert client.result.capabilities.completion_provider is None


async def _several_when_asked(client: Client) -> None:
    uri = "file:///work/several.py"
    client.show(uri, HEAD + "    def area(self):\n        ")
    items = (await client.ask(uri, (8, 8), manual=True)).items
    assert 1 <= len(items) <= 3
    lines = [item.insert_text.partition("\n")[0] for item in items]
    assert not any(a.startswith(b) for a in lines for b in lines if a is not b)
    assert len({item.command.arguments[0] for item in items}) == len(items)
    assert len((await client.ask(uri, (8, 8))).items) == 1, "an automatic request gets one"
    place = {"uri": uri, "position": {"line": 8, "character": 8}}
    told = await why(client, **place)
    assert (told["reason"], told["text"]) == ("", items[0].insert_text)
    assert told["words"].startswith("a suggestion was shown: ")
    assert (await why(client, **place, paused=True))["words"].startswith("suggestions are paused")


async def _cancelled_while_it_reads(client: Client) -> None:
    uri = "file:///work/long.py"
    client.show(uri, "".join(f"value_{n} = compute_something({n}, 'text {n}')\n" for n in range(400)))
    ends = []
    for n in range(3):
        future = client.ask(uri, (100 + 60 * n, 10), number=f"cancel-{n}")
        await asyncio.sleep(0.15)
        client.cancel(f"cancel-{n}")
        ends += await asyncio.gather(asyncio.wait_for(future, 60), return_exceptions=True)
    cancelled = [end for end in ends if isinstance(end, JsonRpcException) and "cancel" in str(end)]
    assert cancelled  # not each: some may be answered while this process waits for the processor
    assert all(end in cancelled or texts(end) for end in ends)


async def _answers_while_ghost_text_still_comes(client: Talker, shop: Path) -> None:
    uri = (shop / "shop" / "prices.py").as_uri()
    client.show(uri, PRICES)
    number = (await client.run("ask", {"uri": uri, "words": "Why is tax added to a net price?"}))["id"]
    await client.seen(lambda: any(each.delta for each in client.answers.get(number, [])))
    client.change(uri, 2, "\ndef net(gross_price):\n    return gross_", (1, 0), (1, 0))
    await asyncio.wait_for(client.ask(uri, (3, 18), manual=True), 60)
    text, end = await client.end(number)
    assert (end.error, end.cost_usd) == (None, 0.0)
    assert len(text) > 40
    assert "on this machine" in end.summary


async def _idle(client: Client) -> None:
    """Nothing runs when nothing is asked."""
    await quiet(client.pid)
    process = psutil.Process(client.pid)
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(5)
    assert sum(process.cpu_times()[:2]) - before <= 0.02


async def test_what_the_popup_selected_is_gone_on_from(client: Client) -> None:
    client.show(URI, HEAD + "    def area(self):\n        return mat")
    result = await client.ask(URI, (8, 18), selected=("math", 15))
    item = result.items[0]
    assert item.insert_text.startswith("math.pi")
    assert (item.range.start.character, item.range.end.character) == (15, 18)


async def test_shown_and_accepted_lead_to_the_next_line(client: Client) -> None:
    before = await client.counts()
    client.show(URI, ASKED.replace("Circle", "Disc"))
    item = (await client.ask(URI, AT)).items[0]
    client.protocol.notify(
        "textDocument/didShowCompletion", {"item": client.protocol._converter.unstructure(item)}
    )
    await client.workspace_execute_command_async(
        types.ExecuteCommandParams(item.command.command, item.command.arguments)
    )
    counts = await counted(client, before)
    assert (counts["accepted"], counts["speculated"]) == (1, 1)


async def test_clients_without_ghost_text_get_ordinary_completion(home: Mapping[str, str]) -> None:
    async with serving(home, inline=False, make=ForkedClient) as client:
        await client.until("ready")
        assert client.result.capabilities.completion_provider is not None
        client.show(URI, ASKED)
        result = await client.text_document_completion_async(
            types.CompletionParams(types.TextDocumentIdentifier(URI), types.Position(*AT))
        )
        assert result.is_incomplete
        assert result.items[0].text_edit.new_text.startswith("pi * self.radius"), "the whole word"


async def test_a_request_waits_for_a_model_that_is_loading(home: Mapping[str, str]) -> None:
    async with serving(knowing(home, *TEXTS, loading_s=1), make=ForkedClient) as client:
        client.show(URI, ASKED)
        cancelled, old = client.ask(URI, AT, number="cancelled"), client.ask(URI, AT)
        client.change(URI, 2, "i", AT, AT)
        asked = client.ask(URI, (AT[0], AT[1] + 1))
        client.cancel("cancelled")
        with pytest.raises(JsonRpcException, match="cancel"):
            await cancelled
        told = await why(client, uri=URI, position={"line": AT[0], "character": AT[1]})
        assert told["reason"] == "loading"
        assert client.state in ("", "loading")
        assert (texts(await old), bool(texts(await asked))) == ([], True)
        assert client.state == "ready"


async def test_a_list_does_not_wait_for_a_model_that_is_loading(home: Mapping[str, str]) -> None:
    async with serving(knowing(home, *TEXTS, loading_s=1), inline=False, make=ForkedClient) as client:
        client.show(URI, ASKED)
        place = types.CompletionParams(types.TextDocumentIdentifier(URI), types.Position(*AT))
        assert not (await client.text_document_completion_async(place)).items
        assert client.state in ("", "loading")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_emoji_and_combining_characters(home: Mapping[str, str], encoding: str) -> None:
    async with serving(home, encodings=[types.PositionEncodingKind(encoding)], make=ForkedClient) as client:
        await client.until("ready")
        assert client.result.capabilities.position_encoding == encoding
        units = {
            "utf-8": len(EMOJI.encode()),
            "utf-16": len(EMOJI.encode("utf-16-le")) // 2,
            "utf-32": len(EMOJI),
        }
        client.show(URI, HEAD + "    def area(self):\n" + EMOJI)
        item = (await client.ask(URI, (8, units[encoding]))).items[0]
        assert item.insert_text.startswith("i")
        assert item.range.start.character == units[encoding]


async def test_crlf_and_bom(client: Client) -> None:
    client.show(URI, "\ufeff" + (HEAD + "    def area(self):\n").replace("\n", "\r\n") + "        ")
    result = await client.ask(URI, (8, 8), manual=True)
    text = texts(result)[0]
    assert text
    assert "\n" not in text.replace("\r\n", "")


async def test_positions_outside_and_unknown_documents(client: Client) -> None:
    before = await client.counts()
    client.show(URI, ASKED)
    for at in [(8, 10_000), (10_000, 0), (2**31 - 1, 2**31 - 1)]:
        assert texts(await client.ask(URI, at)) is not None
    assert texts(await client.ask("file:///never/opened.py", (0, 0))) == []
    assert texts(await client.ask("not a uri", (0, 0))) == []
    client.change("file:///never/opened.py", 2, "x", (0, 0), (0, 0))
    with pytest.raises(JsonRpcException):
        await client.raw(
            types.TEXT_DOCUMENT_INLINE_COMPLETION,
            {"textDocument": {"uri": URI}, "position": {"line": -1, "character": "x"}, "context": {}},
        )
    counts = await counted(client, before)
    assert (counts["unknown-document"], counts["change-unknown-document"]) == (2, 1)
    await works(client)


async def test_changes_out_of_order_lose_nothing(client: Client) -> None:
    client.show(URI, "a\n", version=1)
    client.change(URI, 3, "b", (0, 0), (0, 0))
    client.change(URI, 2, "c", (0, 0), (0, 0))
    client.change(URI, 3, "c", (0, 0), (0, 0))
    client.change(URI, 4, "d", (99, 99), (99, 99))
    state = (await client.documents())[URI]
    assert state["version"] == 4
    assert state["sha256"] == hashlib.sha256(b"ba\nd").hexdigest()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("\0\1\2" * 1000 + "\n", (0, 50)),
        ("x" * 1_000_000 + "\n", (0, 500_000)),
        ("\ud800 lone\n", (0, 3)),
        ("", (0, 0)),
        ("\n" * 100_000, (50_000, 0)),
        (FIM_TOKENS, (0, 14)),
        ("((((" * 2000, (0, 3000)),
    ],
    ids=["binary", "1-MB-line", "surrogate", "empty", "blank-lines", "special-tokens", "brackets"],
)
async def test_strange_documents(client: Client, text: str, at: tuple[int, int]) -> None:
    client.show(URI, text)
    shown = texts(await client.ask(URI, at))
    assert not any("<|" in each for each in shown)
    await works(client)


async def test_a_file_of_fifty_thousand_lines(client: Client) -> None:
    lines = [f"value_{n} = compute({n})\n" for n in range(50_000)]
    client.show(URI, "".join(lines))
    for version in range(2, 52):
        client.change(URI, version, "x", (25_000, 0), (25_000, 0))
    assert (await client.documents())[URI]["version"] == 51
    assert (await client.ask(URI, (25_001, 8), manual=True)) is not None


async def test_a_storm_of_requests(client: Client) -> None:
    """200 requests in two seconds, half of them cancelled: each is answered and none is lost."""
    rng = random.Random(4)
    text, column = HEAD + "    def area(self):\n        ", 8
    client.show(URI, text)
    futures = []
    for n in range(200):
        client.change(URI, n + 2, "abc ()"[n % 6], (8, column), (8, column))
        text, column = text + "abc ()"[n % 6], column + 1
        futures.append(client.ask(URI, (8, column), number=f"storm-{n}"))
        if rng.random() < 0.5:
            client.cancel(f"storm-{rng.randrange(n + 1)}")
        await asyncio.sleep(0.01)
    results = await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 90)
    assert all(isinstance(r, JsonRpcException) or isinstance(texts(r), list) for r in results)
    assert (await client.documents())[URI]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert (await client.counts()).get("internal-error", 0) == 0
    await works(client)


async def test_settings_from_the_editor(home: Mapping[str, str]) -> None:
    options = {"completion": {"mode": "manual", "max_lines": "many", "modle": "x"}}
    async with serving(home, options=options, make=ForkedClient) as client:
        await client.until("ready")
        said = "\n".join(client.messages)
        assert "modle" in said
        assert "model" in said
        assert "max_lines" in said
        client.show(URI, ASKED)
        assert texts(await client.ask(URI, AT)) == []
        assert (await client.counts())["manual-only"] == 1
        assert texts(await client.ask(URI, AT, manual=True))
        client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams({"assist": {"completion": {"mode": "eager"}}})
        )
        client.statuses.clear()
        await client.until("ready")
        assert texts(await client.ask(URI, AT))


@pytest.mark.parametrize("signal", ["close", "kill"])
async def test_a_client_that_vanishes_takes_the_server_with_it(home: Mapping[str, str], signal: str) -> None:
    async with serving(knowing(home, *TEXTS, slice_s=0.5), make=FakeModelClient) as client:
        await client.until("ready")
        client.show(URI, "".join(f"value_{n} = compute_something({n})\n" for n in range(400)))
        future = client.ask(URI, (300, 10))
        await asyncio.sleep(0.1)
        process = psutil.Process(client.pid)
        if signal == "close":
            client._server.stdin.close()
        else:
            await client.shutdown_async(None)
            client.exit(None)
        await asyncio.wait_for(client._server.wait(), 60)
        assert not process.is_running()
        future.cancel()


async def test_why_says_what_a_client_did_wrong(client: Client) -> None:
    assert (await why(client, uri=None, position="x"))["reason"] == "not-requested"
    assert await client.ask("file:///never/opened.py", (0, 0))
    assert "has not sent this file" in client.statuses[-1].why
