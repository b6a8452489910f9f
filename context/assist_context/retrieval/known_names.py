"""Names of a model's text that cannot be right at a cursor, as far as some folders can tell.

A bare name must not be another function's variable or a member alone, as far as this text tells. If it
is not in this text, `importable_names` says whether it may come from elsewhere. A member may be anywhere in
the file too. Each name takes two queries, about 0.1 ms. A member of an object has to be one of its type's,
where a `MemberOracle` knows that.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, partial
from pathlib import PurePosixPath

from assist_context.code.names.visible_names import (
    declares_members,
    declares_parameters,
    is_mentioned,
    out_of_sight,
)
from assist_context.code.symbols import symbols
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.code.trees.readable_text import ReadPlace, readable
from assist_context.documents import Cursor, Document, TextNames
from assist_context.languages import DEFINERS, ECMASCRIPT, MODIFIERS
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.importable_names import may_come
from assist_context.retrieval.member_oracle import MemberOracle

# The first line of a statement at the top level whose other lines bind names of the file, also of a block
# there, as in `if TYPE_CHECKING:`.
_BINDING = re.compile(
    r"(?:import|from|use|pub use|export|const|let|var|type|static|if|elif|else|try|except|finally|with|for)\b"
)
_DEFINES = rf"^(?:(?:{'|'.join(MODIFIERS)}) )*(?:{'|'.join(DEFINERS)}) +{{}}\b"
_FRONTS = ("__init__", "index", "mod")  # what these files offer may be other files
_STAR = re.compile(r"^\s*(?:from\s+\S+\s+import\s+\*|(?:pub )?use\s.*\*|export\s+\*)", re.MULTILINE)
_ANY_NAME = re.compile(r"^\s*(?:from\s+\S+\s+import\s+\*|(?:pub )?use\s(?!\s*super::\*).*\*)", re.MULTILINE)
# The name of a default import is for the importer to choose.
_DEFAULT = re.compile(r"^\s*import\s+(?:type\s+)?(\w+)\s*(?:,|from\b)")
_MODULE = re.compile(r"^\s*(?:import|export)\b|\brequire\(", re.MULTILINE)


class NameCheck:
    """Says which names are refuted in one folder. Owns the text that was read last. One thread.

    Without an `oracle` no member of another object is refuted, and no call.
    """

    def __init__(self, oracle: MemberOracle | None = None) -> None:
        self._oracle = oracle
        self._read: ParsedText | None = None

    def refute(
        self, corpora: Sequence[Corpus], document: Document, cursor: Cursor, names: TextNames
    ) -> TextNames:
        """The refuted names. The first corpus is the document's, and the indexes must be complete."""
        place = cache(partial(self._place, document, cursor))  # read only if a name needs it, and once
        text = document.text
        lacking = frozenset(
            member for member in names.members if not _holds(text, member) and not _is_known(corpora, member)
        )
        oracle = self._oracle
        return TextNames(
            _refuted_bare(corpora, document, names.bare, cursor, place),
            lacking - self._own_members(document, lacking, place),
            # What is defined twice has overloads, or depends on something.
            frozenset(
                name
                for name in names.defined
                if len(re.findall(_DEFINES.format(name), text, re.MULTILINE)) == 1
            ),
            frozenset(
                import_ for import_ in names.imports if not _can_be_imported(corpora[0], document, import_)
            ),
            oracle.refuted_accesses(place(), names.accesses) if oracle and names.accesses else frozenset(),
            oracle.misfits(place(), names.calls) if oracle and names.calls else frozenset(),
        )

    def _place(self, document: Document, cursor: Cursor) -> ReadPlace:
        last = self._read
        near = last if last is not None and last.document.path == document.path else None
        place = readable(document, cursor, near)
        self._read = place.parsed
        return place

    def _own_members(
        self, document: Document, members: frozenset[str], place: Callable[[], ReadPlace]
    ) -> frozenset[str]:
        """The members that the object at the cursor is known to have, a library's class included."""
        if self._oracle is None or not members or document.language.name not in ("python", *ECMASCRIPT):
            return frozenset()
        return self._oracle.members(place(), "self" if document.language.name == "python" else "this")


def _refuted_bare(
    corpora: Sequence[Corpus],
    document: Document,
    names: frozenset[str],
    cursor: Cursor,
    place: Callable[[], ReadPlace],
) -> frozenset[str]:
    """Names that are nowhere, and those that the document binds elsewhere only: another function's.

    A name may come from an import of everything too, from another file of the package in Go, and in a script
    that imports nothing from any other one. Words of a string or comment are not names.
    """
    visible = _visible(document, cursor)
    near = frozenset(name for name in names if _holds(visible, name))
    unknown = frozenset(name for name in names - near if not _may_come(corpora, document, name))
    if not near | unknown:
        return unknown
    read, at = place().parsed, place().at
    if document.language.name == "typescript" and declares_members(read, at):
        return frozenset()  # a field may be declared like an assignment
    if declares_parameters(read, at):
        return frozenset()
    unknown |= frozenset(
        name for name in near if not is_mentioned(read, name) and not _may_come(corpora, document, name)
    )
    in_scripts = document.language.name in ECMASCRIPT
    if not in_scripts and read.kind(at, at + 1) != "code":
        return frozenset()
    if _ANY_NAME.search(document.text) or (in_scripts and _MODULE.search(document.text) is None):
        return unknown
    hidden = out_of_sight(read, at, near)
    shared_names = document.language.name == "go"
    return unknown | frozenset(
        name for name in hidden if not shared_names or not corpora[0].definitions(name, 1)
    )


def _holds(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _may_come(corpora: Sequence[Corpus], document: Document, name: str) -> bool:
    """Say if a bare name may come from outside of the document. A script without imports has all of them."""
    if document.language.name in ECMASCRIPT and _MODULE.search(document.text) is None:
        return _is_known(corpora, name)
    return may_come(corpora, document, name)


def _is_known(corpora: Collection[Corpus], name: str) -> bool:
    return any(corpus.definitions(name, 1) or corpus.references(name, 1) for corpus in corpora)


def _visible(document: Document, cursor: Cursor) -> str:
    """The lines whose names may be visible at the cursor: those around it, and the top level of the file.

    An import of everything from elsewhere may bind any name: then the whole file counts, as names do.
    """
    lines = document.lines
    if _STAR.search(document.text):
        return document.text
    first = min(cursor.line, len(lines) - 1)
    last = first
    while first > 0 and not _is_top(lines[first]):
        first -= 1
    while last + 1 < len(lines) and not _is_top(lines[last + 1]):
        last += 1
    return "".join([*_top_lines(lines), *lines[first : last + 1]])


def _is_top(line: str) -> bool:
    """Return whether a line begins something at the top level of a file."""
    return bool(line.strip()) and line[0] not in " \t)]}#/*"


def _top_lines(lines: Sequence[str]) -> Iterator[str]:
    """The lines at the top level, and all lines of imports and of names that are bound there."""
    binds = False
    for line in lines:
        binds = bool(_BINDING.match(line)) if _is_top(line) else binds
        if binds or (line.strip() and line[0] not in " \t"):
            yield line


def _can_be_imported(corpus: Corpus, document: Document, statement: str) -> bool:
    """Return whether an import of the workspace's own files finds a file, and that file the names."""
    for import_ in symbols(document.language, f"{statement}\n").imports:
        files = corpus.resolve(document.path, document.language.name, import_) if import_.level else ()
        if import_.level and import_.module and not files:
            return False
        texts = ["".join(corpus.lines(path)) for path in files]
        if any(PurePosixPath(path).stem in _FRONTS for path in files):
            continue
        names = set(import_.names) - {"*", *_DEFAULT.findall(statement)}
        if texts and not all(any(_holds(text, name) for text in texts) for name in names):
            return any(_STAR.search(text) for text in texts)
    return True
