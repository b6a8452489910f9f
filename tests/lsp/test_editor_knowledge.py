"""A real `assist lsp` asks its client what other language servers know, and shows nothing that they refute."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from hiding_server import HidingServer, hiding_server
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from bench.editors.lsp_client import Client, serving

SOURCE = "def pay(cart):\n    return cart.\n"
AT = (1, 16)
INVENTED, REAL = "amount()", "total()"
LISTED = {
    "items": [
        {"label": "total", "kind": 2},
        {"label": "• add(item: Item)", "kind": 2, "filterText": "add"},
        {"label": "__init__", "kind": 2},
        {"label": ["no", "label"]},
        None,
    ],
    "isIncomplete": True,
    "missing": False,
    "problems": [],
}


UNKNOWING = [
    None,
    {},
    {"items": "none"},
    {"items": []},
    {**LISTED, "missing": True},
    {**LISTED, "problems": ['Import "shop" could not be resolved', 1]},
    JsonRpcInvalidParams(),
]


class Knowing(Client):
    """A client whose other servers list what `answer` says."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.answer: Any = LISTED
        self.hangs = False
        self.cancelled = asyncio.Event()

        @self.feature("assist/editorKnowledge")
        async def _(params: Any) -> Any:
            self.asked.append(params)
            if self.hangs:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    def capabilities(self) -> types.ClientCapabilities:
        return types.ClientCapabilities(experimental={"assistEditorKnowledge": True})


class Place:
    """A client, the team's server that writes for it, and documents in which nothing was asked yet."""

    def __init__(self, client: Client, server: HidingServer, space: Path) -> None:
        assert isinstance(client, Knowing)
        self.client, self.server = client, server
        self._space = space
        self._number = 0

    async def written(self, text: str, *, asks: bool = False, **how: Any) -> list[str]:
        """What is shown in a new document if this text is written, after the client was asked if it is."""
        self._number += 1
        name = f"pay{self._number}"
        before = len(self.client.asked)
        self.server.answer(text, lambda: asks and len(self.client.asked) == before)
        self.uri = (self._space / f"{name}.py").as_uri()
        self.client.show(self.uri, SOURCE.replace("pay", name))
        found = await self.client.ask(self.uri, (AT[0], AT[1]), **how)
        return [item.insert_text for item in found.items]


@asynccontextmanager
async def asking(home: Mapping[str, str], tmp_path: Path, **how: Any) -> AsyncIterator[Place]:
    space = tmp_path / "space"
    space.mkdir()
    with hiding_server(Path(home["ASSIST_CONFIG_DIR"], "config.toml")) as server:
        async with serving(home, folders=[space], make=Knowing, **how) as client:
            await client.until("ready")
            yield Place(client, server, space)


async def test_an_invention_is_held_back_where_the_editor_knows_and_only_there(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    async with asking(home, tmp_path) as place:
        client = place.client
        assert await place.written(REAL, asks=True) == [REAL]
        assert await place.written(INVENTED, asks=True) == []
        first, second = client.asked
        assert (first.position.line, first.position.character) == AT
        assert (first.want, first.textDocument.version) == ("members", 1)
        assert first.textDocument.uri != second.textDocument.uri
        assert client.statuses[-1].editor_knowledge == "on"
        counts = await client.counts()
        assert (counts["editor-asked"], counts["editor-refuted"], counts["unknown-name"]) == (2, 1, 1)
        assert client.statuses[-1].why.endswith("`amount`, according to your editor's language server")

        for typed, letter in enumerate("amo"):  # one question is enough for a member
            at = (AT[0], AT[1] + typed)
            client.change(place.uri, typed + 2, letter, at, at)
            place.server.answer(INVENTED[typed + 1 :])
            assert not (await client.ask(place.uri, (at[0], at[1] + 1))).items
        assert len(client.asked) == 2

        for number, answer in enumerate(UNKNOWING, 3):
            client.answer = answer
            assert await place.written(INVENTED, asks=True) == [INVENTED]
            assert len(client.asked) == number
        assert client.messages == []


async def test_nobody_is_asked_whose_answer_would_not_count(home: Mapping[str, str], tmp_path: Path) -> None:
    """A popup's item exists, and the setting turns it off. Who asks by hand gets what the editor knows too."""
    async with asking(home, tmp_path, options={"completion": {"editor_knowledge": False}}) as place:
        assert await place.written(INVENTED) == [INVENTED]
        assert place.client.statuses[-1].editor_knowledge == "off"
        place.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
        assert await place.written("(1)", selected=("amount", AT[1])) == ["amount(1)"]
        assert place.client.asked == []
        assert await place.written(INVENTED, asks=True) == []
        assert await place.written(INVENTED, asks=True, manual=True) == [INVENTED]
        assert len(place.client.asked) == 2
        assert (await place.client.counts())["editor-refuted"] == 2


async def test_an_editor_that_hangs_is_waited_for_once_and_costs_nothing_when_all_rests(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    async with asking(home, tmp_path) as place:
        place.client.hangs = True
        assert await place.written(INVENTED, asks=True) == [INVENTED]
        assert await place.written(INVENTED) == [INVENTED]
        assert (await place.client.counts()).get("editor-late", 0) <= 1
        await asyncio.wait_for(place.client.cancelled.wait(), 30)
        while not (await place.client.counts()).get("editor-silent"):
            await asyncio.sleep(0.05)
        asked = len(place.client.asked)
        assert await place.written(INVENTED) == [INVENTED]
        assert len(place.client.asked) == asked
        assert await is_idle(place.client.pid)


async def is_idle(pid: int) -> bool:
    """Whether a process stops computing, once what it began is done."""
    process = psutil.Process(pid)
    for _ in range(100):
        before = sum(process.cpu_times()[:2])
        await asyncio.sleep(0.3)
        if sum(process.cpu_times()[:2]) == before:
            return True
    return False


async def test_a_popup_that_asks_for_ghost_text_is_asked_nothing(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    """A client without ghost text shows it among its own items: there is no loop."""
    async with asking(home, tmp_path, inline=False) as place:
        place.server.answer(INVENTED)
        uri = (tmp_path / "space" / "pay.py").as_uri()
        place.client.show(uri, SOURCE)
        context = types.CompletionContext(types.CompletionTriggerKind.TriggerCharacter, ".")
        params = types.CompletionParams(types.TextDocumentIdentifier(uri), types.Position(*AT), context)
        (item,) = (await place.client.text_document_completion_async(params)).items
        assert item.label == INVENTED
        assert place.client.statuses[-1].editor_knowledge == "none"
        assert place.client.asked == []
