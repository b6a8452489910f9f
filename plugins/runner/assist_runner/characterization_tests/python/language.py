"""How calls of Python are proposed, run and written as tests: what `recording` needs of the language."""

import ast
import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import Any

from assist_runner.characterization_tests.calls import (
    CallObservation,
    CallOrigin,
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
from assist_runner.characterization_tests.python.arguments import variations
from assist_runner.characterization_tests.python.calls import (
    calls_in_callers,
    calls_in_docstrings,
    calls_in_script,
    definition_in,
    module_of,
)
from assist_runner.characterization_tests.python.placing import placed_tests, style_of
from assist_runner.characterization_tests.python.scripts import plain_tests
from assist_runner.characterization_tests.python.text import double_quotes, python_tests
from assist_runner.sandbox.proofs import PYTEST, UNITTEST, is_proven
from assist_runner.sandbox.sandbox import SandboxRun

_FOLDER = ".assist-run"  # of the programs that run in the copy
_PLAN = "plan.json"
_SECONDS = 60.0  # of a run of tests
_TRACED_SECONDS = 25.0  # of one that sees the subject's calls: pytest starts, and then has a few seconds
_PLANTED_SECONDS = 10.0  # of one with a planted mistake
MAX_FILES = 4  # of tests that are run to see their calls
MAX_SURROUNDING_CALLS = 24  # for other code
_TESTED_FILE = re.compile(r"test_.*\.py|.*_test\.py")
# Faults of the caller rather than behaviour, unless the code raises them on purpose.
_CALLER_ERRORS = frozenset(
    {"TypeError", "AttributeError", "NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError",
     "RecursionError", "KeyboardInterrupt", "MemoryError", "SyntaxError"}
)  # fmt: skip
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S+?::(?:\w+::)*(\w+)", re.MULTILINE)
_FAILED_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\w+)", re.MULTILINE)


def _module(material: RecordingContext) -> Any:
    try:
        return module_of(material.subject, material.packages)
    except (SyntaxError, ValueError) as error:
        raise CannotRunError(f"{material.subject.path} cannot be parsed as Python") from error


def computed_calls(copy: ProjectCopy, material: RecordingContext) -> list[ProposedCall]:
    """The calls that docstrings, callers, tests and the types of arguments say."""
    module = _module(material)
    subject = material.subject
    traced, around = _traced_calls(copy, material)
    is_operator = subject.short.startswith("__") and subject.short != "__init__"
    tested = [
        replace(call, path=path)
        for path, text in zip(material.test_paths, material.tests, strict=False)
        if not is_operator or not (traced or around)
        for call in calls_in_script(plain_tests(text, material.shared), subject, module, "tested")
    ]
    return [
        *calls_in_docstrings(subject, module),
        *calls_in_callers(subject, module, material.callers),
        *tested,
        *traced,
        *around,
        *_typed_calls(copy, material),
    ]


def _traced_calls(
    copy: ProjectCopy, material: RecordingContext
) -> tuple[list[ProposedCall], list[ProposedCall]]:
    """What the project's tests call the subject with; what those look at whose calls cannot be written."""
    paths = [path for path in material.tests_by_distance if _TESTED_FILE.fullmatch(PurePosixPath(path).name)]
    if not paths or material.runner != "pytest":
        return [], []
    subject = material.subject
    lines = {"first": subject.first, "last": subject.last, "root": str(copy.seen_at)}
    reaching: dict[str, set[str]] = {}
    calls: list[ProposedCall] = []
    for some in (paths[:MAX_FILES], paths[MAX_FILES:]):  # those that are near, else others
        if calls or reaching or not some:
            break
        plan = {**_place_of(copy, material), **lines, "name": subject.name, "files": some}
        rows = _run_program(copy, "python_tracer.py", plan, {}, _TRACED_SECONDS)[0]
        calls = [replace(_call_of(row, "tested"), path=row.get("file", "")) for row in rows if "call" in row]
        for row in rows:
            if "test" in row:
                reaching.setdefault(row["file"], set()).add(row["test"])
    around: list[ProposedCall] = []
    for path, names in reaching.items():
        with suppress(OSError, UnicodeDecodeError):
            script = plain_tests((copy.tree / path).read_text("utf-8"), material.shared, names)
            around += calls_in_script(script, subject, _module(material), "around", anything=True)
    return calls, around[:MAX_SURROUNDING_CALLS]


def _call_of(row: Mapping[str, Any], origin: CallOrigin) -> ProposedCall:
    setup = tuple(map(double_quotes, row["setup"]))
    return ProposedCall(double_quotes(row["call"]), tuple(row["imports"]), setup, origin)


def calls_around(material: RecordingContext) -> list[ProposedCall]:
    """What tests of other code look at: some of it may run the subject."""
    module = _module(material)
    scripts = [plain_tests(text, material.shared) for text in material.tests]
    found = [calls_in_script(script, material.subject, module, "around", anything=True) for script in scripts]
    most = MAX_SURROUNDING_CALLS // max(1, len(found))
    return [call for row in found for call in row[:: 1 + len(row) // max(1, most)]][:MAX_SURROUNDING_CALLS]


def _typed_calls(copy: ProjectCopy, material: RecordingContext) -> list[ProposedCall]:
    """Calls by the types of arguments, as they are in the project's interpreter; none if it cannot say."""
    plan = {"module": _module(material).name, "name": material.subject.name}
    rows = _run_program(copy, "python_proposer.py", plan, {}, 10.0)[0]
    return [_call_of(row, "syntax") for row in (rows[0] if rows else [])]


def _run_program(
    copy: ProjectCopy, name: str, plan: Mapping[str, Any], changed: Mapping[str, str], limit: float
) -> tuple[list[Any], SandboxRun]:
    """What a program of ours writes, and how the run ended."""
    mark = f"assist-{secrets.token_hex(8)} "
    folder = copy.seen_at / _FOLDER
    words = [copy.runner.command.words[0], str(folder / name), str(folder / _PLAN), mark]
    environ = {"PYTHONHASHSEED": "2" if plan.get("later") else "1", "PYTHONWARNINGS": "ignore"}
    with copy.files({f"{_FOLDER}/{_PLAN}": json.dumps(plan), **_programs(), **changed}):
        result = copy.run(words, limit, environ)
    rows = [json.loads(line[len(mark) :]) for line in result.output.splitlines() if line.startswith(mark)]
    return rows, result


@cache
def _programs() -> dict[str, str]:
    folder = files("assist_runner.characterization_tests.programs")
    names = ("observer", "proposer", "values", "planted", "test_runs", "arguments", "tracer")
    return {
        f"{_FOLDER}/python_{name}.py": (folder / f"python_{name}.py").read_text(encoding="utf-8")
        for name in names
    }


def calls_in_answer(material: RecordingContext, text: str) -> list[ProposedCall]:
    """The calls in a model's answer."""
    return calls_in_script(text, material.subject, _module(material))


def varied_calls(material: RecordingContext, calls: Sequence[ProposedCall]) -> list[ProposedCall]:
    """The same calls at edges."""
    return variations(calls, material.subject, _module(material))


def branch_lines(subject: CallSubject) -> tuple[int, ...]:
    """The first line of each branch of the subject, its beginning included."""
    try:
        tree = ast.parse(subject.text)
    except (SyntaxError, ValueError):
        return ()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, kinds) and node.name == subject.short and node.end_lineno == subject.last:
            members = (
                [part for part in node.body if isinstance(part, kinds)]
                if isinstance(node, ast.ClassDef)
                else [node]
            )
            for member in members:
                found |= set(_arms(member.body, member))
    return tuple(sorted(found))


def _is_guard(statement: ast.stmt) -> bool:
    """Whether what follows a statement is its other branch: an `if` that leaves, without `else`."""
    leaves = (ast.Return, ast.Raise, ast.Continue, ast.Break)
    return isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], leaves)


def _arms(body: Sequence[ast.stmt], owner: ast.AST) -> Iterable[int]:
    """The first lines of blocks, outermost first; not of what is defined inside."""
    if body and not isinstance(owner, ast.With):
        first = body[0]
        is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        rest = (
            body[1:] if is_docstring and isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)) else body
        )
        if rest and not isinstance(rest[0], (ast.Pass, ast.Global, ast.Nonlocal)):
            yield rest[0].lineno
    for statement, after in zip_longest(body, body[1:]):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if after is not None and _is_guard(statement):
            yield after.lineno
        inner = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
        inner += [handler.body for handler in getattr(statement, "handlers", [])]
        inner += [case.body for case in getattr(statement, "cases", [])]
        for block in inner:
            yield from _arms(block, statement)


def observe(copy: ProjectCopy, material: RecordingContext, run: ObservingRun) -> list[CallObservation]:
    """Run the calls once. Raises CannotRunError if the module cannot be imported there."""
    found = {
        row[0]: _observation(row[1]) for row in _rows_of(copy, material, run, ()) if isinstance(row, list)
    }
    missing = CallObservation("left", reason="time")
    return [found.get(number, missing) for number in range(len(run.calls))]


def observe_planted(
    copy: ProjectCopy, material: RecordingContext, run: ObservingRun, texts: Sequence[str]
) -> list[dict[int, CallObservation] | None]:
    """For each text of the subject's file, the calls that come to something else with it: a few of them.

    It is None for a text that cannot be tried so.
    """
    found: dict[int, dict[int, CallObservation] | None] = {}
    for row in _rows_of(copy, material, run, texts):
        if isinstance(row, dict) and row.get("rows") is not None:
            found[row["planted"]] = {number: _observation(seen) for number, seen in row["rows"]}
    return [found.get(number) for number in range(len(texts))]


def _rows_of(
    copy: ProjectCopy, material: RecordingContext, run: ObservingRun, planted: Sequence[str]
) -> list[Any]:
    subject = material.subject
    plan = {
        **_place_of(copy, material),
        "root": str(copy.seen_at),
        "first": subject.first,
        "last": subject.last,
        "later": run.later,
        "seconds": run.seconds,
        "planted": list(planted),
        "cases": [
            {
                "imports": list(call.imports),
                "setup": list(call.setup),
                "call": call.call,
                "tested": call.origin == "tested",
            }
            for call in run.calls
        ],
    }
    rows, result = _run_program(copy, "python_observer.py", plan, run.changed, run.limit)
    if not rows or (isinstance(rows[0], dict) and "problem" in rows[0]):
        words = _last_words(result.output, result.reports)
        raise CannotRunError(str(rows[0]["problem"]) if rows else words)
    return rows[1:]


def _place_of(copy: ProjectCopy, material: RecordingContext) -> dict[str, str]:
    subject = material.subject
    path = str(copy.seen_at / subject.path)
    return {"module": _module(material).name, "path": path, "text": subject.text}


def _last_words(output: str, reports: Sequence[str]) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return "; ".join(reports) or (lines[-1][:200] if lines else "it says nothing")


def _observation(row: Mapping[str, Any]) -> CallObservation:
    lines = frozenset(row.get("lines", ()))
    if "left" in row:
        return CallObservation("left", reason=row["left"])
    if not lines:
        return CallObservation("left", reason="does not reach the code")
    if "raised" in row:
        module, name = row["raised"]
        fits = row["reached"] and row["named"] and (row["explicit"] or name not in _CALLER_ERRORS)
        if not fits:
            return CallObservation("left", reason="misuse", error=(module, name), lines=lines)
        message = row["message"] if row["explicit"] else ""
        return CallObservation("raised", error=(module, name), message=message, lines=lines)
    return CallObservation(
        "value",
        row.get("value", ""),
        _pairs(row.get("needs", ())),
        row.get("how", ""),
        tuple(_check_of(check) for check in row.get("checks", ())),
        tuple(_check_of(check) for check in row.get("changes", ())),
        row.get("printed", ""),
        lines=lines,
        shown=row.get("shown", ""),
    )


def _check_of(row: Sequence[Any]) -> ValueCheck:
    return ValueCheck(row[0], row[1], _pairs(row[2]))


def _pairs(rows: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((module, name) for module, name in rows)


def tests_text(calls: Sequence[RecordedCall], material: RecordingContext) -> str:
    """The calls as tests in the style of the project's."""
    return python_tests(calls, style_of(material), material.subject.name)


def place_tests(text: str, calls: Sequence[RecordedCall], material: RecordingContext) -> PlacedTests:
    """The tests in a text of their file."""
    return placed_tests(text, calls, material, _module(material))


def run_tests(
    copy: ProjectCopy, material: RecordingContext, path: str, names: Sequence[str], limit: float
) -> RunOfTests:
    """Run tests of a file of the copy by their names, and say which fail. Names may begin with a class."""
    python = copy.runner.command.words[0]
    if material.runner == "unittest":
        chosen = [word for name in names for word in ("-k", name.replace("::", "."))]
        result = copy.run([python, "-m", "unittest", *chosen, path], limit)
        failed, proof = _FAILED_UNITTEST, UNITTEST
    else:
        result = copy.run([python, "-m", "pytest", *_pytest_words(copy, material, path, names)], limit)
        failed, proof = _FAILED, PYTEST
    found = _known_names(failed.findall(result.output), names)
    return RunOfTests(
        result.code == 0 and is_proven(result.output, proof), found, result.seconds, result.output
    )


def _known_names(found: Iterable[str], names: Sequence[str]) -> frozenset[str]:
    """Those of the tests that a runner tells without their classes, and without their parameters."""
    plain = {name.partition("[")[0] for name in found}
    return frozenset(name for name in names if name.rpartition("::")[2] in plain)


def _pytest_words(
    copy: ProjectCopy, material: RecordingContext, path: str, names: Sequence[str]
) -> list[str]:
    """How pytest runs some tests of a file."""
    title = next(
        (
            line
            for line in re.findall(
                r"^class (Test\w+)\(unittest", (copy.tree / path).read_text("utf-8"), re.MULTILINE
            )[-1:]
        ),
        "",
    )
    inner = f"{title}::" if title and style_of(material) == "unittest" else ""
    ids = [f"{path}::{name}" if "::" in name else f"{path}::{inner}{name}" for name in names]
    return ["-q", "--tb=line", "-rfE", "-p", "no:cacheprovider", *ids]


def run_planted(
    copy: ProjectCopy,
    material: RecordingContext,
    path: str,
    names: Sequence[str],
    texts: Sequence[str],
) -> RunOfTests:
    """Run tests as they are, and with each of some texts of the subject's file, in one run of pytest."""
    if material.runner == "unittest":
        return run_tests(copy, material, path, names, _SECONDS)
    plan = {
        **_place_of(copy, material),
        "planted": list(texts),
        "seconds": _PLANTED_SECONDS,
        "words": _pytest_words(copy, material, path, names),
    }
    rows, result = _run_program(copy, "python_test_runs.py", plan, {}, _SECONDS)
    planted: list[frozenset[str] | None] = [None] * len(texts)
    failed: frozenset[str] = frozenset()
    for row in rows:
        if "planted" not in row:
            failed = _known_names(row["failed"], names)
        elif isinstance(row["failed"], list):
            planted[row["planted"]] = _known_names(row["failed"], names)
        else:  # it hangs or crashes, as no test may
            planted[row["planted"]] = frozenset(names)
    passed = result.code == 0 and is_proven(result.output, PYTEST)
    told = tuple(None if row is None else row - failed for row in planted)
    return RunOfTests(passed, failed, result.seconds, result.output, told)


def body_range(subject: CallSubject) -> range | None:
    """The characters of the body that mutants change."""
    try:
        module = module_of(subject, ())
    except (SyntaxError, ValueError):
        return None
    node = definition_in(module, subject)
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return None
    body = node.body
    first = body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    if is_docstring and len(body) > 1:
        first = body[1]
    starts = [0]
    for line in subject.text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return range(starts[first.lineno - 1], starts[min(subject.last, len(starts) - 1)])


def expected_outcome(
    material: RecordingContext, wanted: ExpectedValue, today: CallObservation
) -> CallObservation:
    """What a call should come to by what the user expects."""
    value = ast.unparse(ast.parse(wanted.value, mode="eval"))
    return CallObservation("value", value, how=today.how or _way_to_result(material, wanted.call))


def _way_to_result(material: RecordingContext, call: str) -> str:
    """How the result of a call is got that has none today: is it waited for, or are its items listed?"""
    subject = material.subject
    node = definition_in(_module(material), subject)
    if not call.endswith(")") or f"{subject.short}(" not in call or call.count("(") != call.count(")"):
        return ""
    if isinstance(node, ast.AsyncFunctionDef):
        return "await"
    makes = isinstance(node, ast.FunctionDef) and any(
        isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(node)
    )
    return "list" if makes else ""


PYTHON = LanguageRecorder(
    runners=("pytest", "unittest"),
    computed=computed_calls,
    around=calls_around,
    in_answer=calls_in_answer,
    varied=varied_calls,
    observe=observe,
    branches=branch_lines,
    body=body_range,
    tests=tests_text,
    placed=place_tests,
    run_tests=run_tests,
    planted=observe_planted,
    run_planted=run_planted,
    expected=expected_outcome,
)
