"""What the texts and numbers of code are when it runs, however they are written."""

import re
from collections.abc import Iterator

import tree_sitter

from assist_context.syntax.scopes.logic.node_kinds import KINDS
from assist_context.syntax.scopes.parsed_text import node_text

# What is put into a text: `{name!r}`, `{}`, `%5.2f`, `%s`.
PLACES = re.compile(r"\{[^{}]*\}|%(?:\(\w+\))?[-+#0-9. ]*[a-zA-Z]")
_QUOTED = re.compile(r"[a-zA-Z]*(#*)(\"{3}|'{3}|[\"'`])(.*)\2\1", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.|\n)")


def string_pieces(node: tree_sitter.Node) -> Iterator[str | tree_sitter.Node]:
    """What a text consists of when the code runs, and the nodes that put a value into it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.type in KINDS["interpolations"]:
            yield part
        elif part.type in KINDS["strings"] and not any(
            child.type in KINDS["interpolations"] or child.type in KINDS["strings"]
            for child in part.named_children
        ):
            yield _content_of(node_text(part))
        elif part.child_count and part.type not in ("string_content", "string_fragment"):
            waiting += reversed(part.children)
        elif part.is_named and part.type not in ("string_start", "string_end"):
            yield _unescape(node_text(part))


def _content_of(text: str) -> str:
    """What a text of the code is when it runs.

    >>> _content_of('"a\\\\tb"'), _content_of("r'\\\\d'"), _content_of("`x`")
    ('a\\tb', '\\\\d', 'x')
    """
    prefix = re.match(r"[a-zA-Z]*", text)
    raw = prefix is not None and "r" in prefix[0].lower()
    found = _QUOTED.fullmatch(text)
    bare = found[3] if found else text
    return bare if raw else _unescape(bare)


def _unescape(text: str) -> str:
    """Escapes as the characters that they mean; unknown ones stay."""
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(found: re.Match[str]) -> str:
    letter = found[0][1:]
    if letter[0] in "xuU" and len(letter) > 1:
        return chr(min(int(letter[1:], 16), 0x10FFFF))
    if letter[0] in "01234567":
        return chr(int(letter, 8) % 0x110000)
    known = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
    return known.get(letter, letter if letter in "\\'\"`" else "" if letter == "\n" else found[0])


def plain_number(text: str) -> str:
    """A number as it is written most plainly.

    >>> plain_number("0x1F"), plain_number("1_000"), plain_number("2.50")
    ('31', '1000', '2.50')
    """
    try:
        return str(int(text.replace("_", ""), 0))
    except ValueError:
        return text.replace("_", "").lower()
