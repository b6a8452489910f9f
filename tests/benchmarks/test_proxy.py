"""The search proxy: docstrings are removed without moving a line, and which hits count as right."""

import ast
import doctest
import inspect
from pathlib import Path

import pytest

import proxy
from assist_context.index.reader import IndexReader
from assist_context.index.search import SearchHit
from bench.index.index import running_indexer


@pytest.mark.parametrize("module", [ast, inspect, doctest, pytest])
def test_a_file_without_docstrings_has_the_same_lines_and_still_parses(module: object) -> None:
    text = Path(inspect.getsourcefile(module) or "").read_text(encoding="utf-8")  # type: ignore[arg-type]
    found, functions = proxy.blank_docstrings(text)
    assert len(found.splitlines()) == len(text.splitlines())
    tree = ast.parse(found)
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    assert not any(ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds))
    lines = found.splitlines()
    assert all(f"def {name.rpartition('.')[2]}" in lines[line - 1] for _, name, line, _ in functions)
    assert len(functions) > 5 or module is pytest


def test_names_are_qualified_and_paragraphs_are_one_line() -> None:
    text = 'class A:\n    """Of a."""\n    def f(self):\n        """First\n        line.\n\n        More.\n        """\n'
    found, functions = proxy.blank_docstrings(text)
    assert functions == [("First line.", "A.f", 3, 8)]
    assert found == "class A:\n    pass\n    def f(self):\n        pass\n\n\n\n\n"


@pytest.mark.parametrize(
    ("path", "start", "end", "name", "expected"),
    [
        ("a.py", 8, 20, "f", True),
        ("a.py", 1, 40, "", True),
        ("a.py", 16, 30, "f", True),
        ("a.py", 16, 30, "g", False),
        ("a.py", 21, 30, "f", False),
        ("b.py", 8, 20, "f", False),
    ],
)
def test_what_counts_as_found(path: str, start: int, end: int, name: str, expected: bool) -> None:
    query = proxy.Query("", "a.py", "f", 10, 20)
    assert proxy.is_right(query, SearchHit(path, start, end, name, 1.0)) == expected


def test_the_rank_of_the_right_chunk_in_a_real_index(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    body = "    total = 0\n    for each in given:\n        total += each\n    return total\n"
    for name in ("count_orders", "parse_invoice", "send_message"):
        (root / f"{name}.py").write_text(f"def {name}(given):\n{body}", encoding="utf-8")
    database = tmp_path / "index.sqlite"
    with running_indexer(root, database) as (_, events):
        assert events.ready(60)["parses"] == 3
    reader = IndexReader(str(database))
    query = proxy.Query("Parse the invoice of an order.", "parse_invoice.py", "parse_invoice", 1, 5)
    assert proxy.reciprocal_rank(reader, query, (4.0, 2.0, 1.0, 2.0)) == 1
    other = proxy.Query("Nothing that is there.", "parse_invoice.py", "parse_invoice", 1, 5)
    assert proxy.reciprocal_rank(reader, other, (4.0, 2.0, 1.0, 2.0)) == 0
    reader.close()


def test_the_report_says_how_sure_it_is() -> None:
    queries = [proxy.Query("", f"{at}.py", "f", 1, 2) for at in range(40)]
    found = proxy.report(queries, [1.0, 0.5, 0.0, 0.0] * 10, 1)
    assert (found["mrr@10"], found["first"], found["among ten"]) == (0.375, 0.25, 0.5)
    assert found["mrr@10_95"][0] < 0.375 < found["mrr@10_95"][1]


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(proxy).failed == 0
