"""Several names that get several values at once: `user, password = "root", "..."`.

Also rows of values under names: `for user, password in [("root", "...")]`.
"""

import re
from collections.abc import Iterator

from assist_escalation.redaction.contexts.bracket_groups import Group, Item, read_group
from assist_escalation.redaction.contexts.named_places import NamedPlace
from assist_escalation.redaction.contexts.secret_literals import finding_in_context
from assist_escalation.redaction.findings import Finding

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
    for items in _rows_after(text, after, rows=rows):
        if len(items) == count and items[index].values:
            value = items[index].values[0]
            while isinstance(value, Group) and len(value.literals()) == 1:
                value = value.literals()[0]
            if not isinstance(value, Group):
                found = finding_in_context(place, *value.span("value"))
                if found:
                    yield found


def _rows_after(text: str, after: re.Match[str], *, rows: bool) -> Iterator[list[Item]]:
    start = after.start("first")
    if text[start] in "({[":
        group = read_group(text, start)
        if rows:
            for item in group.items:
                for value in item.values:
                    if isinstance(value, Group):
                        yield _items_of(value)
        else:
            yield _items_of(group)
        return
    line = _ITEMS.match(text, start)
    if line and not rows:
        items = read_group("(" + line[0], 0)
        yield [_item_at(text, start, item) for item in _items_of(items)]


def _items_of(group: Group) -> list[Item]:
    return [item for item in group.items if item.values or item.last]


def _item_at(text: str, start: int, item: Item) -> Item:
    """The item whose literals were found in a copy that begins one character before `start`."""
    values = list[re.Match[str] | Group]()
    for value in item.values:
        if not isinstance(value, Group):
            again = _LITERAL_AT.match(text, start + value.start() - 1)
            if again:
                values.append(again)
    return Item(item.key, values, item.last)


_LITERAL_AT = re.compile(
    r"""[rbufLN@$]{0,2}(?P<q>\\?["'`])(?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){0,300}+)(?P=q)"""
)
