"""Calls of scripts as they run: a file of tests with our program in it, and what it writes, as observations.

The file is next to where the tests will be, under a name that the runner takes for one of tests.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from assist_runner.characterization_tests.calls import CallObservation, CallSubject, ProposedCall, ValueCheck
from assist_runner.characterization_tests.language import CannotRunError, ObservingRun, RecordingContext
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.typescript.access import is_common, script_subject, test_texts
from assist_runner.characterization_tests.typescript.script_runners import (
    RunnerKind,
    command_for,
    failure_words,
    observing_words,
    script_runner,
)
from assist_runner.sandbox.sandbox import SandboxRun
from assist_runner.scripts.script_functions import script_function
from assist_runner.scripts.script_module import DEFAULT, WHOLE, ScriptImport, script_module
from assist_runner.scripts.script_probes import with_probes
from assist_runner.scripts.script_variants import with_variants

_STEM = "assist-calls"
_PLANTED_SECONDS = 0.5  # of one call with a planted mistake
_START = 30.0  # seconds that a runner may take to start and to transform the code
_STARTS = 2  # a runner may not start on a busy machine
_ROUNDS = 3  # a call that ends the process or never ends takes those after it along
_EQUAL: Mapping[RunnerKind, str] = {
    "vitest": "(one, other) => expect(one).toEqual(other)",
    "jest": "(one, other) => expect(one).toEqual(other)",
    "node": "need('assert').deepStrictEqual",
}
_OWN_STATE = re.compile(r"^(?:const|let|var)\s+(?:(\w+)|[{\[]([^=]*)[}\]])\s*=|^(\w+)\s*=", re.MULTILINE)
_ASSIGNING = re.compile(r"\w+\s*=[^=]")


def observe_calls(copy: ProjectCopy, material: RecordingContext, run: ObservingRun) -> list[CallObservation]:
    """Run the calls once, the last one first if it is later.

    Raises CannotRunError if the module cannot be loaded.
    """
    order = list(range(len(run.calls)))
    if run.later:
        order.reverse()  # what depends on the calls before it differs
    found: dict[int, CallObservation] = {}
    for _ in range(_ROUNDS):
        rows, began = _run_once(copy, material, run, order)
        found |= rows
        if began is not None and began not in found:
            found[began] = CallObservation("left", reason="time")
        order = [number for number in order if number not in found]
        if not order or began is None:
            break
    missing = CallObservation("left", reason="time")
    return [found.get(number, missing) for number in range(len(run.calls))]


def _run_once(
    copy: ProjectCopy, material: RecordingContext, run: ObservingRun, order: Sequence[int]
) -> tuple[dict[int, CallObservation], int | None]:
    """What came of some calls, and the last one that began."""
    subject = material.subject
    text = run.changed.get(subject.path, subject.text)
    text = with_probes(text, subject.path, subject.name, subject.first, subject.last)
    rows = _rows_of(copy, material, run, text, {"order": list(order)})
    began = [row["begins"] for row in rows if isinstance(row, dict) and "begins" in row]
    found = {row[0]: _observation(row[1]) for row in rows if isinstance(row, list)}
    return found, began[-1] if began else None


def observe_planted(
    copy: ProjectCopy, material: RecordingContext, run: ObservingRun, texts: Sequence[str]
) -> list[dict[int, CallObservation] | None]:
    """For each text of the subject's file, the calls that come to something else with it.

    It is None for a text that cannot be tried so, or with which a call does not end.
    """
    subject = material.subject
    place = (subject.name, subject.first, subject.last)
    text, numbers = with_variants(subject.text, subject.path, place, texts)
    if not numbers:
        return [None] * len(texts)
    quick = replace(run, seconds=_PLANTED_SECONDS, limit=run.limit * 2)
    try:
        rows = _rows_of(copy, material, quick, text, {"planted": len(texts)})
    except CannotRunError:
        return [None] * len(texts)
    found: dict[int, dict[int, CallObservation]] = {}
    for row in rows:
        if isinstance(row, dict) and row.get("planted") in numbers:
            found[row["planted"]] = {number: _observation(seen) for number, seen in row["rows"]}
    return [found.get(number) for number in range(1, len(texts) + 1)]


def _rows_of(
    copy: ProjectCopy, material: RecordingContext, run: ObservingRun, text: str, more: Mapping[str, Any]
) -> list[Any]:
    """What our program writes of calls, with a text of the subject's file."""
    runner = script_runner(copy.runner.root, material.subject.path)
    mark = f"assist-{secrets.token_hex(8)} "
    path = observer_path(material.place)
    plan = {
        "mark": mark,
        "root": str(copy.seen_at),
        "runner": runner.kind,
        "typed": path.endswith(("ts", "tsx")),
        "later": run.later,
        "seconds": run.seconds,
        **more,
    }
    texts = {
        **run.changed,
        path: _observer_text(plan, material, run.calls, runner.kind),
        material.subject.path: without_checker(text, material.subject.path),
    }
    environ = {"TZ": "Asia/Tokyo" if run.later else "UTC", "COLUMNS": "97" if run.later else "80"}
    rows: list[Any] = []
    with copy.files(texts):
        words = observing_words(runner, copy, path)
        for _ in range(_STARTS):
            result = copy.run(words, run.limit + _START, environ, command_for(runner, copy.runner.command))
            lines = [line for line in result.output.splitlines() if line.startswith(mark)]
            rows = [json.loads(line[len(mark) :]) for line in lines]
            if rows or result.code is None:
                break
    if not rows or "problem" in rows[0]:
        raise CannotRunError(_problem(rows, result, failure_words(result.output)))
    return rows


def without_checker(text: str, path: str) -> str:
    """A script of which no checker of types looks at what is ours."""
    return f"// @ts-nocheck\n{text}" if path.endswith(("ts", "tsx")) else text


def _problem(rows: Sequence[Any], result: SandboxRun, words: str) -> str:
    return str(rows[0]["problem"]) if rows else "; ".join(result.reports) or words


def observer_path(place: str) -> str:
    """The path of our file of tests, next to a file of tests and with all that follows its stem.

    >>> observer_path("tests/cart.test.ts"), observer_path("test/cart.js")
    ('tests/assist-calls.test.ts', 'test/assist-calls.js')
    """
    file = PurePosixPath(place)
    ending = re.search(r"(?:[.-](?:test|tests|spec|e2e|unit))?\.\w+$", file.name)
    return str(file.with_name(f"{_STEM}{ending[0] if ending else file.suffix}"))


def _observer_text(
    plan: Mapping[str, Any], material: RecordingContext, calls: Sequence[ProposedCall], kind: RunnerKind
) -> str:
    """The file that runs calls: our program, the calls as functions, and a test around all of it."""
    program = (files("assist_runner.characterization_tests") / "programs" / "script_observer.js").read_text(
        "utf-8"
    )
    common = is_common(material, script_module(material.subject.text, material.subject.path))
    need = "require" if common else "assistRequire"
    head = ["// @ts-nocheck"]
    if not common:
        head += ['import { createRequire as assistCreate } from "node:module";']
        head += ['const assistRequire = assistCreate(process.cwd() + "/assist.js");']
    shown = "".join(text for _, text in test_texts(material))
    library = {"vitest": "vitest", "jest": "@jest/globals"}.get(kind, "")
    if library and (kind == "vitest" or library in shown):
        head.append(f'import {{ test as assistTest, expect as assistExpect }} from "{library}";')
    elif library:
        head.append("const assistTest = test; const assistExpect = expect;")
    equal = _EQUAL[kind].replace("expect(", "assistExpect(").replace("need(", f"{need}(")
    load = _loading(material)
    kind_of_run = "plant" if "planted" in plan else "observe"
    parts = [
        *head,
        program,
        f"const assistPlan = {json.dumps(dict(plan))};",
        f"const assistCases = [\n{''.join(_case(call) for call in calls)}];",
        f"const assistRun = assistObserver(assistPlan, {need}, {equal});",
        f"const assistMain = () => assistRun.{kind_of_run}(assistCases, async () => {{ {load} }});",
        "assistMain();" if kind == "node" else f'assistTest("calls", assistMain, {int(_START * 1000) * 4});',
    ]
    return "\n".join(parts) + "\n"


def _loading(material: RecordingContext) -> str:
    """Statements that load the subject's module before any call."""
    imports = script_subject(material).targets[0].imports
    return "".join(f"await {_module_of(found)}; " for found in imports)


def imports_in(line: str) -> list[ScriptImport]:
    """The names that an import statement of a call imports."""
    return list(script_module(line).imports.values())


def _module_of(found: ScriptImport) -> str:
    return f"require({json.dumps(found.module)})" if found.required else f"import({json.dumps(found.module)})"


def _case(call: ProposedCall) -> str:
    """A call as a function that imports what it needs, makes it, and then calls."""
    rows = []
    imported = []
    for found in (found for line in call.imports for found in imports_in(line) if not found.typed):
        module = _module_of(found) if found.required else f"(await {_module_of(found)})"
        part = {WHOLE: "", DEFAULT: ".default"}.get(found.name, f"[{json.dumps(found.name)}]")
        rows.append(f"const {found.local} = {module}{part};")
        imported.append(found.local)
    own = list(dict.fromkeys(_set_names(call.setup)))
    declared = [name for line in call.setup if not _ASSIGNING.match(line) for name in _set_names([line])]
    if len({*declared, *imported}) < len(declared) + len(imported):
        return "async () => {},\n"  # a name twice would spoil all of the file
    waits = "async " if re.search(r"\bawait\b", call.call) else ""
    rows += call.setup
    made, known = (f"() => ({{ {', '.join(names)} }})" for names in (own, imported))
    rows.append(f"await assistSee({waits}() => ({call.call}), {made}, {known});")
    return "async (assistSee) => {\n" + "\n".join(rows) + "\n},\n"


def _set_names(setup: Sequence[str]) -> Iterator[str]:
    """The names that statements of a set-up give."""
    for line in setup:
        for single, several, _ in _OWN_STATE.findall(line):
            if single:
                yield single
            else:
                yield from re.findall(r"(\w+)\s*(?=,|$)", several)


def _observation(row: Mapping[str, Any]) -> CallObservation:
    lines = frozenset(row.get("lines", ()))
    if "left" in row:
        return CallObservation("left", reason=row["left"])
    if not lines:
        return CallObservation("left", reason="does not reach the code")
    how = row.get("how", "")
    if "raised" in row:
        kind = row["raised"] or "Error"
        if not row["explicit"]:
            return CallObservation("left", reason="misuse", error=("", kind), how=how, lines=lines)
        return CallObservation("raised", error=("", kind), message=row["message"], how=how, lines=lines)
    checks = tuple(ValueCheck(target, equals) for target, equals in row.get("checks", ()))
    changes = tuple(ValueCheck(target, equals) for target, equals in row.get("changes", ()))
    return CallObservation(
        "value",
        row.get("value", ""),
        how=how,
        checks=checks,
        changes=changes,
        lines=lines,
        shown=row.get("shown", ""),
    )


def body_of(subject: CallSubject) -> range | None:
    """The characters of the body that mutants change."""
    found = script_function(subject.text, subject.path, subject.name, subject.first, subject.last)
    return found.body if found is not None and found.body else None
