"""What a function's signature says that a call of it gives, as far as it is one plain type."""

import re
from typing import NamedTuple

from assist_context.libraries.module_outline import HEAD_CHARACTERS

SAME = "Self"  # the type of the object that the method was called on

_ARROW = re.compile(r"->\s*(?P<type>[^-]+)$")
_PLAIN = re.compile(r"[\"']?(?P<name>[\w$.]+)\s*(?P<inside>[<\[].*[>\]])?[\"']?", re.DOTALL)
_FOR_SELF = re.compile(r"\(\s*(?:self|cls)\s*:\s*(?:type\[)?(\w+)")
_GIVES_PARTS = frozenset({"AsyncIterator", "AsyncGenerator", "AsyncIterable"})


class WrittenResult(NamedTuple):
    """The name of a type as it is written, `SAME` included; `later`: it has to be waited for."""

    name: str
    later: bool = False


def written_result(head: str, kind: str) -> WrittenResult | None:
    """The result of a function with a signature on one line, in an outline of a `kind`; None if unknown.

    >>> written_result("async def get(self, url: str) -> Response", "python")
    WrittenResult(name='Response', later=True)
    >>> written_result("get<T>(url: (a: string) => void): Promise<Answer<T>>", "node")
    WrittenResult(name='Answer', later=True)
    """
    if len(head) >= HEAD_CHARACTERS:  # the end is cut off
        return None
    return _of_python(head) if kind == "python" else _of_script(head)


def _of_python(head: str) -> WrittenResult | None:
    found = _ARROW.search(head)
    plain = _PLAIN.fullmatch(found["type"].strip()) if found else None
    if plain is None:
        return None
    name = plain["name"]
    later = head.startswith("async ")
    if later and name.rpartition(".")[2] in _GIVES_PARTS:
        return None
    own = _FOR_SELF.search(head)
    return WrittenResult(SAME if own is not None and own[1] == name else name, later)


def _of_script(head: str) -> WrittenResult | None:
    opened = head.find("(")
    closed = _closing(head, opened)
    rest = head[closed + 1 :].strip() if opened >= 0 and closed > 0 else ""
    plain = _PLAIN.fullmatch(rest[1:].strip()) if rest.startswith(":") else None
    if plain is None:
        return None
    if plain["name"] == "Promise":
        inner = _PLAIN.fullmatch((plain["inside"] or "<>")[1:-1].strip())
        return WrittenResult(_same(inner["name"]), True) if inner is not None else None
    return WrittenResult(_same(plain["name"]))


def _same(name: str) -> str:
    return SAME if name == "this" else name


def _closing(text: str, opened: int) -> int:
    """Where a bracket closes; -1 if it does not."""
    depth = 0
    for at in range(max(opened, 0), len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    return -1
