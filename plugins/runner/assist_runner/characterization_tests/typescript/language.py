"""How calls of scripts are proposed, run and written as tests: what `recording` needs of their languages."""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from assist_runner.characterization_tests.calls import (
    CallObservation,
    CallOrigin,
    CallSubject,
    ProposedCall,
    RecordedCall,
)
from assist_runner.characterization_tests.expected_values import ExpectedValue
from assist_runner.characterization_tests.language import LanguageRecorder, PlacedTests, RecordingContext
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.test_names import description, unused_name
from assist_runner.characterization_tests.typescript.access import (
    ScriptSubject,
    ScriptTarget,
    is_common,
    known_imports,
    place_folder,
    script_subject,
    test_texts,
)
from assist_runner.characterization_tests.typescript.arguments import typed_calls, variations
from assist_runner.characterization_tests.typescript.observing import body_of, observe_calls, observe_planted
from assist_runner.characterization_tests.typescript.placing import placed_tests
from assist_runner.characterization_tests.typescript.script_runners import own_command
from assist_runner.characterization_tests.typescript.script_tests import (
    ScriptStyle,
    script_tests,
    style_of_tests,
)
from assist_runner.characterization_tests.typescript.test_runs import run_planted_tests, run_tests
from assist_runner.scripts.script_calls import calls_in_script
from assist_runner.scripts.script_functions import ScriptFunction
from assist_runner.scripts.script_module import import_lines, script_module
from assist_runner.scripts.script_pieces import literal_calls
from assist_runner.scripts.script_probes import branch_starts
from assist_runner.scripts.script_values import type_book

MAX_SURROUNDING_CALLS = 24  # for other code
MAX_TYPE_FILES = 12  # files that are read for the types of arguments
_NOT_ALONE = re.compile(r"\b(?:vi|jest|sinon|mock|t)\.|\b(?:useFakeTimers|spyOn|done)\b")
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'([^'\"\\]*)'")
_ENDINGS = ("", ".ts", ".tsx", ".js", ".mjs", "/index.ts", "/index.js")


def computed_calls(copy: ProjectCopy, material: RecordingContext) -> list[ProposedCall]:
    """The calls that comments, callers, tests and the types of parameters say."""
    subject = script_subject(material)
    tested = [
        call
        for path, text in test_texts(material)
        for call in _calls_in(text, path, subject, material, "tested")
    ]
    book = type_book(_type_texts(copy, material))
    return [
        *_examples(subject, material),
        *_callers(subject, material),
        *tested,
        *typed_calls(subject, book, typed=material.subject.path.endswith(("ts", "tsx"))),
    ]


def _names(subject: ScriptSubject) -> frozenset[str]:
    """The names by which what reaches the subject is called."""
    found = set()
    for target in subject.targets:
        function = target.function
        found |= (
            {_last(target.expression)}
            if function.role in ("class", "constructor") or not function.owner
            else set()
        )
        found |= {method.name for method in function.methods}
        found |= {function.name} if function.role not in ("constructor",) else set()
    return frozenset(found)


def _last(expression: str) -> str:
    return expression.rpartition(".")[2]


def _calls_in(
    text: str, path: str, subject: ScriptSubject, material: RecordingContext, origin: CallOrigin
) -> list[ProposedCall]:
    """The calls of a script that need nothing but what can be imported. Those "around" are of anything."""
    names = frozenset[str]() if origin == "around" else _names(subject)
    found = []
    before = str(PurePosixPath(path).parent) if path else place_folder(material)
    guessed = origin in ("model", "example")
    for call in calls_in_script(text, names, path or material.subject.path):
        if _NOT_ALONE.search("\n".join([*call.setup, call.text])):
            continue
        moved = [row.from_folder(before, place_folder(material)) for row in call.imports]
        relative = [row for row in moved if row.module.startswith(".")]
        if relative and not path and not guessed:
            continue  # its folder is not known
        unknown = [*call.unknown, *(row.local for row in relative if guessed)]  # paths are guessed as well
        moved = [row for row in moved if not guessed or row not in relative]
        written = _as_tests_write(call.text, subject.targets[0]) if guessed else call.text
        if written != call.text:
            moved += subject.targets[0].imports
            unknown = [name for name in unknown if name != _last(subject.targets[0].expression)]
        imports = known_imports(moved, unknown, material, subject.module)
        if imports is not None:
            lines = tuple(line for row in imports for line in import_lines((row,)))
            found.append(ProposedCall(written, lines, call.setup, origin, line=call.line, path=path))
    return found


def _as_tests_write(call: str, target: ScriptTarget) -> str:
    """A call by the name that the project's tests have for it, as in `_.chunk` for `chunk`."""
    if not target.own or "." not in target.expression:
        return call
    name = re.escape(_last(target.expression))
    return re.sub(rf"(?<![\w.$]){name}(?=\()", target.expression, call)


def _examples(subject: ScriptSubject, material: RecordingContext) -> Iterator[ProposedCall]:
    """The calls in the examples of a comment, with the values that it says."""
    for target in subject.targets[:1]:
        for part in re.findall(r"@example\b(.*?)(?=@\w|\*/|\Z)", target.function.doc, re.DOTALL):
            lines = [re.sub(r"^\s*\* ?", "", line) for line in part.splitlines()]
            code = "\n".join(line for line in lines if not line.lstrip().startswith(("```", "<caption>")))
            wanted = {
                number: found[1].strip()
                for number, line in enumerate(code.splitlines(), 1)
                if (found := re.search(r"//\s*(?:=>|->|→|[Rr]eturns:?)\s*(.+)$", line))
            }
            for call in _calls_in(code, "", subject, material, "example"):
                yield replace(
                    call,
                    wanted=wanted.get(call.line, ""),
                    line=_doc_line(material, call.call),
                )


def _doc_line(material: RecordingContext, call: str) -> int:
    rows = material.subject.text.splitlines()
    return next(
        (number for number, row in enumerate(rows, 1) if call in row and row.lstrip().startswith("*")), 0
    )


def _callers(subject: ScriptSubject, material: RecordingContext) -> Iterator[ProposedCall]:
    """The calls of other code whose arguments need nothing around them."""
    for target in subject.targets:
        function = target.function
        if function.role not in ("function", "static", "class", "constructor"):
            continue
        lines = tuple(import_lines(target.imports))
        for place in material.callers if target.own else ():
            for given in literal_calls(place.text, place.path, function.name, place.line):
                yield ProposedCall(f"{_callee(target)}{given}", lines, (), "caller")


def _callee(target: ScriptTarget) -> str:
    function: ScriptFunction = target.function
    if function.role in ("class", "constructor"):
        return f"new {target.expression}"
    return f"{target.expression}.{function.name}" if function.owner else target.expression


def _type_texts(copy: ProjectCopy, material: RecordingContext) -> Iterator[tuple[str, str]]:
    """The subject's file and those that it imports, as far as they are in the copy."""
    waiting = [(material.subject.path, material.subject.text)]
    seen = {material.subject.path}
    while waiting and len(seen) <= MAX_TYPE_FILES:
        path, text = waiting.pop(0)
        yield path, text
        for found in script_module(text, path).imports.values():
            if not found.module.startswith("."):
                continue
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), found.module))
            stem = re.sub(r"\.[cm]?js$", "", there)
            for other in [f"{base}{ending}" for base in (there, stem) for ending in _ENDINGS]:
                file = copy.tree / other
                if other not in seen and other.endswith((".ts", ".tsx", ".js", ".mjs")) and file.is_file():
                    seen.add(other)
                    waiting.append((other, file.read_text("utf-8", "replace")))
                    break


def calls_around(material: RecordingContext) -> list[ProposedCall]:
    """What tests of other code look at: some of it may run the subject."""
    subject = script_subject(material)
    found = [_calls_in(text, path, subject, material, "around") for path, text in test_texts(material)]
    most = MAX_SURROUNDING_CALLS // max(1, len(found))
    return [call for row in found for call in row[:: 1 + len(row) // max(1, most)]][:MAX_SURROUNDING_CALLS]


def calls_in_answer(material: RecordingContext, text: str) -> list[ProposedCall]:
    """The calls in a model's answer."""
    return _calls_in(text, "", script_subject(material), material, "model")


def varied_calls(material: RecordingContext, calls: Sequence[ProposedCall]) -> list[ProposedCall]:
    """The same calls at edges."""
    return variations(calls, script_subject(material).function)


def branch_lines(subject: CallSubject) -> tuple[int, ...]:
    """Where each branch of the subject begins, its own beginning included: as numbers of places."""
    return branch_starts(subject.text, subject.path, subject.name, subject.first, subject.last)


def test_titles(calls: Sequence[RecordedCall], name: str, taken: Collection[str]) -> list[RecordedCall]:
    """The calls with a title of a test each: what is given, in words. None is `taken`."""
    used = set(taken)
    named = []
    for call in calls:
        given = description(call.proposed.call).replace("_", " ")
        verb = "refuses" if call.seen.kind == "raised" else "works with" if given else "works"
        base = f"{name} {verb} {given}".strip()
        named.append(replace(call, test=unused_name(base, used, "{} ({})")))
    return named


def tests_text(calls: Sequence[RecordedCall], material: RecordingContext) -> str:
    """The calls as tests in the style of the project's."""
    return script_tests(calls, _style_of(material), material.subject.name)


def _style_of(material: RecordingContext, existing: str = "") -> ScriptStyle:
    kind = "vitest" if material.runner == "vitest" else "jest" if material.runner == "jest" else "node"
    common = is_common(material, script_module(material.subject.text, material.subject.path))
    shown = "".join(text for _, text in test_texts(material)[:2])
    existing = existing or (material.example if material.added else "")
    return style_of_tests(shown, existing, kind, common=common, source=material.subject.text)  # type: ignore[arg-type]


def place_tests(text: str, calls: Sequence[RecordedCall], material: RecordingContext) -> PlacedTests:
    """The tests in a text of their file."""
    name = _last(script_subject(material).targets[0].expression)
    short = material.subject.short if script_subject(material).targets[0].own else name
    return placed_tests(text, calls, material, _style_of(material, text), short)


def expected_outcome(_: RecordingContext, wanted: ExpectedValue, today: CallObservation) -> CallObservation:
    """What a call should come to by what the user expects, in the quotes of our values."""
    code = _STRING.sub(lambda text: text[0] if text[1] is None else f'"{text[1]}"', wanted.value)
    return CallObservation("value", code, how=today.how)


SCRIPTS = LanguageRecorder(
    runners=("vitest", "jest", "npm"),
    computed=computed_calls,
    around=calls_around,
    in_answer=calls_in_answer,
    varied=varied_calls,
    observe=observe_calls,
    branches=branch_lines,
    body=body_of,
    tests=tests_text,
    placed=place_tests,
    run_tests=run_tests,
    named=test_titles,
    planted=observe_planted,
    run_planted=run_planted_tests,
    command=own_command,
    expected=expected_outcome,
)
