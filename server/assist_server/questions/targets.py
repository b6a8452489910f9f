"""The target of a command, as people write it: PATH, PATH:LINE, PATH:START-END, PATH:SYMBOL, or a symbol.

In a question, a single line means the definition around it. It reads the file and the index, and asks no
model.
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from pathlib import Path

from assist_context.code.symbols import Symbols, symbols
from assist_context.documents import Document
from assist_context.evidence.call_graph import TargetLines, subjects
from assist_context.evidence.mentions import MentionedName, implementations, likely_meanings
from assist_context.files.path_names import relative_path
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import Language
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_context.retrieval.member_oracle import OracleOf, no_oracle
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.questions.locations import TargetSpec, parse_target, read_document
from assist_server.workspace.folders import find_alias

SYMBOLS = 200  # definitions of one name that are read at most
NEEDS_CODE = ("explain", "test", "fix")  # a refactoring may write the first line of a file
LISTED = 8  # of them, named in a message
REMEMBERED = (
    32  # texts whose symbols are kept: an editor's open documents, of which few change between questions
)
NEAR_NAME = 0.75  # difflib's likeness of a name that may be meant: "Kyy" and "Ky" have 0.8
LOOKING_S = 0.5  # seconds for outlines, when a name is unknown
MAX_BYTES = 4_000_000  # of a file: parsing takes 1 s and 150 MB; of 30 MB it took 15 s and 1.4 GB


@dataclass(frozen=True, slots=True)
class QuestionFolders:
    """The folder that a question is about, the other folders of the workspace, and who knows its objects."""

    corpus: Corpus
    others: tuple[Corpus, ...] = ()
    oracle_of: OracleOf = no_oracle

    @property
    def roots(self) -> tuple[str, ...]:
        """The paths of all of them."""
        return tuple(corpus.root for corpus in (self.corpus, *self.others))


@dataclass(frozen=True, slots=True)
class QuestionTarget:
    """The target of a question: lines of a file as it is now. `name` is the symbol, "" for none.

    `whole` says that the lines are a whole definition or a whole file, which an answer can replace. `alias`
    is the path by which a link led to the file, "" for none; `at` the one line that was named, 0 for none.
    """

    lines: TargetLines
    document: Document
    name: str = ""
    whole: bool = True
    alias: str = ""
    at: int = 0

    @property
    def text(self) -> str:
        """The lines in question."""
        return "".join(self.document.lines[self.lines.first - 1 : self.lines.last])


def resolve_target(corpus: Corpus, text: str) -> QuestionTarget:
    """The code that a target means below the corpus's root; `UserError` if there is none.

    The file is laid over the index as it is now, so that line numbers are current.
    """
    spec = parse_target(text)
    alias = os.path.join(corpus.root, os.path.expanduser(spec.path))
    path = os.path.realpath(alias)
    if os.path.exists(path):
        return replace(lines_in_file(corpus, path, spec), alias=find_alias(corpus.root, alias))
    if os.path.islink(alias):
        raise UserError(
            f"{spec.path} is a link to {os.readlink(alias)}, where there is no file: name the file itself."
        )
    if spec.first or spec.symbol or "/" in spec.path or os.sep in spec.path:
        if near := _near_files(corpus, spec.path):
            raise UserError(f"There is no file {path}: did you mean {near[0]}?")
        _read(path)  # says why there is no such file
    return _symbol_target(corpus, spec.path)


def lines_in_file(corpus: Corpus, path: str, spec: TargetSpec) -> QuestionTarget:
    """Lines of a file below the root; a single line means the definition around it."""
    document = overlay(corpus, path_inside(corpus, path), _read(path))
    if spec.symbol:
        return _find_symbol(corpus, document, spec.symbol)
    return lines_in_document(corpus, document, spec.first, spec.last)


def _find_symbol(corpus: Corpus, document: Document, symbol: str) -> QuestionTarget:
    """A definition by its name, or by the end of it: `total` and `Cart.total`."""
    name = re.sub(r"::|#", ".", symbol)
    outline = corpus.outline(document.path)
    sites = [definition for definition in outline if f".{definition.qualified}".endswith(f".{name}")]
    exact = [definition for definition in sites if definition.qualified == name] or sites
    if not exact:
        near = get_close_matches(name, [definition.qualified for definition in outline], cutoff=NEAR_NAME)
        remedy = f"did you mean {document.path}:{near[0]}?" if near else "name a line, as in PATH:10."
        raise UserError(f"There is no {symbol} in {document.path}: {remedy}")
    if len({definition.qualified for definition in exact}) > 1:
        raise UserError(f"{symbol!r} is defined in several places; name one of them: {_places(exact)}.")
    return _definition_target(document, exact[-1])  # after its overloads


def refuse_blank(command: str, target: QuestionTarget) -> None:
    """Raise `UserError` where there is no code to explain, test or fix: a model would make it up."""
    if command not in NEEDS_CODE or target.text.strip():
        return
    lines = target.lines
    if target.whole and lines.first == 1:
        what = f"{lines.path} is empty"
    elif lines.first == lines.last:
        what = f"Line {lines.first} of {lines.path} is blank"
    else:
        what = f"Lines {lines.first} to {lines.last} of {lines.path} are blank"
    raise UserError(f"{what}: there is nothing to {command}.", WRONG_USAGE)


def refuse_other_encoding(root: str, target: QuestionTarget) -> None:
    """Raise `UserError` for a file that is not in UTF-8: an edit could not write the rest of it back."""
    path = target.lines.path
    data = Path(root, path).read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path} is not in UTF-8 (line {line}), so it cannot be edited: convert it first, for example "
            "with `iconv -f LATIN1 -t UTF-8`."
        ) from None


def path_inside(corpus: Corpus, path: str) -> str:
    """A file's or folder's path in a corpus. Raises `UserError` if it is not below the root."""
    inside = relative_path(path, corpus.root)
    if inside is None:
        raise UserError(f"{path} is not inside {corpus.root}: name its workspace with --workspace.")
    return inside


def overlay(corpus: Corpus, path: str, document: Document) -> Document:
    """Lay a document over the index, under its path in the folder. A very large one has no symbols."""
    alias = Document(path, document.lines, document.language)
    sites = Symbols() if _size(alias) > MAX_BYTES else _symbols(alias.language, alias.lines)
    corpus.set_open({**corpus.opened, path: OpenFile(alias, sites)})
    return alias


@lru_cache(maxsize=REMEMBERED)
def _symbols(language: Language, lines: tuple[str, ...]) -> Symbols:
    return symbols(language, "".join(lines))


def _read(path: str) -> Document:
    if os.path.isfile(path):
        _check_size(path, os.path.getsize(path))
    return read_document(Path(path))


def _size(document: Document) -> int:
    return sum(map(len, document.lines))


def _check_size(path: str, size: int) -> None:
    if size > MAX_BYTES:
        raise UserError(
            f"{path} is {size / 1e6:,.1f} MB long: questions can be about files of at most "
            f"{MAX_BYTES / 1e6:.0f} MB. Copy the lines in question into a separate file, and name that."
        )


def lines_in_document(corpus: Corpus, document: Document, first: int, last: int) -> QuestionTarget:
    """Lines of a document that is laid over the index.

    No lines mean all of it, a single line means the definition around it.
    """
    _check_size(document.path, _size(document))
    count = len(document.lines) - (document.lines[-1] == "")
    if max(first, last) > max(1, count):
        raise UserError(f"There is no line {max(first, last)} in {document.path}, which has {count} lines.")
    if not first:
        return QuestionTarget(TargetLines(document.path, 1, max(1, count)), document)
    definitions = subjects(corpus, TargetLines(document.path, first, last or first))
    if last:
        exact = [site for site in definitions if (site.start_line, site.end_line) == (first, last)]
        name = exact[0].name if exact else ""
        return QuestionTarget(TargetLines(document.path, first, last), document, name, whole=bool(exact))
    if definitions:
        return replace(_definition_target(document, definitions[0]), at=first)
    return QuestionTarget(TargetLines(document.path, first, first), document, whole=False)


def _definition_target(document: Document, site: IndexedDefinition) -> QuestionTarget:
    lines = TargetLines(document.path, site.start_line, site.end_line)
    return QuestionTarget(lines, document, site.qualified)


def _symbol_target(corpus: Corpus, text: str) -> QuestionTarget:
    *owner, name = re.split(r"\.|::|#", text)
    sites = implementations(corpus.definitions(name, SYMBOLS))
    likely = likely_meanings(sites, MentionedName(name, ".".join(owner)), "")
    if not likely:
        hint = "" if corpus.reader.files() else " This folder is not indexed yet: run `assist index` first."
        near = _near_files(corpus, text) or near_symbols(corpus, name)
        remedy = f"did you mean {near[0]}?" if near else "name a PATH, PATH:LINE, PATH:SYMBOL or a symbol."
        raise UserError(f"There is no file and no symbol {text!r} in {corpus.root}: {remedy}{hint}")
    if not owner and len({(definition.path, definition.parent) for definition in sites}) > 1:
        raise UserError(f"{text!r} is defined in several places; name one of them: {_places(sites)}.")
    best = likely[0]
    document = overlay(corpus, best.path, _read(os.path.join(corpus.root, best.path)))
    now = [
        definition
        for definition in corpus.outline(best.path)
        if (definition.name, definition.parent, definition.kind) == (best.name, best.parent, best.kind)
    ]
    if not now:
        raise UserError(f"{text!r} is not in {best.path} any more: run `assist index` and try again.")
    return _definition_target(document, now[-1])  # after its overloads


def _near_files(corpus: Corpus, text: str) -> list[str]:
    """Indexed files with the same or nearly the same name, in whatever folder; the nearest first.

    An ending alone makes no names alike: `x.py` and `t.py`.
    """
    base = os.path.basename(text).lower()
    by_name: dict[str, list[str]] = {}
    for path in corpus.reader.files():
        by_name.setdefault(os.path.basename(path).lower(), []).append(path)
    stems = {name: os.path.splitext(name)[0] for name in get_close_matches(base, by_name, cutoff=NEAR_NAME)}
    alike = get_close_matches(os.path.splitext(base)[0], stems.values(), cutoff=NEAR_NAME)
    names = [name for name, stem in stems.items() if stem in alike]
    return [path for name in names for path in sorted(by_name[name], key=_unlikeness(text))]


def _unlikeness(text: str) -> Callable[[str], tuple[float, str]]:
    return lambda path: (-SequenceMatcher(None, text, path).ratio(), path)


def near_symbols(corpus: Corpus, name: str) -> list[str]:
    """Names of definitions that are nearly this one; of a large folder not all are read."""
    end = time.monotonic() + LOOKING_S
    names: set[str] = set()
    for path in corpus.reader.files():
        if time.monotonic() > end:
            break
        names.update(definition.name for definition in corpus.reader.outline(path))
    return get_close_matches(name, names, cutoff=NEAR_NAME)


def _places(sites: Sequence[IndexedDefinition]) -> str:
    path = [f"{definition.path}:{definition.start_line}" for definition in sites[:LISTED]]
    return ", ".join(path) + (", ..." if len(sites) > LISTED else "")
