"""Offers as an editor gets them: columns, line ends, whole lines, and what is counted of them."""

from collections import Counter
from pathlib import Path

import pytest

from assist_context.documents import Cursor, split_lines
from assist_context.next_edit.offer import Change, Offer
from assist_evaluation.feedback.session_usage import SessionUsage
from assist_server.editor.next_edit.offer_requests import FoundOffer
from assist_server.editor.next_edit.offered_edits import REMEMBERED, NextEdit, OfferedEdits, OfferPlace
from assist_server.workspace.documents import Edit, OpenDocument

URI = "file:///work/a.py"
PATH = "/work/a.py"


def document(text: str, encoding: str = "utf-16") -> OpenDocument:
    return OpenDocument(URI, "a.py", "python", 7, list(split_lines(text)), encoding, PATH)  # type: ignore[arg-type]


def change(start: tuple[int, int], end: tuple[int, int], text: str) -> Change:
    return Change(PATH, Cursor(*start), Cursor(*end), text)


class Desk:
    """One document, and the offers for it."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.document = document(text, encoding)
        self.usage = SessionUsage(Path(), tuple)
        self.offered = OfferedEdits(lambda: self.usage)

    def place(self, *changes: Change, cursor: Cursor | None = None, is_open: bool = True) -> OfferPlace:
        offer = Offer("rename", "rename a -> b", changes, "the same change as in line 1")
        found = FoundOffer(offer, self.document.to_document(), "" if is_open else "lib/a.py")
        opened = self.document if is_open else None
        return OfferPlace(found, URI, self.document.encoding, opened, cursor)

    def offer(self, *changes: Change, cursor: Cursor | None = None, is_open: bool = True) -> NextEdit:
        return self.offered.add(self.place(*changes, cursor=cursor, is_open=is_open), self.document)

    @property
    def counts(self) -> Counter[str]:
        return sum(self.usage.table.rows.values(), Counter())


@pytest.mark.parametrize(
    ("encoding", "columns"), [("utf-8", (8, 11)), ("utf-16", (6, 9)), ("utf-32", (5, 8))]
)
def test_columns_are_the_editors(encoding: str, columns: tuple[int, int]) -> None:
    desk = Desk("'😀' old\n", encoding)
    edit = desk.offer(change((0, 4), (0, 7), "new"))
    first, last = columns
    assert (edit.change.start, edit.change.end) == ((0, first - 1), (0, last - 1))
    assert (edit.deleted, edit.change.text, edit.version) == ("old", "new", 7)
    assert (edit.change.before, edit.change.after) == ("'😀' old", "'😀' new")


def test_line_ends_are_the_documents() -> None:
    desk = Desk("one\r\ntwo\r\n")
    edit = desk.offer(change((1, 0), (1, 0), "a\nb\r\n"))
    assert edit.change.text == "a\r\nb\r\n"
    (expected,) = desk.offered.accept(edit.id)
    assert expected.text == "a\r\nb\r\n"


@pytest.mark.parametrize(
    ("made", "before", "after"),
    [
        (change((1, 0), (2, 0), ""), "  two", ""),
        (change((1, 0), (1, 0), "  new\n"), "", "  new"),
        (change((0, 3), (1, 5), "!"), "one\n  two", "one!"),
        (change((3, 0), (3, 0), "last"), "", "last"),
        (change((2, 0), (2, 5), "3"), "three", "3"),
    ],
)
def test_a_chain_shows_whole_lines(made: Change, before: str, after: str) -> None:
    desk = Desk("one\n  two\nthree\n")
    chain = desk.offered.chain(desk.offer(made, made).id)
    assert chain is not None
    assert (chain.uri, chain.version, len(chain.changes)) == (URI, 7, 2)
    assert (chain.changes[0].before, chain.changes[0].after) == (before, after)


def test_a_chain_shows_what_no_one_sees_and_changes_the_text_itself() -> None:
    desk = Desk("x = 1  # \u202e\x1b[2J\n")
    made = change((0, 0), (0, 1), "y\u200b")
    chain = desk.offered.chain(desk.offer(made).id)
    assert chain is not None
    (place,) = chain.changes
    assert place.before == "x = 1  # <U+202E><U+001B>[2J"
    assert place.after == "y<U+200B> = 1  # <U+202E><U+001B>[2J"
    assert place.text == "y\u200b"


def test_a_chain_of_another_version_is_void() -> None:
    desk = Desk("one\n")
    edit = desk.offer(change((0, 0), (0, 3), "two"))
    desk.document.apply(8, [Edit("x", (0, 0), (0, 0))])
    assert desk.offered.chain(edit.id) is None
    assert desk.offered.chain(99) is None


@pytest.mark.parametrize(
    ("made", "inline"),
    [
        (change((1, 4), (1, 4), ")"), True),
        (change((1, 2), (1, 2), ")"), True),
        (change((1, 1), (1, 1), ")"), False),
        (change((1, 2), (1, 3), ")"), False),
        (change((0, 3), (0, 3), ")"), False),
        (change((1, 5), (1, 5), "\n  more"), True),
        (change((1, 4), (1, 4), "\n  more"), False),
    ],
)
def test_ghost_text_only_inserts_at_the_cursor_or_after_it(made: Change, inline: bool) -> None:
    desk = Desk("one\n  two\n")
    assert desk.offer(made, cursor=Cursor(1, 2)).inline is inline
    assert not desk.offer(made).inline


def test_a_file_that_is_not_open_has_a_name_and_no_version() -> None:
    desk = Desk("one\n")
    edit = desk.offer(change((0, 0), (0, 3), "two"), is_open=False)
    assert (edit.version, edit.file) == (None, "lib/a.py")
    assert desk.offered.chain(edit.id) is None


def test_an_offer_counts_once_until_something_becomes_of_it() -> None:
    desk = Desk("one one one\n")
    first = change((0, 0), (0, 3), "two")
    edits = [desk.offer(first, first) for _ in range(3)]
    assert not edits[0].chain
    assert desk.counts == {"next-offered": 1}
    desk.offered.accept(edits[1].id)
    desk.offered.accept(edits[1].id)
    assert desk.counts == {"next-offered": 1, "next-accepted": 1}
    again = desk.offer(first, first)
    assert again.chain
    assert not desk.offer(first).chain
    desk.offered.reject(again.id)
    desk.offered.reject(12_345)
    assert desk.counts == {"next-offered": 2, "next-accepted": 1, "next-rejected": 1}
    past = desk.offered.past
    assert past is not None
    assert past.rejected == {"rename a -> b"}
    (key,) = desk.usage.table.rows
    assert (key.model, key.language) == ("next-edit:rename", "python")


def test_old_offers_are_forgotten() -> None:
    desk = Desk("one\n")
    ids = [desk.offer(change((0, 0), (0, 3), "two")).id for _ in range(REMEMBERED + 1)]
    assert desk.offered.accept(ids[0]) == ()
    assert desk.offered.accept(ids[1]) != ()
