"""Calls of scripts that syntax proposes: by the types of parameters, and at the edges of what is given."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assist_runner.characterization_tests.calls import ProposedCall, calls_in_turns
from assist_runner.characterization_tests.typescript.access import ScriptSubject, ScriptTarget
from assist_runner.scripts.script_functions import ScriptFunction, ScriptParameter
from assist_runner.scripts.script_module import import_lines
from assist_runner.scripts.script_pieces import CallArgument, call_arguments, is_whole
from assist_runner.scripts.script_values import TypeBook, parameter_values

MAX_TYPED = 16  # calls of one function
MAX_VARIATIONS = 24
MAX_WORDS = 8  # literals of the function's own conditions
MAX_METHODS = 6
_EDGES = {
    "string": ("''", "' '"), "number": ("0", "-1", "1", "100"), "array": ("[]",), "object": ("{}",),
    "null": ("0", "'abc'"), "undefined": ("0", "'abc'"),
}  # fmt: skip


def typed_calls(subject: ScriptSubject, book: TypeBook, *, typed: bool) -> list[ProposedCall]:
    """Calls of what reaches the subject. `typed`: it is TypeScript, so that unknown types need a cast."""
    found = []
    for target in subject.targets:
        own = list(_calls_of(target, book, typed))
        found += own[: MAX_TYPED if len(subject.targets) == 1 else MAX_TYPED // 2]
    return found


def _calls_of(target: ScriptTarget, book: TypeBook, typed: bool) -> Iterator[ProposedCall]:
    function = target.function
    imports = tuple(import_lines(target.imports))
    whole = target.expression
    if function.abstract:
        return
    match function.role:
        case "class":
            yield from _class_calls(target, imports, book, typed)
        case "constructor":
            for given in _argument_rows(function.parameters, book, typed):
                yield ProposedCall(f"new {whole}({given})", imports, (), "syntax")
        case "method" | "getter":
            for made_with in _argument_rows(function.making, book, typed)[:3]:
                yield from _method_calls(function, f"new {whole}({made_with})", imports, book, typed)
        case "function" | "static":
            called = f"{whole}.{function.name}" if function.owner else whole
            for given in _argument_rows(function.parameters, book, typed):
                yield ProposedCall(f"{called}({given})", imports, (), "syntax")


def _class_calls(
    target: ScriptTarget, imports: tuple[str, ...], book: TypeBook, typed: bool
) -> Iterator[ProposedCall]:
    made = _argument_rows(target.function.making, book, typed)
    for given in made[:4]:
        yield ProposedCall(f"new {target.expression}({given})", imports, (), "syntax")
    for method in target.function.methods:
        if method.role in ("method", "getter"):
            yield from _method_calls(method, f"new {target.expression}({made[0]})", imports, book, typed)
        elif method.role == "static":
            for given in _argument_rows(method.parameters, book, typed)[:4]:
                yield ProposedCall(f"{target.expression}.{method.name}({given})", imports, (), "syntax")


def _method_calls(
    method: ScriptFunction, made: str, imports: tuple[str, ...], book: TypeBook, typed: bool
) -> Iterator[ProposedCall]:
    name = re.sub(r"\W", "", made.partition("(")[0].rpartition(".")[2].removeprefix("new "))
    variable = name[:1].lower() + name[1:] if name[:1].isupper() else f"own{name.title()}"
    setup = (f"const {variable} = {made};",)
    if method.role == "getter":
        yield ProposedCall(f"{variable}.{method.name}", imports, setup, "syntax")
        return
    for given in _argument_rows(method.parameters, book, typed)[:MAX_METHODS]:
        yield ProposedCall(f"{variable}.{method.name}({given})", imports, setup, "syntax")


def _argument_rows(parameters: Sequence[ScriptParameter], book: TypeBook, typed: bool) -> list[str]:
    """Lists of arguments: the usual ones, then one of them otherwise, then fewer and more."""
    needed = [row for row in parameters if not row.optional and not row.rest]
    values = {row.name: parameter_values(row, book) or _unknown(typed) for row in parameters}
    usual = [values[row.name][0] for row in needed]
    rows = [usual]
    for number in range(1, 6):
        for at, row in enumerate(needed):
            if number < len(values[row.name]):
                rows.append([*usual[:at], values[row.name][number], *usual[at + 1 :]])
    more = [row for row in parameters if row.optional or row.rest]
    given = list(usual)
    for row in more:
        for value in [text for text in values[row.name] if text != row.default][:3]:
            rows.insert(min(len(rows), 2), [*given, value])
        given.append("undefined" if row.default else values[row.name][0])
        if row.rest and values[row.name]:
            rows.append([*usual, *values[row.name][:2]])
    return list(dict.fromkeys(", ".join(row) for row in rows))[:MAX_TYPED]


def _unknown(typed: bool) -> list[str]:
    return ["{} as any"] if typed else ["{}", "'abc'", "3"]


def variations(calls: Sequence[ProposedCall], function: ScriptFunction) -> list[ProposedCall]:
    """The calls with one argument at an edge: empty, zero, what a condition compares with, the other flag."""
    words = list(dict.fromkeys(function.words))[:MAX_WORDS]
    found = calls_in_turns(calls, [list(_variations_of(call, words)) for call in calls], MAX_VARIATIONS)
    return [call for call in found if is_whole(f"{call.call};")]


def _variations_of(call: ProposedCall, words: Sequence[str]) -> Iterator[ProposedCall]:
    known = call_arguments(call.call)
    for argument in known[0] if known is not None else ():
        for text in _other_values(argument, words):
            changed = f"{call.call[: argument.start]}{text}{call.call[argument.end :]}"
            yield replace(call, call=changed, origin="syntax", wanted="")


def _other_values(argument: CallArgument, words: Sequence[str]) -> Iterator[str]:
    kind, text = argument.kind, argument.text
    if kind in ("true", "false"):
        yield "false" if kind == "true" else "true"
        return
    if kind == "unary_expression" and re.fullmatch(r"-[\d.]+", text):
        kind = "number"
    same = [word for word in words if (word[:1] in "'\"") == (kind == "string")]
    if kind == "number":
        yield from same
        yield from (str(int(word) - 1) for word in same if word.isdigit() and word != "0")
    elif kind == "string":
        yield from same
        inner = text[1:-1]
        yield from (f"'{inner}{word[1:-1]}{inner}'" for word in same[:3] if "'" not in inner and inner)
        other = inner.upper() if inner != inner.upper() else inner.lower()
        yield from [f"{text[0]}{other}{text[0]}"] if other != inner and "\\" not in inner else []
    yield from _EDGES.get(kind, ())
