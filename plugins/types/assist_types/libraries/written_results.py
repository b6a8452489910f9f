"""The results in a signature, and the values in a declaration: the type as it is written."""

import re
from typing import NamedTuple

from assist_context.code.trees.fragments import split_outside
from assist_types.libraries.module_outline import HEAD_CHARACTERS
from assist_types.types.expressions import closing

_PARAMETERS = re.compile(r"^[^(<\[]*[<\[](?P<inside>[^(]*?)[>\]]")
SAME = "Self"  # the type of the object that the method was called on

_ARROW = re.compile(r"->\s*(?P<type>[^-]+)$")
_FOR_SELF = re.compile(r"\(\s*(?:self|cls)\s*:\s*(?:type\[)?(\w+)")
_GIVES_PARTS = re.compile(r"(?:\w+\.)*Async(?:Iterator|Generator|Iterable)\b")
_DECLARED = re.compile(r"[^:=(]*(?:\(\))?:\s*(?P<type>.+)", re.DOTALL)


class WrittenResult(NamedTuple):
    """A type as it is written, `SAME` included; `later`: it has to be waited for."""

    text: str
    later: bool = False


def written_result(head: str, kind: str) -> WrittenResult | None:
    """The result of a function with a signature on one line, in an outline of a `kind`; None if unknown.

    >>> written_result("async def get(self, url: str) -> Response | None", "python")
    WrittenResult(text='Response | None', later=True)
    >>> written_result("get<T>(url: (a: string) => void): Promise<Answer<T>>", "node")
    WrittenResult(text='Promise<Answer<T>>', later=False)
    """
    if len(head) >= HEAD_CHARACTERS:  # the end is cut off
        return None
    return _of_python(head) if kind == "python" else _of_script(head)


def declared_type(head: str) -> str:
    """The type that the declaration of a value says, "" if it says none.

    >>> declared_type("url: str | None"), declared_type("readonly a?: B<C>"), declared_type("a = b ? c : d")
    ('str | None', 'B<C>', '')
    """
    found = _DECLARED.match(head) if len(head) < HEAD_CHARACTERS else None
    return split_outside(found["type"], "=;")[0] if found is not None and "=>" not in head else ""


def type_parameters(head: str) -> frozenset[str]:
    """The words in brackets after the name of a function or a class: its type parameters and their bounds.

    >>> sorted(type_parameters("parse<T extends Kind>(data: A<B>): T"))
    ['Kind', 'T', 'extends']
    """
    found = _PARAMETERS.match(head)
    return frozenset(re.findall(r"\w+", found["inside"])) if found is not None else frozenset()


def _of_python(head: str) -> WrittenResult | None:
    found = _ARROW.search(head)
    if found is None:
        return None
    text = found["type"].strip()
    later = head.startswith("async ") and _GIVES_PARTS.match(text) is None
    own = _FOR_SELF.search(head)
    return WrittenResult(SAME if own is not None and own[1] == text else text, later)


def _of_script(head: str) -> WrittenResult | None:
    opened = head.find("(")
    closed = closing(head, opened) if opened >= 0 else -1
    rest = head[closed + 1 :].strip() if closed > 0 else ""
    return WrittenResult(rest[1:].strip()) if rest.startswith(":") else None
