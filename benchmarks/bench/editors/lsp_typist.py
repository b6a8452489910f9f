"""A typist for one document of a real server, for benchmarks and tests."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.editors.lsp_client import Client

URI = "file:///replay/argparse_copy.py"
EVALUATED = "prompt-tokens-evaluated"


@dataclass(frozen=True, slots=True)
class Press:
    """One key and the request after it: milliseconds, evaluated tokens, and where the answer came from."""

    ms: float
    evaluated: int
    by_model: bool
    typed_through: bool


class Typist:
    """Types into one open document and keeps track of its cursor."""

    def __init__(self, client: Client, lines: list[str], row: int, uri: str = URI) -> None:
        self.client = client
        self.uri = uri
        self.row = row
        self.column = 0
        self.version = 1
        self.counts: dict[str, Any] = {}
        client.show(uri, "\n".join([*lines[:row], "", *lines[row:]]) if row else "\n".join(lines))

    def key(self, text: str) -> None:
        at = (self.row, self.column)
        self.version += 1
        self.client.change(self.uri, self.version, text, at, at)
        if text.startswith("\n"):
            self.row += 1
            self.column = len(text) - 1
        else:
            self.column += len(text)

    async def press(self, key: str) -> Press:
        """Type a key, then ask for a suggestion."""
        before = self.counts or await self.client.counts()
        self.key(key)
        took, _ = await self.ask()
        self.counts = await self.client.counts()

        def more(name: str) -> int:
            return int(self.counts.get(name, 0) - before.get(name, 0))

        known = more("source-typed-through") > 0
        return Press(took, more(EVALUATED), more("source-model") > 0, known)

    async def ask(self) -> tuple[float, str]:
        """Return milliseconds and text of a suggestion at the cursor."""
        start = time.perf_counter()
        result = await self.client.ask(self.uri, (self.row, self.column))
        text = result.items[0].insert_text if result.items else ""
        return 1e3 * (time.perf_counter() - start), text


def keys_of(lines: Sequence[str]) -> list[str]:
    """Return the keys that type these lines in an editor that indents by itself."""
    keys: list[str] = []
    for line in lines:
        bare = line.lstrip(" ")
        keys += [*(["\n" + line[: len(line) - len(bare)]] if keys else []), *bare]
    return keys
