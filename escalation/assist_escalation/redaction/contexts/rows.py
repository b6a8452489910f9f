"""Values in rows under names: `(("user", "password"), [("bob", "...")])`, `[InlineData("bob", "...")]`.

The name is one of several in brackets, as in the parameters of a test or the fields of a structure. A row
has as many items; the one at the name's position is the secret. A parallel assignment is such a row as well:
`user, password = "root", "..."`.
"""

import re
from collections.abc import Iterable, Iterator

from assist_escalation.redaction.contexts.named_places import NamedPlace, findings_in_context
from assist_escalation.redaction.contexts.secret_groups import Group, Item, read_group
from assist_escalation.redaction.findings import Finding

_AROUND = 240  # characters of a list of names on each side of a name
_ROWS = 40  # rows under one list
_BEFORE = 900  # characters before a function in which its rows are
_OPEN = "([{"
_CLOSE = ")]}"
_BRACKETS = re.compile(r"[()\[\]{}|]")
_FIELD = re.compile(r"[,;\n]")
_NOT_NAMES = re.compile(r"[=+<>]{2}|\breturn\b|\?|\bif\b|\bfor\b")
_ROWS_FOLLOW = re.compile(
    r"""
    [ \t]{0,4}
    (?:
        [,)]{0,2}[ \t\r\n]{0,40}(?=[(\[{])                      # ("a", "b"), [ or (  and Go's struct {...}{
      | [ \t]{0,4}\w{0,40}(?:\[\w{0,4}\])?[ \t]{0,4}=?[ \t\r\n]{0,9}(?=\{)   # C: struct {...} logins[] = {
      | \)?[ ](?:do|=>|->|<-|in|of)[ \t\r\n]{0,40}(?=\[)         # Ruby: where(:a, :b) do [
    )
    """,
    re.VERBOSE,
)
_SINGLE = re.compile(r"""["'],[ ]?(?=\[)""")  # parametrize("password", ["...", "..."])
_GIVES_ROWS = re.compile(r"""\b(?:parametri[sz]e|each|with_data|Values|cases|argvalues)\(?[ ]?["':]\Z""")
_SIBLING = re.compile(r"[ \t]{0,4},[ \t\r\n]{0,60}(?=[(\[{])")
_ROW_HEAD = re.compile(
    r"""
    \b(?:InlineData|TestCase|DataRow|Arguments|Values?|case|test_case|CsvSource|TestWith|Row|row|each|with_data
      |DataProvider|Params|parameters|testing|param|data)
    (?:\.each)?[ ]?(?=[(\[{])
  | \barguments:[ ]?(?=\[)            # Swift
    """,
    re.VERBOSE,
)
_PARAMETER = re.compile(r"(?:[\w@#&:*<>?\[\]().$ -]{1,60}|[rbu:]?(?P<q>[\"'])[\w.-]{1,40}(?P=q))\Z")
_CELLS = re.compile(r"[ \t]*\|{1,2}[ \t]*")
_QUOTED = re.compile(r"""(?P<q>["'])(?P<value>[^"'\n]{4,100})(?P=q)\Z""")


def find_in_rows(place: NamedPlace) -> Iterator[Finding]:
    """The values in rows at the position that the name of `place` has in its list of names."""
    if place.meaning.strength == "weak":
        return
    if place.text[place.end : place.end + 12].lstrip(" ").startswith("|") or _skip_bar(place):
        yield from _find_cells(place)
        return
    single = _SINGLE.match(place.text, place.end)
    if single and _GIVES_ROWS.search(place.text, max(0, place.start - 40), place.start):
        for literal in read_group(place.text, single.end()).literals():
            yield from findings_in_context(place, *literal.span("value"))
        return
    header = _header(place)
    if header is None:
        return
    start, end, index, count = header
    for row in (*_rows_after(place.text, end), *_rows_before(place.text, start)):
        if isinstance(row, re.Match):
            yield from _find_in_csv_row(place, row, index, count)
            continue
        items = _list_items(row)
        if len(items) != count or any(item.key is not None for item in items) or not items[index].values:
            continue
        value = items[index].values[0]
        if not isinstance(value, Group):
            yield from findings_in_context(place, *value.span("value"))


def _header(place: NamedPlace) -> tuple[int, int, int, int] | None:
    """Find where the list of names opens and closes, the name's position, and how many names it has."""
    text = place.text
    after = _BRACKETS.finditer(text, place.end, place.end + _AROUND)
    end = _bracket(after, _CLOSE, _OPEN)
    before = list(_BRACKETS.finditer(text, max(0, place.start - _AROUND), place.start))
    start = _bracket(reversed(before), _OPEN, _CLOSE) if end is not None else None
    if start is None or end is None or text[start] + text[end] not in ("()", "[]", "{}", "||"):
        return None
    inside = text[start + 1 : end]
    if _NOT_NAMES.search(inside):
        return None
    pieces = list[tuple[int, str]]()
    at = start + 1
    for piece in _FIELD.split(inside):
        if piece.strip():
            if not _PARAMETER.match(piece.strip()):
                return None
            pieces.append((at, piece))
        at += len(piece) + 1
    index = next(
        (number for number, (at, piece) in enumerate(pieces) if at <= place.start < at + len(piece) + 1), None
    )
    return (start, end, index, len(pieces)) if index is not None and len(pieces) >= 2 else None


def _bracket(signs: Iterable[re.Match[str]], bracket: str, others: str) -> int | None:
    """Find where the first of these brackets is that belongs to none of the `others` before it."""
    depth = 0
    for sign in signs:
        if sign[0] in others:
            depth += 1
        elif depth == 0:
            return sign.start()
        elif sign[0] in bracket:
            depth -= 1
    return None


def _rows_after(text: str, end: int) -> Iterator[Group]:
    follows = _ROWS_FOLLOW.match(text, end + 1)
    if follows is None:
        return
    group = read_group(text, follows.end())
    if rows := group.groups():
        yield from rows[:_ROWS]
        return
    for _ in range(_ROWS):  # Table(("user", "password"), ("bob", "..."), ("eve", "..."))
        yield group
        sibling = _SIBLING.match(text, group.end)
        if sibling is None:
            return
        group = read_group(text, sibling.end())


def _rows_before(text: str, start: int) -> Iterator["Group | re.Match[str]"]:
    """The rows that annotations or a call of `each` give to the function whose parameters open at `start`."""
    low = max(0, start - _BEFORE)
    low = max(low, text.rfind("\n\n", low, start))
    for head in _ROW_HEAD.finditer(text, low, start):
        group = read_group(text, head.end())
        if group.end > start:
            continue
        if head[0].startswith("CsvSource"):
            for part in (group, *group.groups()):
                yield from part.literals()
        else:
            for row in group.groups() or [group]:
                yield from row.groups() or [row]


def _find_in_csv_row(place: NamedPlace, row: re.Match[str], index: int, count: int) -> Iterator[Finding]:
    cells = row["value"].split(",")
    if len(cells) != count:
        return
    cell = cells[index]
    start = (
        row.start("value") + sum(len(before) + 1 for before in cells[:index]) + len(cell) - len(cell.lstrip())
    )
    yield from findings_in_context(place, start, start + len(cell.strip()))


def _skip_bar(place: NamedPlace) -> bool:
    return place.text[max(0, place.start - 6) : place.start].rstrip(" ").endswith("|")


def _find_cells(place: NamedPlace) -> Iterator[Finding]:
    """The cells of a table with bars between, as tests in Groovy have them: `"bob" | "..." || true`."""
    text = place.text
    line = text.rfind("\n", 0, place.start) + 1
    at = text.find("\n", place.end)
    header = text[line : at if at >= 0 else len(text)]
    if at < 0 or len(header) > 2 * _AROUND or '"' in header:
        return
    index = len(_CELLS.findall(text[line : place.start]))
    count = len(_CELLS.findall(header))
    for _ in range(_ROWS):
        end = text.find("\n", at + 1)
        row = text[at + 1 : end if end >= 0 else len(text)]
        cells = _CELLS.split(row[: 2 * _AROUND])
        if len(cells) != count + 1:
            return
        match = _QUOTED.match(cells[index].strip())
        if match:
            start = at + 1 + row.find(match[0], sum(len(cell) + 1 for cell in cells[:index]))
            yield from findings_in_context(place, start + 1, start + 1 + len(match["value"]))
        if end < 0:
            return
        at = end


_NAMES_BEFORE = re.compile(
    r"(?:[$@%*&]?[A-Za-z_]\w{0,40}(?:[ ]?:[ ]?[\w&]{1,20})?[ \t\r\n]{0,30},[ \t\r\n]{0,30}){1,4}[$@%&]?\Z"
)
_NAMES_AFTER = re.compile(
    r"""
    (?:[ ]?:[ ]?[\w&]{1,20})?
    (?P<names>(?:[ \t\r\n]{0,30}+,[ \t\r\n]{0,30}+[$@%*&]?[A-Za-z_]\w{0,40}+(?:[ ]?:[ ]?[\w&]{1,20})?){0,4}+)
    [ \t\r\n]{0,30}+,?[ \t\r\n]{0,30}+["']?[ ]{0,3}[)\]}|]?[ \t]{0,20}+
    (?P<sign>:=|<-|={1,3}(?![>])|\bin\b|,|\bof\b)[ \t]{0,20}+(?:\r?\n[ \t]{0,40}+)?
    (?P<head>(?:new[ ])?[\w.:<>,!&@\[\] ]{0,40}?)(?P<first>[({\["'`]|b["'])
    """,
    re.VERBOSE,
)
_ITEMS = re.compile(r"[^\n;]{0,400}")


def find_parallel(place: NamedPlace) -> Iterator[Finding]:
    """The values at the same position as the name of `place`."""
    text = place.text
    before = _NAMES_BEFORE.search(text, max(0, place.start - 120), place.start)
    after = _NAMES_AFTER.match(text, place.end)
    if after is None:
        return
    index = before[0].count(",") if before else 0
    count = index + 1 + after["names"].count(",")
    rows = after["sign"] in (",", "in", "of")
    if count < 2 or (
        after["sign"] == "," and not after[0][len(after["names"]) :].lstrip().startswith(('"', "'"))
    ):
        return
    for items in _values_after(text, after, rows=rows):
        if len(items) == count and items[index].values:
            value = items[index].values[0]
            while isinstance(value, Group) and len(value.literals()) == 1:
                value = value.literals()[0]
            if not isinstance(value, Group):
                yield from findings_in_context(place, *value.span("value"))


def _values_after(text: str, after: re.Match[str], *, rows: bool) -> Iterator[list[Item]]:
    start = after.start("first")
    if text[start] in "({[":
        group = read_group(text, start)
        yield from map(_list_items, group.groups() if rows else [group])
        return
    line = _ITEMS.match(text, start)
    if line and not rows:
        yield _list_items(read_group(text, start - 1, line.end()))


def _list_items(group: Group) -> list[Item]:
    return [item for item in group.items if item.values or item.last]
