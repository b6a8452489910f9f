"""How calls of Rust are proposed, run and written as tests: what `recording` needs of the language."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from assist_runner.characterization_tests.calls import (
    CallObservation,
    CallSubject,
    ProposedCall,
    RecordedCall,
    ValueCheck,
)
from assist_runner.characterization_tests.expected_values import ExpectedValue
from assist_runner.characterization_tests.language import (
    CannotRunError,
    LanguageRecorder,
    ObservingRun,
    PlacedTests,
    RecordingContext,
    RunOfTests,
)
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.rust import proposals
from assist_runner.characterization_tests.rust.cargo_runs import (
    failing_lines,
    observed_rows,
    run_named_tests,
)
from assist_runner.characterization_tests.rust.compiled_calls import is_unsteady, try_mistakes
from assist_runner.characterization_tests.rust.crate import RustCrate, crate_of, functions_of, target_of
from assist_runner.characterization_tests.rust.placing import ALL, placed_tests
from assist_runner.characterization_tests.rust.rust_items import rust_items
from assist_runner.characterization_tests.rust.text import module_name, rust_string, rust_tests
from assist_runner.sandbox.proofs import CARGO, is_proven

LONGEST = 300  # characters of a value
_SHORT = 60  # characters of a value whose fields are seen, too
MAX_CALLS = 48  # that no test makes
_FAILED = re.compile(r"^test (?:\S+::)?(\w+)(?: - should panic)? \.\.\. FAILED", re.MULTILINE)
# What a panic says that is no decision of the code: the same call may wrap in a build for release.
_CALLER_ERRORS = re.compile(
    r"""attempt\ to\ | index\ out\ of\ bounds | called\ `(?:Option|Result):: | capacity\ overflow
    | (?:range|slice|byte|start\ byte|end\ byte)\ (?:start\ |end\ )?index | already\ (?:mutably\ )?borrowed
    | not\ (?:yet\ )?implemented | internal\ error:\ entered\ unreachable | mid\ > | division\ by\ zero""",
    re.VERBOSE,
)


@lru_cache(maxsize=2)
def _crate(tree: Path, subject: CallSubject) -> RustCrate:
    return crate_of(tree, subject)


def computed_calls(copy: ProjectCopy, material: RecordingContext) -> list[ProposedCall]:
    """The calls that documentation, callers, tests and the types of parameters say."""
    subject = material.subject
    crate = _crate(copy.tree, subject)
    rows = functions_of(subject, crate.own)
    if not rows:
        raise CannotRunError(f"{subject.short} has no function with a body")
    for word in ("async", "unsafe"):
        if all(word in row.words for row in rows):
            raise CannotRunError(f"{subject.short} is {word}")
    texts = [(subject.path, subject.text), *zip(material.test_paths, material.tests, strict=False)]
    tested = [
        replace(call, path=path)
        for path, text in texts
        for call in proposals.calls_in_script(text, subject, crate, "tested")
        if rust_items(text).scripts
    ]
    others = [
        *proposals.calls_in_docs(subject, crate),
        *proposals.calls_in_callers(subject, crate, material.callers),
        *proposals.calls_by_types(subject, crate, material.tests),
    ]
    return [*tested, *others[:MAX_CALLS]]


def no_calls(_: RecordingContext) -> list[ProposedCall]:
    """Tests of other code are not tried: each of them would have to be compiled."""
    return []


def calls_in_answer(material: RecordingContext, text: str) -> list[ProposedCall]:
    """The calls in a model's answer."""
    return proposals.calls_in_script(text, material.subject, _own_crate(material.subject), "model")


def varied_calls(material: RecordingContext, calls: Sequence[ProposedCall]) -> list[ProposedCall]:
    """The same calls at edges."""
    return proposals.variations(calls, material.subject, _own_crate(material.subject))


def _own_crate(subject: CallSubject) -> RustCrate:
    """What the subject's own file says of its crate."""
    return RustCrate(rust_items(subject.text), (), {}, {}, "")


def branch_lines(subject: CallSubject) -> tuple[int, ...]:
    """The first line of each block of the subject."""
    rows = functions_of(subject, rust_items(subject.text))
    return tuple(sorted({block.line for row in rows for block in row.blocks}))


def body_range(subject: CallSubject) -> range | None:
    """The characters of the body that mutants change, None for more than one function."""
    rows = functions_of(subject, rust_items(subject.text))
    return rows[0].body if len(rows) == 1 else None


def observe(copy: ProjectCopy, material: RecordingContext, run: ObservingRun) -> list[CallObservation]:
    """Run the calls once. Raises CannotRunError if nothing compiles."""
    subject = material.subject
    rows, probed = observed_rows(copy, subject, run)
    crate = _crate(copy.tree, subject)
    needs = (("std", ""),) if target_of(copy.tree, subject.path).without_std else ()
    whole = frozenset() if probed and branch_lines(subject) else frozenset({subject.first})
    return [replace(_observation(row, crate, whole), needs=needs) for _, row in sorted(rows.items())]


def _observation(row: Mapping[str, Any], crate: RustCrate, whole: frozenset[int]) -> CallObservation:
    """What a row says. `whole` are the lines of a call where none are counted."""
    if "missing" in row:
        return CallObservation("left", reason=row["missing"])
    lines = whole or frozenset(row["lines"])
    if not lines:
        return CallObservation("left", reason="does not reach the code")
    if "panic" in row:
        return replace(_panic(*row["panic"]), lines=lines)
    changes = tuple(_changes(row["changes"]))
    how, value, kind = row["value"] or ("kept", "", "")
    how, value = _named_variant(how, value, kind, crate)
    reason = _why_left(how, value, changes)
    if reason:
        return CallObservation("left", reason=reason, lines=lines)
    return CallObservation("value", value, how=how, changes=changes, lines=lines, shown=value)


def _why_left(how: str, value: str, changes: Sequence[ValueCheck]) -> str:
    """Why a value is in no test, "" if it can be."""
    if not changes and (how == "kept" or value == "()"):
        return "no literal" if how == "kept" else "no value"
    if len(value) > LONGEST:
        return "a long value"
    return "depends on this machine or day" if is_unsteady(value) else ""


def _panic(message: str, file: str, _: int) -> CallObservation:
    """A panic that the code of the workspace decides on, or none."""
    if not message or _CALLER_ERRORS.match(message) or file.startswith("/"):
        return CallObservation("left", reason="misuse", error=("", "panic") if message else ("", ""))
    first = message.splitlines()[0][:80]
    fits = not first.startswith("assertion `") and not is_unsteady(first)
    return CallObservation("raised", message=first if fits else "", shown="a panic")


def _changes(rows: Sequence[Any]) -> Iterator[ValueCheck]:
    """What variables and their fields are after a call; the whole of a value only if it is short."""
    for name, shown in rows:
        how, value, _ = shown or ("", "", "")
        parts = any(other.startswith(f"{name}.") and seen for other, seen in rows)
        if not value or len(value) > (_SHORT if parts else LONGEST) or is_unsteady(value):
            continue
        if how == "debug":
            yield ValueCheck(f'format!("{{:?}}", {name})', rust_string(value))
        elif how == "is_empty":
            yield ValueCheck(f"{name}.len()", "0")
        elif not how:
            yield ValueCheck(name, value)


def _named_variant(how: str, value: str, kind: str, crate: RustCrate) -> tuple[str, str]:
    """A variant of the crate's own enum by its name, where two of them can be compared."""
    inner = re.fullmatch(r"(Some|Ok|Err)\((\w+)\)|(\w+)", value)
    found = re.findall(r"(\w+)(?=>*$|,)", kind)
    if how != "debug" or inner is None or not found:
        return how, value
    word = inner[2] or inner[3]
    for name in found:
        known = crate.types.get(name)
        variants = dict(known.variants) if known else {}
        if known and "PartialEq" in known.derives and variants.get(word) == ():
            path = f"{crate.paths[name]}::{word}"
            return "", f"{inner[1]}({path})" if inner[1] else path
    return how, value


def tests_text(calls: Sequence[RecordedCall], material: RecordingContext) -> str:
    """The calls as a module of tests."""
    return rust_tests(calls, material.head)


def place_tests(text: str, calls: Sequence[RecordedCall], material: RecordingContext) -> PlacedTests:
    """The tests in a text of their file."""
    return placed_tests(text, calls, material)


def run_tests(
    copy: ProjectCopy, material: RecordingContext, path: str, names: Sequence[str], limit: float
) -> RunOfTests:
    """Run tests of a file of the copy by their names, and say which fail or do not compile.

    A name that says its module begins at that of the file, "self" for a test at its top.
    """
    module = target_of(copy.tree, path).module
    own = (
        []
        if ALL in names
        else [name if "::" in name else f"{module_name(material.head)}::{name}" for name in names]
    )
    whole = ["::".join((*module, name.removeprefix("self::"))) for name in own]
    result = run_named_tests(copy, path, whole, limit)
    if '"success":false' in result.output:
        lines = (copy.tree / path).read_text("utf-8").splitlines()
        failed = {_test_at(lines, line) for line in failing_lines(result.output, path)}
        told = frozenset(name for name in names if name.rpartition("::")[2] in failed)
        return RunOfTests(False, told, result.seconds, result.output, built=False)
    failed = set(_FAILED.findall(result.output))
    known = {name.rpartition("::")[2]: name for name in names}
    return RunOfTests(
        result.code == 0 and is_proven(result.output, CARGO),
        frozenset(known.get(name, name) for name in failed),
        result.seconds,
        result.output,
    )


def _test_at(lines: Sequence[str], number: int) -> str:
    """The name of the test around a line, "" for none."""
    for line in reversed(lines[:number]):
        found = re.match(r"\s*fn (\w+)\(\) \{", line)
        if found:
            return found[1]
    return ""


def expected_outcome(_: RecordingContext, wanted: ExpectedValue, __: CallObservation) -> CallObservation:
    """What a call should come to by what the user expects. A literal of another type does not compile."""
    if wanted.value == "[]":
        return CallObservation("value", "", how="is_empty")
    return CallObservation("value", wanted.value)


RUST = LanguageRecorder(
    runners=("cargo",),
    computed=computed_calls,
    around=no_calls,
    in_answer=calls_in_answer,
    varied=varied_calls,
    observe=observe,
    branches=branch_lines,
    body=body_range,
    tests=tests_text,
    placed=place_tests,
    run_tests=run_tests,
    planted=partial(try_mistakes, observe),
    expected=expected_outcome,
)
