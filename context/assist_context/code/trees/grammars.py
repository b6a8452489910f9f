"""The grammars and the queries: each is loaded once, when it is first needed.

Together with `fragments` and `incremental` this is the only door to tree-sitter. The matches of a query
leave as plain byte ranges, so that `symbols` needs no tree. A missing grammar, or a query that does not
compile, becomes a reason in words: it disables its own language and no other.
It knows no user's file, and not what the captures mean.
"""

import importlib
import re
import string
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import tree_sitter

from assist_context.code.language_rules import query_source
from assist_context.languages import BY_GRAMMAR

# Limits of processor time: a nice process next to two busy ones gets a tenth of the clock's time. tree-sitter
# only knows the clock, so a parse that it stops too early goes on.
PARSE_MICROSECONDS = 1_000_000  # the slowest grammar reads 4.5 MB/s, and an indexed file has 1 MB at most
QUERY_MICROSECONDS = 500_000  # both together stay below the 3 s after which a parser process ends itself
MAX_WAITS = 6  # a query is given up after so many clock limits, each twice the last: 32 s together
MAX_MATCHES = 60_000  # a second of Python; code has 50,000 a megabyte, one minified line 127,000

ByteSpan = tuple[int, int]  # the first byte and the one after the last
QueryMatch = tuple[int, dict[str, list[ByteSpan]]]  # the pattern's index in the query, and its captures
Mark = tuple[int, int, str]  # the first byte, the one after the last, and the capture
# Captures with a meaning of their own. Four of five captures in code are these, so they need no dict each.
MARKS = frozenset({"ref", "ref.upper", "ref.words", "comment", "decor"})
DOCS = frozenset({"comment", "decor"})  # these only document definitions, as `doc` does
_UPPER = "ref.upper"  # only capitalized names; of 7,600 in a megabyte of Python 7,100 are not
_SMALL = frozenset(string.ascii_lowercase.encode())

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of a query. `partial`: the time ran out. `problem`: why there is no result at all.

    `matches` leaves out the `marks`, which are the captures in `MARKS`; both are in the order of the query.
    """

    matches: tuple[QueryMatch, ...] = ()
    marks: tuple[Mark, ...] = ()
    partial: bool = False
    problem: str = ""


@lru_cache
def language(grammar: str) -> tree_sitter.Language | str:
    """A grammar by its name, or the reason why there is none."""
    row = BY_GRAMMAR.get(grammar)
    wheel, function = (row.wheel if row else ()) or (grammar, "language")  # its name, and the function in it
    try:
        module = importlib.import_module(f"tree_sitter_{wheel}")
        return tree_sitter.Language(getattr(module, function)())
    except (ImportError, AttributeError, ValueError) as error:  # ValueError: an ABI that is too new or old
        return f"the grammar {grammar} does not load: {error}"


@lru_cache
def parser(grammar: str, microseconds: int) -> tree_sitter.Parser | None:
    """The shared parser of a grammar. Threads may share it: parsing bytes holds the GIL throughout."""
    return new_parser(grammar, microseconds)


def new_parser(grammar: str, microseconds: int) -> tree_sitter.Parser | None:
    """A parser for one owner, which may stop at its time limit and go on; `None` without a grammar."""
    grammar_language = language(grammar)
    if isinstance(grammar_language, str):
        return None
    with warnings.catch_warnings():
        # Its successor, progress_callback, needs a read callback and crashes in 0.25.2.
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Parser(grammar_language, timeout_micros=microseconds)


def parse_tree(
    grammar: str, data: bytes, microseconds: int, clock: Clock = time.thread_time
) -> tree_sitter.Tree | None:
    """The tree of a text in UTF-8; `None` without a grammar or after the time limit."""
    own_parser = parser(grammar, microseconds)
    if own_parser is None:
        return None
    until = clock() + microseconds / 1_000_000
    while True:
        try:
            return own_parser.parse(data)
        except ValueError:  # 0.25.2 raises it at the time limit; without a reset the next parse would go on
            if clock() >= until:
                own_parser.reset()
                return None


@lru_cache
def query(grammar: str, docs: bool = True) -> tree_sitter.Query | str:
    """The compiled query of a grammar, or the reason for its absence; without `docs` it finds no comments."""
    source = query_source(grammar)
    own_query = compile_query(grammar, source)
    if not docs and not isinstance(own_query, str):
        for pattern, captures in enumerate(_captures(own_query, source)):
            if captures <= DOCS or ("doc" in captures and captures <= {"doc", "name"}):
                own_query.disable_pattern(pattern)
    return own_query


def _captures(own_query: tree_sitter.Query, source: str) -> list[frozenset[str]]:
    """The captures of each pattern of a query, without those that only a predicate uses.

    They are read from the text: the binding's own lookup fails for a capture that a pattern does not have.
    """
    count: int = own_query.pattern_count  # type: ignore[assignment]  # a property, whatever its stub says
    data = re.sub(r";.*", lambda comment: "." * len(comment[0].encode()), source).encode()
    parts = (
        data[own_query.start_byte_for_pattern(at) : own_query.end_byte_for_pattern(at)] for at in range(count)
    )
    return [frozenset(re.findall(r"@(?!_)([\w.]+)", part.decode())) for part in parts]


@lru_cache
def _single_marks(grammar: str, docs: bool) -> tuple[str, ...]:
    """For each pattern of a grammar's query, the mark that is its only capture, or ""."""
    own_query = query(grammar, docs)
    kinds = () if isinstance(own_query, str) else _captures(own_query, query_source(grammar))
    return tuple(next(iter(kind)) if len(kind) == 1 and kind <= MARKS else "" for kind in kinds)


def compile_query(grammar: str, source: str) -> tree_sitter.Query | str:
    """A query for a grammar, or the reason why it does not compile."""
    grammar_language = language(grammar)
    if isinstance(grammar_language, str):
        return grammar_language
    if not source:
        return f"there is no query for the grammar {grammar}"
    try:
        return tree_sitter.Query(grammar_language, source)
    except ValueError as error:  # QueryError is one
        return f"the query for the grammar {grammar} does not compile: {error}"


def read(grammar: str, data: bytes, microseconds: int = PARSE_MICROSECONDS, docs: bool = True) -> Reading:
    """All matches of a grammar's query in a text in UTF-8; `microseconds` limits the parse."""
    own_query = query(grammar, docs)
    if isinstance(own_query, str):
        return Reading(problem=own_query)
    tree = parse_tree(grammar, data, microseconds)
    if tree is None:
        return Reading(partial=True, problem=f"the grammar {grammar} took longer than {microseconds} µs")
    return _read_tree(own_query, tree.root_node, data, _single_marks(grammar, docs))


def matches(grammar: str, root: tree_sitter.Node, data: bytes, span: ByteSpan | None = None) -> Reading:
    """All matches of a grammar's query in the tree of a text, or those that touch a span of it."""
    own_query = query(grammar)
    if isinstance(own_query, str):
        return Reading(problem=own_query)
    return _read_tree(own_query, root, data, _single_marks(grammar, True), span)


def _read_tree(
    own_query: tree_sitter.Query,
    root: tree_sitter.Node,
    data: bytes,
    alone: tuple[str, ...],
    span: ByteSpan | None = None,
) -> Reading:
    raw, late = run_query(own_query, root, span)
    late = late or len(raw) > MAX_MATCHES
    del raw[MAX_MATCHES:]
    return Reading(*_split_matches(raw, alone, data), partial=late)


_Raw = list[tuple[int, dict[str, list[tree_sitter.Node]]]]


def run_query(
    own_query: tree_sitter.Query,
    root: tree_sitter.Node,
    span: ByteSpan | None = None,
    microseconds: int = QUERY_MICROSECONDS,
    clock: Clock = time.thread_time,
    waits: int = MAX_WAITS,
) -> tuple[_Raw, bool]:
    """The matches of a query, and whether the time ran out before it was complete."""
    until = clock() + microseconds / 1_000_000
    wait = microseconds
    for _ in range(waits):
        with warnings.catch_warnings():
            # Its successor, the progress callback of `matches`, crashes in 0.25.2 too.
            warnings.simplefilter("ignore", DeprecationWarning)
            cursor = tree_sitter.QueryCursor(own_query, timeout_micros=wait)
        if span:
            cursor.set_byte_range(*span)
        start = time.perf_counter()  # `monotonic` moves in steps of 16 ms on Windows before Python 3.13
        raw = cursor.matches(root)
        if time.perf_counter() - start < wait / 1_000_000:
            return raw, False
        if clock() >= until:
            break
        wait *= 2
    return raw, True


def _split_matches(
    raw: _Raw, alone: tuple[str, ...], data: bytes
) -> tuple[tuple[QueryMatch, ...], tuple[Mark, ...]]:
    matches_kept: list[QueryMatch] = []
    marks: list[Mark] = []
    for pattern, captures in raw:
        if kind := alone[pattern]:
            for node in captures[kind]:  # nearly always one
                start = node.start_byte
                if kind != _UPPER or data[start] not in _SMALL:
                    marks.append((start, node.end_byte, kind))
            continue
        spans: dict[str, list[ByteSpan]] = {}
        for name, nodes in captures.items():
            if name in MARKS:
                marks += [(node.start_byte, node.end_byte, name) for node in nodes]
            elif name[0] != "_":  # names with "_" are for predicates only
                spans[name] = [node.byte_range for node in nodes]
        if spans:
            matches_kept.append((pattern, spans))
    return tuple(matches_kept), tuple(marks)
