"""Imports that no name of the file needs, imports in functions that go to the top, and sorted imports."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import tree_sitter

from assist_context.documents import split_lines
from assist_context.evidence.import_ways import ImportWays
from assist_context.languages import ECMASCRIPT
from assist_context.syntax.scopes.imports.additions import ByteEdit, place_import
from assist_context.syntax.scopes.imports.order import LINE_ORDERS, line_key, name_orders
from assist_context.syntax.scopes.imports.removals import remove_import
from assist_context.syntax.scopes.imports.statements import (
    ImportedName,
    ImportStatement,
    import_statements,
    read_import,
)
from assist_context.syntax.scopes.occurrences import NameReader
from assist_context.syntax.scopes.parsed_text import ParsedText, node_text
from assist_context.wished_edits.code_texts import (
    CodeTexts,
    WishedCode,
    WishedEdit,
    WishedProblem,
    count_words,
    lines_span,
    nodes_in,
    places_in_words,
    with_edits,
)
from assist_context.wished_edits.reading import ImportWish

# Modules of the standard library that some systems or builds do not have.
_NOT_EVERYWHERE = frozenset(
    (
        *(
            "msvcrt",
            "winreg",
            "winsound",
            "nt",
            "_winapi",
            "fcntl",
            "termios",
            "tty",
            "pty",
            "resource",
            "grp",
        ),
        *("pwd", "curses", "readline", "tkinter", "posix", "syslog", "spwd", "crypt", "ctypes"),
    )
)
_KEPT = re.compile(r"noqa|pylint|pyright|type:|eslint|@ts-|isort")


def change_imports(texts: CodeTexts, code: WishedCode, wish: ImportWish) -> WishedEdit | WishedProblem | None:
    """The edit; `None` if nothing of it is sure."""
    language = texts.parse(code.lines.path).document.language.name
    if wish.what == "unused" and not code.name and (language == "python" or language in ECMASCRIPT):
        return _without_find_unused(texts, code.lines.path)
    if wish.what == "top" and language == "python":
        return _to_top(texts, code, wish.module)
    if wish.what not in ("sorted", "organized") or (language != "python" and language not in ECMASCRIPT):
        return None
    return _organize(texts, code) if wish.what == "organized" else _sort(texts.parse(code.lines.path))


def _organize(texts: CodeTexts, code: WishedCode) -> WishedEdit | WishedProblem | None:
    """The file without unused imports, and the others sorted."""
    path = code.lines.path
    fewer = _without_find_unused(texts, path) if not code.name else None
    parsed = texts.parse(path)
    if isinstance(fewer, WishedEdit):
        parsed = ParsedText(replace(parsed.document, lines=split_lines(fewer.texts[path])))
    ordered = _sort(parsed)
    if not isinstance(fewer, WishedEdit) or not isinstance(ordered, WishedEdit):
        return fewer if isinstance(fewer, WishedEdit) else ordered
    return replace(ordered, reading=f"{fewer.reading}, and {ordered.reading}")


# --- Unused ---


def _without_find_unused(texts: CodeTexts, path: str) -> WishedEdit | WishedProblem | None:
    """The file without the imports that it does not use, and that no other file takes from it."""
    parsed = texts.parse(path)
    if path.rpartition("/")[2] in ("__init__.py", "index.ts", "index.js", "conftest.py"):
        return None  # they pass names on
    gone: list[str] = []
    while True:
        reader = NameReader(parsed)
        found = next(_find_unused(texts, path, reader), None)
        edit = remove_import(parsed, *found) if found is not None else None
        if found is None or edit is None:
            break
        gone.append(found[1].name)
        text = with_edits(parsed, [edit])
        parsed = ParsedText(replace(parsed.document, lines=split_lines(text)))
    if not gone:
        return WishedProblem(f"remove the unused imports of {path}", "all of its imports are used")
    names = ", ".join(f"`{name}`" for name in gone)
    return WishedEdit(
        f"remove {count_words(len(gone), 'unused import')} of {path}: {names}", {path: parsed.document.text}
    )


def _find_unused(
    texts: CodeTexts, path: str, reader: NameReader
) -> Iterator[tuple[ImportStatement, ImportedName]]:
    parsed = reader.parsed
    ways = ImportWays(texts.corpus, path)
    for statement in import_statements(parsed):
        first, last = (parsed.source.line(byte) for byte in statement.span)
        kept = any(_KEPT.search(line) for line in parsed.document.lines[first - 1 : last])
        if statement.nested or statement.shared or kept:
            continue
        for name in statement.names:
            special = (
                name.form == "wildcard" or name.module == "__future__" or name.name in ("React", "_", "h")
            )
            same = name.original == name.name and "as" in parsed.source.text(*name.span).split()
            used = any(not _is_import_place(parsed, start) for start, _ in reader.words(name.name))
            if not (special or same or used) and not _is_taken(texts, ways, path, name.name):
                yield statement, name


def _is_import_place(parsed: ParsedText, start: int) -> bool:
    """Whether a word is in an import or a comment."""
    node = parsed.node(start, start + 1)
    while node is not None:
        if node.type in ("import_statement", "import_from_statement", "comment"):
            return True
        node = node.parent
    return False


def _is_taken(texts: CodeTexts, ways: ImportWays, path: str, name: str) -> bool:
    """Whether another file may take a name from a file: by an import, or as a member of it."""
    holders = texts.holding(name)
    if holders is None:
        return True
    for other in holders:
        if other != path and any(
            leads and (name in import_.names or "*" in import_.names)
            for import_, leads in ways.imports(other, name)
        ):
            return True
    stem = path.rpartition("/")[2].partition(".")[0]
    member = re.compile(rf"\b{re.escape(stem)}\.{re.escape(name)}\b")
    return any(member.search(line) for other in holders for line in texts.corpus.lines(other))


# --- To the top ---


def _to_top(texts: CodeTexts, code: WishedCode, module: str) -> WishedEdit | None:
    path = code.lines.path
    parsed = texts.parse(path)
    moved: list[ImportedName] = []
    removed: list[ByteEdit] = []
    left: list[tuple[str, int]] = []
    for node in nodes_in(parsed, lines_span(parsed, code.lines)):
        if node.type not in ("import_statement", "import_from_statement") or not _in_function(node):
            continue
        names = _names_of(node, parsed)
        if module and not any(
            module in (name.module, name.name, name.module.partition(".")[0]) for name in names
        ):
            continue
        edit = _without_line(parsed, node)
        reader = texts.reader(path)
        if names and edit is not None and all(_may_move(texts, reader, name) for name in names):
            moved += names
            removed.append(edit)
        else:
            left.append((path, node.start_point[0] + 1))
    if not moved:
        return None
    text = with_edits(parsed, removed)
    for name in dict.fromkeys(replace(name, span=(0, 0)) for name in moved):
        now = ParsedText(replace(parsed.document, lines=split_lines(text)))
        if any(_is_equal(name, known) for statement in import_statements(now) for known in statement.names):
            continue
        place = place_import(now, name)
        if place is None:
            return None
        text = with_edits(now, [place])
    words = f"{count_words(len(left), 'import')} may have to stay where it is: {places_in_words(left)}"
    names_moved = ", ".join(dict.fromkeys(f"`{name.name}`" for name in moved))
    reading = f"move the import of {names_moved} to the top of {path}"
    return WishedEdit(reading, {path: text}, (words,) if left else ())


def _is_equal(one: ImportedName, other: ImportedName) -> bool:
    return (one.name, one.module, one.original, one.form) == (
        other.name,
        other.module,
        other.original,
        other.form,
    )


def _in_function(node: tree_sitter.Node) -> bool:
    """Whether a statement is directly in the body of a function."""
    above = node.parent.parent if node.parent is not None else None
    return above is not None and above.type == "function_definition"


def _names_of(node: tree_sitter.Node, parsed: ParsedText) -> list[ImportedName]:
    found = read_import(" ".join(node_text(node).split()), parsed.document.language)
    if found is not None:
        return [found] if found.form != "wildcard" else []
    alone = ParsedText(replace(parsed.document, lines=split_lines(node_text(node))))
    return [
        name for statement in import_statements(alone) for name in statement.names if name.form != "wildcard"
    ]


def _without_line(parsed: ParsedText, node: tree_sitter.Node) -> ByteEdit | None:
    """The removal of a statement's lines and of a blank one below; `None` if it is all of a body."""
    block = node.parent
    first, last = node.start_point[0], node.end_point[0]
    starts = parsed.source.starts
    whole = starts[first], starts[last + 1] if last + 1 < len(starts) else len(parsed.source.data)
    around = parsed.source.text(whole[0], node.start_byte) + parsed.source.text(node.end_byte, whole[1])
    if block is None or block.named_child_count < 2 or around.strip():
        return None
    below = parsed.document.lines[last + 1] if last + 1 < len(parsed.document.lines) else ""
    end = (
        starts[last + 2]
        if not below.strip() and last + 2 < len(starts) and node == block.named_children[0]
        else whole[1]
    )
    return whole[0], end, ""


def _may_move(texts: CodeTexts, reader: NameReader, name: ImportedName) -> bool:
    """Whether an import surely works at the top: no module of the project leads back, none may be missing."""
    top = name.module.partition(".")[0]
    bound = [place for place in reader.occurrences(name.name) if place.defines and place.binding is not None]
    module_level = [place for place in bound if place.binding is not None and place.binding.level == "module"]
    if any(place.what != "import" for place in module_level):
        return False
    if top in sys.stdlib_module_names:
        return top not in _NOT_EVERYWHERE
    own = reader.parsed.document.path
    if any(
        name.module == known.module
        for statement in import_statements(reader.parsed)
        for known in statement.names
        if not statement.nested
    ):
        return True
    return not name.module.startswith(".") and _is_usual(texts, own, name)


def _is_usual(texts: CodeTexts, own: str, name: ImportedName) -> bool:
    """Whether other files import a module of another project at their top, which then is there."""
    top = name.module.partition(".")[0]
    holders = texts.holding(top) or ()
    if any(
        path.split("/")[-1] in (f"{top}.py", top) or f"/{top}/" in f"/{path}"
        for path in texts.corpus.files().paths
    ):
        return False  # it is the project's own, and may lead back
    for path in holders:
        if path != own and path.endswith(".py"):
            statements = import_statements(texts.parse(path))
            if any(
                known.module.partition(".")[0] == top
                for made in statements
                if not made.nested
                for known in made.names
            ):
                return True
    return False


# --- Sorted ---


def _sort(parsed: ParsedText) -> WishedEdit | WishedProblem | None:
    """Each block of import lines sorted, and the names of each list.

    Blank lines, comments and imports for their effects part blocks.
    """
    path = parsed.document.path
    statements = [made for made in import_statements(parsed) if not made.nested]
    if any(
        len(made.names) > 1 and made.listing is None and made.names[0].form == "module" for made in statements
    ):
        return None  # `import a, b`
    language = parsed.document.language.name
    written = {made: _sorted_names(parsed, made) for made in statements}
    edits: list[ByteEdit] = []
    for block in _blocks(parsed, statements):
        keyed = sorted(block, key=lambda made: LINE_ORDERS[0](line_key(language, made.names[0])))
        edits += [(*place.span, written[made]) for place, made in zip(block, keyed, strict=True)]
    text = with_edits(parsed, edits)
    if text == parsed.document.text:
        return WishedProblem(f"sort the imports of {path}", "they are sorted already")
    return WishedEdit(f"sort the imports of {path}", {path: text})


def _blocks(parsed: ParsedText, statements: list[ImportStatement]) -> Iterator[list[ImportStatement]]:
    """Statements on lines that follow one another, each alone on its lines."""
    block: list[ImportStatement] = []
    for before, made in pairwise([None, *statements]):
        if made is None or not made.names:  # one for its effects
            if block:
                yield block
            block = []
            continue
        gap = parsed.source.text(before.span[1], made.span[0]) if before is not None else ""
        if before is not None and gap.replace("\r", "") != "\n" and block:
            yield block
            block = []
        block.append(made)
    if block:
        yield block


def _sorted_names(parsed: ParsedText, made: ImportStatement) -> str:
    """A statement with its names in the order that most of its file's lists have."""
    text = parsed.source.text(*made.span)
    if len(made.names) < 2 or "#" in text:
        return text
    order = name_orders(parsed.document.language.name)[0]
    names = sorted(made.names, key=lambda name: order(name.original))
    start = made.span[0]
    data = text.encode()
    for place, name in reversed(list(zip(made.names, names, strict=True))):
        new = parsed.source.text(*name.span).encode()
        data = data[: place.span[0] - start] + new + data[place.span[1] - start :]
    return data.decode()
