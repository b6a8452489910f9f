"""Windows of Python's library in which a local name was renamed in one line, and not yet in the others.

They need no data but Python itself. This module knows no model.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from assist_completion.prompt.next_edit_layout import LINES, EditWindow, PastEdit
from assist_context.documents import split_lines

ABOVE = 5  # lines of the window above the edit
PLACES = range(1, 5)  # other places of the name in the window
PER_MODULE = 1


def windows(folder: Path, lines: int = LINES) -> Iterator[EditWindow]:
    """Windows of so many lines, at most a few for each module, always the same ones."""
    for path in sorted(folder.glob("[a-z]*.py")):
        text = path.read_text(encoding="utf-8")
        found = _in_module(path.name, split_lines(text), ast.parse(text), lines)
        yield from islice(found, PER_MODULE)


def _in_module(path: str, lines: Sequence[str], tree: ast.Module, size: int) -> Iterator[EditWindow]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= size:
            window = _rename_once(path, lines, node, size)
            if window is not None:
                yield window


def _rename_once(path: str, lines: Sequence[str], function: ast.FunctionDef, size: int) -> EditWindow | None:
    """A window of a function after the first assignment to a local name was changed."""
    first: dict[str, int] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and len(node.id) > 3:
            first[node.id] = min(node.lineno - 1, first.get(node.id, node.lineno))
    for name, at in sorted(first.items(), key=lambda each: each[1]):
        start = max(function.lineno - 1, at - ABOVE)
        shown = lines[start : start + size]
        word = re.compile(rf"(?<![\w.]){name}\b")
        counts = Counter({n: len(word.findall(line)) for n, line in enumerate(shown, start)})
        if (
            counts[at] == 1
            and counts.total() - 1 in PLACES
            and counts.total() == sum(len(re.findall(rf"\b{name}\b", line)) for line in shown)
        ):
            new = word.sub(f"new_{name}", lines[at])
            window = (*shown[: at - start], new, *shown[at - start + 1 :])
            return EditWindow(path, start, window, (PastEdit(path, at, (lines[at],), (new,)),))
    return None
