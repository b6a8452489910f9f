"""Recorded calls of Go as a file of tests, and what a test says of each value."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from assist_server.recorded_tests.calls import RecordedCall

LINE = 100  # columns, beyond which the value is not written a second time
TESTIFY = "github.com/stretchr/testify/assert"
_ALIKE = {"uint8": "byte", "int32": "rune"}


def go_string(text: str) -> str:
    r"""A literal of a text.

    >>> print(go_string('say "hi"'), go_string("a\nb"))
    `say "hi"` "a\nb"
    """
    if '"' in text and "`" not in text and text.isprintable():
        return f"`{text}`"
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("\\u007f", "\\x7f")


def go_tests(
    calls: Sequence[RecordedCall], package: str, results: Sequence[str], *, testify: bool = False
) -> str:
    """A file with a test for each call. `results` are the types that the function gives."""
    bodies = ["\n".join(_body(call, results, testify)) for call in calls]
    whole = "\n".join(bodies)
    needs = {f'"{path}"' for call in calls for _, path in call.seen.needs if _is_used(path, whole)}
    imports = {'"testing"', *needs, *(line for call in calls for line in call.proposed.imports)}
    for word, path in (("reflect.", "reflect"), ("fmt.", "fmt"), ("assert.", TESTIFY)):
        if re.search(rf"(?m)(?<![\w.]){re.escape(word)}(?:DeepEqual|Sprint|Equal|EqualError)\(", whole):
            imports.add(f'"{path}"')
    own = sorted(imports, key=lambda line: line.partition('"')[2])
    first = [f"\t{line}" for line in own if "." not in line.partition('"')[2].partition("/")[0]]
    others = [f"\t{line}" for line in own if f"\t{line}" not in first]
    middle = [*first, *([""] if others else []), *others]
    head = ["import (", *middle, ")"] if len(own) > 1 else [f"import {own[0]}"]
    lines = [f"package {package}", "", *head]
    for call, body in zip(calls, bodies, strict=True):
        lines += ["", f"func {call.test}(t *testing.T) {{", *(f"\t{row}" for row in body.split("\n")), "}"]
    return "\n".join([*lines, ""])


def _is_used(path: str, text: str) -> bool:
    name = re.sub(r"/v\d+$", "", path).rpartition("/")[2]
    return re.search(rf"(?<![\w.]){re.escape(name)}\.", text) is not None


def _body(call: RecordedCall, results: Sequence[str], testify: bool) -> Iterator[str]:
    seen = call.seen
    yield from call.proposed.setup
    text = call.proposed.call
    if seen.kind == "raised":
        yield "defer func() {"
        if seen.message:
            yield f"\tif got := fmt.Sprint(recover()); got != {go_string(seen.message)} {{"
            yield f"\t\t{_error('got panic %q', 'got')}"
        else:
            yield "\tif recover() == nil {"
            yield f"\t\t{_error('did not panic', '')}"
        yield from ("\t}", "}()", text)
        return
    rows = json.loads(seen.value) if seen.value else []
    names = _names(rows, results)
    if not any(name != "_" for name in names):
        yield text if not names else f"{', '.join(names)} = {text}"
    elif len(rows) == 1:
        yield from _check(text, names[0], (rows[0], results[0]), testify)
    else:
        yield f"{', '.join(names)} := {text}"
        ordered = sorted(zip(names, rows, results, strict=True), key=lambda part: part[0] != "err")
        for name, row, kind in ordered:
            if name != "_":
                yield from _check(name, name, (row, kind), testify)
    for change in seen.changes:
        yield from _check(change.target, change.target, (json.loads(change.equals), ""), testify)


def _names(rows: Sequence[dict[str, Any]], results: Sequence[str]) -> list[str]:
    """The variables for the results, "_" for one that no test can look at."""
    found: list[str] = []
    for row, kind in zip(rows, results, strict=True):
        count = sum(name.startswith("got") for name in found)
        name = "err" if kind == "error" else f"got{count + 1 if count else ''}"
        found.append(name if row["how"] and name not in found else "_")
    return found


def _error(message: str, *given: str) -> str:
    given = tuple(word for word in given if word)
    if not given:
        return f"t.Error({go_string(message)})"
    return f"t.Errorf({', '.join((go_string(message), *given))})"


def plain_literal(text: str, kind: str) -> str:
    """A literal without the type that what it is compared to has anyway.

    >>> plain_literal("int64(-3)", "int64"), plain_literal("int64(3)", "any"), plain_literal('"a"', "string")
    ('-3', 'int64(3)', '"a"')
    """
    found = re.fullmatch(r"([\w.]+)\((.*)\)", text, re.DOTALL)
    return found[2] if found and kind and kind in (found[1], _ALIKE.get(found[1])) else text


def _check(call: str, name: str, what: tuple[dict[str, Any], str], testify: bool) -> Iterator[str]:
    row, kind = what
    if testify:
        yield _assertion(call, row)
        return
    begin = "" if call == name else f"{name} := {call}; "
    text = plain_literal(row["text"], kind)
    form = "%q" if text[:1] in '"`' else "%v"
    shown = text if len(text) < 50 and "\n" not in text else ""
    want = f"; want {shown.replace('%', '%%')}" if shown else ""
    match row["how"]:
        case "basic" if text in ("true", "false"):
            condition = name if text == "false" else f"!{name}"
            yield f"if {begin}{condition} {{"
            yield f"\t{_error(f'got {form}{want}', name)}"
        case "basic":
            yield f"if {begin}{name} != {text} {{"
            yield f"\t{_error(f'got {form}{want}', name)}"
        case "nil":
            yield f"if {begin}{name} != nil {{"
            yield f"\t{_error('got %v; want nil', name)}"
        case "empty":
            yield f"if {begin}len({name}) != 0 {{"
            yield f"\t{_error('got %v; want none', name)}"
        case "error":
            yield f"if {begin}{name} == nil || {name}.Error() != {text} {{"
            yield f"\t{_error(f'got %v{want}', name)}"
        case "string":
            yield f"if {begin}{name}.String() != {text} {{"
            yield f"\t{_error(f'got %v{want}', name)}"
        case _ if begin:
            yield f"{name} := {call}"
            yield f"want := {text}"
            yield f"if !reflect.DeepEqual({name}, want) {{"
            yield f"\t{_error('got %+v; want %+v', name, 'want')}"
        case _:
            yield f"if want := ({text}); !reflect.DeepEqual({call}, want) {{"
            yield f"\t{_error('got %+v; want %+v', call, 'want')}"
    yield "}"


def _assertion(call: str, row: dict[str, Any]) -> str:
    match row["how"]:
        case "basic" if row["text"] in ("true", "false"):
            return f"assert.{row['text'].capitalize()}(t, {call})"
        case "nil":
            return f"assert.Nil(t, {call})"
        case "empty":
            return f"assert.Empty(t, {call})"
        case "error":
            return f"assert.EqualError(t, {call}, {row['text']})"
        case "string":
            return f"assert.Equal(t, {row['text']}, {call}.String())"
        case _:
            return f"assert.Equal(t, {row['text']}, {call})"
