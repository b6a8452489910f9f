"""Patterns in shell commands: what a search program is given in quotes runs nothing, whatever its signs mean.

In `grep -E 'key|.env' src` no part of the pattern is a file. Quotes of other programs may hold commands, as
in `sh -c 'cat<.env'`, and are left as they are, as is a command that bash's grammar does not know.
"""

import re
from collections.abc import Iterator

import tree_sitter

from assist_context.code.trees import grammars

_SEPARATORS = b";&|<>()`\n"
_OTHERS = bytes(range(1, 9)) + b"\x0e"  # signs that no command has, and that separate nothing
_HIDE = bytes.maketrans(_SEPARATORS, _OTHERS)
_SHOW = str.maketrans(_OTHERS.decode(), _SEPARATORS.decode())
_FOREIGN = re.compile(rb"[\x01-\x08\x0e]")
_SEARCHES = frozenset((b"grep", b"egrep", b"fgrep", b"rg"))
_MAY_SEARCH = re.compile(rb"\b(?:[ef]?grep|rg)\b[^\n]*[\"']")
_PARSE_MICROSECONDS = 20_000  # 20,000 characters take 3 ms


def hide_separators(command: str) -> str:
    """The command with other signs in place of what would separate words within patterns.

    >>> show_separators(hide_separators("rg 'a|b' c | head").split("|")[0])
    "rg 'a|b' c "
    """
    data = command.encode("utf-8", "replace")
    if not _MAY_SEARCH.search(data) or _FOREIGN.search(data):
        return command
    tree = grammars.parse_tree("bash", data, _PARSE_MICROSECONDS)
    if tree is None or tree.root_node.has_error:
        return command
    for start, end in _patterns(tree.root_node):
        data = data[:start] + data[start:end].translate(_HIDE) + data[end:]
    return data.decode()


def show_separators(word: str) -> str:
    """A word of such a command as it was written."""
    return word.translate(_SHOW)


def _patterns(root: tree_sitter.Node) -> Iterator[tuple[int, int]]:
    """Where the arguments of searches are that are in quotes and in which nothing is substituted."""
    left = [root]
    while left:
        node = left.pop()
        left += node.named_children
        if node.type == "command" and _is_search(node):
            for argument in node.children_by_field_name("argument"):
                parts = {part.type for part in argument.named_children}
                if argument.type == "raw_string" or (
                    argument.type == "string" and parts <= {"string_content"}
                ):
                    yield argument.start_byte, argument.end_byte


def _is_search(command: tree_sitter.Node) -> bool:
    name = command.child_by_field_name("name")
    first = command.child_by_field_name("argument")
    word = name.text if name is not None else None
    return word in _SEARCHES or (word == b"git" and first is not None and first.text == b"grep")
