"""A document as it can be read at a cursor: without what is being written on the cursor's line.

A half-written line is an error of syntax, which hides what is written around it.
"""

import re
from dataclasses import dataclass, replace

from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor, Document

_HEADER = re.compile(
    r"(?P<word>if|elif|while)\b.*:|(?P<whole>(?:async|for|with|else|try|except|finally|def|class|match|case)\b.*:)"
)
_BRACE_HEAD = re.compile(r"(?P<before>(?:\}\s*)?(?:else\s+)?)(?:if|while|for|switch|match)\b")
_QUOTED = re.compile(r"""(["'`])(?:\\.|(?!\1).)*\1""")
_PAIRS = re.compile(r"\(\)|\[\]|\{\}")


@dataclass(frozen=True, eq=False, slots=True)
class ReadPlace:
    """A cursor in a text that can be read: `at` is the byte of its line's first character."""

    parsed: ParsedText
    at: int


def readable(document: Document, cursor: Cursor, near: ParsedText | None = None) -> ReadPlace:
    """The document without what is being written on the cursor's line, if that makes it readable.

    The tree of nearly the same text makes it faster.
    """
    lines = document.lines
    line = min(cursor.line, len(lines) - 1)
    body = lines[line].rstrip("\r\n")
    end = lines[line][len(body) :]
    indent = body[: len(body) - len(body.lstrip())]
    at = len("".join(lines[:line]).encode("utf-8", "replace")) + len(indent.encode())
    blocks = document.language.blocks
    first: ParsedText | None = None
    forms = (filler(body.strip(), blocks), filler("", blocks), body.strip(), block_head(body.strip(), blocks))
    for form in dict.fromkeys(forms):
        read = (*lines[:line], f"{indent}{form}{end}", *lines[line + 1 :])
        same = near is not None and near.document.lines == read  # only this line has changed
        tree = near if near is not None and same else ParsedText(replace(document, lines=read), near)
        first = first or tree
        near = tree
        if tree.root is None or not tree.root.has_error:
            return ReadPlace(tree, at)
    return ReadPlace(first or ParsedText(document), at)


def filler(line: str, blocks: str) -> str:
    """Return a text for a line, with what it opens and closes, so that the lines around it can be read.

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
    """Return what opens the block that a half-written line is the head of; the line itself if it is not one.

    >>> block_head("} else if (!this.", "brace"), block_head("x = self.", "brace")
    ('} else if (true) {', 'x = self.')
    """
    head = _BRACE_HEAD.match(line) if blocks == "brace" and not line.endswith("{") else None
    return f"{head['before']}if (true) {{" if head else line
