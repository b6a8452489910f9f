"""Columns as an editor counts them, and as Python does.

An editor counts UTF-8, UTF-16 or UTF-32 units; Python counts characters. It knows single lines only.
"""

from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


def to_column(line: str, units: int, encoding: Encoding) -> int:
    """The character index for a count of units.

    A count that ends inside a character gives its start; one beyond the line gives the line's end.

    >>> to_column("a😀b", 3, "utf-16"), to_column("a😀b", 2, "utf-16"), to_column("ab", 9, "utf-8")
    (2, 1, 2)
    """
    line = line.rstrip("\r\n")
    if units <= 0:
        return 0
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    try:
        data = line.encode(_codec(encoding))[: units * _WIDTH[encoding]]
    except UnicodeEncodeError:  # a lone surrogate, which JSON can contain
        return _count(line, units, encoding)
    return len(data.decode(_codec(encoding), "ignore"))


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """The count of units before a character index.

    >>> to_units("a😀b", 2, "utf-16"), to_units("a😀b", 2, "utf-8")
    (3, 5)
    """
    head = line[:column]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    return len(head.encode(_codec(encoding), "surrogatepass")) // _WIDTH[encoding]


def _count(line: str, units: int, encoding: Encoding) -> int:
    for column in range(len(line)):
        units -= to_units(line[column], 1, encoding)
        if units < 0:
            return column
    return len(line)


def _codec(encoding: Encoding) -> str:
    return encoding if encoding == "utf-8" else f"{encoding}-le"
