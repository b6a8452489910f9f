"""Which accesses to members cannot be right at a cursor."""

import re
from collections.abc import Iterable
from dataclasses import replace

from assist_context.documents import Cursor, Document, MemberAccess
from assist_context.types.declarations import TypedText, function_text, is_narrowed, text_of
from assist_context.types.instance_checks import checked_classes
from assist_context.types.lookup import TypeLookup
from assist_context.types.object_types import ObjectType, instance_of
from assist_context.types.readers import READERS
from assist_context.types.words import FAMILIES, words_of

_OWN = ("self", "this", "cls")
_HEADER = re.compile(
    r"(?P<word>if|elif|while)\b.*:|(?P<whole>(?:async|for|with|else|try|except|finally|def|class|match|case)\b.*:)"
)
_BRACE_HEAD = re.compile(r"(?P<before>(?:\}\s*)?(?:else\s+)?)(?:if|while|for|switch|match)\b")
_QUOTED = re.compile(r"""(["'`])(?:\\.|(?!\1).)*\1""")
_PAIRS = re.compile(r"\(\)|\[\]|\{\}")


def refuted_accesses(
    lookup: TypeLookup, document: Document, cursor: Cursor, accesses: Iterable[MemberAccess]
) -> frozenset[MemberAccess]:
    """The accesses to members that the type of their receiver certainly does not have.

    A member that the file has elsewhere after the same expression counts as one that it has.
    """
    wanted = tuple(accesses)
    if not wanted or FAMILIES.get(document.language.name) not in READERS:
        return frozenset()
    text, at = begin_at(lookup, document, cursor)
    return frozenset(
        replace(access, owner=" or ".join(lookup.names_of(receiver_types(lookup, text, at, access.receiver))))
        for access in wanted
        if is_refuted(lookup, text, at, access)
    )


def begin_at(lookup: TypeLookup, document: Document, cursor: Cursor) -> tuple[TypedText, int]:
    """Begin a request at a cursor: what is `readable` there is now the document's text."""
    text, at = readable(document, cursor, lookup.texts.last(document.path))
    lookup.texts.begin(text)
    return text, at


def readable(document: Document, cursor: Cursor, near: TypedText | None = None) -> tuple[TypedText, int]:
    """The document without what is being written on the cursor's line, if that makes it readable.

    With it comes the byte of that line's first character. The tree of nearly the same text makes it faster.
    """
    lines = document.lines
    line = min(cursor.line, len(lines) - 1)
    body = lines[line].rstrip("\r\n")
    end = lines[line][len(body) :]
    indent = body[: len(body) - len(body.lstrip())]
    at = len("".join(lines[:line]).encode("utf-8", "replace")) + len(indent.encode())
    blocks = document.language.blocks
    first: TypedText | None = None
    forms = (filler(body.strip(), blocks), filler("", blocks), body.strip(), block_head(body.strip(), blocks))
    for written in dict.fromkeys(forms):
        read = (*lines[:line], f"{indent}{written}{end}", *lines[line + 1 :])
        same = near is not None and near.parsed.document.lines == read  # only this line has changed
        text = (
            near if near is not None and same else text_of(document.path, replace(document, lines=read), near)
        )
        first = first or text
        near = text
        if text.root is None or not text.root.has_error:
            return text, at
    return first or text_of(document.path, document), at


def filler(line: str, blocks: str) -> str:
    """What is put in the place of a line so that the lines around it can be read: what it opens and closes.

    >>> filler("if self.cart:", "indent"), filler("x = self.", "indent"), filler("} else if (x.y) {", "brace")
    ('if 1:', 'pass', '}{')
    """
    if blocks == "indent" and (header := _HEADER.fullmatch(line)) is not None:
        return header["whole"] or f"{header['word']} 1:"
    brackets = re.sub(r"[^()\[\]{}]", "", _QUOTED.sub("", line))
    while brackets != (brackets := _PAIRS.sub("", brackets)):
        pass
    return brackets or ("pass" if blocks == "indent" else ";")


def block_head(line: str, blocks: str) -> str:
    """What opens the block that a half-written line is the head of; the line itself if it is none.

    >>> block_head("} else if (!this.", "brace"), block_head("x = self.", "brace")
    ('} else if (true) {', 'x = self.')
    """
    head = _BRACE_HEAD.match(line) if blocks == "brace" and not line.endswith("{") else None
    return f"{head['before']}if (true) {{" if head else line


def is_refuted(lookup: TypeLookup, text: TypedText, at: int, access: MemberAccess) -> bool:
    """Whether the type of an access's receiver at a byte is known, and has no such member."""
    if words_of(text.family).members.fullmatch(access.member):
        return False
    members = lookup.members(receiver_types(lookup, text, at, access.receiver))
    if not members.whole or access.member in members.names:
        return False
    if access.receiver in _OWN:  # those of its class are among the names
        return True
    written = rf"(?<![\w.]){re.escape(access.receiver)}\s*[?!]*\.\s*{re.escape(access.member)}\b"
    return re.search(written, text.parsed.document.text) is None


def receiver_types(lookup: TypeLookup, text: TypedText, at: int, receiver: str) -> tuple[ObjectType, ...]:
    """What an expression before a dot may be; none if that is not known."""
    found = lookup.types_of(text, receiver, at)
    parts = receiver.split(".")
    fronts = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    code = function_text(text, at)
    if parts[0] in _OWN and re.search(rf"\b(?:hasattr|isinstance|issubclass)\(\s*{parts[0]}\s*,", code):
        return ()
    narrowed = [front for front in fronts if front not in _OWN and is_narrowed(text, front, code)]
    if not narrowed:
        return found
    asked, certain = checked_classes(text, receiver, at) if narrowed == [receiver] else ((), False)
    classes = [[instance_of(kind) for kind in lookup.types_of(text, name, at)] for name in asked]
    checked = tuple(kind for of_name in classes for kinds in of_name for kind in kinds)
    all_known = all(of_name and all(of_name) for of_name in classes)
    return (*found, *checked) if classes and all_known and (found or certain) else ()
