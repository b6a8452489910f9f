"""Recorded calls of Rust as a module of tests."""

import re
from collections.abc import Iterator, Sequence

from assist_runner.characterization_tests.calls import RecordedCall

LINE = 100  # columns, as rustfmt has
_TIGHT = re.compile(r"[\w:.]+(?:::<[^>]*>)?[!]?\s*[(\[].*|[\w:.]+", re.DOTALL)
_MODULE = re.compile(r"\bmod\s+(\w+)\s*\{")


def module_name(head: str) -> str:
    """The name of the module in the first lines of tests, "tests" if they have none."""
    found = _MODULE.search(head)
    return found[1] if found else "tests"


def rust_tests(calls: Sequence[RecordedCall], head: str) -> str:
    """The module with a test for each call. One of a crate without `std` brings what it needs of it."""
    lines = ["#[cfg(test)]", f"mod {module_name(head)} {{"]
    needed = test_imports(calls)
    externs = [line for line in needed if line.startswith("extern ")]
    imports = [*externs, "use super::*;", *(line for line in needed if line not in externs)]
    lines += [f"    {line}" for text in imports for line in text.split("\n")]
    for text in test_functions(calls):
        lines += ["", *(f"    {line}" if line else "" for line in text.split("\n"))]
    return "\n".join([*lines, "}", ""])


def test_imports(calls: Sequence[RecordedCall]) -> list[str]:
    """What tests need apart from the module above them."""
    imports = ["use super::*;"]
    if any(module == "std" for call in calls for module, _ in call.seen.needs):
        body = "\n".join(line for call in calls for line in (*call.proposed.setup, *_checks(call)))
        needed = list(_of_std(body))
        imports = [*(["extern crate std;"] if needed or "std::" in body else []), *imports, *needed]
    own = sorted({line for call in calls for line in call.proposed.imports} - set(imports))
    return [line for line in (*imports, *own) if line != "use super::*;"]


def test_functions(calls: Sequence[RecordedCall]) -> Iterator[str]:
    """A function for each call, without indentation."""
    for call in calls:
        lines = ["#[test]"]
        if call.seen.kind == "raised":
            expected = f"(expected = {rust_string(call.seen.message)})" if call.seen.message else ""
            lines.append(f"#[should_panic{expected}]")
        body = "\n".join((*call.proposed.setup, *_checks(call))).split("\n")
        inner = [f"    {line}" if line else "" for line in body]
        yield "\n".join([*lines, f"fn {call.test}() {{", *inner, "}"])


def _of_std(text: str) -> Iterator[str]:
    """The names that a text uses which only a crate with `std` has by itself."""
    for mark, name in (("format!", "format"), ("vec!", "vec"), (".to_string()", "string::ToString")):
        if mark in text:
            yield f"use self::std::{name};"
    for name, path in (("String", "string"), ("Vec", "vec"), ("Box", "boxed")):
        if re.search(rf"(?<![\w:]){name}\b", text):
            yield f"use self::std::{path}::{name};"


def rust_string(text: str) -> str:
    r"""A literal of a text.

    >>> print(rust_string('say "hi"'), rust_string("a\nb"))
    r#"say "hi""# "a\nb"
    """
    if '"' in text and '"#' not in text and "\\" not in text and text.isprintable():
        return f'r#"{text}"#'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for character, code in (("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r"), ("\0", "\\0")):
        escaped = escaped.replace(character, code)
    return '"' + "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in escaped) + '"'


def _checks(call: RecordedCall) -> Iterator[str]:
    seen = call.seen
    text = call.proposed.call
    if seen.kind == "raised":
        yield f"{text};" if not text.startswith("&") else f"let _ = {text};"
        return
    yield from _value_check(text, seen.how, seen.value)
    for change in seen.changes:
        yield from _value_check(change.target, "", change.equals)


def _value_check(call: str, how: str, value: str) -> Iterator[str]:
    receiver = call if _TIGHT.fullmatch(call) and not re.search(r"\s[-+*/%&|=<>]+\s", call) else f"({call})"
    match how:
        case "" if value == "()":
            yield f"{call};"
        case "" if value in ("true", "false"):
            yield _broken("assert!(", [call if value == "true" else f"!{receiver}"])
        case "":
            yield _equal(call, value)
        case "is_empty" | "is_ok":
            yield _broken("assert!(", [f"{receiver}.{how}()"])
        case "about":
            near = f"{abs(float(value)):.9g}"
            near = near if "." in near or "e" in near else f"{near}.0"
            yield f"assert!(({call} {'+' if value[0] == '-' else '-'} {near}).abs() < 1e-6);"
        case "matches":
            yield _broken("assert!(", [f"matches!({call}, {value})"])
        case "debug":
            yield _equal(f'format!("{{:?}}", {call})', rust_string(value))
        case "unwrap debug":
            yield _equal(f'format!("{{:?}}", {receiver}.unwrap())', rust_string(value))
        case "kept":
            yield f"let _ = {call};"
        case _:
            yield _equal(f"{receiver}{how}", value)


def _equal(left: str, right: str) -> str:
    return _broken("assert_eq!(", [left, right])


def _broken(start: str, parts: Sequence[str]) -> str:
    """A macro in one line, or a line for each part where that is too long."""
    line = f"{start}{', '.join(parts)});"
    if len(line) + 8 <= LINE and "\n" not in line:
        return line
    inner = ",\n    ".join(parts)
    return f"{start}\n    {inner}{',' if len(parts) > 1 else ''}\n);"
