"""Removal of one name from the imports of a text: from its list, or with its line and a blank line.

It knows one text; whether the name is still needed is for others.
"""

from assist_context.code.import_statements import ImportedName, ImportStatement, import_statements
from assist_context.code.trees.parsed_text import ByteEdit, ParsedText
from assist_context.languages import ECMASCRIPT


def remove_import(tree: ParsedText, statement: ImportStatement, name: ImportedName) -> ByteEdit | None:
    """The change that no longer imports a name of a statement; `None` if other code is in the way."""
    if len(statement.names) == 1:
        return _drop_statement(tree, statement)
    language = tree.document.language.name
    listing = statement.listing
    members = [
        name
        for name in statement.names
        if listing is None or (listing[0] < name.span[0] and name.span[1] < listing[1])
    ]
    if language in ECMASCRIPT and listing is not None and len(members) < len(statement.names):
        if name not in members:  # the default, before a list
            return name.span[0], listing[0], ""
        if len(members) == 1:
            return statement.names[0].span[1], listing[1], ""
    if language == "rust":
        if listing is None or any(name.module != statement.names[0].module for name in statement.names):
            return None  # a tree, whose other branches would change their form
        if len(members) == 2:
            [other] = [listed_name for listed_name in members if listed_name != name]
            head = tree.source.text(statement.span[0], listing[0])
            return *statement.span, f"{head}{tree.source.text(*other.span)};"
    return _out_of_list(tree, members, name)


def _out_of_list(tree: ParsedText, members: list[ImportedName], name: ImportedName) -> ByteEdit:
    """A name out of a list: with its line, if it has one, else with its comma."""
    at = members.index(name)
    start, end = name.span
    line = tree.source.line(start)
    text = tree.document.lines[line - 1].strip()
    if text.rstrip(",").strip() == tree.source.text(start, end):
        following = tree.source.starts[line] if line < len(tree.source.starts) else len(tree.source.data)
        return tree.source.starts[line - 1], following, ""
    if at + 1 < len(members):
        return start, members[at + 1].span[0], ""
    return members[at - 1].span[1], end, ""


def _drop_statement(tree: ParsedText, statement: ImportStatement) -> ByteEdit | None:
    """A statement with its lines, and with the blank lines that would be left over."""
    lines = tree.document.lines
    span = statement.span
    if tree.document.language.name == "go" and statement.listing is not None:
        others = [
            import_statement
            for import_statement in import_statements(tree)
            if import_statement.listing == statement.listing
        ]
        if len(others) == 1:
            span = tree.source.data.rfind(b"import", 0, statement.listing[0]), statement.listing[1]
    first = tree.source.line(span[0]) - 1
    last = tree.source.line(max(span[0], span[1] - 1)) - 1
    around = (tree.source.starts[first], tree.source.starts[last + 1 : last + 2] or [len(tree.source.data)])
    rest = tree.source.text(around[0], span[0]) + tree.source.text(span[1], around[1][0])
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
    end = tree.source.starts[last + 1] if last + 1 < len(tree.source.starts) else len(tree.source.data)
    return tree.source.starts[first], end, ""


def _count_blank(lines: tuple[str, ...], at: int, step: int) -> int:
    count = 0
    while 0 <= at < len(lines) and not lines[at].strip() and not (at == len(lines) - 1 and lines[at] == ""):
        count += 1
        at += step
    return count
