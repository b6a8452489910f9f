"""Ends a stream of text at the first of several texts, without giving any part of that.

It knows nothing of where the text comes from.
"""

from collections.abc import Sequence


class StopTexts:
    r"""What may be given of a text that comes in pieces.

    >>> stops = StopTexts(["\n\n"])
    >>> stops.add("a\n"), stops.add("b\n\nc"), stops.hit, stops.rest()
    ('a', '\nb', True, '')
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.hit = False
        self._stops = tuple(stops)
        self._held = ""

    def add(self, piece: str) -> str:
        """What may be given now: all but a possible beginning of a stop."""
        if self.hit:
            return ""
        text = self._held + piece
        ends = [at for at in map(text.find, self._stops) if at >= 0]
        if ends:
            self.hit = True
            self._held = ""
            return text[: min(ends)]
        size = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - size :]
        return text[: len(text) - size]

    def rest(self) -> str:
        """What was held at the end of the text."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """How long an ending of the text is that begins the stop."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if stop.startswith(text[-size:])), 0)
