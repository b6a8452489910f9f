"""How calls of Go are proposed, run and written as tests: what `recording` needs of the language."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from assist_context.signatures.go_items import GoFunction, go_items
from assist_server.recorded_tests.calls import (
    CallObservation,
    CallSubject,
    ProposedCall,
    RecordedCall,
    ValueCheck,
)
from assist_server.recorded_tests.compiled_calls import is_unsteady, try_mistakes
from assist_server.recorded_tests.go.go_runs import failing_lines, observed_rows, run_named_tests
from assist_server.recorded_tests.go.package import GoPackage, function_of, join_files, package_of
from assist_server.recorded_tests.go.proposals import (
    calls_by_types,
    calls_in_text,
    literals_near,
    methods_in_text,
    variations,
)
from assist_server.recorded_tests.go.text import TESTIFY, go_tests
from assist_server.recorded_tests.go.values import concrete
from assist_server.recorded_tests.language import (
    CannotRunError,
    LanguageRecorder,
    ObservingRun,
    RecordingMaterial,
    RunOfTests,
)
from assist_server.recorded_tests.project_runs import ProjectCopy
from assist_server.recorded_tests.test_names import description, unused_name
from assist_server.sandbox.proofs import GO, is_proven

LONGEST = 300  # characters of a value
MOST_CALLS = 72
MOST_VARIED = 20
MOST_TESTS = 12  # files of tests that are read for calls
_FAILED = re.compile(r"^\s*--- FAIL: (\w+)", re.MULTILINE)
_NOT_BUILT = re.compile(r"\[(?:build|setup) failed\]")


def computed_calls(copy: ProjectCopy, material: RecordingMaterial) -> list[ProposedCall]:
    """The calls that tests, callers and the types of parameters say."""
    subject = material.subject
    row = function_of(subject)
    if row is None:
        raise CannotRunError(f"{subject.short} has no function with a body")
    if row.name in ("init", "main") and not row.owner:
        raise CannotRunError(f"{row.name} is no function that can be called")
    folder = copy.tree / PurePosixPath(subject.path).parent
    package = package_of(folder, subject)
    beside = [file.read_text("utf-8", "replace") for file in sorted(folder.glob("*_test.go"))[:MOST_TESTS]]
    tests = list(dict.fromkeys((*material.tests, *beside)))
    natural = [
        call
        for text in (*tests, *(f"package p\nfunc f() {{\n{place.text}\n}}" for place in material.callers))
        for call in (
            *calls_in_text(text, row, package, "caller"),
            *methods_in_text(text, row, package, "caller"),
        )
    ]
    natural = list({call.call + str(call.setup): call for call in natural}.values())[: MOST_CALLS // 3]
    varied = list(variations(natural))
    typed = calls_by_types(row, package, literals_near(row, subject.text, tests))
    return [*natural, *typed, *varied[:: 1 + len(varied) // MOST_VARIED]][:MOST_CALLS]


def no_calls(*_: object) -> list[ProposedCall]:
    """Nothing more is tried: each build takes a second or more, and edges are in the first."""
    return []


def calls_in_answer(material: RecordingMaterial, text: str) -> list[ProposedCall]:
    """The calls in a model's answer."""
    row = function_of(material.subject)
    package = _own_package(material.subject)
    whole = text if re.search(r"(?m)^package \w", text) else f"package p\n{text}"
    if row is None:
        return []
    return [*calls_in_text(whole, row, package, "model"), *methods_in_text(whole, row, package, "model")]


def _own_package(subject: CallSubject) -> GoPackage:
    return join_files([go_items(subject.text)])


def branch_lines(subject: CallSubject) -> tuple[int, ...]:
    """The first line of each block of the subject."""
    row = function_of(subject)
    return tuple(sorted({line for line, _ in row.probes})) if row is not None else ()


def body_range(subject: CallSubject) -> range | None:
    """The characters of the body that mutants change."""
    row = function_of(subject)
    return row.body if row is not None else None


def observe(copy: ProjectCopy, material: RecordingMaterial, run: ObservingRun) -> list[CallObservation]:
    """Run the calls once. Raises CannotRunError if nothing compiles."""
    rows = observed_rows(copy, material.subject, run)
    return [_observation(row) for _, row in sorted(rows.items())]


def _observation(row: Mapping[str, Any]) -> CallObservation:
    if "missing" in row:
        return CallObservation("left", reason=row["missing"])
    lines = frozenset(row["lines"])
    if not lines:
        return CallObservation("left", reason="does not reach the code")
    if row["panic"] is not None:
        if row["misuse"] or "runtime error" in row["panic"]:
            return CallObservation("left", reason="misuse", error=("", "panic"), lines=lines)
        message = row["panic"]
        fits = "\n" not in message and len(message) < LONGEST and not is_unsteady(message)
        return CallObservation("raised", message=message if fits else "", lines=lines, shown="a panic")
    values = [_fitting(value) for value in row["values"] or ()]
    changes = [change for change in map(_fitting, row["changes"] or ()) if change["how"]]
    if not any(value["how"] for value in values) and not changes:
        return CallObservation("left", reason="no literal" if values else "no value")
    needs = {("go", path) for value in (*values, *changes) for path in value["needs"]}
    value = json.dumps(values) if values else ""
    checks = tuple(ValueCheck(change["name"], json.dumps(change)) for change in changes)
    shown = ", ".join(value["text"] for value in values)
    return CallObservation("value", value, tuple(sorted(needs)), changes=checks, lines=lines, shown=shown)


def _fitting(value: dict[str, Any]) -> dict[str, Any]:
    """A value as it is, or as one that no test looks at."""
    fits = len(value["text"]) <= LONGEST and not is_unsteady(value["text"])
    return value if fits else {**value, "how": "", "text": "", "needs": []}


def give_names(calls: Sequence[RecordedCall], name: str, taken: Collection[str]) -> list[RecordedCall]:
    """The calls with a name of a test each, such as `TestCleanWithSlash`."""
    used = set(taken)
    found = []
    whole = "".join(part[:1].upper() + part[1:] for part in re.split(r"\W+|_", name) if part)
    for call in calls:
        given = "".join(word.capitalize() for word in description(call.proposed.call).split("_"))
        verb = "Panics" if call.seen.kind == "raised" else ""
        base = f"Test{whole}{verb}{f'With{given}' if given else ''}"
        found.append(replace(call, test=unused_name(base, used)))
    return found


def tests_text(calls: Sequence[RecordedCall], material: RecordingMaterial) -> str:
    """The calls as a file of tests."""
    row = function_of(material.subject)
    testify = any(f'"{TESTIFY}"' in text for text in material.tests[:1])
    package = go_items(material.subject.text).package
    return go_tests(calls, package, _results(row) if row else (), testify=testify)


def _results(row: GoFunction) -> tuple[str, ...]:
    """The types that a function gives, with what its type parameters are in a call."""
    return tuple(concrete(kind, tuple(row.bounds.items())) for kind in row.results)


def run_tests(
    copy: ProjectCopy, _: RecordingMaterial, path: str, names: Sequence[str], limit: float
) -> RunOfTests:
    """Run tests of a file of the copy by their names, and say which fail or do not compile."""
    result = run_named_tests(copy, path, names, limit)
    failed = set(_FAILED.findall(result.output))
    built = _NOT_BUILT.search(result.output) is None
    if not built:
        lines = (copy.tree / path).read_text("utf-8").splitlines()
        failed = {_test_at(lines, line) for line in failing_lines(result.output, path)}
    passed = result.code == 0 and is_proven(result.output, GO)
    return RunOfTests(
        passed, frozenset(failed) & frozenset(names), result.seconds, result.output, built=built
    )


def _test_at(lines: Sequence[str], number: int) -> str:
    """The name of the test around a line, "" for none."""
    heads = (re.match(r"func (\w+)\(t \*testing\.T\)", line) for line in reversed(lines[:number]))
    return next((head[1] for head in heads if head), "")


GOLANG = LanguageRecorder(
    runners=("go",),
    computed=computed_calls,
    around=no_calls,
    in_answer=calls_in_answer,
    varied=no_calls,
    observe=observe,
    branches=branch_lines,
    body=body_range,
    tests=tests_text,
    run_tests=run_tests,
    planted=partial(try_mistakes, observe),
    named=give_names,
)
