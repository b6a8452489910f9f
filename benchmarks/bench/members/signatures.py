"""The signature of the library function whose call is open at a place, as a prompt could show it.

It is looked up in the outlines of what is installed, which are there before. It knows no model.
"""

import os
import re

from assist_completion.display.member_accesses import receiver_before
from assist_context.documents import Cursor, Document, Snippet
from assist_context.languages import Language
from assist_context.syntax import fragments
from assist_context.types.accesses import begin_at
from assist_context.types.expressions import split_outside
from assist_server.workspace.folder_search import FolderSearch

LOOK = 3_000  # characters above the cursor in which a call begins
LONGEST = 150  # characters of a signature: as many as a cold prompt gives to one line
_MAKERS = ("__init__", "constructor")
_PARAMETER = re.compile(r"(?P<name>(?:\*{0,2}|\.\.\.)[\w$]+\??|[*/])\s*(?::[^=]*)?(?P<value>=.*)?", re.DOTALL)
_LONG_DEFAULT = 12  # characters


def open_callee(before: str, language: Language) -> str:
    """What is called by the innermost bracket that is open at the end of a text; "" if nothing is."""
    tail = before[-LOOK:]
    opened = fragments.balance(language, tail, "").open
    return receiver_before(tail, opened[-1][1]) if opened and opened[-1][0] == "(" else ""


def library_signature(search: FolderSearch, document: Document, cursor: Cursor) -> Snippet | None:
    """The signature that the call at a cursor needs; None without a call, or if it is of no known library."""
    types = search._types
    libraries = search._libraries
    root = search.folder.root
    before = "".join(document.lines[: cursor.line]) + document.lines[cursor.line][: cursor.column]
    callee = open_callee(before, document.language)
    if not callee or libraries is None:
        return None
    libraries.look_from(os.path.join(root, document.path), root, document.language)
    text, at = begin_at(types, document, cursor)
    kinds = types.types_of(text, callee, at) if text.root is not None else ()
    if len(kinds) != 1 or kinds[0].kind != "outside class" or not kinds[0].name:
        return None
    placed = libraries.describe(kinds[0].path, kinds[0].name)
    if placed is None:
        return None
    makers = [member.head for member in placed.name.members if member.name in _MAKERS]
    heads = makers if placed.name.kind == "class" else [placed.name.head]
    name = re.split(r"\W+", callee)[-1]
    written = short_signature(name, heads[0]) if heads else ""
    if not written:
        return None
    return Snippet(f"{placed.module.package}/{name}", 1, 1, f"{written}\n", "definition", name=name)


def short_signature(name: str, head: str) -> str:
    """A signature by the names of its parameters and short defaults; "" if a head has no parameters.

    >>> short_signature("get", "def get(self, url: URL | str, *, timeout: float = 5.0) -> Response")
    'get(url, *, timeout=5.0)'
    >>> short_signature("object", "function object<T>(shape?: T, params?: string | Params): ZodObject<T>")
    'object(shape?, params?)'
    """
    start = head.find("(")
    end = _closing(head, start)
    if start < 0 or end < 0:
        return ""
    inside = re.sub(r"#[^\n]*\n", "", head[start + 1 : end])
    found = [_PARAMETER.fullmatch(part.strip()) for part in split_outside(inside, ",") if part.strip()]
    shown = [f"{match['name']}{_default(match['value'])}" for match in found if match is not None]
    shown = [parameter for parameter in shown if parameter not in ("self", "cls")]
    while shown and len(f"{name}({', '.join(shown)})") > LONGEST:
        shown = [*shown[:-2], "..."]
    return f"{name}({', '.join(shown)})" if shown else ""


def _default(value: str | None) -> str:
    bare = "".join((value or "").split())
    return bare if len(bare) <= _LONG_DEFAULT else "=..."


def _closing(head: str, start: int) -> int:
    depth = 0
    for at in range(max(start, 0), len(head)):
        depth += (head[at] in "([{") - (head[at] in ")]}")
        if not depth:
            return at
    return -1
