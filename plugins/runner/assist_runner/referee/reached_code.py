"""Which functions an edit changes, and their file with each of them emptied: if tests pass then, they prove
nothing.

It compares texts by lines and runs nothing. What is changed outside of functions has no body to take away.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import symbols
from assist_context.code.trees.fragments import marks
from assist_context.documents import split_lines
from assist_context.languages import Language, language_of
from assist_context.relations.counterparts import is_test, is_test_place
from assist_runner.sandbox.mutants import empty_body

_SET_UP = re.compile(
    r"conftest\.py|pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|package\.json|(?:jest|vitest)\.\w+\.\w+"
)
MAX_FUNCTIONS = 3  # of an edit: each costs a run of the tests


def changes_tests(path: str, before: str, after: str) -> bool:
    """Whether an edit changes tests or what sets them up: it can make them pass, and so proves nothing.

    >>> changes_tests("tests/test_a.py", "", "x"), changes_tests("a.py", "x = 1", "x = 2")
    (True, False)
    """
    if is_test(path) or _SET_UP.fullmatch(PurePosixPath(path).name):
        return True
    sites = symbols(language_of(path), after).definitions
    lines = split_lines(after)
    return any(
        is_test_place(
            path,
            lines,
            line,
            [site.start_line for site in sites if site.start_line <= line <= site.end_line],
        )
        for line in _changed_lines(before, after)
    )


def changes_code(path: str, before: str, after: str) -> bool:
    """Whether an edit changes more than comments, docstrings, white space and empty lines.

    >>> changes_code("a.js", "f(1); // one", "f( 1 );"), changes_code("a.js", "f(1)", "f(2)")
    (False, True)
    >>> changes_code("a.py", "x = 1  # one", "x = 1"), changes_code("a.py", "if a: b", "if a: c")
    (False, True)
    """
    return _code_of(path, before) != _code_of(path, after)


def _code_of(path: str, text: str) -> str:
    language = language_of(path)
    if language.name == "python":
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return text
        for node in ast.walk(tree):
            owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
            if isinstance(node, owners) and ast.get_docstring(node, clean=False) is not None:
                del node.body[0]
        return ast.dump(tree)
    hidden = [(low, high) for kind, low, high in marks(language, text) if kind == "comment"]
    for low, high in reversed(hidden):
        text = text[:low] + text[high:]
    return re.sub(r"\s+", "", text)


def emptied_functions(path: str, before: str, after: str) -> Iterator[tuple[str, str]]:
    """The functions that an edit changes: the name, and the new text of the file without that body."""
    language = language_of(path)
    lines = _changed_lines(before, after)
    inner: dict[str, tuple[int, int]] = {}
    for site in symbols(language, after).definitions:
        touched = [line for line in lines if site.start_line <= line <= site.end_line]
        if site.kind in FUNCTIONS and touched:
            known = next(
                (name for name, (first, last) in inner.items() if first <= site.start_line <= last), ""
            )
            if known:  # a function in a function: the outer one is emptied with it
                continue
            inner[site.qualified] = (site.start_line, site.end_line)
    for name, (first, last) in list(inner.items())[:MAX_FUNCTIONS]:
        if body := _body(language, after, first, last):
            yield name, empty_body(language, after, body)


def _changed_lines(before: str, after: str) -> list[int]:
    """The lines of the new text that are new; of lines that are gone, the one above and the one below."""
    old, new = split_lines(before), split_lines(after)
    found: list[int] = []
    for kind, _, _, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "delete":
            found += [first, first + 1]
        elif kind != "equal":
            found += range(first + 1, last + 1)
    return found


def _body(language: Language, text: str, first: int, last: int) -> range | None:
    """The characters of a function's body, from its lines."""
    lines = split_lines(text)
    start, end = (sum(map(len, lines[:count])) for count in (first - 1, last))
    if language.name == "python":
        return _python_body(text, lines, range(first, last + 1))
    end = start + len(text[start:end].rstrip().rstrip(";,)"))
    if text[end - 1 : end] != "}":
        return None
    hidden = [range(low, high) for kind, low, high in marks(language, text) if kind in ("string", "comment")]
    depth = 0
    for match in reversed(list(re.finditer(r"[{}]", text[start:end]))):
        at = start + match.start()
        if any(at in place for place in hidden):
            continue
        depth += 1 if match[0] == "}" else -1
        if depth == 0:
            return range(at, end)
    return None


def _python_body(text: str, lines: Sequence[str], place: range) -> range | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno in place:
            first, last = node.body[0], node.body[-1]
            start = sum(map(len, lines[: first.lineno - 1]))
            head = sum(map(len, lines[: node.lineno - 1]))
            if first.lineno == node.lineno:  # all on one line
                start = head + lines[node.lineno - 1].index(":") + 1
            return range(start, sum(map(len, lines[: last.end_lineno or last.lineno])))
    return None
