"""Reads what is in brackets, in the syntax of most languages: literals, keys, values, groups in groups.

This module knows no names of secrets.
"""

import re
from dataclasses import dataclass, field

LITERAL = r"""
    (?P<prefix>[rbufLN@$]{0,2}|<<)(?P<q>\\?["'`])
    (?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){0,300}+)(?P=q)
"""
_TOKEN = re.compile(
    rf"""
      (?P<comment>(?://|\#(?=[ \t])|--[ ])[^\n]*)
    | {LITERAL}
    | (?P<open>[(\[{{])
    | (?P<close>[)\]}}])
    | (?P<pair>=>|->|:(?![:\w])|=(?!=)|\bto\b)
    | (?P<comma>[,;])
    | (?P<word>[\w.$@]+)
    | (?P<sign>[^\s\w])
    """,
    re.VERBOSE,
)
_MOST_TOKENS = 600  # of one group; a window holds about as many
_DEEPEST = 6


@dataclass(slots=True)
class Item:
    """One item of a group: a key, if it has one, and literals or groups in the order of the text."""

    key: str | None = None
    values: list["re.Match[str] | Group"] = field(default_factory=list)
    last: str = ""  # the text of the last literal or word, which is the key if a sign of a pair follows


@dataclass(slots=True)
class Group:
    """A pair of brackets and what is between them."""

    bracket: str
    items: list[Item] = field(default_factory=lambda: [Item()])
    end: int = 0

    def literals(self) -> list["re.Match[str]"]:
        """The literals that are items by themselves."""
        return [value for item in self.items for value in item.values if not isinstance(value, Group)]


def read_group(text: str, start: int) -> Group:
    """The group whose bracket opens at `start`, up to its end or the end of the text.

    >>> [item.key for item in read_group('{"a": "x", b: ["y"]}', 0).items]
    ['a', 'b']
    """
    top = Group(text[start])
    stack = [top]
    for count, token in enumerate(_TOKEN.finditer(text, start + 1)):
        top.end = token.end()
        if token["close"]:
            stack.pop().end = token.end()
        elif token["open"]:
            inner = Group(token["open"])
            stack[-1].items[-1].values.append(inner)
            stack.append(inner)
        else:
            _add(stack[-1], token)
        if count == _MOST_TOKENS or not 0 < len(stack) <= _DEEPEST:
            break
    return top


def _add(group: Group, token: re.Match[str]) -> None:
    """Put a literal, a word or a sign into the last item of a group."""
    item = group.items[-1]
    if token["q"]:
        item.values.append(token)
        item.last = token["value"]
    elif token["word"]:
        item.last = token["word"]
    elif token["pair"]:
        item.key = item.last
        if item.values and not isinstance(item.values[-1], Group):
            item.values.pop()
    elif token["comma"]:
        group.items.append(Item())
