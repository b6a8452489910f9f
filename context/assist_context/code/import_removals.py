"""How one name is taken out of the imports of a text: out of its list, or with its line and a blank line.

It knows one text; whether the name is still needed is for others.
"""

from assist_context.code.import_statements import (
    ImportedName,
    ImportStatement,
    import_statements,
)
from assist_context.code.trees.parsed_text import ByteEdit, ParsedText
from assist_context.languages import ECMASCRIPT


def remove_import(parsed: ParsedText, statement: ImportStatement, name: ImportedName) -> ByteEdit | None:
    """The change that no longer imports a name of a statement; `None` if other code is in the way."""
    if len(statement.names) == 1:
        return _without_statement(parsed, statement)
    language = parsed.document.language.name
    listing = statement.listing
    listed = [
        name
        for name in statement.names
        if listing is None or (listing[0] < name.span[0] and name.span[1] < listing[1])
    ]
    if language in ECMASCRIPT and listing is not None and len(listed) < len(statement.names):
        if name not in listed:  # the default, before a list
            return name.span[0], listing[0], ""
        if len(listed) == 1:
            return statement.names[0].span[1], listing[1], ""
    if language == "rust":
        if listing is None or any(name.module != statement.names[0].module for name in statement.names):
            return None  # a tree, whose other branches would change their form
        if len(listed) == 2:
            [other] = [listed_name for listed_name in listed if listed_name != name]
            head = parsed.source.text(statement.span[0], listing[0])
            return *statement.span, f"{head}{parsed.source.text(*other.span)};"
    return _out_of_list(parsed, listed, name)


def _out_of_list(parsed: ParsedText, listed: list[ImportedName], name: ImportedName) -> ByteEdit:
    """A name out of a list: with its line, if it has one, else with its comma."""
    at = listed.index(name)
    start, end = name.span
    line = parsed.source.line(start)
    text = parsed.document.lines[line - 1].strip()
    if text.rstrip(",").strip() == parsed.source.text(start, end):
        following = (
            parsed.source.starts[line] if line < len(parsed.source.starts) else len(parsed.source.data)
        )
        return parsed.source.starts[line - 1], following, ""
    if at + 1 < len(listed):
        return start, listed[at + 1].span[0], ""
    return listed[at - 1].span[1], end, ""


def _without_statement(parsed: ParsedText, statement: ImportStatement) -> ByteEdit | None:
    """A statement with its lines, and with the blank lines that would be left over."""
    lines = parsed.document.lines
    span = statement.span
    if parsed.document.language.name == "go" and statement.listing is not None:
        others = [
            import_statement
            for import_statement in import_statements(parsed)
            if import_statement.listing == statement.listing
        ]
        if len(others) == 1:
            span = parsed.source.data.rfind(b"import", 0, statement.listing[0]), statement.listing[1]
    first = parsed.source.line(span[0]) - 1
    last = parsed.source.line(max(span[0], span[1] - 1)) - 1
    around = (
        parsed.source.starts[first],
        parsed.source.starts[last + 1 : last + 2] or [len(parsed.source.data)],
    )
    rest = parsed.source.text(around[0], span[0]) + parsed.source.text(span[1], around[1][0])
    if rest.strip().rstrip(";"):
        return None
    above = _count_blank(lines, first - 1, -1)
    below = _count_blank(lines, last + 1, 1)
    if first == above:  # at the start of the file
        first = 0
        last += below
    elif above and below:
        first -= above if below >= above else 0
        last += below if below < above else 0
    elif above and last + 1 < len(lines) and lines[last + 1].lstrip().startswith(")"):
        first -= above  # the last group of a list
    elif below and lines[first - 1].rstrip().endswith("("):
        last += below  # the first one
    end = parsed.source.starts[last + 1] if last + 1 < len(parsed.source.starts) else len(parsed.source.data)
    return parsed.source.starts[first], end, ""


def _count_blank(lines: tuple[str, ...], at: int, step: int) -> int:
    count = 0
    while 0 <= at < len(lines) and not lines[at].strip() and not (at == len(lines) - 1 and lines[at] == ""):
        count += 1
        at += step
    return count
