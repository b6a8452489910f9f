"""Facts of a fragment of source by itself: its errors, where a block ends, what is a string or a comment.

It uses tree-sitter through `grammars`, and a small scanner for brackets: in half-typed code, reading the
characters finds brackets more reliably than a grammar does.
A fragment is the few hundred lines around a cursor, and may begin inside a class or a comment. It is
parsed each time (0.6 ms for 300 lines): that needs no state and holds the GIL only briefly.
Offsets are characters, never bytes. `None` means no answer (no grammar, too much text, or too slow), and
callers manage without one. This module knows no files, no symbols and no cursor history.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import tree_sitter

from assist_context.code.trees import grammars
from assist_context.languages import ECMASCRIPT, Language

MAX_CHARACTERS = 262_144  # 25 windows of 300 lines; above that it is minified or generated code
MAX_MICROSECONDS = 20_000  # 30 times what a window takes; the GIL is held meanwhile

# Nodes whose children are statements or members, in the nine grammars.
_BODIES = frozenset(
    {"block", "statement_block", "compound_statement", "statement_list", "constructor_body"}
    | {"class_body", "enum_body", "interface_body", "annotation_type_body", "object_type"}
    | {"declaration_list", "field_declaration_list", "enum_variant_list"}
    | {"switch_body", "switch_block", "match_block"}
)
_ROOTS = frozenset({"module", "program", "source_file", "translation_unit", "ERROR"})
_MAX_BACK = 64  # comments or open brackets to skip at most; no real code has more
PAIRS = {"(": ")", "[": "]", "{": "}"}


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate is not worth an error


_BEGINS = re.compile(r"(?:.*(?:[=(,\[{:+%]|\breturn))?\s*[rbfu]{0,2}", re.IGNORECASE)
_DEFINES = re.compile(r"^([ \t]*)(?:async +)?(?:def|class) +\w+[ \t]*[(:\[]", re.MULTILINE)


def _blank_cut_start(language: Language, text: str) -> str:
    """Blanks out, character by character, the end of a string or comment that began above `text`.

    17 % of the windows into Python's standard library begin in a docstring. If its end is taken for a
    beginning, everything after it is inverted; with this function, that happens to 1 % of the windows.
    """
    end = 0
    if language.name == "python" and (ending := re.search(r"\"{3}|'{3}", text)):
        line = text[text.rfind("\n", 0, ending.start()) + 1 : ending.start()]
        alone = not line.strip() and not text[ending.end() :].partition("\n")[0].strip()
        above = text[: ending.start()].rstrip()
        top = not line and all(part[:1] in {"", "#"} for part in above.split("\n"))  # of a module
        begins = top or above.endswith(":") if alone else _BEGINS.fullmatch(line)
        if alone and not begins:  # in a function above that is less indented, after other code
            begins = any(len(match[1]) < len(line) for match in _DEFINES.finditer(above))
        end = 0 if begins else ending.end()
    elif language.comment == "//" and (ending := re.search(r"^[^\"'`/\n]*\*/", text, re.MULTILINE)):
        end = 0 if "/*" in text[: ending.end() - 1] else ending.end()
    return re.sub(r"[^\n]", " ", text[:end]) + text[end:] if end else text


@lru_cache(maxsize=8)  # one request examines the text several times, with and without a completion
def _tree(grammar: str, text: str) -> tree_sitter.Tree | None:
    if len(text) > MAX_CHARACTERS:
        return None
    return grammars.parse_tree(grammar, _encode(text), MAX_MICROSECONDS)


def _path(tree: tree_sitter.Tree, byte: int) -> list[tree_sitter.Node]:
    """The nodes around a byte, the root first. Node.parent would start from the root at each step."""
    cursor = tree.walk()
    path = [tree.root_node]
    while cursor.goto_first_child_for_byte(byte) is not None:
        node = cursor.node
        if node is None or node.start_byte > byte:
            break
        path.append(node)
    return path


def errors(language: Language, text: str, near: tuple[int, int] | None = None) -> int | None:
    """Counts the ERROR and MISSING nodes of the text, or those that begin or end in the range `near`.

    >>> from assist_context.languages import language_of
    >>> errors(language_of("a.py"), "f(1"), errors(language_of("a.py"), "f(1)")
    (1, 0)
    """
    text = _blank_cut_start(language, text)
    tree = _tree(language.grammar, text)
    first, last = (len(_encode(text[: max(offset, 0)])) for offset in near or (0, len(text)))
    count = 0
    open_nodes = [tree.root_node] if tree else []
    while open_nodes:
        node = open_nodes.pop()
        if node.has_error:  # 17 times faster than a query: it skips sound subtrees
            at_issue = first <= node.start_byte <= last or first <= node.end_byte <= last
            count += at_issue and (node.is_error or node.is_missing)
            open_nodes.extend(node.children)
    return count if tree else None


def statement_lines(language: Language, text: str) -> list[int] | None:
    """The lines, from 1 and in order, at which a statement or a member begins, one for each.

    >>> from assist_context.languages import language_of
    >>> statement_lines(language_of("a.py"), "def f():\\n    # two\\n    a = 1; b = 2\\nc = 3\\n")
    [1, 3, 3, 4]
    """
    tree = _tree(language.grammar, text)
    lines_found: list[int] = []
    open_nodes = [tree.root_node] if tree else []
    while open_nodes:
        node = open_nodes.pop()
        if node.type in _BODIES | _ROOTS:
            lines_found += [n.start_point[0] + 1 for n in node.named_children if not _does_nothing(n)]
        open_nodes.extend(node.named_children)
    return sorted(lines_found) if tree else None


def node_end(language: Language, text: str, offset: int) -> int | None:
    """Find the end of the statement at `offset`, or of its block if only comments come before the statement.

    `offset` may be on the white space before the statement. `None` also if there is an error inside, since
    the end would be a guess.

    >>> from assist_context.languages import language_of
    >>> source = "def f():\\n    a = 1\\n    b = 2\\nc = 3\\n"
    >>> source[: node_end(language_of("a.py"), source, 9)]
    'def f():\\n    a = 1\\n    b = 2'
    """
    text = _blank_cut_start(language, text)
    tree = _tree(language.grammar, text)
    start = re.compile(r"\S").search(text, max(offset, 0))
    if tree is None or start is None:
        return None
    first = len(_encode(text[: start.start()]))
    path = _path(tree, first)
    index = next((i for i in reversed(range(len(path) - 1)) if path[i].type in _BODIES | _ROOTS), None)
    if index is None or path[index].is_error:
        return None
    body = path[index]
    node = path[index + 1]
    if body.type in _BODIES and all(_does_nothing(n) for n in body.named_children if n.end_byte <= first):
        node = path[index - 1] if body.type == "statement_list" else body  # Go's list is inside its block
    return None if node.has_error else len(_encode(text)[: node.end_byte].decode("utf-8", "replace"))


def _does_nothing(node: tree_sitter.Node) -> bool:
    """Return whether a node has no effect: a comment, or a string by itself (Python's docstring)."""
    lone = node.child(0) if node.type == "expression_statement" and node.child_count == 1 else None
    return "comment" in node.type or node.type == "string" or (lone is not None and lone.type == "string")


def is_empty_block(language: Language, text: str, offset: int) -> bool | None:
    """Return whether `offset` is in a block that contains only comments and a docstring.

    >>> from assist_context.languages import language_of
    >>> source = 'def f():\\n    \"\"\"Doc.\"\"\"\\n    '
    >>> is_empty_block(language_of("a.py"), source, len(source))
    True
    """
    text = _blank_cut_start(language, text)
    tree = _tree(language.grammar, text)
    if tree is None:
        return None
    before = _encode(text[: max(offset, 0)])
    code = before
    for _ in range(_MAX_BACK):
        code = code.rstrip()
        path = _path(tree, len(code) - 1) if code else []
        idle = next((n for n in path if n.type not in _ROOTS and _does_nothing(n)), None)
        if idle is None:
            return _opens_empty(path, before, len(code) - 1)
        code = code[: idle.start_byte]
    return False


def _opens_empty(path: list[tree_sitter.Node], before: bytes, opener: int) -> bool:
    """Return whether the last leaf of `path`, at the byte `opener`, opens a block without statements."""
    if len(path) < 2 or path[-1].type not in {":", "{"}:
        return False
    bodies = [n for n in (path[-2], *path[-2].children) if n.type in _BODIES and n.end_byte > opener]
    header = before.rfind(b"\n", 0, opener) + 1
    line = before.rfind(b"\n") + 1
    leads = [len(text) - len(text.lstrip()) for text in (before[header:], before[line:])]
    if path[-1].type == ":" and line > opener and leads[1] <= leads[0]:
        return False
    return bool(bodies) and all(_does_nothing(n) for n in bodies[0].named_children)


def is_string_or_comment(language: Language, text: str, offset: int) -> bool:
    """Return whether text typed at `offset` becomes part of a string or a comment. Needs no grammar.

    >>> from assist_context.languages import language_of
    >>> is_string_or_comment(language_of("a.js"), "f('a', b) // c", 4)
    True
    """
    ahead = text[: max(offset, 0)]
    last = next((text[s:e] for kind, s, e in marks(language, ahead) if kind[1:] and e == len(ahead)), "")
    return bool(last) and not _is_closed(last)


def in_comment(language: Language, text: str, offset: int) -> bool:
    """Return whether text typed at `offset` becomes part of a comment.

    The grammar knows, except where code is half-typed: after a quote or an opening mark that is not closed,
    the scanner does.

    >>> from assist_context.languages import language_of
    >>> source = "x = 1  # why"
    >>> in_comment(language_of("a.py"), source, len(source)), in_comment(language_of("a.py"), source, 5)
    (True, False)
    """
    text = _blank_cut_start(language, text)
    ahead = text[: max(offset, 0)]
    kind, start = next(((k, s) for k, s, e in marks(language, ahead) if k[1:] and e == len(ahead)), ("", 0))
    open_kind = kind if kind and not _is_closed(ahead[start:]) else ""
    tree = _tree(language.grammar or language.outline, text)
    if tree is None:
        return open_kind == "comment"
    at = len(_encode(ahead))
    comment = next((node for node in _path(tree, max(at - 1, 0)) if "comment" in node.type), None)
    if comment is None:
        return open_kind == "comment" and bool(errors(language, text, (start, len(ahead))))
    token = _encode(text)[comment.start_byte : comment.end_byte].decode("utf-8", "replace")
    is_ended = at == comment.end_byte and (_is_closed(token) or token.endswith(("\n", "-->")))
    return open_kind != "string" and comment.start_byte < at and not is_ended


_QUOTE = re.compile(r"r#\"|/\*|\"\"\"|'''|[\"'`]|/(?!/)")


def _closing_mark(token: str) -> str:
    """Return how a string or comment must end; "" for a line comment."""
    match = _QUOTE.match(token)
    return {'r#"': '"#', "/*": "*/"}.get(match[0], match[0]) if match else ""


def _is_closed(token: str) -> bool:
    """Return whether a string or comment is complete, so that code follows."""
    closing = _closing_mark(token)
    body = token[len(closing) : -len(closing)] if closing else ""
    is_escaped = len(closing) == 1 and (len(body) - len(body.rstrip("\\"))) % 2 == 1
    return bool(closing) and len(token) >= 2 * len(closing) and token.endswith(closing) and not is_escaped


@dataclass(frozen=True, slots=True)
class Balance:
    """The brackets of two texts that meet at a border.

    `open`: brackets of the first that are open at the border, (bracket, offset), the outermost first.
    `closes`: brackets and quotes in the second that close what the first opened, (text, offset).
    `left`: what the second must end with to close everything that it opens.
    `first_left`: where in the second the outermost of that begins, -1 for nothing.
    """

    open: tuple[tuple[str, int], ...]
    closes: tuple[tuple[str, int], ...]
    left: str
    first_left: int = -1


def balance(language: Language, before: str, text: str) -> Balance:
    """Return how the brackets of `text` match the brackets of `before`. Needs no grammar and no correct code.

    >>> from assist_context.languages import language_of
    >>> balance(language_of("a.c"), "f(", "x) + g(")
    Balance(open=(('(', 1),), closes=((')', 1),), left=')', first_left=6)
    """
    whole = before + text
    border = len(before)
    outer: list[tuple[str, int]] = []
    inner: list[tuple[str, int]] = []
    closes: list[tuple[str, int]] = []
    token = ""
    start, end = 0, 0
    for kind, start, end in marks(language, whole):
        token = whole[start:end]
        if kind == "string" and start < border < end and _is_closed(token):
            closes.append((_closing_mark(token), max(end - len(_closing_mark(token)) - border, 0)))
        elif kind in PAIRS:
            (outer if start < border else inner).append((kind, start))
        elif (
            len(kind) == 1
            and not _close_bracket(outer if start < border else inner, kind)
            and start >= border
        ):
            closes.append((kind, start - border))
    closing = _closing_mark(token) if end == len(whole) and not _is_closed(token) else ""
    closers = closing + "".join(PAIRS[b] for b, _ in reversed(inner))
    first = [at for _, at in inner[:1]] or ([start] if closing and start >= border else [])
    return Balance(tuple(outer), tuple(closes), closers, first[0] - border if first else -1)


def _close_bracket(stack: list[tuple[str, int]], closer: str) -> bool:
    """Removes the bracket that `closer` closes from a stack, and everything left open inside it."""
    near = reversed(range(len(stack))[-_MAX_BACK:])
    size = len(stack)
    index = next((i for i in near if PAIRS[stack[i][0]] == closer), len(stack))
    del stack[index:]
    return index < size


def marks(language: Language, text: str) -> Iterator[tuple[str, int, int]]:
    """Strings, comments and the brackets outside of them: (kind, start, end), in order.

    The kind of a bracket is the bracket itself. An unclosed string ends at its line's end, an unclosed string
    of several lines at the end of the text. Needs no grammar and no correct code.

    >>> from assist_context.languages import language_of
    >>> list(marks(language_of("a.py"), "f(')')"))
    [('(', 1, 2), ('string', 2, 5), (')', 5, 6)]
    """
    for match in _lexer(language.name, language.comment).finditer(_blank_cut_start(language, text)):
        kind = match.lastgroup or ""
        yield (match[0] if kind == "bracket" else kind), match.start(), match.end()


@lru_cache
def _lexer(name: str, comment: str) -> re.Pattern[str]:
    """The pattern for `marks`. Its alternatives begin with a literal, which lets `re` skip ahead."""
    if not comment and name in {"plaintext", "markdown", "html"}:  # prose has apostrophes, not strings
        return re.compile(r"(?P<bracket>[()\[\]{}])")
    strings = [r'"""[\s\S]*?(?:"""|\Z)', r'"(?:\\[\s\S]|[^"\\\n])*"?']
    strings += [r'r#"[\s\S]*?(?:"#|\Z)'] if name == "rust" else []
    if name in {"rust", "c", "cpp", "java", "csharp", "kotlin", "scala", "go", "swift"}:
        strings.append(r"'(?:\\[^'\n]{1,12}|\\'|[^'\\\n])'")  # a character; otherwise a Rust lifetime
    else:
        strings += [r"'''[\s\S]*?(?:'''|\Z)", r"'(?:\\[\s\S]|[^'\\\n])*'?"]
    if name in (*ECMASCRIPT, "go"):
        strings.append(r"`(?:\\[\s\S]|[^`\\])*(?:`|\Z)")
    if name in ECMASCRIPT:
        ahead = r"(?:(?<=[=(,:!&|?{};\[])|(?<=[=(,:!&|?{};\[] ))"  # a slash elsewhere divides
        strings.append(ahead + r"/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n]){0,80}\]|[^/\\\n\[]){1,200}/")
    comments = [r"/\*[\s\S]*?(?:\*/|\Z)"] if comment == "//" or name == "css" else []
    comments += [re.escape(comment) + r"[^\n]*"] if comment else []
    groups = {"comment": comments, "string": strings, "bracket": [r"[()\[\]{}]"]}
    return re.compile("|".join(f"(?P<{name}>{'|'.join(forms)})" for name, forms in groups.items() if forms))


def split_outside(text: str, separators: str) -> list[str]:
    """The parts of a text between separators outside of brackets and quotes.

    >>> split_outside("Map<a, b> | c", "|")
    ['Map<a, b>', 'c']
    """
    parts = [""]
    depth = 0
    quote = ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'`":
            quote = character
        elif character in "[<({":
            depth += 1
        elif character in "]>)}" and text[at - 1 : at + 1] not in ("=>", "->"):
            depth -= 1
        if character in separators and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
