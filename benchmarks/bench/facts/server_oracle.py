"""What a language server says of a place: its definitions, its uses, and the outline of a file.

Places are a path in the workspace and a line from 1. This module knows no facts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from assist_context.documents import split_lines
from assist_context.languages import language_of
from bench.renames.language_server import LanguageServer

ServerPlace = tuple[str, int]

_DOCUMENTATION = re.compile(r"\s*(?:/\*|\*|#\[|//|$)")


@dataclass(frozen=True, slots=True)
class OutlineSymbol:
    """A symbol of a file: lines from 1, both ends included; `named` is the line of its name."""

    name: str
    kind: int
    first: int
    last: int
    named: int
    parent: str


@dataclass(slots=True)
class ServerOracle:
    """Asks a running server, and keeps what it read and opened."""

    server: LanguageServer
    root: Path
    _texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _opened: set[str] = field(default_factory=set)
    _outlines: dict[str, list[OutlineSymbol]] = field(default_factory=dict)

    def lines(self, path: str) -> tuple[str, ...]:
        if path not in self._texts:
            data = (self.root / path).read_bytes()
            self._texts[path] = tuple(
                line.rstrip("\r\n") for line in split_lines(data.decode("utf-8", "replace"))
            )
        return self._texts[path]

    def definitions(self, path: str, line: int, column: int) -> set[ServerPlace]:
        """Where a name is defined; the column counts characters from 0."""
        return {place[:2] for place in self._places("textDocument/definition", path, line, column, {})}

    def uses(self, path: str, line: int, column: int) -> set[tuple[str, int, int]]:
        """All places of a name's meaning but its definition, with the column in UTF-16."""
        context = {"context": {"includeDeclaration": False}}
        return set(self._places("textDocument/references", path, line, column, context))

    def outline(self, path: str) -> list[OutlineSymbol]:
        if path not in self._outlines:
            self._open(path)
            answer = self.server.request(
                "textDocument/documentSymbol", {"textDocument": self._document(path)}
            )
            self._outlines[path] = list(_flat(answer or [], ""))
        return self._outlines[path]

    def _places(
        self, method: str, path: str, line: int, column: int, more: Mapping[str, Any]
    ) -> Iterator[tuple[str, int, int]]:
        self._open(path)
        text = self.lines(path)[line - 1]
        position = {"line": line - 1, "character": len(text[:column].encode("utf-16-le")) // 2}
        params = {"textDocument": self._document(path), "position": position, **more}
        answer = self.server.request(method, params) or []
        for found in [answer] if isinstance(answer, dict) else answer:
            start = found.get("targetSelectionRange", found.get("range"))["start"]
            place = Path(unquote(urlsplit(found.get("targetUri", found.get("uri"))).path))
            if place.is_relative_to(self.root):
                name = place.relative_to(self.root).as_posix()
                yield name, self._after_documentation(name, start["line"] + 1), start["character"]

    def _after_documentation(self, path: str, line: int) -> int:
        """The line of a definition: PHP's server says that of the comment above it."""
        lines = self.lines(path)
        while path.endswith(".php") and line < len(lines) and _DOCUMENTATION.match(lines[line - 1]):
            line += 1
        return line

    def _document(self, path: str) -> dict[str, str]:
        return {"uri": (self.root / path).as_uri()}

    def _open(self, path: str) -> None:
        if path not in self._opened:
            self._opened.add(path)
            name = language_of(path).name
            self.server.open(self.root / path, "typescriptreact" if name == "tsx" else name)


def _flat(symbols: list[dict[str, Any]], parent: str) -> Iterator[OutlineSymbol]:
    for symbol in symbols:
        whole = symbol.get("range") or symbol["location"]["range"]
        named = symbol.get("selectionRange", whole)["start"]["line"] + 1
        first, last = whole["start"]["line"] + 1, whole["end"]["line"] + 1
        yield OutlineSymbol(symbol["name"], symbol["kind"], first, last, named, parent)
        yield from _flat(symbol.get("children", []), symbol["name"])
