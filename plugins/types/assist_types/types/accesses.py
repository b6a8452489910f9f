"""The accesses to members that cannot be right at a cursor."""

import re
from collections.abc import Iterable
from dataclasses import replace

from assist_context.documents import MemberAccess
from assist_types.types.declarations import TypedText, function_text, is_narrowed
from assist_types.types.instance_checks import checked_classes
from assist_types.types.lookup import TypeLookup
from assist_types.types.object_types import ObjectType, instance_of
from assist_types.types.readers import READERS
from assist_types.types.words import words_of

_OWN = ("self", "this", "cls")


def refuted_accesses(
    lookup: TypeLookup, text: TypedText, at: int, accesses: Iterable[MemberAccess]
) -> frozenset[MemberAccess]:
    """Find the accesses at a byte to members that the type of their receiver certainly does not have.

    A member that the file has elsewhere after the same expression counts as its own.
    """
    if text.family not in READERS:
        return frozenset()
    return frozenset(
        replace(access, owner=" or ".join(lookup.names_of(receiver_types(lookup, text, at, access.receiver))))
        for access in accesses
        if is_refuted(lookup, text, at, access)
    )


def is_refuted(lookup: TypeLookup, text: TypedText, at: int, access: MemberAccess) -> bool:
    """Say whether the type of an access's receiver at a byte is known, and has no such member."""
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
    """Return the types that an expression before a dot may have; none if they are not known."""
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
