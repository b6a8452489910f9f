"""The documents that one editor has open, the cursor in each, and where the user edited last.

It keeps them in step with the editor. Of recent edits it stores positions, not texts: the text is read from
the current document, and is gone with it. It knows no model and no other file.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from assist_context.documents import Cursor, Document, Snippet
from assist_server.workspace.documents import Edit, OpenDocument, is_data

log = logging.getLogger(__name__)

# Documents that a search lays over the index, and that are indexed first. With all of them, 5,000 documents
# took 63 s to open, as each cost as much as all before it. Of older ones the index knows the saved text.
LATEST = 64
# Edits in one change from which on the texts before and after it are compared as wholes. Formatting 20,000
# lines on save held the event loop for 1.3 s when each of them was followed.
MANY = 100
# Several places that change to more than so many texts are a formatter's work, and are compared too.
FEW_TEXTS = 2


class OpenDocuments:
    """Owns the open documents, by URI; the last opened or edited one is at the end.

    Changes that do not fit are counted in `counts` and left out. `foresee` is called with each edit of a
    document before it is made: the text between two cursors becomes another one. After a change of more than
    `MANY` edits or `FEW_TEXTS` texts, `compare` is called in its place, with the lines as they were before.
    """

    def __init__(
        self,
        counts: Counter[str],
        foresee: "Callable[[OpenDocument, Cursor, Cursor, str], None]" = lambda *_: None,
        compare: Callable[[OpenDocument, Sequence[str]], None] = lambda *_: None,
    ) -> None:
        self.by_uri: dict[str, OpenDocument] = {}
        self._counts = counts
        self._foresee = foresee
        self._compare = compare
        self._cursors: dict[str, Cursor] = {}
        self._recent_edits = RecentEdits()

    def __iter__(self) -> Iterator[OpenDocument]:
        return iter(self.by_uri.values())

    def get(self, uri: str) -> OpenDocument | None:
        """The open document with this URI."""
        return self.by_uri.get(uri)

    def holds(self, document: OpenDocument) -> bool:
        """Return whether this very document is still open; it may have been closed and opened again."""
        return self.by_uri.get(document.uri) is document

    def add(self, document: OpenDocument) -> None:
        """The editor opened a document."""
        self.by_uri.pop(document.uri, None)
        self.by_uri[document.uri] = document

    def latest(self) -> "tuple[OpenDocument, ...]":
        """The documents that were opened or edited last, at most `LATEST`, the last one at the end.

        Those that are data are left out.
        """
        code = (document for document in reversed(self.by_uri.values()) if not is_data(document.lines))
        return tuple(islice(code, LATEST))[::-1]

    def change(self, uri: str, version: int, edits: list[Edit], lines: list[str] | None = None) -> bool:
        """Apply edits. Unknown documents and old versions change nothing, and give False.

        `lines` are those after the edits, if they are known already.
        """
        document = self.by_uri.get(uri)
        if document is None:
            self._counts["change-unknown-document"] += 1
            return False
        places = {edit.start[0] for edit in edits if edit.start is not None}  # of typed letters: one
        several = min(len(places), len({edit.text for edit in edits})) > FEW_TEXTS
        many = lines is not None or len(edits) > MANY or several
        # Lines that are known already replace the list, so that the old one stays as it is.
        old = document.lines if lines is not None else tuple(document.lines) if many else ()
        foresee = (lambda *_: None) if many else partial(self._foresee, document)
        if not document.apply(version, edits, foresee, lines):
            self._counts["change-out-of-order"] += 1
            log.warning("%s: version %d came after %d and was left out", uri, version, document.version)
            return False
        if many:
            self._compare(document, old)
        self.by_uri[uri] = self.by_uri.pop(uri)
        if document.real_path and edits and edits[-1].start is not None:
            self._recent_edits = self._recent_edits.note(document.path, edits[-1].start[0])
        return True

    def remove(self, uri: str) -> None:
        """The editor closed a document."""
        self.by_uri.pop(uri, None)
        self._cursors.pop(uri, None)

    def cursor(self, document: OpenDocument) -> "Cursor | None":
        """Find where the cursor is in a document, if the editor ever said so."""
        return self._cursors.get(document.uri)

    def move_cursor(self, document: OpenDocument, line: int, units: int) -> "Cursor":
        """Remember where the cursor is: line from 0, column in the editor's units."""
        cursor = document.cursor(line, units)
        self._cursors[document.uri] = cursor
        return cursor

    def edited_elsewhere(self, document: OpenDocument) -> "tuple[Snippet, ...]":
        """The code around recent edits in the other open documents."""
        files = [other for other in self.latest() if other is not document and other.real_path]
        others = {file.path: file.to_document() for file in files}
        return self._recent_edits.snippets(document.path, others)


PLACES = 8  # more did not help; each is a chunk of at most 2 * AROUND + 1 lines
AROUND = 5  # lines above and below an edit
CHUNK = 1_200  # characters; longer chunks are data


@dataclass(frozen=True, slots=True)
class RecentEdits:
    """Edited positions as (path, line from 0), oldest first, at most `PLACES`."""

    places: tuple[tuple[str, int], ...] = ()

    def note(self, path: str, line: int) -> "RecentEdits":
        """Adds an edit; an edit near a known position moves that one to the end."""
        if self.places and self.places[-1][0] == path and abs(self.places[-1][1] - line) <= AROUND:
            return RecentEdits((*self.places[:-1], (path, line)))
        places_kept = [(p, at) for p, at in self.places if p != path or abs(at - line) > 2 * AROUND]
        return RecentEdits((*places_kept, (path, line))[-PLACES:])

    def snippets(self, current: str, documents: Mapping[str, Document]) -> tuple[Snippet, ...]:
        """The edited chunks of all documents but `current`, oldest first, so that new ones are appended."""
        snippets_found = []
        for path, line in self.places:
            document = documents.get(path)
            if path == current or document is None:
                continue
            start = max(0, line - AROUND)
            lines = document.lines[start : line + AROUND + 1]
            text = "".join(lines).replace("\r\n", "\n").replace("\r", "\n")
            if text.strip() and len(text) <= CHUNK and "\0" not in text:
                snippets_found.append(Snippet(path, start + 1, start + len(lines), text, "recent-edit"))
        return tuple(snippets_found)
