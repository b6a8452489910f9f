"""Search by meaning: does the index find a function by the sentence that documents it?

The queries are the first paragraphs of docstrings in Python's standard library. The index is built from the
same files with every docstring removed. The figure is the mean reciprocal rank (MRR) of the right chunk among
the first ten hits, with an interval that resamples files. No model is needed.
"""

import argparse
import ast
import math
import random
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assist_context.index.reader import NAME_PATH_BODY_HEAD, IndexReader
from assist_context.index.search import SearchHit, Weights
from assist_context.index.terms import terms
from assist_evaluation.ranking.significance import paired_bootstrap
from assist_server.records.proportions import wilson
from bench.index.index import IndexFailed, running_indexer
from bench.provenance import layout, provenance, write

DEEP = 10  # hits per query; lower ranks count as not found
LEAST_WORDS = 4  # shorter paragraphs make no query
LEFT_OUT = {"test", "tests", "idlelib", "site-packages", "__pycache__", "lib2to3", "turtledemo", "ensurepip"}
EXAMPLES = """
examples:
  proxy.py --data FOLDER --out proxy.json
  proxy.py --data FOLDER --weights 4 2 1 0
"""
Functions = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Query:
    """A paragraph and the function it documents. Lines count from 1; `line` is the line of `def`."""

    text: str
    path: str
    name: str
    line: int
    end_line: int


def blank_docstrings(text: str) -> tuple[str, list[tuple[str, str, int, int]]]:
    """Remove the docstrings of a file and keep its line numbers.

    Also returns the documented functions as (paragraph, qualified name, line, end line).
    Raises `SyntaxError` for text that is not Python.

    >>> blank_docstrings('def f():\\n    "Say it."\\n    return 1\\n')
    ('def f():\\n    pass\\n    return 1\\n', [('Say it.', 'f', 1, 3)])
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = ast.parse(text)
    lines = text.splitlines(keepends=True)
    found = []
    for owner, node in _with_docstrings(parsed):
        spelled = node.body[0]
        if isinstance(node, Functions):
            paragraph = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
            found.append((paragraph, owner, node.lineno, node.end_lineno or node.lineno))
        _blank(lines, spelled)
    return "".join(lines), found


def _with_docstrings(parsed: ast.Module) -> Iterator[tuple[str, ast.Module | ast.ClassDef | Functions]]:
    """Yield everything that has a docstring of whole lines, with its qualified name."""
    stack: list[tuple[str, ast.AST]] = [("", parsed)]
    while stack:
        name, node = stack.pop()
        if isinstance(node, ast.Module | ast.ClassDef | Functions) and ast.get_docstring(node) is not None:
            yield name, node
        for child in ast.iter_child_nodes(node):
            inner = getattr(child, "name", "") if isinstance(child, ast.ClassDef | Functions) else ""
            stack.append((f"{name}.{inner}".strip(".") if inner else name, child))


def _blank(lines: list[str], node: ast.stmt) -> None:
    """Replace the first line of a docstring with `pass` and empty its other lines."""
    first = node.lineno - 1
    last = (node.end_lineno or node.lineno) - 1
    start = node.col_offset
    end = node.end_col_offset or 0
    head, tail = lines[first].encode()[:start], lines[last].encode()[end:]
    for at in range(first, last + 1):
        lines[at] = "\n"
    lines[first] = head.decode(errors="replace") + "pass" + ("\n" if last > first else tail.decode())


def build(target: Path, count: int, seed: int) -> list[Query]:
    """Write the standard library without docstrings to `target`, and draw `count` queries with `seed`."""
    root = Path(sysconfig.get_paths()["stdlib"])
    queries = []
    for path in sorted(root.rglob("*.py")):
        inner = path.relative_to(root)
        if not LEFT_OUT.isdisjoint(inner.parts):
            continue
        try:
            text, found = blank_docstrings(path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError):
            continue
        copy = target / inner
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
        known = [each for each in found if len(each[0].split()) >= LEAST_WORDS]
        queries += [Query(words, inner.as_posix(), name, line, end) for words, name, line, end in known]
    return random.Random(seed).sample(queries, min(count, len(queries)))


def is_right(query: Query, hit: SearchHit) -> bool:
    """Return whether a chunk is the function, is part of it, or contains its `def` line."""
    if hit.path != query.path:
        return False
    holds = hit.start_line <= query.line <= hit.end_line
    piece = hit.start_line <= query.end_line and hit.end_line >= query.line
    return holds or (piece and hit.name == query.name)


def reciprocal_rank(reader: IndexReader, query: Query, weights: Weights) -> float:
    """Return 1 / rank of the first right hit, or 0 if none of the first ten is right."""
    hits = reader.search(terms(query.text), DEEP, weights, patient=True)
    return next((1 / position for position, hit in enumerate(hits, 1) if is_right(query, hit)), 0.0)


def report(queries: Sequence[Query], ranks: Sequence[float], seed: int) -> dict[str, Any]:
    """Return MRR@10 with its interval, and how often the right chunk is first or among the first ten."""
    spread = paired_bootstrap(ranks, [0.0] * len(ranks), [query.path for query in queries], seed)
    first, among = sum(each == 1 for each in ranks), sum(each > 0 for each in ranks)
    found: dict[str, Any] = {"queries": len(ranks), "files": len({query.path for query in queries})}
    found["mrr@10"] = round(math.fsum(ranks) / len(ranks), 4)
    found["mrr@10_95"] = [round(spread.low, 4), round(spread.high, 4)]
    for name, hits in (("first", first), ("among ten", among)):
        found[name] = round(hits / len(ranks), 4)
        found[f"{name}_95"] = [round(end, 4) for end in wilson(hits, len(ranks))]
    return found


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="FOLDER", help="where to put the files and their index")
    add("--queries", type=int, default=600, help="how many queries to draw")
    add("--seed", type=int, default=1, help="seed for drawing queries and for the intervals")
    add(
        "--weights",
        type=float,
        nargs=4,
        default=NAME_PATH_BODY_HEAD,
        metavar=("NAME", "PATH", "BODY", "HEAD"),
        help="weights of a chunk's fields; default: the product's",
    )
    add("--out", type=Path, metavar="FILE.json")
    add("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    root = options.data.resolve() / "blanked"
    database = options.data.resolve() / "indexes" / "blanked.sqlite"
    queries = build(root, options.queries, options.seed)
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with running_indexer(root, database) as (_, events):
            events.ready()
    except IndexFailed as error:
        sys.exit(f"proxy.py: {error}")
    reader = IndexReader(str(database))
    ranks = [reciprocal_rank(reader, query, tuple(options.weights)) for query in queries]
    reader.close()
    found = report(queries, ranks, options.seed)
    header = provenance()
    if options.out:
        write(options.out, header, {"seed": options.seed, "weights": list(options.weights), **found})
    if options.json:
        print(layout({"provenance": header, **found}))
        return
    low, high = found["mrr@10_95"]
    print("| queries | MRR@10 (95 %) | first | among ten |\n|---|---|---|---|")
    start = f"| {found['queries']} | {found['mrr@10']:.3f} ({low:.3f} to {high:.3f}) "
    print(f"{start}| {found['first']:.1%} | {found['among ten']:.1%} |")


if __name__ == "__main__":
    main()
