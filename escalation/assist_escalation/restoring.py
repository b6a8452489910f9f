"""Puts secrets back into an answer while it comes, so that a person reads his own text.

Unlike `redact.restore` it lets pass what a model altered: that is shown as it is, and never applied.
"""

import re

from assist_escalation.redact import Redacted

LONGEST = 200  # characters of a word that may still become a placeholder
_OPEN = re.compile(r"\w*_\w*\Z")  # a word at the end that may be the beginning of one


class Restorer:
    """The pieces of one answer, in order."""

    def __init__(self, redacted: Redacted) -> None:
        self._texts = redacted.placeholders
        self._held = ""

    def take(self, piece: str) -> str:
        """What can be shown now; the beginning of a placeholder waits for its end."""
        if not self._texts:
            return piece
        text = self._held + piece
        found = _OPEN.search(text, max(0, len(text) - LONGEST))
        end = found.start() if found else len(text)
        self._held = text[end:]
        return self._put_back(text[:end])

    def rest(self) -> str:
        """What still waited, at the end of the answer."""
        held, self._held = self._held, ""
        return self._put_back(held)

    def _put_back(self, text: str) -> str:
        for placeholder, original in self._texts.items():
            text = text.replace(placeholder, original)
        return text
