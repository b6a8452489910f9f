"""The lines of `assist complete --batch`: requests, and the answers to them.

It reads no stream and holds no model. An error in a line concerns that line only.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assist_completion.suggestion import CompletionRequest, LookUp, Suggestion
from assist_context.documents import Cursor, Document, Snippet, gather
from assist_server.errors import UserError
from assist_server.questions.locations import convert_offset, cursor_at_offset, open_document, read_document
from assist_server.wording.reasons import describe

KINDS: Mapping[str, type] = {
    "id": object,
    "path": str,
    "text": str,
    "line": int,
    "column": int,
    "offset": int,
    "context": bool,
    "max_lines": int,
    "manual": bool,
}
# Finds the snippets of other files for a cursor; also gives the document under its name in the workspace, and
# what tells which names exist.
FindSnippets = Callable[[Document, Cursor], tuple[Document, tuple[Snippet, ...], LookUp | None]]

_WORDS = {str: "text", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One line: the caller's id, of any JSON type, and the request."""

    id: Any
    request: CompletionRequest


class LineError(UserError):
    """A line that cannot be answered; it has the line's id if there is one."""

    def __init__(self, message: str, line_id: Any) -> None:
        super().__init__(message)
        self.id = line_id


def parse_line(line: bytes, workspace: Path, find_snippets: FindSnippets | None = None) -> BatchItem:
    """The request in one line of JSON. Raises `LineError`. Relative paths start at `workspace`.

    `find_snippets` is None if the workspace has no index; a line that insists on one is then an error.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(f"not JSON: {error}", None) from error
    if not isinstance(data, dict):
        raise LineError(
            f'not an object: write {{"id": 1, "path": "a.py", "offset": 0}}, not {json.dumps(data)[:60]}',
            None,
        )
    try:
        _check(data)
        return BatchItem(data.get("id"), _request(data, workspace, find_snippets))
    except UserError as error:
        raise LineError(str(error), data.get("id")) from error


def _check(data: dict[str, Any]) -> None:
    for key, value in data.items():
        if key not in KINDS:
            raise UserError(f"{key!r} is not a key: choose from {', '.join(KINDS)}.")
        kind = KINDS[key]
        if kind is not object and type(value) is not kind:
            raise UserError(f"{key} = {json.dumps(value)[:60]}: use {_WORDS[kind]}.")
    if not data.get("path"):
        raise UserError("path is missing: name the file; it need not exist if text is given.")
    if data.get("max_lines", 1) < 1:
        raise UserError(f"max_lines = {data['max_lines']}: use 1 or more.")
    by_line = {"line", "column"} & data.keys()
    by_offset = "offset" in data
    if len(by_line) != (0 if by_offset else 2):
        raise UserError(
            "The cursor position is missing or ambiguous: give line and column, from 1, or offset, from 0."
        )


def _request(data: dict[str, Any], workspace: Path, find_snippets: FindSnippets | None) -> CompletionRequest:
    path = workspace / data["path"]
    try:
        document = open_document(str(path), data["text"]) if "text" in data else read_document(path)
    except ValueError as error:  # a NUL in the path
        raise UserError(f"path = {json.dumps(data['path'])[:60]}: {error}.") from error
    if "offset" in data:
        cursor = cursor_at_offset(document, data["offset"])
    else:
        cursor = convert_offset(document, data["line"], data["column"])
    use_files = data.get("context", find_snippets is not None)
    if use_files and find_snippets is None:
        raise UserError(
            f"context = true, but {workspace} has no index: run `assist index` in it; `[context] index` in "
            "config.toml must be true."
        )
    manual = data.get("manual", False)
    max_lines = data.get("max_lines", 0)
    return request_at(
        document, cursor, find_snippets if use_files else None, manual=manual, max_lines=max_lines
    )


def request_at(
    document: Document,
    cursor: Cursor,
    find_snippets: FindSnippets | None,
    *,
    manual: bool,
    max_lines: int = 0,
) -> CompletionRequest:
    """A request that waits for no pause in typing; with `max_lines` 0 the settings decide."""
    start = time.perf_counter()
    named = os.path.abspath(document.path)
    refute = None
    snippets: tuple[Snippet, ...] = ()
    if find_snippets:
        document, snippets, refute = find_snippets(document, cursor)
    context = replace(gather(document, cursor, snippets), named=named)
    gather_ms = 1e3 * (time.perf_counter() - start)
    return CompletionRequest(
        context, manual, max_lines=max_lines, gather_ms=gather_ms, immediate=True, refute=refute
    )


def answer_document(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion as JSON. `text` is "" if nothing is shown; `candidate` is the text before the gate.

    `why` has the reason in words.
    """
    s = suggestion
    return {
        "id": s.id,
        "text": s.text,
        "candidate": s.candidate,
        "shown": s.shown,
        "reason": s.reason,
        "why": describe(s),
        "score": round(s.score, 4),
        "needed": round(s.needed, 4),
        "source": s.source,
        "model": s.model,
        "replace": s.replace,
        "ms": {
            "total": round(s.ms.total, 2),
            "gather": round(s.ms.gather, 2),
            "prefill": round(s.ms.prefill, 2),
            "decode": round(s.ms.decode, 2),
        },
        "tokens": {
            "prompt": s.tokens.prompt,
            "evaluated": s.tokens.evaluated,
            "generated": s.tokens.generated,
        },
    }
