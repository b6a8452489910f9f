"""Where string literals stand that a language joins, so that a secret in pieces is seen whole.

It finds what stands between the literals, and knows no secret.
"""

import re
from collections.abc import Iterator

# "a" "b"; "a" + "b"; "a" \ "b"; also over a line's end, in a diff and behind a comment's sign. A
# continued line in a string or a shell command is "\" and a line's end.
_OPERATOR = r"(?:\+|\.\.?|&|\|\||<>)?"
_JOIN = re.compile(
    r"""(?P<q>["'`])(?:(?<=\w.)(?P=q)(?=\w)|(?!(?P=q))[ \t]{0,80}+"""
    + _OPERATOR
    + r"""[ \t]{0,80}+(?:[\\`_]?\r?\n[ \t]{0,80}+[+-]?[ \t]{0,80}+)?"""
    + _OPERATOR
    + r"""[ \t]{0,80}+[rbufLN@$]{0,2}(?P=q))|\\\r?\n[ \t]{0,80}+"""
)
# ["a", "b"].join(""), "".join(["a", "b"]), concat("a", "b")
_ITEM = r"""[ \t\r\n]{0,40}+[rbuf]?(?:"[^"\\\n]{0,200}+"|'[^'\\\n]{0,200}+')[ \t\r\n]{0,40}+"""
_LIST = re.compile(
    rf"""(?:(?:\"\"|'')\.join\([\[(]|\bconcat!?\(|[\[(])(?P<items>{_ITEM}(?:,{_ITEM}){{1,20}}+),?"""
    r"""[ \t]{0,9}[\])](?P<joined>[ \t]{0,9}\.join\((?:\"\"|'')\))?"""
)
_COMMA = re.compile(r"""["'][ \t\r\n]{0,40}+,[ \t\r\n]{0,40}+[rbuf]?["']""")


def joints(text: str) -> Iterator[re.Match[str]]:
    """What stands between two literals that follow each other.

    >>> [each[0] for each in joints('a = "x" + "y"')]
    ['" + "']
    """
    return _JOIN.finditer(text)


def commas(text: str) -> Iterator[re.Match[str]]:
    """What stands between the literals of a list that a program joins.

    >>> [each[0] for each in commas("['x', 'y'].join('')")]
    ["', '"]
    """
    if "join" not in text and "concat" not in text:
        return
    for match in _LIST.finditer(text):
        if match["joined"] or match[0].startswith(("'", '"', "concat")):
            yield from _COMMA.finditer(text, *match.span("items"))
