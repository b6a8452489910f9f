"""Which accesses to members cannot be right at a cursor."""

import re
from collections.abc import Iterable
from dataclasses import replace

from assist_context.documents import Cursor, Document, MemberAccess
from assist_context.types.declarations import TypedText, is_narrowed, text_of
from assist_context.types.lookup import TypeLookup
from assist_context.types.object_types import ObjectType
from assist_context.types.readers import READERS
from assist_context.types.words import FAMILIES, words_of

# What is put in the place of the line that is being written, so that the lines around it can be read.
_FILLERS = {"python": "pass", "script": ";", "go": "", "rust": ""}


def refuted_accesses(
    lookup: TypeLookup, document: Document, cursor: Cursor, accesses: Iterable[MemberAccess]
) -> frozenset[MemberAccess]:
    """The accesses to members that the type of their receiver certainly does not have.

    A member that the file has elsewhere after the same expression counts as one that it has.
    """
    wanted = tuple(accesses)
    if not wanted or FAMILIES.get(document.language.name) not in READERS:
        return frozenset()
    text, at = readable(document, cursor)
    lookup.texts.begin(text)
    return frozenset(access for access in wanted if is_refuted(lookup, text, at, access))


def readable(document: Document, cursor: Cursor) -> tuple[TypedText, int]:
    """The document without what is being written on the cursor's line, if that makes it readable.

    With it comes the byte of that line's first character.
    """
    lines = document.lines
    line = min(cursor.line, len(lines) - 1)
    body = lines[line].rstrip("\r\n")
    indent = body[: len(body) - len(body.lstrip())]
    filler = _FILLERS[FAMILIES[document.language.name]]
    filled = f"{indent}{filler}{lines[line][len(body) :]}"
    text = text_of(document.path, replace(document, lines=(*lines[:line], filled, *lines[line + 1 :])))
    at = len("".join(lines[:line]).encode("utf-8", "replace")) + len(indent.encode())
    if text.root is not None and text.root.has_error:
        original = text_of(document.path, document, text)
        if original.root is not None and not original.root.has_error:
            return original, at
    return text, at


def is_refuted(lookup: TypeLookup, text: TypedText, at: int, access: MemberAccess) -> bool:
    """Whether the type of an access's receiver at a byte is known, and has no such member."""
    if words_of(text.family).members.fullmatch(access.member):
        return False
    members = lookup.members(receiver_types(lookup, text, at, access.receiver))
    if not members.whole or access.member in members.names:
        return False
    written = rf"(?<![\w.]){re.escape(access.receiver)}\s*[?!]*\.\s*{re.escape(access.member)}\b"
    return re.search(written, text.parsed.document.text) is None


def receiver_types(lookup: TypeLookup, text: TypedText, at: int, receiver: str) -> tuple[ObjectType, ...]:
    """What an expression before a dot may be; none if that is not known."""
    parts = receiver.split(".")
    fronts = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
    if any(is_narrowed(text, front, at) for front in fronts if front not in ("self", "this")):
        return ()
    return lookup.types_of(text, receiver, at)
