"""The parts of an expression and of a written type, read from their text alone.

An expression is a name or a literal, and what follows it: members, calls, subscripts. A written type is the
names that it may be, with their arguments. Whatever is more than that is unknown. It knows no file.
"""

import re
from dataclasses import dataclass
from typing import Literal

from assist_context.code.trees.fragments import split_outside

MOST = 400  # characters; longer ones are unknown

PartKind = Literal["name", "member", "call", "item", "made", "literal", "new", "await", "type"]


@dataclass(frozen=True, slots=True)
class ExpressionPart:
    """One part of an expression; `text` is the name, of a literal its type, of a `type` what is written.

    Of an item it is ":" if it is a slice.
    """

    kind: PartKind
    text: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """One of the types that a written type may be: a dotted name, and the texts of its arguments.

    `name` is "[]" for an array and "{}" for a map: `arguments` are what is in it, and its own class if known.
    """

    name: str
    arguments: tuple[str, ...] = ()


_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]*|#\w+")
_PREFIX = re.compile(r"await\s+|new\s+|&mut\s+|&|\*")
_MEMBER = re.compile(r"\s*(?:!?\.|\?\.|->|::)\s*(#?[^\W\d][\w$]*)")
_CAST = re.compile(r"(.+?)\s+(?:as|satisfies)\s+([\w.$]+(?:\s*\|\s*\w+)*)", re.DOTALL)
_LITERALS = (
    (re.compile(r"[rbuRBU]{0,2}[fF]?[rR]?(?:\"|')"), "str"),
    (re.compile(r"`"), "str"),
)
_FOLLOWING: dict[str, PartKind] = {"(": "call", "[": "item"}


def parts_of(text: str) -> tuple[ExpressionPart, ...]:
    """The parts of an expression, none if it is more than names, members, calls and subscripts.

    >>> [(step.kind, step.text) for step in parts_of("self.cart.find(a, b)[0].name")]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('name', 'self'), ('member', 'cart'), ('member', 'find'), ('call', ''), ('item', ''), ('member', 'name')]
    >>> parts_of("a + b.c"), [step.kind for step in parts_of("await new Cart(x)")]
    ((), ['name', 'new', 'await'])
    """
    text = text.strip()
    if not text or len(text) > MOST:
        return ()
    if (word := _PREFIX.match(text)) is not None:
        rest = text[word.end() :]
        if word[0].startswith("new"):
            return _new(rest)
        inner = parts_of(rest)
        return (*inner, ExpressionPart("await")) if inner and word[0].startswith("await") else inner
    if text[0] == "(":
        end = closing(text, 0)
        inner = parts_of(text[1:end]) if end > 0 else ()
        return _rest(text, end + 1, inner) if inner else ()
    return _one_name(text)


def _one_name(text: str) -> tuple[ExpressionPart, ...]:
    """The parts of an expression that begins with a name, of a literal, or of a cast."""
    if (cast := _CAST.fullmatch(text)) is not None:
        return (ExpressionPart("type", cast[2]),)
    first = _NAME.match(text)
    literal = next((kind for form, kind in _LITERALS if form.match(text)), "")
    if literal and _is_one_string(text):
        return (ExpressionPart("literal", literal),)
    if text[0] in "[{" and closing(text, 0) == len(text) - 1:
        return (ExpressionPart("literal", "list" if text[0] == "[" else _braces(text[1:-1])),)
    return (
        _rest(text, first.end(), (ExpressionPart("name", first[0]),))
        if first is not None and not literal
        else ()
    )


def _braces(inside: str) -> str:
    """Name the type that braces make: a dictionary or a set."""
    first = split_outside(inside, ",")[0]
    return "dict" if not first or first.startswith("**") or len(split_outside(first, ":")) > 1 else "set"


def _is_one_string(text: str) -> bool:
    quote = text.lstrip("rbufRBUF")[:1]
    inside = text.lstrip("rbufRBUF")[1:-1]
    return text[-1] == quote and quote not in inside.replace(f"\\{quote}", "")


def _new(text: str) -> tuple[ExpressionPart, ...]:
    """`new a.B<C>(d).e`"""
    at = 0
    found: list[ExpressionPart] = []
    while (name := (_MEMBER if found else _NAME).match(text, at)) is not None:
        found.append(ExpressionPart("member" if found else "name", name[1] if found else name[0]))
        at = name.end()
    at = _past_generic(text, at)
    if at < len(text) and text[at] == "(":
        at = closing(text, at) + 1
        if not at:
            return ()
    elif at < len(text):
        return ()
    return _rest(text, at, (*found, ExpressionPart("new"))) if found else ()


def _rest(text: str, at: int, found: tuple[ExpressionPart, ...]) -> tuple[ExpressionPart, ...]:
    """The parts from a place on; none at all if one of them is unknown."""
    steps = list(found)
    while at < len(text):
        if text[at] in "!?" and (at + 1 == len(text) or text[at + 1] in ".[)!?"):
            at += 1 + (text[at + 1 : at + 3] in (".[", ".("))
            continue
        if (member := _MEMBER.match(text, at)) is not None:
            awaited = member[1] == "await"
            steps.append(ExpressionPart("await") if awaited else ExpressionPart("member", member[1]))
            at = member.end()
            continue
        start = _past_generic(text, at)
        opener = text[start : start + 1]
        space = re.match(r"\s*\{", text[at:])
        if opener in ("(", "[") or space is not None:
            start = at + space.end() - 1 if space is not None else start
            end = closing(text, start)
            if end < 0:
                return ()
            is_slice = opener == "[" and len(split_outside(text[start + 1 : end], ":")) > 1
            steps.append(ExpressionPart(_FOLLOWING.get(opener, "made"), ":" if is_slice else ""))
            at = end + 1
        else:
            return () if text[at:].strip() else tuple(steps)
    return tuple(steps)


def _past_generic(text: str, at: int) -> int:
    """Find a call's bracket, if type arguments come before it."""
    if text[at : at + 1] != "<":
        return at
    end = closing(text, at)
    return end + 1 if end > 0 and text[end + 1 : end + 2] == "(" else at


def closing(text: str, at: int) -> int:
    """Find where the bracket at a place closes; -1 if it does not."""
    depth = 0
    quote = ""
    opener = text[at]
    while at < len(text):
        character = text[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'`" and not (character == "'" and _is_lifetime(text, at, opener)):
            quote = character
        elif character in "([{" or (character == "<" and opener == "<"):
            depth += 1
        elif character in ")]}" or (character == ">" and opener == "<" and text[at - 1] != "="):
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1


def _is_lifetime(text: str, at: int, opener: str) -> bool:
    """Say whether a quote begins the name of a lifetime of Rust."""
    before = text[:at].rstrip()[-1:]
    starts = ("&", "<", ",", "+") if opener == "<" else ("&", "<")
    return before in starts and re.match(r"'\w+\b(?!')", text[at:]) is not None
