"""Recorded calls of Python as tests, for pytest or for unittest."""

import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from assist_runner.characterization_tests.calls import RecordedCall, ValueCheck
from assist_runner.characterization_tests.test_names import snake

PythonStyle = Literal["pytest", "unittest"]
_LINE = 88  # columns, as most formatters have
_PLAIN_MESSAGE = re.compile(r"[\w ,:;!=<>@#%&/'\"-]{4,80}")  # one that is its own regular expression


def python_tests(calls: Sequence[RecordedCall], style: PythonStyle, name: str) -> str:
    """The text of the tests, with their imports. `name` is what they are about."""
    functions = test_functions(calls, style, in_class=style == "unittest")
    if style == "unittest":
        functions = [f"class {title_of(name)}(unittest.TestCase):\n" + "\n\n".join(functions)]
    parts = [import_blocks(needed_imports(calls, style)), *functions]
    return "\n\n\n".join(part for part in parts if part) + "\n"


def title_of(name: str) -> str:
    """What a class of tests about a name is called.

    >>> title_of("Cart.total")
    'TestCartTotal'
    """
    return "Test" + "".join(word.title() for word in snake(name).split("_"))


def test_functions(calls: Sequence[RecordedCall], style: PythonStyle, *, in_class: bool) -> list[str]:
    """A function for each call, as a method where they go into a class."""
    indent = "    " if in_class else ""
    found = []
    for call in calls:
        given = [
            *(["self"] if in_class else []),
            *(["capsys"] if _prints(call) and style == "pytest" else []),
        ]
        body = [f"{indent}    {line}" if line else "" for line in _body(call, style)]
        found.append("\n".join([f"{indent}def {call.test}({', '.join(given)}):", *body]))
    return found


def _prints(call: RecordedCall) -> bool:
    return bool(call.seen.printed) and call.seen.kind == "value" and call.seen.value in ("None", "")


def needed_imports(calls: Sequence[RecordedCall], style: PythonStyle) -> list[str]:
    """The imports that tests need, each of one name."""
    lines = {line for call in calls for line in call.proposed.imports}
    for call in calls:
        seen = call.seen
        rows = [*seen.needs, *(need for check in (*seen.checks, *seen.changes) for need in check.needs)]
        if seen.kind == "raised" and seen.error[0] != "builtins":
            rows.append((seen.error[0], seen.error[1].partition(".")[0]))
        lines |= {f"from {module} import {name}" if name else f"import {module}" for module, name in rows}
        if seen.how == "await":
            lines.add("import asyncio")
        if _prints(call) and style == "unittest":
            lines |= {"import contextlib", "import io"}
    if style == "unittest":
        lines.add("import unittest")
    elif any(call.seen.kind == "raised" for call in calls):
        lines.add("import pytest")
    return sorted(lines)


def import_blocks(lines: Iterable[str]) -> str:
    """Imports as a file has them: one statement for each module, in groups."""
    return "\n\n".join("\n".join(group) for group in _groups(_merge(lines)) if group)


def _merge(lines: Iterable[str]) -> list[str]:
    """Imports from one module in one line."""
    names: dict[str, set[str]] = {}
    found = []
    for line in lines:
        source = re.fullmatch(r"from (\S+) import (.+)", line)
        if source:
            names.setdefault(source[1], set()).add(source[2])
        else:
            found.append(line)
    return sorted(found) + [
        f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)
    ]


def _groups(lines: Sequence[str]) -> list[list[str]]:
    """Python's own modules first, then pytest, then the project."""
    groups: list[list[str]] = [[], [], []]
    for line in lines:
        top = line.split()[1].partition(".")[0]
        groups[0 if top in sys.stdlib_module_names else 1 if top == "pytest" else 2].append(line)
    return groups


def _body(call: RecordedCall, style: PythonStyle) -> Iterator[str]:
    """The lines of one test."""
    for statement in call.proposed.setup:
        yield from statement.splitlines()
    seen = call.seen
    text = call.proposed.call
    text = f"asyncio.run({text})" if seen.how == "await" else f"list({text})" if seen.how == "list" else text
    if seen.kind == "raised":
        yield from _refusal(call, text, style)
        return
    if _prints(call):
        yield from _printing(text, seen.printed, style)
    elif seen.checks:
        yield from f"result = {text}".splitlines()
        for check in seen.checks:
            yield from _check(check, style)
    elif not seen.value or (seen.value == "None" and seen.changes):  # all that is known is that it ends
        yield from text.splitlines()
    else:
        yield from _equal(text, seen.value, style)
    for check in seen.changes:
        yield from _equal(check.target, check.equals, style)


def _refusal(call: RecordedCall, text: str, style: PythonStyle) -> Iterator[str]:
    seen = call.seen
    name = seen.error[1]
    words = seen.message if _PLAIN_MESSAGE.fullmatch(seen.message) else ""
    match = f", match={double_quotes(repr(words))}" if words else ""
    if style == "pytest":
        yield f"with pytest.raises({name}{match}):"
    elif words:
        yield f"with self.assertRaisesRegex({name}, {double_quotes(repr(words))}):"
    else:
        yield f"with self.assertRaises({name}):"
    for line in text.splitlines():
        yield f"    {line}"


def _printing(text: str, printed: str, style: PythonStyle) -> Iterator[str]:
    if style == "pytest":
        yield from text.splitlines()
        yield f"assert capsys.readouterr().out == {double_quotes(repr(printed))}"
        return
    yield "printed = io.StringIO()"
    yield "with contextlib.redirect_stdout(printed):"
    for line in text.splitlines():
        yield f"    {line}"
    yield f"self.assertEqual(printed.getvalue(), {double_quotes(repr(printed))})"


def _check(check: ValueCheck, style: PythonStyle) -> Iterator[str]:
    if check.target == "type":
        told = f"isinstance(result, {check.equals})"
        yield f"assert {told}" if style == "pytest" else f"self.assertIsInstance(result, {check.equals})"
    elif check.target in ("str", "repr", "len"):
        yield from _equal(f"{check.target}(result)", check.equals, style)
    else:
        yield from _equal(f"result{check.target}", check.equals, style)


def _equal(text: str, value: str, style: PythonStyle) -> Iterator[str]:
    """An expression and what it equals, within the usual columns if that is possible."""
    value = double_quotes(value)
    plain = value in ("None", "True", "False")
    if style == "unittest":
        named = {"None": "IsNone", "True": "Is", "False": "Is"}.get(value, "Equal")
        yield from (
            f"self.assert{named}({text})" if value == "None" else f"self.assert{named}({text}, {value})"
        ).splitlines()
        return
    line = f"assert {text} {'is' if plain else '=='} {value}"
    if len(line) + 4 <= _LINE or "\n" in line:
        yield from line.splitlines()
    elif len(text) + len("    assert  == (") <= _LINE:
        yield f"assert {text} == ("
        yield f"    {value}"
        yield ")"
    else:
        yield f"result = {text}"
        yield f"assert result == {value}"


def double_quotes(text: str, quote: str = '"') -> str:
    """Python code with double quotes around its strings, or with others, where that needs no other change.

    >>> double_quotes("['a', 'say \\"b\\"']")
    '["a", \\'say "b"\\']'
    """
    parts = []
    at = 0
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return text
    for token in tokens:
        found = (
            re.fullmatch(r"""([rRbBuU]*)(['"])([^'"]*)\2""", token.string)
            if token.type == tokenize.STRING
            else None
        )
        if found:
            start = starts[token.start[0] - 1] + token.start[1]
            end = starts[token.end[0] - 1] + token.end[1]
            parts += [text[at:start], f"{found[1]}{quote}{found[3]}{quote}"]
            at = end
    return "".join([*parts, text[at:]])
