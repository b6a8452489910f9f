"""Which model a provider said it was, for each that was asked for: told when it says another.

The first answer is taken for what was agreed. It knows no answer's text, and a file that cannot be read or
written only costs the comparison.
"""

import json
from contextlib import suppress
from pathlib import Path

from assist_escalation import durable

FILE = "frontier.lock"  # in the data directory


class Returned:
    """The pins of one file: provider and model asked, and the model that answered."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def changed(self, provider: str, asked: str, returned: str) -> str:
        """What answered before, where it was another; "" where it is the same, the first, or said nothing.

        The new one is remembered, so that a change is told once.
        """
        if not returned:
            return ""
        pins, name = self._read(), f"{provider} {asked}"
        before = pins.get(name, returned)
        if pins.get(name) != returned:
            self._write({**pins, name: returned})
        return before if before != returned else ""

    def _read(self) -> dict[str, str]:
        try:
            pins = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        whole = isinstance(pins, dict) and all(isinstance(each, str) for each in pins.values())
        return pins if whole else {}

    def _write(self, pins: dict[str, str]) -> None:
        with suppress(OSError):
            durable.replace(self._path, json.dumps(pins, indent=1).encode())
