"""Which documents get offers and give examples: real rules, real files, and the real finder."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.finder import PastOffers
from assist_server.editor.next_edit.offer_requests import FoundOffer, OfferRequest
from assist_server.editor.next_edit.offer_search import OfferSearch
from assist_server.workspace.folders import make_folders

TEXT = "a = load_user(1)\nb = load_user(2)\nc = load_user(3)\n"


class Editing:
    """Documents by their paths, and the history of their edits."""

    def __init__(self, search: OfferSearch) -> None:
        self.search = search
        self.documents: dict[str, Document] = {}
        self.history = EditHistory()
        self.past: PastOffers | None = None

    def open(self, path: Path | str, text: str = TEXT) -> str:
        name = str(path)
        self.documents[name] = Document(name, split_lines(text), language_of(name))
        return name

    def rename(self, path: str, *lines: int, name: str = "fetch_user") -> None:
        """Write another name in place of load_user in these lines."""
        for line in lines:
            document = self.documents.pop(path)
            column = document.lines[line].index("load_user")
            start, end = Cursor(line, column), Cursor(line, column + len("load_user"))
            self.history.foresee(path, document.lines, start, end, name)
            text = list(document.lines)
            text[line] = text[line].replace("load_user", name, 1)
            self.documents[path] = replace(document, lines=tuple(text))

    def find(self, path: str) -> FoundOffer | None:
        request = OfferRequest(
            path, Cursor(0, 0), self.documents, self.history.hunks(), (), self.past, "eager"
        )
        return self.search.find(request)

    def place(self, path: str) -> tuple[str, int] | None:
        """The path and the line of the offer."""
        found = self.find(path)
        return (found.offer.path, found.offer.changes[0].start.line) if found is not None else None


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".gitignore").write_text("built/\n")
    return tmp_path.resolve() / "one", tmp_path.resolve() / "two"


@pytest.fixture
def editing(tmp_path: Path, roots: tuple[Path, Path]) -> Iterator[Editing]:
    search = OfferSearch(make_folders([str(root) for root in roots], tmp_path / "data"), with_index=False)
    yield Editing(search)
    search.close()


def test_the_next_place_in_the_document(editing: Editing, roots: tuple[Path, Path]) -> None:
    path = editing.open(roots[0] / "a.py")
    assert editing.find(path) is None
    editing.rename(path, 0, 1)
    found = editing.find(path)
    assert found is not None
    assert (found.offer.path, found.offer.changes[0].start, found.file) == (path, Cursor(2, 4), "")
    editing.past = PastOffers().reject(found.offer)
    again = editing.find(path)
    assert again is None or again.offer.pattern != found.offer.pattern


@pytest.mark.parametrize("name", [".env", "built/a.py", "id_rsa", "secrets/.aws/credentials"])
def test_a_document_that_a_rule_excludes_gets_nothing_and_gives_nothing(
    editing: Editing, roots: tuple[Path, Path], name: str
) -> None:
    hidden = editing.open(roots[0] / name)
    path = editing.open(roots[0] / "a.py")
    editing.rename(hidden, 0, 1)
    assert editing.find(hidden) is None
    assert editing.find(path) is None, "its edits are not examples"
    editing.rename(path, 0, 1, 2)
    found = editing.find(path)
    assert found is None or found.offer.path != hidden


def test_an_ignored_document_counts_once_the_rule_is_gone(editing: Editing, roots: tuple[Path, Path]) -> None:
    path = editing.open(roots[0] / "built" / "a.py")
    editing.rename(path, 0, 1)
    assert editing.find(path) is None
    (roots[0] / ".gitignore").write_text("")
    assert editing.find(path) is None
    editing.search.refresh()
    assert editing.place(path) == (path, 2)


def test_the_next_place_in_another_document_of_another_folder(
    editing: Editing, roots: tuple[Path, Path]
) -> None:
    path = editing.open(roots[0] / "a.py")
    other = editing.open(roots[1] / "lib" / "b.py")
    editing.rename(path, 0, 1, 2)
    found = editing.find(path)
    assert found is not None
    assert (found.offer.path, found.file) == (other, "two/lib/b.py")
    assert found.document is editing.documents[other]
    assert editing.place(other) == (other, 0), "and there it is offered too"


def test_outside_of_the_folders_only_the_document_itself(
    editing: Editing, roots: tuple[Path, Path], tmp_path: Path
) -> None:
    path = editing.open(roots[0] / "a.py")
    outside = editing.open(tmp_path.resolve() / "outside.py")
    editing.rename(path, 0, 1, 2)
    assert editing.find(path) is None
    untitled = editing.open("untitled:Untitled-1")
    editing.rename(untitled, 0, 1)
    assert editing.place(untitled) == (untitled, 2)
    editing.rename(outside, 0, 1)
    assert editing.place(outside) == (outside, 2)


def test_a_hunk_that_is_not_in_the_text_any_more_is_no_example(
    editing: Editing, roots: tuple[Path, Path]
) -> None:
    path = editing.open(roots[0] / "a.py")
    editing.rename(path, 0, 1)
    moved: Mapping[str, Document] = {path: editing.documents[path]}
    editing.documents[path] = replace(moved[path], lines=("import os\n", *moved[path].lines))
    assert editing.find(path) is None


@pytest.mark.parametrize("hidden", ["\u202e", "\x1b", "\u200b", "\U000e0041", " " * 81])
def test_no_offer_brings_what_no_one_sees_into_a_document(
    editing: Editing, roots: tuple[Path, Path], hidden: str
) -> None:
    path = editing.open(roots[0] / "a.py")
    other = editing.open(roots[1] / "lib" / "b.py")
    editing.rename(path, 0, 1, 2, name=f"f('{hidden}')")
    assert editing.find(path) is None
    assert editing.place(other) is None
    held = editing.open(roots[1] / "lib" / "c.py", f"{TEXT}# '{hidden}'\n")
    assert editing.place(held) == (held, 0)
