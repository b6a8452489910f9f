"""The grammars and the queries: loaded one by one, when first asked for, and each only once.

With `parse` the door to tree-sitter. What a query found leaves as plain byte ranges, so that
`symbols` needs no tree. A grammar that is missing, or a query that does not compile, is a reason in
words and nothing more: it takes its own language away and no other.
It reads this package's own `queries`; it knows no user's file and not what the captures mean.
"""

import importlib
import time
import warnings
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import tree_sitter

# The wheel tree_sitter_<grammar> has a function `language`, but for these, whose wheel has two.
_WHEELS = {
    "typescript": ("typescript", "language_typescript"),
    "tsx": ("typescript", "language_tsx"),
    "php": ("php", "language_php"),
}
# The files in `queries`; two grammars that grew from one share what they still have in common.
_QUERIES = {
    "javascript": ("ecma", "javascript", "jsx"),
    "typescript": ("ecma", "typescript"),
    "tsx": ("ecma", "typescript", "jsx"),
    "cpp": ("c", "cpp"),
}
PARSE_MICROSECONDS = 1_000_000  # the slowest grammar reads 4.5 MB/s, and an indexed file has 1 MB at most
QUERY_MICROSECONDS = 500_000  # the two together stay below the 2 s after which the indexer kills its worker
MOST_MATCHES = 60_000  # a second of Python; code has 50,000 a megabyte, one minified line 127,000

Span = tuple[int, int]  # the first byte and the one after the last
Match = tuple[int, dict[str, list[Span]]]  # the pattern's place in the query, and what it captured
Mark = tuple[int, int, str]  # the first byte, the one after the last, and the capture
# Captures that mean something by themselves: four of five in code, so they come without a dict each.
MARKS = frozenset({"ref", "ref.upper", "ref.words", "comment", "decor"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a query found. `partial`: the time ran out. `problem`: why there is nothing at all.

    `matches` are without the `marks`, the captures that `MARKS` names; both are in the query's order.
    """

    matches: tuple[Match, ...] = ()
    marks: tuple[Mark, ...] = ()
    partial: bool = False
    problem: str = ""


@lru_cache
def language(grammar: str) -> tree_sitter.Language | str:
    """A grammar by its name, or in words why there is none."""
    wheel, function = _WHEELS.get(grammar, (grammar, "language"))
    try:
        module = importlib.import_module(f"tree_sitter_{wheel}")
        return tree_sitter.Language(getattr(module, function)())
    except (ImportError, AttributeError, ValueError) as error:  # ValueError: an ABI that is too new or old
        return f"the grammar {grammar} does not load: {error}"


@lru_cache
def parser(grammar: str, microseconds: int) -> tree_sitter.Parser | None:
    """The parser of a grammar. Threads may share it: a parse of bytes holds the GIL throughout."""
    return new_parser(grammar, microseconds)


def new_parser(grammar: str, microseconds: int) -> tree_sitter.Parser | None:
    """A parser of one's own, which may stop at its time limit and go on; `None` without a grammar."""
    found = language(grammar)
    if isinstance(found, str):
        return None
    with warnings.catch_warnings():
        # The successor of timeout_micros, progress_callback, wants a read callback and crashes in 0.25.2.
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Parser(found, timeout_micros=microseconds)


def tree_of(grammar: str, data: bytes, microseconds: int) -> tree_sitter.Tree | None:
    """The tree of a text in UTF-8; `None` without a grammar or after the time limit."""
    found = parser(grammar, microseconds)
    if found is None:
        return None
    try:
        return found.parse(data)
    except ValueError:  # what 0.25.2 raises at the time limit
        found.reset()
        return None


def query_source(grammar: str) -> str:
    """The text of a grammar's query; files that are not there count as empty."""
    folder = resources.files("assist_context") / "queries"
    files = [folder / f"{name}.scm" for name in _QUERIES.get(grammar, (grammar,))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


@lru_cache
def query(grammar: str) -> tree_sitter.Query | str:
    """The compiled query of a grammar, or in words why there is none."""
    return compiled(grammar, query_source(grammar))


def compiled(grammar: str, source: str) -> tree_sitter.Query | str:
    """A query for a grammar, or in words why not."""
    found = language(grammar)
    if isinstance(found, str):
        return found
    if not source:
        return f"there is no query for the grammar {grammar}"
    try:
        return tree_sitter.Query(found, source)
    except ValueError as error:  # QueryError is one
        return f"the query for the grammar {grammar} does not compile: {error}"


def read(grammar: str, data: bytes, microseconds: int = PARSE_MICROSECONDS) -> Reading:
    """All matches of a grammar's query in a text in UTF-8; `microseconds` limits the parse."""
    found = query(grammar)
    if isinstance(found, str):
        return Reading(problem=found)
    tree = tree_of(grammar, data, microseconds)
    if tree is None:
        return Reading(partial=True, problem=f"the grammar {grammar} took longer than {microseconds} µs")
    return matches(grammar, tree.root_node)


def matches(grammar: str, root: tree_sitter.Node, span: Span | None = None) -> Reading:
    """All matches of a grammar's query in a tree, or those that have to do with a span of it."""
    found = query(grammar)
    if isinstance(found, str):
        return Reading(problem=found)
    start = time.monotonic()
    with warnings.catch_warnings():
        # Its successor, a progress callback of `matches`, crashes in 0.25.2 too.
        warnings.simplefilter("ignore", DeprecationWarning)
        cursor = tree_sitter.QueryCursor(found, timeout_micros=QUERY_MICROSECONDS)
    if span:
        cursor.set_byte_range(*span)
    raw = cursor.matches(root)
    late = time.monotonic() - start > QUERY_MICROSECONDS / 1_000_000
    late = late or len(raw) > MOST_MATCHES
    del raw[MOST_MATCHES:]
    return Reading(*_plain(raw), partial=late)


def _plain(
    raw: list[tuple[int, dict[str, list[tree_sitter.Node]]]],
) -> tuple[tuple[Match, ...], tuple[Mark, ...]]:
    kept: list[Match] = []
    marks: list[Mark] = []
    for pattern, captures in raw:
        spans: dict[str, list[Span]] = {}
        for name, nodes in captures.items():
            if name in MARKS:
                for node in nodes:  # nearly always one
                    marks.append((node.start_byte, node.end_byte, name))  # noqa: PERF401 - slower for one
            elif name[0] != "_":  # what only a predicate looks at
                spans[name] = [node.byte_range for node in nodes]
        if spans:
            kept.append((pattern, spans))
    return tuple(kept), tuple(marks)
