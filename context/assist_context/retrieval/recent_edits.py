"""Where the user edited recently, so that a prompt in one file can show edits in others.

It stores positions, not texts: the text is read from the current document, and is gone with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assist_context.documents import Document, Snippet

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
        kept = [(p, at) for p, at in self.places if p != path or abs(at - line) > 2 * AROUND]
        return RecentEdits((*kept, (path, line))[-PLACES:])

    def snippets(self, current: str, documents: Mapping[str, Document]) -> tuple[Snippet, ...]:
        """The edited chunks of all documents but `current`, oldest first, so that new ones are appended."""
        found = []
        for path, line in self.places:
            document = documents.get(path)
            if path == current or document is None:
                continue
            start = max(0, line - AROUND)
            lines = document.lines[start : line + AROUND + 1]
            text = "".join(lines).replace("\r\n", "\n").replace("\r", "\n")
            if text.strip() and len(text) <= CHUNK and "\0" not in text:
                found.append(Snippet(path, start + 1, start + len(lines), text, "recent-edit"))
        return tuple(found)
