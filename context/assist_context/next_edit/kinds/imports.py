"""Imports that follow from an edit: a name that is used now and not imported, or one that nothing uses now.

A missing name is imported as the other files of the workspace do, if they agree. A name that is bound
anywhere in the document, or that no other file imports, gets no offer. It reads no file itself.
"""

import math
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

from assist_context.languages import ECMASCRIPT, language_of
from assist_context.next_edit.offer import Change, EditHunk, Offer, Situation
from assist_context.syntax.scopes.free_names import code_places, free_names, is_broken
from assist_context.syntax.scopes.imports.additions import ByteEdit, place_import
from assist_context.syntax.scopes.imports.removals import remove_import
from assist_context.syntax.scopes.imports.statements import (
    LANGUAGES,
    ImportedName,
    ImportStatement,
    import_statements,
    read_import,
    write_import,
)
from assist_context.syntax.scopes.occurrences import NameReader

RECENT = 4  # hunks of the document: people import when a piece of work is done, or after the next offer
MOST_ASKED = 3  # names that the other files are asked about, since each question takes milliseconds
AGREE = 0.8  # share of the other files' imports of a name that have to be the same one

_WORD = re.compile(r"(?<!\w)(?<!(?<!\.)\.)[^\W\d]\w*")  # not a member: no single dot is before it
_LAST_WORD = re.compile(r"[\w$.]+\Z")
_NOTHING_MORE = re.compile(r"[\s)\]}\"',;:]*")
# Files whose imports are for other files, or for a tool that looks them up.
_FOR_OTHERS = re.compile(
    r"(?:^|[/\\])(?:(?:__init__|conftest)\.pyi?|index\.[jt]sx?|(?:mod|lib)\.rs)$|\.d\.[mc]?ts$"
)  # fmt: skip
_KEPT = re.compile(r"noqa|nolint|eslint-disable|ts-ignore|pylint|isort|NOSONAR|allow\(unused")
_READ_BY_TOOLS = re.compile(r"type:|@|>>>")  # in comments
_STYLES = (".css", ".scss", ".sass", ".less")  # such modules are also imported for what they do


@dataclass(frozen=True, slots=True)
class _Text:
    """What both questions look at: a document's names and imports, and its last hunks, the newest first."""

    situation: Situation
    reader: NameReader
    statements: tuple[ImportStatement, ...]
    hunks: Sequence[EditHunk]


def find_imports(situation: Situation) -> Iterator[Offer]:
    """Offers of one import more, or one less, each for itself."""
    document = situation.document
    if document.language.name not in LANGUAGES:
        return
    hunks = [hunk for hunk in situation.hunks if hunk.path == document.path and hunk.is_example]
    written = [hunk for hunk in hunks if hunk.origin != "offer" or hunk is hunks[-1]]
    hunks = written[: -RECENT - 1 : -1]
    if not any(_words(hunk.new) ^ _words(hunk.old) for hunk in hunks):
        return
    parsed = situation.parse(document)
    if parsed.root is None:
        return
    text = _Text(situation, NameReader(parsed), import_statements(parsed), hunks)
    yield from _find_missing(text)
    if not _FOR_OTHERS.search(document.path):
        yield from _find_unused(text)


# --- Names without an import ---


def _find_missing(text: _Text) -> Iterator[Offer]:
    imported = {name.name for statement in text.statements for name in statement.names}
    if "*" in imported and text.situation.document.language.name == "python":
        return
    asked: set[str] = set()
    for age, hunk in enumerate(text.hunks):
        brought = _words(hunk.new) - _words(hunk.old) - imported
        if not brought - asked or not hunk.new:
            continue
        for name, line in free_names(text.reader, hunk.line, hunk.line + len(hunk.new) - 1, brought - asked):
            if _is_being_typed(text.situation, name, line):
                continue
            if len(asked) >= MOST_ASKED:
                return
            asked.add(name)
            if offer := _offer_missing(text, name, line, age):
                yield offer


def _offer_missing(text: _Text, name: str, line: int, age: int) -> Offer | None:
    language = text.situation.document.language
    wanted, votes, share = _usual_import(text.situation, name, line)
    if wanted is None or wanted.name != name or _covers(text.statements, wanted):
        return None
    if language.name == "rust" and wanted.module.partition("::")[0] == name:  # a crate is known by its name
        return None
    if language.name in ECMASCRIPT:
        marks = wanted.marked or any(imported.marked for one in text.statements for imported in one.names)
        wanted = replace(wanted, marked=marks and _is_type(text.reader, name))
    change = place_import(text.reader.parsed, wanted)
    if change is None:
        return None
    features = {
        "missing": 1.0,
        "standard": float(votes == 0),
        "votes": math.log1p(votes),
        "share": share,
        "module_known": float(any(statement.module == wanted.module for statement in text.statements)),
        "capital": float(name[:1].isupper()),
        "uses": math.log1p(len(code_places(text.reader, name))),
    }
    written = write_import(wanted, language)
    features |= _common_features(text, change, age, written)
    words = "the new code uses a name that is not imported"
    return _offer(text, change, f"import {written}", words, features)


def _usual_import(situation: Situation, name: str, line: int) -> tuple[ImportedName | None, int, float]:
    """How a name is imported elsewhere, by how many files, and by which share of them."""
    language = situation.document.language
    text = situation.document.lines[line]
    if language.name in ECMASCRIPT and name in _usual()["ecma_globals"]:
        return None, 0, 0.0
    if language.name == "rust" and name in _usual()["rust_macros"] and f"{name}!" in text:
        return None, 0, 0.0  # the module `std::vec` has the name of a macro
    counts = Counter(situation.others.importing(name, language))
    if counts:
        statement, votes = counts.most_common(1)[0]
        share = votes / counts.total()
        return (read_import(statement, language) if share >= AGREE else None), votes, share
    if language.name == "python" and name in sys.stdlib_module_names and re.search(rf"\b{name}\.\w", text):
        return ImportedName(name, name, "", "module", (0, 0)), 0, 1.0
    usual = _usual_imports(language.name).get(name)
    if usual is None or situation.others.using(name, 1):
        return None, 0, 0.0  # what it means in the other files is not known
    return usual, 0, 1.0


@lru_cache
def _usual_imports(language_name: str) -> dict[str, ImportedName]:
    """The imports of a language's own library, by the names that they bring in."""
    language = language_of("", language_name)
    names = [read_import(statement, language) for statement in _usual().get(language_name, ())]
    return {imported.name: imported for imported in names if imported is not None}


@lru_cache
def _usual() -> dict[str, list[str]]:
    text = (resources.files(__package__) / "usual_imports.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _covers(statements: tuple[ImportStatement, ...], wanted: ImportedName) -> bool:
    """Whether an import of everything brings the name in, or one of the module has it under another name."""
    return any(
        (name.form == "wildcard" and name.module in (wanted.module, "super"))
        or (name.form == "module" and name.module == wanted.module and wanted.form == "module")
        for statement in statements
        for name in statement.names
    )


def _is_type(reader: NameReader, name: str) -> bool:
    """Whether a name is only used as a type."""
    nodes = [reader.parsed.node(at, at + len(name.encode())) for at in code_places(reader, name)]
    return all(node is not None and node.type == "type_identifier" for node in nodes)


def _is_being_typed(situation: Situation, name: str, line: int) -> bool:
    """Whether the cursor is at the end of a name, which may get longer."""
    cursor = situation.cursor
    return cursor.line == line and situation.document.lines[line][: cursor.column].endswith(name)


# --- Imports without a use ---


def _find_unused(text: _Text) -> Iterator[Offer]:
    counts = Counter(name.name for statement in text.statements for name in statement.names)
    asked: set[str] = set()
    for age, hunk in enumerate(text.hunks):
        gone = _words(hunk.old) - _words(hunk.new) - asked
        if not gone or _is_half_written(text, hunk, gone):
            continue
        for statement in text.statements:
            for name in statement.names:
                if name.name in gone and counts[name.name] == 1:
                    asked.add(name.name)
                    if offer := _offer_removal(text, statement, name, age):
                        yield offer


def _offer_removal(text: _Text, statement: ImportStatement, name: ImportedName, age: int) -> Offer | None:
    if not _may_go(text, statement, name) or _is_used(text, name.name):
        return None
    change = remove_import(text.reader.parsed, statement, name)
    if change is None:
        return None
    written = write_import(name, text.situation.document.language)
    features = {
        "unused": 1.0,
        "alone": float(len(statement.names) == 1),
        "replaced": float(bool(text.situation.hunk.new)),
    }
    features |= _common_features(text, change, age, written)
    return _offer(text, change, f"no {written}", "nothing uses this import any more", features)


def _is_half_written(text: _Text, hunk: EditHunk, gone: set[str]) -> bool:
    """Whether a hunk is still being written: it does not parse, or the cursor is where a name may return."""
    parsed = text.reader.parsed
    cursor = text.situation.cursor
    for line in range(hunk.line, min(hunk.line + len(hunk.new), len(parsed.document.lines))):
        written = parsed.document.lines[line]
        word = _LAST_WORD.search(written[: cursor.column]) if cursor.line == line else None
        if word and (
            _NOTHING_MORE.fullmatch(written[cursor.column :]) or any(old.startswith(word[0]) for old in gone)
        ):
            return True
        at = parsed.source.starts[line] + len(written) - len(written.lstrip())
        node = parsed.node(at, at + 1)
        if written.strip() and node is not None and is_broken(node):
            return True
    return False


def _may_go(text: _Text, statement: ImportStatement, name: ImportedName) -> bool:
    """Whether an import is only for the names that its own text uses."""
    parsed = text.reader.parsed
    first = parsed.source.line(statement.span[0]) - 1
    last = parsed.source.line(max(statement.span[0], statement.span[1] - 1)) - 1
    if (
        (statement.nested and not statement.loose)
        or statement.shared
        or name.form == "wildcard"
        or name.module == "__future__"
    ):
        return False
    if any(_KEPT.search(line) for line in parsed.document.lines[first : last + 1]):
        return False
    if name.module.endswith(_STYLES) or parsed.source.text(*name.span).split() == [
        name.name,
        "as",
        name.name,
    ]:
        return False  # `name as name` says that others may import it from here
    return not any(
        hunk.path == parsed.document.path
        and hunk.line <= last
        and first < hunk.line + len(hunk.new)
        and name.name in _words(hunk.new) - _words(hunk.old)
        for hunk in text.situation.hunks
    )  # an import that was just written waits for its use


def _is_used(text: _Text, name: str) -> bool:
    """Whether a name is in any other code, or in a string or comment that tools read."""
    parsed = text.reader.parsed
    spans = [statement.span for statement in text.statements]
    places = [place for place in text.reader.occurrences(name) if not place.member]
    outside = []
    own = set()
    for place in places:
        at = parsed.byte(place.start)
        if any(first <= at < last for first, last in spans):
            own.add(place.binding)
        else:
            outside.append(place)
    for place in outside:
        if place.place == "code" and (place.binding is None or place.binding in own):
            return True  # else it means something else, such as an import in a function
        if place.place == "string" and not _is_prose(text, parsed.byte(place.start)):
            return True
        if place.place == "comment" and _READ_BY_TOOLS.search(parsed.document.lines[place.start.line]):
            return True
    return False


def _is_prose(text: _Text, at: int) -> bool:
    """Whether a string is a docstring of Python."""
    node = text.reader.parsed.node(at, at)
    while node is not None and node.type != "string":
        node = node.parent
    around = node.parent if node is not None else None
    return around is not None and around.type == "expression_statement"


# --- Both ---


def _offer(text: _Text, change: ByteEdit, pattern: str, words: str, features: dict[str, float]) -> Offer:
    parsed = text.reader.parsed
    start = parsed.cursor(change[0])
    made = Change(parsed.document.path, start, parsed.cursor(change[1]), change[2])
    return Offer("import", pattern, (made,), words, features)


def _common_features(text: _Text, change: ByteEdit, age: int, written: str) -> dict[str, float]:
    situation = text.situation
    hunk = situation.hunk
    line = text.reader.parsed.source.line(change[0]) - 1
    lines = [line.strip().rstrip(";") for hunk in situation.hunks for line in hunk.new]
    return {
        "examples": math.log1p(lines.count(written.rstrip(";"))),
        "places": math.log1p(1),
        "distance": math.log1p(abs(situation.cursor.line - line)),
        "age": float(age),
        "hunk_lines": math.log1p(len(hunk.new) + len(hunk.old)),
        "at_cursor": float(hunk.line <= situation.cursor.line < hunk.line + len(hunk.new)),
    }


def _words(lines: tuple[str, ...]) -> set[str]:
    return {word for line in lines for word in _WORD.findall(line)}
