"""Bodies of functions that are broken on purpose, to see whether tests notice.

The texts are found by expressions over the code without its strings and comments, and each one is parsed
before it is offered. The body is a range of characters: what follows a heading such as `def f():`, or a block
with its braces or without them. This module runs nothing and knows no test.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_context.code.trees import grammars
from assist_context.code.trees.fragments import PAIRS, errors, marks, statement_lines
from assist_context.languages import ECMASCRIPT, Language

# What a body becomes that does nothing but fail, and how the same is said where an expression is expected.
_THROW = 'throw new Error("no body");'
_EMPTY = {
    "python": ("pass", "None"),
    "javascript": (_THROW, f"(() => {{ {_THROW} }})()"),
    "typescript": (_THROW, f"(() => {{ {_THROW} }})()"),
    "tsx": (_THROW, f"(() => {{ {_THROW} }})()"),
    "rust": ("unimplemented!()",),
    "go": ('panic("no body")',),
    "java": ('throw new UnsupportedOperationException("no body");',),
    "c": ("__builtin_trap();",),
    "cpp": ("__builtin_trap();",),
    "csharp": ("throw new System.NotImplementedException();",),
    "kotlin": ("TODO()",),
    "scala": ("???",),
    "swift": ("fatalError()",),
    "php": ('throw new \\Exception("no body");',),
    "ruby": ("raise NotImplementedError",),
    "lua": ('error("no body")',),
}
MAX_MICROSECONDS = 500_000  # for one file
_UNTYPED = ("python", *ECMASCRIPT)  # elsewhere a missing value does not compile

_COMPARISONS = {
    "===": "!==", "!==": "===", "==": "!=", "!=": "==", "<=": ">", ">=": "<", "<": ">=", ">": "<=",
}  # fmt: skip
_ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "*", "//": "*"}
_WORDS = {"True": "False", "False": "True", "true": "false", "false": "true", "and": "or", "or": "and"}

# A bare < or > counts only with spaces around it: else it may be a type's bracket, an arrow or a channel.
_COMPARISON = re.compile(r"(?<=[\w)\] ])(?:[!=]==?|[<>]=)(?![=>])|(?<= )[<>](?= )")
# An operator between two operands, with a space on both sides or on none.
_OPERATOR = re.compile(
    r"""(?<=[\w)\]])(?P<tight>//|[+\-*/%])(?=[\w(])       # a+b
    | (?<=[\w)\]][ ])(?P<loose>//|[+\-*/%])(?=[ ][\w(\[ ]) # a + b
    | (?P<assigning>[+\-*/])(?==[^=])                      # a += b
    """,
    re.VERBOSE,
)
_CONSTANT = re.compile(r"(?<![\w.])(?:True|False|true|false|and|or)(?!\w)|&&|\|\|(?=[ \n])")
_NEGATION = re.compile(r"(?<![\w.])not (?!in\b)|(?<![\w!=<>])!(?=[\w(])")
_NUMBER = re.compile(r"(?<![\w.\"'])(?:0|[1-9]\d{0,8})(?!\w|\.\d)")
# A call or a change of something that exists: without it the code still runs.
_STATEMENT = re.compile(
    r"(?:await )?[A-Za-z_][\w.]*(?:\(|\[[^\]\n]*\] ?=(?!=)| ?[+\-*/|&]=|(?<=\.)[\w]+ ?=(?!=))"
)


@dataclass(frozen=True, slots=True)
class _Mutation:
    """A piece of the text, by its offsets, and what is put in its place."""

    kind: str
    start: int
    end: int
    text: str


def empty_body(language: Language, text: str, body: range) -> str:
    """The file with a body that does nothing or fails. It parses if the language has a grammar."""
    inner = _inner(language, text, body)
    old = text[inner.start : inner.stop]
    lead = old[: len(old) - len(old.lstrip())]
    trail = old[len(old.rstrip()) :] if old.strip() else ""
    choices = [
        f"{text[: inner.start]}{lead}{filler}{trail}{text[inner.stop :]}"
        for filler in _EMPTY.get(language.name, ("",))
    ]
    return next((choice for choice in choices if _parses_as_well(language, choice, text)), choices[0])


def _inner(language: Language, text: str, body: range) -> range:
    """The body without the braces around it, if those are its first and its last character."""
    old = text[body.start : body.stop]
    start = body.start + len(old) - len(old.lstrip())
    end = body.start + len(old.rstrip())
    braces = text[start : start + 1] == "{" and text[end - 1 : end] == "}"
    if language.name == "python" or not braces:
        return body
    depth = 0
    for kind, at, _ in marks(language, text):
        if start <= at < end and (kind in PAIRS or len(kind) == 1):
            depth += 1 if kind in PAIRS else -1
            if depth == 0:
                return range(start + 1, end - 1) if at == end - 1 else body
    return body


def mutants(language: Language, text: str, body: range, rng: random.Random, count: int = 3) -> list[str]:
    """Up to `count` texts of the file with one change in the body, of different kinds if there are some.

    None in a language without a grammar for fragments, since nothing would tell whether they parse. The same
    state of `rng` gives the same texts.
    """
    if not language.grammar:
        return []
    inner = _inner(language, text, body)
    found: dict[str, None] = {}
    for change in _in_turn(list(_changes(language, text, inner)), rng):
        if len(found) >= count:
            break
        new = text[: change.start] + change.text + text[change.end :]
        if new != text and _parses_as_well(language, new, text):
            found[new] = None
    return list(found)


def _in_turn(changes: list[_Mutation], rng: random.Random) -> Iterator[_Mutation]:
    """All changes by chance, but the second one of a kind only after one of each kind."""
    kinds: dict[str, list[_Mutation]] = {}
    for change in changes:
        kinds.setdefault(change.kind, []).append(change)
    order = list(kinds)
    rng.shuffle(order)
    for of_kind in kinds.values():
        rng.shuffle(of_kind)
    while any(kinds.values()):
        for kind in order:
            if kinds[kind]:
                yield kinds[kind].pop()


def _parses_as_well(language: Language, new: str, old: str) -> bool:
    """Whether a text has no more errors than the old one; true without a grammar."""
    found, before = errors(language, new), errors(language, old)
    return before is None if found is None else before is not None and found <= before


def _changes(language: Language, text: str, body: range) -> Iterator[_Mutation]:
    """Every change of one token or one statement in the body, outside strings and comments."""
    code = _code(language, text)
    yield from _swaps("comparison", _COMPARISON, code, body, _COMPARISONS)
    yield from _swaps("arithmetic", _OPERATOR, code, body, _ARITHMETIC)
    yield from _swaps("constant", _CONSTANT, code, body, {**_WORDS, "&&": "||", "||": "&&"})
    for found in _NEGATION.finditer(code, body.start, body.stop):
        yield _Mutation("negation", found.start(), found.end(), "")
    for found in _NUMBER.finditer(code, body.start, body.stop):
        yield _Mutation("number", found.start(), found.end(), str(int(found[0]) + 1))
    if language.name in _UNTYPED:
        nothing = "None" if language.name == "python" else "undefined"
        for value in _return_values(language, text):
            if (
                value.start >= body.start
                and value.stop <= body.stop
                and text[value.start : value.stop] != nothing
            ):
                yield _Mutation("return", value.start, value.stop, nothing)
    yield from _deletions(language, text, code, body)


def _swaps(
    kind: str, expression: re.Pattern[str], code: str, body: range, swaps: dict[str, str]
) -> Iterator[_Mutation]:
    for found in expression.finditer(code, body.start, body.stop):
        yield _Mutation(kind, found.start(), found.end(), swaps[found[0]])


def _return_values(language: Language, text: str) -> Iterator[range]:
    """The characters of what is returned, also by a function that is an expression."""
    data = text.encode("utf-8", "replace")
    tree = grammars.parse_tree(language.grammar, data, MAX_MICROSECONDS)
    waiting = [tree.root_node] if tree is not None else []
    while waiting:
        node = waiting.pop()
        waiting += node.named_children
        value = None
        if node.type == "return_statement" and node.named_children:
            value = node.named_children[0]
        elif node.type == "arrow_function":
            value = node.child_by_field_name("body")
        if value is not None and value.type != "statement_block":
            first = len(data[: value.start_byte].decode())
            yield range(first, first + len(data[value.start_byte : value.end_byte].decode()))


def _deletions(language: Language, text: str, code: str, body: range) -> Iterator[_Mutation]:
    """Statements of one line that change something that exists already."""
    begins = set(statement_lines(language, text) or ())
    at = 0
    for number, line in enumerate(code.splitlines(keepends=True), 1):
        start = at + len(line) - len(line.lstrip())
        end = at + len(line.rstrip())
        at += len(line)
        if (
            number in begins
            and body.start <= start
            and end <= body.stop
            and _STATEMENT.match(code, start, end)
        ):
            whole = len(text[:at].rstrip("\r\n"))
            yield _Mutation("statement", start, max(end, whole), "pass" if language.name == "python" else "")


def _code(language: Language, text: str) -> str:
    """The text with strings and comments blanked out, each character in its place."""
    parts = []
    at = 0
    for kind, start, end in marks(language, text):
        if kind in ("string", "comment"):
            parts += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
            at = end
    return "".join([*parts, text[at:]])
