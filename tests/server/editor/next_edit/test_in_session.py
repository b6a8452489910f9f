"""Next edits next to ghost text, in a session with the real engine, a fake model and the real finder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from ghost_desk import URI, Desk, writing

from assist_context.documents import Cursor

SOURCE = "x = █\na = old_name(1)\nb = old_name(2)\nc = old_name(3)\nd = old_name(4)\n"
QUIET = 0.8  # seconds in which nothing comes; the pause after an edit is 0.4 s


class Hearing(Desk):
    """A desk that hears of offers."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.session, desk.at)
        self.heard: list[bool] = []
        self.session.next_edits.offered.listen(lambda _, there: self.heard.append(there))

    def rename(self, line: int) -> None:
        self.edit("new_name", (line, 4), (line, 12))

    async def hears(self) -> bool:
        async with asyncio.timeout(60):
            while not self.heard:
                await asyncio.sleep(0.01)
        return self.heard.pop()


@asynccontextmanager
async def hearing(place: Path) -> AsyncIterator[Hearing]:
    async with writing(place, SOURCE, "total(items)\n") as desk:
        yield Hearing(desk)


async def test_an_offer_without_ghost_text(tmp_path: Path) -> None:
    async with hearing(tmp_path) as desk:
        desk.rename(1)
        desk.rename(2)
        assert await desk.hears()


async def test_no_offer_comes_while_ghost_text_is_shown(tmp_path: Path) -> None:
    async with hearing(tmp_path) as desk:
        desk.rename(1)
        desk.rename(2)
        document = desk.session.documents.by_uri[URI]
        assert await desk.session.suggestions.complete(URI, desk.at, manual=True)
        assert desk.session.suggestions.is_on_screen(document, Cursor(*desk.at))
        assert not desk.session.suggestions.is_on_screen(document, Cursor(1, 0))
        desk.session.move_cursor(URI, *desk.at)  # the line was left, so the edit is over
        await asyncio.sleep(QUIET)
        assert desk.heard == []
        assert await desk.session.next_edits.request(URI, None, desk.at) is not None
        desk.edit("t", desk.at, desk.at)
        assert not desk.session.suggestions.is_on_screen(document, Cursor(*desk.at))


async def test_what_was_accepted_is_not_on_the_screen(tmp_path: Path) -> None:
    async with hearing(tmp_path) as desk:
        (ghost, *_) = await desk.session.suggestions.complete(URI, desk.at, manual=True)
        document = desk.session.documents.by_uri[URI]
        assert desk.session.suggestions.is_on_screen(document, Cursor(*desk.at))
        desk.session.suggestions.record_accepted(ghost.suggestion.id, URI)
        assert not desk.session.suggestions.is_on_screen(document, Cursor(*desk.at))


async def test_the_switch_concerns_no_model(tmp_path: Path) -> None:
    async with hearing(tmp_path) as desk:
        engine = desk.session.model.engine
        config = desk.session.config
        desk.session.configure(replace(config, completion=replace(config.completion, next_edit="off")))
        assert desk.session.model.engine is engine
        desk.rename(1)
        desk.rename(2)
        await asyncio.sleep(QUIET)
        assert desk.heard == []
        assert await desk.session.next_edits.request(URI, None, (0, 0)) is None
