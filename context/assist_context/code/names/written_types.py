"""Names in a type annotation: `Optional[Node]` is a Node, `list[Node]` is not one. It knows no text."""

import re

# What is in these is the type itself; an attribute of it is one of what is inside.
_CLEAR = re.compile(
    r"""(?:\w+\.)*
    (?: Optional | Union | Annotated | ClassVar | Final | Type | type | Self  # Python
      | Readonly | Partial | Required | NonNullable                           # TypeScript
      | Box | Rc | Arc )                                                      # Rust
    \s*[\[<](?P<inside>.*)[\]>]\s*""",
    re.VERBOSE | re.DOTALL,
)
_BEFORE = re.compile(
    r"""[\s:&*?"']+ | '\w+\s  # references, pointers, quotes; lifetimes
    | (?:mut|dyn|impl|readonly|const|final|typeof|in|ref|struct|enum|union|class)\b  # words before a name
    """,
    re.VERBOSE,
)
_NAME = re.compile(r"(?:\w+(?:\.|::))*(\w+)\s*(?:<.*>|\[\w.*\])?[\s\"'&*?!;]*", re.DOTALL)
_NOTHING = frozenset(("None", "null", "undefined", "nil", "void"))
_MOST = 300  # characters; a longer type says too much


def written_types(text: str) -> tuple[str, ...]:
    """The last words of the names that a type may be; none for containers and functions.

    >>> written_types(": Optional[nodes.Node] | None"), written_types("[]Node"), written_types("&mut Node<T>")
    (('Node',), (), ('Node',))
    """
    if len(text) > _MOST:
        return ()
    names: list[str] = []
    for part in _parts(text):
        clean = part
        while (before := _BEFORE.match(clean)) is not None:
            clean = clean[before.end() :]
        if inside := _CLEAR.fullmatch(clean):
            names += written_types(inside["inside"])
        elif (name := _NAME.fullmatch(clean)) and name[1] not in _NOTHING:
            names.append(name[1])
    return tuple(names)


def _parts(text: str) -> list[str]:
    """The alternatives of a type: what `|` and commas outside of brackets divide."""
    parts = [""]
    depth = 0
    for character in text:
        depth += (character in "[<({") - (character in "]>)}")
        if character in "|," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
