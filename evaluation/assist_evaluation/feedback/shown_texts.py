"""The texts that the editor got, each until it may have been reported as accepted, and which of them are one.

A text that the user types through, or accepts word by word, is asked for at each step, and comes as another
suggestion each time. It does not know what is counted.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from assist_evaluation.usage.usage_rows import UsageKey
from assist_server.workspace.documents import OpenDocument, Place, after, text_between

REMEMBERED = 64  # texts that can still be reported as accepted, and documents whose last texts are known


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text that the editor shows, and what it counts for. `begin` is in characters."""

    key: UsageKey
    document: OpenDocument
    text: str
    begin: Place


@dataclass(eq=False, slots=True)
class OfferedText:
    """What one model offered from a place on, as long as it was ever shown. `judged`: nothing of it waits."""

    model: str
    begin: Place
    text: str
    judged: bool = False


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A shown text as what is left, after `offset` characters, of an offered one."""

    shown: ShownText
    offered: OfferedText
    offset: int = 0


class ShownTexts:
    """Owns the shown texts by the ids of their suggestions, and the last ones of each document."""

    def __init__(self) -> None:
        self._parts: OrderedDict[int, ShownPart] = OrderedDict()
        self._last: OrderedDict[str, tuple[ShownPart, ...]] = OrderedDict()  # by URI

    def get(self, suggestion_id: int) -> ShownPart | None:
        """The text of a suggestion, while it is remembered."""
        return self._parts.get(suggestion_id)

    def remember(self, texts: Mapping[int, ShownText]) -> bool:
        """The editor gets these texts for one place, by their ids, the best one first.

        It gives whether the best one is new: neither what was shown there last, nor what is left of that.
        """
        first = next(iter(texts.values()))
        uri = first.document.uri
        last = [part for part in self._last.get(uri, ()) if part.shown.document is first.document]
        parts = {number: _part_of(shown, last) for number, shown in texts.items()}
        for number, part in parts.items():
            self._parts.pop(number, None)
            self._parts[number] = part
        self._last.pop(uri, None)
        self._last[uri] = tuple(parts.values())
        while len(self._parts) > REMEMBERED:
            self._parts.popitem(last=False)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        best = self._last[uri][0].offered
        return all(best is not part.offered for part in last)

    def forget(self, document: OpenDocument) -> None:
        """The document was closed."""
        for number, part in list(self._parts.items()):
            if part.shown.document is document:
                del self._parts[number]
        self._last.pop(document.uri, None)

    def clear(self) -> None:
        """Forget all."""
        self._parts.clear()
        self._last.clear()


def _part_of(shown: ShownText, last: list[ShownPart]) -> ShownPart:
    """The text as a part of one that was shown last in its document, or as one of its own."""
    for offered in (part.offered for part in last):
        offset = _offset_in(offered, shown)
        if offset is not None:
            whole = offered.text[:offset] + shown.text
            offered.text = max(offered.text, whole, key=len)
            return ShownPart(shown, offered, offset)
    return ShownPart(shown, OfferedText(shown.key.model, shown.begin, shown.text))


def _offset_in(offered: OfferedText, shown: ShownText) -> int | None:
    """After how many characters of an offered text a shown one goes on with it; None if it does not.

    What is in front of the shown text has to be in the document as it was offered.
    """
    within = offered.begin <= shown.begin < after(offered.begin, offered.text)
    if not within or shown.key.model != offered.model:
        return None
    typed = text_between(shown.document.lines, offered.begin, shown.begin)
    rest = offered.text[len(typed) :]
    same = rest.startswith(shown.text) or bool(rest and shown.text.startswith(rest))
    return len(typed) if same and offered.text.startswith(typed) else None
