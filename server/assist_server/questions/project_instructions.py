"""Conventions of a project: AGENTS.md, CLAUDE.md with what it imports, and the like.

These are files of known paths at the top of the folder that a question is about. They are read as any other
file is: not if a rule excludes them, and through no link. They are shown as spans with their origins, so they
leave only if their files may, and what they say changes no rule. This module decides nothing about that.
"""

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_context.documents import CHARS_PER_TOKEN, split_lines
from assist_context.files.blobs import blob_id, open_regular
from assist_context.index.terms import terms
from assist_context.pages import sections
from assist_context.retrieval.corpus import Corpus
from assist_escalation.prompts import Origin, Span, plain_line_ends
from assist_escalation.redaction.cut_pieces import hidden_parts

PATHS = ("AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md", ".cursorrules")
IMPORTING = "CLAUDE.md"  # an `@path` in it means that file, too
MAX_IMPORTED = 5
MAX_BYTES = 100_000  # of one file; a longer one is no page of conventions
TOKENS = 2_000  # of all files together, for a provider
# For the model on this machine, which follows few instructions at a time, and only of sections that speak of
# the command.
LOCAL_TOKENS = 200

_IMPORT = re.compile(r"(?:^|(?<=\s))@((?:\./)?[\w.-]+(?:/[\w.-]+)*)")
_CODE = re.compile(r"^(?P<fence>```|~~~).*?^(?P=fence)[^\n]*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _InstructionFile:
    path: str
    text: str


def project_instructions(corpus: Corpus, command: str, *, small: bool) -> tuple[Span, ...]:
    """Return what the model is shown of a project's conventions."""
    room = int((LOCAL_TOKENS if small else TOKENS) * CHARS_PER_TOKEN)
    spans_found: list[Span] = []
    for file in _distinct(_files(corpus)):
        span = _about(corpus, file, command, room) if small else _head(corpus, file, 1, room)
        if span is not None:
            room -= len(span.text)
            spans_found.append(span)
    return tuple(spans_found)


def _distinct(files: Iterator[_InstructionFile]) -> Iterator[_InstructionFile]:
    """The files that say something of their own: of several copies one, and none that only imports."""
    visited: set[str] = set()
    for file in files:
        texts = (_IMPORT.sub("", file.text) if file.path == IMPORTING else file.text).strip()
        if texts and texts not in visited:
            visited.add(texts)
            yield file


def _files(corpus: Corpus) -> Iterator[_InstructionFile]:
    """The files that are there and may be read, each followed by what it imports."""
    paths: set[str] = set()
    for path in PATHS:
        waiting = [path]
        count = 0
        while waiting:
            next_path = waiting.pop(0)
            text = "" if next_path in paths else _text(corpus, next_path)
            if not text:
                continue
            paths.add(next_path)
            file = _InstructionFile(next_path, text)
            yield file
            new = _imports(file) if path == IMPORTING else []
            waiting += new[: MAX_IMPORTED - count]
            count += len(new)


def _imports(file: _InstructionFile) -> list[str]:
    """The paths in the folder that a file imports; what is written as code imports nothing."""
    folder = posixpath.dirname(file.path)
    names = (match[1].rstrip(".") for match in _IMPORT.finditer(_CODE.sub("", file.text)))
    paths = (posixpath.normpath(posixpath.join(folder, name)) for name in names)
    return [path for path in dict.fromkeys(paths) if not path.startswith("..") and path != file.path]


def _text(corpus: Corpus, path: str) -> str:
    """A file's text, as the editor has it if it is open; "" if it is not there or may not be read."""
    if corpus.hides(path):
        return ""
    if document := corpus.opened.get(path):
        return document.document.text
    root = os.path.realpath(corpus.root)
    full = os.path.join(root, *path.split("/"))
    if os.path.realpath(full) != full:  # by a link
        return ""
    try:
        with open(open_regular(full), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        return ""
    return "" if len(data) > MAX_BYTES or b"\0" in data else data.decode("utf-8-sig", "replace")


def _about(corpus: Corpus, file: _InstructionFile, command: str, room: int) -> Span | None:
    """The first section that speaks of the command, as far as there is room."""
    lines = split_lines(file.text)
    path = frozenset(terms(command))
    for section in sections("markdown", lines):
        own = lines[section.start_line - 1 : section.end_line]
        if path & {*terms(section.name)}:
            return _head(corpus, file, section.start_line, min(room, sum(map(len, own))))
    return None


def _head(corpus: Corpus, file: _InstructionFile, first: int, room: int) -> Span | None:
    """The lines of a file from one on, as far as there is room."""
    lines = split_lines(file.text)
    lines_shown: list[str] = []
    for line in lines[first - 1 :]:
        room -= len(line)
        if room < 0:
            break
        lines_shown.append(line)
    text = "".join(lines_shown)
    if not text.strip():
        return None
    last = first + len(lines_shown) - 1 - (lines_shown[-1] == "")
    blob = blob_id(file.text.encode("utf-8", "surrogatepass"))
    hidden = hidden_parts(text, file.path, lines, ((first, last),))
    return plain_line_ends(Span(text, Origin("file", file.path, corpus.root, first, last, blob), hidden))
