"""Texts that say nothing of what restricted files say, and need not be compared again when a file changes.

A text that has no line of an index has none of a later one either, unless it says something that is new
there, or that allowed files said when the earlier one was made and no longer say. This module knows no path.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from sys import getsizeof

from assist_gateway.fingerprints.copied_spans import compare
from assist_gateway.fingerprints.cut_edges import CopiedSpan
from assist_gateway.fingerprints.print_index import PrintIndex, have_common
from assist_gateway.fingerprints.prints import PrintKey, ShortHashes

ENTRY = 600  # bytes of what is remembered of a text but the text itself
_REMEMBERED = 16_000_000  # bytes; a conversation of 400,000 characters takes 2 million


@dataclass(slots=True)
class _StrangeText:
    """What a text says, and with how much of the news it was compared."""

    prints: ShortHashes
    compared: int

    def still_clean(self, news: Sequence[ShortHashes]) -> bool:
        """Whether it is as strange to the last of these, as far as it was compared with no later one."""
        later = self.compared > len(news)
        if later or any(have_common(self.prints, new) for new in news[self.compared :]):
            return False
        self.compared = len(news)
        return True


class CleanTextCache:
    """The strange texts of all indexes that have grown out of one. Threads may share it."""

    def __init__(self) -> None:
        self._known: dict[str, _StrangeText] = {}
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """About how many bytes are remembered."""
        return self._size

    def spans(
        self, text: str, index: PrintIndex, key: PrintKey, news: Sequence[ShortHashes]
    ) -> tuple[CopiedSpan, ...]:
        """The spans of a text that are from files of the index.

        `news` are what was new in the index and in each that it has grown out of, but in the first of them,
        and what allowed files no longer said.
        """
        with self._lock:
            known = self._known.get(text)
            if known is not None and known.still_clean(news):
                return ()
        found = compare(text, index, key)
        with self._lock:
            self._forget(text)
            if not found.spans and found.prints is not None:
                self._known[text] = _StrangeText(found.prints, len(news))
                self._size += _bytes(text, found.prints)
                while self._size > _REMEMBERED and len(self._known) > 1:
                    self._forget(next(iter(self._known)))
        return found.spans

    def _forget(self, text: str) -> None:
        if (old := self._known.pop(text, None)) is not None:
            self._size -= _bytes(text, old.prints)


def _bytes(text: str, prints: ShortHashes) -> int:
    """About how many bytes are held for a text."""
    return getsizeof(text) + prints.nbytes + ENTRY
