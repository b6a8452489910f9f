"""Secrets in tables: columns of an INSERT, a CSV file or a Markdown table, and the data of a Secret.

This module knows where a table names its columns, which may be far above a row: it reads a whole text. Which
values can be a secret is in `secret_values`.
"""

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterator

from assist_escalation.redaction.findings import Check, Finding
from assist_escalation.redaction.rule_tables import read_words
from assist_escalation.redaction.secret_names import meaning, parts
from assist_escalation.redaction.secret_values import is_example, is_placeholder, is_structured

_INSERT = re.compile(
    r"insert\s+into\s+\S{1,80}\s*\((?P<names>[^()]{1,400})\)\s*values\s*(?P<rows>\([^;]{1,200000})",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"""
      [Nn]?(?P<q>['"])(?P<v>(?:(?!(?P=q))[^\\]|\\[\s\S]|(?P=q)(?P=q))*+)(?:(?P=q)|\\?\Z)   # a literal
    | \w{1,40}\([^()]{0,80}\)                                               # a call
    | [^,()'"\s]+                                                           # a number, NULL
    | (?P<next>\)\s*,\s*\()                                                 # the next row
    """,
    re.VERBOSE,
)
(_OWNERS,) = read_words(__package__, "tables.toml", "owners")
_WORD = re.compile(r"pass|pw|secret|clave|senha|mdp|api_?key|token")
_LONGEST = 300  # characters of a header
_CELL = re.compile(r"[\w][\w .@/()-]{0,30}\Z")
_RULE = re.compile(r"[\s|:+=-]+\Z")
_AROUND = " \t\r\"'`*"  # characters that may be around the text of a cell
_KIND = re.compile(r"\bkind[\"']?\s{0,3}:\s{0,3}[\"']?Secret\b")
_NEAR = 4_096  # characters between the kind of a Secret and its data
_DATA = re.compile(r"\b(?:data|stringData)[\"']?\s{0,3}:\s{0,3}(?:\{|\r?\n)")
_PAIR = re.compile(
    r"""
    [\s,{]{0,40}["']?[\w.-]{1,80}["']?[ \t]*:[ \t]*   # the name
    ["']?(?P<v>[A-Za-z0-9+/]{6,2000}={0,2})["']?      # the value in base64
    (?=[\s,}]|\Z)
    """,
    re.VERBOSE,
)


def find_in_tables(text: str, check: Check, *, code: bool) -> Iterator[Finding]:
    """Every secret in a column with the name of one. `code`: a line with commas may be no table.

    >>> text = "user,password\\nbob,juventus\\n"
    >>> [text[finding.start : finding.end] for finding in find_in_tables(text, lambda: None, code=False)]
    ['juventus']
    """
    lower = text.replace("\u0130", "i").lower()  # as long as the text: no other letter grows
    if "insert" in lower:
        yield from _find_in_inserts(text, check)
    if "kind" in text and "secret" in lower and "data" in lower:
        yield from _find_in_kubernetes_secrets(text)
    if not code or "\n|" in text or text.startswith("|"):
        yield from _find_in_columns(text, lower, check, code=code)


def _find_in_inserts(text: str, check: Check) -> Iterator[Finding]:
    for match in _INSERT.finditer(text):
        secret = {index for index, name in enumerate(match["names"].split(",")) if _is_column(name)}
        index = 0
        for item in _ROW.finditer(text, *match.span("rows")) if secret else ():
            if item["next"]:
                check()
                index = 0
                continue
            if index in secret and item["v"] and len(item["v"]) >= 4 and not is_placeholder(item["v"]):
                yield Finding(*item.span("v"), "PASSWORD")
            index += 1


def _is_column(name: str) -> bool:
    means = meaning(name.strip(" \t\r\n`\"'[]"))
    return means is not None and means.strength != "weak"


def _find_in_columns(text: str, lower: str, check: Check, *, code: bool) -> Iterator[Finding]:
    end = -1
    for word in _WORD.finditer(lower):
        if word.start() <= end:
            continue
        start = text.rfind("\n", 0, word.start()) + 1
        end = text.find("\n", word.end())
        if end < 0:
            return
        header = text[start:end]
        if len(header) > _LONGEST or (code and not header.startswith("|")):
            continue
        sign = next((sign for sign in ("|", "\t", ";", ",") if sign in header), "")
        names = [name.strip(_AROUND) for name in header.split(sign)] if sign else []
        columns = _columns(names)
        for place, cells in _rows(text, end + 1, sign, len(names)) if columns else ():
            check()
            end = place
            yield from _find_in_cells(cells, columns, place, sign)


def _columns(names: list[str]) -> list[int]:
    """The columns of a header that have the name of a secret; none if it is not a header."""
    full = [name for name in names if name]
    if len(full) < 2 or not all(map(_CELL.match, full)) or _OWNERS.isdisjoint(parts(" ".join(full))):
        return []
    return [
        index for index, name in enumerate(names) if (means := meaning(name)) and means.strength != "weak"
    ]


def _rows(text: str, place: int, sign: str, count: int) -> Iterator[tuple[int, list[str]]]:
    """Find where each row of a table with `count` columns begins, and its cells.

    One other line between two rows does not end the table: it may be the line being typed.
    """
    other = True
    while True:
        end = text.find("\n", place)
        line = text[place : end if end >= 0 else len(text)]
        cells = line.split(sign)
        if len(cells) == count:
            other = False
            if not _RULE.match(line):
                yield place, cells
        elif other:
            return
        else:
            other = True
        if end < 0:
            return
        place = end + 1


def _find_in_cells(cells: list[str], columns: list[int], start: int, sign: str) -> Iterator[Finding]:
    for index in columns:
        cell = cells[index]
        value = cell.strip(_AROUND)
        low = start + sum(len(before) + 1 for before in cells[:index]) + cell.find(value)
        plain = " " in value or (sign == "|" and not is_structured(value) and "`" not in cell)
        if len(value) >= 4 and not plain and not is_example(value):
            yield Finding(low, low + len(value), "PASSWORD")


def _find_in_kubernetes_secrets(text: str) -> Iterator[Finding]:
    """The values of a Kubernetes Secret, which are in base64."""
    kinds = [match.start() for match in _KIND.finditer(text)]
    for data in _DATA.finditer(text) if kinds else ():
        near = bisect_left(kinds, data.start() - _NEAR)
        if near == len(kinds) or kinds[near] > data.end() + _NEAR:
            continue
        place = data.end() - 1
        while pair := _PAIR.match(text, place):
            if _is_base64(pair["v"]):
                yield Finding(*pair.span("v"), "SECRET")
            place = pair.end()


def _is_base64(value: str) -> bool:
    try:
        return bool(base64.b64decode(value, validate=True).decode())
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return False
