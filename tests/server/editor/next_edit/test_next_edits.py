"""When an editor hears of an offer, and what a request gets, with a search that finds what a test says."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from assist_completion.settings import CompletionSettings, Mode
from assist_context.documents import Cursor, split_lines
from assist_context.next_edit.offer import Change, Offer, Report
from assist_evaluation.feedback.session_usage import SessionUsage
from assist_server.editor.auto_trigger import Unasked
from assist_server.editor.next_edit.next_edits import NextEdits
from assist_server.editor.next_edit.offer_requests import FoundOffer, OfferRequest
from assist_server.editor.next_edit.offered_edits import NextEdit
from assist_server.editor.open_documents import OpenDocuments
from assist_server.workspace.documents import MAX_LINES, Edit, OpenDocument

URI = "file:///work/a.py"
PATH = "/work/a.py"
SOON = 0.01  # seconds after which an edit is over
NEVER = 60.0
TEXT = "a = old(1)\nb = old(2)\nc = old(3)\n"


class RenamingSearch:
    """It offers `new` for the first `old` of the asked document, or of another one."""

    def __init__(self) -> None:
        self.requests: list[OfferRequest] = []
        self.gate = threading.Event()
        self.gate.set()
        self.pattern = "rename old -> new"
        self.text = "new"
        self.elsewhere = ""  # the path of another document in which it looks

    def find(self, request: OfferRequest) -> FoundOffer | None:
        self.requests.append(request)
        self.gate.wait(60)
        document = request.opened.get(self.elsewhere or request.path)
        if document is None or self.pattern in (request.past.rejected if request.past else ()):
            return None
        places = [
            Change(
                document.path, Cursor(line, text.index("old")), Cursor(line, text.index("old") + 3), self.text
            )
            for line, text in enumerate(document.lines)
            if "old" in text
        ]
        offer = Offer("rename", self.pattern, tuple(places), "because")
        return FoundOffer(offer, document, self.elsewhere) if places else None

    def refresh(self) -> None: ...
    def close(self) -> None: ...


class Desk:
    """One editor with its documents, and what it hears."""

    def __init__(self, pause: float, mode: Mode) -> None:
        self.settings = CompletionSettings(mode=mode)
        self.search = RenamingSearch()
        self.ghost: list[Cursor] = []
        self.heard: asyncio.Queue[tuple[str, int, bool]] = asyncio.Queue()
        self.usage = SessionUsage(Path(), tuple)
        self.documents = OpenDocuments(
            Counter(),
            lambda *edit: self.next_edits.foresee(*edit),  # noqa: PLW0108  (it is made below)
            lambda *edit: self.next_edits.compare(*edit),  # noqa: PLW0108
        )
        self.next_edits = NextEdits(
            Unasked(lambda: self.settings),
            self.documents,
            lambda: self.usage,
            lambda: self.search,
            lambda _, cursor: cursor in self.ghost,
            pause,
        )
        self.next_edits.offered.listen(
            lambda document, there: self.heard.put_nowait((document.uri, document.version, there))
        )

    def open(self, text: str = TEXT, uri: str = URI, path: str = PATH) -> OpenDocument:
        document = OpenDocument(uri, "a.py", "python", 1, list(split_lines(text)), real_path=path)
        self.documents.add(document)
        self.next_edits.open_document()
        return document

    def edit(self, text: str, start: tuple[int, int], end: tuple[int, int], uri: str = URI) -> int:
        """Change a document; its version then."""
        document = self.documents.by_uri[uri]
        version = document.version + 1
        assert self.documents.change(uri, version, [Edit(text, start, end)])
        self.next_edits.follow_change(document)
        return version

    async def hear(self) -> tuple[int, bool]:
        """The next notification: the version, and whether there is an offer."""
        _, version, there = await asyncio.wait_for(self.heard.get(), 10)
        return version, there

    async def quiet(self) -> bool:
        """Whether nothing is heard although the search has had its time."""
        for _ in range(20):
            await asyncio.sleep(SOON / 2)
        return self.heard.empty()

    async def ask(
        self, at: tuple[int, int] = (0, 0), version: int | None = None, **more: bool
    ) -> NextEdit | None:
        return await self.next_edits.request(URI, version, at, **more)

    async def offer(self) -> NextEdit:
        found = await self.ask()
        assert found is not None
        return found


@asynccontextmanager
async def editing(pause: float = SOON, mode: Mode = "balanced") -> AsyncIterator[Desk]:
    desk = Desk(pause, mode)
    desk.open()
    try:
        yield desk
    finally:
        desk.next_edits.close()


async def test_an_offer_is_pushed_after_a_pause() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        assert len(desk.search.requests) == 1
        found = await desk.offer()
        assert (found.change.start, found.deleted, found.version, found.remaining) == ((1, 4), "old", 2, 2)
        assert len(desk.search.requests) == 1, "what was pushed is known"


async def test_keys_that_follow_each_other_are_one_edit() -> None:
    async with editing(pause=0.2) as desk:
        for column, key in enumerate("newest"):
            desk.edit(key, (0, 10 + column), (0, 10 + column))
            await asyncio.sleep(0)
        assert await desk.hear() == (7, True)
        assert [len(each.hunks) for each in desk.search.requests] == [1]


async def test_leaving_the_line_ends_an_edit_at_once() -> None:
    async with editing(pause=NEVER) as desk:
        desk.edit("new", (0, 4), (0, 7))
        document = desk.documents.by_uri[URI]
        desk.next_edits.move_cursor(document, Cursor(0, 9))
        assert desk.search.requests == []
        desk.next_edits.move_cursor(document, Cursor(2, 0))
        assert await desk.hear() == (2, True)


async def test_a_request_ends_an_edit_at_once() -> None:
    async with editing(pause=NEVER) as desk:
        assert await desk.ask() is None, "nothing was edited yet"
        version = desk.edit("new", (0, 4), (0, 7))
        found = await desk.ask((0, 7), version)
        assert found is not None
        assert (found.uri, found.words, found.kind) == (URI, "because", "rename")
        assert await desk.quiet()


async def test_a_request_for_another_version_or_document_gets_nothing() -> None:
    async with editing() as desk:
        version = desk.edit("new", (0, 4), (0, 7))
        assert await desk.ask((0, 0), version - 1) is None
        assert await desk.ask((0, 0), version + 1) is None
        assert await desk.next_edits.request("file:///work/none.py", None, (0, 0)) is None
        assert await desk.ask((99, 99), version) is not None


def in_a_word(desk: Desk) -> None:
    desk.edit("new", (0, 4), (0, 6))  # and "d" is left after the cursor


def under_ghost_text(desk: Desk) -> None:
    desk.ghost.append(Cursor(0, 7))
    desk.edit("new", (0, 4), (0, 7))


@pytest.mark.parametrize("act", [in_a_word, under_ghost_text])
async def test_at_a_bad_moment_only_a_request_gets_an_offer(act: Callable[[Desk], None]) -> None:
    async with editing() as desk:
        act(desk)
        assert await desk.quiet()
        cursor = desk.search.requests[-1].cursor
        assert await desk.ask((cursor.line, cursor.column), automatic=True) is None
        assert await desk.ask() is not None


async def test_what_ghost_text_covered_comes_when_the_cursor_moves_on() -> None:
    async with editing() as desk:
        under_ghost_text(desk)
        assert await desk.quiet()
        desk.next_edits.move_cursor(desk.documents.by_uri[URI], Cursor(0, 8))
        assert await desk.hear() == (2, True)
        desk.next_edits.move_cursor(desk.documents.by_uri[URI], Cursor(0, 9))
        assert await desk.quiet(), "it is pushed once"


async def test_a_key_that_changes_nothing_ends_no_edit() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        first = desk.documents.by_uri[URI].lines[0][0]
        version = desk.edit(first, (0, 0), (0, 1))
        assert await desk.hear() == (version, True)


async def test_mode_manual_waits_for_the_user() -> None:
    async with editing(mode="manual") as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.quiet()
        assert await desk.ask(automatic=True) is None
        first = await desk.offer()
        desk.next_edits.accept(first.id)
        desk.edit("new", (1, 4), (1, 7))
        assert await desk.hear() == (3, True), "an accepted offer asks for the next one"


async def test_nothing_comes_after_an_undo_or_a_paste() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.edit("old", (0, 4), (0, 7))
        assert await desk.hear() == (3, False)
        desk.edit("x = 1\n" * 50, (0, 0), (0, 0))
        assert await desk.quiet()


async def test_an_offer_is_void_when_its_lines_change() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.edit("!", (1, 0), (1, 0))
        assert await desk.hear() == (3, False)
        assert await desk.hear() == (3, True), "found again after the pause"


async def test_an_edit_elsewhere_moves_an_offer() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.edit("import z\n", (0, 0), (0, 0))
        assert await desk.hear() == (3, True)
        assert (await desk.offer()).change.start == (2, 4)
        desk.edit("!", (2, 0), (2, 0))
        assert await desk.hear() == (4, False), "its lines are where they are now"


async def test_an_offer_that_is_not_found_again_is_void() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.search.elsewhere = "/work/none.py"
        desk.edit("!", (0, 0), (0, 0))
        assert await desk.hear() == (3, False)
        assert await desk.ask() is None


async def test_after_an_accepted_offer_the_next_one_follows_at_once() -> None:
    async with editing(pause=NEVER) as desk:
        desk.edit("new", (0, 4), (0, 7))
        first = await desk.offer()
        assert not first.chain
        desk.next_edits.accept(first.id)
        desk.edit("new", (1, 4), (1, 7))
        assert await desk.hear() == (3, True)
        assert desk.search.requests[-1].hunks[-1].origin == "offer"
        second = await desk.offer()
        assert (second.change.start, second.remaining) == ((2, 4), 1)
        counts = sum(desk.usage.table.rows.values(), Counter())
        assert counts == {"next-offered": 2, "next-accepted": 1}


async def test_a_rejected_pattern_does_not_come_again() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        desk.next_edits.reject((await desk.offer()).id)
        assert await desk.ask() is None
        desk.edit("new", (1, 4), (1, 7))
        assert await desk.quiet()
        past = desk.search.requests[-1].past
        assert past is not None
        assert past.rejected == {"rename old -> new"}
        desk.search.pattern = "repeat old -> new"
        desk.edit("!", (1, 0), (1, 0))
        assert await desk.quiet(), "another kind makes the same change"
        desk.search.text = "newer"
        desk.edit("!", (1, 0), (1, 0))
        assert await desk.hear() == (5, True)


async def test_what_is_found_for_an_older_version_is_dropped() -> None:
    async with editing(pause=NEVER) as desk:
        desk.edit("new", (0, 4), (0, 7))
        desk.search.gate.clear()
        asked = asyncio.ensure_future(desk.ask())
        await asyncio.sleep(SOON)
        desk.edit("!", (2, 0), (2, 0))
        desk.search.gate.set()
        assert await asked is None
        assert await desk.quiet()
        assert (await desk.offer()).version == 3


async def test_an_answer_that_is_late_is_pushed() -> None:
    async with editing(pause=NEVER) as desk:
        desk.edit("new", (0, 4), (0, 7))
        desk.search.gate.clear()
        assert await desk.ask() is None
        desk.search.gate.set()
        assert await desk.hear() == (2, True)
        assert await desk.ask() is not None


async def test_a_cancelled_request_leaves_nothing() -> None:
    async with editing(pause=NEVER) as desk:
        desk.edit("new", (0, 4), (0, 7))
        desk.search.gate.clear()
        asked = asyncio.ensure_future(desk.ask())
        await asyncio.sleep(SOON)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        desk.search.gate.set()
        assert await desk.quiet()
        assert await desk.ask() is not None


async def test_an_offer_in_another_document_is_void_when_that_changes() -> None:
    async with editing() as desk:
        desk.open("old\n", "file:///work/b.py", "/work/b.py")
        desk.search.elsewhere = "/work/b.py"
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        found = await desk.offer()
        assert (found.uri, found.version, found.file) == ("file:///work/b.py", 1, "/work/b.py")
        assert not found.inline
        desk.edit("!", (0, 0), (0, 0), "file:///work/b.py")
        assert await desk.hear() == (2, False)


async def test_problems_that_others_report_lead_to_an_offer() -> None:
    async with editing() as desk:
        desk.search.elsewhere = "/work/none.py"
        version = desk.edit("new", (0, 4), (0, 7))
        document = desk.documents.by_uri[URI]
        assert await desk.quiet()
        desk.search.elsewhere = ""
        problem = Report(Cursor(1, 4), Cursor(1, 7), "no old")
        desk.next_edits.report(document, version - 1, [problem])
        desk.next_edits.report(document, version, [])
        assert len(desk.search.requests) == 1
        desk.next_edits.report(document, version, [problem])
        assert await desk.hear() == (2, True)
        assert desk.search.requests[-1].reports == (problem,)
        desk.edit("!", (0, 0), (0, 0))
        assert await desk.hear() == (3, True)
        assert desk.search.requests[-1].reports == (), "they were for another text"


async def test_off_is_off_at_once() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.settings = replace(desk.settings, next_edit="off")
        desk.next_edits.configure()
        assert await desk.hear() == (2, False)
        desk.edit("new", (1, 4), (1, 7))
        assert await desk.ask() is None
        assert await desk.quiet()
        desk.settings = replace(desk.settings, next_edit="on")
        desk.next_edits.configure()
        assert await desk.ask() is None, "what was edited meanwhile is not known"
        desk.edit("new", (2, 4), (2, 7))
        assert await desk.quiet(), "there is no other place"


async def test_other_folders_are_searched_by_another_search() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.next_edits.reopen()
        desk.search = RenamingSearch()
        desk.edit("!", (0, 0), (0, 0))
        assert await desk.hear() == (3, True)
        assert len(desk.search.requests) == 1


async def test_a_closed_document_is_forgotten() -> None:
    async with editing() as desk:
        desk.edit("new", (0, 4), (0, 7))
        document = desk.documents.by_uri[URI]
        desk.next_edits.close_document(document)
        desk.documents.remove(URI)
        assert await desk.quiet()
        assert desk.search.requests == []


async def test_an_offer_in_a_document_that_is_closed_is_void() -> None:
    async with editing() as desk:
        other = desk.open("old\n", "file:///work/b.py", "/work/b.py")
        desk.search.elsewhere = "/work/b.py"
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.next_edits.close_document(other)
        desk.documents.remove(other.uri)
        assert await desk.hear() == (2, False)


async def test_data_gets_no_offer() -> None:
    async with editing() as desk:
        desk.open("a = old\n" * (MAX_LINES + 1))
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.quiet()
        assert await desk.ask() is None
        assert desk.search.requests == []


async def test_problems_after_an_undo_lead_to_nothing() -> None:
    async with editing() as desk:
        document = desk.documents.by_uri[URI]
        desk.edit("new", (0, 4), (0, 7))
        assert await desk.hear() == (2, True)
        desk.edit("new", (1, 4), (1, 7))
        assert await desk.hear() == (3, False)
        assert await desk.hear() == (3, True)
        version = desk.edit("old", (1, 4), (1, 7))
        assert await desk.hear() == (4, False)
        desk.next_edits.report(document, version, [Report(Cursor(1, 4), Cursor(1, 7), "no old")])
        assert await desk.quiet()


async def test_a_request_for_one_document_hides_no_offer_of_another_one() -> None:
    async with editing(pause=NEVER) as desk:
        desk.open("b = old\n", "file:///work/b.py", "/work/b.py")
        desk.edit("new", (0, 4), (0, 7))
        desk.search.gate.clear()
        first, second, third = (
            asyncio.ensure_future(desk.next_edits.request(uri, None, (0, 0)))
            for uri in (URI, "file:///work/b.py", URI)
        )
        await asyncio.sleep(SOON)
        desk.search.gate.set()
        found = [await each for each in (first, second, third)]
        assert [each.uri if each is not None else "" for each in found] == [URI, "file:///work/b.py", URI]


async def test_other_folders_end_a_request_that_waits() -> None:
    async with editing(pause=NEVER) as desk:
        desk.edit("new", (0, 4), (0, 7))
        desk.search.gate.clear()
        asked = asyncio.ensure_future(desk.ask())
        await asyncio.sleep(SOON)
        desk.next_edits.reopen()
        assert await asked is None
        desk.search.gate.set()
        assert await desk.ask() is not None
