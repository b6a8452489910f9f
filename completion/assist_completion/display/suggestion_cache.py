"""What the model already said: answers found again while the user types into, back out of, or beside them.

A lookup costs microseconds and no inference. Every entry remembers the text before and behind its
cursor, so that an answer is never given at a place that only looks alike.
It knows text only; whether an answer is still good enough to show is the gate's business.
"""

from collections import OrderedDict
from dataclasses import dataclass

REACH = 400  # characters before the cursor that must agree; about ten lines
BACK = 24  # characters a user may delete and still meet the answer he had
ENTRIES = 512


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """One answer: `text` was produced behind `before` (its last `REACH` characters) and above `below`.

    `spans` are (end offset in text, log-probability) a token; `ended` says the model itself stopped there.
    `origin` is the number of the generation that wrote it.
    """

    path: str
    before: str
    below: str
    text: str
    spans: tuple[tuple[int, float], ...] = ()
    ended: bool = False
    origin: int = 0


@dataclass(frozen=True, slots=True)
class KnownText:
    """What remains of an entry at a cursor: `text` to show, `skipped` characters of it typed already.

    `passed` tokens of the generation `origin` end within what was skipped.
    """

    text: str
    spans: tuple[tuple[int, float], ...]
    skipped: int
    ended: bool
    origin: int = 0
    passed: int = 0

    def reach(self, characters: int) -> int:
        """How many tokens of the generation begin within the first `characters` of `text`, or before it."""
        starts = (0, *(end for end, _ in self.spans))
        return self.passed + sum(start < characters for start in starts[: len(self.spans)])


class Cache:
    """Entries by path, cursor surroundings and text; the least recently used go first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, str, str], CachedAnswer] = OrderedDict()

    def put(self, entry: CachedAnswer) -> None:
        """Remember an answer, in place of an older one for the same cursor."""
        if entry.text:
            key = (entry.path, entry.before, entry.below)
            self._entries[key] = entry
            self._entries.move_to_end(key)
            if len(self._entries) > ENTRIES:
                self._entries.popitem(last=False)

    def find(self, path: str, before: str, below: str) -> KnownText | None:
        """The newest answer that still holds at this cursor, or None."""
        for key in reversed(self._entries):
            entry = self._entries[key]
            if entry.path != path or entry.below != below:
                continue
            hit = typed_through(entry, before) or reindented(entry, before) or deleted_back(entry, before)
            if hit is not None:
                return hit
        return None


def typed_through(entry: CachedAnswer, before: str) -> KnownText | None:
    """The rest of an answer whose first part the user typed himself.

    >>> typed_through(Entry("a", "x = ", "", "foo(1)"), "x = fo").text
    'o(1)'
    """
    size = len(entry.before)
    at = before.rfind(entry.before, max(0, len(before) - size - len(entry.text)))
    if at < 0 or (size < REACH and at > 0):
        return None
    typed = before[at + size :]
    if not entry.text.startswith(typed) or len(typed) == len(entry.text):
        return None
    return _rest(entry, len(typed))


def deleted_back(entry: CachedAnswer, before: str) -> KnownText | None:
    """An answer whose user took a few characters back: they are offered again in front of it."""
    for count in range(1, min(BACK, len(entry.before)) + 1):
        gone = entry.before[-count:]
        if gone[0] == "\n":
            return None
        if before.endswith(entry.before[:-count]) and (
            len(entry.before) == REACH or len(before) == len(entry.before) - count
        ):
            shifted = tuple((end + count, chance) for end, chance in entry.spans)
            return KnownText(gone + entry.text, shifted, 0, entry.ended, entry.origin)
    return None


def reindented(entry: CachedAnswer, before: str) -> KnownText | None:
    """A one-line answer at a line of which only the indentation changed."""
    bare = before.rstrip(" \t")
    old = entry.before.rstrip(" \t")
    if not (bare.endswith("\n") and old.endswith("\n")) or before == entry.before:
        return None
    if not bare.endswith(old) or (len(entry.before) < REACH and len(bare) != len(old)):
        return None
    text = entry.text.lstrip(" \t")
    return _rest(entry, len(entry.text) - len(text)) if text.strip() and "\n" not in text.strip() else None


def _rest(entry: CachedAnswer, skip: int) -> KnownText:
    spans = tuple((end - skip, chance) for end, chance in entry.spans if end > skip)
    passed = len(entry.spans) - len(spans)
    return KnownText(entry.text[skip:], spans, skip, entry.ended, entry.origin, passed)
