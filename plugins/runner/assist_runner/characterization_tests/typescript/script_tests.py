"""Recorded calls of scripts as tests in the style of the project's: words, quotes, imports, comparisons."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_runner.characterization_tests.calls import RecordedCall, ValueCheck
from assist_runner.characterization_tests.typescript.observing import imports_in
from assist_runner.characterization_tests.typescript.script_runners import LIBRARIES, RunnerKind
from assist_runner.scripts.script_module import DEFAULT, WHOLE, ScriptImport, import_lines, script_module

_WIDTH = 100  # columns
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SINGLE = re.compile(r"(?<![\w\"'])'([^'\"\\\n]*)'(?![\w'])")
_PLAIN = {"undefined": "toBeUndefined()", "null": "toBeNull()", "NaN": "toBeNaN()"}


@dataclass(frozen=True, slots=True)
class ScriptStyle:
    """How tests are written: `word` is "it" or "test"; `imported` says that its words are imported.

    `taken` are the names that the file of tests has already, `strict` that plain names of assert are strict.
    """

    runner: RunnerKind
    word: str = "it"
    groups: bool = True
    quote: str = '"'
    end: str = ";"
    indent: str = "  "
    imported: bool = True
    common: bool = False
    taken: frozenset[str] = frozenset()
    asserts: str = "assert"
    strict: bool = True


def style_of_tests(
    shown: str, place_text: str, runner: RunnerKind, *, common: bool, source: str = ""
) -> ScriptStyle:
    """The style of the tests that are shown, of the code's own where there are none."""
    like = shown or source
    it = len(re.findall(r"^\s*it(?:\.\w+)*\(", shown, re.MULTILINE))
    test = len(re.findall(r"^\s*test(?:\.\w+)*\(", shown, re.MULTILINE))
    indents = re.findall(r"^(\t|  +)\S", like, re.MULTILINE)
    library = LIBRARIES[runner]
    imported = runner == "node" or re.search(rf"[\"']{library}[\"']", shown) is not None
    if runner == "vitest" and not shown:
        imported = True
    own = script_module(place_text) if place_text else None
    found = re.search(
        r"(?:import\s+(?:\*\s+as\s+)?(\w+)\s+from|const\s+(\w+)\s*=\s*require\()\s*[\"'](?:node:)?assert(/strict)?[\"']",
        place_text,
    )
    words = re.findall(r"(?<![\w.])([\"'])", like)
    return ScriptStyle(
        runner,
        "test" if test > it else "it",
        "describe(" in shown or not shown,
        "'" if words.count("'") > words.count('"') else '"',
        ";"
        if len(re.findall(r";\s*$", like, re.MULTILINE)) * 4 > len(re.findall(r"\)\s*$", like, re.MULTILINE))
        else "",
        min(indents, key=len, default="  ") if "\t" not in indents else "\t",
        imported,
        common,
        frozenset(own.imports) | own.defined if own is not None else frozenset(),
        (found[1] or found[2]) if found else "assert",
        found is None or bool(found[3]),
    )


def script_tests(calls: Sequence[RecordedCall], style: ScriptStyle, name: str) -> str:
    """The text of the tests, with the imports that the file does not have. `name` is what they are about."""
    lines = [*import_lines(tuple(new_imports(calls, style)), style.quote, style.end), ""]
    lines = lines if len(lines) > 1 else []
    inner = style.indent if style.groups else ""
    if style.groups:
        lines.append(f"describe({_in_quotes(_string(name), style)}, () => {{")
    for number, call in enumerate(calls):
        if number:
            lines.append("")
        lines += [f"{inner}{line}" if line else "" for line in test_lines(call, style, name)]
    if style.groups:
        lines.append(f"}}){style.end}")
    return "\n".join(lines) + "\n"


def new_imports(calls: Sequence[RecordedCall], style: ScriptStyle) -> list[ScriptImport]:
    """The imports that tests need and their file does not have."""
    found: list[ScriptImport] = []
    if style.imported:
        words = [style.word, *(["describe"] if style.groups else [])]
        words += [] if style.runner == "node" else ["expect"]
        library = LIBRARIES[style.runner]
        found += [ScriptImport(word, library, word, required=style.common) for word in sorted(words)]
    if style.runner == "node":
        kind = WHOLE if style.common else DEFAULT
        found.append(ScriptImport(style.asserts, "node:assert/strict", kind, required=style.common))
    found += [row for call in calls for line in call.proposed.imports for row in imports_in(line)]
    return list(dict.fromkeys(row for row in found if row.local not in style.taken))


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_quotes(text: str, style: ScriptStyle) -> str:
    """Code of ours with the project's quotes around its strings, where that needs no other change."""
    if text.startswith("/"):
        return text
    if style.quote == '"':
        return _SINGLE.sub(r'"\1"', text) if "`" not in text and "/" not in _STRING.sub("", text) else text
    return _STRING.sub(
        lambda found: found[0] if "'" in found[1] or '\\"' in found[1] else f"'{found[1]}'", text
    )


def test_lines(call: RecordedCall, style: ScriptStyle, name: str) -> Iterator[str]:
    """The lines of one test; its title is without the `name` of its group."""
    setup = [
        line.rstrip(";") + style.end if line.endswith(";") and "\n" not in line else line
        for line in call.proposed.setup
    ]
    body = [row for line in setup for row in _dedent(line)] + list(_body(call, style))
    waits = "async " if any(re.search(r"\bawait\b", line) for line in body) else ""
    title = call.test.removeprefix(name).strip() if style.groups and name else call.test
    yield f"{style.word}({_in_quotes(_string(title), style)}, {waits}() => {{"
    yield from (f"{style.indent}{line}" if line else "" for line in body)
    yield f"}}){style.end}"


def _dedent(text: str) -> list[str]:
    """The lines of a statement, moved to the left by what its last line has too much."""
    first, *rest = text.splitlines()
    spare = len(rest[-1]) - len(rest[-1].lstrip()) if rest else 0
    return [first, *(line[spare:] if not line[:spare].strip() else line for line in rest)]


def _body(call: RecordedCall, style: ScriptStyle) -> Iterator[str]:
    seen = call.seen
    text = _in_quotes("\n".join(_dedent(call.proposed.call)), style)
    if seen.kind == "raised":
        yield from _refusal(call, text, style)
        return
    given = f"await {text}" if seen.how.startswith("await") else text
    given = (
        f"[...({given})]" if seen.how == "await list" else f"[...{given}]" if seen.how == "list" else given
    )
    if seen.checks:
        yield from _lines(f"const result = {given}{style.end}")
        for check in seen.checks:
            yield from _check(check, style)
    elif not seen.value or (seen.value == "undefined" and seen.changes):  # all that is known: it ends
        yield from _lines(f"{given}{style.end}")
    else:
        yield from _equal(given, seen.value, style)
    for change in seen.changes:
        yield from _equal(change.target, change.equals, style)


def _lines(text: str) -> list[str]:
    return text.splitlines()


def _refusal(call: RecordedCall, text: str, style: ScriptStyle) -> Iterator[str]:
    seen = call.seen
    kind = seen.error[1]
    message = _in_quotes(_string(seen.message), style) if seen.message and "\n" not in seen.message else ""
    waits = seen.how.startswith("await")
    body = f"({text})" if text.startswith("{") else text
    if style.runner == "node":
        name = _in_quotes(_string(kind.rpartition(".")[2]), style)
        wanted = f"{{ name: {name}, message: {message} }}" if message else kind
        head = f"await {style.asserts}.rejects(async " if waits else f"{style.asserts}.throws("
        line = f"{head}() => {body}, {wanted}){style.end}"
    elif waits:
        line = f"await expect({text}).rejects.toThrow({message or kind}){style.end}"
    else:
        line = f"expect(() => {body}).toThrow({message or kind}){style.end}"
    yield from line.splitlines()


def _check(check: ValueCheck, style: ScriptStyle) -> Iterator[str]:
    if check.target == "type":
        told = f"expect(result).toBeInstanceOf({check.equals})"
        yield (
            f"{told}{style.end}"
            if style.runner != "node"
            else f"{style.asserts}.ok(result instanceof {check.equals}){style.end}"
        )
    elif check.target == "str":
        yield from _equal("String(result)", check.equals, style)
    else:
        yield from _equal(f"result{check.target}", check.equals, style)


def _equal(text: str, value: str, style: ScriptStyle) -> Iterator[str]:
    """An expression and what it equals, in lines of the usual width if that is possible."""
    simple = not re.match(r"[\[{/]|new |Buffer|Symbol", value)
    value = _in_quotes(value, style)
    if style.runner == "node":
        plain, strict = ("equal", "strictEqual") if simple else ("deepEqual", "deepStrictEqual")
        head = f"{style.asserts}.{plain if style.strict else strict}"
        line = f"{head}({text}, {value}){style.end}"
        inner = f"{text},\n{value}"
    elif value in _PLAIN:
        yield from f"expect({text}).{_PLAIN[value]}{style.end}".splitlines()
        return
    else:
        head = f"expect({text}).{'toBe' if simple else 'toEqual'}"
        line = f"{head}({value}){style.end}"
        inner = value
    if len(line) + 2 * len(style.indent) <= _WIDTH or "\n" in text:
        yield from line.splitlines()
    else:
        yield from (f"{head}(", *(f"{style.indent}{row}" for row in inner.splitlines()), f"){style.end}")
