"""Where a further import belongs in a text, as its other imports show: in which statement, block and order.

It follows the order that a block has, by any of the usual sortings, and never sorts anything itself. It knows
one text; whether the import is needed, and whether its module exists, is for others.
"""

import re
from collections.abc import Sequence

from assist_context.documents import Document
from assist_context.languages import ECMASCRIPT
from assist_context.syntax.scopes.imports.order import (
    LINE_ORDERS,
    PACKAGE,
    index_in,
    line_end,
    line_key,
    name_orders,
    rank_of,
    rust_name,
    width_of,
)
from assist_context.syntax.scopes.imports.statements import (
    ImportedName,
    ImportStatement,
    import_statements,
    write_import,
)
from assist_context.syntax.scopes.parsed_text import ParsedText

_BRACES = re.compile(r"(?<!\$)\{ ?[\w.]+")
_TIGHT = re.compile(r"(?<!\$)\{[\w.]+")
ByteEdit = tuple[int, int, str]  # from a first byte to the one before the last, and the text there
ImportBlock = list[ImportStatement]  # on neighbouring lines, in order

FAR = 6  # lines of other code after which an import is no longer one of those at the top


def place_import(parsed: ParsedText, wanted: ImportedName) -> ByteEdit | None:
    """The change that imports one more name; `None` if the text has no usual place for it."""
    statements = [statement for statement in import_statements(parsed) if not statement.nested]
    if joined := _join(parsed, statements, wanted):
        return joined
    language = parsed.document.language
    text = write_import(wanted, language)
    if language.name in ECMASCRIPT:
        text = _with_marks(parsed, statements, text)
    blocks = _blocks(parsed, statements)
    if not blocks:
        return _first_import(parsed, text)
    if language.name == "go":
        if blocks[0][0].listing is None:
            return _go_list(parsed, statements, text)
        text = "\t" + text.removeprefix("import ")
    return _line_in_blocks(parsed, blocks, wanted, text)


# --- In a statement that is there ---


def _join(parsed: ParsedText, statements: Sequence[ImportStatement], wanted: ImportedName) -> ByteEdit | None:
    """The name among those that a statement takes from the same module."""
    same = [
        statement
        for statement in statements
        if statement.module == wanted.module and statement.names and not statement.shared
        and not any(name.form in ("wildcard", "namespace", "module") for name in statement.names)
    ]  # fmt: skip
    language = parsed.document.language.name
    if wanted.form not in ("name", "default") or language in ("go", "java") or not wanted.module:
        return None
    if language != "rust" and _has_one_name_a_line(statements):
        return None
    for statement in same:
        fits = wanted.marked or not _is_marked(parsed, statement)
        listed = [name for name in statement.names if name.form == "name"]
        if wanted.form == "name" and listed and fits:
            if language == "rust" and statement.listing is None:
                return _rust_list(statement, wanted) if len(same) == 1 else None
            return _among(parsed, statement, listed, wanted)
        if (
            language in ECMASCRIPT
            and fits
            and not wanted.marked
            and len(statement.names) == len(listed or [0])
        ):
            start = statement.names[0].span[1] if not listed else (statement.listing or statement.span)[0]
            default = f"{wanted.name}, " if listed else ""
            return start, start, default or f", {_in_braces(parsed.document, _specifier(wanted))}"
    return None


def _has_one_name_a_line(statements: Sequence[ImportStatement]) -> bool:
    """Whether each name has a line of its own, even those of one module."""
    single = [
        statement.module
        for statement in statements
        if len(statement.names) == 1 and statement.names[0].form == "name"
    ]
    several = [statement for statement in statements if len(statement.names) > 1]
    return not several and len(single) > len(set(single))


def _among(
    parsed: ParsedText, statement: ImportStatement, listed: Sequence[ImportedName], wanted: ImportedName
) -> ByteEdit:
    """A name put among the names of a statement, where their order says."""
    language = parsed.document.language.name
    word = "type " if wanted.marked and not _is_marked(parsed, statement) else ""
    text = word + _specifier(wanted)
    at = _index_among([name.original for name in listed], wanted.original, language)
    if language in ECMASCRIPT and len(listed) == 1:
        at = 1  # one name shows no order, and most people put the next one after it
    lines = [parsed.source.line(name.span[0]) for name in listed]
    apart = len(set(lines)) == len(lines) and lines[0] > parsed.source.line(statement.span[0])
    if not apart and lines[0] == lines[-1] == parsed.source.line(statement.span[1]):
        whole = _text(parsed, parsed.source.starts[lines[0] - 1], statement.span[1])
        if len(whole) + len(text) + 2 > width_of(parsed.document, 80 if language in ECMASCRIPT else 88):
            return _wrap(parsed, statement, [_text(parsed, *name.span) for name in listed], text, at)
    between = ",\n" + _indent(parsed, listed[0]) if apart else ", "
    between = between.replace("\n", line_end(parsed.document))
    if at < len(listed):
        start = listed[at].span[0]
        return start, start, text + between
    end = listed[-1].span[1]
    return end, end, between + text


def _is_marked(parsed: ParsedText, statement: ImportStatement) -> bool:
    """Whether a whole statement is for types."""
    return re.match(r"import\s+type\b", _text(parsed, *statement.span)) is not None


def _wrap(parsed: ParsedText, statement: ImportStatement, parts: list[str], text: str, at: int) -> ByteEdit:
    """A statement that gets too long, with a line for each name."""
    ecma = parsed.document.language.name in ECMASCRIPT
    opening, closing, indent = ("{", "}", _ecma_indent(parsed.document)) if ecma else ("(", ")", "    ")
    parts.insert(at, text)
    listing = statement.listing or (statement.names[0].span[0], statement.span[1])
    lines = "".join(f"{indent}{part},\n" for part in parts)
    return *listing, f"{opening}\n{lines}{closing}".replace("\n", line_end(parsed.document))


def _rust_list(statement: ImportStatement, wanted: ImportedName) -> ByteEdit:
    """Two names of one module, as a list."""
    [known] = statement.names
    names = sorted([_specifier(known), _specifier(wanted)], key=rust_name)
    return *known.span, f"{known.module}::{{{', '.join(names)}}}"


def _specifier(name: ImportedName) -> str:
    return name.original if name.name == name.original else f"{name.original} as {name.name}"


def _index_among(names: Sequence[str], wanted: str, language: str) -> int:
    """Where a name belongs in a list: where its order says, else at the end."""
    for order in name_orders(language):
        at = index_in([order(word) for word in names], order(wanted), (tuple,))
        if at is not None:
            return at
    return len(names)


# --- A line of its own ---


def _line_in_blocks(
    parsed: ParsedText, blocks: list[ImportBlock], wanted: ImportedName, text: str
) -> ByteEdit:
    """A statement in the block of its group, or in a new block."""
    language = parsed.document.language.name
    end = line_end(parsed.document)
    rank = rank_of(language, wanted.module)
    block = _block_of(parsed, blocks, wanted)
    if block is None:
        later = [block for block in blocks if min(_ranks(language, block)) > rank]
        if later:
            at = parsed.source.starts[parsed.source.line(later[0][0].span[0]) - 1]
            return at, at, text + end + end
        return _after(parsed, blocks[-1][-1], end + text)
    keys = [line_key(language, statement.names[0]) if statement.names else (0, 0, "") for statement in block]
    own = line_key(language, wanted)
    twins = [at for at, key in enumerate(keys) if key == own]
    if twins:  # other names of the same module have lines of their own
        of_twins = [block[at].names[0].original for at in twins]
        index: int | None = twins[0] + _index_among(of_twins, wanted.original, language)
    else:
        index = index_in(keys, own, LINE_ORDERS)
    if index is None:  # in no order: after the one that is most like it
        shared = [_count_shared(str(key[2]), str(own[2])) for key in keys]
        same = [at for at, statement in enumerate(block) if rank in _ranks(language, [statement])]
        index = max(same or range(len(block)), key=lambda at: (shared[at], at)) + 1
    if index:
        return _after(parsed, block[index - 1], text)
    start = parsed.source.starts[parsed.source.line(block[0].span[0]) - 1]
    return start, start, text + end


def _block_of(parsed: ParsedText, blocks: list[ImportBlock], wanted: ImportedName) -> ImportBlock | None:
    """The block in which a module is imported: with its own package, else with its group."""
    language = parsed.document.language.name
    rank = rank_of(language, wanted.module)
    top = _top(wanted.module)
    if rank == PACKAGE:
        same = [block for block in blocks if top in {_top(statement.module) for statement in block}]
        if same:
            return same[0]
    fitting = [block for block in blocks if rank in _ranks(language, block)]
    if fitting:
        own = top.removeprefix("@") in re.split(r"[/\\.]", parsed.document.path)
        exact = [statement for statement in fitting if set(_ranks(language, statement)) == {rank}]
        return (exact or fitting)[-1 if own else 0]
    mixed = [block for block in blocks if len(set(_ranks(language, block))) > 1]
    if language in ECMASCRIPT and (len(blocks) == 1 or mixed):
        return (mixed or blocks)[-1]
    return blocks[0] if len(blocks) == 1 and mixed else None


def _ranks(language: str, block: ImportBlock) -> list[int]:
    return [rank_of(language, name.module) for statement in block for name in statement.names[:1]] or [
        PACKAGE
    ]


def _top(module: str) -> str:
    parts = [part for part in re.split(r"[./:]+", module) if part]
    return parts[0] if parts else ""


def _count_shared(one: str, other: str) -> int:
    """How many characters two paths begin with alike."""
    return next(
        (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), len(one)
    )


def _after(parsed: ParsedText, statement: ImportStatement, text: str) -> ByteEdit:
    """A line below a statement."""
    line = parsed.source.line(max(statement.span[0], statement.span[1] - 1))
    end = line_end(parsed.document)
    if line < len(parsed.source.starts):
        at = parsed.source.starts[line]
        return at, at, text + end
    at = len(parsed.source.data)
    return at, at, end + text


def _blocks(parsed: ParsedText, statements: Sequence[ImportStatement]) -> list[ImportBlock]:
    """The statements at the top of a text, those on neighbouring lines together."""
    blocks: list[ImportBlock] = []
    last = 0
    for statement in statements:
        first = parsed.source.line(statement.span[0])
        between = [line for line in parsed.document.lines[last : first - 1] if line.strip()]
        if blocks and len(between) > FAR:
            break
        apart = not blocks or first > last + 1
        if apart:
            blocks.append([])
        blocks[-1].append(statement)
        last = parsed.source.line(max(statement.span[0], statement.span[1] - 1))
    return blocks


def _go_list(parsed: ParsedText, statements: Sequence[ImportStatement], text: str) -> ByteEdit | None:
    """Single imports of Go, as a list with one more."""
    if len(statements) != 1:
        return None
    [only] = statements
    known = _text(parsed, *only.span).removeprefix("import").strip()
    own = text.removeprefix("import ")
    apart = rank_of("go", only.module) != rank_of("go", own.split('"')[1])
    specs = sorted((known, own), key=lambda spec: (rank_of("go", spec.split('"')[1]), spec.split('"')[1]))
    lines = ("\n\n\t" if apart else "\n\t").join(specs)
    return *only.span, f"import (\n\t{lines}\n)".replace("\n", line_end(parsed.document))


# --- A text without imports ---

_HASH = re.compile(r"\s*#[^\n]*(?:\n|\Z)")
_SLASHES = re.compile(r"\s*(?://[^\n]*|/\*.*?\*/)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_DOC = re.compile(r"\s*[rR]?(?:\"{3}.*?\"{3}|'{3}.*?'{3})[^\S\n]*(?:\n|\Z)", re.DOTALL)
_DIRECTIVE = re.compile(r"\s*(?:\"use \w+\"|'use \w+');?[^\S\n]*(?:\n|\Z)")
_PACKAGE_LINE = re.compile(r"\s*package\s+[\w.]+;?[^\S\n]*(?:\n|\Z)")


def _first_import(parsed: ParsedText, text: str) -> ByteEdit:
    """An import below what a file begins with."""
    language = parsed.document.language.name
    lead = (_HASH, _DOC) if language == "python" else (_SLASHES, _DIRECTIVE, _PACKAGE_LINE)
    source = parsed.source.data.decode("utf-8", "replace").replace("\r\n", "\n")
    at = 0
    while found := next((each for rule in lead if (each := rule.match(source, at))), None):
        at = found.end()
    line = source.count("\n", 0, at)
    lines = parsed.document.lines
    following = lines[line] if line < len(lines) else ""
    start = parsed.source.starts[line] if line < len(parsed.source.starts) else len(parsed.source.data)
    before = "\n" if line else ""
    wide = language == "python" and re.match(r"def |class |@|async def ", following)
    after = "" if not following.strip() else "\n\n" if wide else "\n"
    return start, start, f"{before}{text}\n{after}".replace("\n", line_end(parsed.document))


# --- As the text writes ---


def _ecma_indent(document: Document) -> str:
    return next((found[0] for line in document.lines if (found := re.match(r"\t|(?:  )+(?=\S)", line))), "  ")


def _with_marks(parsed: ParsedText, statements: Sequence[ImportStatement], text: str) -> str:
    """A statement with the quotes, the semicolon and the braces that the others have."""
    known = [_text(parsed, *statement.span) for statement in statements]
    sample = known or [line.rstrip() for line in parsed.document.lines if '"' in line or "'" in line]
    if sum("'" in line for line in sample) > len(sample) / 2:
        text = text.replace('"', "'")
    if sample and sum(line.endswith((";", "{", ",")) for line in sample) * 2 < len(sample):
        text = text.removesuffix(";")
    if found := re.search(r"\{ (.*) \}", text):
        text = text.replace(found[0], _in_braces(parsed.document, found[1]))
    return text


def _in_braces(document: Document, names: str) -> str:
    """Names in braces, with spaces as in most braces of a text."""
    lines = [line for line in document.lines if _BRACES.search(line)]
    tight = sum(_TIGHT.search(line) is not None for line in lines)
    return f"{{{names}}}" if tight * 2 > len(lines) else f"{{ {names} }}"


def _indent(parsed: ParsedText, name: ImportedName) -> str:
    start = parsed.source.starts[parsed.source.line(name.span[0]) - 1]
    return _text(parsed, start, name.span[0])


def _text(parsed: ParsedText, start: int, end: int) -> str:
    return parsed.source.text(start, end)
