"""Calls of a Rust function: in tests, documentation, callers and answers, by types, and variations of them.

This module reads texts, and runs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from textwrap import dedent

from assist_context.code.trees.fragments import errors
from assist_context.languages import language_of
from assist_runner.characterization_tests.calls import (
    CallOrigin,
    CallPlace,
    CallSubject,
    ProposedCall,
    calls_in_turns,
)
from assist_runner.characterization_tests.rust.crate import RustCrate, functions_of, tests_in
from assist_runner.characterization_tests.rust.rust_items import (
    RustFunction,
    RustStatement,
    rust_items,
    rust_script,
)
from assist_runner.characterization_tests.rust.typed_calls import typed_calls
from assist_runner.characterization_tests.rust.values import RustHints, parts_of

MAX_LINES = 16  # of a helper of tests that is taken along
MAX_SETUP = 8  # statements before a call
MAX_WORDS = 22
MAX_VARIATIONS = 30
_ASSERTING = re.compile(r"(?:debug_)?assert(?:_eq|_ne|_matches)?|matches|dbg|println|print|eprintln|panic")
_MACRO = re.compile(r"(\w+)!\s*[(\[{](.*)[)\]}]\s*;?\s*", re.DOTALL)
_STRING = re.compile(r"""(?<![\w'])(?:b?r(#*)"[^"]*"\1|b?"(?:\\.|[^"\\])*")""")
_NUMBER = re.compile(r"(?<![\w.\"'])-?(?:0|[1-9]\d{0,6})(?![\w.\"])")
_CHARACTER = re.compile(r"(?<!\w)b?'(\\?.)'")
_DOC = re.compile(r"^\s*(?:///|//!) ?(.*)$")
_RUST = language_of("a.rs")


def calls_in_script(
    text: str, subject: CallSubject, crate: RustCrate, origin: CallOrigin
) -> list[ProposedCall]:
    """The calls in a script, a file of tests or an answer, each with the statements that it needs."""
    inner = re.sub(r"(?m)^\s*#!\[.*\]\s*$", "", text)
    scripts = rust_items(inner).scripts
    rows = scripts or rust_script(inner)
    helpers = _helpers(inner) if scripts else {}
    roots = rf"(?:::)?(?:crate|std|core|alloc|{re.escape(crate.name or 'crate')})::"
    uses = [line for line in re.findall(r"(?m)^\s*use [^;]+;", inner) if re.match(rf"\s*use {roots}", line)]
    imports = [own_path(line.strip(), crate) for line in uses]
    found: dict[tuple[str, tuple[str, ...]], ProposedCall] = {}
    for script in rows:
        for call in _calls_of(script, subject, crate, origin, imports):
            used = set(re.findall(r"(?<![\w.:])\w+(?=\()", "\n".join((*call.setup, call.call))))
            own = [own_path(helpers[name], crate) for name in sorted(used & helpers.keys())]
            found.setdefault((call.call, call.setup), replace(call, imports=(*call.imports, *own)))
    return list(found.values())


def _helpers(text: str) -> dict[str, str]:
    """The short functions of a module of tests that are no tests, by name."""
    whole = "".join(tests_in(text)) or (text if "#![" in text or "mod tests" not in text else "")
    lines = whole.splitlines()
    return {
        row.name: dedent("\n".join(lines[row.first - 1 : row.last]))
        for row in rust_items(whole).functions
        if "test" not in row.words and not row.owner and not row.trait and row.last - row.first < MAX_LINES
    }


def own_path(text: str, crate: RustCrate) -> str:
    """A text with the crate's own name as `crate`, as it is called inside of it."""
    return re.sub(rf"(?<![\w:]){re.escape(crate.name)}::", "crate::", text) if crate.name else text


def _names(subject: CallSubject, crate: RustCrate) -> dict[str, bool]:
    """The names by which the subject is called, and whether that is as a method."""
    found = {}
    for row in functions_of(subject, crate.own):
        if row.name == "fmt":
            continue
        if row.name == "from_str" and row.trait.endswith("FromStr"):
            found["parse"] = True
        found[row.name] = bool(row.receiver)
    return found


def _calls_of(
    script: Sequence[RustStatement],
    subject: CallSubject,
    crate: RustCrate,
    origin: CallOrigin,
    imports: Sequence[str],
) -> Iterator[ProposedCall]:
    names = _names(subject, crate)
    if not names:
        return
    wanted = re.compile(rf"(?<![\w!])(?:{'|'.join(map(re.escape, names))})\s*(?:::<[^;]*?>)?\s*\(")
    for at, statement in enumerate(script):
        if not names.keys() & statement.names and not wanted.search(statement.text):
            continue
        for side in _sides(statement.text):
            if not wanted.search(side) or errors(_RUST, f"fn f() {{ g({side}); }}"):
                continue
            setup = _setup(script[:at], side)
            if len(setup) > MAX_SETUP:
                continue
            call = own_path(side, crate)
            lines = tuple(own_path(row.text, crate) for row in setup)
            used = [line for line in imports if _uses(line, "\n".join((*lines, call)))]
            yield ProposedCall(call, tuple(used), lines, origin, line=statement.line)


def _uses(line: str, text: str) -> bool:
    """Whether a text has a name that an import brings, or all names are brought."""
    names = re.findall(r"\w+(?=\s*[,;}])|\*", line)
    return any(name == "*" or re.search(rf"\b{name}\b", text) for name in names)


def _sides(text: str) -> list[str]:
    """The expressions of a statement whose values a test would look at."""
    text = re.sub(r"\?(?=\s*[;.)]|$)", ".unwrap()", text.strip())
    macro = _MACRO.fullmatch(text)
    if macro:
        parts = parts_of(macro[2])
        if not _ASSERTING.fullmatch(macro[1]):
            return []
        sides = parts[:1] if macro[1] in ("assert", "matches", "debug_assert") else parts[:2]
        return [side for part in sides for side in _compared_sides(part)]
    bound = re.fullmatch(r"let\s+(?:mut\s+)?[^=]*?=\s*(.*);", text, re.DOTALL)
    if bound:
        return [bound[1]]
    return [text.rstrip("; \n")] if not re.match(r"(?:for|while|loop|if|match|use|fn|return)\b", text) else []


def _compared_sides(text: str) -> list[str]:
    """The sides of a comparison at the top of an expression, else the expression; without `!` and `&`."""
    text = text.strip()
    macro = _MACRO.fullmatch(text)
    if macro and _ASSERTING.fullmatch(macro[1]):
        return _sides(text)
    found: list[str] = []
    depth = 0
    last = 0
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|[(\[{]|[)\]}]|\s(?:==|!=|&&|\|\||<=|>=|<|>)\s', text):
        if match[0] in "([{":
            depth += 1
        elif match[0] in ")]}":
            depth -= 1
        elif match[0][0] != '"' and not depth:
            found.append(text[last : match.start()])
            last = match.end()
    sides = [*found, text[last:]]
    return [re.sub(r"^\s*!\s*(?=\w)", "", side).strip() for side in sides]


def _setup(before: Sequence[RustStatement], call: str) -> list[RustStatement]:
    """The statements before a call that make what it uses, or change it."""
    needed = set(re.findall(r"\b[a-z_]\w*", call))
    found: list[RustStatement] = []
    for row in reversed(before):
        asserting = re.match(r"\s*(?:assert|println|dbg|print)\w*!", row.text)
        item = re.match(r"\s*(?:use|fn|struct|enum|impl|const|static|#\[|type)\b", row.text)
        first = re.match(r"\s*(\w+)\s*(?:\.|\[|[-+*/|&]?=[^=])", row.text)
        changes = bool(first and first[1] in needed and not row.binds) and not asserting
        named = re.search(r"\b(?:fn|struct|enum|const|static|type)\s+(\w+)", row.text) if item else None
        if (
            row.binds & needed
            or changes
            or (named and re.search(rf"\b{named[1]}\b", call))
            or (item and row.text.lstrip().startswith("use"))
        ):
            found.insert(0, row)
            needed |= row.names
    return found


def calls_in_docs(subject: CallSubject, crate: RustCrate) -> list[ProposedCall]:
    """The calls in the examples of the documentation: of the subject, then of the file."""
    lines = subject.text.splitlines()
    own = [row.first for row in functions_of(subject, crate.own)][:1]
    first = own[0] if own else subject.first
    blocks = []
    inside = False
    kind = ""
    block: list[str] = []
    for number, line in enumerate(lines, 1):
        found = _DOC.match(line)
        if not found:
            inside = False
            continue
        text = found[1]
        if text.strip().startswith("```"):
            if inside:
                blocks.append((abs(number - first) > 60, kind, "\n".join(block)))
            inside = not inside
            kind = text.strip().strip("`")
            block = []
        elif inside:
            block.append(re.sub(r"^#\s", "", text))
    fit = [
        text
        for _, kind, text in sorted(blocks, key=lambda row: row[0])
        if not re.search(r"ignore|compile_fail|text|console|toml|sh\b", kind)
    ]
    found_calls = [call for text in fit[:12] for call in calls_in_script(text, subject, crate, "example")]
    return found_calls[:12]


def calls_in_callers(
    subject: CallSubject, crate: RustCrate, places: Sequence[CallPlace]
) -> list[ProposedCall]:
    """The calls of other code whose arguments are all literals."""
    rows = functions_of(subject, crate.own)
    if not rows or rows[0].receiver:
        return []
    row = rows[0]
    found = []
    for place in places:
        line = place.text.splitlines()[place.line - 1 : place.line]
        for match in re.finditer(rf"(?<!\w){re.escape(row.name)}\(([^()]*)\)", "".join(line)):
            arguments = parts_of(match[1])
            if len(arguments) == len(row.parameters) and all(
                re.fullmatch(r'-?\d+|b?"(?:\\.|[^"\\])*"|\'.\'|true|false', text) for text in arguments
            ):
                owner = "Self" if not row.owner else row.owner.partition("<")[0]
                prefix = f"{owner}::" if row.owner else ""
                found.append(ProposedCall(f"{prefix}{row.name}({', '.join(arguments)})", (), (), "caller"))
    return found


def hints_of(subject: CallSubject, crate: RustCrate, row: RustFunction, tests: Sequence[str]) -> RustHints:
    """The literals in a function, in its documentation and in tests that name it, with its bounds."""
    body = subject.text[row.body.start : row.body.stop]
    lines = subject.text.splitlines()
    above = []
    for line in reversed(lines[: row.first - 1]):
        if not re.match(r"\s*(?:///|#\[|//)", line):
            break
        above.append(line)
    documented = "\n".join(above)
    tested = "\n".join((*tests, *crate.tests))
    near = [line for line in tested.splitlines() if re.search(rf"\b{re.escape(row.name)}\b", line)]
    lists = [_words(text) for text in ("\n".join(near), documented, tested, body)]
    mixed = [row[at] for at in range(10) for row in lists if at < len(row)]
    characters = dict.fromkeys(f"'{found}'" for found in _CHARACTER.findall(body))
    numbers = dict.fromkeys(int(found) for found in _NUMBER.findall(body))
    return RustHints(
        crate,
        tuple(dict.fromkeys(mixed))[:MAX_WORDS],
        tuple(numbers)[:6],
        tuple(characters),
        row.bounds,
        row.owner,
    )


def _strings(text: str) -> list[str]:
    return [match[0] for match in _STRING.finditer(text)]


def _words(text: str) -> list[str]:
    """Some of the strings of a text, from its beginning to its end."""
    found = [word.removeprefix("b") for word in _strings(text)]
    plain = list(
        dict.fromkeys(word for word in found if len(word) <= 60 and "{" not in word and "\n" not in word)
    )
    return plain[:: 1 + len(plain) // 10]


def calls_by_types(subject: CallSubject, crate: RustCrate, tests: Sequence[str]) -> list[ProposedCall]:
    """Calls with values of the types of parameters."""
    rows = functions_of(subject, crate.own)
    found: dict[tuple[tuple[str, ...], str], ProposedCall] = {}
    for row in rows[:6]:
        calls = typed_calls(row, hints_of(subject, crate, row, tests))
        for call in calls if len(rows) == 1 else calls[:6]:
            if not errors(_RUST, f"fn f() {{ {' '.join(call.setup)} g({call.call}); }}"):
                found.setdefault((call.setup, call.call), call)
    return list(found.values())


def variations(calls: Sequence[ProposedCall], subject: CallSubject, crate: RustCrate) -> list[ProposedCall]:
    """The calls with one literal at an edge: empty, zero, one more, what the function compares with."""
    rows = functions_of(subject, crate.own)
    body = "".join(subject.text[row.body.start : row.body.stop] for row in rows[:1])
    words = [word for word in dict.fromkeys(_strings(body)) if len(word) < 20 and "{" not in word][:4]
    characters = dict.fromkeys(re.findall(r"b?'(\\?.)'", body))
    marks = [mark for mark in characters if mark not in ("\\'", '"', "\\")][:4]
    return calls_in_turns(calls, [list(_variations_of(call, words, marks)) for call in calls], MAX_VARIATIONS)


def _variations_of(call: ProposedCall, words: Sequence[str], marks: Sequence[str]) -> Iterator[ProposedCall]:
    where = call.call if _STRING.search(call.call) or _NUMBER.search(call.call) else ""
    lines = (*call.setup, call.call) if not where else (call.call,)
    for at, line in enumerate(lines):
        for match in (*_STRING.finditer(line), *_NUMBER.finditer(line)):
            if "{" in match[0]:  # the form of what is written
                continue
            for new in _others(match[0], words, marks):
                text = line[: match.start()] + new + line[match.end() :]
                if where:
                    yield replace(call, call=text, origin="syntax")
                elif at < len(call.setup):
                    setup = (*call.setup[:at], text, *call.setup[at + 1 :])
                    yield replace(call, setup=setup, origin="syntax")


def _others(literal: str, words: Sequence[str], marks: Sequence[str]) -> Iterator[str]:
    if "r" in literal.partition('"')[0]:
        return
    if literal[-1] != '"':
        number = int(literal)
        yield from (
            str(other) for other in (number + 1, 0, max(0, number - 1), number * 10) if other != number
        )
        return
    head = literal.partition('"')[0]
    inner = literal.partition('"')[2][:-1]
    yield f'{head}""'
    for mark in marks:
        yield f'{head}"{inner}{mark}{inner}"'
        yield f'{head}"{mark}"'
    yield from (f"{head}{word.removeprefix('b')}" for word in words if word != literal)
    yield f'{head}"{inner}{inner}"'
    yield f'{head}"{inner.upper() if inner != inner.upper() and chr(92) not in inner else inner + " "}"'
