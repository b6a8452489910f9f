"""In which order imports are written, and how wide: the sortings of the usual tools, and what a text shows.

It compares names and modules; it changes no text.
"""

import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

from assist_context.documents import Document
from assist_context.syntax.scopes.imports.statements import ImportedName

WIDTHS = (79, 80, 88, 100, 120)  # that formatters are usually set to
LONGER = 0.005  # share of lines that may be longer than the width; such lines are strings and addresses

FUTURE, STANDARD, PACKAGE, OWN = range(4)


def rank_of(language: str, module: str) -> int:
    """The group in which a module is imported: the language's own come first, the project's last."""
    top = re.split(r"[./:]", module, maxsplit=1)[0]
    match language:
        case "python":
            if module.startswith("."):
                return OWN
            known = STANDARD if top in sys.stdlib_module_names else PACKAGE
            return FUTURE if top == "__future__" else known
        case "go":
            return PACKAGE if "." in module.partition("/")[0] else STANDARD
        case "rust":
            own = top in ("crate", "self", "super")
            return OWN if own else STANDARD if top in ("std", "core", "alloc") else PACKAGE
        case "java":
            return STANDARD if top in ("java", "javax") else PACKAGE
    return OWN if module.startswith(".") else STANDARD if module.startswith("node:") else PACKAGE


SortKey = tuple[int | str, ...]
Order = Callable[[SortKey], SortKey]


def line_key(language: str, name: ImportedName) -> SortKey:
    """What a line is sorted by: its group, whether it takes a name from the module, and the module."""
    rank = rank_of(language, name.module)
    if language == "python" and name.module.startswith("."):
        dots = len(name.module) - len(name.module.lstrip("."))
        return (
            rank,
            1,
            f"{chr(max(1, 32 - dots))}{name.module.lstrip('.')}",
        )  # those from far above come first
    whole = f"{name.module}.{name.original}" if language in ("java", "rust") else name.module
    return rank, int(name.form != "module"), whole.replace("::", ".")


LINE_ORDERS: tuple[Order, ...] = (
    lambda key: (key[0], key[1], str(key[2]).lower()),  # isort's own
    lambda key: (key[0], str(key[2]).lower(), key[1]),
    lambda key: (key[1], str(key[2]).lower()),
    lambda key: (str(key[2]).lower(), key[1]),
    lambda key: (key[2], key[1]),
)


def name_orders(language: str) -> tuple[Callable[[str], SortKey], ...]:
    """How names in a list may be sorted, the most usual way first."""
    if language == "rust":
        return (rust_name, _exact)
    return (_isort_name, _any_case, _exact) if language == "python" else (_any_case, _exact)


def rust_name(name: str) -> SortKey:
    """Modules, types, then constants."""
    kind = 0 if name[:1].islower() else 2 if name.isupper() and len(name) > 1 else 1
    return int(name != "self"), kind, name


def _isort_name(name: str) -> SortKey:
    """Constants, classes, then the others."""
    return 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name.lower()


def _any_case(name: str) -> SortKey:
    return (name.lower(),)


def _exact(name: str) -> SortKey:
    return (name,)


def index_in(keys: Sequence[SortKey], wanted: SortKey, orders: Sequence[Order]) -> int | None:
    """Where a key belongs in the first order that the others have; `None` if they have none."""
    for order in orders:
        values = [order(key) for key in keys]
        if all(one <= other for one, other in pairwise(values)):
            return sum(value <= order(wanted) for value in values)
    return None


def line_end(document: Document) -> str:
    """How the lines of a document end."""
    first = document.lines[0]
    return first[len(first.rstrip("\r\n")) :] or "\n"


def width_of(document: Document, least: int) -> int:
    """How long the lines of a document may be: the width that nearly all of them keep."""
    lengths = [len(line.rstrip("\r\n")) for line in document.lines]
    for width in WIDTHS:
        if width >= least and sum(length > width for length in lengths) <= LONGER * len(lengths):
            return width
    return WIDTHS[-1]
